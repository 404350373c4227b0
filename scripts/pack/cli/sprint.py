"""`pack sprint`: the command centre. Exit codes: 0 fine, 1 something needs a person, 2 usage or setup."""

import contextlib
import os
import signal

import click

from pack.base import whole_file
from pack.cli import clicks
from pack.fleet import policy
from pack.realtime import gates, grid, handoffs, integration_day, panels, sprint, sprint_documents, sprint_exit
from pack.realtime.backlog import STATES, Backlog, eta
from pack.teams import TeamError, here


def shared(function):
    for option in (
        click.option("--file", "path", default=os.path.join("docs", "sprints", "sprint.yaml"), show_default=True),
        clicks.now_option,
    ):
        function = option(function)
    return function


def at(now, backlog=Backlog):
    return backlog.clock() if now is None else now


def opened(data, looking=False):
    """The backlog of this machine; in a fleet the one of all squads. Who only looks sees it as last written while the engine is away."""
    if not in_fleet():
        return Backlog(data)
    from pack.realtime import shared as fleet

    try:
        return fleet.Backlog(data)
    except fleet.Away as error:
        if not looking:
            raise
        click.echo("%s; as it was last written here:" % error, err=True)
        return Backlog(data)


def in_fleet():
    return os.path.exists(policy.NAME)


@contextlib.contextmanager
def changed(path):
    """The backlog, read and written with nobody else between."""
    data = sprint.load(path)
    with grid.alone(Backlog(data).path):
        backlog = opened(data)
        yield backlog
        backlog.save()


FLEET_VERBS = ("share", "handoff", "accept", "decide", "log", "contract")  # sprint_fleet.py has them


class Sprint(click.Group):
    """The verbs; to who types one that only a fleet has, where none is, that is said."""

    def resolve_command(self, ctx, args):
        if args[0] in FLEET_VERBS and self.get_command(ctx, args[0]) is None:
            ctx.fail(
                "`pack sprint %s` is for a clone that is in a fleet, and there is no %s here: `pack fleet join` writes it (docs/fleet.md)"
                % (args[0], policy.NAME)
            )
        return super().resolve_command(ctx, args)


@click.group(
    "sprint",
    cls=Sprint,
    help="Squads in parallel: lanes, rhythm, blockers, integration day, exit criteria. Real systems only.",
    epilog="\b\nExample:\n  pack sprint init\n  pack sprint add runtime 'Token stream' --owner ana\n  pack sprint lanes",
)
def group():
    pass


@group.command(help="Write an example sprint.yaml.", epilog="\b\nExample: pack sprint init")
@shared
def init(path, now):
    if os.path.exists(path):
        raise sprint.SprintError("%s is there already: edit it, or give --file" % path)
    whole_file.put(path, sprint.EXAMPLE)
    click.echo("wrote %s" % path)


@group.command(help="The squads as lanes, with what is blocked and what is due.", epilog="\b\nExample: pack sprint lanes")
@shared
def lanes(path, now):
    data = sprint.load(path)
    backlog, bad = opened(data, True), False
    now = at(now, backlog)
    for title, _, mine in backlog.lanes():
        click.echo("%-24s %s" % (title, "  ".join("%s:%d" % (s, sum(i["state"] == s for i in mine)) for s in STATES)))
        for item in mine:
            if item["state"] in ("doing", "blocked"):
                click.echo("    %-8s %s %s%s" % (item["state"], item["id"], item["title"], "  cross-squad" if item.get("cross") else ""))
    due = backlog.status_due(now)
    if due:
        bad = True
        click.echo("status due: %s; `pack sprint status`" % due)
    for line in backlog.waits():
        click.echo(line)
    over = [b for b in backlog.blockers(now) if b[2]]
    for item, hours, _ in over:
        click.echo(
            "ESCALATE %s: %s, owner %s, ETA %s, blocked %.1f h; tell %s"
            % (item["id"], item["blocker"], item["owner"], eta(item, now), hours, data.get("escalation", "the leads"))
        )
    raise SystemExit(1 if bad or over else 0)


@group.command(help="Today's rhythm.", epilog="\b\nExample: pack sprint today")
@shared
def today(path, now):
    data = sprint.load(path)
    local = sprint.local(data, at(now))
    entries = sprint.today(data, at(now))
    if not entries:
        click.echo("nothing in the rhythm for today (%s); sprint.yaml says what is when" % sprint.DAYS[local.weekday()])
    for when, what, minutes, who, state in entries:
        click.echo("%-4s %s  %s (%d min, %s)" % (state, when, what, minutes, who))
    if sprint.DAYS[local.weekday()] == data["integration_day"]["day"]:
        click.echo("today is integration day: `pack sprint integration`")


