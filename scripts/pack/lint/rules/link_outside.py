"""A link that leads out of the plugin

The client copies links within the plugin or its marketplace and leaves out the others: after the installation the file is
not there. Folders that are links are not entered when agents and commands are looked for.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """Components that are links, and linked folders below agents/ and commands/."""
    if not plugin.is_plugin:
        return
    project = context.project
    for kind, files in plugin.files.items():
        for file in files:
            if project.listing.get(file.rel) in ("l", "x") and project.probe("outside", file.rel):
                yield file.hit((0, 0), "a link that leads out of the plugin: after the installation it is not there")
    for folder in ("agents", "commands"):
        prefix = plugin.path(folder) + "/"
        for rel, link in project.dirs.items():
            if link and rel.startswith(prefix) and project.probe("link", rel):
                for file in plugin.of("manifest"):
                    text = "%s is a link to a folder: the client does not enter it, and what is in it is not loaded"
                    yield file.hit((0, 0), text % plugin.sub(rel))
