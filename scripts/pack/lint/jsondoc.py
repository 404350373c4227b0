"""JSON as the client parses it, with the place of every key and value.

`JSON.parse` is stricter than Python's module (no NaN, no trailing comma, no comments) and keeps the last of two equal
keys without a word. One pass gives plain Python values, the spans by path, and the duplicates, which no package does; the values
are read by the standard library's scanner where it says the same. tests/lint/test_readers.py holds it against JSON.parse of Node.
"""

from .lazy import lazy

_SPACE = lazy(r"[ \t\n\r]*")
_STRING = lazy(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_PLAIN = lazy(r'"([^"\\\x00-\x1f]*)"')
_NUMBER = lazy(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ESCAPE = lazy(r"\\(u[0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)")
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("true", True), ("false", False), ("null", None))
MAX_DEPTH = 200


class JsonError(ValueError):
    """Not JSON: what was met and where."""

    def __init__(self, message, offset):
        super().__init__(message)
        self.offset = offset


def _unescape(match):
    body = match.group(1)
    if body[0] != "u":
        return _SIMPLE.get(body, body)
    high = int(body[1:5], 16)
    if len(body) > 5:
        low = int(body[7:11], 16)
        if 0xD800 <= high < 0xDC00:
            return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        return chr(high) + chr(low)
    return chr(high)


class _Odd(Exception):
    """Something that JSON.parse and Python's scanner take differently, or equal keys: the slow parser decides."""


def _refuse(_):
    raise _Odd


def _whole(digits):
    return int(digits) if len(digits) <= 400 else _refuse(digits)


def _real(digits):
    return float(digits) if len(digits) <= 400 else _refuse(digits)


def _unequal(pairs):
    result = dict(pairs)
    return result if len(result) == len(pairs) else _refuse(pairs)


class _Trusting:
    """What the scanner of Python's own json module wants to be told."""

    strict = True
    memo: "dict[str, str]" = {}
    object_hook = None
    object_pairs_hook: object = None
    parse_int: object = int
    parse_float: object = float
    parse_constant = staticmethod(_refuse)


class _Strict(_Trusting):
    """For what others wrote."""

    object_pairs_hook, parse_int, parse_float = staticmethod(_unequal), staticmethod(_whole), staticmethod(_real)


def loads(text):
    """The value of a JSON text of our own. As json.loads, without that package: importing it costs more than the work."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)
    try:
        return _scan(make_scanner, text, _Trusting)
    except (_Odd, StopIteration):
        raise ValueError("not JSON")


def dumps(value):
    """JSON of plain values. As json.dumps, and for the same reason as loads."""
    try:
        from _json import encode_basestring_ascii as text
    except ImportError:
        import json

        return json.dumps(value)

    def write(item):
        if isinstance(item, str):
            return text(item)
        if item is None or isinstance(item, bool):
            return "null" if item is None else "true" if item else "false"
        if isinstance(item, dict):
            return "{%s}" % ", ".join("%s: %s" % (text(key), write(below)) for key, below in item.items())
        if isinstance(item, (list, tuple)):
            return "[%s]" % ", ".join(map(write, item))
        return repr(int(item))

    return write(value)


def _scan(make_scanner, text, settings):
    start = 1 if text.startswith("\ufeff") else 0
    body = text[start:].strip(" \t\n\r")
    try:
        value, end = make_scanner(settings)(body, 0)
    except SystemError:
        # Python 3.10 and 3.11 look for json.decoder's exception class, and json is not imported here.
        raise _Odd
    if end != len(body):
        raise _Odd
    return value


def _too_deep(value):
    """Are there more levels than Positions goes down? The scanner does not count them."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


class JsonDocument:
    """`value` at once; `spans`, `keys` and `duplicates` (see Positions) when they are asked for."""

    def __init__(self, text):
        self._text, self._places, self._search = text, None, None
        try:
            from _json import make_scanner

            self.value = _scan(make_scanner, text, _Strict)
            if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(self.value):
                raise _Odd
        except (ImportError, _Odd, StopIteration, ValueError, RecursionError):
            self._places = Positions(text)
            self.value = self._places.value

    @property
    def _positions(self):
        if self._places is None:
            self._places = Positions(self._text)
        return self._places

    def span(self, path):
        """(start, end) of one value, or None."""
        if self._places is not None:
            return self._places.spans.get(path)
        found = self._sought(path)
        return found and found[1]

    def key(self, path):
        """(start, end) of one key, or None."""
        if self._places is not None:
            return self._places.keys.get(path)
        found = self._sought(path)
        return found and found[0]

    def _sought(self, path):
        if self._search is None:
            self._search = Search(self._text)
        return self._search.place(path)

    @property
    def spans(self):
        """{path: (start, end)} of every value."""
        return self._positions.spans

    @property
    def keys(self):
        """{path: (start, end)} of every key."""
        return self._positions.keys

    @property
    def duplicates(self):
        """[(path, span, first span)] of keys that are there twice; a text without any was read by the scanner."""
        return self._places.duplicates if self._places is not None else []


class Search:
    """Where single values stand in a text that is JSON: on the way there Python's own scanner skips the others, at a tenth of the cost."""

    def __init__(self, text):
        from _json import make_scanner

        self._text, self._skip = text, make_scanner(_Trusting)
        start = _SPACE.match(text, 1 if text.startswith("\ufeff") else 0).end()
        self._levels = {}  # path of an object or list: {key or index: (span of the key or None, span of the value)}
        self._root = None, (start, self._skip(text, start)[1])

    def place(self, path):
        """(span of its key or None, span of the value), or None."""
        return self._level(path[:-1]).get(path[-1]) if path else self._root

    def _level(self, path):
        if path not in self._levels:
            found = self.place(path)
            self._levels[path] = self._look(found[1][0]) if found and self._text[found[1][0]] in "{[" else {}
        return self._levels[path]

    def _look(self, start):
        text, found, key = self._text, {}, None
        named = text[start] == "{"
        at = _SPACE.match(text, start + 1).end()
        while text[at] not in "}]":
            part = len(found)
            if named:
                match = _STRING.match(text, at)
                part, key = _ESCAPE.sub(_unescape, match.group(1)), match.span()
                at = _SPACE.match(text, _SPACE.match(text, match.end()).end() + 1).end()
            end = self._skip(text, at)[1]
            found[part] = key, (at, end)
            at = _SPACE.match(text, end).end()
            if text[at] == ",":
                at = _SPACE.match(text, at + 1).end()
        return found


class Positions:
    """`value`, `spans` {path: (start, end)}, `keys` {path: (start, end) of its key}, `duplicates` [(path, span, first)]."""

    def __init__(self, text):
        self.spans, self.keys, self.duplicates = {}, {}, []
        start = 1 if text.startswith("\ufeff") else 0
        self._text = text
        at = _SPACE.match(text, start).end()
        self.value, at = self._value(at, (), 0)
        at = _SPACE.match(text, at).end()
        if at < len(text):
            raise JsonError("unexpected text after the end of the value", at)

    def _string(self, at):
        match = _PLAIN.match(self._text, at)
        if match:
            return match.group(1), match.end()
        match = _STRING.match(self._text, at)
        if match:
            return _ESCAPE.sub(_unescape, match.group(1)), match.end()
        raise JsonError("the string has no end, a bad escape or a raw control character", at)

    def _value(self, at, path, depth):
        text, start = self._text, at
        if at >= len(text):
            raise JsonError("the file ends where a value was expected", at)
        if depth > MAX_DEPTH:
            raise JsonError("nested deeper than %d levels" % MAX_DEPTH, at)
        char = text[at]
        if char == '"':
            value, at = self._string(at)
        elif char == "{":
            value, at = self._object(at, path, depth)
        elif char == "[":
            value, at = self._array(at, path, depth)
        else:
            for word, word_value in _WORDS:
                if text.startswith(word, at):
                    value, at = word_value, at + len(word)
                    break
            else:
                match = _NUMBER.match(text, at)
                if not match or match.end() == at:
                    raise JsonError(_describe(text, at), at)
                digits, at = match.group(), match.end()
                # A number of thousands of digits is infinite in the client and costs Python minutes: keep it short.
                value = float(digits[:400]) if match.group(1) or match.group(2) or len(digits) > 400 else int(digits)
        self.spans[path] = (start, at)
        return value, at

    def _object(self, at, path, depth):
        text, result = self._text, {}
        at = _SPACE.match(text, at + 1).end()
        if text.startswith("}", at):
            return result, at + 1
        while True:
            if not text.startswith('"', at):
                what = "trailing comma" if text.startswith("}", at) else _describe(text, at)
                raise JsonError("%s where a property name in double quotes was expected" % what, at)
            key_start = at
            key, at = self._string(at)
            here = path + (key,)
            if key in result:
                self.duplicates.append((here, (key_start, at), self.keys[here]))
                self._drop(result[key], here)
            self.keys[here] = (key_start, at)
            at = _SPACE.match(text, at).end()
            if not text.startswith(":", at):
                raise JsonError("%s where ':' was expected" % _describe(text, at), at)
            at = _SPACE.match(text, at + 1).end()
            result[key], at = self._value(at, here, depth + 1)
            at = _SPACE.match(text, at).end()
            if text.startswith("}", at):
                return result, at + 1
            if not text.startswith(",", at):
                raise JsonError("%s where ',' or '}' was expected" % _describe(text, at), at)
            at = _SPACE.match(text, at + 1).end()

    def _drop(self, value, path):
        """Of a value that a later one takes the place of nothing has a place any more."""
        for part in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            inner = path + (part,)
            self.spans.pop(inner, None)
            self.keys.pop(inner, None)
            self._drop(value[part], inner)

    def _array(self, at, path, depth):
        text, result = self._text, []
        at = _SPACE.match(text, at + 1).end()
        if text.startswith("]", at):
            return result, at + 1
        while True:
            item, at = self._value(at, path + (len(result),), depth + 1)
            result.append(item)
            at = _SPACE.match(text, at).end()
            if text.startswith("]", at):
                return result, at + 1
            if not text.startswith(",", at):
                raise JsonError("%s where ',' or ']' was expected" % _describe(text, at), at)
            at = _SPACE.match(text, at + 1).end()
            if text.startswith("]", at):
                raise JsonError("trailing comma", at)


def _describe(text, at):
    if at >= len(text):
        return "the file ends"
    if text.startswith(("//", "/*"), at):
        return "a comment (JSON has none)"
    if text[at] == "'":
        return "a single quote"
    return "%r" % text[at]


def parse(text):
    """The document, or JsonError."""
    try:
        return JsonDocument(text)
    except RecursionError:  # a caller deep in its own stack: still a finding, never a traceback
        raise JsonError("nested too deeply", 0)
