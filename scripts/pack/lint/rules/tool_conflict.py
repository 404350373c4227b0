"""A tool that is granted and forbidden in the same agent

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Write
    disallowedTools: Write
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
    """disallowedTools wins."""
    denied = {tool.name for tool in tools.listed(file, "disallowedTools") or () if tool.rule is None}
    if not denied:
        return
    for tool in tools.listed(file, "tools") or ():
        if tool.name in denied:
            yield file.hit(tool.span, "%s is in tools and in disallowedTools: the agent does not get it" % tool.name)
