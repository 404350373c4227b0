"""The command centre: squads as lanes beside each other, one rhythm, one integration day, real systems only.

sprint.yaml says who and when; Parallel_Backlog.md is the live grid (a line an item, its data in a comment behind it);
status/<date>.md are the summaries; status/<date>/evidence/ holds what the integration day really ran and printed.
"""

import datetime
import json
import os
import re
import signal
import subprocess
import time

from pack.realtime import acceptance, gitinfo, grid, panels, record
from pack.base import whole_file, yamltext
from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MANDATE = grid.MANDATE  # at the head of every document that a sprint writes
PREFACE = "Real systems only. Changed with `pack sprint`; lanes are squads."
STRAY = "not in sprint.yaml: "
STATES = ("todo", "doing", "blocked", "done", "rolled")
WAY = "`pack sprint`"
RESULT = "integration.json"
MOST_PRINTED = 50 << 20  # bytes of one command that are archived; one that prints more runs wild
DATED = re.compile(r"\d{4}-\d\d-\d\d$")
EXAMPLE = """\
# The command centre: three squads beside each other. Check with `pack sprint lanes`.
sprint: 1
title: Sprint 2 to 4
timezone: America/Los_Angeles
backlog: docs/sprints/Parallel_Backlog.md
status_folder: docs/sprints/status
contracts_folder: docs/design/contracts
status_per_week: 2
blocker_hours: 4
escalation: "#tiger-crew"
squads:
  - {id: governance, title: Governance Core, lead: governance-lead, smoke: [[pytest, -q, tests/integration/policy]]}
  - {id: runtime, title: Runtime & Training, lead: runtime-lead, smoke: [[pytest, -q, tests/integration/orchestrator]]}
  - {id: experience, title: Experience & Ecosystem, lead: experience-lead, smoke: [[pnpm, test, --filter, admin-console]]}
rhythm:
  - {at: "08:30", what: "Infra pulse: Kafka, Redis, Postgres, alerts, maintenance", minutes: 15, who: infra}
  - {at: "09:00", what: "Cross-squad standup: status, blockers, telemetry gaps; update the backlog", minutes: 15, who: all}
  - {at: "11:00", what: "Design and contract clinic", who: all, days: [mon, thu]}
  - {at: "16:00", what: "Async wrap: metrics, contract updates, hand-offs", who: leads}
integration_day:
  day: wed
  timeout_minutes: 30
  checklist:
    - {do: Deploy to staging, run: [helm, upgrade, --install, app, ./chart]}
    - {do: Smoke suite of every squad, smoke: true}
    - {do: Topics receive live traffic, topics: {adapter: kafka, address: "127.0.0.1:9092", names: [constitution.updated, policy.decisions, conversation.events, training.audit]}}
# What is watched: an address that answers, the metrics on it; where an alert goes, and a trace of it (looked for in `traces`, OTLP JSON).
panels:
  - {title: Governance Core, squad: governance, url: "http://127.0.0.1:3000/d/governance", metrics: [policy latency, constitution sync freshness]}
  - {title: Runtime & Training, squad: runtime, url: "http://127.0.0.1:3000/d/runtime", metrics: [streaming latency, training mode state, Kafka lag]}
  - {title: Experience, squad: experience, url: "http://127.0.0.1:3000/d/experience", metrics: [WebVitals, API latency, websocket throughput]}
alerts:   # trace_id: 32 hex digits, of the last one that fired
  - {alert: Kafka lag over 1000, panel: Runtime & Training, route: "pager rotation, then #tiger-crew"}
runbooks: {kafka: docs/runbooks/kafka-outage.md, redis: docs/runbooks/redis-outage.md, kill-switch: docs/runbooks/kill-switch.md, disaster-recovery: docs/runbooks/disaster-recovery.md}
contracts:   # what `pack record --all` records again
  - {name: policy, http: "http://127.0.0.1:8000/v1/policy", keep: [X-Policy-Version, X-Bundle-Signature], runbook: docs/runbooks/kill-switch.md}
  - {name: policy.decisions, topic: kafka, address: "127.0.0.1:9092", options: {topic: policy.decisions}}
exit:   # acceptance: what is done has criteria, each with a file that shows it; shipped: what is done stands in these documents
  - {criterion: All sprints meet their acceptance criteria, check: acceptance}
  - {criterion: Every squad's smoke suite passed on this commit, check: integration}
  - {criterion: Telemetry dashboards linked in the status report, check: links}
  - {criterion: Status is fresh, check: status}
  - {criterion: Documentation reflects what shipped, check: shipped, files: [docs/quickstart.md, docs/runbooks/, docs/design/contracts/]}
  - {criterion: Contracts recorded and still matching, check: contracts}
  - {criterion: Backlog completed or rolled forward with explicit owners, check: backlog}
"""


