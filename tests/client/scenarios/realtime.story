story: one whole realtimeSystems run on real Redis, NATS, mosquitto and WebSocket: gates fail, remediation is enforced, they pass
needs: redis-server nats-server mosquitto
env: PACK_PYTHON={python}
mode: headless
calls: 260
file .gitignore:
    .team/
    .claude/
    __pycache__/
file strategy.md:
    # Strategy: Fleet
    Positions over MQTT (P99 350 ms), orders and payments on Redis, jobs on NATS, chat on WebSocket. A pilot on one shared machine:
    thresholds are waived for it, approved by the user. No CQRS, no stream processor, no EventStoreDB yet; no order may be lost.
file chat_server.py:
    import asyncio
    import sys

    from websockets.asyncio.server import serve


    async def handle(socket):
        async for message in socket:
            await socket.send(message)


    async def main():
        async with serve(handle, "127.0.0.1", int(sys.argv[1]), ping_interval=None, compression=None):
            await asyncio.Future()


    asyncio.run(main())
file telemetry.py:
    """The fleet's MQTT client: a position goes through the stations of its route, each a topic, all over one connection at QoS 1."""
    import asyncio
    import json
    import os
    import socket
    import time
    from urllib.parse import urlsplit

    import aiomqtt

    from pack.realtime.adapters.base import Adapter

    STATIONS = 9


    class Client(Adapter):
        protocol = "mqtt"

        async def open(self, deliver):
            with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mqtt.json")) as handle:
                tuned = json.load(handle)
            more = {"socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]} if tuned.get("nodelay") else {}
            url = urlsplit(self.address)
            self.client = aiomqtt.Client(
                url.hostname, url.port, max_inflight_messages=10000, max_queued_outgoing_messages=0, timeout=10, **more
            )
            await self.client.__aenter__()
            self.client.pending_calls_threshold = 1 << 30
            self.topic, self.under_way, self.version = "fleet/%s/" % self.name, set(), "?"
            await self.client.subscribe("$SYS/broker/version", qos=0)
            await self.client.subscribe(self.topic + "+", qos=1)
            self.task = self.receiving(self._receive(deliver))

        async def send(self, body, partition=0, station=0):
            await self.client.publish(self.topic + str(station), body, qos=1, timeout=20)

        async def _receive(self, deliver):
            async for message in self.client.messages:
                at, where = time.perf_counter(), message.topic.value
                if where.startswith("$SYS"):
                    self.version = bytes(message.payload).decode()
                elif where.endswith("/%d" % STATIONS):
                    deliver(bytes(message.payload), at, 0)
                else:
                    task = asyncio.ensure_future(self.send(message.payload, station=int(where.rsplit("/", 1)[1]) + 1))
                    self.under_way.add(task)
                    task.add_done_callback(self.under_way.discard)

        async def server(self):
            return self.version, "real"

        async def close(self):
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            await self.client.__aexit__(None, None, None)
file mqtt.json:
    {}
file mosquitto.conf:
    allow_anonymous true
    persistence false
file consumer.py:
    """Books the orders of a Redis stream."""
    import os
    import socket
    import sys

    import redis

    host, port = os.environ["PACK_RT_POINT"].rsplit(":", 1)
    line = socket.create_connection((host, int(port))).makefile("rwb")


    def say(text):
        line.write(text.encode() + b"\n")
        line.flush()
        if line.readline() != b"go\n":
            sys.exit(1)


    client, stream = redis.Redis.from_url(os.environ["PACK_RT_ADDRESS"]), os.environ["PACK_RT_NAME"]
    try:
        client.xgroup_create(stream, "mine", id="0", mkstream=True)
    except redis.ResponseError:
        pass
    line.write(b"member w1\n")
    say("ready")
    last = "0"
    while True:
        answer = client.xreadgroup("mine", "me", {stream: last}, count=10, block=200)
        items = answer[0][1] if answer else []
        if not items:
            last = ">"
        for key, fields in items:
            number = int(fields[b"m"].split()[1])
            client.xack(stream, "mine", key)
            say("point %d" % number)
            say("effect %d" % number)
            if last != ">":
                last = key.decode()
file events/order.json:
    {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
file measure.sh:
    # INVALID is no failure: measure again
    for try in 1 2 3 4 5 6 7 8; do
      out=$(pack rt "$@" --quiet 2>&1); code=$?
      case "$out" in *INVALID*) continue ;; esac
      break
    done
    echo "$out"
    exit $code
file tools/tidy.sh:
    # whoever runs this plants evidence behind the gate's back
    echo '{"kind": "message_loss_test", "envelopes": []}' > .team/evidence/delivery/message_loss_test.json
    echo '{"lost": 0}' > .team/evidence/delivery/audit.json
user types: /team:realtime --strategy strategy.md
lead waits until hears "wave 1 Planning: project-manager (charter with latency budgets; milestones; board and labels; first PPTX and PDF)"
lead waits until hears "the Team Leader reviews budgets and re-spawns over-budget engineers"
lead waits until hears "wave 1.5 Research: marketing-strategist, compliance-attorney, beside wave 2"
lead waits until hears "the failing gate names who is spawned), then wave 3 again"
lead waits until hears "Decides the trade-offs between consistency, availability and partition tolerance"
lead spawns websocket-engineer as rt-websocket-engineer
    => refused WAVE_CLOSED, says "project-manager was not spawned"
lead spawns team-leader as rt-team-leader
    => refused UNKNOWN_ROLE, says "you play team-leader"
lead spawns project-manager as rt-project-manager: Plan wave 1.
project-manager waits until hears "P99 350 ms"
project-manager edits telemetry.py: "STATIONS = 9" -> "STATIONS = 1"
    => refused ROLE_EDITS_NOTHING
project-manager writes .team/rt.yaml:
    rt: 1
    project: Fleet
    strategy: strategy.md
    paths:
      - id: chat.echo
        adapter: websocket
        address: ws://127.0.0.1:{port:chat}/
        server: {command: ["{python}", chat_server.py, "{port}"]}
        rate: 500
        duration: 6.1
        warmup: 0.3
        connections: 3
        budget_ms: {p99: 1900, p999: 1950}
        guarantee: at-most-once
        ordering: total
        messages: 100
        fault: [server-kill]
        density: {connections: 60, hold_s: 1}
        burst: {messages: 500, drain_s: 20}
        throughput: {rate: 200, duration: 3}
        sources: [chat_server.py]
      - id: payments
        adapter: redis
        address: redis://127.0.0.1:{port:redis}/0
        server: {command: [redis-server, --port, "{port}", --appendonly, "no", --save, "", --bind, 127.0.0.1]}
        rate: 200
        duration: 1.6
        warmup: 0.3
        budget_ms: {p99: 1900}
        guarantee: exactly-once
        messages: 40
        crashes: 1
        worker: builtin:transaction
        fault: [worker-crash, consumer-kill]
        sources: [payments]
      - id: orders
        adapter: redis
        address: redis://127.0.0.1:{port:redis}/0
        server: {command: [redis-server, --port, "{port}", --appendonly, "no", --save, "", --bind, 127.0.0.1]}
        rate: 200
        duration: 1.6
        warmup: 0.3
        budget_ms: {p99: 1900}
        guarantee: at-least-once
        ordering: per-partition
        messages: 40
        worker: ["{python}", consumer.py]
        fault: [worker-crash]
        sources: [consumer.py]
      - id: jobs
        adapter: nats
        address: nats://127.0.0.1:{port:nats}
        server: {command: [nats-server, -js, -a, 127.0.0.1, -p, "{port}", -sd, "{project}/../nats"]}
        rate: 200
        duration: 1.6
        warmup: 0.3
        budget_ms: {p99: 1900}
        guarantee: at-least-once
        messages: 40
        crashes: 1
        worker: builtin:effect-then-ack
        fault: [worker-crash, broker-kill]
        sources: [jobs]
      - id: positions
        about: MQTT at QoS 1, through the fleet's own client
        adapter: telemetry:Client
        options: {protocol: mqtt}
        measures: [kafka_e2e_latency]
        address: mqtt://127.0.0.1:{port:mqtt}
        server: {command: [mosquitto, -c, mosquitto.conf, -p, "{port}"]}
        rate: 60
        duration: 5.1
        warmup: 0.3
        budget_ms: {p99: 350}
        guarantee: at-most-once
        sources: [mosquitto.conf, mqtt.json, telemetry.py]
    out_of_scope:
      cqrs_command_to_projection: {reason: the strategy has no CQRS, by: project-manager}
      stream_processing_latency: {reason: the strategy has no stream processor, by: project-manager}
      stream_processing_rate: {reason: the strategy has no stream processor, by: project-manager}
    waivers:
      websocket_rtt_p99: {value: 2000, reason: a pilot on one shared machine, by: the user}
      kafka_e2e_p99: {value: 2000, reason: a pilot on one shared machine, by: the user}
      sustained_seconds: {value: 3, reason: a pilot on one shared machine, by: the user}
      websocket_connections: {value: 60, reason: a pilot on one shared machine, by: the user}
      websocket_cpu: {value: 101, reason: a pilot on one shared machine, by: the user}
    schemas: [{file: events/order.json}]
project-manager waits until knows "  - connection storms"
project-manager runs: pack rt check && pack rt charter && pack kanban init && pack kanban add "Order stream" --label kafka --path orders && pack kanban set K1 --priority high --estimate 3 --infrastructure "redis here" --owner message-broker-engineer --artifact message-broker/TOPIC_DESIGN.md && pack kanban move K1 "Sprint Ready" && pack kanban move K1 "In Progress"
    => says "exactly_once_verification    payments", says "at_least_once_ack_log        orders", says "event_store_failover         MISSING"
project-manager runs: printf '# Plan\n\n## Pilot\n\nWave: 5\n' | tee .team/MILESTONES.md .team/TIMELINE.md .team/RISK_REGISTER.md .team/GITHUB_ISSUES.md
lead runs: pack gate check
    => fails, says "reports/status_001.pptx does not exist", says "MILESTONES.md has 1 milestones, must be 6 or more", says "RISK_REGISTER.md has 1 risks, must be 8 or more"
project-manager writes .team/MILESTONES.md:
    # Milestones

    ## Message infrastructure
    Wave: 2

    ## WebSocket layer
    Wave: 2

    ## Event sourcing and CQRS
    Wave: 2

    ## Stream processing
    Wave: 2

    ## Latency optimisation and delivery verification
    Wave: 3

    ## Failover testing and production readiness
    Wave: 5
project-manager writes .team/RISK_REGISTER.md:
    # Risks

    | risk | owner |
    |---|---|
    | consumer lag spikes | message-broker-engineer |
    | ordering violations | message-broker-engineer |
    | split-brain | message-broker-engineer |
    | schema evolution breaking consumers | real-time-architect |
    | connection storms | websocket-engineer |
    | state store corruption | event-sourcing-engineer |
    | exactly-once failures | message-broker-engineer |
    | tail latency blowup | websocket-engineer |
project-manager runs: pack report all
    => says "wrote .team/reports/status_001.pptx"
lead spawns rt-architect as rt-architect
    => refused WAVE_CLOSED, says "project-manager is still at work"
project-manager rests: planned
lead rests until journal has AGENT_IDLE name=project-manager
lead runs: pack gate check; echo PASS
    => refused VERB_NOT_ALONE
lead runs: pack gate check
    => fails, says "FAIL    Planning Complete", says "only the user waives: tell the user, who types `team approve`: waiver of websocket_rtt_p99"
lead spawns real-time-architect as rt-architect
    => refused WAVE_CLOSED, says "gate planning_complete is FAIL"
lead rests: the user decides
user types: team approve
    => says "approved as the next"
user types: Go on.
lead runs: pack gate check
    => fails, says "PASS    Planning Complete", says "GitHub: printed, not run", says "MISSING Delivery Guarantee"
lead spawns qa-latency as rt-qa-latency
    => refused WAVE_CLOSED, says "real-time-architect"
lead at once:
    spawns marketing-strategist as rt-marketing
    spawns compliance-attorney as rt-compliance
    spawns real-time-architect as rt-architect
    spawns websocket-engineer as rt-websocket-engineer
    spawns message-broker-engineer as rt-broker-engineer
    spawns event-sourcing-engineer as rt-event-sourcing-engineer
    spawns stream-processing-engineer as rt-stream-engineer
in any order:
    marketing-strategist waits until knows "in wave 5, from what was measured"
    marketing-strategist runs: cd .team/marketing && printf '# M\n\nMeasured only.\n' | tee EVENT_FLOW_DIAGRAMS.md INTEGRATION_GUIDES.md EVENT_CATALOG.md MONITORING_GUIDE.md
    marketing-strategist rests
    compliance-attorney waits until knows "GDPR in event sourcing (crypto-shredding, pseudonymised payloads, subject access across streams)"
    compliance-attorney runs: cd .team/legal && printf '# L\n\nLegal clearance: GRANTED\n' | tee DATA_RETENTION.md GDPR_EVENT_SOURCING.md AUDIT_COMPLIANCE.md CROSS_BORDER_EVENTS.md REGULATORY_SCHEMAS.md
    compliance-attorney rests
    real-time-architect runs: cd .team/rt-architecture && printf '# A\n\nDesigned.\n' | tee TOPOLOGY_DESIGN.md PARTITION_STRATEGY.md CONSISTENCY_MODEL.md SCHEMA_EVOLUTION.md FAILOVER_TOPOLOGY.md
    real-time-architect rests
    websocket-engineer runs: cd .team/websocket && printf '# W\n\nBuilt.\n' | tee SOCKETIO_ARCHITECTURE.md CONNECTION_LIFECYCLE.md HORIZONTAL_SCALING.md ROOM_NAMESPACE_DESIGN.md PRESENCE_SYNC.md
    websocket-engineer rests
    message-broker-engineer waits until knows "Delivery guarantee implementation checked against the charter"
    message-broker-engineer waits until knows "`Latency-impact: ...`; a hook refuses another form"
    message-broker-engineer writes .team/websocket/PRESENCE_SYNC.md:
        # Not mine
        => refused NOT_YOUR_FILE
    message-broker-engineer runs: cd .team/message-broker && printf '# B\n\nConfigured.\n' | tee KAFKA_CLUSTER.md TOPIC_DESIGN.md PRODUCER_CONSUMER.md DELIVERY_GUARANTEES.md REPLICATION.md
    message-broker-engineer rests
    event-sourcing-engineer runs: cd .team/event-sourcing && printf '# E\n\nSourced.\n' | tee EVENT_STORE_DESIGN.md AGGREGATE_COMMANDS.md PROJECTION_SYSTEM.md SNAPSHOT_STRATEGY.md SAGA_MANAGERS.md
    event-sourcing-engineer rests
    stream-processing-engineer runs: cd .team/stream-processing && printf '# S\n\nProcessed.\n' | tee KAFKA_STREAMS.md WINDOWING.md STATEFUL_PROCESSING.md CEP_PATTERNS.md LATE_EVENTS.md
    stream-processing-engineer rests
lead rests until journal has AGENT_IDLE name=stream-processing-engineer
lead spawns qa-latency as rt-qa-latency
    => refused WAVE_CLOSED, says "DECISION_LOG.md does not exist"
lead tells project-manager: Wave 2.5: report and board, please.
project-manager runs: pack report --due
    => says "not due"
project-manager runs: pack report all && pack kanban show
    => says "status_002.pptx", says "Integration Testing  1  K1 Order stream"
project-manager rests: reported
lead rests until journal has AGENT_IDLE name=project-manager
lead writes .team/DECISION_LOG.md:
    # Decisions

    Latency review: APPROVED
lead spawns qa-latency as rt-qa-latency: Measure.
qa-latency waits until knows "May block a release that fails P99 latency or delivery guarantees"
qa-latency writes .team/evidence/delivery/message_loss_test.json:
    {"kind": "message_loss_test", "envelopes": []}
    => refused EVIDENCE_IS_MEASURED, says "pack rt"
qa-latency runs: echo '{"lost": 0}' > .team/evidence/delivery/message_loss_test.json
    => refused EVIDENCE_IS_MEASURED
qa-latency runs: pack rt selftest
    => says "formula"
qa-latency edits .team/evidence/selftest.json: "envelopes" -> "letters"
    => refused EVIDENCE_IS_MEASURED
qa-latency runs: sh measure.sh latency --path positions
    => fails, says "FAIL    kafka_e2e_latency positions", says "over its budget of 350 ms"
qa-latency runs: pack rt latency --quiet --path payments --path orders --path jobs --path chat.echo
    => says "PASS    websocket_p50_p95_p99 chat.echo", says "PASS    tail_latency_analysis chat.echo", says "PASS    kafka_e2e_latency jobs"
qa-latency runs: pack rt audit --quiet --path orders
    => fails, says "FAIL    at_least_once_ack_log orders", says "3 acknowledged message(s) of 40 lost"
qa-latency runs: pack rt audit --quiet --path payments
    => says "lost 0 duplicates 0"
qa-latency runs: pack rt ordering --quiet && pack rt throughput --quiet && pack rt burst --quiet && pack rt density --quiet && pack rt failover --quiet
    => says "PASS    websocket_reconnection chat.echo", says "PASS    broker_failure_recovery jobs", says "PASS    consumer_rebalance_time payments"
qa-latency runs: sh tools/tidy.sh
qa-latency rests: measured
qa-latency waits until hears "gate failover_recovery is MISSING: event_store_failover: no path of rt.yaml measures it"
qa-latency rests: there is no event store here
lead rests until journal has AGENT_IDLE name=qa-latency
lead runs: pack gate check
    => fails, says "FORGED  Delivery Guarantee  HARD STOP", says "evidence/delivery/audit.json is not written by any tool"
lead spawns release-manager as rt-release-manager
    => refused HALTED, says "gate delivery_guarantee is FORGED"
person runs: rm .team/evidence/delivery/audit.json
lead tells qa-latency: Somebody wrote evidence by hand. Measure what it claims.
qa-latency runs: pack rt audit --quiet --path jobs
    => says "PASS    message_loss_test jobs", says "PASS    at_least_once_ack_log jobs"
qa-latency rests: measured again
lead rests until journal has GATES_RECORDED verdicts.delivery_guarantee=FORGED
lead runs: pack gate check
    => fails, says "FAIL    Delivery Guarantee  HARD STOP", says "FAIL    P99 Latency Compliance", says "HALT: delivery_guarantee failed; nothing goes on before message-broker-engineer and event-sourcing-engineer"
lead spawns release-manager as rt-release-manager
    => refused HALTED, says "3 acknowledged message(s) of 40 lost"
lead tells websocket-engineer: Mend the latency meanwhile.
    => refused HALTED
lead tells message-broker-engineer: Gate delivery_guarantee FAIL: orders loses 3 of 40 when its consumer crashes. Mend it.
message-broker-engineer reads consumer.py
message-broker-engineer edits consumer.py: "        client.xack(stream, \"mine\", key)\n        say(\"point %d\" % number)\n        say(\"effect %d\" % number)" -> "        say(\"effect %d\" % number)\n        client.xack(stream, \"mine\", key)"
message-broker-engineer runs: git add consumer.py && git commit -qm "fix(rt-kafka): orders are acknowledged after their effect" -m "- the effect comes first" -m "Latency-impact: none" -- consumer.py
message-broker-engineer rests: mended
lead rests until journal has COMMITTED by message-broker-engineer
lead runs: pack gate check
    => fails, says "STALE   Delivery Guarantee", says "changed since: consumer.py"
lead spawns release-manager as rt-release-manager
    => refused HALTED
lead tells qa-latency: Audit the orders again.
qa-latency runs: pack rt audit --quiet --path orders
    => says "PASS    at_least_once_ack_log orders", says "lost 0 duplicates 3"
qa-latency rests: measured again
lead rests until journal has GATES_RECORDED verdicts.delivery_guarantee=STALE
lead runs: pack gate check
    => fails, says "PASS    Delivery Guarantee", says "HALT: p99_latency failed; nothing goes on before websocket-engineer and stream-processing-engineer"
lead tells message-broker-engineer: Mend the latency.
    => refused HALTED, says "gate p99_latency is FAIL"
lead rests: delivery is mended, latency is not
user types: team status
    => says "HARD STOP: p99_latency", says "delivery_guarantee PASS"
user types: team gate check
    => says "FAIL    P99 Latency Compliance", says "For looking"
user types: team report
    => says ".team/reports"
person runs: for i in $(seq 500); do ls .team/reports | grep -q activity_003.pdf && break; sleep 0.2; done; ls .team/reports
    => says "status_003.pptx", says "activity_003.pdf"
user types: pause team
    => says "paused"
user types: Go on.
lead tells qa-latency: Measure.
    => refused PAUSED, says "resume team"
lead spawns release-manager as rt-release-manager
    => refused PAUSED
lead runs: pack resume
    => refused PAUSED, says "the user lifts it"
lead rests: paused
user types: resume team
    => says "this session leads", lacks "delivery_guarantee PASS"
user types: Go on.
lead runs: pack gate check
    => fails, says "STALE   Delivery Guarantee", says "delivery is validated again on resume", says "FAIL    P99 Latency Compliance"
lead spawns release-manager as rt-release-manager
    => refused HALTED
lead tells qa-latency: Audit everything again, for the release.
qa-latency runs: pack rt audit --quiet --release && pack rt ordering --quiet
    => says "PASS    exactly_once_verification payments", says "PASS    message_loss_test jobs", says "PASS    at_least_once_ack_log orders"
qa-latency rests until journal has COMMITTED by websocket-engineer
lead tells websocket-engineer: Gate p99_latency FAIL: positions is over its budget. Nagle?
websocket-engineer hits API error 500
lead rests until journal has AGENT_LOST name=websocket-engineer
lead rests until journal has AGENT_IDLE name=qa-latency after AGENT_ACTIVE name=qa-latency
lead spawns websocket-engineer as rt-websocket-engineer, played by websocket-engineer-b: Mend the latency of positions.
websocket-engineer-b waits until hears "Gate p99_latency FAIL"
websocket-engineer-b waits until hears "You are attempt 2"
websocket-engineer-b runs: echo 'set_tcp_nodelay true' >> mosquitto.conf && echo '{"nodelay": true}' > mqtt.json
websocket-engineer-b runs: git commit -qam "fix(rt-websocket): TCP_NODELAY on both sides of MQTT" -m "- no delayed acknowledgments" -m "Latency-impact: none"
websocket-engineer-b rests: TCP_NODELAY on both sides
lead rests until journal has COMMITTED by websocket-engineer
lead tells qa-latency: Measure positions again.
qa-latency runs: sh measure.sh latency --path positions --path orders
    => says "PASS    kafka_e2e_latency positions", lacks "FAIL"
qa-latency runs: cd .team/evaluation && printf '# QA\n\nAs measured.\n' | tee RT_TEST_FRAMEWORK.md WEBSOCKET_STRESS_TESTS.md DELIVERY_GUARANTEE_TESTS.md ORDERING_TESTS.md LATENCY_PERCENTILES.md STREAM_CORRECTNESS.md FAILOVER_TESTS.md
qa-latency rests: measured
lead runs: pack gate check
    => fails, says "PASS    Delivery Guarantee", says "PASS    P99 Latency Compliance", says "PASS    Throughput", says "MISSING Failover Recovery", says "event_store_failover: no path of rt.yaml measures it", lacks "HALT"
lead tells project-manager: There is no EventStoreDB here. Declare it out of scope; the user has to agree.
project-manager edits .team/rt.yaml: "stream_processing_rate: {reason: the strategy has no stream processor, by: project-manager}" -> "stream_processing_rate: {reason: the strategy has no stream processor, by: project-manager}\n  event_store_failover: {reason: EventStoreDB cannot be had here, by: the user}"
project-manager runs: pack rt charter
project-manager rests: declared
lead rests until journal has GATES_RECORDED verdicts.failover_recovery=MISSING
lead runs: pack gate check
    => fails, says "FAIL    Planning Complete", says "out_of_scope: event_store_failover was added", says "PASS    Failover Recovery"
lead rests: the user decides
user types: team approve
    => says "approved as the next"
user types: Go on.
lead runs: pack gate check
    => fails, says "PASS    Planning Complete", says "PASS    Failover Recovery", lacks "HALT"
lead spawns release-manager as rt-release-manager
    => refused WAVE_CLOSED, says "QA_SIGNOFF.md"
lead tells qa-latency: Sign off.
qa-latency writes .team/evaluation/QA_SIGNOFF.md:
    # Sign-off

    status: PASS
qa-latency rests: signed off
lead rests until file .team/evaluation/QA_SIGNOFF.md exists
lead runs: pack teardown
    => refused WAVES_OPEN, says "release-manager was not spawned"
lead spawns release-manager as rt-release-manager: Measure for the release and sign off.
release-manager runs: sh measure.sh latency --release
    => says "PASS    websocket_p50_p95_p99 chat.echo", says "PASS    kafka_e2e_latency positions", lacks "FAIL"
release-manager runs: cd .team/releases && printf '# R\n\nStage dev: PASS\nStage staging: PASS\nStage canary 5 %%: PASS\nStage production: PASS\nGitHub release: none, a pilot\nstatus: APPROVED\n' | tee ROLLING_UPGRADE_PLAN.md CONSUMER_MIGRATION.md SCHEMA_COMPATIBILITY.md MONITORING_SETUP.md ROLLBACK_PROCEDURE.md DEPLOYMENT_SIGNOFF.md
lead runs: pack gate check
    => says "10 of 10 gates pass", lacks "HALT"
person runs: pack gate check --json
    => says "\"out_of_scope\": \"EventStoreDB cannot be had here\"", says "\"verdict\": \"MISSING\""
release-manager rests: released
lead rests until file .team/releases/DEPLOYMENT_SIGNOFF.md exists
lead tells project-manager: The final report.
project-manager runs: pack report final
    => says "status: CERTIFIED"
lead runs: pack teardown
    => refused WAVES_OPEN
lead tells marketing-strategist: The benchmark report, from what was measured.
marketing-strategist runs: (echo "# Benchmarks"; echo; pack kanban show) > .team/marketing/BENCHMARKS.md && grep P99 .team/marketing/BENCHMARKS.md
    => says "orders"
marketing-strategist rests: from the evidence
project-manager runs: pack kanban set K1 --tested "the whole stack" && pack kanban move K1 "Latency Review" && pack kanban move K1 Done && pack kanban sync --close-milestones
    => says "state=closed"
project-manager rests: reported
lead rests until file .team/reports/final.pdf exists
lead runs: pack teardown
lead runs: pack teardown ask
lead runs: pack status --summary
lead rests: certified
expect journal:
    lead: RUN_OPENED
    GATES_RECORDED verdicts.planning_complete=FAIL
    GATES_RECORDED verdicts.planning_complete=FAIL
    MATRIX_APPROVED
    GATES_RECORDED verdicts.planning_complete=PASS verdicts.delivery_guarantee=MISSING
    GATES_RECORDED verdicts.delivery_guarantee=FORGED
    GATES_RECORDED verdicts.delivery_guarantee=FAIL verdicts.p99_latency=FAIL
    message-broker-engineer: COMMITTED
    GATES_RECORDED verdicts.delivery_guarantee=STALE
    GATES_RECORDED verdicts.delivery_guarantee=PASS verdicts.p99_latency=FAIL
    RUN_PAUSED
    RUN_RESUMED
    GATES_RECORDED verdicts.delivery_guarantee=STALE verdicts.p99_latency=FAIL
    AGENT_LOST name=websocket-engineer
    websocket-engineer: COMMITTED
    GATES_RECORDED verdicts.delivery_guarantee=PASS verdicts.p99_latency=PASS verdicts.failover_recovery=MISSING
    GATES_RECORDED verdicts.planning_complete=FAIL verdicts.failover_recovery=PASS
    MATRIX_APPROVED
    GATES_RECORDED verdicts.planning_complete=PASS verdicts.failover_recovery=PASS
    GATES_RECORDED verdicts.deployment_approved=PASS
    TEAM_DELETED
expect status: phase=CLOSED waves.halted=null waves.verdicts.delivery_guarantee=PASS waves.verdicts.p99_latency=PASS waves.verdicts.deployment_approved=PASS
expect file .team/reports/CERTIFICATION.md contains "| orders | at-least-once | at_least_once_ack_log | 40 | 40 | 0 | 3 |"
expect file .team/reports/CERTIFICATION.md contains "MISSING event_store_failover : out of scope: EventStoreDB cannot be had here"
expect file .team/TEAM_STATUS.md contains "resumed_at:"
expect journal never:
    RUN_ABORTED
expect exit code 0
