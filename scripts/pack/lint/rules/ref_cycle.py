"""Documents that include, or send the reader to, each other in a loop

Whoever follows them reads the same pages again and again, and what each expects of the other stands in neither.

Bad `references/a.md`, `references/b.md`, `commands/build.md`:

    # A
    @${CLAUDE_PLUGIN_ROOT}/references/b.md
    ---8<---
    # B
    @${CLAUDE_PLUGIN_ROOT}/references/a.md
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/a.md.

Good `references/a.md`, `references/b.md`, `commands/build.md`:

    # A
    @${CLAUDE_PLUGIN_ROOT}/references/b.md
    ---8<---
    # B
    A coder asks for review when the tests pass; see also [A](a.md).
    A reviewer answers within the hour, and whoever waits longer asks the lead; a change that nobody has looked at is
    never merged, whatever its size, and a review that found nothing says what was looked at and how.
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/a.md.

Source: this project
"""

import posixpath

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("plugin",)
_INCLUDE = lazy(r"(?<![^\s(])@((?:\$\{CLAUDE_(?:PLUGIN_ROOT|SKILL_DIR)\}/|\.{1,2}/)?[\w./-]+\.md)\b")
_LINK = ("](",)
STUB = 240  # characters: a page that says no more than where to look


def check(plugin, context):
    """@includes always; links only of pages that hold little else: a mutual "see also" is no loop."""
    files = {file.rel: file for file in plugin.of("prose", "command", "skill", "agent") if not file.read_error}
    edges = {}
    for rel, file in files.items():
        found = dict(_edges(file, files))
        if found:
            edges[rel] = found
    if not edges:
        return
    done = set()
    for rel in sorted(edges):
        path = _loop(rel, edges) if rel not in done else None
        if path:
            done.update(path)
            names = [plugin.sub(step) for step in path] + [plugin.sub(rel)]
            yield files[rel].hit(edges[rel][(path + [rel])[1]], "a loop: %s" % " -> ".join(names))


def _edges(file, files):
    included, linked = file.once("includes", _said)
    folder = posixpath.dirname(file.rel) if included or linked else ""
    for path, start, end in included:
        target = _target(file, path, folder, files)
        if target and not file.prose.in_code(start) and not file.prose.hidden(start):
            yield target, (start, end)
    for target, start, end in linked:
        rel = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
        if rel in files and rel != file.rel:
            yield rel, (start, end)


def _said(file):
    """([(path, start, end)] of what the text includes, the same of what a stub links to); after an edit only that file is asked again."""
    text, included = file.text, []
    at = text.find("@", file.body_start)
    while at >= 0:
        match = _INCLUDE.match(text, at)
        if match:
            included.append((match.group(1), *match.span(1)))
        at = text.find("@", at + 1)
    return included, file.prose.links() if file.holds(_LINK) and _is_stub(file) else ()


def _target(file, path, folder, files):
    plugin = file.plugin
    if path.startswith("${CLAUDE_PLUGIN_ROOT}/"):
        spots = (plugin.path(path[22:]),)
    elif path.startswith("${CLAUDE_SKILL_DIR}/"):
        spots = (posixpath.join(folder, path[20:]),)
    else:
        spots = (posixpath.join(folder, path), plugin.path(path))
    return next((spot for spot in map(posixpath.normpath, spots) if spot in files), None)


def _is_stub(file):
    if file.kind != "prose" or len(file.text) > 4 * STUB:
        return False
    lines = file.text[file.body_start :].split("\n")
    return sum(len(line.strip()) for line in lines if not line.startswith("#")) <= STUB


def _loop(start, edges):
    """The shortest way from a file back to itself, as a list of files, or None."""
    queue, before = [start], {}
    for rel in queue:
        for target in edges.get(rel, ()):
            if target == start:
                path = [rel]
                while path[0] != start:
                    path.insert(0, before[path[0]])
                return path
            if target not in before:
                before[target] = rel
                queue.append(target)
    return None
