"""The final report in the seed's shape, every figure from the journal; and that of a run of waves. State and records -> text."""

from __future__ import annotations

from ..protocol import guards_risks, tables, verification, view, waves
from ..protocol.guards_teardown import tampered_text
from . import history, result_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..protocol.state_types import Record, Risk, State
    from .figure_types import Figures

RULE = "═" * 50
# What a finding is about, by who found it. The unified reviewer looks at all three in one pass.
AREAS = (
    *((role, role.partition("-")[0].capitalize()) for role in tables.SPECIALISTS),
    (tables.UNIFIED, "Unified review"),
    (tables.ENABLING, "Sensitive area"),
    (tables.TECH_LEAD, "Architectural"),
)


def figures(records: Sequence[Record]) -> Figures:
    """Figures of a run from its journal records."""
    counted = _Counted(records)
    for r in records:
        counted.take(r)
    counted.sum_up()
    return counted.out


class _Counted:
    """The figures so far, record by record."""

    def __init__(self, records: Sequence[Record]) -> None:
        result: Any = result_text.stats(records)
        self.out: Figures = {
            "verdicts": {},  # role -> [approved, times changes were asked for]
            "found": {},  # role -> {"fixed": n, "left": {severity: n}}
            "conventions_fixed": 0,
            "pattern": 0,
            "gold": [],
            "red": {"build": False, "test": False},  # whether it ever failed
            "fixes": {"build": [], "test": []},  # tasks added while it failed
            "trade_offs": [],
            "refused": 0,
            "tampered": [],
            "conventions": False,
            "convention_files": set(),
            "commits": [],
            "spawned": {},
            "result": result,
        }
        self.known: dict[tuple[int, str], dict[str, list[Any]]] = {}  # (task, role) -> {mark: [severity, kind, fixed]}
        self.failing: set[str] = set()
        self.number = 0  # of the task added last

    def take(self, r: Record) -> None:
        name = r["event"]
        d: Any = r["data"]
        if name in ("APPROVED", "CHANGES_REQUESTED"):
            self.verdict(r, d)
        elif name == "SPAWN_REQUESTED":
            self.spawn(d)
        elif name == "PATTERN_DOES_NOT_FIT":
            self.out["pattern"] += 1
        elif name == "PLAN_REGISTERED":
            self.number = max(map(int, d["tasks"]))
            self.out["trade_offs"] = d.get("trade_offs") or []
        elif name == "TASK_ADDED":
            self.number += 1
            for part in self.failing:
                self.out["fixes"][part].append(self.number)
        elif name == "VERIFIED":
            self.verified(d)
        elif name == "STATE_DIVERGENCE" and d.get("enforces"):
            self.out["tampered"].append("%s (%s)" % (d["file"], d["was"]))
        elif name in tables.TROUBLE:
            self.out["refused"] += 1
        elif name == "FILE_WRITTEN" and (d["path"] or "").startswith(".conventions"):
            self.out["conventions"] = True
            self.out["convention_files"].add(d["path"])
        elif name == "COMMITTED":
            self.committed(r, d)

    def verdict(self, r: Record, d: Any) -> None:
        role = r["actor"]["role"] or ""
        self.out["verdicts"].setdefault(role, [0, 0])[r["event"] == "CHANGES_REQUESTED"] += 1
        _found(self.known.setdefault((d["task"], role), {}), d, r["event"])

    def spawn(self, d: Any) -> None:
        self.out["spawned"][d["role"]] = self.out["spawned"].get(d["role"], 0) + 1
        self.out["gold"] += [p for p in d.get("gold") or () if p not in self.out["gold"]]

    def verified(self, d: Any) -> None:
        for part in ("build", "test"):
            red = d["%s_exit" % part] != 0 or part == "test" and bool(d.get("why")) and not d["build_exit"]
            self.out["red"][part] = self.out["red"][part] or red
            self.failing = self.failing | {part} if red else self.failing - {part}

    def committed(self, r: Record, d: Any) -> None:
        if d.get("gone"):
            self.out["commits"] = [c for c in self.out["commits"] if c["sha"] not in d["gone"]]
        self.out["commits"].append(
            {
                "sha": d["sha"],
                "subject": d["subject"],
                "by": r["actor"]["name"],
                "gated": d["gated"],
                "approved": bool(d.get("tasks", d["gated"])),
                "empty": d.get("tasks") == [] and d["sha"] not in self.out["result"]["diverged"],
                "elsewhere": d.get("elsewhere", []),
            }
        )

    def sum_up(self) -> None:
        """What the reviewers found, by who found it."""
        for (_task, role), marks in self.known.items():
            row = self.out["found"].setdefault(role, {"fixed": 0, "left": {}})
            for severity, kind, fixed in marks.values():
                row["fixed"] += fixed
                self.out["conventions_fixed"] += fixed and kind == "convention"
                if not fixed:
                    row["left"][severity] = row["left"].get(severity, 0) + 1


