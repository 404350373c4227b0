"""Before a tool call that no rule of its own knows: schedules, worktrees, workflows, skills, tools of MCP servers and of later clients.

hooks.json sends everything here but the tools of base/tool_table.HARMLESS; what is unknown is decided by role (protocol/tool_use.py).
"""

from __future__ import annotations

from ..base import tool_table
from ..protocol import tables, tool_use
from ..protocol.refusal import Refusal
from .answers import PASS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator
    from .answers import Answer
    from .hook_call import Call

SKILLS = ("Skill", "SlashCommand")


def decide(call: Call, tool: str, tool_input: dict[str, Any]) -> Answer | bool:
    """The answer to the call; raises Refusal. True instead: let it through, and look afterwards at what it changed."""
    actor = call.actor
    if actor["role"] == "foreign":
        return PASS
    if tool_table.schedules(tool):
        if tool == "ScheduleWakeup" and tool_input.get("stop") is True:
            return PASS
        raise Refusal(
            "NO_SCHEDULES",
            "nobody schedules a prompt while a run is live: it would come back looking like the user's typing",
            tool,
            "go on without it: the gate tells each of the team when it has something to do",
            tool,
        )
    if tool in tool_table.AGENT_STARTERS:
        raise Refusal(
            "UNKNOWN_AGENT",
            "%s starts agents that are not in the roster" % tool,
            "caller: %s" % actor["name"],
            "spawn agents of the team: Agent(subagent_type: \"team:ROLE\", name: ...)"
            if actor["role"] == tables.LEAD
            else "send QUESTION to the lead and say whom you need",
            "SPAWN_REQUESTED",
        )
    if tool in tool_table.MOVING:
        return _moved(call, tool)
    if tool in tool_table.ANSWERING:
        return _answers(call)
    if tool in SKILLS:
        from . import skill_files

        return skill_files.decide(call, tool_input)
    _spares_what_is_protected(call, tool, tool_input)
    refusal = tool_use.may_use(call.state, actor, tool, tool_table.researches(tool))
    if refusal is not None:
        raise refusal
    return PASS if tool_table.researches(tool) else True


def _answers(call: Call) -> Answer:
    """The lead gives the answer that the caller of `-p --json-schema` waits for. That ends its turn, and what Stop says after it is not heard:
    so it is told here what is next, as at Stop, and as often."""
    from . import turns
    from .answers import deny

    text = turns.still_to_do(call) if call.actor["role"] == tables.LEAD else None
    return deny(text) if text else PASS


def _moved(call: Call, tool: str) -> Answer | bool:
    """Everybody of the run works in the project's own folder: there the gate looks."""
    import os

    cwd = os.path.realpath(call.payload.get("cwd") or call.project)
    root = os.path.realpath(call.project)
    if (
        tool == "ExitWorktree"
        and call.actor["role"] == tables.LEAD
        and not (cwd + os.sep).startswith(root + os.sep + ".claude" + os.sep + "work")
    ):
        return PASS  # there is nothing to leave, and the client says so
    if tool == "ExitWorktree" and call.actor["role"] == tables.LEAD and call.payload["tool_input"].get("action") == "keep":
        return PASS
    raise Refusal(
        "ONE_PROJECT",
        "%s would move the session away from the project of the run" % tool,
        "the run works in %s" % call.project,
        "stay; a user who wants a worktree ends the run, or opens one there: `claude -w NAME`, then /build",
        tool,
    )


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    """Every text in a tool's input, so deep as inputs are."""
    if isinstance(value, str):
        yield value
    elif depth < 6:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            for text in _texts(one, depth + 1):
                yield text


def _spares_what_is_protected(call: Call, tool: str, tool_input: dict[str, Any]) -> None:
    """An unknown tool that is handed a protected path is refused whoever calls: what it would do with it nobody here knows."""
    import os

    from ..base import project_facts
    from .before_write import protected

    for text in _texts(tool_input):
        text = text[len("file://") :] if text.startswith("file://") else text
        if not text or len(text) > 4096 or "\n" in text or "\0" in text or os.sep not in text and not text.startswith("."):
            continue
        _rel, full = project_facts.relative(call.project, text, call.payload.get("cwd"))
        why = protected(call, full)
        if why and os.path.realpath(call.project).casefold() != full.casefold() and not _holds(full, call.project):
            raise Refusal(
                "PROTECTED", "%s is handed %s" % (tool, text[:200]), why, "leave it alone; `pack status` and `pack log` show the run", tool
            )


def _holds(folder: str, project: str) -> bool:
    """Whether a folder holds the project: naming it harms nothing by itself."""
    import os

    return (os.path.realpath(project) + os.sep).casefold().startswith(folder.rstrip(os.sep).casefold() + os.sep)
