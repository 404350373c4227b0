"""`/team:status` and its like, the notifications, and `pack` without a verb: what a person types and hears without a model call."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from hooks.driver import keeps_going
from pack.base import needed
from pack.base.paths import PLUGIN_ROOT
from pack.gate import notify, word_commands
from pack.gate.answers import GOES_ON_BY_CONTEXT
from pack.protocol import tables
from tests.conftest import git

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")


def command(s, name, args="", **more):
    return s.send(
        "UserPromptExpansion",
        expansion_type="slash_command",
        command_name="team:" + name,
        command_args=args,
        command_source="plugin",
        prompt=("/team:%s %s" % (name, args)).strip(),
        **more,
    )


def shown(answer):
    """What the user reads; nothing else reaches anybody, and the input line is left empty."""
    code, out, _err = answer
    assert code == 0 and set(out) == {"decision", "reason", "hookSpecificOutput"} and out["decision"] == "block", answer
    assert out["hookSpecificOutput"] == {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}
    return out["reason"]


def test_each_command_has_a_file_that_no_model_can_call():
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        matcher = json.load(f)["hooks"]["UserPromptExpansion"][0]["matcher"]
    for name in word_commands.WORDS + (word_commands.HELP,):
        with open(os.path.join(PLUGIN_ROOT, "commands", name + ".md")) as f:
            text = f.read()
        assert "disable-model-invocation: true" in text and "name: %s\n" % name in text and "/team:%s`" % name in text
        assert name in matcher


def test_without_a_run_the_commands_say_what_can_be_done(session):
    assert "no run is live here" in shown(command(session, "status"))
    assert "no run is live here" in shown(command(session, "resume"))
    assert "no run is live here" in shown(command(session, "abort", "too late"))
    told = shown(command(session, "help"))
    assert "No team has worked here yet" in told and "type /build plan.md --coders=3" in told and "/team:abort WHY" in told
    assert command(session, "conventions")[1] is None, "another command of the plugin is the model's"
    assert session.send("UserPromptExpansion", command_name="status", command_source="project", command_args="")[1] is None


def test_in_a_run_they_are_the_typed_words(session):
    session.setup("SIMPLE")
    typed = session.send("UserPromptSubmit", prompt="team status")[1]["reason"]
    assert shown(command(session, "status")) == typed and "TEAM STATUS" in typed
    help_text = shown(command(session, "help"))
    assert "is open: phase EXECUTION, 0 of 2 tasks done" in help_text and "At work: coder-1" in help_text
    assert "say what: `team accept PATH" in shown(command(session, "accept"))
    assert "the run is aborted (wrong plan)" in shown(command(session, "abort", "wrong plan"))
    assert any(e["event"] == "RUN_ABORTED" and e["data"]["reason"] == "wrong plan" for e in session.events())


def test_help_tells_a_user_what_goes_on_and_none_of_the_agents_calls(session):
    session.build()
    text = shown(command(session, "help"))
    assert "The team goes on by itself. Its next step: lead: register the plan\n" in text and "pack plan" not in text
    command(session, "abort", "enough")
    assert shown(command(session, "help")).startswith("The last run, feature-add-a-greeting, was aborted: no task is registered.")


@pytest.mark.parametrize("name", ["abort", "accept", "resume", "status"])
def test_a_command_without_a_run_says_that_there_is_none(session, name):
    assert shown(command(session, name, "x")).startswith("team: no run is live here. To begin one: /build plan.md")


def test_an_agent_s_client_is_answered_as_its_typing_is(session, monkeypatch):
    from pack.gate import identity

    session.setup("SIMPLE")
    monkeypatch.setattr(identity, "started_by_a_tool", lambda call: True)
    assert shown(command(session, "abort", "me")) == identity.TOOL_CLIENT
    assert not any(e["event"] == "RUN_ABORTED" for e in session.events())


# --- Going on at a turn's end ------------------------------------------------------------------------------------------------------
def dashed(later):
    """The version that many releases after the first client which takes context there, as a client tells its hooks."""
    major, minor, patch = GOES_ON_BY_CONTEXT
    return "%d-%d-%d" % (major, minor, patch + later)


def test_a_turn_goes_on_by_context_where_the_client_can(session):
    session.build()
    for client, by in ((dashed(0), "additionalContext"), (dashed(3), "additionalContext"), (dashed(-1), "reason")):
        session.env["AI_AGENT"] = "claude-code_%s_harness" % client
        _code, out, _err = session.send("Stop", stop_hook_active=False, background_tasks=[])
        assert by in (out if by == "reason" else out["hookSpecificOutput"]), client
        assert "before you end your turn" in keeps_going(out)


# --- Notifications -----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def terminal(session):
    session.setup("SIMPLE")
    session.env.update(CLAUDE_CODE_ENTRYPOINT="cli", CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS="0")
    return session


def changed(session):
    """Somebody changes what enforces the run: the user has to look."""
    path = os.path.join(session.data, ".claude", "settings.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump({"hooks": {"Stop": []}, "disableAllHooks": True}, f)


def sequences(session, event="UserPromptSubmit", **fields):
    _code, out, _err = session.send(event, **dict({"prompt": "go on"}, **fields))
    return (out or {}).get("terminalSequence")


def test_a_person_who_is_needed_hears_it_once(terminal):
    assert sequences(terminal) is None
    changed(terminal)
    assert sequences(terminal, "SessionStart", source="resume") is None, "the client drops it there"
    said = sequences(terminal)
    assert said == "\033]9;team: feature-add-a-greeting needs you: guard changed, `pack doctor`\a\a"
    assert sequences(terminal) is None
    terminal.send("UserPromptSubmit", prompt="team resume")
    heard, send = [], terminal.send
    terminal.send = lambda *given, **more: heard.append(send(*given, **more)) or heard[-1]
    terminal.abort()
    said = [out["terminalSequence"] for _code, out, _err in heard if out and "terminalSequence" in out]
    assert said == ["\033]9;team: feature-add-a-greeting is aborted: every task is cancelled\a\a"]


def test_one_setting_silences_and_one_names_a_command(terminal, tmp_path):
    changed(terminal)
    terminal.env["TEAM_NOTIFY"] = "off"
    assert sequences(terminal) is None
    said = tmp_path / "said"
    terminal.env["TEAM_NOTIFY"] = "printf '%%s' >%s" % said
    os.mkfifo(tmp_path / "done")
    terminal.env["TEAM_NOTIFY"] = "f() { printf %%s \"$1\" >%s; }; f" % (tmp_path / "done")
    terminal.env["CLAUDE_CODE_ENTRYPOINT"] = "sdk-cli"
    assert sequences(terminal) is None, "-p has no terminal"
    with open(tmp_path / "done") as f:  # waits for the writer
        assert f.read() == "team: feature-add-a-greeting needs you: guard changed, `pack doctor`"


def test_what_a_name_holds_cannot_leave_the_sequence():
    text = notify.sequence("a\033]0;x\a;b\x9d\n", {"TERM": "foot"})
    assert text == "\033]777;notify;team;a ]0 x  b  \a\a"


def test_the_word_for_a_gate_that_waits_is_the_protocol_s():
    assert needed.USER_DECIDES == tables.USER_DECIDES


# --- `pack` alone, and misspelt ----------------------------------------------------------------------------------------------------
def pack(folder, *words, code=0, **env):
    done = subprocess.run([PACK, *words], cwd=folder, env={**os.environ, **env}, capture_output=True, text=True)
    assert done.returncode == code, done
    text = done.stdout + done.stderr
    assert max(map(len, text.split("\n"))) <= 80 or words
    return text


def test_pack_alone_says_the_next_step_of_the_situation(tmp_path, session):
    assert "no git repository" in pack(tmp_path) and "Next: git init" in pack(tmp_path)
    git(tmp_path, "init", "-q")
    assert "no commit yet" in pack(tmp_path)
    assert "type /build plan.md --coders=3" in pack(session.project, **session.env)
    session.setup("SIMPLE")
    assert "is open: phase EXECUTION" in pack(session.project, **session.env)
    session.abort()
    assert "was aborted: every task is cancelled" in pack(session.project, **session.env)


def steps(text):
    """The commands of the line that begins with `Next: `."""
    (line,) = [line for line in text.replace("\n  ", " ").split("\n") if line.startswith("Next: ")]
    return line[len("Next: ") :]


@pytest.mark.parametrize("begun", ["empty", "empty repository", "files"])
def test_the_first_commit_that_is_named_can_be_made(tmp_path, begun):
    """In an empty folder `git commit -m start` makes none, and the next look named it again."""
    me = {"GIT_%s_%s" % (who, what): "t@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    if begun == "files":
        (tmp_path / "a.py").write_text("A = 1\n")
    elif begun == "empty repository":
        git(tmp_path, "init", "-q")
    subprocess.run(["sh", "-ec", steps(pack(tmp_path))], cwd=tmp_path, env={**os.environ, **me}, check=True, capture_output=True)
    assert "type /build plan.md --coders=3" in steps(pack(tmp_path))


def test_a_repository_that_git_refuses_is_no_folder_without_one(tmp_path, session, monkeypatch):
    """Another user's folder (a container, a mounted disk), a broken link of a worktree, no git at all: `git init` mends none of them."""
    other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    shim = tmp_path / "shim"
    shim.mkdir()
    real = shutil.which("git")
    (shim / "git").write_text("#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec %s \"$@\"\n" % real)
    (shim / "git").chmod(0o755)
    path = {"PATH": "%s:%s" % (shim, os.environ["PATH"])}
    done = subprocess.run([real, "-C", session.project, "status"], env={**os.environ, **other}, capture_output=True, text=True)
    assert "dubious ownership" in done.stderr, "what a user's git says of another user's folder"
    assert steps(pack(session.project, **path)).startswith("git config --global --add safe.directory ")
    with monkeypatch.context() as there:
        there.setenv("PATH", path["PATH"])
        told = session.build()[1]
    assert told["decision"] == "block" and "git config --global --add safe.directory" in told["reason"], told
    assert not os.path.exists(os.path.join(session.project, ".claude", "teams"))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / ".git").write_text("gitdir: %s/gone\n" % tmp_path)
    assert "git init" not in pack(broken) and "not a git repository: " in pack(broken).replace("\n  ", " ")
    (shim / "git").unlink()
    without = [d for d in os.environ["PATH"].split(":") if not os.path.exists(os.path.join(d, "git"))]
    for name in ("sh", "bash", "env", "dirname", "readlink", "python3", "uname", "tr", "basename"):
        (shim / name).symlink_to(sys.executable if name == "python3" else shutil.which(name))
    assert steps(pack(broken, PATH=":".join([str(shim), *without]))) == "install git"


