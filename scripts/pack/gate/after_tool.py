"""After a tool call: what it really did. Agents are bound, writes change revisions, results of `pack verify` are taken in."""

from __future__ import annotations

import os

from ..base import codec, project_facts
from ..base.client_tools import EDIT_TOOLS, SHELL_TOOLS
from ..protocol import access, advice, messages, tables, view
from ..protocol.plan import covers
from ..protocol.refusal import Refusal
from . import glance
from .answers import PASS, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hook_call import Call
    from .ledger_types import Note
    from typing import Any, Mapping, Sequence
    from ..protocol.literals import EventName
    from .answers import Answer
    from ..protocol.state_types import Entry, Task


def post_tool(call: Call) -> Answer:
    tool, tool_input, response = call.payload.get("tool_name"), call.payload["tool_input"], call.payload["tool_response"]
    denied = call.payload["hook_event_name"] == "PermissionDenied"  # the client's own check let the call not run (auto mode)
    failed = denied or call.payload["hook_event_name"] == "PostToolUseFailure"
    if call.state["phase"] == "CLOSED" or call.actor["role"] == "foreign":
        return PASS
    if tool in ("Agent", "Task"):
        return _spawned_now(call, tool_input, response, failed)
    if tool == "SendMessage":
        return _sent(call, tool_input, response, failed)
    if tool in EDIT_TOOLS:
        _written(call, tool_input.get(EDIT_TOOLS[tool]))
    elif tool in SHELL_TOOLS:
        if failed:
            _missing_tool(call, str(call.payload.get("error")))
        return _ran(call, tool_input, response)
    elif tool == "TaskCreate" and not failed:
        created = response.get("task") or {}
        subject = str(created.get("subject") or tool_input.get("subject") or "").strip().casefold()
        match = [n for n, task in view.tasks(call.state) if task["subject"].casefold() == subject]
        call.append("CLIENT_TASK", key=call.key, client_id=str(created.get("id")), subject=subject[:200], task=match[0] if match else None)
    elif tool == "TaskStop" and not failed:
        bound = call.state["agents"].get(str(response.get("task_id") or tool_input.get("task_id")))
        name = str(response.get("command"))  # a teammate's task id is not its agent id, but the answer names it
        if not bound and name in call.state["roster"]:
            bound = [name, call.state["roster"][name]["inc"]]
        if bound:
            call.gate("AGENT_ENDED", name=bound[0], inc=bound[1], why="stopped with TaskStop")
            call.close()
            return tell(call.payload["hook_event_name"], _next_text(call, tables.LEAD))
    elif tool not in ("TaskCreate", "TaskUpdate", "TaskStop", "TeamCreate", "TeamDelete"):
        return _ran(call, tool_input, response)  # nobody here knows this tool: the gate looks for what it changed, as after a script
    return PASS


def _missing_tool(call: Call, error: str) -> None:
    """A shell's word that a command is not installed: `bash: line 1: NAME: command not found` (exit 127)."""
    if "127" not in error or call.actor["name"] not in call.state["roster"]:
        return
    for line in error.splitlines():
        if line.endswith(": command not found"):
            call.gate("TOOL_UNAVAILABLE", tool=line[: -len(": command not found")].rpartition(": ")[2][:60], who=call.actor["name"])


def _next_text(call: Call, who: str, most: int = 2) -> str:
    todo = [s["text"] for s in advice.steps(call.state) if s["who"] == who][:most]
    return "team: next: " + "; ".join(todo) if todo else ""


