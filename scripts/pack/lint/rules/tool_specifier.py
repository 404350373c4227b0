"""A specifier in an agent's tools, which restricts nothing

`tools: Bash(git diff:*)` grants all of Bash, `Write(src/**)` all of Write, and `disallowedTools: Bash(git push *)` takes all of
Bash away. Nobody is told. (`Agent(...)` counts where the agent is the main thread.)

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

Source: client, measured 2026-11-29 (the tools of `claude --agent`)
"""

from .. import tools

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
                continue
            yield file.hit(tool.span, text % (tool.text, name))
