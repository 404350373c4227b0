"""The manifest is not where the client looks

Only `.claude-plugin/plugin.json` counts. A plugin.json at the root alone gives the plugin no version, and its name is
that of the folder: every `plugin:agent` in the prompts is wrong.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("plugin",)
LINK = "a link: the client loads it, but neither validates it nor reads the hooks files that it names from it"


def check(plugin, context):
    """A root plugin.json without the real one, or one that differs from it."""
    if not plugin.is_plugin:
        return
    if plugin.manifest is not None and plugin.project.listing.get(plugin.manifest.rel) == "l":
        yield plugin.manifest.hit(plugin.manifest.first_line(), LINK)
    for file in plugin.of("root-manifest"):
        if plugin.manifest is None:
            if plugin.entries and all(entry.get("strict") is False for _, _, entry in plugin.entries):
                continue
            if not (plugin.of("agent", "command", "skill", "hooks") and "name" in file.data):
                continue
            yield file.hit(
                file.first_line(),
                "the client reads .claude-plugin/plugin.json, not this file: the plugin has no version and the folder's name",
            )
        elif file.data.get("name") and plugin.manifest.data and file.source.data != plugin.manifest.source.data:
            if file.data.get("name") == plugin.manifest.data.get("name"):
                differing = [
                    key for key in set(file.data) | set(plugin.manifest.data) if file.data.get(key) != plugin.manifest.data.get(key)
                ]
                if differing and not _for_another_host(plugin, file):
                    key = sorted(differing)[0]
                    yield file.hit(
                        file.at((key,), key=True),
                        "differs from .claude-plugin/plugin.json, which the client reads (%s)" % ", ".join(sorted(differing)[:4]),
                    )


def _for_another_host(plugin, file):
    """Is it the manifest of another program (Antigravity, Copilot), or of a plugin that has folders for several of them?"""
    schema = file.data.get("$schema")
    if isinstance(schema, str) and not any(name in schema for name in ("claude", "anthropic", "schemastore")):
        return True
    return for_several_hosts(plugin)


def for_several_hosts(plugin):
    """Has the plugin folders for other programs than this client?"""
    names = (".codex-plugin", ".cursor-plugin", ".gemini", ".agents", ".antigravity", ".github/plugin")
    return any(plugin.path(name) in plugin.project.dirs for name in names)
