"""The message grammar: the first line of a SendMessage, parsed against tables.MESSAGES.

A line that begins with no known head is ordinary talk. One that begins with a head in capitals, or with a head in any
case followed by `:` or `(`, claims to be a protocol line and must be spelled exactly.
"""

from __future__ import annotations

from . import tables
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from .literals import EventName


def _head(form: str) -> str:
    """The fixed words at the start of a form: `DONE: task #<N>` -> `DONE`."""
    for stop in (":", "(", " ...", " <"):
        form = form.split(stop)[0]
    return form


DRESS = " #\u2705\u2714\u2611\ufe0f\u274c\u26a0\U0001f389\U0001f44d\U0001f534\U0001f7e2"  # headings, ticks and the like around a line

# Longest first, so that `RISKS MITIGATED` and `REVIEW_LOOP` are not taken for `RISKS` and `REVIEW`.
_HEADS: list[tuple[str, EventName]] = sorted(((_head(spec[0]), event) for event, spec in tables.MESSAGES.items()), key=lambda h: -len(h[0]))


def _number(text: str) -> int | None:
    # isdigit() is true for superscripts and other scripts' digits, which int() takes differently: ASCII only.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _claims(line: str) -> tuple[str, EventName] | None:
    """The (head, event) that the line claims to be, or None for ordinary talk."""
    folded = line.casefold()
    for head, event in _HEADS:
        if line.startswith(head):
            rest = line[len(head) :]
            if not rest or not (rest[0].isalnum() or rest[0] == "_"):
                return head, event
        elif folded.startswith(head.casefold()) and folded[len(head) : len(head) + 1] in (":", "("):
            return head, event
    return None


def _malformed(line: str, event: EventName) -> Refusal:
    form, senders, receivers, when = tables.MESSAGES[event]
    return Refusal(
        "MALFORMED_LINE",
        "the first line %r is not a protocol line" % line[:120],
        "it begins like `%s`" % form,
        "write the first line exactly as `%s` (%s -> %s); remarks go on the lines below" % (form, "/".join(senders), "/".join(receivers)),
        event,
    )


# Letters of other scripts that look like one of ours, those of the protocol's words.
_LIKE = {
    ":": "\u2236\u0589\ua789",
    "A": "\u0410\u0391\u13aa",
    "B": "\u0412\u0392\u13f4",
    "C": "\u0421\u13df",
    "D": "\u13a0",
    "E": "\u0415\u0395\u13ac",
    "H": "\u041d\u0397",
    "I": "\u0406\u0399",
    "J": "\u0408",
    "K": "\u041a\u039a",
    "L": "\u13de",
    "M": "\u041c\u039c\u13b7",
    "N": "\u039d",
    "O": "\u041e\u039f",
    "P": "\u0420\u03a1\u13e2",
    "R": "\u13a1",
    "S": "\u0405\u13da",
    "T": "\u0422\u03a4\u13a2",
    "X": "\u0425\u03a7",
    "Y": "\u0423\u03a5",
    "a": "\u0430\u03b1\u0251",
    "c": "\u0441",
    "d": "\u0501",
    "e": "\u0435",
    "g": "\u0261",
    "i": "\u0456",
    "j": "\u0458",
    "k": "\u1d0b\u043a",
    "m": "\u043c",
    "o": "\u043e\u03bf",
    "p": "\u0440",
    "s": "\u0455",
    "t": "\u0442",
    "u": "\u0438",
    "v": "\u03bd",
    "w": "\u051d",
    "x": "\u0445",
    "y": "\u0443",
}


_UNSEEN = "\u00ad\u180e\ufe0f\ufeff" + "".join(
    map(chr, [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), *range(0x300, 0x370)])
)
_BLANKS = "\u00a0\u202f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


_AS_OURS: dict[int, str | None] = {}  # code -> our letter, a blank or nothing; filled at the first line that is not ASCII


