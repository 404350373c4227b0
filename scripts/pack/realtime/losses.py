"""Where messages were lost: the shape of a loss says much of its reason, and what came instead says more."""

import json

from pack.base import redact
from pack.realtime.adapters.base import UNABLE

MOST_COPIES = 4000000  # that are looked through one by one
REGULAR = 0.15  # of the usual distance: gaps that begin so regularly have one reason
SHOWN = 100  # letters of a message of the application's

LEFT_OUT = (
    UNABLE + "the server hands a member's message to all members but itself, so the copy to the sender is none that was lost: "
    "measure it with the option to_sender: false, by which the first connection only sends"
)


RELAYED = (
    UNABLE
    + "no message came back on the connection that had sent it, each came on another one: this is no echo. What hands messages on is "
    "measured with mode: broadcast and to_sender: false"
)
TO_ALL = UNABLE + "each message came back on all connections and not on its sender's only: this is a room, which mode: broadcast measures"


def gaps(recording):
    """[[first, many]] of the messages of which a copy is missing, as pieces without a hole; None where there are too many to look through."""
    fanout, sent = recording.fanout, recording.sent
    if sent * fanout > MOST_COPIES:
        return None
    came = recording.came
    return _pieces(not all(came(number * fanout + receiver) for receiver in range(fanout)) for number in range(sent))


def _pieces(missing):
    """[[first, many]] of the places at which `missing` is true."""
    found = []
    for place, gone in enumerate(missing):
        if gone and found and sum(found[-1]) == place:
            found[-1][1] += 1
        elif gone:
            found.append([place, 1])
    return found


def left_out(recording):
    """Is all that is missing the copy of each message to the one who sent it, the first member?"""
    if recording.fanout < 2 or recording.lost != recording.sent or recording.sent * recording.fanout > MOST_COPIES:
        return False
    return recording.sent > 0 and not any(recording.came(number * recording.fanout) for number in range(recording.sent))


def not_its_kind(recording):
    """Why this is no system of the kind that the path says, or None: what went wrong is then a matter of how it was measured."""
    if left_out(recording):
        return LEFT_OUT
    owned, mostly = recording.owned, 0.9 * recording.sent
    if not owned or recording.sent == 0:
        return None
    if recording.received == 0 and recording.astray >= mostly:
        return RELAYED
    return TO_ALL if recording.received >= mostly and recording.astray >= (owned - 1) * mostly else None


def shape(recording):
    """One line on where the missing messages are; None where nothing, or nearly everything, is missing."""
    if recording.lost <= 0 or recording.received <= 0:
        return None
    found = None if recording.astray else _of_some(recording)
    if found is None:
        pieces = gaps(recording)
        found = _with_members(recording, pieces) if pieces else None
    return found


def _with_members(recording, pieces):
    """`described`, and how many members have what others miss, if each of the missing messages came to somebody."""
    told, many = described(pieces, recording.sent, recording.rate), recording.fanout
    if many < 2:
        return told
    numbers = (number for first, count in pieces for number in range(first, first + count))
    reached = [sum(recording.came(number * many + receiver) for receiver in range(many)) for number in numbers]
    if not min(reached):
        return told
    some = "%d" % min(reached) if min(reached) == max(reached) else "%d to %d" % (min(reached), max(reached))
    if len(reached) == recording.sent:
        return "each message came to some of the members only (%s of %d): processes or servers that do not share their members" % (
            some,
            many,
        )
    return "%s; each of them came to %s of %d members" % (told, some, many)


def _of_some(recording):
    """One line, if some of several receivers have nothing and the others miss nothing; else None."""
    many, sent, came = max(recording.owned, recording.fanout), recording.sent, recording.came
    if many < 2 or sent < many or sent * recording.fanout > MOST_COPIES:
        return None
    if recording.owned:
        turn = recording.turn
        missing = [{not came(number) for number in range((who - turn) % many, sent, many)} for who in range(many)]
    else:
        missing = [{not came(number * many + who) for number in range(sent)} for who in range(many)]
    deaf, whole = missing.count({True}), missing.count({False})
    if not deaf or not whole or deaf + whole < many:
        return None
    if recording.owned:
        return (
            "%d of %d connections had no answer at all, and the others miss none: a limit of connections, or one of several processes that hangs"
            % (deaf, many)
        )
    return (
        "%d of %d members heard none of the messages, and the others miss nothing: they are in another room than whoever sends, as with several processes or "
        "servers that do not share their members, or a limit of members" % (deaf, many)
    )


