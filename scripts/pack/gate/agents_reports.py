"""What agents report becomes facts of the journal: listed risks, a risk tester's verdict, what the tech lead decided upon them."""

from __future__ import annotations

from ..base import redact
from ..protocol import reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from .hook_call import Call


def risks(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a `RISKS: N` line's fields: the list, its counts, and for none the reason that stands below."""
    listed = reports.risks(fields["n"], fields["body"])
    for risk in listed:
        risk["what"] = redact.text(risk["what"])
    reason = redact.text(" ".join(fields["body"].split())[:300]) if not fields["n"] else ""
    return {"counts": reports.counts(listed), "list": listed, "reason": reason}


def verdicts(call: Call, text: object) -> None:
    """Record the verdicts of a risk tester's report, each once; one on a risk that nobody listed is left out."""
    name, inc = call.actor["name"], call.actor["inc"]
    for risk, verdict, severity in reports.verdicts(text) if isinstance(text, str) else ():
        known = call.state["risks"]["verdicts"].get(str(risk))
        if known == {"verdict": verdict, "severity": severity, "by": name, "inc": inc}:
            continue
        call.gate("RISK_VERDICT", name=name, inc=inc, risk=risk, verdict=verdict, severity=severity)


def decided(call: Call, tool_input: Mapping[str, Any]) -> None:
    """The tech lead wrote DECISIONS.md while risks are open: record which of them its text names."""
    analysis = call.state["risks"]
    if analysis["counts"] is None or analysis["mitigated"]:
        return
    texts = [tool_input.get("content"), tool_input.get("new_string")] + [
        edit.get("new_string") for edit in tool_input.get("edits") or () if isinstance(edit, dict)
    ]
    named = reports.risks_named("\n".join(text for text in texts if isinstance(text, str)))
    if named:
        call.append("DECISIONS_WRITTEN", key=call.key, risks=named)
