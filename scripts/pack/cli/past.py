"""`pack runs` and `pack stats`: what the runs of a project came to, and what the rules caught in them."""

import argparse
import json
import sys
import time

from ..base import arguments
from ..protocol.refusal import Refusal
from ..report import past
from ..store.history import counted, duration
from . import screen


def runs(argv):
    """`pack runs`: one line a run, the newest first. Exit 1 where there is none."""
    args = _arguments("runs", "every run of this project, the newest first", argv)
    try:
        found = list(past.each(args.project, args.team))
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
        return 1
    rows = [past.row(*one) if one[1] is not None else {"team": one[0], "unreadable": one[2]} for one in found]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    at = screen.size()
    wide = min(max(12, (at[0] if at else 100) - 62), max(len(r["team"]) for r in rows))
    form = "%-*s %-16s %-11s %-11s %5s %6s %7s"
    print(form % (wide, "run", "begun", "took", "end", "tasks", "rounds", "refused"))
    for r in rows:
        if "unreadable" in r:
            print(screen.cut("%-*s  cannot be read: %s (`pack doctor`)" % (wide, r["team"], r["unreadable"]), at and at[0]))
            continue
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(r["began"]))
        most = max(r["rounds"].values(), default=0)
        cells = (wide, screen.cut(r["team"], wide), when, duration(r["seconds"]), r["end"].lower())
        print(form % (cells + ("%d/%d" % (r["done"], r["tasks"]) if r["tasks"] else "-", most or "-", r["refused"])))
    return 0


def stats(argv):
    """`pack stats`: figures over the runs of a project. Exit 1 where there is none."""
    args = _arguments("stats", "rounds, time to approve and what was refused, over the runs of this project", argv)
    try:
        found = past.figures(past.each(args.project, args.team))
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    at = screen.size()
    print("\n".join(screen.cut(line, at and at[0]) for line in lines(found)))
    return 0


def lines(found):
    """The figures for people."""
    out = [
        "%s: %s; %s done, %s"
        % (
            counted(found["runs"], "run"),
            ", ".join("%d %s" % (n, how if how in past.OVER else "open in phase " + how) for how, n in sorted(found["ended"].items()))
            or "none can be read",
            counted(found["tasks_done"], "task"),
            counted(found["commits"], "commit"),
        )
    ]
    if found["rounds"]:
        out.append("Rounds of review: " + ", ".join("%s took %s" % (counted(n, "task"), k) for k, n in found["rounds"].items()))
    approve = found["approve_seconds"]
    if approve:
        longest = duration(approve["most"])
        half = "half of %d tasks within %s, the longest " % (approve["tasks"], duration(approve["median"])) if approve["tasks"] > 1 else ""
        out.append("From review to approval: " + half + longest)
    for role, (approved, changes) in sorted(found["verdicts"].items()):
        out.append("  %-20s %d approved, changes asked for %s" % (role, approved, counted(changes, "time")))
    total = sum(r["count"] for r in found["refused"].values())
    out.append("Caught for you: %s refused%s" % (counted(total, "call"), ":" if total else ""))
    out += ["  %4d  %-22s e.g. %s" % (r["count"], code, r["example"]) for code, r in found["refused"].items()]
    return out


def _arguments(verb, what, argv):
    parser = arguments.Parser(
        prog="pack " + verb,
        description=what,
        epilog="examples:\n  pack %s\n  pack %s --json" % (verb, verb),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    parser.add_argument("--team", default=None, help="one run only")
    return parser.parse_args(argv)
