"""A specifier in an agent's tools, which restricts nothing

`tools: Bash(git diff:*)` grants all of Bash, `Write(src/**)` all of Write, and `disallowedTools: Bash(git push *)` takes all of
Bash away. Nobody is told. `Agent(a), Agent(b)` is the exception, where the agent is the main thread (`claude --agent`): it may spawn a and
b, and `Agent` beside them allows no more. There a plugin's agents have their whole names (`Agent(PLUGIN:a)`): a bare one allows nobody.
In a subagent the list in parentheses restricts nothing.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Bash(git diff:*)
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Grep
    ---
    Review.

Source: client, measured 2026-11-29 (the tools of `claude --agent`) and 2026-12-01 (whom it may spawn, 2.1.329 and 2.1.332)
"""

from .. import tools
from ..near import nearest

SEVERITY = "warning"
FILES = ("agent",)


def check(file, context):
    """Every tool with a rule in parentheses."""
    facts = context.facts
    for key, text in (
        ("tools", "%s grants all of %s: a specifier restricts nothing in an agent"),
        ("disallowedTools", "%s takes all of %s away: a specifier restricts nothing in an agent"),
    ):
        for tool in tools.listed(file, key) or ():
            name = tools.canonical(tool.name, facts)
            if tool.rule is None or not tool.balanced or name not in facts.known_tools or tool.rule.strip() in ("*", ""):
                continue
            if name == "Agent" and key == "tools":
                yield from _spawns(file, tool)
                continue
            yield file.hit(tool.span, text % (tool.text, name))
    entries = [tool for tool in tools.listed(file, "tools") or () if tools.canonical(tool.name, facts) == "Agent"]
    bare = [tool for tool in entries if tool.rule is None]
    if bare and len(bare) < len(entries) and not any(tool.name == "*" for tool in tools.listed(file, "tools")):
        only = ", ".join(tool.rule.strip() for tool in entries if tool.rule is not None)
        text = "beside Agent(%s) it allows no more: as the main thread the agent may spawn only these"
        yield file.hit(bare[0].span, text % only)


def _spawns(file, tool):
    """The agents that `Agent(a, b)` allows: a plugin's own by their whole names."""
    plugin = file.plugin
    own = plugin.agents() if plugin is not None else {}
    if not own or plugin.loads_as != "plugin":
        return  # in .claude/agents the bare name is the whole one
    at = tool.span[0] + tool.text.index("(") + 1
    for part in tool.rule.split(","):
        name = part.strip()
        start = at + len(part) - len(part.lstrip())
        at += len(part) + 1
        span = (start, start + len(name))
        fix = file.text[span[0] : span[1]] == name
        if name in own:
            full = "%s:%s" % (plugin.names[0], name)
            text = "as the main thread the agent may spawn nobody by the bare name %r; write %r"
            yield file.hit(span if fix else tool.span, text % (name, full), [span + (full,)] if fix else None)
            continue
        prefix, _, rest = name.rpartition(":")
        near = nearest(rest, own)
        if rest not in own and (prefix in plugin.names or not prefix and near):
            yield file.hit(span if fix else tool.span, "no agent %r in this plugin: nobody can be spawned by it%s" % (name, near))
