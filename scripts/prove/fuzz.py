"""Fuzzed payloads, messages, commands, plans and journals: whatever comes in, the gate answers 0 or 2, one JSON object or
nothing, and never a traceback. Deterministic: a seed repeats a failure."""

import os
import random
import time

from pack.base import codec
from pack.base.client_tools import EDIT_TOOLS
from pack.gate import entry
from pack.protocol import machine, messages, tables
from pack.protocol.refusal import Refusal
from pack.realtime import wave_runs
from pack.store.journal import Busy, Damaged, Store

EVENTS = list(entry.HANDLERS) + ["UserPromptExpansion", "TaskCompleted", "PreCompact", "Nonsense", ""]
TOOLS = [
    "Agent",
    "Task",
    "SendMessage",
    "Edit",
    "Write",
    "MultiEdit",
    "NotebookEdit",
    "Bash",
    "PowerShell",
    "TaskCreate",
    "TaskUpdate",
    "TaskStop",
    "TeamDelete",
    "TeamCreate",
    "Read",
    "mcp__x__y",
]
KEYS = [
    "to",
    "message",
    "name",
    "subagent_type",
    "file_path",
    "notebook_path",
    "command",
    "content",
    "old_string",
    "new_string",
    "replace_all",
    "taskId",
    "status",
    "task_id",
    "agent_id",
    "isolation",
    "summary",
    "prompt",
    "description",
]
TOP = [
    "session_id",
    "agent_id",
    "agent_type",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "tool_response",
    "cwd",
    "transcript_path",
    "prompt",
    "source",
    "error",
    "background_tasks",
    "stop_hook_active",
    "command_name",
    "command_args",
    "prompt_id",
    "permission_mode",
]
PATHS = [
    "src/a.py",
    ".claude/teams/x",
    "../../etc/passwd",
    "/etc/passwd",
    "~/x",
    "",
    ".",
    "..",
    "a" * 5000,
    "src/a.py\0",
    "src//./a.py",
    ".conventions/x",
    "\udcff",
    "DECISIONS.md",
    "src/\u0430.py",
    "SRC/A.PY",
    ".CLAUDE/TEAMS/x",
]
LINES = [spec[0].replace("<epoch>", "1").replace("<N>", "1").replace("<M>", "2") for spec in tables.MESSAGES.values()]
COMMANDS = [
    "pack plan",
    "pack plan <<'EOF'\n{}\nEOF",
    "pack task add <<'EOF'\n[]\nEOF",
    "pack teardown",
    "pack teardown ask",
    "pack teardown retry",
    "pack task assign 1 coder-1",
    "pack task cancel 1",
    "pack task rescope 1 --file x",
    "pack verify --build make --test make",
    "git commit -m x",
    "git commit -am x",
    "git add . && git commit -m x",
    "echo x > f",
    "rm -rf .claude",
    "cat <<EOF > x\n$(x)\nEOF",
    "((((",
    "'",
    '"',
    "`",
    "$(",
    "echo $'\\x",
    "a | b | c",
    "&&",
    "\n\n",
    "pack",
    "pack nothing",
    "PACK_VOUCHER=x pack plan",
    "sh -c 'sh -c \"sh -c x\"'",
    "x=" + "y" * 5000,
    "claude -p x",
    "pack plan --file /nowhere",
    "pack task",
    "pack task show 1",
    "pack resume",
]
SCALARS = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**70,
    1.5,
    1e308,
    "",
    "x",
    "1",
    "lead",
    "main",
    "supervisor",
    "coder-1",
    "team:coder",
    "team:supervisor",
    "\u0441oder-1",
    "coder\u200b-1",
    "a" * 3000,
    [],
    {},
    [[]],
    {"a": {}},
    {"type": "shutdown_request"},
    {"type": "shutdown_response", "request_id": None, "approve": "yes"},
    {"type": ["x"]},
    [{}],
    ["x", 1],
]


def value(rng, depth=0):
    """Any JSON value."""
    kind = rng.randrange(9)
    if kind < 4:
        return rng.choice(SCALARS)
    if kind == 4:
        return rng.choice(PATHS)
    if kind == 5:
        return rng.choice(COMMANDS)
    if kind == 6:
        return line(rng)
    if kind == 7 and depth < 3:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if depth < 3:
        return {rng.choice(KEYS + TOP): value(rng, depth + 1) for _ in range(rng.randrange(5))}
    return "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0, 0x2FFF)))) for _ in range(rng.randrange(40)))


def line(rng):
    """Something like a protocol line."""
    text = rng.choice(LINES)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(text) + 1)
        text = (
            text[:at]
            + rng.choice(["", " ", "#", "0", "99999999999", "\u0663", "\n", ":", "(", "x", "\u0430", "\ufeff"])
            + text[at + rng.randrange(2) :]
        )
    return text + rng.choice(["", "\nbody", ". ALL MY TASKS COMPLETE", ", claiming task #2"])


