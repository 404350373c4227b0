"""The same key twice in one JSON object

The client keeps the last one and says nothing: what the first one declared is lost.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [], "Stop": []}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": []}}

Source: client (JSON.parse)
"""

SEVERITY = "warning"
FILES = ("theme", "manifest", "marketplace", "hooks", "settings-hooks", "mcp", "lsp", "monitors", "settings")


def check(file, context):
    """Report the later key of each pair."""
    document = file.json if file.is_json else None
    if document is None:
        return
    for path, span, first in document.duplicates:
        line = file.source.position(first[0])[0]
        yield file.hit(span, "key %r is already in line %d; the client keeps only the last one" % (path[-1], line))
