"""`pack rt`: measure real systems. Exit codes: 0 measured, 1 something failed its budget, 2 usage or setup, 130 interrupted
(ctrl-c, SIGTERM, a closed terminal)."""

import asyncio
import errno
import importlib
import os
import time

import click

from pack.base import whole_file
from pack.cli import clicks, rt_address, rt_here  # noqa: F401 - their verbs are `rt`'s
from pack.cli.rt_call import LISTENS, START, Invocation, alone, rt, seconds, team_options, way_out, workers_option
from pack.realtime import adapters, audit, claims, gates, managed, measure, rtfile, written
from pack.realtime import probe as prober
from pack.teams.layout import make_layout, project_of

VERBS_OF = {
    "latency": ("latency", "tail"),
    "audit": ("delivery",),
    "ordering": ("ordering",),
    "throughput": ("throughput",),
    "burst": ("burst",),
    "density": ("density",),
    "stream": ("stream",),
    "failover": ("recovery", "rebalance", "reconnect", "election"),
}
ABOUT = {
    "latency": "percentiles at a fixed rate, open loop",
    "audit": "delivery through crashes: lost, duplicate, phantom, indeterminate",
    "ordering": "order under load and on replay",
    "throughput": "sustained rate, second by second",
    "burst": "a burst absorbed and drained",
    "density": "many idle connections on one server",
    "stream": "windows and late events against a plan",
    "failover": "recovery, rebalance, reconnection, election",
}
EXAMPLE = """\
# .team/rt.yaml: the latency budget matrix as data. Check it with `pack rt check`.
rt: 1
project: Chat
strategy: STRATEGY.md
paths:
  - id: chat.echo
    adapter: websocket              # websocket socketio sse redis nats mqtt rabbitmq kafka, or your own module:Class
    address: ws://127.0.0.1:8765/
    rate: 200                       # messages a second, sent whatever the server does
    duration: 20                    # seconds; P99 needs 299 samples, P99.9 needs 2,995
    payload_bytes: 128
    budget_ms: {p50: 5, p95: 10, p99: 15, p999: 50}
    guarantee: at-most-once
    ordering: total
  - id: orders.placed
    adapter: redis
    address: redis://127.0.0.1:6399/0
    server: {command: [redis-server, --port, "{port}", --appendonly, "yes", --save, ""]}   # needed for broker-kill
    rate: 200
    duration: 20
    budget_ms: {p99: 50}
    guarantee: exactly-once
    ordering: per-partition
    worker: builtin:transaction     # or the command of your consumer: [node, consumer.js]
    fault: [worker-crash, broker-kill, consumer-kill]
out_of_scope:
  event_store_failover: {reason: "the strategy has no event store", by: project-manager}
"""


@rt.command(help="Print an example rt.yaml.")
def example():
    click.echo(EXAMPLE, nl=False)


@rt.command(help="Make the team's folders and an example rt.yaml to edit.", epilog="\b\nExample: pack rt init")
@team_options
def init(team, team_dir):
    if rtfile.find(team_dir):
        raise measure.MeasureError("%s is there already" % rtfile.find(team_dir))
    os.makedirs(team_dir, exist_ok=True)
    make_layout(team, team_dir)
    path = os.path.join(team_dir, "rt.yaml")
    whole_file.put(path, EXAMPLE)
    click.echo("wrote %s: name your paths, addresses, budgets and guarantees in it, then `pack rt check`" % path)


@rt.command(help="Check rt.yaml and say what must be measured.", epilog="\b\nExample: pack rt check")
@team_options
def check(team, team_dir):
    data = rtfile.load(team_dir, team)
    rtfile.write_twin(team_dir)
    for kind, path in rtfile.required(data, team):
        click.echo("%-28s %s" % (kind, path))
    covered = {k for k, _ in rtfile.required(data, team)} | set(data.get("out_of_scope", {}))
    for item in team.get("evidence", []):
        if item["kind"] not in covered:
            click.echo("%-28s MISSING: no path measures it; add one, or declare it in out_of_scope with a reason" % item["kind"])
    for problem in rtfile.unready(data, team) + ["EDITED  %s" % text for text in written.edited(project_of(team_dir, team), team_dir)]:
        click.echo(problem)


