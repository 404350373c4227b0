"""What a task's record is checked with (`tooling`), run on what its reviewers read: "completed only when all checks pass" (seeds/realtime-dev.md).

The REVIEW begins it, beside the reviewers: a process of `pack verify`'s machinery, in a checkout of HEAD with the task's files as they are under review,
so that nobody else's half-done work decides. The commit that would be DONE asks for the result. What was green is kept, by content and commands.
"""

from __future__ import annotations

import os
import time

from ..base import codec, project_facts, verifying
from ..base.receipts import authenticated, vouched
from ..protocol import tables, verification, view
from ..protocol.plan import covers
from ..protocol.refusal import Refusal
from .verification import start_commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..protocol.state_types import Task
    from .hook_call import Call

FOLDER, VOUCHER = "checks", ".verify"
WAIT_SEC = 12.0  # of a commit, before it takes the lock: lock < this < alarm < hook timeout
WAY_BACK = "QUESTION to the lead: a fix task that names them (`pack task add`) has them committed again; after that, the same again"
LOST_SEC = 700.0  # a run of checks that has left nothing by then has died


def commands(task: Task) -> list[list[str]]:
    """[[name, command]] of a task's tooling, without what checks nothing."""
    return [[n, c] for n, c in sorted(task["tooling"].items()) if c.strip() and verifying.vacuous(c, False) != "it checks nothing"]


def _held(call: Call, task: Task) -> bool:
    entry = view.entry(call.state, task["owner"])
    return call.kind.approves and entry is not None and entry["role"] in tables.CODERS


def _base(call: Call, task: Task, revision: str) -> str:
    return os.path.join(call.store.data, FOLDER, codec.digest(revision, codec.dumps(commands(task)), size=12))


def begin(call: Call, task: Task, revision: str) -> None:
    """Start the checks of a revision, unless they run or were green. What was red runs again: what it lacked may be installed by now."""
    wanted = commands(task)
    if not wanted or not _held(call, task):
        return
    base = _base(call, task, revision)
    known = _result(call, base)
    if _running(base) or known is not None and red(known) is None:
        return
    tree = project_facts.task_tree(call.project, list(task["files"]) + task["touched"])
    if tree is None:
        return
    import subprocess

    voucher = {"verb": "checks", "key": os.urandom(16).hex(), "project": call.project, "tree": tree, "commands": wanted}
    voucher["start"] = start_commit(call)
    call.store.disk.mkdir(os.path.dirname(base))
    call.store.disk.remove(base + ".result")
    call.store.disk.replace(base + VOUCHER, codec.dumps(voucher).encode("ascii"))
    subprocess.run(
        ["sh", "-c", vouched(base + VOUCHER, "verify") + " &"],  # the shell ends at once, the checks go on
        cwd=call.project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _running(base: str) -> bool:
    try:
        return not os.path.exists(base + ".result") and time.time() - os.stat(base + VOUCHER).st_mtime < LOST_SEC
    except OSError:
        return False


def _result(call: Call, base: str) -> Any:
    """What the checks left, None without it or where it is not sealed with the voucher's key."""
    found, voucher = call.store.disk.read(base + ".result"), call.store.disk.read(base + VOUCHER)
    if found is None or voucher is None:
        return None
    try:
        result = codec.loads(found.decode("ascii"))
        return result if result["mac"] == authenticated(codec.loads(voucher.decode("ascii"))["key"], result) else None
    except (ValueError, KeyError, TypeError):
        return None


def red(result: Any) -> Any:
    """[name, command, exit code, its last line] of the first check that failed, None where all were green (or could not be run at all)."""
    return next((row for row in result["rows"] if row[2]), None)


def _moved_on(call: Call, task: Task, base: str) -> bool:
    """Whether HEAD holds something else beside the task's files than when the checks ran: what they lacked may have come with it, and the task's own
    content, which is approved, needs no other review for that."""
    ran = codec.loads((call.store.disk.read(base + VOUCHER) or b"{}").decode("ascii")).get("tree")
    return project_facts.task_tree(call.project, list(task["files"]) + task["touched"]) not in (None, ran)


def settle(run: str) -> None:
    """Before a commit takes the lock: wait a little for checks that run, so that their end is seen."""
    folder = os.path.join(run, FOLDER)
    if not os.path.isdir(folder):
        return
    until = time.monotonic() + WAIT_SEC
    while time.monotonic() < until:
        names = [n for n in os.listdir(folder) if n.endswith(VOUCHER)]
        if not any(_running(os.path.join(folder, n[: -len(VOUCHER)])) for n in names):
            return
        time.sleep(0.05)


def problem(call: Call, files: Sequence[str]) -> Refusal | None:
    """The Refusal of a commit that would be DONE of a task whose checks are not green on the approved content."""
    for _number, task in view.tasks(call.state):
        if task["owner"] == call.actor["name"] and any(covers(f, n) for f in task["files"] for n in files):
            refusal = not_green(call, task)
            if refusal is not None:
                return refusal
    return None


def not_green(call: Call, task: Task, event: str = "COMMIT") -> Refusal | None:
    """Why an approved task is not done, as a Refusal: its checks run, or are red on the approved content. None where there is nothing to ask."""
    number, revision = task["id"], task["revision"]
    if task["state"] != "APPROVED" or revision is None or not commands(task) or not _held(call, task):
        return None
    base = _base(call, task, revision)
    result = _result(call, base)
    if result is None or red(result) is not None and _moved_on(call, task, base):
        begin(call, task, revision)
        if not _running(base):
            return None  # nothing to check it out of: `pack verify` will run it in place
        return Refusal(
            "CHECKS_RUNNING",
            "task #%d is done when its checks are green" % number,
            "they still run: " + "; ".join(c for _n, c in commands(task))[:200],
            "`sleep 60`, then the same again",
            event,
            number,
        )
    bad, lost = red(result), result.get("lost")
    if bad is None:
        return None
    return Refusal(
        "CHECKS_RED",
        "task #%d is not done: `%s` (%s) is red on the approved content" % (number, bad[1][:120], bad[0]),
        "exit %d%s%s"
        % (bad[2], ": " + bad[3][:300] if bad[3] else "", "\n%s. %s" % (verification.lost_text(lost), WAY_BACK) if lost else ""),
        "mend it and send REVIEW again; a command that is wrong for this task: QUESTION to the lead, who changes its tooling (`pack task rescope %d --tooling NAME=COMMAND`)"
        % number,
        event,
        number,
    )
