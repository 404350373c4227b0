"""`pack fleet VERB`: squads on several machines. Exit codes: 0 done, 1 refused or something needs a person, 2 usage or set-up."""

import argparse
import json
import os
import sys

from ..base import arguments, isolate, paths
from ..fleet import files, policy

OWN_TERMINAL = ("init", "grant", "admit", "join", "resume", "release", "prune")


def main(argv):
    """The verb's entry."""
    args = _parser().parse_args(argv)
    folder = os.path.abspath(args.folder) if args.folder else _project()
    if args.verb in OWN_TERMINAL and _inside(folder):
        print(
            "pack fleet %s: a person does that, in their own terminal; inside the client there is `pack fleet status`" % args.verb,
            file=sys.stderr,
        )
        return 1
    try:
        from ..fleet.engine import FleetError
    except ModuleNotFoundError as error:
        again("fleet", argv)
        if args.verb == "ship" and args.run:
            from ..base import extras

            why = "%s has no %s: %s, then `pack fleet join` again" % (sys.executable, error.name, extras.install("fleet"))
            _note(args.run, why)
        raise
    try:
        return globals()["_" + args.verb](args, folder) or 0
    except FleetError as error:
        print("pack fleet %s: %s" % (args.verb, error), file=sys.stderr)
        if args.verb == "ship" and args.run:
            _note(args.run, str(error))
        return 1
    except ValueError as error:
        print("pack fleet %s: %s" % (args.verb, error), file=sys.stderr)
        return 2


def _parser():
    """Every verb with its options."""
    parser = arguments.Parser(
        prog="pack fleet",
        description="Squads on several machines, on PostgreSQL (docs/fleet.md). Where it is: libpq's environment (PGSERVICE, PGHOST, "
        "PGUSER, ...), ~/.pg_service.conf, ~/.pgpass, and what .claude/fleet.yaml says.",
        epilog="examples:\n  PGSERVICE=fleet pack fleet init\n  pack fleet join --project shop --service fleet --squad runtime\n"
        "  pack fleet status\n  pack fleet resume feature-add-greeting",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, text, *options):
        one = verbs.add_parser(name, help=text, description=text)
        one.add_argument("--project-folder", dest="folder", default=None, help="the clone (default: found from here upwards)")
        for names, more in options:
            one.add_argument(*names, **more)
        return one

    where = [(("--" + key,), {"default": None, "help": "libpq's " + key}) for key in policy.WHERE]
    verb("init", "make the schema, or bring it up to this plugin's version", *where)
    verb(
        "grant",
        "let a login of the database use the fleet",
        (("name",), {}),
        (("--as",), {"dest": "kind", "choices": ("member", "reader", "owner"), "default": "member"}),
        *where,
    )
    verb(
        "admit",
        "let another login of the fleet work in one of your squads",
        (("squad",), {}),
        (("login",), {}),
    )
    verb(
        "join",
        "make this clone part of a fleet: writes .claude/fleet.yaml, to be committed",
        (
            ("--project",),
            {"default": None, "help": "the fleet's name for this project (default: what the file says, else the folder's name)"},
        ),
        (("--squad",), {"default": None, "help": "this clone's squad (git config team.squad)"}),
        (("--trunk",), {"default": None}),
        (("--own",), {"action": "append", "default": None, "metavar": "PATTERN", "help": "branches that are a lineage of their own"}),
        (("--offline",), {"choices": ("refuse", "allow"), "default": None}),
        (("--lease-minutes",), {"type": float, "default": None}),
        *where,
    )
    verb(
        "status",
        "every run on every machine; exit 1 when something needs a person",
        (("--json",), {"action": "store_true"}),
        (("--leases",), {"action": "store_true", "help": "every leased path, too"}),
    )
    verb("watch", "the same, as it changes (pack watch --fleet)")
    verb(
        "resume",
        "go on with a run here that another machine led",
        (("run",), {"metavar": "RUN", "help": "its team's name or the beginning of its number"}),
        (("--force",), {"action": "store_true", "help": "also while the other machine is heard of"}),
        (("--data",), {"default": None, "help": argparse.SUPPRESS}),
    )
    verb(
        "ask",
        "say something to another squad's lead, who has it at the end of its turn",
        (("squad",), {}),
        (("text",), {}),
    )
    verb("answer", "answer a message of another squad", (("number",), {"type": int}), (("text",), {}))
    verb("release", "give files of this clone's run of waves back, for another squad", (("paths",), {"nargs": "+", "metavar": "PATH"}))
    verb(
        "ship",
        "store what is not stored yet of this project's runs",
        (("--run",), {"default": None, "help": argparse.SUPPRESS}),
        (("--project",), {"default": None, "help": argparse.SUPPRESS}),
    )
    verb("prune", "remove runs that were closed long ago (fleet_owner)", (("--days",), {"type": _days, "required": True}), *where)
    return parser