def _found(marks: dict[str, list[Any]], data: Any, event: str) -> None:
    """Take in one verdict: what is said again is one finding; what an approval says no more was fixed."""
    said = {mark: (severity, kind) for severity, kind, mark in data.get("findings") or ()}
    if not said and event == "CHANGES_REQUESTED":
        said = {"(in words)": ("MAJOR", "")}  # a request for changes is a finding, whatever its form
    for mark, (severity, kind) in said.items():
        marks[mark] = [severity, kind, False]
    if event == "APPROVED":
        for mark, row in marks.items():
            row[2] = row[2] or mark not in said


def _headline(state: State, what: str) -> list[str]:
    ending = (
        "ABORTED" if state["teardown"]["aborted"] else "COMPLETE" if state["phase"] == "CLOSED" else "NOT FINISHED: phase " + state["phase"]
    )
    return [RULE, "%s %s" % (what, ending), RULE, ""]


def _commits(stats: Figures) -> str:
    shown = ("%s %s%s" % (c["sha"][:7], c["subject"], result_text.commit_mark(c)) for c in stats["commits"])
    return "Commits: %s" % ("; ".join(shown) or "none")


def of_tasks(state: State, stats: Figures) -> list[str]:
    """The report of a run of tasks."""
    done = [task for _n, task in view.tasks(state) if task["state"] == "DONE"]
    cancelled = sum(task["state"] == "CANCELLED" for _n, task in view.tasks(state))
    lines = _headline(state, "FEATURE IMPLEMENTATION") + [
        "Tasks completed: %d/%d%s" % (len(done), len(state["tasks"]), ", %d cancelled" % cancelled if cancelled else ""),
        "Complexity: %s" % (state["mode"] or "not classified"),
        _commits(stats),
        *("Trade-off: " + trade_off for trade_off in stats["trade_offs"]),
        "",
    ]
    lines += _risks(state) + [""] + _reviews(state, stats) + [""] + _integration(state, stats) + [""]
    gold = stats["gold"] or sorted({p for task in state["tasks"].values() for p in task["references"]})
    lines += [
        "Conventions:",
        "  Gold standards used: %s" % (", ".join(gold) or "none"),
        "  .conventions/ created or updated: %s" % ("✅" if stats["conventions"] else "❌"),
        "  Files added/changed: %s" % (", ".join(sorted(stats["convention_files"])) or "none"),
        "",
    ]
    if stats["tampered"]:
        lines.append("Changed while the run was live, though it enforces the run: %s" % "; ".join(dict.fromkeys(stats["tampered"])))
    if state["teardown"]["unresolved"]:
        lines.append("Unresolved at the end: %s (%s)" % (", ".join(state["teardown"]["unresolved"]), state["teardown"]["ack_status"]))
    lines += result_text.report(state, stats)
    return lines + _definition_of_done(state, stats, len(done)) + [RULE]


def _risks(state: State) -> list[str]:
    risks = state["risks"]
    listed = guards_risks.listed(state)
    told = risks["verdicts"]

    def said(verdict: str) -> list[Risk]:
        return [r for r in listed if str(r["id"]) in told and told[str(r["id"])]["verdict"] == verdict]

    def names(rows: list[Risk]) -> str:
        return " (%s)" % ", ".join("RISK-%d" % r["id"] for r in rows) if rows else ""

    tested = [r for r in listed if str(r["id"]) in risks["verdicts"]]
    by = ", ".join("%s %d" % (s, sum(r["severity"] == s for r in listed)) for s in tables.SEVERITIES)
    mitigated = said("MITIGATED")
    out = [
        "Risk analysis (pre-implementation):",
        "  Risks identified by Tech Lead: %d (%s)" % (len(listed), by),
        "  Risk testers spawned: %d" % risks["testers"],
        "  Confirmed risks (mitigated before coding): %d%s" % (len(said("CONFIRMED")), names(said("CONFIRMED"))),
        "  Theoretical risks (dismissed): %d%s" % (len(said("THEORETICAL")), names(said("THEORETICAL"))),
    ]
    if mitigated:
        out.append("  Risks that what is there mitigates: %d%s" % (len(mitigated), names(mitigated)))
    if len(listed) > len(tested):
        out.append("  Not tested: %d" % (len(listed) - len(tested)))
    return out + ["  Tasks updated with risk mitigations: %d" % len(risks["changed"])]


