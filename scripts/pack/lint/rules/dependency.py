"""A dependency that can never be satisfied

A plugin with such a dependency is not loaded, and nobody is told why.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "dependencies": [{"name": "other", "version": "newest"}]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "dependencies": [{"name": "other", "version": "^1.2.0"}]}

Source: client, measured
"""

from .. import semver
from ..near import nearest

SEVERITY = "error"
FILES = ("manifest",)


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
        market = market if isinstance(market, str) else ""  # of another type: manifest-schema
        if (bare, market) in seen:
            yield file.hit(file.at(path), "%r is there twice" % name, severity="warning")
        seen.add((bare, market))
        if not market and file.plugin is not None:
            yield from _market(file, context, bare, path)
        if not isinstance(item, dict):
            continue
        version = item.get("version")
        if "version" in item and not (isinstance(version, str) and semver.is_range(version)):
            yield file.hit(
                file.at(path + ("version",)),
                "%r is not a version range: the dependency is never satisfied and the plugin does not load" % (version,),
            )
        elif isinstance(version, str) and not semver.is_possible(version):
            yield file.hit(
                file.at(path + ("version",)),
                "no version is in the range %r: the dependency is never satisfied and the plugin does not load" % version,
            )
        for key in item:
            if key not in ("name", "version", "marketplace"):
                yield file.hit(
                    file.at(path + (key,), key=True),
                    "unknown key %r is ignored (name, version, marketplace)" % key,
                    severity="warning",
                )


def _market(file, context, name, path):
    """A bare name is looked for in the plugin's own marketplace: is it there, and does it lead back?"""
    listed = {market.rel: market for market, _, _ in file.plugin.entries}
    if not listed:
        return
    names = set()
    for market in listed.values():
        entries = market.data.get("plugins")
        names.update(e["name"] for e in entries or () if isinstance(e, dict) and isinstance(e.get("name"), str))
    if name not in names:
        text = "no plugin %r in the marketplace that lists this one%s: it cannot be installed"
        yield file.hit(file.at(path), text % (name, nearest(name, names)), severity="warning")
        return
    me, queue, before = file.data.get("name"), [name], {name: None}
    needs = {one: _needs(plugin) for plugin in context.project.plugins for one in plugin.names}
    for step in queue:
        for after in needs.get(step, ()):
            if after == me:
                way = [after]
                while step is not None:
                    way.insert(0, step)
                    step = before[step]
                yield file.hit(file.at(path), "a loop: %s" % " -> ".join([str(me)] + way), severity="warning")
                return
            if after not in before:
                before[after] = step
                queue.append(after)


def _needs(plugin):
    items = plugin.manifest.data.get("dependencies") if plugin.manifest else None
    for item in items if isinstance(items, list) else ():
        name = item if isinstance(item, str) else item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str):
            yield name.split("@")[0]
