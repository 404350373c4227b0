"""Faults on the real journal code, in short; `make prove-long` runs the same loops longer. What must hold: scripts/prove/faults.py."""

import os
import subprocess

import pytest

from pack.base import codec
from pack.store.disk import Disk
from pack.store.journal import Busy, Damaged, Lock, Store, read_chain, encode_line
from pack.protocol import machine
from prove import faults, fuzz, power, worker


def test_kill_at_every_labelled_point_and_at_random(tmp_path):
    tally = faults.kills(str(tmp_path), 240)
    assert tally.kills >= 150 and tally.acked > 100
    tried = [p for p in worker.POINTS if p != "after truncate"]
    assert [p for p in tried if not tally.by_point.get(p)] == []


def test_a_killed_process_of_its_own(tmp_path):
    """The same with a new interpreter instead of a fork, a few times."""
    assert faults.kills(str(tmp_path), 12, seed=9, fork=False).kills >= 4


def test_kill_while_a_torn_tail_is_cut(tmp_path):
    """A crash in the repair of a crash."""
    folder, data, acked = faults.make_journal(str(tmp_path))
    journal = os.path.join(folder, "journal.jsonl")
    for point in ("after truncate", "before rename journal.jsonl", "after rename journal.jsonl", "before rename mirror.jsonl"):
        for garbage in faults.GARBAGE[1:]:
            with open(journal, "ab") as f:
                f.write(garbage)
            faults._forked(folder, data, 77, 1, point, 1, None, 0.0)
            _records, _found = faults.check_nothing_lost(folder, data, acked)


def test_torn_tail_at_every_byte_with_garbage(tmp_path):
    assert faults.torn_tails(str(tmp_path), stride=23) > 400


@pytest.mark.parametrize("touched", [False, True])
def test_every_byte_flipped(tmp_path, touched):
    assert faults.flips(str(tmp_path), stride=29, touched=touched) > 150


def _cut(data):
    return data[:-7]


def _last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def _last_record(data):
    """A byte in the last record, its newline left alone."""
    return data[:-9] + bytes([data[-9] ^ 4]) + data[-8:]


@pytest.mark.parametrize("damage", [_cut, _last_bit, _last_record], ids=lambda f: f.__name__.strip("_"))
def test_a_mirror_with_a_damaged_end_costs_no_acknowledged_event(tmp_path, damage):
    """The mirror is written first: one that ends torn beside a journal that has the operation was damaged, the journal is not ahead."""
    folder, data, acked = faults.make_journal(str(tmp_path))
    mirror = os.path.join(data, "mirror.jsonl")
    with open(mirror, "rb") as f:
        whole = f.read()
    with open(mirror, "wb") as f:
        f.write(damage(whole))
    _records, found = faults.check_nothing_lost(folder, data, acked)
    assert ("STATE_DIVERGENCE", "mirror.jsonl") in [(name, what.get("file")) for name, what in found]
    with open(mirror, "rb") as f:
        assert f.read().startswith(whole)


def test_a_mirror_that_ends_between_two_records_costs_no_acknowledged_event(tmp_path):
    folder, data, acked = faults.make_journal(str(tmp_path))
    mirror = os.path.join(data, "mirror.jsonl")
    with open(mirror, "rb") as f:
        lines = f.readlines()
    for kept in range(1, len(lines)):
        with open(mirror, "wb") as f:
            f.writelines(lines[:kept])
        records, found = faults.check_nothing_lost(folder, data, acked)
        lacked = [what["was"] for name, what in found if name == "STATE_DIVERGENCE"]
        assert lacked == ["lacked %d record(s), rebuilt from the journal" % (len(lines) - kept)]
        with open(mirror, "rb") as f:
            lines = f.readlines()
        assert len(lines) == len(records)


