"""An agent that no command, skill or other agent names

It can still be chosen by its description; in a pack whose commands spawn agents by name it is mostly left over.

Source: this project
"""

SEVERITY = "info"
FILES = ("plugin",)
OPTIONAL = True


def check(plugin, context):
    """Look for the name in every other prompt."""
    if not plugin.is_plugin:
        return
    others = [file for file in context.project.files if file.plugin is plugin and not file.is_json]
    for name, file in plugin.agents().items():
        if not any(name in other.text for other in others if other is not file):
            yield file.hit(file.first_line(), "no prompt of the plugin names the agent %r" % name)
