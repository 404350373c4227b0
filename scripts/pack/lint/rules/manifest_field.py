"""A manifest field that the client does not read

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "agnets": []}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client, measured
"""

from ..lazy import lazy
from ..near import closest
from ..schema import type_name

SEVERITY = "warning"
FILES = ("manifest",)
_BINARY = lazy(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?\Z")
_DIGEST = lazy(r"[0-9a-f]{64}\Z")


def check(file, context):
    """Top-level fields, experimental ones, and objects of the wrong type that are dropped."""
    if file.json is None or not isinstance(file.json.value, dict):
        return
    facts, data = context.facts, file.data
    known = facts.schemas["plugin"]["properties"]
    for key in data:
        if key in known:
            if key in facts.manifest_experimental_only:
                yield file.hit(file.at((key,), key=True), '%r is experimental: declare it under "experimental"' % key)
            continue
        if key in facts.manifest_only_in_marketplace:
            yield file.hit(file.at((key,), key=True), "%r belongs into the marketplace entry; the client ignores it here" % key)
        elif key == "user_config":
            yield file.hit(file.at((key,), key=True), "'user_config' is read by other tools; this client reads 'userConfig'")
        elif key not in facts.manifest_directory_fields and key[:1] not in ("_", "$", "/"):  # JSON has no comments
            meant = closest(key, known)
            span = file.at((key,), key=True)
            fix = [(span[0] + 1, span[1] - 1, meant)] if meant and meant.lower() == key.lower() and meant not in data else None
            hint = "; did you mean %r?" % meant if meant else ""
            yield file.hit(span, "unknown field %r is ignored%s" % (key, hint), fix)
    yield from objects(file, (), data, context)


def objects(file, base, data, context):
    """metadata, experimental, engines, network, binaries: dropped when they are no objects."""
    for key in ("metadata", "experimental", "network", "binaries"):
        if key in data and not isinstance(data[key], dict):
            yield file.hit(file.at(base + (key,)), "%s must be an object, not %s; it is ignored" % (key, type_name(data[key])))
    experimental = data.get("experimental")
    for key in experimental if isinstance(experimental, dict) else ():
        if key not in context.facts.experimental_keys:
            yield file.hit(file.at(base + ("experimental", key), key=True), "unknown field %r is ignored" % key)
    binaries = data.get("binaries")
    for name, pin in binaries.items() if isinstance(binaries, dict) else ():
        digest = pin.get("sha256") if isinstance(pin, dict) else None
        if not (_BINARY.match(name) and isinstance(digest, str) and _DIGEST.match(digest)):
            yield file.hit(
                file.at(base + ("binaries", name), key=True),
                "binaries: %r needs a lower case name and a sha256 of 64 hex digits; it is ignored" % name,
            )
    network = data.get("network")
    if isinstance(network, dict) and not isinstance(network.get("hosts"), list):
        yield file.hit(
            file.at(base + ("network",), key=True),
            'network needs a list of hosts: {"hosts": ["api.example.com"]}; it is ignored',
        )
