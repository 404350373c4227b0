"""The client's tools by what they can do to a run: data, with a source each.

[d.ts] is sdk-tools.d.ts of client 2.1.329, [client] read in its bundle, [docs] the client's own pages, [measured] seen in a run.
A tool that stands nowhere here is unknown, and is decided by role (protocol/tool_use.py).
"""

from __future__ import annotations

# No hook is started for these: they read, show, ask the user, or change only what the client keeps of the session.
# hooks.json matches every tool but these (scripts/dev/generate.py).
HARMLESS = {
    "Read": "[d.ts] FileReadInput: reads one file",
    "Glob": "[d.ts] GlobInput: lists files",
    "Grep": "[d.ts] GrepInput: searches files",
    "LSP": "[client] asks a language server: definitions, references, symbols; no rename",
    "ListAgents": "[client] lists agents",
    "TaskGet": "[d.ts] TaskGetInput: reads one of the client's tasks",
    "TaskList": "[d.ts] TaskListInput: reads the client's tasks",
    "TaskOutput": "[client] reads what a background task printed",
    "TodoWrite": "[d.ts] TodoWriteInput: the session's own list",
    "ToolSearch": "[client] loads the schema of a deferred tool; calling it is another call",
    "WebFetch": "[d.ts] WebFetchInput: reads a page",
    "WebSearch": "[d.ts] WebSearchInput: searches the web",
    "AskUserQuestion": "[d.ts] AskUserQuestionInput: asks the user",
    "EnterPlanMode": "[d.ts] EnterPlanModeInput: fewer rights, no write",
    "ExitPlanMode": "[d.ts] ExitPlanModeInput: asks the user to accept a plan",
    "CronList": "[d.ts] CronListInput: lists schedules",
    "CronDelete": "[d.ts] CronDeleteInput: ends a schedule, which gives nobody a word",
    "ListMcpResourcesTool": "[d.ts] ListMcpResourcesInput: lists resources",
    "ReadMcpResourceTool": "[d.ts] ReadMcpResourceInput: reads a resource",
    "ReadMcpResourceDirTool": "[d.ts] ReadMcpResourceDirInput: lists resources",
    "WaitForMcpServers": "[client] waits",
    "ReportFindings": "[d.ts] ReportFindingsInput: shows findings",
    "PushNotification": "[d.ts] PushNotificationInput: a note to the user",
}

# What ends the lead's turn so that no Stop hook is heard any more. It changes nothing.
ANSWERING = {"StructuredOutput": "[measured] the answer in the shape that the caller of -p asked for (CLIENT 1.33)"}

# What makes a prompt come without anybody typing it. While a run is live nobody of the team may.
SCHEDULING = {
    "CronCreate": "[measured] its prompt arrives like typing, without `source` (CLIENT 1.14)",
    "ScheduleWakeup": "[d.ts] ScheduleWakeupInput: sends the session a prompt later",
    "RemoteTrigger": "[d.ts] RemoteTriggerInput: makes and fires triggers elsewhere",
}

# The same by tools of a server of the client's own ("Claude Code Remote"), whatever it is called here. [client] read in 2.1.332's bundle: it is
# connected in sessions that run elsewhere.
SCHEDULING_MCP = ("create_trigger", "update_trigger", "fire_trigger", "send_later")

# What starts agents that no roster knows.
AGENT_STARTERS = {"Workflow": "[measured] its agents have no role in the run (CLIENT 1.21)"}

# What moves a session out of the project that the gate looks at.
MOVING = {
    "EnterWorktree": "[measured] the cwd of the lead and of its subagents becomes the worktree (CLIENT 5.7)",
    "ExitWorktree": "[d.ts] ExitWorktreeInput: goes back, and may remove the worktree",
}

# The research servers that the seed of web-researcher names, by their reading tools. What writes, orders or pays is not here
# (codewiki_request_indexing, ...). Sources: each server's own README or tool list, 2026-11.
RESEARCH = {
    "context7": ("resolve-library-id", "get-library-docs", "query-docs"),  # github.com/upstash/context7
    "exa": (  # github.com/exa-labs/exa-mcp-server
        "web_search_exa",
        "web_search_advanced_exa",
        "deep_search_exa",
        "get_code_context_exa",
        "crawling_exa",
        "company_research_exa",
        "people_search_exa",
        "linkedin_search_exa",
        "deep_researcher_start",
        "deep_researcher_check",
    ),
    "tavily": tuple(  # github.com/tavily-ai/tavily-mcp; older releases write a dash
        "tavily%s%s" % (mark, verb) for verb in ("search", "extract", "crawl", "map", "research") for mark in "_-"
    ),
    "codewiki": (  # npm codewiki-mcp 1.1, PyPI codewiki-mcp
        "codewiki_search_repos",
        "codewiki_fetch_repo",
        "codewiki_ask_repo",
        "codewiki_list_topics",
        "codewiki_read_structure",
        "codewiki_read_contents",
        "codewiki_search_wiki",
    ),
    "grep": ("searchGitHub",),  # mcp.grep.app
    "deepwiki": ("read_wiki_structure", "read_wiki_contents", "ask_question"),  # mcp.deepwiki.com
}


def mcp(name: str) -> tuple[str, str] | None:
    """(server, tool) of a tool of an MCP server: `mcp__SERVER__TOOL`, a plugin's `mcp__plugin_PLUGIN_SERVER__TOOL`; else None."""
    if not name.startswith("mcp__"):
        return None
    server, found, tool = name[len("mcp__") :].partition("__")
    return (server, tool) if found else None


def schedules(name: str) -> bool:
    """Whether a tool makes a prompt come later, or from elsewhere."""
    pair = mcp(name)
    return name in SCHEDULING if pair is None else pair[1] in SCHEDULING_MCP


def researches(name: str) -> bool:
    """Whether a tool is a reading tool of a research server, the user's own or one that a plugin brings."""
    pair = mcp(name)
    if pair is None:
        return False
    server, tool = pair
    own = server if server in RESEARCH else server.rpartition("_")[2] if server.startswith("plugin_") else ""
    return tool in RESEARCH.get(own, ())