@group.command(
    help="Add an item to a squad's lane.",
    epilog="\b\nExample: pack sprint add runtime 'Token stream' --owner ana --cross-squad",
)
@click.argument("squad")
@click.argument("title")
@click.option("--owner", default=None)
@click.option("--cross-squad", "cross", is_flag=True)
@click.option("--needs", multiple=True, metavar="ID", help="an item that comes first")
@click.option("--accept", "criteria", multiple=True, help="by what it is accepted")
@click.option(
    "--contract", "contracts", multiple=True, metavar="NAME", help="a recorded contract that it is built against: its drift blocks the item"
)
@shared
def add(squad, title, owner, cross, needs, criteria, contracts, path, now):
    with changed(path) as backlog:
        item = backlog.add(squad, title, owner, cross, at(now), needs, criteria, contracts)
    click.echo("%s: %s" % (item["id"], item["title"]))


@group.command(
    "set",
    help="Change an item: todo, doing, blocked, done, rolled.",
    epilog="\b\nExample: pack sprint set B1 blocked --by 'schema not merged' --owner ana --eta 2026-03-04T15:00",
)
@click.argument("ident")
@click.argument("state")
@click.option("--owner", default=None)
@click.option("--by", "blocker", default=None)
@click.option("--eta", default=None)
@click.option("--accept", "criteria", multiple=True, help="one more criterion by what it is accepted")
@click.option("--met", multiple=True, metavar="N=FILE", help="criterion N is met, and this file shows it; done needs each")
@shared
def set_state(ident, state, owner, blocker, eta, criteria, met, path, now):
    with changed(path) as backlog:
        backlog.set(ident, state, at(now, backlog), owner, blocker, eta, criteria, met)


@group.command(
    help="What is blocked; exit 1 if something is for longer than blocker_hours.",
    epilog="\b\nExample: pack sprint blockers",
)
@shared
def blockers(path, now):
    data = sprint.load(path)
    backlog = opened(data, True)
    now = at(now, backlog)
    found = backlog.blockers(now)
    for item, hours, over in found:
        click.echo(
            "%s%s %s: %s, owner %s, ETA %s, %.1f h%s"
            % (
                "ESCALATE " if over else "",
                item["id"],
                item["squad"],
                item["blocker"],
                item["owner"],
                eta(item, now),
                hours,
                "  cross-squad" if item.get("cross") else "",
            )
        )
    raise SystemExit(1 if any(o for _, _, o in found) else 0)


@group.command(
    help="Run the integration day's checklist for real and archive what it printed.",
    epilog="\b\nExample: pack sprint integration",
)
@shared
def integration(path, now):
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # as ctrl-c: the command that runs is ended, what was seen is kept
            signal.signal(number, signal.default_int_handler)
    data = sprint.load(path)
    backlog = opened(data)
    result = integration_day.integrate(data, at(now, backlog), ".", lambda i, n, what: click.echo("[%d/%d] %s" % (i, n, what), err=True))
    backlog.integrated(result)
    for step in result["steps"]:
        click.echo("%-4s %s%s" % ("ok" if step["ok"] else "FAIL", step["do"], ": " + step["why"] if step["why"] else ""))
    raise SystemExit(0 if result["ok"] else 1)


@group.command(
    help="Write today's status file, or with --due only say whether one is due.",
    epilog="\b\nExample: pack sprint status --due",
)
@click.option("--due", "only", is_flag=True)
@shared
def status(only, path, now):
    data = sprint.load(path)
    backlog = opened(data)
    now = at(now, backlog)
    due = backlog.status_due(now)
    if only:
        click.echo("due: %s" % due if due else "not due")
        raise SystemExit(1 if due else 0)
    target = os.path.join(sprint.status_folder(data), "%s.md" % sprint.local(data, now).date())
    if os.path.exists(target):
        raise sprint.SprintError("%s is there already; edit it" % target)
    whole_file.put(target, sprint_documents.status_text(data, backlog, now))
    backlog.stated()
    click.echo("wrote %s" % target)


def _document(path, name, text):
    """Write a document beside the backlog."""
    data = sprint.load(path)
    target = os.path.join(os.path.dirname(Backlog(data).path), name)
    whole_file.put(target, text(data))
    click.echo("wrote %s" % os.path.normpath(target))


