"""A record of the journal in words, for the log, the live views and the page of a run."""

from __future__ import annotations

from ..protocol import tables, view
from ..protocol.guards_result import plainly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..protocol.state_types import Record

HIDDEN = {  # long, or for programs: `pack log --json` has them
    *("definition", "unmet", "facts", "tasks", "approved", "sealed", "start", "present", "key", "fact", "given", "content", "sum"),
    *("accepts", "agent_id", "agents_gone", "call", "client_pid", "conventions", "gated", "inc", "news", "nonce", "persisted"),
    *("session", "tree", "unit", "vouched"),
}
SENTENCES: dict[str, str] = {  # of the most frequent events; used where everything that it names is there
    "RUN_OPENED": "{description}, coders at most {coders}",
    "NUDGED": "{who} is reminded",
    "RUN_ABORTED": "{reason}",
    "RUN_CLOSED": "{reason}",
    "RUN_RESUMED": "{how}",
    "SPAWN_REQUESTED": "{name} as {role}",
    "AGENT_BOUND": "{name}",
    "AGENT_ACTIVE": "{name}",
    "AGENT_IDLE": "{name}",
    "AGENT_ENDED": "{name}",
    "AGENT_LOST": "{name}: {why}",
    "FILE_WRITTEN": "task #{task}: {path}, by {by}",
    "COMMITTED": "{subject} ({sha:.7})",
    "CONTENT_SEALED": "task #{task}, as approved: revision {revision:.12}",
    "VERIFY_STARTED": "build: {build}; test: {test}",
    "SHUTDOWN_REQUESTED": "{to}: {reason}",
    "SHUTDOWN_ACK": "{name}: {how}",
}
QUIET = ("MAIL", "LEAD_WOKE", "LEAD_STOPPED", "AGENT_ACTIVE", "AGENT_IDLE", "TICK", "WAVES_SEEN", "SHUTDOWN_ID")
LONGEST = 200  # characters of one value; all of it is in `pack log --json`


def value_text(value: Any, most: int = LONGEST) -> str:
    """A value for people: True as yes, lists with commas, mappings as `name value`, cut to `most` characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join("%s %s" % (k, value_text(v, most)) for k, v in sorted(value.items()) if v not in (None, "", [], {}))
    if isinstance(value, (list, tuple)):
        return ", ".join(value_text(v, most) for v in value)
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[:most] + "…"


def differences(found: Sequence[Any]) -> str:
    """What is there and was not approved, with when and who was at work."""
    parts = ["%s: %s" % (plainly(one["path"]), one["kind"]) for one in found[:3]]
    more = "; and %d more" % (len(found) - 3) if len(found) > 3 else ""
    at = sorted({name for one in found for name in one.get("at_work") or []})
    return "; ".join(parts) + more + "; at work then: " + (", ".join(at) or "nobody of the team")


def _gates(verdicts: dict[str, str]) -> str:
    """How many gates pass, and which do not."""
    others: dict[str, list[str]] = {}
    for gate, verdict in verdicts.items():
        others.setdefault(verdict, []).append(gate)
    passed = others.pop("PASS", [])
    parts = ["%d of %d pass" % (len(passed), len(verdicts))]
    return "; ".join(parts + ["%s: %s" % (verdict, ", ".join(gates)) for verdict, gates in sorted(others.items())])


def _findings(found: Any) -> list[str]:
    """What a reviewer found; each is [severity, kind, mark that begins with the severity]."""
    return [mark.rstrip(" ;,.") + (" (%s)" % kind if kind else "") for _severity, kind, mark in found]


def quiet(record: Record) -> bool:
    """Whether the live views and the page leave a record out: it says who was awake, and nothing else."""
    return record["event"] in QUIET and not record["data"].get("report")


def told(record: Record, seen: bool = False, report: int = LONGEST) -> str:
    """What happened, without who and when. seen: a refusal with the state that was seen; report: characters of an agent's report."""
    data = record["data"]
    if record["event"] in tables.TROUBLE:
        return "%s: %s. %sNext: %s" % (data["code"], data["what"], "Seen: %s. " % data["seen"] if seen else "", data["next"])
    if record["event"] == "PLAN_REGISTERED":
        return "%d tasks" % len(data["tasks"])
    if record["event"] == "AGENT_IDLE" and "report" in data:
        return "%s: report %s" % (data["name"], value_text(data["report"], report))
    if record["event"] == "RISKS" and data.get("list"):
        return "; ".join("RISK-%s (%s): %s" % (r["id"], r["severity"], value_text(r["what"])) for r in data["list"])
    if record["event"] == "RISKS" and not data.get("n"):
        return "no risk: %s" % value_text(data.get("reason") or "no reason given")
    if record["event"] == "RESULT_CHECKED":
        return differences(data["open"]) if data.get("open") else "nothing is left that nobody approved"
    if record["event"] == "CONTENT_DRIFTED":
        return "task #%s: %s" % (data["task"], differences(data["paths"]))
    if record["event"] == "GATES_RECORDED":
        return _gates(data["verdicts"])
    sentence = SENTENCES.get(record["event"])
    words = {key: value_text(value) for key, value in data.items() if value not in (None, "", [], {})}
    try:
        if sentence:
            return sentence.format_map(words).replace("%s as %s" % (words.get("name"), words.get("name")), str(words.get("name")))
    except KeyError:
        pass  # something is unknown, such as who wrote a file: the list below has what is known
    parts = []
    for key, value in sorted(data.items(), key=lambda pair: (pair[0] != "task", pair[0])):
        if key in HIDDEN or value in (None, "", [], {}):
            continue
        if key == "findings" and record["event"] in ("APPROVED", "CHANGES_REQUESTED"):
            value = _findings(value)
        text = view.short(str(value)) if key == "revision" else value_text(value, report if key == "report" else LONGEST)
        parts.append("task #%s" % text if key == "task" else "%s %s" % (key.replace("_", " "), text))
    return "; ".join(parts)