@rt.command(
    "due",
    help="Tests of the matrix whose evidence is missing or no longer true, with their frequency; exit 1 if there are some.",
    epilog="\b\nExample: pack rt due\n         pack rt due --release",
)
@click.option("--release", is_flag=True, help="also what is due for a release")
@team_options
def due_(release, team, team_dir):
    from pack.realtime import due

    found = due.due(gates.Look(team_dir, team, time.time()), team, release)
    for row in found:
        click.echo(
            "%-5s %s (%s): %s %s is %s%s; `pack rt %s --path %s`"
            % (
                row["section"],
                row["test"],
                row["frequency"],
                row["kind"],
                row["path"],
                row["verdict"],
                ": " + row["why"] if row["why"] else "",
                row["verb"],
                row["path"],
            )
        )
    if not found:
        click.echo("nothing is due")
    raise SystemExit(1 if found else 0)


@rt.command(help="Write the budget table of PROJECT_CHARTER.md from rt.yaml.", epilog="\b\nExample: pack rt charter")
@team_options
def charter(team, team_dir):
    data = rtfile.load(team_dir, team)
    path = os.path.join(team_dir, "PROJECT_CHARTER.md")
    old = ""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as handle:
            old = handle.read()
    whole_file.put(path, rtfile.charter_text(old, data, team))
    click.echo("wrote %s" % path)


@rt.command(help="Stall a server on purpose and compare with P_q = S - (1 - q) D.", epilog="\b\nExample: pack rt selftest")
@team_options
def selftest(team, team_dir):
    session = measure.Session(team_dir, team, click.get_current_context().obj.argv)
    with alone(team_dir):
        reasons = session.ensure_selftest(force=True)
    for reason in reasons:
        click.echo(reason, err=True)
    if reasons:
        raise SystemExit(1)


def run(measures, team, team_dir, paths, release, quiet, duration=None, workers=1, cluster=None):
    """Measure all of `measures` that rt.yaml asks for (only on `paths`, when some are given); ends with SystemExit as the module says."""
    call = click.get_current_context().obj
    session = call.session = measure.Session(
        team_dir, team, call.argv, "release" if release else "check", click.echo, quiet, duration, workers
    )
    if not session.wanted(measures, paths):
        raise measure.MeasureError(
            "rt.yaml asks for nothing of this%s; see `pack rt check`" % (" on %s" % ", ".join(paths) if paths else "")
        )
    for problem in session.unbound():
        click.echo(problem, err=True)
    with alone(team_dir):
        _measured(session, team, measures, team_dir, paths)


def _measured(session, team, measures, team_dir, paths):
    reasons = session.ensure_selftest()
    if reasons:
        click.echo(
            "%s\nThe probe is not fit to measure here: everything it measures now is INVALID." % reasons[0],
            err=True,
        )
        raise SystemExit(1)
    bad = False
    for kinds, path, _entry in measure.measure_all(session, measures, paths):
        look = gates.Look(team_dir, team, time.time())
        for kind in kinds:
            row = look.row(kind, path["id"], False)
            bad = bad or row["verdict"] != "PASS"
            click.echo("%-7s %s %s%s" % (row["verdict"], kind["kind"], path["id"], figure(row, kind)))
            for reason in row["reasons"]:
                click.echo("        %s" % reason)
    if session.interrupted:
        click.echo("interrupted: what was measured is kept, marked partial (INVALID for every gate)", err=True)
        click.get_current_context().obj.told = True
        raise SystemExit(130)
    raise SystemExit(1 if bad else 0)


