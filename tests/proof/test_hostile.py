"""The hostile driver in short: random runs through the whole gate, judged by a witness; and proof that the witness can say no.

`python -m prove.long hostile` does hundreds; `python -m prove.hostile --seed N` repeats one.
"""

import contextlib
import os
import random

import pytest

from pack.gate import before_message, closing_proof, identity
from pack.base import codec, project_facts
from pack.store import journal
from pack.realtime import wave_words
from prove import hostile, variants, waveteam
from prove.behind import BehindDeeds
from prove.client import Broken, Person, git
from prove.wavewitness import WaveWitness
from prove.witness import Witness
from pack.protocol import access, access_waves, guards_waves
from pack.cli import gates

OPEN = {"mode": "SIMPLE", "headless": True, "coders": 2, "dead_pid": False, "hostile": 0.4, "length": 150, "end": "open"}
ONE = dict(OPEN, coders=1)


def test_random_runs_break_no_promise_and_come_to_an_end():
    figures, failures = hostile.hunt(range(1, 13), shrinking=30.0)
    assert not failures, failures[0]
    assert figures["finished"] + figures["aborted"] == figures["runs"] == 12
    # They got somewhere: deep enough that the promises were there to be broken.
    assert (
        figures["finished"] >= 6
        and figures["done"] >= 12
        and figures["approved"] >= 20
        and figures["commits"] >= 4
        and figures["deaths"] >= 6
    )
    assert figures["refused"] >= 100 and len([k for k in figures if k.startswith("code ")]) >= 25
    assert {"mode SIMPLE", "headless", "terminal"} <= set(figures)


@pytest.mark.parametrize(
    "kind, most, codes",
    [
        ("waves", {"gates": 10, "waves": 10, "words": 2, "edits": 20}, {"WAVE_CLOSED", "NOT_YOUR_FILE"}),
        ("today", {"done": 5, "approved": 10, "said": 10, "commits": 5}, {"NOT_IN_TASK", "WRONG_ROLE"}),
        ("behind", {"done": 3, "tricks": 15, "judged": 3}, {"NOT_APPROVED"}),
        ("panes", {"done": 3, "approved": 5}, {"ENDED_AGENT", "WRONG_ROLE"}),
        ("paned waves", {"gates": 5, "waves": 5}, {"WAVE_CLOSED", "UNKNOWN_AGENT"}),
        ("together", {"done": 3, "approved": 5, "together": 100}, {"TASK_TAKEN", "ROLE_TAKEN", "NAME_TAKEN"}),
        ("waves together", {"gates": 5, "waves": 5, "together": 100}, {"WAVE_CLOSED", "NAME_TAKEN"}),
    ],
)
def test_teams_of_waves_terminal_panes_and_hooks_at_once_break_no_promise_either(kind, most, codes):
    figures, failures = hostile.hunt(range(1, 7), shrinking=30.0, kind=kind)
    assert not failures, failures[0]
    assert figures.get("finished", 0) + figures.get("aborted", 0) == figures["runs"] == 6
    assert {k: figures.get(k, 0) for k, n in most.items() if figures.get(k, 0) < n} == {}
    assert {c for c in codes if "code " + c not in figures} == set()


def test_a_closing_proof_that_sees_nothing_is_noticed(monkeypatch):
    monkeypatch.setattr(closing_proof, "prove", lambda call: ([], [], []))
    failures = hostile.hunt(range(1, 8), shrinking=0, kind="behind", stop=False)[1]
    assert {f.split(": ")[1] for f in failures} & {"UNNAMED", "DELIVERED"}


@pytest.mark.parametrize("kind", ["build", "waves", "panes"])
def test_a_seed_repeats_its_run(kind):
    with hostile.Template() as template:
        runs = []
        for _ in range(2):
            run = hostile.play(5, template, kind=kind)
            # What no hook saw is found by a file's time, and two writes in one tick of the clock have the same.
            events = [r["event"] for r in run.client.book.records if r["event"] != "OVERLAP_SCOPE"]
            runs.append((run.setup, run.deeds, events, str(run.broken)))
            run.close()
    assert runs[0] == runs[1] and len(runs[0][1]) > 20


VOLATILE = ("nonce", "start", "between")  # by chance; how the files look, inode and all; numbers of records, those below among them


