"""`${user_config.NAME}` that is not substituted

In a shell command the client refuses it (the value would be pasted into the shell): use `args`, or the variable
`CLAUDE_PLUGIN_OPTION_NAME`. A name that userConfig does not declare stays as it is.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo ${user_config.team}"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo \\"$CLAUDE_PLUGIN_OPTION_TEAM\\""}]}]}}

Source: client 2.1.329 (2.1.207)
"""

from .. import hookfile
from ..lazy import lazy

SEVERITY = "error"
_OPTION = lazy(r"\$\{user_config\.([^}$\s]{1,80})\}")


def check(file, context):
    """Shell form, then names."""
    for handler in hookfile.handlers(file):
        command = handler.value.get("command")
        args = handler.value.get("args")
        texts = [("command",)] if isinstance(command, str) else []
        texts += [
            ("args", index)
            for index, item in enumerate(args if isinstance(args, list) else ())
            if isinstance(item, str)
        ]
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
