"""A file's bytes, its text, and where things are in it.

Text keeps its line ends: a fix must give back every byte that it does not mean to change. Lines and columns count
from 1, columns in characters, as editors and SARIF (`columnKind: unicodeCodePoints`) do.
"""

from bisect import bisect_right

BOM = "\ufeff"
MAX_BYTES = 1048576  # the client skips agents and reads no manifest, hooks or MCP file past this size
FEW = 8  # so many positions are counted from the beginning of the text; for more a table of the lines is quicker
WINDOW = 1000  # characters to either side of a place: what is further off in a line (a minified script is one line) says nothing of it


def line_start(text, at):
    """Where the line of an offset begins, or WINDOW characters before it."""
    low = max(0, at - WINDOW)
    return max(text.rfind("\n", low, at) + 1, low)


def line_stop(text, at):
    """Where the line of an offset ends, or WINDOW characters behind it."""
    end = text.find("\n", at, at + WINDOW)
    return end if end >= 0 else min(len(text), at + WINDOW)


def paragraph(text, at):
    """The text between the empty lines around an offset, WINDOW characters to either side at the most."""
    low = max(0, at - WINDOW)
    begin, end = text.rfind("\n\n", low, at), text.find("\n\n", at, at + WINDOW)
    return text[begin + 2 if begin >= 0 else low : end if end >= 0 else at + WINDOW]


class Source:
    """Decoded once; line starts are computed only when many positions are asked for."""

    def __init__(self, data):
        self._data = data
        self.decode_error = None  # (byte offset, byte) of the first byte that is not UTF-8
        self.bom = data.startswith(b"\xef\xbb\xbf")
        try:
            self.text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.decode_error = (error.start, data[error.start])
            # What the client does too: each bad byte becomes U+FFFD.
            self.text = data.decode("utf-8", "replace")
        self._starts, self._asked = None, 0

    @property
    def data(self):
        """The bytes."""
        return self.text.encode("utf-8") if self._data is None else self._data

    def drop_bytes(self):
        """Keep the text alone: of what is UTF-8 the bytes can be had from it again, and a large plugin's are many."""
        if self.decode_error is None:
            self._data = None

    def line_starts(self):
        """Offsets of the first character of every line."""
        if self._starts is None:
            starts, text, at = [0], self.text, self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset):
        """(line, column) of a character offset."""
        offset = max(0, min(offset, len(self.text)))
        self._asked += 1
        if self._asked < FEW:
            line, column = self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset)
        else:
            starts = self.line_starts()
            line = bisect_right(starts, offset)
            column = offset - starts[line - 1] + 1
        if line == 1 and self.bom and column > 1:
            column -= 1  # editors do not count the byte-order mark
        return line, column

    def line_end(self, offset):
        """Offset of the end of the line that holds `offset`, without its line break."""
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > offset and self.text[end - 1] == "\r" else end

    def byte_to_char(self, byte_offset):
        """Character offset of a byte offset."""
        return len(self.data[:byte_offset].decode("utf-8", "replace"))
