"""Contract recording: real answers and topics, with the schema they have, so that another squad can build against them.

`docs/design/contracts/<date>/` gets one JSON file an endpoint (request, status, headers that matter, body, inferred
schema) or topic (messages, inferred schema), and a README. Replay asks the endpoint again and says what no longer
matches: the status, or a schema that breaks a consumer of the recording. A recording says its own digest, so an edited one is noticed.

`${NAME}` in an address, header, body or option is filled in from the environment and recorded as it stands; a secret that is
written out is masked, and such a recording cannot be replayed.
"""

import asyncio
import datetime
import hashlib
import json
import os
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException, IncompleteRead

from pack.base import whole_file
from pack.realtime import grid

MASK = "[REDACTED_SECRET]"
MOST_BYTES = 10 << 20
_WORDS = r"authorization|cookie|token|secret|password|api[-_]?key"
_USERINFO = re.compile(r"(://[^\s/:@]*:)([^\s/@]+)(?=@)")
_PAIR = re.compile(r"((?:^|[?&])[^=&?#\s]*(?:%s)[^=&?#\s]*=)([^&#\s]+)" % _WORDS, re.I)
SECRET = re.compile(_WORDS, re.I)
HEADERS = ("content-type", "cache-control", "etag", "location", "retry-after", "vary")


class RecordError(RuntimeError):
    """Nothing could be recorded; the message names the way out."""


def infer(values):
    """A JSON Schema that all the values fit: types, properties, those that all have are required."""
    types = sorted({_type(v) for v in values})
    if "integer" in types and "number" in types:
        types.remove("integer")
    schema = {"type": types[0] if len(types) == 1 else types}
    objects = [v for v in values if isinstance(v, dict)]
    if objects:
        names = sorted({n for v in objects for n in v})
        schema["properties"] = {n: infer([v[n] for v in objects if n in v]) for n in names}
        schema["required"] = [n for n in names if all(n in v for v in objects)]
    items = [i for v in values if isinstance(v, list) for i in v]
    if items:
        schema["items"] = infer(items)
    return schema


def _type(value):
    if value is None:
        return "null"
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    raise TypeError(value)


def redact(value, name=""):
    """The value with what looks like a secret taken out."""
    if SECRET.search(name) and value not in (None, "", [], {}):
        return value if isinstance(value, str) and "${" in value else MASK
    if isinstance(value, dict):
        return {k: redact(v, k) for k, v in value.items()}
    return [redact(v) for v in value] if isinstance(value, list) else value


def conceal(text):
    """An address or a form with what looks like a secret taken out of it; `${NAME}` stays."""

    def masked(found):
        return found.group(0) if "${" in found.group(2) else found.group(1) + MASK

    return _PAIR.sub(masked, _USERINFO.sub(masked, text))


def fill(value):
    """The value with `${NAME}` from the environment; RecordError for a name that is not there."""
    if isinstance(value, dict):
        return {k: fill(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(v) for v in value]
    if not isinstance(value, str):
        return value

    def told(found):
        if found.group(1) not in os.environ:
            raise RecordError("the environment has no %s: export it first" % found.group(1))
        return os.environ[found.group(1)]

    return re.sub(r"\$\{(\w+)\}", told, value)


def decode(raw):
    """JSON if it is, else text, else a count of bytes."""
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return {"binary_bytes": len(raw)}


def http(url, method="GET", body=None, timeout=10.0, headers=None, keep=()):
    """Record one HTTP exchange with a real endpoint.

    `headers` {name: value} are sent, `keep` names headers of the answer that belong to the contract beside the usual ones.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise RecordError("%r is no http:// or https:// address" % conceal(url))
    sent = dict({"Content-Type": "application/json"} if body is not None else {}, **fill(headers or {}))
    try:
        status, told, raw = _ask(fill(url), method, None if body is None else fill(body).encode(), timeout, sent)
    except (urllib.error.URLError, OSError, ValueError, HTTPException) as error:
        if isinstance(error, UnicodeError):
            error = "it has letters that an address cannot have: write them as %XX"
        if isinstance(error, IncompleteRead):
            error = "its answer broke off"
        reason = grid.plain(getattr(error, "reason", None) or error)
        raise RecordError(
            "cannot reach %s: %s; contracts are recorded from real systems only" % (conceal(url), reason or type(error).__name__)
        )
    content, wanted = decode(raw), HEADERS + tuple(k.lower() for k in keep)
    return {
        "kind": "http",
        "request": {
            "method": method,
            "url": conceal(url),
            "body": _body(body),
            "headers": redact(headers or {}),
        },
        "status": status,
        "headers": redact({k.lower(): v for k, v in sorted(told.items()) if k.lower() in wanted}),
        "keep": sorted(k.lower() for k in keep),
        "body": redact(content),
        "schema": infer([content]),
    }


def _body(body):
    """A request's body as it is recorded."""
    content = None if body is None else decode(body.encode())
    return conceal(content) if isinstance(content, str) else redact(content)


def _ask(url, method, body, timeout, headers):
    """(status, headers, bytes) of one exchange; an answer that does not end, or is no contract's size, is an error."""
    request, until = urllib.request.Request(url, method=method, data=body, headers=headers), time.monotonic() + timeout
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        answer = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:  # an error status is a contract too
        answer = error
    parts, size = [], 0
    with answer:
        while True:
            part = answer.read1(1 << 16) if hasattr(answer, "read1") else answer.read(1 << 16)
            if not part:
                break
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise ValueError("its answer is longer than %d MB, no contract: ask for a part of it" % (MOST_BYTES >> 20))
            if time.monotonic() > until:
                raise ValueError("its answer did not end within %g s (%d bytes came): a stream is no HTTP contract" % (timeout, size))
        expected = answer.headers.get("Content-Length", "")
        if expected.isdigit() and int(expected) > size and method != "HEAD" and answer.status not in (204, 304):
            raise ValueError("its answer broke off after %d of %s bytes" % (size, expected))
        return answer.status, dict(answer.headers.items()), b"".join(parts)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *rest):
        return None


