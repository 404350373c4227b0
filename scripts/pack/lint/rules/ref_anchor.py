"""A link to a heading that is not there

Bad `references/notes.md`, `commands/build.md`:

    # Notes
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the matrix](../references/notes.md#matrix).

Good `references/notes.md`, `commands/build.md`:

    # Matrix
    ---8<---
    ---
    description: Builds the plan
    ---
    See [the matrix](../references/notes.md#matrix).

Source: GitHub's heading anchors
"""

from .. import refs
from ..commonmark import KINDS, at_hand
from ..lazy import MULTILINE, lazy
from ..markdown import slugify
from ..near import nearest

SEVERITY = "warning"
_LINE = lazy(r"^ {0,3}#{1,6}[ \t]+([^\n]*?)[ \t#]*\r?$", MULTILINE)


def _in_fences(file):
    """The slugs of what looks like a heading inside code: a page whose fences are nested shows them as headings to its author."""
    return {slugify(match.group(1)) for match in _LINE.finditer(file.text, file.body_start)}


def _letters(text):
    return "".join(char for char in text.lower() if char.isalnum())


def _said_by_commonmark(file):
    """The slugs of the headings that the parser finds where the file is read as Markdown."""
    return {slugify(title) for title in file.document.titles()} if file.kind in KINDS and at_hand() else ()


def check(file, context):
    """Links inside the tree whose file is Markdown."""
    for span, rel, fragment, same in refs.anchors(file, context.project):
        target = file if same else refs.markdown_file(context.project, rel)
        if target is None or target.source.decode_error or len(target.text) > 400000:
            continue
        anchors = target.prose.anchors()
        if fragment.lower() not in anchors and fragment not in anchors:
            if fragment.lower() in _in_fences(target) or fragment.lower() in _said_by_commonmark(target) or "{%" in target.text:
                continue  # a page in Liquid: its headings are made later
            if file.kind == "prose" and _letters(fragment) in {_letters(anchor) for anchor in (*anchors, *_in_fences(target))}:
                continue  # another site's rule for the same heading: `review-md` of REVIEW.md
            where = "this file" if same else rel.rsplit("/", 1)[-1]
            yield file.hit(span, "no heading #%s in %s%s" % (fragment, where, nearest(fragment, sorted(anchors))))
