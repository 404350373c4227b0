"""Before a message: who may write to whom, and what the message says to the run."""

from __future__ import annotations

from ..base import project_facts
from ..protocol import machine, messages, tables, view, watch
from ..protocol.refusal import Refusal
from .answers import PASS, allow, recorded
from .facts import follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from .answers import Answer
    from .hook_call import Call


def send(call: Call, tool_input: dict[str, Any]) -> Answer:
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
        known = with_facts(call, name, fields)
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
    address = client_address(call, resolved, to)
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


def client_address(call: Call, resolved: str | None, to: Any) -> Any:
    """How the client spells a receiver here (measured). In -p names may be gone (resume) or ambiguous (spawned again); agent ids still work."""
    if resolved == tables.LEAD:
        if str(call.actor["agent_id"]).startswith("session:"):
            return tables.PANE_LEAD
        return to if to == tables.MAIN or to == tables.PANE_LEAD and not call.state["team"]["headless"] else tables.MAIN
    entry = view.entry(call.state, resolved)
    if call.state["team"]["headless"] and entry and entry["agent_id"] and (call.state["team"].get("resumed") or entry["inc"] > 1):
        return entry["agent_id"]  # a name that was spawned again "resolves to a different agent" for the client and is refused
    return to


def with_facts(call: Call, name: str, fields: dict[str, Any]) -> dict[str, Any]:
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
                "send it to `%s`" % client_address(call, tables.LEAD, tables.MAIN),
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
        address = client_address(call, resolved, to)
        if address != to:
            return allow({k: v for k, v in dict(tool_input, to=address).items() if k in ("to", "summary", "message", "notify_when_idle")})
    return PASS
