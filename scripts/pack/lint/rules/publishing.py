"""What a plugin directory asks for: README of 40 words, licence, icon

Source: client (`plugin validate --profile directory`)
"""

SEVERITY = "info"
FILES = ("plugin",)
OPTIONAL = True


def check(plugin, context):
    """Only for plugins with a manifest."""
    manifest = plugin.manifest
    if manifest is None:
        return
    listing = context.project.listing
    if not any(plugin.path(name) in listing for name in ("README.md", "readme.md", "Readme.md")):
        yield manifest.hit((0, 1), "no README.md")
    else:
        for file in plugin.of("readme"):
            if len(file.text.split()) < 40:
                yield file.hit(file.first_line(), "the README has fewer than 40 words")
    if not manifest.data.get("license") and not any(plugin.path(name) in listing for name in ("LICENSE", "LICENSE.md", "LICENSE.txt")):
        yield manifest.hit((0, 1), "no licence")
    if (
        not manifest.data.get("icon")
        and plugin.path(".claude-plugin/icon.png") not in listing
        and plugin.path(".claude-plugin/icon.svg") not in listing
    ):
        yield manifest.hit((0, 1), "no icon")