@group.command(
    help="Write Parallel_Wave_Schedule.md: cadence, items in waves, the map of what needs what.", epilog="\b\nExample: pack sprint schedule"
)
@shared
def schedule(path, now):
    _document(path, "Parallel_Wave_Schedule.md", lambda data: sprint_documents.schedule_text(data, opened(data), at(now)))


@group.command(help="Write Command_Center.md: how this sprint is run, from sprint.yaml.", epilog="\b\nExample: pack sprint handbook")
@shared
def handbook(path, now):
    _document(path, "Command_Center.md", sprint_documents.handbook_text)


@group.command(
    "panels",
    help="Do the panels answer, are the alerts' traces and the runbooks there? Exit 1 if not.",
    epilog="\b\nExample: pack sprint panels",
)
@shared
def panels_(path, now):
    data = sprint.load(path)
    for line in panels.lines(data) or ["sprint.yaml names no panels"]:
        click.echo(line)
    bad = panels.problems(data)
    for line in bad:
        click.echo("OPEN " + line)
    raise SystemExit(1 if bad else 0)


@group.command(
    help="Ask every recorded contract again; items built against one that drifted are blocked until it matches. Exit 1 if one drifted.",
    epilog="\b\nExample: pack sprint drift",
)
@click.option("--seconds", default=10.0, show_default=True)
@shared
def drift(seconds, path, now):
    found = handoffs.drifted(sprint.load(path), ".", seconds)
    with changed(path) as backlog:
        for item, word in handoffs.block(backlog, found, at(now)):
            click.echo("%s %s: %s" % (word, item["id"], item["title"]))
    for name, why in found.items():
        click.echo("DRIFT %s: %s" % (name, why))
    if found:
        click.echo("hold an ad-hoc design and contract clinic, settle it, then `pack record --all` and `pack sprint drift`")
    raise SystemExit(1 if found else 0)


@group.command(
    help="Write the day's wrap: metrics, contracts, hand-offs, blockers.", epilog="\b\nExample: pack sprint wrap --team realtimeSystems"
)
@click.option("--team", default=None, help="whose measurements are shown  [default: realtimeSystems, where it has measured here]")
@click.option("--dir", "team_dir", help="its folder  [default: the definition's root]")
@shared
def wrap(team, team_dir, path, now):
    data = sprint.load(path)
    target = os.path.join(sprint.status_folder(data), str(sprint.local(data, at(now)).date()), "wrap.md")
    whole_file.put(target, handoffs.wrap_text(data, opened(data, True), at(now), ".", _figures(team, team_dir, at(now))))
    click.echo("wrote %s" % target)


def _figures(team, team_dir, now):
    """Lines of what a team measured here, [] where nothing was."""
    from pack.report.data import collect

    try:
        definition, team_dir = here.settle(team or "realtimeSystems", team_dir)
    except TeamError:
        if team:
            raise
        return []
    if not os.path.isdir(os.path.join(team_dir, "evidence")):
        return []
    seen = collect(team_dir, definition, now)
    return [seen["headline"]] + [
        "%s: P50 %.3f, P99 %.3f ms of %g ms, %s" % (r["path"], r["p50_ms"], r["p99_ms"], r["budget_ms"], r["verdict"])
        for r in seen["latency"]
    ]


@group.command("exit", help="Evaluate the exit criteria.", epilog="\b\nExample: pack sprint exit")
@click.option("--team", default=None, help="also the gates of this team")
@click.option("--dir", "team_dir", help="its folder  [default: the definition's root]")
@shared
def exit_(team, team_dir, path, now):
    data, gate = sprint.load(path), None
    if team:
        definition, team_dir = here.settle(team, team_dir)
        gate = gates.evaluate(team_dir, definition, at(now))
    backlog = opened(data)
    backlog.stated()
    found = sprint_exit.exit_criteria(data, backlog, at(now, backlog), ".", gate)
    for criterion, met, why in found:
        click.echo("%-4s %s%s" % ("met" if met else "OPEN", criterion, ": " + why if why else ""))
    raise SystemExit(0 if all(m for _, m, _ in found) else 1)


def main(argv):
    """The verb's entry. In a fleet there are more verbs."""
    setup = (sprint.SprintError, ValueError)
    if not in_fleet():
        return clicks.run(group, argv, setup=setup)
    from pack.cli import sprint_fleet

    sprint_fleet.begin(argv)
    try:
        return clicks.run(group, argv, setup=setup)
    finally:
        sprint_fleet.end()
