"""Evidence: envelopes, the files they lie in, and the hash chain that makes a change visible.

    evidence/LEDGER.jsonl              one line an envelope: seq, prev, ts, kind, path, run, commit, spec, digest, hash
    evidence/selftest.json             the probe's own test (no gate kind, but no gate passes without it)
    evidence/<class>/<kind>.json       {"kind": ..., "envelopes": [...]}, newest last, never pruned

Only `Store.append` writes there. Order of a write: new file beside the old one, then the ledger line, then the rename;
after a crash between the last two, the next writer finishes the rename. Tamper-evident, not tamper-proof: someone who
rewrites every line can build a new chain, unless a head was noted elsewhere (`anchors` of the gates, the run journal).
"""

import contextlib
import hashlib
import json
import math
import os
import platform
import sys
import sysconfig
import time

from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
ZERO = "0" * 64
LEDGER = "LEDGER.jsonl"
SELFTEST = {
    "kind": "selftest",
    "class": "selftest",
    "file": "selftest.json",
    "title": "The probe's self-test",
    "measure": "selftest",
}


def canonical(value):
    """The one byte form of a JSON value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def digest(value):
    """sha256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def file_digest(path):
    """sha256 of a file."""
    total = hashlib.sha256()
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


# What measures or judges; a change of the board or of a report does not make evidence stale.
_TOOL = (
    "probe",
    "bodies",
    "recording",
    "loop",
    "selftest",
    "audit",
    "audit_client",
    "worker",
    "ledgerlines",
    "windows",
    "streaming",
    "flink",
    "shares",
    "losses",
    "density",
    "failover",
    "managed",
    "measure",
    "derive",
    "claims",
    "judge_delivery",
    "judge_failover",
    "judge_latency",
    "judge_load",
    "stats",
    "hdr",
    "evidence",
    "gates",
    "checks",
    "avro",
    "proto",
    "registry",
    "gitinfo",
    "anchors",
    "rtfile",
    "clock",
)


def tool_digest():
    """One digest of every source file that measures or judges."""
    total, files = hashlib.sha256(), [name + ".py" for name in _TOOL] + ["evidence.schema.json", "rt.schema.json"]
    folder = os.path.join(HERE, "adapters")
    files += ["adapters/" + name for name in os.listdir(folder) if name.endswith(".py")]
    for name in sorted(files):
        total.update(name.encode() + b"\0" + file_digest(os.path.join(HERE, *name.split("/"))).encode())
    return total.hexdigest()


def iso(when):
    """Seconds since the epoch as an ISO time in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def new_run_id(when):
    """A run id: the time and 32 random bits."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(when)) + "-" + os.urandom(4).hex()


def host():
    """The `host` part of a run."""
    return {
        "name": platform.node() or "unknown",
        "system": "%s %s" % (platform.system(), platform.machine()),
        "cpus": os.cpu_count() or 1,
        "python": platform.python_version(),
    }


def loaded():
    """The `loaded` part of a run: was it isolated, which Python, and a digest of each library beside the standard one and this package."""
    found, standard = {}, getattr(sys, "stdlib_module_names", ())
    folder = os.path.realpath(sysconfig.get_path("stdlib"))
    for name, module in sorted(sys.modules.items()):
        top, path = name.partition(".")[0], getattr(module, "__file__", None)
        if not path or top in standard or top in ("pack", "__main__") or not os.path.isfile(path):
            continue
        real = os.path.realpath(path)
        if os.path.dirname(real) == folder:  # of the standard library, where Python is older than its list of names
            continue
        found.setdefault(top, hashlib.sha256()).update(name.encode() + b"\0" + file_digest(real).encode())
    return {
        "isolated": bool(sys.flags.isolated),
        "python": os.path.realpath(sys.executable),
        "libraries": {name: total.hexdigest()[:16] for name, total in found.items()},
    }


def strict(text):
    """Parse JSON that means one thing to every reader: no key twice, no NaN or infinity, no number beyond what a run can hold."""

    def pairs(items):
        found = dict(items)
        if len(found) != len(items):
            raise ValueError("a key is given twice: %s" % ", ".join(sorted({k for k, _ in items if [x for x, _ in items].count(k) > 1})))
        return found

    def number(kind):
        def made(text):
            value = kind(text) if len(text) < 40 else math.inf
            if not abs(value) < 1e18:
                raise ValueError("the number %s... is beyond all measure" % text[:12])
            return value

        return made

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_float=number(float), parse_int=number(int))
    except RecursionError:
        raise ValueError("nested without end")


def links(team_dir):
    """Links among the evidence: it could be swapped, or written under another name, behind everybody's back."""
    found, folder = [], os.path.join(os.fspath(team_dir), "evidence")
    if os.path.islink(folder):
        return ["evidence is a symbolic link"]
    for here, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = os.path.join(here, name)
            relative = os.path.relpath(path, os.fspath(team_dir)).replace(os.sep, "/")
            if os.path.islink(path):
                found.append("%s is a symbolic link" % relative)
            elif name in files and os.stat(path).st_nlink > 1:
                found.append("%s has a second name (a hard link)" % relative)
    return found


def ledger_line(record):
    """The bytes of a ledger line; its hash covers everything else in it, and `prev` covers every line before."""
    body = {k: v for k, v in record.items() if k != "hash"}
    return canonical(dict(body, hash=digest(body))) + b"\n"