class SprintError(ValueError):
    """The command centre refuses; the message names the way out."""


def load(path):
    """sprint.yaml (or .json), checked."""
    if not os.path.isfile(path):
        raise SprintError("no %s: `pack sprint init` writes an example" % path)
    try:
        with open(path, encoding="utf-8-sig") as handle:
            document = yamltext.read(handle.read())
    except UnicodeDecodeError:
        raise SprintError("%s is not UTF-8 text: save it as that" % path)
    except yamltext.YamlError as error:
        raise SprintError("%s:%d: %s" % (path, document_line(path, error.offset), error))
    if document.duplicates:
        twice, span = document.duplicates[0]
        raise SprintError("%s:%d: %s is given twice" % (path, document.place(span)[0], twice[-1]))
    data = document.value
    problems = ["%s: %s" % p for p in schema.errors(data, schema.load(HERE, "sprint.schema.json"))]
    ids = [s["id"] for s in data["squads"]] if not problems else []
    problems += ["squad %r is given twice" % i for i in sorted({i for i in ids if ids.count(i) > 1})]
    if not problems:
        doing = ("run", "smoke", "topics", "files")
        problems += [
            "$.integration_day.checklist[%d]: %r does nothing: give one of %s" % (n, item["do"], ", ".join(doing))
            for n, item in enumerate(data["integration_day"]["checklist"])
            if not any(item.get(d) for d in doing)
        ]
        problems += [
            "$.exit[%d]: check %s needs `files: [...]`" % (n, item["check"])
            for n, item in enumerate(data["exit"])
            if item["check"] in ("files", "shipped") and not item.get("files")
        ]
    if not problems:
        problems += panels.wrong(data)
    if not problems and data.get("timezone"):
        try:
            zone(data)
        except (KeyError, ValueError, OSError):
            problems.append("unknown timezone %r" % data["timezone"])
    if problems:
        raise SprintError("\n".join("%s: %s" % (path, p) for p in problems))
    return data


def document_line(path, offset):
    """The line of an offset in a file, from 1."""
    with open(path, encoding="utf-8-sig") as handle:
        return handle.read().count("\n", 0, offset) + 1


def zone(data):
    """The time zone of the rhythm."""
    import zoneinfo

    return zoneinfo.ZoneInfo(data["timezone"]) if data.get("timezone") else datetime.timezone.utc


def local(data, now):
    """The moment in the sprint's zone."""
    return datetime.datetime.fromtimestamp(now, zone(data))


def today(data, now):
    """[(at, what, minutes, who, state)] of this day: past, now or next."""
    here, found = local(data, now), []
    for item in sorted(data["rhythm"], key=lambda r: r["at"]):
        if DAYS[here.weekday()] not in item.get("days", DAYS[:5]):
            continue
        hour, minute = map(int, item["at"].split(":"))
        start = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        end = start + datetime.timedelta(minutes=item.get("minutes", 30))
        found.append(
            (
                item["at"],
                item["what"],
                item.get("minutes", 30),
                item.get("who", "all"),
                "past" if here >= end else "now" if here >= start else "next",
            )
        )
    return found


class Backlog:
    """Parallel_Backlog.md. A fleet's (shared.py) answers some of this over all machines."""

    checks: dict = {}  # exit criteria that are computed in another way than below
    clock = staticmethod(time.time)

    def __init__(self, data, root="."):
        self.data, self.items = data, []
        self.path = os.path.join(root, data.get("backlog", "docs/sprints/Parallel_Backlog.md"))
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


