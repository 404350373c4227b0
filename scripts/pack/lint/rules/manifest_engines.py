"""An engines range that is no semver range

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "engines": {"claude-code": "newest"}}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "engines": {"claude-code": ">=2.1.295"}}

Source: client
"""

from .. import semver
from ..near import loose

SEVERITY = "error"
FILES = ("manifest", "marketplace")


def check(file, context):
    """The manifest and every marketplace entry."""
    data = file.data
    holders = [((), data)]
    if file.kind == "marketplace":
        holders = [(("plugins", index), entry) for index, entry in file.entries()]
    for base, holder in holders:
        engines = holder.get("engines")
        if engines is None and "engines" not in holder:
            continue
        if not isinstance(engines, dict):
            yield file.hit(
                file.at(base + ("engines",)),
                'engines must be an object such as {"claude-code": ">=2.1.0"}; it is ignored',
                severity="warning",
            )
        elif "claude-code" not in engines and any(loose(key) in ("claude", "claudecode") for key in engines):
            key = next(key for key in engines if loose(key) in ("claude", "claudecode"))
            text = "%r is not read: the client's range is called claude-code"
            yield file.hit(file.at(base + ("engines", key), key=True), text % key, severity="warning")
        elif "claude-code" in engines and not (isinstance(engines["claude-code"], str) and semver.is_range(engines["claude-code"])):
            yield file.hit(
                file.at(base + ("engines", "claude-code")),
                '%r is not a version range such as ">=2.1.0"' % (engines["claude-code"],),
            )
        elif "claude-code" in engines and not semver.satisfies(context.facts.client, engines["claude-code"]):
            text = "%r leaves out client %s: the plugin is not loaded there"
            yield file.hit(
                file.at(base + ("engines", "claude-code")),
                text % (engines["claude-code"], context.facts.client),
                severity="warning",
            )
