"""The exit criteria of a sprint, each computed."""

import datetime
import os
import re

from pack.realtime import acceptance, gitinfo, panels, record
from pack.realtime.integration_day import last_integration
from pack.realtime.sprint import contracts_folder, day_of, local, own_files, status_due, status_folder, statuses


def exit_criteria(data, backlog, now, root=".", gate=None):
    """[(criterion, met, why)], each computed."""
    found = []
    for item in data["exit"]:
        why = {
            "integration": _integration,
            "backlog": _backlog,
            "status": _status,
            "links": _links,
            "files": _files,
            "acceptance": _acceptance,
            "shipped": _shipped,
            "contracts": _contracts,
            "gates": _gates,
            **backlog.checks,
        }[item["check"]](data, backlog, now, root, item, gate)
        found.append((item["criterion"], why is None, why or ""))
    return found


def _integration(data, backlog, now, root, item, gate):
    last = last_integration(data, root)
    if last is None:
        return "no integration day was run: `pack sprint integration`"
    bad = [s for s in last["steps"] if not s["ok"]]
    if bad:
        return "%s: %s" % (bad[0]["do"], bad[0]["why"])
    folder = os.path.join(root, status_folder(data), last["date"], "evidence")
    gone = [s["log"] for s in last["steps"] if s.get("log") and not os.path.isfile(os.path.join(folder, s["log"]))]
    if gone:
        return "its evidence is gone: %s; `pack sprint integration`" % ", ".join(os.path.join(folder, g) for g in gone[:3])
    age = (local(data, now).date() - datetime.date.fromisoformat(last["date"])).days
    if age > 7:
        return "the last integration day was %s, %d days ago; there is one a week: `pack sprint integration`" % (last["date"], age)
    tested = {s.get("squad") for s in last["steps"]}
    untested = [s["id"] for s in data["squads"] if s["id"] not in tested]
    if untested:
        return "no smoke suite of %s ran: `smoke: true` in the checklist, then `pack sprint integration`" % ", ".join(untested)
    git = gitinfo.Git(root, own_files(data))
    if not last["commit"] or not git.exists(last["commit"]):
        return "nothing says which code it ran on: commit, then `pack sprint integration`"
    if last["dirty"]:
        return "it ran on uncommitted changes: commit, then `pack sprint integration`"
    changed = git.changed_since(last["commit"])
    return "it ran at %s; since then %s changed" % (last["commit"][:12], changed[0]) if changed else None


def _backlog(data, backlog, now, root, item, gate):
    bad = [i for i in backlog.items if i["state"] not in ("done", "rolled") or not i.get("owner")]
    if not backlog.items:
        return "the backlog is empty"
    return "%s is %s%s" % (bad[0]["id"], bad[0]["state"], "" if bad[0].get("owner") else " and has no owner") if bad else None


def _status(data, backlog, now, root, item, gate):
    return status_due(data, now, root)


def _links(data, backlog, now, root, item, gate):
    written = statuses(data, root)
    if not written:
        return "no status was ever written"
    with open(os.path.join(root, status_folder(data), written[-1] + ".md"), encoding="utf-8") as handle:
        part = handle.read().partition("## Dashboards")[2]
    if not re.search(r"https?://\S+", part):
        return "status %s links no dashboard" % written[-1]
    gone = [p["title"] for p in data.get("panels", []) if p["url"] not in part]
    bad = panels.problems(data, root)
    return "status %s does not link %s" % (written[-1], ", ".join(gone)) if gone else bad[0] if bad else None


def _files(data, backlog, now, root, item, gate):
    gone = [f for f in item.get("files", []) if not os.path.isfile(os.path.join(root, f))]
    return "missing: %s" % ", ".join(gone) if gone or not item.get("files") else None


def _acceptance(data, backlog, now, root, item, gate):
    return acceptance.accepted(data, backlog, root)


def _shipped(data, backlog, now, root, item, gate):
    return acceptance.documented(backlog, item["files"], root)


def _contracts(data, backlog, now, root, item, gate):
    base = os.path.join(root, contracts_folder(data))
    dated = sorted(n for n in (os.listdir(base) if os.path.isdir(base) else []) if day_of(n) and record.names(os.path.join(base, n)))
    if not dated:
        return "no contract was recorded: `pack record`"
    for name in record.names(os.path.join(base, dated[-1])):
        try:
            problems = record.replay(record.load(os.path.join(base, dated[-1]), name), root)
        except (RuntimeError, OSError, ValueError) as error:
            problems = [str(error)]
        if problems:
            return "%s/%s: %s" % (dated[-1], name, problems[0])
    return None


def _gates(data, backlog, now, root, item, gate):
    if gate is None:
        return "no team's gates were evaluated: give --team"
    return (
        None
        if gate["verdict"] == "PASS"
        else "gate %s is %s" % (gate["first_failure"], next(g["verdict"] for g in gate["gates"] if g["id"] == gate["first_failure"]))
    )
