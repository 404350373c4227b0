"""A prompt names a state, event, message or role that no table declares

Bad `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `CLOSED` | done |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md). The task moves to state `ARCHIVED`.

Good `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `CLOSED` | done |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md). The task moves to state `CLOSED`.

Source: this project
"""

from .. import vocabulary
from ..lazy import IGNORECASE, lazy
from ..markdown import clean, lines_with
from ..marks import has
from ..near import nearest
from .protocol_name import SHORTEST

SEVERITY = "warning"
FILES = ("plugin",)
_SAID = lazy(
    r"\b(state|status|phase|event|message|signal)s?(?: (?:is|to|of|=|named|called))?[:]? `([A-Za-z][A-Za-z0-9_-]{2,60})`"
    r"|`([A-Za-z][A-Za-z0-9_-]{2,60})` (state|status|phase|event|message|signal)\b"
    r"|\b(?:role)s?(?: (?:is|of|=|named|called))?[:]? `([a-z][a-z0-9-]{2,60})`|`([a-z][a-z0-9-]{2,60})` role\b"
    r"|\b(?:sends?|emits?|answers?(?: with)?|replies?(?: with)?|moves? to|transitions? to|enters?|waits? for|awaits?|receives?) `?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)",
    IGNORECASE,
)
_KINDS = ("state", "status", "phase", "event", "message", "signal", "role")
_BARE = lazy(
    r"\b(state|status|phase|event|message|signal)s? (?:is |to |of |= ?|named |called )?([A-Z]+(?:_[A-Z0-9]+)+|[A-Z]{4,30})(?![\w/}-]|\.\w|\s[A-Z]{2})"
)
_LISTED = lazy(r"`[A-Za-z][A-Za-z0-9_-]{1,60}")
_MODAL = frozenset("MUST SHALL SHOULD WILL CANNOT DOES ONLY ALWAYS NEVER".split())  # "status MUST be set"
_MODAL |= frozenset("BEFORE AFTER UNTIL UNLESS WITH WITHOUT FROM INTO WHEN EVERY EACH JSON YAML TOML HTML API CLI FILE FILES".split())
_ARROWS = lazy(r"`?[A-Z][A-Z0-9_]{3,30}`?(?: ?(?:->|→|=>) ?`?[A-Z][A-Z0-9_]{3,30}`?){1,12}")
_SENT_TO = lazy(r"\bSendMessage\b[^\n]{0,80}?\bto[`*\"]{0,2} ?[:=] ?[`\"']([a-z][a-z0-9-]{1,60})[`\"']")
_ONE = lazy(r"(?<![\w-])[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*(?![\w-])")  # an event in a cell of a table of moves
_STEP = lazy(r"[A-Z][A-Z0-9_]{3,30}")
COLUMNS = {
    "state": ("state", "states"),
    "status": ("status", "state", "states"),
    "phase": ("phase", "phases"),
    "event": ("event", "events"),
    "message": ("message", "messages", "message type", "message name", "line"),
    "signal": ("signal", "signals", "event", "events"),
}


def _said(file):
    """Each way in which _SAID names something has a backtick and the kind of thing in its line, or an underscore."""
    text, found = file.text, []
    for start, end in lines_with(text, file.body_start, ("`", "_")):
        line = text[start:end]
        if "_" in line or has(line.lower(), _KINDS):
            found += _SAID.finditer(text, start, end)
    return found


_SENT = ("SendMessage",)


def check(plugin, context):  # noqa: C901 - each skip is a false alarm that was seen
    """Only words that stand beside their kind, and only where a table declares that kind."""
    if not plugin.is_plugin:
        return
    documents = vocabulary.documents(plugin)
    common = _names([file for file in documents if file.kind != "agent"])
    roles = {role.lower() for role in vocabulary.roles(plugin)}
    declared = vocabulary.names(plugin)
    agents = {name.lower() for name in plugin.agents()}
    yield from _triggers(documents)
    yield from _recipients(plugin, documents)
    for file in documents:
        tables = common
        if file.kind == "agent" and "|" in file.text:  # a table in an agent's prompt is that agent's own
            own = _names([file])
            tables = {kind: common[kind] | own[kind] for kind in common}
        if not roles and not any(tables.values()):
            continue
        for match in file.once("said", _said) if file.kind != "skill" else ():
            one, first, second, other, role_a, role_b, sent = match.groups()
            if role_a or role_b:
                name, index = role_a or role_b, 5 if role_a else 6
                known = not roles or name in roles or name in agents or name.replace("-", " ") in roles
                known = known or _lists_its_own(file.text, match, roles)
                legal, kind = sorted(roles), "role"
            elif sent:
                name, index, kind = sent, 7, "name"
                known = not declared or not sent.isupper() or sent in declared or len(declared) < 2
                legal = sorted(declared)
            else:
                name, index, kind = first or second, 2 if first else 3, (one or other).lower()
                legal = sorted(tables[kind])
                same_form = any(_form(item) == _form(name) for item in legal)
                if kind == "phase" and name.islower() and " to `" in match.group():
                    continue  # "sets the next phase to `not_started`" is a status
                several = name.islower() and len(_declaring(plugin, kind)) > 1  # the status of a plan, of a task, of a session
                known = (
                    not legal
                    or several
                    and file not in _declaring(plugin, kind)
                    or not same_form
                    or name in legal
                    or name in declared
                    or name.lower() in roles
                    or name.islower()
                    and (_lists_its_own(file.text, match, legal) or not nearest(name, legal))
                )
            if (
                known
                or _stands_first(file, name)
                or name in context.facts.model_aliases
                or file.prose.hidden(match.start())
                or _is_slip(name, declared, 5)
            ):
                continue
            yield file.hit(match.span(index), "no %s %r in the tables of this plugin%s" % (kind, name, nearest(name, legal)))
        for match in file.matches(_ARROWS) if tables["state"] and file.kind != "skill" else ():
            steps = list(_STEP.finditer(file.text, *match.span()))
            strange = [step for step in steps if step.group() not in declared and step.group() not in tables["state"]]
            if 2 * len(strange) > len(steps) or file.prose.hidden(match.start()):
                continue
            for step in strange:
                if not _is_slip(step.group(), declared, SHORTEST):
                    hint = nearest(step.group(), sorted(tables["state"]))
                    yield file.hit(step.span(), "no state %r in the tables of this plugin%s" % (step.group(), hint))
        for match in file.matches(_BARE) if file.kind != "skill" else ():
            kind, name = match.groups()
            legal = tables[kind]
            if name in _MODAL or not legal or not all(item.isupper() for item in legal) or name in legal or name in declared:
                continue
            if not file.prose.hidden(match.start()) and name.lower() not in roles and not _is_slip(name, declared, SHORTEST):
                text = "no %s %r in the tables of this plugin%s" % (kind, name, nearest(name, sorted(legal)))
                yield file.hit(match.span(2), text)


