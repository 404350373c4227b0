"""Gates on really measured evidence: everything passes once, and every way to cheat or to be late has its verdict."""

import base64
import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zlib

import pytest

from pack.realtime import attest, claims, derive, evidence, gates, gitinfo, hdr, rtfile
from pack.realtime.recording import new_histogram
from pack.teams import load

from .conftest import git, make_project

pytestmark = pytest.mark.broker
WS, EXACT, ATLEAST, LOSS = (
    "websocket_p50_p95_p99",
    "exactly_once_verification",
    "at_least_once_ack_log",
    "message_loss_test",
)


@pytest.fixture(scope="module")
def team():
    return load("realtimeSystems")


def judge(folder, team, now=None, **more):
    return gates.evaluate(folder, team, time.time() if now is None else now, **more)


def gate(result, name):
    return next(g for g in result["gates"] if g["id"] == name)


def row(result, name, kind, path=None):
    return next(r for r in gate(result, name)["evidence"] if r.get("kind") == kind and (path is None or r["path"] == path))


def kind_path(folder, team, kind):
    return os.path.join(folder, "evidence", *next(e["file"] for e in team["evidence"] if e["kind"] == kind).split("/"))


def edit(path, change):
    with open(path) as handle:
        data = json.load(handle)
    change(data)
    with open(path, "w") as handle:
        json.dump(data, handle)


def relink(folder, team):
    """A clever forger's whole new chain: every record made again from the files, correctly linked."""
    files = {e["kind"]: os.path.join(folder, "evidence", *e["file"].split("/")) for e in team["evidence"] + [evidence.SELFTEST]}
    found = []
    for kind, path in files.items():
        for envelope in evidence.read_file(path)[0]:
            found.append((envelope["run"]["end"], kind, envelope))
    previous, lines = evidence.ZERO, b""
    for seq, (_, kind, envelope) in enumerate(sorted(found, key=lambda x: (x[0], x[1])), 1):
        run, entry = envelope["run"], envelope["entries"][0]
        record = {
            "seq": seq,
            "prev": previous,
            "ts": run["end"],
            "kind": kind,
            "path": entry["message_path"],
            "run": run["id"],
            "commit": run["git"]["commit"],
            "spec": run["spec"],
            "digest": evidence.digest(envelope),
        }
        line = evidence.ledger_line(record)
        previous, lines = json.loads(line)["hash"], lines + line
    with open(os.path.join(folder, "evidence", evidence.LEDGER), "wb") as handle:
        handle.write(lines)


def test_all_ten_gates_pass_on_real_evidence(measured, team):
    result = judge(measured, team)
    assert {g["id"]: (g["verdict"], g["reasons"]) for g in result["gates"] if g["verdict"] != "PASS"} == {}
    assert result["verdict"] == "PASS" and result["halt"] is None and not result["dirty"]
    rows = {(r["kind"], r["path"]): r for g in result["gates"] for r in g["evidence"] if "kind" in r}
    assert {k for k, _ in rows} == {e["kind"] for e in team["evidence"]}, "every kind is a row"
    assert [r["verdict"] for (k, _), r in rows.items() if k == "event_store_failover"] == ["MISSING"]
    assert json.loads(json.dumps(result)) == result
    assert [line.rpartition(" (")[2] for line in result["universal_checks"]] == [
        "proved: exactly_once_verification)",
        "proved: gate schema_compatibility)",
        "proved: at_least_once_ack_log, exactly_once_verification)",
        "asked of whoever measures)",
        "proved: tail_latency_analysis)",
    ], "`pack gate check` prints them"


def test_counts_of_the_measured_evidence(measured, team):
    result = judge(measured, team)
    exact = row(result, "delivery_guarantee", EXACT)["facts"]
    assert (exact["sent"], exact["lost"], exact["duplicates"], exact["phantom"], exact["faults"]) == (
        120,
        0,
        0,
        0,
        {"worker-crash": 3},
    )
    atleast = row(result, "delivery_guarantee", ATLEAST)["facts"]
    assert (atleast["sent"], atleast["lost"], atleast["duplicates"], atleast["faults"]) == (
        120,
        0,
        3,
        {"worker-crash": 3},
    )
    killed = row(result, "delivery_guarantee", LOSS)["facts"]
    assert (killed["sent"], killed["lost"], killed["faults"]) == (180, 0, {"broker-kill": 1}) and killed["indeterminate"] > 0
    assert row(result, "websocket_density", "websocket_connection_density")["value"] == 150
    stream = row(result, "stream_correctness", "stream_processing_rate")["facts"]
    assert (stream["windows"], stream["wrong"], stream["late"]) == (40, 0, 8)