def moment(data, text, now):
    """When an ETA is, in seconds: `15:00` (its next), `2026-03-04` (the end of that day) or `2026-03-04T15:00`, in the sprint's zone unless
    it names its own (`+01:00`, `Z`)."""
    here, text = local(data, now), text.strip()
    try:
        if re.match(r"\d?\d:\d\d$", text):
            hour, minute = map(int, text.split(":"))
            found = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return (found if found >= here else found + datetime.timedelta(days=1)).timestamp()
        if DATED.match(text):
            day = datetime.date.fromisoformat(text) + datetime.timedelta(days=1)
            return datetime.datetime(day.year, day.month, day.day, tzinfo=zone(data)).timestamp()
        found = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
        return (found if found.tzinfo else found.replace(tzinfo=zone(data))).timestamp()
    except (ValueError, OverflowError):
        raise SprintError("no time: %r; an ETA is 15:00, 2026-03-04 or 2026-03-04T15:00+01:00" % text)


def eta(item, now):
    """An item's ETA as people should see it: one that has passed says so."""
    return item["eta"] + (" (passed)" if now > item.get("eta_at", now) else "")


# Status -----------------------------------------------------------------------------------------------------------------


def statuses(data, root="."):
    """Dates of the status files, oldest first."""
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"))
    return sorted(n[:-3] for n in (os.listdir(folder) if os.path.isdir(folder) else []) if n.endswith(".md") and _day(n[:-3]))


def _day(text):
    """The date that a name is, or None."""
    try:
        return datetime.date.fromisoformat(text) if DATED.match(text) else None
    except ValueError:
        return None


def status_due(data, now, root="."):
    """Why a status is due, or None: at least `status_per_week` in any seven days, evenly spread."""
    each = 7.0 / data.get("status_per_week", 2)
    latest = str(local(data, now).date() + datetime.timedelta(days=1))  # further east it may be tomorrow; later ones are typing errors
    written = [d for d in statuses(data, root) if d <= latest]
    if not written:
        return "no status was ever written"
    age = (local(data, now).date() - datetime.date.fromisoformat(written[-1])).days
    return "the last status is of %s, %d days old; at most %g" % (written[-1], age, each) if age > each else None


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
    folder = data.get("status_folder", "docs/sprints/status")
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
        "- `%s`: the live grid" % data.get("backlog", "docs/sprints/Parallel_Backlog.md"),
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


# Integration day --------------------------------------------------------------------------------------------------------


