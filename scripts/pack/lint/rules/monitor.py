"""A monitor that cannot start, or never does

Its command runs in the session's folder, like a hook's. `when: on-skill-invoke:NAME` waits for a skill of this plugin.

Bad `monitors/monitors.json`:

    [{"name": "build", "description": "Watches the build", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/ghost.py\\""}]

Good `monitors/monitors.json`:

    [{"name": "build", "description": "Watches the build", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]

Source: client
"""

from .. import shell
from ..near import nearest

SEVERITY = "warning"
FILES = ("manifest", "monitors")


def check(file, context):
    """monitors/monitors.json and the manifest's own."""
    plugin, project = file.plugin, context.project
    if plugin is None or not plugin.is_plugin:
        return
    for path, monitor in _monitors(file):
        command, when = monitor.get("command"), monitor.get("when")
        for run in shell.runs(command) if isinstance(command, str) else ():
            sub = shell.under_root(run.word.text)
            if sub and "$" not in sub and not project.exists(plugin.path(sub)):
                yield file.hit(file.at(path + ("command",)), "no file %s in the plugin: it cannot start" % sub, None, "error")
            elif sub is None and project.listing.get(plugin.path(run.word.text)):
                text = "%s is looked for in the user's folder; write ${CLAUDE_PLUGIN_ROOT}/%s"
                yield file.hit(file.at(path + ("command",)), text % ((run.word.text,) * 2))
        if isinstance(when, str) and when.startswith("on-skill-invoke:"):
            name = when.split(":", 1)[1].rsplit(":", 1)[-1]
            if name not in plugin.commands():
                hint = nearest(name, plugin.commands())
                yield file.hit(file.at(path + ("when",)), "no skill %r: the monitor never starts%s" % (name, hint))


def _monitors(file):
    if file.kind == "monitors":
        document = file.json
        holders = [((), document.value if document is not None else None)]
    else:
        data = file.data
        inner = data.get("experimental")
        holders = [(("monitors",), data.get("monitors"))]
        holders += [(("experimental", "monitors"), inner.get("monitors") if isinstance(inner, dict) else None)]
    for base, value in holders:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                yield base + (index,), item
