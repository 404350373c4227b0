"""Before a tool call: who may spawn, say, write, run or commit what. Raises Refusal inside, answers a deny outside."""

from __future__ import annotations

import os

from ..base import codec, paths, project_facts, run_config
from ..base.client_tools import EDIT_TOOLS, SHELL_TOOLS
from ..base.paths import PLUGIN_ROOT
from ..protocol import access, machine, messages, tables, view, watch
from ..protocol.plan import covers
from ..protocol.refusal import Refusal
from .answers import PASS, allow, deny, recorded, stop
from .facts import claimed_by, follow, keep, orders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from ..base.protocols import Commit
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
            return _message(call, tool_input)
        if tool in EDIT_TOOLS:
            return _edit(call, tool, tool_input)
        if tool in SHELL_TOOLS or tool == "Monitor" and isinstance(tool_input.get("command"), str):
            return _shell(call, tool_input)
        if tool in ("TaskCreate", "TaskUpdate", "TaskStop", "TeamDelete", "TeamCreate"):
            return _client_tool(call, tool, tool_input)
        return _other(call, str(tool), tool_input)
    except Refusal as refusal:
        return _bounded(call, tool, tool_input, refusal, told)


def skill_line(call: Call) -> Answer:
    """PreSkillShellCommand: shell text of a skill or command that is being loaded (CLIENT 1.13). What the user typed is the user's own doing;
    else it is a Bash call of the one who loads. The client applies no other input and raises no event afterwards, so what changes the run
    or commits is not done here; what it wrote is found by the next look."""
    tool_input = call.payload["tool_input"]
    if call.state["phase"] == "CLOSED" or call.payload.get("invoked_by") == "user" or call.actor["role"] == "foreign":
        return PASS
    try:
        _only_looks(call, str(tool_input.get("command")))
        _shell(call, tool_input)
        call.store.disk.remove(call.scratch(".before"))
        return PASS
    except Refusal as refusal:
        return 2, "", call.refuse(refusal).text()


def _only_looks(call: Call, command: str) -> None:
    """Raises the Refusal of a skill's line that commits, or is a `pack` verb that the hook itself would carry out."""
    from ..base import shell_commits, shell_reading
    from . import pack_verbs

    try:
        parsed = shell_reading.parse(command)
        changes = bool(shell_commits.commits(command, call.payload.get("cwd") or call.project))
    except (shell_reading.ShellError, RecursionError):
        return
    for words in (shell_reading.bare(c.words) for c in parsed):
        if len(words) > 1 and os.path.basename(words[0]) == "pack" and words[1] in pack_verbs.CHANGING | {"gate"}:
            changes = True
    if changes:
        raise Refusal("SKILL_RUNS_SHELL", "a skill's line changes the run or commits", command[:100], "do that with Bash", "BASH")


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
    from . import other_tools

    answer = other_tools.decide(call, tool, tool_input)
    if not isinstance(answer, bool):
        return answer
    _before(call, False, {})
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


def _message(call: Call, tool_input: dict[str, Any]) -> Answer:
    message: Any = tool_input.get("message")
    to: Any = tool_input.get("to")
    state, actor = call.state, call.actor
    resolved = view.resolve(state, to)
    entry = view.entry(state, resolved)
    if isinstance(message, dict):
        return _frame(call, tool_input, message, resolved, to)
    resolved = _may_receive(call, to, resolved, entry)
    parsed = messages.parse(message)
    if parsed is None:
        if actor["role"] == tables.RISK_TESTER and resolved == tables.LEAD:
            from . import agents_reports

            agents_reports.verdicts(call, message)
        if entry and (entry["state"] == "IDLE" or watch.concerns(state, resolved)) or resolved == tables.LEAD:
            call.append("MAIL", key=call.key, actor=machine.GATE, to=resolved, by=actor["role"])
    else:
        name, fields = parsed
        known = _with_facts(call, name, fields)
        _found_changed(call, name, known)
        quiet = name in tables.UNASKED and entry and entry["role"] == tables.SUPERVISOR and not messages.asks(fields["body"])
        if quiet:
            known["fact"] = True
        if name == "DONE" and actor["role"] in tables.CODERS:
            from . import task_checks

            red = task_checks.not_green(call, view.task(state, fields["task"]), "DONE") if view.find_task(state, fields["task"]) else None
            if red is not None:
                raise red
        call.append(name, key=call.key, to=resolved, **known)
        follow(call, name)
        if name == "REVIEW":
            from . import task_checks

            task_checks.begin(call, view.task(call.state, fields["task"]), known["revision"])
            message = _asked_of(actor, message)
        if quiet:  # the journal has it, and the supervisor is not woken for what is routine
            return recorded(message.strip().partition("\n")[0].strip()[:80])
        if name in ("SUPERVISOR_REPORT", "QUESTION"):
            from ..base import redact

            message = redact.text(message)
    if entry and call.state["verify"] and call.state["verify"].get("noticed") is False:
        from . import verification

        message = verification.with_findings(call, entry, message)
    address = _address(call, resolved, to)
    if address == to and message is tool_input.get("message"):
        return PASS
    return allow(
        {k: v for k, v in dict(tool_input, to=address, message=message).items() if k in ("to", "summary", "message", "notify_when_idle")}
    )


