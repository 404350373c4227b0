"""Plays a story in the real client and checks what it expects. Also a command, for writing stories and for the demo:

    python3 tests/client/play.py NAME [--live] [--keep] [--trace]

NAME is a story of scenarios/, or a file.

--live prints the lines, the refusals and the team's status tree as they happen; --keep leaves the run's folder and says where;
--trace prints the whole run even when it passes. TEAM_CLIENT=VERSION|newest|PATH uses that client.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import client  # noqa: E402

sys.path.insert(1, str(client.ROOT / "scripts"))

import seen  # noqa: E402
import stage as staging  # noqa: E402
import story as stories  # noqa: E402
from meter import Meter  # noqa: E402
from model import Model  # noqa: E402
from pack.base import paths  # noqa: E402
from pack.cli import log, verbs  # noqa: E402
from pack.protocol.refusal import Refusal  # noqa: E402
from pack.store.journal import Damaged  # noqa: E402
from pack.store.open_for_reading import Run  # noqa: E402


NAMED = re.compile(rb'"event":"([A-Z_]+)"')  # in a record of a journal
LIMIT = 1200  # seconds: ends a hang, measures nothing
STILL = {"prefersReducedMotion": True}  # while a request is held open, the spinner of a terminal costs a seventh of the story's CPU time
QUIET = 420  # the same, without a word of anybody: above what a held request waits (stage.PATIENCE), which says more


class Result:
    """How a story went: failures (empty when it passed), the readable trace, what was seen."""

    def __init__(self):
        self.failures, self.trace, self.seconds, self.calls = [], "", 0.0, {}
        self.journal, self.base, self.kept = [], None, None
        self.meter = Meter()  # what each request cost

    def __str__(self):
        return "\n".join(["%d thing(s) went wrong:" % len(self.failures)] + ["  - " + f for f in self.failures] + ["", self.trace])


class World:
    """What the stage and the checks may know of the run: its folder, its session, `pack` and its answers."""

    def __init__(self, story, home, plugin):
        self.story, self.home, self.plugin, self.project = story, home, plugin, home.project
        self.run = None  # the running client
        self._journal, self._lock, self._seen = [], threading.Lock(), None
        self._text, self._named, self._known = None, {}, {}  # the events by name: as they lie on disk, and when the journal was last read
        self.transcripts = seen.Transcripts(home.home)
        self.unwritten = False  # whether the client writes no transcript
        self.requests = lambda actor: 0  # how many requests came from an actor; the stage knows

    def session(self):
        return getattr(self.run, "session", None) or ""

    def address(self, name):
        """The lead's address differs: `main` in -p, `team-lead` in a team (a pane teammate knows no other)."""
        if name != "lead":
            return name
        return "main" if self.story["mode"] == "headless" else "team-lead"

    def pack(self, *arguments):
        """(exit code, output) of a `pack` verb, as a person in the project's folder runs it."""
        env = {k: v for k, v in self.home.env.items() if not k.startswith(("ANTHROPIC", "CLAUDE"))}
        done = subprocess.run(
            [str(self.plugin / "bin" / "pack"), *arguments],
            cwd=self.project if self.project.is_dir() else self.home.project,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
        )
        return done.returncode, done.stdout

    def _looked(self):
        """(state, records) of the run as `pack` finds it, read in this process: it is asked a hundred times a story. None where there is none
        to be read. Another plugin than the one whose code is here is asked by its own `pack` (see `journal`)."""
        try:
            return Run(paths.find_project(str(self.project)), data=paths.data_folder({"HOME": str(self.home.home)})).look()
        except (Refusal, Damaged, OSError):
            return None

    def _is_ours(self):
        return self.plugin.resolve() == client.ROOT

    def _written(self):
        """Changes whenever a journal does: it need not be read before."""
        out = []
        for root in (self.project / ".claude/teams", self.home.home / ".claude/plugins/data"):
            for path in seen.files_below(root, ".jsonl"):
                try:
                    at = os.stat(path)
                except OSError:
                    continue
                out.append((path, at.st_size, at.st_mtime_ns))
        return out

    # --- What the stage waits for ------------------------------------------------------------------------------------
    def taken(self, reply):
        """Whether the client has the model's answer."""
        self.transcripts.poll()
        return reply.message in self.transcripts.taken or self.unwritten and self._streamed(reply) is not None

    def _streamed(self, reply):
        """What a `claude -p` without transcripts has told on its standard output since it took an answer of the lead; None before."""
        events = list(getattr(self.run, "events", ()))
        return next((events[n:] for n, e in enumerate(events) if (e.get("message") or {}).get("id") == reply.message), None)

    def watch_for_the_end(self, actor, agent_id, reply):
        """A question, asked again and again: has this end of turn arrived, its hooks included (or was the actor sent on)?"""
        before = self.requests(actor)
        self.transcripts.poll()
        ends = self.transcripts.ends.get(agent_id, 0)
        idle, at = self._idle(actor), []

        def happened():
            if self.requests(actor) > before:
                return True
            if self.unwritten and actor == "lead":
                since = self._streamed(reply) or []
                return self._process_ended() or any(e.get("type") == "result" or e.get("hook_event") == "Stop" for e in since)
            if not self.unwritten and not self.taken(reply):
                return False
            if actor == "lead" and self._process_ended():
                return True  # a session whose hooks are off tells it by nothing else
            if reply.message in self.transcripts.over or self.transcripts.ends.get(agent_id, 0) > ends:
                return True
            if not agent_id or self._idle(actor) <= idle:
                return False
            at.append(time.time())
            # A notice that the hook drops leaves nothing in the transcript: it would have come by now.
            return self.in_process() or time.time() - at[0] > 1.5 * staging.slower()

        return happened

    def _process_ended(self):
        """Whether a `claude -p` has ended by itself; a terminal waits for its user."""
        return self.story["mode"] == "headless" and self.run is not None and self.run.process.poll() is not None

    def watch_for_the_last_word(self, name):
        before = self._count("SHUTDOWN_ACK", name)
        return lambda: self._count("SHUTDOWN_ACK", name) > before

    def in_process(self):
        """Whether agents are teammates in the client's own process; else their end is put before the lead, which the transcript shows."""
        return self.story["mode"] != "headless" and "CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS" in self.home.env

    def _idle(self, name):
        return self._count("AGENT_IDLE", name)

    def _count(self, event, name):
        return sum(e.get("event") == event and (e.get("data") or {}).get("name") == name for e in self.journal(event))

    def _names(self, written):
        """How often each event stands in whole lines of the journals on disk."""
        if written != self._text:
            found = collections.Counter()
            for path, _size, _at in written:
                try:
                    found.update(NAMED.findall(pathlib.Path(path).read_bytes().rpartition(b"\n")[0]))
                except OSError:
                    continue
            self._named, self._text = found, written
        return self._named

    def journal(self, event=None):
        """The run's events, oldest first ([] before there is a run). event: whoever asks looks at events of this name alone, and needs no
        others; the journal is read again only when there is one more of them."""
        with self._lock:
            written = self._written()
            if written and written == self._seen:
                return list(self._journal)
            names = self._names(written)
            name = event and event.encode()
            if written and name and self._known and names[name] == self._known[name]:
                return list(self._journal)
            found = self._read()
            self._seen, self._known = written, {}
            if found is not None:
                self._journal, self._known = found, names
            return list(self._journal)

    def _read(self):
        """The events; None where the journal cannot be read (a line that is being written)."""
        if self._is_ours():
            found = self._looked()
            return found and [log.row(record) for record in found[1]]
        return self.log()

    def log(self):
        """The events that `pack log --json` prints; None where it prints none."""
        code, out = self.pack("log", "--json")
        try:
            return [json.loads(text) for text in out.splitlines() if text.startswith("{")] if code == 0 else None
        except ValueError:
            return None

    def status(self):
        code, out = self.pack("status", "--json")
        try:
            return json.loads(out)
        except ValueError:
            return {"error": "pack status --json: exit %d: %s" % (code, out.strip()[-300:])}

    def standing(self):
        """What a refused call must leave as it was: the run's state without who happens to be awake."""
        found = self._looked() if self._is_ours() else None
        status = json.loads(json.dumps(verbs.status_json(*found))) if found else self.status()
        return {k: status.get(k) for k in ("phase", "mode", "owner", "tasks", "teardown")}