def test_gates_need_the_standard_library_only(measured):
    code = (
        "import sys, json, time\nfor n in ('yaml','jsonschema','click','hdrh','websockets','redis','nats'): sys.modules[n] = None\n"
        "from pack.teams import load; from pack.realtime import gates\nprint(gates.evaluate(sys.argv[1], load('realtimeSystems'), time.time())['verdict'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(measured)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.stdout.strip() == "PASS", done.stderr


# The forgery battery -------------------------------------------------------------------------------------------------
# name -> (kind, gate, verdict, a word of the reason, what the forger does, does he also make a whole new chain)

BATTERY = {}


def forgery(kind, gate_id, verdict, told, chain=False):
    def register(function):
        BATTERY[function.__name__] = (kind, gate_id, verdict, told, chain, function)
        return function

    return register


def on_entry(change, everywhere=False):
    """Edit the newest envelope of the kind's file; `everywhere`: also what else the same run was filed under (P99 and P99.9 are one run)."""

    def act(folder, path):
        with open(path) as handle:
            ident = json.load(handle)["envelopes"][-1]["run"]["id"]
        for here, _, names in os.walk(os.path.join(folder, "evidence")) if everywhere else [(os.path.dirname(path), [], [path])]:
            for name in names:
                target = os.path.join(here, name)
                if not name.endswith(".json") or ident not in "".join(open_text(target)):
                    continue

                def each(data):
                    for envelope in data["envelopes"]:
                        if envelope["run"]["id"] == ident:
                            change(envelope["entries"][0], envelope["run"])

                edit(target, each)

    return act


def simple(name, kind, gate_id, verdict, told, change, chain=False):
    BATTERY[name] = (kind, gate_id, verdict, told, chain, on_entry(change, chain))


P99, DEL = "p99_latency", "delivery_guarantee"
# without a new chain, any edit is seen at once
simple("edited_p99", WS, P99, "FORGED", "not in the evidence ledger", lambda e, r: e.update(p99_ms=1.0))
simple(
    "edited_exit_code",
    WS,
    P99,
    "FORGED",
    "not in the evidence ledger",
    lambda e, r: r.update(exit_code=0, start=r["start"] - 1),
)
simple(
    "edited_counts",
    EXACT,
    DEL,
    "FORGED",
    "not in the evidence ledger",
    lambda e, r: e.update(lost=0, duplicates=0, acked=119),
)
# with a whole new chain, the numbers still contradict their raw material
simple(
    "p99_under_histogram",
    WS,
    P99,
    "FORGED",
    "p50_ms says 0.1",
    lambda e, r: e.update(p50_ms=0.1, p95_ms=0.2, p99_ms=0.5, p999_ms=0.6, max_ms=0.7),
    True,
)
simple("not_monotone", WS, P99, "FORGED", "the histogram says", lambda e, r: e.update(p50_ms=e["max_ms"] + 1), True)
simple("max_lowered", WS, P99, "FORGED", "max_ms says", lambda e, r: e.update(max_ms=0.001), True)
simple(
    "more_samples_claimed",
    WS,
    P99,
    "FORGED",
    "histogram holds",
    lambda e, r: e.update(sample_count=100000, received=100000, sent=100000),
    True,
)
simple("losses_hidden", WS, P99, "FORGED", "sent 3210 is not received", lambda e, r: e.update(sent=3210), True)
simple("negative_loss", WS, P99, "FORGED", "a count is negative", lambda e, r: e.update(sent=e["sent"] - 5, lost=-5), True)
simple("throughput_claimed", WS, P99, "FORGED", "is not received", lambda e, r: e.update(throughput_msgs_sec=15000), True)
simple("lateness_hidden", WS, P99, "FORGED", "lateness_p99_ms says", lambda e, r: e.update(lateness_p99_ms=0.0), True)
simple("histogram_not_one", WS, P99, "FORGED", "histogram:", lambda e, r: e.update(histogram="QUFBQQ=="), True)
simple("histogram_bomb", WS, P99, "FORGED", "histogram:", lambda e, r: e.update(histogram=bomb()), True)
simple("histogram_number", WS, P99, "FORGED", "histogram", lambda e, r: e.update(histogram=7), True)
simple("field_removed", WS, P99, "FORGED", "'p999_ms' is missing", lambda e, r: e.pop("p999_ms"), True)
simple("longer_than_the_run", WS, P99, "FORGED", "in a run of", lambda e, r: r.update(start=r["end"] - 1.0), True)
simple("other_rate_claimed", WS, P99, "FORGED", "10/s for 8 s is not sent", lambda e, r: e.update(rate=10), True)
simple(
    "other_rate",
    WS,
    P99,
    "INVALID",
    "rt.yaml asks 400/s",
    lambda e, r: e.update(rate=800, duration_s=e["duration_s"] / 2, throughput_msgs_sec=2 * e["throughput_msgs_sec"]),
    True,
)
simple("other_budget", WS, P99, "INVALID", "other budgets", lambda e, r: e.update(budget_ms={"p99": 9999}), True)
simple(
    "commit_does_not_exist",
    WS,
    P99,
    "FORGED",
    "does not exist in this repository",
    lambda e, r: r["git"].update(commit="0123456789" * 4),
    True,
)
simple("no_commit", WS, P99, "FORGED", "does not exist", lambda e, r: r["git"].update(commit=None), True)
simple("dirty_tree", WS, P99, "STALE", "dirty", lambda e, r: r["git"].update(dirty=True), True)
simple("mock_target", WS, P99, "INVALID", "a mock is no evidence", lambda e, r: r["target"].update(reality="mock"), True)
simple(
    "other_target",
    WS,
    P99,
    "INVALID",
    "measured at ws://127.0.0.1:1/",
    lambda e, r: r["target"].update(address="ws://127.0.0.1:1/"),
    True,
)
simple("other_protocol", WS, P99, "INVALID", "protocol redis", lambda e, r: e.update(protocol="redis"), True)
simple("failed_command", WS, P99, "INVALID", "exit code 1", lambda e, r: r.update(exit_code=1), True)
simple("partial_run", WS, P99, "INVALID", "partial evidence", lambda e, r: r.update(partial=True), True)
simple("no_selftest", WS, P99, "INVALID", "no self-test", lambda e, r: r.update(selftest=None), True)
simple(
    "invented_selftest",
    WS,
    P99,
    "INVALID",
    "no self-test 20",
    lambda e, r: r.update(selftest="20260101T000000Z-00000000"),
    True,
)
simple("other_tool", WS, P99, "STALE", "another pack", lambda e, r: r.update(tool_digest="0" * 64), True)
simple("other_machine", WS, P99, "INVALID", "another machine", lambda e, r: r["host"].update(name="elsewhere"), True)
simple(
    "from_the_future",
    WS,
    P99,
    "FORGED",
    "in the future",
    lambda e, r: (r.update(start=r["start"] + 9999, end=r["end"] + 9999), e.update(timestamp=evidence.iso(r["end"]))),
    True,
)
simple("ends_before_it_starts", WS, P99, "FORGED", "before it starts", lambda e, r: r.update(end=r["start"] - 1), True)
simple(
    "timestamp_outside",
    WS,
    P99,
    "FORGED",
    "not within the run",
    lambda e, r: e.update(timestamp="2020-01-01T00:00:00Z"),
    True,
)
simple(
    "lost_hidden_in_audit",
    EXACT,
    DEL,
    "FORGED",
    "the ledger says",
    lambda e, r: e.update(acked=119, received=119, sent=119),
    True,
)
simple("faults_claimed", EXACT, DEL, "FORGED", "faults says", lambda e, r: e.update(faults={"worker-crash": 9}), True)
simple(
    "weaker_guarantee",
    EXACT,
    DEL,
    "INVALID",
    "rt.yaml promises exactly-once",
    lambda e, r: e.update(guarantee="at-least-once"),
    True,
)
simple(
    "ledger_path_escapes",
    EXACT,
    DEL,
    "FORGED",
    "is not the ledger of run",
    lambda e, r: e["ledger"].update(file="../../etc/passwd"),
    True,
)
simple(
    "ledger_digest_of_nothing",
    EXACT,
    DEL,
    "FORGED",
    "was changed",
    lambda e, r: e["ledger"].update(sha256="0" * 64),
    True,
)
simple(
    "seconds_do_not_add_up",
    "kafka_sustained_throughput",
    "throughput",
    "FORGED",
    "add up",
    lambda e, r: e["per_second"].__setitem__(0, 10**6),
    True,
)
simple(
    "longer_series",
    "kafka_sustained_throughput",
    "throughput",
    "FORGED",
    "in a run of",
    lambda e, r: e.update(per_second=[200] * 3600, received=720000, sent=720000, sustained_s=3600),
    True,
)
simple(
    "more_connections",
    "websocket_connection_density",
    "websocket_density",
    "FORGED",
    "not what the checks give",
    lambda e, r: e.update(connections=10000),
    True,
)
simple(
    "cpu_lowered",
    "websocket_connection_density",
    "websocket_density",
    "FORGED",
    "the samples give",
    lambda e, r: e.update(cpu_percent=-50.0),
    True,
)
simple(
    "faster_recovery",
    "broker_failure_recovery",
    "failover_recovery",
    "FORGED",
    "the events say",
    lambda e, r: e.update(value_s=0.0),
    True,
)
simple(
    "nobody_recovered",
    "websocket_reconnection",
    "failover_recovery",
    "FAIL",
    "not everybody recovered",
    lambda e, r: e["events"].remove([x for x in e["events"] if x["what"] == "recovered"][-1]),
    True,
)
simple(
    "expected_windows_changed",
    "stream_processing_rate",
    "stream_correctness",
    "FORGED",
    "not those of the plan",
    lambda e, r: e["windows"][0].update(expected=1, observed=1),
    True,
)
simple(
    "wrong_window",
    "stream_processing_rate",
    "stream_correctness",
    "FAIL",
    "expected 20, observed 19",
    lambda e, r: e["windows"][0].update(observed=19),
    True,
)
simple(
    "faster_drain",
    "burst_handling_capacity",
    "throughput",
    "FORGED",
    "not what the arrivals give",
    lambda e, r: e.update(drain_s=-1.0),
    True,
)


def bomb():
    body = b"\x1c\x84\x93\x13" + b"\0" * 36 + b"\0" * (1 << 24)
    packed = zlib.compress(body, 9)
    return base64.b64encode(b"\x1c\x84\x93\x14" + len(packed).to_bytes(4, "big") + packed).decode()


@forgery(WS, P99, "FORGED", "not an evidence file")
def written_by_hand(folder, path):
    with open(path, "w") as handle:
        json.dump(
            {
                "message_path": "chat.echo",
                "protocol": "socket.io",
                "sample_count": 100000,
                "p50_ms": 2.1,
                "p95_ms": 5.8,
                "p99_ms": 12.3,
                "p999_ms": 45.2,
                "max_ms": 120.5,
            },
            handle,
        )


@forgery(WS, P99, "FORGED", "not readable")
def not_json(folder, path):
    with open(path, "w") as handle:
        handle.write("PASS")


@forgery(WS, P99, "FORGED", "not readable")
def not_a_number(folder, path):
    with open(path) as handle:
        text = handle.read()
    with open(path, "w") as handle:
        handle.write(text.replace('"p99_ms": ', '"p99_ms": NaN, "x": '))


@forgery(WS, P99, "FORGED", "not readable")
def torn_file(folder, path):
    with open(path, "r+b") as handle:
        handle.truncate(os.path.getsize(path) // 2)


@forgery(WS, P99, "FORGED", "was removed from")
def file_deleted(folder, path):
    os.remove(path)


@forgery(WS, P99, "FORGED", "ledger line 3 was changed")
def ledger_line_edited(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    lines = open_lines(ledger)
    lines[2] = lines[2].replace(b'"seq":3', b'"seq":3,"x":1')
    write_lines(ledger, lines)


@forgery(WS, P99, "FORGED", "does not follow the line before")
def ledger_line_removed(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    lines = open_lines(ledger)
    write_lines(ledger, lines[:2] + lines[3:])


@forgery(WS, P99, "FORGED", "does not follow the line before")
def ledger_lines_swapped(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    lines = open_lines(ledger)
    write_lines(ledger, lines[:2] + [lines[3], lines[2]] + lines[4:])


@forgery(WS, P99, "FORGED", "torn")
def ledger_torn(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    with open(ledger, "r+b") as handle:
        handle.truncate(os.path.getsize(ledger) - 9)


@forgery(WS, P99, "FORGED", "not in the evidence ledger")
def ledger_deleted(folder, path):
    os.remove(os.path.join(folder, "evidence", evidence.LEDGER))


@forgery(WS, P99, "FORGED", "copy of the one of run", True)
def old_run_copied_as_new(folder, path):
    def change(data):
        twin = copy.deepcopy(data["envelopes"][-1])
        twin["run"]["id"] = "20990101T000000Z-0badc0de"
        twin["run"]["end"] += 0.001
        data["envelopes"].append(twin)

    edit(path, change)


@forgery(EXACT, DEL, "FORGED", "was changed")
def audit_ledger_edited(folder, path):
    with open(path) as handle:
        name = json.load(handle)["envelopes"][-1]["entries"][0]["ledger"]["file"]
    with open(os.path.join(folder, "evidence", *name.split("/")), "a") as handle:
        handle.write("e 7\n")


@forgery(EXACT, DEL, "FORGED", "is gone")
def audit_ledger_removed(folder, path):
    with open(path) as handle:
        name = json.load(handle)["envelopes"][-1]["entries"][0]["ledger"]["file"]
    os.remove(os.path.join(folder, "evidence", *name.split("/")))


def effect(lines, place):
    """The line of an effect; numbers of messages begin anywhere and have gaps."""
    return [x for x in lines if x.startswith("e ")][place]


@forgery(EXACT, DEL, "FAIL", "1 acknowledged message(s) of 120 lost", True)
def honest_ledger_with_a_loss_fails(folder, path):
    """Not a forgery that contradicts itself: rewriting ledger, counts, digest and chain only yields the FAIL it says."""
    rewrite_audit(folder, path, lambda lines: [x for x in lines if x != effect(lines, 50)])


@forgery(EXACT, DEL, "FAIL", "1 duplicate effect(s)", True)
def honest_ledger_with_a_duplicate_fails(folder, path):
    rewrite_audit(folder, path, lambda lines: lines + [effect(lines, 50)])


@forgery(EXACT, DEL, "FAIL", "never sent", True)
def honest_ledger_with_a_phantom_fails(folder, path):
    rewrite_audit(folder, path, lambda lines: lines + ["e 5000"])


@forgery(EXACT, DEL, "INVALID", "no worker-crash happened", True)
def no_fault_happened(folder, path):
    rewrite_audit(folder, path, lambda lines: [x for x in lines if not x.startswith("c ")])


@forgery(EXACT, DEL, "INVALID", "rt.yaml asks 120", True)
def too_few_messages(folder, path):
    def first(lines):
        sent = sorted(int(x[2:]) for x in lines if x.startswith("s "))[:50]
        return [x for x in lines if x[:2] in ("c ", "n ") or int(x.split()[1]) in sent]

    rewrite_audit(folder, path, first)


@forgery(EXACT, DEL, "INVALID", "were acknowledged; the rest proves nothing", True)
def everything_indeterminate(folder, path):
    rewrite_audit(folder, path, lambda lines: ["i " + x[2:] if x in [a for a in lines if a.startswith("a ")][10:] else x for x in lines])


@forgery("ordering_verification", "message_ordering", "FAIL", "out of order", True)
def honest_ledger_out_of_order_fails(folder, path):
    def swapped(lines):
        one, two = effect(lines, 10), effect(lines, 11)
        return [{one: two, two: one}.get(x, x) for x in lines]

    rewrite_audit(folder, path, swapped)


@forgery("ordering_verification", "message_ordering", "FORGED", "wrong", False)
def hand_made_extra_file(folder, path):
    with open(os.path.join(folder, "evidence", "delivery", "wrong.json"), "w") as handle:
        handle.write("{}")


@forgery("event_store_failover", "failover_recovery", "FORGED", "hand", False)
def filed_for_a_kind_out_of_scope(folder, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as handle:
        json.dump({"recovered_s": 1}, handle)


# Behind the back of git, of the file system, of JSON and of the clock ---------------------------------------------------


@forgery(WS, P99, "FORGED", "evidence is a symbolic link")
def evidence_folder_is_a_link(folder, path):
    os.rename(os.path.join(folder, "evidence"), os.path.join(folder, "elsewhere"))
    os.symlink("elsewhere", os.path.join(folder, "evidence"))


@forgery(WS, P99, "FORGED", "latency/websocket_p50_p95_p99.json is a symbolic link")
def evidence_file_is_a_link(folder, path):
    os.rename(path, os.path.join(folder, "elsewhere.json"))
    os.symlink(os.path.join("..", "..", "elsewhere.json"), path)


@forgery(WS, P99, "FORGED", "has a second name (a hard link)")
def evidence_file_has_a_second_name(folder, path):
    os.link(path, os.path.join(folder, "second.json"))


@forgery(WS, P99, "FORGED", "LEDGER.jsonl has a second name")
def ledger_has_a_second_name(folder, path):
    os.link(os.path.join(folder, "evidence", evidence.LEDGER), os.path.join(folder, "second.jsonl"))


def textual(before, after):
    def act(folder, path):
        with open(path) as handle:
            text = handle.read()
        assert before in text
        with open(path, "w") as handle:
            handle.write(text.replace(before, after))

    return act


@forgery(WS, P99, "FORGED", "a key is given twice: p99_ms")
def a_key_given_twice(folder, path):
    """Readers differ on which one counts: the one that people see, or the one that is judged."""
    textual('"p99_ms": ', '"p99_ms": 0.1, "p99_ms": ')(folder, path)


@forgery(WS, P99, "FORGED", "beyond all measure")
def infinity_in_disguise(folder, path):
    textual('"p99_ms": ', '"p99_ms": 1e999, "x": ')(folder, path)


@forgery(WS, P99, "FORGED", "beyond all measure")
def a_number_of_ten_thousand_digits(folder, path):
    textual('"sent": ', '"x": %s, "sent": ' % ("9" * 10000))(folder, path)


@forgery(WS, P99, "FORGED", "not readable")
def nested_without_end(folder, path):
    with open(path, "w") as handle:
        handle.write("[" * 100000 + "]" * 100000)


@forgery(WS, P99, "FORGED", "ledger line 2 is not JSON")
def ledger_with_a_number_beyond_measure(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    lines = open_lines(ledger)
    lines[1] = lines[1].replace(b'"seq":2', b'"seq":2' + b"0" * 5000)
    write_lines(ledger, lines)


@forgery(WS, P99, "FORGED", "does not exist in this repository")
def copied_from_another_project(folder, path):
    """The whole folder, ledger and all, of a project with the same paths but another history."""
    git(os.path.dirname(folder), "commit", "-q", "--amend", "-m", "another history", "--date", "2001-01-01T00:00:00Z")
    git(os.path.dirname(folder), "reflog", "expire", "--expire=now", "--all")
    git(os.path.dirname(folder), "gc", "-q", "--prune=now")


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def server_changed_after_the_measurement(folder, path):
    with open(os.path.join(os.path.dirname(folder), "ws_server.py"), "a") as handle:
        handle.write("import time\n")


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def server_changed_and_git_told_not_to_look(folder, path):
    server_changed_after_the_measurement(folder, path)
    git(os.path.dirname(folder), "update-index", "--assume-unchanged", "ws_server.py")


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def server_changed_and_skipped_in_the_work_tree(folder, path):
    server_changed_after_the_measurement(folder, path)
    git(os.path.dirname(folder), "update-index", "--skip-worktree", "ws_server.py")


@forgery(WS, P99, "STALE", "changed since: websockets.py")
def a_library_shadowed_and_excluded_outside_the_tree(folder, path):
    with open(os.path.join(os.path.dirname(folder), "websockets.py"), "w") as handle:
        handle.write("# quicker than the real one\n")
    with open(os.path.join(os.path.dirname(folder), ".git", "info", "exclude"), "a") as handle:
        handle.write("websockets.py\n")


@forgery(WS, P99, "STALE", ".git/info/attributes")
def a_filter_that_gives_git_the_old_content(folder, path):
    server_changed_after_the_measurement(folder, path)
    here = os.path.dirname(folder)
    with open(os.path.join(here, ".git", "info", "attributes"), "w") as handle:
        handle.write("ws_server.py filter=old\n")
    git(here, "config", "filter.old.clean", "git cat-file blob HEAD:ws_server.py")
    git(here, "add", "ws_server.py")
    assert git(here, "status", "--porcelain") == "", "git itself is deceived"


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def a_monitor_that_says_nothing_changed(folder, path):
    here = os.path.dirname(folder)
    monitor = os.path.join(here, ".git", "quiet")
    with open(monitor, "w") as handle:
        handle.write("#!/bin/sh\nprintf 'token\\0'\n")
    os.chmod(monitor, 0o755)
    git(here, "config", "core.fsmonitor", monitor)
    git(here, "status", "--porcelain")
    server_changed_after_the_measurement(folder, path)


@forgery(WS, P99, "INVALID", "the clock was set back by")
def clock_set_back_after_the_measurement(folder, path):
    """What is filed next is an hour older by the clock: so nobody knows how old the rest is."""
    store = evidence.Store(folder)
    with open(os.path.join(folder, "evidence", "selftest.json")) as handle:
        late = copy.deepcopy(json.load(handle)["envelopes"][-1])
    late["run"].update(id="20260101T000000Z-000c10c5", start=late["run"]["start"] - 3600, end=late["run"]["end"] - 3600)
    store.append(evidence.SELFTEST, late)


# One run passed off as another -----------------------------------------------------------------------------------------


def padded(entry, run):
    """Ten quick samples for each real one: what is slow sinks below the P99."""
    told = hdr.Histogram(entry["histogram"])
    more, late = new_histogram(), new_histogram()
    for value, count in [(told._value(i), c) for i, c in told.counts] + [(900, 9 * told.total)]:
        more.record_value(value, count)
    late.record_value(100, 10 * entry["sent"])
    sent, text = 10 * entry["sent"], more.encode().decode()
    entry.update(sample_count=sent, received=sent, sent=sent, lost=0, histogram=text, lateness_histogram=late.encode().decode())
    entry.update(claims.percentiles(hdr.Histogram(text)), lateness_p99_ms=claims.percentiles(hdr.Histogram(late.encode()))["p99_ms"])
    entry["throughput_msgs_sec"] = round(sent / entry["duration_s"], 3)


simple("padded_with_quick_samples", WS, P99, "FORGED", "is not sent", padded, True)
simple("copies_claimed", WS, P99, "FORGED", "5 copies of each message, this path makes 1", lambda e, r: e.update(fanout=5), True)
simple("commit_is_a_name", WS, P99, "FORGED", "not the full id of a commit", lambda e, r: r["git"].update(commit="HEAD"), True)
simple("commit_is_a_branch", WS, P99, "FORGED", "not the full id of a commit", lambda e, r: r["git"].update(commit="main"), True)
simple(
    "more_sent_than_the_rate_gives",
    "kafka_sustained_throughput",
    "throughput",
    "FORGED",
    "is not sent",
    lambda e, r: e.update(sent=e["sent"] * 2, lost=e["sent"], sent_per_second=[2 * n for n in e["sent_per_second"]]),
    True,
)
DENSE = "websocket_connection_density"
simple(
    "more_alive_than_were_opened",
    DENSE,
    "websocket_density",
    "FORGED",
    "connections alive of 150",
    lambda e, r: e.update(alive=[9999, 9999], connections=9999, dropped=0),
    True,
)
simple(
    "a_cpu_that_runs_backwards",
    DENSE,
    "websocket_density",
    "FORGED",
    "not those of a process",
    lambda e, r: (
        e["cpu_samples"][1].__setitem__(1, e["cpu_samples"][0][1] - 1.0),
        e.update(cpu_percent=round(-100.0 / (e["cpu_samples"][1][0] - e["cpu_samples"][0][0]), 2)),
    ),
    True,
)
RECOVERY = "broker_failure_recovery"
simple("loss_left_out", RECOVERY, "failover_recovery", "FORGED", "'lost' is missing", lambda e, r: e.pop("lost"), True)
simple("loss_of_a_failover_claimed_away", RECOVERY, "failover_recovery", "FORGED", "the ledger says", lambda e, r: e.update(lost=3), True)
simple("ledger_of_a_failover_left_out", RECOVERY, "failover_recovery", "FORGED", "shape", lambda e, r: e.pop("ledger"), True)


def second_fault(entry, run):
    at = entry["events"][-1]["at"]
    entry["events"].insert(len(entry["events"]) - 1, {"at": at, "what": "fault"})
    entry["value_s"] = 0.0


simple("a_second_fault_just_before_the_recovery", RECOVERY, "failover_recovery", "FORGED", "one fault", second_fault, True)
simple(
    "somebody_else_recovered",
    RECOVERY,
    "failover_recovery",
    "FORGED",
    "steady before it",
    lambda e, r: [x for x in e["events"] if x["what"] == "steady"][0].update(who="another"),
    True,
)


@forgery(EXACT, DEL, "FORGED", "ledger: it is of run", True)
def ledger_of_another_run(folder, path):
    """The old audit once more, under a new id, with its ledger copied to where the new one's would be."""

    def change(data):
        twin = copy.deepcopy(data["envelopes"][-1])
        twin["run"].update(id="20990101T000000Z-0badc0de", end=twin["run"]["end"] + 0.001)
        told = twin["entries"][0]["ledger"]
        source = os.path.join(folder, "evidence", *told["file"].split("/"))
        told["file"] = gates.ledger_of(twin["run"]["id"])
        shutil.copy(source, os.path.join(folder, "evidence", *told["file"].split("/")))
        data["envelopes"].append(twin)

    edit(path, change)


@forgery(EXACT, DEL, "FORGED", "is not the ledger of run", True)
def ledger_shared_with_another_run(folder, path):
    def change(data):
        twin = copy.deepcopy(data["envelopes"][-1])
        twin["run"].update(id="20990101T000000Z-0badc0de", end=twin["run"]["end"] + 0.001)
        data["envelopes"].append(twin)

    edit(path, change)


@forgery("tail_latency_analysis", P99, "FORGED", "two measurements bear the id of run", True)
def one_run_told_in_two_ways(folder, path):
    """P99 and P99.9 come from one run; only the tail is embellished."""

    def better(entry, run):
        better = new_histogram()
        better.record_value(900, entry["received"])
        entry.update(histogram=better.encode().decode())
        entry.update(claims.percentiles(hdr.Histogram(entry["histogram"])))

    on_entry(better)(folder, path)


@forgery("kafka_e2e_latency", P99, "FORGED", "two measurements bear the id of run", True)
def one_path_measured_another_claimed(folder, path):
    """The run on one path, filed again for the other, under the same id."""

    def change(data):
        source = next(e for e in data["envelopes"] if e["entries"][0]["message_path"] == "jobs")
        data["envelopes"] = [e for e in data["envelopes"] if e["entries"][0]["message_path"] != "orders"]
        twin = copy.deepcopy(source)
        with open(os.path.join(folder, "rt.json")) as handle:
            orders = next(p for p in json.load(handle)["paths"] if p["id"] == "orders")
        twin["entries"][0].update(message_path="orders", protocol="redis")
        twin["run"]["target"]["address"] = orders["address"]
        twin["run"]["spec"] = rtfile.path_digest(orders)
        data["envelopes"].append(twin)

    edit(path, change)


@forgery(WS, P99, "FORGED", "repeats line")
def an_old_run_filed_again_at_the_end_of_the_ledger(folder, path):
    """No line is changed, so that every anchor still holds; but the old PASS is the newest again."""
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    records = evidence.read_ledger(os.path.dirname(ledger))[0]
    old = next(r for r in records if r["kind"] == WS)
    again = dict({k: v for k, v in old.items() if k != "hash"}, seq=len(records) + 1, prev=records[-1]["hash"])
    with open(ledger, "ab") as handle:
        handle.write(evidence.ledger_line(again))


@forgery(WS, P99, "INVALID", "is a copy of the one of run", True)
def an_old_self_test_with_a_new_date(folder, path):
    def change(data):
        twin = copy.deepcopy(data["envelopes"][-1])
        twin["run"].update(id="20990101T000000Z-0badc0de", end=twin["run"]["end"] + 0.001)
        data["envelopes"].append(twin)

    edit(os.path.join(folder, "evidence", "selftest.json"), change)


@forgery(WS, P99, "FORGED", "it is no file")
def a_pipe_that_never_answers(folder, path):
    os.remove(path)
    os.mkfifo(path)


@forgery(WS, P99, "FORGED", "the ledger is no file")
def a_ledger_that_is_a_folder(folder, path):
    ledger = os.path.join(folder, "evidence", evidence.LEDGER)
    os.remove(ledger)
    os.mkdir(ledger)


@forgery("ordering_verification", "message_ordering", "FORGED", "wrong", False)
def hand_made_file_among_ledgers(folder, path):
    os.makedirs(os.path.join(folder, "evidence", "latency", "ledgers"))
    with open(os.path.join(folder, "evidence", "latency", "ledgers", "wrong.json"), "w") as handle:
        handle.write("{}")


# Further behind the back of git -----------------------------------------------------------------------------------------


def deceived(here):
    assert git(here, "status", "--porcelain") == "", "git itself is deceived"


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def the_old_content_replaced_in_the_object_store(folder, path):
    server_changed_after_the_measurement(folder, path)
    here = os.path.dirname(folder)
    old, new = git(here, "rev-parse", "HEAD:ws_server.py"), git(here, "hash-object", "-w", "ws_server.py")
    tree = git(here, "ls-tree", "HEAD").replace(old, new)
    made = subprocess.run(["git", "mktree"], cwd=here, input=tree + "\n", capture_output=True, text=True).stdout.strip()
    git(here, "replace", git(here, "rev-parse", "HEAD^{tree}"), made)
    git(here, "add", "ws_server.py")
    deceived(here)


@forgery(WS, P99, "STALE", "changed since: .gitattributes, ws_server.py")
def a_filter_committed_long_before(folder, path):
    """The attribute is in the tree, as for large files; what it does is in the configuration."""
    here = os.path.dirname(folder)
    with open(os.path.join(here, ".gitattributes"), "w") as handle:
        handle.write("ws_server.py filter=lfs\n")
    git(here, "add", "-A")
    git(here, "commit", "-qm", "large files")
    git(here, "config", "filter.lfs.clean", "git cat-file blob HEAD:ws_server.py")
    git(here, "config", "filter.lfs.smudge", "cat")
    server_changed_after_the_measurement(folder, path)
    git(here, "add", "ws_server.py")
    deceived(here)


@forgery(WS, P99, "STALE", "changed since: core.worktree")
def git_looks_at_another_folder(folder, path):
    here = os.path.dirname(folder)
    other = here + "-clean"
    git(os.path.dirname(here), "clone", "-q", here, other)
    git(here, "config", "core.worktree", other)
    server_changed_after_the_measurement(folder, path)
    deceived(other)


@forgery(WS, P99, "STALE", "changed since: websockets.py")
def a_library_shadowed_and_excluded_by_a_file_elsewhere(folder, path):
    here = os.path.dirname(folder)
    with open(os.path.join(here, "websockets.py"), "w") as handle:
        handle.write("# quicker than the real one\n")
    with open(os.path.join(here, ".git", "quiet"), "w") as handle:
        handle.write("websockets.py\n")
    git(here, "config", "core.excludesFile", os.path.join(here, ".git", "quiet"))
    deceived(here)


@forgery(WS, P99, "STALE", "changed since: ws_server.py")
def same_size_same_time(folder, path):
    """An edit of the same length, with the time put back, and git told to look at nothing else."""
    here = os.path.dirname(folder)
    server = os.path.join(here, "ws_server.py")
    os.utime(server, (1, 1))
    git(here, "config", "core.trustctime", "false")
    git(here, "config", "core.checkStat", "minimal")
    git(here, "update-index", "--refresh")
    with open(server, "r+b") as handle:
        text = handle.read()
        handle.seek(0)
        handle.write(text.replace(b"import", b"imporT", 1))
    os.utime(server, (1, 1))
    deceived(here)


@forgery(WS, P99, "STALE", "changed since: quick", True)
def a_link_out_of_the_repository(folder, path):
    """It was there when it was measured; what it leads to is in no commit."""
    here = os.path.dirname(folder)
    os.symlink("../elsewhere", os.path.join(here, "quick"))
    git(here, "add", "-A")
    git(here, "commit", "-qm", "a link")
    deceived(here)
    on_entry(lambda entry, run: run["git"].update(commit=git(here, "rev-parse", "HEAD")), True)(folder, path)


def open_lines(path):
    with open(path, "rb") as handle:
        return handle.read().splitlines(keepends=True)


def write_lines(path, lines):
    with open(path, "wb") as handle:
        handle.write(b"".join(lines))


def rewrite_audit(folder, path, change):
    """Change an audit's ledger and everything that hangs on it, as a forger would who knows the format."""
    from pack.realtime import ledgerlines

    def fix(data):
        entry = data["envelopes"][-1]["entries"][0]
        target = os.path.join(folder, "evidence", *entry["ledger"]["file"].split("/"))
        with open(target) as handle:
            text = "".join(x + "\n" for x in change(handle.read().splitlines()))
        with open(target, "w") as handle:
            handle.write(text)
        entry.update(ledgerlines.count(ledgerlines.parse(text)))
        entry["ledger"].update(sha256=hashlib.sha256(text.encode()).hexdigest(), lines=text.count("\n"))

    edit(path, fix)


@pytest.mark.parametrize("name", sorted(BATTERY))
def test_forgery(project, team, name):
    kind, gate_id, verdict, told, chain, act = BATTERY[name]
    act(str(project), kind_path(str(project), team, kind))
    if chain:
        relink(str(project), team)
    result = judge(project, team)
    reasons = "\n".join(r for g in result["gates"] for r in g["reasons"])
    if name.startswith("hand_made_"):
        assert result["verdict"] == "FORGED" and "wrong.json is not written by any tool" in reasons
        return
    rows = [r for r in gate(result, gate_id)["evidence"] if r.get("kind") == kind]
    found = min(rows, key=lambda r: gates.ORDER.index(r["verdict"]))
    assert found["verdict"] == verdict, found
    assert told in " ".join(found["reasons"]), found["reasons"]
    blocked = gate(result, gate_id)
    assert (blocked["verdict"] != "PASS") or name == "filed_for_a_kind_out_of_scope"
    assert bool(blocked["roles_to_respawn"]) == (blocked["verdict"] == "FAIL")
    assert gate(result, "deployment_approved")["verdict"] != "PASS" or kind == "event_store_failover"


def test_of_three_roles_the_one_whose_part_failed_mends_it(project, team):
    kind, gate_id, _verdict, _told, _chain, act = BATTERY["nobody_recovered"]
    act(str(project), kind_path(str(project), team, kind))
    relink(str(project), team)
    named = next(g for g in team["gates"] if g["id"] == gate_id)["on_fail"]["respawn"]
    assert len(named) == 3 and gate(judge(project, team), gate_id)["roles_to_respawn"] == ["websocket-engineer"]


def test_battery_is_large_enough():
    assert len(BATTERY) >= 110 and len([b for b in BATTERY.values() if b[4]]) >= 21


def test_rewritten_chain_is_seen_by_an_anchor(project, team):
    before = judge(project, team)
    anchor = {"seq": before["ledger"]["records"], "hash": before["ledger"]["head"]}
    assert judge(project, team, anchors=[anchor])["verdict"] == "PASS"
    path = kind_path(str(project), team, WS)
    on_entry(lambda entry, run: run["argv"].append("--honest"), True)(str(project), path)
    relink(str(project), team)
    assert judge(project, team)["verdict"] == "PASS", "tamper-evident, not tamper-proof: a perfect new chain is not seen..."
    after = judge(project, team, anchors=[anchor])
    assert after["verdict"] == "FORGED" and "the ledger was rewritten" in gate(after, P99)["reasons"][0], (
        "...unless its head was noted elsewhere"
    )


# Freshness -----------------------------------------------------------------------------------------------------------


def test_old_evidence_is_stale(project, team):
    result = judge(project, team, time.time() + 25 * 3600)
    assert row(result, P99, WS)["verdict"] == "STALE" and "older than 24 h" in row(result, P99, WS)["reasons"][0]


def test_changed_source_is_stale_and_documents_are_not(project, team):
    (project.parent / "NOTES.md").write_text("later")
    assert judge(project, team)["verdict"] == "PASS"
    (project.parent / "ws_server.py").write_text("# changed\n")
    result = judge(project, team)
    assert row(result, P99, WS)["verdict"] == "STALE" and "changed since: ws_server.py" in row(result, P99, WS)["reasons"][0]
    git(project.parent, "commit", "-qam", "change")
    assert row(judge(project, team), P99, WS)["verdict"] == "STALE"


def test_sources_of_a_path_limit_what_makes_it_stale(project, team):
    def only(data):
        next(p for p in data["paths"] if p["id"] == "chat.echo")["sources"] = ["ws_server.py"]

    edit(project / "rt.json", only)
    (project.parent / "projector.py").write_text("# changed\n")
    result = judge(project, team)
    assert row(result, P99, WS)["verdict"] == "PASS", "rt.yaml's `sources` is no part of what was measured"
    assert row(result, P99, "cqrs_command_to_projection")["verdict"] == "STALE"


def test_resume_makes_every_delivery_file_stale(project, team):
    result = judge(project, team, resumed_at=time.time())
    for kind in (EXACT, ATLEAST, LOSS):
        assert row(result, DEL, kind)["verdict"] == "STALE"
    assert row(result, "message_ordering", "ordering_verification")["verdict"] == "STALE"
    assert row(result, P99, WS)["verdict"] == "PASS"
    (project / "TEAM_STATUS.md").write_text("# Status\n\n- resumed_at: %s\n" % evidence.iso(time.time() + 5))
    assert row(judge(project, team), DEL, EXACT)["verdict"] == "STALE"


def test_loosened_budget_needs_new_evidence_and_fails_planning(project, team):
    before = judge(project, team)
    edit(project / "rt.json", lambda d: d["paths"][0]["budget_ms"].update(p99=1950, p999=1990))
    result = judge(project, team, approved=before["rt"]["content"])
    assert row(result, P99, WS)["verdict"] == "STALE"
    planning = gate(result, "planning_complete")
    assert planning["verdict"] == "FAIL" and planning["roles_to_respawn"] == ["project-manager"]
    text = "\n".join(planning["reasons"])
    assert (
        "or it is undone: path chat.echo: budget p99 was 1900 ms, is 1950" in text
        and "the charter's budget table is not what rt.yaml gives" in text
    )


def test_loosened_sees_every_way():
    base = {
        "paths": [
            {
                "id": "a",
                "budget_ms": {"p99": 5, "p50": 1},
                "guarantee": "exactly-once",
                "ordering": "total",
                "rate": 10,
                "duration": 9,
                "fault": ["broker-kill"],
                "throughput": {"rate": 5, "duration": 9},
                "burst": {"messages": 9, "drain_s": 1},
            },
            {"id": "b", "budget_ms": {"p99": 1}, "guarantee": "at-most-once", "rate": 1, "duration": 1},
        ]
    }
    assert rtfile.loosened(base, base) == []
    now = copy.deepcopy(base)
    now["paths"].pop()
    now["paths"][0].update(
        budget_ms={"p99": 6},
        guarantee="at-least-once",
        ordering="none",
        rate=9,
        fault=[],
        throughput={"rate": 4, "duration": 9},
    )
    now["paths"][0]["burst"]["drain_s"] = 2
    now.update(waivers={"x": {"value": 1}}, out_of_scope={"y": {}})
    text = "\n".join(rtfile.loosened(base, now))
    for told in (
        "path b was removed",
        "budget p99 was 5",
        "budget p50 was 1 ms, is gone",
        "guarantee was",
        "ordering was",
        "rate was 10",
        "fault broker-kill",
        "throughput.rate",
        "burst.drain_s",
        "waivers: x was added",
        "out_of_scope: y was added",
    ):
        assert told in text, told


def test_release_gate_wants_release_evidence(project, team):
    on_entry(lambda entry, run: run.update(purpose="check"), True)(str(project), kind_path(str(project), team, WS))
    relink(str(project), team)
    result = judge(project, team)
    assert row(result, P99, WS)["verdict"] == "PASS"
    assert (
        row(result, "deployment_approved", WS)["verdict"] == "STALE"
        and "release gate measures again" in row(result, "deployment_approved", WS)["reasons"][0]
    )


def test_fail_then_pass_on_the_same_tree_is_still_a_fail(project, team):
    """The three retries apply to INVALID only, never to FAIL."""
    path = kind_path(str(project), team, EXACT)
    with open(path) as handle:
        envelopes = json.load(handle)["envelopes"]
    store = evidence.Store(project)
    kind = next(e for e in team["evidence"] if e["kind"] == EXACT)
    good = envelopes[-1]
    bad = copy.deepcopy(good)
    bad["run"]["id"] = "20260101T000000Z-00000001"
    ledger = os.path.join(str(project), "evidence", *bad["entries"][0]["ledger"]["file"].split("/"))
    facts = [x for x in open_text(ledger) if not x.startswith("n ")]
    less = [x for x in facts if x != effect(facts, 50)]
    keep_ledger(project, bad, less)
    from pack.realtime import ledgerlines

    bad["entries"][0].update(ledgerlines.count([("n", bad["run"]["id"], "")] + ledgerlines.parse("".join(less))))
    store.append(kind, bad)
    failed = judge(project, team)
    assert row(failed, DEL, EXACT)["verdict"] == "FAIL"
    assert failed["halt"] == {
        "gate": DEL,
        "roles_to_respawn": ["message-broker-engineer", "event-sourcing-engineer"],
        "say": gate(failed, DEL)["say"],
    }
    again = copy.deepcopy(good)
    again["run"]["id"] = "20260101T000000Z-00000002"
    keep_ledger(project, again, facts)
    store.append(kind, again)
    lucky = row(judge(project, team), DEL, EXACT)
    assert lucky["verdict"] == "FAIL" and "a FAIL is not measured away" in lucky["reasons"][0]
    (project.parent / "consumer.py").write_text("# repaired\n")
    git(project.parent, "add", "-A")
    git(project.parent, "commit", "-qm", "repair")
    mended = copy.deepcopy(good)
    mended["run"].update(id="20260101T000000Z-00000003", git={"commit": git(project.parent, "rev-parse", "HEAD"), "dirty": False})
    keep_ledger(project, mended, facts)
    store.append(kind, mended)
    assert row(judge(project, team), DEL, EXACT)["verdict"] == "PASS"


def keep_ledger(project, envelope, facts):
    """Give an envelope the ledger of these lines, as the tool files it."""
    run = envelope["run"]["id"]
    text = "n %s\n%s" % (run, "".join(facts))
    (project / "evidence" / gates.ledger_of(run)).write_text(text)
    told = {"file": gates.ledger_of(run), "sha256": hashlib.sha256(text.encode()).hexdigest(), "lines": text.count("\n")}
    envelope["entries"][0]["ledger"] = told


def open_text(path):
    with open(path) as handle:
        return handle.readlines()


def test_removing_the_bad_run_is_seen(project, team):
    path = kind_path(str(project), team, EXACT)
    store, kind = evidence.Store(project), next(e for e in team["evidence"] if e["kind"] == EXACT)
    with open(path) as handle:
        twin = copy.deepcopy(json.load(handle)["envelopes"][-1])
    twin["run"]["id"] = "20260101T000000Z-00000009"
    store.append(kind, twin)
    edit(path, lambda d: d["envelopes"].pop())
    found = row(judge(project, team), DEL, EXACT)
    assert found["verdict"] == "FORGED" and "was removed from" in found["reasons"][0]


def test_store_sets_hand_written_evidence_aside(project, team):
    path = kind_path(str(project), team, EXACT)
    with open(path) as handle:
        good = json.load(handle)["envelopes"]
    with open(path, "w") as handle:
        handle.write('{"status": "PASS"}')
    fresh = copy.deepcopy(good[-1])
    fresh["run"]["id"] = "20260101T000000Z-0000000a"
    evidence.Store(project).append(next(e for e in team["evidence"] if e["kind"] == EXACT), fresh)
    assert [f for f in os.listdir(os.path.dirname(path)) if ".refused-" in f]


def test_crash_between_ledger_and_rename_is_mended(project, team, monkeypatch):
    store, kind = evidence.Store(project), next(e for e in team["evidence"] if e["kind"] == WS)
    path = kind_path(str(project), team, WS)
    with open(path) as handle:
        twin = copy.deepcopy(json.load(handle)["envelopes"][-1])
    twin["run"]["id"] = "20260101T000000Z-0000000b"
    real = os.replace

    def crash(*names):
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence.os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        store.append(kind, twin)
    monkeypatch.setattr(evidence.os, "replace", real)
    twin["run"]["id"] = "20260101T000000Z-0000000c"
    store.append(kind, twin)
    ids = [e["run"]["id"] for e in evidence.read_file(path)[0]]
    assert ids[-2:] == ["20260101T000000Z-0000000b", "20260101T000000Z-0000000c"]


# Missing, planning, schemas --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1, 300])
def test_a_full_disk_leaves_the_ledger_whole(project, team, room):
    """Every file may grow by `room` bytes only: the run is refused in a line, what was filed before still counts."""
    before = judge(project, team)["ledger"]
    size = os.path.getsize(os.path.join(str(project), "evidence", evidence.LEDGER))
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pack.cli.main import main\nimport pack.cli.rt, pack.realtime.evidence as e\n"
        "plain = e.Store.append\n"
        "def append(self, kind, envelope):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))\n"
        "    return plain(self, kind, envelope)\n"
        "e.Store.append = append\nsys.exit(main(sys.argv[2:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(size + room), "rt", "ordering", "--quiet", "--path", "orders", "--dir", str(project)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.returncode == 2 and "cannot be written: File too large; what was filed before is whole" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    after = judge(project, team)
    assert after["ledger"]["head"] == before["head"] and not after["ledger"]["problems"] and after["verdict"] == "PASS"


def test_nothing_at_all(tmp_path, team):
    (tmp_path / ".team").mkdir()
    result = judge(tmp_path / ".team", team)
    assert {g["verdict"] for g in result["gates"]} == {"MISSING"} and len(result["missing"]) >= 17
    assert gate(result, DEL)["roles_to_respawn"] == []


def test_non_negotiable_cannot_be_scoped_away(project, team):
    def strip(data):
        data["paths"] = [p for p in data["paths"] if p["id"] == "chat.echo"]
        data["out_of_scope"].update({k: {"reason": "we do not want to be measured"} for k in (EXACT, ATLEAST, LOSS)})

    edit(project / "rt.json", strip)
    delivery = gate(judge(project, team), DEL)
    assert delivery["verdict"] == "MISSING" and "non-negotiable" in delivery["reasons"][0]


def test_budget_looser_than_the_team_needs_a_waiver(project, team):
    edit(project / "rt.json", lambda d: d["waivers"].pop("websocket_rtt_p99"))
    found = row(judge(project, team), P99, WS)
    assert found["verdict"] == "FAIL" and "looser than the team's 15 ms" in found["reasons"][0]


def test_signoff_lines_and_needs(project, team):
    (project / "evaluation" / "QA_SIGNOFF.md").write_text("# QA\n\nstatus: FAIL\n")
    result = gate(judge(project, team), "deployment_approved")
    assert result["verdict"] == "FAIL" and "no line `status: PASS`" in result["reasons"][0]
    (project / "legal" / "AUDIT_COMPLIANCE.md").write_text("# Audit\n\nLegal clearance: REFUSED\n")
    assert any("Legal clearance: GRANTED" in why for why in gate(judge(project, team), "deployment_approved")["reasons"])
    os.remove(project / "legal" / "DATA_RETENTION.md")
    assert "legal/DATA_RETENTION.md does not exist" in gate(judge(project, team), "deployment_approved")["reasons"]


def test_signed_off_without_delivery_does_not_deploy(project, team):
    os.remove(kind_path(str(project), team, EXACT))
    result = gate(judge(project, team), "deployment_approved")
    assert result["verdict"] != "PASS" and "gate delivery_guarantee is FORGED" in result["reasons"]


@pytest.mark.parametrize(
    "old, new, breaks",
    [
        ({"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"type": "number"}}}, None),
        (
            {"properties": {"a": {"type": "string"}}},
            {"properties": {"a": {"type": "integer"}}},
            "type was string, is integer",
        ),
        ({"properties": {}}, {"properties": {"b": {}}, "required": ["b"]}, "'b' became required"),
        ({"properties": {}}, {"properties": {"b": {"default": 1}}, "required": ["b"]}, None),
        ({"properties": {"a": {}}, "required": ["a"]}, {"properties": {}}, "required 'a' was removed"),
        ({"enum": ["x", "y"]}, {"enum": ["x"]}, "no longer allowed: y"),
        ({"enum": ["x"]}, {"enum": ["x", "y"]}, None),
        (
            {"properties": {"a": {}}},
            {"properties": {"a": {}}, "additionalProperties": False},
            "no longer accepts further",
        ),
        ({"properties": {"a": {"maximum": 9}}}, {"properties": {"a": {"maximum": 5}}}, "maximum tightened from 9 to 5"),
        (
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]},
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]},
            "a consumer that was not updated cannot read what is written: /a: long cannot be read as int",
        ),
        (
            {"type": "record", "name": "R", "fields": []},
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]},
            "it is not written, and the reader has no default",
        ),
        (
            {"type": "record", "name": "R", "fields": []},
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": ["null", "int"], "default": None}]},
            None,
        ),
        (
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]},
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]},
            "string cannot be read as int",
        ),
    ],
)
def test_schema_breaks(old, new, breaks):
    from pack.realtime.checks import breaking

    found = breaking(old, new)
    assert (found == []) if breaks is None else any(breaks in f for f in found), found