def _days(text):
    """A number of days, from 0 up."""
    days = float(text)
    if not 0 <= days <= 36500:
        raise argparse.ArgumentTypeError("0 to 36500 days, not %s" % text)
    return days


def again(verb, argv):
    """The python3 on PATH has no psycopg; the one that joined has: it goes on with the verb. Returns where there is none."""
    from ..fleet import desk

    which = desk.python(os.environ)
    other = which and os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(os.path.dirname(which)))
    if other and not os.environ.get("PACK_AGAIN"):
        os.execve(which, [which, isolate.START, verb] + list(argv), dict(os.environ, PACK_AGAIN="1"))


def _project():
    """The clone that this is about: where fleet.yaml, a team or the repository is, upwards from here."""
    here = os.getcwd()
    while True:
        if any(os.path.exists(os.path.join(here, n)) for n in (policy.NAME, paths.TEAMS, ".git")):
            return here
        up = os.path.dirname(here)
        if up == here:
            return os.getcwd()
        here = up


def _note(run, why):
    import time

    files.write(
        run,
        "ship.json",
        {"pid": os.getpid(), "state": "error", "why": why, "boot": files.boot(), "heard": None, "shipped": 0, "last": 0, "at": time.time()},
    )


def _where(args, folder):
    """What libpq is told: the options, else the file's."""
    said = {k: getattr(args, k) for k in policy.WHERE if getattr(args, k, None)}
    wrong = [message for where, message, _key in policy.findings(dict(said, project="x")) if where]
    if wrong:
        raise ValueError(wrong[0])
    settings = policy.read(folder)
    return said or (settings["where"] if settings else {})


def _settings(folder):
    settings = policy.read(folder)
    if settings is None:
        raise ValueError("%s is in no fleet: `pack fleet join` makes it part of one" % folder)
    return settings


def _init(args, folder):
    from ..fleet import setup
    from ..fleet.engine import VERSION

    applied = setup.init(_where(args, folder))
    print(
        "applied: %s; the schema is number %d" % (", ".join(map(str, applied)), VERSION)
        if applied
        else "nothing to do: the schema is number %d" % VERSION
    )
    if applied:
        print("next: `pack fleet grant LOGIN --as member` for each login, then `pack fleet join` in each clone")


def _grant(args, folder):
    from ..fleet import setup

    setup.grant(_where(args, folder), args.name, args.kind)
    print("%s is %s of the fleet" % (args.name, "an owner" if args.kind == "owner" else "a " + args.kind))


def _admit(args, folder):
    from ..fleet.engine import Engine

    settings = _settings(folder)
    with Engine(settings["where"]) as engine:
        engine.call("admit", settings["project"], args.squad, args.login)
    print("%s may begin runs of squad %s, and speak for it" % (args.login, args.squad))


def _join(args, folder):
    from ..fleet import setup

    old = policy.read(folder)
    data = {"project": args.project or (old or {}).get("project") or _plain(os.path.basename(folder))}
    data.update(_where(args, folder))
    data["branches"] = {
        "trunk": args.trunk or (old or {}).get("trunk") or setup.branch(folder) or "main",
        "own": args.own if args.own is not None else (old or {}).get("own") or [],
    }
    data["offline"] = args.offline or (old or {}).get("offline", "refuse")
    data["lease_minutes"] = args.lease_minutes if args.lease_minutes is not None else (old or {}).get("lease_minutes", 10)
    wrong = policy.findings(data)
    if wrong:
        raise ValueError(wrong[0][1])
    settings = policy.settled(data)
    path = setup.join(folder, settings, args.squad)
    print(
        "%s is part of project %s, squad %s, on %s" % (folder, settings["project"], setup.squad(folder), setup.machine_facts()["machine"])
    )
    if setup.git(folder, "check-ignore", "-q", path) is not None:
        print("commit it, though .gitignore covers it: git add -f %s" % policy.NAME)
    else:
        print("commit it: git add %s" % policy.NAME)


def _plain(name):
    out = "".join(c if c in policy.LETTERS + "._-" else "-" for c in name.lower()).lstrip("._-")
    return out[:63] or "project"


def _own_run(folder):
    """(run's folder, its part in the fleet) of this clone's live or newest run of a fleet, (None, None) without one."""
    from ..protocol.refusal import Refusal
    from ..store.open_for_reading import Run

    try:
        run = Run(folder).store.data
    except Refusal:
        return None, None
    return (run, files.read(run, "fleet.json")) if os.path.exists(os.path.join(run, "fleet.json")) else (None, None)