def topic(adapter_name, address, options, count, seconds, project=".", send=None):
    """Record up to `count` messages of a WebSocket or a broker's topic within `seconds`."""
    from pack.realtime import adapters, probe

    adapter = adapters.make(
        {"adapter": adapter_name, "address": fill(address), "options": fill(options)},
        "pack-record-%s" % os.urandom(3).hex(),
        project,
    )
    adapter.looking = adapter.keep = True
    found = []

    async def main(stop):
        full = asyncio.Event()

        def deliver(body, at, receiver=0):
            found.append(bytes(body))
            if len(found) >= count:
                full.set()

        try:
            await asyncio.wait_for(adapter.open(deliver), 15)
            for text in send or ():
                await adapter.send(fill(text).encode())
            until = time.monotonic() + seconds
            while not full.is_set() and not stop.is_set() and time.monotonic() < until:
                receiver = getattr(adapter, "task", None)
                if not found and receiver is not None and receiver.done() and not receiver.cancelled() and receiver.exception():
                    raise receiver.exception()
                await asyncio.sleep(0.02)
            if stop.is_set() and not found:
                raise KeyboardInterrupt
            return await adapter.server()
        finally:
            await adapter.close()

    try:
        server = probe.run(main)
    except Exception as error:
        if not isinstance(error, (OSError, asyncio.TimeoutError)) and not adapters.of_library(error):
            raise
        reason = grid.plain(error) or ("no answer" if isinstance(error, asyncio.TimeoutError) else type(error).__name__)
        raise RecordError("cannot reach %s: %s; contracts are recorded from real systems only" % (conceal(address), reason))
    if server[1] != "real":
        raise RecordError("%s is a mock (%s): contracts are recorded from real systems only" % (conceal(address), server[0]))
    if not found:
        raise RecordError("no message came from %s within %g s: is there live traffic?" % (conceal(address), seconds))
    values = [decode(b) for b in found[:count]]
    return {
        "kind": "topic",
        "adapter": adapter_name,
        "address": conceal(address),
        "options": redact(options),
        "send": [_sent(text) for text in send or ()],
        "server": server[0],
        "messages": redact(values),
        "schema": infer(values),
    }


def _sent(text):
    content = _body(text)
    return content if isinstance(content, str) else json.dumps(content)


