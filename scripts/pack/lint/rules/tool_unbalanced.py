"""A parenthesis that is never closed in a tool list

The entry is not a tool for the client: what it should grant (or forbid) is lost.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Read, Bash(git diff:*
    ---
    Build.

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Read, Bash(git diff:*)
    ---
    Build.

Source: client, measured
"""

from .. import tools
from .tool_unknown import KEYS

SEVERITY = "error"
FILES = ("agent", "command", "skill")


def check(file, context):
    """Every entry of every list."""
    for key in KEYS[file.kind]:
        listed = tools.listed(file, key) or ()
        if listed and tools.is_no_list(file, key):
            text = "YAML has no list here ({ } and * in brackets need quotes): the client takes it for a text, and its first and last name with their bracket"
            yield file.hit((listed[0].span[0], listed[-1].span[1]), text)
            continue
        for tool in listed:
            if not tool.balanced or tool.rule is None and ")" in tool.text:
                said = "unbalanced parentheses" if tool.text[:1] not in "\"'" else "quotes inside the list, which become part of the name"
                yield file.hit(tool.span, "%r has %s: the client does not take it for a tool" % (tool.text, said))
