"""What the code base researcher calls sensitive reaches the tasks by itself: auth reached by an import is not seen in a path (the seed's enabling
agents). Its lines are kept with the end of its turn, those of an earlier run in a profile that is still fresh."""

from __future__ import annotations

from ..base import profile
from ..protocol import plan, reports, tables
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence
    from ..protocol.state_types import PlannedTask
    from .hook_call import Call


def into(call: Call, tasks: Iterable[PlannedTask]) -> None:
    """Add to the tasks what the report says of their files. Raises Refusal where it says no area and the task names none."""
    said = _said(call)
    for task in tasks:
        task["sensitive"] = areas(said, task["files"], task["sensitive"], task["id"])


def of_files(call: Call, files: Sequence[str], named: Sequence[str], number: int) -> list[str]:
    """The areas of one task's files, with those that it has."""
    return areas(_said(call), files, named, number)


def areas(said: Sequence[tuple[str, list[str]]], files: Sequence[str], named: Sequence[str], number: int) -> list[str]:
    """The areas that a task's files touch by the report's lines, with those that it names."""
    found = set(named)
    hits = [(path, its) for path, its in said if any(plan.covers(f, path) or plan.covers(path, f) for f in files)]
    for _path, its in hits:
        found.update(its)
    if hits and not found:
        raise Refusal(
            "PLAN_SENSITIVE",
            "task #%d: the code base researcher calls %s sensitive, and neither names an area" % (number, hits[0][0]),
            "areas: " + ", ".join(tables.SENSITIVE),
            'say which, as `"sensitive": ["auth"]` of the task',
            "PLAN_REGISTERED",
            number,
        )
    return sorted(found)


def _said(call: Call) -> list[tuple[str, list[str]]]:
    told = [
        record["data"]["sensitive"] for record in call.store.records() if record["event"] == "AGENT_IDLE" and "sensitive" in record["data"]
    ]
    if not told and profile.freshness(call.project)[0] == "fresh":
        told = [profile.kept(call.project, "SENSITIVE")]
    return reports.sensitive([line for lines in told for line in lines])