def integrate(data, now, root=".", runner=None):
    """Run the checklist for real; everything is archived under status/<date>/evidence/. Returns the result.

    Ctrl-c ends the command that runs; what was seen is kept, what was not run says so, and the day has not passed.
    """
    date = str(local(data, now).date())
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"), date, "evidence")
    os.makedirs(folder, exist_ok=True)
    _put_away(folder)
    result = {"date": date, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "steps": []}
    told = gitinfo.state(root, exclude=_own(data))
    result.update(commit=told["commit"], dirty=told["dirty"])
    commands = []
    for item in data["integration_day"]["checklist"]:
        if item.get("smoke"):
            for squad in data["squads"]:
                if not squad.get("smoke"):
                    result["steps"].append(
                        {"do": "smoke %s" % squad["id"], "squad": squad["id"], "ok": False, "why": "the squad has no smoke command"}
                    )
                commands += [("smoke %s" % squad["id"], argv, squad["id"]) for argv in squad.get("smoke", [])]
        commands += [(item["do"], item[part], part) for part in ("run", "topics", "files") if part in item]
    interrupted = None
    for number, (what, argv, part) in enumerate(commands, 1):
        log = "%02d-%s.log" % (number, re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")[:60])
        step = {"do": what, "squad": part if part not in ("run", "topics", "files") else None}
        result["steps"].append(step)
        if interrupted:
            step.update(ok=False, why="not run: interrupted")
            continue
        if runner:
            runner(number, len(commands), what)
        try:
            if part == "files":
                gone = [f for f in argv if not os.path.isfile(os.path.join(root, f))]
                step.update(ok=not gone, why="missing: %s" % ", ".join(gone) if gone else "")
            elif part == "topics":
                step.update(_topics(argv, root, os.path.join(folder, log)), log=log)
                step["why"] += "" if step["ok"] else panels.runbook_of(data, argv["adapter"], root)
            else:
                limit = data["integration_day"].get("timeout_minutes", 30) * 60.0
                step.update(argv=argv, log=log, **_command(argv, root, os.path.join(folder, log), limit))
        except KeyboardInterrupt as error:
            interrupted = error
            step.update(ok=False, why="interrupted", log=log)
    result["ok"] = all(s["ok"] for s in result["steps"])
    result["digest"] = record.digest(result)
    whole_file.put(os.path.join(folder, RESULT), json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if interrupted:
        raise interrupted
    return result


def contracts_folder(data):
    """Where the dated folders of recordings are, from the project's folder."""
    return data.get("contracts_folder", "docs/design/contracts")


def _own(data):
    """Folders whose changes are no change of what was tested: the command centre's own."""
    files = (data.get("backlog", "docs/sprints/Parallel_Backlog.md"), data.get("status_folder", "docs/sprints/status"))
    return (".team", ".claude", contracts_folder(data)) + files


def _put_away(folder):
    """An earlier run of the same day keeps its result and its logs, in a folder of its own."""
    path = os.path.join(folder, RESULT)
    if not os.path.isfile(path):
        return
    number = 1 + sum(n.startswith("run-") for n in os.listdir(folder))
    away = os.path.join(folder, "run-%d" % number)
    os.makedirs(away)
    for name in os.listdir(folder):
        if name == RESULT or re.match(r"\d\d-.*\.log$", name):
            os.replace(os.path.join(folder, name), os.path.join(away, name))


def _command(argv, root, log, limit):
    """Run one command to its end, its output into `log`; {exit_code, seconds, ok, why}. KeyboardInterrupt ends it with its children."""
    start, why, code = time.monotonic(), "", 127
    with open(log, "wb") as handle:
        try:
            process = subprocess.Popen(
                argv, cwd=root, stdout=handle, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            handle.write(("%s: %s\n" % (argv[0], error.strerror)).encode())
            return {"exit_code": code, "seconds": 0.0, "ok": False, "why": "%s: %s" % (argv[0], error.strerror)}
        try:
            while True:
                try:
                    code = process.wait(0.2)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() - start > limit:
                        why = "did not end within %g min (timeout_minutes)" % (limit / 60.0)
                    elif os.path.getsize(log) > MOST_PRINTED:
                        why = "printed more than %d MB" % (MOST_PRINTED >> 20)
                    if why:
                        code = _end(process)
                        break
        except BaseException:
            _end(process)
            raise
    why = why or ("" if code == 0 else "exit code %d" % code)
    return {"exit_code": code, "seconds": round(time.monotonic() - start, 2), "ok": not why, "why": why}


def _end(process):
    """End a command and what it started; its exit code."""
    for number, wait in ((signal.SIGTERM, 5), (getattr(signal, "SIGKILL", signal.SIGTERM), 10)):
        try:
            os.killpg(process.pid, number) if hasattr(os, "killpg") else process.terminate()
        except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            pass
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue
    return process.returncode


def _topics(spec, root, log):
    silent = []
    key = {"redis": "stream", "nats": "subject", "mqtt": "topic", "rabbitmq": "queue", "kafka": "topic"}[spec["adapter"]]
    with open(log, "w", encoding="utf-8") as handle:
        for name in spec["names"]:
            try:
                got = record.topic(spec["adapter"], spec["address"], {key: name}, 1, spec.get("seconds", 5.0), root)
                handle.write("%s: %d message(s), %s\n" % (name, len(got["messages"]), json.dumps(got["schema"])))
            except (RuntimeError, OSError, ValueError) as error:
                silent.append(name)
                handle.write("%s: %s\n" % (name, error))
    return {"ok": not silent, "why": "no live traffic: %s; the log says why" % ", ".join(silent) if silent else ""}


def last_integration(data, root="."):
    """The newest integration result, or None; SprintError where it is not what `pack sprint integration` wrote."""
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"))
    for name in sorted((n for n in (os.listdir(folder) if os.path.isdir(folder) else []) if _day(n)), reverse=True):
        path = os.path.join(folder, name, "evidence", RESULT)
        if os.path.isfile(path):
            try:
                with open(path, encoding="utf-8") as handle:
                    found = json.load(handle)
            except ValueError:
                found = None
            if not isinstance(found, dict) or found.get("digest") != record.digest(found):
                raise SprintError("%s was edited or is damaged: `pack sprint integration` runs the day again" % path)
            return found
    return None


# Exit criteria ------------------------------------------------------------------------------------------------------------


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
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"), last["date"], "evidence")
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
    git = gitinfo.Git(root, _own(data))
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
    with open(os.path.join(root, data.get("status_folder", "docs/sprints/status"), written[-1] + ".md"), encoding="utf-8") as handle:
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
    dated = sorted(n for n in (os.listdir(base) if os.path.isdir(base) else []) if _day(n) and record.names(os.path.join(base, n)))
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