def chained(raw):
    """(records, what is wrong with the line behind them or None) of whole lines as `ledger_line` writes them."""
    records, previous = [], ZERO
    for number, line in enumerate(raw.split(b"\n")[:-1], 1):
        try:
            record = strict(line.decode("utf-8"))
            good = isinstance(record, dict) and ledger_line(record) == line + b"\n"
        except ValueError:
            return records, "line %d is not JSON" % number
        if not good:
            return records, "line %d was changed: its hash does not fit" % number
        if record.get("seq") != number or record.get("prev") != previous:
            return records, "line %d does not follow the line before: something was removed or inserted" % number
        previous = record["hash"]
        records.append(record)
    return records, None


def read_ledger(folder):
    """(records, problems). A problem means that the chain cannot be trusted from there on."""
    path = os.path.join(folder, LEDGER)
    if not os.path.isfile(path):
        return [], ["the ledger is no file"] if os.path.lexists(path) else []
    with open(path, "rb") as handle:
        raw = handle.read()
    if raw and not raw.endswith(b"\n"):
        return [], ["the ledger's last line is torn"]
    records, wrong = chained(raw)
    named = {}
    for index, record in enumerate(records):
        if record.get("digest") in named:
            told = "ledger line %d repeats line %d: one run cannot be filed twice" % (index + 1, named[record["digest"]])
            return records[:index], [told]
        named[record.get("digest")] = index + 1
    return records, ["ledger " + wrong] if wrong else []


def tail(folder):
    """{"seq", "hash"} of the ledger's last line, None where there is none that can be read. Cheap: reads the end only."""
    try:
        with open(os.path.join(folder, LEDGER), "rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - 4096))
            record = strict(handle.read().split(b"\n")[-2].decode("utf-8"))
            return {"seq": record["seq"], "hash": record["hash"]}
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return None


def read_file(path):
    """(envelopes, problem): the envelopes of an evidence file."""
    if os.path.lexists(path) and not os.path.isfile(path):
        return [], "not readable: it is no file"  # nobody waits at a pipe
    try:
        with open(path, "rb") as handle:
            data = strict(handle.read().decode("utf-8"))
    except FileNotFoundError:
        return [], None
    except (OSError, ValueError) as error:
        return [], "not readable: %s" % error
    wrong = schema.errors(data, schema.load(HERE, "evidence.schema.json"))
    if wrong:
        return [], "not an evidence file: %s: %s" % wrong[0]
    return data["envelopes"], None


def _no_constant(name):
    raise ValueError("%s is no number" % name)


MEASURING = ".measuring"


@contextlib.contextmanager
def alone(team_dir, wait=lambda: None):
    """One measurement at a time in a team's folder: two would disturb each other. `wait` is called before waiting for another."""
    folder = os.path.join(os.fspath(team_dir), "evidence")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, MEASURING), "a+b") as handle:
        try:
            import fcntl
        except ImportError:  # Windows: the probe's own lateness tells
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Store:
    """The evidence folder of a team, for writing."""

    def __init__(self, team_dir):
        self.folder = os.path.join(os.fspath(team_dir), "evidence")

    @contextlib.contextmanager
    def _locked(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, ".lock"), "a+b") as handle:
            try:
                import fcntl
            except ImportError:  # Windows
                import msvcrt

                msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
                try:
                    yield
                finally:
                    handle.seek(0)
                    msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield

    def append(self, kind, envelope):
        """Record an envelope of `kind` (an item of the definition's evidence list); returns its ledger record."""
        entry, run = envelope["entries"][0], envelope["run"]
        path = os.path.join(self.folder, *kind["file"].split("/"))
        with self._locked():
            records, problems = read_ledger(self.folder)
            if problems:
                raise RuntimeError("%s: %s. Move the evidence folder away and measure everything again." % (LEDGER, problems[0]))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            known = {r["digest"] for r in records}
            self._finish_rename(path, known)
            envelopes, problem = read_file(path)
            if problem or any(digest(e) not in known for e in envelopes):
                aside = path + ".refused-%d" % (len(records) + 1)
                os.replace(path, aside)  # hand-written: kept for the person who asks, never counted
                envelopes = [e for e in envelopes if digest(e) in known]
            body = {"kind": kind["kind"], "envelopes": envelopes + [envelope]}
            wrong = schema.errors(body, schema.load(HERE, "evidence.schema.json"))
            if wrong:
                raise RuntimeError("pack made a bad envelope: %s: %s" % wrong[0])
            fresh = path + ".new"
            write(fresh, json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n", "wb")
            record = {
                "seq": len(records) + 1,
                "prev": records[-1]["hash"] if records else ZERO,
                "ts": run["end"],
                "kind": kind["kind"],
                "path": entry["message_path"],
                "run": run["id"],
                "commit": run["git"]["commit"],
                "spec": run["spec"],
                "digest": digest(envelope),
            }
            line = ledger_line(record)
            write(os.path.join(self.folder, LEDGER), line, "ab")
            os.replace(fresh, path)
            return json.loads(line.decode("utf-8"))

    @staticmethod
    def _finish_rename(path, known):
        fresh = path + ".new"
        if os.path.isfile(fresh):
            envelopes, problem = read_file(fresh)
            if not problem and envelopes and all(digest(e) in known for e in envelopes):
                os.replace(fresh, path)
            else:
                os.remove(fresh)


def write(path, data, mode):
    """Write and sync; on a full disk nothing of it stays, for half a line of the ledger would read as a forgery."""
    with open(path, mode, buffering=0) as handle:
        before = handle.tell()
        try:
            written = 0
            while written < len(data):
                written += handle.write(data[written:])
            os.fsync(handle.fileno())
        except OSError as error:
            handle.truncate(before)
            raise OSError(error.errno, error.strerror, path)
