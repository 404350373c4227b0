"""The sprint of a clone that is in a fleet: the same lanes, blockers and exit criteria, over every squad's machine (docs/fleet.md).

The backlog is the engine's; Parallel_Backlog.md is written from it. Hours are the engine's clock's, whatever a machine's own says.
"""

import contextlib
import datetime
import os
import re

from pack.fleet import drift, policy, setup
from pack.fleet import sprint as rows
from pack.fleet.engine import FleetError, Unreachable
from pack.fleet.sprint import Shared
from pack.realtime import gitinfo, grid, handoffs, record, sprint
from pack.realtime.backlog import Backlog as LocalBacklog


class Away(sprint.SprintError):
    """The engine cannot be asked now."""


def refused(error):
    """A FleetError as the command centre says it."""
    return (Away if isinstance(error, Unreachable) else sprint.SprintError)(str(error))


@contextlib.contextmanager
def asked():
    """Around what asks the engine: its FleetErrors are the command centre's."""
    try:
        yield
    except FleetError as error:
        raise refused(error) from None


OPEN: list = []  # backlogs whose connection is open


def close():
    """Hang up, as a verb ends."""
    while OPEN:
        OPEN.pop().shared.engine.close()


class Backlog(LocalBacklog):
    """The backlog of all squads; the clock is the engine's."""

    def __init__(self, data, root="."):
        settings = policy.read(root)
        with asked():
            self.shared = Shared(os.path.abspath(root), settings)
            OPEN.append(self)
            self.now = self.shared.now()
            stored = self.shared.items()
            found = {ident: row for ident, row in stored.items() if self._problem(dict(row[1], id=row[1].get("id", ident))) is None}
            self.unread = sorted(set(stored) - set(found))
            self.standing = self.shared.standing()
        super().__init__(data, root)
        self.local, self.items = self.items, [dict(item) for _version, item in found.values()]
        self.versions = {ident: version for ident, (version, _item) in found.items()}
        self.before = {ident: dict(item) for ident, (_version, item) in found.items()}

    def save(self):
        """Store what changed, then write the grid. SprintError where somebody else changed the same item meanwhile."""
        limit = self.data.get("blocker_hours", 4)
        try:
            for item in self.items:
                if item == self.before.get(item["id"]):
                    continue
                if item["state"] == "blocked":
                    item["limit"] = limit
                self._put(item)
        except FleetError as error:
            raise sprint.SprintError("%s: look again" % error) if error.code == "FL050" else refused(error) from None
        super().save()

    def _put(self, item):
        while True:
            try:
                version, item["since"] = self.shared.put(item["id"], self.versions.get(item["id"], 0), item)
                self.versions[item["id"]], self.before[item["id"]] = version, dict(item)
                return
            except FleetError as error:
                if error.code != "FL051" or item["id"] in self.versions:
                    raise
                item["id"] = "B%d" % (int(item["id"][1:]) + 1)  # another squad was quicker with this number

    def share(self):
        """Move the backlog of one machine's file into the fleet, with its numbers. How many items."""
        if self.items:
            raise sprint.SprintError("the fleet has a backlog of this project already: `pack sprint lanes`")
        self.items = [dict(item) for item in self.local]
        self.save()
        return len(self.items)

    def here(self, item):
        return item["squad"] == self.shared.squad

    def waiting(self, item):
        """What an item needs first: other items, and contracts that its squad has not merged."""
        found = super().waiting(item)
        if item["squad"] == self.shared.squad:
            late = drift.keeps_back(self.standing, item=item["id"])
            late += [c for c in self.named(item.get("contracts", [])) if c["why"] and c["name"] not in [x["name"] for x in late]]
            found += ["contract %s (%s)" % (c["name"], c["why"]) for c in late]
        return found

    def named(self, names):
        """How far published contracts are merged here."""
        with asked():
            return self.shared.standing(names) if names else []

    def clock(self):
        return self.now

    def status_due(self, now):
        return status_due(self.data, self, now)

    def waits(self):
        """Contracts that keep this squad's work back, and items that are offered to it."""
        out = [
            "WAIT contract %s, version %d of squad %s: %s; merge %s" % (c["name"], c["version"], c["by"], c["why"], c["commit"][:12])
            for c in self.standing
            if c["why"]
        ]
        if setup.git(self.shared.folder, "check-ignore", "-q", self.path) is None:
            out.append("NOTE %s is a copy of the fleet's backlog: leave it out of git (.gitignore)" % os.path.normpath(self.path))
        out += [
            "UNREADABLE %s in the engine is left out: no program of ours wrote it so; the fleet's owner removes the row" % i
            for i in self.unread
        ]
        return out + [
            "HANDED OVER %s %s: %s; `pack sprint accept %s`" % (i["id"], i["title"], i["handoff"]["note"], i["id"])
            for i in self.items
            if (i.get("handoff") or {}).get("to") == self.shared.squad != i["squad"]
        ]

    def integrated(self, result):
        self._said("integration", result["commit"] or "", result)

    def stated(self):
        """What this machine's status files say, as far as the engine does not know it: the last seven days'."""
        known, folder = statuses(self), sprint.status_folder(self.data)
        for date in sprint.statuses(self.data)[-7:]:
            with open(os.path.join(folder, date + ".md"), encoding="utf-8") as handle:
                text = handle.read()
            if known.get(date) != text:
                self._said("status", date, {"text": text})

    def notes(self, kind):
        """What was said of one kind on any machine (fleet.sprint.Shared.notes)."""
        with asked():
            return self.shared.notes(kind)

    def _said(self, kind, about, data):
        with asked():
            return self.shared.note(kind, about, data)

    def contracts(self):
        """[(name, its versions, the squads that depend on it)]."""
        engine, project = self.shared.engine, self.shared.project
        with asked():
            versions, needs = rows.contracts(engine, project), rows.needs(engine, project)
        return [
            (name, [c for c in versions if c["name"] == name], [n["squad"] for n in needs if n["name"] == name])
            for name in sorted({c["name"] for c in versions})
        ]

    def need(self, name, paths, items, drop):
        """This clone's squad depends on a contract, or no longer."""
        with asked():
            self.shared.need(name, [p.rstrip("/") + "/" if os.path.isdir(p) else p for p in paths], items, drop)

    def decide(self, text, why):
        """A decision that every squad is told. Its number."""
        return self._said("decision", "", {"text": grid.plain(text), "why": grid.plain(why or "")})

    def hand_over(self, ident, to, note):
        """Offer an item to another squad, which takes it or not."""
        item = self.get(ident)
        known = [s["id"] for s in self.data["squads"]]
        if to not in known or to == item["squad"]:
            raise sprint.SprintError(
                "unknown squad %r; an item is handed to one of: %s" % (to, ", ".join(s for s in known if s != item["squad"]))
            )
        item["handoff"] = {"to": to, "note": grid.plain(note)}

    def accept(self, ident, owner=None):
        """Take an item that was handed to this clone's squad."""
        item = self.get(ident)
        if (item.get("handoff") or {}).get("to") != self.shared.squad:
            raise sprint.SprintError("%s was not handed to squad %s: `pack sprint handoff %s --to %s` comes first" % (ident, self.shared.squad, ident, self.shared.squad))  # fmt: skip
        item.update(squad=self.shared.squad, owner=grid.plain(owner) if owner else item.get("owner"))


