"""`pack log`: the run's events for people, filtered, one a line."""

import argparse
import datetime
import json
import re
import sys
import time

from ..protocol import tables
from ..protocol.refusal import Refusal
from ..store.open_for_reading import Run
from ..store.telling import told
from . import screen

FOLLOWED = 20  # events that --follow begins with
GOOD = ("APPROVED", "DONE", "VERIFIED", "COMMITTED", "TEAM_DELETED", "PLAN_REGISTERED")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def options(parser):
    """The options of the verb."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    parser.add_argument("--follow", "-f", action="store_true", help="show the last events and then what comes, until the run is closed")
    parser.add_argument("-n", type=count, default=None, metavar="N", help="only the last N events (default: all; 20 with --follow)")
    parser.add_argument("--since", type=moment, default=None, metavar="WHEN", help="only later ones: 10m, 2h, 14:30 or 2026-01-31T14:30")
    parser.add_argument("--actor", default=None, metavar="NAME", help="only of this agent (`lead`, `coder-1`, `gate`)")
    parser.add_argument("--event", default=None, metavar="NAME", help="only these events; `refused` for every refusal")
    parser.add_argument("--task", type=number, default=None, metavar="N", help="only events of this task: 2 or #2")
    parser.add_argument("--refused", action="store_true", help="only refusals")


def count(text):
    """A number of lines."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError("N is a number of events, as in -n 20, not %r" % text)
    return int(text)


def number(text):
    """`2` or `#2` -> 2."""
    word = text[1:] if text.startswith("#") else text
    if not word.isdigit():
        raise argparse.ArgumentTypeError("a task is a number: 2 or #2, not %r" % text)
    return int(word)


def moment(text):
    """A point in time, in seconds since the epoch: `10m` ago, `14:30` today, or a date and time."""
    ago = re.fullmatch(r"(\d+)([smhd])", text)
    if ago:
        return time.time() - int(ago.group(1)) * UNITS[ago.group(2)]
    try:
        if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text):
            clock = datetime.time.fromisoformat(text.zfill(5) if text.count(":") == 1 else text.zfill(8))
            return datetime.datetime.combine(datetime.date.today(), clock).timestamp()
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("WHEN is 10m, 2h, 14:30 or 2026-01-31T14:30, not %r" % text) from None


def row(record):
    """One event as `--json` prints it."""
    return {k: record[k] for k in ("seq", "ts", "epoch", "actor", "event", "data", "key")}


NARROW = 64  # columns: in fewer, what happened stands on a line of its own


def line(record, width=None, coloured=False, who=12):
    """One event as people read it, cut to `width` columns (None: whole); two lines in a narrow terminal."""
    bad = record["event"] in tables.TROUBLE
    clock = time.strftime("%H:%M:%S", time.localtime(record["ts"]))
    name = screen.cut(record["actor"]["name"] or "-", who)
    head = "%5d %s %s %s%s " % (record["seq"], clock, "✋" if bad else "  ", name, " " * (who - screen.columns(name)))
    event = "%-22s " % record["event"]
    if width is not None and width < NARROW:
        lines = ("%s %s%s %s" % (clock, "✋ " if bad else "", record["actor"]["name"] or "-", record["event"]), "  " + told(record))
        text = "\n".join(screen.cut(each, width) for each in lines if each.strip())
    else:
        text = screen.cut(head + event + told(record), width)
    colour = "red" if bad else "green" if record["event"] in GOOD else None
    return screen.paint(text, colour, coloured)


def chosen(records, args):
    """The records that the options ask for, in order."""
    event = (args.event or "").casefold()
    for record in records:
        bad = record["event"] in tables.TROUBLE
        if args.since is not None and record["ts"] < args.since:
            continue
        if args.actor is not None and (record["actor"]["name"] or "gate") != args.actor:
            continue
        if (args.refused or event in ("refused", "refusals")) and not bad:
            continue
        if event and event not in ("refused", "refusals") and not record["event"].casefold().startswith(event):
            continue
        if args.task is not None and args.task not in (record["data"].get("task"), record["data"].get("claims")):
            continue
        yield record


def run(args):
    """The verb. Exit code 0; 1 where an actor or a task is asked for that the run does not have."""
    found = Run(args.project, args.team)
    shown, most = 0, args.n if args.n is not None else FOLLOWED if args.follow else None
    coloured = screen.colours()
    while True:
        state, records = found.look()
        if not shown:
            _known(args, state, records)
        rows = list(chosen(records[shown:], args))
        if not shown and most is not None:
            rows = rows[len(rows) - most :] if most < len(rows) else rows
        at = screen.size()
        who = min(24, max([12] + [screen.columns(n) for n in state["roster"]]))
        for record in rows:
            if args.json:
                print(json.dumps(row(record), ensure_ascii=False), flush=True)
            else:
                print(line(record, at and at[0], coloured, who), flush=True)
        if not args.follow or (records and records[-1]["event"] in ("TEAM_DELETED", "RUN_CLOSED")):
            if not rows and not shown:
                print("pack log: no event of this run is like that", file=sys.stderr)
            return 0
        shown = len(records)
        time.sleep(0.5)


def _known(args, state, records):
    names = {r["actor"]["name"] or "gate" for r in records}
    if args.actor is not None and args.actor not in names | set(state["roster"]):
        raise Refusal(
            "NO_ACTOR", "nobody in this run is called %s" % args.actor, "there are " + ", ".join(sorted(names)), "pack log --actor NAME"
        )
    if args.task is not None and str(args.task) not in state["tasks"]:
        known = ", ".join("#%s" % n for n in sorted(map(int, state["tasks"]))) or "none yet"
        raise Refusal("NO_TASK", "task #%d does not exist" % args.task, "tasks: " + known, "pack log --task N")