def _spawned_now(call: Call, tool_input: dict[str, Any], response: Mapping[str, Any], failed: bool) -> Answer:
    use = call.payload.get("tool_use_id")
    name = next((n for n, entry in call.state["roster"].items() if use and entry["call"] == use), None)
    entry = view.entry(call.state, name)
    if not name or not entry:
        return PASS
    other = _another_agent(call, tool_input, name, entry)
    if other and not failed:
        return _not_the_judged_one(call, response, name, entry, other)
    if failed:
        call.gate("SPAWN_FAILED", name=name, inc=entry["inc"], why=str(call.payload.get("error") or call.payload.get("reason"))[:200])
        return PASS
    agent = response.get("agentId") or response.get("agent_id")
    if isinstance(agent, str) and "@" not in agent and entry["state"] == "SPAWNING" and agent not in call.state["agents"]:
        alias = response.get("name") if response.get("name") not in (None, name) else None
        call.gate("AGENT_BOUND", name=name, agent_id=agent, alias=alias)
        _ordered(call, name)
    elif isinstance(agent, str) and "@" in agent and entry["state"] == "SPAWNING":
        call.gate("PANE_OPENED", name=name)
        _ordered(call, name)
    if response.get("status") == "completed" and call.state["roster"][name]["state"] == "ACTIVE":
        call.gate("AGENT_IDLE", name=name)  # nothing else says that an agent in the foreground ended at its maxTurns
    return tell("PostToolUse", _next_text(call, tables.LEAD))


def _another_agent(call: Call, tool_input: dict[str, Any], name: str, entry: Entry) -> str | None:
    """How the agent that started differs from the one that was judged. Another plugin's hook may rewrite the call after the gate."""
    kind = str(tool_input.get("subagent_type") or "")
    if tool_input.get("name") != name:
        return "it is called %r" % (tool_input.get("name"),)
    if call.kind.role_of(call.state, kind) != entry["role"]:
        return "it is a %r" % kind
    return "it is isolated (%s)" % tool_input["isolation"] if tool_input.get("isolation") else ""


def _not_the_judged_one(call: Call, response: Mapping[str, Any], name: str, entry: Entry, other: str) -> Answer:
    """The running agent is none of the team's. Its entry ends, and the lead stops it."""
    why = "another plugin's hook replaced the call: %s" % other
    if entry["state"] == "SPAWNING":
        call.gate("SPAWN_FAILED", name=name, inc=entry["inc"], why=why)
    else:
        call.gate("AGENT_LOST", name=name, inc=entry["inc"], why=why)
        call.close()
    agent = response.get("agentId") or response.get("agent_id")
    return tell(
        "PostToolUse",
        "team: not the agent that was asked for was started (%s), so it has no role in the run. Stop it: TaskStop(task_id: %r). Spawn %s again; "
        "when that is the answer once more, tell the user that the plugin whose hook rewrites Agent calls must be off while a team is at work "
        "(/plugin lists them)" % (why, agent, name),
    )


def _ordered(call: Call, name: str) -> None:
    if call.state["roster"][name].get("orders"):
        from . import facts

        facts.give_orders(call, name)


def _sent(call: Call, tool_input: dict[str, Any], response: Mapping[str, Any], failed: bool) -> Answer:
    message, ok = tool_input.get("message"), not failed and response.get("success") is not False
    if isinstance(message, dict) and message.get("type") == "shutdown_request" and ok and response.get("request_id"):
        name = view.resolve(call.state, tool_input.get("to"))
        if name in call.state["requests"]:
            call.gate("SHUTDOWN_ID", name=name, request_id=str(response["request_id"]))
    if not ok and isinstance(message, str):
        parsed, name = _quiet_parse(message), view.resolve(call.state, tool_input.get("to"))
        entry = view.entry(call.state, name)
        if parsed or name:
            call.gate("DELIVERY_FAILED", event=parsed or "MAIL", to=str(tool_input.get("to"))[:100], name=name)
        if (
            entry
            and entry["state"] in tables.LIVING
            and "could not be resumed" in "%s %s" % (response.get("message"), call.payload.get("error"))
        ):
            # The client died before it had written anything of this agent down: it has its id and nothing else (measured).
            call.gate("AGENT_LOST", name=name, inc=entry["inc"], why="the client cannot resume it")
            call.close()
            mine = _next_text(call, call.actor["name"])
            return tell(
                call.payload["hook_event_name"],
                "team: %s is lost with its client: it had not begun. %s"
                % (name, mine or ("The lead spawns another one; end your turn until then." if call.actor["role"] != tables.LEAD else "")),
            )
        if parsed:
            return tell(
                call.payload["hook_event_name"],
                "team: the client did not deliver this message; send it again with the receiver's "
                "agent id as `to` (`pack status --json` lists them). Sending the same line twice is harmless.",
            )
    if ok and isinstance(message, str):
        return _as_it_was_judged(call, tool_input, message)
    return PASS


