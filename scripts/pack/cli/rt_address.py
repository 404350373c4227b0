"""`pack rt` on one address, without a team: `probe`, `ceiling`, `slow`, `events` and `kafka` print what they see and file no evidence."""

import asyncio
import math
import os
import time

import click

from pack.cli import clicks
from pack.cli.rt_call import Rate, rt, seconds, workers_option
from pack.realtime import adapters, claims, clock, evidence, hdr
from pack.realtime import ceiling as ceilings
from pack.realtime import probe as prober


@rt.command(
    help="Probe one address without a team and print the percentiles; files no evidence.",
    epilog="\b\nExample: pack rt probe websocket ws://127.0.0.1:8765/ --rate 200 --duration 5",
)
@click.argument("adapter")
@click.argument("address")
@click.option("--rate", type=Rate(0.01, 1000000), default=100.0, show_default=True)
@click.option("--duration", callback=seconds, default="5s", show_default=True, help="30s, 10m, 1h")
@click.option("--size", type=click.IntRange(0, 1 << 24), default=64, show_default=True)
@click.option("--connections", type=click.IntRange(1, 60000), default=1, show_default=True)
@click.option("--option", "options", multiple=True, help="NAME=VALUE for the adapter")
@workers_option
def probe(adapter, address, rate, duration, size, connections, options, workers, cluster):
    path = {"adapter": adapter, "address": address, "options": clicks.values(options), "connections": connections}
    click.get_current_context().obj.asked = address
    name, warmup, bar = "pack-probe-%s" % evidence.new_run_id(time.time())[-8:], min(1.0, duration), prober.Progress("probe %s" % adapter)
    made = adapters.make(path, name)

    async def go(stop):
        if workers > 1 or cluster:
            from pack.realtime import shares

            told = shares.orders(path, name, ".", rate, duration, warmup, size, workers)
            if cluster:
                return await asyncio.get_running_loop().run_in_executor(None, shares.on_cluster, cluster, told, stop)
            return await shares.on_this_machine(told, stop, bar)
        recording, told = await prober.told_run(made, rate, duration, warmup, size, bar, stop)
        return recording, told, made.seen

    before = clock.look()
    recording, told, seen = prober.run(go, connections + 50)
    wrong = clock.off(clock.between(before, clock.look()))
    histogram = hdr.Histogram(recording.latency.encode())
    sent = recording.sent * recording.fanout
    text = "%s (%s): sent %d, received %d, lost %d" % (told[0], told[1], sent, recording.received, recording.lost)
    for count, what in (
        (recording.duplicates, "came more than once"),
        (recording.damaged, "damaged"),
        (recording.astray, "on another connection than their own"),
        (recording.failed, "failed to go out"),
    ):
        text += ", %d %s" % (count, what) if count else ""
    click.echo(text)
    if recording.refusal:
        click.echo("the first that failed: %s" % recording.refusal)
    for reason in dict.fromkeys(recording.closed[:20]):
        click.echo(reason)
    if histogram.total:
        click.echo(
            "P50 %(p50_ms).3f  P95 %(p95_ms).3f  P99 %(p99_ms).3f  P99.9 %(p999_ms).3f  max %(max_ms).3f ms" % claims.percentiles(histogram)
        )
        bound = claims.upper_bound_ms(histogram, 0.99, sent)
        never = "none, for %d of %d never came" % (recording.lost, sent)
        shown = "needs 299 samples" if bound is None else never if math.isinf(bound) else "%.3f ms" % bound
        click.echo("95 %% bound of the P99: %s" % shown)
    late, waited = (claims.percentiles(hdr.Histogram(h.encode()))["p99_ms"] for h in (recording.lateness, recording.receiving))
    click.echo("the probe itself was late by %.3f ms in sending and at most %.3f ms in receiving (P99)" % (late, waited))
    if seen is not None and ":" not in adapter and adapter != "kafka" and sum(seen.values()) < connections:
        click.echo("INVALID: %d connections asked, %d were there" % (connections, sum(seen.values())))
        raise SystemExit(1)
    if recording.receiver:
        click.echo("INVALID: %s" % claims.own_fault(recording.receiver))
        raise SystemExit(1)
    if wrong:
        click.echo("INVALID above: %s" % wrong)
        raise SystemExit(1)
    own = claims.own_limit({"usage": recording.usage, "rate": rate})
    if own:
        click.echo("INVALID above: %s" % own)
        raise SystemExit(1)
    if sent and not recording.received and not recording.partial:
        click.echo("nothing came back%s: no figure of this run says anything about latency" % (" whole" if recording.damaged else ""))
        raise SystemExit(1)
    raise SystemExit(130 if recording.partial else 0)


