"""Prompts and sessions: what reaches the lead, what a person types, who resumes, which settings are taken over."""

from __future__ import annotations

import os

from ..base import codec
from ..protocol import advice, kernel, messages, tables, view, watch
from ..protocol.refusal import Refusal
from . import identity, tamper_check
from .answers import PASS, block, hush, tell
from .turns import REPORTING, greeting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .answers import Answer
    from .hook_call import Call
    from typing import Any


MOVED = {  # what a SessionStart of the lead's own client says when its terminal has gone to another conversation
    "clear": "/clear emptied the one that did",
    "resume": "this terminal has left the one that did (/resume)",
    "fork": "this terminal has left the one that did (a copy of it goes on here)",
}


def prompt_submitted(call: Call) -> Answer:
    from . import open_run, typed_words, user_commands

    prompt: str = call.payload["prompt"] if isinstance(call.payload.get("prompt"), str) else ""
    answer = user_commands.typed(call, prompt)
    if not prompt.startswith("/"):  # a command's own event follows, and asks with the words that it stands for
        typed_words.prompt_came(call)
    if answer is not None:
        return answer
    if open_run.opens_team(prompt.strip()) and call.state["phase"] != "CLOSED":
        return block(
            "team: a run is live here already: %s, phase %s. `team status` shows it, `team resume` leads it from this session, `team abort WHY` ends it."
            % (call.state["team"]["name"], call.state["phase"])
        )
    if call.actor["role"] != tables.LEAD:
        return PASS
    if prompt.startswith(("<task-notification>", "<agent-message")):
        if call.state["lead_mail"]:
            call.gate("LEAD_WOKE", news=max(1, prompt.count("<task-notification>") + prompt.count("<agent-message")))
        _notified(call, prompt)
        if _needs_nobody(call, prompt):
            return hush("nothing to decide, others are at work")
        decisions = [task["text"] for task in advice.for_lead(call.state)][:2]
        return tell("UserPromptSubmit", "\n".join(_held(call) + (["team: next: " + "; ".join(decisions)] if decisions else [])))
    unseen = call.state["team"].get("typed") or call.env.get("CLAUDE_CODE_ENTRYPOINT") == "cli"
    if call.state["phase"] != "CLOSED" and unseen and not prompt.startswith("/"):
        # A session that took the run over never saw the command that opened it, and in a terminal the user may have taken the conversation back to
        # before it, which no hook is told (CLIENT 5.13): where the run stands comes with what is typed.
        return tell(
            "UserPromptSubmit",
            advice.digest(call.state) + "\nHow a lead works: " + call.kind.guide(call.state),
        )
    return PASS


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0].strip()


def _needs_nobody(call: Call, prompt: str) -> bool:
    """Whether a prompt is nothing but plain ends of turns that ask nothing of the lead, which would cost a call on its whole context.

    Dropped only while the lead has no step, no message is on its way, and another agent is at work for certain: that one's own end, failure
    or message comes through here later, so the last of them is never dropped and no wake-up can be lost. A report of one of several that
    search or test side by side is kept for the last one's."""
    if not prompt.startswith("<task-notification>") or "<agent-message" in prompt or call.state["lead_mail"]:
        return False
    ended, reports, roster = set(), [], call.state["roster"]
    for part in prompt.split("<task-notification>")[1:]:
        bound = call.state["agents"].get(_between(part, "<task-id>", "</task-id>"))
        entry = view.entry(call.state, bound[0]) if bound else None
        if not bound or not entry or entry["inc"] != bound[1] or _between(part, "<status>", "</status>") != "completed":
            return False
        said = _between(part, "<result>", "</result>")
        if entry["role"] in REPORTING:
            reports.append([bound[0], said])
        elif messages.asks(said):
            return False
        ended.add(bound[0])
    at_work = [entry for n, entry in roster.items() if entry["state"] == "ACTIVE" and n not in ended and not watch.standing(call.state, n)]
    if not at_work or reports and not any(entry["role"] in REPORTING for entry in at_work) or not reports and advice.for_lead(call.state):
        return False
    if reports:
        from ..base import redact

        reports = [[name, redact.text(said)] for name, said in reports]
        path = os.path.join(call.store.data, "calls", "held.json")
        call.store.disk.mkdir(os.path.dirname(path))
        held = codec.loads((call.store.disk.read(path) or b"[]").decode("ascii"))
        call.store.disk.replace(path, codec.dumps(held + reports).encode("ascii"))
    return True


def _held(call: Call) -> list[str]:
    """The reports that were kept for the lead's next turn, once."""
    path = os.path.join(call.store.data, "calls", "held.json")
    data = call.store.disk.read(path)
    if data is None:
        return []
    call.store.disk.remove(path)
    return ["report of %s: %s" % (name, said) for name, said in codec.loads(data.decode("ascii"))]


def _notified(call: Call, prompt: str) -> None:
    """The client's own word on an agent of a headless run; the only one when it was stopped or its API failed."""
    bound = call.state["agents"].get(_between(prompt, "<task-id>", "</task-id>"))
    status = _between(prompt, "<status>", "</status>")
    if not bound or not prompt.startswith("<task-notification>"):
        return
    entry = call.state["roster"][bound[0]]
    if status in ("failed", "killed"):
        from ..base import redact

        said = redact.text(_between(prompt, "<summary>", "</summary>"))[:300]  # an attempt after it is told what went wrong
        call.gate("AGENT_LOST", name=bound[0], inc=bound[1], why="the client says: " + status + (": " + said if said else ""))
        call.close()
    elif (
        status == "completed"
        and entry["inc"] == bound[1]
        and entry["state"] == "ACTIVE"
        and (call.now - entry["seen"] > 30 or _cut(prompt))
    ):
        call.gate("AGENT_IDLE", name=bound[0])