def _as_it_was_judged(call: Call, tool_input: dict[str, Any], message: str) -> Answer:
    """Whether the message that went out is the one that counted. Another plugin's hook may have rewritten it after the gate. Answers PASS, or
    what its sender is told."""
    said, to = _quiet_parse(message), view.resolve(call.state, tool_input.get("to"))
    record = call.store.by_key("PreToolUse:%s" % call.payload.get("tool_use_id"))
    counted = record["event"] if record else None
    if (said or "MAIL") == (counted or "MAIL") and (
        record is None or said is None or record["data"].get("to") in (None, to, tool_input.get("to"))
    ):
        return PASS
    return tell(
        call.payload["hook_event_name"],
        "team: another plugin's hook replaced this message after the check. What counts: %s; what %s was sent: %s. Tell the user: the plugin whose "
        "hook rewrites messages must be off while a team is at work (/plugin lists them)"
        % (
            "%s%s" % (counted, " of task #%s" % record["data"]["task"] if record["data"].get("task") else "") if record else "nothing",
            tool_input.get("to"),
            message[:120],
        ),
    )


def _quiet_parse(message: str) -> EventName | None:
    try:
        parsed = messages.parse(message)
    except Refusal:
        return None
    return parsed[0] if parsed else None


def _written(call: Call, path: object) -> None:
    """A file was written with an edit tool: the revisions of its tasks change."""
    if not isinstance(path, str) or "\0" in path:
        return
    rel, _full = project_facts.relative(call.project, path, call.payload.get("cwd"))
    if rel:
        _record_write(call, rel, call.key)
    if rel == access.DECISIONS and call.actor["role"] == tables.TECH_LEAD:
        from . import agents_reports

        agents_reports.decided(call, call.payload["tool_input"])


def _record_write(call: Call, rel: str, key: str | None = None) -> None:
    for number, task in view.tasks(call.state):
        if (
            task["state"] in tables.WORKING
            and (task["owner"] == call.actor["name"] or rel in task["touched"])
            and (rel in task["touched"] or any(covers(f, rel) for f in task["files"]))
        ):
            with_it: Task = {**task, "touched": task["touched"] + [rel]}
            call.seen.add(rel)
            call.gate(
                "FILE_WRITTEN", task=number, path=rel, by=call.actor["name"], revision=project_facts.revision(call.project, with_it)[0]
            )


def _ran(call: Call, tool_input: dict[str, Any], response: Mapping[str, Any]) -> Answer:
    """After a shell command: what changed, whether HEAD moved, whether `pack verify` left a result."""
    from ..base import receipts

    verified = receipts.collect(call, response)
    call.kind.ran(call, response)
    call.changed = _named_by_client(response)
    told = _replaced(call, tool_input) + _changed(call, tool_input, verified)
    if verified and verified.get("finish"):
        told.append(_finished(call))
    return tell(call.payload["hook_event_name"], "team: " + "; ".join(told)) if told else PASS


def _named_by_client(response: Mapping[str, Any]) -> set[str]:
    """The resolved paths that a shell command has changed, as the client says. It looks in some modes only (CLIENT 1.20)."""
    diff = response.get("bashEditDiff")
    names = diff.get("changedFiles") if isinstance(diff, dict) else None
    return {os.path.realpath(n) for n in names[:500] if isinstance(n, str) and "\0" not in n} if isinstance(names, list) else set()


