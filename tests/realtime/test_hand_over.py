"""Data of a definition reach those whom they are about: what a role reads, budgets, decisions, the error table, the universal checks."""

import ast
import copy
import json
import os

import pytest

from hooks.test_waves import SMALL, activate
from pack.base.paths import PLUGIN_ROOT
from pack.realtime import gates, hand_over
from pack.teams import agents, load

ERRORS = [
    {"when": "partial completion", "seen": ["partial"], "then": "go on from there"},
    {"when": "agent failure", "seen": ["agent_lost"], "then": "spawn it again"},
    {"when": "plan lost", "gates": ["planned"], "then": "write it anew", "roles": ["planner"], "halt": True},
    {"when": "never", "gates": ["planned"], "words": ["no such word"], "then": "nothing", "roles": ["planner"]},
]


def team(**more):
    out = copy.deepcopy(SMALL)
    out.update(more)
    return out


def begun(s, definition):
    folder = os.path.join(s.project, ".claude", "team-definitions")
    os.makedirs(folder)
    with open(os.path.join(folder, "twoWaves.json"), "w") as f:
        json.dump(definition, f)
    with open(os.path.join(s.project, "strategy.md"), "w") as f:
        f.write("# S\n\nquick\n")
    return activate(s, "--team twoWaves --strategy strategy.md")


def told(s, name, kind):
    """What an agent is told when it starts."""
    sent = []
    real = s.send

    def send(event, who="lead", **fields):
        answer = real(event, who, **fields)
        if event == "SubagentStart":
            sent.append(answer[1]["hookSpecificOutput"]["additionalContext"] if answer[1] else "")
        return answer

    s.send = send
    try:
        assert s.spawn(name, kind) is None
    finally:
        s.send = real
    return sent[-1]


def test_a_role_is_handed_what_it_reads_the_budgets_and_the_decisions(session):
    s = session
    definition = team()
    definition["roles"][2]["reads"] = ["PLAN.md", "rt.yaml", "work/", "NEVER.md"]
    begun(s, definition)
    told(s, "planner", "two-planner")
    assert s.edit("planner", ".two/PLAN.md", "# Plan\n\nDo it.\n") is None
    for name, text in (
        ("rt.yaml", "paths:\n- {id: chat, adapter: websocket, budget_ms: {p99: 15}, guarantee: at-least-once}\n"),
        ("DECISION_LOG.md", "# Decisions\n\n- Redis, not Kafka: 50 users\n"),
    ):
        with open(os.path.join(s.project, ".two", name), "w") as f:
            f.write(text)
    s.stop("planner")
    assert s.bash("lead", "pack gate check") is None
    text = told(s, "maker", "two-maker")
    assert "Read first, below .two/: PLAN.md, rt.yaml, work/ (nothing yet), NEVER.md (not there yet)" in text
    assert "- chat (websocket): p99 15 ms; at-least-once" in text and "- Redis, not Kafka: 50 users" in text


def test_a_broken_rt_yaml_keeps_nobody_from_starting(tmp_path):
    (tmp_path / "rt.yaml").write_text("paths: [\n")
    assert hand_over.budgets(str(tmp_path)) == []
    (tmp_path / "rt.yaml").write_text("paths: 3\n")
    assert hand_over.budgets(str(tmp_path)) == []


def test_a_continuation_is_told_what_is_there_and_the_error_table(session):
    s = session
    definition = team(errors=ERRORS)
    definition["roles"][2].update(artifacts=["work/OUT.md", "work/MORE.md"])
    said = begun(s, definition)
    assert "When it breaks: partial completion: go on from there" in said["hookSpecificOutput"]["additionalContext"]
    assert "PARTIAL" not in told(s, "planner", "two-planner")
    assert s.edit("planner", ".two/PLAN.md", "# Plan\n\nDo it.\n") is None
    s.stop("planner")
    assert s.bash("lead", "pack gate check") is None
    assert "PARTIAL" not in told(s, "maker", "two-maker")
    assert s.edit("maker", ".two/work/OUT.md", "# Out\n\nmade\n") is None
    s.send("StopFailure", "maker", error="prompt is too long")
    text = told(s, "maker-2", "two-maker")
    assert "PARTIAL COMPLETION: there are work/OUT.md; missing work/MORE.md. Go on from there." in text
    assert "partial completion: go on from there" in text


def test_a_failed_gate_shows_the_rows_of_the_error_table_to_the_roles_that_they_name():
    definition = team(errors=ERRORS)
    failed, reasons = {"planned": "FAIL"}, {"planned": ["PLAN.md is empty"]}
    assert [r["when"] for r in hand_over.rows(definition, failed, reasons, "planner")] == ["plan lost"]
    assert (
        hand_over.rows(definition, failed, reasons, "maker") == []
        and hand_over.rows(definition, {"planned": "PASS"}, reasons, "planner") == []
    )
    shown = hand_over.happened(definition, [{"id": "planned", "verdict": "FAIL", "reasons": ["PLAN.md is empty"], "evidence": []}])
    assert shown == ["plan lost (IMMEDIATE HALT): write it anew -> planner"]


def test_every_row_of_the_seeds_error_table_has_an_event_and_reaches_its_roles():
    definition = load("realtimeSystems")
    assert len(definition["errors"]) == 10
    pages = agents.agents_text(definition)
    by_id = {r["id"]: r for r in definition["roles"]}
    for row in definition["errors"]:
        assert row.get("gates") or row.get("seen"), row
        for role in row.get("roles", []):
            assert "- %s" % hand_over.text(row) in pages["agents/%s.md" % by_id[role]["agent"]]


