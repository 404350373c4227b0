"""`pack completion SHELL`, and the tree of verbs, options and arguments that it and the manual page are made of.

The completion is click's. Most verbs are written with argparse, some with click, two by hand: the tree is read off their own parsers, so
that nothing is said twice. A verb is imported when its own words are completed.
"""

import argparse
import contextlib
import importlib
import io
import re
import sys

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

from ..base import arguments, paths
from ..protocol import view
from ..protocol.refusal import Refusal
from ..store.journal import Damaged
from ..store.open_for_reading import Run
from . import clicks
from .main import VERBS

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_PACK_COMPLETE"
BELOW = {"attest": ("verify",), "report": ("html",)}  # sub-verbs that are told apart by hand, before any parser sees them
FILES = ("project", "out", "dir", "file", "path", "folder", "paths")


class _Parser(Exception):
    """Thrown through a verb's main with the parser that it has just made."""


def parser_of(verb, *words):
    """The argparse parser or click command of a verb, None for one that is written by hand. Nothing of the verb is run."""
    name, _, function = VERBS[verb][0].partition(":")
    module = importlib.import_module(name)

    def caught(parser, *_args, **_more):
        raise _Parser(parser)

    kept = argparse.ArgumentParser.parse_args, argparse.ArgumentParser.parse_known_args, clicks.run
    argparse.ArgumentParser.parse_args = argparse.ArgumentParser.parse_known_args = clicks.run = caught
    argv = list(words) + ["--help"]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(module, function or "main")([verb] + argv if name == "pack.cli.verbs" else argv)
    except _Parser as found:
        return found.args[0]
    except SystemExit:
        pass
    finally:
        argparse.ArgumentParser.parse_args, argparse.ArgumentParser.parse_known_args, clicks.run = kept
    return None


def help_of(verb):
    """The help text of a verb that is written by hand."""
    out = io.StringIO()
    name, _, _function = VERBS[verb][0].partition(":")
    with contextlib.redirect_stdout(out):
        try:
            importlib.import_module(name).main(["--help"])
        except SystemExit:
            pass
    return out.getvalue()


def command(verb, *words):
    """A verb as a click command, with what can be completed in it."""
    found = parser_of(verb, *words)
    if isinstance(found, click.Command):
        out = found
    elif found is not None:
        out = _of_argparse(words[-1] if words else verb, found)
    else:
        options = sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of(verb))))
        out = click.Command(verb, params=[click.Option([o]) for o in options] + [click.Argument(["paths"], nargs=-1, type=click.Path())])
    below = BELOW.get(verb, ()) if not words else ()
    if below:
        group = out if isinstance(out, click.Group) else click.Group(verb, params=out.params, invoke_without_command=True)
        for sub in below:
            group.add_command(command(verb, sub), sub)
        out = group
    out.help = out.help or VERBS[verb][1]
    return out


def _of_argparse(name, parser):
    params, group = [], None
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {a.dest: a.help for a in action._choices_actions}
            group = {sub: (_of_argparse(sub, p), helps.get(sub)) for sub, p in action.choices.items()}
            continue
        if isinstance(action, argparse._HelpAction):
            continue
        kind = click.Choice([str(c) for c in action.choices]) if action.choices else click.Path() if action.dest in FILES else None
        if action.option_strings:
            flag = action.nargs == 0
            params.append(
                click.Option(
                    list(action.option_strings), is_flag=flag, type=None if flag else kind, help=action.help, metavar=action.metavar
                )
            )
        else:
            many = action.nargs in ("*", "+", argparse.REMAINDER)
            params.append(click.Argument([action.dest], nargs=-1 if many else 1, required=False, type=kind, metavar=action.metavar))
    for param in params:
        if param.name in COMPLETED:
            param._custom_shell_complete = COMPLETED[param.name]
    if group is None:
        return click.Command(name, params=params, help=parser.description)
    out = click.Group(name, params=params, help=parser.description)
    for sub, (one, said) in group.items():
        one.short_help = said
        out.add_command(one, sub)
    return out


def _tasks(ctx, param, begun):
    """The tasks of the run, with their subjects."""
    if param.name == "words" and begun == "" and ctx.info_name == "task" and not ctx.params.get("words"):
        return [CompletionItem("show")]
    try:
        state = Run(ctx.params.get("project"), ctx.params.get("team")).look()[0]
    except (Refusal, Damaged, OSError):
        return []
    return [CompletionItem(str(n), help=task["subject"][:60]) for n, task in view.tasks(state) if str(n).startswith(begun.lstrip("#"))]


def _teams(ctx, _param, begun):
    project = ctx.params.get("project") or paths.find_project(".")
    return [CompletionItem(name) for name in paths.teams(project) if name.startswith(begun)]


COMPLETED = {"task": _tasks, "words": _tasks, "team": _teams}


class Pack(click.Group):
    """`pack` itself: every verb, loaded when it is asked for."""

    def list_commands(self, _ctx):
        return list(VERBS)

    def get_command(self, _ctx, name):
        if name not in VERBS:
            return None
        return command(name) if self.whole else click.Command(name, help=VERBS[name][1])

    whole = True

    def shell_complete(self, ctx, incomplete):
        self.whole = False  # the names and what each is for: no verb has to be imported for that
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.whole = True


def group():
    """The whole command line as a click group."""
    return Pack("pack", help="linter for Claude Code plugins, and the eyes on a running team")


def answer(instruction):
    """What the shell asks at a TAB (`_PACK_COMPLETE` in the environment). Answers the exit code."""
    return shell_complete(group(), {}, "pack", VARIABLE, instruction)


def main(argv):
    """`pack completion bash|zsh|fish`: print what the shell has to evaluate. Exit 2 for another shell."""
    parser = arguments.Parser(
        prog="pack completion",
        description="what a shell evaluates to complete verbs, options, tasks and teams",
        epilog='examples:\n  eval "$(pack completion bash)"      in ~/.bashrc; the same with zsh in ~/.zshrc\n'
        "  pack completion fish | source       in ~/.config/fish/config.fish",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS)
    args = parser.parse_args(argv)
    try:
        print(get_completion_class(args.shell)(group(), {}, "pack", VARIABLE).source())
    except (RuntimeError, OSError) as error:
        print("pack completion: %s" % error, file=sys.stderr)
        return 2
    return 0