def test_schema_gate_compares_with_git(project, team):
    target = project.parent / "events" / "order.json"
    target.write_text(json.dumps({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id", "customer"]}))
    found = gate(judge(project, team), "schema_compatibility")
    assert found["verdict"] == "FAIL" and found["roles_to_respawn"] == ["real-time-architect"]
    assert any("type was integer, is string" in r for r in found["reasons"]) and any(
        "'customer' became required" in r for r in found["reasons"]
    )


def test_attestation_is_an_in_toto_statement(measured, team):
    result = judge(measured, team)
    told = attest.statement(result, measured)
    assert told["_type"] == "https://in-toto.io/Statement/v1" and told["predicate"]["result"] == "WARNED", "waivers are told"
    assert told["predicate"]["passedTests"] == [g["id"] for g in team["gates"]]
    names = {s["name"]: s["digest"] for s in told["subject"]}
    assert names["git:HEAD"]["gitCommit"] == result["commit"]
    path = "evidence/latency/websocket_p50_p95_p99.json"
    assert names[path]["sha256"] == evidence.file_digest(os.path.join(measured, *path.split("/")))


def test_gate_command_line(project, capsys):
    from .conftest import pack

    assert pack("gate", "check", "--dir", project) == 0
    assert "10 of 10 gates pass" in capsys.readouterr().out
    os.remove(project / "evidence" / evidence.LEDGER)
    assert pack("gate", "check", "--dir", project, "--json", "--gate", DEL) == 1
    assert json.loads(capsys.readouterr().out)["gates"][0]["verdict"] == "FORGED"
    assert pack("gate", "check", "--dir", project, "--gate", "nonsense") == 2
    assert "known: delivery_guarantee" in capsys.readouterr().err


def test_selftest_that_does_not_hold_makes_everything_invalid(project, team):
    edit(project / "evidence" / "selftest.json", lambda d: d["envelopes"][-1]["entries"][0].update(stall_s=0.5))
    relink(str(project), team)
    found = row(judge(project, team), P99, WS)
    assert found["verdict"] == "INVALID" and "the formula says" in found["reasons"][0]


def test_probe_too_late_is_invalid_not_fail(project, team):
    """Over budget while the probe itself was late: measure again. Not late: FAIL."""
    data = json.loads((project / "evidence" / "latency" / "websocket_p50_p95_p99.json").read_text())
    entry = data["envelopes"][-1]["entries"][0]
    run = data["envelopes"][-1]["run"]
    path = next(p for p in json.loads((project / "rt.json").read_text())["paths"] if p["id"] == "chat.echo")
    tiny = dict(path, budget_ms={"p99": 0.001})
    kind = dict(next(e for e in team["evidence"] if e["kind"] == WS), thresholds={})
    late = derive.judge(kind, tiny, dict(entry, budget_ms={"p99": 0.001}), run, None)
    assert late.verdict == "INVALID" and "the probe itself was" in late.reasons[0]
    from hdrh.histogram import HdrHistogram

    slow, prompt = HdrHistogram(1, 3600 * 10**6, 3), HdrHistogram(1, 3600 * 10**6, 3)
    slow.record_value(80000, entry["received"])
    prompt.record_value(1, entry["sent"])
    from pack.realtime import hdr

    crafted = dict(
        entry,
        histogram=slow.encode().decode(),
        lateness_histogram=prompt.encode().decode(),
        lateness_p99_ms=0.001,
        receiving_histogram=prompt.encode().decode(),
        receiving_p99_ms=0.001,
        usage=[[0.1, 0.1] for _second in entry["usage"]],  # whatever the machine was busy with while this was measured
        budget_ms={"p99": 20},
    )
    crafted.update(claims.percentiles(hdr.Histogram(crafted["histogram"])))
    failed = derive.judge(kind, dict(path, budget_ms={"p99": 20}), crafted, run, None)
    assert failed.verdict == "FAIL" and failed.value >= 80


# What rt.yaml says, and through what is measured --------------------------------------------------------------------------


def approved(folder, team):
    """The matrix as planning approved it."""
    return judge(folder, team)["rt"]["content"]


@pytest.mark.parametrize(
    "path, change, told",
    [
        ("orders", {"worker": "builtin:effect-then-ack"}, "path orders: worker was"),
        ("orders", {"address": "redis://127.0.0.1:1/0"}, "path orders: address was"),
        ("chat.echo", {"options": {"mode": "ping"}}, "path chat.echo: options was not given, is"),
        ("chat.echo", {"server": {"command": ["quick", "{port}"]}}, "path chat.echo: server was"),
        ("chat.echo", {"sources": ["README.md"]}, "path chat.echo: sources was not given, is"),
        ("cqrs.orders", {"adapter": "rt_adapters:Windows"}, "path cqrs.orders: adapter was"),
        ("orders", {"effects": ["cat", "effects.txt"]}, "path orders: effects was not given, is"),
        ("orders", {"crashes": 0}, "path orders: crashes was 3, is 0"),
    ],
)
def test_what_a_path_is_changes_only_by_the_user_s_word(project, team, path, change, told):
    before = approved(project, team)

    def swap(data):
        next(p for p in data["paths"] if p["id"] == path).update(change)

    edit(project / "rt.json", swap)
    found = gate(judge(project, team, approved=before), "planning_complete")
    assert found["verdict"] == "FAIL" and told in "\n".join(found["reasons"]), found["reasons"]
    after = approved(project, team)
    reasons = gate(judge(project, team, approved=after), "planning_complete")["reasons"]
    assert "changed after planning" not in "\n".join(reasons), "what the user approved is the matrix"


def test_an_adapter_that_measures_otherwise_after_planning_needs_the_user(project, team):
    """The fake that answers itself: it is code of the project, so no digest of the pack covers it."""
    before = approved(project, team)
    assert "rt_adapters.py" in before["instruments"]
    with open(project.parent / "rt_adapters.py", "a") as handle:
        handle.write("\n\nasync def nothing(self, body, partition=0):\n    self.deliver(body, 0)\n\n\nCqrs.send = nothing\n")
    found = gate(judge(project, team, approved=before), "planning_complete")
    assert found["verdict"] == "FAIL" and "rt_adapters.py measures, and was changed" in found["reasons"][0]


def test_waivers_of_a_run_need_the_user_s_word_from_the_start(project, team):
    found = gate(judge(project, team, unheard=True), "planning_complete")
    assert found["verdict"] == "FAIL" and "only the user waives" in found["reasons"][0] and "waiver of kafka_e2e_p99" in found["reasons"][0]
    assert gate(judge(project, team, unheard=False), "planning_complete")["verdict"] == "PASS"


def test_a_twin_that_says_something_else_is_no_rt_yaml(project, team):
    yaml = pytest.importorskip("yaml")
    data = json.loads((project / "rt.json").read_text())
    (project / "rt.yaml").write_text(yaml.safe_dump(data))
    os.remove(project / "rt.json")
    rtfile.write_twin(project)
    assert judge(project, team)["rt"]["problems"] == []
    edit(project / "rt.json", lambda twin: twin["rt"]["paths"][0]["budget_ms"].update(p99=99999))
    assert "rt.json was written by hand" in judge(project, team)["rt"]["problems"][0]


def test_a_budget_given_twice_is_refused(tmp_path, team):
    pytest.importorskip("yaml")
    (tmp_path / "rt.yaml").write_text("rt: 1\nproject: x\npaths:\n  - {id: a, rate: 1, rate: 2}\n")
    with pytest.raises(rtfile.RtError, match="'rate' is given twice"):
        rtfile.load(tmp_path, team)


def test_a_program_in_the_team_s_own_folder_counts_when_it_measures(tmp_path):
    """Changes of that folder are no change of what is measured; those of a consumer that lies there are."""
    team = make_project(tmp_path / "p", {})
    worker, path = team / "worker.py", {"worker": ["python3", ".team/worker.py"], "adapter": "redis"}
    worker.write_text("# honest\n")
    git(team.parent, "add", "-f", ".team/worker.py")
    git(team.parent, "commit", "-qm", "consumer")
    assert gitinfo.state(team.parent, rtfile.programs(path))["dirty"] is False
    worker.write_text("# quicker\n")
    assert gitinfo.state(team.parent, rtfile.programs(path))["dirty"] is True
    assert gitinfo.Git(team.parent).changed_since("HEAD", ["nothing.py"], rtfile.programs(path)) == [".team/worker.py"]
    assert gitinfo.Git(team.parent).changed_since("HEAD") == []


def test_a_tree_that_was_changed_while_it_was_measured_is_dirty(tmp_path, team, monkeypatch):
    from pack.realtime import measure

    path = {
        "id": "a",
        "adapter": "websocket",
        "address": "ws://h:1/",
        "rate": 200,
        "duration": 2,
        "budget_ms": {"p99": 9},
        "guarantee": "at-most-once",
    }
    folder = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    server = tmp_path / "p" / "ws_server.py"
    clean = measure.Session(folder, team, ["latency"])
    assert clean.git_since(path)["dirty"] is False
    text = server.read_text()
    server.write_text(text + "# faster\n")
    began = measure.Session(folder, team, ["latency"])
    server.write_text(text)
    assert began.git_since(path)["dirty"] is True, "put back before the end"
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other"))
    assert measure.Session(folder, team, ["latency"]).git_since(path)["dirty"] is False, "the caller's environment decides nothing"
    monkeypatch.delenv("GIT_INDEX_FILE")
    (tmp_path / "p" / ".gitignore").write_text((tmp_path / "p" / ".gitignore").read_text() + "mine.py\n")
    git(tmp_path / "p", "commit", "-qam", "ignore")
    (tmp_path / "p" / "mine.py").write_text("pass\n")
    ignored = dict(path, server={"command": ["python", "mine.py"]})
    assert measure.Session(folder, team, ["latency"]).git_since(ignored)["dirty"] is True, "what is measured is in no commit"
