"""A merge that was never finished

`<<<<<<<`, `=======` and `>>>>>>>` of a merge stand in the text: the model reads both versions, one after the other, and the marks.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    ---
    <<<<<<< HEAD
    Review the change.
    =======
    Review the change and the tests.
    >>>>>>> feature

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    ---
    Review the change and the tests.

Source: git's own marks
"""

from ..lazy import MULTILINE, lazy

SEVERITY = "warning"
FILES = ("*",)
_BEGIN = lazy(r"^<{7} \S", MULTILINE)
_MIDDLE = lazy(r"^={7}\r?$", MULTILINE)
_END = lazy(r"^>{7} \S", MULTILINE)


def check(file, context):
    """All three marks, each at the beginning of its line and in this order; a fence shows what a merge looks like."""
    text = file.text
    for begin in _BEGIN.finditer(text):
        middle = _MIDDLE.search(text, begin.end())
        end = _END.search(text, middle.end()) if middle else None
        if end is None:
            return
        if not file.prose.hidden(begin.start()):
            yield file.hit((begin.start(), file.source.line_end(begin.start())), "a merge that was not finished: both versions stand here")
            return
