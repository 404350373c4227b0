"""A record of the journal in words, for the log, the live views and the page of a run."""

from __future__ import annotations

from ..protocol import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import Record

HIDDEN = ("definition", "unmet", "facts", "tasks", "approved", "sealed", "start", "present", "key")  # long, and of no use to a reader
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


def told(record: Record, seen: bool = False, report: int = LONGEST) -> str:
    """What happened, without who and when. seen: a refusal with the state that was seen; report: characters of an agent's report."""
    data = record["data"]
    if record["event"] in tables.TROUBLE:
        return "%s: %s. %sNext: %s" % (data["code"], data["what"], "Seen: %s. " % data["seen"] if seen else "", data["next"])
    if record["event"] == "PLAN_REGISTERED":
        return "%d tasks" % len(data["tasks"])
    parts = []
    for key, value in sorted(data.items(), key=lambda pair: (pair[0] != "task", pair[0])):
        if key in HIDDEN or value in (None, "", [], {}):
            continue
        text = value_text(value, report if key == "report" else LONGEST)
        parts.append("task #%s" % text if key == "task" else "%s %s" % (key.replace("_", " "), text))
    return "; ".join(parts)