def figure(row, kind):
    """The numbers of a row of evidence, on the line behind its verdict."""
    facts = row.get("facts") or {}
    if "percentiles" in facts:
        p = facts["percentiles"]
        text = ": P50 %.3f  P95 %.3f  P99 %.3f  P99.9 %.3f ms of %d samples, bound %s of %s ms" % (
            p["p50_ms"],
            p["p95_ms"],
            p["p99_ms"],
            p["p999_ms"],
            facts["samples"],
            row.get("value"),
            row.get("limit"),
        )
        return text + "".join(", %d %s" % (facts[k], k) for k in ("lost", "duplicates") if facts.get(k))
    if "acked" in facts and kind["measure"] == "ordering":
        what = "before their cause" if "causal order" in facts["shows"] else "out of order"
        more = ", %d duplicates" % facts["duplicates"] if facts["duplicates"] else ""
        return ": sent %d received %d, %d %s%s" % (facts["sent"], facts["received"], row["value"], what, more)
    if "dead_lettered" in facts:
        facts = dict(facts, indeterminate="%(indeterminate)d, %(poisoned)d poison: %(dead_lettered)d dead letters" % facts)
    if "acked" in facts:
        return (
            ": sent %(sent)d acked %(acked)d lost %(lost)d duplicates %(duplicates)d phantom %(phantom)d reordered %(reordered)d indeterminate %(indeterminate)s"
            % facts
        )
    if "drift_percent" in facts:
        text = ": worst %d s %s/s, mean %s/s for %d s, drift %+.2f %%, P99 %g ms" % (
            facts["span_s"],
            facts["worst"],
            facts["mean"],
            facts["sustained_s"],
            facts["drift_percent"],
            facts["p99_ms"],
        )
        for who in ("probe", "server"):
            if facts[who + "_mb"]:
                text += ", memory of the %s %g to %g MB" % (who, facts[who + "_mb"][0], facts[who + "_mb"][-1])
        return text
    return ": %s (limit %s)" % (row["value"], row["limit"]) if row.get("value") is not None else ""


def add(name, measures, about):
    """A verb `pack rt NAME` for some of the measures."""

    @rt.command(name, help="Measure %s." % about, epilog="\b\nExample: pack rt %s --path orders.placed" % name)
    @team_options
    @click.option("--path", "paths", multiple=True, help="only this path of rt.yaml (may be given again)")
    @click.option("--release", is_flag=True, help="measured for a release: what the deployment gate asks for")
    @click.option("--quiet", is_flag=True, help="no progress bar")
    @workers_option
    def command(team, team_dir, paths, release, quiet, workers, cluster):
        run(measures, team, team_dir, paths, release, quiet, workers=workers, cluster=cluster)


for name, measures in VERBS_OF.items():
    if name != "throughput":
        add(name, measures, ABOUT[name])


@rt.command(help="Measure sustained rate, second by second.", epilog="\b\nExample: pack rt throughput --duration 1h")
@team_options
@click.option("--path", "paths", multiple=True, help="only this path of rt.yaml (may be given again)")
@click.option("--duration", callback=seconds, help="30s, 10m, 1h; otherwise what rt.yaml says")
@click.option("--release", is_flag=True, help="measured for a release: what the deployment gate asks for")
@click.option("--quiet", is_flag=True, help="no progress bar")
@workers_option
def throughput(team, team_dir, paths, duration, release, quiet, workers, cluster):
    run(VERBS_OF["throughput"], team, team_dir, paths, release, quiet, duration, workers, cluster)


add("all", tuple(m for part in VERBS_OF.values() for m in part), "everything that rt.yaml asks for")


@rt.command(
    help="A GitHub workflow that measures what rt.yaml asks for, with the services that it needs.",
    epilog="\b\nExample: pack rt ci > .github/workflows/realtime.yml",
)
@team_options
def ci(team, team_dir):
    from pack.realtime import ci as workflows

    click.echo(workflows.text(rtfile.load(team_dir, team), team), nl=False)


