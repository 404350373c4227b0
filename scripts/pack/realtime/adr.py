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

import math
import os
import re

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
    if not text.startswith("---\n"):
        return {}, text
    head, mark, rest = text[4:].partition("\n---")
    if not mark:
        raise AdrError("%s: front matter has no closing ---" % name)
    import yaml

    try:
        data = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise AdrError("%s: front matter is not YAML: %s" % (name, " ".join(str(error).split())))
    return (data if isinstance(data, dict) else {}), rest


def touches(data, rest):
    """Does the decision touch real time?"""
    return "realtime" in data or bool(
        _WORDS.search(str(data.get("title", "")) + "\n" + "\n".join(x for x in rest.splitlines() if x.startswith("#")))
    )


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


def check(data, rest, name, paths=None):
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
    for key in FIELDS - {"fanout", "path"}:
        value = spec.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            found.append("%s: realtime.%s must be a positive number, found %r" % (name, key, value))
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
    """[(name, mapping, rest)] of the decision files."""
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith(".md"):
            with open(os.path.join(folder, name), encoding="utf-8") as handle:
                found.append((name,) + front_matter(handle.read(), name))
    return found


def measure(spec, path, project, duration, progress=None):
    """Probe the path at the decision's own rate, payload and users; returns (problems, figures)."""
    from pack.realtime import adapters, derive, hdr, probe, stats

    connections = spec["users"]
    rate = arithmetic(spec)["in_per_s"]
    duration = max(duration, stats.samples_needed(0.99) / rate)
    made = adapters.make(dict(path, connections=connections), "pack-adr-%s" % os.urandom(3).hex(), project)

    async def main(stop):
        try:
            return await probe.open_loop(made, rate, duration, 1.0, spec["payload_bytes"], progress, stop)
        finally:
            await made.close()

    recording = probe.run(main, connections + 50)
    histogram = hdr.Histogram(recording.latency.encode())
    late = derive.percentiles(hdr.Histogram(recording.lateness.encode()))["p99_ms"]
    sent = recording.sent * recording.fanout
    bound = derive.upper_bound_ms(histogram, 0.99, sent)
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
