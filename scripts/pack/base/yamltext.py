"""YAML (and JSON, which is YAML) of team definitions, read with the standard library alone and with the place of everything.

The hooks run on a bare Python (`-I -S`: no site-packages, so no PyYAML), and the definition that the hook opens a run with and the one
that `pack gate check` judges with must be the same data: so everybody reads with this. It is YAML 1.2's core schema: block and flow
collections, plain, quoted and block scalars, comments, anchors, aliases and merge keys. Not read, and said so: tags, complex keys,
directives, several documents. Limits keep a hook quick: a definition is no database.
tests/teams/test_reader.py holds it against PyYAML's composer, tests/lint/test_frontmatter.py what the linter reads with it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn, Sequence
    from .protocols import Path, Span

MAX_BYTES, MAX_NODES, MAX_DEPTH = 400_000, 20_000, 40
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_HEX = {"x": 2, "u": 4, "U": 8}


class YamlError(ValueError):
    """Not YAML that is read here: what is wrong, and the offset where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Document:
    """`value`; `spans` and `keys` (path -> (start, end) in `text`) of values and of mapping keys; `duplicates`: [(path, span)]."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value: Any = None
        self.spans: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        self.duplicates: list[tuple[Path, Span]] = []

    def at(self, path: Sequence[Any], key: bool = False) -> Span:
        """The span of a value (or of its key), or of the nearest thing above it that is there."""
        path = tuple(path)
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.spans:
            if path in self.keys:
                return self.keys[path]
            path = path[:-1]
        if path in self.keys and isinstance(self.value_at(path), (dict, list)):
            return self.keys[path]
        start, end = self.spans.get(path, (0, 0))
        return (start, min(end, self.text.find("\n", start) if "\n" in self.text[start:end] else end))

    def value_at(self, path: Sequence[Any]) -> Any:
        """The value at a path, None where there is none."""
        value = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def place(self, span: Span) -> tuple[int, int]:
        """(line, column) of a span, from 1."""
        return self.text.count("\n", 0, span[0]) + 1, span[0] - (self.text.rfind("\n", 0, span[0]) + 1) + 1


def read(text: str, scalar: Callable[[str], Any] | None = None) -> Document:
    """The Document of a text; YamlError with an offset for what cannot be read. `scalar`: what a plain scalar means, if not what `plain` says."""
    document = Document(text)
    if len(text) > MAX_BYTES:
        raise YamlError("%d characters: a team definition has at most %d" % (len(text), MAX_BYTES), 0)
    _Reader(document, scalar or plain).run()
    return document


def plain(text: str) -> Any:
    """The value of a plain scalar. Numbers that are none (.nan, .inf) stay text, so that nobody takes them for limits."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if len(text) <= 30 and text[0] in "-+.0123456789" and text.isascii() and "_" not in text:
        try:
            return int(text)
        except ValueError:
            pass
        if text.lower().strip("+-").startswith(("0x", "0o")) and text[0] not in "+-":
            try:
                return int(text, 16 if text[1] in "xX" else 8)
            except ValueError:
                return text
        if not any(c in text.lower() for c in "naif"):  # nan, inf
            try:
                value = float(text)
                return value if value - value == 0 else text  # 1e999 is no number either
            except ValueError:
                pass
    return text


