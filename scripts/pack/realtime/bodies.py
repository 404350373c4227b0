"""The messages that a probe sends: a body says whose it is and its number, and its filling shows damage."""

import re
import zlib

MOST_KEPT = 4096  # bytes of a body that is kept until it comes back
LETTERS = re.compile(rb"[0-9a-z]")  # of which `make_body` makes its filling

_FILLS: "dict[int, list[bytes]]" = {}  # by their length


def make_body(token, number, size):
    """`token number ` and a filling that depends on the number, so that a damaged payload is noticed."""
    head = b"%s %d " % (token, number)
    rest = size - len(head)
    if rest <= 0:
        return head
    fills = _FILLS.get(rest)
    if fills is not None:
        return head + fills[number & 255]
    if rest > MOST_KEPT:
        return head + _fill(number & 255, rest)
    _FILLS[rest] = [_fill(key, rest) for key in range(256)]
    return head + _FILLS[rest][number & 255]


def _fill(key, length):
    return (b"%08x" % zlib.crc32(b"%d" % key) * (length // 8 + 1))[:length]


def number_of(body, token):
    """The message number, or None if the message is not of this run. An application may have put its own words around ours."""
    if not body.startswith(token):
        place = body.find(token + b" ")
        if place < 0:
            return None
        body = body[place:]
    parts = body.split(b" ", 2)
    if len(parts) < 2 or parts[0] != token:
        return None
    try:
        return int(parts[1])
    except ValueError:
        return None


def pieces(body, token):
    """[(number, begin, end)] of the probe's messages in one of the application's: a server that batches puts several into one, and one
    that says in two fields what came says it twice."""
    head, found = token + b" ", {}
    place = body.find(head)
    while place >= 0:
        following = body.find(head, place + len(head))
        end = following if following >= 0 else len(body)
        number = number_of(body[place:end], token)
        if number is not None and number not in found:
            found[number] = (number, place, end)
        place = following
    return list(found.values())
