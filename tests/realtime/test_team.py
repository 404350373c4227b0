"""Teams as data: the definition has everything of the seed, a second team needs no code, mistakes are told clearly."""

import copy
import json
import os
import subprocess
import sys

import jsonschema
import pytest
import yaml

from pack.base.paths import PLUGIN_ROOT
from pack.teams import TeamError, agents, checker, commits, definition, layout, load, schema

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = os.path.join(HERE, "smallTeam.yaml")


@pytest.fixture(scope="module")
def team():
    return load("realtimeSystems")


def test_counts_of_the_seed(team):
    assert (len(team["roles"]), len(team["gates"]), len(team["evidence"])) == (11, 10, 17)
    assert [w["id"] for w in team["waves"]] == ["0", "1", "1.5", "2", "2.5", "3", "3.5", "4", "5"]
    assert [e["class"] for e in team["evidence"]].count("latency") == 5
    assert all([e["class"] for e in team["evidence"]].count(c) == 4 for c in ("delivery", "throughput", "failover"))
    assert {r["code"] for r in team["roles"]} == {
        "TL",
        "PM",
        "RTA",
        "WSE",
        "MBE",
        "ESE",
        "SPE",
        "QA",
        "RM",
        "MKT",
        "LEGAL",
    }
    assert all(r["agent"].startswith("rt-") for r in team["roles"])
    artifacts = {r["code"]: [a.rpartition("/")[2] for a in r.get("artifacts", [])] for r in team["roles"]}
    assert {c: len(a) for c, a in artifacts.items()} == {
        **dict.fromkeys(("RTA", "WSE", "MBE", "ESE", "SPE", "MKT", "LEGAL"), 5),
        **{"QA": 8, "RM": 6, "PM": 9, "TL": 2},
    }
    assert artifacts["RM"] == [
        "ROLLING_UPGRADE_PLAN.md",
        "CONSUMER_MIGRATION.md",
        "SCHEMA_COMPATIBILITY.md",
        "MONITORING_SETUP.md",
        "ROLLBACK_PROCEDURE.md",
        "DEPLOYMENT_SIGNOFF.md",
    ]
    assert [p["section"] for p in team["testing_matrix"]] == ["10.1", "10.2", "10.3", "10.4", "10.5", "10.6"]
    assert [len(p["tests"]) for p in team["testing_matrix"]] == [5, 5, 4, 4, 4, 4]
    assert [c["name"] for c in team["kanban"]["columns"]] == [
        "Backlog",
        "Sprint Ready",
        "In Progress",
        "Integration Testing",
        "Latency Review",
        "Done",
    ]


def test_the_hierarchy_of_the_seed(team):
    """Section 3: below the leader stand project manager, marketing and attorney; below the project manager the five engineers and, at the
    end of its branch, the release manager. QA may block a release and answers to the leader."""
    above = {r["code"]: r.get("reports_to") for r in team["roles"]}
    assert {c for c, a in above.items() if a == "team-leader"} == {"PM", "MKT", "LEGAL", "QA"}
    assert {c for c, a in above.items() if a == "project-manager"} == {"RTA", "WSE", "MBE", "ESE", "SPE", "RM"}
    assert above["TL"] is None
    pages = agents.agents_text(team)
    for role in team["roles"]:
        told = [line for line in pages["agents/%s.md" % role["agent"]].splitlines() if line.startswith("You work for the ")]
        title = {"team-leader": "Team Leader", "project-manager": "Project Manager"}.get(role.get("reports_to"))
        assert told == (["You work for the %s." % title] if title else []), role["id"]


def test_delivery_is_first_and_p99_second_and_both_halt(team):
    assert [g["id"] for g in team["gates"][:2]] == ["delivery_guarantee", "p99_latency"]
    assert [bool(g.get("hard_stop")) for g in team["gates"]] == [True, True] + [False] * 8