def _reviews(state: State, stats: Figures) -> list[str]:
    out = ["Review stats (post-implementation):"]
    for role, area in AREAS:
        row = stats["found"].get(role, {"fixed": 0, "left": {}})
        if role in (tables.UNIFIED, tables.ENABLING) and role not in stats["verdicts"]:
            continue
        left = ", ".join("%d %s" % (row["left"][s], s) for s in tables.SEVERITIES if s in row["left"])
        out.append("  %s issues found & fixed: %d%s" % (area, row["fixed"], "; left: %s" % left if left else ""))
    out.insert(-1, "  Convention violations caught & fixed: %d" % stats["conventions_fixed"])
    asked = "; ".join(
        "%s %d approved, %d changes requested" % (r, stats["verdicts"][r][0], stats["verdicts"][r][1])
        for r, _a in AREAS
        if r in stats["verdicts"]
    )
    return out + [
        "  Escalations (pattern didn't fit): %d" % stats["pattern"],
        "  Escalations to MEDIUM: %d" % len(state["escalations"]),
        "  Enabling agents triggered: %d" % stats["spawned"].get(tables.ENABLING, 0),
        "  Verdicts: %s" % (asked or "none"),
        "  Calls refused: %d" % stats["refused"],
    ]


def _integration(state: State, stats: Figures) -> list[str]:
    verify: Any = state["verify"] or {"build": {"exit": None, "command": "-"}, "test": {"exit": None, "command": "-"}}

    def mark(name: str) -> str:
        part = verify[name]
        sign = "✅" if part["exit"] == 0 else "❌ not run" if part["exit"] is None else "❌ exit %s" % part["exit"]
        fixed = stats["fixes"][name]
        if stats["red"][name] and part["exit"] == 0:
            sign += " (fixed in task %s)" % ", ".join("#%d" % n for n in fixed) if fixed else " (failed before)"
        return "%s (%s)" % (sign, part["command"])

    return [
        "Integration:",
        "  Build: " + mark("build"),
        "  Tests: %s%s" % (mark("test"), "; " + verification.tests_text(verify) if verify["test"]["exit"] == 0 else ""),
        *("  ⚠ " + line for line in verification.remarks(state) if line != verification.UNKNOWN),
        *(["  ❌ not accepted: " + verify["why"]] if verify.get("why") else []),
    ]


def _definition_of_done(state: State, stats: Figures, done: int) -> list[str]:
    """The result, and each line of it with what it rests on."""
    from ..protocol.plan import says

    verify: Any = state["verify"] or {}
    whole = bool(state["tasks"]) and done == len(state["tasks"])
    exits = {part: (verify.get(part) or {}).get("exit") for part in ("build", "test")}
    critical = sum(row["left"].get("CRITICAL", 0) for row in stats["found"].values())
    consistent = state["consistency"] == "OK" if state["mode"] in tables.VALIDATED_MODES else whole
    approved = (whole, "the required roles approved %d of %d tasks" % (done, len(state["tasks"])))
    facts = {
        "build": (exits["build"] == 0, "exit %s" % exits["build"] if exits["build"] is not None else "not run"),
        "tests": (exits["test"] == 0 and not verify.get("why"), "exit %s" % exits["test"] if exits["test"] is not None else "not run"),
        "critical": (not critical, "%d unresolved" % critical),
        "architecture": (
            consistent,
            "CONSISTENCY %s" % (state["consistency"] or "not asked") if state["mode"] in tables.VALIDATED_MODES else approved[1],
        ),
        "gold": (whole, "%s; %d deviation(s) escalated" % (approved[1], stats["pattern"])),
    }
    rows = []
    for line in state["definition_of_done"]:
        key = next((k for k, _words, _text in tables.DONE_LINES if says(line, k)), "")
        good, why = facts.get(key, approved)
        rows.append((good, "  %s %s (%s)" % ("✅" if good else "❌", line, why)))
    left = result_text.open_points(state, stats)
    met = not left and verify.get("ok") and not state["teardown"]["aborted"] and whole and all(good for good, _row in rows)
    return ["Definition of Done: %s" % ("✅ met" if met else "❌ partial")] + [row for _good, row in rows]


