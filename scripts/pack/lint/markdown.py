"""The little of Markdown that the rules need: which text is code, links, headings with their anchors, tables.

A scanner of lines, linear in the text and only run where a cheap look found something: markdown-it-py takes ten times as long, and gives no
places within a line. tests/lint/test_commonmark.py holds it against that; where a finding hangs on the difference, commonmark.py asks it.
"""

from bisect import bisect_right

from .lazy import MULTILINE, lazy
from .marks import lines_with

_FENCE = lazy(r"^(?: {0,3}|[ \t]*(?:[-*+]|[0-9]{1,3}[.)])[ \t]+|[ \t]{4,})(`{3,}|~{3,})([^\n]*)$", MULTILINE)
_COMMENT = lazy(r"<!--")
_OPENING = lazy(r"^[ \t]*`{3,}[A-Za-z]", MULTILINE)
_TICKS = lazy(r"`+")
_HEADING = lazy(r" {0,3}(#{1,6})[ \t]+")
_SETEXT = lazy(r"^ {0,3}(\S[^\n]*)\r?\n {0,3}(?:=+|-+)[ \t]*\r?$", MULTILINE)
_HTML_ID = lazy(r"""<[a-zA-Z][^<>]{0,200}?\b(?:id|name)=["']?([^"'\s>]{1,200})""")
_LINK = lazy(
    r"\]\(\s{0,3}(<[^<>\n]{0,500}>|[^\s()<>]{1,500}(?:\([^\s()]{0,200}\)[^\s()<>]{0,500})?)(?:\s+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?\s{0,3}\)"
)
_HTML_LINK = lazy(r"<(?:a|img)\b[^<>\n]{0,300}?\b(?:href|src)=[\"']([^\"'\s<>]{1,500})[\"']")
_DEFINITION = lazy(r"^ {0,3}\[([^\]\n]{1,200})\]:[ \t]+(<[^<>\n]+>|\S+)", MULTILINE)
_PERMALINK = lazy(r"\]\(#([^)\s]{1,200})\)")
_EMPTY_LINK = lazy(r"\s*\[(?:[\u200b\u200c\ufeff#¶§🔗​ ]|&#\w+;)*\]\(#[^)\s]{1,200}\)\s*$")
_OWN_LINE = lazy(r"^(?:#{1,6} )?\[([^\]\n]{1,200})\]\(#([^)\s]{1,200})\)[ \t]*$", MULTILINE)
_RULED = lazy(r"\n([ \t|:-]+\r?)(?=\n|\Z)")
_RULER = lazy(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*\|?)?[ \t]*\r?")


