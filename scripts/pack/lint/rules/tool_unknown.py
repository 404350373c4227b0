"""A tool that the client does not have

Tool names are case sensitive. In an agent's `tools` an unknown name grants nothing (and when all are unknown the agent
cannot be spawned); in `disallowedTools` it forbids nothing.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: read, Grep
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Grep
    ---
    Review.

Source: client, measured
"""

from .. import tools
from ..lazy import lazy
from ..near import closest

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_PROGRAMS = "git|gh|npm|pnpm|yarn|npx|bun|node|python3?|pip3?|uv|cargo|go|make|docker|kubectl|terraform|aws|gcloud|curl|jq|brew|ruff|pytest"
_JOINED = lazy(r"(?:%s):[A-Za-z][\w-]*(?:[: ]\S*)*\Z" % _PROGRAMS)
KEYS = {
    "agent": ("tools", "disallowedTools"),
    "command": ("allowed-tools", "disallowed-tools"),
    "skill": ("allowed-tools", "disallowed-tools"),
}


def check(file, context):
    """Every name of every list."""
    facts = context.facts
    if file.kind == "agent" and tools.of_another_program(file.plugin, facts):
        return
    for key in KEYS[file.kind]:
        listed = tools.listed(file, key)
        if not listed or _for_two(file, listed, facts):
            continue  # nothing there, or both spellings on purpose: each program passes over what it does not know
        usable = [tool for tool in listed if tools.is_known(tool.name, facts)]
        strange = [tool for tool in listed if _strange(tool.name, facts)]
        passed_over = {id(tool) for tool in strange} if len(strange) > 3 else ()
        if len(strange) > 3:  # a list that was written for another program: one finding, not fifty
            first = strange[0]
            effect = "the agent cannot be spawned" if key == "tools" and not usable else "they have no effect"
            text = "%d tools of this list do not exist (%s, ...): %s" % (
                len(strange),
                ", ".join(t.name for t in strange[:3]),
                effect,
            )
            yield file.hit(
                (first.span[0], first.span[0] + len(first.name)),
                text,
                None,
                "error" if key == "tools" and not usable else None,
            )
        for index, tool in enumerate(listed):
            name = tool.name
            before = listed[index - 1] if index else None
            if key != "tools" and tool.balanced and name == "Bash" and _JOINED.match(tool.rule or ""):
                yield _no_program(file, tool, key)
            if not name and tool.text != "()" and before and before.rule is None and before.span[1] <= tool.span[0]:
                yield _torn(file, before, tool, key)
            if name == "*" and key == "allowed-tools":
                yield file.hit(tool.span, "no tool '*': it grants nothing here, only an agent's tools may be `*`")
            if not name or tools.is_known(name, facts) or name in facts.removed_tools or "$" in name or "{" in name:
                continue
            if tools.is_no_list(file, key):
                continue  # tool-unbalanced speaks of the whole list
            if id(tool) in passed_over:
                continue
            right = facts.tool_by_lower.get(name.lower())
            effect = "grants nothing"
            if key == "tools" and not usable:
                effect = "grants nothing, and with no other tool left the agent cannot be spawned"
            elif key in ("disallowedTools", "disallowed-tools"):
                effect = "forbids nothing"
            meant = right or closest(name, facts.tools)
            start = tool.span[0]
            fix = [(start, start + len(name), right)] if right else None
            strong = key == "disallowedTools" and meant or key == "tools" and not usable
            hint = "; did you mean %r?" % meant if meant else ""
            if "\n" in name or "\t" in name:
                hint = "; only a comma or a blank separates names, a %s does not" % ("line break" if "\n" in name else "tab")
            text = "no tool %r: it %s%s" % (name, effect, hint)
            yield file.hit((start, min(start + len(name), tool.span[1])), text, fix, "error" if strong else None)


def _for_two(file, listed, facts):
    """Is the list for another program too: a file called NAME.agent.md, or `Read` beside `read`, or `server/tool`?"""
    names = {tool.name for tool in listed}
    if not any(tools.is_known(name, facts) for name in names):
        return False
    twice = any(name != name.lower() and name.lower() in names for name in names)
    return twice or file.name.endswith(".agent.md") and any("/" in name for name in names)


def _no_program(file, tool, key):
    """`Bash(git:status)`: a colon means something in `:*` at the end alone, so this is a program called `git:status`."""
    right = tool.text.replace(":", " ", 1)
    effect = "forbids" if key.startswith("disallowed") else "approves"
    begin = tool.span[0] + tool.text.find(":")
    return file.hit(
        tool.span,
        "%s %s nothing: no program is called %r; write %s" % (tool.text, effect, tool.rule.split()[0], right),
        [(begin, begin + 1, " ")] if file.text[begin : begin + 1] == ":" else None,
    )


def _torn(file, before, tool, key):
    """`Bash (git *)`: the blank makes two entries of it, and the first one stands without its rule."""
    blank = (before.span[1], tool.span[0])
    effect = "forbidden" if key.startswith("disallowed") else "granted"
    text = "%r stands alone: the blank before it ends the entry, so %s is %s without any rule" % (tool.text, before.name, effect)
    return file.hit(tool.span, text, [blank + ("",)] if not file.text[blank[0] : blank[1]].strip(" ") else None)


def _strange(name, facts):
    """Unknown, and no slip of the keyboard away from a tool."""
    if not name or tools.is_known(name, facts) or name in facts.removed_tools or "$" in name or "{" in name:
        return False
    return name.lower() not in facts.tool_by_lower and closest(name, facts.tools) is None