def _as_it_looks(line: str) -> str:
    """A line as a reader sees it: without what is invisible, and in our letters."""
    if line.isascii():
        return line
    if not _AS_OURS:
        _AS_OURS.update({ord(other): ours for ours, others in _LIKE.items() for other in others})
        _AS_OURS.update((code, chr(code - 0xFEE0)) for code in range(0xFF01, 0xFF5F))  # full-width
        _AS_OURS.update(
            (code, chr((65, 97)[(code - 0x1D400) // 26 % 2] + (code - 0x1D400) % 26)) for code in range(0x1D400, 0x1D6A4)
        )  # mathematical
        _AS_OURS.update((code, str((code - 0x1D7CE) % 10)) for code in range(0x1D7CE, 0x1D800))
        _AS_OURS.update({ord(c): " " for c in _BLANKS})
        _AS_OURS.update({ord(c): None for c in _UNSEEN})
    return line.translate(_AS_OURS)


def _not_dressed_up(line: str) -> None:
    """Raises the Refusal of a protocol line in bold, as a heading or with a tick (`**APPROVED: task #1**`), or with letters that only look like
    those of one. As ordinary talk it would be delivered, its receiver would believe it, and nothing would be recorded. A line that quotes one
    (`> ...`, in back-ticks, in a sentence) stays talk."""
    bare = _as_it_looks(line).replace("*", "").strip(DRESS)
    if bare == line:
        return
    try:
        found = parse(bare)
    except Refusal:
        return
    if found is None:
        return
    refusal = _malformed(line, found[0])
    strange = sorted({c for c in line if not c.isascii() and c not in DRESS})
    if strange:
        refusal.seen += "; not plain letters: " + ", ".join("U+%04X" % ord(c) for c in strange)
    raise refusal


def parse(message: object) -> tuple[EventName, dict[str, Any]] | None:
    """A message's text -> None for ordinary talk, or (event, fields); raises Refusal for a line that does not parse.

    fields may hold `epoch`, `task`, `claims` (task number), `all_complete` (bool), `n`, `severity`, `action`, `body`.
    """
    if not isinstance(message, str):
        return None
    text = message.lstrip("﻿\r\n\t ")
    line, _, body = text.partition("\n")
    line = line.rstrip()
    claim = _claims(line)
    if claim is None:
        _not_dressed_up(line)
        return None
    head, event = claim
    if not line.startswith(head):
        raise _malformed(line, event)
    form, rest = tables.MESSAGES[event][0], line[len(head) :]
    fields: dict[str, Any] = {"body": body}
    if "(<epoch>)" in form:
        number = _number(rest[1:-1].replace("epoch=", "", 1)) if rest[:1] == "(" and rest[-1:] == ")" else None
        if number is None:
            raise _malformed(line, event)
        fields["epoch"] = number
    elif "#<N>" in form:
        _task_line(line, rest, event, fields)
    elif form.endswith(": <N>"):
        fields["n"] = _number(rest[2:].rstrip(".")) if rest[:2] == ": " else None
        if fields["n"] is None:
            raise _malformed(line, event)
    elif event == "SUPERVISOR_REPORT":
        words = (
            (rest + " " + body.partition("\n")[0])
            .replace("(", " ")
            .replace(")", " ")
            .replace(",", " ")
            .replace(":", " ")
            .replace("=", " ")
            .split()
        )
        fields["severity"] = next((w for w in words if w in tables.REPORT_SEVERITIES), None)
        fields["action"] = next((w for w in words if w in tables.REPORT_ACTIONS), None)
        if fields["severity"] is None:
            raise _malformed(line, event)
    elif event == "QUESTION":
        if rest[:1] != ":":
            raise _malformed(line, event)
        fields["text"] = rest[1:].strip()
    elif rest and rest[0] not in ":.":
        raise _malformed(line, event)
    return event, fields


ASKS = (
    "?",
    "question",
    "stuck",
    "escalat",
    "impossible",
    "cannot",
    "can't",
    "unable",
    "fail",
    "block",
    "need",
    "please",
    "refused",
    "error",
)


def asks(text: str) -> bool:
    """Whether a text may want something of its reader: in doubt it does."""
    return len(text) > 300 or any(word in text.casefold() for word in ASKS)


def _task_line(line: str, rest: str, event: EventName, fields: dict[str, Any]) -> None:
    """`: task #N`, and for DONE also `, claiming task #M` or `. ALL MY TASKS COMPLETE`."""
    if not rest.startswith(": task #"):
        raise _malformed(line, event)
    rest = rest[len(": task #") :]
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    tail = rest[len(digits) :]
    fields["task"] = _number(digits)
    if fields["task"] is None:
        raise _malformed(line, event)
    if event == "DONE" and tail.startswith(", claiming task #"):
        fields["claims"] = _number(tail[len(", claiming task #") :].rstrip("."))
        if fields["claims"] is None:
            raise _malformed(line, event)
    elif event == "DONE" and tail.rstrip(".") == ". ALL MY TASKS COMPLETE":
        fields["all_complete"] = True
    elif tail not in ("", "."):
        raise _malformed(line, event)
