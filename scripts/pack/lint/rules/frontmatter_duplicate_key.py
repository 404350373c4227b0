"""The same frontmatter key twice

The client keeps the last one and says nothing.

Bad `commands/build.md`:

    ---
    description: Builds
    description: Builds the plan
    ---
    Build.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Build.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "output-style")


def check(file, context):
    """Report the later key of each pair."""
    front = file.front
    if front is None:
        return
    for path, span, first in front.duplicates:
        yield file.hit(span, "key %r is there twice; the client keeps only the last one" % path[-1])
