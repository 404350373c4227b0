"""What a person sees of a run: `pack log`, `pack status` in a terminal, the status line. Every test starts the shipped program."""

import json
import os
import pty
import re
import shutil
import subprocess
import unicodedata

import pytest

from pack.base import paths
from pack.base.paths import PLUGIN_ROOT
from pack.store.render import tree
from hooks.driver import PLAN, plan

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")


def look(session, *words, stdin="", code=0, **env):
    done = subprocess.run(
        [PACK, *words],
        cwd=session.project,
        env={**os.environ, **session.env, **env},
        input=stdin,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stdout + done.stderr


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.fixture
def run(session):
    session.setup("SIMPLE")
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/old.py", "x") is not None
    return session


def test_log_is_filtered_by_actor_event_task_time_and_number(run):
    every = look(run, "log").splitlines()
    assert len(every) == len(run.events())
    assert len(look(run, "log", "-n", "3").splitlines()) == 3 and look(run, "log", "-n", "3").splitlines() == every[-3:]
    assert all(" coder-1 " in row for row in look(run, "log", "--actor", "coder-1").splitlines())
    assert [row.split()[0] for row in look(run, "log", "--event", "claim").splitlines()] == [
        str(e["seq"]) for e in run.events() if e["event"] == "CLAIM"
    ]
    refused = look(run, "log", "--refused").splitlines()
    assert len(refused) == 1 and "NOT_IN_TASK" in refused[0] and refused == look(run, "log", "--event", "refused").splitlines()
    assert "CLAIM" in look(run, "log", "--task", "#1") and "PLAN_REGISTERED" not in look(run, "log", "--task", "1")
    assert look(run, "log", "--since", "2999-01-01T00:00") == ""
    assert look(run, "log", "--since", "1970-01-01T00:00").splitlines() == every
    assert [json.loads(row)["seq"] for row in look(run, "log", "--json", "-n", "2").splitlines()] == [e["seq"] for e in run.events()[-2:]]


def test_log_has_no_python_in_it(run):
    text = look(run, "log")
    assert not re.search(r"[{}\[\]]|\bTrue\b|\bNone\b", text), text


def test_log_says_what_a_reviewer_found_and_that_there_is_no_risk(session):
    session.setup("MEDIUM")
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert session.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
    found = "MAJOR 80% src/a.py:1 breaks the convention of names; readers stumble; rename it"
    assert session.say("logic-reviewer", "coder-1", "CHANGES_REQUESTED: task #1\n" + found) is None
    text = look(session, "log", "-n", "40")
    assert "findings MAJOR src/a.py breaks the convention of names (convention);" in text, text
    assert " no risk: one new file that nothing imports\n" in text, text


@pytest.mark.parametrize(
    "words, told",
    [
        (("--since", "soon"), "WHEN is 10m, 2h, 14:30"),
        (("-n", "few"), "N is a number of events"),
        (("--task", "two"), "a task is a number: 2 or #2"),
    ],
)
def test_what_log_does_not_understand_is_said_with_what_it_does(run, words, told):
    assert told in look(run, "log", *words, code=2)


def test_nobody_of_that_name_and_no_such_task(run):
    assert "nobody in this run is called bob" in look(run, "log", "--actor", "bob", code=1)
    assert "tasks: #1, #2" in look(run, "log", "--task", "7", code=1)
    assert "a task is a number: 2 or #2, not 'two'" in look(run, "explain", "two", code=2)
    which = look(run, "explain", code=2)
    assert "tasks: 1 (Add greeting), 2 (Update .conventions/ with discovered patterns)" in which and "Next: pack explain 1" in which


def test_a_file_is_explained_by_the_tasks_that_have_it(run):
    whole = look(run, "explain", "1")
    assert look(run, "explain", "src/a.py") == whole and whole.startswith("task #1 «Add greeting»")
    assert look(run, "explain", os.path.join(run.project, "src", "a.py")) == whole
    assert look(run, "explain", ".conventions/naming.md").startswith("task #2 ")
    nobodys = look(run, "explain", "src/old.py", code=1)
    assert "no task of this run has src/old.py" in nobodys and "files of tasks: .conventions/, src/a.py" in nobodys


def test_explain_of_a_team_of_waves_says_that_it_has_no_tasks(session):
    from hooks.test_seeds import waves

    waves(session)
    for words in ((), ("1",), ("src/old.py",)):
        said = look(session, "explain", *words, code=1)
        assert "a team of waves has no tasks" in said and "Next: pack status shows its waves" in said


def test_explain_says_what_is_next_for_the_task(run):
    assert "next: " not in look(run, "explain", "1"), "its coder is at work"
    run.edit("coder-1", "src/a.py", "A = 1\n")
    run.say("coder-1", "supervisor", "STUCK: task #1")
    assert "next: lead: task #1 is STUCK: decide" in look(run, "explain", "1")


def test_in_a_narrow_terminal_what_happened_stands_on_its_own_line(run):
    rows = look(run, "log", "--event", "CLAIM", PACK_SCREEN="40x24").splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d coder-1 CLAIM", rows[0]) and rows[1].startswith("  task #1") and len(rows) == 2


def test_a_terminal_gets_lines_that_fit_and_colour_where_it_is_wanted(run):
    for columns in (40, 80, 200):
        rows = look(run, "log", PACK_SCREEN="%dx24" % columns).splitlines()
        assert max(map(width, rows)) <= columns
    assert "\033[31m" in look(run, "log", "--refused", FORCE_COLOR="1")
    assert "\033[" not in look(run, "log", FORCE_COLOR="1", NO_COLOR="1") and "\033[" not in look(run, "log")


def test_follow_begins_with_the_last_events_and_ends_with_the_run(run):
    for n in range(30):
        run.edit("coder-1", "src/old.py", "x%d" % n)
    run.send("UserPromptSubmit", prompt="team abort enough")
    for name in list(run.agents):
        run.send("SubagentStop", name, stop_hook_active=False)
    if run.state()["phase"] == "CLOSED":
        rows = look(run, "log", "--follow").splitlines()
        assert len(rows) == 20 and rows == look(run, "log").splitlines()[-20:]


def many(tasks):
    from pack.protocol import machine

    state = machine.initial()
    state.update(
        team={"name": "feature-big", "coders": 3, "enforcement": {"level": "partial", "why": []}}, phase="EXECUTION", mode="SIMPLE"
    )
    for n in range(1, tasks + 1):
        blocked = n == 150
        state["tasks"][str(n)] = {
            "subject": "A subject that is a good deal longer than any terminal that people still use is wide %d" % n,
            "state": "STUCK" if blocked else "DONE" if n < 50 else "PENDING",
            "owner": None,
            "blocked_by": [],
            "cause": None,
            "requests": {},
            "approvals": {},
            "reviewers": [],
            "high_risk": False,
            "revision": None,
            "rounds": [],
            "files": [],
            "touched": [],
        }
    return state


def test_a_tree_of_two_hundred_tasks_keeps_what_needs_somebody_and_counts_the_rest():
    state = many(200)
    rows = tree(state, "partial", 24).split("\n")
    assert len(rows) <= 24 and any("#150" in row and "STUCK" in row for row in rows)
    counted = next(int(m.group(1)) for row in rows for m in [re.search(r"and (\d+) more tasks that wait", row)] if m)
    assert counted + sum("(PENDING)" in row for row in rows) == 150
    assert sum("(PENDING)" in row for row in tree(state, "partial").split("\n")) == 150, "without a limit, everything"


@pytest.mark.parametrize("columns", [44, 50, 80])
def test_a_narrow_terminal_keeps_the_state_of_a_task_and_cuts_its_subject(session, columns):
    long = "Parse the configuration file with all its includes and deprecated spellings, and say where each value came from"
    listed = [dict(PLAN["tasks"][0], subject=long), PLAN["tasks"][1]]
    session.setup("SIMPLE", raw=plan("SIMPLE", tasks=listed))
    session.say("coder-1", "supervisor", "CLAIM: task #1")
    told = look(session, "status", PACK_SCREEN="%dx30" % columns).splitlines()
    row = next(line for line in told if "coder-1: task #1" in line)
    assert row.endswith("(IN_PROGRESS)") and width(row) <= columns and ("…" in row or "«" not in row)
    assert all(width(line) <= columns for line in told)


def test_rows_that_are_left_over_show_ways_out_whole(session):
    session.setup("SIMPLE")
    session.do_task("coder-1", 1, "src/a.py")
    with open(os.path.join(session.project, "src", "a.py"), "a") as f:
        f.write("B = 2\n")  # past the gate
    session.send("UserPromptSubmit", prompt="go on")
    session.send("UserPromptSubmit", prompt="go on")
    way = "or the user types `team accept PATH` and takes it as it is."
    whole = look(session, "status", PACK_SCREEN="80x60")
    assert way in " ".join(whole.split()) and all(width(line) <= 80 for line in whole.splitlines())
    small = look(session, "status", PACK_SCREEN="80x12").splitlines()
    assert way not in " ".join(" ".join(small).split()) and all(width(line) <= 80 for line in small)


def test_a_closed_run_lists_its_tasks():
    state = many(3)
    state["phase"] = "CLOSED"
    assert sum("(DONE)" in row for row in tree(state, "off").split("\n")) == 3


def test_the_status_line_fits_and_is_silent_without_a_run(run, tmp_path):
    given = json.dumps({"cwd": run.project, "cost": {"total_cost_usd": 1.5}})
    text = look(run, "statusline", stdin=given)
    assert text.startswith("team EXECUTION · 0/2 · 1 at work · enforcement ") and "$1.50" in text and width(text.strip()) <= 80
    for odd in ("", "[]", "{", '{"cwd": 3}', '{"workspace": {"project_dir": "/nowhere"}, "cwd": []}'):
        look(run, "statusline", stdin=odd)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert look(run, "statusline", stdin=json.dumps({"cwd": str(empty)})) == ""
    for marker in paths.markers(run.env["CLAUDE_PLUGIN_DATA"], run.project):
        os.unlink(marker)
    assert "enforcement OFF" in look(run, "statusline", stdin=given), "somebody took the markers away"


def test_the_status_line_is_shown_in_any_locale(run):
    given = json.dumps({"cwd": run.project})
    text = look(run, "statusline", stdin=given)
    assert "·" in text and look(run, "statusline", stdin=given, PYTHONIOENCODING="ascii", LC_ALL="C") == text


def test_the_status_line_reads_little_and_keeps_its_byte_code(run, tmp_path):
    """It is started after every message; a container's environment often says that no byte code is kept."""
    copy = tmp_path / "plugin"
    shutil.copytree(PLUGIN_ROOT + "/scripts/pack", copy / "scripts" / "pack", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PLUGIN_ROOT + "/bin", copy / "bin")
    env = {**os.environ, **run.env, "PYTHONDONTWRITEBYTECODE": "1"}
    given = json.dumps({"cwd": run.project})
    shown = subprocess.run(
        ["sh", str(copy / "bin" / "pack"), "statusline"], input=given, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    assert shown.stdout.startswith("team EXECUTION")
    kept = {f.name.split(".")[0] for f in copy.rglob("*.pyc")}
    assert kept == {"__init__", "statusline", "codec", "enforcement", "needed", "paths"}


def test_the_status_line_goes_into_the_settings_beside_another_and_out_again(run, tmp_path):
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    file = home / ".claude" / "settings.json"
    before = {"model": "x", "statusLine": {"type": "command", "command": "echo it\\'s 'a b'", "padding": 2}}
    file.write_text(json.dumps(before))
    assert "put into" in look(run, "statusline", "--install", HOME=str(home))
    assert "already" in look(run, "statusline", "--install", HOME=str(home))
    now = json.loads(file.read_text())
    assert now["model"] == "x" and now["statusLine"]["padding"] == 2
    shown = subprocess.run(
        ["sh", "-c", now["statusLine"]["command"]],
        input=json.dumps({"cwd": run.project}),
        env=dict(os.environ, **run.env),
        capture_output=True,
        text=True,
    )
    assert shown.stdout.splitlines()[0] == "it's a b" and shown.stdout.splitlines()[1].startswith("team EXECUTION")
    assert "taken out" in look(run, "statusline", "--uninstall", HOME=str(home))
    assert json.loads(file.read_text()) == before
    file.write_text("{")
    assert "mend it first" in look(run, "statusline", "--install", HOME=str(home), code=1) and file.read_text() == "{"
    file.unlink()
    look(run, "statusline", "--install", HOME=str(home))
    look(run, "statusline", "--uninstall", HOME=str(home))
    assert json.loads(file.read_text()) == {}


HOSTILE = "</script>\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b31m\rTEAM \u202egpj.exe\u202c שלום"
DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(session):
    """A run whose words drive a terminal, wherever a person is shown some."""
    raw = plan("MEDIUM", definition_of_done=["All tests pass: true", HOSTILE])
    raw["tasks"][0].update(subject=HOSTILE, acceptance=[HOSTILE])
    session.setup("MEDIUM", raw=raw)
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert session.edit("coder-1", "src/\x1b[2J\u202ex.py", "x") is not None
    assert session.say("coder-1", "lead", "QUESTION: " + HOSTILE) is None
    return session


LOOKS = ("status", "log", "explain 1", "task show", "status --summary", "status --summary --format md", "stats", "runs", "watch --plain")


@pytest.mark.parametrize("words", LOOKS)
def test_what_others_wrote_drives_no_terminal(hostile, words):
    """In a pipe and in a terminal, coloured or not: letters stay, of what drives a terminal the number is shown."""
    env = {**os.environ, **hostile.env}
    if words != "watch --plain":  # it goes on as long as its run
        text = look(hostile, *words.split())
        assert DRIVES.findall(text) == [] and text
        assert ("שלום" in text) == (words not in ("runs", "stats"))
    master, slave = pty.openpty()
    started = subprocess.Popen([PACK, *words.split()], cwd=hostile.project, env=dict(env, TERM="xterm"), stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    while b"Progress:" not in seen or words != "watch --plain":
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not part:
            break
        seen += part
    started.terminate()
    started.wait()
    os.close(master)
    text = re.sub("\x1b\\[(31|32|0)m", "", seen.decode("utf-8", "ignore").replace("\r\n", "\n"))  # the log's own colours
    assert DRIVES.findall(text) == [] and text


def test_what_programs_read_is_what_the_journal_holds(hostile):
    assert json.loads(look(hostile, "status", "--json"))["tasks"][0]["subject"] == HOSTILE
    assert [json.loads(row)["data"] for row in look(hostile, "log", "--json").splitlines()] == [e["data"] for e in hostile.events()]
    assert DRIVES.findall(look(hostile, "status", "--json") + look(hostile, "log", "--json")) == []


def test_what_hooks_show_a_person_drives_no_terminal(hostile):
    for payload in ({"prompt": "team status"}, {"prompt": "team accept \x1b[2Jx"}):
        out = hostile.send("UserPromptSubmit", **payload)[1]
        assert "reason" in out and DRIVES.findall(out["reason"]) == []
    refused = hostile.edit("coder-1", "src/\x1b[2J\u202ex.py", "x")
    assert "\\u001b[2J" in refused and DRIVES.findall(refused) == []
    line = look(hostile, "statusline", stdin=json.dumps({"cwd": hostile.project}))
    assert DRIVES.findall(line) == [] and line.startswith("team EXECUTION")
