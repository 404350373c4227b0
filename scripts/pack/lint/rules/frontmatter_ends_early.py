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

Source: client, measured
"""

from ..lazy import MULTILINE, lazy

SEVERITY = "error"
FILES = ("agent", "command", "skill", "output-style")
_CLOSING = lazy(r"^---[ \t]*\r?$", MULTILINE)
_KEY = lazy(r"^([A-Za-z_][\w-]*):", MULTILINE)
_LINES = lazy(r"(?:[A-Za-z_][\w-]{0,40}:[^\n]{0,500}\n|[ \t]+[^\n]{0,500}\n){1,40}---[ \t]*\r?(?:\n|$)")

_SETTINGS = frozenset("name description model tools disallowedTools allowed-tools disallowed-tools argument-hint".split())


def check(file, context):
    """Compare where the client stops with the first line that is only `---`."""
    front = file.front
    if front is None:
        return
    text, at = file.text, front.close
    line_start = text.rfind("\n", 0, at) + 1
    if line_start == at and not text[at + 3 : file.source.line_end(at)].strip():
        begin = _CLOSING.match(text, front.body_start)  # a second block, with a line of dashes of its own above it
        begin = begin.end() + 1 if begin else front.body_start
        again = _LINES.match(text, begin) if text.find("\n---", begin) > 0 else None
        lost = [key for key in _KEY.findall(again.group())] if again else ()
        if any(key in _SETTINGS and key not in front for key in lost):  # those that the first block has, too, hold
            yield file.hit((at, at + 3), "the client ends the frontmatter at this `---`" + _effect(file, lost))
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
    yield file.hit((at, at + 3), "the client ends the frontmatter at this `---`" + _effect(file, lost))


def _effect(file, lost):
    if not lost:
        return "; the rest becomes the prompt"
    effect = "; %s lost" % (", ".join(lost) + (" is" if len(lost) == 1 else " are"))
    return effect + (": the agent runs with ALL tools" if file.kind == "agent" and "tools" in lost else "")