def test_each_gate_of_the_seed_names_whom_it_spawns_again(team):
    """[13], row by row, in the order in which they are judged; the failover gate's owners are those of each part."""
    code = {r["id"]: r["code"] for r in team["roles"]}
    assert [(g["id"], sorted(code[r] for r in g["on_fail"]["respawn"])) for g in team["gates"]] == [
        ("delivery_guarantee", ["ESE", "MBE"]),
        ("p99_latency", ["SPE", "WSE"]),
        ("planning_complete", ["PM"]),
        ("message_ordering", ["ESE", "MBE"]),
        ("throughput", ["MBE", "RTA"]),
        ("websocket_density", ["WSE"]),
        ("failover_recovery", ["ESE", "MBE", "WSE"]),
        ("stream_correctness", ["SPE"]),
        ("schema_compatibility", ["RTA"]),
        ("deployment_approved", ["RM"]),
    ]
    assert [g["after_role"] for g in team["gates"]].count("qa-latency") == 8


def test_the_board_of_the_seed(team):
    """[12] and [5]: each column with its entry and exit, and the labels of the issues."""
    assert [(c["name"], c["entry"], c["exit"]) for c in team["kanban"]["columns"]] == [
        ("Backlog", "issue created with a real-time label", "prioritized and estimated"),
        ("Sprint Ready", "estimated and infrastructure available", "assigned to an agent"),
        ("In Progress", "agent actively working", "artifact produced"),
        ("Integration Testing", "artifact ready for integration test", "tested with the full message stack"),
        ("Latency Review", "integration tested", "P99 latency within budget"),
        ("Done", "all gates passed", "merged and evidence filed"),
    ]
    assert team["kanban"]["labels"] == ["websocket", "kafka", "rabbitmq", "cqrs", "eventsourcing", "streaming", "latency"]


def test_the_testing_matrix_has_every_test_of_the_seed(team):
    """[10.1] to [10.6]: 26 tests by name, each with the evidence kind that shows it."""
    named = {p["section"]: [t["test"] for t in p["tests"]] for p in team["testing_matrix"]}
    assert named == {
        "10.1": [
            "10K concurrent connections",
            "Reconnection after server restart",
            "Message ordering under load",
            "Binary message transfer",
            "Cross-server room broadcast",
        ],
        "10.2": [
            "At-least-once delivery",
            "Exactly-once semantics",
            "Broker failure mid-produce",
            "Consumer crash recovery",
            "Dead-letter routing",
        ],
        "10.3": ["Per-partition ordering", "Event sourcing replay", "Causal ordering", "Stream processing output"],
        "10.4": ["WebSocket RTT P99", "Kafka E2E P99", "CQRS command-to-projection P99", "Stream processing P99"],
        "10.5": ["Kafka sustained throughput", "WebSocket broadcast rate", "Stream processing rate", "Event store write rate"],
        "10.6": ["Kafka broker failure", "Consumer group rebalance", "WebSocket server failover", "EventStoreDB failover"],
    }
    kinds = {e["kind"] for e in team["evidence"]}
    assert all(t["evidence"] and set(t["evidence"]) <= kinds and t["threshold"] for p in team["testing_matrix"] for t in p["tests"])


