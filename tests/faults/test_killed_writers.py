"""kill -9 before each change that a process of ours makes to a file (scripts/prove/dying.py): the hooks, and the `pack` verbs that write what is
the user's. What comes next goes on, nothing is half written, and no temporary file stays."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import traceback

import pytest

from hooks.driver import Processes, Session
from pack.base import paths
from pack.store.disk import Disk
from prove import dying, faults

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DYING = os.path.join(ROOT, "scripts", "prove", "dying.py")
PACK = os.path.join(ROOT, "scripts", "pack", "cli", "start.py")


def run_dying(number, report, script, args, **more):
    isolated = ["-I"] * (list(args)[:1] == ["rt"])  # else it would start itself anew in that way
    argv = [sys.executable, *isolated, DYING, str(number), str(report), script, *args]
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def points(report):
    return report.read_text().splitlines() if report.exists() else []


# --- hooks -----------------------------------------------------------------------------------------------------------------------------
class Killed(Processes):
    """A session whose hooks can be killed: `deadly` is the number of the change before which the next one dies."""

    deadly, in_process = None, False  # in_process: how the way to the beginning of a test is gone, six times as fast
    forked = False  # whether what dies is a fork of this process instead of a new one: the gate's own start is not looked at then

    def send(self, event, who="lead", **fields):
        if self.in_process:
            return Session.send(self, event, who, **fields)
        if self.deadly is None:
            return Processes.send(self, event, who, **fields)
        if self.forked:
            return self.in_a_fork(event, who, **fields)
        payload = {"session_id": self.session, "cwd": self.project, "hook_event_name": event, **fields}
        payload["transcript_path"] = os.path.join(self.data, "t", self.session + ".jsonl")
        if who != "lead":
            payload.update(agent_id=self.agents[who][0], agent_type=self.agents[who][1])
        env = dict({"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": self.root}, **self.env)
        gate = os.path.join(self.root, "hooks", "gate.py")
        done = run_dying(self.deadly, self.report, gate, [event], input=json.dumps(payload), env=env, cwd=self.project)
        assert done.returncode in (0, 2, -signal.SIGKILL), done.stderr
        self.died = done.returncode == -signal.SIGKILL
        return 2, None, ""

    def in_a_fork(self, event, who, **fields):
        child = os.fork()
        if not child:
            try:
                dying.watch(self.deadly, str(self.report))
                Session.send(self, event, who, **fields)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(3)
        how = os.waitpid(child, 0)[1]
        assert how in (0, signal.SIGKILL), how
        self.died = how == signal.SIGKILL
        return 2, None, ""


@pytest.fixture
def killed(project, tmp_path):
    s = Killed(project, tmp_path / "data", ROOT)
    s.report = tmp_path / "report"
    return s


def own_temporaries(s):
    """Temporary files in the gate's data and in the project."""
    return [os.path.join(f, n) for top in (s.data, s.project) for f, _folders, names in os.walk(top) for n in names if n.endswith(".tmp")]


def pre(s, who, tool, **given):
    return s.send("PreToolUse", who, tool_name=tool, tool_input=given, tool_use_id="toolu_k%04d" % next(s.count))


REPORT = "STACK\nPython\nSTRUCTURE\nsrc, one module\n"
EVENTS = {  # each can come again and again
    "an edit": lambda s: pre(s, "coder-1", "Write", file_path=os.path.join(s.project, "src/a.py"), content="x"),
    "a refused edit": lambda s: pre(s, "coder-1", "Write", file_path=os.path.join(s.project, "src/old.py"), content="x"),
    "a message": lambda s: pre(s, "coder-1", "SendMessage", to="main", message="QUESTION: task #1\nwhich greeting?", summary="x"),
    "a command that pack carries out": lambda s: pre(s, "lead", "Bash", command="pack status"),
    "the end of an agent's turn": lambda s: s.send("SubagentStop", "coder-1", stop_hook_active=False, background_tasks=[]),
    "the end of a researcher's turn": lambda s: s.send(
        "SubagentStop", "codebase-researcher", stop_hook_active=False, background_tasks=[], last_assistant_message=REPORT
    ),
    "the end of the lead's turn": lambda s: s.send("Stop", stop_hook_active=False, background_tasks=[]),
    "a session that starts": lambda s: s.send("SessionStart", source="resume"),
    "a typed word": lambda s: s.send("UserPromptSubmit", prompt="team status"),
}


