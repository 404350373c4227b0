"""The closing proof of a run as lines: what its end rests on, item by item, with the sign whether it holds."""

from __future__ import annotations

from ..protocol import verification, view, waves
from . import render, result_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import State
    from .figure_types import Figures

WAITS, HOLDS, FAILS = "…", "✓", "✗"


def rows(state: State, counts: Figures) -> list[tuple[str, str, str]]:
    """[(sign, what, the facts it rests on)] of a run so far; counts: summary.figures of its records."""
    return render.kind_of(state).proof(state, counts)


def of_tasks(state: State, counts: Figures) -> list[tuple[str, str, str]]:
    """The same of a run of tasks."""
    tasks = [(n, task) for n, task in view.tasks(state) if task["state"] != "CANCELLED"]
    done = [n for n, task in tasks if task["state"] == "DONE"]
    verify: Any = state["verify"] or {}
    exits = [(part, (verify.get(part) or {}).get("exit")) for part in ("build", "test")]
    ran = [(part, code) for part, code in exits if code is not None]
    good = bool(verify.get("ok"))
    out = [
        (
            HOLDS if tasks and len(done) == len(tasks) else WAITS,
            "every task is done, each approved by every role that it needs",
            "%d of %d" % (len(done), len(tasks)) if tasks else "every task is cancelled" if state["tasks"] else "no task is registered",
        ),
        (
            HOLDS if good else FAILS if ran else WAITS,
            "build and tests passed in a fresh checkout of this very tree"
            if verify.get("where") != "in place"
            else "build and tests passed",
            "; ".join("%s exit %s (%s)" % (part, code, verify[part]["command"]) for part, code in ran) or "`pack verify` has not run",
        ),
    ]
    out += [("⚠", line, "") for line in verification.remarks(state)]
    report = [line.strip() for line in result_text.report(state, counts)[1:] if line.strip()]
    checked = state["phase"] in ("TEARDOWN", "CLOSED", "FAILED_SAFE")
    sign = FAILS if result_text.unapproved(state, counts) else HOLDS if checked else WAITS
    told = "; ".join(line.rstrip(".") for line in report if line != result_text.ALL_APPROVED)
    out.append((sign, "what the run leaves behind is exactly what was approved", told))
    commits = counts["commits"]
    unapproved = [c for c in commits if not c["approved"]]
    out.append(
        (
            FAILS if unapproved else HOLDS if commits else WAITS,
            "every commit holds approved content",
            "; ".join("%s %s%s" % (c["sha"][:7], c["subject"], result_text.commit_mark(c)) for c in commits)
            or ("none" if state["phase"] == "CLOSED" else "none yet"),
        )
    )
    teardown = state["teardown"]
    ended = state["phase"] == "CLOSED" and not teardown["unresolved"]
    how = (
        "aborted" if teardown["aborted"] else teardown["ack_status"] or ("not begun" if teardown["state"] == "NONE" else teardown["state"])
    )
    left = "; unresolved: " + ", ".join(teardown["unresolved"]) if teardown["unresolved"] else ""
    out.append(
        (HOLDS if ended else FAILS if teardown["unresolved"] else WAITS, "everybody has ended, the supervisor last", str(how) + left)
    )
    return _settled(state, out)


def _settled(state: State, out: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What a run that is over still waits for does not come any more."""
    return [(FAILS if sign == WAITS and state["phase"] == "CLOSED" else sign, what, facts) for sign, what, facts in out]


def of_waves(state: State) -> list[tuple[str, str, str]]:
    """The same of a run of waves."""
    facts: Any = state["waves"]
    out = []
    for g in state["team"]["definition"]["gates"]:
        verdict = facts["verdicts"].get(g["id"], "not judged")
        why = "; ".join((facts["reasons"].get(g["id"]) or [])[:2]) if verdict != "PASS" else ""
        sign = HOLDS if verdict == "PASS" else FAILS if verdict in ("FAIL", "FORGED") else WAITS
        out.append((sign, "gate %s" % (g.get("title") or g["id"]), "%s%s" % (verdict, ": " + why if why else "")))
    for w in state["team"]["definition"]["waves"]:
        if w["mode"] == "loop":  # open only while a gate fails, and that is seen above
            continue
        left = waves.end_reasons(state, w, facts["unmet"])
        out.append((WAITS if left else HOLDS, ("wave %s %s" % (w["id"], w.get("title") or "")).strip(), left[0] if left else "over"))
    return _settled(state, out)


def lines(state: State, counts: Figures) -> list[str]:
    """The same as text."""
    return ["%s %s%s" % (sign, what, ": " + facts if facts else "") for sign, what, facts in rows(state, counts)]
