"""Agents start and stop; the lead ends its turn. The gate tells whoever has a next step, three times at most (PROTOCOL 10)."""

from __future__ import annotations

from ..base.enforcement import client_version
from ..protocol import advice, machine, tables, view, watch
from ..protocol.refusal import Refusal
from .answers import PASS, go_on, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from .answers import Answer
    from .hook_call import Call


def subagent_start(call: Call) -> Answer:
    actor = call.actor
    entry = view.entry(call.state, actor["name"])
    if actor["role"] in (None, "foreign", tables.LEAD) or not entry or entry["inc"] != actor["inc"] or entry["state"] not in tables.LIVING:
        return PASS
    fresh = entry["state"] == "ACTIVE" and call.now - entry["since"] < 5 and not entry["mail"]
    if entry["state"] != "ACTIVE" or entry["mail"]:
        call.gate("AGENT_ACTIVE", name=actor["name"])
    return tell("SubagentStart", greeting(call, fresh))


def greeting(call: Call, fresh: bool) -> str:
    """Tell an agent its next step, and a new one who it is. That comes last: no two of a role share it."""
    actor = call.actor
    who = (
        [
            "team %s: you are %s (%s), incarnation %d. The lead is `main`; others: %s."
            % (
                call.state["team"]["name"],
                actor["name"],
                actor["role"],
                actor["inc"],
                ", ".join("%s (%s)" % (n, call.state["roster"][n]["role"]) for n in view.living(call.state) if n != actor["name"])
                or "nobody yet",
            )
        ]
        if fresh
        else []
    )
    lines = call.kind.briefing(call, fresh)
    if fresh and actor["role"] in tables.REVIEWERS and call.kind.approves:
        from . import gold_standards

        shown = gold_standards.named(call.project, call.state) if actor["role"] in (tables.QUALITY, tables.UNIFIED) else []
        marks = gold_standards.thin(call.project, call.state)
        lines += ["Gold standards of this feature, compare with them: " + ", ".join(shown)] if shown else []
        lines += ["Marked %s. %s" % (", ".join(marks), gold_standards.HARDER)] if marks else []
    if fresh and actor["role"] in tables.IMPLEMENTERS and call.kind.approves:
        tasks = advice.to_claim(call.state, actor["name"], call.state["team"]["coders"])
        lines += ["Free now; the first edit of its files claims a task:\n" + tasks] if tasks else []
    todo = [s["text"] for s in advice.for_agent(call.state, actor["name"])]
    lines += ["Your next step: " + "; ".join(todo[:2])] if todo else []
    told = "\n".join(lines)[:8500]  # what a hook says is cut at 9,000 (answers.tell), and not here at its end
    return "\n".join(([told] if told else []) + who)


def agent_stop(call: Call) -> Answer:
    """An agent ends its turn. It is told its next step if it has one, else it is idle."""
    actor, state = call.actor, call.state
    entry = view.entry(state, actor["name"])
    if actor["role"] in (None, "foreign", tables.LEAD) or not entry or entry["inc"] != actor["inc"] or entry["state"] not in tables.LIVING:
        return PASS
    if entry["mail"] and view.in_pane(entry):
        call.gate("AGENT_ACTIVE", name=actor["name"])  # nothing said so when its mail began the turn that ends now
        state = call.state
    if actor["name"] not in state["requests"]:
        told = _answered(call)
        if told:
            return told
        state = call.state
        todo = advice.for_agent(state, actor["name"]) + call.kind.reminder(call)
        told = _nudge(call, todo)
        if told:
            return told
    call.gate("AGENT_IDLE", name=actor["name"], **_report(call))
    call.kind.see(call)
    call.close()
    return PASS


def _answered(call: Call) -> Answer | None:
    """Say the protocol lines of an agent's last words to the lead. The news of the turn's end brings them there. A refused line keeps the
    turn going with the refusal, three times at most like every step."""
    from . import before_message, facts

    if call.actor["role"] == tables.RISK_TESTER:
        from . import agents_reports

        agents_reports.verdicts(call, call.payload.get("last_assistant_message"))
    for event, fields in facts.answers(call, call.payload.get("last_assistant_message")):
        try:
            call.append(event, to=tables.LEAD, fact=True, **before_message.with_facts(call, event, fields))
        except Refusal as refusal:
            call.refuse(refusal)
            return _nudge(call, [{"who": call.actor["name"], "step": "said:" + event, "text": refusal.text(), "task": None}])
        facts.follow(call, event)
    return None


REPORTING = tables.RESEARCHERS + (tables.RISK_TESTER,)  # whose final text is their report
REPORT_CHARS = 4000  # forty lines, which is what their prompts ask for


