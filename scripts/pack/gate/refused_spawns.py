"""Spawns that were recorded and then not carried out: this hook was killed before it had answered, or another plugin's hook said no after it.

No event says so. The lead's own transcript does: the call's result stands there as an error. Without this the name, and the supervisor's role,
would be taken until SPAWN_TIMEOUT_SEC is over, and the lead's turn would end meanwhile, for somebody seems to be on the way.
"""

from __future__ import annotations

import os

from ..protocol import tables
from . import typed_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection
    from .hook_call import Call

AT = ("PreToolUse", "Stop", "UserPromptSubmit")
TAIL = 1 << 20  # bytes of the transcript's end that are read: a refused spawn is a moment old


def settle(call: Call) -> None:
    """Give up the spawns of earlier calls that the client refused; those of this very call, or without a result, are waited for."""
    if call.actor["role"] != tables.LEAD or call.payload["hook_event_name"] not in AT:
        return
    roster, now = call.state["roster"], call.payload.get("tool_use_id")
    waiting = {str(e["call"]): n for n, e in roster.items() if e["state"] == "SPAWNING" and e["call"] not in (None, now)}
    for use in _refused(str(call.payload.get("transcript_path") or ""), waiting) if waiting else ():
        name = waiting[use]
        call.gate("SPAWN_FAILED", name=name, inc=roster[name]["inc"], why="its call was refused after it had been recorded")


def _refused(transcript: str, uses: Collection[str]) -> list[str]:
    """Which of these calls have a result that is an error."""
    try:
        with open(transcript, "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - TAIL))
            lines = f.read().split(b"\n")
    except OSError:
        return []
    named = [line for line in lines if b'"tool_result"' in line and any(use.encode("utf-8", "replace") in line for use in uses)]
    failed = {use for line in named for use in typed_words.failed(line)}
    return [use for use in uses if use in failed]