# --- Runs of waves -----------------------------------------------------------------------------------------------------------


def of_waves(state: State, stats: Figures) -> list[str]:
    """The report of a run of waves."""
    facts, team = state["waves"], state["team"]
    definition = team["definition"]
    title = definition.get("title") or definition.get("name") or team["name"]
    over = {w["id"]: waves.end_reasons(state, w, facts["unmet"]) for w in definition["waves"]}
    asked = [w for w in definition["waves"] if w["mode"] != "loop"]
    lines = _headline(state, "TEAM %s" % title) + [
        "Waves completed: %d/%d" % (sum(not over[w["id"]] for w in asked), len(asked)),
        *(
            "  %s wave %s %s%s"
            % ("✅" if not over[w["id"]] else "❌", w["id"], w.get("title", ""), ": " + over[w["id"]][0] if over[w["id"]] else "")
            for w in asked
        ),
        "",
    ]
    passed = [g for g in definition["gates"] if facts["verdicts"].get(g["id"]) == "PASS"]
    lines.append("Gates passed: %d/%d" % (len(passed), len(definition["gates"])))
    for g in definition["gates"]:
        verdict = facts["verdicts"].get(g["id"], "not judged")
        why = (facts["reasons"].get(g["id"]) or [""])[0] if verdict != "PASS" else ""
        failed = facts["failures"].get(g["id"], 0)
        again = "; failed %s" % history.counted(failed, "time") if failed else ""
        word = facts.get("words", {}).get(g["id"])
        said = "; the user %s it" % ("approved" if word["approve"] else "rejected") if word else ""
        lines.append(
            "  %s %s: %s%s%s%s"
            % ("✅" if verdict == "PASS" else "❌", g.get("title") or g["id"], verdict, ": " + why if why else "", again, said)
        )
    lost = ", ".join("%s %d" % kv for kv in sorted(facts["lost"].items()) if kv[1])
    lines += [
        "",
        "Agents spawned: %s" % (", ".join("%s %d" % kv for kv in sorted(facts["spawned"].items()) if kv[1]) or "none"),
        *(["Agents lost: " + lost] if lost else []),
        _commits(stats),
        "Calls refused: %d" % stats["refused"],
    ]
    if facts["halted"]:
        lines.append("HARD STOP: gate %s" % facts["halted"])
    if stats["tampered"]:
        lines.append("Changed while the run was live, though it enforces the run: %s" % "; ".join(dict.fromkeys(stats["tampered"])))
    if state["tampered"]:
        lines.append("What enforces the run was changed and not accepted: " + tampered_text(state))
    if state["teardown"]["unresolved"]:
        lines.append("Unresolved at the end: %s (%s)" % (", ".join(state["teardown"]["unresolved"]), state["teardown"]["ack_status"]))
    stops = [g["id"] for g in definition["gates"] if g.get("non_negotiable") or g.get("hard_stop")]
    open_stops = [g for g in stops if facts["verdicts"].get(g) != "PASS"]
    whole = all(not over[w["id"]] for w in asked) and len(passed) == len(definition["gates"]) and not facts["halted"]
    certified = whole and not state["teardown"]["aborted"]
    why = (
        "every wave is over, every gate passed"
        if certified
        else "; ".join(
            (["hard stop gates without PASS: " + ", ".join(open_stops)] if open_stops else [])
            + (["the run was aborted"] if state["teardown"]["aborted"] else [])
            + (["%d of %d gates passed" % (len(passed), len(definition["gates"]))] if len(passed) < len(definition["gates"]) else [])
            + ([w + ": " + r[0] for w, r in over.items() if r][:2])
        )
    )
    return lines + ["", "Certification: %s (%s)" % ("✅ certified" if certified else "❌ not certified", why), RULE]
