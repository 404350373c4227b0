"""The end of a sprint's day: what was measured, which contracts moved, who hands what to whom; and what a drifted contract holds up."""

import datetime
import os

from pack.realtime import grid, panels, record, sprint
from pack.realtime.backlog import eta


def newest(data, root="."):
    """{contract: its newest dated folder}."""
    base, out = os.path.join(root, sprint.contracts_folder(data)), {}
    for day in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        if sprint.DATED.match(day):
            out.update((name, os.path.join(base, day)) for name in record.names(os.path.join(base, day)))
    return out


def drifted(data, root=".", seconds=10.0):
    """{contract: first thing that no longer matches} of the newest recording of each; asks every endpoint again."""
    out = {}
    for name, folder in sorted(newest(data, root).items()):
        try:
            problems = record.replay(record.load(folder, name), root, seconds)
        except (RuntimeError, OSError, ValueError) as error:
            problems = [str(error)]
        if problems:
            out[name] = problems[0]
    return out


def block(backlog, found, now):
    """Items that are built against a drifted contract are blocked until it matches again; [(item, "blocked" | "free")] of what changed."""
    out, leads = [], {s["id"]: s["lead"] for s in backlog.data["squads"]}
    until = datetime.datetime.fromtimestamp(now + backlog.data.get("blocker_hours", 4) * 3600, sprint.zone(backlog.data))
    for item in backlog.items:
        bad = [c for c in item.get("contracts", []) if c in found]
        if bad and item["state"] in ("todo", "doing", "blocked") and item.get("drifted") != bad:
            was = item.get("was") or item["state"]
            if item["state"] != "blocked" or item.get("drifted"):
                why = "; ".join("contract %s drifted: %s" % (c, found[c]) for c in bad)
                backlog.set(
                    item["id"], "blocked", now, item.get("owner") or leads.get(item["squad"], "lead"), why, until.strftime("%Y-%m-%dT%H:%M")
                )
                item["was"] = was
            item["drifted"] = bad
            out.append((item, "blocked"))
        elif item.get("drifted") and not bad:
            del item["drifted"]
            was = item.pop("was", None)
            if was:
                backlog.set(item["id"], was if was != "doing" or not backlog.waiting(item) else "todo", now)
            out.append((item, "free"))
    return out


def wrap_text(data, backlog, now, root=".", figures=()):
    """The day's wrap: metrics, contracts recorded today, hand-offs. figures: lines of what was measured."""
    day = str(sprint.local(data, now).date())
    lines = ["# Wrap %s: %s" % (day, data["title"]), "", grid.MANDATE, "", "## Metrics", ""]
    lines += ["- " + f for f in figures] or ["- nothing is measured here: see the panels"]
    lines += panels.lines(data)
    folder = os.path.join(root, sprint.contracts_folder(data), day)
    lines += ["", "## Contracts", ""] + (
        ["- %s, recorded today: `%s`" % (n, os.path.relpath(folder, root)) for n in record.names(folder)] or ["- none recorded today"]
    )
    lines += ["- %s drifted: %s is blocked" % (", ".join(i["drifted"]), i["id"]) for i in backlog.items if i.get("drifted")]
    titles, found = {s["id"]: s["title"] for s in data["squads"]}, []
    for item in backlog.items:
        for need in item.get("needs", []):
            first = next((i for i in backlog.items if i["id"] == need), None)
            if first and first["squad"] != item["squad"] and item["state"] not in ("done", "rolled"):
                word = "ready" if first["state"] == "done" else "%s, owner %s" % (first["state"], first.get("owner") or "nobody")
                found.append(
                    "- %s %s -> %s: %s %s (%s)"
                    % (need, first["title"], titles.get(item["squad"], item["squad"]), item["id"], item["title"], word)
                )
    lines += ["", "## Hand-offs", ""] + (found or ["- none between squads"])
    lines += ["", "## Blockers", ""] + (
        ["- %s: %s, owner %s, ETA %s" % (i["id"], i["blocker"], i["owner"], eta(i, now)) for i, _h, _o in backlog.blockers(now)]
        or ["- none"]
    )
    return "\n".join(lines + [""])
