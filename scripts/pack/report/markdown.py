"""The summary of a run as Markdown, for a pull request: tasks with who approved them, build and tests, what was refused, risks, what is open."""

from pack.protocol import guards_risks, tables, verification, view
from pack.store import history, result_text
from pack.store.render import stats, summary


def text(state, records):
    """The Markdown text, ending in a line break. A run of waves gets its plain report in a code block: it has no tasks."""
    counts = stats(records)
    name = state["team"]["name"]
    if state["waves"] is not None:
        return "## %s\n\n```\n%s\n```\n" % (_safe(name), summary(state, counts))
    told = history.of(records)[0]
    tasks = view.tasks(state)
    done = sum(task["state"] == "DONE" for _n, task in tasks)
    how = (
        "aborted" if state["teardown"]["aborted"] else "complete" if state["phase"] == "CLOSED" else "not finished, phase " + state["phase"]
    )
    out = ["## %s: %s" % (_safe(name), how), ""]
    out.append(
        "%d of %s done in %s, mode %s. %s, changes asked for %s, %s refused."
        % (
            done,
            history.counted(len(tasks), "task"),
            history.duration(told.end - told.start),
            state["mode"] or "not classified",
            history.counted(sum(v["verdict"] == "APPROVED" for v in told.verdicts), "approval"),
            history.counted(sum(v["verdict"] != "APPROVED" for v in told.verdicts), "time"),
            history.counted(sum(r["event"] in tables.TROUBLE for r in records), "call"),
        )
    )
    out += ["", "| task | state | rounds | approved by |", "|---|---|---|---|"]
    for n, task in tasks:
        by = ", ".join(
            "%s at %s" % (role if v["name"] == role else "%s %s" % (role, v["name"]), view.short(v["revision"]))
            for role, v in sorted(task["approvals"].items())
            if v.get("revision")
        )
        out.append("| #%d %s | %s | %d | %s |" % (n, _safe(task["subject"]), task["state"], history.reviews(task), _safe(by) or "-"))
    out.append("")
    for part in ("build", "test"):
        ran = (state["verify"] or {}).get(part) or {"exit": None, "command": "-"}
        mark = "not run" if ran["exit"] is None else "passed" if ran["exit"] == 0 else "**failed, exit %s**" % ran["exit"]
        out.append("- %s: %s" % (part, mark) + (" (`%s`)" % str(ran["command"]).replace("`", "'") if ran["exit"] is not None else ""))
    out += ["- ⚠ " + _safe(line) for line in verification.remarks(state)] if state["verify"] else []
    out += ["- risk RISK-%d (%s): %s" % (r["id"], r["severity"], _verdict(state, r)) for r in guards_risks.listed(state)]
    left = result_text.open_points(state, counts)
    if left:
        out += ["", "**Open:**"] + ["- " + _safe(point) for point in left]
    elif not state["teardown"]["aborted"]:
        out.append("- open: nothing")
    return "\n".join(out) + "\n"


def _verdict(state, risk):
    return (state["risks"]["verdicts"].get(str(risk["id"])) or {}).get("verdict", "not tested")


def _safe(text):
    """A text that stays in its cell and starts no markup."""
    out = " ".join(str(text).split())
    for mark in "\\|<>*_[]`#":
        out = out.replace(mark, "\\" + mark)
    return out
