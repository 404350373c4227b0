"""A hook without anything to run

An empty command succeeds and checks nothing. With `args` there is no shell: `command` must be one program, without its
arguments.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 -u", "args": ["${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"]}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3", "args": ["-u", "${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"]}]}]}}

Source: client
"""

from .. import hookfile
from ..lazy import lazy

SEVERITY = "error"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_VARIABLE = lazy(r"\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))")


def check(file, context):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """Commands, prompts, servers and headers that come to nothing."""
    for event, group, path, _ in hookfile.groups(file):
        if group.get("hooks") == []:
            yield file.hit(file.at(path + ("hooks",)), "%s: no hook in the list: nothing runs" % event, severity="warning")
    for handler in hookfile.handlers(file):
        value = handler.value
        command = handler.command
        if command is not None and not command.strip():
            yield file.hit(handler.at("command"), "the command is empty: the hook does nothing")
        elif (
            command is not None
            and isinstance(value.get("args"), list)
            and " " in command.strip()
            and "/" not in command
            and "\\" not in command
        ):
            yield file.hit(handler.at("command"), "with args there is no shell: no program is called %r" % command)
        if command is not None and "/dev/tty" in command and "2>/dev/null" not in command:
            yield file.hit(handler.at("command"), "a hook has no terminal: /dev/tty cannot be opened", severity="warning")
        server = value.get("server")
        if handler.type == "mcp_tool" and isinstance(server, str) and server.strip() and handler.plugin is not None:
            if handler.plugin.is_plugin and server.split(":")[-1] not in handler.plugin.mcp_servers():
                text = "the plugin has no MCP server %r: the hook fails unless the user happens to have one"
                yield file.hit(handler.at("server"), text % server, severity="warning")
        url = value.get("url")
        if handler.type == "http" and isinstance(url, str) and "://" in url and not url.lower().startswith(("http:", "https:")):
            yield file.hit(handler.at("url"), "%r is not reached over HTTP: the hook fails each time" % url)
        for key in ("prompt", "server", "tool"):
            if isinstance(value.get(key), str) and not value[key].strip() and handler.type in ("prompt", "agent", "mcp_tool"):
                yield file.hit(handler.at(key), "%s is empty: the hook does nothing" % key)
        if handler.type == "http" and isinstance(value.get("headers"), dict):
            allowed = value.get("allowedEnvVars")
            for name, text in value["headers"].items():
                for match in _VARIABLE.finditer(text) if isinstance(text, str) else ():
                    variable = match.group(1) or match.group(2)
                    if not isinstance(allowed, list) or variable not in allowed:
                        yield file.hit(
                            handler.at("headers", name),
                            "$%s is not in allowedEnvVars: it is sent empty" % variable,
                            severity="warning",
                        )
