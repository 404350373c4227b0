"""`pack adr check`: the arithmetic of real-time decisions. Exit codes: 0 all hold, 1 one does not, 2 usage or setup."""

import os
import sys


def main(argv=None):
    """The verb's entry."""
    try:
        import click
        import yaml  # noqa: F401
    except ImportError as error:
        from pack import extras

        print("pack adr: needs %s: %s" % (error.name, extras.install()), file=sys.stderr)
        return 2
    from pack.realtime import adr
    from pack.teams import TeamError, here

    @click.group(help="Architecture decisions that touch real time must add up.", epilog="\b\nExample: pack adr check --measure")
    def group():
        pass

    @group.command(
        help="Check every decision; with --measure prove it with the probe at its own rate and users.",
        epilog="\b\nExample:\n  pack adr check\n  pack adr check --measure --duration 10",
    )
    @click.argument("names", nargs=-1)
    @click.option("--decisions", default=os.path.join(".claude", "decisions"), show_default=True)
    @click.option("--team", help=here.TEAM_HELP)
    @click.option("--dir", "team_dir", help="where rt.yaml is  [default: the definition's root]")
    @click.option("--measure", "measuring", is_flag=True, help="run the probe on realtime.path")
    @click.option("--duration", default=10.0, show_default=True, help="seconds of measurement")
    def check(names, decisions, team, team_dir, measuring, duration):
        from pack.realtime import rtfile
        from pack.teams.definition import by_id, project_of

        try:
            definition, team_dir = here.settle(team, team_dir)
        except TeamError as error:
            raise click.UsageError(str(error))

        if not os.path.isdir(decisions):
            raise click.UsageError("no folder %s: give --decisions" % decisions)
        paths = None
        if rtfile.find(team_dir):
            try:
                paths = by_id(rtfile.load(team_dir, definition), "paths")
            except rtfile.RtError as error:
                raise click.UsageError(str(error))
        found = adr.read(decisions)
        unknown = set(names) - {n for n, _, _ in found}
        if unknown:
            raise click.UsageError(
                "no decision %s in %s; there are: %s"
                % (", ".join(sorted(unknown)), decisions, ", ".join(sorted(n for n, _, _ in found)) or "none")
            )
        bad = False
        if not any(adr.touches(data, rest) for name, data, rest in found if not names or name in names):
            click.echo(
                "%d decision%s in %s, none touches real time (no `realtime` in the front matter, no word of it in the text)"
                % (len(found), "" if len(found) == 1 else "s", decisions)
            )
        for name, data, rest in found:
            if (names and name not in names) or not adr.touches(data, rest):
                continue
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
            if measuring:
                if not paths or "path" not in spec:
                    click.echo("%s: not measured: realtime.path must name a path of %s" % (name, os.path.join(team_dir, "rt.yaml")))
                    bad = True
                    continue
                try:
                    import hdrh.histogram  # noqa: F401
                except ImportError:
                    from pack import extras

                    raise click.UsageError("--measure needs " + extras.install("realtime"))
                from pack.realtime import probe

                problems, figures = adr.measure(
                    spec,
                    paths[spec["path"]],
                    project_of(team_dir, definition),
                    duration,
                    probe.Progress("adr %s" % name),
                )
                for problem in problems:
                    click.echo("%s: %s" % (name, problem))
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

    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        group.main(args=argv, prog_name="pack adr", standalone_mode=False)
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (adr.AdrError, OSError, RuntimeError, ValueError) as error:
        click.echo("pack adr: %s" % error, err=True)
        return 2
    except SystemExit as error:
        return error.code
