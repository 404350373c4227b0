"""An MCP tool of the plugin's own server under a name that it does not have

A plugin's server `db` gives `mcp__plugin_PLUGIN_db__TOOL`. `mcp__db__TOOL` is the tool of a server that the user set up.

Bad `.mcp.json`, `agents/reviewer.md`:

    {"mcpServers": {"db": {"command": "npx", "args": ["-y", "db-server"]}}}
    ---8<---
    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, mcp__db__query
    ---
    Review.

Good `.mcp.json`, `agents/reviewer.md`:

    {"mcpServers": {"db": {"command": "npx", "args": ["-y", "db-server"]}}}
    ---8<---
    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read, mcp__plugin_demo-pack_db__query
    ---
    Review.

Source: client
"""

from .. import tools
from ..near import nearest
from .tool_unknown import KEYS

SEVERITY = "warning"
FILES = ("agent", "command", "skill")


def check(file, context):
    """Lists of tools in plugins that ship servers."""
    plugin = file.plugin
    if "mcp__" not in file.text or plugin is None or not plugin.is_plugin:
        return
    servers = plugin.mcp_servers()
    for key in KEYS[file.kind] if servers else ():
        for tool in tools.listed(file, key) or ():
            server = tool.name[5:].split("__")[0] if tool.name.startswith("mcp__") else ""
            span = (tool.span[0], tool.span[0] + len(tool.name))
            if server in servers:
                real = "mcp__plugin_%s_%s%s" % (plugin.names[0], server, tool.name[5 + len(server) :])
                yield file.hit(span, "the tools of the plugin's own server %r are called %s" % (server, real))
                continue
            for name in plugin.names:
                prefix = "plugin_%s_" % name
                rest = server[len(prefix) :]
                if server.startswith(prefix) and rest not in servers and "*" not in rest:
                    yield file.hit(span, "the plugin has no MCP server %r%s" % (rest, nearest(rest, servers)))
