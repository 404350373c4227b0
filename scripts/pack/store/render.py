"""State -> text, nothing else: `state.md` in the seed's layout, the status tree, the summary report."""

from __future__ import annotations

from ..protocol import advice, advice_waves, tables, verification, view, waves
from ..protocol.guards_teardown import tampered_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from ..protocol.state_types import Entry, Record, State
    from .figure_types import Figures
    from ..protocol.state_types import CommandRun, Verify

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
RULE = "═" * 50


def state_md(state: State, seq: int) -> str:
    """The derived state file. Recovery instructions come first: after a compaction only the beginning may be read."""
    team = state["team"]
    roster = ["- %s: %s (%s, incarnation %d)" % (n, e["state"], e["role"], e["inc"]) for n, e in state["roster"].items()]
    have = {e["role"] for e in state["roster"].values()}
    expected = (tables.SUPERVISOR, tables.TECH_LEAD) + tables.REVIEWERS if state["waves"] is None else tuple(waves.roles(state))
    roster += ["- %s: NOT_SPAWNED" % r for r in expected if r not in have]
    matrix = ["- %s: %s" % (m, " + ".join(r)) for m, r in tables.APPROVAL_MATRIX.items()]
    work = ["- #%d: %s — %s (%s)" % (n, t["subject"], t["state"], t["owner"] or "unassigned") for n, t in view.tasks(state)]
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
        "- operational_state_owner: %s@%d (%s)" % (owner["holder"] or "lead", owner["epoch"], owner["state"]),
        "- architectural_decisions_owner: tech-lead",
        "- lead_role: decisions/staffing only",
        "",
        "## Team Roster",
    ]
    lines += roster + ["", "## Approval Matrix (runtime source of truth)"] + matrix + ["", "## Tasks"] + (work or ["- none registered"])
    if state["waves"] is not None:
        lines += ["", "## Waves"] + ["- " + x for x in advice_waves.lines(state)]
    lines += ["", "## Active Coders: %d (max: %d)" % (len(view.busy_coders(state)), team["coders"])]
    if state["definition_of_done"]:
        lines += ["", "## Definition of Done"] + ["- " + d for d in state["definition_of_done"]]
    for n, t in view.tasks(state):  # agents without a shell read their task here
        lines += ["", "### Task #%d: %s" % (n, t["subject"])]
        lines += ["- %s: %s" % (part, "; ".join(t[part]) or "-") for part in ("files", "references", "acceptance", "checks")]
        lines += [
            "- tooling: " + "; ".join("%s: `%s`" % kv for kv in sorted(t["tooling"].items())),
            "- blocked by: %s; reviewers: %s%s"
            % (
                ", ".join("#%d" % b for b in t["blocked_by"]) or "-",
                ", ".join(t["reviewers"]) or "-",
                "; high risk" if t["high_risk"] else "",
            ),
        ]
        if state["mode"]:
            q = view.quorum(state, t)
            lines.append("- revision %s: %s, %s" % (t["revision"] or "none", q["result"], view.quorum_text(q)))
    if state["teardown"]["state"] != "NONE":
        lines += [
            "",
            "## Teardown: %s" % state["teardown"]["state"],
            "- missing acks: %s" % (", ".join(view.missing_acks(state)) or "none"),
        ]
    return "\n".join(lines) + "\n"


