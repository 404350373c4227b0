"""`pack watch`: the live run in a terminal, made with Textual (the extra `watch`). Reads the journal only.

Agents with state, step and how long; tasks with who waits for whom; the log with a filter; a pane with the explanation and the diff of
the chosen task. Several runs of a project are followed in turn (`n`).
"""

import os
import subprocess
import time

from rich.cells import cell_len, set_cell_size
from rich.markup import escape as unmarked
from textual.app import App
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Static

from ..base import enforcement, needed, paths
from ..base.streams import shown
from ..protocol import tables, view
from ..store import history, proof
from ..store.follow import Follower
from ..store.journal import Damaged
from ..store.render import doing, kind_of, phase_words
from ..store.summary import figures
from ..store.telling import quiet, told
from . import cost

LOOK_SECONDS = 0.5
COST_SECONDS = 20
LOG_ROWS = 1000  # the newest ones; `pack log` has the others
TASK_ROWS = 500  # what needs somebody and what is at work first; every event draws them anew. `pack status --all` has the others
HELP = """[b]Keys[/b]

arrows, Page Up/Down   move in a table
Tab                    next table
Enter                  explanation and diff of the chosen task
/                      filter the log: words, who:NAME, task:N
r                      only refusals
p                      the closing proof so far, and what the run cost
n                      next run of this project
Escape                 close a pane, clear the filter
?                      this help
q                      quit; the run goes on"""

COLUMNS = {
    "agents": ("agent", "for", "does"),
    "tasks": ("task", "state", "subject", "owner", "waits for"),
    "log": ("at", "who", "event", "what"),
}
TASK_COLUMNS = 40  # columns of a task's number, state and owner, and what is between them
COLUMNS_OF_WAVES = ("wave", "state", "for", "roles", "what")
WAVE_COLOURS = {"OVER": "green", "PASS": "green", "OPEN": "blue", "FAIL": "red", "FORGED": "red", "INVALID": "red"}
COLOURS = {
    "IN_PROGRESS": "blue",
    "IN_REVIEW": "yellow",
    "CHANGES_REQUESTED": "dark_orange",
    "APPROVED": "green",
    "DONE": "green",
    "CANCELLED": "dim",
    "PENDING": "dim",
}


def escape(text):
    """Words of others: no markup, nothing that drives a terminal."""
    return unmarked(shown(text))


def _cut(text, room):
    """A text in at most so many columns."""
    text = shown(text)
    return text if cell_len(text) <= room else set_cell_size(text, room - 1).rstrip() + "…"


class Pane(ModalScreen):
    """A text over everything, until Escape."""

    BINDINGS = [Binding("escape,q,enter", "dismiss", "close")]
    CSS = "Pane {align: center middle;} #pane {width: 90%; height: 90%; border: round $accent; padding: 0 1; background: $surface;}"

    def __init__(self, text, markup=False):
        super().__init__()
        self.text, self.markup = text, markup

    def compose(self):
        with VerticalScroll(id="pane"):
            yield Static(self.text if self.markup else escape(self.text))