def _asked_of(actor: Any, message: str) -> str:
    """A real-time coder's REVIEW with what its reviewer is asked to look at: no command of the record shows a leak or an unbounded send."""
    return message if actor["role"] not in tables.REAL_TIME else "%s\n\n[real-time code: %s]" % (message, tables.REAL_TIME_CHECKS)


def _may_receive(call: Call, to: Any, resolved: str | None, entry: Any) -> str:
    """The receiver's name. Raises the Refusal for a message that would reach nobody, or wake who must not be woken. entry: of the receiver, None for the lead."""
    state, actor = call.state, call.actor
    if resolved is None:
        raise Refusal(
            "UNKNOWN_RECEIVER",
            "nobody in the team is called %r" % (to,),
            "living: " + ", ".join(view.living(state)),
            "the lead is `main`; write names exactly",
            "MESSAGE",
        )
    if entry and (entry["state"] not in tables.LIVING or state["agents"].get(str(to), [None, entry["inc"]])[1] != entry["inc"]):
        raise Refusal(
            "ENDED_AGENT",
            "%s has ended; a message would revive it" % to,
            "%s, incarnation %d" % (entry["state"], entry["inc"]),
            "the lead spawns another one if it is needed" if state["phase"] in tables.OPEN_PHASES else "say nothing to it",
            "MESSAGE",
        )
    if entry and resolved in state["requests"] and state["team"]["headless"]:
        raise Refusal("SHUTTING_DOWN", "%s was asked to shut down; a message would revive it" % to, "", "say nothing to it", "MESSAGE")
    if actor["role"] in (None, "foreign"):
        raise Refusal(
            "UNKNOWN_AGENT",
            "an agent that is not in the roster may not write to %s" % to,
            "",
            "only the lead's named agents have a role",
            "MESSAGE",
        )
    refusal = call.kind.may_wake(state, resolved) if entry else None
    if refusal is not None:
        raise refusal
    return resolved


def _address(call: Call, resolved: str | None, to: Any) -> Any:
    """How the client spells a receiver here (measured). In -p names may be gone (resume) or ambiguous (spawned again); agent ids still work."""
    if resolved == tables.LEAD:
        if str(call.actor["agent_id"]).startswith("session:"):
            return tables.PANE_LEAD
        return to if to == tables.MAIN or to == tables.PANE_LEAD and not call.state["team"]["headless"] else tables.MAIN
    entry = view.entry(call.state, resolved)
    if call.state["team"]["headless"] and entry and entry["agent_id"] and (call.state["team"].get("resumed") or entry["inc"] > 1):
        return entry["agent_id"]  # a name that was spawned again "resolves to a different agent" for the client and is refused
    return to