class Prose:
    """A Markdown body: `text[start:]`."""

    def __init__(self, text, start=0):
        self.text, self.start = text, start
        self._blocks = self._comments = self._nested = None
        self._inline = {}  # (start, end) of a paragraph: the code spans in it
        self._paragraph = (0, 0)  # the one that was looked at last
        self._tables = self._links = self._anchors = None

    @property
    def fences(self):
        """[(start, end, info string)] of fenced code, in order; an unclosed fence runs to the end."""
        if self._blocks is None:
            blocks = []
            if "```" in self.text or "~~~" in self.text:
                open_at = mark = info = None
                for begin, end in lines_with(self.text, self.start, ("```", "~~~")):
                    match = _FENCE.match(self.text, begin, end)
                    if match is None:
                        continue
                    ticks, rest = match.group(1), match.group(2)
                    if open_at is None:
                        if ticks[0] == "`" and "`" in rest:
                            continue
                        open_at, mark, info = match.start(), ticks, rest.strip()
                    elif (
                        ticks[0] == mark[0]
                        and len(ticks) >= len(mark)
                        and not rest.strip()
                        and not self.text[match.start() : match.start(1)].strip()
                    ):  # ` * ```` is a comment's example of a fence; behind a list's mark none is closed
                        blocks.append((open_at, match.end(), info))
                        open_at = None
                if open_at is not None:
                    blocks.append((open_at, len(self.text), info))
            self._blocks = blocks
        return self._blocks

    @property
    def comments(self):
        """[(start, end)] of HTML comments."""
        if self._comments is None:
            found, at = [], self.start
            while True:
                at = self.text.find("<!--", at)
                if at < 0:
                    break
                end = self.text.find("-->", at + 4)
                end = len(self.text) if end < 0 else end + 3
                if not covered(at, self.fences):
                    found.append((at, end))
                at = end
            self._comments = found
        return self._comments

    @property
    def nested(self):
        """[(start, end)] between the end of a fence of Markdown that has another fence inside and the next bare fence line: CommonMark
        ends the outer one at the inner one's end, its author meant it to go on."""
        if self._nested is None:
            found, fences = [], self.fences
            for index, (start, end, info) in enumerate(fences):
                if info.lower() in ("markdown", "md", "mdx") and _OPENING.search(self.text, self.text.find("\n", start), end):
                    after = next((one[0] for one in fences[index + 1 :] if not one[2] or one[2].lower() in ("markdown", "md", "mdx")), None)
                    if after is not None:
                        found.append((end, after))
            self._nested = found
        return self._nested

    def in_fence(self, offset):
        """Is the offset inside fenced code?"""
        return covered(offset, self.fences)

    def fence_at(self, offset):
        """The fence that covers the offset, or None."""
        fences = self.fences
        index = bisect_right(fences, (offset, len(self.text) + 1)) - 1
        return fences[index] if index >= 0 and offset < fences[index][1] else None

    def hidden(self, offset):
        """Inside a fence or an HTML comment: teaching text, not instructions."""
        return covered(offset, self.fences) or covered(offset, self.comments) or covered(offset, self.nested)

    def in_code(self, offset):
        """Inside a fence or an inline code span; a span crosses neither a blank line nor a fence."""
        begin, end = self._paragraph
        if not begin <= offset < end:
            fences, text = self.fences, self.text
            index = bisect_right(fences, (offset, len(text) + 1)) - 1
            if index >= 0 and offset < fences[index][1]:
                return True
            begin = max(text.rfind("\n\n", self.start, offset) + 2, self.start)
            end = text.find("\n\n", offset)
            end = len(text) if end < 0 else end
            if index >= 0:
                begin = max(begin, fences[index][1])
            if index + 1 < len(fences):
                end = min(end, fences[index + 1][0])
            self._paragraph = begin, end
        return covered(offset, self._spans(begin, end))

    def _spans(self, begin, end):
        """[(start, end)] of the inline code spans of a paragraph."""
        spans = self._inline.get((begin, end))
        if spans is None:
            spans, opened = self._inline.setdefault((begin, end), []), None
            if self.text.find("`", begin, end) < 0:
                return spans
            for match in _TICKS.finditer(self.text, begin, end):
                if opened is None:
                    opened = match.span()
                elif match.end() - match.start() == opened[1] - opened[0]:
                    spans.append((opened[0], match.end()))
                    opened = None
        return spans

    def links(self):
        """[(target, start, end)] of inline links, images and definitions outside code."""
        if self._links is None:
            self._links = list(self._find_links())
        return self._links

    def _find_links(self):
        text = self.text
        if "](" in text:
            for match in _LINK.finditer(text, self.start):
                start, end = match.span(1)
                if not self.in_code(match.start()) and not covered(start, self.comments) and not covered(start, self.nested):
                    if text[start] == "<":
                        start, end = start + 1, end - 1
                    yield text[start:end], start, end
        if "<a " in text or "<img " in text:
            for match in _HTML_LINK.finditer(text, self.start):
                if (
                    not self.in_code(match.start())
                    and not covered(match.start(), self.comments)
                    and not covered(match.start(), self.nested)
                ):
                    yield match.group(1), match.start(1), match.end(1)
        if "]:" in text:
            for begin, end in lines_with(text, self.start, ("]:",)):
                match = _DEFINITION.match(text, begin, end)
                start, end = match.span(2) if match else (0, 0)
                if match and not self.in_code(start) and not match.group(1).startswith("^"):
                    if text[start] == "<":
                        start, end = start + 1, end - 1
                    yield text[start:end], start, end

    def headings(self):
        """Yield (level, title, start, end) outside fences."""
        for begin, end in lines_with(self.text, self.start, ("# ", "#\t")):
            match = _HEADING.match(self.text, begin, end)
            if match and (begin == 0 or self.text[begin - 1] == "\n") and not self.hidden(begin):
                line = self.text[match.end() : end].removesuffix("\r").rstrip(" \t").rstrip("#").rstrip(" \t")
                yield len(match.group(1)), line, match.end(), match.end() + len(line)

    def anchors(self):
        """Every fragment that a link may name: GitHub's heading slugs and explicit ids."""
        if self._anchors is None:
            self._anchors = self._find_anchors()
        return self._anchors

    def _find_anchors(self):
        found, counts = set(), {}
        titles = [(start, title) for _, title, start, _ in self.headings()]
        for match in _SETEXT.finditer(self.text, self.start):
            if not self.hidden(match.start()):
                titles.append((match.start(), match.group(1)))
        for _, title in sorted(titles):
            for own in _PERMALINK.finditer(title):  # `## Flags [](#flags)`: the page was made with this anchor
                found.add(own.group(1).lower())
            title = _EMPTY_LINK.sub("", title)
            named = _NAMED_HEADING.search(title) if title.endswith("}") else None
            if named:  # `## Flags {#flags}`: kramdown, pandoc, MkDocs
                found.add(named.group(1).lower())
                title = title[: named.start()]
            slug = slugify(title)
            count = counts.get(slug, 0)
            counts[slug] = count + 1
            found.add("%s-%d" % (slug, count) if count else slug)
        if "](#" in self.text:  # a line that is nothing but a link to its own words is a heading's permalink
            for match in _OWN_LINE.finditer(self.text, self.start):
                said, fragment = (("".join(filter(str.isalnum, text))).lower() for text in match.groups())
                if len(said) > 3 and said[:6] in fragment:
                    found.add(match.group(2).lower())
        if "id=" in self.text or "name=" in self.text:
            found.update(match.group(1).lower() for match in _HTML_ID.finditer(self.text))
        return found

    def tables(self):
        """[Table] of the pipe tables outside fences."""
        if self._tables is None:
            self._tables = list(self._find_tables()) if "|" in self.text else []
        return self._tables

    def _find_tables(self):
        text, done = self.text, self.start
        for line in _RULED.finditer(text, self.start):
            begin, end = line.span(1)
            if begin <= done or "|" not in line.group(1) or not _RULER.fullmatch(text, begin, end):
                continue
            above = max(text.rfind("\n", done, begin - 1) + 1 if begin - 1 > done else 0, done)
            if "|" not in text[above : begin - 1] or self.hidden(above) or self.hidden(begin):
                continue
            at = end + 1
            stop, lines = (at, []) if self.comments else _barred(text, end)
            at = max(at, stop)
            while at < len(text):
                end = text.find("\n", at)
                end = len(text) if end < 0 else end
                if text.find("|", at, end) < 0 or (text[at] != "|" or self.comments) and self.hidden(at):
                    break  # no fence begins with a bar
                lines.append((at, end))
                at = end + 1
            done = at
            yield Table(text, (above, begin - 1), lines)


