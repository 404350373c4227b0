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
from ..near import nearest

SEVERITY = "warning"


def check(file, context):
    """Links inside the tree whose file is Markdown."""
    for span, rel, fragment, same in refs.anchors(file, context.project):
        target = file if same else refs.markdown_file(context.project, rel)
        if target is None or target.source.decode_error or len(target.text) > 400000:
            continue
        anchors = target.prose.anchors()
        if fragment.lower() not in anchors and fragment not in anchors:
            where = "this file" if same else rel.rsplit("/", 1)[-1]
            yield file.hit(span, "no heading #%s in %s%s" % (fragment, where, nearest(fragment, sorted(anchors))))
