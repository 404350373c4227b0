"""rt.yaml: the latency budget matrix as data. Load, check, say what must be measured, make the charter's table.

rt.yaml lies in the team's folder. Where PyYAML is missing, `rt.json` is read instead: either written by hand as the
only file, or the twin that `pack rt check` writes, if it was made from exactly this rt.yaml.
"""

import difflib
import hashlib
import json
import math
import os
import re

from pack.base import whole_file
from pack.realtime import evidence, windows
from pack.realtime.adapters import known
from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = (
    "<!-- rt:budgets:begin (made by `pack rt charter` from rt.yaml; edits here are lost) -->",
    "<!-- rt:budgets:end -->",
)
BROKERS = ("redis", "nats", "mqtt", "rabbitmq", "kafka")
SOCKETS = ("websocket", "socketio")
ONE_WAY = ("sse",)
DEAD_LETTERS = ("redis", "nats", "rabbitmq")
READS_BACK = ("redis", "nats", "kafka")  # where a worker's output is read from a stream or topic
WORKERS = ("effect-then-ack", "ack-then-effect", "transaction")
ONLY = {  # what a path asks for -> the built-in adapters that can measure it
    "density": ("websocket",),
    "stream": (),
    "server-kill": ("websocket",),
    "broker-kill": BROKERS,
    "consumer-kill": BROKERS,
    "worker-crash": BROKERS,
    "leader-kill": ("nats",),
}


class RtError(ValueError):
    """rt.yaml cannot be used; `problems` has one line each."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__("\n".join("rt.yaml: %s" % p for p in self.problems))


def find(team_dir):
    """The path of rt.yaml (or rt.yml, or rt.json), or None."""
    for name in ("rt.yaml", "rt.yml", "rt.json"):
        path = os.path.join(os.fspath(team_dir), name)
        if os.path.isfile(path):
            return path
    return None


GONE = "does not exist; the project manager writes it from the strategy (`pack rt init` makes one to edit)"


def load(team_dir, definition):
    """The checked content; RtError with every problem otherwise."""
    path = find(team_dir)
    if path is None:
        raise RtError([GONE])
    with open(path, "rb") as handle:
        raw = handle.read()
    try:
        data = _parse(path, raw)
    except ValueError as error:
        raise RtError(["not readable: %s" % error])
    except RecursionError:
        raise RtError(["not readable: nested without end"])
    problems = check(data, definition)
    if problems:
        raise RtError(problems)
    return data


def _parse(path, raw):
    if path.endswith(".json"):
        data = evidence.strict(raw.decode("utf-8"))
        return data["rt"] if isinstance(data, dict) and set(data) == {"made_from", "rt"} else data
    try:
        import yaml
    except ImportError:
        twin = os.path.splitext(path)[0] + ".json"
        if os.path.isfile(twin):
            with open(twin, "rb") as handle:
                data = evidence.strict(handle.read().decode("utf-8"))
            if isinstance(data, dict) and data.get("made_from") == hashlib.sha256(raw).hexdigest():
                return data["rt"]
        raise ValueError("PyYAML is not installed here: run `pack rt check` where it is, it writes rt.json")
    try:
        data = yaml.load(raw.decode("utf-8-sig"), Loader=_once(yaml))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split()))
    except UnicodeDecodeError as error:
        raise ValueError("byte %d is not UTF-8: save the file as UTF-8" % (error.start + 1))
    twin = os.path.splitext(path)[0] + ".json"
    if os.path.isfile(twin):  # whoever has no PyYAML would be told what the twin says
        try:
            with open(twin, "rb") as handle:
                told = evidence.strict(handle.read().decode("utf-8"))
        except ValueError:
            told = None  # torn: nobody can be deceived by it
        if isinstance(told, dict) and told.get("made_from") == hashlib.sha256(raw).hexdigest() and told.get("rt") != data:
            raise ValueError("rt.json was written by hand: it says something else than rt.yaml, from which it claims to be made; remove it")
    return data


def _once(yaml):
    """PyYAML's safe loader, without the silence about a key that is given twice (the last one would win)."""

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [k.value for k, _ in node.value if isinstance(k, yaml.ScalarNode) and k.tag != "tag:yaml.org,2002:merge"]
            twice = sorted({k for k in keys if keys.count(k) > 1})
            if twice:
                raise yaml.constructor.ConstructorError(None, None, "%r is given twice" % twice[0], node.start_mark)
            return super().construct_mapping(node, deep)

    return Loader