def changed(number, went, came):
    """One line on how a message came back that is not what went out."""
    same = next((place for place, (a, b) in enumerate(zip(went, came)) if a != b), min(len(went), len(came)))
    if same == len(came) < len(went):
        return "message %d came back cut off: %d of its %d bytes" % (number, len(came), len(went))
    if same == len(went):
        return "message %d came back longer than it went: behind its %d bytes is %s" % (number, len(went), shown(came[same : same + 40]))
    return "message %d came back changed: from its byte %d on it went out as %s and came as %s" % (
        number,
        same,
        shown(went[same : same + 40]),
        shown(came[same : same + 40]),
    )


def described(found, sent, rate):
    """`found`, pieces [first, many] of `sent` messages that went out at `rate` a second, as one line."""
    if len(found) == 1:
        return _one(*found[0], sent, rate)
    missing = sum(many for _, many in found)
    sizes, begins = sorted({many for _, many in found}), [first for first, _ in found]
    apart = [later - first for first, later in zip(begins, begins[1:])]
    usual = sorted(apart)[len(apart) // 2]
    if len(sizes) == 1 and len(set(apart)) == 1 and len(found) > 2:
        return "what is missing is regular: %d of every %d messages" % (sizes[0], apart[0])
    between = [later - first - many for (first, many), later in zip(found, begins[1:])]
    pieces = "%d gaps of %s messages" % (len(found), "%d" % sizes[0] if len(sizes) == 1 else "%d to %d" % (sizes[0], sizes[-1]))
    if len(found) > 3 and sizes[0] > 1 and set(between) == {1}:
        return "what is missing are %s with a single one between them: a system that hands out the newest only, %.0f times a second" % (
            pieces,
            rate / usual,
        )
    if len(found) > 2 and usual >= 20 and all(abs(a - usual) <= REGULAR * usual for a in apart):
        return "what is missing are %s, which begin %.2f s after one another: a limit of so many in that time, or what is done so often" % (
            pieces,
            usual / rate,
        )
    longest = max(found, key=lambda gap: gap[1])
    return "what is missing are %s (%d in all); the longest begins at second %.2f" % (pieces, missing, longest[0] / rate)


def _one(first, many, sent, rate):
    if first + many == sent:
        return "from second %.2f on nothing came any more (message %d)" % (first / rate, first)
    if first == 0:
        return "what is missing are the first %d messages (%.2f s)" % (many, many / rate)
    return "what is missing is one piece: %d messages from second %.2f on" % (many, first / rate)


NEAR = 2  # messages behind the one at which a consumer was killed


def audited(facts, rate):
    """One line on the acknowledged messages that an audit's ledger has as lost, or None."""
    sent = [value for fact, value, _ in facts if fact == "s"]
    handled = {value for fact, value, _ in facts if fact in "ep"}
    acked = {value for fact, value, _ in facts if fact == "a"}
    lost = [value in acked and value not in handled for value in sent]
    if not any(lost) or not handled:
        return None
    struck = {value for fact, value, _ in facts if fact in "ck"}
    if {value for value, gone in zip(sent, lost) if gone} <= struck:
        return "each is the very message at which the consumer was killed: it acknowledges before it has done its work"
    found = _pieces(lost)
    places = {place for place, value in enumerate(sent) if value in struck}
    if places and all(any(first - p in range(NEAR + 1) for p in places) for first, _ in found):
        return (
            "they begin where the consumer was killed, %s messages each time: what it had been handed, or what came while it was away, was not kept for it"
            % (
                "%d" % found[0][1]
                if len({many for _, many in found}) == 1
                else "%d to %d" % (min(m for _, m in found), max(m for _, m in found))
            )
        )
    return described(found, len(sent), rate)


def shown(body):
    """A message of the application's, as far as it can be shown in a line: its secrets masked, cut."""
    raw = bytes(body) if not isinstance(body, str) else body.encode()
    try:
        words = " ".join(redact.text(raw[:2000].decode()).split())
    except UnicodeDecodeError:
        return "%d bytes that are no text" % len(raw)
    if not words.isprintable():
        return "%d bytes that are no text" % len(raw)
    return json.dumps(words[: SHOWN - 1] + "…" if len(words) > SHOWN else words, ensure_ascii=False)