@pytest.mark.parametrize("verb, meant", [("statsu", "stat"), ("wacth", "watch"), ("expalin", "explain"), ("--lint", "lint")])
def test_a_misspelt_verb_is_told_what_it_was_to_be(tmp_path, verb, meant):
    assert "did you mean " in pack(tmp_path, verb, code=2) and meant in pack(tmp_path, verb, code=2)


def test_help_of_a_verb_is_its_own_help(tmp_path):
    assert pack(tmp_path, "help", "explain").startswith("usage: pack explain")
    assert pack(tmp_path, "help").startswith("usage: pack VERB")


def test_a_plan_that_is_no_utf_8_is_refused_by_name(session):
    for encoding, says in (("utf-16", "plan.md is UTF-16. Save it as UTF-8"), ("utf-16-be", "is UTF-16"), ("utf-32", "is UTF-16")):
        with open(os.path.join(session.project, "plan.md"), "w", encoding=encoding) as f:
            f.write("# Add a greeting\n")
        assert says in session.build()[1]["reason"]
    with open(os.path.join(session.project, "plan.md"), "wb") as f:
        f.write(b"# Plan\n\0\1")
    assert "is no text" in session.build()[1]["reason"]


def test_what_is_not_committed_is_said_to_the_user(session):
    with open(os.path.join(session.project, "src", "old.py"), "a") as f:
        f.write("# begun\n")
    shown = session.build()[1]["systemMessage"]
    assert "1 changed and not committed" in shown and "src/old.py" in shown and "Perhaps forgotten?" in shown


