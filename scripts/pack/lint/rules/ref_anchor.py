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

from .. import ref_files, refs
from ..commonmark import KINDS, at_hand
from ..lazy import MULTILINE, lazy
from ..markdown import slugify
from ..near import nearest

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "prose", "readme")
_COUNTED = lazy(r"-[0-9]{1,3}\Z")  # the second heading of the same words
_PLAIN_TITLE = lazy(r" {0,3}#{1,6}[ \t][^<&\\]*\Z")
_BEFORE_TITLE = lazy(r"[\s>*+-]*(?:[0-9]{1,9}[.)]\s)?[\s>*+-]*")
_NO_TEXT = lazy(r"\]\([^()\n]*\)|</?[a-zA-Z][^<>\n]*>|&#?\w+;")  # a link's target, HTML, an entity
_UNDERLINE = lazy(r" {0,3}(?:=+|-+)[ \t\r]*\Z")
_LINE = lazy(r"^ {0,3}#{1,6}[ \t]+([^\n]*?)[ \t#]*\r?$", MULTILINE)


def _in_fences(file):
    """The slugs of what looks like a heading inside code: a page whose fences are nested shows them as headings to its author."""
    return {slugify(match.group(1)) for match in _LINE.finditer(file.text, file.body_start)}


def _letters(text):
    return "".join(filter(str.isalnum, text.lower()))


def _is_a_title(file, fragment):
    """Does the parser find such a heading, where the file is read as Markdown? It takes 60 ms to import, so it is asked only when a line (or
    several before an underline) has just these letters and is no plain `## Heading`, of which both say the same. Where Python has no
    parser, the marks of a heading decide."""
    letters = _letters(_COUNTED.sub("", fragment))
    candidates = file.once("titles?", _may_be_titles) if file.kind in KINDS else {}
    if letters not in candidates or not at_hand():
        return candidates.get(letters, False)
    return fragment in {slugify(title) for title in file.document.titles()}


def _may_be_titles(file):
    """{letters: is it marked as a heading?} of what only a parser knows to be one or none: in a quotation or a list, underlined, with HTML."""
    found, above = {}, ""  # the lines of a paragraph so far: an underline makes a heading of all of them
    for line in file.text.split("\n"):
        rest = line[_BEFORE_TITLE.match(line).end() :]
        said = _letters(_NO_TEXT.sub("", rest))
        if _UNDERLINE.match(line):
            found[above] = True
        if not _PLAIN_TITLE.match(line):
            found[said] = found.get(said, False) or rest.startswith("#")
        above = (above + said)[:1000] if line.strip() else ""
    return found


def check(file, context):
    """Links inside the tree whose file is Markdown."""
    for span, rel, fragment, same in ref_files.anchors(file, context.project):
        target = file if same else refs.markdown_file(context.project, rel)
        if target is None or target.source.decode_error or len(target.text) > 400000:
            continue
        anchors = target.prose.anchors()
        if fragment.lower() not in anchors and fragment not in anchors:
            if fragment.lower() in _in_fences(target) or _is_a_title(target, fragment.lower()) or "{%" in target.text:
                continue  # a page in Liquid: its headings are made later
            if file.kind == "prose" and _letters(fragment) in {_letters(anchor) for anchor in (*anchors, *_in_fences(target))}:
                continue  # another site's rule for the same heading: `review-md` of REVIEW.md
            where = "this file" if same else rel.rsplit("/", 1)[-1]
            yield file.hit(span, "no heading #%s in %s%s" % (fragment, where, nearest(fragment, sorted(anchors))))
