"""`pack kanban`: the team's board. Exit codes: 0 done, 1 refused, 2 usage or setup; of `sync --run`: gh's own."""

import contextlib
import os
import re
import shlex
import subprocess

import click

from pack.base import whole_file
from pack.cli import clicks
from pack.realtime import github, grid, kanban
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
@click.option("--milestone", help="one of MILESTONES.md: its issue belongs to it")
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
    for name, text in kanban.shown_metrics(b.metrics(at), b.rules.get("metrics")):
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
    at, told = now or kanban.now(), os.path.join(team_dir, "GITHUB_ISSUES.md")
    try:
        with open(told, encoding="utf-8") as handle:
            ids = github.state(handle.read())[1]
    except OSError:
        ids = {}
    if not running:
        plan = Plan(open_board(team, team_dir), closing, repo, ids, at)
        for line in plan.lines:
            click.echo(line)
        plan.tell(told)
        return
    with changed(team, team_dir, now) as b:
        plan = Plan(b, closing, repo, ids, at)
        try:
            plan.run(at)
        finally:
            plan.tell(told)  # what was made before something failed is not made again


class Plan:
    """What `sync` does: `lines` of sh, `closed` milestones, `ids` of the GitHub Project."""

    def __init__(self, board, closing, repo, ids, now):
        left = [c["id"] for c in board.cards if c["history"][-1][0] != board.columns[-1]]
        if closing and left:
            raise kanban.KanbanError("milestones are closed when every card is in %s; not there: %s" % (board.columns[-1], ", ".join(left)))
        titles = kanban.milestones(board.team_dir)
        if closing and not titles:
            raise kanban.KanbanError("no milestones: MILESTONES.md has no `## TITLE`")
        self.board, self.repo, self.ids, self.closing, self.done = board, repo, dict(ids), closing, False
        self.closed = titles if closing else kanban.reached(board, now)
        self.commands = kanban.github(board, [t for t in titles if t not in self.closed], repo, now)
        title = "%s: %s" % (board.definition["title"], os.path.basename(os.path.dirname(board.team_dir)))
        self.steps = github.project(title, board.rules["columns"], self.ids, repo)
        cards = [(c, step) for c in board.cards if c.get("issue") and not self._told(c) for step in self._place(c)]
        self.lines = [shlex.join(c) for c in self.commands] + [github.line(*s) for s in self.steps] + [github.line(*s) for _c, s in cards]
        if self.closed:
            self.lines.append(
                "%s | while read -r number; do %s; done"
                % (
                    shlex.join(kanban.open_milestones(self.closed, repo)),
                    shlex.join(kanban.close_milestone("NUMBER", repo)).replace("NUMBER'", "'$number").replace("NUMBER", "$number"),
                )
            )

    @staticmethod
    def _told(card):
        return card.get("item") and card.get("told") == card["history"][-1]

    def _place(self, card):
        return github.place(card["issue"], self.board.columns.index(card["history"][-1][0]), card.get("item"), self.repo)

    def run(self, now):
        """Run it with the real gh. What it made before something failed is kept on the board and not made again."""
        for command in self.commands:
            click.echo(shlex.join(command))
            ended = gh(command)
            found = re.search(r"/issues/(\d+)", ended.stdout) if command[1:3] == ["issue", "create"] else None
            if found:  # kept at once: whatever fails behind it, the issue is not made a second time
                self.board.card(command[4].split(":")[0])["issue"] = int(found.group(1))
                self.board.save(now)
        for name, argv in self.steps:
            self.ids[name] = self._answer(name, argv)
        for card in self.board.cards:
            for name, argv in self._place(card) if card.get("issue") and not self._told(card) else ():
                answer = self._answer(name, argv)
                if name:
                    self.ids[name] = answer
                if name == "item":
                    card["item"] = answer
            if card.get("issue"):
                card["told"] = card["history"][-1]
        for number in gh(kanban.open_milestones(self.closed, self.repo)).stdout.split() if self.closed else ():
            gh(kanban.close_milestone(number, self.repo))
        self.done = True

    def tell(self, path):
        """Write GITHUB_ISSUES.md."""
        kept = {k: v for k, v in self.ids.items() if k not in ("owner", "repository", "content", "item")}
        whole_file.put(path, github.document(self.done, kept, self.lines, ["all"] if self.closing else self.closed))

    def _answer(self, name, argv):
        click.echo(github.line(name, argv))
        found = gh(github.filled(argv, self.ids)).stdout.strip()
        if not found:
            raise kanban.KanbanError("gh answered no id for %s: look at the project on GitHub, then sync again" % (name or "the move"))
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
