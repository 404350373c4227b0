"""npm's semver ranges, as far as a manifest may use them."""

from .lazy import lazy

_PART = r"(?:0|[1-9][0-9]{0,15}|[xX*])"
_VERSION = r"v?%s(?:\.%s(?:\.%s(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?" % (_PART, _PART, _PART)
_COMPARATOR = lazy(r"(?:[<>]=?|=|~>?|\^)?\s*%s\Z" % _VERSION)
_HYPHEN = lazy(r"%s\s+-\s+%s\Z" % (_VERSION, _VERSION))
_GAP = lazy(r"([<>=~^])\s+")


def is_range(text):
    """True for ">=2.1.0 <3", "^1.2", "1.x || 2.x", "*" and the like."""
    if len(text) > 256:
        return False
    for part in text.split("||"):
        part = part.strip()
        if not part or _HYPHEN.match(part):
            continue
        if not all(_COMPARATOR.match(word) for word in _GAP.sub(r"\1", part).split()):
            return False
    return True