@rt.command(
    help="How far the consumer of each path is behind at the path's rate, without a fault; files no evidence. Exit 1 over the path's `lag`.",
    epilog="\b\nExample: pack rt lag --path orders.placed",
)
@team_options
@click.option("--path", "paths", multiple=True, help="only this path of rt.yaml (may be given again)")
@click.option("--quiet", is_flag=True, help="no progress bar")
def lag(team, team_dir, paths, quiet):
    call = click.get_current_context().obj
    session = call.session = measure.Session(team_dir, team, call.argv, "check", click.echo, quiet)
    wanted = [p for p in session.paths.values() if "worker" in p and (not paths or p["id"] in paths)]
    if not wanted:
        raise measure.MeasureError("rt.yaml has no such path with a `worker`: a lag is a consumer's")
    over = False
    with alone(team_dir):
        for path in wanted:
            session.at = path
            with session.server_for(path):
                _, seen, _, partial = audit.delivery(
                    path, session.name(path), session.project, {"kind": "lag"}, None, session.progress("lag %s" % path["id"])
                )
            click.echo(
                "%s: lag at most %d messages, %d when the last of %d was sent, caught up after %.1f s%s"
                % (path["id"], seen["lag_max"], seen["lag_end"], seen["sent"], seen["drain_s"], " (interrupted)" if partial else "")
            )
            reasons = claims.over_lag(path, seen)
            over = over or bool(reasons)
            for reason in reasons:
                click.echo("        %s" % reason)
    raise SystemExit(1 if over else 0)


@rt.command(
    help="The newest evidence as OpenMetrics (for Prometheus), or a Grafana dashboard over it.",
    epilog="\b\nExample: pack rt export --to /var/lib/node_exporter/pack.prom",
)
@team_options
@click.option("--to", "target", type=click.Path(dir_okay=False), help="write there, whole or not at all; otherwise it is printed")
@click.option("--dashboard", is_flag=True, help="the Grafana dashboard")
def export(team, team_dir, target, dashboard):
    from pack.realtime import openmetrics

    made = openmetrics.dashboard() if dashboard else openmetrics.text(openmetrics.samples(team_dir, team, time.time()))
    if target:
        whole_file.put(target, made)
    else:
        click.echo(made, nl=False)


def main(argv):
    """The verb's entry."""
    if "--help" not in argv:
        importlib.import_module("hdrh.histogram")  # what is missing is said before anything is measured
    prober.interruptible()
    with prober.Noise() as noise:
        code = _main(argv)
    if noise.said:
        more = " and %d more" % (len(noise.said) - 1) if len(noise.said) > 1 else ""
        click.echo("a client library reported while it was measured: %s%s" % (noise.said[0], more), err=True)
    return code


def _main(argv):
    call = Invocation(argv)
    refusals = (
        rtfile.RtError,
        adapters.AdapterError,
        audit.AuditError,
        managed.ServerError,
        measure.MeasureError,
        RuntimeError,
        NotImplementedError,
    )
    try:
        code = clicks.run(rt, argv, setup=refusals, obj=call)
        if code == 130 and not call.told:
            click.echo("interrupted before anything was measured%s; what was filed before is as it was" % call.at(), err=True)
        return code
    except OSError as error:
        if error.filename is not None and call.session is None:
            raise  # a file, not a server: pack.cli.main names it
        broken = "SSL" in type(error).__name__  # whose numbers are OpenSSL's: 1 is no EPERM
        if not broken and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM):
            said = (error.filename or "the evidence", error.strerror)
            click.echo("pack rt: %s cannot be written: %s; what was filed before is whole: make room, then measure again" % said, err=True)
            return 2
        said = str(error) or "it did not answer in time" if isinstance(error, (TimeoutError, asyncio.TimeoutError)) else str(error)
        way = way_out(error, call.address())
        what = {START: "cannot reach the server", LISTENS: "no answer that can be used"}.get(way, "the server refuses")
        click.echo("pack rt: %s%s: %s; %s" % (what, call.at(), said or type(error).__name__, way), err=True)
    except Exception as error:
        place = adapters.of_user(error, call.session.project) if call.session else None
        if place:
            click.echo("pack rt: the adapter%s: %s: %s (%s)" % (call.at(), type(error).__name__, error, place), err=True)
            return 2
        if not adapters.of_library(error):
            raise
        said = str(error) or "the server did not answer as it should"
        click.echo("pack rt: %s%s: %s; %s" % (type(error).__name__, call.at(), said, way_out(error, call.address())), err=True)
    return 2