@pytest.fixture
def at_work(killed):
    """A coder with a task, beside a researcher whose report was not yet read."""
    s = killed
    s.in_process = True
    s.build()
    assert s.spawn("codebase-researcher", "codebase-researcher") is None
    assert s.register() is None
    assert s.spawn("supervisor", "supervisor") is None and s.handoff() is None
    assert s.spawn("unified-reviewer", "unified-reviewer") is None and s.spawn("coder-1", "coder") is None
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert s.edit("coder-1", "src/a.py") is None
    s.in_process = False
    return s


@pytest.mark.parametrize("name", EVENTS)
def test_a_hook_that_is_killed_leaves_nothing_half_done(at_work, name):
    s, team = at_work, paths.teams(at_work.project)[0]
    journal = (paths.team_folder(s.project, team), paths.run_folder(s.data, s.project, team))
    s.deadly = 0
    EVENTS[name](s)
    s.deadly = None
    assert points(s.report), "it writes nothing"
    for number in range(1, len(points(s.report)) + 1):
        profile = os.path.join(s.project, ".project-profile.yml")
        if os.path.exists(profile):
            os.unlink(profile)  # written only where there is none
        s.deadly = number
        EVENTS[name](s)
        s.deadly = None
        s.in_process = number > 1  # that the hooks start after a death is seen once
        code, _out, err = s.send("Stop", stop_hook_active=False, background_tasks=[])
        assert (code, err) == (0, ""), "after point %d" % number
        assert s.edit("coder-1", "src/a.py", "# %d\n" % number) is None
        faults.check_nothing_lost(*journal, {}, now=s.now)
        assert own_temporaries(s) == [], "after point %d" % number
        s.in_process = False
    assert s.state()["tasks"]["1"]["owner"] == "coder-1"


def test_a_spawn_whose_hook_was_killed_can_be_asked_for_again(killed):
    """The request is in the journal and the client never carried it out: no event says so, the lead's transcript does."""
    s = killed
    s.build()
    assert s.register() is None
    give = {"description": "x", "prompt": "go", "subagent_type": "team:supervisor", "name": "supervisor"}
    number, events = 0, []
    while "SPAWN_REQUESTED" not in events:  # the first death behind the journal's record
        number += 1
        s.deadly = number
        s.send("PreToolUse", tool_name="Agent", tool_input=give, tool_use_id="toolu_first")
        s.deadly = None
        events = [r["event"] for r in s.events()]
        assert number < 40
    transcript = os.path.join(s.data, "t", s.session + ".jsonl")
    os.makedirs(os.path.dirname(transcript))

    def told(is_error, use):
        block = {"type": "tool_result", "tool_use_id": use, "is_error": is_error, "content": "x"}
        with open(transcript, "a") as f:
            f.write(json.dumps({"type": "user", "message": {"role": "user", "content": [block]}}) + "\n")

    told(False, "toolu_first")  # a call that was carried out is waited for
    told(True, "toolu_other")
    assert "NAME_TAKEN" in s.call("lead", "Agent", **give)
    told(True, "toolu_first")
    assert s.spawn("supervisor", "supervisor") is None
    assert s.handoff() is None


# --- what happens once ------------------------------------------------------------------------------------------------------------------
VERIFY = "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'"


def committed(s):
    """A coder's approved work, and its commit made; the client has not said so yet."""
    at_the_start(s)
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None and s.edit("coder-1", "src/a.py") is None
    s.review("coder-1", 1)
    given = {"command": "git add src/a.py && git commit -qm 'feat: task #1'"}
    s.use = "toolu_commit"
    _code, out, _err = s.send("PreToolUse", "coder-1", tool_name="Bash", tool_input=given, tool_use_id=s.use)
    s.given = ((out or {}).get("hookSpecificOutput") or {}).get("updatedInput", given)
    subprocess.run(["sh", "-c", s.given["command"]], cwd=s.project, check=True)


def at_the_start(s):
    s.setup("SIMPLE")


def at_completion(s):
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")


def verified(s):
    at_completion(s)
    assert s.bash("lead", VERIFY) is None and s.exit == 0, s.output


def blemished(s):
    """Somebody wrote a file that no task has, and the teardown names it."""
    at_completion(s)
    with open(os.path.join(s.project, "stray.txt"), "w") as f:
        f.write("x\n")
    assert s.bash("lead", VERIFY) is None
    s.bash("lead", "pack teardown")


def torn_down(s):
    verified(s)
    for name in list(s.agents):
        s.stop(name)
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    assert s.state()["teardown"]["state"] == "READY_TO_DELETE"


def has_run(s):
    """The typed line again opens the run, or says that it is open."""
    code, _out, err = s.build()
    assert (code, err) == (0, "")
    assert s.state()["phase"] == "DISCOVERY" and paths.active(s.project, s.data)
    assert paths.teams(s.project) == ["feature-add-a-greeting"]


def planned(s):
    s.build()
    assert s.register() is None