def test_only_what_there_is_is_counted_and_a_git_without_an_author_is_named(session, monkeypatch):
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with open(os.path.join(session.project, "notes.txt"), "w") as f:
        f.write("x")
    for words in (("--unset", "user.name"), ("--unset", "user.email"), ("user.useConfigOnly", "true")):
        subprocess.run(["git", "-C", session.project, "config", *words], check=False)
    shown = session.build()[1]["systemMessage"]
    assert "Before this run, 1 untracked: notes.txt." in shown and "0 changed" not in shown
    assert "type `git config user.name NAME`" in shown, "the first commit would fail, an hour later"


def test_a_person_who_takes_a_run_up_reads_no_tool_call(session):
    session.build()
    assert "lead: register the plan\n" in shown(command(session, "status")) + "\n", "no word of JSON on standard input"
    assert session.register() is None
    for text in (shown(command(session, "status")), shown(command(session, "resume"))):
        assert "lead: spawn the supervisor" in text and "Agent(" not in text and "lead@" not in text and "owner lead" in text, text


def test_help_says_where_pack_is_for_whom_it_is_on_no_path(session, monkeypatch, tmp_path):
    where = "There `pack` is "
    monkeypatch.setitem(session.env, "PATH", "/usr/bin:" + os.path.join(PLUGIN_ROOT, "bin"))
    assert where in shown(command(session, "help"))
    (tmp_path / "pack").write_text("#!/bin/sh\n")
    (tmp_path / "pack").chmod(0o755)
    monkeypatch.setitem(session.env, "PATH", "/usr/bin:%s" % tmp_path)
    assert where not in shown(command(session, "help"))


@pytest.mark.parametrize(
    "broken, says", [("gone", "its plugin is gone"), ("dead", "the gate died (exit 3)"), ("bare", "the gate could not start")]
)
def test_a_broken_plugin_shows_a_user_no_shell_text(session, tmp_path, broken, says):
    """Of a hook that ends with exit 2 the client shows the whole command line before its text (CLIENT 5.3)."""
    root = tmp_path / "plugin"
    if broken != "gone":
        (root / "hooks").mkdir(parents=True)
        for name in ("gate", "gate.py", "failed.py"):
            with open(os.path.join(PLUGIN_ROOT, "hooks", name)) as f:
                (root / "hooks" / name).write_text("raise SystemExit(3)\n" if name == "gate.py" and broken == "dead" else f.read())
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        line = json.load(f)["hooks"]["UserPromptExpansion"][0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", str(root))
    payload = json.dumps({"hook_event_name": "UserPromptExpansion", "command_name": "team:build", "command_args": "x"})
    done = subprocess.run(["sh", "-c", line], env={**os.environ, **session.env}, input=payload, capture_output=True, text=True)
    out = json.loads(done.stdout)
    assert done.returncode == 0 and done.stderr == "" and out["decision"] == "block" and says in out["reason"]
