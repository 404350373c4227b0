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

from .. import ref_files
from ..discover import COMPONENTS
from ..lazy import lazy
from ..near import nearest
from ..source import line_start, line_stop

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "prose", "readme")
MIRRORED = 3
_COMPONENTS = tuple(name + "/" for name in COMPONENTS)
_PROGRAMS = (".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts")
_WRITES = lazy(
    r"""\bopen\([^)\n]*,\s*(?:mode=)?["'][wax]|write_?(?:text|bytes|file)|\bjson\.dump\(|create_?write_?stream|copy_?file|\bshutil\.|>>? ?["']?\$"""
    r"""|(?m:(?:^|[|&;({]) *(?:tee|cp|mv|touch|install|curl|wget|mkdir)\b)""",
)
_PUT = lazy(r"(?i)\b(?:move[sd]?|log|write|save|append|export|store)s?\b(?: \w+){0,4} (?:to|into|in) [`\"]?\$?\{?\w*\}?/?\Z")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".mp4")  # who reads a page of a skill sees none


def check(file, context):
    """Root paths, links, and paths in code that begin with a component folder."""
    found = list(_look(file, context.project))
    # A page below a skill that points to many pages which are not there was copied from somewhere else: said once.
    lost = [ref for ref, hit, sure in found if not sure and ref.kind == "link"] if file.kind == "prose" else ()
    if len(lost) < MIRRORED:
        lost = ()
    for ref, hit, _ in found:
        if ref not in lost:
            yield hit
    if lost:
        names = ", ".join([ref.name for ref in lost[:3]] + ["..."] * (len(lost) > 3))
        yield file.hit(lost[0].span, "%d links of this page lead nowhere (%s)" % (len(lost), names))


def _look(file, project):
    """Yield (Ref, Hit, is it a slip?)."""
    for ref in ref_files.files(file, project):
        if ref.target is None or file.kind == "prose" and ref.kind == "link" and ref.target.lower().endswith(_PICTURES):
            continue
        if ref.kind == "root" and ref.name in _COMPONENTS:
            continue  # "list what is in ${CLAUDE_PLUGIN_ROOT}/agents/": nothing, where there are none
        leaves = ref.kind == "root" and ref.target.startswith("../") or ref.kind == "link" and _leaves(file, ref.target)
        if not leaves and (project.exists(ref.target) or ref.target.startswith("../")):
            continue
        if ref.kind == "link" and not file.is_link(ref.span[0], ref.name) or ref.kind == "root" and not leaves and _written(file, ref):
            continue
        if leaves:
            text = "%s leads out of the plugin: an installed plugin has nothing there" % ref.name
            yield ref, file.hit(ref.span, text, severity="error" if ref.kind == "root" else None), False
            continue
        other = project.same_but_case(ref.target)
        if other is not None:
            yield ref, file.hit(ref.span, "no file %s: it is spelled %s" % (ref.name, other.rsplit("/", 1)[-1])), True
            continue
        folder = ref.target.rsplit("/", 1)[0] + "/" if "/" in ref.target else ""
        hint = nearest(ref.target[len(folder) :], project.names_in(folder.rstrip("/")))
        severe = (
            ref.kind == "root" and file.kind not in ("prose", "readme") and not ref.name.endswith("/") and not _provided_for(file, ref.span)
        )
        yield ref, file.hit(ref.span, "no file %s%s" % (ref.name, hint), severity="error" if severe else None), bool(hint)


def _written(file, ref):
    """Does the plugin write the file when it runs? A script of it that writes has the name, or the text says `move it to`."""
    if _PUT.search(file.text, max(0, ref.span[0] - 60), ref.span[0]):
        return True
    plugin, name = file.plugin, ref.name.rstrip("/").rpartition("/")[2]
    if ref.name.endswith((*_PROGRAMS, ".md")) or "/" not in ref.name.rstrip("/"):
        return False
    if "programs" not in plugin.memo:
        rels = [rel for rel in plugin.project.below(plugin.root) if rel.endswith(_PROGRAMS) and "node_modules" not in rel]
        texts = [plugin.project.script(rel) or "" for rel in rels[:200]]
        plugin.memo["programs"] = "\n".join(text for text in texts if _WRITES.search(text))
    return any(mark + name in plugin.memo["programs"] for mark in "\"'/")


def _provided_for(file, span):
    """Does the command in the line say what to do without the file?"""
    line = file.text[line_start(file.text, span[0]) : line_stop(file.text, span[0])]
    return any(mark in line for mark in ("2>/dev/null", "||", "[ -", "test -"))


def _leaves(file, target):
    """Does a link lead out of the plugin? A prompt is read where that is installed; a README is also read where it was written."""
    plugin = file.plugin
    if plugin is None or not plugin.is_plugin or file.kind == "readme":
        return False
    if not plugin.root:
        return target.startswith("../") and plugin.manifest is not None
    return target != plugin.root and not target.startswith(plugin.root + "/") and (file.project.exists(target) or target.startswith("../"))