def is_aborted(s):
    s.send("UserPromptSubmit", prompt="team abort no more")
    assert s.state()["phase"] == "CLOSED" and paths.active(s.project, s.data) is None
    assert os.path.exists(os.path.join(s.project, ".claude/teams/.closed/feature-add-a-greeting.json"))
    assert s.build()[0] == 0 and s.state()["phase"] == "DISCOVERY"


def is_verified(s):
    assert s.bash("lead", VERIFY) is None and s.exit == 0, s.output
    assert s.state()["verify"]["ok"]


def is_accepted(s):
    s.send("UserPromptSubmit", prompt="team accept stray.txt")
    assert s.bash("lead", "pack teardown") is None, "nothing is open"


def is_committed(s):
    s.now += 61  # so long a commit that was let through is thought to be under way
    s.send("Stop", stop_hook_active=False, background_tasks=[])
    assert len([e for e in s.events() if e["event"] == "COMMITTED"]) == 1
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None


def goes_on(s):
    s.send("SessionStart", source="resume")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None


def is_closed(s):
    s.send("Stop", stop_hook_active=False, background_tasks=[])
    if paths.active(s.project, s.data):
        assert s.bash("lead", "pack teardown ask supervisor") is None
    assert s.state()["phase"] == "CLOSED" and paths.active(s.project, s.data) is None
    assert os.path.exists(os.path.join(s.project, ".claude/teams/feature-add-a-greeting/summary.md"))
    assert os.path.exists(os.path.join(s.project, ".claude/teams/.closed/feature-add-a-greeting.json"))
    s.build()  # the next run clears away what is left of the answer


def asked(s, who, command, use="toolu_once"):
    return s.send("PreToolUse", who, tool_name="Bash", tool_input={"command": command}, tool_use_id=use)


