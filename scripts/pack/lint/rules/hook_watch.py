"""A FileChanged hook that never fires

A plugin's FileChanged hook fires only for paths that an answer of the plugin names: `watchPaths` from a SessionStart hook (or
CwdChanged, FileChanged). The matcher alone watches nothing.

Bad `hooks/hooks.json`:

    {"hooks": {"FileChanged": [{"matcher": "notes.md", "hooks": [{"type": "command", "command": "true"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "printf '{\\"hookSpecificOutput\\":{\\"hookEventName\\":\\"SessionStart\\",\\"watchPaths\\":[\\"%s/notes.md\\"]}}' \\"$PWD\\""}]}],
     "FileChanged": [{"matcher": "notes.md", "hooks": [{"type": "command", "command": "true"}]}]}}

Source: client 2.1.332, measured 2026-11-29
"""

from .. import hookfile
from ..scripts import of_handler

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
MAY_NAME_PATHS = ("SessionStart", "CwdChanged", "FileChanged")


def check(file, context):
    """The hooks of a plugin, wherever they stand."""
    first = None
    for handler in hookfile.handlers(file):
        if handler.event == "FileChanged" and handler.plugin is not None and handler.plugin.is_plugin:
            first = handler
            break
    if first is None:
        return
    plugin = first.plugin
    for other in plugin.of("hooks", "manifest") + [holder for holder, _, _ in plugin.entries]:
        for handler in hookfile.handlers(other):
            if handler.event in MAY_NAME_PATHS and handler.plugin is plugin and not _silent(handler, context.project):
                return
    yield file.hit(
        file.at(first.group_path[:-1], key=True),
        "FileChanged fires only for the watchPaths that a SessionStart hook answers with, and no hook of the plugin does: it never runs",
    )


def _silent(handler, project):
    """Is it certain that the hook names no watchPaths?"""
    if handler.command is None:
        return handler.type in ("prompt", "agent")
    if "watchPaths" in handler.command:
        return False
    for script in of_handler(handler):
        text = None
        if script.sub is not None and not script.escapes:
            text = script.read(project, handler.plugin.path(script.sub))
        if text is None or "watchPaths" in text or "import " in text and "watch" in text:
            return False
    return True
