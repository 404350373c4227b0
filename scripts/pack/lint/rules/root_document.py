"""A CLAUDE.md at the plugin's root

The client does not load it: what it says reaches no session. A skill or a SessionStart hook does.

Bad `CLAUDE.md`:

    # Rules

Good `skills/rules/SKILL.md`:

    ---
    name: rules
    description: The rules of this project. Use before any change.
    ---
    # Rules

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("rootdoc",)


def check(file, context):
    """CLAUDE.md and CLAUDE.local.md, unless the repository also uses it for itself."""
    if file.name.lower() not in ("claude.md", "claude.local.md") or file.plugin is None or file.plugin.manifest is None:
        return
    yield file.hit(
        file.first_line(),
        "%s at a plugin's root is not loaded in sessions that use the plugin; use a skill" % file.name,
    )
