"""`pack report all`, `pptx`, `pdf`, `final`, `--due`: PPTX and PDF from the evidence."""

import os
import time

import click

from pack.base import whole_file
from pack.cli import clicks
from pack.realtime import written as listing
from pack.report import data
from pack.teams import rhythm
from pack.teams.layout import project_of


def make(team, team_dir, now, pptx=True, pdf=True, name=None):
    from pack.report import paper, slides  # half a second, and not before there is something to write

    definition, now = team, time.time() if now is None else now
    if not os.path.isdir(team_dir):
        raise click.UsageError("no folder %s: give --dir, or activate the team first" % team_dir)
    folder = os.path.join(team_dir, "reports")
    os.makedirs(folder, exist_ok=True)
    seen, written = data.collect(team_dir, definition, now), []
    if pptx:
        target = os.path.join(folder, "%s.pptx" % name if name else "status_%03d.pptx" % rhythm.next_number(folder, "status", "pptx"))
        whole_file.made_by(target, lambda fresh: slides.write(seen, fresh, now))
        written.append(target)
    if pdf:
        target = os.path.join(folder, "%s.pdf" % name if name else "activity_%03d.pdf" % rhythm.next_number(folder, "activity", "pdf"))
        whole_file.made_by(target, lambda fresh: paper.write(seen, fresh, definition))
        written.append(target)
    listing.note(project_of(team_dir, team), team_dir, [os.path.basename(target) for target in written], time.time())
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
@clicks.team_options
@clicks.now_option
@click.pass_context
def report(context, only_due, team, team_dir, now):
    if context.invoked_subcommand:
        return
    if not only_due:
        click.echo(context.get_help())
        raise SystemExit(2)
    is_due, left = rhythm.due(os.path.join(team_dir, "reports"), team, time.time() if now is None else now)
    if is_due:
        make(team, team_dir, now)
    else:
        click.echo("not due: the next report in %d h %02d min" % (left // 3600, left % 3600 // 60))


@report.command("all", help="PPTX and PDF.", epilog="\b\nExample: pack report all")
@clicks.team_options
@clicks.now_option
def both(team, team_dir, now):
    make(team, team_dir, now)


@report.command(help="The presentation only.", epilog="\b\nExample: pack report pptx")
@clicks.team_options
@clicks.now_option
def pptx(team, team_dir, now):
    make(team, team_dir, now, pdf=False)


@report.command(help="The document only.", epilog="\b\nExample: pack report pdf")
@clicks.team_options
@clicks.now_option
def pdf(team, team_dir, now):
    make(team, team_dir, now, pptx=False)


@report.command(
    help="The final certification: CERTIFICATION.md, PPTX and PDF. Exit 1 if not certified.",
    epilog="\b\nExample: pack report final",
)
@clicks.team_options
@clicks.now_option
def final(team, team_dir, now):
    definition, seen, folder = make(team, team_dir, now, name="final")
    target = os.path.join(folder, "CERTIFICATION.md")
    whole_file.put(target, data.certificate(seen, definition))
    listing.note(project_of(team_dir, team), team_dir, [os.path.basename(target)], time.time())
    click.echo("wrote %s\nstatus: %s" % (target, "CERTIFIED" if seen["certified"] else "NOT CERTIFIED"))
    raise SystemExit(0 if seen["certified"] else 1)


def main(argv):
    """Exit codes: 0 done, 1 not certified (final), 2 usage or setup."""
    return clicks.run(report, argv)
