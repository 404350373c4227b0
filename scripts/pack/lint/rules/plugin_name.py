"""A plugin name that the client refuses or that cannot be installed

Bad `.claude-plugin/plugin.json`:

    {"name": "claude-helper", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Good `.claude-plugin/plugin.json`:

    {"name": "helper-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client, measured
"""

from .. import pluginnames

SEVERITY = "error"
FILES = ("manifest",)


def check(file, context):
    """Reserved names are errors of a plugin on its own; names that are not kebab-case are warnings unless refused."""
    name = file.data.get("name")
    if not isinstance(name, str) or not name or " " in name:
        return
    entries = file.plugin.entries if file.plugin else []
    if not any(entry.get("name") == name for _, _, entry in entries):
        level, message = pluginnames.reserved(name)
        if level:
            yield file.hit(file.at(("name",)), message, severity=level)
    if not pluginnames.loadable(name):
        yield file.hit(
            file.at(("name",)),
            "plugin name %r: the client refuses `@`, `:`, slashes, white space and control characters: the plugin does not load" % name,
        )
    elif not pluginnames.installable(name):
        yield file.hit(
            file.at(("name",)), "plugin name %r cannot be installed from a marketplace: only letters, digits, `.`, `_`, `-`" % name
        )
    elif not pluginnames.kebab(name):
        yield file.hit(
            file.at(("name",)), "plugin name %r is not kebab-case: the Claude.ai marketplace refuses it" % name, severity="warning"
        )