def play(path, binary=None, narrate=None, keep=False, root=None):
    """Play one story. Leaves nothing behind unless `keep`. root: the checkout whose plugin is played, else this one."""
    story = stories.read(path)
    base = pathlib.Path(tempfile.mkdtemp(prefix="team-"))
    began, result = time.time(), Result()
    result.base = base
    if story["room"]:  # a disk of its own, which the story may fill
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + story["room"], "tmpfs", str(base)], check=True)
    try:
        _play(story, binary or client.locate(), base, narrate, result, pathlib.Path(root) if root else client.ROOT)
    finally:
        result.seconds = time.time() - began
        if keep:
            result.kept = base
        else:
            if story["room"]:
                subprocess.run(["umount", "-l", str(base)], check=True)
            shutil.rmtree(base, ignore_errors=True)
    return result


def _play(story, binary, base, narrate, result, root):
    plugin = (HERE / story["plugin"]).resolve() if story["plugin"] else root
    if story["limits"] or story["hooks"]:
        plugin = hasty(plugin, base / "plugin", dict(pair.split("=", 1) for pair in (story["limits"] or "").split()))
    if story["hooks"]:  # hooks.json as `make start` writes it for this client
        version = subprocess.run([binary, "--version"], stdout=subprocess.PIPE, check=True, text=True).stdout
        subprocess.run([sys.executable, str(plugin / "scripts/dev/generate.py"), "--for-client", version], check=True)
    teams = story["teams"] == "on" if story["teams"] else story["mode"] != "headless"
    env = dict(pair.split("=", 1) for pair in (stories.given(story["env"] or "", story)).split())
    still = {} if story["mode"] == "headless" else STILL
    home = client.Home(base, "", teams=teams, env=env, project=story["project"] or "project", settings=still)
    if story["answers"] == "yes":
        home.answer_questions()
    if story["needs"]:
        home.env["PATH"] += stories.SBIN
    world = World(story, home, plugin)
    world.unwritten = "--no-session-persistence" in (story["args"] or "")
    world.meter = result.meter
    if isinstance(narrate, Narrator):
        narrate.world = world
    stage = staging.Stage(story, world, narrate)
    world.requests = lambda actor: stage.calls.get(actor, 0)
    make_repository(home, {name: stories.given(text, story) for name, text in story.files.items()}, story["layout"])
    if story["layout"] == "entered":  # the client makes a worktree as it starts, and the run is there
        world.project = home.project / ".claude/worktrees/side"
    with Model(stage.answer, result.meter) as model:
        home.env["ANTHROPIC_BASE_URL"] = model.url
        options = install(binary, home, plugin, story) + permissions(story) + stories.given(story["args"] or "", story).split()
        options += ["--worktree", "side"] if story["layout"] == "entered" else []
        runner = {"headless": HeadlessRunner, "terminal": TerminalRunner, "panes": TerminalRunner}[story["mode"]]
        runner = runner(story, stage, world, binary, home, options)
        try:
            runner.go(time.time() + story.number("limit", LIMIT))
        finally:
            runner.close()
            with stage.changed:
                ended_well = not stage.failures
                stage.over = True
                stage.changed.notify_all()
    result.journal, result.calls = world.log() or world.journal(), dict(stage.calls)
    if ended_well:
        for line in stage.unfinished():
            stage.fail("the client ended before this line was done", line)
            break
    check(story, stage, world, runner, result.journal)
    result.failures = stage.failures
    result.trace = trace_of(stage, world, runner)


