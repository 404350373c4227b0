"""A manifest list that hides files of the default folder

`commands` and `agents` in the manifest replace the default folder: what is there and not in the list is not loaded.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "agents": ["./agents/coder.md"]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("manifest",)


def check(file, context):
    """Files of agents/ and commands/ that no path of the list covers."""
    plugin = file.plugin
    if file.json is None or plugin is None:
        return
    for key, folder in (("agents", "agents"), ("commands", "commands"), ("outputStyles", "output-styles")):
        value = file.data.get(key)
        if value is None or key not in plugin.declared:
            continue
        paths = plugin.declared[key]
        hidden = []
        prefix = plugin.path(folder) + "/"
        for rel in context.project.listing:
            if not rel.startswith(prefix) or not rel.lower().endswith(".md") or rel.rsplit("/", 1)[1].lower() == "readme.md":
                continue
            if rel in paths or any(rel.startswith(path + "/") or path == "." for path in paths):
                continue
            hidden.append(plugin.sub(rel))
        if hidden and isinstance(value, (str, list, dict)):
            more = " and %d more" % (len(hidden) - 1) if len(hidden) > 1 else ""
            yield file.hit(
                file.at((key,), key=True),
                "%s is not loaded%s: the list replaces the %s/ folder" % (sorted(hidden)[0], more, folder),
            )
