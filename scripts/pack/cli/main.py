"""`pack VERB ...`: one table of verbs; each verb's module is imported only when it is asked for.

A verb's module has `main(argv) -> int`. Verbs that agents run inside the client use the standard library only,
because a plugin user's Python has nothing else; `lint` and the measuring verbs say what to install when it is missing.
"""

import errno
import importlib
import os
import sys

from ..base import isolate
from ..base.streams import plain
from ..base.verbs import CHANGING

# verb -> (module, or module:function, one line of help). The order is the order of `pack --help`.
VERBS = {
    "plan": ("pack.cli.verbs", "register the whole plan (JSON on standard input); computes the classification"),
    "task": ("pack.cli.verbs", "show, assign, cancel or re-scope a task"),
    "verify": ("pack.cli.verbs", "run build and tests, record exit code and tree digest"),
    "finish": ("pack.cli.verbs", "verify, teardown, asking and summary in one"),
    "go": ("pack.cli.verbs", "what the lead does next, with the calls to make"),
    "status": ("pack.cli.verbs", "the team's status tree"),
    "log": ("pack.cli.verbs", "the run's events, one a line"),
    "watch": ("pack.cli.watch", "the live run in the terminal; --web as a page, --plain as text"),
    "statusline": ("pack.cli.statusline", "one line on the live run for the client's status line; --install, --uninstall"),
    "runs": ("pack.cli.past:runs", "every run of this project: when, how long, how it ended"),
    "stats": ("pack.cli.past:stats", "over all runs: rounds, time to approve, what was refused"),
    "explain": ("pack.cli.verbs", "who approved which revision of a task, what is missing, what was refused"),
    "teardown": ("pack.cli.verbs", "pass the completion gate and begin the teardown; `retry` after FAILED_SAFE"),
    "abort": ("pack.cli.verbs", "stop the run, keeping its journal"),
    "resume": ("pack.cli.verbs", "take a paused, frozen or orphaned run up again"),
    "attest": ("pack.cli.attest", "the proof of a finished run for its commits; `verify RANGE` checks it anywhere"),
    "doctor": ("pack.cli.doctor", "what is enforced here, why, and how to raise it"),
    "uninstall": ("pack.cli.uninstall", "take this pack's traces out of settings and data; --dry-run, --teams"),
    "export": ("pack.cli.export", "the run as OpenTelemetry spans, to a file or a collector"),
    "completion": ("pack.cli.completion", "what bash, zsh or fish evaluates to complete all this"),
    "lint": ("pack.lint.cli", "check any Claude Code plugin, marketplace, agents, commands, skills, hooks"),
    "team": ("pack.cli.team", "team definitions: check one, begin one, write its agents (a team is data, no code)"),
    "rt": ("pack.cli.rt", "probe and audit real systems (latency, delivery, throughput, failover)"),
    "gate": ("pack.cli.gates", "evaluate the quality gates from the evidence"),
    "kanban": ("pack.cli.kanban", "the team's board: moves are checked, metrics computed"),
    "report": ("pack.cli.report", "HTML timeline, PPTX and PDF of a run"),
    "fleet": ("pack.cli.fleet", "squads on several machines, on PostgreSQL: init, join, status, resume"),
    "sprint": ("pack.cli.sprint", "command centre: squads, daily rhythm, integration day, exit criteria"),
    "record": ("pack.cli.record", "record real responses and topics as dated contracts"),
    "adr": ("pack.cli.adr", "check the real-time arithmetic of architecture decisions"),
}
# verb -> (what of it needs an extra, the extra, a package of it)
EXTRAS = {
    "rt": ("measuring", "realtime", "hdrh"),
    "report": ("PPTX and PDF", "report", "pptx"),
    "fleet": ("the engine", "fleet", "psycopg"),
    "watch": ("the screen", "watch", "textual"),
    "export": ("the spans", "otel", "opentelemetry"),
}
PLAIN = ("click", "jsonschema", "markdown_it", "yaml")  # what every verb needs; the others are those of the extras


def usage():
    """The text of `pack --help`."""
    width = max(map(len, VERBS))
    lines = ["usage: pack VERB [ARGUMENTS]      pack VERB --help shows an example", ""]
    lines += ["  %-*s  %s" % (width, verb, text) for verb, (_, text) in VERBS.items()]
    return "\n".join(lines)


