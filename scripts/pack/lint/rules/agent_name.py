"""An agent's name that cannot be addressed well

The id is `plugin:name`. A colon makes a namespace of what is before it, a slash or `..` looks like a path.

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

SEVERITY = "warning"
FILES = ("agent",)


def check(file, context):
    """Characters that mean something else in an id."""
    front = file.front
    name = front.get("name") if front else None
    if not isinstance(name, str):
        return
    for bad, why in (
        (":", "separates plugin and agent"),
        ("/", "looks like a path"),
        ("\\", "looks like a path"),
        ("@", "addresses a marketplace"),
        ("..", "looks like a path"),
        ("\n", "breaks the line"),
        (",", "separates names"),
        ("(", "starts a specifier"),
    ):
        if bad in name:
            yield file.hit(file.at(("name",)), "agent name %r: %r %s" % (name, bad, why))
            return
