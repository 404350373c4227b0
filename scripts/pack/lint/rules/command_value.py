"""A setting of a command or skill that the client does not take

Bad `skills/explain/SKILL.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    context: forked
    ---
    Explain.

Good `skills/explain/SKILL.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    context: fork
    ---
    Explain.

Source: client 2.1.329
"""

from ..near import nearest

SEVERITY = "warning"
SWITCHES = ("disable-model-invocation", "user-invocable", "background")
CONTEXTS = ("inline", "fork")


def check(file, context):
    """context, effort, switches, argument names."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    value = front.get("context")
    if value is not None and value not in CONTEXTS:
        yield file.hit(
            file.at(("context",)),
            "context: %r is not inline or fork; it is ignored%s" % (value, nearest(str(value), CONTEXTS)),
        )
    effort, levels = front.get("effort"), context.facts.effort
    if effort is not None and not (isinstance(effort, int) and not isinstance(effort, bool)):
        if not (isinstance(effort, str) and (effort.strip().lower() in levels or effort.isdigit())):
            yield file.hit(
                file.at(("effort",)),
                "effort: %r is not one of %s, or a whole number%s"
                % (effort, ", ".join(levels), nearest(str(effort), levels)),
            )
    for key in SWITCHES:
        value = front.get(key)
        if value is not None and str(value).lower() not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
            yield file.hit(file.at((key,)), "%s takes true or false, not %r" % (key, value))
    names = front.get("arguments")
    if isinstance(names, str) and "," in names:
        yield file.hit(
            file.at(("arguments",)), "argument names are separated by spaces; with commas they belong to the names"
        )
    elif isinstance(names, str) and len(names.split()) > 64 or isinstance(names, list) and len(names) > 64:
        yield file.hit(file.at(("arguments",), key=True), "more than 64 argument names")
