"""The gate: a hook payload comes in, an answer goes out; between them one event is stepped and journalled.

`handle(payload, env, now)` is the whole of it: find the active team, lock and load the journal, find out who is calling,
turn the call into a protocol event, append it or its refusal, answer. Everything it decides is decided by `protocol/`.

Answers follow CLIENT.md 1.5: nothing, or exactly one JSON object; a refusal is a JSON deny *and* exit code 2.
"""

import os
import time

from . import caller, codec, facts, places, seal
from .answers import PASS, allow, block, deny, tell
from .call import PLUGIN_ROOT, Call
from .caller import PLUGIN
from .journal import Busy, Damaged, Store
from .protocol import access, advice, machine, messages, tables, view, waves
from .protocol.plan import covers
from .protocol.refusal import Refusal

EDIT_TOOLS = {"Edit": "file_path", "Write": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
SHELL_TOOLS = ("Bash", "PowerShell")


# --- PreToolUse -----------------------------------------------------------------------------------------------------------
def pre_tool(call):
    tool, given = call.payload.get("tool_name"), call.payload["tool_input"]
    actor = call.actor
    if call.state["phase"] == "CLOSED" or actor["role"] == "foreign" and not _touches_team(call, tool, given):
        return PASS
    try:
        if tool in ("Agent", "Task"):
            return _spawn(call, given)
        if tool == "SendMessage":
            return _message(call, given)
        if tool in EDIT_TOOLS:
            return _edit(call, tool, given)
        if tool in SHELL_TOOLS:
            return _shell(call, given)
        if tool in ("TaskCreate", "TaskUpdate", "TaskStop", "TeamDelete", "TeamCreate"):
            return _client_tool(call, tool, given)
    except Refusal as refusal:
        return deny(call.refuse(refusal))
    return PASS


def _touches_team(call, tool, given):
    return tool in EDIT_TOOLS or tool in SHELL_TOOLS


def _active(call):
    """Note that an agent is at work, at most once a minute."""
    e = call.state["roster"].get(call.actor["name"])
    if e and e["inc"] == call.actor["inc"] and e["state"] in tables.LIVING and (
            e["state"] != "ACTIVE" or call.now - e["seen"] > tables.limit("ACTIVITY_SEC")):
        call.gate("AGENT_ACTIVE", name=call.actor["name"])


def _spawn(call, given):
    actor, kind, name = call.actor, given.get("subagent_type") or "", given.get("name")
    if actor["role"] != tables.LEAD:
        raise Refusal("WRONG_ROLE", "only the lead spawns agents", "caller: %s (%s)" % (actor["name"], actor["role"]),
                      "send QUESTION to the lead and say whom you need", "SPAWN_REQUESTED")
    if given.get("isolation"):
        raise Refusal("SPAWN_ISOLATION", "a team's agent is not isolated", "isolation: %s" % given["isolation"],
                      "spawn it without isolation: the gate sees one project", "SPAWN_REQUESTED")
    role = kind[len(PLUGIN):] if kind.startswith(PLUGIN) else None
    more = {}
    if call.state["waves"] is not None:
        from . import waverun

        role, more = waves.of_agent(call.state, kind), {"unmet": waverun.unmet(call)}
    call.append("SPAWN_REQUESTED", key=call.key, name=name if isinstance(name, str) else "", role=role or "?" + kind,
                agent_type=kind, call=call.payload.get("tool_use_id"), **more)
    return PASS


def _message(call, given):
    message, to = given.get("message"), given.get("to")
    state, actor = call.state, call.actor
    resolved = view.resolve(state, to)
    e = view.entry(state, resolved)
    if isinstance(message, dict):
        return _frame(call, message, resolved, to)
    if resolved is None:
        raise Refusal("UNKNOWN_RECEIVER", "nobody in the team is called %r" % (to,), "living: " + ", ".join(view.living(state)),
                      "the lead is `main`; write names exactly", "MESSAGE")
    if e and (e["state"] not in tables.LIVING or state["agents"].get(to, [None, e["inc"]])[1] != e["inc"]):
        raise Refusal("ENDED_AGENT", "%s has ended; a message would revive it" % to, "%s, incarnation %d" % (e["state"], e["inc"]),
                      "the lead spawns another one if it is needed" if state["phase"] in tables.OPEN_PHASES else "say nothing to it", "MESSAGE")
    if e and resolved in state["requests"] and state["team"]["headless"]:
        raise Refusal("SHUTTING_DOWN", "%s was asked to shut down; a message would revive it" % to, "", "say nothing to it", "MESSAGE")
    if actor["role"] in (None, "foreign"):
        raise Refusal("UNKNOWN_AGENT", "an agent that is not in the roster may not write to %s" % to, "", "only the lead's named agents have a role", "MESSAGE")
    if state["waves"] is not None and e:
        refusal = waves.may_wake(state, resolved)
        if refusal is not None:
            raise refusal
    parsed = messages.parse(message)
    _active(call)
    if parsed is None:
        if e and e["state"] == "IDLE" or resolved == tables.LEAD:
            call.append("MAIL", key=call.key, actor=machine.GATE, to=resolved)
    else:
        name, fields = parsed
        call.append(name, key=call.key, to=resolved, **_with_facts(call, name, fields))
    address = _address(call, resolved, to)
    if address == to:
        return PASS
    return allow({k: v for k, v in dict(given, to=address).items() if k in ("to", "summary", "message", "notify_when_idle")})


def _address(call, resolved, to):
    """How the client spells a receiver here (measured): the lead is `main` in -p and in a team, `team-lead` in a pane; in -p
    names may be gone (resume) or ambiguous (spawned again) while agent ids still work."""
    if resolved == tables.LEAD:
        if str(call.actor["agent_id"]).startswith("session:"):
            return "team-lead"
        return to if to == "main" or to == "team-lead" and not call.state["team"]["headless"] else "main"
    e = view.entry(call.state, resolved)
    if call.state["team"]["headless"] and e and e["agent_id"] and (call.state["team"].get("resumed") or e["inc"] > 1):
        return e["agent_id"]  # a name that was spawned again "resolves to a different agent" for the client and is refused
    return to


def _with_facts(call, name, fields):
    """A message's fields and the facts that its guards need; the free text below the first line is not kept."""
    data = {k: v for k, v in fields.items() if k != "body"}
    if name == "RISKS":
        data["counts"] = messages.risk_counts(fields["n"], fields["body"])
    if name == "QUESTION":
        data["text"] = data["text"][:500]
    t = view.task(call.state, fields["task"]) if "task" in fields else None
    if t is not None:
        data["revision"], data["present"] = facts.revision(call.project, t)
    return data


def _frame(call, message, resolved, to):
    """The client's own shutdown frames."""
    kind = message.get("type")
    if kind == "shutdown_request":
        if call.actor["role"] != tables.LEAD:
            raise Refusal("WRONG_ROLE", "only the lead asks to shut down", "caller: %s" % call.actor["name"], "report to the lead instead", "SHUTDOWN_REQUESTED")
        call.append("SHUTDOWN_REQUESTED", key=call.key, to=resolved or to, reason=str(message.get("reason"))[:200])
        _closed(call)
    elif kind == "shutdown_response":
        call.append("SHUTDOWN_RESPONSE", key=call.key, request_id=str(message.get("request_id")), approve=message.get("approve") is True,
                    reason=str(message.get("reason") or "")[:500])
        _closed(call)
    return PASS


def protected(call, full):
    """Why no agent may write a path, or None."""
    real = os.path.realpath
    rows = ((os.path.join(real(call.project), places.TEAMS), "the team's folder belongs to the hooks"),
            (real(call.data), "the plugin's data belong to the hooks"),
            (os.path.join(real(call.project), ".claude", "settings"), "settings decide whether hooks run"))
    if not (real(PLUGIN_ROOT) + os.sep).startswith(real(call.project) + os.sep):  # not while working on the plugin itself
        rows += ((real(PLUGIN_ROOT), "the plugin enforces the run"),)
    folded = full.casefold()
    for base, why in rows:
        base = base.casefold()
        # Also a folder above: removing or moving `.claude` removes the team's folder.
        if folded == base or folded.startswith(base + os.sep) or base.startswith(folded + os.sep) and folded != real(call.project).casefold() \
                or (base.endswith("settings") and folded.startswith(base)):
            return why
    return None


def _check_path(call, path, cwd, shell=False, soft=False, appends=None):
    """Raises the Refusal for writing one path."""
    if "\0" in path:
        raise Refusal("PATH", "%r is not a path" % path[:80], "it holds a NUL", "write a plain path", "WRITE")
    rel, full = facts.relative(call.project, path, cwd)
    why = protected(call, full)
    above = why and not full.casefold().startswith(tuple(
        os.path.realpath(p).casefold() for p in (os.path.join(call.project, ".claude"), call.data, PLUGIN_ROOT)))
    if why and above and soft:
        why = None  # `mkdir -p DIR` and `chmod DIR` above a protected folder harm nothing
    fact = {"protected": why, "shown": path, "shell": shell, "appends": appends}
    if why is None and soft:
        return
    refusal = access.may_write(call.state, call.actor, rel, fact)
    if refusal is not None:
        raise refusal


def _edit(call, tool, given):
    path = given.get(EDIT_TOOLS[tool])
    if not isinstance(path, str):
        return PASS  # the client itself refuses the call
    _active(call)
    rel, full = facts.relative(call.project, path.replace("\0", "?"), call.payload.get("cwd"))
    appends = None
    if rel == access.DECISIONS and call.actor["role"] == tables.SUPERVISOR:
        appends = _appends(full, tool, given)
    _check_path(call, path, call.payload.get("cwd"), appends=appends)
    return PASS


def _appends(full, tool, given):
    """Whether an edit of DECISIONS.md only adds under the supervisor's headings."""
    try:
        with open(full, encoding="utf-8", newline="") as f:
            old = f.read()
    except FileNotFoundError:
        old = ""
    except (OSError, ValueError):
        return False
    if tool == "Write":
        new = given.get("content")
    elif tool == "Edit" and isinstance(given.get("old_string"), str) and isinstance(given.get("new_string"), str):
        new = old.replace(given["old_string"], given["new_string"], -1 if given.get("replace_all") else 1)
    else:
        return False
    return isinstance(new, str) and access.only_appends(old, new)


def _shell(call, given):
    from . import carry, shell

    command, cwd = given.get("command"), call.payload.get("cwd") or call.project
    if not isinstance(command, str):
        return PASS
    _active(call)
    answer = carry.out(call, command, given)
    if answer is not None:
        return answer
    try:
        targets, code = shell.writes(command, cwd)
        commits = shell.commits(command, cwd)
        parsed = shell.parse(command)
    except (shell.ShellError, RecursionError):
        targets, code, commits, parsed = [], [command], [], []
    for path, soft in targets:
        for one in _globbed(path):
            _check_path(call, one, cwd, shell=True, soft=soft)
    for text in code:
        _check_code(call, text)
    for c in parsed:
        words = shell.bare(c.words)
        if words and os.path.basename(words[0]) in ("claude", "claude-code") and call.actor["role"] != "foreign":
            raise Refusal("NESTED_CLIENT", "no agent starts another client", command[:100], "ask the lead for an agent", "BASH")
    if call.actor["role"] != "foreign":
        for commit in commits:
            _check_commit(call, commit)
        _before(call, bool(commits))
    return PASS


def _globbed(path):
    if not any(c in path for c in "*?["):
        return [path]
    import glob

    return glob.glob(path, recursive=False)[:500] + glob.glob(path.replace("/*", "/.*"))[:500] or [path]


def _check_code(call, text):
    """Code handed to an interpreter: refuse it when it names a protected place. What it hides is found afterwards."""
    names = (".claude/teams", "journal.jsonl", "snapshot.json", "mirror.jsonl", "plugins/data", call.data, call.store.folder, "pack.journal", "pack/journal",
             ".claude/settings")
    hit = next((n for n in names if n in text), None) or (".claude" in text and "teams" in text and ".claude ... teams") or None
    if hit and call.actor["role"] != "foreign":
        raise Refusal("PROTECTED", "code that names %s is not run" % hit, "the team's folder belongs to the hooks",
                      "look with `pack status`, `pack log`, `pack explain N`", "BASH")
    if call.state["waves"] is not None and call.actor["role"] != "foreign":
        definition = call.state["team"]["definition"]
        hit = next((g for g in (definition["root"] + "/" + g for g in definition.get("guarded", [])) if g in text), None)
        if hit:
            raise Refusal("EVIDENCE_IS_MEASURED", "code that names %s is not run" % hit, "evidence is written by `pack rt` only",
                          "read it with cat or jq; measure with `pack rt`", "BASH")


def _check_commit(call, commit):
    files = facts.commit_files(call.project, commit)
    if files is None:
        return  # no repository: git will say so
    revisions = {n: facts.revision(call.project, t)[0] for n, t in view.tasks(call.state) if t["owner"] == call.actor["name"]}
    if commit["verb"] != "commit" and call.actor["role"] in tables.IMPLEMENTERS:
        raise Refusal("COMMIT_VERB", "git %s makes commits past the gate" % commit["verb"], "", "use git commit", "COMMIT")
    refusal = access.may_commit(call.state, call.actor, files, revisions)
    if refusal is not None:
        raise refusal


def _before(call, commits):
    """Remember how the tasks' files look before a shell command, to see afterwards what it changed."""
    names = sorted({f for _n, t in view.tasks(call.state) if t["state"] not in tables.TERMINAL + ("PENDING",)
                    for declared in list(t["files"]) + t["touched"] for f in facts.expand(call.project, declared)})
    note = {"stamps": facts.stamps(call.project, names), "head": facts.head(call.project), "commit": commits}
    call.store.disk.replace(call.scratch(".before"), codec.dumps(note).encode("ascii"))


def _client_tool(call, tool, given):
    state, actor = call.state, call.actor
    if tool == "TaskCreate":
        if actor["role"] != tables.LEAD:
            raise Refusal("WRONG_ROLE", "only the lead adds tasks", "caller: %s" % actor["name"], "send QUESTION to the lead", "TASK_ADDED")
        return PASS
    if tool == "TaskUpdate":
        t = view.task(state, _client_task(state, given.get("taskId")))
        if t is not None and given.get("status") == "completed":
            revision, _present = facts.revision(call.project, t)
            refusal = machine.GUARDS["task_is_approved"](state, {"task": t["id"], "revision": revision}, actor)
            if refusal is not None:
                refusal.event, refusal.task = "TaskUpdate(completed)", t["id"]
                raise refusal
            if actor["role"] != tables.LEAD and t["owner"] != actor["name"]:
                raise Refusal("NOT_YOUR_TASK", "task #%d is not %s's" % (t["id"], actor["name"]), "owner %s" % t["owner"], "leave it to its coder", "TaskUpdate", t["id"])
        return PASS
    if tool == "TaskStop":
        bound = state["agents"].get(given.get("task_id") or given.get("agent_id") or "")
        name = bound[0] if bound else view.resolve(state, given.get("task_id"))
        if name in state["roster"] and actor["role"] != tables.LEAD:
            raise Refusal("WRONG_ROLE", "only the lead stops agents", "caller: %s" % actor["name"], "report to the supervisor or the lead", "TaskStop")
        return PASS
    if state["teardown"]["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        raise Refusal("EARLY_TEARDOWN", "%s is refused" % tool, "teardown %s" % state["teardown"]["state"],
                      "pass the completion gate and the teardown first: `pack teardown`", "TEAM_DELETED")
    return PASS


def _client_task(state, client_id):
    """The client's task id -> our task number, by the mapping seen at TaskCreate, else the same number."""
    mapped = state["client_tasks"].get(str(client_id))
    return mapped if mapped is not None else client_id if str(client_id) in state["tasks"] else None


# --- PostToolUse ---------------------------------------------------------------------------------------------------------
def post_tool(call):
    tool, given, response = call.payload.get("tool_name"), call.payload["tool_input"], call.payload["tool_response"]
    failed = call.payload["hook_event_name"] == "PostToolUseFailure"
    if call.state["phase"] == "CLOSED" or call.actor["role"] == "foreign":
        return PASS
    if tool in ("Agent", "Task"):
        return _spawned_now(call, given, response, failed)
    if tool == "SendMessage":
        return _sent(call, given, response, failed)
    if tool in EDIT_TOOLS:
        _written(call, given.get(EDIT_TOOLS[tool]))
    elif tool in SHELL_TOOLS:
        return _ran(call, given, response)
    elif tool == "TaskCreate" and not failed:
        task = response.get("task") or {}
        subject = str(task.get("subject") or given.get("subject") or "").strip().casefold()
        match = [n for n, t in view.tasks(call.state) if t["subject"].casefold() == subject]
        call.append("CLIENT_TASK", key=call.key, client_id=str(task.get("id")), subject=subject[:200], task=match[0] if match else None)
    elif tool == "TaskStop" and not failed:
        bound = call.state["agents"].get(str(response.get("task_id") or given.get("task_id")))
        name = response.get("command")  # a teammate's task id is not its agent id, but the answer names it
        if not bound and name in call.state["roster"]:
            bound = [name, call.state["roster"][name]["inc"]]
        if bound:
            call.gate("AGENT_ENDED", name=bound[0], inc=bound[1], why="stopped with TaskStop")
            _closed(call)
            return tell(call.payload["hook_event_name"], _next_text(call, tables.LEAD))
    return PASS


def _next_text(call, who, most=2):
    todo = [s["text"] for s in advice.steps(call.state) if s["who"] == who][:most]
    return "team: next: " + "; ".join(todo) if todo else ""


def _spawned_now(call, given, response, failed):
    name = given.get("name")
    e = view.entry(call.state, name)
    if not e or e["call"] != call.payload.get("tool_use_id"):
        return PASS
    if failed:
        call.gate("SPAWN_FAILED", name=name, inc=e["inc"], why=str(call.payload.get("error"))[:200])
        return PASS
    agent = response.get("agentId") or response.get("agent_id")
    if isinstance(agent, str) and "@" not in agent and e["state"] == "SPAWNING" and agent not in call.state["agents"]:
        alias = response.get("name") if response.get("name") not in (None, name) else None
        call.gate("AGENT_BOUND", name=name, agent_id=agent, alias=alias)
    elif isinstance(agent, str) and "@" in agent and e["state"] == "SPAWNING":
        call.gate("PANE_OPENED", name=name)
    return tell("PostToolUse", _next_text(call, tables.LEAD))


def _sent(call, given, response, failed):
    message, ok = given.get("message"), not failed and response.get("success") is not False
    if isinstance(message, dict) and message.get("type") == "shutdown_request" and ok and response.get("request_id"):
        name = view.resolve(call.state, given.get("to"))
        if name in call.state["requests"]:
            call.gate("SHUTDOWN_ID", name=name, request_id=str(response["request_id"]))
    if not ok and isinstance(message, str):
        parsed = _quiet_parse(message)
        if parsed:
            call.gate("DELIVERY_FAILED", event=parsed, to=str(given.get("to"))[:100])
            return tell(call.payload["hook_event_name"], "team: the client did not deliver this message; send it again with the receiver's "
                        "agent id as `to` (`pack status --json` lists them). Sending the same line twice is harmless.")
    return PASS


def _quiet_parse(message):
    try:
        parsed = messages.parse(message)
    except Refusal:
        return None
    return parsed[0] if parsed else None


def _written(call, path):
    """A file was written with an edit tool: the revisions of its tasks change."""
    if not isinstance(path, str) or "\0" in path:
        return
    rel, _full = facts.relative(call.project, path, call.payload.get("cwd"))
    if rel:
        _record_write(call, rel, call.key)


def _record_write(call, rel, key=None):
    for number, t in view.tasks(call.state):
        if t["state"] in tables.WORKING and (t["owner"] == call.actor["name"] or rel in t["touched"]) and (
                rel in t["touched"] or any(covers(f, rel) for f in t["files"])):
            with_it = dict(t, touched=t["touched"] + [rel])
            call.gate("FILE_WRITTEN", task=number, path=rel, by=call.actor["name"], revision=facts.revision(call.project, with_it)[0])


def _ran(call, given, response):
    """After a shell command: what changed, whether HEAD moved, whether `pack verify` left a result."""
    from . import carry

    carry.collect(call, response)
    path = call.scratch(".before")
    data = call.store.disk.read(path)
    if data is None:
        return PASS
    call.store.disk.remove(path)
    note = codec.loads(data.decode("ascii"))
    told = []
    for name, stamp in facts.stamps(call.project, note["stamps"]).items():
        if stamp != note["stamps"][name]:
            told += _changed_by_shell(call, name)
    told += _strayed(call, given)
    now = facts.head(call.project)
    if now and now != note["head"]:
        subject = (facts.git(call.project, "log", "-1", "--format=%s") or "").strip()
        call.append("COMMITTED", sha=now, subject=subject[:200], gated=bool(note["commit"]))
        if not note["commit"]:
            told.append("a commit was made past the gate (%s); it is recorded" % now[:7])
    return tell(call.payload["hook_event_name"], "team: " + "; ".join(told)) if told else PASS


def _strayed(call, given):
    """Tracked files outside every task that a shell command changed: recorded, and the caller is told (PROTOCOL 10, OVERLAP_SCOPE)."""
    from . import shell

    if call.actor["role"] in (None, tables.LEAD) or call.state["waves"] is not None or shell.only_reads(str(given.get("command"))):
        return []
    path = os.path.join(call.store.data, "dirty.json")
    before = call.store.disk.read(path)
    dirty = facts.stamps(call.project, facts.dirty(call.project))
    call.store.disk.replace(path, codec.dumps(dirty).encode("ascii"))
    known = codec.loads(before.decode("ascii")) if before else {}
    out = []
    for name, stamp in dirty.items():
        held = any(covers(f, name) or name in t["touched"] for _n, t in view.tasks(call.state) if t["state"] in tables.WORKING for f in t["files"])
        if before is None or known.get(name) == stamp or held or name == access.DECISIONS or name.startswith(access.SCRATCH):
            continue
        call.gate("OVERLAP_SCOPE", path=name, by=call.actor["name"])
        out.append("%s changed during your command and is in no task of yours: put it back, or ask the lead to re-scope" % name)
    return out[:5]


def _changed_by_shell(call, name):
    """A task's file changed during a shell command: its revision changes; if the caller may not write it, that is recorded."""
    holders = [(n, t) for n, t in view.tasks(call.state) if t["state"] in tables.WORKING
               and (name in t["touched"] or any(covers(f, name) for f in t["files"]))]
    out = []
    for number, t in holders:
        if t["owner"] != call.actor["name"]:
            owner = view.entry(call.state, t["owner"])
            if owner and owner["state"] == "ACTIVE" and call.now - owner["seen"] < tables.limit("ACTIVITY_SEC"):
                continue  # its own coder is at work on it right now
            call.gate("OVERLAP_SCOPE", task=number, path=name, by=call.actor["name"])
            out.append("%s belongs to task #%d of %s; its approvals are stale now" % (name, number, t["owner"]))
        call.gate("FILE_WRITTEN", task=number, path=name, by=call.actor["name"], revision=facts.revision(call.project, t)[0])
    return out


# --- Agents start and stop -------------------------------------------------------------------------------------------------
def subagent_start(call):
    actor = call.actor
    e = view.entry(call.state, actor["name"])
    if actor["role"] in (None, "foreign", tables.LEAD) or not e or e["inc"] != actor["inc"] or e["state"] not in tables.LIVING:
        return PASS
    fresh = e["state"] == "ACTIVE" and call.now - e["since"] < 5 and not e["mail"]
    if e["state"] != "ACTIVE" or e["mail"]:
        call.gate("AGENT_ACTIVE", name=actor["name"])
    return tell("SubagentStart", _greeting(call, fresh))


def _greeting(call, fresh):
    """Who an agent is in the team (when it is new), and its next step."""
    actor = call.actor
    lines = ["team %s: you are %s (%s), incarnation %d. The lead is `main`; others: %s." % (
        call.state["team"]["name"], actor["name"], actor["role"], actor["inc"],
        ", ".join("%s (%s)" % (n, call.state["roster"][n]["role"]) for n in view.living(call.state) if n != actor["name"]) or "nobody yet")] if fresh else []
    if fresh and call.state["waves"] is not None:
        from . import waverun

        lines.append(waverun.briefing(call, actor["role"]))
    todo = [s["text"] for s in advice.for_agent(call.state, actor["name"])]
    lines += ["Your next step: " + "; ".join(todo[:2])] if todo else []
    return "\n".join(lines)


def agent_stop(call):
    """An agent ends its turn: told its next step if it has one (bounded), else idle."""
    actor, state = call.actor, call.state
    e = view.entry(state, actor["name"])
    if actor["role"] in (None, "foreign", tables.LEAD) or not e or e["inc"] != actor["inc"] or e["state"] not in tables.LIVING:
        return PASS
    if actor["name"] not in state["requests"]:
        told = _nudge(call, advice.for_agent(state, actor["name"]))
        if told:
            return told
    call.gate("AGENT_IDLE", name=actor["name"])
    _see(call)
    _closed(call)
    return PASS


def _see(call):
    """For a team with waves: what they lack now."""
    if call.state["waves"] is not None:
        from . import waverun

        waverun.see(call)


def _nudge(call, todo):
    """Tell the first step that has not been told three times; one that has is escalated instead (PROTOCOL 10)."""
    for s in todo:
        try:
            e = view.entry(call.state, s["who"])
            step = "%s#%d" % (s["step"], e["inc"]) if e else s["step"]  # a successor is told anew
            call.append("NUDGED", actor=machine.GATE, who=s["who"], step=step, task=s["task"])
            return block("team: before you end your turn: " + s["text"] + ".")
        except Refusal:
            if s["task"] is not None and s["who"] != tables.LEAD:
                t = view.task(call.state, s["task"])
                if t["state"] in tables.WORKING:
                    call.gate("STUCK_ESCALATED", task=s["task"], cause="NOT_MOVING", who=s["who"])
    return None


def lead_stop(call):
    """The lead ends its turn. Nobody works, nothing is on its way, and the run is unfinished: say what is next."""
    if call.actor["role"] != tables.LEAD:
        return agent_stop(call)
    _see(call)
    state = call.state
    running = [b for b in call.payload.get("background_tasks") or [] if isinstance(b, dict) and b.get("status") == "running"
               and b.get("type") != "teammate"]
    if running or view.working(state) or state["lead_mail"] > 0:
        return PASS
    if state["lead_idle_news"]:
        call.gate("LEAD_STOPPED")
        return PASS
    stalled = [s for s in advice.steps(state) if s["who"] != tables.LEAD]
    told = _nudge(call, advice.for_lead(state) or [dict(s, who=tables.LEAD, step="wake:" + s["step"], text="%s is stalled (%s): send it a message"
                                                        % (s["who"], s["text"])) for s in stalled])
    return told or PASS


def stop_failure(call):
    actor = call.actor
    if actor["role"] not in (None, "foreign", tables.LEAD):
        call.gate("AGENT_LOST", name=actor["name"], inc=actor["inc"], why="API error: %s" % str(call.payload.get("error"))[:100])
        _closed(call)
    return PASS


# --- Prompts and sessions ----------------------------------------------------------------------------------------------------
def prompt_submitted(call):
    from . import carry

    prompt = call.payload.get("prompt") if isinstance(call.payload.get("prompt"), str) else ""
    typed = carry.typed(call, prompt)
    if typed is not None:
        return typed
    if call.actor["role"] != tables.LEAD:
        return PASS
    if prompt.startswith(("<task-notification>", "<agent-message")):
        if call.state["lead_mail"]:
            call.gate("LEAD_WOKE", news=max(1, prompt.count("<task-notification>") + prompt.count("<agent-message")))
        _notified(call, prompt)
        decisions = [s["text"] for s in advice.for_lead(call.state)][:2]
        return tell("UserPromptSubmit", "team: next: " + "; ".join(decisions) if decisions else "")
    return PASS


def _between(text, start, end):
    return text.partition(start)[2].partition(end)[0].strip()


def _notified(call, prompt):
    """The client's own word on an agent of a headless run; the only one when it was stopped or its API failed."""
    bound = call.state["agents"].get(_between(prompt, "<task-id>", "</task-id>"))
    status = _between(prompt, "<status>", "</status>")
    if not bound or not prompt.startswith("<task-notification>"):
        return
    e = view.entry(call.state, bound[0])
    if status in ("failed", "killed"):
        call.gate("AGENT_LOST", name=bound[0], inc=bound[1], why="the client says: " + status)
        _closed(call)
    elif status == "completed" and e["inc"] == bound[1] and e["state"] == "ACTIVE" and call.now - e["seen"] > 30:
        call.gate("AGENT_IDLE", name=bound[0])


def session_started(call):
    source = call.payload.get("source")
    if call.actor["role"] == tables.LEAD and call.state["phase"] != "CLOSED":
        if source == "resume":
            _gate_resume(call, source)
        return tell("SessionStart", advice.digest(call.state))
    if str(call.actor["agent_id"]).startswith("session:") and call.actor["role"] not in (None, "foreign") and source == "startup":
        return tell("SessionStart", _greeting(call, True))  # a teammate in a terminal pane
    if call.actor["role"] == "foreign" and call.state["phase"] != "CLOSED" and source == "startup":
        return tell("SessionStart", "A team run is live in this project: %s, phase %s, led by another session. The user may type `team status`, "
                    "or `team resume` to lead it from here." % (call.state["team"]["name"], call.state["phase"]))
    return PASS


def _gate_resume(call, source):
    from . import carry

    headless = call.state["team"]["headless"]
    update = seal.make(call.store.data, call.store.disk, call.env, call.project) if seal.updated(call.state) else None
    try:
        call.append("RUN_RESUMED", **({"sealed": update} if update else {}), client_pid=call.env.get("CLAUDE_PID"), vouched=caller.vouches(call.env, call.peer), session=call.payload.get("session_id"),
                    headless=carry.is_headless(call.env), agents_stopped=headless, agents_gone=not headless, how=source)
    except Refusal:
        pass


def session_ended(call):
    if call.actor["role"] not in (None, "foreign", tables.LEAD) and str(call.actor["agent_id"]).startswith("session:"):
        call.gate("AGENT_ENDED", name=call.actor["name"], inc=call.actor["inc"], why="its terminal pane closed")
        _closed(call)
    return PASS


def _closed(call):
    """When the run has just closed, bury it."""
    if call.state["phase"] == "CLOSED":
        from . import carry

        carry.close(call)


def _forged(call):
    """A payload that no client sent: an agent that runs the hook itself could be anybody. Recorded, and without effect."""
    call.actor = {"name": "unknown", "role": None, "inc": 0, "agent_id": None}
    refusal = Refusal("NOT_THE_CLIENT", "a hook was run with a payload that the client did not send", "it claims to be %s" % (
        call.payload.get("agent_id") or "the lead"), "hooks are the client's; use the tools and the `pack` verbs", call.payload["hook_event_name"])
    call.append(refusal.record, **refusal.data())  # without a key: the one it claims belongs to somebody else's call
    return deny(refusal) if call.payload["hook_event_name"] == "PreToolUse" else (2, "", refusal.text())


def _enforcement(call):
    """Put what was changed of plugin and settings among the troubles to record; answers what to remember once they are recorded.

    Not asked for a bystander, whose client may run another copy; nor where a session starts with an updated one, which is noted there."""
    state, store = call.state, call.store
    if call.actor["role"] == "foreign" or call.payload["hook_event_name"] == "SessionStart" and seal.updated(state):
        return None
    touched, looked = seal.differences(state, store.data, store.disk, call.env, call.project)
    store.found += [("STATE_DIVERGENCE", d) for d in touched]
    return looked


def _warned(call, answer):
    """Tell the lead once for each state of things that what enforces the run was changed, with whatever it is answered."""
    event = call.payload["hook_event_name"]
    step = "tampered:" + codec.digest(codec.dumps(call.state["tampered"]), size=6)
    if call.actor["role"] != tables.LEAD or event not in WARNABLE or call.state["phase"] == "CLOSED" or "%s|%s" % (tables.LEAD, step) in call.state["nudges"]:
        return answer
    call.gate("NUDGED", who=tables.LEAD, step=step, task=None)
    text, (code, out, err) = "team: " + advice.tampering(call.state) + ".", answer
    if not out:
        return block(text) if event == "Stop" else tell(event, text)
    found = codec.loads(out)
    if "reason" in found:
        found["reason"] += "\n" + text
    else:
        key = "permissionDecisionReason" if "permissionDecisionReason" in found["hookSpecificOutput"] else "additionalContext"
        found["hookSpecificOutput"][key] = (found["hookSpecificOutput"].get(key, "") + "\n" + text).strip()
    return code, codec.dumps(found), err


WARNABLE = ("PreToolUse", "PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "SessionStart", "Stop")


def config_changed(call):
    """The client is about to take changed settings over, in the running session too: `disableAllHooks` would end every check at
    once (measured). What touches the hooks waits for the end of the run, or for the user's word."""
    changed = sorted(n.replace("settings:", "") for n in call.state["tampered"] if n.startswith("settings:"))
    changed += [d["file"] for name, d in call.store.found if name == "STATE_DIVERGENCE" and d.get("enforces") == "settings" and d["file"] not in changed]
    if call.payload.get("source") == "skills" or not changed or call.state["phase"] == "CLOSED":
        return PASS
    return 2, "", ("team: settings that decide whether hooks run were changed while a team is at work (%s); this session does not take them over. Put them "
                   "back, or type `team resume` to accept them for the next session; `team abort WHY` ends the run first." % ", ".join(changed))


HANDLERS = {
    "PreToolUse": pre_tool, "PostToolUse": post_tool, "PostToolUseFailure": post_tool, "SubagentStart": subagent_start,
    "SubagentStop": agent_stop, "Stop": lead_stop, "StopFailure": stop_failure, "UserPromptSubmit": prompt_submitted,
    "SessionStart": session_started, "SessionEnd": session_ended, "ConfigChange": config_changed,
}


TEXTS = ("session_id", "agent_id", "agent_type", "cwd", "transcript_path", "tool_name", "tool_use_id", "hook_event_name", "prompt", "source")
GIVEN_TEXTS = ("to", "name", "agent_id", "subagent_type", "command", "file_path", "notebook_path", "taskId", "task_id", "status", "subject")


def normal(payload):
    """A payload with the types that everything below relies on; what is of another type is as good as absent."""
    out = dict(payload)
    for key in TEXTS:
        if key in out and not isinstance(out[key], str):
            del out[key]
    for key in ("tool_input", "tool_response"):
        value = out.get(key)
        out[key] = dict(value) if isinstance(value, dict) else {}
    for key in GIVEN_TEXTS:
        if key in out["tool_input"] and not isinstance(out["tool_input"][key], str):
            out["tool_input"][key] = str(out["tool_input"][key])[:200]
    if not isinstance(out.get("background_tasks"), list):
        out.pop("background_tasks", None)
    return out


def handle(payload, env, now=None, disk=None, peer=None):
    """One hook payload -> (exit code, standard output, standard error). Raises nothing that concerns the caller.

    peer: the process that handed the payload over, where that can be told."""
    from .disk import Disk

    now = time.time() if now is None else now
    payload = normal(payload)
    name = payload.get("hook_event_name")
    project = env.get("CLAUDE_PROJECT_DIR") or payload.get("cwd") or os.getcwd()
    data = places.data_folder(env)
    if name == "UserPromptExpansion":
        from . import carry

        return carry.expanded(payload, env, now, project, data, disk or Disk(), peer)
    live = places.active(project, data)
    if name == "UserPromptSubmit" and live is None:
        from . import carry

        return carry.activated(payload, env, now, project, data, disk or Disk())
    handler = HANDLERS.get(name)
    if live is None or handler is None:
        return PASS
    store = Store(places.team_folder(project, live["team"]), live["run"], disk or Disk())
    with store.lock():
        store.load()
        if store.state["team"] is None:
            raise Damaged("the team %s has no journal any more" % live["team"])
        call = Call(payload, env, now, store, project, data, peer)
        if not caller.from_the_client(call):
            return _forged(call)
        if machine.due(store.state, now):
            call.gate("TICK")
        call.actor = caller.identify(call)
        looked = _enforcement(call)
        answer = handler(call)
        if store.found:
            call.gate("TICK")  # troubles are recorded even when the call itself records nothing
        if looked is not None and not store.found:
            seal.remember(store.data, store.disk, looked)
        if store.state["tampered"]:
            answer = _warned(call, answer)
        if not os.path.exists(places.marker(data, project)) or not os.path.exists(places.project_marker(project)):
            if store.state["phase"] != "CLOSED":
                places.mark(project, data, live["team"], live["run"], live["python"], store.disk)
        return answer


def trouble(error, guarded):
    """What to answer when the gate itself cannot work: closed for guarded calls, open for the rest, with the way out."""
    if isinstance(error, Damaged):
        text = ("team: the run's journal cannot be trusted (%s). Nothing is guessed: guarded tools stay refused. "
                "Way out, in your own terminal: `pack doctor` shows the damage, `pack resume --repair` goes back to the last good "
                "record, `pack abort --reason WHY` ends the run." % error)
    elif isinstance(error, Busy):
        text = "team: %s. Try the same call again." % error
    elif isinstance(error, OSError):
        text = ("team: the journal could not be written (%s: %s). Nothing was recorded and the call is refused. Free space or mend the rights "
                "of .claude/teams, then try again; `pack abort` in your own terminal ends the run." % (type(error).__name__, error.strerror))
    else:
        text = ("team: the gate failed (%s: %s), so the call is refused. `pack doctor` in your own terminal says more; "
                "`pack abort --reason WHY` there ends the run and its checks." % (type(error).__name__, str(error)[:200]))
    if guarded == "PreToolUse":
        return deny(text)
    if guarded == "UserPromptExpansion":
        return block(text)
    if guarded == "ConfigChange":
        return 2, "", text
    return 0, "", text
