"""What people are told of the result: drift, waivers, commits past the gate, what nobody approved. State and records -> lines."""

from __future__ import annotations

from ..protocol import verification, view
from ..protocol.guards_result import WAYS_OUT, drifted, finding_text, findings_text, plainly
from ..protocol.guards_teardown import tampered_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..protocol.state_types import Record, State
    from .figure_types import CommitRow, Figures, ResultFigures


ALL_APPROVED = "Everything that differs from the start is approved."


def standing(state: State) -> list[str]:
    """Lines for the status tree: what stands between the run and its end now, with the way out."""
    out: list[str] = []
    result = state["result"]
    if state["phase"] == "CLOSED":
        return out
    for number, task in drifted(state):
        out.append("🚨 DRIFTED: task #%d is DONE and its files are no longer what was approved:" % number)
        out += ["   " + finding_text(d) for d in task["drift"][:5]]
    for path, u in sorted(result["unseen"].items())[:8]:
        at = ", ".join(u["at_work"]) or "nobody of the team"
        out.append(
            "⚠ %s changed outside every task, between event %s and %s; at work then: %s" % ((plainly(path),) + tuple(u["between"]) + (at,))
        )
    for sha, d in sorted(result["diverged"].items()):
        out.append("🚨 COMMIT_DIVERGES: %s is not what was approved%s: %s" % (sha[:7], _for(d["task"]), d["why"]))
    if result["open"] and not drifted(state):
        out += ["🚨 Not approved, and the run cannot end:"] + [
            "   " + line.strip() for line in findings_text(result["open"], 8).split("\n")
        ]
    if out:
        out.append("   Ways out: " + WAYS_OUT.partition(": ")[2] + ".")
    return out


def _for(number: int | None) -> str:
    return " for task #%d" % number if number is not None else ""


def explain(state: State, number: int) -> list[str]:
    """Lines for `pack explain N`."""
    task = view.task(state, number)
    if task["content"] is None:
        return []
    out = [
        "content: "
        + {"AS_APPROVED": "as approved", "ACCEPTED": "changed since, and accepted by the user"}.get(task["content"], task["content"])
    ]
    out += ["  " + finding_text(d) for d in task["drift"]]
    if task["drift"]:
        out.append("  " + WAYS_OUT)
    if task["commits"]:
        out.append("commits: " + ", ".join(s[:7] for s in task["commits"]))
    return out


def _names(paths: Sequence[str]) -> str:
    return ", ".join(map(plainly, paths))


def commit_mark(commit: CommitRow) -> str:
    """What a commit of the summary is marked with that no approval covers."""
    if commit["elsewhere"]:
        return " (merged; approved by %s)" % "; ".join(commit["elsewhere"])
    if not commit["approved"]:
        return " (past the gate, nothing in it to approve)" if commit["empty"] else " (NOT APPROVED)"
    return "" if commit["gated"] else " (past the gate, content approved)"


def stats(records: Sequence[Record]) -> ResultFigures:
    """What happened to the result, from the journal: waivers, drifts and how they ended, HEAD, overlaps, tampering."""
    out: ResultFigures = {
        "accepted": [],
        "drift": {},
        "moved": [],
        "diverged": {},
        "overlap": {},
        "diverging": [],
        "open": [],
        "rest": [],
        "uncommitted": [],
        "left": [],
        "start": None,
    }
    for r in records:
        d, name = r["data"], r["event"]
        if name == "CONTENT_ACCEPTED":
            out["accepted"].append((d["path"], d.get("findings") or []))
            out["open"] = [f for f in out["open"] if f["id"] not in d["ids"]]
            out["rest"] = [p for p in out["rest"] if p != d["path"]]
        elif name == "CONTENT_DRIFTED":
            row = out["drift"].setdefault(d["task"], {"paths": set(), "end": "open"})
            row["paths"].update(p["path"] for p in d["paths"])
            row["end"] = "open"
        elif name in ("CONTENT_RESTORED", "TASK_REOPENED") and d["task"] in out["drift"]:
            out["drift"][d["task"]]["end"] = "put back" if name == "CONTENT_RESTORED" else "task reopened"
        elif name == "HEAD_MOVED":
            out["moved"].append((d["old"], d["new"], d.get("lost") or [], d.get("rewritten") or [], d.get("at_work") or []))
        elif name == "COMMIT_DIVERGES":
            out["diverged"][d["sha"]] = d["why"]
        elif name == "OVERLAP_SCOPE" and d.get("path"):
            ended = "now" in d and d["now"] == d["was"]
            out["overlap"][d["path"]] = (
                "put back"
                if ended
                else "between event %s and %s; at work: %s"
                % (tuple(d.get("between") or ("?", "?")) + (", ".join(d.get("at_work") or [str(d.get("by"))]),))
            )
        elif name == "STATE_DIVERGENCE":
            out["diverging"].append("%s %s" % (d.get("file"), d.get("was")))
        elif name == "RESULT_CHECKED":
            told: Any = d
            out["open"], out["rest"] = told["open"], told.get("rest") or []
            out["uncommitted"], out["left"] = told.get("uncommitted") or [], told.get("left") or []
        elif name == "START_RECORDED":
            out["start"] = d  # type: ignore[typeddict-item]  # this event's data is a StartRecord
    return out