@rt.command(
    help="Up to which rate the probe itself is good here, against one address; files no evidence.",
    epilog="\b\nExample: pack rt ceiling redis redis://127.0.0.1:6379/0",
)
@click.argument("adapter")
@click.argument("address")
@click.option("--most", type=Rate(1, 1000000), default=200000.0, show_default=True, help="look no further than this rate")
@click.option("--size", type=click.IntRange(0, 1 << 24), default=64, show_default=True)
@click.option("--connections", type=click.IntRange(1, 60000), default=1, show_default=True)
@click.option("--option", "options", multiple=True, help="NAME=VALUE for the adapter")
def ceiling(adapter, address, most, size, connections, options):
    path = {"adapter": adapter, "address": address, "options": clicks.values(options), "connections": connections}

    def make(rate):
        return adapters.make(path, "pack-ceiling-%s" % os.urandom(4).hex())

    runs = ceilings.search(make, size, connections, click.echo, most)
    if runs[-1][2].partial:
        click.get_current_context().obj.told = True
        raise SystemExit(130)
    good = max((rate for rate, gave, _ in runs if gave is None), default=0)
    gave = min(((rate, gave) for rate, gave, _ in runs if gave is not None), default=None)
    if gave is None:
        click.echo("good up to %g/s, and that is as far as was looked" % good)
    else:
        click.echo("good up to %g/s; at %g/s it was %s" % (good, gave[0], gave[1]))


@rt.command(
    help="What a system does to a consumer that does not keep up: what is kept, where the gap is, and whether anybody is told. Exit 1 for a gap.",
    epilog="\b\nExample: pack rt slow redis redis://127.0.0.1:6379/0 --option pubsub=true --messages 5000 --size 16384",
)
@click.argument("adapter")
@click.argument("address")
@click.option("--messages", type=click.IntRange(1, 1000000), default=2000, show_default=True, help="sent while the consumer takes none")
@click.option("--rate", type=Rate(1, 1000000), default=5000.0, show_default=True, help="messages a second")
@click.option("--size", type=click.IntRange(24, 1 << 24), default=64, show_default=True)
@click.option(
    "--away", type=click.FloatRange(0.1, 86400), default=0.5, show_default=True, help="seconds for which it takes none afterwards"
)
@click.option("--option", "options", multiple=True, help="NAME=VALUE for the adapter")
def slow(adapter, address, messages, rate, size, away, options):
    from pack.realtime import slow as slowly

    path = {"adapter": adapter, "address": address, "options": clicks.values(options), "payload_bytes": size}
    seen = slowly.run(path, "pack-slow-%s" % os.urandom(4).hex(), ".", messages, rate, away)
    for line in slowly.lines(seen):
        click.echo(line)
    raise SystemExit(1 if seen["gone"] else 0)


