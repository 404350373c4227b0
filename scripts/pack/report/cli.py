"""`pack report`: PPTX and PDF from the evidence. Exit codes: 0 done, 1 not certified (final), 2 usage or setup."""

import functools
import os
import sys
import time


def main(argv=None):
    """The verb's entry."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["html"]:  # a run's timeline needs no extra package
        from pack.report import timeline

        return timeline.main(argv[1:])
    try:
        import click
        import pptx  # noqa: F401
        import reportlab  # noqa: F401
    except ImportError as error:
        from pack import extras

        print(
            "pack report: needs its extra packages (%s): %s   (`pack report html` needs none)"
            % (error.name or error, extras.install("report")),
            file=sys.stderr,
        )
        return 2
    return _cli(click, argv)


def _cli(click, argv):
    from pack.report import data
    from pack.teams import TeamError, here

    def shared(function):
        """--team and --dir, as the definition and the folder that they name; --now for tests."""

        @functools.wraps(function)
        def settled(*args, team, team_dir, **more):
            definition, folder = here.settle(team, team_dir)
            return function(*args, team=definition, team_dir=folder, **more)

        for option in (
            click.option("--now", type=float, default=None, hidden=True),
            click.option("--dir", "team_dir", help=here.DIR_HELP),
            click.option("--team", help=here.TEAM_HELP),
        ):
            settled = option(settled)
        return settled

    def make(team, team_dir, now, pptx=True, pdf=True, name=None):
        definition, now = team, time.time() if now is None else now
        if not os.path.isdir(team_dir):
            raise click.UsageError("no folder %s: give --dir, or activate the team first" % team_dir)
        folder = os.path.join(team_dir, "reports")
        os.makedirs(folder, exist_ok=True)
        seen, written = data.collect(team_dir, definition, now), []
        if pptx:
            from pack.report import slides

            target = os.path.join(folder, "%s.pptx" % name if name else "status_%03d.pptx" % data.next_number(folder, "status", "pptx"))
            slides.write(seen, target, now)
            written.append(target)
        if pdf:
            from pack.report import paper

            target = os.path.join(folder, "%s.pdf" % name if name else "activity_%03d.pdf" % data.next_number(folder, "activity", "pdf"))
            paper.write(seen, target, definition)
            written.append(target)
        for target in written:
            click.echo("wrote %s" % target)
        click.echo(seen["headline"])
        return definition, seen, folder

    @click.group(
        invoke_without_command=True,
        help="Reports from the evidence: a headline that is computed, no averages, what is open last.",
        epilog="\b\nExample:\n  pack report html --out run.html    # the timeline of a run; needs no extra packages\n  pack report all\n  pack report --due",
    )
    @click.option(
        "--due",
        "only_due",
        is_flag=True,
        help="write PPTX and PDF only if the last one is six hours old (the team's rhythm)",
    )
    @shared
    @click.pass_context
    def report(context, only_due, team, team_dir, now):
        if context.invoked_subcommand:
            return
        if not only_due:
            click.echo(context.get_help())
            raise SystemExit(2)
        is_due, left = data.due(os.path.join(team_dir, "reports"), team, time.time() if now is None else now)
        if is_due:
            make(team, team_dir, now)
        else:
            click.echo("not due: the next report in %d h %02d min" % (left // 3600, left % 3600 // 60))

    @report.command("all", help="PPTX and PDF.", epilog="\b\nExample: pack report all")
    @shared
    def both(team, team_dir, now):
        make(team, team_dir, now)

    @report.command(help="The presentation only.", epilog="\b\nExample: pack report pptx")
    @shared
    def pptx(team, team_dir, now):
        make(team, team_dir, now, pdf=False)

    @report.command(help="The document only.", epilog="\b\nExample: pack report pdf")
    @shared
    def pdf(team, team_dir, now):
        make(team, team_dir, now, pptx=False)

    @report.command(
        help="The final certification: CERTIFICATION.md, PPTX and PDF. Exit 1 if not certified.",
        epilog="\b\nExample: pack report final",
    )
    @shared
    def final(team, team_dir, now):
        definition, seen, folder = make(team, team_dir, now, name="final")
        target = os.path.join(folder, "CERTIFICATION.md")
        with open(target, "w", encoding="utf-8") as handle:
            handle.write(data.certificate(seen, definition))
        click.echo("wrote %s\nstatus: %s" % (target, "CERTIFIED" if seen["certified"] else "NOT CERTIFIED"))
        raise SystemExit(0 if seen["certified"] else 1)

    try:
        report.main(args=argv, prog_name="pack report", standalone_mode=False)
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except TeamError as error:
        click.echo("pack report: %s" % error, err=True)
        return 2
    except SystemExit as error:
        return error.code
