"""A value that the client does not take for an agent's setting

It is dropped with a line in the debug log: the agent runs without the limit.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    maxTurns: many
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    maxTurns: 20
    ---
    Review.

Source: client, measured
"""

from ..lazy import lazy
from ..near import nearest

SEVERITY = "warning"
FILES = ("agent",)
_NUMBER = lazy(r"[0-9]{1,15}$")


def check(file, context):  # noqa: C901 - one check for each key of an agent
    """Enumerations, counts and switches."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    facts = context.facts
    choices = {
        "color": facts.agent["colors"],
        "memory": facts.agent["memory"],
        "isolation": facts.agent["isolation"] + (["remote"] if file.plugin.scope == "project" else []),
        "permissionMode": facts.agent["permission_modes"] if file.plugin.scope == "project" else None,
    }
    for key, legal in choices.items():
        value = front.get(key)
        if legal and key in front and value is not None and value not in legal:
            text = value if isinstance(value, str) else str(value)
            fix = None
            if text.lower() in legal and key != "color":
                fix = [file.at((key,)) + (text.lower(),)]
            if key == "color" and text.startswith("#") or text.lower() == "color":
                continue
            yield file.hit(
                file.at((key,)),
                "%s: %r is not one of %s%s; it is ignored" % (key, value, ", ".join(legal), nearest(text, legal)),
                fix,
            )
    for key in ("maxTurns", "autoCompactWindow"):
        value = front.get(key)
        if value is None:
            continue
        number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        if number is None and isinstance(value, str) and _NUMBER.match(value):
            number = int(value)
        if number is None or number <= 0 or isinstance(number, float) and not number.is_integer():
            yield file.hit(
                file.at((key,)),
                "%s must be a positive whole number, not %r; the agent runs without the limit" % (key, value),
            )
    effort = front.get("effort")
    if effort is not None and not (isinstance(effort, int) and not isinstance(effort, bool)):
        if not (isinstance(effort, str) and (effort.strip().lower() in facts.effort or _NUMBER.match(effort))):
            yield file.hit(
                file.at(("effort",)),
                "effort: %r is not one of %s, or a whole number%s" % (effort, ", ".join(facts.effort), nearest(str(effort), facts.effort)),
            )
    for key in ("background", "omitClaudeMd"):
        value = front.get(key)
        if key in front and value is not None and value not in (True, False, "true", "false"):
            yield file.hit(file.at((key,)), "%s takes true or false, not %r; it is ignored" % (key, value))
    skills = front.get("skills")
    if skills is not None and not isinstance(skills, (str, list)):
        yield file.hit(file.at(("skills",)), "skills must be a list of names, not %r; it is ignored" % (skills,))
    if isinstance(skills, list) and len(skills) > facts.agent["max_skills"]:
        yield file.hit(file.at(("skills",), key=True), "more than %d skills: the rest is not loaded" % facts.agent["max_skills"])
