"""`pack rt`: measure real systems. Exit codes: 0 measured, 1 something failed its budget, 2 usage or setup, 130 interrupted
(ctrl-c, SIGTERM, a closed terminal)."""

import asyncio
import errno
import functools
import importlib
import math
import os
import re
import signal
import time

import click

from pack.base import whole_file
from pack.cli import clicks
from pack.realtime import adapters, audit, claims, clock, evidence, gates, hdr, managed, measure, rtfile
from pack.realtime import ceiling as ceilings
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


START = "is it running there? Start it, or let pack: `server: {command: [...]}` of the path in rt.yaml"
CLOSED = "something listens there and ended the connection without a word: it has too many connections, it asks for TLS, or it speaks another protocol"
LISTENS = (
    "something listens there and does not answer as this protocol does: it speaks another one, it asks for TLS or knows none, or it hangs"
)
LOGIN = re.compile(
    r"not authorized|bad user name|Authentica|Authoriz|AccessRefused|Permission|ProbableAuth|NOAUTH|WRONGPASS|NOPERM|SASL", re.I
)
ANSWERED = re.compile(
    r"ResponseError|ReplyError|BadRequestError|NotFoundError|PreconditionFailed|NotFoundEntity|NotAllowed|UNKNOWN_TOPIC|the broker (ended|refused)|the server answers|not supported|err_code="
    r"|read-only transaction|too many clients|the database system is|(database|role) .* does not exist"
)


