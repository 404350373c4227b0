"""Markdown grids that a command keeps: a line an entry, its data in a comment behind it. The board and the backlog are such files.

What people write beside the entries is kept, below `## Notes`; what they wrote into an entry is told, never thrown away.
"""

import contextlib
import json
import os
import re

NOTES = "## Notes"
# The user's mandate (seeds/parallel-sprint-command-center.md): it heads every document of a sprint.
MANDATE = "> Nothing is mocked, imitated or bypassed, and no value is made up to pass a test: real servers, real data, and mathematics that holds."


class GridError(ValueError):
    """A line that is no longer what the command wrote; the message names file, line and the way out."""


def plain(text):
    """The text on one line: a line break in it would part an entry from its data."""
    return " ".join(str(text).split())


def line(shown, kind, data):
    """The line of an entry. Nothing in the data can begin or end a comment."""
    told = json.dumps(data, sort_keys=True, ensure_ascii=False).replace("-->", "--\\u003e").replace("<!--", "\\u003c!--")
    return "- %s <!-- %s %s -->" % (" · ".join(shown), kind, told)


class Grid:
    """What a file holds: `entries` [(line number, heading, line, data)], `notes` [line], everything else that people wrote.

    `kind` is the word before the data; `ours(line)` says whether a line is one that the command writes anew each time.
    GridError where an entry's data cannot be read; the way out is `way`.
    """

    def __init__(self, path, kind, ours, way):
        self.path, self.kind, self.way, self.entries, self.notes = path, kind, way, [], []
        try:
            with open(path, encoding="utf-8-sig") as handle:
                lines = handle.read().split("\n")
        except FileNotFoundError:
            return
        except UnicodeDecodeError:
            raise GridError("%s is not UTF-8 text: restore it; it is changed with %s" % (path, way))
        heading, free = None, False
        entry = re.compile(r"^- .*<!-- %s (\{.*\}) -->\s*$" % kind)
        for number, text in enumerate(lines, 1):
            found = entry.match(text)
            if found:
                try:
                    data = json.loads(found.group(1))
                except ValueError:
                    raise self.bad(number, "the %s's data is not JSON" % kind)
                if not isinstance(data, dict):
                    raise self.bad(number, "the %s's data is no mapping" % kind)
                self.entries.append((number, heading, text.rstrip(), data))
            elif "<!-- " + kind in text:
                raise self.bad(number, "the %s's data cannot be read" % kind)
            elif ours(text):
                free, heading = False, text[3:].strip() if text.startswith("## ") else heading
            elif text.strip() == NOTES:
                free = True
            elif free or text.strip():
                self.notes.append(text.rstrip())
                if text.startswith("## "):
                    free, heading = True, text[3:].strip()
        while self.notes and not self.notes[0]:
            self.notes.pop(0)
        while self.notes and not self.notes[-1]:
            self.notes.pop()

    def checked(self, problem, spell):
        """Yield (line number, heading, data) of the entries that are as the command wrote them; GridError at the first that is not.

        `problem(data)` says what is wrong with an entry's data, or None; `spell(data)` is the line that the command writes.
        """
        seen = set()
        for number, heading, text, data in self.entries:
            wrong = problem(data)
            if not wrong and data["id"] in seen:
                wrong = "%s %s is there twice" % (self.kind, data["id"])
            elif not wrong and text != spell(data):
                wrong = "%s %s was changed by hand, its data says otherwise" % (self.kind, data["id"])
            if wrong:
                raise self.bad(number, wrong)
            seen.add(data["id"])
            yield number, heading, data

    def bad(self, number, what):
        """The error about a line."""
        return GridError("%s:%d: %s; restore the line or delete it, and change it with %s" % (self.path, number, what, self.way))

    def tail(self):
        """The lines to write at the end, so that nothing that people wrote is lost."""
        return ["", NOTES, ""] + self.notes if self.notes else []


@contextlib.contextmanager
def alone(path):
    """Nobody else reads, changes and writes the file meanwhile: agents work side by side, and the last write would win."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
