"""A manifest value that the client does not take

Wrong types in display fields (author, homepage, keywords ...) are dropped; in any other field they keep the plugin
from loading.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": "Example"}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}

Source: client, measured
"""

from .. import schema

SEVERITY = "error"
FILES = ("manifest",)


def check(file, context):
    """The manifest's schema, without hooks (hook-schema) and servers (mcp-schema)."""
    if file.json is None or not isinstance(file.json.value, dict):
        return
    facts = context.facts
    refs = {"hookEvents": _skip, "mcpServer": mcp_server(facts), "lspServer": lsp_server(facts)}
    for path, message, missing in schema.check(file.data, facts.schemas["plugin"], (), refs):
        yield problem(file, path, message, missing, facts, "the plugin does not load")
    yield from options(file, (), file.data)
    for name, entry in _items(file.data.get("commands")):
        yield from command_entry(file, ("commands", name), entry)


def problem(file, path, message, missing, facts, effect):
    """One hit of a schema problem."""
    head = path[0] if path else missing
    if head in facts.manifest_display_fields or path == ("experimental",):
        effect = "the field is dropped"
    name = ".".join(str(part) for part in path) or "the manifest"
    fix = None
    value = _at(file.json.value, path)
    span = file.at(path, key=bool(missing))
    if isinstance(value, str) and '"./"' in message and not value.startswith(("/", ".", "~")) and ":" not in value and head != "mcpServers":
        rel = file.plugin.path(value) if file.plugin else value
        if file.project.exists(rel):
            fix = [(span[0] + 1, span[0] + 1, "./")]
    return file.hit(span, "%s %s: %s" % (name, message, effect), fix)


def _at(value, path):
    """What stands at a path of the data; None where there is nothing."""
    for part in path:
        try:
            value = value[part] if isinstance(value, (dict, list)) else None
        except (KeyError, IndexError):
            return None
    return value


def _skip(value, path):
    """The hooks of a manifest are hook-schema's."""
    return ()


def _items(value):
    return list(value.items()) if isinstance(value, dict) else []


def command_entry(file, path, entry):
    """Exactly one of source and content."""
    if isinstance(entry, dict) and bool(entry.get("source")) == bool(entry.get("content")):
        yield file.hit(
            file.at(path, key=True),
            'a command needs either "source" or "content", not %s: the plugin does not load'
            % ("both" if entry.get("source") else "neither"),
        )


def mcp_server(facts):
    """A checker for one MCP server, by its type."""

    def check(value, path):
        if not isinstance(value, dict):
            yield path, "must be an object, not %s" % schema.type_name(value), None
            return
        kind = value.get("type", "stdio")
        if kind in facts.mcp_host_types:
            return
        if kind not in facts.mcp_types:
            yield path + ("type",), "%r is not one of %s" % (kind, ", ".join(facts.mcp_types)), None
            return
        if "type" not in value and "command" not in value and "url" in value:
            yield path, 'has a "url" but no "type" (http, sse or ws)', "type"
            return
        name = "http" if kind == "streamable-http" else kind
        yield from schema.check(value, facts.schemas["mcpServers"][name], path)

    return check


def lsp_server(facts):
    """A checker for one language server."""
    return lambda value, path: schema.check(value, facts.schemas["lspServer"], path)


def options(file, base, holder):
    """userConfig's rules that a schema cannot say."""
    places = [(base + ("userConfig",), holder.get("userConfig"))]
    channels = holder.get("channels")
    for index, channel in enumerate(channels if isinstance(channels, list) else ()):
        if isinstance(channel, dict):
            places.append((base + ("channels", index, "userConfig"), channel.get("userConfig")))
    for path, config in places:
        for key, option in _items(config):
            legal = option.get("options") if isinstance(option, dict) else None
            if not isinstance(legal, list) or not legal:
                continue
            here = path + (key,)
            default = option.get("default")
            if option.get("type") != "string" or option.get("multiple") is True or option.get("sensitive") is True:
                yield file.hit(
                    file.at(here + ("options",), key=True),
                    "options is only for a plain string: the plugin does not load",
                )
            elif default is None and option.get("required") is not True:
                yield file.hit(
                    file.at(here, key=True),
                    "a field with options needs a default among them, or required: the plugin does not load",
                )
            elif default is not None and default not in legal:
                yield file.hit(
                    file.at(here + ("default",)),
                    "default %r is not among the options: the plugin does not load" % (default,),
                )
            folded = [item.lower() for item in legal if isinstance(item, str)]
            if len(set(folded)) != len(folded):
                yield file.hit(file.at(here + ("options",), key=True), "options repeat a value: the plugin does not load")
            for index, item in enumerate(legal):
                if isinstance(item, str) and item.strip() != item:
                    yield file.hit(
                        file.at(here + ("options", index)),
                        "an option cannot start or end with a space: the plugin does not load",
                    )
