r"""Frontmatter exactly as the client reads it, with the place of every key and value.

The client takes `/^---\s*\n([\s\S]*?)---\s*\n?/` (a byte-order mark is dropped first): the block ends at the *first*
`---`, wherever it stands. It then parses YAML 1.2; if that fails it puts quotes around every one-line value that holds
one of ``{}[]*&#!|>%@` `` or `: `, turns leading tabs into spaces and tries once more.

Most blocks are plain `key: value` lines. Those are read without importing yaml (19 ms); `tests/lint` checks the quick
reader against the full one.
"""

from .lazy import MULTILINE, lazy

_JS_SPACE = " \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_LENIENT_LINE = lazy(r"([a-zA-Z_-]+):\s+(\S[^\n\r\u2028\u2029]*)\Z")  # a dot in JavaScript stops at these four
_LENIENT_CHARS = lazy(r"[{}[\]*&#!|>%@`]|: ")
_LEADING_TABS = lazy(r"^\t+", MULTILINE)
_INT = lazy(r"[-+]?[0-9]+$")
_FLOAT = lazy(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_LEADING_COMMA = lazy(r"(^[\w.-]+: +|^ *- +),", MULTILINE)
_TAB_AS_BLANK = lazy(r"(?<=[:\-,])[ \t]*\t[ \t]*(?=\S)|[ \t]*\t[ \t]*(?=#|\r?$)", MULTILINE)
_TAB_INSIDE = lazy(r"(?<=[^ \t\n])[ \t]*\t", MULTILINE)
_COMMA, _TAB = "\ue0ff", "\ue0fe"  # private use, one character as well
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_CONTROL = lazy("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_BRACKETS = lazy(r"[\[\]{}]")
_DASHES = lazy(r"(?:[-?:][ \t]+){200}")
MAX_DEPTH = 200
MAX_NODES = 20000  # an alias bomb is refused, not expanded


class FrontmatterError(Exception):
    """The client's YAML parser gives up: message and offset in the text."""

    def __init__(self, message, offset):
        super().__init__(message)
        self.offset = offset


class Frontmatter:
    """What the client reads of a block. Places are offsets in the whole text, a path is a tuple of keys and indexes.

    value: usually a dict, None for an empty block; spans, keys: {path: (start, end)} of values and of keys; duplicates: [(path, span of the
    later key, span of the first)]; start, end: the block between the markers; body_start: where the prose begins; lenient: whether only the
    client's second try could read it; error: why neither could, else None.
    """

    def __init__(self):
        self.start = self.end = self.close = self.body_start = 0
        self.block = ""  # the text between the markers
        self.value = None
        self.spans, self.keys, self.duplicates = {}, {}, []
        self.lenient = False
        self.error = None

    def span(self, path):
        """(start, end) of one value, or None."""
        return self.spans.get(path)

    def key(self, path):
        """(start, end) of one key, or None."""
        return self.keys.get(path)

    def get(self, key, default=None):
        """A top-level value when the block is a mapping."""
        return self.value.get(key, default) if isinstance(self.value, dict) else default

    def __contains__(self, key):
        return isinstance(self.value, dict) and key in self.value


def split(text):
    """(start of block, end of block, end of the closing marker with its white space), or None."""
    at = 1 if text.startswith("\ufeff") else 0
    if not text.startswith("---", at):
        return None
    at += 3
    end = at
    while end < len(text) and text[end] in _JS_SPACE:
        end += 1
    newline = text.rfind("\n", at, end)
    if newline < 0:
        return None
    start = newline + 1
    close = text.find("---", start)
    if close < 0:
        return None
    after = close + 3
    while after < len(text) and text[after] in _JS_SPACE:
        after += 1
    return start, close, after


def read(text):
    """The Frontmatter of a Markdown text, or None when the client sees no block."""
    parts = split(text)
    if parts is None:
        return None
    front = Frontmatter()
    front.start, front.end, front.body_start = parts
    front.close = front.end
    block = front.block = text[front.start : front.end]
    if _quick(block, front):
        return front
    _full(block, front)
    return front


def plain(text):
    """The value of a plain (unquoted) scalar in YAML 1.2's core schema: None, bool, int, float or the text itself."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    first = text[0]
    if first in "-+.0123456789":
        if _INT.match(text):
            return int(text[:400])
        if _FLOAT.match(text):
            return float(text[:400])
        if text[:2] == "0x" or text[:2] == "0o":
            try:
                return int(text, 16 if text[1] == "x" else 8)
            except ValueError:
                return text
        if text.lstrip("-+").lower() == ".inf":
            return float("-inf" if first == "-" else "inf")
        if text.lower() == ".nan":
            return float("nan")
    return text


def _quick(block, front):  # noqa: C901 - one branch for each common form of YAML; the full reader takes the rest
    """Fill `front` from a block of simple lines; False when a line is anything else.

    Simple are scalars in one line, lists of them in brackets or in lines, and block scalars without deeper lines. Where a plain
    value holds `: ` no YAML parser takes the block, and the client's second try gives such values as they stand.
    """
    lines = block.split("\n")
    lenient = ": " in block and any(_makes_lenient(line) for line in lines)
    if lenient and not all(line.isprintable() for line in lines):
        return False
    value, spans, keys = {}, {}, {}
    offset = front.start
    open_key = None
    duplicates = []
    taken = 0  # lines that a block scalar has taken
    for number, line in enumerate(lines):
        size = len(line) + 1
        if taken:
            taken -= 1
        elif line and line != "\r" and line[0] != "#":
            colon = line.find(":")
            key = line[:colon]
            # A key, then nothing or a blank: no pattern, whose module alone would cost a third of a small run.
            if colon > 0 and key.isascii() and key[0] != "-" and key.replace("-", "_").isidentifier():
                raw, begin = _value(line, colon + 1)
                if raw is None or key in _NULLS or key in _BOOLS:
                    return False
                path = (key,)
                span = (offset, offset + colon)
                if key in value:
                    duplicates.append((path, span, span if lenient else keys[path]))
                    for old in [p for p in spans if p[0] == key]:
                        del spans[old]
                keys[path] = span
                at = offset + (begin if raw else colon + 1)
                spans[path] = (at, at + len(raw))
                open_key = None if raw else key
                if lenient and raw and _is_quoted_by_the_client(key, raw, line, begin):
                    value[key] = line[begin:]
                    spans[path] = (at, offset + len(line))
                elif raw and raw[0] == "[":
                    items = _quick_list(raw, at, path, spans)
                    if items is None:
                        return False
                    value[key] = items
                elif raw and raw[0] in "|>":
                    scalar = None if lenient else _quick_block(raw, lines, number + 1)
                    if scalar is None:
                        return False
                    value[key], taken = scalar
                    end = offset + size + sum(len(one) + 1 for one in lines[number + 1 : number + 1 + taken])
                    spans[path] = (at, min(end, front.end))
                else:
                    scalar = _quick_scalar(raw)
                    if scalar is None:
                        return False
                    value[key] = scalar[0]
            else:
                dash = len(line) - len(line.lstrip(" "))
                if not dash or line[dash : dash + 2] != "- " or open_key is None:
                    return False
                raw, begin = _value(line, dash + 1)
                scalar = _quick_scalar(raw) if raw else None
                if scalar is None:
                    return False
                items = value[open_key]
                if items is None:
                    items = value[open_key] = []
                    indent = dash
                    spans[(open_key,)] = (offset + dash, 0)
                elif indent != dash:
                    return False
                at = offset + begin
                spans[(open_key, len(items))] = (at, at + len(raw))
                spans[(open_key,)] = (spans[(open_key,)][0], at + len(raw))
                items.append(scalar[0])
        offset += size
    if not value:
        return False
    front.value, front.spans, front.keys, front.duplicates, front.lenient = value, spans, keys, duplicates, lenient
    front.spans[()] = (front.start, front.end)
    return True


def _value(line, at):
    """(text, its start) of what stands behind a colon or a dash, blanks aside; None when no blank separates them."""
    rest = (line[at:-1] if line.endswith("\r") else line[at:]).rstrip(" ")
    raw = rest.lstrip(" ")
    if raw and len(raw) == len(rest):
        return None, at
    return raw, at + len(rest) - len(raw)


_STARTS = "_./(<$"  # beside letters and digits: what a plain scalar may begin with that the quick reader takes


def _quick_scalar(raw):
    """(value,) of a scalar that needs no YAML parser, or None."""
    if not raw:
        return (None,)
    first = raw[0]
    if first in "\"'":
        inner = raw[1:-1]
        if len(raw) < 2 or raw[-1] != first or not inner.isprintable():
            return None
        if "\\" in inner and first == '"':
            bare = inner.replace("\\\\", "").replace('\\"', "")
            if "\\" in bare or '"' in bare:
                return None
            return (inner.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\"),)
        return (inner,) if first not in inner else None
    if not (first.isalnum() if first < "\x80" else "\u00c0" <= first <= "\ud7ff") and first not in _STARTS:
        if first != "-" or raw[1:2] in ("", " "):
            return None
    if ": " in raw or " #" in raw or raw[-1] == ":" or not raw.isprintable():
        return None
    return (plain(raw),)


def _quick_list(raw, at, path, spans):
    """The items of `[a, b]`, whose spans it notes; None when it is not as simple as that."""
    if raw[-1] != "]" or len(raw) < 3:
        return None
    items, begin = [], 1  # behind the bracket
    for part in raw[1:-1].split(","):
        item = part.strip(" ")
        scalar = _quick_scalar(item) if item and not _FLOW.intersection(item) and (item[0] in "\"'" or item.isprintable()) else None
        if scalar is None or item[0] == "-" or "?" in item:
            return None
        start = at + begin + len(part) - len(part.lstrip(" "))
        spans[path + (len(items),)] = (start, start + len(item))
        items.append(scalar[0])
        begin += len(part) + 1
    return items


_FLOW = frozenset("[]{}")  # a list or mapping in one line: the full reader's


def _quick_block(raw, lines, first):
    """(value, number of its lines) of a block scalar, or None."""
    if raw not in ("|", ">", "|-", ">-"):
        return None
    end = first
    while end < len(lines) and (not lines[end] or lines[end][0] == " "):
        end += 1
    if end == len(lines) or end == first:  # the block ends in the middle of it
        return None
    content = lines[first:end]
    indent = len(content[0]) - len(content[0].lstrip(" "))
    texts = []
    for line in content:
        text = line[indent:]
        if line and (len(line) <= indent or line[:indent].strip(" ") or text[0] in " \t") or not text.isprintable() or text[-1:] == " ":
            return None
        texts.append(text)
    if not texts[0]:
        return None
    while not texts[-1]:
        texts.pop()
    if raw[0] == "|":
        value = "\n".join(texts)
    else:
        value, blank = texts[0], 0
        for text in texts[1:]:
            if not text:
                blank += 1
                continue
            value += ("\n" * blank or " ") + text
            blank = 0
    return value if len(raw) == 2 else value + "\n", end - first


def _makes_lenient(line):
    """Does a plain value in the line hold `: `, on which every YAML parser gives up?"""
    colon = line.find(":")
    raw = _value(line, colon + 1)[0] if colon > 0 and line[0].isalpha() else None
    return bool(raw) and ": " in raw and (raw[0].isalnum() or raw[0] in _STARTS) and (" #" not in raw or raw.index(": ") < raw.index(" #"))


def _is_quoted_by_the_client(key, raw, line, begin):
    """Does its second try put quotes around the value?"""
    if not all(char.isalpha() or char in "_-" for char in key) or raw[0] in "\"'" or raw[0] == "[" and raw[-1] == "]":
        return False
    return ": " in line[begin:] or not _SPECIAL.isdisjoint(raw)


_SPECIAL = frozenset("{}[]*&#!|>%@`")  # _LENIENT_CHARS without `: `


def lenient_text(block):
    """The client's second try: quote what looks special. Returns the new text."""
    lines = []
    for line in block.split("\n"):
        match = _LENIENT_LINE.match(line)
        if match:
            key, value = match.group(1), match.group(2)
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            if not quoted and not (value.startswith("[") and value.endswith("]") and _is_list(value)):
                if _LENIENT_CHARS.search(value):
                    line = '%s: "%s"' % (key, value.replace("\\", "\\\\").replace('"', '\\"'))
        lines.append(line)
    return _LEADING_TABS.sub(lambda m: "  " * len(m.group()), "\n".join(lines))


_PLAIN_LIST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-., ")


def _is_list(text):
    if _quick_list(text, 0, (), {}) is not None:
        return True
    first = text.find("]")
    if first < len(text) - 1 and _PLAIN_LIST.issuperset(text[1:first]) and "#" not in text:
        return False  # the list has ended, and the text goes on
    try:
        return isinstance(_read(text).value, list)
    except FrontmatterError:
        return False


def compose(text):
    """A whole YAML text as a Frontmatter: value, spans, keys and duplicates; FrontmatterError for what is not YAML."""
    builder, whole = _read(text), Frontmatter()
    whole.value = builder.value
    whole.spans, whole.keys, whole.duplicates, whole.body_start = builder.spans, builder.keys, builder.duplicates, len(text)
    return whole


def _read(text):
    """What was read of a YAML text: by the reader that the whole pack has (base/yamltext.py), and by libyaml what that one leaves."""
    found = _Read(text)
    return found if found.at_once() else _built(text)


def _built(text):
    builder = _Builder(text)
    builder.value = builder.build()
    return builder


class _Read:
    """A text that yamltext reads as libyaml does; most are of that kind, and to import yaml costs more than to lint forty files."""

    duplicates: "list[tuple]" = []

    def __init__(self, text):
        self.text, self.lines = text, text.split("\n")
        self.refused = False  # for what every YAML parser gives up on: a `: ` in a plain value, text behind a list or a quoted one

    def at_once(self):
        """Could it be read? No: what YAML has no place for, or that is rare; then libyaml says what it is, or in which words it is none."""
        text = self.text
        if "\t" in text or "<<" in text or "\r" in text.replace("\r\n", "") or text[-1:] != "\n" or not all(map(_plain_line, self.lines)):
            return False
        from ..base import yamltext

        try:
            document = yamltext.read(text, plain)
        except yamltext.YamlError as error:
            self.refused = "`: `" in str(error) or self._goes_on(error)
            return False
        self.value, self.spans, self.keys = document.value, document.spans, document.keys
        return not document.duplicates and document.value is not None and not any(map(self._is_rare, self.spans.values()))

    def _goes_on(self, error):
        """Is it `[a] [b]` or `"a" b` behind a key? A comment or an anchor may look like that and be good."""
        if "text behind a value" not in str(error):
            return False
        end = self.text.find("\n", error.offset)
        line = self.text[self.text.rfind("\n", 0, error.offset) + 1 : end if end >= 0 else len(self.text)]
        return ": " in line and line[0] != " " and self.text[error.offset : error.offset + 1] != ":" and "#" not in line and "&" not in line

    def _is_rare(self, span):
        """An anchor, an alias, or a quoted value that goes on at the margin (see _Builder._check_indent)."""
        start, end = span
        if self.text[start : start + 1] in ("&", "*"):
            return True
        if self.text[start : start + 1] not in ("'", '"') or "\n" not in self.text[start:end]:
            return False
        return any(line.strip() and line[0] != " " for line in self.text[start:end].split("\n")[1:])


def _plain_line(line):
    return line.isprintable() or line.removesuffix("\r").isprintable()


def _full(block, front):
    ours = _Read(block)
    read = ours.at_once()
    if ours.refused:
        again = _Read(lenient_text(block))
        if again.at_once():
            front.value, front.lenient = again.value, True
            _lenient_spans(block, again, front)
            return
    try:
        builder = ours if read else _built(block)
        front.value = builder.value
        front.duplicates = [(path, _shift(span, front.start), _shift(first, front.start)) for path, span, first in builder.duplicates]
        for target, origin in ((front.spans, builder.spans), (front.keys, builder.keys)):
            for path, span in origin.items():
                target[path] = _shift(span, front.start)
        return
    except FrontmatterError as error:
        first_error = error
    try:
        builder = _read(lenient_text(block))
        front.value = builder.value
    except FrontmatterError:
        front.error = str(first_error)
        front.spans[()] = (front.start + min(first_error.offset, len(block)), front.end)
        return
    front.lenient = True
    _lenient_spans(block, builder, front)


def _shift(span, by):
    return span[0] + by, span[1] + by


def _lenient_spans(block, builder, front):
    """Spans of the retried text, laid on the lines of the real one: the retry changes no line count."""
    starts = [0]
    for line in block.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    retried_text = "\n".join(builder.lines)

    def real(index, at_end):
        # Counted by line feeds alone: libyaml's own line numbers also count a carriage return.
        index = min(index, len(retried_text))
        line = min(retried_text.count("\n", 0, index), len(starts) - 2)
        column = index - (retried_text.rfind("\n", 0, index) + 1)
        start, end = starts[line], starts[line + 1] - 1
        tabs = end - start - len(block[start:end].lstrip("\t"))  # each became two spaces
        column = column // 2 if column < 2 * tabs else column - tabs
        if end > start and block[end - 1 : end] == "\r":
            end -= 1
        if at_end and column >= len(builder.lines[line].rstrip("\r")):
            return end
        return min(start + column, end)

    for target, origin in ((front.spans, builder.spans), (front.keys, builder.keys)):
        for path, (start, end) in origin.items():
            target[path] = (front.start + real(start, False), front.start + real(end, True))
    front.duplicates = [(path, front.keys[path], front.keys[path]) for path, _, _ in builder.duplicates]


class _Builder:
    """YAML text -> plain values with spans, through libyaml's composer (nothing is constructed by tags)."""

    def __init__(self, text):
        self.text = text
        self.spans, self.keys, self.duplicates = {}, {}, []
        self.lines = None
        self.nodes = 0

    def build(self):
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        text = self.text
        if "\x00" in text:
            raise FrontmatterError("a NUL byte", text.index("\x00"))
        if len(text) > MAX_DEPTH and _too_deep(text):
            raise FrontmatterError("nested too deeply", 0)
        if _CONTROL.search(text):
            # libyaml refuses control characters that the client's parser lets through; same length keeps the spans.
            text = _CONTROL.sub("\ufffd", text)
        text = text.replace("\x85", "\ufffd").replace("\u2028", "\ufffd").replace("\u2029", "\ufffd")
        self.lines = text.split("\n")
        if ": ," in text or "- ," in text:  # the client lets a plain value begin with a comma
            text = _LEADING_COMMA.sub(lambda m: m.group(1) + _COMMA, text)
        if loader is yaml.SafeLoader and "\t" in text:  # PyYAML without libyaml takes no tab before or in a value
            text = _TAB_AS_BLANK.sub(lambda m: " " * len(m.group()), text)
            text = _TAB_INSIDE.sub(lambda m: m.group().replace("\t", _TAB), text)
        try:
            nodes = list(_compose_all(yaml, loader, text))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            if "<document start>" in str(error) and "\n..." in text:  # text after `...`: the client reads a list of documents
                return [None, None]
            raise FrontmatterError(getattr(error, "problem", None) or str(error), mark.index if mark else 0)
        except RecursionError:
            raise FrontmatterError("nested too deeply", 0)
        if not nodes:
            return None
        if len(nodes) > 1:
            return [None] * len(nodes)
        return self._value(yaml, nodes[0], (), ())

    def _value(self, yaml, node, path, parents):
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > 60:
            raise FrontmatterError("too many nodes or aliases", node.start_mark.index)
        start, end = node.start_mark, node.end_mark
        self.spans[path] = (start.index, end.index)
        if isinstance(node, yaml.ScalarNode):
            if node.style:
                self._check_indent(node)
                return self._restore(node.value)
            if self.text[start.index : start.index + 1] == "!":  # an explicit tag: only !!str matters to the client
                return node.value
            return plain(self._restore(node.value))
        if id(node) in parents:
            raise FrontmatterError("an alias inside its own anchor", start.index)
        parents += (id(node),)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(yaml, item, path + (i,), parents) for i, item in enumerate(node.value)]
        result, merged = {}, {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.start_mark.index)
            if key == "<<" and not isinstance(value_node, yaml.ScalarNode):
                for source in [value_node] if isinstance(value_node, yaml.MappingNode) else value_node.value:
                    part = self._value(yaml, source, path + (key,), parents)
                    merged.update(part if isinstance(part, dict) else {})
                self._place_merged(path)
                continue
            here = path + (key,)
            span = (key_node.start_mark.index, key_node.end_mark.index)
            if key in result:
                self.duplicates.append((here, span, self.keys[here]))
            self.keys[here] = span
            result[key] = self._value(yaml, value_node, here, parents)
        return dict(merged, **result) if merged else result

    def _place_merged(self, path):
        """What `<<` brings in stands where it was written, also under the name that it has afterwards."""
        depth = len(path)
        for places in (self.spans, self.keys):
            inner = [p for p in places if len(p) > depth + 1 and p[: depth + 1] == path + ("<<",)]
            for p in inner:
                places.setdefault(path + p[depth + 1 :], places[p])

    @staticmethod
    def _restore(value):
        return value.replace(_COMMA, ",").replace(_TAB, "\t") if _COMMA in value or _TAB in value else value

    def _check_indent(self, node):
        """The client refuses a quoted value that goes on at the left margin; libyaml does not."""
        if node.style not in "'\"":
            return
        for line in self.lines[node.start_mark.line + 1 : node.end_mark.line + 1]:
            if line.strip() and line[0] not in " \t":
                raise FrontmatterError("a quoted value goes on in a line that is not indented", node.start_mark.index)


def _too_deep(text):
    """Could the composer, which recurses in C without a guard, be led deeper than MAX_DEPTH? (It crashes, not raises.)"""
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += 1 if match.group() in "[{" else -1
        if depth > MAX_DEPTH:
            return True
        depth = max(depth, 0)
    return _DASHES.search(text) is not None


def _compose_all(yaml, loader, text):
    instance = loader(text)
    try:
        while instance.check_node():
            yield instance.get_node()
    finally:
        instance.dispose()
