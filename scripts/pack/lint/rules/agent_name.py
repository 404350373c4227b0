"""An agent's name that cannot be addressed well

The id is `plugin:name`: with a colon in the name it is `plugin:before:after`, and from .claude/agents the client does not
load such an agent. A slash or `..` looks like a path; in a title (`Build/Release Engineer`) it does no harm.

Bad `agents/reviewer.md`:

    ---
    name: ../reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client (2.1.218 refuses a colon outside plugins)
"""

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("agent",)
_TITLE = lazy(r"\w \w")


def check(file, context):
    """Characters that mean something else in an id."""
    front = file.front
    name = front.get("name") if front else None
    if not isinstance(name, str):
        return
    for bad, why in (
        (":", _colon(file, name)),
        ("/", "looks like a path"),
        ("\\", "looks like a path"),
        ("@", "addresses a marketplace"),
        ("..", "looks like a path"),
        ("\n", "breaks the line"),
        (",", "separates names"),
        ("(", "starts a specifier"),
    ):
        if bad in name and not (bad == "/" and _TITLE.search(name)):
            yield file.hit(file.at(("name",)), "agent name %r: %r %s" % (name, bad, why))
            return


def _colon(file, name):
    """What the client makes of it, measured."""
    if file.plugin.loads_as != "plugin":
        return "is refused in .claude/agents: the client does not load the agent"
    return "makes a namespace: the id is %r" % ("%s:%s" % (file.plugin.names[0], name))
