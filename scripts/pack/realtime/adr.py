"""Architecture decisions that touch real time: the numbers in their front matter must add up, and can be measured.

Front matter of `.claude/decisions/*.md`:

    realtime:
      message_rate: 20          # messages a second that one user sends
      payload_bytes: 200        # of one message
      users: 50                 # concurrent users of one session; at least 50
      budget_ms: 100            # responsiveness; at most 100
      fanout: all               # all (every user receives every message; the default), none, or a number of receivers
      network_ms: 30            # optional parts of the budget; they must not exceed it together
      processing_ms: 20
      throttle_ms: 50           # optional: how often a user's updates are sent at most
      link_mbit: 100            # optional: the server's outgoing link; the traffic must fit in half of it
      path: chat.echo           # optional: the message path of rt.yaml that proves it
"""

import asyncio
import math
import os
import re

from pack.base import yamltext

BUDGET_MS, USERS, OVERHEAD_BYTES = 100.0, 50, 66  # Ethernet + IPv4 + TCP with timestamps, for one small frame
_WORDS = re.compile(
    r"websocket|socket\.io|ably|real-?time|pub/?sub|presence|broadcast|kafka|rabbitmq|mqtt|event stream|synchroni[sz]ation",
    re.I,
)
FIELDS = {
    "message_rate",
    "payload_bytes",
    "users",
    "budget_ms",
    "fanout",
    "network_ms",
    "processing_ms",
    "throttle_ms",
    "link_mbit",
    "path",
}
NEEDED = ("message_rate", "payload_bytes", "users", "budget_ms")


class AdrError(ValueError):
    """A decision file that cannot be read."""


def front_matter(text, name):
    """(mapping, rest) of a Markdown file."""
    lines = text.lstrip("\ufeff").split("\n")
    if lines[0].rstrip() != "---":
        return {}, text
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        raise AdrError("%s: front matter has no closing ---" % name)
    try:
        document = yamltext.read("\n".join(lines[1:end]) + "\n")
    except yamltext.YamlError as error:
        line = "\n".join(lines[1:end]).count("\n", 0, error.offset) + 2
        raise AdrError("%s:%d: front matter is not YAML: %s" % (name, line, error))
    if document.duplicates:
        twice, span = document.duplicates[0]
        raise AdrError("%s:%d: %s is given twice" % (name, document.place(span)[0] + 1, twice[-1]))
    data = document.value
    if not isinstance(data, (dict, type(None))):
        raise AdrError("%s: front matter is no mapping: write `title: ...` and `realtime: {...}`" % name)
    return data or {}, "\n".join(lines[end + 1 :])


def touches(data, rest):
    """Does the decision touch real time?"""
    return "realtime" in data or bool(
        _WORDS.search(str(data.get("title", "")) + "\n" + "\n".join(x for x in rest.splitlines() if x.startswith("#")))
    )


# What a decision's status asks for. One without a status is taken as it always was: it has to add up.
BINDS_NOBODY = ("rejected", "superseded", "deprecated", "withdrawn", "obsolete", "replaced")
DRAFT = ("draft", "proposed", "proposal", "pending", "open", "in review", "under review", "wip", "rfc")
ACCEPTED = ("accepted", "approved", "adopted", "implemented", "active", "done", "decided")
# The seed's considerations for a decision that touches real time: what it is about, and words by which a text speaks of it.
CONSIDERED = (
    ("synchronisation and conflict resolution", ("conflict", "merge", "last-write", "last write", "crdt", "ordering")),
    ("reconnection and recovery after a failure", ("reconnect", "recover", "replay", "resume", "failover", "disconnect")),
    ("throttling or debouncing", ("throttl", "debounc", "backpressure", "back-pressure", "rate limit")),
    ("scaling of channels and connections", ("scal", "channel", "shard", "partition", "connections")),
    ("monitoring and debugging", ("monitor", "metric", "trac", "dashboard", "alert", "debug")),
)


def status(data, rest):
    """(the status as written, "nobody" | "draft" | "accepted" | "" for none | "unknown"): from the front matter, a line `Status: ...` or what
    stands below a heading `Status`."""
    said = data.get("status")
    lines = [x.strip(" *-#>_|").strip() for x in rest.splitlines()]
    if said is None:
        line = next((x for x in lines if re.match(r"status\s*\**\s*:", x, re.I) and x.partition(":")[2].strip(" *")), None)
        said = line.partition(":")[2] if line else None
    if said is None:
        heads = [n for n, x in enumerate(rest.splitlines()) if re.match(r"#+\s*status\s*$", x.strip(), re.I)]
        said = next((x for x in lines[heads[0] + 1 :] if x), None) if heads else None
    said = " ".join(str(said or "").strip(" *`\"'_").split())
    word = said.casefold()
    for kind, words in (("nobody", BINDS_NOBODY), ("draft", DRAFT), ("accepted", ACCEPTED)):
        if any(re.match(r"%s\b" % re.escape(w), word) for w in words):
            return said, kind
    return said, "unknown" if said else ""


