"""A marketplace value that the client does not take

Bad `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "plugins": [{"name": "demo-pack", "source": "./"}]}

Good `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Source: client, measured
"""

from .. import schema
from ..near import nearest
from .manifest_schema import command_entry, lsp_server, mcp_server, options

SEVERITY = "error"
FILES = ("marketplace",)


def check(file, context):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """The schema, sources by their kind, duplicates, renames."""
    if file.json is None or not isinstance(file.json.value, dict):
        return
    facts, data = context.facts, file.data
    refs = {
        "hookEvents": lambda value, path: (),
        "mcpServer": mcp_server(facts),
        "lspServer": lsp_server(facts),
        "pluginSource": source_checker(facts, data),
    }
    for path, message, missing in schema.check(data, facts.schemas["marketplace"], (), refs):
        name = ".".join(str(part) for part in path) or "the marketplace"
        effect = "the entry cannot be installed" if path[:1] == ("plugins",) and len(path) > 1 else "the marketplace cannot be added"
        if path[:1] == ("renames",):
            effect = "no plugin is renamed by it"
        yield file.hit(file.at(path, key=bool(missing)), "%s %s: %s" % (name, message, effect))
    seen = {}
    for index, entry in file.entries():
        base = ("plugins", index)
        name = entry.get("name")
        if isinstance(name, str):
            if name in seen:
                yield file.hit(file.at(base + ("name",)), "plugin %r is listed twice" % name)
            seen[name] = index
        yield from options(file, base, entry)
        commands = entry.get("commands")
        for key, item in commands.items() if isinstance(commands, dict) else ():
            yield from command_entry(file, base + ("commands", key), item)
        source = entry.get("source")
        archive = isinstance(source, dict) and source.get("source") == "archive"
        if archive and entry.get("headersHelper") and entry.get("strict") is not False:
            yield file.hit(
                file.at(base + ("headersHelper",), key=True),
                'headersHelper needs "strict": false and the manifest in the entry',
            )
        for key in ("headers", "headersHelper"):
            if key in entry and not archive:
                yield file.hit(file.at(base + (key,), key=True), "%s works only with an archive source" % key, severity="warning")
        signals = entry.get("relevance")
        if isinstance(signals, dict):
            yield from _relevance(file, base + ("relevance",), signals)
        if "relevance" in entry and not isinstance(signals, dict):
            yield file.hit(file.at(base + ("relevance",)), "relevance must be an object; it is ignored", severity="warning")
    renames = data.get("renames")
    for old, new in renames.items() if isinstance(renames, dict) else ():
        chain, at = {old}, new
        while isinstance(at, str) and at in renames and at not in chain:
            chain.add(at)
            at = renames[at]
        if isinstance(at, str) and at in chain:
            yield file.hit(file.at(("renames", old)), "the renames of %r lead in a circle" % old)
            continue
        chain = set()
        while isinstance(new, str) and new not in seen and new in renames and new not in chain:
            chain.add(new)
            new = renames[new]
        if isinstance(new, str) and new not in seen:
            yield file.hit(file.at(("renames", old)), "%r is renamed to %r, which is not in plugins" % (old, new))


def source_checker(facts, data):
    """Strings and the kinds of source objects."""
    sources = facts.schemas["pluginSources"]
    metadata = data.get("metadata")
    plugin_root = metadata.get("pluginRoot") if isinstance(metadata, dict) else None

    def check(value, path):
        if isinstance(value, str):
            parts = value.replace("\\", "/").split("/")
            if ".." in parts:
                yield path, '%r contains "..": sources start at the marketplace\'s root' % value, None
            elif not value.startswith("./") and value != ".":
                bare = "/" not in value and ":" not in value and value
                if not bare:
                    yield path, '%r must start with "./" (or be an object for a remote source)' % value, None
                elif (
                    not isinstance(plugin_root, str)
                    or not plugin_root.strip("./")
                    and plugin_root not in (".", "./")
                    or ".." in plugin_root
                    or plugin_root.startswith("/")
                ):
                    yield path, '%r is a bare name and needs metadata.pluginRoot; write "./%s"' % (value, value), None
            return
        if not isinstance(value, dict):
            yield path, "must be a path or an object, not %s" % schema.type_name(value), None
            return
        kind = value.get("source")
        if not isinstance(kind, str) or kind not in sources:
            hint = nearest(kind, sources) if isinstance(kind, str) else ""
            yield (
                path + (("source",) if "source" in value else ()),
                "%r is not a kind of source (%s)%s" % (kind, ", ".join(sorted(sources)), hint),
                None,
            )
            return
        yield from schema.check(value, sources[kind], path)
        if kind == "archive" and isinstance(value.get("url"), str) and _private_host(value["url"]):
            yield path + ("url",), "%r points at this machine or a link-local host" % value["url"], None
        inner = value.get("path")
        if isinstance(inner, str) and ".." in inner.split("/"):
            yield path + ("path",), '%r contains ".."' % inner, None

    return check


SIGNALS = {"cli": 10, "hosts": 20, "filesRead": 10, "manifestDeps": 10, "cwd": 10}


def _relevance(file, path, value):
    """A relevance object needs at least one signal."""
    topic, signals = value.get("topic"), value.get("signals")
    if "topic" in value and not (isinstance(topic, str) and 0 < len(topic) <= 64):
        yield file.hit(file.at(path + ("topic",)), "topic must be a text of 1 to 64 characters: the entry cannot be installed")
    if not isinstance(signals, dict):
        yield file.hit(file.at(path, key=True), "relevance needs an object of signals: the entry cannot be installed")
        return
    for key, limit in SIGNALS.items():
        items = signals.get(key)
        if items is None and key not in signals:
            continue
        if not isinstance(items, list) or len(items) > limit:
            yield file.hit(
                file.at(path + ("signals", key)),
                "%s must be a list of at most %d: the entry cannot be installed" % (key, limit),
            )
        elif key == "hosts" and not all(
            isinstance(item, str) and item and all(c.islower() or c.isdigit() or c in ".-" for c in item) for item in items
        ):
            yield file.hit(
                file.at(path + ("signals", key)),
                "hosts are bare host names in lower case: the entry cannot be installed",
            )
    if not any(isinstance(signals.get(key), list) and signals[key] for key in SIGNALS):
        yield file.hit(
            file.at(path + ("signals",), key=True),
            "at least one signal (%s): the entry cannot be installed" % ", ".join(SIGNALS),
        )


def _private_host(url):
    """Loopback, link-local and cloud metadata hosts: the client downloads no archive from them."""
    host = url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].lower()
    host = host[: host.find("]") + 1] if host.startswith("[") else host.split(":")[0]
    private = ("localhost", "0.0.0.0", "[::1]", "[::]", "metadata.google.internal", "metadata")
    return host in private or host.startswith(("127.", "169.254.", "[fe80:")) or host.endswith(".localhost")
