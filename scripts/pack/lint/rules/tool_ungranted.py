"""The prompt tells the agent to use a tool that it was not granted

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Grep
    ---
    Save the report with the Write tool.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, Write
    ---
    Save the report with the Write tool.

Source: client
"""

from .. import tools
from ..lazy import IGNORECASE, lazy
from ..negation import clause_before
from ..source import line_start

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_MCP = lazy(r"\bmcp__[A-Za-z0-9_-]+__[A-Za-z0-9_-]+")
_NAMES: "tuple[str, ...]" = ("SendMessage", "TaskUpdate", "TaskCreate", "NotebookEdit", "WebFetch", "WebSearch", "TodoWrite")
_NAMES += ("AskUserQuestion",)
_NAMES += ("`Write`", "`Edit`", "`Bash`", "`Agent`", "Write to", "Edit to", " Bash", "Agent to")
_MCP_MARKS = ("mcp__",)
_ANY = (" tool", "mcp__") + _NAMES
# Who uses it is somebody else: "the orchestrator will continue this agent via SendMessage", "when agents execute via the Task tool".
_SOMEBODY = lazy(
    r"\b(?:orchestrator|coordinator|supervisor|(?:team )?lead(?:er)?|main (?:agent|thread|session|conversation|loop)|parent(?: agent)?|callers?|(?:calling|invoking|requesting|outer) (?:context|agent|session|command|skill|workflow|side|layer)|dispatcher|director"
    r"|other agents?|another agent|(?:the|a|each|every|your|when|these|those|other|if|as) (?:command|skill|hook|workflow|harness|client|system|router|agents|subagents?"
    r"|sub-agents?|teammates?)|they|he|she|who|which)\b(?![^.;!?]*\byou\b)[^.;!?,]*\Z"
    r"|\bmode (?:\w+ly )?\w+s\b[^.;!?]*\Z|\b(?:be|been|being|is|are|was|were|get|gets) (?:\w+ly )?(?:spawned|invoked|launched|dispatched|called|executed|run|triggered|started|delegated)\b[^.;!?,]*\Z"
    r"|\b(?:dispatch|spawn|invok|call|launch)(?:e?s|ed) you\b[^.;!?]*\Z|\btell the (?:user|caller|lead)\b[^.;!?]*\Z"
    r"|`/[\w:-]+` command[^.;!?,]*\Z|\b(?:execut|run|call|spawn|invok)ed [^.;!?]{0,30}\Z",
    IGNORECASE,
)
_NEVER = lazy(
    r"(?i)\b(?:never|do not|don't|avoid) (?:use|using|call|calling|rely on)\b[^.;!?]{0,90}\Z"
)  # "Never use `Find()`, `A()`, or `B()`"
_LOADED = lazy(r"(?i)\b(?:loaded|delegat(?:es?|ed|ing)|wrapped|exposed|offered|used|reached|reachable) \Z")  # "is loaded via Agent tool"
_IF_THERE = lazy(
    r"[`*]{0,2} (?:integration|API|webhook|endpoint|node)\b|[`*]{0,2}(?: tool)?,? which (?:this agent|it|you|the agent) (?:do(?:es)? not|don't|doesn't|lacks?|cannot)"
    r"|(?:[`*]{0,2} tool)?,? (?:if|when|where) (?:it is |you have it |it's )?(?:available|present|granted)"
)
_QUOTE = lazy(r"[(:] ?[\"“][A-Z][^\"”\n]*\Z")
_USE = lazy(
    r"\b(?:[Uu]s(?:e|ing)|[Cc]all(?:ing)?|[Ww]ith|[Vv]ia|[Ii]nvok(?:e|ing)|[Rr]un) (?:the |your )?[`*]{0,2}([A-Z][A-Za-z]{2,24})[`*]{0,2} tool\b"
    r"|\b(SendMessage|TaskUpdate|TaskCreate|NotebookEdit|WebFetch|WebSearch|TodoWrite)[`*]{0,2}\("
    r"|\b(?:[Uu]se|[Uu]sing|[Cc]all|[Ii]nvoke|[Vv]ia) (SendMessage|TaskUpdate|TaskCreate|NotebookEdit|WebFetch|WebSearch|TodoWrite)\b(?!-)"
    r"|\b(?:[Uu]se|[Uu]sing) (Write|Edit|Bash|Agent) to\b"
    r"|\b(?:[Ww]ith|[Vv]ia|[Tt]hrough|[Uu]sing) (?:the )?[`*]{0,2}(Bash|WebFetch|WebSearch|TodoWrite|AskUserQuestion|SendMessage|NotebookEdit|TaskCreate|TaskUpdate)[`*]{0,2}(?=[ .,;)\n])"
    r"|\b(?:[Uu]se|[Cc]all|[Ii]nvoke) `(SendMessage|TaskUpdate|TaskCreate|NotebookEdit|WebFetch|WebSearch|TodoWrite|Write|Edit|Bash|Agent)`"
)


