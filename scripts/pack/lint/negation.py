"""Does a text tell somebody to do a thing, or does it warn of it, forbid it, or say that it is gone?"""

from .lazy import IGNORECASE, lazy
from .source import line_start, line_stop

# Governs what follows: no end of a clause between.
_BEFORE = lazy(
    r"(?:\b(?:not|never|no|cannot|avoid\w*|without|instead of|rather than|refus\w*|block\w*|reject\w*|forbid\w*|prohibit\w*|den(?:y|ies|ied)|disallow\w*"
    r"|flag\w*|detect\w*|removed|retired|gone|obsolete|deprecated|older|legacy|unlike|replac\w*|used to|formerly|previously|no longer|stop|prevent\w*)\b|n't\b)"
    r"[^.;:!?—\n]{0,70}\Z",
    IGNORECASE,
)
_AFTER = lazy(
    r"[^.;!?\n]{0,100}?\b(?:(?:will|would|does|do|did|must|may|can|could|should|is|are) ?(?:not|never)|(?:wo|does|do|did|ca|is|are|should)n't|cannot"
    r"|fails?|will fail|no longer|removed|retired|gone|obsolete|deprecated|legacy|forbidden|prohibited|blocked|denied|rejected|refused|not allowed"
    r"|dangerous|unsafe|malicious|insecure|attacks?|wrong|incorrect|invalid|known (?:bug|issue))\b",
    IGNORECASE,
)
_GONE_CJK = lazy(r"[^。！？.!?\n]{0,50}(?:廢棄|废弃|廃止|移除|削除|删除|刪除|弃用|棄用|不存在|存在しない|非推奨)")
_FROM_CJK = lazy(r"(?:重構自|重构自|取代|旧|舊|廢棄|废弃)[^。！？\n]{0,24}\Z")
_BAD = lazy(
    r"\b(?:never|not|don't|avoid\w*|forbid\w*|prohibit\w*|block(?:s|ed|ing|list)?|den(?:y|ies|ied)|disallow\w*|reject\w*|refus\w*|dangerous|unsafe|malicious"
    r"|insecure|attack\w*|suspicious|red flags?|anti-?patterns?|risk(?:s|y)?|threats?|vulnerab\w*|detect\w*|flag\w*|check for|look for|scan\w*|wrong|bad|mistakes?"
    r"|remote code execution|must not|incorrect|exploit\w*|injection|warning signs)\b",
    IGNORECASE,
)
_BAD_HERE = lazy(
    r"\b(?:never|don't|forbidden|prohibited|blocked|denied|dangerous|unsafe|malicious|insecure|attacks?|suspicious|red flag|risky|exploit\w*|injection"
    r"|remote code execution|anti-?pattern)\b",
    IGNORECASE,
)
_ITEM = lazy(r"[ \t]*(?:[-+]|\*(?!\*)|[0-9]{1,3}[.)]|\||>)[ \t]?")


def clause_before(text, at, reach=160):
    """What stands before an offset in its sentence; the emphasis marks are left out, a wrapped line is one line."""
    start = max(0, at - reach)
    before = text[start:at]
    gap = max(before.rfind("\n\n"), before.rfind("\n- "), before.rfind("\n* "), before.rfind("\n#"), before.rfind("\n|"))
    before = before[gap + 1 :] if gap >= 0 else before
    return " ".join(before.replace("*", "").replace("_", " ").split("\n")).replace("  ", " ")


def negated(text, start, end, after=True):
    """Do the words around a place forbid it or say that it does not work?"""
    if _BEFORE.search(clause_before(text, start)):
        return True
    if not after:
        return False
    rest = text[end : line_stop(text, end)]
    if _GONE_CJK.match(rest) or _FROM_CJK.search(text, max(0, start - 30), start):
        return True
    return _AFTER.match(rest.replace("*", "")) is not None


def listed_as_bad(text, start):
    """Is the place in a list, a table or a paragraph whose head, or whose own line, says that its items are bad?"""
    return _BAD_HERE.search(text, line_start(text, start), line_stop(text, start)) is not None or (
        _BAD.search(head_of_list(text, start)) is not None
    )


def head_of_list(text, start):
    """The line above the list or table in which a place stands ("" where none is near): what is no item itself."""
    begin, seen = line_start(text, start), 0
    while begin > 0 and seen < 60:
        end, begin = begin - 1, line_start(text, begin - 1)
        line = text[begin:end]
        seen += 1
        if line.strip() and not _ITEM.match(line):
            return line
    return ""
