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

Source: client
"""

from ..near import nearest

SEVERITY = "warning"
FILES = ("command", "skill")
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
                "effort: %r is not one of %s, or a whole number%s" % (effort, ", ".join(levels), nearest(str(effort), levels)),
            )
    for key in SWITCHES:
        value = front.get(key)
        if value is not None and str(value).lower() not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
            yield file.hit(file.at((key,)), "%s takes true or false, not %r" % (key, value))
    if front.get("agent") and front.get("context") != "fork":
        yield file.hit(file.at(("agent",), key=True), "agent has no effect without context: fork")
    if _is(front.get("disable-model-invocation"), True) and _is(front.get("user-invocable"), False) and not _read_by_others(file):
        text = "neither the user (user-invocable) nor the model (disable-model-invocation) can start it"
        yield file.hit(file.at(("user-invocable",), key=True), text)
    paths = front.get("paths")
    if paths is not None and not isinstance(paths, (str, list)):
        yield file.hit(file.at(("paths",)), "paths must be a list of globs, not %r; it is ignored" % (paths,))
    yield from _arguments(file, front.get("arguments"))


def _read_by_others(file):
    """Is it a page that other skills send their reader to? Then both switches are meant."""
    parts = file.rel.split("/")
    name = parts[-2] if parts[-1] == "SKILL.md" and len(parts) > 1 else file.name[:-3]
    others = file.plugin.of("skill", "command", "agent", "prose") if file.plugin is not None else ()
    marks = (name + "/SKILL.md", "`%s`" % name)
    return any(other is not file and other.holds((name,)) and any(mark in other.text for mark in marks) for other in others)


def _is(value, wanted):
    words = ("true", "yes", "on", "1") if wanted else ("false", "no", "off", "0")
    return str(value).lower() in words


def _arguments(file, names):
    if names is not None and not isinstance(names, (str, list)):
        yield file.hit(file.at(("arguments",)), "arguments must be names, not %r; it is ignored" % (names,))
        return
    items = names.split() if isinstance(names, str) else names or ()
    if isinstance(names, list) or "," not in (names or ""):
        seen = set()
        for item in items:
            if isinstance(item, str) and item in seen:
                yield file.hit(file.at(("arguments",)), "%r stands twice in arguments: only one of the two can be read" % item)
            elif isinstance(item, str) and item[:1].isdigit():
                yield file.hit(file.at(("arguments",)), "$%s is read as $%s with text after it" % (item, _digits(item)))
            seen.add(item if isinstance(item, str) else None)
    if isinstance(names, str) and "," in names:
        yield file.hit(file.at(("arguments",)), "argument names are separated by spaces; with commas they belong to the names")
    elif isinstance(names, str) and len(names.split()) > 64 or isinstance(names, list) and len(names) > 64:
        yield file.hit(file.at(("arguments",), key=True), "more than 64 argument names")


def _digits(name):
    return name[: len(name) - len(name.lstrip("0123456789"))]
