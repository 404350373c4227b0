"""Two tables that say different things about the same key

A gate that names one approver in the reference and another in the command: each reader follows the table that it saw.

Bad `references/gates.md`, `commands/build.md`:

    | Gate | Approver |
    |---|---|
    | security | reviewer |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [gates](../references/gates.md).

    | Gate | Approver |
    |---|---|
    | security | coder |

Good `references/gates.md`, `commands/build.md`:

    | Gate | Approver |
    |---|---|
    | security | reviewer |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [gates](../references/gates.md).

    | Gate | Approver |
    |---|---|
    | security | reviewer |

Source: this project
"""

from .. import vocabulary

SEVERITY = "error"


def check(plugin, context):
    """Compare every cell of tables with the same key column and value column."""
    if not plugin.is_plugin:
        return
    seen = {}
    documents = vocabulary.documents(plugin)
    # The references are the home of the tables: a command that differs is the one that is wrong.
    documents.sort(key=lambda file: (file.kind != "prose", file.rel))
    for file in documents:
        for key_title, key, title, value, span in vocabulary.keyed_cells(file):
            where = (key_title, key, title)
            first = seen.setdefault(where, (value, file))
            if first[1] is not file and vocabulary.normal(first[0]) != vocabulary.normal(value):
                text = "%s of %s is %r here and %r in %s"
                # Who approves is a promise; other columns may be two views of different things.
                level = None if title in vocabulary.PROMISES else "warning"
                yield file.hit(span, text % (title, key, value, first[0], plugin.sub(first[1].rel)), None, level)