def doing(state: State, name: str, e: Entry) -> tuple[str, str]:
    """What one agent is doing, for the tree: (icon, words)."""
    if e["state"] not in tables.LIVING:
        return ("🏁" if e["state"] == "ENDED" else "💀"), e["state"].lower()
    if e["role"] == tables.SUPERVISOR:
        owner = state["owner"]
        if owner["holder"] != name or owner["state"] not in ("ACTIVE", "OFFERED"):
            return "👁", "waiting for the hand-off"
        return "👁", ("monitoring (epoch %d)" if owner["state"] == "ACTIVE" else "was offered epoch %d") % owner["epoch"]
    for n in view.owned(state, name):
        t = view.task(state, n)
        return ICONS[t["state"]], "task #%d «%s» (%s)" % (n, t["subject"], t["state"])
    reviewing = [s for s in advice.for_agent(state, name) if s["step"].startswith("review:")]
    if reviewing:
        return "📝", "reviewing task #%s" % ", #".join(str(s["task"]) for s in reviewing)
    if e["role"] == tables.TECH_LEAD and state["plan"]["ok"]:
        return "✅", "plan validated"
    return ("😴", "idle") if e["state"] == "IDLE" else ("🔎", "working")


def _rows(state: State, most: int | None) -> list[str]:
    """Agents, then tasks that nobody is at, one a line; `most`: how many lines there may be (None: all). What needs somebody comes
    first and stays; agents that have ended and tasks that wait are counted when they do not fit."""
    agents = [
        (e["state"] in tables.LIVING, "%s %s: %s" % (icon, n, text))
        for n, e in state["roster"].items()
        for icon, text in [doing(state, n, e)]
    ]
    closed = state["phase"] == "CLOSED"
    tasks = [
        (t["state"] in tables.BLOCKED_ON_LEAD, "%s task #%d «%s» (%s)" % (ICONS[t["state"]], n, t["subject"], t["state"]))
        for n, t in view.tasks(state)
        if closed or t["state"] in ("PENDING",) + tables.BLOCKED_ON_LEAD and not (t["owner"] and t["owner"] in state["roster"])
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


def tree(state: State, enforcement: str, lines: int | None = None) -> str:
    """The seed's status tree, from the state alone. lines: how many lines there may be, None for all."""
    if state["team"] is None:
        return "no team"
    rows = _rows(state, None if lines is None else max(4, lines - 12))
    out = [
        "📋 TEAM STATUS — %s" % state["team"]["name"],
        "   phase %s · %s · owner %s · enforcement %s"
        % (state["phase"], state["mode"] or "not classified", view.owner_text(state), enforcement),
    ]
    out += [("└── " if i == len(rows) - 1 else "├── ") + row for i, row in enumerate(rows)]
    if state["waves"] is not None:
        out += [""] + advice_waves.lines(state)
    total = [t for _n, t in view.tasks(state) if t["state"] != "CANCELLED"]
    done = [t for t in total if t["state"] == "DONE"]
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
    from . import result_text  # not on the hooks' path

    out += result_text.standing(state)
    if state["phase"] in ("TEARDOWN", "FAILED_SAFE"):
        out.append("Teardown: %s, missing acks: %s" % (state["teardown"]["state"], ", ".join(view.missing_acks(state)) or "none"))
    todo = advice.steps(state)
    if todo:
        out += ["", "Next:"] + ["  %s: %s" % (s["who"], s["text"]) for s in todo[:5]]
    return "\n".join(out)


_NOT_VERIFIED: Verify = {
    "ok": False,
    "tree": None,
    "nonce": None,
    "build": {"exit": None, "command": "-"},
    "test": {"exit": None, "command": "-"},
}


def _mark(part: CommandRun) -> str:
    done = "✅" if part["exit"] == 0 else "❌ not run" if part["exit"] is None else "❌ exit %s" % part["exit"]
    return "%s (%s)" % (done, part["command"])


def summary(state: State, stats: Figures) -> str:
    """The seed's final report; every number comes from the journal (`stats`) or the state."""
    done = [t for _n, t in view.tasks(state) if t["state"] == "DONE"]
    verify = state["verify"] or _NOT_VERIFIED
    counts = state["risks"]["counts"] or {}
    from . import result_text

    left = result_text.open_points(state, stats)
    met = not left and state["verify"] and state["verify"]["ok"] and not state["teardown"]["aborted"] and len(done) == len(state["tasks"])
    lines = [
        RULE,
        "FEATURE IMPLEMENTATION "
        + (
            "ABORTED"
            if state["teardown"]["aborted"]
            else "COMPLETE"
            if state["phase"] == "CLOSED"
            else "NOT FINISHED: phase " + state["phase"]
        ),
        RULE,
        "",
        "Tasks completed: %d/%d" % (len(done), len(state["tasks"])),
        "Complexity: %s" % (state["mode"] or "not classified"),
        "Commits: %s"
        % ("; ".join("%s %s%s" % (c["sha"][:7], c["subject"], result_text.commit_mark(c)) for c in stats["commits"]) or "none"),
        "",
        "Risk analysis (pre-implementation):",
        "  Risks identified by Tech Lead: %d" % sum(counts.values()),
        "  Risk testers spawned: %d" % state["risks"]["testers"],
        "  CRITICAL %d, MAJOR %d, MINOR %d" % tuple(counts.get(s, 0) for s in tables.SEVERITIES),
        "",
        "Review stats (post-implementation):",
    ]
    for role in tables.APPROVERS:
        if stats["verdicts"].get(role):
            lines.append("  %s: %d approved, %d times changes requested" % (role, stats["verdicts"][role][0], stats["verdicts"][role][1]))
    lines += [
        "  Escalations: %d" % len(state["escalations"]),
        "  Calls refused: %d" % stats["refused"],
        "",
        "Integration:",
        "  Build: " + _mark(verify["build"]),
        "  Tests: %s%s" % (_mark(verify["test"]), "; " + verification.tests_text(verify) if verify["test"]["exit"] == 0 else ""),
        *("  ⚠ " + line for line in verification.remarks(state) if line != verification.UNKNOWN),
        *(["  ❌ not accepted: %s" % verify["why"]] if verify.get("why") else []),
        "",
        "Conventions:",
        "  .conventions/ created or updated: %s" % ("✅" if stats["conventions"] else "❌"),
        "  Files added/changed: %s" % (", ".join(sorted(stats["convention_files"])) or "none"),
        "",
    ]
    if stats["tampered"]:
        lines.append("Changed while the run was live, though it enforces the run: %s" % "; ".join(dict.fromkeys(stats["tampered"])))
    if state["teardown"]["unresolved"]:
        lines.append("Unresolved at the end: %s (%s)" % (", ".join(state["teardown"]["unresolved"]), state["teardown"]["ack_status"]))
    lines += result_text.report(state, stats)
    lines += ["Definition of Done: %s" % ("✅ met" if met else "❌ partial"), RULE]
    return "\n".join(lines)


def stats(records: Sequence[Record]) -> Figures:
    """Figures of a run from its journal records."""
    from . import result_text

    out: Figures = {
        "verdicts": {},
        "refused": 0,
        "tampered": [],
        "conventions": False,
        "convention_files": set(),
        "commits": [],
        "result": result_text.stats(records),
    }
    for r in records:
        role = r["actor"]["role"] or ""
        if r["event"] in ("APPROVED", "CHANGES_REQUESTED"):
            out["verdicts"].setdefault(role, [0, 0])[r["event"] == "CHANGES_REQUESTED"] += 1
        elif r["event"] == "STATE_DIVERGENCE" and r["data"].get("enforces"):
            out["tampered"].append("%s (%s)" % (r["data"]["file"], r["data"]["was"]))
        elif r["event"] in tables.TROUBLE:
            out["refused"] += 1
        elif r["event"] == "FILE_WRITTEN" and (r["data"]["path"] or "").startswith(".conventions"):
            out["conventions"] = True
            out["convention_files"].add(r["data"]["path"])
        elif r["event"] == "COMMITTED":
            out["commits"].append(
                {
                    "sha": r["data"]["sha"],
                    "subject": r["data"]["subject"],
                    "by": r["actor"]["name"],
                    "gated": r["data"]["gated"],
                    "approved": bool(r["data"].get("tasks", r["data"]["gated"])),
                }
            )
    return out
