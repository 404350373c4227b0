"""A credential in a file that everybody who installs the plugin reads

Source: client 2.1.329 (the same patterns that `plugin validate` tries on MCP headers), measured 2026-11-21
"""

import math

from ..lazy import IGNORECASE, lazy

SEVERITY = "error"
# A cheap word that must be in the text, and the shape that is then looked for.
_SHAPES = (
    (("ghp_", "gho_", "ghs_"), lazy(r"\bgh[opsur]_[A-Za-z0-9]{30,200}")),
    (("github_pat_",), lazy(r"\bgithub_pat_[A-Za-z0-9_]{30,200}")),
    (("AKIA",), lazy(r"\bAKIA[0-9A-Z]{16}\b")),
    (("glpat-",), lazy(r"\bglpat-[A-Za-z0-9_-]{20,200}")),
    (("AIza",), lazy(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    (("xox",), lazy(r"\bxox[abeprs]-[A-Za-z0-9-]{20,200}")),
    (("PRIVATE KEY",), lazy(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40,100}")),
    (("eyJ",), lazy(r"\beyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,800}\.[A-Za-z0-9_-]{20,400}")),
    (("sk-",), lazy(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,200}")),
)
_PLACEHOLDER = lazy(
    r"your|replace|example|changeme|placeholder|dummy|redacted|xxx|\*\*\*|\.\.\.|1234|abcd|test|fake|sample|secret|token",
    IGNORECASE,
)


def entropy(text):
    """Bits a character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in (text.count(c) for c in set(text)))


def check(file, context):
    """Report what has the shape of a live key."""
    text = file.text
    for marks, shape in _SHAPES:
        for mark in marks:
            if mark in text:
                break
        else:
            continue
        for match in shape.finditer(text):
            found = match.group()
            if not _PLACEHOLDER.search(found) and entropy(found[-40:]) >= 3:
                yield file.hit(
                    match.span(),
                    "%s... looks like a live credential; anyone who installs the plugin can read it" % found[:8],
                )