ONCE = {  # name: (what is there, what happens, what must hold after somebody did the same again)
    "a run is opened": (lambda s: None, lambda s: s.build(), has_run),
    "a typed abort": (planned, lambda s: s.send("UserPromptSubmit", prompt="team abort no more"), is_aborted),
    "a verification is asked for": (at_completion, lambda s: asked(s, "lead", VERIFY), is_verified),
    "a typed accept": (blemished, lambda s: s.send("UserPromptSubmit", prompt="team accept stray.txt"), is_accepted),
    "a commit is told": (
        committed,
        lambda s: s.send("PostToolUse", "coder-1", tool_name="Bash", tool_input=s.given, tool_use_id=s.use, tool_response={"stdout": ""}),
        is_committed,
    ),
    "a session ends": (at_the_start, lambda s: s.send("SessionEnd", reason="other"), goes_on),
    "the last of the teardown": (torn_down, lambda s: asked(s, "lead", "pack teardown ask supervisor"), is_closed),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_happens_once_is_whole_after_a_kill_and_once_more(killed, tmp_path, name):
    s = killed
    there, deed, holds = ONCE[name]
    s.in_process = s.forked = True
    there(s)
    s.in_process = False
    kept = tmp_path / "kept"
    for folder in ("proj", "data"):
        if (tmp_path / folder).exists():
            shutil.copytree(tmp_path / folder, kept / folder, symlinks=True)
    agents, live = dict(s.agents), paths.active(s.project, s.data)
    died = 0
    while True:
        s.deadly = died + 1
        deed(s)
        s.deadly = None
        if not s.died:
            break
        died += 1
        s.in_process = True
        holds(s)
        team = paths.teams(s.project)[0]
        faults.check_nothing_lost(paths.team_folder(s.project, team), paths.run_folder(s.data, s.project, team), {}, now=s.now)
        s.send("Stop", stop_hook_active=False, background_tasks=[])
        assert own_temporaries(s) == [], "after point %d" % died
        s.in_process = False
        for folder in ("proj", "data"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
            if (kept / folder).exists():
                shutil.copytree(kept / folder, tmp_path / folder, symlinks=True)
        s.agents = dict(agents)
        if live:
            paths.mark(s.project, s.data, live["team"], live["run"], sys.executable, Disk())
    assert died >= 2, "it writes nothing"


def test_a_verification_that_is_killed_leaves_no_checkout_behind(killed, tmp_path, monkeypatch):
    s, scratch = killed, tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    s.in_process = True
    planned(s)
    died = 0
    while True:
        _code, out, _err = s.send("PreToolUse", tool_name="Bash", tool_input={"command": VERIFY}, tool_use_id="toolu_%d" % died)
        voucher = shlex.split(out["hookSpecificOutput"]["updatedInput"]["command"])[0].partition("=")[2]
        env = {"PATH": os.environ["PATH"], "HOME": s.data, "TMPDIR": str(scratch), "PACK_VOUCHER": voucher}
        done = run_dying(died + 1, s.report, PACK, ["verify"], cwd=s.project, env=env)
        if done.returncode != -signal.SIGKILL:
            break
        died += 1
    assert done.returncode == 0 and died >= 4, done.stdout + done.stderr
    left = [p.name for p in scratch.iterdir() if p.name.startswith("team-pack-")]  # beside Python's own try whether it may write there
    assert left == [] and own_temporaries(s) == []


# --- verbs -----------------------------------------------------------------------------------------------------------------------------
SETTINGS = {"env": {"TOKEN": "secret"}, "permissions": {"allow": ["Bash(ls)"]}}


def with_settings(home, project):
    """The user's settings are a link into a folder of dotfiles, for nobody else to read."""
    dotfiles = os.path.join(home, "dotfiles.json")
    with open(dotfiles, "w") as f:
        json.dump(SETTINGS, f)
    os.chmod(dotfiles, 0o600)
    os.makedirs(os.path.join(home, ".claude"), exist_ok=True)
    for link in (os.path.join(home, ".claude", "settings.json"), os.path.join(project, ".claude", "settings.json")):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(dotfiles, link)


def with_status_line(home, project):
    with_settings(home, project)
    verb(home, project, ["statusline", "--install"])


def with_charter(home, project):
    verb(home, project, ["rt", "init"])
    with open(os.path.join(project, ".team", "PROJECT_CHARTER.md"), "w") as f:
        f.write("# Charter\n\nwritten by hand\n")


def with_a_closed_run(home, project):
    s = Session(project, os.path.join(home, ".claude", "plugins", "data", "team-inline"))
    torn_down(s)
    assert s.bash("lead", "pack teardown ask supervisor") is None and s.state()["phase"] == "CLOSED"
    with open(os.path.join(project, "spans.jsonl"), "w") as f:
        f.write("of yesterday\n")


def with_traces(home, project):
    with_status_line(home, project)
    with_a_closed_run(home, project)


def verb(home, project, args, number=None, report=None):
    env = {"PATH": os.environ["PATH"], "HOME": home}
    if number is None:
        argv = [sys.executable, PACK] + args
        return subprocess.run(argv, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return run_dying(number, report, PACK, args, cwd=project, env=env)


VERBS = {
    "statusline --install": with_settings,
    "statusline --uninstall": with_status_line,
    "doctor --fix --write": with_settings,
    "team new helpers": lambda home, project: None,
    "rt init": lambda home, project: None,
    "rt charter": with_charter,
    "sprint init": lambda home, project: None,
    "attest --unsigned": with_a_closed_run,
    "export --otlp spans.jsonl": with_a_closed_run,
    "uninstall --teams": with_traces,
}


INSTANCE = rb'"service.instance.id", "value": {"stringValue": "[^"]*"'  # of a process that exports; it is another each time


def files_of(*roots):
    """{path: content} below the roots, without git's and the byte code."""
    found = {}
    for root in roots:
        for base, below, names in os.walk(root):
            below[:] = [b for b in below if b not in (".git", "__pycache__")]
            for name in names:
                with open(os.path.join(base, name), "rb") as f:
                    found[os.path.join(base, name)] = re.sub(INSTANCE, b"", f.read())
    return found


@pytest.mark.parametrize("words", VERBS)
def test_a_verb_that_is_killed_leaves_each_file_old_or_new(words, tmp_path, project):
    home, report = str(tmp_path / "home"), tmp_path / "report"
    os.makedirs(home)
    project = str(project)
    VERBS[words](home, project)
    before = files_of(home, project)
    modes = {path: os.stat(path).st_mode for path in before}
    done = verb(home, project, words.split(), 0, report)
    assert done.returncode == 0, done.stdout + done.stderr
    after = files_of(home, project)
    assert after != before and points(report)
    assert all(os.stat(path).st_mode == mode for path, mode in modes.items() if path in after)

    def back():
        for path in set(files_of(home, project)) - set(before):
            os.unlink(path)
        for path, content in before.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content)

    died = 0
    while True:
        back()
        if verb(home, project, words.split(), died + 1, report).returncode != -signal.SIGKILL:
            break  # it was done before so many changes: the folders are there by now
        died += 1
        for path, content in files_of(home, project).items():
            if not path.endswith(".tmp"):
                assert content in (before.get(path), after.get(path)), (died, path)
        done = verb(home, project, words.split())
        assert "is there already" in done.stdout + done.stderr or done.returncode == 0, (died, done.stdout, done.stderr)
        assert files_of(home, project) == after, died
    assert died >= 2
