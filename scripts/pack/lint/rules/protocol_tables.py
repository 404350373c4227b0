"""Two tables that say different things about the same key

A gate that names one approver in the reference and another in the command: each reader follows the table that it saw. The same
holds for a prompt that sends a message to somebody else than the table of messages says.

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
from ..lazy import lazy
from ..markdown import clean

SEVERITY = "error"
FILES = ("plugin",)
_SENT = lazy(
    r"\b[Ss]ends? [`*\"]{0,3}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:\([^)\n]{0,60}\))?[`*\"]{0,3} to (?:the )?[`*]{0,2}([a-z][a-z0-9-]{2,60})\b(?! (?:agent's|[a-z]+er)\b)"
)


def check(plugin, context):
    """Compare every cell of tables with the same key column and value column."""
    if not plugin.is_plugin:
        return
    seen = {}
    people = {name.lower() for name in plugin.agents()} | {role.lower() for role in vocabulary.roles(plugin)} | {"lead", "user"}
    documents = vocabulary.documents(plugin)
    # The references are the home of the tables: a command that differs is the one that is wrong.
    documents.sort(key=lambda file: (file.kind != "prose", file.rel))
    for file in documents:
        for key_title, key, title, value, span in vocabulary.keyed_cells(file, people):
            where = (key_title, key, title)
            first = seen.setdefault(where, (value, file))
            if first[1].kind == file.kind == "skill" and (key_title == "constant" or title == "path"):
                continue  # two skills that each have an `api version`, or write a report of that name
            if first[1] is not file and vocabulary.normal(first[0]) != vocabulary.normal(value):
                text = "%s of %s is %r here and %r in %s"
                # Who approves is a promise; other columns may be two views of different things.
                level = None if title in vocabulary.PROMISES or title in people else "warning"
                yield file.hit(span, text % (title, key, value, first[0], plugin.sub(first[1].rel)), None, level)
        yield from _twice(file)
    yield from _other_states(plugin, documents)
    yield from _other_approvals(plugin, documents)
    yield from _other_receivers(plugin, documents)


def _twice(file):
    """One table that says two things: a state twice, two targets of one event, an owner who approves."""
    for table in vocabulary.tables(file):
        if table.column("state", "states") == 0 and not _moves(table):
            places = {}
            for row in table.rows:
                name = clean(row[0][0]) if row else ""
                if name and name.isupper() and places.setdefault(name, row) is not row and places[name][1:2] != row[1:2]:
                    yield file.hit(row[0][1:], "%s is in this table already" % name, severity="warning")
        titles = [title for title in table.titles if title]
        if sorted(titles) in (["event", "from", "to"], ["from", "on", "to"], ["from", "to", "trigger"]):
            places = {}
            source, event, target = (table.column(*names) for names in (("from",), ("event", "on", "trigger"), ("to",)))
            for row in table.rows:
                cells = [clean(cell[0]) for cell in row]
                if len(cells) > max(source, event, target) and all(cells[i] for i in (source, event, target)):
                    first = places.setdefault((cells[source], cells[event]), cells[target])
                    if first != cells[target]:
                        text = "%s on %s leads to %s here and to %s above"
                        yield file.hit(row[target][1:], text % (cells[source], cells[event], cells[target], first), severity="warning")
        owner, approver = table.column("owner", "author", "coder", "implementer"), table.column(*vocabulary.APPROVER_COLUMNS)
        for row in table.rows if owner is not None and approver is not None else ():
            name = clean(row[owner][0]).lower() if max(owner, approver) < len(row) else ""
            if name and name == clean(row[approver][0]).lower() and name not in vocabulary.PEOPLE:
                yield file.hit(row[approver][1:], "%s approves what is its own" % name, severity="warning")


def _moves(table):
    return table.column("from", "to", "next", "next state", "next states", "event", "on", "trigger", "target") is not None


def _other_states(plugin, documents):
    """Two tables of states with the same titles that share most of their states, but not all."""
    first = {}
    for file in documents:
        for table in vocabulary.tables(file) if file.kind != "skill" else ():
            if table.column("state", "states") != 0 or _moves(table) or len(table.titles) < 2:
                continue
            states = {clean(row[0][0]): row[0][1:] for row in table.rows if row and clean(row[0][0]).isupper()}
            other, home = first.setdefault(tuple(table.titles), (states, file))
            common = states.keys() & other.keys()
            if home is file or len(common) < 2 or 2 * len(common) < max(len(states), len(other)):
                continue
            for name in states.keys() - other.keys():
                yield file.hit(states[name], "%s is no state in %s" % (name, plugin.sub(home.rel)), severity="warning")
            for name in sorted(other.keys() - states.keys()):
                text = "the states table of %s has %s, too"
                yield file.hit(table.header[0][1:], text % (plugin.sub(home.rel), name), severity="warning")


def _other_approvals(plugin, documents):
    """A prompt's table of approvals has a row that the reference's does not have, though they share some."""
    home = {}
    for file in documents:
        for title, keys in vocabulary.approval_keys(file) if file.kind == "prose" else ():
            if len(keys) > 1:
                home.setdefault(title, (keys, file))
    for file in documents:
        for title, keys in vocabulary.approval_keys(file) if file.kind in ("agent", "command") else ():
            declared, other = home.get(title, ({}, None))
            for key in keys.keys() - declared.keys() if keys.keys() & declared.keys() else ():
                text = "%s %r is not in the approvals of %s (%s)"
                yield file.hit(keys[key], text % (title, key, plugin.sub(other.rel), ", ".join(sorted(declared))), severity="warning")


def _other_receivers(plugin, documents):
    """A prompt that sends a message to somebody else than the table of messages says."""
    table, people = {}, {"lead", "user"}.union(plugin.agents())
    for message in vocabulary.messages(plugin):
        people |= message.senders | message.receivers
        known = table.setdefault(message.name, (set(), message.file))
        known[0].update(message.receivers or ("",))  # a vague cell allows everybody
    for file in documents if table else ():
        for match in _SENT.finditer(file.text, file.body_start) if file.kind in ("agent", "command") else ():
            name, who = match.group(1), match.group(2).lower()
            receivers, home = table.get(name, ((), None))
            if not receivers or "" in receivers or who in receivers or who + "s" in receivers or file.prose.hidden(match.start()):
                continue
            if who in people or "-" in who:
                text = "%s goes to %s in %s, not to %s"
                yield file.hit(match.span(2), text % (name, ", ".join(sorted(receivers)), plugin.sub(home.rel), who), None, "warning")
