"""kill -9 of the real client at any point, then resume: one run under policy.py, its kills and what must hold afterwards.

    python3 tests/client/revive.py SEED [--mode headless|terminal|panes] [--size SIMPLE|MEDIUM|COMPLEX] [--trace] [--keep]
    python3 tests/client/revive.py 1 --runs 40 --json FILE    seeds 1 to 40, each with its own mode and size; failures leave their trace

The user of this module knows as little as a real one: that the client is gone, what `pack status` prints, what the client says
when it cannot resume. The journal is read only afterwards, to check it, and at each kill, to keep a copy.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parents[1] / "scripts"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import client  # noqa: E402
import play  # noqa: E402
import stage  # noqa: E402
import story as stories  # noqa: E402
from model import Model  # noqa: E402
from policy import CODE, Policy  # noqa: E402

from pack.base import codec, paths  # noqa: E402
from pack.store.journal import read_chain  # noqa: E402
from pack.protocol import machine, tables, view  # noqa: E402
from pack.store.render import state_md, stats  # noqa: E402

# Model calls of an undisturbed run, about: what the kills are spread over.
LENGTH = {
    ("headless", "SIMPLE"): 68,
    ("terminal", "SIMPLE"): 82,
    ("panes", "SIMPLE"): 88,
    ("headless", "MEDIUM"): 166,
    ("terminal", "MEDIUM"): 224,
    ("headless", "COMPLEX"): 210,
    ("terminal", "COMPLEX"): 270,
}
ASKED = {"SIMPLE": "/build plan.md --coders=1", "MEDIUM": "/build plan.md --coders=2", "COMPLEX": "/build plan.md --coders=2"}
QUIET = 25.0  # seconds without a model call after which nobody is coming any more
NEEDS = {
    "SIMPLE": ("unified-reviewer",),
    "MEDIUM": ("logic-reviewer", "tech-lead"),
    "COMPLEX": ("security-reviewer", "logic-reviewer", "quality-reviewer", "tech-lead"),
}


class Broken(AssertionError):
    """Something that must hold does not; the text says what, `trace` how it came to that."""


class Kill:
    """One planned kill: after how many model calls (counted from the client's start), how long after, and what is hit."""

    def __init__(self, after, delay, what, then):
        self.after, self.delay, self.what, self.then = after, delay, what, then

    def __str__(self):
        return "after call %d + %.0f ms, %s, then %s" % (self.after, self.delay * 1000, self.what, self.then)


def kind_of(seed):
    """(mode, size) of a seed of the long form."""
    return random.Random("kind %s" % seed).choices(
        [
            ("headless", "SIMPLE"),
            ("terminal", "SIMPLE"),
            ("panes", "SIMPLE"),
            ("headless", "MEDIUM"),
            ("terminal", "MEDIUM"),
            ("headless", "COMPLEX"),
        ],
        [45, 25, 5, 12, 8, 5],
    )[0]


def kills_of(seed, way, size):
    """The kills of a seed: usually one, sometimes two; the moment is uniform over the model calls of a run, 0 being the client's start."""
    chance = random.Random("%s %s %s" % (seed, way, size))
    out, length = [], LENGTH[way, size]
    for n in range(2 if chance.random() < 0.35 else 1):
        then = chance.choice(["resume", "resume", "resume", "new /build"] + (["team resume"] if way != "headless" else []))
        after = chance.randint(0, length if n == 0 else length // 2)
        out.append(Kill(after, chance.uniform(0, 0.3 if after else 0.9), chance.choice(["group", "group", "hook", "client alone"]), then))
    return out


# --- Processes -------------------------------------------------------------------------------------------------------------------
def below(pid):
    """Every process below one, itself first."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    parents.setdefault(int(f.read().rpartition(")")[2].split()[1]), []).append(int(name))
            except (OSError, ValueError, IndexError):
                pass
    out = [pid]
    for one in out:
        out += parents.get(one, [])
    return out


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except OSError:
        return ""


def at_home(base):
    """Processes that work in a run's folder."""
    out = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink("/proc/%s/cwd" % name).startswith(str(base)):
                out.append(int(name))
        except OSError:
            pass
    return out


# --- A run ---------------------------------------------------------------------------------------------------------------------------
class Run:
    """One run: the folder, the model, the client of the moment, the user. `go()` plays it; raises Broken."""

    def __init__(self, seed, way="headless", size="SIMPLE", kills=None, binary=None, keep=False, lead=None):
        self.lead = lead or random.Random("lead %s" % seed).choice(("careful", "careful", "hasty", "lazy"))
        self.seed, self.way, self.size, self.binary, self.keep = seed, way, size, binary or client.locate(), keep
        self.kills = kills_of(seed, way, size) if kills is None else kills
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="team-revive-"))
        self.trace, self.began = [], time.time()
        self.calls, self.client_calls, self.last_call = 0, 0, time.time()
        self.lock, self.mark, self.target = threading.Lock(), threading.Event(), None
        self.now, self.session, self.copies, self.moments = None, None, [], []
        self.typed = 0  # how often the user had to type anything
        self.killed, self.lost, self.exit, self.seconds = 0, 0, None, 0.0

    def note(self, who, what):
        self.trace.append((time.time() - self.began, who, stage.short(what, 260)))

    # -- the model's side -----------------------------------------------------------------------------------------------------------
    def seen(self, call, talk, blocks):
        with self.lock:
            self.calls += 1
            self.client_calls += 1
            self.last_call = time.time()
            if self.target is not None and self.client_calls >= self.target:
                self.mark.set()
        if talk.news.strip():
            self.note(talk.name, "  <- " + talk.news[-1500:])
        for b in blocks:
            self.note(talk.name, b["text"] if b["type"] == "text" else "%s %s" % (b["name"], json.dumps(b["input"], ensure_ascii=False)))

    # -- the user's side ------------------------------------------------------------------------------------------------------------
    def start(self, prompt, *args):
        self.typed += 1
        self.note("user", "types %r %s" % (prompt, " ".join(args)))
        self.mark.clear()
        with self.lock:
            self.client_calls, self.last_call, self.target = 0, time.time(), None
        options = ["--plugin-dir", str(client.ROOT), "--dangerously-skip-permissions", *args]
        kind = {"headless": client.Headless, "terminal": client.Tmux, "panes": client.Panes}[self.way]
        self.now = kind(self.binary, self.home, prompt, *options)

    def fresh(self, prompt):
        """A new session; its id is the user's to choose."""
        self.session = str(uuid.uuid4())
        self.start(prompt, "--session-id", self.session)

    def pid(self):
        if self.way == "headless":
            return self.now.process.pid
        found = [line.split()[1] for line in self.now.panes().splitlines() if line.startswith("%0 ")]
        return int(found[0]) if found else None

    def alive(self):
        return self.now.process.poll() is None if self.way == "headless" else self.now.alive()

    def pack(self, *arguments):
        env = {k: v for k, v in self.home.env.items() if not k.startswith(("ANTHROPIC", "CLAUDE"))}
        done = subprocess.run(
            [str(client.ROOT / "bin/pack"), *arguments],
            cwd=self.home.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
        )
        return done.returncode, done.stdout

    def closed(self):
        return any((self.home.project / paths.TEAMS / ".closed").glob("*.json"))

    def wait(self, until, limit):
        end = time.time() + limit
        while time.time() < end:
            if until():
                return True
            time.sleep(0.02)
        return False

    def over(self):
        """The client has nothing more to do: gone, or (in a terminal) the run is closed and everybody quiet."""
        if not self.alive():
            return True
        if self.way != "headless" and self.closed() and time.time() - self.last_call > 1.5:
            return True
        return False

    # -- a kill ----------------------------------------------------------------------------------------------------------------------
    def kill(self, plan):
        """Kill as planned; False when the client ended before."""
        self.target = plan.after
        with self.lock:
            if self.client_calls >= plan.after:
                self.mark.set()
        while not self.mark.wait(0.02):
            if self.over():
                return False
            self.not_too_quiet()
        time.sleep(plan.delay)
        pid = self.pid() if self.alive() else None
        if pid is None:
            return False
        if plan.what == "hook" and not self.wait(lambda: any("hooks/gate" in command_of(p) for p in below(pid)[1:]), 3):
            return self.kill(Kill(0, 0, "group", plan.then))
        every = below(pid)
        if self.way == "panes" and plan.what != "client alone":  # the teammates are clients of their own
            every += [
                p
                for row in self.now.panes().splitlines()
                if row.startswith("%") and not row.startswith("%0 ")
                for p in below(int(row.split()[1]))
            ]
        groups = set() if plan.what == "client alone" else {os.getpgid(pid)}
        for group in groups:
            os.killpg(group, signal.SIGKILL)
        for one in every[:1] if plan.what == "client alone" else every:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.killed += 1
        self.note("fate", "kill -9 %s (%d processes), %s" % (plan.what, len(every), plan))
        if self.way == "headless":
            self.now.process.wait()
            self.now.close()
        else:
            self.wait(lambda: not os.path.exists("/proc/%d" % pid), 5)
            self.now.kill()
        self.copy()
        return True

    def copy(self):
        """What the journal held at the kill (afterwards: to see that nothing of it is lost)."""
        for team in paths.teams(str(self.home.project)):
            data = (self.home.project / paths.TEAMS / team / "journal.jsonl").read_bytes()
            records, end, _problem = read_chain(data)
            self.copies.append((team, data[:end], len(records)))
            state = machine.initial()
            for r in records:
                machine.replay(state, r)
            self.moments.append(state["phase"])
        if not paths.teams(str(self.home.project)):
            self.moments.append("before the run")

    # -- after a kill ------------------------------------------------------------------------------------------------------------------
    def again(self, then):
        """The user comes back: looks, and resumes or starts anew."""
        code, text = self.pack("status")
        self.note("user", "pack status: " + text)
        live = code == 0 and "phase CLOSED" not in text
        if code == 0 and not live:
            return False
        if not live:
            return self.fresh(ASKED[self.size]) or True
        if then == "new /build":
            return self.fresh(ASKED[self.size]) or True
        if then == "team resume":
            self.fresh("team resume")
            if not self.wait(lambda: any("this session leads" in n for n in self.home.notices()), 20):
                raise Broken("`team resume` was not answered; the screen: " + self.now.text()[-600:])
            time.sleep(0.5)
            self.typed += 1
            self.now.type("go on")
            return True
        self.start("go on", "--resume", self.session)
        if self.way == "headless":
            self.wait(lambda: not self.alive() or self.client_calls, 20)
            said = "" if self.alive() else self.now.result() + self.now.stderr.decode(errors="replace")
        else:
            self.wait(lambda: not self.alive() or self.client_calls or "No conversation found" in self.now.text(), 20)
            said = "" if self.client_calls else self.now.text() if self.alive() else "gone"
        if not self.client_calls and ("No conversation found" in said or said == "gone"):
            self.note("client", said[-200:])
            self.now.close()
            self.fresh(ASKED[self.size])
        return True

    # -- the whole ------------------------------------------------------------------------------------------------------------------------
    def go(self):
        policy = Policy(self.size, self.seen, lead=self.lead)
        try:
            with Model(policy.answer) as model:
                self.home = client.Home(self.base, model.url, teams=self.way != "headless")
                policy.project = str(self.home.project)
                files = stories.read(stories.HERE / "honest-simple.story").files
                play.make_repository(self.home, dict(files, **{"CLAUDE.md": files["CLAUDE.md"], ".gitignore": "__pycache__/\n.claude/\n"}))
                try:
                    self.play()
                    self.check()
                finally:
                    self.seconds = time.time() - self.began
                    self.now.close()
                    for pid in at_home(self.base):
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
        except Broken as broken:
            broken.trace = self.tell()
            raise
        finally:
            if not self.keep:
                shutil.rmtree(self.base, ignore_errors=True)
        return self

    def not_too_quiet(self):
        """Raises Broken once nobody is coming any more; on a busy machine that is known later."""
        if time.time() - self.last_call > QUIET * stage.slower():
            raise Broken("nobody has asked the model for %d s, and the run is not closed" % (QUIET * stage.slower()))

    def play(self):
        self.fresh(ASKED[self.size])
        for plan in self.kills:
            if not self.kill(plan):
                break
            if not self.again(plan.then):
                return
        self.target = None
        while not self.over():
            self.not_too_quiet()
            if self.calls > self.most():
                raise Broken("more than %d model calls" % self.most())
            time.sleep(0.05)
        if self.way == "headless":
            self.exit = self.now.wait(10)

    def most(self):
        """A run may cost its length once more for each kill, and half of it for luck."""
        return int(LENGTH[self.way, self.size] * (1.5 + self.killed))

    def tell(self):
        out = [
            "seed %s, %s, %s, a %s lead; kills: %s" % (self.seed, self.way, self.size, self.lead, "; ".join(map(str, self.kills)) or "none")
        ]
        out += ["%7.2f %-18s %s" % row for row in self.trace]
        if hasattr(self, "home"):
            code, log = self.pack("log")
            out += ["--- the journal's end ---"] + log.splitlines()[-40:] + ["--- pack status ---", self.pack("status")[1]]
        if isinstance(self.now, client.Headless):
            out += [
                "--- the client ---",
                "exit %s" % self.now.process.poll(),
                self.now.result()[-500:],
                self.now.stderr.decode(errors="replace")[-500:],
            ]
        return "\n".join(out)

    # -- what must hold ----------------------------------------------------------------------------------------------------------------------
    def check(self):
        code, text = self.pack("status", "--json")
        if code:
            raise Broken("pack status: exit %d: %s" % (code, text))
        status = json.loads(text)
        if status["phase"] != "CLOSED":
            raise Broken("the client ended and the run is in phase %s; next: %s" % (status["phase"], json.dumps(status["next"])))
        if self.way == "headless" and self.killed and self.exit is not None and self.exit != 0:
            raise Broken("the client's exit code is %s" % self.exit)
        if not self.closed() or paths.active(str(self.home.project), paths.data_folder(self.home.env)):
            raise Broken("the run is closed and not buried: its markers are still there, or it has no tombstone")
        self.check_journal(status["team"])
        living = [r["name"] for r in status["roster"] if r["state"] in tables.LIVING]
        if living:
            raise Broken("still running: %s" % ", ".join(living))
        if self.calls > self.most():
            raise Broken("%d model calls, more than %d" % (self.calls, self.most()))
        self.check_files()

    def check_journal(self, team):
        folder = self.home.project / paths.TEAMS / team
        home = json.loads((folder / "run.json").read_text())
        data = (folder / "journal.jsonl").read_bytes()
        records, end, problem = read_chain(data)
        if problem or end != len(data) or [r["seq"] for r in records] != list(range(1, len(records) + 1)):
            raise Broken("the journal is not whole: %s" % (problem or "gaps"))
        if (pathlib.Path(home["run"]) / "mirror.jsonl").read_bytes() != data:
            raise Broken("journal and mirror differ")
        for name, copy, count in self.copies:
            if name == team and not data.startswith(copy):
                now = set(data.splitlines())
                self.lost += sum(1 for line in copy.splitlines() if line not in now)
                raise Broken("%d of %d events that were in the journal at a kill are gone or elsewhere" % (self.lost, count))
            if name != team and count > 1:
                raise Broken("the run %s with %d events was left behind" % (name, count))
        state = machine.initial()
        for record in records:
            machine.replay(state, record)
            if record["event"] == "DONE":
                self.check_done(records, record)
        _seal, head, body = (folder / "snapshot.json").read_bytes().split(b"\n")[:3]
        head = codec.loads(head.decode("ascii"))
        shot = codec.loads(body.decode("ascii"))
        for record in records[head["seq"] :]:
            machine.replay(shot, record)
        if codec.dumps(shot) != codec.dumps(state):
            raise Broken("snapshot and tail are not what the journal replays to")
        if (folder / "state.md").read_text(encoding="utf-8") != state_md(state, len(records)):
            raise Broken("state.md is not what the journal renders to")
        commits = stats(records)["commits"]
        made = subprocess.run(
            ["git", "log", "--reverse", "--format=%H"], cwd=self.home.project, env=self.home.env, stdout=subprocess.PIPE, text=True
        ).stdout.split()[1:]
        if [c["sha"] for c in commits] != made or not all(c["gated"] for c in commits):
            raise Broken("git has the commits %s, the journal %s" % (made, commits))
        unfinished = [n for n, t in view.tasks(state) if t["state"] != "DONE"]
        if unfinished or state["teardown"]["aborted"] or state["teardown"]["unresolved"]:
            raise Broken("not an honest end: tasks %s, unresolved %s" % (unfinished, state["teardown"]["unresolved"]))

    def check_done(self, records, done):
        for role in NEEDS[self.size]:
            if not any(
                r["event"] == "APPROVED"
                and r["actor"]["role"] == role
                and r["data"]["task"] == done["data"]["task"]
                and r["data"]["revision"] == done["data"]["revision"]
                and r["seq"] < done["seq"]
                for r in records
            ):
                raise Broken("DONE of task #%s at %d without the approval of %s" % (done["data"]["task"], done["seq"], role))

    def check_files(self):
        project = self.home.project
        for path in ("src/bye.py", "tests/test_bye.py", ".conventions/gold-standards/phrase.md") + (
            ("src/thanks.py", "tests/test_thanks.py") if self.size != "SIMPLE" else ()
        ):
            if (project / path).read_text() != CODE[path]:
                raise Broken("%s is not what was written" % path)
        left = subprocess.run(
            ["git", "status", "--porcelain", "src", "tests", ".conventions"],
            cwd=project,
            env=self.home.env,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        if left.strip():
            raise Broken("not committed: " + left)


def many(seeds, seconds, traces, say=lambda text: None):
    """The long form: (runs, [(seed, what broke)]). A failure's trace is left in `traces`."""
    runs, broken, began, binary = [], [], time.time(), client.locate()
    for seed in seeds:
        if time.time() - began > seconds:
            break
        way, size = kind_of(seed)
        run = Run(seed, way, size, binary=binary)
        runs.append(run)
        try:
            run.go()
        except Broken as failure:
            path = traces / ("revive-%s.txt" % seed)
            path.write_text(failure.trace + "\n\nBROKEN: %s\n" % failure, encoding="utf-8")
            broken.append((seed, str(failure)))
            say("BROKEN: %s (%s)" % (failure, path))
        say(
            "seed %s, %s %s %s: kills at %s; %d calls, %.0f s"
            % (seed, way, size, run.lead, ", ".join(run.moments) or "-", run.calls, time.time() - run.began)
        )
    return runs, broken


def figures(runs, broken, command):
    """What the long form prints, for references/assurance.md."""
    kills = [m for r in runs for m in r.moments]
    return {
        "runs": len(runs),
        "kills": sum(r.killed for r in runs),
        "lost": sum(r.lost for r in runs),
        "broken": len(broken),
        "command": command,
        "modes": {way: sum(1 for r in runs if r.way == way) for way in sorted({r.way for r in runs})},
        "sizes": {size: sum(1 for r in runs if r.size == size) for size in sorted({r.size for r in runs})},
        "moments": {m: kills.count(m) for m in sorted(set(kills))},
        "what": {w: sum(1 for r in runs for k in r.kills[: r.killed] if k.what == w) for w in ("group", "hook", "client alone")},
        "then": {t: sum(1 for r in runs for k in r.kills[: r.killed] if k.then == t) for t in ("resume", "new /build", "team resume")},
        "events_at_kill": sum(c for r in runs for _t, _d, c in r.copies),
        "calls_most": max([r.calls for r in runs] or [0]),
        "undisturbed": {" ".join(k): n for k, n in LENGTH.items() if any((r.way, r.size) == k for r in runs)},
        "seconds": round(sum(r.seconds for r in runs)),
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seed")
    parser.add_argument("--mode", choices=("headless", "terminal", "panes"), default="headless")
    parser.add_argument("--size", choices=tuple(NEEDS), default="SIMPLE")
    parser.add_argument("--runs", type=int, help="the long form: so many seeds from SEED on")
    parser.add_argument("--minutes", type=float, default=1e9, help="the long form ends after so many minutes")
    parser.add_argument("--json", help="where the long form leaves its figures")
    parser.add_argument("--traces", default=tempfile.gettempdir(), help="where the long form leaves the traces of failures")
    parser.add_argument("--lead", choices=("careful", "hasty", "lazy"))
    parser.add_argument("--none", action="store_true", help="no kill: how long is the run undisturbed?")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args(argv)
    if given.runs:
        runs, broken = many(range(int(given.seed), int(given.seed) + given.runs), given.minutes * 60, pathlib.Path(given.traces), print)
        found = figures(runs, broken, "python tests/client/revive.py %s --runs %d" % (given.seed, len(runs)))
        print(json.dumps(found, indent=1))
        if given.json:
            pathlib.Path(given.json).write_text(json.dumps(found, indent=1))
        return 1 if broken else 0
    run = Run(given.seed, given.mode, given.size, [] if given.none else None, keep=given.keep, lead=given.lead)
    try:
        run.go()
    except Broken as broken:
        print(broken.trace + "\n\nBROKEN: " + str(broken))
        return 1
    finally:
        if given.keep:
            print("kept: %s" % run.base)
    if given.trace:
        print("\n".join("%7.2f %-18s %s" % row for row in run.trace))
    print(
        "seed %s: %d kills at %s, %d model calls, %.1f s"
        % (given.seed, run.killed, ", ".join(map(str, run.moments)) or "-", run.calls, time.time() - run.began)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
