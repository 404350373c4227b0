"""`[REDACTED_SECRET]` in place of what has the shape of a live credential (PROTOCOL 10). The linter looks for the same shapes.

`re` is imported only for a text in which one of the cheap marks stands: most messages of a hook's hot path have none.
"""

from __future__ import annotations

MASK = "[REDACTED_SECRET]"
# Words of which one must be in the text, and the shape that is then looked for.
SHAPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("ghp_", "gho_", "ghs_"), r"\bgh[opsur]_[A-Za-z0-9]{30,200}"),
    (("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{30,200}"),
    (("AKIA",), r"\bAKIA[0-9A-Z]{16}\b"),
    (("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,200}"),
    (("AIza",), r"\bAIza[0-9A-Za-z_-]{35}\b"),
    (("xox",), r"\bxox[abeprs]-[A-Za-z0-9-]{20,200}"),
    (("PRIVATE KEY",), r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40,100}"),
    (("eyJ",), r"\beyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,800}\.[A-Za-z0-9_-]{20,400}"),
    (("sk-",), r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,200}"),
)
# What a report says of itself: `password: x`, `API_KEY=x`, `Authorization: Bearer x`, `scheme://user:x@host`.
NAMED: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("passw", "secret", "token", "api_key", "api-key", "apikey", "authorization"),
        r"(?i)((?:passw(?:or)?d|secret|token|api[_-]?key|authorization)[\"']?\s*[:=]\s*(?:bearer\s+|basic\s+)?[\"']?)([^\s\"',;]{6,200})",
    ),
    (("://",), r"(\w://[^\s/:@]{0,80}:)([^\s/@]{3,200})(?=@)"),
)


def text(value: str) -> str:
    """A text with its secrets masked; the very same object when there is none."""
    low, out = value.lower(), value
    for marks, shape in SHAPES:
        if any(m in value for m in marks):
            import re

            out = re.sub(shape, MASK, out)
    for marks, shape in NAMED:
        if any(m in low for m in marks):
            import re

            out = re.sub(shape, lambda m: m.group(1) + (m.group(2) if m.group(2).startswith(MASK) else MASK), out)
    return value if out == value else out