def check(file, context):  # noqa: C901 - each skip is a false alarm that was seen
    """Agents with a list of tools, granted or taken away (the others have everything); commands and skills that take some away."""
    if file.front is None:
        return
    text, seen = file.text, set()
    if not file.holds(_ANY):
        return
    if file.kind != "agent":
        denied = tools.listed(file, "disallowed-tools") or ()
        denied = {tools.canonical(tool.name, context.facts) for tool in denied if tool.rule is None}
        granted, lack = context.facts.known_tools - denied, "which disallowed-tools takes away"
        if not denied:
            return
    elif "tools" in file.front or "disallowedTools" in file.front:
        granted = tools.granted(file, context.facts)
        lack = "which tools does not grant" if "tools" in file.front else "which disallowedTools takes away"
    else:
        return
    if not granted:
        return
    listed = {tools.canonical(tool.name, context.facts) for tool in tools.listed(file, "tools") or ()} if file.kind == "agent" else ()
    lines = file.lines_with((" tool",) + _NAMES)
    for match in (match for start, end in lines for match in _USE.finditer(text, start, end)):
        index = match.lastindex
        name = tools.canonical(match.group(index), context.facts)
        if name in listed:
            continue  # named in tools, and never given to a subagent: tool-unavailable says that
        if name not in context.facts.known_tools or name in granted or name in seen or file.prose.hidden(match.start()):
            continue
        if _SOMEBODY.search(clause_before(text, match.start())) or _IF_THERE.match(text, match.end()):
            continue
        if name == "Agent" and "subagent_type" in text[match.end() : match.end() + 120]:
            continue  # protocol-spawn speaks of it
        if _QUOTE.search(text, line_start(text, match.start()), match.start()):
            continue  # a sentence that is shown: ("Add a check via `Bash` to ...")
        before = text[max(0, match.start() - 40) : match.start()].lower()
        if any(
            word in before
            for word in (
                "not ",
                "n't",
                "never",
                "no ",
                "without",
                "instead of",
                "cannot",
                "rather than",
                "avoid",
                "reference to",
                "mentions of",
                "assistant",
                "claude ",
            )
        ):
            continue
        if _NEVER.search(clause_before(text, match.start())):
            continue
        if _LOADED.search(text, max(0, match.start() - 40), match.start()):
            continue
        if name in context.facts.agent["folded_into_bash"] and "Bash" in granted:
            continue
        seen.add(name)
        yield file.hit(match.span(index), "the prompt uses %s, %s" % (name, lack))
    if file.kind != "agent" or "tools" not in file.front:
        return
    servers = {name.rsplit("__", 1)[0] for name in granted if name.startswith("mcp__")} | {n for n in granted if n.startswith("mcp__")}
    for match in _MCP.finditer(text, file.body_start) if file.holds(_MCP_MARKS) else ():
        name = match.group()
        full = "_" + name[5:]  # mcp__plugin_NAME_server__tool is the whole name of mcp__server__tool
        if any(one.startswith("mcp__plugin_") and one.endswith(full) for one in granted):
            continue
        if name not in granted and name.rsplit("__", 1)[0] not in servers and not any("*" in n and n.startswith("mcp__") for n in granted):
            quoted = text.startswith(">", line_start(text, match.start()))  # what the user is to be told
            if name not in seen and not quoted and not file.prose.hidden(match.start()):
                seen.add(name)
                yield file.hit(match.span(), "the prompt uses %s, which tools does not grant" % name)
