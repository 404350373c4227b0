"""What `pack watch` and the page cost for a run of 200 tasks, 16 agents and 10,000 events. Prints; asserts nothing.

first paint   CPU of `pack watch` in a terminal of 120x40 until the run's tree stands there, from the last snapshot (asked for: 0.3 s)
view          the same until Textual has drawn the whole view; importing Textual alone is printed beside it
idle          its CPU afterwards while nothing happens, as a share of the time (asked for: 2 %)
page          bytes of `pack report html` (asked for: 3 MB) and, where Chromium is, its first contentful paint (asked for: 1 s)

The run is made by the gate and takes minutes; --folder keeps it for the next time.
"""

import argparse
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from hooks.driver import PLAN, Session, plan  # noqa: E402
from measure import cpu  # noqa: E402
from pack.base import paths  # noqa: E402
from pack.store.journal import Store  # noqa: E402

PACK = os.path.join(ROOT, "bin", "pack")
TASKS, CODERS, EVENTS = 200, 11, 10000  # 11 coders, three reviewers, supervisor and tech lead are 16 agents
FINISHED = 20  # tasks that are done, by the gate, before the journal is filled


def large(folder, tasks=TASKS, events=EVENTS, finished=FINISHED):
    """A project with such a live run: real tasks, claims, reviews and approvals by the gate, then written files up to `events`."""
    project, data = os.path.join(folder, "project"), os.path.join(folder, "data")
    os.makedirs(os.path.join(project, "src"))
    with open(os.path.join(project, "plan.md"), "w") as f:
        f.write("# Bench\n\nx\n")
    subprocess.run(["git", "init", "-q", project], check=True)
    for key, value in (("user.name", "bench"), ("user.email", "bench@example.invalid")):
        subprocess.run(["git", "-C", project, "config", key, value], check=True)
    one = PLAN["tasks"][0]
    listed = [
        dict(one, id=n, subject="Task %d of the bench, with a subject as people write them" % n, files=["src/f%d.py" % n])
        for n in range(1, tasks)
    ]
    listed.append(dict(PLAN["tasks"][-1], id=tasks, blocked_by=list(range(1, tasks))))
    s = Session(project, data, now=time.time() - 2 * events)
    s.setup("COMPLEX", coders=CODERS, raw=plan("COMPLEX", tasks=listed))
    for n in range(1, finished + 1):
        s.do_task("coder-%d" % (n % CODERS + 1), n, "src/f%d.py" % n)
    for c in range(1, CODERS + 1):
        s.say("coder-%d" % c, "supervisor", "CLAIM: task #%d" % (finished + c))
    live = paths.active(project, data)
    store = Store(paths.team_folder(project, live["team"]), live["run"])
    with store.lock():
        store.load()
        while store.seq < events:
            n = finished + 1 + store.seq % CODERS
            told = {"task": n, "path": "src/f%d.py" % n, "by": "coder-%d" % (n - finished), "revision": "%016x" % store.seq}
            store.append(
                {"event": "FILE_WRITTEN", "actor": {"name": "gate", "role": "gate", "inc": 0, "agent_id": None}, "data": told, "key": None},
                s.now + store.seq,
            )
    return s


def cpu_of(pid):
    """CPU seconds of a process and of its children that have ended."""
    with open("/proc/%d/stat" % pid) as f:
        found = f.read().rpartition(")")[2].split()
    return sum(int(n) for n in found[11:15]) / os.sysconf("SC_CLK_TCK")


def watch(project, env, idle=15.0):
    """(CPU until the first picture, until the whole view, share of CPU afterwards)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execve(PACK, [PACK, "watch"], env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen, marks, end = b"", [], time.time() + 120
    while time.time() < end:
        if select.select([fd], [], [], 0.02)[0]:
            seen += os.read(fd, 65536)
        for n, words in enumerate((b"TEAM STATUS", b"FILE_WRITTEN")):
            if len(marks) == n and words in seen:
                marks.append(cpu_of(pid))
                end = time.time() + 120 if n == 0 else time.time() + 3 + idle  # it settles in 3 s
        if len(marks) == 2 and time.time() > end - idle:
            marks.append(cpu_of(pid))
    if len(marks) < 3:
        raise SystemExit("pack watch drew nothing: %r" % seen[-300:])
    share = (cpu_of(pid) - marks[2]) / idle
    os.write(fd, b"q")
    os.waitpid(pid, 0)
    return marks[0], marks[1], share


def page(project, env):
    """(bytes, first contentful paint in ms or None)."""
    path = os.path.join(project, "run.html")
    subprocess.run([PACK, "report", "html", "--out", path], cwd=project, env=env, check=True, stdout=subprocess.DEVNULL)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return os.path.getsize(path), None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.goto("file://" + path)
        tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return os.path.getsize(path), paint


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", help="where the run is, or is made and kept")
    folder = parser.parse_args().folder or tempfile.mkdtemp(prefix="team-watch-")
    project = os.path.join(folder, "project")
    if not os.path.isdir(project):
        large(folder)
    env = dict(os.environ, CLAUDE_PLUGIN_DATA=os.path.join(folder, "data"), PACK_PYTHON=sys.executable, TERM="xterm-256color")
    first, view, share = watch(project, env)
    print("first paint %.2f s CPU   view %.2f s CPU   idle %.1f %%" % (first, view, 100 * share))
    print("import      %.2f s CPU of textual alone" % (cpu([sys.executable, "-c", "import textual.app, textual.widgets"], env) / 1000))
    size, paint = page(project, env)
    print("page        %.2f MB   first paint %s" % (size / 1e6, "not measured: no Chromium" if paint is None else "%.0f ms" % paint))


if __name__ == "__main__":
    main()
