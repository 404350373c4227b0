"""A file that the client reads as JSON is not JSON

`JSON.parse` takes no comments, no trailing commas, no single quotes, nothing but UTF-8. A broken plugin.json or
hooks.json keeps the whole plugin from loading; from a broken .mcp.json no server is loaded.

Bad `.mcp.json`:

    {"mcpServers": {},}

Good `.mcp.json`:

    {"mcpServers": {}}

Source: client, measured
"""

SEVERITY = "error"
FILES = ("theme", "manifest", "marketplace", "hooks", "settings-hooks", "mcp", "lsp", "monitors", "settings")
EFFECT = {
    "manifest": "the plugin does not load",
    "hooks": "no hook of the plugin runs",
    "marketplace": "the marketplace cannot be added",
    "mcp": "no server is loaded from it",
    "settings": "the plugin's settings are ignored",
    "monitors": "no monitor is loaded",
    "lsp": "no language server is loaded",
}


def check(file, context):
    """Report the syntax error, or a value that is no object."""
    if not file.is_json or file.kind == "root-manifest":
        return
    document = file.json
    effect = EFFECT.get(file.kind, "the file is ignored")
    if document is None:
        if file.read_error:
            return
        offset = file.json_error.offset
        what = "it is empty" if not file.text.strip("\ufeff \t\r\n") else str(file.json_error)
        if file.source.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            what = "it is UTF-16; the client reads UTF-8"
        yield file.hit((offset, offset + 1), "not JSON: %s; %s" % (what, effect))
    elif file.source.bom and file.kind in ("mcp", "hooks"):
        yield file.hit((0, 1), "starts with a byte-order mark, which this file must not have; %s" % effect)
    elif not isinstance(document.value, dict) and not (file.kind in ("monitors", "mcp") and isinstance(document.value, list)):
        yield file.hit((0, file.source.line_end(0)), "must hold a JSON object; %s" % effect)
