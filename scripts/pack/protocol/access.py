"""Who may write what (PROTOCOL 8), as pure functions over a state and facts about one path or one commit.

Paths are relative to the project's root, resolved (no `..`, no symlink), with forward slashes.
"""

from __future__ import annotations

from . import access_waves, tables, view
from .plan import covers
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence
    from .state_types import Actor, State

DECISIONS = "DECISIONS.md"
APPENDABLE = ("## Operational Escalations", "## Orchestration Notes")
SCRATCH = ".team-scratch/"
_TEST_FOLDERS = ("test", "tests", "__tests__", "spec", "specs", "e2e", "cypress", "__snapshots__")
_TEST_ENDS = ("_test", ".test", ".spec", "_spec", "-test", "-spec", ".e2e", ".cy")
_TEST_WORDS = ("Test", "Tests", "TestCase", "Spec", "Specs", "IT")  # FooTest.java, FooTests.cs, FooSpec.scala, FooIT.java
_PAPERS = ("md", "txt", "rst", "adoc")


def is_test(path: str) -> bool:
    """Whether a path is a test file by its folder or name (`tests/`, `test_x.py`, `tests.py`, `x.test.ts`, `x_test.go`, `XTest.java`)."""
    parts = path.split("/")
    name = parts[-1]
    stem, _, ending = name.rpartition(".")
    stem, low = stem or name, (stem or name).lower()
    return (
        any(p.lower() in _TEST_FOLDERS for p in parts[:-1])
        or name.lower() in ("conftest.py", "conftest.pyi")
        or ending == "snap"
        or low.startswith("test_")
        or low.endswith(_TEST_ENDS)
        or low in ("test", "tests")
        and ending.lower() not in _PAPERS
        or stem[:4] == "Test"
        and stem[4:5].isupper()
        or any(stem.endswith(word) and stem[: -len(word)][-1:].islower() for word in _TEST_WORDS)
    )


def _no(code: str, what: str, seen: str, next: str, task: int | None = None) -> Refusal:
    return Refusal(code, what, seen, next, "WRITE", task)


def _ended(state: State, actor: Actor, event: str) -> Refusal | None:
    """The Refusal for an agent whose incarnation is over; None for a living one, the lead and those without a role."""
    e = view.entry(state, actor["name"])
    if actor["role"] in (None, tables.LEAD) or e and e["inc"] == actor["inc"] and e["state"] in tables.LIVING:
        return None
    return Refusal("ENDED_AGENT", "%s's incarnation is over" % actor["name"], "", "stop: your place is taken", event)


def may_write(state: State, actor: Actor, path: str | None, fact: Mapping[str, Any] | None = None) -> Refusal | None:
    """None when the actor may write the path now, else the Refusal.

    path is None for a file outside the project; fact: {"protected": why, "way": what to do instead} for what no agent ever writes,
    {"appends": bool} for DECISIONS.md: whether the change only adds lines under the supervisor's two headings.
    """
    fact, role, name = fact or {}, actor["role"], actor["name"]
    if fact.get("protected") and fact.get("way"):
        return _no("PROTECTED", "nobody writes %s" % (fact["shown"]), fact["protected"], fact["way"])
    if fact.get("protected"):
        return _no(
            "PROTECTED",
            "nobody writes %s" % (fact["shown"]),
            fact["protected"],
            "use the `pack` verbs and protocol messages; the hook writes the state",
        )
    if state["phase"] == "CLOSED" or role == "foreign":
        return None
    if view.waves(state) is not None and path is not None:
        return _ended(state, actor, "WRITE") or access_waves.may_write(state, actor, path)
    if role is None:
        return (
            None
            if path is None
            else _no(
                "UNKNOWN_AGENT",
                "an agent that is not in the roster may not edit %s" % path,
                "team " + state["team"]["name"],
                "the lead spawns agents by name: Agent(subagent_type: \"team:ROLE\", name: ...)",
            )
        )
    if role == tables.LEAD:
        if path is None or not view.left_planning(state):
            return None
        return _no(
            "LEAD_DELEGATES",
            "the lead edits no project file: %s" % path,
            "phase %s" % state["phase"],
            "give the change to a coder: a task, `pack task rescope`, or `pack task add` (a user who wants it back types `team abort`)",
        )
    ended = _ended(state, actor, "WRITE")
    if ended is not None:
        return None if path is None else ended
    if role in tables.IMPLEMENTERS:
        return None if path is None else _implementer(state, role, name, path)
    if path == DECISIONS and role == tables.TECH_LEAD:
        return None
    if path == DECISIONS and role == tables.SUPERVISOR:
        return (
            None
            if fact.get("appends")
            else _no(
                "APPEND_ONLY",
                "the supervisor only appends to %s" % DECISIONS,
                "the change touches other lines",
                "add lines under `%s` or `%s`" % APPENDABLE,
            )
        )
    if role == tables.RISK_TESTER:
        if path is None or path.startswith(SCRATCH + name + "/"):
            return None
        return _no(
            "SCRATCH_ONLY",
            "a risk tester writes only its own scratch scripts, not %s" % path,
            SCRATCH + name + "/",
            "write your script to %s%s/" % (SCRATCH, name),
        )
    if path is None and fact.get("shell"):
        return None  # a redirection to /tmp or /dev/null
    return _no(
        "ROLE_EDITS_NOTHING",
        "a %s edits no file: %s" % (role, path or fact.get("shown")),
        "role " + role,
        "describe the change in a message to the task's coder",
    )


