"""A hook runs a script that is not there or cannot run

Run directly (or by bash or node) a missing script is an error that lets the call through: the guard is off. Run by
python3 it exits 2, which blocks *every* call. A file that is not executable, or has a Windows line end behind `#!`,
fails too when it is run directly.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bash \\"${CLAUDE_PLUGIN_ROOT}/scripts/ghost.sh\\""}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client, measured (33 variants of one guard)
"""

from .. import hookfile
from ..scripts import missing_part, of_handler

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_PACKED = ("assets", "templates", "resources", "package_data", "embedded")
_RUN_A_FILE = ("bash", "sh", "zsh", "dash", "ksh", "fish", "python", "perl", "ruby", "php", "source", ".")


def check(file, context):
    """Existence, letter case, executability, syntax."""
    for handler in hookfile.handlers(file):
        for script in of_handler(handler):
            yield from _judge(file, handler, script, context)


def _judge(file, handler, script, context):
    plugin, project = handler.plugin, context.project
    if plugin is None or script.sub is None or script.escapes:
        return
    rel = plugin.path(script.sub)
    if script.literal:
        return  # hook-quoting
    gate = handler.event in context.facts.gate_events
    direct = script.program is None
    if rel not in project.listing and not (rel in project.dirs):
        if project.exists(rel) or script.tested and file.kind == "settings-hooks":
            return
        other = project.same_but_case(rel)
        if other is not None:
            yield file.hit(
                script.span,
                "no file %s: it is spelled %s (Linux tells letter case apart)" % (script.sub, plugin.sub(other)),
            )
            return
        effect = ""
        if gate:
            effect = ": every matched call is blocked" if script.program and script.program.startswith("python") else ": the guard is off"
        text = "no file %s in the %s%s" % (script.sub, "project's .claude" if file.kind == "settings-hooks" else "plugin", effect)
        yield file.hit(script.span, text, severity="warning" if script.tested else None)
        return
    if rel in project.dirs and (script.program or "").startswith("python") and rel + "/__main__.py" in project.listing:
        return  # python3 runs a folder with a __main__.py
    if rel in project.dirs and script.program is not None and script.program.rstrip("0123456789.") not in _RUN_A_FILE:
        return  # bun test DIR, uv run --directory DIR, node DIR
    if rel in project.dirs or project.listing.get(rel) == "x":
        yield file.hit(script.span, "%s is not a file" % script.sub)
        return
    effect = ": the guard is off" if gate else ": the hook fails"
    if direct and not project.probe("executable", rel):
        # What an installer of another program copies may become executable there.
        packed = not plugin.entries and any(part in _PACKED for part in plugin.root.split("/"))
        text = "%s is run directly but is not executable%s" % (script.sub, effect)
        yield file.hit(script.span, text, severity="warning" if packed else None)
        return
    if project.listing.get(rel) == "l" and project.probe("outside", rel):
        yield file.hit(script.span, "%s is a link that leads out of the plugin: it is not installed%s" % (script.sub, effect))
        return
    wrong = script.problem(project, rel, direct)
    if wrong:
        yield file.hit(script.span, "%s: %s%s" % (script.sub, wrong, effect))
        return
    part = missing_part(project, plugin, rel, script.read(project, rel) or "")
    if part:
        yield file.hit(script.span, "%s: line %d loads %s, which is not in the plugin%s" % ((script.sub,) + part + (effect,)))
