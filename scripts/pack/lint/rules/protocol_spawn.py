"""A prompt spawns agents without the Agent tool

An agent whose `tools` do not list Agent (or Task, its old name) cannot spawn. A command's `allowed-tools` forbid nothing, but
whoever lists the tools of a command and leaves out the one that it spawns with has listed the wrong ones.

Bad `agents/lead.md`:

    ---
    name: lead
    description: Leads the team. Use when a plan is ready.
    tools: Read
    ---
    Spawn `demo-pack:reviewer` with subagent_type: "demo-pack:reviewer".

Good `agents/lead.md`:

    ---
    name: lead
    description: Leads the team. Use when a plan is ready.
    tools: Read, Agent
    ---
    Spawn `demo-pack:reviewer` with subagent_type: "demo-pack:reviewer".

Source: client
"""

from .. import ref_names, refs, tools
from ..lazy import lazy
from ..source import line_start

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_SPAWNED = lazy(
    r"\b(?:[Ss]pawn|[Ll]aunch|[Dd]ispatch|[Ss]tart) (?:the |an? |one |each )?[`*\"]{0,2}([a-z0-9][a-z0-9.-]{0,60}(?::[A-Za-z0-9_-]{1,60})+)"
)

_SHOWS = lazy(
    r"(?i)\b(?:if|when) (?:\w+ ){0,2}(?:invoked|called|spawned|run|launched)\b[^.;]{0,40}\Z|\b(?:example|pattern(?: [0-9]+)?|e\.g\.|for instance)[*_]{0,2}(?:\W{1,4}|, )[^.;]{0,40}\Z"
)


def check(file, context):
    """Agents with a list of tools, commands and skills with one, and a subagent_type in the prompt."""
    if file.front is None:
        return
    text = _lack(file, context.facts)
    if text is None:
        return
    for match in _SPAWNED.finditer(file.text, file.body_start) if "isallowed" in text else ():
        if match.group(1) in context.project.agent_ids and not file.prose.hidden(match.start()):
            yield file.hit(match.span(1), text)
            return
    for ref in ref_names.agents(file):
        line = file.text[line_start(file.text, ref.span[0]) : ref.span[0]]
        if file.kind == "agent" and _is_own(file, ref.name.rpartition(":")[2]):
            continue  # how this very agent is spawned, for who reads it
        if _SHOWS.search(line) or refs.about_skills(file):
            continue  # "Example: `Task(subagent_type=...)`": what is looked for in another text
        # In a command a fenced call is the instruction; elsewhere it may teach.
        if ref.kind == "type" and (not ref.fenced or file.kind == "command" and ref.name in context.project.agent_ids):
            yield file.hit(ref.span, text)
            return


def _is_own(file, name):
    return name == file.name[:-3] or file.front is not None and file.front.get("name") == name


def _lack(file, facts):
    if file.kind == "agent":
        granted = tools.granted(file, facts)
        if granted is None or "Agent" in granted:
            return None
        listed = "tools" in file.front
        return "the prompt spawns an agent, but " + ("tools does not grant Agent" if listed else "Agent is disallowed")
    denied = tools.listed(file, "disallowed-tools") or ()
    if any(tools.canonical(tool.name, facts) == "Agent" and tool.rule is None for tool in denied):
        return "the prompt spawns an agent, but disallowed-tools takes Agent away"
    allowed = tools.listed(file, "allowed-tools")
    if not allowed or any(tool.name in ("*", "Agent") or tools.canonical(tool.name, facts) == "Agent" for tool in allowed):
        return None
    return "the prompt spawns an agent, but allowed-tools names neither Agent nor Task"
