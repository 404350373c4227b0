"""A person is needed, or the run is over: said once, by the terminal's bell and its notification, and by a command of the user's choice.

TEAM_NOTIFY in the client's environment (`"env"` in settings.json, or the shell): `off` for silence, anything else is that command; the text
is its last argument. The client passes OSC 9, OSC 777 and BEL of an answer on to its terminal (`terminalSequence`; CLIENT 1.16), from the
events below, not from SessionStart and TeammateIdle; in `-p` there is no terminal, and only the command runs.
"""

from __future__ import annotations

import os

from ..base import codec, needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..base.protocols import Env
    from .answers import Answer
    from .hook_call import Call

SPEAKS = (
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "Stop",
    "SubagentStart",
    "SubagentStop",
)  # seen to reach the terminal: 2.1.329, 2.1.332
SETTING = "TEAM_NOTIFY"


def news(state: Any) -> str:
    """What a person has to know now, "" for nothing."""
    name = state["team"]["name"]
    if state["phase"] == "CLOSED":
        how = "aborted" if state["teardown"]["aborted"] else "finished"
        return "%s is %s: %s" % (name, how, needed.done(state))
    yours = needed.of_the_user(dict(state, paused=False))  # who paused it knows
    return "%s needs you: %s" % (name, yours) if yours else ""


def added(call: Call, answer: Answer) -> Answer:
    """The answer, and with it what has not been said yet."""
    wish, text, event = call.env.get(SETTING, ""), news(call.state), call.payload["hook_event_name"]
    code, out, err = answer
    terminal = call.env.get("CLAUDE_CODE_ENTRYPOINT") == "cli"
    if not text or wish.strip().casefold() == "off" or terminal and (code or event not in SPEAKS):
        return answer
    path, mark = os.path.join(call.store.data, "notified"), text.encode("utf-8", "replace")
    if (call.store.disk.read(path) or b"") == mark:
        return answer
    call.store.disk.replace(path, mark)
    if wish.strip():
        _run(wish, text)
    if not terminal:
        return answer
    return code, codec.dumps(dict(codec.loads(out) if out else {}, terminalSequence=sequence(text, call.env))), err


def sequence(text: str, env: Env) -> str:
    """The terminal's notification and its bell. OSC 777 where the terminal is known for it, else OSC 9: one that knows both would show two."""
    clean = "".join(" " if c < " " or c in ";\x7f" or "\x80" <= c < "\xa0" else c for c in text)[:200]
    by_777 = env.get("VTE_VERSION") or env.get("TERM_PROGRAM") == "ghostty" or env.get("TERM", "").startswith(("rxvt", "foot"))
    return ("\033]777;notify;team;%s\a" if by_777 else "\033]9;team: %s\a") % clean + "\a"


def _run(command: str, text: str) -> None:
    """Start the user's command and wait for nothing; its output goes nowhere, for standard output is the hook's answer."""
    import subprocess

    nowhere = subprocess.DEVNULL
    argv = ["sh", "-c", '( eval "$1" \'"$2"\' ) &', "team-notify", command, "team: " + text]
    try:
        subprocess.run(argv, start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    except OSError:
        pass
