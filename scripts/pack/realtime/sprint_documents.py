"""The documents that a sprint writes: a status, the schedule with its waves, the handbook."""

import re

from pack.realtime import panels
from pack.realtime.backlog import STATES, eta
from pack.realtime.grid import MANDATE
from pack.realtime.integration_day import last_integration
from pack.realtime.sprint import DAYS, backlog_file, contracts_folder, local, status_folder


def status_text(data, backlog, now, root="."):
    """A status file from the backlog and the last integration day; the links are for a person to fill in."""
    lines = ["# Status %s: %s" % (local(data, now).date(), data["title"]), "", MANDATE, ""]
    for title, _, mine in backlog.lanes():
        lines += [
            "## " + title,
            "",
            ", ".join("%d %s" % (sum(i["state"] == s for i in mine), s) for s in STATES if any(i["state"] == s for i in mine))
            or "no items",
            "",
        ]
        lines += [
            "- %s %s: %s%s" % (i["id"], i["state"], i["title"], " (owner %s)" % i["owner"] if i.get("owner") else "") for i in mine
        ] + [""]
    lines += ["## Blockers", ""] + (
        [
            "- %s%s: %s, owner %s, ETA %s, %.1f h" % ("ESCALATE " if over else "", i["id"], i["blocker"], i["owner"], eta(i, now), hours)
            for i, hours, over in backlog.blockers(now)
        ]
        or ["None."]
    )
    last = last_integration(data, root)
    lines += [
        "",
        "## Integration",
        "",
        "None yet."
        if not last
        else "%s at %s: %s"
        % (
            last["date"],
            (last["commit"] or "no commit")[:12],
            ", ".join("%s %s" % (s["do"], "passed" if s["ok"] else "FAILED") for s in last["steps"]),
        ),
        "",
    ]
    return "\n".join(lines + ["## Dashboards", ""] + (panels.lines(data) or ["<!-- link every panel here, one a line -->"]) + [""])


def waves(backlog):
    """The items in waves: the first needs nothing that is open, each next one something of the waves before. Items in a circle come last."""
    left, placed, out = [i for i in backlog.items], set(), []
    while left:
        known = {i["id"] for i in left}
        ready = [i for i in left if not any(n in known for n in i.get("needs", []))] or left
        out.append(ready)
        placed |= {i["id"] for i in ready}
        left = [i for i in left if i["id"] not in placed]
    return out


def schedule_text(data, backlog, now):
    """Parallel_Wave_Schedule.md: the rhythm, the items in waves, and the map of what needs what."""
    lines = [
        "# Parallel wave schedule: %s" % data["title"],
        "",
        MANDATE,
        "",
        "Written %s by `pack sprint schedule`; write it again at each milestone." % local(data, now).date(),
        "",
    ]
    lines += ["## Cadence", ""] + [
        "- %s %s: %s (%d min, %s)" % (", ".join(r.get("days", DAYS[:5])), r["at"], r["what"], r.get("minutes", 30), r.get("who", "all"))
        for r in sorted(data["rhythm"], key=lambda r: r["at"])
    ]
    lines += ["- %s: integration day" % data["integration_day"]["day"], ""]
    for number, mine in enumerate(waves(backlog), 1):
        lines += ["## Wave %d" % number, "", "| item | squad | state | owner | needs |", "|---|---|---|---|---|"]
        lines += [
            "| %s %s%s | %s | %s | %s | %s |"
            % (
                i["id"],
                i["title"].replace("|", "/"),
                " `cross-squad`" if i.get("cross") else "",
                i["squad"],
                i["state"],
                i.get("owner") or "-",
                ", ".join(i.get("needs", [])) or "-",
            )
            for i in mine
        ] + [""]
    lines += ["## Dependency map", "", "```mermaid", "graph LR"]
    lines += ['  %s["%s %s"]' % (i["id"], i["id"], re.sub(r'["\[\]]', " ", i["title"])[:60]) for i in backlog.items]
    lines += ["  %s --> %s" % (n, i["id"]) for i in backlog.items for n in i.get("needs", [])]
    return "\n".join(lines + ["```", ""])


def handbook_text(data):
    """Command_Center.md: how this sprint is run, from sprint.yaml."""
    folder = status_folder(data)
    lines = [
        "# Command center: %s" % data["title"],
        "",
        MANDATE,
        "",
        "Written by `pack sprint handbook` from sprint.yaml.",
        "",
        "## Squads",
        "",
    ]
    lines += [
        "- %s (`%s`): lead %s; smoke: %s"
        % (s["title"], s["id"], s["lead"], "; ".join("`%s`" % " ".join(c) for c in s.get("smoke", [])) or "none")
        for s in data["squads"]
    ]
    lines += ["", "## Daily operating rhythm", ""] + [
        "- %s %s: %s (%d min, %s)" % (", ".join(r.get("days", DAYS[:5])), r["at"], r["what"], r.get("minutes", 30), r.get("who", "all"))
        for r in sorted(data["rhythm"], key=lambda r: r["at"])
    ]
    lines += ["", "## Integration day (%s)" % data["integration_day"]["day"], ""]
    lines += ["%d. %s" % (n, item["do"]) for n, item in enumerate(data["integration_day"]["checklist"], 1)]
    lines += [
        "",
        "`pack sprint integration` runs it and archives what it printed below `%s/DATE/evidence/`." % folder,
        "",
        "## Contracts",
        "",
    ]
    lines += [
        "`pack record` writes what a real endpoint or topic answered below `%s/DATE/`, with a README and the schema; other squads build on that."
        % contracts_folder(data)
    ]
    lines += [
        "",
        "## Documents",
        "",
        "- `%s`: the live grid" % backlog_file(data),
        "- `%s/DATE.md`: at least %d a week" % (folder, data.get("status_per_week", 2)),
    ]
    lines += ["- `Parallel_Wave_Schedule.md`: cadence, waves and the dependency map", "", "## Escalation", ""]
    lines += [
        "A blocker over %g h goes to %s with summary, owner and ETA." % (data.get("blocker_hours", 4), data.get("escalation", "the leads"))
    ]
    if data.get("panels") or data.get("alerts"):
        lines += ["", "## Dashboards and alerts", ""] + panels.lines(data)
    if data.get("runbooks"):
        lines += ["", "## Runbooks", ""] + ["- %s: `%s`" % pair for pair in sorted(data["runbooks"].items())]
    lines += ["", "## Exit", ""] + ["- %s (%s)" % (e["criterion"], e["check"]) for e in data["exit"]]
    return "\n".join(lines + [""])