class Watch(App):
    """The view of one run after the other."""

    TITLE = "pack watch"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head {height: auto; padding: 0 1; background: $boost;}
    #upper {height: auto;}
    #upper DataTable {height: auto;}
    DataTable {border: round $panel-lighten-2; border-title-color: $text; overflow-x: hidden;}
    DataTable:focus {border: round $accent;}
    #agents {width: 2fr;}
    #tasks {width: 3fr;}
    #log {height: 1fr; min-height: 4;}
    #filter {display: none; height: 3;}
    #filter.shown {display: block;}
    .narrow #upper {layout: vertical;}
    .narrow #agents, .narrow #tasks {width: 1fr;}
    """
    BINDINGS = [
        Binding("q", "quit", "quit"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("r", "refusals", "refusals"),
        Binding("p", "proof", "proof, cost"),
        Binding("n", "next", "next run"),
        Binding("escape", "back", "back", show=False),
    ]

    def __init__(self, project=None, team=None, explain=None):
        self.paint = not os.environ.get("NO_COLOR")  # Textual then makes greys of colours, and a dark red is one that nobody can read
        super().__init__()
        self.project, self.follower, self.explain = project, Follower(project, team), explain
        self.width, self.narrow = 80, False
        self.words, self.refusals, self.trouble, self.cost, self.priced = "", False, "", {"absent": "not looked for yet"}, 0
        self.listed, self.waves = [], []  # the records of the log's rows; the rows of waves and gates

    def compose(self):
        yield Static(id="head")
        with Horizontal(id="upper"):
            yield DataTable(id="agents", cursor_type="row", zebra_stripes=True)
            yield DataTable(id="tasks", cursor_type="row", zebra_stripes=True)
        with Vertical():
            yield DataTable(id="log", cursor_type="row")
            yield Input(placeholder="words, who:NAME, task:N; Escape clears", id="filter")
        yield Footer()

    def on_mount(self):
        for name, columns in COLUMNS.items():
            table = self.query_one("#" + name, DataTable)
            table.border_title = name
            _head(table, columns)
        self.on_resize()
        self.look()
        self.set_interval(LOOK_SECONDS, self.look)
        self.set_interval(5, self.fill_agents)  # how long somebody is at it grows without an event
        self.query_one("#tasks").focus()
        self.price()
        self.set_interval(COST_SECONDS, self.price)

    def price(self):
        """Read the transcripts beside the drawing, where there is anything new: they are long."""
        f = self.follower
        if f.records and len(f.records) != self.priced:
            self.priced = len(f.records)
            self.run_worker(lambda: self._priced(f.state, list(f.records)), thread=True, exclusive=True)

    def _priced(self, state, records):
        self.cost = cost.safely(state, records, os.environ)
        self.call_from_thread(self.fill_head)

    def on_resize(self, event=None):
        size = event.size if event is not None else self.size
        self.width, self.narrow, rows = size.width, size.width < 100, size.height - 4
        self.set_class(self.narrow, "narrow")
        for name, share in (("agents", 0.28), ("tasks", 0.37)):  # each takes what it needs, and leaves room for the log
            self.query_one("#" + name).styles.max_height = max(4, int(rows * (share if self.narrow else 0.55)))
        self.fill_head()
        if self.follower.state["team"] is not None:
            self.fill_tasks()

    def look(self):
        """Read on; draw only when there is something new."""
        first = not self.follower.records
        try:
            new = self.follower.look()
        except Damaged as error:
            self.trouble = "%s: pack doctor shows it" % error
            new = 1
        if new or first:
            self.fill()

    def fill(self):
        """Draw everything from the state."""
        self.fill_head()
        if self.follower.state["team"] is None:
            return
        self.fill_agents()
        self.fill_tasks()
        self.fill_log()

    def fill_head(self):
        f, state = self.follower, self.follower.state
        if state["team"] is None:
            return self.query_one("#head", Static).update(escape(self.trouble or "no event yet"))
        aborted = state["teardown"]["aborted"]  # which cancels what was open
        total = [task for _n, task in view.tasks(state) if aborted or task["state"] != "CANCELLED"]
        done = sum(task["state"] == "DONE" for task in total)
        ended = state["phase"] == "CLOSED"
        now = f.history.end if ended else max(time.time(), f.history.end)
        parts = [
            "[b]%s[/b]" % escape(state["team"]["name"]),
            "%s, %s" % (phase_words(state), kind_of(state).classified(state)),
            *(["%d/%d tasks" % (done, len(total))] if state["waves"] is None else []),
            "%d refused" % sum(r["event"] in tables.TROUBLE for r in f.records),
            history.duration(now - f.history.start),
            "enforcement " + enforcement.recorded(state)["level"],
        ]
        if not self.narrow:
            parts.append("state kept by " + escape(view.owner_words(state)))
        needs = "" if ended else needed.words(state)
        if f.run.live and not ended and not enforcement.led(state):
            needs = "the client is gone: type /team:resume in a new one"
        if needs:
            parts.insert(1, self.coloured("b yellow", needs))
        if "absent" not in self.cost:
            parts.append(escape(cost.short(self.cost)))
        if self.trouble:
            parts.append(self.coloured("red", self.trouble))
        self.query_one("#head", Static).update(" · ".join(parts))

    def fill_agents(self):
        state, now = self.follower.state, time.time()
        if state["team"] is None:
            return
        table = self.query_one("#agents", DataTable)
        rows = []
        for name, entry in state["roster"].items():
            icon, words = doing(state, name, entry)
            spans = self.follower.history.agents.get(name) or [[None, now, None, 0]]
            since = history.duration(now - spans[-1][1]) if entry["state"] in tables.LIVING else ""
            rows.append((escape("%s %s" % (icon, name)), since, escape(words)))
        _replace(table, rows)

    def coloured(self, colour, text):
        """A word in a colour; what is more than plain is bold where there are no colours."""
        style = colour if self.paint else "b" if colour in ("red", "b yellow") else ""
        return "[%s]%s[/%s]" % (style, escape(text), style) if style else escape(text)

    def fill_tasks(self):
        state, table = self.follower.state, self.query_one("#tasks", DataTable)
        table.border_title = "tasks" if state["waves"] is None else "waves and gates"
        if state["waves"] is not None:
            return self.fill_waves(table)
        _head(table, COLUMNS["tasks"])
        rows, every = [], sorted(view.tasks(state), key=lambda pair: (_place(pair[1]), pair[0]))
        if len(every) > TASK_ROWS:
            table.border_title = "tasks · %d of %d" % (TASK_ROWS, len(every))
        width = self.width if self.narrow else self.width * 3 // 5
        room = max(12, (width - TASK_COLUMNS) // 2)  # what a task is about stays beside who it waits for
        for n, task in every[:TASK_ROWS]:
            stands = task.get("content") if task.get("content") == "DRIFTED" else task["state"]
            colour = COLOURS.get(stands, "red")
            rows.append(
                (
                    "#%d" % n,
                    self.coloured(colour, stands),
                    escape(_cut(task["subject"], room)),
                    escape(task["owner"] or "-"),
                    escape(_waits(state, n, task)),
                )
            )
        _replace(table, rows)

    def fill_waves(self, table):
        """Waves and gates in the table of tasks, under heads of their own."""
        f = self.follower
        _head(table, COLUMNS_OF_WAVES)
        now = f.history.end if f.state["phase"] == "CLOSED" else max(time.time(), f.history.end)
        self.waves = history.wave_table(f.state, f.history, now)
        _replace(
            table, [(k, self.coloured(WAVE_COLOURS.get(s, "dim"), s), at, escape(who), escape(what)) for k, s, at, who, what in self.waves]
        )

    def fill_log(self):
        rows, self.listed = [], []
        for r in reversed(self.follower.records):
            if len(rows) >= LOG_ROWS:
                break
            bad = r["event"] in tables.TROUBLE
            if quiet(r) or self.refusals and not bad or not _matches(r, self.words):
                continue
            event = self.coloured("red", r["event"]) if bad else r["event"]
            clock = time.strftime("%H:%M:%S", time.localtime(r["ts"]))
            self.listed.append(r)
            rows.append((clock, escape(r["actor"]["name"] or "gate"), event, escape(told(r))))
        self.listed.reverse()
        table = self.query_one("#log", DataTable)
        table.border_title = "log" + (" · only refusals" if self.refusals else "") + (" · %s" % self.words if self.words else "")
        at_end = table.row_count == 0 or table.cursor_row >= table.row_count - 1
        _replace(table, rows[::-1])
        if at_end and rows:
            table.move_cursor(row=len(rows) - 1)

    # Keys
    def on_data_table_row_selected(self, event):
        if event.data_table.id == "tasks" and self.follower.state["waves"] is not None:
            kind, stands, at, who, what = self.waves[event.cursor_row]
            roles = ("roles: " if kind != "gate" else "judged after: ") + who
            self.push_screen(Pane("\n\n".join((kind, stands + (" for " + at if at else ""), roles, what))))
        elif event.data_table.id == "tasks":
            number = int(str(event.data_table.get_row_at(event.cursor_row)[0]).lstrip("#"))
            self.push_screen(Pane(self.about(number)))
        elif event.data_table.id == "log":
            self.push_screen(Pane(_whole(self.listed[event.cursor_row])))

    def about(self, number):
        """The explanation of a task, and what its files differ in from the last commit."""
        state, task = self.follower.state, view.task(self.follower.state, number)
        text = self.explain(state, self.follower.records, number) if self.explain else task["subject"]
        try:
            diff = subprocess.run(
                ["git", "diff", "--no-color", "--no-ext-diff", "HEAD", "--"] + sorted(set(task["files"]) | set(task["touched"])),
                cwd=self.follower.run.project,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=5,
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            diff = ""
        return text + "\n\ndiff against the last commit:\n" + (diff[:40000] or "  none")

    def action_proof(self):
        f = self.follower
        if f.state["team"] is not None:
            told = [line if len(line) <= 400 else line[:400] + "…" for line in proof.lines(f.state, figures(f.records))]
            self.push_screen(Pane("Closing proof so far\n\n" + "\n".join(told) + "\n\n" + cost.text(self.cost)))

    def action_help(self):
        self.push_screen(Pane(HELP, markup=True))

    def action_filter(self):
        box = self.query_one("#filter", Input)
        box.add_class("shown")
        box.focus()

    def on_input_changed(self, event):
        self.words = event.value
        self.fill_log()

    def on_input_submitted(self, _event):
        self.query_one("#log").focus()

    def action_refusals(self):
        self.refusals = not self.refusals
        self.fill_log()

    def action_back(self):
        box = self.query_one("#filter", Input)
        box.value = ""
        box.remove_class("shown")
        self.query_one("#tasks").focus()

    def action_next(self):
        names = paths.teams(self.follower.run.project)
        if len(names) < 2:
            return self.notify("this project has no other run")
        at = names.index(self.follower.run.team) if self.follower.run.team in names else -1
        self.follower, self.trouble = Follower(self.project, names[(at + 1) % len(names)]), ""
        self.look()


def _whole(record):
    """One event with everything that the log cuts off."""
    head = "%s  %s  %s" % (
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record["ts"])),
        record["actor"]["name"] or "gate",
        record["event"],
    )
    return head + "\n\n" + told(record, seen=True, report=4000)


def _waits(state, number, task):
    """Who a task waits for, and in which round of reviews."""
    text, rounds = history.waits(state, number) or "-", history.reviews(task)
    return "%s (round %d)" % (text, rounds) if rounds > 1 and task["state"] not in tables.TERMINAL else text


def _place(task):
    """Where a task stands in the list: what needs somebody, what is at work, what waits, what is over."""
    if task["state"] in tables.BLOCKED_ON_LEAD or task.get("content") == "DRIFTED":
        return 0
    return {"PENDING": 2, "DONE": 3, "CANCELLED": 4}.get(task["state"], 1)


def _head(table, columns):
    """A table's columns, where they are others than it has: the next run may be one of waves."""
    if tuple(key.value for key in table.columns) != columns:
        table.clear(columns=True)
        for column in columns:
            table.add_column(column, key=column)


def _replace(table, rows):
    """Other rows, the cursor where it was."""
    at, top = table.cursor_row, table.scroll_y
    table.clear()
    for row in rows:
        table.add_row(*row)
    if rows:
        table.move_cursor(row=min(at, len(rows) - 1), animate=False, scroll=False)
        table.scroll_to(y=top, animate=False)


def _matches(record, words):
    """Whether an event is one that the filter asks for."""
    for word in words.casefold().split():
        who = (record["actor"]["name"] or "gate").casefold()
        if word.startswith("who:"):
            if not who.startswith(word[4:]):
                return False
        elif word.startswith("task:"):
            if str(record["data"].get("task")) != word[5:].lstrip("#"):
                return False
        elif word not in " ".join((str(record["seq"]), who, record["event"], told(record))).casefold():
            return False
    return True