def _barred(text, end):
    """(where the paragraph ends that begins behind a line break, [(start, end)] of its lines) when each of them begins with a bar;
    of most tables all do, and no fence or comment begins so."""
    stop = text.find("\n\n", end)
    if stop < 0:
        stop = len(text) - text.endswith("\n")
    if stop <= end or text.count("\n", end, stop) != text.count("\n|", end, stop):
        return end, []
    lines, at = [], end + 1
    for line in text[at:stop].split("\n"):
        lines.append((at, at + len(line)))
        at += len(line) + 1
    return at, lines


_titles: "dict[str, tuple[list[str], set[str]]]" = {}  # header line: (its titles, the set of them); the same few stand above most tables


class Table:
    """`header` and `rows`: lists of (text, start, end); `titles`: the headings, lower case, without their Markdown, and `named`, the set
    of them. Most tables are none of ours: rows are split when asked for."""

    def __init__(self, text, header, lines):
        self._text, self._place, self._lines, self._rows, self._header = text, header, lines, None, None
        line = text[header[0] : header[1]]
        known = _titles.get(line)
        if known is None:
            titles = [clean(title).lower() for title, _, _ in self.header]
            known = _titles[line] = titles, frozenset(titles)
        self.titles, self.named = known

    def _split(self, line):
        return _cells(self._text[line[0] : line[1]].rstrip("\r"), line[0])

    @property
    def header(self):
        """The cells of the header."""
        if self._header is None:
            self._header = self._split(self._place)
        return self._header

    @property
    def rows(self):
        """The cells of every row."""
        if self._rows is None:
            self._rows = [self._split(line) for line in self._lines]
        return self._rows

    def column(self, *names):
        """Index of the first column whose heading is one of the names (lower case), or None."""
        if not self.named.isdisjoint(names):
            for index, title in enumerate(self.titles):
                if title in names:
                    return index
        return None