# Contracts ----------------------------------------------------------------------------------------------------------------


def newest(data, name, root="."):
    """A name's newest recording here, as committed at HEAD. SprintError says what is missing."""
    folder = handoffs.newest(data, root).get(name)
    if folder is None:
        raise sprint.SprintError("no recording %s below %s: `pack record` makes it" % (name, sprint.contracts_folder(data)))
    path = os.path.join(os.path.relpath(folder, root), name + ".json")
    if setup.git(root, "status", "--porcelain", "--", path) != "" or not setup.git(root, "ls-files", "--", path):
        raise sprint.SprintError("%s is not committed: a contract is published with the commit that others merge" % path)
    try:
        return record.load(folder, name)
    except record.RecordError as error:
        raise sprint.SprintError(str(error)) from None


def publish(backlog, name, root="."):
    """Publish a recorded contract. Answers (version, what drifts, whether it is a new one)."""
    recording = newest(backlog.data, name, root)
    shared = backlog.shared
    with asked():
        last = shared.contract(name)
        if last and last["digest"] == recording["digest"]:
            return last["version"], [], False
        lines = record.drift(shared.recording(name, last["version"])["schema"], recording["schema"]) if last else []
        return shared.publish(name, last["version"] if last else 0, recording["digest"], recording, lines), lines, True