def way_out(error, address=None):
    """What to do about a server that cannot be measured: it answered and refused, it listens, or nothing is known of it."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "trust it: SSL_CERT_FILE names the certificate, or that of whoever signed it"
    said = "%s: %s" % (type(error).__name__, error)
    if LOGIN.search(said) and not isinstance(error, ConnectionRefusedError):
        return "that is what the server answered: give the address the user and password that it asks for, and the user the rights"
    if "No such configuration property" in said:
        return "librdkafka knows no such name: correct it in the option `config`"
    if isinstance(error, (ConnectionResetError, EOFError)):
        return CLOSED
    if ANSWERED.search(said):
        return "that is what the server answered"
    return LISTENS if address and managed.answers(address, 1.0) else START


def team_options(function):
    """--team and --dir, of a team that measures."""

    @clicks.team_options
    @functools.wraps(function)
    def settled(*args, team, **more):
        if not team.get("evidence"):
            raise measure.MeasureError(
                "the team %s has no evidence kinds, so there is nothing to measure; `pack gate check` judges it by files and commands"
                % team["team"]
            )
        return function(*args, team=team, **more)

    return settled


def _alone(team_dir):
    """Only one `pack rt` measures in a folder: whoever comes second is told that it waits."""
    return evidence.alone(team_dir, lambda: click.echo("another `pack rt` measures here: waiting for its end", err=True))


class Rate(click.FloatRange):
    """Messages a second."""

    def convert(self, value, param, ctx):
        rate = super().convert(value, param, ctx)
        return self.fail("%r is no number" % value, param, ctx) if rate != rate else rate


class Invocation:
    """One call of `pack rt`: its arguments, and the session at work, for an error."""

    def __init__(self, argv):
        self.argv, self.session, self.told, self.asked = argv, None, False, None

    @property
    def path(self):
        """The path of rt.yaml that is being measured, if one is."""
        return self.session and self.session.at

    def address(self):
        """Of what is measured, where that is known."""
        return self.path["address"] if self.path else self.asked

    def at(self):
        """Which path was being measured: ` of path ID (ADDRESS)`, or nothing."""
        from pack.realtime import record

        return " of path %s (%s)" % (self.path["id"], record.conceal(self.path["address"])) if self.path else ""


@click.group(
    help="Probe and audit real systems; the numbers go into .team/evidence and nowhere else.",
    epilog="\b\nExample:\n  pack rt init        # then edit .team/rt.yaml\n  pack rt check\n  pack rt latency\n  pack gate check",
)
def rt():
    pass


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
    for problem in rtfile.unready(data, team):
        click.echo(problem)


@rt.command(
    help="What of rt.yaml answers here, what would start it, and what is missing; exit 1 if something is.",
    epilog="\b\nExample: pack rt doctor",
)
@team_options
def doctor(team, team_dir):
    from pack.realtime import local

    said = {
        "answers": "answers",
        "starts": "`pack rt up` starts it: %s",
        "installed": "installed (%s), not running: start it, or let pack: `server: {command: [...]}`",
        "compose": "not installed: `pack rt compose` writes %s",
        "nothing": "does not answer: %s",
    }
    found = local.look(rtfile.load(team_dir, team), os.path.join(team_dir, ".up"))
    for ident, adapter, address, state, what in found:
        click.echo("%-24s %-10s %s: %s" % (ident, adapter, address, said[state] % what if "%s" in said[state] else said[state]))
    raise SystemExit(0 if all(row[3] in ("answers", "starts") for row in found) else 1)


@rt.command(help="Write a compose file for what rt.yaml names and is not installed here.", epilog="\b\nExample: pack rt compose")
@click.option("--all", "everything", is_flag=True, help="also what is installed or answers")
@team_options
def compose(everything, team, team_dir):
    from pack.realtime import local

    text = local.compose([row[1] for row in local.look(rtfile.load(team_dir, team), ".") if everything or row[3] == "compose"])
    if not text:
        click.echo("nothing to write: all that rt.yaml names answers, is installed, or is your own server")
        return
    target = os.path.join(project_of(team_dir, team), "docker-compose.rt.yml")
    if os.path.exists(target):
        raise measure.MeasureError("%s is there already: edit or remove it" % target)
    whole_file.put(target, text)
    click.echo("wrote %s" % target)


@rt.command(
    help="Start the servers of rt.yaml, wait until they answer, and keep them until ctrl-c.",
    epilog="\b\nExample: pack rt up &\n         pack rt down",
)
@team_options
def up(team, team_dir):
    from pack.realtime import local

    pid = os.path.join(team_dir, ".up.pid")
    begun = local.start(rtfile.load(team_dir, team), project_of(team_dir, team), os.path.abspath(os.path.join(team_dir, ".up")))
    if not begun:
        click.echo("nothing to start: see `pack rt doctor`")
        return
    try:
        with open(pid, "w", encoding="utf-8") as handle:
            handle.write("%d\n" % os.getpid())
        for address, _server in begun:
            click.echo("up: %s" % address)
        prober.until_interrupted()
    finally:
        for _address, server in begun:
            server.stop()
        if os.path.exists(pid):
            os.remove(pid)


@rt.command(
    help="Send a few messages through each path and ask each service of rt.yaml; files no evidence. Exit 1 if something does not work.",
    epilog="\b\nExample: pack rt smoke",
)
@team_options
def smoke(team, team_dir):
    from pack.realtime import local

    data, bad, project = rtfile.load(team_dir, team), False, project_of(team_dir, team)
    for ident, adapter, address, _command in local.needed(data):
        if ident in data.get("services", {}):
            why = local.asks(adapter, address)
            text = "works" if why is None else why
        else:
            why, text = _one_breath(next(p for p in data["paths"] if p["id"] == ident), project)
        bad = bad or why is not None
        click.echo("%-4s %-24s %s: %s" % ("ok" if why is None else "FAIL", ident, address, text))
    raise SystemExit(1 if bad else 0)


SMOKE_RATE, SMOKE_S = 20.0, 0.5


def _one_breath(path, project):
    """(why a path does not work or None, words): half a second of messages through its adapter."""
    if not local_answers(path["address"]):
        return "silent", "nothing answers there: `pack rt up`"
    made = adapters.make(path, "pack-smoke-%s" % os.urandom(4).hex(), project)

    async def go(stop):
        return await prober.told_run(made, SMOKE_RATE, SMOKE_S, 0.0, path.get("payload_bytes", 64), None, stop)

    try:
        recording, told = prober.run(go, path.get("connections", 1) + 50)
    except Exception as error:
        if not isinstance(error, (OSError, RuntimeError, asyncio.TimeoutError)) and not adapters.of_library(error):
            raise
        return "broken", str(error) or type(error).__name__
    sent, text = (
        recording.sent * recording.fanout,
        "%s, %d of %d messages came" % (told[0], recording.received, recording.sent * recording.fanout),
    )
    return (None if sent and recording.received >= sent else "lost"), text


def local_answers(address):
    """Does something listen there? True where an address names no port of its own to ask (a unix socket)."""
    return address.startswith("unix") or managed.answers(address)


@rt.command(help="End the servers that `pack rt up` keeps.", epilog="\b\nExample: pack rt down")
@team_options
def down(team, team_dir):
    pid = os.path.join(team_dir, ".up.pid")
    try:
        with open(pid, encoding="utf-8") as handle:
            os.kill(int(handle.read()), signal.SIGTERM)
    except (OSError, ValueError):
        click.echo("nothing is up (`pack rt up` keeps its servers until it ends)")
        return
    click.echo("asked to end")


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
    with _alone(team_dir):
        reasons = session.ensure_selftest(force=True)
    for reason in reasons:
        click.echo(reason, err=True)
    if reasons:
        raise SystemExit(1)


def workers_option(function):
    """--workers, and --cluster for those of other machines."""
    about = "address of a Dask scheduler whose workers, on other machines, share them (needs the extra `cluster`)"
    for option in (
        click.option("--cluster", help=about),
        click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="processes that share a probe's messages"),
    ):
        function = option(function)
    return function


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
    with _alone(team_dir):
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


def seconds(context, option, text):
    """A click callback: `30s`, `10m`, `1h` or plain seconds as a number of seconds; BadParameter outside 1 s to 24 h."""
    if text is None:
        return None
    try:
        value = float(text[:-1] if text[-1:] in "smh" else text) * {"m": 60, "h": 3600}.get(text[-1:], 1)
    except ValueError:
        value = 0
    if not 1 <= value <= 86400:
        raise click.BadParameter("%r is no time between 1s and 24h, such as 30s, 10m, 1h" % text)
    return value


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
    help="A GitHub workflow that measures what rt.yaml asks for, with the services that it needs.",
    epilog="\b\nExample: pack rt ci > .github/workflows/realtime.yml",
)
@team_options
def ci(team, team_dir):
    from pack.realtime import ci as workflows

    click.echo(workflows.text(rtfile.load(team_dir, team), team), nl=False)


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
    with _alone(team_dir):
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
    help="What a system does to a consumer that does not keep up: what is kept, where the gap is, and whether anybody is told. Exit 1 for a gap.",
    epilog="\b\nExample: pack rt slow redis redis://127.0.0.1:6379/0 --option pubsub=true --messages 5000 --size 16384",
)
@click.argument("adapter")
@click.argument("address")
@click.option("--messages", type=click.IntRange(1, 1000000), default=2000, show_default=True, help="sent while the consumer takes none")
@click.option("--rate", type=Rate(1, 1000000), default=5000.0, show_default=True, help="messages a second")
@click.option("--size", type=click.IntRange(24, 1 << 24), default=64, show_default=True)
@click.option("--option", "options", multiple=True, help="NAME=VALUE for the adapter")
def slow(adapter, address, messages, rate, size, options):
    from pack.realtime import slow as slowly

    path = {"adapter": adapter, "address": address, "options": clicks.values(options), "payload_bytes": size}
    seen = slowly.run(path, "pack-slow-%s" % os.urandom(4).hex(), ".", messages, rate)
    for line in slowly.lines(seen):
        click.echo(line)
    raise SystemExit(1 if seen["gone"] else 0)


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