def write_twin(team_dir):
    """Write rt.json beside rt.yaml, for a Python without PyYAML; returns its path or None."""
    path = find(team_dir)
    if path is None or path.endswith(".json"):
        return None
    with open(path, "rb") as handle:
        raw = handle.read()
    twin = os.path.splitext(path)[0] + ".json"
    made = {"made_from": hashlib.sha256(raw).hexdigest(), "rt": _parse(path, raw)}
    whole_file.put(twin, json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    return twin


def check(data, definition):  # noqa: C901 - what no schema says, field by field
    """Every problem, as lines."""
    found = ["%s%s" % (_at(data, where), message) for where, message in _odd(data)]
    if found:
        return found
    found = [_plain(data, *pair) for pair in schema.errors(data, schema.load(HERE, "rt.schema.json"))]
    if found:
        return found
    kinds = {e["kind"]: e for e in definition.get("evidence", [])}
    ids = [p["id"] for p in data["paths"]]
    found += ["path %r is given twice" % i for i in sorted({i for i in ids if ids.count(i) > 1})]
    for path in data["paths"]:
        where, budget = "path %s" % path["id"], path["budget_ms"]
        given = [budget[k] for k in ("p50", "p95", "p99", "p999") if k in budget]
        if given != sorted(given):
            found.append("%s: budgets must not fall from P50 to P99.9: %s" % (where, given))
        samples = path["rate"] * path["duration"]
        for key, need in (("p99", 299), ("p999", 2995)):
            if key in budget and samples < need:
                found.append(
                    "%s: %g messages/s for %g s gives %d samples; a %s claim needs %d"
                    % (where, path["rate"], path["duration"], samples, key.upper().replace("P999", "P99.9"), need)
                )
        for kind in path.get("measures", []):
            _known(found, where, "evidence kind", kind, [k for k, e in kinds.items() if e["class"] == "latency"])
        if ":" in path["adapter"] and "measures" not in path:
            found.append("%s: an adapter of your own needs `measures`, the latency kinds it fills" % where)
        if path["adapter"] in SOCKETS + ONE_WAY and path["guarantee"] != "at-most-once" and "worker" not in path:
            found.append("%s: a %s path without a worker that acknowledges can promise at-most-once only" % (where, path["adapter"]))
        told = known.problems(path["adapter"], path["address"], path.get("options", {}))
        for node in path.get("cluster", []):
            told += known.problems(path["adapter"], node["address"], {})
        found += ["%s: %s" % (where, problem) for problem in dict.fromkeys(told)]
        found += ["%s: %s" % (where, problem) for problem in _cannot(path)]
        for fault in path.get("fault", []):
            if fault in ("broker-kill", "server-kill") and "server" not in path and ":" not in path["adapter"]:
                found.append("%s: fault %s needs `server: {command: [...]}`; only a server that pack started is killed" % (where, fault))
            if fault == "leader-kill" and "cluster" not in path and ":" not in path["adapter"]:
                found.append("%s: fault leader-kill needs `cluster: [...]`; only nodes that pack started are killed" % where)
        cluster = path.get("cluster", [])
        if cluster and "server" in path:
            found.append("%s: `server` starts one process, `cluster` several: give one of them" % where)
        if cluster and path["address"] != cluster[0]["address"]:
            found.append("%s: address must be that of the first node of the cluster, %s" % (where, cluster[0]["address"]))
        if cluster and path["adapter"] in SOCKETS:
            if path.get("options", {}).get("mode") != "broadcast":
                found.append(
                    "%s: an answer comes from the server that was asked, so only one of the %d nodes would be measured: `options: {mode: broadcast}`"
                    % (where, len(cluster))
                )
            elif path.get("connections", 1) < len(cluster):
                found.append("%s: %d connections cannot reach %d nodes" % (where, path.get("connections", 1), len(cluster)))
        elif cluster and path["adapter"] in BROKERS and path["adapter"] != "nats":
            found.append(
                "%s: the %s adapter would talk to the first node only: measure each node as a path of its own" % (where, path["adapter"])
            )
        for part in ("name", "address"):
            told = [n[part] for n in cluster]
            found += [
                "%s: two nodes of the cluster have the %s %s" % (where, part, t) for t in sorted({t for t in told if told.count(t) > 1})
            ]
        several = path["adapter"] in SOCKETS and path.get("options", {}).get("mode") == "broadcast" and path.get("connections", 1) > 1
        if path.get("ordering") == "causal" and not several and ":" not in path["adapter"]:
            found.append(
                "%s: causal order shows only where several receivers see messages of several senders: a websocket or socketio path with "
                "`options: {mode: broadcast}` and 2 connections or more, or an adapter of your own" % where
            )
        if path.get("ordering") == "causal" and not path.get("options", {}).get("to_sender", True):
            found.append("%s: causal order is judged among members that hear themselves, too: leave out `to_sender: false`" % where)
        if "dead_letter" in path:
            if "worker" not in path:
                found.append("%s: dead_letter needs the `worker` that refuses a poison message" % where)
            if path["guarantee"] == "at-most-once":
                found.append("%s: dead_letter is part of the delivery audit: at-least-once or exactly-once" % where)
            if path["dead_letter"]["poison"] > path.get("messages", 300) // 5:
                found.append("%s: at most a fifth of the messages can be poison" % where)
            if path["adapter"] not in DEAD_LETTERS and ":" not in path["adapter"] and "read" not in path["dead_letter"]:
                found.append(
                    "%s: the %s adapter cannot read a dead-letter queue (%s can): give `read: [command]`"
                    % (where, path["adapter"], ", ".join(DEAD_LETTERS))
                )
    for part in data.get("schemas", ()):
        if ("registry" in part) != ("subject" in part):
            found.append("schemas: %s: `registry` and `subject` belong together" % part["file"])
        elif "registry" in part and not part["registry"].startswith(("http://", "https://")):
            found.append("schemas: %s: the registry %r is no http:// or https:// address" % (part["file"], part["registry"]))
    _known_all(found, "out_of_scope", "evidence kind", data.get("out_of_scope", {}), list(kinds))
    _known_all(found, "waivers", "threshold", data.get("waivers", {}), list(definition.get("thresholds", {})))
    measured = {k for k, _ in required(data, definition)}
    for kind in data.get("out_of_scope", {}):
        if kind in measured:
            found.append("out_of_scope: %s is declared out of scope, but a path needs it" % kind)
    return found


def _cannot(path):
    """What the path asks of an adapter or a worker that cannot do it."""
    found, adapter, worker = [], path["adapter"], path.get("worker")
    for asked in [p for p in ("density", "stream") if p in path] + path.get("fault", []):
        if ":" not in adapter and adapter not in ONLY[asked]:
            able = ", ".join(ONLY[asked] + ("an adapter of your own",))
            found.append("%s is measured with %s, not with %s" % (asked, able, adapter))
    if isinstance(worker, str) and not worker.startswith("builtin:") and " " in worker:
        found.append("worker: %r is one word here; write a command as a list: [%s]" % (worker, ", ".join(worker.split())))
    if isinstance(worker, str) and worker.startswith("builtin:") and worker.split(":", 1)[1] not in WORKERS:
        found.append("unknown built-in worker %r; known: %s" % (worker, ", ".join("builtin:" + w for w in WORKERS)))
    if isinstance(path.get("effects"), dict) and adapter not in READS_BACK and ":" not in adapter:
        found.append("effects: nothing is read back `from` %s (from %s it is): give a command" % (adapter, ", ".join(READS_BACK)))
    if path.get("crashes", 3) >= path.get("messages", 300):
        found.append(
            "crashes: %d of %d messages; the consumer must live between two of them" % (path["crashes"], path.get("messages", 300))
        )
    return found + (windows.unready(path["stream"], path["rate"]) if "stream" in path else [])


def unready(data, definition):
    """What is still to be written before everything can be measured: lines. No mistake while the team plans."""
    audits = [e["kind"] for e in definition.get("evidence", []) if e["measure"] == "delivery"]
    asked = sorted({p for k, p in required(data, definition) if k in audits})
    paths = {p["id"]: p for p in data["paths"]}
    return [
        "path %s: no `worker` yet: the delivery audit needs the command of your consumer, or one of %s"
        % (p, ", ".join("builtin:" + w for w in WORKERS))
        for p in asked
        if "worker" not in paths[p]
    ]


MOST = 200000  # values in a file; anchors and aliases can make more of a few lines than any memory holds


def _odd(document):
    """[(where, what)] of everything in a YAML document that JSON cannot say: it would mean nothing, or something else to each reader."""
    found, count = [], 0

    def walk(value, where, above):
        nonlocal count
        count += 1
        if count > MOST:
            return
        if isinstance(value, (dict, list)):
            if any(value is a for a in above):
                found.append((where, "refers to itself"))
            elif len(above) > 50:
                found.append((where, "nested without end"))
            else:
                for name, item in value.items() if isinstance(value, dict) else enumerate(value):
                    if isinstance(value, dict) and not isinstance(name, str):
                        found.append((where, "the name %r is no text: write it in quotes" % (name,)))
                    else:
                        walk(item, where + (name,), above + (value,))
        elif isinstance(value, float) and not math.isfinite(value):
            found.append((where, "%r is no number" % value))
        elif isinstance(value, int) and abs(value) >= 10**18:
            found.append((where, "the number is beyond all measure"))
        elif value is not None and not isinstance(value, (str, int, float)):
            found.append((where, "%s is a %s: write it in quotes" % (value, type(value).__name__)))

    walk(document, (), ())
    return [((), "more than %d values: aliases that multiply?" % MOST)] if count > MOST else found


def _at(data, where):
    """`path ID: field: ` of a place in the document."""
    told = list(where)
    if len(told) > 1 and told[0] == "paths" and isinstance(told[1], int):
        path = data["paths"][told[1]]
        ident = path.get("id") if isinstance(path, dict) else None
        told[:2] = ["path %s" % (ident if isinstance(ident, str) else "number %d" % (told[1] + 1))]
        return ": ".join([told[0]] + [".".join(map(str, told[1:]))] * bool(told[1:])) + ": "
    return ".".join(map(str, told)) + ": " if told else ""


def _plain(data, where, message):
    """A schema's complaint as the writer of rt.yaml thinks of it: the path by its id, the adapter by its name."""
    match = re.match(r"\$\.paths\[(\d+)\]\.?(.*)", where)
    if not match:
        where = where.lstrip("$").lstrip(".")
        if message == "'rt' is missing":
            message += ": the first line is `rt: 1`"
        return "%s%s" % (where + ": " if where else "", message)
    number, field = int(match.group(1)), match.group(2)
    path = data["paths"][number]
    ident = path.get("id") if isinstance(path, dict) else None
    told = "path %s" % (ident if isinstance(ident, str) else "number %d" % (number + 1))
    if field == "adapter" and isinstance(path["adapter"], str):
        near = [a for a in known.ADDRESSES if a.startswith(path["adapter"][:2].lower())] or difflib.get_close_matches(
            path["adapter"], known.ADDRESSES, 1, 0.4
        )
        near = ["websocket"] if path["adapter"] in ("ws", "wss") else near
        message = "unknown adapter %r%s; known: %s, or your own module:Class" % (
            path["adapter"],
            "; did you mean %r?" % near[0] if near else "",
            ", ".join(known.ADDRESSES),
        )
    elif field == "id":
        message = "an id is lower-case words joined by . - or _, such as chat.echo"
    elif field.startswith("budget_ms.") and "must be number" in message:
        message += " (milliseconds, without a unit)"
    elif field.split(".")[-1] in ("duration", "rate", "warmup") and "must be number" in message:
        message += " (%s, without a unit)" % ("messages a second" if field.endswith("rate") else "seconds")
    return "%s%s: %s" % (told, ": " + field if field else "", message)


def _known(found, where, what, name, among):
    if name not in among:
        near = difflib.get_close_matches(name, among, 1, 0.5)
        found.append(
            "%s: unknown %s %r%s; known: %s" % (where, what, name, "; did you mean %r?" % near[0] if near else "", ", ".join(among))
        )


def _known_all(found, where, what, given, among):
    for name in given:
        _known(found, where, what, name, among)


def needs(kind, path):
    """Must evidence of this kind (an item of the definition) be measured on this path?"""
    measure, faults = kind["measure"], path.get("fault", [])
    if measure == "latency":
        return kind["kind"] in path["measures"] if "measures" in path else path["adapter"] in kind.get("adapters", [])
    if measure == "tail":
        return "p999" in path["budget_ms"]
    if measure == "delivery":
        if kind.get("fault") == "broker-kill":
            return "broker-kill" in faults
        return path["guarantee"] == kind.get("guarantee")
    return {
        "ordering": path.get("ordering", "none") != "none",
        "throughput": "throughput" in path,
        "burst": "burst" in path,
        "density": "density" in path,
        "stream": "stream" in path,
        "recovery": "broker-kill" in faults,
        "rebalance": "consumer-kill" in faults,
        "reconnect": "server-kill" in faults,
        "election": "leader-kill" in faults,
    }[measure]


def required(data, definition):
    """All (kind, path id) pairs that must be measured, in the definition's order."""
    return [(kind["kind"], path["id"]) for kind in definition.get("evidence", []) for path in data["paths"] if needs(kind, path)]


def path_digest(path):
    """What evidence of this path is bound to: everything that is said of it but its description."""
    return evidence.digest({k: v for k, v in path.items() if k not in ("about", "sources")})


def instruments(path):
    """The project's files that measure on this path: its own adapter, and the commands that read effects and dead letters."""
    found = [path["adapter"].split(":")[0].replace(".", "/") + ".py"] if ":" in path["adapter"] else []
    effects = path.get("effects", ())
    return found + (list(effects) if isinstance(effects, list) else []) + list(path.get("dead_letter", {}).get("read", ()))


def programs(path):
    """The words of a path that may name files of the project which a measurement runs."""
    worker = path.get("worker", [])
    found = instruments(path) + list(path.get("server", {}).get("command", ())) + (worker if isinstance(worker, list) else [worker])
    for node in path.get("cluster", ()):
        found += node["command"]
    return sorted({w for w in found if w and not w.startswith("-")})


def content(data, project):
    """What is approved: rt.yaml, with the digest of every instrument that the project brings itself."""
    names = sorted({n for path in data["paths"] for n in instruments(path) if os.path.isfile(os.path.join(project, n))})
    return dict(data, instruments={n: evidence.file_digest(os.path.join(project, n)) for n in names}) if names else data


def limit(data, definition, name):
    """(value, threshold, waiver or None) of a threshold of the team, as this project has it."""
    threshold, waiver = definition["thresholds"][name], data.get("waivers", {}).get(name)
    return (waiver["value"] if waiver else threshold["value"]), threshold, waiver


def holds(value, op, bound):
    """value OP bound."""
    return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound, "==": value == bound}[op]


