"""A marketplace entry that disagrees with the plugin

Names decide how everything is addressed; of two versions the plugin's own wins and the entry's is ignored.

Bad `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./", "version": "9.9.9"}]}

Good `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Source: client (`plugin validate` warns of the version)
"""

from .manifest_path import paths

SEVERITY = "warning"
FILES = ("marketplace",)
COMPONENTS = ("commands", "agents", "skills", "hooks", "outputStyles", "themes")  # measured, each; empty lists count, servers do not


def check(file, context):
    """Every local entry with its manifest."""
    for plugin in context.project.plugins:
        for holder, index, entry in plugin.entries:
            if holder is not file:
                continue
            base = ("plugins", index)
            manifest = plugin.manifest
            for hit in paths(file, base, entry, context, plugin):
                yield hit
            if manifest is None:
                continue
            data = manifest.data
            name, version = entry.get("name"), entry.get("version")
            if isinstance(data.get("name"), str) and isinstance(name, str) and data["name"] != name:
                yield file.hit(file.at(base + ("name",)), "the entry is %r, its plugin.json says %r" % (name, data["name"]))
            if isinstance(data.get("version"), str) and isinstance(version, str) and data["version"] != version:
                span = file.json.span(base + ("version",))
                fix = [(span[0] + 1, span[1] - 1, data["version"])] if '"' not in data["version"] and "\\" not in data["version"] else None
                yield file.hit(
                    file.at(base + ("version",)),
                    "the entry says version %s, its plugin.json %s, which wins" % (version, data["version"]),
                    fix,
                )
            named = [key for key in COMPONENTS if entry.get(key) is not None]
            if entry.get("strict") is False and named:
                yield file.hit(
                    file.at(base + (named[0],), key=True),
                    '"strict": false and %s here, though the plugin has a plugin.json: the two conflict and the plugin fails to load'
                    % named[0],
                    severity="error",
                )
