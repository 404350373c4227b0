"""`pack adr check`: the arithmetic of real-time decisions. Exit codes: 0 all hold, 1 one does not, 2 usage or setup."""

import os

import click

from pack.cli import clicks
from pack.realtime import adr, rtfile
from pack.teams.layout import by_id, project_of


@click.group("adr", help="Architecture decisions that touch real time must add up.", epilog="\b\nExample: pack adr check --measure")
def group():
    pass


@group.command(
    help="Check every decision; with --measure prove it with the probe at its own rate and users.",
    epilog="\b\nExample:\n  pack adr check\n  pack adr check --measure --duration 10",
)
@click.argument("names", nargs=-1)
@click.option("--decisions", default=os.path.join(".claude", "decisions"), show_default=True)
@clicks.team_options
@click.option("--measure", "measuring", is_flag=True, help="run the probe on realtime.path")
@click.option("--duration", default=10.0, show_default=True, help="seconds of measurement")
def check(names, decisions, team, team_dir, measuring, duration):
    if not os.path.isdir(decisions):
        raise click.UsageError("no folder %s: give --decisions" % decisions)
    paths = by_id(rtfile.load(team_dir, team), "paths") if rtfile.find(team_dir) else None
    if not 0 < duration < float("inf"):
        raise click.UsageError("--duration is a number of seconds above 0")
    found = adr.read(decisions)
    names = [os.path.basename(n) for n in names]
    unknown = set(names) - {f[0] for f in found}
    if unknown:
        raise click.UsageError(
            "no decision %s in %s; there are: %s"
            % (", ".join(sorted(unknown)), decisions, ", ".join(sorted(f[0] for f in found)) or "none")
        )
    bad = False
    for problem in [f[3] for f in found if f[3] and (not names or f[0] in names)]:
        click.echo(problem)
        bad = True
    chosen = [f[:3] for f in found if not f[3] and (not names or f[0] in names) and adr.touches(f[1], f[2])]
    if not bad and not chosen:
        sound = sum(not f[3] for f in found)
        click.echo(
            "%d decision%s in %s, none touches real time (no `realtime` in the front matter, no word of it in the text)"
            % (sound, "" if sound == 1 else "s", decisions)
        )
    for name, data, rest in chosen:
        if not _adds_up(name, data, rest, paths):
            bad = True
        elif measuring and adr.status(data, rest)[1] != "nobody":
            bad = not _measured(name, data["realtime"], paths, team_dir, team, duration) or bad
    raise SystemExit(1 if bad else 0)


def _adds_up(name, data, rest, paths):
    """Print what one decision's arithmetic says. Answers whether it holds; one that binds nobody does."""
    said, kind = adr.status(data, rest)
    if kind == "nobody":
        click.echo("%s: %s: it binds nobody, nothing is checked" % (name, said))
        return True
    if kind == "unknown":
        click.echo(
            "%s: status %r is not known (%s); checked as one that binds"
            % (name, said, ", ".join((adr.DRAFT[1], adr.ACCEPTED[0]) + adr.BINDS_NOBODY[:3]))
        )
    problems = adr.check(data, rest, name, paths)
    for problem in problems:
        click.echo(problem)
    if problems:
        return False
    spec, told = data["realtime"], adr.arithmetic(data["realtime"])
    click.echo(
        "%s: holds: %g messages/s in, %g/s out, %.2f Mbit/s out, %g in flight within %g ms"
        % (name, told["in_per_s"], told["out_per_s"], told["out_mbit"], told["in_flight"], spec["budget_ms"])
    )
    for line in adr.review(spec, rest) if kind == "draft" else adr.guidance(spec) if kind == "accepted" else ():
        click.echo("%s: %s: %s" % (name, said, line))
    return True


def _measured(name, spec, paths, team_dir, team, duration):
    """Prove one decision with the probe. Answers whether it holds there."""
    if not paths or "path" not in spec:
        click.echo("%s: not measured: realtime.path must name a path of %s" % (name, os.path.join(team_dir, "rt.yaml")))
        return False
    from pack.realtime import probe  # needs the extra `realtime`

    try:
        progress = probe.Progress("adr %s" % name)
        problems, figures = adr.measure(spec, paths[spec["path"]], project_of(team_dir, team), duration, progress)
    except adr.AdrError as error:
        problems, figures = [str(error)], {}
    for problem in problems:
        click.echo("%s: %s" % (name, problem))
    if figures.get("partial"):
        raise SystemExit(130)
    if problems:
        return False
    click.echo(
        "%s: measured: %d messages of %d users at %g/s, P99 bound %.2f ms of %g ms"
        % (name, figures["sent"], figures["users"], figures["rate"], figures["bound_ms"], spec["budget_ms"])
    )
    return True


def main(argv):
    """The verb's entry."""
    return clicks.run(group, argv, setup=(adr.AdrError, rtfile.RtError, OSError, RuntimeError, ValueError))
