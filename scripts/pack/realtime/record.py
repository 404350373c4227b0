"""Contract recording: real answers and topics, with the schema they have, so that another squad can build against them.

`docs/design/contracts/<date>/` gets one JSON file an endpoint (request, status, headers that matter, body, inferred
schema) or topic (messages, inferred schema), and a README. Replay asks the endpoint again and says what no longer
matches: the status, or a schema that breaks a consumer of the recording.
"""

import asyncio
import json
import os
import re
import time
import urllib.error
import urllib.request

SECRET = re.compile(r"authorization|cookie|token|secret|password|api[-_]?key", re.I)
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
        return "[REDACTED_SECRET]"
    if isinstance(value, dict):
        return {k: redact(v, k) for k, v in value.items()}
    return [redact(v) for v in value] if isinstance(value, list) else value


def decode(raw):
    """JSON if it is, else text, else a count of bytes."""
    try:
        return json.loads(raw.decode("utf-8"))
    except ValueError:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return {"binary_bytes": len(raw)}


def http(url, method="GET", body=None, timeout=10.0):
    """Record one HTTP exchange with a real endpoint."""
    if not url.lower().startswith(("http://", "https://")):
        raise RecordError("%r is no http:// or https:// address" % url)
    request = urllib.request.Request(
        url,
        method=method,
        data=body.encode() if body is not None else None,
        headers={"Content-Type": "application/json"} if body is not None else {},
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        try:
            answer = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:  # an error status is a contract too
            answer = error
        with answer:
            status, headers, raw = answer.status, dict(answer.headers.items()), answer.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise RecordError("cannot reach %s: %s; contracts are recorded from real systems only" % (url, getattr(error, "reason", error)))
    content = decode(raw)
    return {
        "kind": "http",
        "request": {"method": method, "url": url, "body": redact(decode(body.encode())) if body is not None else None},
        "status": status,
        "headers": {k.lower(): v for k, v in sorted(headers.items()) if k.lower() in HEADERS},
        "body": redact(content),
        "schema": infer([content]),
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *rest):
        return None


def topic(adapter_name, address, options, count, seconds, project=".", send=None):
    """Record up to `count` messages of a WebSocket or a broker's topic within `seconds`."""
    from pack.realtime import adapters, probe

    adapter = adapters.make(
        {"adapter": adapter_name, "address": address, "options": options},
        "pack-record-%s" % os.urandom(3).hex(),
        project,
    )
    adapter.keep = True
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
                await adapter.send(text.encode())
            until = time.monotonic() + seconds
            while not full.is_set() and not stop.is_set() and time.monotonic() < until:
                await asyncio.sleep(0.02)
            return await adapter.server()
        finally:
            await adapter.close()

    try:
        server = probe.run(main)
    except Exception as error:
        if not isinstance(error, (OSError, asyncio.TimeoutError)) and not adapters.of_library(error):
            raise
        raise RecordError("cannot reach %s: %s; contracts are recorded from real systems only" % (address, error or "no answer"))
    if server[1] != "real":
        raise RecordError("%s is a mock (%s): contracts are recorded from real systems only" % (address, server[0]))
    if not found:
        raise RecordError("no message came from %s within %g s: is there live traffic?" % (address, seconds))
    values = [decode(b) for b in found[:count]]
    return {
        "kind": "topic",
        "adapter": adapter_name,
        "address": address,
        "options": redact(options),
        "send": list(send or ()),
        "server": server[0],
        "messages": redact(values),
        "schema": infer(values),
    }


def save(folder, name, recording, now):
    """Write a recording and bring the README up to date; returns the file."""
    if not re.match(r"^[a-z0-9][a-z0-9._-]*$", name):
        raise RecordError("name %r: use small letters, digits, dots and dashes" % name)
    os.makedirs(folder, exist_ok=True)
    recording = dict(recording, name=name, recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))
    path = os.path.join(folder, name + ".json")
    with open(path, "w", encoding="utf-8") as handle:
        json.dump(recording, handle, indent=1, ensure_ascii=False, sort_keys=True)
        handle.write("\n")
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as handle:
        handle.write(readme(folder))
    return path


def load_all(folder):
    """[(name, recording)] of a dated folder."""
    found = []
    for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if entry.endswith(".json"):
            with open(os.path.join(folder, entry), encoding="utf-8") as handle:
                found.append((entry[:-5], json.load(handle)))
    return found


def readme(folder):
    """The README of a dated folder: what was recorded and the schema of each."""
    lines = [
        "# Contracts of %s" % os.path.basename(os.path.abspath(folder)),
        "",
        "Recorded from real systems with `pack record`; `pack record replay` says whether they still match.",
        "",
    ]
    for name, r in load_all(folder):
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
    return "\n".join(lines)


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


def replay(recording, project=".", seconds=10.0):
    """Ask again; what no longer matches, empty if it does."""
    from pack.realtime.checks import breaking

    if recording["kind"] == "http":
        request = recording["request"]
        if "[REDACTED_SECRET]" in json.dumps(request):
            return ["the request holds a secret that was not recorded: replay it by hand"]
        body = request["body"]
        fresh = http(
            request["url"],
            request["method"],
            None if body is None else body if isinstance(body, str) else json.dumps(body),
        )
        found = ["status was %s, is %s" % (recording["status"], fresh["status"])] if fresh["status"] != recording["status"] else []
        if recording["headers"].get("content-type", "").split(";")[0] != fresh["headers"].get("content-type", "").split(";")[0]:
            found.append("content-type was %s, is %s" % (recording["headers"].get("content-type"), fresh["headers"].get("content-type")))
    else:
        fresh, found = (
            topic(
                recording["adapter"],
                recording["address"],
                recording["options"],
                len(recording["messages"]),
                seconds,
                project,
                recording["send"],
            ),
            [],
        )
    gone = set(r[0] for r in fields(recording["schema"]) if r[2] == "yes") - set(r[0] for r in fields(fresh["schema"]))
    found += ["%s is gone" % g for g in sorted(gone)]
    return found + [
        "schema%s" % b for b in breaking(recording["schema"], fresh["schema"]) if "became required" not in b and "was removed" not in b
    ]
