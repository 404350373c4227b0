"""A table gives a role to an agent that does not exist

Bad `references/roster.md`, `commands/build.md`:

    | Role | Agent |
    |---|---|
    | Lead | `demo-pack:lead` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the roster](../references/roster.md).

Good `references/roster.md`, `commands/build.md`:

    | Role | Agent |
    |---|---|
    | Reviewer | `demo-pack:reviewer` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the roster](../references/roster.md).

Source: this project
"""

from .. import vocabulary
from ..near import nearest

SEVERITY = "error"


def check(plugin, context):
    """Cells of an Agent column in a table that also has a Role (or Task, Phase ...) column."""
    if not plugin.is_plugin:
        return
    own, project = plugin.agents(), context.project
    for file in vocabulary.documents(plugin):
        for cell in vocabulary.agent_cells(file):
            name = cell.name
            if ":" in name:
                prefix = name.split(":")[0]
                known = name in project.agent_ids or prefix not in project.plugin_names
            else:
                known = (
                    not cell.coded or not own or name in own or name in context.facts.agent["builtin"] or name in vocabulary.roles(plugin)
                )
            if not known:
                yield file.hit(cell.span, "no agent %r%s" % (name, nearest(name, list(own) + list(project.agent_ids))))