def loosened(before, now):  # noqa: C901 - one comparison for each field of a path
    """What `now` asks less strictly than `before` did: lines, empty if nothing."""
    found, paths = [], {p["id"]: p for p in now["paths"]}
    rank = {"at-most-once": 0, "at-least-once": 1, "exactly-once": 2}
    order = {"none": 0, "per-partition": 1, "causal": 2, "total": 3}
    for old in before["paths"]:
        new = paths.get(old["id"])
        if new is None:
            found.append("path %s was removed" % old["id"])
            continue
        for key in IDENTITY:
            if old.get(key) != new.get(key):
                found.append("path %s: %s was %s, is %s" % (old["id"], key, _shown(old.get(key)), _shown(new.get(key))))
        for key, value in old["budget_ms"].items():
            if key not in new["budget_ms"] or new["budget_ms"][key] > value:
                found.append("path %s: budget %s was %g ms, is %s" % (old["id"], key, value, new["budget_ms"].get(key, "gone")))
        if rank[new["guarantee"]] < rank[old["guarantee"]]:
            found.append("path %s: guarantee was %s, is %s" % (old["id"], old["guarantee"], new["guarantee"]))
        if order[new.get("ordering", "none")] < order[old.get("ordering", "none")]:
            found.append("path %s: ordering was %s, is %s" % (old["id"], old["ordering"], new.get("ordering", "none")))
        for key, usual in (("rate", 0), ("duration", 0), ("messages", 300), ("crashes", 3), ("connections", 1), ("payload_bytes", 64)):
            if new.get(key, usual) < old.get(key, usual):
                found.append("path %s: %s was %s, is %s" % (old["id"], key, old.get(key, usual), new.get(key, usual)))
        if new.get("dead_letter", {}).get("poison", 0) < old.get("dead_letter", {}).get("poison", 0):
            found.append("path %s: dead_letter asks less than before" % old["id"])
        if len(new.get("cluster", ())) < len(old.get("cluster", ())):
            found.append("path %s: cluster had %d nodes, has %d" % (old["id"], len(old["cluster"]), len(new.get("cluster", ()))))
        for key, value in old.get("lag", {}).items():
            if new.get("lag", {}).get(key, math.inf) > value:
                found.append("path %s: lag.%s was %g, is %s" % (old["id"], key, value, new.get("lag", {}).get(key, "gone")))
        gone = set(old.get("fault", [])) - set(new.get("fault", []))
        found += ["path %s: fault %s was removed" % (old["id"], f) for f in sorted(gone)]
        for part in ("throughput", "burst", "density", "stream"):
            if part in old and part not in new:
                found.append("path %s: %s was removed" % (old["id"], part))
            elif part in old:
                less = [
                    k
                    for k in ("rate", "duration", "messages", "connections", "hold_s", "events", "late")
                    if new[part].get(k, 0) < old[part].get(k, 0)
                ]
                less += [k for k in ("drain_s",) if new[part].get(k, 0) > old[part].get(k, 0)]
                found += ["path %s: %s.%s was %s, is %s" % (old["id"], part, k, old[part][k], new[part].get(k)) for k in less]
    files = [{s["file"] for s in x.get("schemas", ())} for x in (before, now)]
    found += ["schemas: %s was removed" % name for name in sorted(files[0] - files[1])]
    for name, digest in sorted(now.get("instruments", {}).items()):
        if before.get("instruments", {}).get(name) != digest:
            found.append("%s measures, and %s" % (name, "was changed" if name in before.get("instruments", {}) else "is new"))
    for part in ("waivers", "out_of_scope"):
        for name in sorted(set(now.get(part, {})) - set(before.get(part, {}))):
            found.append("%s: %s was added" % (part, name))
        for name in set(now.get(part, {})) & set(before.get(part, {})):
            if now[part][name].get("value") != before[part][name].get("value"):
                found.append("%s: %s was %s, is %s" % (part, name, before[part][name].get("value"), now[part][name].get("value")))
    return found