def test_an_entry_of_latency_evidence_has_every_field_of_the_seed():
    """[7.1]: an entry without one of them is no evidence."""
    with open(os.path.join(PLUGIN_ROOT, "scripts", "pack", "realtime", "evidence.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    fields = "message_path protocol sample_count p50_ms p95_ms p99_ms p999_ms max_ms throughput_msgs_sec concurrent_connections timestamp".split()
    found = [d for d in schema["$defs"].values() if "p999_ms" in d.get("required", [])]
    assert found and all(set(fields) <= set(d["required"]) for d in found), sorted(schema["$defs"])
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_second_team_needs_no_code():
    small = load(SMALL)
    assert small["team"] == "smallTeam" and [g["id"] for g in small["gates"]] == ["fast", "agreed", "ordered"]
    assert load("smallTeam", folders=[HERE]) == small


def test_a_definition_is_read_without_any_package():
    code = "import sys; sys.modules['yaml'] = None; sys.modules['jsonschema'] = None\nfrom pack.teams import load; print(len(load('realtimeSystems')['roles']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.stdout.strip() == "11", done.stderr


def mutate(change):
    data = copy.deepcopy(load("realtimeSystems"))
    change(data)
    return "\n".join(checker.check(data))


@pytest.mark.parametrize(
    "change, told",
    [
        (
            lambda d: d["waves"][3]["roles"].append("websocket-enginer"),
            "unknown role 'websocket-enginer'; did you mean 'websocket-engineer'?",
        ),
        (
            lambda d: d["gates"][0]["evidence"].append("exactly_once"),
            "gate delivery_guarantee: unknown evidence kind 'exactly_once'; did you mean",
        ),
        (lambda d: d["gates"][5].pop("evidence"), "gate websocket_density: has no evidence"),
        (lambda d: d["gates"][0]["on_fail"]["respawn"].append("nobody"), "unknown role 'nobody'"),
        (
            lambda d: d["gates"][1]["needs"].append("x") if "needs" in d["gates"][1] else d["gates"][1].update(needs=["x"]),
            "unknown gate 'x'",
        ),
        (
            lambda d: d["gates"][2].update(needs=["deployment_approved"]),
            "cycle in needs: planning_complete -> deployment_approved -> planning_complete",
        ),
        (lambda d: d["waves"][1].update(after=["2"]), "cycle in after: 1 -> 2 -> 1"),
        (lambda d: d["roles"][0].update(reports_to="project-manager"), "cycle in reports_to"),
        (
            lambda d: d["waves"][3]["entry"].append({"gate": "p99_latency"}),
            "wave 2 entry: needs gate 'p99_latency', which is decided only in wave 3: the wave could never begin",
        ),
        (
            lambda d: (
                d["waves"][1]["entry"].append({"artifacts_of": "qa-latency"})
                if "entry" in d["waves"][1]
                else d["waves"][1].update(entry=[{"artifacts_of": "qa-latency"}])
            ),
            "who works only later",
        ),
        (
            lambda d: d["roles"].append(dict(d["roles"][0], reports_to="team-leader")),
            "role 'team-leader' is given twice",
        ),
        (lambda d: d["gates"][2].pop("approves_matrix"), "none has `approves_matrix: true`"),
        (lambda d: d["gates"][3].update(approves_matrix=True), "gate message_ordering: approves_matrix needs the check `rt_file`"),
        (lambda d: d["gates"][3].update(approves_matrix=True), "gates planning_complete, message_ordering: only one gate"),
        (lambda d: d["waves"][5]["gates"].remove("throughput"), "gate throughput: no wave evaluates it"),
        (lambda d: d["waves"][5]["roles"].remove("qa-latency"), "role qa-latency: is in no wave"),
        (lambda d: d["gates"].insert(0, d["gates"].pop(4)), "a hard stop must come before every other gate"),
        (lambda d: d["evidence"][0]["thresholds"].update(p99_ms="fast"), "unknown threshold 'fast'"),
        (lambda d: d["gates"][8]["checks"].append({"check": "vibes"}), "unknown check 'vibes'"),
        (lambda d: d["roles"][7]["writes"].append("evidence/latency"), "only `pack` writes there"),
        (lambda d: d["waves"][6].pop("when"), "a loop needs"),
        (lambda d: d["waves"][4]["exit"].append({"artifact": "NOBODY.md"}), "nobody writes artifact 'NOBODY.md'"),
        (lambda d: d["session_commands"][1].update(runs="rm -rf"), "which is not a pack verb"),
        (lambda d: d["evidence"][0].update(measure="vibes"), "is not one of"),
        (lambda d: d.update(gate=[]), "unknown name 'gate'; did you mean 'gates'? known:"),
        (lambda d: d.pop("roles"), "'roles' is missing"),
    ],
)
def test_mistakes_are_told(change, told):
    assert told in mutate(change)


def test_unknown_team_and_broken_file(tmp_path):
    with pytest.raises(TeamError, match="no such team; did you mean 'realtimeSystems'"):
        load("realtimeSystem")
    (tmp_path / "x.yaml").write_text("team: [")
    with pytest.raises(TeamError, match="x.yaml:1:7: not readable: this . is never closed"):
        load(tmp_path / "x.yaml")
    (tmp_path / "y.yaml").write_text("- 1\n")
    with pytest.raises(TeamError, match="must be object"):
        load(tmp_path / "y.yaml")


def test_small_validator_agrees_with_jsonschema(team):
    root = os.path.join(os.path.dirname(os.path.abspath(definition.__file__)), "..")
    pairs = [(os.path.join(root, "teams", "team.schema.json"), [team, load(SMALL), {}, [], dict(team, roles=[1])])]
    rt = yaml.safe_load(__import__("pack.cli.rt", fromlist=["EXAMPLE"]).EXAMPLE)
    bad = [dict(rt, paths=[dict(rt["paths"][0], **{k: v})]) for k in rt["paths"][0] for v in (None, -1, "x y", [], {}, True)]
    pairs.append((os.path.join(root, "realtime", "rt.schema.json"), [rt, {}, dict(rt, extra=1)] + bad))
    for path, values in pairs:
        with open(path) as handle:
            rules = json.load(handle)
        official = jsonschema.Draft202012Validator(rules)
        for value in values:
            assert bool(schema.errors(value, rules)) == bool(list(official.iter_errors(value))), (path, value)
    with pytest.raises(ValueError, match="not supported: format"):
        schema.errors("x", {"format": "date"})


def test_wave_conditions(team, tmp_path):
    assert layout.unmet(team, tmp_path, "0", "entry", {}) == ["no strategy file: --strategy PATH must name one"]
    assert layout.unmet(team, tmp_path, "2", "entry", {}) == ["gate planning_complete is not evaluated, not PASS"]
    assert layout.unmet(team, tmp_path, "2", "entry", {"planning_complete": "PASS"}) == []
    reasons = layout.unmet(team, tmp_path, "3", "entry", {})
    assert len(reasons) == 26 and reasons[0] == "real-time-architect: rt-architecture/TOPOLOGY_DESIGN.md does not exist"
    (tmp_path / "DECISION_LOG.md").write_text("# Log\n\n- **Latency review:** approved\n")
    assert len(layout.unmet(team, tmp_path, "3", "entry", {})) == 25
    (tmp_path / "DECISION_LOG.md").write_text("# Log\n")
    assert "DECISION_LOG.md has no content below its headings" in layout.unmet(team, tmp_path, "3", "entry", {})


GOOD = """feat(rt-kafka): implement exactly-once semantics for order events

- Enable idempotent producer
- Configure transactional producer

Evidence: evidence/delivery/exactly_once_verification.json
Latency-impact: P99 5.2ms -> 7.1ms (acceptable for EOS guarantee)"""


@pytest.mark.parametrize(
    "message, told",
    [
        (GOOD, None),
        (GOOD.replace("P99 5.2ms -> 7.1ms (acceptable for EOS guarantee)", "none"), None),
        ("wip", "is not `{type}(rt-{scope})"),
        (GOOD.replace("feat(", "feature("), "unknown type 'feature'"),
        (GOOD.replace("rt-kafka", "rt-web"), "unknown scope 'rt-web'"),
        (GOOD.replace("rt-kafka", "kafka"), "unknown scope 'kafka'"),
        (GOOD.replace("- ", "  "), "names no key change"),
        (GOOD.replace("Latency-impact", "Impact"), "no `Latency-impact"),
        (GOOD.replace("P99 5.2ms -> 7.1ms", "faster"), "neither `none` nor"),
        (GOOD.replace("feat", "perf").replace("Evidence:", "Proof:"), "a perf commit needs an `Evidence:` line"),
        ("", "the message is empty"),
    ],
)
def test_commit_protocol(team, message, told):
    problems = commits.check(team, message)
    assert (not problems) if told is None else any(told in p for p in problems), problems


def test_commit_evidence_must_exist(team):
    assert commits.check(team, GOOD, exists=lambda p: False) == [
        "Evidence 'evidence/delivery/exactly_once_verification.json' does not exist"
    ]


def test_the_thresholds_are_the_seeds():
    """[10] and [13]: what a gate and the matrix judge by, figure by figure."""
    limits = {n: (t["op"], t["value"], t["unit"].split()[0]) for n, t in load("realtimeSystems")["thresholds"].items()}
    assert limits == {
        "websocket_rtt_p99": ("<", 15, "ms"),
        "kafka_e2e_p99": ("<", 50, "ms"),
        "cqrs_p99": ("<", 200, "ms"),
        "stream_p99": ("<", 100, "ms"),
        "broadcast_delta": ("<", 10, "ms"),
        "websocket_connections": (">=", 10000, "connections"),
        "websocket_cpu": ("<", 5, "%"),
        "websocket_reconnection": ("<", 5, "s"),
        "sustained_seconds": (">=", 3600, "s"),
        "kafka_throughput": (">", 100000, "msgs/s"),
        "websocket_broadcast": (">", 50000, "msgs/s"),
        "stream_rate": (">", 10000, "events/s"),
        "event_store_rate": (">", 5000, "events/s"),
        "broker_recovery": ("<", 30, "s"),
        "consumer_rebalance": ("<", 10, "s"),
        "event_store_election": ("<", 15, "s"),
    }
    assert load("realtimeSystems")["thresholds"]["websocket_reconnection"]["target"] == 3


LAYOUT = """
PROJECT_CHARTER.md MILESTONES.md KANBAN.md TIMELINE.md RISK_REGISTER.md DECISION_LOG.md TEAM_STATUS.md GITHUB_ISSUES.md
reports/: status_001.pptx activity_001.pdf
evidence/latency/: websocket_p50_p95_p99.json kafka_e2e_latency.json cqrs_command_to_projection.json stream_processing_latency.json
    tail_latency_analysis.json
evidence/delivery/: exactly_once_verification.json at_least_once_ack_log.json message_loss_test.json ordering_verification.json
evidence/throughput/: kafka_sustained_throughput.json websocket_connection_density.json stream_processing_rate.json burst_handling_capacity.json
evidence/failover/: broker_failure_recovery.json consumer_rebalance_time.json websocket_reconnection.json event_store_failover.json
rt-architecture/: TOPOLOGY_DESIGN.md PARTITION_STRATEGY.md CONSISTENCY_MODEL.md SCHEMA_EVOLUTION.md FAILOVER_TOPOLOGY.md
websocket/: SOCKETIO_ARCHITECTURE.md CONNECTION_LIFECYCLE.md HORIZONTAL_SCALING.md ROOM_NAMESPACE_DESIGN.md PRESENCE_SYNC.md
message-broker/: KAFKA_CLUSTER.md TOPIC_DESIGN.md PRODUCER_CONSUMER.md DELIVERY_GUARANTEES.md REPLICATION.md
event-sourcing/: EVENT_STORE_DESIGN.md AGGREGATE_COMMANDS.md PROJECTION_SYSTEM.md SNAPSHOT_STRATEGY.md SAGA_MANAGERS.md
stream-processing/: KAFKA_STREAMS.md WINDOWING.md STATEFUL_PROCESSING.md CEP_PATTERNS.md LATE_EVENTS.md
evaluation/: RT_TEST_FRAMEWORK.md WEBSOCKET_STRESS_TESTS.md DELIVERY_GUARANTEE_TESTS.md ORDERING_TESTS.md LATENCY_PERCENTILES.md
    STREAM_CORRECTNESS.md FAILOVER_TESTS.md QA_SIGNOFF.md
releases/:
marketing/:
legal/:
"""


def test_the_layout_of_the_seed(team, tmp_path):
    """[14], name by name: every file of it is somebody's artifact or a kind of evidence, every folder is made at the activation."""
    wanted, folders, at = set(), set(), ""
    for word in LAYOUT.split():
        if word.endswith("/:"):
            at = word[:-1]
            folders.add(at.rstrip("/"))
        else:
            wanted.add(at + word)
    made = (
        {a for r in team["roles"] for a in r.get("artifacts", [])}
        | set(team["artifacts"])
        | {"evidence/" + e["file"] for e in team["evidence"]}
    )
    assert not wanted - made, sorted(wanted - made)
    layout.make_layout(team, str(tmp_path))
    assert not [f for f in folders if not (tmp_path / f).is_dir()]


def test_the_commit_types_and_scopes_of_the_seed(team):
    """[9], with what each type is for."""
    assert list(team["commits"]["types"]) == ["feat", "fix", "perf", "test", "refactor", "chore", "schema"]
    assert team["commits"]["scopes"] == ["websocket", "kafka", "rabbitmq", "cqrs", "eventsourcing", "streaming", "projection", "saga"]
    assert (team["commits"]["prefix"], team["commits"]["trailers"]) == ("rt-", ["Evidence", "Latency-impact"])


def test_the_session_commands_of_the_seed(team):
    """[16]: which are answered without a model, and by what."""
    told = {c["say"]: c.get("runs", "a model" if c["model"] else "the hook") for c in team["session_commands"]}
    assert told == {
        "--team realtimeSystems --strategy <path>": "a model",
        "team status": "pack kanban show",
        "team report": "pack report all",
        "team decide <topic>": "a model",
        "team gate check": "pack gate check",
        "team latency review": "pack rt latency",
        "team delivery audit": "pack rt audit",
        "pause team": "the hook",
        "resume team": "the hook",
    }
