"""What a hook call does once the package can be imported: hooks/gate.py starts it. It knows every kind of run and hands them to the gate."""

from __future__ import annotations

import os
import sys

from ..base import codec
from ..gate import entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..gate.answers import Answer


def peer() -> int | None:
    """The process at the other end of standard input, None where that is no socket. The client talks to its hooks through a socket pair
    of its own (measured); what an agent starts from Bash can make none that the client made."""
    try:
        if os.fstat(0).st_mode & 0o170000 != 0o140000:
            return None
        import _socket

        line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 0)
        try:
            return int.from_bytes(line.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
        finally:
            line.detach()
    except (ImportError, OSError, AttributeError, ValueError):
        return None


def waves() -> Any:
    """What differs in a run of waves; loaded only where one is live or asked for."""
    from ..realtime import wave_runs

    return wave_runs.RUN


def fleet() -> Any:
    """What a run of a fleet does besides; loaded only where the project or the run is in one."""
    from ..fleet import desk

    return desk


def answer(event: str, guarded: Sequence[str], raw: bytes) -> Answer:
    """The hook's answer to a payload as it came in; RuntimeError where that cannot be read. guarded: the events that fail closed."""
    try:
        payload = codec.loads(raw.decode("utf-8", "replace"))
        if not isinstance(payload, dict):
            raise ValueError("not an object")
        payload.setdefault("hook_event_name", event)
    except ValueError as error:
        raise RuntimeError("the client's payload cannot be read: %s" % error) from None
    try:
        if event == "Watch":
            from ..gate import watcher

            return watcher.run(entry.normal(payload), os.environ, peer=peer())
        return entry.handle(payload, os.environ, peer=peer(), waves=waves, fleet=fleet)
    except BaseException as error:  # whatever it is, a guarded call stays closed and nobody sees a traceback
        from ..gate import prompt_lines

        name, prompt = payload["hook_event_name"], payload.get("prompt")
        closed = name in guarded or name == "UserPromptSubmit" and isinstance(prompt, str) and prompt_lines.for_the_team(prompt)
        return entry.trouble(error, name if closed else None)