def _report(call: Call) -> dict[str, Any]:
    """{"report": what an agent said last}, secrets masked, for roles that report by it. It reaches the lead without a message. Of a code base
    researcher's also {"sensitive": the lines of that section}, which the report may be cut before."""
    said = call.payload.get("last_assistant_message")
    if call.actor["role"] not in REPORTING or not isinstance(said, str) or not said.strip():
        return {}
    from ..base import redact

    more: dict[str, Any] = {}
    if call.actor["role"] == tables.CODEBASE_RESEARCHER:
        from ..base import profile

        clean = redact.text(said)
        profile.write(call.project, clean, call.store.disk)
        more = {"sensitive": profile.sections(clean).get("SENSITIVE", [])}
    for line in said.splitlines():  # what research lacked (the seed, Step 2b): a line `TOOL_UNAVAILABLE: NAME`
        head, _, tool = line.strip(" -*`\t").partition(":")
        if head == "TOOL_UNAVAILABLE" and tool.strip(" `"):
            call.gate("TOOL_UNAVAILABLE", tool=redact.text(tool.strip(" `")[:60]), who=call.actor["name"])
    return {
        "report": redact.text(said.strip()[: 2 * REPORT_CHARS])[:REPORT_CHARS],
        **more,
    }  # masked before it is cut: half a secret has no shape


def _nudge(call: Call, todo: Sequence[Any]) -> Answer | None:
    """Keep the turn going with the first step that was told less than three times."""
    text = _first_of(call, todo)
    return go_on(call.payload["hook_event_name"], text, client_version(call.env)) if text else None


def _first_of(call: Call, todo: Sequence[Any]) -> str | None:
    """The first step that was told less than three times, in words. Escalates one that was (PROTOCOL 10)."""
    for s in todo:
        try:
            entry = view.entry(call.state, s["who"])
            step = "%s#%d" % (s["step"], entry["inc"]) if entry else s["step"]  # a successor is told anew
            call.append("NUDGED", actor=machine.GATE, who=s["who"], step=step, task=s["task"])
            return "team: before you end your turn: %s." % s["text"]
        except Refusal:
            if s["task"] is not None and s["who"] != tables.LEAD:
                task = view.task(call.state, s["task"])
                if task["state"] in tables.WORKING:
                    call.gate("STUCK_ESCALATED", task=s["task"], cause="NOT_MOVING", who=s["who"])
    return None


def lead_stop(call: Call) -> Answer:
    """The lead ends its turn. It is told what is next when nobody works, nothing is on its way and the run is unfinished."""
    if "session_crons" in call.payload and call.actor["role"] in (tables.LEAD, "foreign"):
        from . import typed_words

        typed_words.noted(call)
    if call.actor["role"] != tables.LEAD:
        return agent_stop(call)
    from . import close_run

    close_run.tidy(call.store, call.project, call.data)  # here, where nobody waits for the answer
    call.kind.see(call)
    state = call.state
    silent = [state["roster"][n]["agent_id"] for n in state["watch"] if watch.standing(state, n)]  # whoever waits for them is told
    running = [
        b
        for b in call.payload.get("background_tasks") or []
        if isinstance(b, dict) and b.get("status") == "running" and b.get("type") != "teammate" and b.get("id") not in silent
    ]
    if running:
        return PASS
    text = still_to_do(call)
    return go_on("Stop", text, client_version(call.env)) if text else PASS


def still_to_do(call: Call) -> str | None:
    """What the lead is told before it ends its turn: its next step or whom to wake, where nobody works, nothing is on its way and the run is
    unfinished."""
    state = call.state
    if any(n for n in view.working(state) if not watch.standing(state, n)) or state["lead_mail"] > 0:
        return None
    if state["lead_idle_news"] and not advice.for_lead(state):
        call.gate("LEAD_STOPPED")  # the news will wake it; a step of its own is told now: whether they came already cannot be seen
        return None
    stalled = [s for s in advice.steps(state) if s["who"] != tables.LEAD]
    return _first_of(
        call,
        advice.for_lead(state)
        or [
            dict(s, who=tables.LEAD, step="wake:" + s["step"], text="%s is stalled (%s): send it a message" % (s["who"], s["text"]))
            for s in stalled
        ],
    )


def stop_failure(call: Call) -> Answer:
    actor = call.actor
    if actor["role"] not in (None, "foreign", tables.LEAD):
        call.gate("AGENT_LOST", name=actor["name"], inc=actor["inc"], why="API error: %s" % str(call.payload.get("error"))[:100])
        call.close()
    return PASS
