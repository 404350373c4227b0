"""An acknowledgement of a message that nobody sends, or sent by one whom the message never reaches

Bad `references/messages.md`, `commands/build.md`:

    | Message | Sender | To |
    |---|---|---|
    | `PLAN_READY` | lead | reviewer |
    | `HANDOFF_ACK` | reviewer | lead |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [messages](../references/messages.md).

Good `references/messages.md`, `commands/build.md`:

    | Message | Sender | To |
    |---|---|---|
    | `HANDOFF` | lead | reviewer |
    | `HANDOFF_ACK` | reviewer | lead |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [messages](../references/messages.md).

Source: this project
"""

from .. import vocabulary
from ..near import nearest

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """Names that end (or begin) with ACK in tables of messages, and columns that say what is answered."""
    if not plugin.is_plugin:
        return
    rows = list(vocabulary.messages(plugin))
    names = vocabulary.names(plugin) | {row.name for row in rows}
    offers = {name: vocabulary.words(name) for name in names if not vocabulary.is_answer(name)}
    for row in rows:
        for name, span in row.answered:
            if name not in names:
                yield row.file.hit(span, "no message %r in the tables of this plugin%s" % (name, nearest(name, names)))
        base = vocabulary.acknowledged(row.name)
        if not base or row.answered or any(name in row.said for name in offers):
            continue
        found = [name for name, words in offers.items() if base <= words or words <= base]
        if not found:
            what = "_".join(word for word in row.name.split("_") if word.lower() in base)
            near = nearest(what, sorted(offers))
            yield row.file.hit(row.span, "%s acknowledges what no message offers%s" % (row.name, near))
            continue
        reached = [other.receivers for other in rows if other.name in found]
        if row.senders and reached and all(reached) and not any(row.senders & one for one in reached):
            text = "%s is sent by %s, but %s goes to %s"
            here = (row.name, ", ".join(sorted(row.senders)), found[0], ", ".join(sorted(reached[0])))
            yield row.file.hit(row.span, text % here)