@pytest.mark.parametrize("kind, seed", [("build", 2200100), ("today", 2200101), ("behind", 2200102), ("waves", 5), ("panes", 2200106)])
def test_calls_in_processes_of_their_own_leave_the_same_journal(kind, seed, monkeypatch):
    """What the driver's own process could hide: modules and caches that stay, its folder, its environment."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2026-11-30T12:00:00Z")  # for the same ids of commits
    journals = []
    with hostile.Template() as template:
        for whole in (False, True):
            run = hostile.play(seed, template, kind=kind, whole=whole)
            found = []
            for r in run.client.book.records:
                if r["event"] != "OVERLAP_SCOPE":  # see above
                    data = codec.loads(codec.dumps(r["data"]).replace(run.client.base, ""))
                    found.append((r["event"], r["actor"], r["key"], r["ts"], {k: v for k, v in data.items() if k not in VOLATILE}))
            journals.append((found, run.deeds, str(run.broken), run.client.hooks))
            run.close()
    assert journals[0] == journals[1] and len(journals[0][0]) > 20 and journals[0][2] == "None"


def test_a_pane_is_bound_after_a_take_over_too():
    """The client's process number counts down with each take-over; a pane that says the same number would be its second conversation."""
    setup = dict(OPEN, kind="panes", headless=False, dead_pid=True)
    with hostile.Template() as template:
        run = hostile.Run(setup, template)
        deeds = hostile.MADE["panes"][1](random.Random(1), run.client, "SIMPLE", 0)
        try:
            while not run.client.book.state["plan"]:
                assert run.do(deeds.next())
            for deed in (
                {"do": "taken"},
                {"do": "spawn", "who": "lead", "name": "boss", "role": "supervisor", "start": "post", "pane": "transcript"},
                {"do": "say", "who": "lead", "to": "boss", "text": "STATE_OWNERSHIP_HANDOFF(1)"},
                {"do": "say", "who": "boss", "to": "lead", "text": "STATE_OWNERSHIP_ACK(1)"},
            ):
                assert run.do(deed), run.broken
            assert run.client.book.state["owner"]["state"] == "ACTIVE"
        finally:
            run.close()


def test_a_hard_stop_ends_where_its_only_worker_turns_out_never_to_have_begun():
    """Seed 920079: the witness went on waiting for the gate of a role whose spawn failed after the gate was judged."""
    with hostile.Template() as template:
        run = hostile.play(920079, template, kind="paned waves")
        run.close()
    failed = [r["seq"] for r in run.client.book.records if r["event"] == "SPAWN_FAILED"]
    assert run.broken is None and failed and run.client.witness.checked["halts"]


def test_a_fresh_checkout_has_what_git_has_of_a_file_that_it_overlooks(project):
    """Seed 2100216: somebody had git overlook a file and changed it, after the verification. Tests in place would have seen it."""
    witness = Witness(str(project), True, 1)
    trees = [[witness.tree(), witness.tree(in_place=True)]]
    for name in ("src/old.py", "alias.py"):
        if name == "alias.py":
            os.symlink("src/old.py", os.path.join(str(project), name))
            git(str(project), "add", name)
            trees.append([witness.tree(), witness.tree(in_place=True)])
        git(str(project), "update-index", "--assume-unchanged", name)
        trees.append([witness.tree(), witness.tree(in_place=True)])
        assert trees[-1] == trees[-2]
        os.unlink(os.path.join(str(project), name))
        trees.append([witness.tree(), witness.tree(in_place=True)])
        assert trees[-1][0] == trees[-2][0] and trees[-1][1] != trees[-2][1]


def test_a_lead_has_brought_back_what_a_failed_verification_says_git_lost(monkeypatch):
    """Seed 2200048: somebody's commit had emptied HEAD's tree, and all files lay on the disk: a lead who looks there only verifies again."""
    monkeypatch.setattr(hostile, "LAST_ROUNDS", 150)
    with hostile.Template() as template:
        run = hostile.Run(dict(OPEN, kind="behind", hostile=0, end="honest"), template)
        try:
            git(run.client.project, "rm", "-q", "--cached", "src/old.py", "check.sh")
            git(run.client.project, "commit", "-qm", "other")
            rng = random.Random(1)
            hostile.settle(run, rng, BehindDeeds(rng, run.client, "SIMPLE", 0))
            run.check()
            assert run.broken is None and run.closed, run.broken
            fixes = [r["data"]["task_record"]["files"] for r in run.client.book.records if r["event"] == "TASK_ADDED"]
            assert fixes == [["check.sh", "src/old.py"]] and run.client.witness.checked["judged"] == 1
        finally:
            run.close()


def test_a_commit_of_a_link_is_no_write_of_what_it_leads_to(project):
    """Seed 1000119: somebody had put a link in an artifact's place, and its own role committed it."""
    definition = waveteam.a_team(3)
    role = next(r for r in definition["roles"] if r.get("artifacts") and r["id"] != definition.get("lead"))
    name = "%s/%s" % (definition["root"], role["artifacts"][0])
    os.makedirs(os.path.dirname(os.path.join(str(project), name)), exist_ok=True)
    os.symlink("old.py", os.path.join(str(project), name))
    witness, person = WaveWitness(str(project), True, definition), Person(role["id"], role["id"], 1, True)
    person.known = person.alive = True
    witness.committed(role["id"], person, [name], {})
    with pytest.raises(Broken, match="EDIT_FOREIGN"):
        witness.edit(role["id"], person, name)


