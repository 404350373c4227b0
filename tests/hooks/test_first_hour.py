"""A newcomer's first hour: mistakes at the command line and in the client, each answered with what is wrong and the way out."""

import copy
import glob
import json
import os
import shutil
import subprocess
import sys

import pytest
from pack.store import journal
from pack.base import paths
from pack.base.paths import PLUGIN_ROOT
from pack.store.disk import Disk
from hooks.driver import Session, plan
from tests.conftest import git
from hooks.test_looking import pack

TEAM = "feature-add-a-greeting"


def told(answer):
    """What a prompt or a command was answered with; it was blocked."""
    code, out, _err = answer
    assert code == 0 and out["decision"] == "block", answer
    return out["reason"]


# --- Opening a run -----------------------------------------------------------------------------------------------------------
def test_what_is_no_plan_is_named_for_what_it_is(session):
    s, here = session, session.project
    os.mkdir(here + "/docs.md")
    os.mkdir(here + "/docs")
    os.mkfifo(here + "/pipe.md")
    for name in ("empty.md", "two.md"):
        with open(here + "/" + name, "w") as f:
            f.write("" if name == "empty.md" else "# Two\n")
    for args, says in (
        ("docs.md", "docs.md is a folder"),
        ("docs/", "docs/ is a folder"),
        ("pipe.md", "is no ordinary file"),  # and is not waited for
        ("empty.md", "is empty"),
        ("nix.txt", "nix.txt does not exist"),
        ("plan.md two.md", "a plan is one file, and beside plan.md there is two.md"),
        ("plan.md -x", "beside plan.md there is -x"),
        ("plan.md \u2014coders=3", "that is a long dash, write --coders=3"),
        ("add a --fast flag", '/build "add --fast to the tool"'),
        ("Plan.md", "Did you mean plan.md? If not: write it first"),
        ("plan.txt", "Did you mean plan.md? If not: write it first"),
        ("plan.md --coders", "--coders: give a whole number from 1 to"),
        *((word, "usage: /build PLAN.md|DESCRIPTION") for word in ("?", "help", "-h", "--help")),
    ):
        assert says in told(s.build(args)), args
    assert not os.path.exists(here + "/.claude/teams")
    told_strategy = told(s.send("UserPromptSubmit", prompt="--team realtimeSystems --strategy empty.md"))
    assert "the strategy file empty.md is empty" in told_strategy
    assert not os.path.exists(here + "/.claude/teams")


@pytest.mark.parametrize(
    "args", ['"add --fast to the tool"', "add a -- separator", "README.md needs a section about -x", "fix it \u2014quickly"]
)
def test_a_description_may_name_files_flags_and_dashes(session, args):
    code, out, _err = session.build(args)
    assert code == 0 and "Run opened" in out["hookSpecificOutput"]["additionalContext"]


def test_a_plan_of_any_name_is_a_plan_when_it_is_there(session):
    with open(session.project + "/TODO", "w") as f:
        f.write("# Feature: say goodbye\n")
    _code, out, _err = session.build("TODO")
    text = out["hookSpecificOutput"]["additionalContext"]
    assert "plan file TODO" in text and "Team: feature-say-goodbye." in text


def test_where_nothing_can_be_written_no_run_is_opened_and_the_place_is_named(session):
    s = session
    with open(s.project + "/.claude", "w") as f:
        f.write("in the way")
    text = told(s.build())
    assert "no run was opened" in text and s.project + "/.claude (it is no folder)" in text and "pack abort" not in text
    os.unlink(s.project + "/.claude")
    s.build()
    assert s.state()["team"]["name"] == TEAM  # the attempt has not used the name up


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    "point", ["before mirror write", "before journal write", "before fsync", "after journal write", "after render", "after snapshot"]
)
def test_a_client_killed_while_it_opens_a_run_leaves_no_name_behind(session, point):
    """The opening record without its markers: the next /build of the same plan is the first one."""
    from pack.gate import entry

    class Dying(Disk):
        def point(self, name):
            if name == point:
                raise Killed

    s = session
    payload = {
        "session_id": s.session,
        "cwd": s.project,
        "hook_event_name": "UserPromptExpansion",
        "command_name": "team:build",
        "command_args": "plan.md",
    }
    with pytest.raises(Killed):
        entry.handle(payload, s.env, now=s.now, disk=Dying())
    assert paths.active(s.project, s.data) is None
    _code, out, _err = s.build()
    assert "Team: %s." % TEAM in out["hookSpecificOutput"]["additionalContext"]
    assert [r["event"] for r in s.events()] == ["RUN_OPENED"]
    assert sorted(paths.teams(s.project)) == [TEAM]