def digest(recording):
    """What a recording (or another mapping with a `digest`) says, as one number: it changes with every edit."""
    told = {k: v for k, v in recording.items() if k != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def save(folder, name, recording, now):
    """Write a recording and bring the README up to date; returns the file."""
    if not re.match(r"^[a-z0-9][a-z0-9._-]*$", name):
        raise RecordError("name %r: use small letters, digits, dots and dashes" % name)
    try:
        datetime.datetime.strptime(os.path.basename(os.path.abspath(folder)), "%Y-%m-%d")
    except ValueError:
        raise RecordError("no date: %r; contracts lie in folders such as 2026-03-04" % os.path.basename(os.path.abspath(folder)))
    recording = dict(recording, name=name, recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))
    recording["digest"] = digest(recording)
    path = os.path.join(folder, name + ".json")
    whole_file.put(path, json.dumps(recording, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    whole_file.put(os.path.join(folder, "README.md"), readme(folder))
    return path


def names(folder):
    """The recordings of a dated folder."""
    return sorted(n[:-5] for n in (os.listdir(folder) if os.path.isdir(folder) else []) if n.endswith(".json"))


def load(folder, name):
    """A recording; RecordError where it is not what was recorded."""
    try:
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as handle:
            recording = json.load(handle)
    except ValueError:
        recording = None
    if not isinstance(recording, dict) or recording.get("digest") != digest(recording):
        raise RecordError("%s.json was edited after it was recorded: take the edit back, or record it again" % name)
    return recording


def readme(folder):
    """The README of a dated folder: what was recorded and the schema of each. What people wrote below `## Notes` stays."""
    lines = [
        "# Contracts of %s" % os.path.basename(os.path.abspath(folder)),
        "",
        grid.MANDATE,
        "",
        "Recorded from real systems with `pack record`; `pack record replay` says whether they still match.",
        "",
    ]
    for name in names(folder):
        try:
            r = load(folder, name)
        except RecordError as error:
            lines += ["## %s" % name, "", str(error), ""]
            continue
        what = (
            "%s %s -> %s" % (r["request"]["method"], r["request"]["url"], r["status"])
            if r["kind"] == "http"
            else "%s %s, %d message(s)" % (r["adapter"], r["address"], len(r["messages"]))
        )
        lines += [
            "## %s" % name,
            "",
            "%s, recorded %s." % (what, r["recorded"]),
            "",
            "| field | type | required |",
            "|---|---|---|",
        ]
        lines += ["| %s | %s | %s |" % row for row in fields(r["schema"])] + [""]
        kept = {k: v for k, v in r.get("headers", {}).items() if k in r.get("keep", ())}
        lines += ["header `%s: %s`" % pair for pair in sorted(kept.items())] + [""] * bool(kept)
        lines += ["runbook `%s`" % r["runbook"], ""] if r.get("runbook") else []
    try:
        with open(os.path.join(folder, "README.md"), encoding="utf-8") as handle:
            notes = handle.read().partition("\n%s\n" % grid.NOTES)
    except FileNotFoundError:
        notes = ("", "", "")
    return "\n".join(lines) + (notes[1][1:] + notes[2] if notes[1] else "")


def fields(schema, where="", required=True):
    """(field, type, required) of a schema, flat."""
    kind = schema.get("type")
    found = [
        (
            where or "(whole)",
            kind if isinstance(kind, str) else " or ".join(kind or ["any"]),
            "yes" if required else "no",
        )
    ]
    for name, below in schema.get("properties", {}).items():
        found += fields(below, (where + "." if where else "") + name, name in schema.get("required", []))
    if "items" in schema:
        found += fields(schema["items"], where + "[]")
    return found


def drift(old, new, where=""):
    """What a consumer of the recording would stumble over: a field that is not always there any more, a type that it never saw.

    The endpoint speaks and the consumer listens, so a type that is narrower than it was breaks nobody. A whole number in a sample
    does not promise whole numbers.
    """
    types = [set([t]) if isinstance(t, str) else set(t) for t in (old["type"], new["type"])]
    if "integer" in types[0] or "number" in types[0]:
        types[0] |= {"integer", "number"}
    if not types[1] <= types[0]:
        shown = ["/".join([t] if isinstance(t, str) else t) for t in (old["type"], new["type"])]
        return ["schema%s: type was %s, is %s" % (where or "/", *shown)]
    found, after = [], new.get("properties", {})
    if "properties" in new:
        for name in old.get("required", []):
            label = (where + "/" + name)[1:].replace("/", ".")
            if name not in after:
                found.append("%s is gone" % label)
            elif name not in new["required"]:
                found.append("%s is not always there any more" % label)
    for name, below in old.get("properties", {}).items():
        if name in after:
            found += drift(below, after[name], "%s/%s" % (where, name))
    if "items" in old and "items" in new:
        found += drift(old["items"], new["items"], where + "/[]")
    return found


def replay(recording, project=".", seconds=10.0):
    """Ask again; what no longer matches, empty if it does."""
    asked = recording["request"] if recording["kind"] == "http" else [recording[k] for k in ("address", "options", "send")]
    if MASK in json.dumps(asked):
        return ["its request held a secret, which was not recorded: record it with ${NAME} in its place, NAME from the environment"]
    if recording["kind"] == "http":
        body = asked["body"]
        body = None if body is None else body if isinstance(body, str) else json.dumps(body)
        fresh = http(asked["url"], asked["method"], body, seconds, asked["headers"], recording["keep"])
        found = ["status was %s, is %s" % (recording["status"], fresh["status"])] if fresh["status"] != recording["status"] else []
        if recording["headers"].get("content-type", "").split(";")[0] != fresh["headers"].get("content-type", "").split(";")[0]:
            found.append("content-type was %s, is %s" % (recording["headers"].get("content-type"), fresh["headers"].get("content-type")))
        found += ["header %s is gone" % k for k in recording["keep"] if k in recording["headers"] and k not in fresh["headers"]]
    else:
        found, count = [], len(recording["messages"])
        address, options, send = asked
        fresh = topic(recording["adapter"], address, options, count, seconds, project, send)
    return found + drift(recording["schema"], fresh["schema"])
