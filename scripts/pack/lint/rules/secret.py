"""A credential in a file that everybody who installs the plugin reads

Source: client (the same patterns that `plugin validate` tries on MCP headers), measured
"""

import math

from ...base.redact import SHAPES
from ..lazy import IGNORECASE, lazy
from ..triggers import ADDRESSES

SEVERITY = "error"
FILES = ("*", "script")
# What no report of the run engine holds, beside the shapes that it masks.
_MORE = (
    (("hooks.slack.com/",), r"\bhooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,30}\b"),
    (("discord",), r"\bdiscord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[\w-]{50,90}"),
    (("_live_",), r"\b[rs]k_live_[A-Za-z0-9]{20,120}"),
    (("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    (("hf_",), r"\bhf_[A-Za-z0-9]{34}\b"),
)
_SHAPES = tuple((marks, lazy(shape)) for marks, shape in SHAPES + _MORE)
_IN_URL = lazy(r"\b[a-z][a-z0-9+]{1,20}://[^\s/:@\"'$<{]{1,40}:([^\s/:@\"'$<{%]{8,80})@(?!localhost|127\.|host|example|\[)")
_PLACEHOLDER = lazy(
    r"your|replace|example|changeme|placeholder|dummy|redacted|xxx|\*\*\*|\.\.\.|1234|abcd|abc123|123abc|def456|test|fake|sample|secret|token",
    IGNORECASE,
)
_NOBODY = lazy(r"\b(?:john|jane)[ ._-]?doe\b|\"foo\"|\bexample\.(?:com|org|net)\b", IGNORECASE)
_WORDS = lazy(r"pass|pwd|user|admin|login|api_?key", IGNORECASE)
_VARIABLES = ("SECRET", "TOKEN", "_KEY", "PASSWORD")
_ASSIGNED = lazy(r"(?:SECRET|TOKEN|KEY|PASSWORD)[A-Z_]{0,20}[\"']?\s?[:=]\s?[\"']?([A-Za-z0-9+/_-]{32,120})(?![\w+/-])")
_FOR_ALL = (
    "phc_",
    "pk_live_",
    "pk_test_",
    "pk_prod_",
)  # keys that a web page shows to everybody: PostHog's projects, Stripe's publishable ones
# The tokens that every text about tokens shows: jwt.io's, and those of GitHub's own documentation.
_SHOWN = ("eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6", "16C7e42F292c6912E7710c838347Ae178B4a", "1B4a2e77838347a7E420ce178F2E7c6912E16924")


def _is_sample(file, match):
    """Is it, or is it called, an example?"""
    found = match.group(match.lastindex or 0)
    before = "" if file.is_json else file.text[max(0, match.start() - 30) : match.start()].rpartition("\n")[2].lower()
    if _decoded_word(found) or found.startswith("eyJ") and _of_nobody(found):
        return True
    if file.text.startswith(("...", "…"), match.end()):
        return True  # cut short: what is shown is its beginning
    return _PLACEHOLDER.search(found) is not None or any(shown in found for shown in _SHOWN) or "example" in before or "e.g" in before


def _of_nobody(token):
    """A JSON Web Token whose claims are those of an example (`{"foo": "bar", "name": "John Doe"}`)?"""
    from binascii import a2b_base64

    claims = token.split(".")[1:2]
    if not claims:
        return False
    text = claims[0].replace("-", "+").replace("_", "/")
    try:
        plain = a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return _NOBODY.search(plain.decode("utf-8", "replace")) is not None


def _decoded_word(found):
    """Does it decode to plain words (`test-public-key`)?"""
    if not found.isalnum() or len(found) % 4:
        return False
    from binascii import a2b_base64

    try:
        plain = a2b_base64(found)
    except ValueError:
        return False
    return all(32 <= byte < 127 for byte in plain)


def entropy(text):
    """Bits a character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in (text.count(c) for c in set(text)))


def _addresses(text):
    """The matches of _IN_URL: looked for from `://` on, for most addresses have no `@`."""
    at = text.find("://")
    while at >= 0:
        begin, end = at, text.find("://", at + 3)
        if text.find("@", at, at + 128) >= 0:  # the pattern goes no further
            while begin and at - begin < 22 and (text[begin - 1].isalnum() or text[begin - 1] == "+"):
                begin -= 1
            match = _IN_URL.search(text, begin, end if end >= 0 else len(text))
            if match:
                yield match
        at = end


def check(file, context):
    """Report what has the shape of a live key."""
    text = file.text
    places = set()
    public = '"headers"' in text and file.kind in ("mcp", "manifest")  # there the client itself asks for no entropy
    for marks, shape in _SHAPES:
        if not file.holds(marks):
            continue
        places_of_it = [(0, len(text))] if "PRIVATE KEY" in marks else file.lines_with(marks, 0)  # a key goes on in the next line
        for match in (match for start, end in places_of_it for match in shape.finditer(text, start, end)):
            found = match.group()
            if not _is_sample(file, match) and (public or entropy(found[-40:]) >= 3):
                places.add(match.start())
                yield file.hit(
                    match.span(),
                    "%s... looks like a live credential; anyone who installs the plugin can read it" % found[:8],
                )
    for match in _addresses(text) if file.kind in ADDRESSES and "://" in text else ():
        if entropy(match.group(1)) >= 3 and not _is_sample(file, match) and _WORDS.search(match.group(1)) is None:
            text_of_it = "%s... looks like a live password in an address; anyone who installs the plugin can read it"
            yield file.hit(match.span(1), text_of_it % match.group(1)[:3])
    lines = file.lines_with(_VARIABLES, 0)
    for match in (match for start, end in lines for match in _ASSIGNED.finditer(text, start, end)):
        found = match.group(1)
        kinds = {"0" if c.isdigit() else "a" if c.islower() else "A" for c in found if c.isalnum()}
        if (
            len(kinds) == 3
            and match.start(1) not in places
            and not found.startswith(_FOR_ALL)
            and entropy(found) >= 4.2
            and not _is_sample(file, match)
        ):
            yield file.hit(
                match.span(1),
                "%s... looks like a live credential; anyone who installs the plugin can read it" % found[:4],
            )
