"""`pack watch`: the live run, in the terminal (Textual), as text, or as a page in the browser."""

import argparse
import os
import sys
import time

from ..base import arguments, enforcement, extras
from ..base.streams import driven
from ..gate import entry
from ..protocol import machine
from ..protocol.refusal import Refusal
from ..store.journal import Damaged
from ..store.open_for_reading import Run
from ..store.render import tree
from . import log, screen, statusline


def main(argv):
    """Exit 0 when the view was closed, 1 when there is no run or its journal is damaged, 2 for wrong usage."""
    parser = arguments.Parser(
        prog="pack watch",
        description="The live run: agents, tasks, who waits for whom, the log. Looking changes nothing.",
        epilog="examples:\n  pack watch\n  pack watch --web\n  pack watch --plain\n  pack watch --fleet",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--web", action="store_true", help="as a page on 127.0.0.1; prints the address to open")
    parser.add_argument("--port", type=int, default=0, help="the port of --web (default: a free one)")
    parser.add_argument("--plain", action="store_true", help="text, line by line: for screen readers, pipes and small terminals")
    parser.add_argument("--fleet", action="store_true", help="every squad on every machine (pack fleet)")
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    parser.add_argument("--team", default=None, help="the team's name (default: the active one, else the newest)")
    args = parser.parse_args(argv)
    if args.fleet:
        from . import fleet

        return fleet.main(["watch"] + (["--project-folder", args.project] if args.project else []))
    try:
        if args.web:
            return _web(args)
        if args.plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            return _plain(args)
        return _screen(args)
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
    except Damaged as error:
        print(entry.trouble(error, None)[2], file=sys.stderr)
    return 1


def _screen(args):
    """The view that Textual makes. It takes a third of a second to load: until it draws, the tree of the last snapshot stands there."""
    run = Run(args.project, args.team)
    terminal = driven(sys.stdout)
    terminal.write("\033[?1049h\033[H\033[2J" + _first_picture(run))  # the screen that Textual enters, too
    terminal.flush()
    try:
        from ..report.watch_app import Watch
    except ModuleNotFoundError as error:
        terminal.write("\033[?1049l")
        if (error.name or "").partition(".")[0] not in ("textual", "rich"):
            raise
        print("pack watch: %s shows it as a screen; plain text follows." % extras.install("watch"), file=sys.stderr)
        return _plain(args)
    except KeyboardInterrupt:
        terminal.write("\033[?1049l")
        return 0
    from .verbs import explain

    Watch(args.project, args.team, explain).run()
    return 0


def _first_picture(run):
    """The tree as the run's last snapshot has it, cut to the terminal; "" where there is none that this version reads."""
    state = statusline.snapshot(run.store.snapshot)
    if not state or state.get("v") != machine.VERSION:
        return ""
    columns, rows = screen.size() or (80, 24)
    shown = tree(state, enforcement.recorded(state)["level"], rows - 1).split("\n")[: rows - 1]
    return "\r\n".join(screen.fitted(line, columns) for line in shown)


def _web(args):
    from ..report.web import Server

    try:
        server = Server(args.project, args.team, args.port)
    except OSError as error:
        print("pack watch: port %d cannot be had: %s" % (args.port, error.strerror), file=sys.stderr)
        return 1
    print("pack watch: %s   (ctrl-c ends it; the run goes on)" % server.address, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


def _plain(args):
    """The tree once, then every event as it comes, until the run is closed."""
    from ..store.follow import Follower

    follower = Follower(args.project, args.team)
    follower.look()
    print(tree(follower.state, enforcement.recorded(follower.state)["level"]), flush=True)
    shown, coloured = len(follower.records), screen.colours()
    while not follower.records or follower.records[-1]["event"] not in ("TEAM_DELETED", "RUN_CLOSED"):
        time.sleep(0.5)
        follower.look()
        at = screen.size()
        for record in follower.records[shown:]:
            print(log.line(record, at and at[0], coloured), flush=True)
        shown = len(follower.records)
    return 0
