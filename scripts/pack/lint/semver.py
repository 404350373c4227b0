"""npm's semver ranges, as far as a manifest may use them.

Hand-written: npm's package is JavaScript, and Python's of that name read other ranges. tests/lint/test_readers.py holds it against npm's own.
"""

from .lazy import lazy

_NUMBER, _ANY = r"(?:0|[1-9][0-9]{0,15})", r"[xX*]"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_MORE = r"(?:-%s(?:\.%s)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?" % (_WORD, _WORD)
_EITHER = "(?:%s|%s)" % (_NUMBER, _ANY)
# Behind `~` and `^`, and in `1 - 2`, npm takes a number behind an x, alone and behind `>` it does not.
_LOOSE = r"v?%s(?:\.%s(?:\.%s%s)?)?" % (_EITHER, _EITHER, _EITHER, _MORE)
_STRICT = r"v?(?:{a}(?:\.{a}(?:\.{a}{m})?)?|{n}(?:\.(?:{a}(?:\.{a}{m})?|{n}(?:\.{e}{m})?))?)".format(a=_ANY, n=_NUMBER, e=_EITHER, m=_MORE)
_COMPARATOR = lazy(r"(?:(?:[<>]=?|=)?\s*%s|(?:~>?|\^)\s*%s)\Z" % (_STRICT, _LOOSE))
_HYPHEN = lazy(r"%s\s+-\s+%s\Z" % (_LOOSE, _LOOSE))
_GAP = lazy(r"([<>=~^])\s+")


def _tight(gap):
    return gap.group(1)  # as a template it would import re


def is_range(text):
    """True for ">=2.1.0 <3", "^1.2", "1.x || 2.x", "*" and the like."""
    if len(text) > 256:
        return False
    for part in text.split("||"):
        part = part.strip()
        if not part or _HYPHEN.match(part):
            continue
        if not all(_COMPARATOR.match(word) for word in _GAP.sub(_tight, part).split()):
            return False
    return True


def satisfies(version, text):
    """Is a plain version inside a range that is_range() takes?"""
    wanted = _numbers(version)
    return any(_inside(wanted, part.strip()) for part in text.split("||"))


def is_possible(text):
    """Can any version be inside a range that is_range() takes? Tried are the bounds that it names and what lies next to them."""
    near = set()
    for word in _GAP.sub(_tight, text.replace("||", " ")).split():
        bare = word.lstrip("<>=~^")
        if "-" in bare and bare != "-":
            return True  # what comes before a release is not weighed here
        if bare and bare != "-":
            low, high = _lower(bare), _upper(bare)
            near.update((low, high, (low[0], low[1], low[2] + 1), (0, 0, 0)))
            if any(low):
                near.add(_before(low))
    return not near or any(satisfies("%d.%d.%d" % one, text) for one in near)


def _before(version):
    """The highest version that could matter below this one."""
    major, minor, patch = version
    if patch:
        return major, minor, patch - 1
    return (major, minor - 1, 1 << 20) if minor else (major - 1, 1 << 20, 1 << 20)


def _numbers(text):
    return tuple(int(part) for part in text.split("-")[0].split("+")[0].split("."))


def _inside(version, part):
    if not part:
        return True
    if _HYPHEN.match(part):
        low, high = part.split(" - ") if " - " in part else part.split("-", 1)
        return _lower(low) <= version and version < (_lower(high) if _is_before(high) else _upper(high))
    for word in _GAP.sub(_tight, part).split():
        operator = word[: len(word) - len(word.lstrip("<>=~^"))]
        text = word[len(operator) :]
        low, high = _lower(text), _upper(text)
        if _is_before(text):
            high = low  # of what comes before a release: that release is above it
        if operator in ("", "="):
            ok = low <= version < high
        elif operator == ">=":
            ok = version >= low
        elif operator == ">":
            ok = version >= high
        elif operator == "<":
            ok = version < low
        elif operator == "<=":
            ok = version < high
        elif operator.startswith("~"):
            given = _given(text)
            ok = not given or low <= version and version[: max(1, min(2, len(given)))] == tuple(given[: max(1, min(2, len(given)))])
        else:
            given = low
            index = next((i for i, number in enumerate(given) if number), len(_given(text)) - 1)
            ok = low <= version and version[: index + 1] == given[: index + 1]
        if not ok:
            return False
    return True


def _is_before(text):
    """Is it a version before a release (`2.0.0-rc.1`)?"""
    return "-" in text.partition("+")[0] and len(_given(text)) == 3


def _given(text):
    numbers = []
    for part in text.lstrip("v").split("-")[0].split("+")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return numbers


def _lower(text):
    numbers = _given(text.strip())
    return tuple((numbers + [0, 0, 0])[:3])


def _upper(text):
    numbers = _given(text.strip())
    if not numbers:
        return (1 << 60, 0, 0)
    numbers[-1] += 1
    return tuple((numbers + [0, 0, 0])[:3])
