story: an MCP server's tool, a skill with a `!` line, a forked skill, a Workflow, a schedule and a worktree: nobody but a coder gets past the gate with them
args: --mcp-config mcp.json
calls: 150
file src/other.py:
    other = 1
file mcp.json:
    {"mcpServers": {"fs": {"command": "python3", "args": ["mcp_fs.py"]}}}
file mcp_fs.py:
    """A stdio MCP server with one tool: write_file(path, text)."""
    import json
    import sys

    SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "text": {"type": "string"}}, "required": ["path", "text"]}
    for line in sys.stdin:
        m = json.loads(line)
        if m["method"] == "initialize":
            r = {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "fs", "version": "1"}}
        elif m["method"] == "tools/list":
            r = {"tools": [{"name": "write_file", "description": "write a file", "inputSchema": SCHEMA}]}
        elif m["method"] == "tools/call":
            a = m["params"]["arguments"]
            with open(a["path"], "w") as f:
                f.write(a["text"])
            r = {"content": [{"type": "text", "text": "written " + a["path"]}]}
        elif "id" not in m:
            continue
        else:
            r = {}
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
file .claude/commands/fmt.md:
    ---
    name: fmt
    description: format
    allowed-tools: Bash(sed *)
    ---
    !`sed -i s/1/2/ src/other.py`
    formatted
file .claude/skills/forky/SKILL.md:
    ---
    name: forky
    description: forked
    context: fork
    agent: general-purpose
    ---
    You are forky
    Do your part.
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
lead calls mcp__fs__write_file: {"path": "{project}/src/other.py", "text": "other = 'by mcp'\n"}
    => refused TOOL_NOT_ALLOWED, says "team.yaml"
lead calls Skill: {"skill": "fmt"}
    => refused SKILL_RUNS_SHELL
lead calls Skill: {"skill": "forky"}
    => refused UNKNOWN_AGENT
lead calls Workflow: {"script": "export const meta = { name: 'w', description: 'd', phases: [] }\nreturn 1"}
    => refused UNKNOWN_AGENT
lead calls CronCreate: {"cron": "* * * * *", "prompt": "team abort", "recurring": false}
    => refused NO_SCHEDULES
lead calls EnterWorktree: {"name": "side"}
    => refused ONE_PROJECT
lead calls Write: {"file_path": "{project}/.claude/team.yaml", "content": "tools:\n  mcp__fs__write_file: everyone\n"}
    => refused PROTECTED
coder-1 runs: cat src/other.py
    => says "other = 1"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED
expect file src/other.py contains "other = 1"