def _replaced(call: Call, tool_input: dict[str, Any]) -> list[str]:
    """What a `pack` verb has done although another plugin's hook replaced its command after the gate. The client takes the command of the
    hook that finishes last (CLIENT 1.18). Nothing where the gate's command ran, or the verb's process found its answer by itself."""
    command = str(tool_input.get("command"))
    if call.payload.get("tool_name") != "Bash" or "PACK_VOUCHER=" in command:
        return []
    cause = "another plugin's hook replaced the gate's command (what ran: %s)" % command[:120]
    path = call.scratch(".receipt")
    data = call.store.disk.read(path)
    if data is not None:
        call.store.disk.remove(path)
        return ["carried out, whatever the output says; %s. %s" % (cause, codec.loads(data.decode("ascii"))["text"])]
    nonce, ending = call.kind.vouched(call.state)
    data = call.store.disk.read(os.path.join(os.path.dirname(path), nonce + ending)) if nonce else None
    voucher = codec.loads(data.decode("ascii")) if data is not None else {}
    if voucher.get("call") != call.payload.get("tool_use_id") or not voucher.get("call") or tool_input.get("run_in_background"):
        return []
    return [
        "nothing was %s: %s. Send `pack %s` again; when that is the answer once more, tell the user that the plugin whose hook rewrites "
        "Bash commands must be off while a team is at work (/plugin lists them)"
        % ("verified" if ending == ".verify" else "recorded, whatever the output says", cause, voucher["verb"])
    ]


def _finished(call: Call) -> str:
    """`pack finish`, once build and tests have run: on to the end, or what it stops at."""
    from . import pack_verbs

    if not call.state["verify"] or not call.state["verify"]["ok"]:
        return "build or tests failed: a fix task for just that (`pack task add`), then `pack finish` again"
    try:
        return pack_verbs.finish_on(call)
    except Refusal as refusal:
        return "verified. " + call.refuse(refusal).text()


def _changed(call: Call, tool_input: dict[str, Any], verified: bool) -> list[str]:
    """Compare with the note from before a shell command. Record what it changed; answer what its caller is told."""
    path = call.scratch(".before")
    data = call.store.disk.read(path)
    told = []
    if verified:
        from . import verification

        told += verification.told(call)
    if data is None:
        return told
    call.store.disk.remove(path)
    note = codec.loads(data.decode("ascii"))
    call.begun = note.get("seq")
    for name, stamp in project_facts.stamps(call.project, note["stamps"]).items():
        if stamp != note["stamps"][name]:
            told += _changed_by_shell(call, name)
    _moved(call, note)
    for sha in call.commits:
        _form(call, sha)
        from . import facts

        call.told += [
            "task #%d is DONE. %s" % (n, advice.after_done(call.state, call.actor["name"])) for n in facts.done_by_commit(call, sha)
        ]
    glance.look(call)
    if call.changed and call.kind.approves:
        from . import closer_look

        closer_look.named(call)
    told += call.told
    return told


def _moved(call: Call, note: Note) -> None:
    """Report a HEAD that moved while the command ran. Somebody else's `git commit` on the same commit may be under way: then they report it.
    Where this command was a commit too, each reports the first that is there."""
    old, new = call.state["result"]["head"], project_facts.head(call.project)
    if not call.kind.approves:
        return _recorded(call, note, new)
    if call.state["result"]["start"] is None or old == new:
        return
    if not note["commit"] and committing(call, [old]):
        return
    from ..base import git_facts
    from . import commits, ledger

    book = ledger.Ledger(call)
    won = git_facts.between(book.top, old, new) if new else []
    if won and len(won) > 1 and committing(call, [old, *won]):
        new = won[0]  # somebody else's commit is under way: the first one is ours, the others are theirs
    commits.moved(call, book, old, new, by=call.actor, note=note)


