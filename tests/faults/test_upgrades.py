"""Runs that an older version of the plugin opened are played on, in mid-run; what cannot be read is named with the way out.

tests/faults/journals/ holds what commits of 0.1.0 really wrote (scripts/dev/record-journal): journal, mirror, snapshot, markers."""

import glob
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import git
from hooks.driver import Session
from pack.base import codec, paths
from pack.base.paths import PLUGIN_ROOT
from pack.protocol import machine, view
from pack.store.journal import START, Damaged, Store, encode_line, decode_line

RECORDED = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "journals", "*.json")))


def restore(path, project, data):
    """The recorded run in a project of its own; answers a Session of the client that led it."""
    with open(path, encoding="utf-8") as f:
        old = json.load(f)
    project, data = str(project), str(data)
    folder, run = paths.team_folder(project, old["team"]), paths.run_folder(data, project, old["team"])
    for where in (folder, run, os.path.dirname(paths.marker(data, project))):
        os.makedirs(where)
    for name, text in old["files"].items():
        with open(os.path.join(folder if name.startswith("team/") else run, name.split("/")[1]), "w") as f:
            f.write(text)
    marker = old["markers"].split("\n")
    lines = [sys.executable, old["team"], run] + ([project] if len(marker) > 4 else [])
    for place in (paths.marker(data, project), paths.project_marker(project)):
        with open(place, "w") as f:
            f.write("\n".join(lines) + "\n")
    with open(os.path.join(folder, "run.json"), "w") as f:
        json.dump({"data": data, "run": run}, f)
    with open(os.path.join(project, "src", "a.py"), "w") as f:
        f.write(old["src/a.py"])
    s = Session(project, data, session=old["session"], now=2000.0)
    s.agents = {name: tuple(pair) for name, pair in old["agents"].items()}
    s.env["CLAUDE_PID"] = "1999999"
    return s


@pytest.fixture(params=RECORDED, ids=lambda p: os.path.basename(p)[: -len(".json")])
def old(request, project, tmp_path):
    return restore(request.param, project, tmp_path / "data")


def test_there_are_recorded_runs():
    assert len(RECORDED) >= 10


def test_status_and_the_next_guarded_call_work_without_a_resume(old):
    s = old
    answer = s.send("UserPromptSubmit", prompt="team status")[1]["reason"]
    assert "TEAM STATUS" in answer and "EXECUTION" in answer and "coder-1" in answer
    assert s.edit("coder-1", "src/a.py", "again\n") is None
    assert "WRONG_ROLE" in s.bash("lead", "git commit -qm no --allow-empty")
    assert s.state()["v"] == machine.VERSION
    assert [e.get("v", 1) for e in s.events()][-1] == machine.VERSION
    assert not [e for e in s.events() if e["event"] in ("STATE_DIVERGENCE", "SNAPSHOT_CONFLICT", "SNAPSHOT_NOT_FOUND")]


LOOKS = (
    "status --all",
    "status --summary",
    "status --summary --format md",
    "log",
    "explain 1",
    "runs",
    "stats",
    "report html --out run.html",
)