# What a path *is*: not looser or stricter, but another thing.
IDENTITY = ("adapter", "address", "options", "measures", "worker", "effects", "server", "cluster", "sources")


def _shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return "not given" if value is None else text if len(text) <= 60 else text[:57] + "..."


# The charter's table ----------------------------------------------------------------------------------------------


def charter_block(data, definition):
    """The generated block of PROJECT_CHARTER.md, with its markers."""
    lines = [
        BEGIN,
        "",
        "| message path | adapter | rate | bytes | throughput | connections | P50 | P95 | P99 | P99.9 | guarantee | ordering | consistency | faults | measured as |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    pairs = required(data, definition)
    for path in data["paths"]:
        budget = path["budget_ms"]
        cells = [path["id"], path["adapter"], "%g/s for %g s" % (path["rate"], path["duration"])] + _targets(path)
        cells += ["%g ms" % budget[k] if k in budget else "-" for k in ("p50", "p95", "p99", "p999")]
        cells += [
            path["guarantee"],
            path.get("ordering", "none"),
            path.get("consistency", "-"),
            ", ".join(path.get("fault", [])) or "-",
            ", ".join(k for k, p in pairs if p == path["id"]),
        ]
        lines.append("| %s |" % " | ".join(c.replace("|", "\\|") for c in cells))
    if data.get("out_of_scope"):
        lines += ["", "Out of scope (their evidence reads MISSING in every report):", ""]
        lines += ["- `%s`: %s" % (k, v["reason"]) for k, v in sorted(data["out_of_scope"].items())]
    if data.get("waivers"):
        lines += ["", "Waived thresholds:", ""]
        for name, waiver in sorted(data["waivers"].items()):
            usual = definition["thresholds"][name]
            lines.append("- `%s`: %g instead of %g %s: %s" % (name, waiver["value"], usual["value"], usual["unit"], waiver["reason"]))
    return "\n".join(lines + ["", END])


def _targets(path):
    """What a path is to carry, for the charter: bytes a second at its rate, its sustained throughput, its connections."""
    size, kept, many = path.get("payload_bytes"), path.get("throughput"), path.get("density")
    return [
        "%g/s" % (path["rate"] * size) if size else "-",
        "%g/s for %g s" % (kept["rate"], kept["duration"]) + (", %g bytes/s" % (kept["rate"] * size) if size else "") if kept else "-",
        "%d a server" % many["connections"] if many else "%d" % path["connections"] if "connections" in path else "-",
    ]


def charter_text(old, data, definition):
    """The charter with its generated block brought up to date (or added at the end)."""
    block = charter_block(data, definition)
    if BEGIN in old and END in old.split(BEGIN, 1)[1]:
        head, rest = old.split(BEGIN, 1)
        return head + block + rest.split(END, 1)[1]
    old = old or "# Project charter: %s\n" % data["project"]
    return old.rstrip("\n") + "\n\n## Latency budget matrix\n\n" + block + "\n"
