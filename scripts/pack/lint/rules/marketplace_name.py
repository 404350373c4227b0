"""A marketplace or entry name that cannot be used

Ids are `plugin@marketplace`; both parts take letters, digits, `.`, `_` and `-`. Some names belong to the client or to
Anthropic.

Bad `.claude-plugin/marketplace.json`:

    {"name": "Demo Market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Good `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Source: client, measured
"""

from .. import pluginnames

SEVERITY = "error"
FILES = ("marketplace",)


def check(file, context):
    """The marketplace's own name, then the entries'."""
    facts, data = context.facts, file.data
    name = data.get("name")
    if isinstance(name, str) and name:
        span = file.at(("name",))
        low = name.lower()
        if " " in name:
            yield file.hit(span, "marketplace name %r has a space in it: the marketplace cannot be added; use kebab-case" % name)
        elif low in facts.marketplace_reserved_names:
            yield file.hit(
                span,
                "marketplace name %r is reserved for %s: the marketplace cannot be added" % (name, facts.marketplace_reserved_names[low]),
            )
        elif pluginnames.impersonates(name, facts):
            yield file.hit(span, "marketplace name %r passes as one of Anthropic's own: the marketplace cannot be added" % name)
        elif not pluginnames.installable(name) or ".." in name:
            yield file.hit(
                span,
                "marketplace name %r: the marketplace cannot be added; only letters, digits, `.`, `_`, `-`" % name,
            )
        elif low in facts.marketplace_desktop_refused:
            yield file.hit(span, "marketplace name %r is refused by Claude Desktop" % name, severity="warning")
    official = isinstance(name, str) and name.lower() in facts.marketplace_anthropic_names
    for index, entry in file.entries():
        plugin = entry.get("name")
        if not isinstance(plugin, str) or not plugin:
            continue
        where = ("plugins", index, "name")
        if " " in plugin:
            continue  # the schema has said so
        if not pluginnames.installable(plugin):
            yield file.hit(file.at(where), "plugin name %r cannot be installed: only letters, digits, `.`, `_`, `-`" % plugin)
        level, message = (None, None) if official else pluginnames.reserved(plugin)
        if level:
            yield file.hit(file.at(where), message, severity=level)
