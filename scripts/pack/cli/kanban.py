"""`pack kanban`: the team's board. Exit codes: 0 done, 1 refused, 2 usage or setup; of `sync --run`: gh's own."""

import contextlib
import os
import re
import shlex
import subprocess

import click

from pack.cli import clicks
from pack.realtime import grid, kanban
from pack.report.data import collect

GH_S = 120.0


def open_board(team, team_dir, must=True):
    board = kanban.Board(team_dir, team)
    if must and not os.path.isfile(board.path):
        raise kanban.KanbanError("no board at %s: `pack kanban init` makes it" % board.path)
    return board


@contextlib.contextmanager
def changed(team, team_dir, now):
    """The board, read and written with nobody else between; what a refused move leaves (the refusal) is kept too."""
    with grid.alone(open_board(team, team_dir).path):
        board = open_board(team, team_dir)
        try:
            yield board
        finally:
            board.save(now or kanban.now())


@click.group(
    "kanban",
    help="The board: moves are checked, metrics computed.",
    epilog="\b\nExample:\n  pack kanban init\n  pack kanban add 'Order stream' --label kafka\n"
    "  pack kanban set K1 --priority high --estimate 3 --infrastructure 'redis on staging'\n  pack kanban move K1 'Sprint Ready'",
)
def board():
    pass


@board.command(help="Make the board.", epilog="\b\nExample: pack kanban init")
@clicks.team_options
@clicks.now_option
def init(team, team_dir, now):
    made = open_board(team, team_dir, False)
    if os.path.isfile(made.path):
        raise kanban.KanbanError("%s is there already" % made.path)
    made.save(now or kanban.now())
    click.echo("wrote %s" % made.path)


@board.command(
    help="Add a card to the first column.",
    epilog="\b\nExample: pack kanban add 'Order stream' --label kafka --path orders.placed",
)
@click.argument("title")
@click.option("--label", "labels", multiple=True)
@click.option("--path", default=None, help="its message path in rt.yaml")
@clicks.team_options
@clicks.now_option
def add(title, labels, path, team, team_dir, now):
    with changed(team, team_dir, now) as b:
        card = b.add(title, labels, path, now or kanban.now())
    click.echo("%s: %s" % (card["id"], card["title"]))


@board.command("set", help="Set fields of a card.", epilog="\b\nExample: pack kanban set K1 --priority high --estimate 3")
@click.argument("ident")
@click.option("--label", "labels", multiple=True)
@click.option("--priority", type=click.Choice(["low", "medium", "high", "critical"]))
@click.option("--estimate", type=float)
@click.option("--owner")
@click.option("--artifact", help="its file below the team's folder")
@click.option("--path", help="its message path in rt.yaml")
@click.option("--infrastructure", help="what it runs on, once that is there")
@click.option("--tested", help="with what it was integration tested")
@click.option("--issue", type=int, help="its GitHub issue")
@clicks.team_options
@clicks.now_option
def set_fields(ident, labels, team, team_dir, now, **fields):
    with changed(team, team_dir, now) as b:
        b.set(ident, labels, **fields)


@board.command(help="Move a card to a column.", epilog="\b\nExample: pack kanban move K1 'Sprint Ready'")
@click.argument("ident")
@click.argument("column")
@clicks.team_options
@clicks.now_option
def move(ident, column, team, team_dir, now):
    with changed(team, team_dir, now) as b:
        b.move(ident, column, now or kanban.now())
    click.echo("%s: %s" % (ident, column))


@board.command(help="The board, the metrics and the latency of each path.", epilog="\b\nExample: pack kanban show")
@clicks.team_options
@clicks.now_option
def show(team, team_dir, now):
    b = open_board(team, team_dir)
    at = now or kanban.now()
    for column in b.columns:
        cards = [c for c in b.cards if c["history"][-1][0] == column]
        click.echo("%-20s %d  %s" % (column, len(cards), "; ".join("%s %s" % (c["id"], c["title"]) for c in cards)))
    for name, text in kanban.shown_metrics(b.metrics(at)):
        click.echo("%s: %s" % (name, text))
    seen = collect(team_dir, b.definition, at)
    click.echo(seen["headline"])
    for row in seen["latency"]:
        click.echo(
            "%-7s %-28s P50 %.3f  P95 %.3f  P99 %.3f ms, %s bound %s of %g ms"
            % (
                row["verdict"],
                row["path"],
                row["p50_ms"],
                row["p95_ms"],
                row["p99_ms"],
                row["claim"].upper(),
                "none" if row["bound_ms"] is None else "%.3f" % row["bound_ms"],
                row["budget_ms"],
            )
        )