def payload(rng, session):
    """One payload: a plausible one with something wrong in it, mostly."""
    event = rng.choice(("PreToolUse", "PreToolUse", "PreToolUse", "PostToolUse", rng.choice(EVENTS), rng.choice(EVENTS)))
    out = {
        "session_id": session.session,
        "transcript_path": os.path.join(session.data, "t.jsonl"),
        "cwd": session.project,
        "hook_event_name": event,
    }
    if rng.random() < 0.7 and session.agents:
        agent, kind = rng.choice(sorted(session.agents.values()))
        out.update(agent_id=agent, agent_type=kind)
    tool = rng.choice(TOOLS)
    given = {
        "SendMessage": lambda: {
            "to": rng.choice(["main", "supervisor", "coder-1", value(rng)]),
            "message": rng.choice([line(rng), value(rng)]),
        },
        "Bash": lambda: {"command": rng.choice(COMMANDS + [value(rng), "pack abort --reason x" if rng.random() < 0.02 else "true"])},
        "Agent": lambda: {"name": value(rng), "subagent_type": rng.choice(["team:coder", "team:supervisor", "team:x", value(rng)])},
    }.get(tool, lambda: {rng.choice(KEYS): value(rng) for _ in range(rng.randrange(5))})()
    if tool in EDIT_TOOLS:
        given[EDIT_TOOLS[tool]] = rng.choice(PATHS + [value(rng)])
    out.update(
        tool_name=tool,
        tool_input=given,
        tool_use_id="u%d" % rng.randrange(10**9),
        tool_response=value(rng),
        prompt=rng.choice([value(rng), "team status", "<task-notification>"]),
    )
    for _ in range(rng.randrange(3)):
        name = rng.choice(TOP)
        if rng.random() < 0.3:
            out.pop(name, None)
        else:
            out[name] = value(rng)
    return out


class Fuzzed:
    """Figures of a fuzz run."""

    def __init__(self):
        self.payloads, self.codes, self.slowest, self.crashes, self.troubles = 0, {}, 0.0, {}, {}


def answers(raw, env, now, disk=None):
    """gate.py's main, without the process: (code, out, err, exception or None)."""
    event = raw.get("hook_event_name")
    guarded = event if event in ("PreToolUse", "UserPromptExpansion", "ConfigChange") else None
    try:
        code, out, err = entry.handle(raw, env, now=now, disk=disk, waves=lambda: wave_runs.RUN)
        return code, out, err, None
    except Exception as error:
        return entry.trouble(error, guarded) + (error,)


def fuzz(session, count, seed=1, seconds=2.0, renew=None):
    """Send `count` fuzzed payloads to a session's gate. Answers Fuzzed; raises AssertionError when a promise breaks.

    What is not one of the gate's own troubles (Damaged, Busy, OSError, Refusal) is counted in `crashes`: it is answered closed,
    but nobody meant it.
    """
    rng, found, now = random.Random(seed), Fuzzed(), session.now
    for n in range(count):
        if renew and n % 500 == 499:
            session = renew()
            now = session.now
        raw = codec.loads(codec.dumps(payload(rng, session)))
        start = time.monotonic()
        now += 1
        code, out, err, error = answers(raw, session.env, now)
        found.slowest = max(found.slowest, time.monotonic() - start)
        found.payloads += 1
        found.codes[code] = found.codes.get(code, 0) + 1
        where = "seed %d, payload %d: %s" % (seed, n, codec.dumps(raw)[:600])
        assert code in (0, 2), where
        assert "Traceback" not in out + err, where
        if out:
            assert isinstance(codec.loads(out), dict), where
        if error is not None:
            name = type(error).__name__
            found.troubles[name] = found.troubles.get(name, 0) + 1
            if not isinstance(error, (Damaged, Busy, OSError, Refusal)):
                found.crashes.setdefault("%s: %s" % (name, str(error)[:80]), where)
    return found


def fuzz_messages(count, seed=1):
    """Lines through the grammar: parsed, ordinary talk, or a Refusal."""
    rng, kinds = random.Random(seed), {}
    for n in range(count):
        text = rng.choice([line(rng), value(rng)])
        try:
            found = messages.parse(text)
            kind = "talk" if found is None else found[0]
        except Refusal:
            kind = "refused"
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def fuzz_journals(root, count, seed=1):
    """Journals and snapshots with random damage: loaded and mended, or Damaged; never another exception. Answers counts."""
    from . import faults

    rng, out = random.Random(seed), {"loaded": 0, "damaged": 0}
    folder, data, _acked = faults.make_journal(root)
    paths = [
        os.path.join(folder, "journal.jsonl"),
        os.path.join(data, "mirror.jsonl"),
        os.path.join(data, "written"),
        os.path.join(folder, "snapshot.json"),
        os.path.join(folder, "state.md"),
    ]
    kept = [Store(folder, data).disk.read(p) for p in paths]
    for n in range(count):
        for p, whole in zip(paths, kept):
            text = bytearray(whole)
            for _ in range(rng.choice((0, 0, 1, 1, 3, 20))):
                what, at = rng.randrange(5), rng.randrange(len(text) or 1)
                if what == 0 and text:
                    text[at] = rng.randrange(256)
                elif what == 1:
                    del text[at : at + rng.randrange(200)]
                elif what == 2:
                    text[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(30)))
                elif what == 3:
                    del text[at:]
                else:
                    lines = bytes(text).split(b"\n")
                    rng.shuffle(lines)
                    text = bytearray(b"\n".join(lines))
            if rng.random() < 0.05:
                try:
                    os.unlink(p)
                except OSError:
                    pass
            else:
                with open(p, "wb") as f:
                    f.write(text)
        store = Store(folder, data)
        try:
            with store.lock():
                store.load()
                if store.state["team"] is not None:
                    store.append({"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, 50.0)
            out["loaded"] += 1
        except Damaged:
            out["damaged"] += 1
    return out