@pytest.mark.parametrize("garbage", faults.GARBAGE, ids=("clean", "zeros", "a line", "two lines", "half a line"))
@pytest.mark.parametrize("kept", ["lines", "torn", "garbage"])
def test_a_power_failure_that_hurts_both_files_costs_no_acknowledged_event(tmp_path, garbage, kept):
    """An operation that nobody acknowledged is half in the journal, and the mirror has lost its end. What is appended next must not
    stand behind the garbage: it would be gone with the next power failure (found by simulation 215)."""
    folder, data, acked = faults.make_journal(str(tmp_path))
    journal, mirror = os.path.join(folder, "journal.jsonl"), os.path.join(data, "mirror.jsonl")
    with open(mirror, "rb") as f:
        lines = f.readlines()
    for lost in range(len(lines)):
        with open(journal, "ab") as f:
            f.write(garbage)
        with open(mirror, "wb") as f:
            f.writelines(lines[: len(lines) - lost])
            f.write({"lines": b"", "torn": b'{"seq":', "garbage": garbage}[kept])
        faults.check_nothing_lost(folder, data, acked)
        os.unlink(mirror)
        faults.check_nothing_lost(folder, data, acked)
        with open(mirror, "rb") as f:
            lines = f.readlines()


def test_deaths_and_power_failures_one_after_the_other():
    tally = power.runs(1, 150)
    assert tally.failures > 500 and tally.deaths > 1000 and tally.acknowledged > 2000


def test_what_is_appended_behind_an_unfinished_write_is_noticed(monkeypatch):
    """The same runs against a store that leaves such ends where they are."""
    monkeypatch.setattr(Store, "_keep", lambda self, whole, mine, theirs: None)
    with pytest.raises(AssertionError, match="seed"):
        power.runs(1, 150)


def test_a_journal_whose_acknowledged_end_is_damaged_beside_a_cut_mirror_is_not_guessed_at(tmp_path):
    folder, data, _acked = faults.make_journal(str(tmp_path))
    journal, mirror = os.path.join(folder, "journal.jsonl"), os.path.join(data, "mirror.jsonl")
    with open(journal, "r+b") as f:
        f.seek(-9, os.SEEK_END)
        f.write(b"?")
    with open(mirror, "rb") as f:
        lines = f.readlines()
    with open(mirror, "wb") as f:
        f.write(b"".join(lines[:2]) + b"{")
    with pytest.raises(Damaged, match="neither in the journal nor in its mirror"):
        Store(folder, data).load()


