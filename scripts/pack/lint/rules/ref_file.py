"""A file that a prompt or document points to does not exist

Below `${CLAUDE_PLUGIN_ROOT}` it is an error: the client attaches or runs nothing. A broken link in a document is a
warning.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/missing.md.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Run `python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`.

Source: client, measured
"""

from .. import refs
from ..near import nearest

SEVERITY = "warning"


def check(file, context):
    """Root paths, links, and paths in code that begin with a component folder."""
    project = context.project
    for ref in refs.files(file, project):
        if ref.target is None:
            continue
        leaves = ref.kind == "root" and ref.target.startswith("../") or ref.kind == "link" and _leaves(file, ref.target)
        if not leaves and (project.exists(ref.target) or ref.target.startswith("../")):
            continue
        if ref.kind == "link" and not file.is_link(ref.span[0], ref.name):
            continue
        if leaves:
            text = "%s leads out of the plugin: an installed plugin has nothing there" % ref.name
            yield file.hit(ref.span, text, severity="error" if ref.kind == "root" else None)
            continue
        other = project.same_but_case(ref.target)
        if other is not None:
            yield file.hit(ref.span, "no file %s: it is spelled %s" % (ref.name, other.rsplit("/", 1)[-1]))
            continue
        folder = ref.target.rsplit("/", 1)[0] + "/" if "/" in ref.target else ""
        hint = nearest(ref.target[len(folder) :], project.names_in(folder.rstrip("/")))
        severe = ref.kind == "root" and file.kind != "prose" and not ref.name.endswith("/") and not _provided_for(file, ref.span)
        yield file.hit(ref.span, "no file %s%s" % (ref.name, hint), severity="error" if severe else None)


def _provided_for(file, span):
    """Does the command in the line say what to do without the file?"""
    line = file.text[file.text.rfind("\n", 0, span[0]) + 1 : file.source.line_end(span[0])]
    return any(mark in line for mark in ("2>/dev/null", "||", "[ -", "test -"))


def _leaves(file, target):
    """Does a link lead out of the plugin? A prompt is read where that is installed; a README is also read where it was written."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or file.kind == "readme":
        return False
    if not plugin.root:
        return target.startswith("../") and plugin.manifest is not None
    return target != plugin.root and not target.startswith(plugin.root + "/") and (file.project.exists(target) or target.startswith("../"))
