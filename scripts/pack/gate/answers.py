"""What a hook may answer (CLIENT 1.5): nothing, or exactly one JSON object; a refusal is a JSON deny *and* exit code 2."""

from __future__ import annotations

from ..base import codec
from ..base.streams import shown as visible
from ..protocol.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Tuple

    Answer = Tuple[int, str, str]  # exit code, standard output, standard error


def deny(refusal: Refusal | str) -> Answer:
    """Refuse a tool call: JSON for the reason, exit code 2 for clients that do not read it."""
    text = visible(refusal.text() if isinstance(refusal, Refusal) else refusal)
    return (
        2,
        codec.dumps(
            {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": text}}
        ),
        text,
    )


def stop(refused: Answer, text: str) -> Answer:
    """The answer `refused`, and with it the end of the turn: nothing that this model could send would pass. text: what the user is shown."""
    code, out, err = refused
    return code, codec.dumps(dict(codec.loads(out), **{"continue": False, "stopReason": visible(text)})), err


RECORDED = "team: recorded"  # how the answer to a message begins that has had its effect and is not sent on


def recorded(line: str) -> Answer:
    """A message whose meaning is in the journal now and that nobody has to be woken for: its call is not made. A hook has no other way to
    keep the client from delivering it."""
    return deny(RECORDED + ": `%s`. All that it says is done; it is not sent on, because nobody has to act on it. Go on." % line)


def allow(updated: Mapping[str, Any], context: str | None = None, shown: str = "") -> Answer:
    """Allow a call with another input (only keys of the tool's schema); shown: a line for the user besides."""
    out = {"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": updated}
    if context:
        out["additionalContext"] = context
    return 0, codec.dumps(dict({"hookSpecificOutput": out}, **({"systemMessage": visible(shown)} if shown else {}))), ""


def tell(event: str, text: str, shown: str = "") -> Answer:
    """Put text in front of the one who is calling; shown: a line for the user besides."""
    if not text:
        return PASS
    out = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text[:9000]}}
    return 0, codec.dumps(dict(out, systemMessage=visible(shown)) if shown else out), ""


def block(text: str) -> Answer:
    """Block a prompt with a text."""
    return 0, codec.dumps({"decision": "block", "reason": visible(text)}), ""


def go_on(event: str, text: str, version: tuple[int, ...] | None) -> Answer:
    """Keep a turn going at its end (Stop, SubagentStop) with a text. As context it reaches the model once; a block shows the user "Stop hook
    reported a problem", and the model the hook's whole command line besides (CLIENT 1.15). Older clients than those measured get the block."""
    return tell(event, text) if version is None or version >= GOES_ON_BY_CONTEXT else block(text)


GOES_ON_BY_CONTEXT = (2, 1, 329)  # measured on this one and on 2.1.332, for the lead and for agents; TeammateIdle ignores it


def hush(text: str) -> Answer:
    """Drop a prompt that nobody typed: the reason is shown in one line, the prompt itself is not."""
    return (
        0,
        codec.dumps(
            {
                "decision": "block",
                "reason": visible(text),
                "hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "suppressOriginalPrompt": True},
            }
        ),
        "",
    )


PASS: Answer = (0, "", "")