class _Reader:
    def __init__(self, document: Document, scalar: Callable[[str], Any]) -> None:
        self.d, self.s, self.n, self.scalar = document, document.text, len(document.text), scalar
        self.p, self.nodes, self.depth = 1 if document.text.startswith("\ufeff") else 0, 0, 0
        self.anchors: dict[str, tuple[Any, int]] = {}  # name -> (value, nodes)

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise YamlError(message, min(self.p if at is None else at, self.n))

    def run(self) -> None:
        for i, c in enumerate(self.s):
            if c < " " and c not in "\t\n\r" or c == "\x7f" or "\ud800" <= c <= "\udfff" or c == "\ufffe":
                self.fail("a control character (U+%04X): remove it" % ord(c), i)
        self.next()
        if self.s.startswith("%", self.p) and self.column() == 0:
            self.fail("directives (%YAML, %TAG) are not read: remove the line")
        if self.marker("---"):
            self.p += 3
        self.d.value = self.block(-1, ())
        self.next()
        if self.marker("..."):
            self.p += 3
            self.next()
        if self.marker("---"):
            self.fail("a second document begins here: one definition a file")
        if self.p < self.n:
            self.fail("this does not belong to anything above it: look at its indentation")

    # -- where we are ------------------------------------------------------------------------------------------------
    def column(self, at: int | None = None) -> int:
        at = self.p if at is None else at
        start = self.s.rfind("\n", 0, at) + 1
        return at - start - (1 if start == 0 and self.s.startswith("\ufeff") else 0)

    def marker(self, text: str) -> bool:
        return self.s.startswith(text, self.p) and self.column() == 0 and (self.p + 3 >= self.n or self.s[self.p + 3] in " \t\r\n")

    def next(self, flow: bool = False) -> None:
        """Over blanks, line ends and comments, to whatever is next. A tab that indents is refused (YAML has no tabs there)."""
        fresh, tab = self.column() == 0 or not self.s[self.s.rfind("\n", 0, self.p) + 1 : self.p].strip(" "), None
        while self.p < self.n:
            c = self.s[self.p]
            if c in "\n\r":
                fresh, tab = True, None
            elif c == "\t":
                tab = self.p if fresh and tab is None else tab
            elif c == "#" and (self.p == 0 or self.s[self.p - 1] in " \t\n\r\ufeff"):
                end = self.s.find("\n", self.p)
                self.p = self.n if end < 0 else end
                continue
            elif c != " ":
                break
            self.p += 1
        if tab is not None and self.p < self.n and not flow:
            self.fail("a tab indents this line: YAML wants blanks", tab)

    def blanks(self) -> None:
        while self.p < self.n and self.s[self.p] in " \t":
            self.p += 1

    def ends(self, at: int) -> bool:
        return at >= self.n or self.s[at] in "\n\r"

    def rest(self) -> None:
        """What is left of the line must be blank or a comment."""
        at = self.p
        self.blanks()
        if self.ends(self.p) or self.s[self.p] == "#" and self.p > at:
            return
        self.fail("text behind a value that has ended: put the whole value in quotes, or a comma between two")

    def note(self, path: Path, start: int, end: int) -> None:
        self.d.spans[path] = (start, end)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.fail("more than %d values: that is no team definition" % MAX_NODES, start)

    # -- block collections -------------------------------------------------------------------------------------------
    def block(self, parent: int, path: Path, same: bool = False) -> Any:
        """A value that may stand on the next lines, indented more than `parent` (a list may stand at the same indentation)."""
        begin = self.p
        self.next()
        column = self.column()
        dash = self.dash()
        if self.p >= self.n or column <= parent and not (same and dash and column == parent) or self.marker("---") or self.marker("..."):
            self.note(path, begin, begin)
            return None
        return self.value(parent, path, column)

    def dash(self) -> bool:
        return self.s.startswith("-", self.p) and (self.p + 1 >= self.n or self.s[self.p + 1] in " \t\r\n")

    def value(self, parent: int, path: Path, column: int | None) -> Any:
        """The value that begins here. `column`: where a collection begins that starts here; None where none may (behind `key:`)."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("nested deeper than %d levels" % MAX_DEPTH)
        try:
            return self.anchored(parent, path, column) if self.s.startswith(("&", "*", "!"), self.p) else self.bare(parent, path, column)
        finally:
            self.depth -= 1

    def anchored(self, parent: int, path: Path, column: int | None) -> Any:
        start = self.p
        if self.s[start] == "!":
            self.fail("tags (!...) are not read: write the value without")
        end = start + 1
        while end < self.n and self.s[end] not in " \t\r\n,[]{}":
            end += 1
        name = self.s[start + 1 : end]
        if not name:
            self.fail("%s begins an %s: put the text in quotes" % (self.s[start], "anchor" if self.s[start] == "&" else "alias"))
        if self.s[start] == "*" and name.endswith(":"):
            self.fail("an alias cannot be a key")
        self.p = end
        if self.s[start] == "*":
            if name not in self.anchors:
                self.fail("no anchor &%s is complete before this alias; put text that begins with * in quotes" % name, start)
            value, nodes = self.anchors[name]
            self.note(path, start, end)
            self.nodes += nodes
            if self.nodes > MAX_NODES:
                self.fail("its aliases make more than %d values: that is no team definition" % MAX_NODES, start)
            return value
        before = self.nodes
        self.blanks()
        if self.s.startswith(("&", "*"), self.p):
            self.fail("an anchor names one value: neither an alias nor a second anchor can follow it")
        if self.ends(self.p) or self.s[self.p] == "#":
            self.p = end
            value = self.block(parent, path, same=True)
        else:
            value = self.bare(parent, path, None if column is None or self.key_ends() is None else self.column())
        self.d.spans[path] = (start, self.d.spans[path][1])
        self.anchors[name] = (value, self.nodes - before)
        return value

    def bare(self, parent: int, path: Path, column: int | None) -> Any:
        if column is not None and self.dash():
            return self.sequence(column, path)
        if self.s.startswith(("? ", "?\n"), self.p):
            self.fail("complex keys (`? `) are not read")
        if column is not None and self.key_ends() is not None:
            return self.mapping(column, path)
        c = self.s[self.p]
        if c in "[{":
            value = self.flow(path)
            self.rest()
            return value
        if c in "'\"":
            start = self.p
            value = self.quoted()
            self.note(path, start, self.p)
            self.rest()
            return value
        if c in "|>":
            return self.literal(parent, path)
        return self.folded(parent, path)

    def sequence(self, column: int, path: Path) -> list[Any]:
        items: list[Any] = []
        start = self.p
        while self.p < self.n and self.column() == column and self.dash() and not self.marker("---"):
            self.p += 1
            empty = self.p
            self.blanks()
            below = path + (len(items),)
            if self.ends(self.p) or self.s[self.p] == "#":
                self.p = empty  # right behind the dash
                items.append(self.block(column, below))
            else:
                items.append(self.value(column, below, self.column()))
            self.next()
            if self.p < self.n and self.column() > column:
                self.fail("indented more than the list that it follows: look at its indentation")
        self.note(path, start, self.p)
        return items

    def key_ends(self) -> int | None:
        """The offset of the `:` of a key that begins here, None when none does."""
        at = self.p
        if self.s[at] in "'\"":
            end = None
            try:
                self.quoted()
                self.blanks()
                end = self.p
            except YamlError:
                pass
            self.p = at
            return end if end is not None and self.colon(end) and "\n" not in self.s[at:end] else None
        if self.s[at] in "[]{},#&*!|>%@`" or self.s[at] in "-?" and (at + 1 >= self.n or self.s[at + 1] in " \t\r\n"):
            return None
        while not self.ends(at):
            if self.colon(at):
                return at
            if self.s[at] == "#" and self.s[at - 1] in " \t":
                return None
            at += 1
        return None

    def colon(self, at: int) -> bool:
        return at < self.n and self.s[at] == ":" and (at + 1 >= self.n or self.s[at + 1] in " \t\r\n")

    def mapping(self, column: int, path: Path) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        start = self.p
        while self.p < self.n and self.column() == column and not self.marker("---") and not self.marker("..."):
            if self.s.startswith("? ", self.p):
                self.fail("complex keys (`? `) are not read")
            end = self.key_ends()
            if end is None:
                self.fail("a key and a colon with a blank behind it are expected here, as in `title: Text`")
            begin = self.p
            if self.s[begin] in "'\"":
                key = self.quoted()
                stop = self.p
            else:
                key = self.s[begin:end].rstrip()
                stop = begin + len(key)
            if begin == stop:
                self.fail("a key is missing before this colon", begin)
            self.p = end + 1
            below = path + (key,)
            self.seen(found, below, key, (begin, stop))
            self.blanks()
            if self.ends(self.p) or self.s[self.p] == "#":
                self.p = end + 1  # an empty value stands right behind the colon
                value = self.block(column, below, same=True)
            else:
                value = self.value(column, below, None)
            if key == "<<":
                self.merge(merged, value, begin)
            else:
                found[key] = value
            self.next()
            if self.p < self.n and self.column() > column:
                self.fail("indented more than what it follows: look at its indentation")
        self.note(path, start, self.p)
        return dict(merged, **found) if merged else found

    def seen(self, found: dict[Any, Any], path: Path, key: Any, span: Span) -> None:
        if key in found:
            self.d.duplicates.append((path, span))
        self.d.keys[path] = span

    def merge(self, merged: dict[Any, Any], value: Any, at: int) -> None:
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                self.fail("`<<` merges mappings only", at)
            for key, item in part.items():
                merged.setdefault(key, item)

    # -- scalars -----------------------------------------------------------------------------------------------------
    def folded(self, parent: int, path: Path) -> Any:
        """A plain scalar, on this line and on those that follow indented more than `parent`."""
        start = self.p
        c = self.s[start]
        if c in "]},%@`" or c in "-?:" and (start + 1 >= self.n or self.s[start + 1] in " \t\r\n"):
            self.fail("a value cannot begin with %r: put it in quotes" % c)
        words, last = "", start
        while True:
            begin = self.p
            while not self.ends(self.p) and not (self.s[self.p] == "#" and self.s[self.p - 1] in " \t"):
                if self.colon(self.p):
                    self.fail(
                        "`: ` within a value: put the value in quotes"
                        if self.s.count("\n", start, self.p) == 0
                        else "`: ` here: either a key that is indented too far, or text that belongs in quotes"
                    )
                self.p += 1
            text = self.s[begin : self.p].strip(" \t")
            words += text
            last = begin + len(self.s[begin : self.p].rstrip(" \t"))
            at = self.p
            if not self.ends(at):
                break  # a comment ends the scalar
            lines = 0
            while at < self.n and self.s[at] in " \t\r\n":
                lines += self.s[at] == "\n"
                at += 1
            if at >= self.n or self.column(at) <= parent or self.s[at] == "#" or self.column(at) == 0:
                break
            words += "\n" * (lines - 1) or " "
            self.p = at
        self.note(path, start, last)
        return self.scalar(words)

    def quoted(self) -> str:
        quote, start = self.s[self.p], self.p
        out: list[str] = []
        self.p += 1
        while True:
            if self.p >= self.n:
                self.fail("this quote is never closed", start)
            c = self.s[self.p]
            if c == quote:
                self.p += 1
                if quote == '"' or not self.s.startswith("'", self.p):
                    return _pairs("".join(out))
                out.append("'")
                self.p += 1
            elif c in "\r\n":
                lines, at = 0, self.p
                while at < self.n and self.s[at] in " \t\r\n":
                    lines += self.s[at] == "\n"
                    at += 1
                while out and out[-1] in (" ", "\t"):
                    out.pop()
                out.append("\n" * (lines - 1) or " ")
                self.p = at
            elif c == "\\" and quote == '"':
                self.escape(out)
            else:
                out.append(c)
                self.p += 1

    def escape(self, out: list[str]) -> None:
        c = self.s[self.p + 1 : self.p + 2]
        if c in _HEX and c:
            digits = self.s[self.p + 2 : self.p + 2 + _HEX[c]]
            try:
                if len(digits) < _HEX[c] or not digits.isalnum():
                    raise ValueError
                out.append(chr(int(digits, 16)))
            except (ValueError, OverflowError):
                self.fail("\\%s wants %d hexadecimal digits" % (c, _HEX[c]))
            self.p += 2 + _HEX[c]
        elif c in ("\n", "\r"):
            self.p += 1
            while self.p < self.n and self.s[self.p] in " \t\r\n":
                self.p += 1
        elif c in _ESCAPES and c:
            out.append(_ESCAPES[c])
            self.p += 2
        else:
            self.fail("\\%s is no escape: write \\\\ for a backslash, or use single quotes" % c)

    def literal(self, parent: int, path: Path) -> str:
        """`|` and `>` with their lines."""
        start = self.p
        fold, keep, indent = self.s[start] == ">", "", 0
        self.p += 1
        while self.p < self.n and self.s[self.p] in "+-123456789":
            if self.s[self.p] in "+-":
                keep = self.s[self.p]
            else:
                indent = max(parent, 0) + int(self.s[self.p])
            self.p += 1
        self.rest()
        at = self.s.find("\n", self.p)
        at = self.n if at < 0 else at + 1
        lines = []
        while at < self.n:
            end = self.s.find("\n", at)
            end = self.n if end < 0 else end
            line = self.s[at:end].rstrip("\r")
            depth = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                if not indent:
                    indent = depth
                if depth < indent or depth <= parent:
                    break
            lines.append(line[indent:] if line.strip(" ") or indent and depth > indent else "")
            at = end + 1
        self.p = min(at, self.n)
        self.note(path, start, self.p)
        tail = 0
        while lines and not lines[-1].strip():
            lines.pop()
            tail += 1
        text = _fold(lines) if fold else "\n".join(lines)
        return text + (
            ""
            if keep == "-" or not lines and keep != "+"
            else "\n" * (1 + tail)
            if keep == "+" and lines
            else "\n" * tail
            if keep == "+"
            else "\n"
        )

    # -- flow collections --------------------------------------------------------------------------------------------
    def flow(self, path: Path) -> Any:
        start, closing = self.p, "]" if self.s[self.p] == "[" else "}"
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("nested deeper than %d levels" % MAX_DEPTH)
        self.p += 1
        items: list[Any] = []
        found: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        fresh = True
        while True:
            self.next(flow=True)
            if self.p >= self.n:
                self.fail("this %s is never closed" % self.s[start], start)
            c = self.s[self.p]
            if c == closing:
                self.p += 1
                break
            if c == "," or c in "]}":
                self.fail("nothing stands before this comma" if c == "," else "this closes nothing: %r was expected" % closing)
            if not fresh:
                self.fail("a comma is missing before this")
            if closing == "]":
                items.append(self.flow_item(path + (len(items),)))
            else:
                begin = self.p
                key = self.flow_scalar(None, key=True)
                span = (begin, self.p)
                if not isinstance(key, str):
                    key = self.s[begin : self.p].strip()
                below = path + (key,)
                self.seen(found, below, key, span)
                self.next(flow=True)
                value = None
                if self.s.startswith(":", self.p):
                    self.p += 1
                    self.next(flow=True)
                    if self.p < self.n and self.s[self.p] not in ",}":
                        value = self.flow_value(below)
                    else:
                        self.note(below, self.p, self.p)
                else:
                    self.note(below, self.p, self.p)
                if key == "<<":
                    self.merge(merged, value, begin)
                else:
                    found[key] = value
            self.next(flow=True)
            fresh = self.s.startswith(",", self.p)
            self.p += fresh
        self.depth -= 1
        self.note(path, start, self.p)
        return items if closing == "]" else dict(merged, **found) if merged else found

    def flow_item(self, path: Path) -> Any:
        """An item of a flow list; `[a: b]` is a list of one mapping."""
        begin = self.p
        value = self.flow_value(path)
        back = self.p
        self.blanks()
        if self.s.startswith(":", self.p) and not isinstance(value, (dict, list)):
            key = value if isinstance(value, str) else self.s[begin:back].strip()
            self.d.keys[path + (key,)] = (begin, back)
            self.p += 1
            colon = self.p
            self.next(flow=True)
            if self.p < self.n and self.s[self.p] not in ",]":
                inner = self.flow_value(path + (key,))
            else:
                inner = None
                self.note(path + (key,), colon, colon)
            self.note(path, begin, self.d.spans[path + (key,)][1])
            return {key: inner}
        self.p = back
        return value

    def flow_value(self, path: Path) -> Any:
        c = self.s[self.p]
        if c in "[{":
            return self.flow(path)
        if c in "&*!":
            return self.anchored(-1, path, None) if c != "&" else self.flow_anchor(path)
        return self.flow_scalar(path)

    def flow_anchor(self, path: Path) -> Any:
        start = self.p
        while self.p < self.n and self.s[self.p] not in " \t\r\n,[]{}":
            self.p += 1
        name, before = self.s[start + 1 : self.p], self.nodes
        self.next(flow=True)
        if self.p >= self.n or self.s[self.p] in ",]}":
            self.fail("an anchor without a value", start)
        value = self.flow_value(path)
        self.d.spans[path] = (start, self.d.spans[path][1])
        self.anchors[name] = (value, self.nodes - before)
        return value

    def flow_scalar(self, path: Path | None, key: bool = False) -> Any:
        start = self.p
        if self.s[start] in "'\"":
            value = self.quoted()
        else:
            if self.s[start] in "!&*|>%@`#:" or self.s[start] in "?-" and self.s[start + 1 : start + 2] in (" ", "\n", ",", "]", "}", ""):
                self.fail("%s cannot begin with %r: put it in quotes" % ("a key" if key else "a value", self.s[start]))
            end = start
            while self.p < self.n:
                c = self.s[self.p]
                if (
                    c in ",[]{}"
                    or c == ":"
                    and (self.p + 1 >= self.n or self.s[self.p + 1] in " \t\r\n,[]{}")
                    or c == "#"
                    and self.s[self.p - 1] in " \t\r\n"
                ):
                    break
                self.p += 1
                if c not in " \t\r\n":
                    end = self.p
            if end == start:
                self.fail("a %s is missing here" % ("key" if key else "value"))
            value = _folded(self.s[start:end])
            value = value if key else self.scalar(value)
            self.p = end
        if path is not None:
            self.note(path, start, self.p)
        return value


def _folded(text: str) -> str:
    """A plain scalar over several lines: a line end becomes a blank, an empty line a line end."""
    if "\n" not in text:
        return text
    first, *others = (line.strip(" \t\r") for line in text.split("\n"))
    breaks = 0
    for line in others:
        breaks += 1
        if line:
            first += ("\n" * (breaks - 1) or " ") + line
            breaks = 0
    return first


def _fold(lines: Sequence[str]) -> str:
    """The lines of `>`: single line ends become blanks; blank lines and lines that are indented further stay."""
    out, previous = "", None
    for line in lines:
        if previous is None:
            out = line or "\n"
        elif not line:
            out += "\n"
        elif line[0] in " \t" or previous and previous[0] in " \t":
            out += "\n" + line
        else:
            out += (" " if previous else "") + line
        previous = line
    return out


def _pairs(text: str) -> str:
    """JSON writes what lies beyond U+FFFF as two halves."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