def _cells(line, offset):
    """The cells of a table row: an escaped or coded pipe does not split."""
    if "`" not in line and "\\" not in line:
        return _plain_cells(line, offset)
    cells, start, at, in_code = [], 0, 0, False
    body = line
    first = len(body) - len(body.lstrip())
    if body[first : first + 1] == "|":
        start = at = first + 1
    while at < len(body):
        char = body[at]
        if char == "\\":
            at += 2
            continue
        if char == "`":
            in_code = not in_code
        elif char == "|" and not (in_code and "`" in body[at:]):
            cells.append(_cell(body, start, at, offset))
            start = at + 1
        at += 1
    if body[start:].strip():
        cells.append(_cell(body, start, len(body), offset))
    return cells


def _plain_cells(line, offset):
    cells = []
    parts = line.split("|")
    if not parts[0].strip():
        offset += len(parts.pop(0)) + 1
    if parts and not parts[-1].strip():
        parts.pop()
    for part in parts:
        value = part.strip()
        start = offset + (len(part) - len(part.lstrip()) if value else len(part))
        cells.append((value, start, start + len(value)))
        offset += len(part) + 1
    return cells


def _cell(body, start, end, offset):
    raw = body[start:end]
    left = len(raw) - len(raw.lstrip())
    value = raw.strip()
    return value, offset + start + left, offset + start + left + len(value)


def clean(text):
    """A cell or heading without its Markdown."""
    return text.replace("`", "").replace("**", "").replace("__", "").strip(" *_")


def slugify(title):
    """GitHub's anchor of a heading."""
    out = []
    if "](" in title:
        title = _INLINE_LINK.sub(lambda link: link.group(1), title)  # a template would import re
    for char in title.strip().lower():
        if char.isalnum() or char in "_-":
            out.append(char)
        elif char == " ":
            out.append("-")
        elif char == "\ufe0f":  # GitHub drops the emoji and keeps what makes it one
            out.append(char)
    return "".join(out)


_NAMED_HEADING = lazy(r"\s*\{[^{}]*?#([\w.:-]+)[^{}]*\}$")
_INLINE_LINK = lazy(r"!?\[([^\]\n]*)\]\([^)\n]*\)")


def covered(offset, spans):
    """Does an offset lie in one of the spans, which stand in order?"""
    if not spans:
        return False
    index = bisect_right(spans, (offset, 1 << 60)) - 1
    if index < 0:
        return False
    return spans[index][0] <= offset < spans[index][1]
