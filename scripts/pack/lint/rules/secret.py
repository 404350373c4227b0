"""A credential in a file that everybody who installs the plugin reads

Source: client 2.1.329 (the same patterns that `plugin validate` tries on MCP headers), measured 2026-11-21
"""

import math

from ..lazy import IGNORECASE, lazy

SEVERITY = "error"
_MARKS = ("sk-", "gh", "github_pat_", "xox", "AKIA", "glpat-", "AIza", "eyJ", "PRIVATE KEY")
_SHAPES = lazy(
    r"\bsk-[A-Za-z0-9_-]{20,200}|\bgh[opsur]_[A-Za-z0-9]{30,200}|\bgithub_pat_[A-Za-z0-9_]{30,200}|\bxox[abeprs]-[A-Za-z0-9-]{20,200}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bglpat-[A-Za-z0-9_-]{20,200}|\bAIza[0-9A-Za-z_-]{35}\b"
    r"|\beyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,800}\.[A-Za-z0-9_-]{20,400}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40,100}"
)
_PLACEHOLDER = lazy(r"your|replace|example|changeme|placeholder|dummy|redacted|xxx|\*\*\*|\.\.\.|1234|abcd|test|fake|sample|secret|token", IGNORECASE)


def entropy(text):
    """Bits a character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in (text.count(c) for c in set(text)))


def check(file, context):
    """Report what has the shape of a live key."""
    text = file.text
    if not any(mark in text for mark in _MARKS):
        return
    for match in _SHAPES.finditer(text):
        found = match.group()
        if _PLACEHOLDER.search(found) or entropy(found[-40:]) < 3:
            continue
        yield file.hit(match.span(), "%s... looks like a live credential; anyone who installs the plugin can read it" % found[:8])
