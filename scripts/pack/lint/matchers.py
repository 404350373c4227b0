"""How the client reads a hook's matcher."""

from .lazy import lazy

_NAMES = lazy(r"[a-zA-Z0-9_|, -]+$")
_NARROW = lazy(r"[a-zA-Z0-9_|]+$")
NARROW_EVENTS = ("FileChanged", "StopFailure")


def names(matcher, event):
    """The list of exact names, or None when the matcher is compiled as a regular expression."""
    if event in NARROW_EVENTS:
        if not _NARROW.match(matcher):
            return None
        parts = matcher.split("|")
    else:
        if not _NAMES.match(matcher):
            return None
        parts = matcher.replace(",", "|").split("|")
    return [part.strip() for part in parts if part.strip()]