def main(argv=None):
    """Run one verb. Exit codes: the verb's own; 2 for an unknown verb and for a file that cannot be read or written."""
    plain()
    if argv is None:  # the `pack` that pip installs; bin/pack has seen to it already
        isolate.enter(sys.argv[1:])
    try:
        code = _run(argv)
        if not sys.stdout.closed:  # a language server has closed it at the editor's `exit`
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe (`pack log | head`) has seen enough
        sys.stdout = open(os.devnull, "w")
        return 1
    except OSError as error:
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            sys.stdout = open(os.devnull, "w")  # what is still held back would fail once more when the interpreter ends
            print("pack: the output cannot be written: %s" % error.strerror, file=sys.stderr)
            return 2
        if error.filename is None:
            raise  # no file of the user's: a defect, and where it happened must be seen
        print("pack: %s: %s" % (error.filename, error.strerror), file=sys.stderr)
        return 2


def _vouched(path):
    """What the hook has carried out already is printed, what it left to this process is run (`pack verify`)."""
    if path.endswith(".verify"):
        from . import verify

        return verify.main(path)
    from . import receipt

    return receipt.main(path)


def _call(verb, argv):
    """Run a verb by its module; behind its help stands which extra it needs where that is missing."""
    name, _, function = VERBS[verb][0].partition(":")
    module = importlib.import_module(name)
    try:
        return getattr(module, function or "main")(argv if name == "pack.cli.verbs" else argv[1:])
    finally:  # argparse leaves by SystemExit
        if verb in EXTRAS and _asks_for_help(argv):
            _say_what_is_missing(*EXTRAS[verb])


def _asks_for_help(argv):
    return bool({"-h", "--help"} & set(argv[1:]))


def _say_what_is_missing(what, extra, package):
    import importlib.util

    if importlib.util.find_spec(package) is None:
        from ..base import extras

        print("\n%s needs the extra `%s`, which is not installed here: %s" % (what, extra, extras.install(extra)))


def _run(argv):
    argv = list(sys.argv[1:] if argv is None else argv)
    if os.environ.get("_PACK_COMPLETE"):  # a shell asks at a TAB (completion.py)
        from . import completion

        return completion.answer(os.environ.pop("_PACK_COMPLETE"))
    if not argv:
        from ..base import paths
        from ..gate import situation
        from . import screen

        project = os.environ.get("CLAUDE_PROJECT_DIR") or paths.find_project(os.getcwd())
        print(screen.wrapped(situation.text(project, paths.data_folder(os.environ), os.environ), 80))
        return 0
    if argv[0] in ("-h", "--help", "help"):
        if argv[1:] and argv[1] in VERBS:
            return _run([argv[1], "--help"])
        print(usage())
        return 0
    if argv[0] in ("-V", "--version"):
        from pack import __version__

        print("pack " + __version__)
        return 0
    verb, voucher = argv[0], os.environ.get("PACK_VOUCHER", "")
    if verb in CHANGING and voucher:
        return _vouched(voucher)
    if verb not in VERBS:
        import difflib

        near = difflib.get_close_matches(verb.lower().lstrip("-"), VERBS, 2, 0.6) or [v for v in VERBS if v.startswith(verb[:3].lower())]
        hint = "; did you mean %s?" % " or ".join(near) if near else ""
        print("pack: no verb %r%s (see pack --help)" % (verb, hint), file=sys.stderr)
        return 2
    try:
        return _call(verb, argv)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "pack"):
            raise
        from ..base import extras

        extra = EXTRAS[verb][1] if verb in EXTRAS else "" if package in PLAIN else "realtime"
        if _asks_for_help(argv):  # without click nothing knows its options
            print("pack %s: %s\n\nIts options are shown once its packages are here: %s" % (verb, VERBS[verb][1], extras.install(extra)))
            return 0
        alone = " (`pack %s` runs isolated: PYTHONPATH and the user's own site-packages do not count)" % verb if sys.flags.isolated else ""
        print("pack %s: needs the package %s: %s%s" % (verb, package, extras.install(extra), alone), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