def _with_facts(call: Call, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A message's fields and the facts that its guards need; the free text below the first line is not kept."""
    data = {k: v for k, v in fields.items() if k != "body"}
    if name == "RISKS":
        from . import agents_reports

        data.update(agents_reports.risks(fields))
    if name in ("APPROVED", "CHANGES_REQUESTED"):
        from ..protocol import reports

        found = reports.findings(fields["body"])
        if found:
            data["findings"] = found
    if name == "QUESTION":
        from ..base import redact

        data["text"] = redact.text(data["text"][:500])
    task = view.task(call.state, fields["task"]) if "task" in fields else None
    if task is not None:
        data["revision"], data["present"] = project_facts.revision(call.project, task)
        if not data["present"]:  # a task may consist in taking files away
            data["present"] = len(project_facts.taken_away(call.project, task))
    return data


def _found_changed(call: Call, name: str, known: dict[str, Any]) -> None:
    """Record a change that no hook saw, when an approval meets it. Otherwise the advice would go on telling the reviewer to approve what it
    was not asked to read, and nobody would tell the coder to ask again."""
    task = view.task(call.state, known["task"]) if name == "APPROVED" else None
    if task is not None and task["state"] in tables.WORKING and task["revision"] not in (None, known["revision"]):
        call.gate("FILE_WRITTEN", task=task["id"], path=None, by=None, revision=known["revision"])


def _frame(call: Call, tool_input: dict[str, Any], message: dict[str, Any], resolved: str | None, to: Any) -> Answer:
    """The client's own shutdown frames."""
    kind = message.get("type")
    if kind == "shutdown_request":
        if call.actor["role"] != tables.LEAD:
            raise Refusal(
                "WRONG_ROLE",
                "only the lead asks to shut down",
                "caller: %s" % call.actor["name"],
                "report to the lead instead",
                "SHUTDOWN_REQUESTED",
            )
        call.append("SHUTDOWN_REQUESTED", key=call.key, to=resolved or to, reason=str(message.get("reason"))[:200])
        call.close()
    elif kind == "shutdown_response":
        if resolved != tables.LEAD:
            raise Refusal(
                "WRONG_RECEIVER",
                "an answer to a shutdown request goes to the lead, not to %r" % (to,),
                "the lead asked",
                "send it to `%s`" % _address(call, tables.LEAD, tables.MAIN),
                "SHUTDOWN_RESPONSE",
            )
        call.append(
            "SHUTDOWN_RESPONSE",
            key=call.key,
            request_id=str(message.get("request_id")),
            approve=message.get("approve") is True,
            reason=str(message.get("reason") or "")[:500],
        )
        call.close()
        address = _address(call, resolved, to)
        if address != to:
            return allow({k: v for k, v in dict(tool_input, to=address).items() if k in ("to", "summary", "message", "notify_when_idle")})
    return PASS


def protected(call: Call, full: str) -> str | None:
    """Why no agent may write a path, or None."""
    real = os.path.realpath  # one lstat for each part of a path: the project's and the client's folder are asked for once
    root, home, join = real(call.project), real(paths.client_home(call.env)), os.path.join
    rows: tuple[tuple[str, str], ...] = (
        (join(root, paths.TEAMS), "the team's folder belongs to the hooks"),
        (real(call.data), "the plugin's data belong to the hooks"),
        (join(root, ".claude", "settings"), "settings decide whether hooks run"),
        (join(home, "settings"), "the user's settings decide whether hooks run"),
        (real(join(home, "plugins")), "the client's plugins enforce the run"),
        ("/etc/claude-code", "managed settings decide whether hooks run"),
        ("/Library/Application Support/ClaudeCode", "managed settings decide whether hooks run"),
        (join(root, run_config.NAME), "it says what the run may do, and is sealed"),
        (join(root, ".claude", "fleet.yaml"), "it says which fleet the project is in: the user's own to change"),
        (join(root, ".claude", "scheduled_tasks"), "nobody schedules a prompt while a run is live"),
    )
    plugin = real(PLUGIN_ROOT)
    if not (plugin + os.sep).startswith(root + os.sep):  # not while working on the plugin itself
        rows += ((plugin, "the plugin enforces the run"),)
    folded = full.casefold()
    for base, why in rows:
        base = base.casefold()
        # Also a folder above: removing or moving `.claude` removes the team's folder.
        if (
            folded == base
            or folded.startswith(base + os.sep)
            or base.startswith(folded + os.sep)
            and folded != root.casefold()
            or (base.endswith(("settings", "scheduled_tasks")) and folded.startswith(base))
        ):
            return why
    return None


def _way(why: str | None, above: bool) -> str | None:
    """What to do instead of writing what is protected; None for the team's own folder. above: a folder that holds a protected one."""
    if above:
        return "name a folder that holds nothing of the client's and the team's, such as one of your own in /tmp"
    if why and "the team's folder" not in why and "the plugin's data" not in why:
        return "leave it as it is: a change of it is the user's, in their own terminal; say in a QUESTION to the lead what is needed"
    return None


NOT_ITS_FILE = ("NOT_IN_TASK", "LEAD_DELEGATES", "ROLE_EDITS_NOTHING")


def _plain(path: str) -> str:
    """A path without what no file's name can hold: NUL, and half of a surrogate pair, which JSON can bring."""
    if "\0" not in path and path.isascii():
        return path
    return path.replace("\0", "?").encode("utf-8", "surrogateescape" if _bytes(path) else "replace").decode("utf-8", "surrogateescape")


def _bytes(path: str) -> bool:
    return not any("\ud800" <= c < "\udc80" or "\udcff" < c <= "\udfff" for c in path)


def _check_path(
    call: Call,
    path: str,
    cwd: str | None,
    shell: bool = False,
    follow: bool = True,
    changes: bool = True,
    appends: bool | None = None,
) -> None:
    """Raises the Refusal for writing one path. follow: a link stands for what it points to; changes: its content changes."""
    if path != _plain(path):
        raise Refusal("PATH", "%r is not a path" % path[:80], "it holds a NUL or half a character", "write a plain path", "WRITE")
    rel, full = project_facts.relative(call.project, path, cwd, follow=follow)
    if rel is None:
        rel = project_facts.in_repository(call.project, full)
    why = protected(call, full)
    above = why and not full.casefold().startswith(
        tuple(
            os.path.realpath(p).casefold()
            for p in (os.path.join(call.project, ".claude"), paths.client_home(call.env), call.data, PLUGIN_ROOT)
        )
    )
    if why and above and not changes:
        why = None  # `mkdir -p DIR` and `chmod DIR` above a protected folder harm nothing
    start = call.state["result"]["start"]
    prefix = start["prefix"] if start else None
    if rel is None and prefix:  # a folder of a larger repository: what is delivered is all of it
        root = os.path.realpath(call.project)
        top = root[: len(root) - len(prefix.rstrip("/"))]
        if full.startswith(top) and not full.startswith(os.path.join(top, ".git") + os.sep):
            rel = os.path.relpath(full, root).replace(os.sep, "/")
    fact = {"protected": why, "shown": path, "shell": shell, "appends": appends, "way": _way(why, bool(above))}
    if why is None and not changes:
        return
    refusal = access.may_write(call.state, call.actor, rel, fact)
    if refusal is not None and shell and rel and refusal.code in NOT_ITS_FILE and call.kind.approves:
        if project_facts.left_out(call.project, rel):
            return  # what a build writes anyway: `rm -rf dist`, `npm test > test.log`
    if refusal is None and call.actor["role"] != "foreign" and rel is not None:
        refusal = call.kind.may_take(call.state, rel)
    if refusal is not None:
        raise refusal
    if call.fleet is not None and call.kind.judges and call.actor["role"] != "foreign" and rel not in (None, "."):
        call.fleet.write(call, rel + "/" if os.path.isdir(full) else rel)


def _edit(call: Call, tool: str, tool_input: dict[str, Any]) -> Answer:
    path = tool_input.get(EDIT_TOOLS[tool])
    if not isinstance(path, str):
        return PASS  # the client itself refuses the call
    rel, full = project_facts.relative(call.project, _plain(path), call.payload.get("cwd"))
    appends = None
    if rel == access.DECISIONS and call.actor["role"] == tables.SUPERVISOR:
        appends = _appends(full, tool, tool_input)
    keep(call, claimed_by(call, [rel], lambda: _check_path(call, path, call.payload.get("cwd"), appends=appends)))
    return PASS


def _appends(full: str, tool: str, tool_input: dict[str, Any]) -> bool:
    """Whether an edit of DECISIONS.md only adds under the supervisor's headings."""
    try:
        with open(full, encoding="utf-8", newline="") as f:
            old = f.read()
    except FileNotFoundError:
        old = ""
    except (OSError, ValueError):
        return False
    if tool == "Write":
        new = tool_input.get("content")
    elif tool == "Edit" and isinstance(tool_input.get("old_string"), str) and isinstance(tool_input.get("new_string"), str):
        new = old.replace(tool_input["old_string"], tool_input["new_string"], -1 if tool_input.get("replace_all") else 1)
    else:
        return False
    return isinstance(new, str) and access.only_appends(old, new)


def _shell(call: Call, tool_input: dict[str, Any]) -> Answer:
    from ..base import shell_commits, shell_patterns, shell_reading, shell_writes
    from . import pack_verbs

    command, cwd = tool_input.get("command"), call.payload.get("cwd") or call.project
    if not isinstance(command, str):
        return PASS
    answer = pack_verbs.carry_out(call, command, tool_input)
    if answer is not None:
        return answer
    git = call.actor["role"] != "foreign" and "git" in command
    if git:
        from . import git_doors

        command = git_doors.plain(command, cwd)
    try:
        targets, code = shell_writes.writes(command, cwd)
        commits = shell_commits.commits(command, cwd)
        parsed = shell_reading.parse(command)
    except (shell_reading.ShellError, RecursionError):
        targets, code, commits, parsed = [], [command], [], []
    written = [(one, effect) for path, effect in targets for one in shell_patterns.expanded(path)]

    def check() -> None:
        for one, effect in written:
            _check_path(call, one, cwd, True, follow=effect != shell_writes.ENTRY, changes=effect != shell_writes.NEITHER)

    claim = claimed_by(
        call,
        [
            project_facts.relative(call.project, _plain(one), cwd, follow=effect != shell_writes.ENTRY)[0]
            for one, effect in written
            if effect != shell_writes.NEITHER
        ],
        check,
    )
    for text in code:
        _check_code(call, text)
    if call.actor["role"] != "foreign":
        _ends_the_client(parsed)
        folded = command.casefold()
        if "claude" in folded or "team" in folded:
            from . import nested_client

            nested_client.check(call, parsed, code, command)
    if git:
        git_doors.check(call, command, cwd)
    if call.actor["role"] != "foreign":
        blobs = {}
        elsewhere = "mktemp" in command or any(verb in ("init", "clone") for verb in _git_verbs(parsed))
        for commit in commits:
            if elsewhere and any(c in commit["dir"] for c in "\0$`*?"):
                continue  # a repository that this very command makes
            blobs.update(_check_commit(call, commit))
        keep(call, claim)  # before the stamps: what the command changes is the new owner's
        _before(call, bool(commits), blobs)
    return PASS


def _ends_the_client(parsed: list[Any]) -> None:
    """Raises the Refusal of a signal to the client or to its hooks: the whole team would be gone with it."""
    from ..base import shell_reading

    for command in parsed:
        words = shell_reading.bare(command.words)
        if not words or os.path.basename(words[0]) not in ("kill", "pkill", "killall", "skill", "xkill"):
            continue
        for word in words[1:]:
            if "PPID" in word or "CLAUDE_PID" in word or words[0] != "kill" and ("claude" in word or "gate.py" in word):
                raise Refusal(
                    "PROTECTED",
                    "`%s` would end the client that the team runs in" % " ".join(words)[:80],
                    "it is the process above every shell of the team",
                    "end what you started by its own number: `kill $!`",
                    "BASH",
                )


def _git_verbs(parsed: list[Any]) -> list[str]:
    from ..base import shell_reading

    words = [shell_reading.bare(command.words) for command in parsed]
    return [shell_reading.git_verb(w[1:])[0] for w in words if w and os.path.basename(w[0]) == "git"]


def _check_code(call: Call, text: Any) -> None:
    """Refuse code for an interpreter that names a protected place, unless it plainly reads. The gate finds afterwards what it hides. text: a
    shell_writes.Code, or the whole command where it cannot be read."""
    hit = _protected_name(call, text)
    refusal = None if call.actor["role"] == "foreign" else call.kind.may_run(call.state, text)
    if not hit and refusal is None or call.actor["role"] == "foreign" or _only_reads(text):
        return
    if hit:
        settings = "settings" in hit
        raise Refusal(
            "PROTECTED",
            "code that names %s is not run" % hit,
            "settings decide whether hooks run" if settings else "the team's folder belongs to the hooks",
            "read it with `cat`, `jq` or `python3 -m json.tool`; " + "a change of it is the user's"
            if settings
            else "look with `pack status`, `pack log`, `pack explain N`, or read with `cat` or `jq`",
            "BASH",
        )
    raise refusal  # type: ignore[misc] # not None here


def _only_reads(text: Any) -> bool:
    from ..base import interpreted, shell_writes

    return isinstance(text, shell_writes.Code) and interpreted.only_reads(text)


def _protected_name(call: Call, text: str) -> str | None:
    """What code names of the places that belong to the hooks, or None."""
    names: tuple[str, ...] = (".claude/teams", call.data, call.store.folder, "pack.store.journal", ".claude/settings")
    if ".claude" in text or not os.path.exists(os.path.join(call.project, "plugins", "data")):
        names += ("plugins/data",)  # else the project has a folder of that name
    # A project may well have a snapshot.json of its own: the bare names count only where the team's files lie.
    cwd = os.path.realpath(call.payload.get("cwd") or call.project) + os.sep
    if cwd.startswith((os.path.realpath(os.path.join(call.project, ".claude")) + os.sep, os.path.realpath(call.data) + os.sep)):
        names += ("journal.jsonl", "snapshot.json", "mirror.jsonl", "state.md")
    hit = next((n for n in names if n in text), None)
    if hit is None and ".claude" in text and "teams" in text:
        alone = any(part[:1] not in ("-", "_") for part in text.split(".claude")[1:])  # `.claude-plugin` is another folder
        hit = ".claude ... teams" if alone else None
    return hit


def _check_commit(call: Call, commit: Commit) -> dict[str, str]:
    """{path: digest} of what a commit may take. Raises the Refusal of a commit."""
    # A folder that only the shell knows (`cd "$(git rev-parse --show-toplevel)"`) is taken for the project's.
    if any(c in commit["dir"] for c in "\0$`*?"):
        commit["dir"] = call.project
    files = project_facts.commit_files(call.project, commit)
    if files is None:
        _git_answers(call, commit["dir"])
        return {}  # no repository: git will say so
    if _in_a_task(call, commit):
        return {}
    revisions = {
        n: project_facts.revision(call.project, task)[0] for n, task in view.tasks(call.state) if task["owner"] == call.actor["name"]
    }
    if commit["verb"] != "commit" and call.actor["role"] in tables.IMPLEMENTERS:
        raise Refusal("COMMIT_VERB", "git %s makes commits past the gate" % commit["verb"], "", "use git commit", "COMMIT")
    refusal = access.may_commit(call.state, call.actor, files, revisions)
    if refusal is not None:
        raise refusal
    other = project_facts.staged_otherwise(commit) if call.actor["role"] in tables.IMPLEMENTERS else []
    if other:
        raise Refusal(
            "STAGED_OTHERWISE",
            "%s was staged before it was what was approved" % other[0],
            "staged and on disk differ: " + ", ".join(other)[:300],
            "git add it again, then commit",
            "COMMIT",
        )
    problem = call.kind.commit_problem(call, files, commit["message"]) if files and commit["verb"] == "commit" else None
    if problem is not None:
        raise problem
    if call.actor["role"] in tables.CODERS and commit["verb"] == "commit":
        from . import task_checks

        red = task_checks.problem(call, files)
        if red is not None:
            raise red
    if call.fleet is not None:
        call.fleet.commit(call, files)
    return {f: project_facts.entry_digest(os.path.join(call.project, f)) for f in files}


def _git_answers(call: Call, folder: str) -> None:
    """Raises the Refusal of a commit in the run's own repository where git tells the gate nothing, and may well commit for the agent: another
    user's repository with `-c safe.directory=*`, a git that takes minutes."""
    from ..base import git_commands, git_facts

    start = call.state["result"]["start"]
    top = os.path.realpath(call.project)
    if start and start["prefix"]:
        top = top[: len(top) - len(start["prefix"].rstrip("/"))].rstrip("/")
    if not os.path.isdir(folder) or not os.path.lexists(os.path.join(top, ".git")) or not git_commands.inside(top, folder):
        return
    raise Refusal(
        "GIT_IS_SILENT",
        "the gate cannot see what this commit would take",
        "git says: %s" % (git_facts.refuses(call.project)[0] or "nothing in time"),
        "wait for a git that answers; what it asks for is the user's to set (`git config --global safe.directory`): QUESTION to the lead",
        "COMMIT",
    )


def _in_a_task(call: Call, commit: Commit) -> bool:
    """Whether a commit is made inside a nested repository that is a task's own file: its commit is the content that is reviewed, so it is
    made before the review, by whoever may write there now. Raises the Refusal of anybody else's."""
    rel, _full = project_facts.relative(call.project, commit["dir"])
    repository = project_facts.nested(call.project, rel) if rel and rel != "." else None
    if repository is None or commit["verb"] != "commit":
        return False
    if not any(covers(f, repository) for _n, task in view.tasks(call.state) for f in task["files"]):
        return False
    _check_path(call, repository, call.project, True)
    return True


def _before(call: Call, commits: bool, blobs: Mapping[str, str]) -> None:
    """Note how the tasks' files look before a shell command. A look after it shows what it changed."""
    names = sorted(
        {
            f
            for _n, task in view.tasks(call.state)
            if task["state"] not in tables.TERMINAL + ("PENDING",)
            for declared in list(task["files"]) + task["touched"]
            for f in project_facts.expand(call.project, declared)
        }
    )
    note = {
        "stamps": project_facts.stamps(call.project, names),
        "head": project_facts.head(call.project),
        "commit": commits,
        "blobs": blobs,
        "seq": call.store.seq,
        "by": call.actor,
        "at": call.now,
    }
    call.store.disk.replace(call.scratch(".before"), codec.dumps(note).encode("ascii"))


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
