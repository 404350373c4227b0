"""State -> text, nothing else: `state.md` in the seed's layout, the status tree, the summary report."""

from __future__ import annotations

from ..base import codec
from ..protocol import advice, advice_waves, tables, verification, view, waves
from ..protocol.guards_teardown import tampered_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence
    from ..protocol.state_types import Entry, Record, State
    from .figure_types import Figures

ICONS = {
    "PENDING": "📋",
    "IN_PROGRESS": "🔨",
    "IN_REVIEW": "⏳",
    "CHANGES_REQUESTED": "🔧",
    "APPROVED": "✅",
    "DONE": "✅",
    "STUCK": "🚧",
    "REVIEW_LOOP": "🔁",
    "STUCK_ESCALATED": "🚨",
    "CANCELLED": "⛔",
}
MEANINGS = {
    "📋": "waits for a coder",
    "🔨": "works on a task",
    "⏳": "waits for approvals",
    "🔧": "mends what a review asked for",
    "✅": "approved, done, or validated",
    "🚧": "stuck: the lead decides",
    "🔁": "in a review loop: the lead decides",
    "🚨": "escalated: the lead decides",
    "⛔": "cancelled",
    "📝": "reviews",
    "😴": "idle",
    "👁": "monitors",
    "🔎": "works, without a task",
    "🏁": "ended",
    "💀": "lost",
}


class Tasks:
    """What people are told of a run of tasks, where one of waves is told otherwise."""

    def expected(self, state: State) -> Sequence[str]:
        """The roles that the roster shows also while nobody has them."""
        return (tables.SUPERVISOR, tables.TECH_LEAD) + tables.REVIEWERS

    def classified(self, state: State) -> str:
        """How much review it needs, in a word."""
        return state["mode"] or "not classified"

    def progress(self, state: State) -> list[str]:
        """Lines on the waves."""
        return []

    def standing(self, state: State) -> list[str]:
        """Lines on what stands between the run and its end."""
        from . import result_text  # not on the hooks' path

        return result_text.standing(state)

    def report(self, state: State, stats: Figures) -> list[str]:
        """The final report."""
        from . import summary as report  # not on the hooks' path

        return report.of_tasks(state, stats)

    def wave_states(self, state: State) -> Iterable[tuple[str, str]]:
        """How each wave and gate stands: a run of tasks has none."""
        return ()

    def proof(self, state: State, counts: Figures) -> list[tuple[str, str, str]]:
        """The closing proof (proof.py)."""
        from . import proof

        return proof.of_tasks(state, counts)


class Waves(Tasks):
    """The same of a run of waves."""

    def expected(self, state: State) -> Sequence[str]:
        return tuple(waves.roles(state))

    def classified(self, state: State) -> str:
        return "a team of waves"

    def progress(self, state: State) -> list[str]:
        return advice_waves.lines(state)

    def standing(self, state: State) -> list[str]:
        return []  # its gates say so

    def report(self, state: State, stats: Figures) -> list[str]:
        from . import summary as report

        return report.of_waves(state, stats)

    def wave_states(self, state: State) -> Iterable[tuple[str, str]]:
        """How each wave and gate stands: (name, state)."""
        from . import history

        return history.wave_states(state)

    def proof(self, state: State, counts: Figures) -> list[tuple[str, str, str]]:
        from . import proof

        return proof.of_waves(state)


TASKS, WAVES = Tasks(), Waves()


def kind_of(state: State) -> Tasks:
    """The only question of this room which kind of run it is."""
    return TASKS if view.waves(state) is None else WAVES


