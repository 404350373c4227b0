"""Before a tool call: who may spawn, say, write, run or commit what. Raises Refusal inside, answers a deny outside.

Each kind of tool has a module of its own: before_message, before_write, before_shell with before_commit, other_tools. Here are the way to them,
the spawn, the client's own task tools, and the bound on what is refused again and again."""

from __future__ import annotations

import os

from ..base import codec, project_facts
from ..base.client_tools import EDIT_TOOLS, SHELL_TOOLS
from ..protocol import machine, tables, view
from ..protocol.refusal import Refusal
from .answers import PASS, allow, deny, stop
from .facts import orders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import State
    from .answers import Answer
    from .hook_call import Call


def pre_tool(call: Call) -> Answer:
    tool: Any = call.payload.get("tool_name")
    tool_input = call.payload["tool_input"]
    actor = call.actor
    if call.state["phase"] == "CLOSED" or actor["role"] == "foreign" and not _changes_files(tool):
        return PASS
    _active(call)
    told = _in_circles(call, tool, tool_input)
    try:
        if tool in ("Agent", "Task"):
            return _spawn(call, tool_input)
        if tool == "SendMessage":
            from . import before_message

            return before_message.send(call, tool_input)
        if tool in EDIT_TOOLS:
            from . import before_write

            return before_write.edit(call, tool, tool_input)
        if tool in SHELL_TOOLS or tool == "Monitor" and isinstance(tool_input.get("command"), str):
            from . import before_shell

            return before_shell.run(call, tool_input)
        if tool in ("TaskCreate", "TaskUpdate", "TaskStop", "TeamDelete", "TeamCreate"):
            return _client_tool(call, tool, tool_input)
        return _other(call, str(tool), tool_input)
    except Refusal as refusal:
        return _bounded(call, tool, tool_input, refusal, told)


def _bounded(call: Call, tool: str, tool_input: dict[str, Any], refusal: Refusal, told: bool) -> Answer:
    """A model that sends the same refused call again and again does not read. After a few times the gate ends its turn and tells who can act:
    the user, or for an agent the lead (LOOP_SUSPECTED; told: that is recorded for this call already). The same call counts, whatever stands
    between; three times as many count that differ and are refused for the same reason. The count begins anew once the run has gone on."""
    name, answer = call.actor["name"], deny(call.refuse(refusal))
    path = os.path.join(call.store.data, "calls", codec.digest(str(name), size=8) + ".refused")
    at = codec.digest(codec.dumps(_standing(call)), size=8)
    same = codec.digest(codec.dumps([tool, tool_input]), size=8)
    like = codec.digest(codec.dumps([tool, refusal.code, refusal.event]), size=8)
    last, *rows = (call.store.disk.read(path) or b"").decode("ascii", "replace").split("\n")
    counts: dict[str, Any] = dict(row.partition(" ")[::2] for row in rows) if last == at else {}
    times = {}
    for mark in (same, like):
        kept = counts.pop(mark, "0")
        times[mark] = counts[mark] = (int(kept) if str(kept).isdigit() else 0) + 1  # moved to the end: the oldest is forgotten
    call.store.disk.mkdir(os.path.dirname(path))
    call.store.disk.replace(path, "\n".join([at] + ["%s %s" % pair for pair in counts.items()][-24:]).encode("ascii"))
    most = tables.limit("SAME_REFUSALS")
    if times[same] < most and times[like] < 3 * most:
        return answer
    what = "the same call %d times" % times[same] if times[same] >= most else "%d calls like this one" % times[like]
    if not told and name in call.state["roster"] and (times[same] == most or times[like] == 3 * most):
        call.gate("LOOP_SUSPECTED", who=name, tool=tool, times=max(times.values()))
    return stop(answer, "team: %s was refused %s and is stopped. %s" % (name, what, answer[2].replace("\n", " ")[:600]))


def _standing(call: Call) -> list[Any]:
    """How far the run is, and whose client asks. The same call counts as a new one where this has changed."""
    state = call.state
    return [
        state["phase"],
        {n: task["state"] for n, task in view.tasks(state)},
        call.kind.standing(state),
        state["team"]["client_pid"],
    ]


def _other(call: Call, tool: str, tool_input: dict[str, Any]) -> Answer:
    """A tool with no rule of its own. The gate looks afterwards for what it changed, as after a script."""
    from . import before_shell, other_tools

    answer = other_tools.decide(call, tool, tool_input)
    if not isinstance(answer, bool):
        return answer
    before_shell.note_files(call, False, {})
    return PASS


def _changes_files(tool: Any) -> bool:
    return tool in EDIT_TOOLS or tool in SHELL_TOOLS


def _active(call: Call) -> None:
    """Note, at most once a minute, that an agent is at work. Its call may still be refused."""
    entry = call.state["roster"].get(call.actor["name"])
    if (
        entry
        and entry["inc"] == call.actor["inc"]
        and entry["state"] in tables.LIVING
        and (entry["state"] != "ACTIVE" or call.now - entry["seen"] > tables.limit("ACTIVITY_SEC"))
    ):
        call.gate("AGENT_ACTIVE", name=call.actor["name"])