def review(spec, rest):
    """What a draft is asked (the seed: evaluate drafts): remarks, none of which blocks anybody."""
    told, text = arithmetic(spec), rest.casefold()
    silent = [what for what, words in CONSIDERED if not any(w in text for w in words)]
    out = [
        "review: %g messages/s of %g bytes a user, %g/s out to %d users within %g ms"
        % (told["effective_rate"], spec["payload_bytes"], told["out_per_s"], spec["users"], spec["budget_ms"])
    ]
    return out + ["review: it does not speak of %s" % what for what in silent]


def guidance(spec):
    """What an accepted decision asks of whoever implements it (the seed: channels, throttling, tests)."""
    told = arithmetic(spec)
    every = 1000.0 / told["effective_rate"]
    return [
        "guidance: channels: one a concern (`session:CODE:presence`, `session:CODE:reveals`, `session:CODE:viewers`), %d receivers of each message"
        % receivers(spec),
        "guidance: send: local state at once, then a throttle of %g ms a user (%g messages/s); the last state is always sent; cursors: throttle 50 ms, moves: debounce 200 ms"
        % (every, told["effective_rate"]),
        "guidance: tests: several users in step, a disconnection and its reconnection, order of messages, load of %d users at once; `pack adr check --measure`"
        % spec["users"],
    ]


def receivers(spec):
    """How many receive one message."""
    fanout = spec.get("fanout", "all")
    return spec["users"] if fanout == "all" else 1 if fanout == "none" else int(fanout)


def arithmetic(spec):
    """The derived numbers: rate in and out, traffic, queueing at the budget."""
    rate = spec["message_rate"]
    if spec.get("throttle_ms"):
        rate = min(rate, 1000.0 / spec["throttle_ms"])
    inbound = rate * spec["users"]
    outbound = inbound * receivers(spec)
    frame = spec["payload_bytes"] + OVERHEAD_BYTES
    return {
        "effective_rate": rate,
        "in_per_s": inbound,
        "out_per_s": outbound,
        "out_mbit": outbound * frame * 8 / 1e6,
        "service_us": 1e6 / outbound if outbound else math.inf,
        "in_flight": outbound * spec["budget_ms"] / 1000.0,
    }


def check(data, rest, name, paths=None):  # noqa: C901 - one check for each field of a decision
    """Problems of one decision; empty if it adds up (or does not touch real time)."""
    if not touches(data, rest):
        return []
    spec = data.get("realtime")
    if spec is None:
        return ["%s: touches real time but has no `realtime:` front matter with %s" % (name, ", ".join(NEEDED))]
    if not isinstance(spec, dict):
        return ["%s: `realtime` must be a mapping" % name]
    found = ["%s: unknown field realtime.%s; known: %s" % (name, k, ", ".join(sorted(FIELDS))) for k in sorted(set(spec) - FIELDS, key=str)]
    for key in NEEDED:
        if key not in spec:
            found.append("%s: realtime.%s is missing" % (name, key))
    for key in sorted(FIELDS - {"fanout", "path"}):
        value = spec.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            found.append("%s: realtime.%s must be a positive number, found %r" % (name, key, value))
        elif key in ("users", "payload_bytes") and value != int(value):
            found.append("%s: realtime.%s must be a whole number, found %g" % (name, key, value))
    if "path" in spec and not isinstance(spec["path"], str):
        found.append("%s: realtime.path must name a message path of rt.yaml, found %r" % (name, spec["path"]))
    fanout = spec.get("fanout", "all")
    if fanout not in ("all", "none") and (isinstance(fanout, bool) or not isinstance(fanout, int) or fanout < 1):
        found.append("%s: realtime.fanout is all, none or a number, found %r" % (name, fanout))
    if found:
        return found
    told = arithmetic(spec)
    if spec["budget_ms"] > BUDGET_MS:
        found.append("%s: budget of %g ms is over the %g ms that feel immediate" % (name, spec["budget_ms"], BUDGET_MS))
    if spec["users"] < USERS:
        found.append("%s: %d users; a session must carry %d" % (name, spec["users"], USERS))
    if isinstance(fanout, int) and fanout > spec["users"]:
        found.append("%s: fan-out of %d is more than the %d users" % (name, fanout, spec["users"]))
    parts = sum(spec.get(k, 0) for k in ("network_ms", "processing_ms", "throttle_ms"))
    if parts > spec["budget_ms"]:
        shown = " + ".join("%s %g" % (k, spec[k]) for k in ("network_ms", "processing_ms", "throttle_ms") if k in spec)
        found.append("%s: %s = %g ms is more than the budget of %g ms" % (name, shown, parts, spec["budget_ms"]))
    if spec.get("throttle_ms") and spec["message_rate"] > 1000.0 / spec["throttle_ms"] * 1.001:
        found.append(
            "%s: %g messages/s a user do not pass a throttle of %g ms (at most %g/s)"
            % (name, spec["message_rate"], spec["throttle_ms"], 1000.0 / spec["throttle_ms"])
        )
    if spec.get("link_mbit") and told["out_mbit"] > spec["link_mbit"] / 2.0:
        found.append(
            "%s: %g x %d users x %d receivers x (%d + %d) bytes = %.1f Mbit/s; more than half of the %g Mbit/s link: its queue would eat the budget"
            % (
                name,
                told["effective_rate"],
                spec["users"],
                receivers(spec),
                spec["payload_bytes"],
                OVERHEAD_BYTES,
                told["out_mbit"],
                spec["link_mbit"],
            )
        )
    if spec.get("processing_ms") and spec["processing_ms"] * told["in_per_s"] / 1000.0 >= 1.0:
        found.append(
            "%s: %g messages/s at %g ms each need %.2f cores; one event loop has one (utilisation must stay below 1)"
            % (name, told["in_per_s"], spec["processing_ms"], told["in_per_s"] * spec["processing_ms"] / 1000.0)
        )
    if "path" in spec and paths is not None:
        if spec["path"] not in paths:
            found.append("%s: realtime.path %r is not in rt.yaml; it has: %s" % (name, spec["path"], ", ".join(paths) or "none"))
        elif paths[spec["path"]]["budget_ms"]["p99"] > spec["budget_ms"]:
            found.append(
                "%s: rt.yaml allows %g ms on %s, the decision %g ms"
                % (name, paths[spec["path"]]["budget_ms"]["p99"], spec["path"], spec["budget_ms"])
            )
    return found


