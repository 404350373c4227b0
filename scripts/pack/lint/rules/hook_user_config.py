"""`${user_config.NAME}` that is not substituted

In a shell command the client refuses it (the value would be pasted into the shell): use `args`, or the variable
`CLAUDE_PLUGIN_OPTION_NAME`. A name that userConfig does not declare stays as it is.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo ${user_config.team}"}]}]}}

Good `.claude-plugin/plugin.json`, `hooks/hooks.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "userConfig": {"team": {"type": "string", "title": "Team", "description": "Whose work it is"}}}
    ---8<---
    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo \\"$CLAUDE_PLUGIN_OPTION_TEAM\\""}]}]}}

Source: client (2.1.207)
"""

from .. import hookfile
from ..lazy import lazy
from ..near import nearest

SEVERITY = "error"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_ENV = lazy(r"\bCLAUDE_PLUGIN_OPTION_([A-Z0-9_]{1,80})")
_OPTION = lazy(r"\$\{user_config\.([^}$\s]{1,80})\}")


def check(file, context):
    """Shell form, then names."""
    for handler in hookfile.handlers(file):
        command = handler.value.get("command")
        args = handler.value.get("args")
        if handler.command and "CLAUDE_PLUGIN_OPTION_" in command and handler.plugin is not None and handler.plugin.manifest:
            known = {name.upper() for name in options(handler.plugin)}
            for match in _ENV.finditer(command):
                if match.group(1) not in known and match.group(1) != "":
                    text = "userConfig declares no option for %s: it is never set%s"
                    yield file.hit(handler.at("command"), text % (match.group(), nearest(match.group(1), known)), None, "warning")
        texts = [("command",)] if isinstance(command, str) else []
        texts += [("args", index) for index, item in enumerate(args if isinstance(args, list) else ()) if isinstance(item, str)]
        for path in texts:
            text = command if path == ("command",) else args[path[1]]
            for match in _OPTION.finditer(text):
                if args is None:
                    yield file.hit(
                        handler.at(*path),
                        "${user_config.%s} is refused in a shell command; use args or CLAUDE_PLUGIN_OPTION_%s"
                        % (match.group(1), match.group(1).upper()),
                    )
                elif handler.plugin is not None and match.group(1) not in options(handler.plugin):
                    yield file.hit(handler.at(*path), "userConfig declares no %r" % match.group(1))


def options(plugin):
    """The keys of a plugin's userConfig and its channels'."""
    found = set()
    for file in plugin.of("manifest"):
        config = file.data.get("userConfig")
        found.update(config if isinstance(config, dict) else ())
        channels = file.data.get("channels")
        for channel in channels if isinstance(channels, list) else ():
            config = channel.get("userConfig") if isinstance(channel, dict) else None
            found.update(config if isinstance(config, dict) else ())
    return found
