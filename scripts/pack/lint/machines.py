"""State machines that a plugin's tables declare: the states, and the moves between them.

Two shapes: a table of states (`State`, meaning ...) beside a table of moves (`From`, `To`), or one table whose rows name a
state and what comes next (`State`, `Next`). Whatever a cell says beyond names of states is read in the author's favour.
"""

from .lazy import IGNORECASE, lazy
from .markdown import clean
from .vocabulary import documents, tables

TARGETS = ("to", "next", "next state", "next states", "to state", "target", "target state", "then")
SOURCES = ("from", "from state", "source", "source state", "current state")
_NAME = lazy(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
_ANY = lazy(r"\b(?:any|all|every|each|other|others|except|but|unless|not)\b|\*", IGNORECASE)
_FINAL = lazy(
    r"\b(?:terminal|final|absorbing|end state|end of|ends? (?:the|here|of)|no (?:exit|next|way out|transitions?)|nothing (?:follows|more|after))\b"
    r"|\b(?:done|finished|over|complete|completed|closed)\b",
    IGNORECASE,
)
_TERMINAL = lazy(r"\b(?:terminal|final|absorbing|end states?)\b", IGNORECASE)
_INITIAL = lazy(r"\b(?:initial|starts?|starting|entry|new|created|first)\b", IGNORECASE)
_NO = ("", "no", "false", "n", "-", "–", "—", "✗", "❌")
_LAST_WORDS = frozenset(
    "done closed complete completed finished cancelled canceled failed failure aborted merged archived deleted rejected "
    "resolved expired terminated dead ended end exit success succeeded shipped released deployed error stopped timeout "
    "delivered accepted".split()
)


class Machine:
    """`states`: {name: (file, span)}; `moves`: {name: names}; `starts`, `terminal`; `marked`: are terminals declared at all?"""

    def __init__(self):
        self.states, self.moves = {}, {}
        self.starts, self.open, self.terminal = set(), set(), set()
        self.marked = False
        self.anywhere = set()  # reached from any state

    def exits(self, name):
        """The states that follow, the state itself aside."""
        return (self.moves.get(name, set()) | self.anywhere) - {name}

    def reached(self):
        """Every state that a path from a start leads to."""
        seen, stack = set(), list(self.starts | self.anywhere)
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                stack.extend(self.moves.get(name, ()))
        return seen

    def is_final(self, name):
        """Declared terminal; where nothing at all is declared so, named like an end."""
        if name in self.terminal:
            return True
        return not self.marked and any(word in _LAST_WORDS for word in name.lower().replace("-", "_").split("_"))


def machines(plugin):
    """[Machine] of a plugin's documents."""
    cached = plugin.memo.get("machines")
    if cached is None:
        cached = plugin.memo["machines"] = list(_find(plugin))
    return cached


def _column(table, titles):
    return table.column(*titles)


def _find(plugin):
    declared, moves = [], []
    for file in documents(plugin):
        if "|" not in file.text or file.kind == "skill":
            continue
        for table in tables(file):
            state = _column(table, ("state", "states"))
            source, target = _column(table, SOURCES), _column(table, TARGETS)
            if state == 0 and target is not None and source is None:
                yield _one_table(file, table, target)
            elif state == 0 and source is None and target is None:
                declared.append((file, table))
            elif source is not None and target is not None:
                moves.append((file, table, source, target))
    for file, table in declared:
        machine = _declare(file, table)
        mine = [move for move in moves if _about(machine, move)]
        if mine:
            for _, other, source, target in mine:
                _add_moves(machine, other, source, target)
            _ends(machine, file)
            yield machine


def _plain(row, index):
    return clean(row[index][0]) if index < len(row) else ""


def _declare(file, table):
    machine = Machine()
    flags = {i for i, (title, _, _) in enumerate(table.header) if _TERMINAL.search(title)}
    machine.marked = bool(flags)
    for row in table.rows:
        match = _NAME.match(_plain(row, 0))
        if not match or match.end() != len(_plain(row, 0)):
            continue
        name = match.group()
        machine.states.setdefault(name, (file, row[0][1:]))
        rest = " ".join(cell[0] for index, cell in enumerate(row) if index and index not in flags)
        if _TERMINAL.search(rest):
            machine.marked = True
            if " not " not in rest:
                machine.terminal.add(name)
        if any(_plain(row, index).lower() not in _NO for index in flags):
            machine.terminal.add(name)
        elif not flags and _FINAL.search(rest):
            machine.open.add(name)
        if _INITIAL.search(rest):
            machine.starts.add(name)
    if not machine.marked:
        machine.terminal |= machine.open
    if machine.states:
        machine.starts.add(next(iter(machine.states)))
    return machine


def _about(machine, move):
    """Is a table of moves one between these states? At least two of them, and most of what it names."""
    _, table, source, target = move
    found = set()
    for row in table.rows:
        for index in (source, target):
            found.update(match.group() for match in _NAME.finditer(_plain(row, index)))
    known = found & set(machine.states)
    return len(known) > 1 and 2 * len(known) >= len([name for name in found if name.isupper() or name in known])


def _named(machine, text):
    return {match.group() for match in _NAME.finditer(text) if match.group() in machine.states}


def _add_moves(machine, table, source, target):
    for row in table.rows:
        origin, goal = _plain(row, source), _plain(row, target)
        before, after = _named(machine, origin), _named(machine, goal)
        if _ANY.search(origin):
            machine.anywhere |= after
        elif not before:
            machine.starts |= after  # from outside, or from something that the table of states does not know
        for name in before:
            machine.moves.setdefault(name, set()).update(after)
            if not after and goal.lower() not in _NO + ("same", "unchanged", "self", "stays"):
                machine.open.add(name)  # it leads somewhere, to what the table of states does not know
    machine.terminal |= machine.open & {name for name in machine.states if not machine.moves.get(name)}


def _one_table(file, table, target):
    machine = Machine()
    for row in table.rows:
        match = _NAME.match(_plain(row, 0))
        if match and match.end() == len(_plain(row, 0)):
            machine.states.setdefault(match.group(), (file, row[0][1:]))
    for row in table.rows:
        name, goal = _plain(row, 0), _plain(row, target)
        if name not in machine.states:
            if goal:
                machine.starts |= _named(machine, goal)
            if _ANY.search(name):
                machine.anywhere |= _named(machine, goal)
            continue
        rest = " ".join(cell[0] for index, cell in enumerate(row) if index)
        if _TERMINAL.search(rest):
            machine.marked = True
            machine.terminal.add(name)
        if _INITIAL.search(rest):
            machine.starts.add(name)
        after = _named(machine, goal)
        machine.moves.setdefault(name, set()).update(after)
        if not after and _ANY.search(goal):
            machine.moves[name].update(machine.states)
        elif not after and _NAME.search(goal) and goal.lower() not in ("none", "nothing", "no", "n/a"):
            machine.terminal.add(name)  # it says something, if not the name of a row
    if machine.states:
        machine.starts.add(next(iter(machine.states)))
    _ends(machine, file)
    return machine


def _ends(machine, file):
    """`Terminal: DONE and CANCELLED` in the text around the tables."""
    text = file.text
    for match in _TERMINAL.finditer(text, file.body_start):
        begin = text.rfind("\n\n", 0, match.start()) + 1
        end = text.find("\n\n", match.end())
        lines = text[begin : end if end >= 0 else len(text)].split("\n")
        said = _named(machine, " ".join(line for line in lines if not line.lstrip().startswith("|")))
        if said:
            machine.marked = True
            machine.terminal |= said
