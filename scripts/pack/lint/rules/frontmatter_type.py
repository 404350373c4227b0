"""A frontmatter value of the wrong type

Source: client, measured

Bad `commands/build.md`:

    ---
    description: [a, b]
    ---
    Build.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Build.
"""

from ..lazy import lazy
from ..schema import type_name

SEVERITY = "error"
FILES = ("agent", "command", "skill")


def check(file, context):
    """The client's own type checks for name, description, allowed-tools, shell, metadata."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    value = front.value
    description = value.get("description")
    if isinstance(description, (list, dict)):
        yield file.hit(
            file.at(("description",)),
            "description must be a string, not %s; the client drops it" % type_name(description),
        )
    name = value.get("name")
    if name is not None and not isinstance(name, str) and not _to_fill_in(file, ("name",)):
        yield file.hit(file.at(("name",)), "name must be a string, not %s" % _shown(name))
    allowed = value.get("allowed-tools")
    if allowed is not None:
        if not isinstance(allowed, (str, list)):
            yield file.hit(file.at(("allowed-tools",)), "allowed-tools must be a string or a list, not %s" % type_name(allowed))
        elif isinstance(allowed, list):
            for index, item in enumerate(allowed):
                if not isinstance(item, str):
                    yield file.hit(
                        file.at(("allowed-tools", index)),
                        "allowed-tools may hold only strings, not %s" % type_name(item),
                    )
    if file.kind in ("command", "skill"):
        shell = value.get("shell")
        if shell is not None:
            if not isinstance(shell, str):
                yield file.hit(file.at(("shell",)), "shell must be a string, not %s" % type_name(shell))
            elif shell.strip().lower() not in context.facts.shells:
                yield file.hit(file.at(("shell",)), "shell must be bash or powershell, not %r" % shell)
        metadata = value.get("metadata")
        if metadata is not None and not isinstance(metadata, dict):
            yield file.hit(
                file.at(("metadata",)),
                "metadata must be a mapping, not %s; it is dropped" % type_name(metadata),
                severity="warning",
            )


_BLANK = lazy(r"\[ ?(?:TODO|TBD|FIXME)\b|\{\{")


def _to_fill_in(file, path):
    """`name: [TODO: ...]` or `{{name}}` in a file that others are made from."""
    start, end = file.at(path)
    return _BLANK.match(file.text, start, end) is not None


def _shown(value):
    return type_name(value) if isinstance(value, (list, dict)) else "the %s %r" % (type_name(value), value)