def hasty(plugin, copy, limits):
    """A copy of the plugin with other limits in its tables: nobody waits 15 minutes for a test."""
    shutil.copytree(plugin, copy, ignore=shutil.ignore_patterns(".*", "tests", "build", "bench", "__pycache__", "*.egg-info"))
    shutil.copytree(plugin / ".claude-plugin", copy / ".claude-plugin")
    tables = copy / "scripts/pack/protocol/tables.py"
    text = tables.read_text(encoding="utf-8")
    for name, value in limits.items():
        text, found = re.subn(r'("%s": \()[\d.]+' % re.escape(name), r"\g<1>" + value, text)
        if found != 1:
            raise stories.StoryError("limits: no limit is called %s" % name)
    tables.write_text(text, encoding="utf-8")
    return copy


def make_repository(home, files, layout=None):
    """A small real git repository with the story's files. layout: `worktree` (the project is one of another repository), `link` (the
    project's folder is a symbolic link), `sub` (`project: REPOSITORY/FOLDER`: the client starts in a folder of a repository), or `entered` (the client starts with --worktree)."""
    if layout == "link":
        home.project.rmdir()
        (home.base / "elsewhere").mkdir()
        home.project.symlink_to("elsewhere")
    for name, text in files.items():
        path = home.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if layout == "sub":
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=home.project.parent, env=home.env, check=True, stdout=subprocess.DEVNULL)
    for command in (
        *([] if layout == "sub" else [["init", "-q", "-b", "main"]]),
        ["config", "user.email", "story@example.invalid"],
        ["config", "user.name", "Story"],
        ["add", "-A", *([":/"] if layout == "sub" else [])],
        ["commit", "-q", "--allow-empty", "-m", "as the story begins"],
    ):
        subprocess.run(["git", *command], cwd=home.project, env=home.env, check=True, stdout=subprocess.DEVNULL)
    if layout == "worktree":
        main = home.base / "main"
        home.project.rename(main)
        subprocess.run(
            ["git", "worktree", "add", "-q", str(home.project), "-b", "side"], cwd=main, env=home.env, check=True, stdout=subprocess.DEVNULL
        )


