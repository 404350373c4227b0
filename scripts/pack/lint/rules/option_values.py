"""userConfig and channels that do not fit the rest of the manifest

A default of another type than the option's is dropped; a channel needs a server of the plugin.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "channels": [{"server": "ghost"}]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client 2.1.329
"""

from ..near import nearest

SEVERITY = "warning"
_TYPES = {"string": str, "number": (int, float), "boolean": bool, "directory": str, "file": str}


def check(file, context):
    """Types of defaults, servers of channels."""
    options = file.data.get("userConfig")
    for name, option in options.items() if isinstance(options, dict) else ():
        if not isinstance(option, dict) or option.get("default") is None or option.get("multiple"):
            continue
        wanted, value = option.get("type"), option["default"]
        legal = _TYPES.get(wanted) if isinstance(wanted, str) else None
        if legal and (not isinstance(value, legal) or wanted == "number" and isinstance(value, bool)):
            span = file.at(("userConfig", name, "default"))
            yield file.hit(span, "the default of %s is no %s" % (name, wanted))
    channels = file.data.get("channels")
    servers = file.plugin.mcp_servers() if file.plugin is not None and channels else ()
    for index, channel in enumerate(channels if isinstance(channels, list) else ()):
        server = channel.get("server") if isinstance(channel, dict) else None
        if isinstance(server, str) and server not in servers:
            span = file.at(("channels", index, "server"))
            yield file.hit(span, "the plugin has no MCP server %r%s" % (server, nearest(server, servers)))
