"""What runs came to, over all of a project's runs: one row a run, and figures over them. Plain data; from the journals alone."""

from pack.protocol import tables, view
from pack.store import history
from pack.store.journal import Damaged
from pack.store.open_for_reading import Run
from pack.store.render import stats
from pack.store.telling import told
from pack.base import paths
from pack.protocol.refusal import Refusal


OVER = ("closed", "aborted")  # how a run ended; one that has not is in a phase


def each(project=None, team=None):
    """Every run of a project (or the one of this name), the newest first: (name, state, records, History), or (name, None, why, None) for one
    that cannot be read. Raises Refusal where there is none."""
    first = Run(project, team)
    for name in [team] if team else paths.teams(first.project) or [first.team]:
        try:
            run = Run(first.project, name)
            so_far = history.History()
            state, records = run.look(so_far)
            yield name, state, records, so_far
        except (Damaged, Refusal, OSError) as error:
            yield name, None, str(error), None


def row(name, state, records, told_):
    """A run in figures. Times in seconds; rounds: {task number: reviews it took}."""
    aborted = state["teardown"]["aborted"]  # which cancels what was open
    tasks = [(n, task) for n, task in view.tasks(state) if aborted or task["state"] != "CANCELLED"]
    closed = state["phase"] == "CLOSED"
    return {
        "team": name,
        "began": told_.start,
        "seconds": round(told_.end - told_.start, 1),
        "end": "aborted" if aborted else "closed" if closed else state["phase"],
        "mode": state["mode"],
        "done": sum(task["state"] == "DONE" for _n, task in tasks),
        "tasks": len(tasks),
        "rounds": {str(n): history.reviews(task) for n, task in tasks if history.reviews(task)},
        "refused": sum(r["event"] in tables.TROUBLE for r in records),
        "commits": len(stats(records)["commits"]),
    }


def approvals(told_):
    """Seconds from the first look of a reviewer's to the approval, of each task that got there."""
    out = []
    for spans in told_.tasks.values():
        begun = next((s[1] for s in spans if s[0] == "IN_REVIEW"), None)
        done = next((s[1] for s in spans if s[0] in ("APPROVED", "DONE")), None)
        if begun is not None and done is not None:
            out.append(done - begun)
    return sorted(out)


def figures(found):
    """Figures over runs: found, as `each` yields them. {"runs", "ended": {how: n}, "tasks_done", "rounds": {n: tasks}, "approve_seconds":
    {"median", "most", "tasks"} or None, "verdicts": {role: [approved, changes asked for]}, "refused": {code: {"count", "example"}}}."""
    rows, seconds, verdicts, refused = [], [], {}, {}
    for name, state, records, told_ in found:
        if state is None:
            continue
        rows.append(row(name, state, records, told_))
        seconds += approvals(told_)
        for v in told_.verdicts:
            verdicts.setdefault(v["role"], [0, 0])[v["verdict"] != "APPROVED"] += 1
        for r in records:
            if r["event"] in tables.TROUBLE:
                code = r["data"].get("code") or r["event"]
                one = refused.setdefault(code, {"count": 0, "example": ""})
                one["count"] += 1
                one["example"] = one["example"] or str(r["data"].get("what") or told(r)).split("\n")[0]
    rounds, ended = {}, {}
    for r in rows:
        ended[r["end"]] = ended.get(r["end"], 0) + 1
        for n in r["rounds"].values():
            rounds[n] = rounds.get(n, 0) + 1
    seconds.sort()
    return {
        "runs": len(rows),
        "ended": ended,
        "tasks_done": sum(r["done"] for r in rows),
        "commits": sum(r["commits"] for r in rows),
        "rounds": {str(n): rounds[n] for n in sorted(rounds)},
        "approve_seconds": {"median": seconds[len(seconds) // 2], "most": seconds[-1], "tasks": len(seconds)} if seconds else None,
        "verdicts": verdicts,
        "refused": dict(sorted(refused.items(), key=lambda kv: (-kv[1]["count"], kv[0]))),
    }
