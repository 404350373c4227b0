"""A tools value that is not a list of names

A mapping (`Read: true`), a number or nothing at all is read as no tool: the agent is listed with "All tools" and starts
with none.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools:
      Read: true
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: [Read]
    ---
    Review.

Source: client, measured
"""

from ..schema import type_name

SEVERITY = "error"
FILES = ("agent",)


def check(file, context):
    """tools and disallowedTools."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    for key in ("tools", "disallowedTools"):
        if key not in front.value:
            continue
        value = front.value[key]
        effect = "the agent gets no tool from it" if key == "tools" else "nothing is taken away"
        if value is None or isinstance(value, str) and not value.strip():
            if key == "tools":
                yield file.hit(
                    file.at((key,), key=True),
                    "tools is empty: the agent starts with no tool (leave the key out to inherit all)",
                    severity="warning",
                )
        elif not isinstance(value, (str, list)):
            yield file.hit(file.at((key,), key=True), "%s must be a list of names, not %s: %s" % (key, type_name(value), effect))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if not isinstance(item, str):
                    yield file.hit(file.at((key, index)), "%s may hold only names, not %s; it is ignored" % (key, type_name(item)))
