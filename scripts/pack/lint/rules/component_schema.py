"""A language server or monitor that the client drops

Bad `.lsp.json`:

    {"go": {"command": "gopls"}}

Good `.lsp.json`:

    {"go": {"command": "gopls", "extensionToLanguage": {".go": "go"}}}

Source: client
"""

from .. import schema

SEVERITY = "error"
FILES = ("lsp", "monitors")


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
        yield from _shared(file, table, base)
        problems = [
            p
            for name, server in table.items()
            if name != "$schema"
            for p in schema.check(server, facts.schemas["lspServer"], base + (name,))
        ]
    for path, message, missing in problems:
        name = ".".join(str(part) for part in path) or "the file"
        yield file.hit(file.at(path, key=bool(missing)), "%s %s: it is dropped" % (name, message))


def _shared(file, table, base):
    """One ending, two servers: which of them answers is left to chance."""
    first = {}
    for name, server in table.items():
        endings = server.get("extensionToLanguage") if isinstance(server, dict) else None
        for ending in endings if isinstance(endings, dict) else ():
            other = first.setdefault(ending, name)
            if other != name:
                place = file.at(base + (name, "extensionToLanguage", ending), key=True)
                yield file.hit(place, "%s is claimed by %r as well: only one of them serves it" % (ending, other), severity="warning")
