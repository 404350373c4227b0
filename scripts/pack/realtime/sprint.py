"""The command centre: squads as lanes beside each other, one rhythm, one integration day, real systems only.

sprint.yaml says who and when; Parallel_Backlog.md is the live grid (a line an item, its data in a comment behind it);
status/<date>.md are the summaries; status/<date>/evidence/ holds what the integration day really ran and printed.
"""

import datetime
import json
import os
import re
import subprocess
import time

from pack.realtime import gitinfo, record
from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STATES = ("todo", "doing", "blocked", "done", "rolled")
ITEM = re.compile(r"^- .*<!-- item (\{.*\}) -->\s*$")
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
  checklist:
    - {do: Deploy to staging, run: [helm, upgrade, --install, app, ./chart]}
    - {do: Smoke suite of every squad, smoke: true}
    - {do: Topics receive live traffic, topics: {adapter: kafka, address: "127.0.0.1:9092", names: [constitution.updated, policy.decisions, conversation.events, training.audit]}}
exit:
  - {criterion: Every squad's smoke suite passed on this commit, check: integration}
  - {criterion: Telemetry dashboards linked in the status report, check: links}
  - {criterion: Status is fresh, check: status}
  - {criterion: Documentation reflects what shipped, check: files, files: [docs/quickstart.md]}
  - {criterion: Contracts recorded and still matching, check: contracts}
  - {criterion: Backlog completed or rolled forward with explicit owners, check: backlog}
"""


class SprintError(ValueError):
    """The command centre refuses; the message names the way out."""


def load(path):
    """sprint.yaml (or .json), checked."""
    if not os.path.isfile(path):
        raise SprintError("no %s: `pack sprint init` writes an example" % path)
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    if path.endswith(".json"):
        data = json.loads(text)
    else:
        try:
            import yaml
        except ImportError:
            raise SprintError("PyYAML is not installed: pip install pyyaml, or write the file as JSON")
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SprintError("%s: %s" % (path, " ".join(str(error).split())))
    problems = ["%s: %s" % p for p in schema.errors(data, schema.load(HERE, "sprint.schema.json"))]
    ids = [s["id"] for s in data["squads"]] if not problems else []
    problems += ["squad %r is given twice" % i for i in sorted({i for i in ids if ids.count(i) > 1})]
    if not problems and data.get("timezone"):
        try:
            zone(data)
        except (KeyError, ValueError, OSError):
            problems.append("unknown timezone %r" % data["timezone"])
    if problems:
        raise SprintError("\n".join("%s: %s" % (path, p) for p in problems))
    return data


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
    """Parallel_Backlog.md."""

    def __init__(self, data, root="."):
        self.data, self.path, self.items = (
            data,
            os.path.join(root, data.get("backlog", "docs/sprints/Parallel_Backlog.md")),
            [],
        )
        if os.path.isfile(self.path):
            with open(self.path, encoding="utf-8") as handle:
                for number, line in enumerate(handle, 1):
                    found = ITEM.match(line)
                    if found:
                        try:
                            self.items.append(json.loads(found.group(1)))
                        except ValueError:
                            raise SprintError("%s:%d: the item's data is not JSON; restore the line" % (self.path, number))

    def save(self):
        """Write the grid: a lane a squad."""
        lines = [
            "# Parallel backlog: %s" % self.data["title"],
            "",
            "Real systems only. Changed with `pack sprint`; lanes are squads.",
            "",
        ]
        for squad in self.data["squads"]:
            lines += ["## %s (lead: %s)" % (squad["title"], squad["lead"]), ""]
            for item in self.items:
                if item["squad"] == squad["id"]:
                    shown = (
                        ["**%s** %s" % (item["id"], item["title"]), item["state"]]
                        + ["owner: %s" % item["owner"]] * bool(item.get("owner"))
                        + ["`cross-squad`"] * bool(item.get("cross"))
                    )
                    if item["state"] == "blocked":
                        shown.append("blocked by %s, ETA %s" % (item["blocker"], item.get("eta") or "none"))
                    lines.append(
                        "- %s <!-- item %s -->"
                        % (
                            " · ".join(shown),
                            json.dumps(item, sort_keys=True, ensure_ascii=False).replace("-->", "--\\u003e"),
                        )
                    )
            lines.append("")
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        with open(self.path + ".new", "w", encoding="utf-8") as handle:
            handle.write("\n".join(lines))
        os.replace(self.path + ".new", self.path)

    def get(self, ident):
        """An item by its id."""
        for item in self.items:
            if item["id"] == ident:
                return item
        raise SprintError("no item %s; the backlog has: %s" % (ident, ", ".join(i["id"] for i in self.items) or "none"))

    def add(self, squad, title, owner, cross, now):
        """A new item in a squad's lane."""
        known = [s["id"] for s in self.data["squads"]]
        if squad not in known:
            raise SprintError("unknown squad %r; known: %s" % (squad, ", ".join(known)))
        item = {
            "id": "B%d" % (max([int(i["id"][1:]) for i in self.items], default=0) + 1),
            "squad": squad,
            "title": " ".join(title.split()),
            "state": "todo",
            "owner": owner,
            "cross": bool(cross),
            "since": now,
        }
        self.items.append(item)
        return item

    def set(self, ident, state, now, owner=None, blocker=None, eta=None):
        """Change an item's state; a blocker needs a text, an owner and an ETA; a rolled item needs an owner."""
        item = self.get(ident)
        if state not in STATES:
            raise SprintError("unknown state %r; known: %s" % (state, ", ".join(STATES)))
        owner = owner or item.get("owner")
        if state == "blocked" and not (blocker and eta and owner):
            raise SprintError("%s: a blocker needs --by (what blocks), --owner and --eta (when the next word comes)" % ident)
        if state == "rolled" and not owner:
            raise SprintError("%s: an item is rolled forward with an explicit --owner only" % ident)
        item.update(owner=owner, state=state, since=item["since"] if item["state"] == state else now)
        if state == "blocked":
            item.update(blocker=blocker, eta=eta)
        return item

    def blockers(self, now):
        """[(item, hours, over)] of everything blocked; over: longer than blocker_hours, to be escalated."""
        limit = self.data.get("blocker_hours", 4)
        return [(i, (now - i["since"]) / 3600.0, now - i["since"] > limit * 3600) for i in self.items if i["state"] == "blocked"]


# Status -----------------------------------------------------------------------------------------------------------------


def statuses(data, root="."):
    """Dates of the status files, oldest first."""
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"))
    return sorted(n[:-3] for n in (os.listdir(folder) if os.path.isdir(folder) else []) if re.match(r"\d{4}-\d\d-\d\d\.md$", n))


def status_due(data, now, root="."):
    """Why a status is due, or None: at least `status_per_week` in any seven days, evenly spread."""
    each = 7.0 / data.get("status_per_week", 2)
    written = statuses(data, root)
    if not written:
        return "no status was ever written"
    age = (local(data, now).date() - datetime.date.fromisoformat(written[-1])).days
    return "the last status is of %s, %d days old; at most %g" % (written[-1], age, each) if age > each else None


def status_text(data, backlog, now, root="."):
    """A status file from the backlog and the last integration day; the links are for a person to fill in."""
    lines = ["# Status %s: %s" % (local(data, now).date(), data["title"]), ""]
    for squad in data["squads"]:
        mine = [i for i in backlog.items if i["squad"] == squad["id"]]
        lines += [
            "## " + squad["title"],
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
            "- %s%s: %s, owner %s, ETA %s, %.1f h" % ("ESCALATE " if over else "", i["id"], i["blocker"], i["owner"], i["eta"], hours)
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
    return "\n".join(lines + ["## Dashboards", "", "<!-- link every panel here, one a line -->", ""])


# Integration day --------------------------------------------------------------------------------------------------------


def integrate(data, now, root=".", runner=None):
    """Run the checklist for real; everything is archived under status/<date>/evidence/. Returns the result."""
    date = str(local(data, now).date())
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"), date, "evidence")
    os.makedirs(folder, exist_ok=True)
    result = {"date": date, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "steps": []}
    result.update(gitinfo.state(root))
    commands = []
    for item in data["integration_day"]["checklist"]:
        if item.get("smoke"):
            for squad in data["squads"]:
                if not squad.get("smoke"):
                    result["steps"].append({"do": "smoke %s" % squad["id"], "ok": False, "why": "the squad has no smoke command"})
                commands += [("smoke %s" % squad["id"], argv, squad["id"]) for argv in squad.get("smoke", [])]
        if "run" in item:
            commands.append((item["do"], item["run"], None))
        if "topics" in item:
            commands.append((item["do"], item["topics"], "topics"))
        if "files" in item:
            commands.append((item["do"], item["files"], "files"))
    for number, (what, argv, part) in enumerate(commands, 1):
        if runner:
            runner(number, len(commands), what)
        log = "%02d-%s.log" % (number, re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-"))
        step = {"do": what, "log": log, "squad": part if part not in ("topics", "files") else None}
        if part == "topics":
            step.update(_topics(argv, root, os.path.join(folder, log)))
        elif part == "files":
            gone = [f for f in argv if not os.path.isfile(os.path.join(root, f))]
            step.update(ok=not gone, why="missing: %s" % ", ".join(gone) if gone else "")
            step.pop("log")
        else:
            start = time.time()
            with open(os.path.join(folder, log), "wb") as handle:
                try:
                    code = subprocess.run(argv, cwd=root, stdout=handle, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode
                except OSError as error:
                    handle.write(str(error.strerror).encode())
                    code = 127
            step.update(
                argv=argv,
                exit_code=code,
                seconds=round(time.time() - start, 2),
                ok=code == 0,
                why="" if code == 0 else "exit code %d" % code,
            )
        result["steps"].append(step)
    result["ok"] = all(s["ok"] for s in result["steps"])
    with open(os.path.join(folder, "integration.json"), "w", encoding="utf-8") as handle:
        json.dump(result, handle, indent=1)
    return result


def _topics(spec, root, log):
    silent = []
    key = {"redis": "stream", "nats": "subject", "mqtt": "topic", "rabbitmq": "queue", "kafka": "topic"}[spec["adapter"]]
    with open(log, "w", encoding="utf-8") as handle:
        for name in spec["names"]:
            options = {key: name}
            if spec["adapter"] == "nats":
                options["stream"] = name.split(".")[0]
            try:
                got = record.topic(spec["adapter"], spec["address"], options, 1, spec.get("seconds", 5.0), root)
                handle.write("%s: %d message(s), %s\n" % (name, len(got["messages"]), json.dumps(got["schema"])))
            except (RuntimeError, OSError) as error:
                silent.append(name)
                handle.write("%s: %s\n" % (name, error))
    return {"ok": not silent, "why": "no live traffic: %s" % ", ".join(silent) if silent else ""}


def last_integration(data, root="."):
    """The newest integration result, or None."""
    folder = os.path.join(root, data.get("status_folder", "docs/sprints/status"))
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else [], reverse=True):
        path = os.path.join(folder, name, "evidence", "integration.json")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as handle:
                return json.load(handle)
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
            "contracts": _contracts,
            "gates": _gates,
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
    head = gitinfo.Git(root).head()
    return (
        "it ran at %s, the tree is at %s" % ((last["commit"] or "no commit")[:12], (head or "no commit")[:12])
        if last["commit"] != head
        else None
    )


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
    return None if re.search(r"https?://\S+", part) else "status %s links no dashboard" % written[-1]


def _files(data, backlog, now, root, item, gate):
    gone = [f for f in item.get("files", []) if not os.path.isfile(os.path.join(root, f))]
    return "missing: %s" % ", ".join(gone) if gone or not item.get("files") else None


def _contracts(data, backlog, now, root, item, gate):
    base = os.path.join(root, data.get("contracts_folder", "docs/design/contracts"))
    dated = sorted(n for n in (os.listdir(base) if os.path.isdir(base) else []) if record.load_all(os.path.join(base, n)))
    if not dated:
        return "no contract was recorded: `pack record`"
    for name, recording in record.load_all(os.path.join(base, dated[-1])):
        try:
            problems = record.replay(recording, root)
        except (RuntimeError, OSError) as error:
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