@rt.command(
    help="What an event store (PostgreSQL, through the library eventsourcing) holds: expected versions, append rate, replay, snapshot, projection "
    "and its lag, rebuild; with --standby what becomes of its events when the leader is killed. Files no evidence. Exit 1 if something does not hold.",
    epilog="\b\nExample: pack rt events postgresql://me:secret@127.0.0.1/events --batch 50",
)
@click.argument("address")
@click.option("--events", type=click.IntRange(100, 10000000), default=2000, show_default=True)
@click.option("--aggregates", type=click.IntRange(1, 100000), default=20, show_default=True)
@click.option("--batch", type=click.IntRange(1, 10000), default=1, show_default=True, help="events of one transaction")
@click.option("--standby", help="address of a streaming standby: the leader is killed in mid-append, and this one is promoted")
@click.option("--kill", help="with --standby: the command that kills the leader; what you give is run")
@click.option("--promote", help="with --standby: the command that promotes it; default: pg_promote() there")
def events(address, events, aggregates, batch, standby, kill, promote):
    adapters.load("eventstore")
    if (standby is None) != (kill is None) or (promote and not standby):
        raise click.UsageError(
            "--standby and --kill belong together: a failover needs who takes over, and the command that kills the leader"
        )
    if standby:
        raise SystemExit(_event_failover(address, standby, kill, promote, events, aggregates))
    from pack.realtime import eventstore

    seen = eventstore.look(address, "pack_%s" % os.urandom(4).hex(), events, aggregates, batch)
    click.echo("%s: %d events of %d aggregates" % (seen["server"], seen["events"], seen["aggregates"]))
    click.echo("expected version: of 100 appends, two for each version, %d were taken and %d refused" % seen["race"])
    click.echo("append: %.0f events/s, %d in a transaction, one writer" % (seen["rate"], batch))
    click.echo("projection: at most %d events behind; command to projection P50 %.1f ms, P99 %.1f ms" % (seen["lag"], *seen["lag_ms"]))
    click.echo("rebuild: %.2f s" % seen["rebuild_s"])
    for problem in seen["problems"]:
        click.echo("FAIL: %s" % problem)
    if not seen["problems"]:
        click.echo("replay twice, snapshots with what follows, the projection and its rebuild give the identical state")
    raise SystemExit(1 if seen["problems"] else 0)


def _event_failover(address, standby, kill, promote, events, aggregates):
    """Kill the leader, and say what became of its events; the exit code."""
    from pack.realtime import eventfailover

    name = "pack_%s" % os.urandom(4).hex()
    seen = eventfailover.Failover(address, standby, name, kill, promote, events, aggregates).measure()
    for line in eventfailover.lines(seen):
        click.echo(line)
    wrong = eventfailover.problems(seen)
    for problem in wrong:
        click.echo("FAIL: %s" % problem)
    if not wrong:
        click.echo("every acknowledged event is there once, and a follower of the old leader misses none of the new one's")
    return 1 if wrong else 0


@rt.command(
    help="A Kafka cluster of yours: who leads, which replicas are in sync, whether transactions are isolated, a rebalance within 10 s, and with "
    "--kill what becomes of acknowledged messages when the leader dies. Makes topics pack-*, removes them, files no evidence. Exit 1 if something "
    "does not hold.",
    epilog="\b\nExample: BOOTSTRAP_SERVERS=k1:9092,k2:9092 pack rt kafka --config client.properties --kill 'ssh {host} systemctl kill -s KILL kafka'",
)
@click.argument("servers", envvar="BOOTSTRAP_SERVERS")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    envvar="KAFKA_CONFIG",
    help="file of librdkafka properties, a name=value in a line",
)
@click.option("--replicas", type=click.IntRange(1, 100), default=3, show_default=True)
@click.option("--partitions", type=click.IntRange(1, 1000), default=3, show_default=True)
@click.option("--session-ms", type=click.IntRange(100, 3600000), default=6000, show_default=True, help="the group's session.timeout.ms")
@click.option("--messages", type=click.IntRange(100, 1000000), default=200, show_default=True)
@click.option(
    "--kill", help="the command that kills the leader of a partition, with {id}, {host}, {port} and {topic} filled in; what you give is run"
)
@click.option("--restore", help="with --kill: the command that starts it again; all replicas must be in sync afterwards")
def kafka(servers, config, replicas, partitions, session_ms, messages, kill, restore):
    adapters.load("kafka")
    from pack.realtime import kafkacluster

    if restore and not kill:
        raise click.UsageError("--restore starts what --kill has killed")
    cluster = kafkacluster.Cluster(servers, clicks.properties(config), replicas, partitions, session_ms, messages)
    checks = [cluster.nodes, cluster.isolation, cluster.rebalance] + ([lambda: cluster.leader_kill(kill, restore)] if kill else [])
    bad = False
    try:
        for look in checks:
            lines, problems = look()
            for line in lines + ["FAIL: %s" % p for p in problems]:
                click.echo(line)
            bad = bad or bool(problems)
    finally:
        cluster.close()
    if not kill:
        click.echo("not looked at: the death of a leader (--kill COMMAND)")
    raise SystemExit(1 if bad else 0)