def state_md(state: State, seq: int) -> str:
    """The derived state file. Recovery instructions come first: after a compaction only the beginning may be read."""
    team = state["team"]
    roster = ["- %s: %s (%s, incarnation %d)" % (n, entry["state"], entry["role"], entry["inc"]) for n, entry in state["roster"].items()]
    have = {entry["role"] for entry in state["roster"].values()}
    kind = kind_of(state)
    roster += ["- %s: NOT_SPAWNED" % r for r in kind.expected(state) if r not in have]
    matrix = ["- %s: %s" % (m, " + ".join(r)) for m, r in tables.APPROVAL_MATRIX.items()]
    work = ["- #%d: %s — %s (%s)" % (n, task["subject"], task["state"], task["owner"] or "unassigned") for n, task in view.tasks(state)]
    todo = ["- %s: %s" % (s["who"], s["text"]) for s in advice.steps(state)]
    owner = state["owner"]
    lines = [
        "# Team State — %s" % team["name"],
        "",
        "## Recovery Instructions",
        "If context is compacted, read this file first; `pack status` prints the same, newer. This file is rendered from the",
        "journal after event %d: editing it changes nothing and is undone." % seq,
    ]
    lines += todo[:6] + [
        "",
        "## Phase: %s" % state["phase"],
        "## Complexity: %s" % (state["mode"] or "not classified"),
        "",
        "## Ownership",
        "- operational_state_owner: %s@%d (%s)" % (owner["holder"] or tables.LEAD, owner["epoch"], owner["state"]),
        "- architectural_decisions_owner: " + tables.TECH_LEAD,
        "- lead_role: decisions/staffing only",
        "",
        "## Team Roster",
    ]
    lines += roster + ["", "## Approval Matrix (runtime source of truth)"] + matrix + ["", "## Tasks"] + (work or ["- none registered"])
    progress = kind.progress(state)
    if progress:
        lines += ["", "## Waves"] + ["- " + x for x in progress]
    lines += ["", "## Active Coders: %d (max: %d)" % (len(view.busy_coders(state)), team["coders"])]
    if state["definition_of_done"]:
        lines += ["", "## Definition of Done"] + ["- " + d for d in state["definition_of_done"]]
    for n, task in view.tasks(state):  # agents without a shell read their task here
        lines += ["", "### Task #%d: %s" % (n, task["subject"])]
        lines += ["- %s: %s" % (part, "; ".join(task[part]) or "-") for part in ("files", "references", "acceptance", "checks")]
        lines += [
            "- tooling: " + "; ".join("%s: `%s`" % kv for kv in sorted(task["tooling"].items())),
            "- blocked by: %s; reviewers: %s%s"
            % (
                ", ".join("#%d" % b for b in task["blocked_by"]) or "-",
                ", ".join(task["reviewers"]) or "-",
                ("; high risk" if task["high_risk"] else "")
                + ("; sensitive: %s" % ", ".join(task["sensitive"]) if task.get("sensitive") else ""),
            ),
        ]
        if state["mode"]:
            quorum = view.quorum(state, task)
            lines.append("- revision %s: %s, %s" % (view.short(task["revision"]), quorum["result"], view.quorum_text(quorum)))
    if state["teardown"]["state"] != "NONE":
        lines += [
            "",
            "## Teardown: %s" % state["teardown"]["state"],
            "- missing acks: %s" % (", ".join(view.missing_acks(state)) or "none"),
        ]
    return "\n".join(lines) + "\n"


def doing(state: State, name: str, entry: Entry) -> tuple[str, str]:
    """What one agent is doing, for the tree: (icon, words)."""
    if entry["state"] not in tables.LIVING:
        return ("🏁" if entry["state"] == "ENDED" else "💀"), entry["state"].lower()
    if entry["role"] == tables.SUPERVISOR:
        owner = state["owner"]
        if owner["holder"] != name or owner["state"] not in ("ACTIVE", "OFFERED"):
            return "👁", "waiting for the hand-off"
        return "👁", ("monitoring (epoch %d)" if owner["state"] == "ACTIVE" else "was offered epoch %d") % owner["epoch"]
    for n in view.owned(state, name):
        task = view.task(state, n)
        return ICONS[task["state"]], "task #%d «%s» (%s)" % (n, task["subject"], task["state"])
    reviewing = [s for s in advice.for_agent(state, name) if s["step"].startswith("review:")]
    if reviewing:
        return "📝", "reviewing task #%s" % ", #".join(str(s["task"]) for s in reviewing)
    if entry["role"] == tables.TECH_LEAD and state["plan"]["ok"]:
        return "✅", "plan validated"
    return ("😴", "idle") if entry["state"] == "IDLE" else ("🔎", "working")