def _in_circles(call: Call, tool: str, tool_input: dict[str, Any]) -> bool:
    """Count an agent's identical calls in a row (PROTOCOL 10, LOOP_SUSPECTED). Answers whether that was recorded."""
    name = call.actor["name"]
    if name not in call.state["roster"]:
        return False
    path = os.path.join(call.store.data, "calls", codec.digest(name, size=8) + ".last")
    mark = codec.digest(codec.dumps([tool, tool_input]), size=8).encode("ascii")
    last, _, kept = (call.store.disk.read(path) or b"").partition(b" ")
    times = int(kept) + 1 if last == mark and kept.isdigit() else 1
    try:
        call.store.disk.replace(path, mark + b" %d" % times)
    except FileNotFoundError:
        call.store.disk.mkdir(os.path.dirname(path))
        call.store.disk.replace(path, mark + b" %d" % times)
    if times % tables.limit("SAME_CALLS"):
        return False
    return bool(call.gate("LOOP_SUSPECTED", who=name, tool=tool, times=times))


def _spawn(call: Call, tool_input: dict[str, Any]) -> Answer:
    actor, kind, name = call.actor, tool_input.get("subagent_type") or "", tool_input.get("name")
    if actor["role"] != tables.LEAD:
        raise Refusal(
            "WRONG_ROLE",
            "only the lead spawns agents",
            "caller: %s (%s)" % (actor["name"], actor["role"]),
            "send QUESTION to the lead and say whom you need",
            "SPAWN_REQUESTED",
        )
    if tool_input.get("isolation"):
        raise Refusal(
            "SPAWN_ISOLATION",
            "a team's agent is not isolated",
            "isolation: %s" % tool_input["isolation"],
            "spawn it without isolation: the gate sees one project",
            "SPAWN_REQUESTED",
        )
    role = call.kind.role_of(call.state, kind)
    ordered: list[Any] = orders(call, role or "", tool_input.get("prompt")) if call.kind.approves else []
    prompt, gold, block = tool_input.get("prompt"), None, ""
    if role in tables.CODERS and call.kind.approves and call.state["plan"]["registered"]:
        from . import gold_standards

        prompt, gold, block = gold_standards.held(call, prompt)
    more: dict[str, Any] = call.kind.unmet(call)
    if ordered:
        more["orders"] = ordered
    if gold is not None:
        more["gold"] = gold
    call.append(
        "SPAWN_REQUESTED",
        key=call.key,
        name=name if isinstance(name, str) else "",
        role=role or "?" + kind,
        agent_type=kind,
        call=call.payload.get("tool_use_id"),
        **more,
    )
    if block:
        gold_standards.keep(call, block)
    return PASS if prompt == tool_input.get("prompt") else allow(dict(tool_input, prompt=prompt))


def _client_tool(call: Call, tool: str, tool_input: dict[str, Any]) -> Answer:
    state, actor = call.state, call.actor
    if tool == "TaskCreate":
        if actor["role"] != tables.LEAD:
            raise Refusal("WRONG_ROLE", "only the lead adds tasks", "caller: %s" % actor["name"], "send QUESTION to the lead", "TASK_ADDED")
        return PASS
    if tool == "TaskUpdate":
        task = view.task(state, _client_task(state, tool_input.get("taskId")))
        if task is not None and tool_input.get("status") == "completed":
            revision, _present = project_facts.revision(call.project, task)
            refusal = machine.GUARDS["task_is_approved"](state, {"task": task["id"], "revision": revision}, actor)
            if refusal is not None:
                refusal.event, refusal.task = "TaskUpdate(completed)", task["id"]
                raise refusal
            if actor["role"] != tables.LEAD and task["owner"] != actor["name"]:
                raise Refusal(
                    "NOT_YOUR_TASK",
                    "task #%d is not %s's" % (task["id"], actor["name"]),
                    "owner %s" % task["owner"],
                    "leave it to its coder",
                    "TaskUpdate",
                    task["id"],
                )
        return PASS
    if tool == "TaskStop":
        bound = state["agents"].get(tool_input.get("task_id") or tool_input.get("agent_id") or "")
        name = bound[0] if bound else view.resolve(state, tool_input.get("task_id"))
        if name in state["roster"] and actor["role"] != tables.LEAD:
            raise Refusal(
                "WRONG_ROLE", "only the lead stops agents", "caller: %s" % actor["name"], "report to the supervisor or the lead", "TaskStop"
            )
        return PASS
    if state["teardown"]["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        raise Refusal(
            "EARLY_TEARDOWN",
            "%s is refused" % tool,
            "teardown %s" % state["teardown"]["state"],
            "pass the completion gate and the teardown first: `pack teardown`",
            "TEAM_DELETED",
        )
    return PASS


def _client_task(state: State, client_id: Any) -> Any:
    """The client's task id -> our task number, by the mapping seen at TaskCreate, else the same number."""
    mapped = state["client_tasks"].get(str(client_id))
    return mapped if mapped is not None else client_id if str(client_id) in state["tasks"] else None
