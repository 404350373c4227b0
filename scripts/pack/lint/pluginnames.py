"""What the client thinks of a plugin's or marketplace's name."""

from .lazy import IGNORECASE, lazy

_ID = lazy(r"[A-Za-z0-9][-A-Za-z0-9._]*\Z")
_REFUSED = lazy("[@:\\s/\\\\\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_OFFICIAL = lazy(r"official[^a-z0-9]*(?:anthropic|claude)|(?:anthropic|claude)[^a-z0-9]*official", IGNORECASE)
_MARKET = lazy(
    r"official[^a-z0-9]*(?:anthropic|claude)|(?:anthropic|claude)[^a-z0-9]*official"
    r"|^[^a-z0-9]*(?:anthropic|claude)[^a-z0-9]*(?:marketplace|plugins|official|directory|directories)",
    IGNORECASE,
)
_WORD = lazy(r"[^a-z0-9]+", IGNORECASE)
_MARKS = ("claude", "anthropic", "anthropics")
_LEADS = {"claude", "anthropic", "anthropics", "ccplugin"}
_WHOLES = {"claude", "anthropic", "anthropics", "claudecode", "claudemods"}


def installable(name):
    """Can it be one part of `plugin@marketplace`?"""
    return name.isascii() and name.replace("-", "").isalnum() and name[0] != "-" or _ID.match(name) is not None


def loadable(name):
    """Does `--plugin-dir` take it?"""
    if name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return True  # the plain case needs no pattern, and compiling this one takes 4 ms
    return bool(name) and _REFUSED.search(name) is None


def kebab(name):
    """Lower case words joined by single hyphens."""
    return name.isascii() and all(word.isalnum() and word == word.lower() for word in name.split("-"))


def reserved(name):
    """(severity, message) when a plugin's name passes as Anthropic's, else (None, None)."""
    if name.isascii():
        flat = "".join(c for c in name.lower() if c.isalnum())
        if not any(mark in flat for mark in ("claude", "anthropic", "ccplugin")):
            return None, None
    words = [word for word in _WORD.split(name.lower()) if word]
    joined = ""
    hit = bool(_OFFICIAL.search(name) or _OFFICIAL.search("".join(words)))
    for index, word in enumerate(words):
        joined += word
        whole = index == len(words) - 1
        hit = hit or joined in (_WHOLES if whole else _LEADS)
    if hit:
        return "error", "plugin name %r is reserved: it passes as one of Anthropic's own" % name
    if any(mark in words for mark in _MARKS):
        return "warning", "plugin name %r reads as one of Anthropic's own" % name
    return None, None


def impersonates(name, facts):
    """Does a marketplace's name pass as Anthropic's (its real ones aside)?"""
    low = name.lower()
    if low in facts.marketplace_official_names:
        return False
    if any(not " " <= c <= "~" for c in name) or _MARKET.search(name):
        return True
    words = [word for word in _WORD.split(low) if word]
    joined = ""
    for word in words:
        joined += word
        for mark in ("anthropic", "claude"):
            rest = joined[len(mark) :] if joined.startswith(mark) else None
            if rest and rest.rstrip("s") in ("marketplace", "plugin", "official", "directory", "directorie"):
                return rest != "plugin"
    return "officialanthropic" in "".join(words) or "officialclaude" in "".join(words)
