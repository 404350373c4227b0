"""No description, or an empty one

The model chooses agents and skills by their description. In a plugin an agent without one is shown as "Agent from NAME
plugin", and a skill or command without one is never offered. In .claude the client does not load such an agent; of a
skill or command it shows the first line of the text, with which a command of one's own does well.

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

from .. import tools

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_OWN = {
    "agent": "the client does not load it",
    "skill": "the model sees only the first line of the text",
    "command": "neither users nor the model can tell what it does",
}
EFFECT = {
    "plugin": {
        "agent": 'the model sees only "Agent from %s plugin"',
        "skill": "the model is never offered this skill",
        "command": "the model is never offered it, users see the first line of the text",
    },
    "own": _OWN,
    "either": dict(_OWN, agent="in .claude/agents the client does not load it", skill="in a plugin the model is never offered this skill"),
}


def check(file, context):
    """Absent, null or blank."""
    front = file.front
    if front is None or front.error or not isinstance(front.value, dict) and front.value is not None:
        return
    for key in ("description",) + (("when_to_use", "when-to-use") if file.kind == "agent" else ()):
        value = front.get(key)
        if isinstance(value, (list, dict, bool)) or value is not None and str(value).strip():
            return
    loads_as = file.plugin.loads_as
    if file.kind == "command" and loads_as != "plugin" and file.text[file.body_start :].strip():
        return
    if file.kind == "agent" and tools.of_another_program(file.plugin, context.facts):
        return
    effect = EFFECT[loads_as][file.kind]
    if file.kind == "agent" and loads_as == "plugin":
        effect %= (file.plugin.names or ["the"])[0]
    if "description" in front:
        yield file.hit(file.at(("description",), key=True), "description is empty: " + effect)
    else:
        start = file.text.find("---")
        yield file.hit((start, start + 3), "no description: " + effect)
