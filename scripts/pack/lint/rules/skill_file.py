"""A skill that the client does not find

It looks for `skills/NAME/SKILL.md`, in capitals. A `skill.md` (on Linux) or a loose Markdown file in skills/ is never
loaded.

Bad `skills/explain.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    ---
    Explain.

Good `skills/explain/SKILL.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    ---
    Explain.

Source: client 2.1.329, measured 2026-11-21
"""

SEVERITY = "warning"


def check(file, context):
    """Wrong case is certain; a loose file only when it looks like a skill."""
    plugin = file.plugin
    if file.name.lower() == "skill.md" and file.name != "SKILL.md":
        folder = file.rel.rsplit("/", 1)[0]
        if folder + "/SKILL.md" not in context.project.listing:
            yield file.hit(file.first_line(), "the client looks for SKILL.md; %s is not loaded where letter case counts" % file.name, severity="error")
        return
    front = file.front
    if front is not None and isinstance(front.value, dict) and ("description" in front or "name" in front):
        name = file.name[:-3]
        yield file.hit(file.first_line(), "not loaded: a skill is skills/%s/SKILL.md" % name if plugin else "not loaded")