def _form(call: Call, sha: str) -> None:
    """Check the message of a commit that is made. It could not be read beforehand where an editor or a variable gave it."""
    refusal = call.kind.commit_problem(
        call, project_facts.committed(call.project, sha), project_facts.git(call.project, "log", "-1", "--format=%B", sha)
    )
    if refusal is not None:
        call.told.append("%s of commit %s. Mend it: `git commit --amend -m ...`; %s" % (refusal.what, sha[:7], refusal.next))


def _recorded(call: Call, note: Note, new: str) -> None:
    """In a run of waves, where gates judge, commits are only recorded."""
    if not new or new in (note["head"], call.state["commit"]):
        return
    since = (
        project_facts.git(call.project, "rev-list", "--reverse", "--max-count=50", "%s..%s" % (note["head"], new)) if note["head"] else None
    )
    shas = (since or new).split()
    if call.state["commit"] in shas:
        shas = shas[shas.index(call.state["commit"]) + 1 :]
    if committing(call, [note["head"]] + shas):
        shas = shas[:1] if note["commit"] else []
    for sha in shas:
        subject = (project_facts.git(call.project, "log", "-1", "--format=%s", sha) or "").strip()
        call.append("COMMITTED", sha=sha, subject=subject[:200], gated=bool(note["commit"]))
        _form(call, sha)
        if not note["commit"]:
            call.told.append("a commit was made past the gate (%s); it is recorded" % sha[:7])


def notes(call: Call) -> list[tuple[str, Note]]:
    """[(path, note)] of the shell commands that are still running."""
    folder = os.path.join(call.store.data, "calls")
    names = sorted(n for n in os.listdir(folder) if n.endswith(".before")) if os.path.isdir(folder) else []
    found = [(os.path.join(folder, n), call.store.disk.read(os.path.join(folder, n))) for n in names]
    return [(path, codec.loads(data.decode("ascii"))) for path, data in found if data]


def committing(call: Call, heads: Sequence[str | None]) -> bool:
    """Whether somebody else's `git commit` on one of these heads is under way. A new commit is then theirs, and they record it. After a
    minute it no longer counts: a call that the client refused leaves its note behind."""
    return any(note["commit"] and note["head"] in heads and call.now - note.get("at", 0) < 60 for _path, note in notes(call))


def caught_up(call: Call) -> None:
    """After a resume: the commands of the dead client will never come back. A commit that one of them had let through and that was made
    is recorded; who made it is in the note."""
    for path, note in notes(call):
        call.store.disk.remove(path)
        old, new = call.state["result"]["head"], project_facts.head(call.project)
        if note["commit"] and note.get("by") and call.state["result"]["start"] and new and new != old:
            from . import commits, ledger

            commits.moved(call, ledger.Ledger(call), old, new, by=note["by"], note=note)
            from . import facts

            for sha in call.commits:
                facts.done_by_commit(call, sha, actor=note["by"])


def _changed_by_shell(call: Call, name: str) -> list[str]:
    """A shell command changed a task's file. The task's revision changes; the gate records a caller who may not write it."""
    holders = [
        (n, task)
        for n, task in view.tasks(call.state)
        if task["state"] in tables.WORKING and (name in task["touched"] or any(covers(f, name) for f in task["files"]))
    ]
    out = []
    for number, task in holders:
        if task["owner"] != call.actor["name"]:
            owner = view.entry(call.state, task["owner"])
            if owner and owner["state"] == "ACTIVE" and call.now - owner["seen"] < tables.limit("ACTIVITY_SEC"):
                continue  # its own coder is at work on it right now
            call.gate("OVERLAP_SCOPE", task=number, path=name, by=call.actor["name"])
            out.append("%s belongs to task #%d of %s; its approvals are stale now" % (name, number, task["owner"]))
        call.seen.add(name)
        call.gate("FILE_WRITTEN", task=number, path=name, by=call.actor["name"], revision=project_facts.revision(call.project, task)[0])
    return out