@board.command(
    help="Bring GitHub up to the board: prints the gh commands, or runs them.",
    epilog="\b\nExample:\n  pack kanban sync\n  pack kanban sync --run\n  pack kanban sync --run --close-milestones    # at the end",
)
@click.option("--run", "running", is_flag=True, help="run them with the real gh")
@click.option("--close-milestones", "closing", is_flag=True, help="close those of MILESTONES.md, once every card is in the last column")
@click.option("--repo", default="{owner}/{repo}", help="OWNER/NAME for gh api (gh fills in the braces itself)")
@clicks.team_options
@clicks.now_option
def sync(running, closing, repo, team, team_dir, now):
    titles, done = kanban.milestones(team_dir), []
    if not running:
        for line in commands(open_board(team, team_dir), titles, closing, repo, done):
            click.echo(line)
    else:
        with changed(team, team_dir, now) as b:
            for line, command in commands(b, titles, closing, repo, done).items():
                click.echo(line)
                ended = gh(command) if command else None
                found = re.search(r"/issues/(\d+)", ended.stdout) if ended and command[1:3] == ["issue", "create"] else None
                if found:  # kept at once: whatever fails behind it, the issue is not made a second time
                    b.card(command[4].split(":")[0])["issue"] = int(found.group(1))
                    b.save(now or kanban.now())
            for card in b.cards:
                if card.get("issue"):
                    card["told"] = card["history"][-1]
            for number in gh(kanban.open_milestones(titles, repo)).stdout.split() if closing else ():
                gh(kanban.close_milestone(number, repo))
    with open(os.path.join(team_dir, "GITHUB_ISSUES.md"), "w", encoding="utf-8") as handle:
        handle.write(
            "# GitHub\n\n%s by `pack kanban sync`:\n\n```sh\n%s\n```\n" % ("Run" if running else "Printed, not run,", "\n".join(done))
        )


def commands(b, titles, closing, repo, done):
    """{shell line: argument list, None for a line that is more than one command}; the lines are added to `done` too."""
    left = [c["id"] for c in b.cards if c["history"][-1][0] != b.columns[-1]]
    if closing and left:
        raise kanban.KanbanError("milestones are closed when every card is in %s; not there: %s" % (b.columns[-1], ", ".join(left)))
    if closing and not titles:
        raise kanban.KanbanError("no milestones: MILESTONES.md has no `## TITLE`")
    found = {shlex.join(c): c for c in kanban.github(b, [] if closing else titles, repo)}
    if closing:
        line = "%s | while read -r number; do %s; done" % (
            shlex.join(kanban.open_milestones(titles, repo)),
            shlex.join(kanban.close_milestone("NUMBER", repo)).replace("NUMBER'", "'$number").replace("NUMBER", "$number"),
        )
        found[line] = None
    done += found
    return found


def gh(command):
    """Run the real gh; its exit code is ours when it fails."""
    try:
        # Nobody is there to answer a question of gh's, and a network that swallows everything must not hold the board.
        environment = dict(os.environ, GH_PROMPT_DISABLED="1")
        ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=GH_S, env=environment)
    except subprocess.TimeoutExpired:
        raise kanban.KanbanError("gh did not end within %d s: try again; what it made before is on the board" % GH_S)
    except FileNotFoundError:
        raise kanban.KanbanError("gh is not on PATH: install the GitHub CLI, or run the printed commands where it is")
    if ended.returncode and command[1] == "api" and "already_exists" in ended.stdout + ended.stderr:
        return ended  # the milestone of an earlier sync
    if ended.returncode:
        way = "; `gh auth login` first" if ended.returncode == 4 else ""
        click.echo("gh ended with exit code %d%s: %s" % (ended.returncode, way, ended.stderr.strip()), err=True)
        raise SystemExit(ended.returncode)
    return ended


def main(argv):
    """The verb's entry."""
    return clicks.run(board, argv, refused=(kanban.KanbanError,))