def test_every_look_at_it_works(old):
    """With the rules of the version that wrote it: today's are stricter, and the live view replayed with those."""
    s = old
    env = dict(os.environ, **s.env, PACK_PYTHON=sys.executable)
    pack = [os.path.join(PLUGIN_ROOT, "bin", "pack")]
    for words in LOOKS + ("export --otlp run.jsonl",):
        done = subprocess.run(pack + words.split(), cwd=s.project, env=env, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, (words, done)
    with open(os.path.join(s.project, "run.html"), encoding="utf-8") as f:
        assert "coder-1" in f.read()
    with subprocess.Popen(
        pack + ["watch", "--plain"], cwd=s.project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as live:
        first = live.stdout.readline()
        live.kill()
    assert "TEAM STATUS" in first, first


def test_it_is_resumed_and_played_to_its_commit(old):
    s = old
    other = Session(s.project, s.data, session="00000000-0000-4000-8000-000000000009", pid=os.getpid(), now=3000.0)
    assert "this session leads" in other.send("UserPromptSubmit", prompt="team resume")[1]["reason"]
    assert other.spawn("supervisor", "supervisor") is None and other.handoff(epoch=2) is None
    mode = other.state()["mode"]
    if mode == "MEDIUM":
        assert other.spawn("tech-lead", "tech-lead") is None
    for role in {"SIMPLE": ["unified-reviewer"], "MEDIUM": ["logic-reviewer"]}[mode]:
        assert other.spawn(role, role) is None
    assert other.spawn("coder-2", "coder") is None
    assert other.bash("lead", "pack task assign 1 coder-2") is None
    other.do_task("coder-2", 1, "src/a.py")
    assert view.task(other.state(), 1)["state"] == "DONE"
    assert "greeting" not in git(other.project, "log", "--format=%s") and "task #1" in git(other.project, "log", "--format=%s")


@pytest.mark.parametrize("words", [("status",), ("log",), ("doctor",), ("explain", "1")])
def test_pack_looks_at_it(old, words):
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack")] + list(words) + ["--project", old.project],
        env={"PATH": os.environ["PATH"], "HOME": old.data, "CLAUDE_PLUGIN_DATA": old.data},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "Traceback" not in done.stdout and "contradicts" not in done.stdout and "cannot be read" not in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout


def test_a_person_ends_it(old):
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack"), "abort", "--reason", "old", "--project", old.project],
        env={"PATH": os.environ["PATH"], "HOME": old.data, "CLAUDE_PLUGIN_DATA": old.data},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0 and "closed" in done.stdout, done.stdout


def rewrite(s, change):
    """Journal and mirror with each record changed and sealed anew, as another version would have written them."""
    team = paths.teams(s.project)[0]
    store = Store(paths.team_folder(s.project, team), paths.run_folder(s.data, s.project, team))
    old, new, out = START, START, []
    with open(store.journal, "rb") as f:
        for line in f.read().splitlines():
            record, old = decode_line(line, old)
            for key in ("len", "sum"):
                record.pop(key)
            change(record)
            line, new = encode_line(record, new)
            out.append(line)
    for path in (store.journal, store.mirror):
        with open(path, "wb") as f:
            f.write(b"".join(out))
    for path in (store.snapshot, store.written):
        if os.path.exists(path):
            os.unlink(path)
    return store


def test_a_journal_of_a_newer_version_is_named_with_the_way_out(session):
    s = session
    s.setup("SIMPLE")
    store = rewrite(s, lambda record: record.update(v=machine.VERSION + 1))
    with pytest.raises(
        Damaged, match=r"newer version of this plugin \(state %d, this one reads up to %d\)" % (machine.VERSION + 1, machine.VERSION)
    ):
        store.load()
    text = s.write_raw("coder-1", "src/a.py")
    assert "newer version of this plugin" in text and "pack abort" in text


def test_an_older_record_that_cannot_be_read_is_named_with_its_version(session):
    s = session
    s.setup("SIMPLE")

    def older(record):
        record.pop("v", None)
        if record["event"] == "RUN_OPENED":
            record["data"]["sealed"]["version"] = "0.0.9"
        if record["event"] == "SPAWN_REQUESTED":
            del record["data"]["role"]

    rewrite(s, older)
    text = s.write_raw("coder-1", "src/a.py")
    assert "cannot be read by this version" in text and "team 0.0.9 wrote it" in text and "pack abort --reason WHY" in text


def test_a_snapshot_of_another_version_is_never_taken_for_todays(session):
    """As it is after an update in mid-run: snapshot and journal fit each other, and the state lacks what is new."""
    s = session
    s.setup("SIMPLE")
    lean = dict(s.state(), v=1)
    lean.pop("unavailable")
    text = codec.dumps(lean)
    store = rewrite(s, lambda record: (record.pop("v", None), record.update(state=record["state"] and codec.digest(text))))
    store.state = lean
    records = store.records()
    store.seq, store.size, store.last_at = len(records), os.path.getsize(store.journal), records[-1]["at"]
    store.derive(text, records[-2]["sum"])
    again = Store(store.folder, store.data).load()
    assert "unavailable" in again.state and again.state["v"] == machine.VERSION and again.found == []


def test_every_release_says_one_version():
    with open(os.path.join(PLUGIN_ROOT, ".claude-plugin", "plugin.json")) as f:
        version = json.load(f)["version"]
    done = subprocess.run([os.path.join(PLUGIN_ROOT, "bin", "pack"), "--version"], stdout=subprocess.PIPE, text=True)
    assert done.stdout.split()[-1] == version
