"""An agent preloads a skill that does not exist

It starts without it; nothing is reported.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    skills: ghost
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client, measured
"""

from .. import ref_names, tools
from ..near import nearest

SEVERITY = "warning"
FILES = ("agent",)


def check(file, context):
    """Names with a plugin of this tree, and bare names where the plugin has skills of its own."""
    plugin, project = file.plugin, context.project
    if not plugin.is_plugin:
        return
    own = plugin.commands()
    for tool in tools.listed(file, "skills") or ():
        name = tool.text
        if name in own or name in project.command_ids:
            continue
        if plugin.is_collection and _lies_deeper(plugin, name):
            continue  # a collection that is copied to .claude: there the folder's name counts
        prefix, colon, rest = name.partition(":")
        if colon and prefix not in project.plugin_names:
            continue  # another plugin's skill: that plugin is not here to be asked
        others = [] if colon else [one for one in project.plugins if one is not plugin and name in one.commands()]
        if any(one.loads_as != "plugin" or ref_names.depends_on(plugin, one.names[0]) for one in others):
            continue  # one of .claude/skills, or of a plugin that comes along: the bare name finds it (measured)
        hint = "; it is found only where %s is installed, too" % others[0].names[0] if others else nearest(rest or name, list(own))
        yield file.hit(tool.span, "no skill %r in this plugin%s" % (name, hint))


def _lies_deeper(plugin, name):
    end = "/%s/SKILL.md" % name
    return "/" not in name and any(("/" + rel).endswith(end) for rel in plugin.project.below(plugin.root))
