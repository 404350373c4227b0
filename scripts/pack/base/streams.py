"""The output streams of `pack`."""

import sys


def plain() -> None:
    """Make the output streams replace what a terminal of another encoding (ISO-8859-1, ASCII) cannot show, instead of failing on it.
    A stream that the caller has closed (`>&-`) takes everything and shows nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open("/dev/null" if sys.platform != "win32" else "NUL", "w"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            plain_utf8 = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="backslashreplace" if plain_utf8 else "replace")  # a file's name need not be UTF-8