# Exit criteria ------------------------------------------------------------------------------------------------------------


def statuses(backlog):
    """{date: text} of the status files that any machine has written."""
    return {n["about"]: n["data"]["text"] for n in backlog.notes("status")}


def status_due(data, backlog, now):
    """As sprint.status_due, over all machines."""
    each = 7.0 / data.get("status_per_week", 2)
    today = sprint.local(data, now).date()
    written = sorted(d for d in statuses(backlog) if d <= str(today + datetime.timedelta(days=1)))
    if not written:
        return "no status was ever written, on any machine"
    age = (today - datetime.date.fromisoformat(written[-1])).days
    return "the last status is of %s, %d days old; at most %g" % (written[-1], age, each) if age > each else None


def _integration(data, backlog, now, root, item, gate):
    """Every squad's smoke suite, wherever it ran, on this commit: the newest result of each step counts."""
    git = gitinfo.Git(root, sprint.own_files(data))
    head = gitinfo.state(root, exclude=sprint.own_files(data))["commit"]
    if not head:
        return "nothing is committed here"
    days = backlog.notes("integration")
    if not days:
        return "no integration day was run on any machine: `pack sprint integration`"
    steps, other = {}, None
    for day in days:
        result = day["data"]
        if result.get("digest") != record.digest(result) or result.get("dirty") or not result.get("commit"):
            other = "that of %s was run on uncommitted changes" % day["machine"]
            continue
        commit = result["commit"]
        if commit != head and (not git.exists(commit) or git.changed_since(commit)):
            other = "that of %s ran at %s, and this is %s" % (day["machine"], commit[:12], head[:12])
            continue
        for step in result["steps"]:
            steps[step["do"], tuple(step.get("argv") or ())] = dict(step, machine=day["machine"])
    if not steps:
        return "no integration day was run on this code; " + other
    tested = {s.get("squad") for s in steps.values()}
    missing = [s["id"] for s in data["squads"] if s["id"] not in tested]
    if missing:
        return "no smoke suite of %s ran on this code, on any machine" % ", ".join(missing)
    bad = [s for s in steps.values() if not s["ok"]]
    return rows.plain("%s on %s: %s" % (bad[0]["do"], bad[0]["machine"], bad[0].get("why"))) if bad else None


def _status(data, backlog, now, root, item, gate):
    return status_due(data, backlog, now)


def _links(data, backlog, now, root, item, gate):
    found = statuses(backlog)
    if not found:
        return "no status was ever written, on any machine"
    last = max(found)
    return None if re.search(r"https?://\S+", found[last].partition("## Dashboards")[2]) else "status %s links no dashboard" % last


def _contracts(data, backlog, now, root, item, gate):
    """Published, merged here by whoever rests on them, and still true where they were recorded."""
    every = backlog.contracts()
    if not every:
        return "no contract is published: `pack sprint contract publish NAME`"
    late = [c for c in backlog.named([name for name, _versions, squads in every if squads]) if c["why"]]
    if late:
        return "%s, which other squads rest on, is not merged here: %s" % (late[0]["name"], late[0]["why"])
    for name, versions, _squads in every:
        # The clone's own file: a recording says whom to ask with what of the environment, so one that only lies in the engine is not obeyed.
        folder, version = handoffs.newest(data, root).get(name), versions[-1]
        try:
            mine = record.load(folder, name) if folder else {}
            if mine.get("digest") != version["digest"]:
                return "%s: the newest recording here is not version %d: merge %s, or publish yours" % (name, version["version"], version["commit"][:12])  # fmt: skip
            problems = record.replay(mine, root)
        except (RuntimeError, OSError, ValueError) as error:
            problems = [str(error)]
        if problems:
            return "%s, version %d: %s" % (name, versions[-1]["version"], problems[0])
    return None


Backlog.checks = {"integration": _integration, "status": _status, "links": _links, "contracts": _contracts}
