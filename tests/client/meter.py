"""What a run costs, counted at the model's end of the wire: calls, input, what no cache could know, output, by actor and by moment.

A token is four bytes of a request's tools, system prompt and messages in that order, which is the order in which prefixes are cached; the
marks that say where to cache (`cache_control`) are no content, and a text is the same as a block of that text (the client sends the last
message as blocks, for the mark, and the next time as a text). A tool that is deferred stands where a tool_reference loads it and not at the
head, which is what deferring is for: loading one leaves the prefix as it was. Uncached: what lies behind the longest prefix that an earlier request of
the same run had. Both are properties of what is sent, so they repeat from run to run; no clock and no price is in them.
"""

import json
import threading
import time

BYTES_A_TOKEN = 4
NOTICES = ("<task-notification>", "<teammate-message")  # what the client wakes a model with when another agent's turn has ended


def _plain(value, later=()):
    """later: {name: definition} of the deferred tools."""
    if isinstance(value, dict):
        if value.get("type") == "tool_reference" and value.get("tool_name") in later:
            return dict(value, tool=_plain(later[value["tool_name"]]))
        value = {k: _plain(v, later) for k, v in value.items() if k != "cache_control"}
        if isinstance(value.get("content"), str):
            value["content"] = [{"type": "text", "text": value["content"]}]
        return value
    return [_plain(v, later) for v in value] if isinstance(value, list) else value


def wire(request):
    """A request's bytes in the order of its cacheable prefix."""
    system = request.get("system") or []
    tools = request.get("tools") or []
    later = {t.get("name"): t for t in tools if t.get("defer_loading")}
    parts = [
        [t for t in tools if not t.get("defer_loading")],
        [system] if isinstance(system, str) else system,
        request.get("messages") or [],
    ]
    # The client's own first line of the system prompt holds a checksum of the request (measured); no cache key has it.
    parts[1] = [b for b in parts[1] if not (isinstance(b, dict) and str(b.get("text", "")).startswith("x-anthropic-billing-header"))]
    return "".join(json.dumps(_plain(p, later), ensure_ascii=False) for p in parts).encode()


def common(a, b):
    """Length of the common prefix of two byte strings."""
    most = min(len(a), len(b))
    if a[:most] == b[:most]:
        return most
    low, high = 0, most
    while low < high:  # bytes compare at C speed: halving beats a loop over them
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


class Meter:
    """Told of every request with its answer; `rows` holds one dict a call: at, who, input, uncached, output, what it does, and whether
    another agent's end had woken it."""

    def __init__(self):
        self.rows, self._seen, self._lock = [], [], threading.Lock()

    def note(self, call, blocks):
        """One call: blocks are those of the answer. Whatever the client asks for itself (titles, summaries) is `client`."""
        text = wire(call.request)
        with self._lock:
            known = max((common(text, other) for other in self._seen), default=0)
            self._seen.append(text)
            row = {
                "at": time.time(),
                "who": call.actor or "client",
                "input": len(text) // BYTES_A_TOKEN,
                "uncached": (len(text) - known) // BYTES_A_TOKEN,
                "output": sum(len(json.dumps(b, ensure_ascii=False).encode()) for b in blocks) // BYTES_A_TOKEN,
                "does": [_does(b) for b in blocks if b["type"] == "tool_use"],
                "woken": not call.results and any(mark in call.news for mark in NOTICES),
            }
            self.rows.append(row)
            return row

    def total(self, who=None):
        """{"calls", "input", "uncached", "output"} of everybody or of one."""
        rows = [r for r in self.rows if who in (None, r["who"])]
        return dict({k: sum(r[k] for r in rows) for k in ("input", "uncached", "output")}, calls=len(rows))

    def woken_for_nothing(self, who):
        """How often one was woken by the end of another agent's turn and did nothing."""
        return sum(r["who"] == who and r["woken"] and not r["does"] for r in self.rows)


def _does(block):
    """A tool call in a word or two: its name, with the verb of a `pack` call and the line of a message."""
    given, name = block["input"], block["name"]
    if name == "Bash" and str(given.get("command", "")).startswith("pack "):
        return " ".join(given["command"].split()[:2])
    if name == "SendMessage":
        message = given.get("message")
        return "SendMessage %s" % (message.get("type") if isinstance(message, dict) else str(message).split("\n")[0][:40])
    return name