def test_a_run_that_began_keeps_its_name_and_its_journal(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.build()
    told(s.send("UserPromptSubmit", prompt="team abort enough"))
    s.build()
    assert s.state()["team"]["name"] == TEAM + "-2"
    assert sorted(paths.teams(s.project)) == [TEAM, TEAM + "-2"]


def test_a_removed_folder_of_an_old_run_does_not_keep_the_next_from_opening(session):
    """Its mirror is still in the plugin's data: the new run was refused as one that is already open."""
    s = session
    s.build()
    told(s.send("UserPromptSubmit", prompt="team abort enough"))
    shutil.rmtree(s.project + "/.claude")
    _code, out, _err = s.build()
    assert "Team: %s-2." % TEAM in out["hookSpecificOutput"]["additionalContext"]


def test_a_project_without_git_is_told_so(session):
    shutil.rmtree(session.project + "/.git")
    _code, out, _err = session.build()
    assert "no git repository" in out["hookSpecificOutput"]["additionalContext"]
    assert "git init && git add -A && git commit" in out["systemMessage"], "the user sees the way out, too"


def test_a_home_folder_is_no_project(session, tmp_path):
    """Who started the client in the wrong folder was told to `git init && git add -A` the whole home folder, and all of it was read."""
    shutil.rmtree(session.project + "/.git")
    for home in (session.project, str(tmp_path / "link")):
        if home != session.project:
            os.symlink(session.project, home)
        session.env["HOME"] = home
        reason = told(session.build())
        assert "this is your home folder and no project" in reason and "start `claude` in the project's folder" in reason
        assert "git add" not in reason and not os.path.exists(session.project + "/.claude/teams")
    env = {**os.environ, **session.env, "PACK_PYTHON": sys.executable}
    done = subprocess.run([os.path.join(PLUGIN_ROOT, "bin", "pack")], cwd=session.project, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and "This is your home folder and no project" in done.stdout and "git add" not in done.stdout, done
    subprocess.run(["git", "init", "-q", session.project], check=True)  # somebody's dotfiles are a project
    assert "no commit yet" in session.build()[1]["systemMessage"]


def test_a_plan_that_lies_above_the_folder_is_named(session):
    """Of the tree that the client was started in a folder of."""
    os.makedirs(session.project + "/packages/one")
    inner = in_folder(session, session.project + "/packages/one")
    assert "Did you mean ../../plan.md?" in told(inner.build())
    assert inner.build("../../plan.md")[1].get("decision") != "block"


def in_folder(s, folder):
    """The same user in another folder."""
    other = copy.copy(s)
    other.project, other.env = folder, dict(s.env, CLAUDE_PROJECT_DIR=folder)
    return other


def test_a_copy_of_a_project_is_not_in_the_run_of_the_original(session, tmp_path):
    """`cp -r` copies the marker, too: `team abort` in the copy ended the run of the original."""
    session.setup("SIMPLE")
    shutil.copytree(session.project, str(tmp_path / "copy"), symlinks=True)
    there = in_folder(session, str(tmp_path / "copy"))
    assert "no run is live here" in told(there.send("UserPromptSubmit", prompt="team abort enough"))
    assert session.state()["phase"] == "EXECUTION"
    there.build()
    assert paths.active(there.project, there.data)["run"] != paths.active(session.project, session.data)["run"]


def test_a_project_that_was_moved_stays_in_its_run(session, tmp_path):
    session.setup("SIMPLE")
    os.rename(session.project, str(tmp_path / "moved"))
    moved = in_folder(session, str(tmp_path / "moved"))
    assert TEAM in told(moved.send("UserPromptSubmit", prompt="team status"))
    told(moved.send("UserPromptSubmit", prompt="team abort enough"))
    assert moved.state()["teardown"]["aborted"]


# --- Typing to a team that is not there ------------------------------------------------------------------------------------------
def typed_in_the_client(s, prompt):
    """A prompt through the command line of hooks.json: (exit code, standard output, standard error)."""
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        command = json.load(f)["hooks"]["UserPromptSubmit"][0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", PLUGIN_ROOT)
    payload = {"session_id": s.session, "cwd": s.project, "hook_event_name": "UserPromptSubmit", "prompt": prompt}
    done = subprocess.run(
        ["sh", "-c", command],
        env=dict({"PATH": os.environ["PATH"]}, **s.env),
        input=json.dumps(payload, separators=(",", ":")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_team_status_is_answered_without_a_model_before_and_after_a_run_too(session):
    s = session
    for prompt in ("team status", "Team status.", "team resume", "resume team", "pause team"):
        code, out, err = typed_in_the_client(s, prompt)
        assert code == 0 and "no run is live here" in json.loads(out)["reason"] and "/build" in out, (prompt, err)
    for prompt in ("team abort handling is broken", "team status page is down", "the team status"):
        assert typed_in_the_client(s, prompt) == (0, "", ""), prompt
    s.build()
    assert "pack status --summary` in your own terminal" in told(s.send("UserPromptSubmit", prompt="team abort enough"))
    for prompt in ("team status", "team abort once more"):
        code, out, err = typed_in_the_client(s, prompt)
        assert code == 0 and "The last one was " + TEAM in json.loads(out)["reason"], err


def test_what_is_typed_to_a_team_in_trouble_is_answered_with_the_trouble(session):
    """It went on to the model, as if nobody had listened."""
    s = session
    s.setup("SIMPLE")
    _spoil(s)
    code, out, _err = typed_in_the_client(s, "team abort enough")
    assert code == 0 and "cannot be trusted" in json.loads(out)["reason"] and "pack resume --repair" in out
    code, out, err = typed_in_the_client(s, "and now?")
    assert (code, out) == (0, "")


@pytest.mark.parametrize(
    "typed, told",
    [
        ("team statsu", "/team:status"),
        ("Team stat?", "/team:status"),
        ("team abrot it is the wrong plan", "/team:abort WHY"),
        ("team stop", "/team:abort WHY"),
        ("team acept src/a.py", "/team:accept PATH"),
        ("team resum", "/team:resume"),
        ("team log", "pack log"),
        ("team help", "/team:accept PATH   take"),
    ],
)
def test_a_misspelt_word_is_asked_back_and_does_nothing(session, typed, told):
    s = session
    s.setup("SIMPLE")
    code, out, err = typed_in_the_client(s, typed)
    assert (code, err) == (0, "") and told in json.loads(out)["reason"]
    done = {"RUN_ABORTED", "RUN_CLOSED", "RUN_RESUMED", "CONTENT_ACCEPTED"}  # the clock of the client's own call is another: it ticks
    assert not done & {e["event"] for e in s.events()}


@pytest.mark.parametrize("typed", ["team accepts the plan as it is", "team play is what we need", "what does the team stop at?", "team"])
def test_ordinary_talk_goes_to_the_lead(session, typed):
    session.setup("SIMPLE")
    code, out, _err = typed_in_the_client(session, typed)
    assert code == 0 and "block" not in out


def test_help_is_answered_without_a_run_too(session):
    code, out, _err = typed_in_the_client(session, "team help")
    assert code == 0 and "/build plan.md --coders=3" in json.loads(out)["reason"]


INSTALL = "Install it, or put it first on the PATH that the client starts with."


def without_python(s, event, path="/nowhere", **payload):
    """The gate's script with a PATH of our own: (exit code, standard output, standard error)."""
    done = subprocess.run(
        ["/bin/sh", os.path.join(PLUGIN_ROOT, "hooks", "gate"), event],
        env=dict(s.env, PATH=str(path)),
        input=json.dumps(payload, separators=(",", ":")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_no_python_is_one_sentence_in_json_and_names_no_file_to_remove(session):
    """With exit 2 and a text alone the client shows the hook's whole command line in front of it."""
    code, out, err = without_python(session, "UserPromptExpansion")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"decision": "block", "reason": "team: Python 3.9 or newer is needed; none found on PATH. " + INSTALL}
    assert json.loads(without_python(session, "UserPromptSubmit", prompt="team status")[1])["decision"] == "block"
    code, out, err = without_python(session, "UserPromptSubmit", prompt="fix the bug")
    assert (code, out) == (0, "") and "none found" in err


def test_a_python_that_is_too_old_is_named(session, tmp_path):
    old = next((p for p in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.[0-8].*/bin/python3")))), None)
    folder = tmp_path / "bin"
    folder.mkdir()
    if old:
        version = subprocess.run([old, "-c", "import sys; print(sys.version.split()[0])"], capture_output=True, text=True).stdout.strip()
        os.symlink(old, folder / "python3")
    else:  # what such an interpreter prints for the gate's question
        version = "3.8.18"
        (folder / "python3").write_text("#!/bin/sh\necho 3.8.18\n")
        (folder / "python3").chmod(0o755)
    reason = json.loads(without_python(session, "UserPromptExpansion", folder)[1])["reason"]
    assert reason == "team: Python 3.9 or newer is needed; found %s on PATH. %s" % (version, INSTALL)


def test_no_python_in_a_run_names_the_files_whatever_the_project_is_called(project, tmp_path):
    odd = tmp_path / 'a "b" \\c'
    shutil.copytree(project, odd, symlinks=True)
    s = Session(odd, tmp_path / "data")
    s.build()
    for path in paths.markers(s.data, s.project):
        with open(path) as f:
            rest = f.read().split("\n", 1)[1]
        with open(path, "w") as f:
            f.write("/gone/python3\n" + rest)
    code, out, err = without_python(s, "PreToolUse", tool_name="Bash", tool_input={"command": "ls"})
    said = json.loads(out)["hookSpecificOutput"]
    assert code == 2 and said["permissionDecision"] == "deny" and said["permissionDecisionReason"] == err.strip()
    assert s.project + "/.claude/teams/.on" in err and "own terminal" in err
    assert s.project in json.loads(without_python(s, "UserPromptExpansion")[1])["reason"]


@pytest.mark.parametrize(
    "typed, wanted",
    [
        ("--coder=3", "--coders=3"),
        ("--Coders=3", "--coders=3"),
        ("--code=3", "--coders=3"),
        ("--codres 3", "--coders"),
        ("-coders=3", "--coders=3"),
        ("--workers=3", "--coders=3"),
        ("--noresearch", "--no-research"),
        ("--no_research", "--no-research"),
        ("--no-reserch", "--no-research"),
    ],
)
def test_a_flag_that_is_nearly_one_is_asked_back(session, typed, wanted):
    reason = told(session.build("plan.md " + typed))
    assert "unknown flag %s (did you mean %s?). usage" % (typed.split()[0], wanted) in reason
    assert "did you mean" not in told(session.build("plan.md --fast"))
    assert not paths.teams(session.project)


def test_the_flags_of_a_team_of_waves_too(session):
    opening = dict(command_name="team:realtime", command_source="plugin")
    assert "did you mean --strategy=x.md?" in told(session.send("UserPromptExpansion", command_args="--stratgy=x.md", **opening))


# --- Where the session stands ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("inside", ["", "src"])
def test_a_session_in_another_worktree_of_the_project_opens_no_run(session, inside):
    """EnterWorktree: the agents' folder is the worktree, the project stays the main checkout."""
    s = session
    worktree = os.path.join(s.project, ".claude", "worktrees", "w")
    git(s.project, "worktree", "add", "-q", worktree, "-b", "w")
    opening = dict(command_name="team:build", command_args="plan.md", command_source="plugin")
    reason = told(s.send("UserPromptExpansion", cwd=os.path.join(worktree, inside), **opening))
    assert "no run was opened" in reason and worktree in reason and "ExitWorktree" in reason and "claude -w" in reason
    assert not paths.teams(s.project)
    there = in_folder(s, worktree)  # `claude -w`: the worktree is the project
    assert "Run opened" in str(there.build())
    assert "Run opened" in str(s.send("UserPromptExpansion", cwd=os.path.join(s.project, inside), **opening))


def test_a_session_in_a_repository_of_its_own_inside_the_project_opens_a_run(session):
    s = session
    inner = os.path.join(s.project, "vendor", "lib")
    os.makedirs(inner)
    git(inner, "init", "-q")
    out = s.send("UserPromptExpansion", cwd=inner, command_name="team:build", command_args="plan.md", command_source="plugin")
    assert "Run opened" in str(out)


# --- Looking at a run that is in trouble ------------------------------------------------------------------------------------------
def _files(s):
    live = paths.active(s.project, s.data)
    return os.path.join(paths.team_folder(s.project, live["team"]), "journal.jsonl"), os.path.join(live["run"], "mirror.jsonl")


def _spoil(s):
    for path in _files(s):
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data.replace(b"AGENT_BOUND", b"AGENT_BOUNX", 1))


def _foreign(s):
    """A whole chain that this version's protocol does not know, as another version may have written it."""
    for path in _files(s):
        with open(path, "rb") as f:
            records = journal.read_chain(f.read())[0]
        total, lines = journal.START, []
        for record in records:
            kept = {k: v for k, v in record.items() if k not in ("len", "sum", "at")}
            line, total = journal.encode_line(dict(kept, event=kept["event"].replace("AGENT_BOUND", "AGENT_WELCOMED")), total)
            lines.append(line)
        with open(path, "wb") as f:
            f.write(b"".join(lines))


def _emptied(s):
    for path in _files(s):
        open(path, "w").close()


@pytest.mark.parametrize(
    "harm, says", [(_spoil, "damaged at record"), (_foreign, "contradicts the protocol"), (_emptied, "no journal any more")]
)
def test_every_look_at_a_damaged_journal_names_the_way_out_and_the_way_out_works(session, harm, says):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.setup("SIMPLE")
    harm(s)
    for words in ("status", "status --json", "status --summary", "log", "explain 1", "task show 1", "report html", "resume"):
        answer = pack(s, *words.split(), code=1)
        assert says in answer and "pack resume --repair" in answer and "pack abort" in answer, (words, answer)
    checks = json.loads(subprocess_out(s, "doctor", "--json"))["checks"]
    assert [r["ok"] for r in checks if r["what"] == "journal"] == [False]
    if harm is _emptied:
        assert "pack abort" in pack(s, "resume", "--repair", code=1)
    assert "checks are off" in pack(s, "abort", "--reason", "enough")
    assert paths.active(s.project, s.data) is None


def subprocess_out(s, *words, code=1, **more):
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, HOME=s.data, **more)
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack")] + list(words),
        cwd=s.project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == code and "Traceback" not in done.stderr
    return done.stdout


def test_repairing_what_is_whole_changes_nothing(session):
    s = session
    s.setup("SIMPLE")
    before = [Disk().read(path) for path in _files(s)]
    assert all(before)
    assert "Nothing is damaged" in pack(s, "resume", "--repair")
    assert [Disk().read(path) for path in _files(s)] == before


def test_a_run_at_work_is_not_reported_as_complete(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.setup("SIMPLE")
    assert "FEATURE IMPLEMENTATION NOT FINISHED: phase EXECUTION" in pack(s, "status", "--summary")
    pack(s, "abort", "--reason", "enough")
    assert "FEATURE IMPLEMENTATION ABORTED" in pack(s, "status", "--summary")


def test_task_numbers_are_taken_as_people_write_them(session):
    s = session
    s.setup("SIMPLE")
    assert pack(s, "explain", "#1") == pack(s, "explain", "1")
    assert "#2" in pack(s, "task", "show", "#2") and "#1 Add" not in pack(s, "task", "show", "2")
    assert "there is no task #9" in pack(s, "task", "show", "9", code=1)
    assert "takes task numbers" in pack(s, "task", "show", "nine", code=2)
    assert "an abort says why" in pack(s, "abort", code=2)


@pytest.mark.parametrize("content", ["[]", '{"sandbox": true}', "x"])
def test_settings_of_another_shape_are_left_as_they_are(session, content):
    s = session
    path = s.project + "/.claude/settings.json"
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as f:
        f.write(content)
    answer = pack(s, "doctor", "--fix", "--write", code=1)
    assert "nothing was changed" in answer and "denyWrite" in answer
    with open(path) as f:
        assert f.read() == content


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["status", "log", "doctor", "--help", "gate list", "lint .", "lint --rules"])
@pytest.mark.parametrize("buffered", [True, False])
def test_an_output_that_cannot_be_written_is_not_the_journal(session, words, buffered):
    session.setup("SIMPLE")
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, HOME=session.data, PACK_PYTHON=sys.executable)
    env["PYTHONUNBUFFERED"] = "" if buffered else "1"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [os.path.join(PLUGIN_ROOT, "bin", "pack")] + words.split(),
            cwd=session.project,
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    name = "pack lint" if words.startswith("lint") else "pack"
    assert done.returncode == 2 and done.stderr == name + ": the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("verb, code", [("status", 0), ("lint .", 0), ("lint --explain hook-if", 0)])
def test_an_output_that_is_closed_is_no_trouble(session, verb, code):
    session.setup("SIMPLE")
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, HOME=session.data, PACK_PYTHON=sys.executable)
    line = '"$0" %s >&-; code=$?; "$0" %s | head -0; exit $code' % (verb, verb)
    done = subprocess.run(
        ["sh", "-c", line, os.path.join(PLUGIN_ROOT, "bin", "pack")], cwd=session.project, env=env, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("words", ["status", "log", "explain 1", "doctor", "lint ."])
def test_a_terminal_of_another_encoding_is_no_trouble(session, words):
    session.setup("SIMPLE")
    assert session.spawn("coder-1", "coder")  # a refusal, which `pack log` marks with a hand
    os.makedirs(session.project + "/agents")
    with open(session.project + "/agents/größe.md", "w", encoding="utf-8") as f:
        f.write("---\nname: größe\ntools: Größe\n---\n")
    text = pack(session, *words.split(), code=1 if words == "lint ." else 0, PYTHONIOENCODING="ascii")
    assert "?" in text or words == "lint ."


def test_the_doctor_names_who_else_takes_the_word_build(session, tmp_path):
    s, home = session, tmp_path / "data" / ".claude"

    def rows():
        found = json.loads(subprocess_out(s, "doctor", "--json", code=0))["checks"]
        return [r for r in found if r["what"] == "/build"]

    def put(path, text="x\n"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return str(path)

    assert rows() == []
    other = tmp_path / "other"
    named = put(other / "commands" / "make.md", "---\nname: build\n---\nx\n")
    rival = {"other@market": [{"installPath": str(other)}], "team@team-pack": [{"installPath": PLUGIN_ROOT}]}
    put(home / "plugins" / "installed_plugins.json", json.dumps({"version": 2, "plugins": rival}))
    assert rows() == []  # installed and not enabled
    put(home / "settings.json", json.dumps({"enabledPlugins": {"other@market": True, "team@team-pack": True}}))
    assert named in rows()[0]["value"] and "/team:build" in rows()[0]["advice"]
    own = put(s.project + "/.claude/commands/build.md")
    users = put(home / "skills" / "build" / "SKILL.md")
    assert own in rows()[0]["value"] and users in rows()[0]["value"]
    put(s.project + "/.claude/settings.local.json", json.dumps({"enabledPlugins": {"other@market": False}}))
    assert named not in rows()[0]["value"]


def test_a_client_newer_than_the_pack_knows_is_named_by_the_doctor(session):
    session.build()
    rows = json.loads(subprocess_out(session, "doctor", "--json", code=0, AI_AGENT="claude-code_9-9-9_harness"))["checks"]
    newer = [row for row in rows if row["what"] == "client, newer"]
    assert "9.9.9 is newer than" in newer[0]["value"] and "may pass it" in newer[0]["advice"]
    rows = json.loads(subprocess_out(session, "doctor", "--json", code=0, AI_AGENT=session.env["AI_AGENT"]))["checks"]
    assert not [row for row in rows if row["what"] == "client, newer"]


# --- The client's permission modes -----------------------------------------------------------------------------------------------
def test_plan_mode_opens_no_run_and_carries_nothing_out(session):
    """The client would not run the call that the hook has already carried out: `pack plan` read as refused and was registered."""
    opening = dict(command_name="team:build", command_args="plan.md", command_source="plugin")
    assert "plan mode" in told(session.send("UserPromptExpansion", permission_mode="plan", **opening))
    assert not paths.teams(session.project)
    session.build()
    given = {"command": "pack plan <<'EOF'\n%s\nEOF" % json.dumps(plan())}
    code, out, _err = session.send("PreToolUse", tool_name="Bash", tool_use_id="t1", tool_input=given, permission_mode="plan")
    assert code == 2 and "PLAN_MODE" in str(out) and "Shift+Tab" in str(out)
    assert not [e for e in session.events() if e["event"] == "PLAN_REGISTERED"]
    looks = session.send("PreToolUse", tool_name="Bash", tool_use_id="t2", tool_input={"command": "pack status"}, permission_mode="plan")
    assert looks[0] == 0
    assert session.register() is None


def test_auto_mode_is_named_at_the_opening(session):
    _code, out, _err = session.send(
        "UserPromptExpansion", command_name="team:build", command_args="plan.md", command_source="plugin", permission_mode="auto"
    )
    assert "Permission mode auto: a check on the server" in out["hookSpecificOutput"]["additionalContext"]


def test_a_spawn_that_the_clients_own_check_denied_leaves_nobody_in_the_roster(session):
    session.build()
    session.register()
    given = {"description": "x", "prompt": "x", "name": "supervisor", "subagent_type": "team:supervisor"}
    session.send("PreToolUse", tool_name="Agent", tool_use_id="t1", tool_input=given)
    assert session.state()["roster"]["supervisor"]["state"] == "SPAWNING"
    session.send("PermissionDenied", tool_name="Agent", tool_use_id="t1", tool_input=given, reason="its safety check does not run")
    assert session.state()["roster"]["supervisor"]["state"] == "LOST"
    assert [e for e in session.events() if e["event"] == "SPAWN_FAILED"][-1]["data"]["why"] == "its safety check does not run"


# --- Going away -----------------------------------------------------------------------------------------------------------------
def settings_of(path):
    with open(path) as f:
        return json.load(f)


def test_uninstall_removes_what_is_ours_and_nothing_else(session, tmp_path):
    s = session
    home = s.data  # as the driver has it
    env = {"CLAUDE_PLUGIN_DATA": s.data, "XDG_CACHE_HOME": "", "XDG_DATA_HOME": "", "PACK_LINT_CACHE": ""}
    os.makedirs(home + "/.claude")
    with open(home + "/.claude/settings.json", "w") as f:
        json.dump({"model": "opus", "statusLine": {"type": "command", "command": "date"}}, f)
    with open(s.data + "/mine.txt", "w") as f:
        f.write("not the pack's\n")
    pack(s, "statusline", "--install", **env)
    pack(s, "doctor", "--fix", "--write", **env)
    traces = [home + "/.cache/pack-lint", home + "/.local/share/team-pack", home + "/.cache/team-pack/client-2.0.0"]
    for folder in traces:
        os.makedirs(folder)
    with open(s.project + "/.project-profile.yml", "w") as f:
        f.write("stack: python\n")
    s.env["CLAUDE_PID"] = "1999999"
    s.build()
    said = pack(s, "uninstall", "--teams", code=1, **env)
    assert "a run is live in " + s.project in said and "pack abort" in said
    assert "statusline" in settings_of(home + "/.claude/settings.json")["statusLine"]["command"]
    pack(s, "abort", "--reason", "enough", **env)
    looked = pack(s, "uninstall", "--dry-run", "--teams", **env)
    assert "would remove" in looked and os.path.isdir(s.data + "/runs") and paths.teams(s.project)
    assert "in your own terminal" in pack(s, "uninstall", code=1, CLAUDECODE="1", **env)
    said = pack(s, "uninstall", **env)
    assert "the status line" in said and s.data + "/runs" in said and "--teams removes the closed ones" in said
    assert "claude plugin uninstall" in said and all("removed " + folder in said and not os.path.exists(folder) for folder in traces)
    assert "kept: .project-profile.yml" in said and os.path.exists(s.project + "/.project-profile.yml")
    assert settings_of(home + "/.claude/settings.json") == {"model": "opus", "statusLine": {"type": "command", "command": "date"}}
    box = settings_of(s.project + "/.claude/settings.json")["sandbox"]
    assert box == {"enabled": True}
    assert not os.path.exists(s.data + "/runs") and os.path.exists(s.data + "/mine.txt")
    assert paths.teams(s.project) and "RUN_OPENED" in pack(s, "log", **env)
    assert not os.path.exists(home + "/.cache/team-pack")
    os.unlink(s.project + "/.claude/settings.json")
    said = pack(s, "uninstall", "--teams", **env)
    assert not os.path.exists(s.project + "/.claude"), "nothing of anybody's is left in it"
    assert "removed %s/.claude/teams\n" % s.project in said and "removed %s/.claude\n" % s.project in said
    assert "nothing of this pack was found" in pack(s, "uninstall", "--teams", **env)


def test_uninstall_removes_nothing_behind_a_link(session, tmp_path):
    """A folder of clients that several users share: others run from it."""
    shared = tmp_path / "shared" / "client-2.0.0"
    shared.mkdir(parents=True)
    os.makedirs(session.data + "/.cache")
    os.symlink(shared.parent, session.data + "/.cache/team-pack")
    env = {"CLAUDE_PLUGIN_DATA": session.data, "XDG_CACHE_HOME": "", "XDG_DATA_HOME": "", "PACK_LINT_CACHE": ""}
    said = pack(session, "uninstall", **env)
    assert "kept: %s/.cache/team-pack, which is a link to %s" % (session.data, os.path.realpath(shared.parent)) in said
    assert shared.is_dir() and os.path.islink(session.data + "/.cache/team-pack")


def test_uninstall_leaves_settings_that_it_cannot_read(session):
    os.makedirs(session.project + "/.claude", exist_ok=True)
    with open(session.project + "/.claude/settings.json", "w") as f:
        f.write("{")
    assert "not JSON" in pack(session, "uninstall", code=1)


def test_uninstall_waits_for_a_run_in_another_project(session, tmp_path):
    s = session
    s.build()
    other = tmp_path / "elsewhere"
    other.mkdir()
    said = pack(s, "uninstall", "--project", str(other), code=1, CLAUDE_PLUGIN_DATA=s.data)
    assert "a run is live in " + s.project in said and s.state()["phase"] == "DISCOVERY"
