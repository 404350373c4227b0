"""The tables in which a pack declares its protocol: roles, approvals, states, events, messages.

A table is known by its column titles, wherever it stands: in references/*.md, in a prompt, in a block between
`<!-- generated: NAME -->` and `<!-- end: NAME -->`. Nothing here is special to one pack.
"""

from .lazy import IGNORECASE, lazy
from .markdown import clean
from .near import closest
from .source import line_start

KEYS = (
    "gate",
    "mode",
    "runtime mode",
    "phase",
    "severity",
    "complexity",
    "message",
    "event",
    "state",
    "role",
    "task state",
    "approval",
    "level",
    "line",
    "artifact",
    "document",
    "file",
    "constant",
)
VALUES = (
    "approver",
    "approvers",
    "approved by",
    "required",
    "required approvals",
    "approval",
    "approvals",
    "owner",
    "sender",
    "to",
    "next state",
    "from -> to",
    "accepted when",
    "agent",
    "reviewer",
    "reviewers",
    "timeout",
    "retries",
    "limit",
    "from",
    "writer",
    "written by",
    "path",
    "value",
)
PROMISES = VALUES[: VALUES.index("sender") + 1]  # who approves, owns and sends: two tables that differ here break a promise
# Words for what an approval is for, beside KEYS: they only count in a table that says who approves.
STEPS = ("stage", "step", "check", "artifact", "deliverable", "decision", "change", "change type", "task type", "work item")
NAME_COLUMNS = (
    "state",
    "states",
    "event",
    "events",
    "message",
    "messages",
    "message type",
    "message name",
    "event type",
    "line",
    "status",
    "code",
    "signal",
    "constant",
    "phase",
    "from",
    "to",
    "next state",
    "on",
)
AGENT_COLUMNS = ("agent", "agents", "subagent", "subagent_type", "agent id", "agent type")
# Whom a table may name without an agent.
PEOPLE = ("lead", "team-lead", "main", "user", "human", "you", "none", "gate", "orchestrator", "all", "any", "everyone", "self", "client")
APPROVER_COLUMNS = (
    "approver",
    "approvers",
    "approved by",
    "required approvals",
    "required approvers",
    "sign-off",
    "signoff",
    "sign-off by",
    "signed off by",
    "who approves",
    "who signs off",
    "approval by",
    "approval from",
)
SAME = {title: "approver" for title in APPROVER_COLUMNS if title != "required approvals"}
_YES = ("yes", "y", "x", "true", "required", "must", "✅", "✓", "✔", "✔️", "☑", "●")
_NO = ("no", "n", "false", "not required", "-", "–", "—", "❌", "✗", "✘", "")
SENDERS = ("sender", "senders", "from", "sent by", "who")
RECEIVERS = ("to", "receiver", "receivers", "recipient", "recipients", "received by", "sent to")
DIRECTIONS = ("direction", "route", "from → to", "from -> to", "who → whom", "sender → receiver")
MESSAGES = ("message", "messages", "message type", "message name", "line", "event", "signal")
# Too general to say anything alone; beside a sender and a receiver it is a message.
ANY_NAME = ("type", "kind", "name", "msg", "frame", "verb")
NEXT_COLUMNS: "tuple[str, ...]" = (
    "next",
    "next state",
    "next states",
    "allowed next",
    "allowed next states",
    "next allowed states",
    "possible next states",
)
NEXT_COLUMNS += ("may go to", "can go to", "goes to", "leads to", "moves to", "may move to", "can move to", "transitions to", "transitions")
STATE_COLUMNS = ("state", "states", "current state", "task state", "from state")
_CAPITAL = lazy(r"(?<![A-Za-z0-9_$/{.-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_/}.-]*[a-z/}])|(?<=`)[A-Z]{5,30}(?=[`:( ])")
_CAPITAL_WORD = lazy(r"(?<![\w-])(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{3,30})(?![\w-])")
LISTING = ": `"
_LISTED = lazy(
    r"\b(?:[Ss]tates|[Ss]tatuses|[Ee]vents|[Mm]essages|[Pp]hases|[Ss]ignals): `[A-Z][A-Z0-9_]{3,30}`(?:, (?:and |or )?`[A-Z][A-Z0-9_]{3,30}`){1,30}"
)
# The end of a line before a list of names in capitals ("The task states:", "## States", YAML's `states:`), and an item of it.
LIST_HEADS = ("tates", "tatuses", "vents", "essages", "hases", "ignals")
_HEAD_OF_LIST = lazy(
    r"\b(state|status|event|message|phase|signal)(?:es|s)\b([^\n|`]{0,40})\n(?:[ \t]*\n)?(?=[ \t]*(?:[-*+]|[0-9]{1,2}[.)]) )", IGNORECASE
)
_ITEM = lazy(r"[ \t]*(?:[-*+]|[0-9]{1,2}[.)]) [`*]{0,3}([A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*)[`*]{0,3}(?=[ :.,;(–—]|\n|\Z)[^\n]*(?:\n|\Z)")
_BESIDE_AGENTS = (
    "role",
    "roles",
    "task",
    "phase",
    "gate",
    "step",
    "stage",
    "purpose",
    "when",
    "teammate",
    "teammates",
    "member",
    "members",
)
_AGENT_ID = lazy(r"[A-Za-z0-9][\w.-]*(?::[\w.-]+)+|[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_AGENT_NAME = lazy(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_SPLIT = lazy(r"\s*(?:,|\+|/|&|\band\b|\bor\b|;)\s*")


class Cell:
    """A name in a cell."""

    __slots__ = ("name", "span", "coded", "table")

    def __init__(self, name, span, coded, table):
        self.name, self.span, self.coded, self.table = name, span, coded, table


def documents(plugin):
    """The prompts of a plugin and its references. What lies below a skill's folder is about the skill's subject: the events
    of some API, the states of some framework, not those of this pack."""
    known = plugin.memo.get("documents")
    if known is None:
        known = [file for file in plugin.of("prose") if plugin.sub(file.rel).split("/")[0] in ("references", "reference")]
        known = plugin.memo["documents"] = [file for file in known + plugin.of("agent", "command", "skill") if not file.read_error]
    return known


# Titles of columns that some rule reads: a table with none of them is not looked at again.
_MATTER = frozenset(KEYS + VALUES + STEPS + NAME_COLUMNS + APPROVER_COLUMNS + SENDERS + RECEIVERS + DIRECTIONS + MESSAGES + ANY_NAME)
_MATTER |= frozenset(NEXT_COLUMNS + STATE_COLUMNS + _BESIDE_AGENTS)
_MATTER |= frozenset(AGENT_COLUMNS + ("roles", "owner", "author", "coder"))
_MATTER |= frozenset(("implementer", "trigger", "triggered by", "on event", "source", "source state", "target", "target state", "to state"))
_MATTER |= frozenset(("then", "next states"))


def tabled(plugin):
    """The documents that have such a table, in no certain order."""
    known = plugin.memo.get("tabled")
    if known is None:
        known = plugin.memo["tabled"] = [file for file in documents(plugin) if tables(file)]
    return known


def tables(file):
    """The tables of a document that have a column which says something here: most have none."""
    return file.once("tables", _tables)


def _tables(file):
    return [table for table in file.prose.tables() if not _MATTER.isdisjoint(table.named)] if "|" in file.text else ()


def agent_cells(file):
    """Names in an Agent column beside a Role, Task or Phase column."""
    for table in tables(file):
        column = table.column(*AGENT_COLUMNS)
        if column is None or table.column(*_BESIDE_AGENTS) is None:
            continue
        for row in table.rows:
            if column >= len(row):
                continue
            text, start, end = row[column]
            for part, begin in _parts(text, start):
                name = clean(part)
                match = _AGENT_ID.match(name)
                if match and match.end() == len(name):
                    at = part.find(name)
                    yield Cell(name, (begin + at, begin + at + len(name)), "`" in part, table)


def people_cells(plugin):
    """Yield (file, Cell) of the names in a Role column without an Agent column, and in the From and To of tables of messages,
    that are no agent (or role) of the plugin though at least half of the column's names are, or are people."""
    own, declared = set(plugin.agents()).union(PEOPLE), {role.lower() for role in roles(plugin)}
    for file in tabled(plugin):
        for table in tables(file) if file.kind != "skill" else ():
            if table.column(*AGENT_COLUMNS) is not None:
                continue
            columns = [(own, ("role", "roles"))]
            if (message_column(table) is not None or table.column(*DIRECTIONS) is not None) and table.column("line") is None:
                columns += [(own | declared, titles) for titles in (SENDERS[:-1], RECEIVERS, DIRECTIONS)]
            for known, titles in columns:
                cells = list(_plain_names(table, table.column(*titles), titles is DIRECTIONS))
                strangers = [cell for cell in cells if cell.name not in known]
                agents = any(cell.name in plugin.agents() for cell in cells) or _names_an_agent(table, plugin)
                if 2 * len(strangers) <= len(cells) and agents:
                    for cell in strangers:
                        yield file, cell


def _names_an_agent(table, plugin):
    return any(clean(cell[0]) in plugin.agents() for row in table.rows for cell in row)


def _plain_names(table, index, arrows=False):
    """The Cells of a column that are spelled like an agent's name; `arrows`: from one to another."""
    for row in table.rows if index is not None else ():
        text = row[index][0] if index < len(row) else ""
        text = text.replace("→", ",").replace("->", " ,").replace("↔", ",") if arrows else text
        for part, begin in _parts(text, row[index][1]) if text else ():
            name = clean(part)
            if _AGENT_NAME.match(name):
                at = max(part.find(name), 0)
                yield Cell(name, (begin + at, begin + at + len(name)), "`" in part, table)


def _parts(text, start):
    at = 0
    for part in text.replace("<br>", "    ").split(","):
        yield part.strip(), start + at + len(part) - len(part.lstrip())
        at += len(part) + 1


def key_column(table):
    """(index, None or the index of the approvers' column): what a table's rows are about; index None when it is none of KEYS.

    Who approves may stand first, and then STEPS count as well.
    """
    titles = table.titles
    approver = table.column(*APPROVER_COLUMNS)
    if titles[0] in KEYS:
        return 0, approver
    if approver is None:
        return None, None
    return next((index for index, title in enumerate(titles) if title in KEYS + STEPS and index != approver), None), approver


def keyed_cells(file, people=()):
    """Yield (key title, key, title, value, span) of tables whose columns mean the same in every file; `people`: the agents and
    roles, whose own columns say yes or no."""
    for table in tables(file):
        if len(table.header) < 2:
            continue
        at, approver = key_column(table)
        if at is None:
            yield from _ticked(table, people)
            continue
        key_title = table.titles[at]
        keys = [clean(row[at][0]).lower() for row in table.rows if at < len(row)]
        for row in table.rows:
            if at >= len(row) or keys.count(clean(row[at][0]).lower()) != 1:
                continue
            key = clean(row[at][0])
            for index in range(min(len(row), len(table.header))):
                title = table.titles[index]
                value, start, end = row[index]
                known = title in VALUES or title in APPROVER_COLUMNS if key_title in KEYS else index == approver
                ticked = title in people and clean(value).lower() in _YES + _NO  # what _ticked compares
                if index != at and key and known and value and not ticked:
                    yield key_title, key.lower(), SAME.get(title, title), value, (start, end)
        if key_title in KEYS:
            yield from _ticked(table, people)
    yield from _transitions(file)


def _ticked(table, people):
    """The cells of a matrix: a gate (or stage) a row, a person a column, yes or no."""
    titles = table.titles
    if not people or titles[0] not in KEYS + STEPS or sum(title in people for title in titles[1:]) < 2:
        return
    keys = [clean(row[0][0]).lower() for row in table.rows if row]
    for row in table.rows:
        for index in range(1, min(len(row), len(titles))):
            text, start, end = row[index]
            said = clean(text).lower()
            value = "yes" if said in _YES else "no" if said in _NO else None
            if titles[index] in people and value and keys.count(clean(row[0][0]).lower()) == 1:
                yield titles[0], clean(row[0][0]).lower(), titles[index], value, (start, max(end, start + 1))


def approval_keys(file):
    """Yield (key title, {key: span}) of every table that says who approves."""
    for table in tables(file):
        at, approver = key_column(table) if len(table.header) > 1 else (None, None)
        if at is not None and approver is not None and at != approver:
            yield table.titles[at], {clean(row[at][0]).lower(): row[at][1:] for row in table.rows if at < len(row) and clean(row[at][0])}


def _transitions(file):
    """Where a state goes on an event: the same in every table that has the three columns."""
    for table in tables(file):
        source, event, target = table.column("from"), table.column("event", "on", "trigger"), table.column("to", "next state")
        if None in (source, event, target) or table.column("message", "messages", "line") is not None:
            continue
        rows = [row for row in table.rows if len(row) > max(source, event, target)]
        keys = [(clean(row[source][0]).lower(), clean(row[event][0]).lower()) for row in rows]
        for key, row in zip(keys, rows):
            if all(key) and keys.count(key) == 1 and row[target][0].strip():
                yield "from", "%s on %s" % key, "to", row[target][0], row[target][1:]


def normal(value):
    """A cell's value for comparison: names in any order, without Markdown."""
    return tuple(sorted(part.lower() for part in _SPLIT.split(clean(value)) if part))


def roles(plugin):
    """Every role that a table of the plugin declares."""
    cached = plugin.memo.get("roles")
    if cached is None:
        cached = set()
        for file in tabled(plugin):
            for table in tables(file):
                column = table.column("role", "roles")
                if (
                    column is None
                    or table.column(
                        "agent",
                        "agents",
                        "subagent_type",
                        "definition",
                        "count",
                        "model",
                        "may",
                        "responsibility",
                        "description",
                        "purpose",
                        "meaning",
                        "job",
                    )
                    is None
                ):
                    continue
                for row in table.rows:
                    if column < len(row) and clean(row[column][0]):
                        cached.add(clean(row[column][0]))
        plugin.memo["roles"] = cached
    return cached


def approver_cells(file):
    """Yield (name, span) of the names in approver columns."""
    for table in tables(file):
        column = table.column(*APPROVER_COLUMNS)
        if column is None:
            continue
        for row in table.rows:
            if column >= len(row):
                continue
            text, start, _ = row[column]
            for part in _SPLIT.split(text):
                name = clean(part)
                if name and len(name) < 40 and name.replace("-", "").replace(":", "").replace("_", "").isalnum():
                    at = text.find(name)
                    yield name, (start + at, start + at + len(name))


def states(file):
    """The states that a document's table declares (terminal ones included)."""
    found = set()
    for table in tables(file):
        column = table.column("state", "states")
        if column != 0 or table.column("from", "to", "next state") is not None:
            continue
        for row in table.rows:
            name = clean(row[0][0]) if row else ""
            if name.replace("_", "").isupper() and " " not in name:
                found.add(name)
    return found


def transition_cells(file):
    """Yield (name, span) of the states in from/to columns."""
    for table in tables(file):
        columns = [index for index, (title, _, _) in enumerate(table.header) if clean(title).lower() in ("from", "to", "next state")]
        if len(columns) < 2:
            continue
        for row in table.rows:
            for index in columns:
                if index >= len(row):
                    continue
                text, start, _ = row[index]
                for match in _CAPITAL.finditer("`%s`" % text if "`" not in text else text):
                    shift = 0 if "`" in text else 1
                    yield match.group(), (start + match.start() - shift, start + match.end() - shift)


def next_cells(file):
    """Yield (states of the table, name, span) of what a table of `State` and `Next` says comes next."""
    for table in tables(file):
        target = table.column(*NEXT_COLUMNS)
        if target is None or table.titles[0] not in STATE_COLUMNS or table.column("from", "event", "on", "trigger") is not None:
            continue
        states = {clean(row[0][0]) for row in table.rows if row}
        if not all(name.isupper() for name in states):
            continue
        for row in table.rows:
            text, start, _ = row[target] if target < len(row) else ("", 0, 0)
            for match in _CAPITAL_WORD.finditer(text):
                yield states, match.group(), (start + match.start(), start + match.end())


def names(plugin):
    """Every name in capitals that a table declares, or a line such as "States: `OPEN`, `DONE`"."""
    cached = plugin.memo.get("declared_names")
    if cached is None:
        cached = set()
        for file in documents(plugin):
            for table in tables(file):
                wanted = [index for index, title in enumerate(table.titles) if title in NAME_COLUMNS]
                if message_column(table) not in wanted + [None]:
                    wanted.append(message_column(table))
                for row in table.rows:
                    for index in wanted:
                        if index < len(row):
                            cached.update(match.group() for match in _CAPITAL.finditer(row[index][0]))
                            word = clean(row[index][0])
                            if word.isupper() and word.isalpha() and len(word) > 3:
                                cached.add(word)
            for match in _LISTED.finditer(file.text, file.body_start) if file.kind == "prose" and LISTING in file.text else ():
                cached.update(_CAPITAL_WORD.findall(match.group()))
            for _, found in listed(file):
                cached.update(found)
        plugin.memo["declared_names"] = cached
    return cached


def message_column(table):
    """The index of the column that names messages, or None."""
    index = table.column(*MESSAGES)
    if index is None and table.column(*SENDERS) is not None and table.column(*RECEIVERS) is not None:
        index = table.column(*ANY_NAME)
    return index


def listed(file):
    """Yield (kind, names) of what a reference lists below "The task states:", a heading "States" or YAML's `states:`, a name an
    item."""
    if file.kind != "prose" or not any(head in file.text for head in LIST_HEADS):
        return
    text = file.text
    for match in _HEAD_OF_LIST.finditer(text, file.body_start):
        line, fence = text[line_start(text, match.start()) : match.start()], file.prose.fence_at(match.start())
        heads = line.startswith("#") or match.group(2).strip(" *_").endswith(":")
        if not heads or (fence[2] not in ("yaml", "yml") if fence else file.prose.hidden(match.start())):
            continue
        found, at = [], match.end()
        while item := _ITEM.match(text, at):
            found.append(item.group(1))
            at = item.end()
        if len(found) > 1:
            yield match.group(1).lower(), found


def meant(name, declared):
    """The declared name that the word in capitals is a slip of, or None."""
    if name in declared or len(name) < 5:
        return None
    known = closest(name, declared)
    return None if known is None or known.rstrip("S") == name.rstrip("S") or other_word(name, known) else known


_INFLECTED = lazy(r"(?i)(?:ING|ED|ES|S|E)\Z")


def _stem(name):
    return _INFLECTED.sub("", name)


def other_word(name, known):
    """PING and PINGED, REQUIRES and REQUIRED, TASK_1 and TASK_2 differ by design."""
    if _stem(name) == _stem(known):
        return True
    return name.startswith(known) or known.startswith(name) or name.rstrip("0123456789") == known.rstrip("0123456789")


def column_names(files, titles):
    """Every name in the first column of those tables of the documents whose first column has one of the titles."""
    found = set()
    for file in files:
        for table in tables(file) if file.kind != "skill" else ():
            if table.header and clean(table.header[0][0]).lower() in titles:
                for row in table.rows:
                    for part in clean(row[0][0]).replace("(", " ").replace(":", " ").split("/") if row else ():
                        words = part.split()
                        if words:
                            found.add(words[0])
    return found


def capitals(file):
    """Yield (name, span) of names in capitals: in a prompt everywhere, in a reference outside its fenced examples."""
    for match in file.matches(_CAPITAL):
        if file.kind != "prose" or not file.prose.in_fence(match.start()):
            yield match.group(), match.span()


_ANSWERS = frozenset("ack acks acked acknowledge acknowledged acknowledgement nack deny denied".split())
_ACKS = frozenset("ack acks acked acknowledge acknowledged acknowledgement".split())
_MESSAGE = lazy(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
REPLY_COLUMNS = ("answers", "answer to", "reply to", "in reply to", "response to", "acknowledges", "acks", "ack of")
ACK_COLUMNS = ("ack", "acknowledged by", "acknowledgement", "answered by", "answer", "reply", "response")


class Message:
    """A row of a table of messages; senders and receivers are sets of lower-case names."""

    __slots__ = ("file", "name", "span", "senders", "receivers", "answered", "said")

    def __init__(self, file, name, span):
        self.file, self.name, self.span = file, name, span
        self.senders, self.receivers, self.answered, self.said = frozenset(), frozenset(), [], frozenset()


def messages(plugin):
    """Yield a Message for every row of a table with a message and a sender or receiver."""
    for file in documents(plugin):
        for table in tables(file) if file.kind != "skill" else ():
            name_at, sender, receiver = message_column(table), table.column(*SENDERS), table.column(*RECEIVERS)
            if name_at is None or sender is None and receiver is None:
                continue
            replies = [i for i, (t, _, _) in enumerate(table.header) if clean(t).lower() in REPLY_COLUMNS + ACK_COLUMNS]
            for row in table.rows:
                match = _MESSAGE.match(clean(row[name_at][0])) if name_at < len(row) else None
                if match:
                    yield _message(file, row, (match.group(), name_at), sender, receiver, replies)


def _message(file, row, named, sender, receiver, replies):
    name, name_at = named
    text, start, end = row[name_at]
    at = max(text.find(name), 0)
    found = Message(file, name, (start + at, min(start + at + len(name), end)))
    found.senders = _people(row, sender)
    found.receivers = _people(row, receiver)
    rest = [cell[0] for index, cell in enumerate(row) if index != name_at]
    found.said = frozenset(match.group() for text in rest for match in _MESSAGE.finditer(text))
    for index in replies:
        if index < len(row):
            text, start, _ = row[index]
            for match in _CAPITAL.finditer(text):
                found.answered.append((match.group(), (start + match.start(), start + match.end())))
    return found


def _people(row, index):
    """The names in a cell, none when it says more than names (or everybody)."""
    if index is None or index >= len(row):
        return frozenset()
    parts = normal(row[index][0])
    vague = any(" " in part or part in ("any", "all", "everyone", "*", "-", "gate") for part in parts)
    return frozenset() if vague else frozenset(parts)


def words(name):
    """The words of a name, lower case, without those that only say that it is an answer."""
    return frozenset(name.lower().split("_")) - _ANSWERS


def is_answer(name):
    """Does the name itself say that it answers another one?"""
    return not _ANSWERS.isdisjoint(name.lower().split("_"))


def acknowledged(name):
    """The words of what an ..._ACK acknowledges; empty for a bare ACK and for any other name."""
    return words(name) if not _ACKS.isdisjoint(name.lower().split("_")) else frozenset()
