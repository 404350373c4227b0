"""A dependency that can never be satisfied

A plugin with such a dependency is not loaded, and nobody is told why.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "dependencies": [{"name": "other", "version": "newest"}]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "dependencies": [{"name": "other", "version": "^1.2.0"}]}

Source: client 2.1.329, measured 2026-11-21
"""

from .. import semver

SEVERITY = "error"


def check(file, context):
    """Version ranges, self-dependency, duplicates, unknown keys."""
    data = file.data
    items = data.get("dependencies")
    if not isinstance(items, list):
        return
    seen = set()
    for index, item in enumerate(items):
        path = ("dependencies", index)
        name = item if isinstance(item, str) else item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        bare = name.split("@")[0]
        if bare == data.get("name"):
            yield file.hit(file.at(path), "the plugin depends on itself")
        market = item.get("marketplace") if isinstance(item, dict) else name.partition("@")[2]
        if (bare, market) in seen:
            yield file.hit(file.at(path), "%r is there twice" % name, severity="warning")
        seen.add((bare, market))
        if not isinstance(item, dict):
            continue
        version = item.get("version")
        if "version" in item and not (isinstance(version, str) and semver.is_range(version)):
            yield file.hit(
                file.at(path + ("version",)),
                "%r is not a version range: the dependency is never satisfied and the plugin does not load"
                % (version,),
            )
        for key in item:
            if key not in ("name", "version", "marketplace"):
                yield file.hit(
                    file.at(path + (key,), key=True),
                    "unknown key %r is ignored (name, version, marketplace)" % key,
                    severity="warning",
                )
