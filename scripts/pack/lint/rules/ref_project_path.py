"""`@path` in a command is looked for in the user's project

Bad `references/notes.md`, `commands/build.md`:

    # Notes
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @references/notes.md.

Good `references/notes.md`, `commands/build.md`:

    # Notes
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/notes.md.

Source: client 2.1.329, measured 2026-11-21
"""

from ..lazy import lazy
from ..markdown import lines_with

SEVERITY = "warning"
_AT = lazy(r"(?<![^\s(`])@((?:\./)?[\w-]+(?:/[\w.-]+)+\.\w{1,5})")


def check(file, context):
    """Only paths that the plugin itself has."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or "@" not in file.text:
        return
    text = file.text
    lines = lines_with(text, file.body_start, "@")
    for match in (match for start, end in lines for match in _AT.finditer(text, start, end)):
        rel = plugin.path(match.group(1))
        if context.project.listing.get(rel) and not file.prose.hidden(match.start()):
            span = match.span(1)
            sub = plugin.sub(rel)
            yield file.hit(
                span,
                "@%s starts in the user's project; write @${CLAUDE_PLUGIN_ROOT}/%s" % (match.group(1), sub),
                [span + ("${CLAUDE_PLUGIN_ROOT}/" + sub,)],
            )