def install(binary, home, plugin, story):
    """How the plugin gets into the client: as a user installs it from the marketplace file, or by --plugin-dir."""
    if story["install"] != "marketplace":
        return ["--plugin-dir", str(plugin)]
    name = json.loads((plugin / ".claude-plugin/marketplace.json").read_text())["name"]
    for arguments in (["plugin", "marketplace", "add", str(plugin)], ["plugin", "install", "team@" + name]):
        done = client.run_cli(binary, home, *arguments)
        if done.returncode:
            raise RuntimeError("claude %s: exit %d\n%s" % (" ".join(arguments), done.returncode, done.stdout))
    return []


def permissions(story):
    """Stories are about the team's rules, not the client's: all is allowed unless the story sets a permission mode."""
    return ["--permission-mode", story["permissions"]] if story["permissions"] else ["--dangerously-skip-permissions"]


# --- Runners: they play the lines of the user, of a person in another terminal, and of fate ---------------------------------
class Runner:
    def __init__(self, story, stage, world, binary, home, options):
        self.story, self.stage, self.world = story, stage, world
        self.binary, self.home, self.options = binary, home, options
        self.mine = [line for line in story.lines if line.actor in ("user", "person", "client")]
        self.code, self.run = None, None
        self.quiet = story.number("quiet", QUIET)

    def go(self, deadline):
        """Play until the story is told, has failed, or `deadline`."""
        while not self.stage.over:
            if time.time() > deadline:
                return self.stage.fail("the story took longer than its limit; " + self._where())
            if time.time() - self.stage.sign > self.quiet:
                return self.stage.fail("nothing happened for %d s: nobody will be woken any more; %s" % (self.quiet, self._where()))
            line = self.mine[0] if self.mine else None
            if line is not None and self.stage.ready(line) and self.may_start(line):
                self.mine.pop(0)
                self.stage.narrate("line", line=line)
                self.stage.note(line.actor, line.text.split(" ", 1)[1], line)
                getattr(self, "do_" + line.kind)(line)
                continue
            if self.is_over():
                return None
            with self.stage.changed:
                self.stage.changed.wait(0.1)
        return None

    def _where(self):
        waiting = self.stage.unfinished()
        return "next was line %d: %s" % (waiting[0].number, waiting[0].text) if waiting else "all lines were done"

    def do_person(self, line):
        env = {k: v for k, v in self.home.env.items() if not k.startswith(("ANTHROPIC", "CLAUDE"))}
        env["PATH"] = "%s:%s" % (self.world.plugin / "bin", env["PATH"])
        # what a person needs to start a second client: where the model is, the client, the plugin, the session that runs
        env.update(H_URL=self.home.env["ANTHROPIC_BASE_URL"], H_KEY=client.KEY, CLAUDE_BIN=self.binary)
        env.update(PLUGIN=str(self.world.plugin), SESSION=str(self.world.session()))
        done = subprocess.run(
            ["sh", "-c", self.stage.fill(line.data["command"], NOBODY)],
            cwd=self.home.project,
            env=env,
            text=True,
            input=line.data["stdin"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
        )
        self.stage.note("person", "  <- exit %d %s" % (done.returncode, done.stdout[-3000:]), line)
        why = staging.judge(line.data["outcome"], done.stdout, done.returncode != 0)
        if why:
            self.stage.fail("it printed: %s\n        %s" % (staging.short(done.stdout, 600), why), line)
        self.stage.finish(line)


class NOBODY:
    """Stands for a request where there is none: nothing was heard."""

    heard = ""


class HeadlessRunner(Runner):
    """Each `user types` is a `claude -p` of its own; the second and later resume the session of the first."""

    def __init__(self, *args):
        Runner.__init__(self, *args)
        self.runs, self.typed = [], None  # every run, and the line whose outcome the present one will tell

    def may_start(self, line):
        return line.kind != "types" or self.run is None or self.ended()

    def do_presses(self, line):
        self.stage.fail("`claude -p` has no keys: mode: terminal", line)

    do_opens = do_presses

    def ended(self):
        return self.run.process.poll() is not None

    def do_types(self, line):
        self._close_run()
        more = []
        if self.runs and not line.data.get("anew"):
            more = ["--resume", self.runs[-1].session]
        self.run = client.Headless(self.binary, self.home, line.data["text"], *self.options, *more)
        self.world.run, self.typed = self.run, line
        self.runs.append(self.run)
        if line.data["outcome"].kind == "ok" and not line.data["outcome"].says:
            self.stage.finish(line)  # else when its result is there

    def do_killed(self, line):
        os.killpg(self.run.process.pid, 9)
        self.run.process.wait()
        self._close_run()
        self.stage.finish(line)

    def is_over(self):
        if not self.ended():
            return False
        self._close_run()
        return not (self.mine and self.mine[0].needs <= self.stage.done | self.stage.said)

    def _close_run(self):
        """Once a run has ended: its exit code, and the outcome of the line that started it."""
        if self.run is None or self.run.closed:
            return
        self.code = self.run.process.poll()
        self.run.close()
        line, self.typed = self.typed, None
        if line is not None and line.index not in self.stage.done:
            text = self.run.result()
            why = staging.judge(line.data["outcome"], text, False)
            if why:
                self.stage.fail("the client answered: %s\n        %s" % (staging.short(text, 600), why), line)
            self.stage.finish(line)

    def close(self):
        if self.run is not None:
            self.run.close()

    def hook_answers(self):
        """(event, text) of every hook that said something."""
        out = []
        for run in self.runs:
            for e in run.events:
                if e.get("subtype") == "hook_response" and (e.get("output") or e.get("stderr")):
                    out.append((e.get("hook_event"), (e.get("output") or "") + (e.get("stderr") or "")))
        return out

    def screen(self):
        return "\n".join(run.result() for run in self.runs)

    def tail(self):
        return "\n".join(r.stderr.decode(errors="replace").strip()[-600:] for r in self.runs if r.stderr)


class TerminalRunner(Runner):
    """One interactive client; the first `user types` starts it, the others are typed into it."""

    _screen = ""

    def may_start(self, line):
        return True

    def do_types(self, line):
        done = self.world.transcripts
        done.poll()
        text, before = line.data["text"], len(done.notices)
        if self.run is None:
            kind = client.Panes if self.story["mode"] == "panes" else client.Terminal
            self.run = self.world.run = kind(self.binary, self.home, text, *self.options)
        else:
            client.until(self._lead_is_idle, self.stage.patience)  # what is typed into a busy client is queued, not heard
            heard, self.stage.typed = done.heard, text

            def taken():
                done.poll()
                return done.heard > heard or self.stage.over or not self.run.alive()

            self.run.type(text, taken)
        wanted = line.data["outcome"]
        if wanted.kind != "ok" or wanted.says:
            news = ""

            def told():
                nonlocal news
                done.poll()
                news = "\n".join(done.notices[before:])
                return self.stage.over or not staging.judge(wanted, news, False)

            client.until(told, self.stage.patience)
            why = staging.judge(wanted, news, False)
            if why and not self.stage.over:
                self.stage.fail("the client noted: %s\n        %s" % (staging.short(news, 600), why), line)
        self.stage.finish(line)

    def _lead_is_idle(self):
        """Whether the lead's last turn is over, its Stop hooks included, and has been for a moment (what waits in its inbox wakes it then)."""
        with self.stage.changed:
            calls, said = self.stage.calls.get("lead", 0), self.stage.replies.get("lead")
        self.world.transcripts.poll()
        if said is not None and (len(said.uses) or said.message not in self.world.transcripts.over):
            return False
        time.sleep(1.2 * staging.slower())  # the client looks at its inbox about once a second
        return self.stage.over or calls == self.stage.calls.get("lead", 0)

    def do_opens(self, line):
        """A command that draws something: typed when the lead is idle, done when it is drawn."""
        client.until(self._lead_is_idle, self.stage.patience)
        wanted, before = client.plain(self.stage.fill(line.data["shown"], NOBODY)), self.run.drawn()

        def drawn():
            return wanted in self.run.drawn(before) or self.stage.over or not self.run.alive()

        self.run.type(self.stage.fill(line.data["text"], NOBODY), drawn)
        self.stage.finish(line)

    def do_presses(self, line):
        """A key; with a text, again and again until the client has drawn that text anew."""
        wanted, stop, before = line.data["text"], time.time() + self.stage.patience, self.run.drawn()
        self._press(line)
        while wanted and not client.until(
            lambda: client.plain(wanted) in self.run.drawn(before) or not self.run.alive(), 2 * staging.slower()
        ):
            if time.time() > stop or self.stage.over:
                self.stage.fail("the screen never said it; it shows: %s" % staging.short(self.run.text()[-600:], 500), line)
                break
            self._press(line)
        self.stage.finish(line)

    def _press(self, line):
        for key in line.data["keys"]:
            self.run.press(key)
            time.sleep(0.1)  # two keys in one write are taken for a paste

    def do_killed(self, line):
        self.run.kill()
        self.run = None
        self.stage.finish(line)

    def is_over(self):
        if not self.stage.unfinished():
            # what the last line brings about may still be under way; nothing is left to wait for when all is as the story expects
            client.until(self._as_expected, 60)
            return True
        return self.run is not None and not self.run.alive()

    def _as_expected(self):
        journal = self.world.journal()
        return not self.run.alive() or not any(
            CHECKS[wanted.kind](wanted.data, self.stage, self.world, self, journal)
            for wanted in self.story.expectations
            if wanted.kind in ("journal", "status", "file")
        )

    def close(self):
        self._screen = "\n".join([self.run.text() if self.run else ""] + self.home.notices())
        if self.run is not None:
            self.run.close()

    def hook_answers(self):
        return []

    def screen(self):
        return self._screen

    def tail(self):
        return "screen: " + self._screen[-900:]


# --- Checks and the trace -----------------------------------------------------------------------------------------------------
def check(story, stage, world, runner, journal):
    """Every `expect`, and that nothing was refused that the story does not say."""
    outcomes = [o for line in story.lines for o in [u.outcome for u in line.uses] + [line.data.get("outcome")] if o]
    told = {o.code for o in outcomes if o.kind == "refused"}
    recorded = [e["data"]["code"] for e in refusals(journal)]
    for code in sorted(c for c in told if c):
        spoken = sum(u.outcome.code == code for line in story.lines for u in line.uses)
        if recorded.count(code) < spoken and not stage.failures:
            stage.fail("%d call(s) were refused with %s, but the journal has %d such refusals" % (spoken, code, recorded.count(code)))
    if None not in told and not any(o.kind == "any" for o in outcomes):
        for event in refusals(journal):
            if event["data"]["code"] not in told:
                stage.fail("the journal has a refusal that the story does not tell: %s" % tell(event))
    for wanted in story.expectations:
        try:
            why = CHECKS[wanted.kind](wanted.data, stage, world, runner, journal)
        except (OSError, subprocess.SubprocessError) as error:
            why = repr(error)
        if why:
            stage.fail("line %d: %s: %s" % (wanted.number, wanted.text, why))


def refusals(journal):
    return [e for e in journal if "code" in (e.get("data") or {}) and (e["data"].get("what") or e["event"] == "REFUSED")]


def tell(event):
    """One journal event on one line."""
    actor = event.get("actor") or {}
    return "%s %s: %s %s" % (
        event.get("seq", "-"),
        actor.get("name"),
        event.get("event"),
        staging.short(json.dumps(event.get("data") or {}), 200),
    )


def _check_journal(data, stage, world, runner, journal):
    rest = iter(journal)
    for pattern in data["events"]:
        if not any(staging.matches(pattern, event) for event in rest):
            near = [tell(e) for e in journal if e.get("event") == pattern["event"]]
            return "no %s%s %s at its place%s" % (
                pattern["who"] + ": " if pattern["who"] else "",
                pattern["event"],
                pattern["data"] or "",
                "; there are: " + "; ".join(near[:4]) if near else "; there is none at all",
            )
    return None


def _check_never(data, stage, world, runner, journal):
    for pattern in data["events"]:
        for event in journal:
            if staging.matches(pattern, event):
                return "found " + tell(event)
    return None


def _check_no_refusals(data, stage, world, runner, journal):
    found = refusals(journal)
    return "found " + "; ".join(tell(e) for e in found[:3]) if found else None


def _check_status(data, stage, world, runner, journal):
    status = world.status()
    wrong = []
    for path, value in data["pairs"]:
        found = staging.dig(status, path)
        if value != (found if isinstance(found, str) else json.dumps(found)):
            wrong.append("%s is %s, not %s" % (path, json.dumps(found), value))
    return "; ".join(wrong) + (" (%s)" % status["error"] if "error" in status else "") if wrong else None


def _check_file(data, stage, world, runner, journal):
    path, what = world.project / data["path"], data["what"]
    if what == "is gone":
        return "it exists" if path.exists() else None
    if not path.exists():
        return "it does not exist"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if what == "contains" and data["text"] not in text or what == "lacks" and data["text"] in text:
        return "its text is: " + staging.short(text, 300)
    return None


def _check_calls(data, stage, world, runner, journal):
    count = stage.calls.get(data["who"], 0) if data["who"] else sum(stage.calls.values())
    return "there were %d (%s)" % (count, stage.counts()) if count > data["most"] else None


def _check_wakes(data, stage, world, runner, journal):
    """The lead's calls that the end of another agent's turn began and in which it did nothing; its last words are what the run is for."""
    last = next((r for r in reversed(world.meter.rows) if r["who"] == "lead"), None)
    count = world.meter.woken_for_nothing("lead") - bool(last and last["woken"] and not last["does"])
    ends = sum(e.get("event") in ("AGENT_IDLE", "AGENT_ENDED", "SHUTDOWN_ACK") for e in journal) if data["each_end"] else 0
    return "there were %d, and %d ends of turns" % (count, ends) if count > ends else None


def asked(stage, world):
    """[(actor, tool, input)] of every question that the client put to its user."""
    names = {agent: name for name, agent in stage.agents.items()}
    return [(names.get(q.get("agent_id"), q.get("agent_id") or "lead"), q["tool_name"], q["tool_input"]) for q in world.home.questions()]


def _check_questions(data, stage, world, runner, journal):
    found = [q for q in asked(stage, world) if (not data["about"] or q[1] in data["about"]) and data["who"] in (None, q[0])]
    if len(found) == data["count"] or len(found) < data["count"] and not data["exactly"]:
        return None
    return "there were %d: %s" % (len(found), "; ".join(staging.short("%s %s %s" % (w, t, json.dumps(i)), 120) for w, t, i in found))


def _check_exit(data, stage, world, runner, journal):
    return None if runner.code == data["code"] else "it was %s" % runner.code


def _check_hook(data, stage, world, runner, journal):
    answers = [text for event, text in runner.hook_answers() if event == data["event"]]
    return None if any(data["text"] in text for text in answers) else "%s hooks said: %s" % (data["event"], staging.short(answers, 400))


def _check_screen(data, stage, world, runner, journal):
    return None if data["text"] in runner.screen() else "it shows: " + staging.short(runner.screen()[-800:], 600)


def _check_running(data, stage, world, runner, journal):
    env = dict(world.home.env, PATH="%s:%s" % (world.plugin / "bin", world.home.env["PATH"]))
    done = subprocess.run(
        ["sh", "-c", data["command"]],
        cwd=world.project,
        env=env,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
    )
    why = staging.judge(data["outcome"], done.stdout, done.returncode != 0)
    return "%s; exit %d, it printed: %s" % (why, done.returncode, staging.short(done.stdout, 400)) if why else None


CHECKS = {
    "journal": _check_journal,
    "never": _check_never,
    "no refusals": _check_no_refusals,
    "wakes": _check_wakes,
    "status": _check_status,
    "file": _check_file,
    "calls": _check_calls,
    "questions": _check_questions,
    "exit": _check_exit,
    "hook": _check_hook,
    "screen": _check_screen,
    "running": _check_running,
}


def trace_of(stage, world, runner):
    """The run on a page: who said what, what came back, what the hooks answered, the journal's end."""
    began = stage.trace[0][0] if stage.trace else 0
    out = ["--- the run (seconds, story line, who, what) ---"]
    out += ["%6.2f %4s %-18s %s" % (t - began, number or "", who, what) for t, who, what, number in stage.trace]
    answers = runner.hook_answers()
    if answers:
        out += ["--- what hooks answered ---"] + ["%-18s %s" % (event, staging.short(text, 300)) for event, text in answers[-30:]]
    if world.home.questions():
        out += ["--- what the client asked its user ---"]
        out += ["%-18s %s %s" % (who, tool, staging.short(json.dumps(i), 140)) for who, tool, i in asked(stage, world)]
    out += ["--- the journal's end ---"] + [tell(event) for event in world.journal()[-25:]]
    out += ["--- not done ---"] + [str(line) for line in stage.unfinished()[:5]] if stage.unfinished() else []
    out += ["--- the client ---", "exit %s; calls: %s" % (runner.code, stage.counts()), runner.tail()]
    return "\n".join(out)


# --- Live telling, for the demo ------------------------------------------------------------------------------------------------
class Narrator:
    """Prints a run as it happens: the story's lines, refusals in full, and the status tree whenever it changed."""

    def __init__(self, out=sys.stdout, colour=None):
        self.out, self.world, self.last = out, None, None
        self.colour = out.isatty() if colour is None else colour
        self.lock = threading.Lock()

    def paint(self, code, text):
        return "\x1b[%sm%s\x1b[0m" % (code, text) if self.colour else text

    def __call__(self, kind, line, **data):
        with self.lock:
            if kind == "line" and line.kind not in ("hold", "wait", "remember", "rest", "until"):
                who, _, what = line.text.partition(" ")
                if what == "at once:":
                    what = " and ".join(
                        "spawns %s as %s" % (u.input["name"], u.input["subagent_type"].split(":")[-1]) if u.tool == "Agent" else u.tool
                        for u in line.uses
                    )
                self.out.write("%s %s\n" % (self.paint("1;36", "%-16s" % who), staging.short(what.replace("\\n", " "), 130)))
            elif kind == "result" and data["refused"]:
                text = data["text"][data["text"].index("team: refused") :]
                self.out.write(
                    self.paint("1;31", "\n".join(" " * 17 + "✋ "[2 * bool(n) :].ljust(2) + t for n, t in enumerate(text.splitlines()[:4])))
                    + "\n"
                )
            elif kind == "result" and str(data["use"].input.get("command", "")).startswith("pack "):
                self.out.write(self.paint("2", "\n".join(" " * 17 + t for t in data["text"].rstrip().splitlines())) + "\n")
            elif kind == "done" and line.uses and line.uses[0].tool in ("SendMessage", "Agent", "Bash", "TaskStop"):
                self.tree()
            self.out.flush()

    def tree(self):
        """The status tree without its advice, when more has changed than who is awake."""
        if self.world is None:
            return
        code, text = self.world.pack("status")
        rows = text.split("\nNext:")[0].rstrip().splitlines()
        news = [row for row in rows if "phase" in row or "task #" in row or "Teardown" in row]
        if code == 0 and news and news != self.last:
            self.last = news
            self.out.write("\n" + self.paint("2", "\n".join(" " * 20 + row for row in rows if row.strip())) + "\n\n")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("story")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--trace", action="store_true")
    args = parser.parse_args(argv)
    narrator = Narrator() if args.live else None
    named = pathlib.Path(__file__).resolve().parent / "scenarios" / (args.story + ".story")
    try:
        result = play(named if named.exists() else args.story, narrate=narrator, keep=args.keep)
    except stories.StoryError as error:
        print(error, file=sys.stderr)
        return 2
    if result.kept:
        print("kept: %s" % result.kept)
    if result.failures or args.trace:
        print(result)
    print(
        "%s: %s in %.1f s, %d model calls"
        % (pathlib.Path(args.story).stem, "FAILED" if result.failures else "passed", result.seconds, sum(result.calls.values()))
    )
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