def read(folder):
    """[(name, mapping, rest, problem)] of the decision files; a file that cannot be read has a problem, and hides no other."""
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not name.endswith(".md"):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as handle:
                found.append((name,) + front_matter(handle.read(), name) + (None,))
        except UnicodeDecodeError:
            found.append((name, {}, "", "%s: is not UTF-8 text: save it as that" % name))
        except AdrError as error:
            found.append((name, {}, "", str(error)))
        except OSError as error:
            found.append((name, {}, "", "%s: %s" % (name, error.strerror)))
    return found


def measure(spec, path, project, duration, progress=None):
    """Probe the path at the decision's own rate, payload and users; returns (problems, figures).

    A server that the path says how to start is started for the measurement. AdrError where nothing can be reached.
    """
    from pack.realtime import adapters, claims, hdr, managed, probe, stats

    connections = int(spec["users"])
    rate = arithmetic(spec)["in_per_s"]
    duration = max(duration, stats.samples_needed(0.99) / rate)
    made = adapters.make(dict(path, connections=connections), "pack-adr-%s" % os.urandom(3).hex(), project)

    async def main(stop):
        return await probe.told_run(made, rate, duration, 1.0, int(spec["payload_bytes"]), progress, stop)

    server = path.get("server")
    server = (
        managed.Server(server["command"], path["address"], project).start() if server and not managed.answers(path["address"]) else None
    )
    try:
        recording, (server_name, reality) = probe.run(main, connections + 50)
    except Exception as error:
        if not isinstance(error, (OSError, asyncio.TimeoutError)) and not adapters.of_library(error):
            raise
        raise AdrError(
            "cannot reach %s: %s; nothing was measured" % (path["address"], " ".join(str(error).split()) or type(error).__name__)
        )
    finally:
        if server:
            server.stop()
    histogram = hdr.Histogram(recording.latency.encode())
    late = claims.percentiles(hdr.Histogram(recording.lateness.encode()))["p99_ms"]
    sent = recording.sent * recording.fanout
    bound = claims.upper_bound_ms(histogram, 0.99, sent)
    figures = {
        "sent": sent,
        "received": recording.received,
        "rate": rate,
        "users": connections,
        "bound_ms": bound,
        "lateness_ms": late,
        "partial": recording.partial,
    }
    if recording.partial:
        return ["interrupted after %d messages" % sent], figures
    if reality != "real":
        return ["INVALID: %s is a mock; only real systems prove a decision" % server_name], figures
    if recording.fanout < receivers(spec):
        return [
            "INVALID: the decision has %d receivers of each message, the path has %d: measure a broadcast (`options: {mode: broadcast}`), "
            "or write `fanout: none` if nobody else receives it" % (receivers(spec), recording.fanout)
        ], figures
    if bound > spec["budget_ms"]:
        if late > spec["budget_ms"] / 10 and not math.isinf(bound):
            return [
                "INVALID: bound %.1f ms is over %g ms, but the probe itself was %.1f ms late: measure again"
                % (bound, spec["budget_ms"], late)
            ], figures
        return [
            "FAIL: at %g messages/s of %d users the 95 %% bound of the P99 is %s, the budget %g ms"
            % (
                rate,
                connections,
                "infinite (messages lost)" if math.isinf(bound) else "%.1f ms" % bound,
                spec["budget_ms"],
            )
        ], figures
    return [], figures
