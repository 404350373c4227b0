"""What `pack watch`, its page and the status line cost for a run of 200 tasks, 16 agents and 10,000 events. Prints; asserts nothing.

first paint   CPU of `pack watch` in a terminal of 120x40 until the run stands on the screen (asked for: 0.3 s), against `python3 -c "import textual.app"`
idle          its CPU afterwards while nothing happens, as a share of the time (asked for: 2 %)
page          bytes of `pack report html` (asked for: 3 MB) and, where Chromium is installed, its first contentful paint (asked for: 1 s)
"""

import argparse
import json
import os
import pty
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from hooks.driver import PLAN, Session  # noqa: E402
from measure import cpu  # noqa: E402
from pack.base import paths  # noqa: E402
from pack.store.journal import Store  # noqa: E402

PACK = os.path.join(ROOT, "bin", "pack")
TASKS, CODERS, EVENTS = 200, 11, 10000  # 11 coders, three reviewers, supervisor and tech lead are 16 agents
FINISHED = 60  # tasks that are done, by the gate, before the journal is filled


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
    listed = [dict(one, id=n, subject="Task %d of the bench, with a subject as people write them" % n, files=["src/f%d.py" % n]) for n in range(1, tasks)]
    listed.append(dict(PLAN["tasks"][-1], id=tasks, blocked_by=list(range(1, tasks))))
    s = Session(project, data, now=time.time() - 2 * events)
    s.setup("COMPLEX", coders=CODERS, raw=json.loads(json.dumps(dict(PLAN, tasks=listed))))
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
            store.append({"event": "FILE_WRITTEN", "actor": {"name": "gate", "role": "gate", "inc": 0, "agent_id": None}, "data": told, "key": None}, s.now + store.seq)
    return s