def test_message_loss_and_a_latency_blow_up_name_their_engineers():
    definition = load("realtimeSystems")
    lost = {"id": "delivery_guarantee", "verdict": "FAIL", "reasons": ["orders: 3 acknowledged message(s) of 40 lost"], "evidence": []}
    slow = {"id": "p99_latency", "verdict": "FAIL", "reasons": ["over its budget"], "evidence": []}
    shown = hand_over.happened(definition, [lost, slow])
    assert [x.partition(":")[0] for x in shown] == ["message loss detected (IMMEDIATE HALT)", "P99 latency blowup"]
    assert shown[0].endswith("-> message-broker-engineer") and shown[1].endswith("-> websocket-engineer, stream-processing-engineer")


def test_the_universal_checks_are_asked_of_the_one_who_measures_and_what_is_proved_is_said():
    definition = load("realtimeSystems")
    qa = agents.agents_text(definition)["agents/rt-qa-latency.md"]
    assert all("- %s" % c["check"] in qa for c in definition["universal_checks"])
    judged = [
        {
            "id": "delivery_guarantee",
            "verdict": "PASS",
            "reasons": [],
            "evidence": [{"kind": "exactly_once_verification", "verdict": "PASS"}],
        }
    ]
    lines = hand_over.checked(definition, judged)
    assert lines[0] == "All message handlers are idempotent (safe to retry) (proved: exactly_once_verification)"
    assert lines[3] == "Dead-letter queues configured for all consumer groups (asked of whoever measures)"
    assert [c.get("proved_by", []) for c in definition["universal_checks"]] == [
        ["exactly_once_verification"],
        [],
        ["at_least_once_ack_log", "exactly_once_verification"],
        [],
        ["tail_latency_analysis"],
    ], "handlers, schemas, offsets after processing, dead letters, the tail"
    assert lines[2] == "Consumer offsets are committed only after successful processing (proved: exactly_once_verification)"
    judged[0]["evidence"][0]["verdict"] = "FAIL"
    assert "(broken: exactly_once_verification is FAIL)" in hand_over.checked(definition, judged)[0]


def test_the_failover_gate_names_who_owns_what_failed():
    definition = load("realtimeSystems")
    gate = next(g for g in definition["gates"] if g["id"] == "failover_recovery")
    row = lambda kind, verdict: {"kind": kind, "verdict": verdict}
    mend = lambda *rows: gates._menders(gate["on_fail"], rows)
    assert mend(row("websocket_reconnection", "FAIL"), row("broker_failure_recovery", "PASS")) == ["websocket-engineer"]
    assert mend(row("event_store_failover", "FAIL"), row("consumer_rebalance_time", "FAIL")) == [
        "message-broker-engineer",
        "event-sourcing-engineer",
    ]
    plain = next(g for g in definition["gates"] if g["id"] == "delivery_guarantee")["on_fail"]
    assert gates._menders(plain, [row("message_loss_test", "FAIL")]) == plain["respawn"]


def test_the_architect_is_given_the_platform_guide_and_qa_reads_the_five_folders():
    definition = load("realtimeSystems")
    pages = agents.agents_text(definition)
    assert all("- %s: %s" % kv in pages["agents/rt-architect.md"] for kv in definition["platforms"].items())
    assert all(
        "`%s/`" % n in pages["agents/rt-qa-latency.md"]
        for n in ("rt-architecture", "websocket", "message-broker", "event-sourcing", "stream-processing")
    )


# What derive.py says of a path whose gate FAILs -> the row of the seed's error table that it is.
SAID = [
    (
        "throughput",
        "jobs: the consumer was up to 500 messages behind, rt.yaml allows 100",
        "consumer lag spike",
        ["message-broker-engineer"],
    ),
    (
        "delivery_guarantee",
        "jobs: the consumer needed 9.0 s to catch up, rt.yaml allows 2 s",
        "consumer lag spike",
        ["message-broker-engineer"],
    ),
    ("delivery_guarantee", "orders: 3 acknowledged message(s) of 40 lost", "message loss detected", ["message-broker-engineer"]),
    ("p99_latency", "chat: 20 ms, the budget is 15 ms", "P99 latency blowup", ["websocket-engineer", "stream-processing-engineer"]),
    ("schema_compatibility", "order.json: id is gone", "schema compatibility break", ["real-time-architect", "project-manager"]),
    ("failover_recovery", "events: no other node was elected leader", "split-brain", ["message-broker-engineer"]),
    ("message_ordering", "events: replay gives another state than the first run", "event store corruption", ["event-sourcing-engineer"]),
]


@pytest.mark.parametrize("gate, reason, when, roles", SAID, ids=[s[2] + " " + s[0] for s in SAID])
def test_what_a_gate_really_says_brings_its_row_and_its_roles(gate, reason, when, roles):
    definition = load("realtimeSystems")
    assert [(r["when"], r["roles"]) for r in hand_over.rows(definition, {gate: "FAIL"}, {gate: [reason]})] == [(when, roles)]


def test_no_row_waits_for_words_that_nothing_says():
    """A word of the error table is one of the reasons that the gates' code has: others would be data that nothing reads."""
    said = []
    folder = os.path.join(PLUGIN_ROOT, "scripts", "pack", "realtime")
    judges = [name for name in sorted(os.listdir(folder)) if name.startswith("judge_")]
    for name in ["claims.py", "gates.py", "checks.py", *judges]:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            said += [n.value.casefold() for n in ast.walk(ast.parse(f.read())) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    reasons = [text for text in said if " " in text and "\n" not in text]
    words = [w for row in load("realtimeSystems")["errors"] for w in row.get("words", [])]
    assert words and not [w for w in words if not any(w in text for text in reasons)]
