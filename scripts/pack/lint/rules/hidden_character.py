"""A character that is not shown or that turns the text around

Bidirectional controls make code and prose read differently from what the model gets ("Trojan Source"); tag characters
and zero-width text carry instructions that no reviewer sees.

Source: Unicode TR36; CVE-2021-42574; client (names with such characters are refused)
"""

from ..lazy import lazy
from ..source import line_start, line_stop

SEVERITY = "error"
FILES = ("*", "script")
_HIDDEN = lazy(
    "[\u202a-\u202e\u2066-\u2069\U000e0001-\U000e007f]"
    "|(?<=[A-Za-z0-9])[\u200b\u200c\u2060\u2062-\u2064\u00ad\ufeff]+(?=[A-Za-z0-9])|[\u200b\u2060-\u2064]{3,}"
)
_ESCAPED = lazy(r"(?<!\\)\\u(20(?:2[a-eA-E]|6[6-9]))")
_ANY = lazy("[\u00ad\u200b\u200c\u202a-\u202e\u2060-\u2069\ufeff\U000e0001-\U000e007f]")
_NAMES = {
    0x202E: "RIGHT-TO-LEFT OVERRIDE",
    0x202D: "LEFT-TO-RIGHT OVERRIDE",
    0x200B: "ZERO WIDTH SPACE",
    0xAD: "SOFT HYPHEN",
}


def _shown(text, at):
    """Does a code span hold the character alone, in a line that says its name? Then it is what the text is about."""
    if text[at - 1 : at] != "`" or text[at + 1 : at + 2] != "`":
        return False
    line = text[line_start(text, at) : line_stop(text, at)].lower()
    return any(word in line for word in ("right-to-left", "left-to-right", "bidi", "zero-width", "zero width", "override", "u+2"))


def _breaks_a_word(file, at):
    """Does a soft hyphen say where a word of a prompt may be broken? In a name, in code or in frontmatter, it hides one."""
    text = file.text
    if file.kind not in ("agent", "command", "skill", "prose", "readme", "rootdoc") or at < file.body_start or file.prose.in_code(at):
        return False
    before, after = at, at + 1
    while before and text[before - 1].isalpha():
        before -= 1
    while after < len(text) and text[after].isalpha():
        after += 1
    return at - before > 1 and after - at > 2


def check(file, context):
    """Report every run of hidden characters, at most ten a file."""
    text = file.text
    for match in _ESCAPED.finditer(text) if file.is_json and "\\u20" in text else ():
        yield file.hit(match.span(), "hidden character U+%s, as an escape: it turns the text around" % match.group(1).upper())
    if text.isascii() or not _ANY.search(text):
        return
    count = 0
    for match in _HIDDEN.finditer(text):
        code = ord(match.group()[0])
        # A flag such as Scotland's is a black flag followed by tag characters: that is text, not a message.
        if code > 0xE0000 and text[max(0, match.start() - 8) : match.start()].find("\U0001f3f4") >= 0:
            continue
        if match.end() - match.start() == 1 and (_shown(text, match.start()) or code == 0xAD and _breaks_a_word(file, match.start())):
            continue
        count += 1
        if count > 10:
            return
        name = _NAMES.get(code, "not shown")
        severity = "error" if code != 0xAD and code not in (0x200B, 0x200C, 0xFEFF, 0x2060) else "warning"
        yield file.hit(match.span(), "hidden character U+%04X (%s)" % (code, name), severity=severity)
