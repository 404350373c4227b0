"""A `plugin:name` that is no agent, command or skill of the plugin

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Then run /demo-pack:ghost.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Then run /demo-pack:build.

Source: client 2.1.329
"""

from .. import refs
from ..near import nearest

SEVERITY = "warning"


def check(file, context):
    """Every scoped name with the prefix of a plugin of this tree."""
    project = context.project
    plugin = file.plugin
    if plugin is not None and plugin.scope in ("loose", "sniff", "project"):
        return
    for ref in refs.scoped(file, project):
        if ref.name in project.agent_ids or ref.name in project.command_ids:
            continue
        prefix = ref.name.split(":", 1)[0]
        if refs.listed_only(project, prefix):
            continue
        known = list(project.command_ids) if ref.kind == "slash" else list(project.agent_ids) + list(project.command_ids)
        what = "command or skill" if ref.kind == "slash" else "agent, command or skill"
        yield file.hit(ref.span, "no %s %r%s" % (what, ref.name, nearest(ref.name, known)))