def _implementer(state: State, role: str, name: str, path: str) -> Refusal | None:
    test = is_test(path)
    if role in tables.NO_TESTS and test:
        return _no(
            "TESTS_ARE_OWNED",
            "%s never edits tests: %s" % (role, path),
            "tests belong to the test-writer",
            "make the tests pass, or send QUESTION to the lead",
        )
    if role == tables.TEST_WRITER and not test:
        return _no("TESTS_ONLY", "a test-writer edits only tests: %s" % path, "role test-writer", "leave it to the coder of the task")
    if test and role != tables.TEST_WRITER and view.living(state, tables.TEST_WRITER):
        return _no(
            "TESTS_ARE_OWNED",
            "%s may not edit %s" % (name, path),
            "a test-writer is in the team: %s" % view.living(state, tables.TEST_WRITER)[0],
            "ask it for the change",
        )
    holders = [(n, t) for n, t in view.tasks(state) if any(covers(f, path) for f in t["files"])]
    mine = [(n, t) for n, t in holders if t["owner"] == name]
    if any(t["state"] in tables.WORKING for _n, t in mine):
        return None
    if mine:
        n, t = mine[-1]
        return _no(
            "TASK_STATE",
            "%s belongs to task #%d, which is %s" % (path, n, t["state"]),
            "edits are legal in " + ", ".join(tables.WORKING),
            "CLAIM: task #%d first" % n
            if t["state"] == "PENDING"
            else "wait for the lead's decision"
            if t["state"] in tables.BLOCKED_ON_LEAD
            else "the task is closed; ask for a new one",
            n,
        )
    if holders:
        n, t = holders[0]
        return _no(
            "NOT_YOUR_FILE",
            "%s belongs to task #%d" % (path, n),
            "owner %s, %s" % (t["owner"] or "nobody", t["state"]),
            "CLAIM: task #%d first (to the supervisor)" % n
            if not t["owner"] and t["state"] == "PENDING"
            else "leave the file to its owner, or ask it for the change",
            n,
        )
    own = view.owned(state, name)
    return _no(
        "NOT_IN_TASK",
        "%s is in no task of %s" % (path, name),
        "your tasks: " + (", ".join("#%d (%s)" % (n, ", ".join(view.task(state, n)["files"])) for n in own) or "none, CLAIM one first"),
        "ask the lead to re-scope: QUESTION: task #N needs %s" % path,
    )


def may_commit(state: State, actor: Actor, files: Sequence[str], revisions: Mapping[int, str | None]) -> Refusal | None:
    """None when the actor may commit these files now, else the Refusal.

    files: paths relative to the project; revisions: {task number: present revision} of the actor's tasks.
    """
    if state["phase"] == "CLOSED" or actor["role"] == "foreign":
        return None
    if view.waves(state) is not None:
        return _ended(state, actor, "COMMIT") or access_waves.may_commit(state, actor, files)
    if actor["role"] not in tables.IMPLEMENTERS:
        return Refusal(
            "WRONG_ROLE",
            "%s commits nothing" % (actor["name"] or "an unknown agent"),
            "role %s" % actor["role"],
            "the coder of an approved task commits its files",
            "COMMIT",
        )
    ended = _ended(state, actor, "COMMIT")
    if ended is not None:
        return ended
    if not files:
        return None  # git itself will say that there is nothing to commit
    for path in files:
        held = [
            (n, t)
            for n, t in view.tasks(state)
            if t["owner"] == actor["name"] and (any(covers(f, path) for f in t["files"]) or path in t["touched"])
        ]
        if not held:
            return Refusal(
                "NOT_YOUR_FILE",
                "%s is in no task of %s" % (path, actor["name"]),
                "staged: " + ", ".join(files)[:300],
                "commit your task's files alone, whatever else is staged: git add FILES && git commit -m TEXT -- FILES",
                "COMMIT",
            )
        good = [
            n
            for n, t in held
            if t["state"] in ("APPROVED", "DONE") and view.quorum(state, t, revisions.get(n, t["revision"]))["result"] in ("APPROVED",)
        ]
        if not good:
            n, t = held[-1]
            q = view.quorum(state, t, revisions.get(n, t["revision"]))
            return Refusal(
                "COMMIT_BEFORE_APPROVAL",
                "%s may not be committed yet" % path,
                "task #%d is %s; %s" % (n, t["state"], view.quorum_text(q)),
                "get every required approval of the present revision first",
                "COMMIT",
                n,
            )
    return None


def only_appends(old: str, new: str) -> bool:
    """Whether `new` is `old` plus lines under the supervisor's headings (the headings themselves may be added at the end)."""
    was, now = old.split("\n"), new.split("\n")
    section, i = None, 0
    for line in now:
        if i < len(was) and line == was[i]:
            i += 1
            if line.startswith("#"):
                section = line.strip()
            continue
        if line.strip() in APPENDABLE:
            if i < len([x for x in was if x]) and any(x for x in was[i:]):
                return False  # a heading of ours goes to the end
            section = line.strip()
        elif line.startswith("#") or (section not in APPENDABLE and line.strip()):
            return False
    return all(not x for x in was[i:])
