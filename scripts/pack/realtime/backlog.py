"""Parallel_Backlog.md, the live grid of a sprint: lanes of squads, their items, and what has to be so before an item changes its state."""

import os
import re
import time

from pack.base import whole_file
from pack.realtime import acceptance, grid
from pack.realtime.grid import MANDATE
from pack.realtime.sprint import SprintError, backlog_file, moment, status_due

PREFACE = "Real systems only. Changed with `pack sprint`; lanes are squads."
STRAY = "not in sprint.yaml: "
STATES = ("todo", "doing", "blocked", "done", "rolled")
WAY = "`pack sprint`"


class Backlog:
    """Parallel_Backlog.md. A fleet's (shared.py) answers some of this over all machines."""

    checks: dict = {}  # exit criteria that are computed in another way than below
    clock = staticmethod(time.time)

    def __init__(self, data, root="."):
        self.data, self.items = data, []
        self.path = os.path.join(root, backlog_file(data))
        try:
            self.grid = grid.Grid(self.path, "item", self._ours, WAY)
            self.items = [item for _, _, item in self.grid.checked(self._problem, self._line)]
        except grid.GridError as error:
            raise SprintError(str(error))

    def _ours(self, line):
        return (
            line.startswith("# Parallel backlog: ")
            or line.strip() in (PREFACE, MANDATE)
            or bool(re.match(r"## .* \(lead: .*\)$", line))
            or line.startswith("## " + STRAY)
        )

    @staticmethod
    def _problem(item):
        """What is wrong with an item's data, or None."""
        if not re.match(r"B\d+$", str(item.get("id"))):
            return "the item has no id such as B1"
        wrong = [k for k in ("squad", "title") if not isinstance(item.get(k), str)]
        wrong += [k for k in ("owner", "blocker", "eta") if not isinstance(item.get(k) or "", str)]
        wrong += [
            k
            for k in ("needs", "criteria", "contracts", "drifted")
            if not isinstance(item.get(k) or [], list) or not all(isinstance(x, str) for x in item.get(k) or [])
        ]
        wrong += ["met"] if acceptance.problem(item) else []
        wrong += [] if item.get("state") in STATES else ["state"]
        wrong += [
            k
            for k in ("since", "eta_at")
            if not isinstance(item.get(k, 0), (int, float)) or isinstance(item.get(k), bool) or (k == "since" and k not in item)
        ]
        if item.get("state") == "blocked":
            wrong += [k for k in ("owner", "blocker", "eta") if not item.get(k)]
        return "item %s: its %s cannot be read" % (item["id"], wrong[0]) if wrong else None

    @staticmethod
    def _line(item):
        shown = (
            ["**%s** %s" % (item["id"], item["title"]), item["state"]]
            + ["owner: %s" % item["owner"]] * bool(item.get("owner"))
            + ["`cross-squad`"] * bool(item.get("cross"))
        )
        if item["state"] == "blocked":
            shown.append("blocked by %s, ETA %s" % (item["blocker"], item["eta"]))
        shown += ["needs: " + ", ".join(item["needs"])] if item.get("needs") else []
        shown += ["contracts: " + ", ".join(item["contracts"])] if item.get("contracts") else []
        met = item.get("met") or {}
        told = ["%s (met: %s)" % (c, met[c][0]) if c in met else c for c in item.get("criteria") or []]
        shown += ["accepted when: " + "; ".join(told)] if told else []
        return grid.line(shown, "item", item)

    def lanes(self):
        """[(title, lead, items)] of the squads; then items of squads that sprint.yaml does not name any more, which nobody loses."""
        found = [(s["title"], s["lead"], [i for i in self.items if i["squad"] == s["id"]]) for s in self.data["squads"]]
        known = {s["id"] for s in self.data["squads"]}
        for stray in sorted({i["squad"] for i in self.items} - known):
            found.append((STRAY + stray, None, [i for i in self.items if i["squad"] == stray]))
        return found

    def save(self):
        """Write the grid: a lane a squad."""
        lines = ["# Parallel backlog: %s" % grid.plain(self.data["title"]), "", MANDATE, "", PREFACE, ""]
        for title, lead, items in self.lanes():
            lines += ["## " + grid.plain(title) + (" (lead: %s)" % grid.plain(lead) if lead is not None else ""), ""]
            lines += [self._line(item) for item in items] + [""]
        whole_file.put(self.path, "\n".join(lines[:-1] + self.grid.tail()) + "\n")

    def get(self, ident):
        """An item by its id."""
        for item in self.items:
            if item["id"] == ident:
                return item
        raise SprintError("no item %s; the backlog has: %s" % (ident, ", ".join(i["id"] for i in self.items) or "none"))

    def add(self, squad, title, owner, cross, now, needs=(), criteria=(), contracts=()):
        """A new item in a squad's lane. needs: ids of items that come first; criteria: by what it is accepted; contracts: names of recordings
        that it is built against."""
        known = [s["id"] for s in self.data["squads"]]
        if squad not in known:
            raise SprintError("unknown squad %r; known: %s" % (squad, ", ".join(known)))
        if not title.split():
            raise SprintError("an item needs a title")
        item = {
            "id": "B%d" % (max([int(i["id"][1:]) for i in self.items], default=0) + 1),
            "squad": squad,
            "title": grid.plain(title),
            "state": "todo",
            "owner": grid.plain(owner) if owner else None,
            "cross": bool(cross),
            "since": now,
        }
        for ident in needs:
            self.get(ident)
        if needs:
            item["needs"] = list(dict.fromkeys(needs))
        if criteria:
            item["criteria"] = [grid.plain(c) for c in criteria]
        if contracts:
            item["contracts"] = list(dict.fromkeys(grid.plain(c) for c in contracts))
        self.items.append(item)
        return item

    def here(self, item):
        """Whether an item's files are on this machine."""
        return True

    def waiting(self, item):
        """The items that one needs and that are not done."""
        known = {i["id"]: i for i in self.items}
        return [n for n in item.get("needs", []) if n in known and known[n]["state"] not in ("done",)]

    def set(self, ident, state, now, owner=None, blocker=None, eta=None, criteria=(), met=(), root="."):
        """Change an item's state; a blocker needs a text, an owner and an ETA; a rolled item needs an owner; one that is done shows each of its
        criteria (met: `N=FILE`)."""
        item = self.get(ident)
        if state not in STATES:
            raise SprintError("unknown state %r; known: %s" % (state, ", ".join(STATES)))
        owner = grid.plain(owner or item.get("owner") or "") or None
        if state in ("doing", "done") and self.waiting(item):
            raise SprintError(
                "%s waits for %s: finish what it needs first (`pack sprint schedule` shows the map)"
                % (ident, ", ".join(self.waiting(item)))
            )
        if item.get("drifted") and state not in ("blocked", "rolled"):
            raise SprintError(
                "%s is built against %s, which drifted: settle the contract, record it (`pack record`), then `pack sprint drift` lets the item go"
                % (ident, ", ".join(item["drifted"]))
            )
        if state == "blocked" and not (blocker and eta and owner):
            raise SprintError("%s: a blocker needs --by (what blocks), --owner and --eta (when the next word comes)" % ident)
        if state == "blocked":
            moment(self.data, eta, now)
        if state == "rolled" and not owner:
            raise SprintError("%s: an item is rolled forward with an explicit --owner only" % ident)
        if criteria:
            item["criteria"] = list(dict.fromkeys((item.get("criteria") or []) + [grid.plain(c) for c in criteria]))
        acceptance.say(item, met, root)
        if state == "done" and acceptance.unmet(item):
            raise SprintError(
                "%s is accepted when: %s; nothing shows %r yet: `pack sprint set %s done --met %d=FILE`, a file of what was seen"
                % (ident, acceptance.listed(item), acceptance.unmet(item)[0], ident, item["criteria"].index(acceptance.unmet(item)[0]) + 1)
            )
        item.update(owner=owner, state=state, since=item["since"] if item["state"] == state else now)
        if state == "blocked":
            item.update(blocker=grid.plain(blocker), eta=grid.plain(eta), eta_at=moment(self.data, eta, now))
        return item

    def status_due(self, now):
        """Why a status is due, or None."""
        return status_due(self.data, now)

    def integrated(self, result):
        """An integration day was run here."""

    def stated(self):
        """Status files may have been written here."""

    def waits(self):
        """Lines about what else is waited for."""
        return []

    def blockers(self, now):
        """[(item, hours, over)] of everything blocked; over: longer than blocker_hours, to be escalated."""
        limit = self.data.get("blocker_hours", 4)
        return [(i, (now - i["since"]) / 3600.0, now - i["since"] > limit * 3600) for i in self.items if i["state"] == "blocked"]


def eta(item, now):
    """An item's ETA as people should see it: one that has passed says so."""
    return item["eta"] + (" (passed)" if now > item.get("eta_at", now) else "")
