"""`/team:status`, `/team:help` and their like: the words a user types to the team, as commands of the plugin.

A command that a hook blocks leaves an empty input line and shows the reason only; a typed word that is blocked stays in the line, and the
next Enter sends it again (CLIENT 5.3, 10.5). The model is not called either way, and cannot call them (`disable-model-invocation`).
"""

from __future__ import annotations

from ..base import codec
from ..base.streams import shown as visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    from ..base.protocols import Env
    from .answers import Answer

WORDS = ("status", "resume", "abort", "accept")  # each is `team WORD` typed
HELP = "help"


def word(payload: dict[str, Any]) -> str | None:
    """Which of these commands a UserPromptExpansion is; None for any other command."""
    plugin, _, name = str(payload.get("command_name") or "").rpartition(":")
    known = name in WORDS + (HELP,) and plugin == "team" and payload.get("command_source") in (None, "plugin")
    return name if known else None


def answered(name: str, payload: dict[str, Any], env: Env, project: str, data: str, typed: Callable[[dict[str, Any]], Answer]) -> Answer:
    """The answer to the command. typed: what answers the same words typed as a prompt."""
    if name == HELP:
        from . import situation

        return _shown(situation.text(project, data, env, inside=True))
    line = ("team %s %s" % (name, str(payload.get("command_args") or "").strip())).strip()
    _code, out, err = typed(dict(payload, hook_event_name="UserPromptSubmit", prompt=line))
    if not out and not err:  # a sentence that begins so is no command where no team ever was; this is one
        _code, out, err = typed(dict(payload, hook_event_name="UserPromptSubmit", prompt="team status"))
    found = codec.loads(out) if out else {}
    return _shown(str(found.get("reason") or err or "team: `%s` has nothing to do here. /team:help says what can be done." % line))


def _shown(text: str) -> Answer:
    own = {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}
    return 0, codec.dumps({"decision": "block", "reason": visible(text), "hookSpecificOutput": own}), ""