def _stands_first(file, name):
    """Has the prompt itself a table, of whatever title, with a row for the name (`CANCELLED` among the codes of some library)?"""
    if file.kind != "agent" or "|" not in file.text:
        return False
    return any(row and clean(row[0][0]) == name for table in file.prose.tables() for row in table.rows)


def _form(name):
    """`Done` is of another list than `running` and `DONE` are."""
    return "upper" if name.isupper() else "title" if name[:1].isupper() else "lower"


_MORE = lazy(r"(?:`? ?(?:,|/|\||or|and|->|→) ?(?:or |and )?`[A-Za-z][A-Za-z0-9_-]{1,60}(?=`)){1,12}")


def _lists_its_own(text, match, legal):
    """`gate status: `pending`, `passed`, `blocked``: a list of which the tables have next to nothing is about something else."""
    more = _MORE.match(text, match.end() - (text[match.end() - 1] == "`"))
    names = [part.rpartition("`")[2] for part in _LISTED.findall(more.group())] if more else []
    return len(names) > 1 and 2 * sum(name in legal for name in names) < len(names)


def _declaring(plugin, kind):
    """The documents with a table whose first column has this kind of name."""
    known = plugin.memo.setdefault("declaring", {})
    if kind not in known:
        columns = COLUMNS[kind]
        known[kind] = [
            file
            for file in vocabulary.tabled(plugin)
            if any(table.titles and table.titles[0] in columns for table in vocabulary.tables(file))
        ]
    return known[kind]


def _is_slip(name, declared, shortest):
    """Does protocol-name report it?"""
    return ("_" in name or name.isupper() and len(name) >= shortest) and vocabulary.meant(name, declared) is not None


def _names(files):
    found = {kind: vocabulary.column_names(files, columns) for kind, columns in COLUMNS.items()}
    for file in files:
        for table in vocabulary.tables(file) if file.kind != "skill" else ():
            column = vocabulary.message_column(table)
            if column is not None and table.titles[column] in vocabulary.ANY_NAME:
                found["message"].update(clean(row[column][0]).split("(")[0] for row in table.rows if column < len(row))
        for listed, names in vocabulary.listed(file):
            for kind, columns in COLUMNS.items():
                if listed in columns:
                    found[kind] |= set(names)
    return found


def _triggers(documents):
    """Events in a table of moves that the tables of events do not have, though they have most of its events."""
    legal = vocabulary.column_names(documents, COLUMNS["signal"] + COLUMNS["message"])
    for file in documents:
        for table in vocabulary.tables(file) if legal and file.kind != "skill" else ():
            column = table.column("event", "on", "on event", "trigger", "triggered by")
            if not column or table.column("from", "from state", "state", "current state") is None:
                continue
            cells = [(match.group(), row[column][1] + match.start()) for row in table.rows for match in _ONE.finditer(_cell(row, column))]
            strange = [(name, start) for name, start in cells if name not in legal]
            if 2 * len(strange) <= len(cells):
                for name, start in strange:
                    text = "no event %r in the tables of this plugin%s"
                    yield file.hit((start, start + len(name)), text % (name, nearest(name, sorted(legal))))


def _recipients(plugin, documents):
    """SendMessage to somebody who is in no roster, in a pack whose tables say who talks to whom."""
    people = set()
    for message in vocabulary.messages(plugin) if any(file.holds(_SENT) for file in documents) else ():
        people |= message.senders | message.receivers
    roster = {role.lower() for role in vocabulary.roles(plugin)}
    if not people and not roster:
        return
    known = people | roster | set(plugin.agents()) | set(vocabulary.PEOPLE)
    for file in documents:
        for match in file.matches(_SENT_TO) if file.holds(_SENT) and file.kind != "skill" else ():
            name = match.group(1)
            base = name.rstrip("0123456789").rstrip("-")
            named = any('name: "%s"' % name in other.text or 'name="%s"' % name in other.text for other in documents)
            if name not in known and base not in known and not named:
                text = "nobody is called %r in the tables of this plugin%s"
                yield file.hit(match.span(1), text % (name, nearest(name, sorted(known))))


def _cell(row, column):
    return row[column][0] if column < len(row) else ""