KILLED = ["before rename snapshot.json", 1]


@pytest.mark.parametrize(
    "said, events",
    [
        # The process that recorded PLAN OK died; the same call again records IDENTIFY RISKS, which waited for PLAN OK.
        ([{"do": "say", "to": "lead", "text": "PLAN OK", "kill": KILLED}], ["PLAN_OK", "IDENTIFY_RISKS"]),
        # A line that is none of the tech lead's to say is what stands below its own, as in a message.
        (
            [{"do": "say", "to": "lead", "text": "PLAN OK"}, {"do": "stops", "text": "RISKS: 0\nCLAIM: task #1"}],
            ["PLAN_OK", "IDENTIFY_RISKS", "RISKS"],
        ),
    ],
    ids=["killed", "another's line"],
)
def test_the_witness_is_told_facts_in_the_order_and_form_of_the_journal(said, events):
    plain = {name: {"value": False, "evidence": "src/old.py"} for name in ("changes_existing", "near_sensitive", "shared_by_3_modules")}
    facts = dict(
        plain, layers=["api"], direct_sensitive=plain["near_sensitive"], gold_standard_exists={"value": True, "evidence": "src/old.py"}
    )
    task = {"id": 1, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": []}
    task.update(acceptance=["recorded"], checks=["short"], tooling={"test": "true"}, blocked_by=[], reviewers=["quality-reviewer"])
    plan = {"facts": facts, "definition_of_done": ["tests pass"], "tasks": [task], "trade_offs": ["a module: one caller"]}
    spawn = lambda name, **more: dict({"do": "spawn", "who": "lead", "name": name, "role": name, "start": "ok"}, **more)
    deeds = [
        {"do": "pack", "who": "lead", "words": ["plan"], "raw": plan},
        spawn("supervisor", prompt="STATE_OWNERSHIP_HANDOFF(1)"),
        {"do": "stops", "who": "supervisor", "text": "STATE_OWNERSHIP_ACK(1)"},
        spawn("unified-reviewer"),
        {"do": "say", "who": "unified-reviewer", "to": "supervisor", "text": "ESCALATE TO MEDIUM: task #1"},
        spawn("tech-lead", prompt="VALIDATE PLAN\nIDENTIFY RISKS"),
    ] + [dict(deed, who="tech-lead") for deed in said]
    run = hostile.Run(dict(OPEN, kind="today"))
    try:
        assert [run.do(deed) for deed in deeds] == [True] * len(deeds), run.broken
        assert [r["event"] for r in run.client.book.records if r["event"] in events] == events
        assert run.client.deaths == ("kill" in said[0]) and run.client.witness.risks
    finally:
        run.close()


@contextlib.contextmanager
def keys_forgotten():
    """A store that does not know a call again."""
    real = journal.Store.append
    journal.Store.append = lambda self, event, now: (self.keys.pop(event.get("key"), None), real(self, event, now))[1]
    try:
        yield
    finally:
        journal.Store.append = real


@pytest.mark.parametrize(
    "mutant, kinds, setup, first",
    [
        (lambda: variants.without("task_is_approved"), {"DONE_EARLY"}, dict(OPEN, hostile=0.5, length=250), 3),
        (lambda: variants.without("reviewed_revision_is_present", "request_still_holds"), {"UNSEEN", "WRITTEN"}, OPEN, 16),
        (lambda: variants.without("task_is_the_senders"), {"NOT_OWNER"}, OPEN, 1),
        (lambda: variants.without("sender_is_living"), {"SAY_DEAD"}, dict(OPEN, mode="MEDIUM", hostile=0.5, length=200), 2),
        (lambda: variants.without("spawn_within_coders"), {"SPAWN_MANY"}, ONE, 1),
        (lambda: variants.without("verified_on_this_tree"), {"TEARDOWN_EARLY"}, dict(OPEN, hostile=0.2), 6),
        (
            lambda: variants.patched(access, "may_write", lambda state, actor, path, fact=None: None),
            {"PROTECTED", "EDIT_UNKNOWN", "EDIT_ROLE", "EDIT_FOREIGN", "EDIT_CLOSED", "EDIT_DEAD", "EDIT_TEST", "LEAD_EDITS"},
            OPEN,
            1,
        ),
        (
            lambda: variants.patched(access, "may_commit", lambda *_: None),
            {"COMMIT_EARLY", "COMMIT_FOREIGN", "COMMIT_BY"},
            dict(OPEN, hostile=0.6),
            1,
        ),
        (lambda: variants.patched(project_facts, "staged_otherwise", lambda commit: []), {"COMMIT_OTHER"}, OPEN, 13),
        (keys_forgotten, {"TWICE"}, OPEN, 1),
    ],
    ids=["approvals", "revisions", "owners", "the dead", "too many", "verify", "writes", "commits", "staged", "keys"],
)
def test_the_witness_notices_what_is_missing(mutant, kinds, setup, first):
    """With one check taken out, some run breaks a promise, and it is the one that the check keeps. first: the seed with which the
    search begins; a near one saves time, none is needed."""
    with mutant():
        _figures, failures = hostile.hunt(range(first, first + 80), shrinking=0, setup=setup)
    assert failures, "nobody noticed"
    assert failures[0].partition(": ")[2].partition(":")[0] in kinds, failures[0][:300]


def nobody_locks():
    """A store whose lock is had by everybody at once."""
    return variants.patched(
        journal.Lock, "__enter__", lambda self: (setattr(self, "fd", os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)), self)[1]
    )


