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
    found = [f[:3] for f in found if not f[3]]
    if not bad and not any(adr.touches(data, rest) for name, data, rest in found if not names or name in names):
        click.echo(
            "%d decision%s in %s, none touches real time (no `realtime` in the front matter, no word of it in the text)"
            % (len(found), "" if len(found) == 1 else "s", decisions)
        )
    for name, data, rest in found:
        if (names and name not in names) or not adr.touches(data, rest):
            continue
        said, kind = adr.status(data, rest)
        if kind == "nobody":
            click.echo("%s: %s: it binds nobody, nothing is checked" % (name, said))
            continue
        if kind == "unknown":
            click.echo(
                "%s: status %r is not known (%s); checked as one that binds"
                % (name, said, ", ".join((adr.DRAFT[1], adr.ACCEPTED[0]) + adr.BINDS_NOBODY[:3]))
            )
        problems = adr.check(data, rest, name, paths)
        for problem in problems:
            click.echo(problem)
        bad = bad or bool(problems)
        if problems:
            continue
        spec, told = data["realtime"], adr.arithmetic(data["realtime"])
        click.echo(
            "%s: holds: %g messages/s in, %g/s out, %.2f Mbit/s out, %g in flight within %g ms"
            % (name, told["in_per_s"], told["out_per_s"], told["out_mbit"], told["in_flight"], spec["budget_ms"])
        )
        for line in adr.review(spec, rest) if kind == "draft" else adr.guidance(spec) if kind == "accepted" else ():
            click.echo("%s: %s: %s" % (name, said, line))
        if measuring:
            if not paths or "path" not in spec:
                click.echo("%s: not measured: realtime.path must name a path of %s" % (name, os.path.join(team_dir, "rt.yaml")))
                bad = True
                continue
            from pack.realtime import probe  # needs the extra `realtime`

            try:
                problems, figures = adr.measure(
                    spec,
                    paths[spec["path"]],
                    project_of(team_dir, team),
                    duration,
                    probe.Progress("adr %s" % name),
                )
            except adr.AdrError as error:
                problems, figures = [str(error)], {}
            for problem in problems:
                click.echo("%s: %s" % (name, problem))
            if figures.get("partial"):
                raise SystemExit(130)
            bad = bad or bool(problems)
            if not problems:
                click.echo(
                    "%s: measured: %d messages of %d users at %g/s, P99 bound %.2f ms of %g ms"
                    % (
                        name,
                        figures["sent"],
                        figures["users"],
                        figures["rate"],
                        figures["bound_ms"],
                        spec["budget_ms"],
                    )
                )
    raise SystemExit(1 if bad else 0)


def main(argv):
    """The verb's entry."""
    return clicks.run(group, argv, setup=(adr.AdrError, rtfile.RtError, OSError, RuntimeError, ValueError))
