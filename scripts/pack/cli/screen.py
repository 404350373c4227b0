"""The terminal that `pack` prints to: how wide and high it is, whether it shows colour, and text that fits into it."""

import os
import re
import sys
import unicodedata

from ..base.streams import shown

COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def size(stream=None):
    """(columns, rows) of the terminal, None where the output is none: a pipe or a file gets everything, uncut. PACK_SCREEN=80x24 makes
    any output a screen of that size."""
    stream = stream or sys.stdout
    columns, _, rows = os.environ.get("PACK_SCREEN", "").partition("x")
    if columns.isdigit() and rows.isdigit():
        return int(columns), int(rows)
    try:
        if not stream.isatty():
            return None
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return (found.columns, found.lines) if found.columns and found.lines else None


def colours(stream=None):
    """Whether to colour: a terminal, and neither NO_COLOR (no-color.org) nor TERM=dumb; FORCE_COLOR decides where it is set."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    try:
        return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):
        return False


def paint(text, colour, wanted):
    """The text in a colour of COLOURS, where colour is wanted."""
    return "\033[%sm%s\033[0m" % (COLOURS[colour], text) if wanted and colour else text


def columns(text):
    """How many columns a text takes: wide characters two, marks that join the one before them none."""
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text, otherwise=None, most=100):
    """The text in lines of the terminal's width, broken between words and never inside backticks. otherwise: the width where the output is no
    terminal; None: as it is."""
    text, at = shown(text), size() or (otherwise, 0)
    if at[0] is None:
        return text
    import textwrap

    whole = re.sub(r"`[^`\n]*`", lambda m: m.group(0).replace(" ", "\xa0"), text)
    lines = (textwrap.fill(line, min(at[0], most), subsequent_indent="  ", break_long_words=False) for line in whole.split("\n"))
    return "\n".join(lines).replace("\xa0", " ")


def cut(text, width):
    """The text, with nothing in it that drives a terminal, in at most `width` columns; what is left out is shown by `…`."""
    text = shown(text)
    if width is None or columns(text) <= width:
        return text
    out, room = [], max(1, width) - 1
    for c in text:
        room -= columns(c)
        if room < 0:
            break
        out.append(c)
    return "".join(out) + "…"


def fitted(line, width):
    """A line of the tree in at most `width` columns: its subject (in « ») is shortened first, so that the state behind it stays."""
    line = shown(line)
    parts = re.match(r"(.*?)( ?«)(.*)(»)(.*)$", line)
    if width is None or columns(line) <= width or not parts:
        return cut(line, width)
    head, opened, subject, closed, tail = parts.groups()
    room = width - columns(head + opened + closed + tail)
    return cut(head + opened + cut(subject, room) + closed + tail if room >= 4 else head + tail, width)


def page(text, at):
    """A text of the tree for a terminal of (columns, rows); None: as it is. Rows that are left over are spent on lines that are too wide, such
    as ways out, in their order; the others are cut."""
    import textwrap

    lines = text.split("\n")
    if at is None:
        return "\n".join(map(shown, lines))
    out, spare = [], at[1] - 1 - len(lines)
    for line in lines:
        blanks = len(line) - len(line.lstrip())
        whole = textwrap.wrap(shown(line), at[0], subsequent_indent=" " * (blanks + 2), break_long_words=False, break_on_hyphens=False) or [
            ""
        ]
        fits = "«" not in line and all(columns(part) <= at[0] for part in whole) and len(whole) - 1 <= spare
        spare -= len(whole) - 1 if fits else 0
        out += whole if fits and len(whole) > 1 else [fitted(line, at[0])]
    return "\n".join(out)
