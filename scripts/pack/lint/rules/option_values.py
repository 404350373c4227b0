"""userConfig and channels that do not fit the rest of the manifest

A default of another type than the option's is dropped; a channel needs a server of the plugin.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "channels": [{"server": "ghost"}]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client
"""

from ..near import nearest

SEVERITY = "warning"
FILES = ("manifest",)
_TYPES = {"string": str, "number": (int, float), "boolean": bool, "directory": str, "file": str}


def check(file, context):
    """Types of defaults, servers of channels."""
    options = file.data.get("userConfig")
    seen = {}
    for name, option in options.items() if isinstance(options, dict) else ():
        first = seen.setdefault(name.upper(), name)
        if first != name:
            text = "%r and %r are one variable, CLAUDE_PLUGIN_OPTION_%s"
            yield file.hit(file.at(("userConfig", name), key=True), text % (first, name, name.upper()))
        if isinstance(option, dict):
            for key, text in _odd(name, option):
                yield file.hit(file.at(("userConfig", name, key)), text)
    channels = file.data.get("channels")
    servers = file.plugin.mcp_servers() if file.plugin is not None and channels else ()
    for index, channel in enumerate(channels if isinstance(channels, list) else ()):
        server = channel.get("server") if isinstance(channel, dict) else None
        if isinstance(server, str) and server in [other.get("server") for other in channels[:index] if isinstance(other, dict)]:
            yield file.hit(file.at(("channels", index, "server")), "%r is already a channel" % server)
        if isinstance(server, str) and server not in servers:
            span = file.at(("channels", index, "server"))
            yield file.hit(span, "the plugin has no MCP server %r%s" % (server, nearest(server, servers)))


def _odd(name, option):
    """Yield (key, what is wrong with it)."""
    kind, value, low, high = option.get("type"), option.get("default"), option.get("min"), option.get("max")
    for key in ("min", "max"):
        if _is_number(option.get(key)) and isinstance(kind, str) and kind in _TYPES and kind != "number":
            yield key, "%s has no meaning for %s, a %s" % (key, name, kind)
    if _is_number(low) and _is_number(high) and low > high:
        yield "min", "no number is at least %s and at most %s" % (low, high)
    if option.get("multiple") is True and kind in ("boolean", "number"):
        yield "multiple", "multiple is for text, not for a %s" % kind
    if value is None:
        return
    values = value if isinstance(value, list) else [value]
    if option.get("multiple") is True and not isinstance(value, list):
        yield "default", "the default of %s, of which there may be several, is no list" % name
    legal = _TYPES.get(kind) if isinstance(kind, str) else None
    if legal and not all(isinstance(item, legal) and (kind == "boolean" or not isinstance(item, bool)) for item in values):
        yield "default", "the default of %s is no %s" % (name, kind)
    elif kind == "number" and any(_is_number(low) and item < low or _is_number(high) and item > high for item in values):
        yield "default", "the default of %s is outside of min and max" % name
    choices = option.get("options")
    if isinstance(choices, list) and choices and any(item not in choices for item in values):
        yield "default", "the default of %s is none of its options" % name
    if option.get("sensitive") is True and any(isinstance(item, str) and item for item in values):
        yield "default", "the default of a sensitive option is in every copy of the plugin"


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
