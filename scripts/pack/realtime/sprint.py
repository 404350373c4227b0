"""The command centre: squads as lanes beside each other, one rhythm, one integration day, real systems only.

sprint.yaml says who and when; Parallel_Backlog.md is the live grid (backlog.py); status/<date>.md are the summaries (sprint_documents.py);
status/<date>/evidence/ holds what the integration day really ran and printed (integration_day.py); sprint_exit.py says when it is over.
"""

import datetime
import os
import re

from pack.base import yamltext
from pack.realtime import panels
from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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


def backlog_file(data):
    """Where the grid is, from the project's folder."""
    return data.get("backlog", "docs/sprints/Parallel_Backlog.md")


def status_folder(data):
    """Where the dated status files and folders of evidence are, from the project's folder."""
    return data.get("status_folder", "docs/sprints/status")


def contracts_folder(data):
    """Where the dated folders of recordings are, from the project's folder."""
    return data.get("contracts_folder", "docs/design/contracts")


def own_files(data):
    """Files and folders whose changes are no change of what was tested: the command centre's own."""
    return (".team", ".claude", contracts_folder(data), backlog_file(data), status_folder(data))


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


def day_of(text):
    """The date that a name is, or None."""
    try:
        return datetime.date.fromisoformat(text) if DATED.match(text) else None
    except ValueError:
        return None


def statuses(data, root="."):
    """Dates of the status files, oldest first."""
    folder = os.path.join(root, status_folder(data))
    return sorted(n[:-3] for n in (os.listdir(folder) if os.path.isdir(folder) else []) if n.endswith(".md") and day_of(n[:-3]))


def status_due(data, now, root="."):
    """Why a status is due, or None: at least `status_per_week` in any seven days, evenly spread."""
    each = 7.0 / data.get("status_per_week", 2)
    latest = str(local(data, now).date() + datetime.timedelta(days=1))  # further east it may be tomorrow; later ones are typing errors
    written = [d for d in statuses(data, root) if d <= latest]
    if not written:
        return "no status was ever written"
    age = (local(data, now).date() - datetime.date.fromisoformat(written[-1])).days
    return "the last status is of %s, %d days old; at most %g" % (written[-1], age, each) if age > each else None