def whoever_comes_first(call):
    """A pane is whoever is waited for."""
    return next((n for n, e in call.state["roster"].items() if e["state"] == "SPAWNING"), None)


WAVES = {"kind": "waves", "team": 3, "headless": True, "dead_pid": False, "hostile": 0.4, "length": 150, "end": "open"}
PANES = dict(OPEN, kind="panes", headless=False)


@pytest.mark.parametrize(
    "mutant, kinds, setup, first",
    [
        (lambda: variants.without("wave_is_open"), {"WAVE_EARLY"}, WAVES, 2),
        (lambda: variants.without("wave_role_is_single"), {"SPAWN_ROLE"}, WAVES, 1),
        (lambda: variants.without("waves_are_over"), {"TEARDOWN_EARLY"}, WAVES, 2),
        (lambda: variants.without("foreground_is_free"), {"FOREGROUND"}, dict(WAVES, team=7, hostile=0.7, length=200), 3),
        (lambda: variants.patched(guards_waves, "halting", lambda *_: None), {"WAVE_KEPT", "WOKEN"}, None, 33),
        (lambda: variants.patched(guards_waves, "spent", lambda *_: None), {"WAVE_KEPT", "WOKEN"}, None, 11),
        (
            lambda: variants.patched(access_waves, "may_write", lambda *_: None),
            {"EVIDENCE", "DEFINITION", "STRATEGY", "SEALED", "EDIT_FOREIGN", "EDIT_ROLE", "EDIT_UNKNOWN"},
            WAVES,
            1,
        ),
        (lambda: variants.patched(gates, "unchanged", lambda definition, _digest: definition), {"DEFINITION"}, None, 48),
        (lambda: variants.patched(wave_words, "_word", lambda *_: None), {"TYPED"}, None, 3),
        (lambda: variants.patched(identity, "_pane", whoever_comes_first), {"SYBIL", "EPOCH", "SAY_UNKNOWN"}, PANES, 1),
        (lambda: variants.patched(before_message, "client_address", lambda call, resolved, to: to), {"ADDRESS"}, PANES, 1),
        (
            nobody_locks,
            {"JOURNAL", "TWICE", "UNKNOWN_RECORDS", "CRASH", "HISTORY", "TROUBLE", "SNAPSHOT", "STATE_MD", "MIRROR"},
            dict(OPEN, kind="together"),
            1,
        ),
    ],
    ids=[
        "waves",
        "one a role",
        "the end",
        "the foreground",
        "hard stops",
        "retries",
        "writes",
        "definitions",
        "the user's word",
        "panes",
        "addresses",
        "the lock",
    ],
)
def test_the_witness_of_the_other_kinds_notices_too(mutant, kinds, setup, first):
    with mutant():
        _figures, failures = hostile.hunt(range(first, first + 80), shrinking=0, setup=setup, kind="waves")
    assert failures, "nobody noticed"
    assert failures[0].partition(": ")[2].partition(":")[0] in kinds, failures[0][:300]


def test_a_failure_is_made_small_and_still_fails():
    with variants.without("spawn_within_coders"), hostile.Template() as template:
        run = next(r for r in (hostile.play(seed, template, ONE) for seed in range(1, 61)) if r.broken)
        deeds, broken = hostile.shrink(run.setup, run.deeds, run.broken, template, seconds=25)
        assert isinstance(broken, Broken) and broken.kind == run.broken.kind
        assert len(deeds) <= 15 and len(deeds) <= len(run.deeds)
        assert hostile.replay(run.setup, deeds, template).kind == broken.kind
        run.close()
    assert hostile.replay(run.setup, deeds) is None  # the shipped gate refuses it
