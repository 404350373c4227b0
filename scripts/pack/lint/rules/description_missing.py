"""No description, or an empty one

The model chooses agents and skills by their description. An agent without one is shown as "Agent from NAME plugin", a
skill without one is never offered.

Bad `skills/explain/SKILL.md`:

    ---
    name: explain
    description: ""
    ---
    Explain.

Good `skills/explain/SKILL.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    ---
    Explain.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("agent", "command", "skill")


def check(file, context):
    """Absent, null or blank."""
    front = file.front
    if front is None or front.error or not isinstance(front.value, dict) and front.value is not None:
        return
    for key in ("description",) + (("when_to_use", "when-to-use") if file.kind == "agent" else ()):
        value = front.get(key)
        if isinstance(value, (list, dict, bool)) or value is not None and str(value).strip():
            return
    effect = {
        "agent": 'the model sees only "Agent from %s plugin"' % (file.plugin.names or ["the"])[0],
        "skill": "the model is never offered this skill",
        "command": "users and the model cannot tell what it does",
    }[file.kind]
    if file.kind == "agent" and file.plugin.scope == "project":
        effect = "the client does not load it"
    if "description" in front:
        yield file.hit(file.at(("description",), key=True), "description is empty: " + effect)
    else:
        start = file.text.find("---")
        yield file.hit((start, start + 3), "no description: " + effect)
