"""A generated block differs from what its source generates

Two blocks with one name (`<!-- generated: NAME -->` ... `<!-- end: NAME -->`) come from one source: where they differ, one of
them was changed by hand or never written anew. Without its end a block would be written into what follows.

Bad `references/states.md`, `commands/build.md`:

    <!-- generated: limits -->
    Three rounds.
    <!-- end: limits -->
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

    <!-- generated: limits -->
    Five rounds.
    <!-- end: limits -->

Good `references/states.md`, `commands/build.md`:

    <!-- generated: limits -->
    Three rounds.
    <!-- end: limits -->
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

    <!-- generated: limits -->
    Three rounds.
    <!-- end: limits -->

Source: this project (`make generate`, checked)
"""

import os

from ..lazy import IGNORECASE, lazy
from ..near import closest
from ..vocabulary import documents

SEVERITY = "error"
FILES = ("plugin",)
_MARK = lazy(
    r"<!-- *(?:(?:begin[ :-]+|start[ :-]+)?(generated)(?:[ -](?:begin|start))?|(?:end|/)(?:[ :-]*generated)?|generated[ -]end)"
    r"(?: *: *| +)([\w.-]+(?: [\w.-]+){0,3})? *-->",
    IGNORECASE,
)


def check(plugin, context):
    """Blocks of one name against each other; in a project with its own generator also against that."""
    yield from _own(plugin)
    first = {}
    files = sorted(plugin.of("readme") + documents(plugin), key=lambda file: (file.kind != "prose", file.rel))
    open_blocks = []
    for file in files:
        lower = file.text.lower() if "<!--" in file.text else ""
        for name, mark, end in _blocks(file) if "generated" in lower else ():
            if isinstance(end, str) or end is None:
                open_blocks.append((file, name, mark, end))
                continue
            text = "\n".join(line.rstrip() for line in file.text[mark[1] : end].strip().split("\n"))
            other, home = first.setdefault(name, (text, file))
            if other != text:
                where = plugin.sub(home.rel)
                at = _difference(file, mark[1], end, other)
                yield file.hit(at, "the generated block %r differs from the one in %s: write both anew" % (name, where))
    for file, name, mark, end in open_blocks:
        if end is not None:
            yield file.hit(mark, "the generated block %r ends as %r" % (name, end))
        elif name in first:
            text = "the generated block %r has no end (<!-- end: %s -->) as in %s"
            yield file.hit(mark, text % (name, name, plugin.sub(first[name][1].rel)))


def _own(plugin):
    """What this pack's own generator says, when the plugin is the one that runs."""
    project, rel = plugin.project, "scripts/dev/generate.py"
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if plugin.root or rel not in project.listing:
        return
    if os.path.realpath(os.path.join(project.root, "scripts", "pack")) != os.path.realpath(here):
        return
    if "stale blocks" not in project.memo:
        from ..drift import stale_blocks

        project.memo["stale blocks"] = stale_blocks(project.root)
    for path, line, message in project.memo["stale blocks"]:
        for file in project.files:
            if file.rel == path:
                starts = file.source.line_starts()
                start = starts[min(line, len(starts)) - 1]
                yield file.hit((start, file.source.line_end(start)), message)
                break


def _blocks(file):
    """Yield (name, span of the opening mark, where the block ends); the end is None where there is no other mark before the
    next block, and the other name where a block of nearly this name ends."""
    marks = [match for match in _MARK.finditer(file.text, file.body_start) if not file.prose.in_fence(match.start())]
    for mark, after in zip(marks, marks[1:] + [None]):
        name = mark.group(2)
        if not mark.group(1) or not name:
            continue
        if after is None or after.group(1):
            yield name, mark.span(), None
        elif after.group(2) in (name, None):
            yield name, mark.span(), after.start()
        elif closest(after.group(2), [name]) is not None:
            yield name, after.span(), after.group(2)


def _difference(file, start, end, other):
    """The first line of the block that the other one does not have; the last one where lines are missing."""
    known, at = {line.strip() for line in other.split("\n")}, start
    while at < end:
        stop = file.source.line_end(at)
        if at > start and file.text[at:stop].strip() and file.text[at:stop].strip() not in known:
            break
        last, at = at, stop + 1
    else:
        at = last
    return at, max(at + 1, min(file.source.line_end(at), end))
