"""The output streams of `pack`, and what of a text reaches a terminal: the letters, never a character that drives it.

What `pack` prints holds words of others: subjects of tasks, names of files, findings, answers of servers. An escape sequence in them could
clear the screen, rename the window or fake a line; a direction override shows a path as another one.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

# C0 but tab and line feed, DEL, C1; what breaks a line or turns its direction (letters that run from right to left stay)
DRIVING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
COLOUR = "\x1b\\[[0-9;]*m"


def shown(text: str, coloured: bool = False) -> str:
    """The text with each character that drives a terminal written out, as in JSON: `\\u001b`. coloured: sequences that only colour stay."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    import re  # the other texts, nearly all, do not need it

    found = re.compile("(%s)|%s" % (COLOUR if coloured else "(?!)", DRIVING))
    return found.sub(lambda m: m.group() if m.group(1) else "\\u%04x" % ord(m.group()), text)


class Shown:
    """A stream that writes what `shown` leaves. Colours stay: the log, the linter and a Python's own help have some; who prints words of
    others takes theirs out before. Everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(shown(text, coloured=True))

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def driven(stream: Any) -> Any:
    """The stream for those who drive its terminal themselves: a view, a bar of progress."""
    return stream.stream if isinstance(stream, Shown) else stream


def plain() -> None:
    """Make the output streams replace what a terminal of another encoding (ISO-8859-1, ASCII) cannot show, instead of failing on it, and
    write out what would drive it. A stream that the caller has closed (`>&-`) takes everything and shows nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            stream = open("/dev/null" if sys.platform != "win32" else "NUL", "w")
        if hasattr(stream, "reconfigure"):
            plain_utf8 = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="backslashreplace" if plain_utf8 else "replace")  # a file's name need not be UTF-8
        setattr(sys, name, stream if isinstance(stream, Shown) else Shown(stream))
