"""The message of a task's commit: type and task number (the seed's Commit Conventions: every commit references the task that it implements)."""

from __future__ import annotations

from ..protocol import tables, view
from ..protocol.plan import covers
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .hook_call import Call

TYPES = ("feat", "fix", "docs", "test", "refactor", "perf", "style", "build", "ci", "chore", "revert", "schema")


def problem(call: Call, files: Sequence[str], message: str | None) -> Refusal | None:
    """The Refusal of a commit whose message lacks one of the two, None otherwise. One that cannot be read beforehand passes, and is told after."""
    if message is None or call.actor["role"] not in tables.IMPLEMENTERS:
        return None
    mine = [
        n
        for n, task in view.tasks(call.state)
        if task["owner"] == call.actor["name"] and any(covers(f, path) for path in files for f in list(task["files"]) + task["touched"])
    ]
    if not mine:
        return None
    line = (message.strip().splitlines() or [""])[0]
    wrong = lacks(line, message, mine)
    if not wrong:
        return None
    return Refusal(
        "COMMIT_MESSAGE",
        "the message %r %s" % (line[:100], " and ".join(wrong)),
        "the commit holds files of task %s" % ", ".join("#%d" % n for n in mine),
        "git commit -m \"TYPE: subject (task #%d)\" -- FILES; TYPE is one of %s" % (mine[-1], ", ".join(TYPES)),
        "COMMIT",
        mine[-1],
    )


def lacks(line: str, message: str, numbers: Sequence[int]) -> list[str]:
    """What a message lacks: [words]."""
    kind, colon, subject = line.partition(":")
    word, bracket, scope = kind.rstrip("!").partition("(")
    out = [] if colon and word in TYPES and (not bracket or scope.endswith(")")) and subject.strip() else ["has no type"]
    named = [w.strip("#().,;:[]") for w in message.replace("(", " ").split() if "#" in w]
    return out if any(str(n) in named for n in numbers) else out + ["names no task"]
