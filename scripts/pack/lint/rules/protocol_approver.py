"""An approver that no roster has

Whoever waits for that approval waits for ever.

Bad `references/gates.md`, `commands/build.md`:

    | Role | Agent |
    |---|---|
    | reviewer | `demo-pack:reviewer` |

    | Gate | Approver |
    |---|---|
    | security | auditor |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [gates](../references/gates.md).

Good `references/gates.md`, `commands/build.md`:

    | Role | Agent |
    |---|---|
    | reviewer | `demo-pack:reviewer` |

    | Gate | Approver |
    |---|---|
    | security | reviewer |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [gates](../references/gates.md).

Source: this project
"""

from .. import vocabulary
from ..near import nearest

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """Approver cells against the roles that a table declares and the plugin's agents; without roles only names in code or
    spelled as an agent's."""
    if not plugin.is_plugin:
        return
    roles = vocabulary.roles(plugin)
    if not roles and not plugin.agents():
        return
    known = (
        {role.lower() for role in roles}
        | {name.lower() for name in plugin.agents()}
        | {"user", "lead", "human", "everyone", "all", "none", "nobody", "you"}
    )
    for file in vocabulary.tabled(plugin):
        cells = list(vocabulary.approver_cells(file))
        agents_approve = any(name.lower() in known and name in plugin.agents() for name, _ in cells)
        for name, span in cells:
            coded = file.text[span[0] - 1 : span[0]] == "`" or name.islower() and ("-" in name or agents_approve)
            if not roles and (not coded or ":" in name):
                continue  # people approve too; an id with a colon is ref-name's
            plain = name.split(":", 1)[-1].lower()
            if plain not in known and plain.replace(" ", "-") not in known:
                yield file.hit(span, "no role or agent %r%s" % (name, nearest(name, sorted(known))))