def unapproved(state: State, stats: Figures) -> list[str]:
    """Why what is there is not simply what was approved: short words, none when it is."""
    found = stats["result"]
    out: list[str] = []
    if state["result"]["open"] or drifted(state):
        out.append("content that nobody approved")
    if found["accepted"]:
        out.append("content that the user accepted without approval")
    if any(not c["approved"] for c in stats["commits"]) and (state["result"]["open"] or state["result"]["diverged"]):
        out.append("commits that nobody approved")
    if state["tampered"]:
        out.append("what enforces the run was changed")
    return out


def open_points(state: State, stats: Figures) -> list[str]:
    """Why the Definition of Done is not simply met: short words, none when it is."""
    return unapproved(state, stats) + verification.open_points(state)


def report(state: State, stats: Figures) -> list[str]:
    """Lines of the final report: what is not approved and who accepted it, drift and its end, commits outside the gate, tampering."""
    found = stats["result"]
    out: list[str] = []
    kept = state["result"]["open"]  # no more than so many of them; the record of the last look has them all
    for f in found["open"] if kept and len(found["open"]) > len(kept) else kept:
        out.append("  NOT APPROVED " + finding_text(f))
    if kept and found["rest"]:
        out.append("  NOT APPROVED either: " + _names(found["rest"]))
    for path, findings in found["accepted"]:
        kinds = "; ".join(sorted({"%s (there: %s)" % (f["kind"], plainly(f["now"])) for f in findings}))
        out.append("  Accepted by the user, typed, without approval: %s: %s" % (plainly(path), kinds))
    for number, row in sorted(found["drift"].items()):
        task = view.find_task(state, number)
        end = "accepted by the user" if task and task["content"] == "ACCEPTED" else row["end"]
        out.append("  Drift of task #%d after DONE (%s): %s" % (number, _names(sorted(row["paths"])), end))
    for sha, why in sorted(found["diverged"].items()):
        still = sha in state["result"]["diverged"]
        out.append("  Commit %s was not what was approved (%s)%s" % (sha[:7], why, "" if still else ": mended or taken back since"))
    for old, new, lost, rewritten, at_work in found["moved"]:
        gone = ", approved commits gone from it: " + ", ".join(s[:7] for s in lost) if lost else ""
        gone += ", approved commits written anew with all that they held: " + ", ".join(s[:7] for s in rewritten) if rewritten else ""
        out.append(
            "  HEAD moved past the gate: %s -> %s%s; at work: %s"
            % (old[:7] or "no commit", new[:7] or "no commit", gone, ", ".join(at_work) or "nobody of the team")
        )
    for path, text in sorted(found["overlap"].items()):
        out.append("  Changed outside every task: %s, %s" % (plainly(path), text))
    for text in found["diverging"]:
        out.append("  STATE_DIVERGENCE: " + text)
    if state["tampered"]:
        out.append("  What enforces the run was changed and not accepted: " + tampered_text(state))
    if found["uncommitted"]:
        out.append("  Approved, and in no commit: " + _names(found["uncommitted"]))
    out = out or ["  " + ALL_APPROVED]
    out += ["  " + line for line in found["left"]]
    points = open_points(state, stats)
    if points:
        out.append("  Open: " + "; ".join(points))
    return ["Result:"] + out + [""]
