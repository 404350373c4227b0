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
FILES = ("plugin",)


def check(plugin, context):
    """Cells of an Agent column in a table that also has a Role (or Task, Phase ...) column; of Role, From and To columns that name
    mostly agents."""
    if not plugin.is_plugin:
        return
    own, project = plugin.agents(), context.project
    elsewhere = project.agents_elsewhere
    for file in vocabulary.tabled(plugin):
        cells = [cell for cell in vocabulary.agent_cells(file) if cell.table.column("plugin", "plugins", "package", "source") is None]
        # Plain words in the column are names when another row of the table names an agent of the plugin.
        named = {id(cell.table) for cell in cells if cell.name in own and not cell.coded}
        some = {id(cell.table) for cell in cells if _is_somebody(cell.name, own, elsewhere, context, plugin)}
        for cell in cells:
            name = cell.name
            if ":" not in name and cell.coded and id(cell.table) not in some and sum(one.table is cell.table for one in cells) > 2:
                continue  # none of three and more is an agent: they are called something else here
            if id(cell.table) in named and not cell.coded and not cell.name[:1].isupper():
                cell.coded = cell.name not in vocabulary.PEOPLE
            if ":" in name:
                prefix = name.split(":")[0]
                known = name in project.agent_ids or prefix not in project.plugin_names
            else:
                known = (
                    not cell.coded
                    or not own
                    or name in own
                    or name in elsewhere
                    or name in context.facts.agent["builtin"]
                    or name in vocabulary.roles(plugin)
                )
            if not known:
                yield file.hit(cell.span, "no agent %r%s" % (name, nearest(name, list(own) + list(project.agent_ids))))
    for file, cell in vocabulary.people_cells(plugin):
        if cell.name not in context.facts.agent["builtin"] and cell.name not in elsewhere:
            yield file.hit(cell.span, "no agent %r%s" % (cell.name, nearest(cell.name, list(own))), severity="warning")


def _is_somebody(name, own, elsewhere, context, plugin):
    return name in own or name in elsewhere or name in context.facts.agent["builtin"] or name in vocabulary.roles(plugin)
