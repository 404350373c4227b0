"""A language server or monitor that the client drops

Bad `.lsp.json`:

    {"go": {"command": "gopls"}}

Good `.lsp.json`:

    {"go": {"command": "gopls", "extensionToLanguage": {".go": "go"}}}

Source: client 2.1.329
"""

from .. import schema

SEVERITY = "error"


def check(file, context):
    """.lsp.json and monitors/monitors.json."""
    document, facts = file.json, context.facts
    if document is None:
        return
    if file.kind == "monitors":
        problems = schema.check(document.value, facts.schemas["monitors"])
    else:
        value = file.data
        base = ("lspServers",) if isinstance(value.get("lspServers"), dict) else ()
        table = value["lspServers"] if base else value
        problems = [
            p
            for name, server in table.items()
            if name != "$schema"
            for p in schema.check(server, facts.schemas["lspServer"], base + (name,))
        ]
    for path, message, missing in problems:
        name = ".".join(str(part) for part in path) or "the file"
        yield file.hit(file.at(path, key=bool(missing)), "%s %s: it is dropped" % (name, message))