def _status(args, folder):
    from ..fleet import status
    from ..fleet.engine import Engine, FleetError

    settings = _settings(folder)
    run, _own = _own_run(folder)
    mine = files.read(run, "ship.json", {}) if run else None
    engine = Engine(settings["where"])
    try:
        found, away = status.collect(engine, settings["project"], args.leases), None
    except FleetError as error:
        found, away = {"project": settings["project"], "runs": []}, str(error)
    finally:
        engine.close()
    bad = (
        away
        or any(r["state"] == "silent" for r in found["runs"])
        or mine
        and mine.get("state") in ("error", "diverged", "fenced", "offline")
    )
    if args.json:
        conflicts = files.read(run, "conflicts.json", []) if run else []
        print(json.dumps(dict(found, away=away, here=mine, conflicts=conflicts), ensure_ascii=False, indent=1))
    else:
        if away:
            print("⚠ " + away)
        else:
            print(status.text(found))
        if run:
            print("\n".join(status.here(run, mine)))
    return 1 if bad else 0


def _watch(args, folder):
    from ..fleet import watch

    screen = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    try:
        watch.follow(_settings(folder), sys.stdout, screen)
    except KeyboardInterrupt:
        return 0


def _ask(args, folder):
    return _say(folder, args.squad, None, args.text)


def _answer(args, folder):
    return _say(folder, None, args.number, args.text)


def _say(folder, squad, number, text):
    """Through the run's shipper: the run says it, whoever of it types it."""
    from ..base import redact
    from ..fleet import desk

    run, own = _own_run(folder)
    if run is None or os.path.exists(os.path.join(run, "done")):
        raise ValueError("no run of a fleet is live in %s: a squad speaks through its run" % folder)
    if not text.strip() or len(text) > 2000:
        raise ValueError("a message has 1 to 2000 characters")
    question = {"ask": "say", "to": squad, "answers": number, "body": redact.text(text.strip())}
    found = desk.put(run, folder, os.environ, question, desk.ANSWER_SECONDS)
    if not found.get("ok"):
        print(
            "pack fleet: not said: %s" % (found.get("refused") or found.get("away") or "this copy of the run is fenced: `pack status`"),
            file=sys.stderr,
        )
        return 1
    when = "its lead has it at the end of its turn" if found["readers"] else "no run of it is alive: its next one has it"
    print("message %d to squad %s is stored; %s. An answer comes at the end of one of your turns." % (found["number"], found["to"], when))
    return 0


def _release(args, folder):
    from ..fleet import desk

    run, _own = _own_run(folder)
    if run is None or os.path.exists(os.path.join(run, "done")):
        raise ValueError("no run of a fleet is live in %s" % folder)
    held = files.read(run, "leases.json", {})
    wrong = [p for p in args.paths if p not in held]
    if wrong:
        raise ValueError("this run holds no lease on %s; it holds: %s" % (", ".join(wrong), ", ".join(sorted(held)[:20]) or "none"))
    found = desk.put(run, folder, os.environ, {"ask": "release", "paths": args.paths}, desk.ANSWER_SECONDS)
    if not found.get("ok"):
        why = found.get("refused") or found.get("away") or "this copy of the run is fenced: `pack status`"
        print("pack fleet: nothing was given back: %s" % why, file=sys.stderr)
        return 1
    print("given back: %s. Who writes there next, here too, asks for it again." % ", ".join(args.paths))
    return 0


def _inside(folder):
    """Whether this process was started by the client that leads a run here, however it was disguised."""
    from ..protocol.refusal import Refusal
    from ..store.journal import Damaged
    from ..store.open_for_reading import Run
    from . import verbs

    try:
        return verbs.inside_client(Run(folder))
    except (Refusal, Damaged):
        return verbs.inside_client_damaged()  # no run here yet


def _resume(args, folder):
    from ..fleet import takeover
    from . import uninstall

    known = uninstall.data_folders(os.environ)
    data = args.data or os.environ.get("CLAUDE_PLUGIN_DATA") or (known[0] if len(known) == 1 else paths.data_folder(os.environ))
    team = takeover.resume(folder, data, args.run, args.force)
    print("%s goes on here. In the client, in %s, type: team resume" % (team, folder))


def _ship(args, folder):
    from ..fleet import shipper

    if args.run:
        return shipper.run(args.run, args.project)
    from . import uninstall

    bad, said = 0, False
    for data in dict.fromkeys(uninstall.data_folders(os.environ) + [paths.data_folder(os.environ)]):
        for run, team in files.unfinished(folder, data):
            code = shipper.drain(run, folder)
            bad, said = bad or code, True
            status = files.read(run, "ship.json") or {}
            print(
                "%s: %s; %d of %d records stored%s"
                % (
                    team,
                    files.STATES.get(status.get("state"), "?"),
                    status.get("shipped", 0),
                    status.get("last", 0),
                    ", " + status["why"] if status.get("why") else "",
                )
            )
    if not said:
        print("nothing is left to store of %s" % folder)
    return bad


def _prune(args, folder):
    from ..fleet.engine import Engine

    engine = Engine(_where(args, folder), seconds=600)
    try:
        runs, records = engine.call("prune", "%.6f days" % args.days)[0]
    finally:
        engine.close()
    print("removed: %d runs closed more than %g days ago, %d records" % (runs, args.days, records))