def _cut(prompt: str) -> bool:
    """Whether a notification says that its agent was stopped at its maxTurns: no SubagentStop comes for that (CLIENT 2.9)."""
    return "-turn limit" in _between(prompt, "<summary>", "</summary>") or "-turn limit" in _between(prompt, "<result>", "</result>")[-400:]


def session_started(call: Call) -> Answer:
    from . import typed_words

    source = call.payload.get("source")
    if source != "compact":
        typed_words.session_began(call)
    if identity.started_by_a_tool(call) and not call.payload.get("agent_id") and call.state["phase"] != "CLOSED":
        return tell("SessionStart", identity.TOOL_CLIENT)
    if source in ("clear", "resume") and call.state["phase"] != "CLOSED" and call.actor["role"] in (tables.LEAD, "foreign"):
        stands = identity.stands_elsewhere(call) if call.actor["role"] == tables.LEAD or identity.same_client(call) else ""
        if stands:
            return tell("SessionStart", "team: a run is live in this project, and it is not led on from here: " + stands)
    if source in MOVED and call.actor["role"] == "foreign" and call.state["phase"] != "CLOSED" and identity.same_client(call):
        # The user emptied the lead's conversation, or took up another one: a client has one, and this is the same terminal.
        call.actor = kernel.MAIN
        _gate_resume(call, source, moved=True)
        if not view.closed(call.state):  # the call above may have done that
            return tell(
                "SessionStart",
                "team: this session leads the run on, for %s.\n" % MOVED[source]
                + advice.digest(call.state)
                + "\nHow a lead works: "
                + call.kind.guide(call.state),
            )
    if call.actor["role"] == tables.LEAD and call.state["phase"] != "CLOSED":
        if source == "resume":
            _gate_resume(call, source)
        if view.closed(call.state):  # the call above may have done that
            return tell(
                "SessionStart",
                "team: the run %s is closed; `pack status --summary` prints the report, your last words to the user."
                % call.state["team"]["name"],
            )
        return tell("SessionStart", advice.digest(call.state) + call.kind.report_due(call))
    if str(call.actor["agent_id"]).startswith("session:") and call.actor["role"] not in (None, "foreign") and source == "startup":
        return tell("SessionStart", greeting(call, True))  # a teammate in a terminal pane
    if call.actor["role"] == "foreign" and call.state["phase"] != "CLOSED" and source != "compact":
        led = call.state["team"].get("client_pid")
        same_client = str(led) == str(call.env.get("CLAUDE_PID"))
        return tell(
            "SessionStart",
            "A team run is live in this project: %s, phase %s, led by another session%s. %sThe user may type `team status`, "
            "or `team resume` to lead it from here."
            % (
                call.state["team"]["name"],
                call.state["phase"],
                " of this very client, which cannot come back" if same_client else " (process %s)" % led if led else "",
                "This one was copied from it and leads nothing, whatever its context says. " if source == "fork" else "",
            ),
        )
    return PASS


def _gate_resume(call: Call, source: str, moved: bool = False) -> None:
    """The run is led by this session from now on. moved: in the client that led it, in another conversation."""
    from ..base import enforcement

    headless = call.state["team"]["headless"] or moved  # in the same client, too, their contexts are there and their mail is not
    update: dict[str, Any] = {}
    if tamper_check.updated(call.state):
        update = {"sealed": tamper_check.make(call.store.data, call.store.disk, call.env, call.project)}
    try:
        call.append(
            "RUN_RESUMED",
            **update,
            client_pid=call.env.get("CLAUDE_PID"),
            vouched=identity.vouches(call.env, call.peer),
            session=call.payload.get("session_id"),
            main=call.payload.get("agent_type"),
            headless=enforcement.is_headless(call.env),
            agents_stopped=headless,
            agents_gone=not headless,
            how=source,
        )
    except Refusal:
        return
    from .after_tool import caught_up

    caught_up(call)
    call.close()  # whoever was to end last is gone with the client: that may have been the end of the run


def session_ended(call: Call) -> Answer:
    if call.actor["role"] not in (None, "foreign", tables.LEAD) and str(call.actor["agent_id"]).startswith("session:"):
        call.gate("AGENT_ENDED", name=call.actor["name"], inc=call.actor["inc"], why="its terminal pane closed")
        call.close()
    return PASS


def config_changed(call: Call) -> Answer:
    """The client is about to take changed settings over, in the running session too: `disableAllHooks` would end every check at
    once (measured). What touches the hooks waits for the end of the run, or for the user's word."""
    changed = sorted(n.replace("settings:", "") for n in call.state["tampered"] if n.startswith("settings:"))
    changed += [
        d["file"]
        for name, d in call.store.found
        if name == "STATE_DIVERGENCE" and d.get("enforces") == "settings" and d["file"] not in changed
    ]
    if call.payload.get("source") == "skills" or not changed or call.state["phase"] == "CLOSED":
        return PASS
    return (
        2,
        "",
        (
            "team: settings that decide whether hooks run were changed while a team is at work (%s); this session does not take them over. Put them "
            "back, or type `team resume` to accept them for the next session; `team abort WHY` ends the run first." % ", ".join(changed)
        ),
    )
