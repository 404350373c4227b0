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


def shape(recording):
    """One line on where the missing messages are; None where nothing, or nearly everything, is missing."""
    found = gaps(recording) if recording.lost > 0 and recording.received > 0 else None
    return described(found, recording.sent, recording.rate) if found else None


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