def test_a_record_that_no_hook_wrote_is_removed_whatever_else_was_touched(tmp_path):
    """Well-formed and behind the last one: mirror and `written` are in the plugin's folder and do not know it."""
    folder, data, acked = faults.make_journal(str(tmp_path))
    journal = os.path.join(folder, "journal.jsonl")
    store = Store(folder, data)
    with store.lock():
        store.load()
    record = {"seq": store.seq + 1, "ts": store.ts, "epoch": store.state["owner"]["epoch"], "actor": machine.GATE}
    state, _events = machine.fold(store.state, {"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, store.ts)
    record.update(event="TICK", data={}, key=None, more=0, state=codec.digest(codec.dumps(state)))
    with open(journal, "ab") as f:
        f.write(encode_line(record, store.sum)[0])
    _records, found = faults.check_nothing_lost(folder, data, acked)
    assert [what["was"] for _name, what in found] == ["1 record(s) that no hook wrote, removed"]


def test_full_disk_short_write_eio_read_only(tmp_path):
    errors, operations = faults.sick_disks(str(tmp_path), 60)
    assert errors > 30 and operations == 180


def test_many_writers_lose_nothing(tmp_path):
    operations, _waits, _held = faults.writers(str(tmp_path), 64, 3, wait=600.0)
    assert operations == 192


def test_a_lock_that_is_held_is_given_up_in_time_and_says_so(tmp_path):
    with Lock(str(tmp_path / "lock")):
        with pytest.raises(Busy):
            with Lock(str(tmp_path / "lock"), 0.05):
                pass


@pytest.mark.parametrize("jump", [365 * 86400, -365 * 86400])
def test_the_clock_jumps_a_year(tmp_path, jump):
    folder, data, acked = faults.make_journal(str(tmp_path))
    for n, now in enumerate((1e9, 1e9 + jump, 1e9 + 1, 1e9 + jump + 2, 1e9 + 3)):
        store = Store(folder, data)
        with store.lock():
            store.load()
            acked["j%d" % n] = store.append({"event": "MAIL", "actor": machine.GATE, "data": {"to": "lead"}, "key": "j%d" % n}, now)[-1][
                "seq"
            ]
    records, _found = faults.check_nothing_lost(folder, data, acked)
    assert [r["ts"] for r in records] == sorted(r["ts"] for r in records)


def test_a_jumping_clock_hastens_a_resend_and_never_skips_a_decision(tmp_path):
    """A jump of a year in WAITING_ACKS makes one round due, not three (H19)."""
    from prove.scenes import Scene
    from prove.explore import LEAD

    s = Scene(coders=3).ready("SIMPLE").finished().do("TEARDOWN_INIT", LEAD, tree="T", conventions="c1", persisted=True)
    for n in ("unified-reviewer", "c1"):
        s.do("SHUTDOWN_REQUESTED", LEAD, to=n, reason="")
    state, _events = machine.fold(s.p, {"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, 365 * 86400)
    assert (state["teardown"]["state"], state["teardown"]["sends"]) == ("RETRYING", 2)


PLACES = ["plain", "with spaces in it", "qu'ote \"double\" $HOME `x`", "ünïcödé-日本語", "-leading-dash", "new\nline", "a" * 120]


@pytest.mark.parametrize("name", PLACES)
def test_a_run_in_a_project_on_a_strange_path(tmp_path, name):
    from tests import conftest
    from hooks.driver import Session

    folder = tmp_path / name
    folder.mkdir()
    project = make_project(conftest, folder)
    s = Session(project, tmp_path / "data")
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    assert s.state()["tasks"]["1"]["state"] == "DONE"
    assert "PROTECTED" in s.bash("coder-1", "echo x >> .claude/teams/feature-add-a-greeting/state.md")


def make_project(conftest, tmp):
    made = getattr(conftest.project, "__wrapped__", None) or conftest.project.__pytest_wrapped__.obj
    return made(tmp)


def test_a_symlinked_project_is_the_same_project(tmp_path, project):
    from hooks.driver import Session

    link = tmp_path / "link"
    os.symlink(project, link)
    s = Session(link, tmp_path / "data")
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    for way in (str(project), str(link)):
        assert "PROTECTED" in s.call(
            "coder-1", "Write", post=False, file_path=way + "/.claude/teams/feature-add-a-greeting/state.md", content="x"
        )


def test_a_worktree(tmp_path, project):
    from tests import conftest
    from hooks.driver import Session

    conftest.git(project, "worktree", "add", "-q", str(tmp_path / "wt"), "-b", "side")
    s = Session(tmp_path / "wt", tmp_path / "data")
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    assert [r for r in s.events() if r["event"] == "COMMITTED"]


def test_two_clients_on_one_project(tmp_path, project):
    """A second main session is a bystander: it changes nothing, cannot write the team's folder, and is told."""
    from hooks.driver import Session

    first = Session(project, tmp_path / "data")
    first.setup("SIMPLE")
    second = Session(project, tmp_path / "data", session="5e551000-0000-4000-8000-00000000beef", pid=1)
    before = first.state()
    _code, out, _err = second.send("SessionStart", source="startup")
    assert "live in this project" in out["hookSpecificOutput"]["additionalContext"]
    assert "PROTECTED" in second.bash("lead", "echo x >> .claude/teams/feature-add-a-greeting/state.md")
    assert second.bash("lead", "pack abort --reason mine")
    second.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(2)")  # its own conversation: the gate does not look at it
    after = first.state()
    assert after["owner"] == before["owner"] and after["phase"] == before["phase"]
    _code, out, _err = second.build()
    assert out["decision"] == "block" and "live in another session" in out["reason"]


def test_suspended_in_the_middle_of_a_hand_off(tmp_path, project):
    """A laptop sleeps for a week between offer and ACK: both still mean the same."""
    from hooks.driver import Session

    s = Session(project, tmp_path / "data")
    s.build()
    s.register()
    s.spawn("supervisor", "supervisor")
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None
    s.now += 7 * 86400
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)") is None
    assert s.state()["owner"]["state"] == "ACTIVE"


def test_damage_of_both_files_is_never_guessed_at_and_a_person_can_repair(tmp_path):
    folder, data, _acked = faults.make_journal(str(tmp_path))
    for path in (os.path.join(folder, "journal.jsonl"), os.path.join(data, "mirror.jsonl")):
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            f.write(b"\xff\xff")
    store = Store(folder, data)
    with store.lock():
        with pytest.raises(Damaged):
            store.load()
    store = Store(folder, data)
    with store.lock():
        assert "good records" in store.repair()
    records = read_chain(store.disk.read(store.journal))[0]
    assert records[-1]["event"] == "TICK" and "STATE_DIVERGENCE" in [r["event"] for r in records]
    assert len([n for n in os.listdir(folder) if ".damaged-" in n]) == 1


def test_fuzzed_journals(tmp_path):
    found = fuzz.fuzz_journals(str(tmp_path), 150)
    assert found["loaded"] + found["damaged"] == 150 and found["loaded"] > 50


def test_fuzzed_messages():
    kinds = fuzz.fuzz_messages(4000)
    assert kinds["refused"] and kinds["talk"] and len(kinds) > 15


def test_fuzzed_payloads(tmp_path):
    from tests import conftest
    from hooks.driver import Session

    count = [0]

    def renew():
        count[0] += 1
        base = tmp_path / str(count[0])
        base.mkdir()
        s = Session(make_project(conftest, base), base / "data")
        s.setup("SIMPLE")
        s.say("coder-1", "supervisor", "CLAIM: task #1")
        return s

    found = fuzz.fuzz(renew(), 2000, renew=renew)
    assert set(found.codes) == {0, 2} and found.codes[2] > 100 and found.crashes == {}


def test_a_real_gate_process_under_a_memory_limit(session):
    """256 MB and the biggest payload that makes sense; no traceback, a decision."""
    import json
    import sys

    s = session
    s.setup("SIMPLE")
    payload = {
        "session_id": s.session,
        "cwd": s.project,
        "hook_event_name": "PreToolUse",
        "tool_name": "Write",
        "tool_use_id": "u",
        "tool_input": {"file_path": s.project + "/src/a.py", "content": "x" * 20000000},
    }
    from pack.base.paths import PLUGIN_ROOT

    command = "ulimit -v 262144; exec %s -I -S -E %s/hooks/gate.py PreToolUse" % (sys.executable, PLUGIN_ROOT)
    done = subprocess.run(
        ["sh", "-c", command],
        input=json.dumps(payload).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, **s.env),
    )
    assert done.returncode == 2 and b"Traceback" not in done.stderr + done.stdout
    assert b"LEAD_DELEGATES" in done.stdout


def test_the_disk_that_lies_is_only_used_by_tests():
    assert Disk().point("anything") is None


def test_the_state_does_not_grow_with_the_length_of_a_run():
    """What is only recorded stays in the journal: an event must cost the same after ten and after ten thousand others."""
    import random

    from pack.base import codec

    rng, state, sizes = random.Random(1), machine.initial(), []
    state, _events = machine.fold(state, {"event": "RUN_OPENED", "actor": worker.LEAD, "data": dict(worker.OPENED), "key": "open"}, 1.0)
    for n in range(1000):
        state, _events = machine.fold(state, worker.an_event(rng, str(n)), 2.0 + n)
        unknown = {"code": "UNKNOWN_TASK", "event": "DONE", "what": "w", "seen": "", "next": "", "task": 1000 + n}
        state, _events = machine.fold(state, {"event": "REFUSED", "actor": worker.LEAD, "data": unknown, "key": None}, 2.0 + n)
        sizes.append(len(codec.dumps(state)))
    assert sizes[-1] < sizes[99] + 40


@pytest.mark.parametrize(
    "event, fields",
    [
        ("PostToolUse", {"tool_name": "Write", "tool_input": {"file_path": "src/a.py"}, "cwd": "src\0a"}),
        ("PostToolUse", {"tool_name": "TaskStop", "tool_input": {"task_id": "x"}, "tool_response": {"command": {"a": 1}}}),
    ],
)
def test_what_the_long_fuzzing_found_is_answered_and_no_trouble(session, event, fields):
    session.setup("SIMPLE")
    assert session.send(event, tool_use_id="u1", **fields)[0] == 0
