"""The client ends the frontmatter at the first `---`, even inside a line or a block of text

Everything after it becomes the prompt: the keys below are lost. An agent that loses its tools line runs with ALL tools.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change --- when it is ready
    tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change when it is ready
    tools: Read
    ---
    Review.

Source: client 2.1.329, measured 2026-11-21
"""

from ..lazy import MULTILINE, lazy

SEVERITY = "error"
_CLOSING = lazy(r"^---[ \t]*\r?$", MULTILINE)
_KEY = lazy(r"^([A-Za-z_][\w-]*):", MULTILINE)


def check(file, context):
    """Compare where the client stops with the first line that is only `---`."""
    front = file.front
    if front is None:
        return
    text, at = file.text, front.close
    line_start = text.rfind("\n", 0, at) + 1
    if line_start == at and not text[at + 3 : file.source.line_end(at)].strip():
        return
    meant = _CLOSING.search(text, at + 1)
    before = text[line_start:at].strip()
    if meant is None or meant.start() - at > 20000:
        if before:
            yield file.hit((at, at + 3), "the client ends the frontmatter here, inside the line")
        return
    lost = [key for key in _KEY.findall(text[at : meant.start()])]
    if not before and not lost:
        return
    effect = (
        "; %s lost" % (", ".join(lost) + (" is" if len(lost) == 1 else " are"))
        if lost
        else "; the rest becomes the prompt"
    )
    if file.kind == "agent" and "tools" in lost:
        effect += ": the agent runs with ALL tools"
    yield file.hit((at, at + 3), "the client ends the frontmatter at this `---`" + effect)
