"""A tool that an agent is given and never gets

AskUserQuestion, plan mode and a few others exist only for the main session. Grep and Glob are folded into Bash: an agent
that has Bash does not get them as tools.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, AskUserQuestion
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client, measured
"""

from .. import tools

SEVERITY = "warning"
FILES = ("agent",)


def check(file, context):
    """Names of the client's own list; ExitPlanMode works in plan mode and is left alone."""
    if file.front is not None and "initialPrompt" in file.front:
        return  # written for the main thread (`claude --agent`), where these tools exist
    never = set(context.facts.agent["never_in_subagents"]) - {"ExitPlanMode", "EnterPlanMode"}
    for tool in tools.listed(file, "tools") or ():
        if tools.canonical(tool.name, context.facts) in never:
            yield file.hit(tool.span, "%s is never given to a subagent" % tool.name)