def _rows(state: State, most: int | None) -> list[str]:
    """Agents, then tasks that nobody is at, one a line; `most`: how many lines there may be (None: all). What needs somebody comes
    first and stays; agents that have ended and tasks that wait are counted when they do not fit."""
    agents = [
        (entry["state"] in tables.LIVING, "%s %s: %s" % (icon, n, text))
        for n, entry in state["roster"].items()
        for icon, text in [doing(state, n, entry)]
    ]
    closed = state["phase"] == "CLOSED"
    tasks = [
        (task["state"] in tables.BLOCKED_ON_LEAD, "%s task #%d «%s» (%s)" % (ICONS[task["state"]], n, task["subject"], task["state"]))
        for n, task in view.tasks(state)
        if closed or task["state"] in ("PENDING",) + tables.BLOCKED_ON_LEAD and not (task["owner"] and task["owner"] in state["roster"])
    ]
    if most is None or len(agents) + len(tasks) <= most:
        return [row for _, row in agents] + [row for _, row in tasks]
    rows = [row for living, row in agents if living]
    if len(rows) < len(agents):
        rows.append("🏁 and %d more that have ended (pack status --all)" % (len(agents) - len(rows)))
    urgent = [row for blocked, row in tasks if blocked]
    waiting = [row for blocked, row in tasks if not blocked]
    room = max(1, most - len(rows) - len(urgent) - 1)
    rows += urgent + waiting[:room]
    if len(waiting) > room:
        rows.append("📋 and %d more %s (pack status --all)" % (len(waiting) - room, "tasks" if closed else "tasks that wait"))
    return rows


def phase_words(state: State) -> str:
    """The phase, and whether the run was aborted: the journal of such a run is CLOSED, too."""
    return str(state["phase"]) + (", aborted" if state["teardown"]["aborted"] else "")


def tree(state: State, enforcement: str, lines: int | None = None, people: bool = False) -> str:
    """The seed's status tree, from the state alone. lines: how many lines there may be, None for all. people: a person reads it, who makes
    no tool calls: the steps without them."""
    if view.team(state) is None:
        return "no team"
    rows, kind = _rows(state, None if lines is None else max(4, lines - 12)), kind_of(state)
    out = [
        "📋 TEAM STATUS — %s" % state["team"]["name"],
        "   phase %s · %s · owner %s · enforcement %s" % (phase_words(state), kind.classified(state), view.owner_words(state), enforcement),
    ]
    out += [("└── " if i == len(rows) - 1 else "├── ") + row for i, row in enumerate(rows)]
    progress = kind.progress(state)
    if progress:
        out += [""] + progress
    total = [task for _n, task in view.tasks(state) if task["state"] != "CANCELLED"]
    done = [task for task in total if task["state"] == "DONE"]
    if total:
        filled = 10 * len(done) // len(total)
        out += ["", "Progress: %s%s %d/%d tasks" % ("█" * filled, "░" * (10 - filled), len(done), len(total))]
    out += ["⚠ Verification: " + line for line in verification.remarks(state)]
    if state["paused"] and state["phase"] != "CLOSED":
        out.append("⏸ Paused: nobody is spawned or woken until the user types `resume team`.")
    if state["tampered"] and state["phase"] != "CLOSED":
        out.append(
            "🚨 Changed while the run is live: %s. `pack doctor` shows it; `team resume` accepts what is there." % tampered_text(state)
        )
    out += kind.standing(state)
    if state["phase"] in ("TEARDOWN", "FAILED_SAFE"):
        out.append("Teardown: %s, missing acks: %s" % (state["teardown"]["state"], ", ".join(view.missing_acks(state)) or "none"))
    todo = advice.steps(state)
    if todo:
        out += ["", "Next:"] + ["  %s: %s" % (s["who"], advice.for_people(s["text"]) if people else s["text"]) for s in todo[:5]]
    return "\n".join(out)


def noted(run: str) -> str:
    """Lines that tree and summary have besides, from `notes.json` in the run's folder: what is in no journal (a fleet's, fleet/files.py)."""
    try:
        with open(run + "/notes.json", encoding="ascii") as f:
            return "".join("\n⚠ " + line for line in codec.loads(f.read()))
    except (OSError, ValueError, TypeError):
        return ""


def summary(state: State, figures: Figures) -> str:
    """The seed's final report."""
    return "\n".join(kind_of(state).report(state, figures))


def stats(records: Sequence[Record]) -> Figures:
    """Figures of a run from its journal records."""
    from . import summary as report

    return report.figures(records)
