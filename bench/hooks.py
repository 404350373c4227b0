"""What a hook call costs, as ratios of medians measured in one run, pair by pair. Prints; asserts nothing.

idle      the hook with no active team                        against  sh -c :
guarded   an Edit by the owner of a task, 100 events journal  against  python3 -I -S -E -c pass (asked for: 2)
long      the same with 10,000 events                         against  the same with 100
status    `pack statusline` on that run                       against  python3 -I -S -E -c pass
calls     hook calls of the tools of a whole honest run, with the matcher of 0.1.0 and with today's; and of one with a server's tools in it
shim      the guarded call with a slow shim as python3 on PATH  against  the same without; (shim) is what the shim itself costs
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import surroundings  # noqa: E402
from hooks.driver import Session  # noqa: E402
from measure import cpu, pair  # noqa: E402
from pack.base import paths  # noqa: E402
from pack.store.journal import Store  # noqa: E402
from pack.protocol import machine  # noqa: E402


def hook(event):
    """The shipped command line of an event, as the client hands it to sh."""
    with open(os.path.join(ROOT, "hooks", "hooks.json")) as f:
        return json.load(f)["hooks"][event][0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", ROOT)


def team(folder, events):
    """A project with an active team whose journal holds so many events, and the payload of an Edit by coder-1."""
    project, data = os.path.join(folder, "proj"), os.path.join(folder, "data")
    os.makedirs(os.path.join(project, "src"))
    with open(os.path.join(project, "plan.md"), "w") as f:
        f.write("# Bench\n\nx\n")
    subprocess.run(["git", "init", "-q", project], check=True)
    s = Session(project, data)
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    live = paths.active(project, data)
    store = Store(paths.team_folder(project, live["team"]), live["run"])
    with store.lock():
        store.load()
        while store.seq < events:
            store.append({"event": "MAIL", "actor": machine.GATE, "data": {"to": "nobody"}, "key": None}, s.now)
    agent, kind = s.agents["coder-1"]
    payload = {
        "session_id": s.session,
        "transcript_path": os.path.join(data, "t.jsonl"),
        "cwd": project,
        "hook_event_name": "PreToolUse",
        "permission_mode": "default",
        "agent_id": agent,
        "agent_type": kind,
        "tool_name": "Edit",
        "tool_use_id": "toolu_bench",
        "tool_input": {"file_path": os.path.join(project, "src", "a.py"), "old_string": "a", "new_string": "b"},
    }
    return dict(os.environ, **s.env), json.dumps(payload).encode()


# The matcher of 0.1.0's tool events.
BEFORE = "Agent|Task|SendMessage|Edit|Write|MultiEdit|NotebookEdit|Bash|PowerShell|TaskCreate|TaskUpdate|TaskStop|TeamCreate|TeamDelete"
# What a model calls besides in a session of a project with a server for issues, for each ten of the story's calls (a guess, not measured).
BESIDES = {"Read": 6, "Grep": 3, "Glob": 1, "ToolSearch": 1, "WebFetch": 1, "mcp__issues__get": 1}


def calls():
    """Two hooks (before and after) for each tool call that the matcher takes; the tools of honest-medium.story, as the stories play them."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "client"))
    import pathlib

    import story

    tools = [u.tool for line in story.read(pathlib.Path(ROOT, "tests/client/scenarios/honest-medium.story")).lines for u in line.uses]
    with open(os.path.join(ROOT, "hooks", "hooks.json")) as f:
        now = re.compile(json.load(f)["hooks"]["PreToolUse"][0]["matcher"])
    besides = [t for t, n in BESIDES.items() for _ in range(n * len(tools) // 10)]
    for name, used in (("honest", tools), ("besides", tools + besides)):
        before = 2 * sum(t in BEFORE.split("|") for t in used)
        print(
            "calls     %-8s %3d tool calls   hook calls %3d before, %3d now"
            % (name, len(used), before, 2 * sum(bool(now.search(t)) for t in used))
        )


def main():
    surroundings.as_users_have()
    calls()
    line = hook("PreToolUse")
    with tempfile.TemporaryDirectory() as folder:
        quiet = dict(os.environ, CLAUDE_PROJECT_DIR=folder, CLAUDE_PLUGIN_DATA=folder)
        pair("idle", lambda: cpu(["sh", "-c", line], quiet, b"{}"), lambda: cpu(["sh", "-c", ":"], quiet, b"{}"))
        short_env, short = team(os.path.join(folder, "short"), 100)
        long_env, long = team(os.path.join(folder, "long"), 10000)
        real = os.path.realpath(sys.executable)
        pair("guarded", lambda: cpu(["sh", "-c", line], short_env, short), lambda: cpu([real, "-I", "-S", "-E", "-c", "pass"], quiet))
        shim = os.path.join(folder, "shims")
        os.makedirs(shim)
        with open(os.path.join(shim, "python3"), "w") as f:  # what pyenv does: a shell that looks for the real one, slowly
            f.write("#!/bin/sh\ni=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec %s \"$@\"\n" % real)
        os.chmod(os.path.join(shim, "python3"), 0o755)
        shimmed = dict(short_env, PATH=shim + os.pathsep + short_env["PATH"])
        pair("shim", lambda: cpu(["sh", "-c", line], shimmed, short), lambda: cpu(["sh", "-c", line], short_env, short))
        pair(
            "(shim)",
            lambda: cpu([os.path.join(shim, "python3"), "-I", "-S", "-E", "-c", "pass"], quiet),
            lambda: cpu([real, "-I", "-S", "-E", "-c", "pass"], quiet),
        )
        line_env = dict(short_env, PACK_PYTHON=real)
        words = ["sh", os.path.join(ROOT, "bin", "pack"), "statusline"]
        where = json.dumps({"cwd": os.path.join(folder, "short", "proj")}).encode()
        pair("status", lambda: cpu(words, line_env, where), lambda: cpu([real, "-I", "-S", "-E", "-c", "pass"], quiet))
        pair("long", lambda: cpu(["sh", "-c", line], long_env, long), lambda: cpu(["sh", "-c", line], short_env, short))


if __name__ == "__main__":
    main()
