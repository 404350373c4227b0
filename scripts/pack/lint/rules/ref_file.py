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

Source: client 2.1.329, measured 2026-11-21
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
        if project.exists(ref.target):
            plugin = file.plugin
            # A prompt is read where the plugin is installed; a README is also read where it was written.
            if ref.kind == "link" and plugin is not None and plugin.is_plugin and plugin.root and file.kind != "readme":
                if ref.target != plugin.root and not ref.target.startswith(plugin.root + "/"):
                    yield file.hit(ref.span, "%s leads out of the plugin: an installed plugin has nothing there" % ref.name)
            continue
        if ref.target.startswith("../"):
            if ref.kind == "root":
                yield file.hit(
                    ref.span,
                    "%s leads out of the plugin: an installed plugin has nothing there" % ref.name,
                    severity="error",
                )
            continue
        other = project.same_but_case(ref.target)
        if other is not None:
            yield file.hit(ref.span, "no file %s: it is spelled %s" % (ref.name, other.rsplit("/", 1)[-1]))
            continue
        folder = ref.target.rsplit("/", 1)[0] + "/" if "/" in ref.target else ""
        hint = nearest(ref.target[len(folder) :], project.names_in(folder.rstrip("/")))
        yield file.hit(ref.span, "no file %s%s" % (ref.name, hint), severity="error" if ref.kind == "root" else None)
