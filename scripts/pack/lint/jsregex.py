"""Is a text a JavaScript regular expression (no flags), and is it safe to try it with Python's engine?

The client compiles matchers with `new RegExp(text)`. Python's `re` differs both ways (`(?P<n>`, possessive `a++`,
look-behind of any width, literal `{`), and no package for Python knows the other grammar, so it is checked here, one pass,
no backtracking. tests/lint/test_readers.py holds it against Node's engine.
"""


class Problem(Exception):
    """Why the text is not a regular expression."""


def problem(text):
    """None when valid, else what `new RegExp` would complain about."""
    try:
        _Parser(text).run()
    except Problem as error:
        return str(error)
    return None


def simple(text):
    """True when trying it on short names cannot take long: no repeat inside a repeated group, no back reference."""
    parser = _Parser(text)
    try:
        parser.run()
    except Problem:
        return False
    return len(text) <= 400 and not parser.nested and not parser.references and parser.repeats <= 12


def samples(text):
    """Up to 20 short texts that the pattern meets, one for each way through its alternatives; [] when it cannot be told."""
    import re
    import warnings

    try:
        from re import _parser as parser
    except ImportError:  # before Python 3.11
        import sre_parse as parser
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(text)
    except (re.error, RecursionError, OverflowError):
        return []
    try:
        return _expand(list(tree))[:20]
    except _Unknown:
        return []


class _Unknown(Exception):
    """Part of a pattern that samples() does not follow."""


def _expand(items):
    found = [""]
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            parts = [chr(value)]
        elif name in ("ANY", "NOT_LITERAL"):
            parts = ["x"]
        elif name == "IN":
            parts = [_one_of(value)]
        elif name == "BRANCH":
            parts = [text for branch in value[1] for text in _expand(list(branch))]
        elif name == "SUBPATTERN":
            parts = _expand(list(value[-1]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            parts = [text * max(value[0], 0) for text in _expand(list(value[2]))] if value[0] < 20 else [""]
        elif name == "AT":
            parts = [""]
        else:
            raise _Unknown
        found = [one + part for one in found for part in parts][:20]
    return found


def _one_of(items):
    kind, value = items[0]
    name = str(kind)
    return chr(value) if name == "LITERAL" else chr(value[0]) if name == "RANGE" else "x"


class _Parser:
    def __init__(self, text):
        self.text, self.at = text, 0
        self.nested = self.references = False
        self.repeats = 0

    def run(self):  # noqa: C901 - one branch for each form of a regular expression
        text = self.text
        stack = []  # for every open group: (can it be repeated, was something repeated in it)
        repeated = False
        atom = False  # is there something that a quantifier may follow
        after_group = False
        while self.at < len(text):
            char = text[self.at]
            if char == "\\":
                if self.at + 1 >= len(text):
                    raise Problem("\\ at the end of the pattern")
                following = text[self.at + 1]
                if following.isdigit() and following != "0" or following == "k":
                    self.references = True
                atom = following not in "bB"
                after_group = False
                self.at += 2
            elif char == "[":
                self._class()
                atom, after_group = True, False
            elif char == "(":
                kind = True
                self.at += 1
                if text.startswith("?", self.at):
                    kind = self._special()
                stack.append((kind, repeated))
                repeated = atom = after_group = False
            elif char == ")":
                if not stack:
                    raise Problem("unmatched parentheses")
                kind, outer = stack.pop()
                inner, repeated = repeated, repeated or outer
                atom, after_group = kind, inner
                self.at += 1
            elif char == "|":
                atom = after_group = False
                self.at += 1
            elif char in "*+?" or char == "{" and self._counted():
                if not atom:
                    raise Problem("nothing to repeat before %r" % char)
                if after_group and char != "?":
                    self.nested = True
                self._quantifier()
                repeated = repeated or char != "?"
                self.repeats += 1
                atom = after_group = False
            elif char in "^$":
                atom = False
                self.at += 1
            else:
                atom, after_group = True, False
                self.at += 1
        if stack:
            raise Problem("missing )")

    def _special(self):
        text = self.text
        for prefix, repeatable in (("?:", True), ("?=", True), ("?!", True), ("?<=", False), ("?<!", False)):
            if text.startswith(prefix, self.at):
                self.at += len(prefix)
                return repeatable
        if text.startswith("?<", self.at):
            end = text.find(">", self.at)
            name = text[self.at + 2 : end] if end > 0 else ""
            if not name or not name.replace("$", "_").isidentifier():
                raise Problem("invalid group name")
            self.at = end + 1
            return True
        end = text.find(":", self.at)
        if 0 < end - self.at <= 8 and all(c in "ims-" for c in text[self.at + 1 : end]) and end - self.at > 1:
            self.at = end + 1
            return True
        raise Problem("unrecognised character after (?")

    def _class(self):
        text, at = self.text, self.at + 1
        if text.startswith("^", at):
            at += 1
        while True:
            if at >= len(text):
                raise Problem("missing terminating ] for the character class")
            char = text[at]
            if char == "]":
                self.at = at + 1
                return
            if char == "\\":
                at += 1
                if at >= len(text):
                    raise Problem("\\ at the end of the pattern")
                char = None if text[at] in "dDsSwWpPbBxucknrtvf0" else text[at]
            is_range = text.startswith("-", at + 1) and at + 2 < len(text) and text[at + 2] != "]"
            if is_range and text[at + 2] != "\\" and char is not None:
                if ord(text[at + 2]) < ord(char):
                    raise Problem("range out of order in the character class")
                at += 3
                continue
            at += 1

    def _counted(self):
        return self._braces() is not None

    def _braces(self):
        end = self.text.find("}", self.at)
        if end < 0:
            return None
        low, comma, high = self.text[self.at + 1 : end].partition(",")
        if not low.isdigit() or not low.isascii() or high and not high.isdigit() or len(low) > 9 or len(high) > 9:
            return None
        return int(low), int(high) if high else None, end

    def _quantifier(self):
        if self.text[self.at] == "{":
            low, high, end = self._braces()
            if high is not None and high < low:
                raise Problem("numbers out of order in {} quantifier")
            self.at = end + 1
        else:
            self.at += 1
        if self.text.startswith("?", self.at):
            self.at += 1
