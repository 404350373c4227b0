"""What the verbs that are written with click share: the options --team and --dir, and how a verb ends.

Importing this needs click; `pack.cli.main` says what to install where that is missing.
"""

import functools
import json

import click

from pack.teams import TeamError, here

now_option = click.option("--now", type=float, default=None, hidden=True, help="seconds since the epoch, for tests")


def team_options(function):
    """--team and --dir: the command gets `team`, the definition, and `team_dir`, its folder. TeamError as `here.settle` says."""

    @functools.wraps(function)
    def settled(*args, team, team_dir, **more):
        definition, folder = here.settle(team, team_dir)
        return function(*args, team=definition, team_dir=folder, **more)

    for option in (click.option("--dir", "team_dir", help=here.DIR_HELP), click.option("--team", help=here.TEAM_HELP)):
        settled = option(settled)
    return settled


def properties(name):
    """{name: value} of a file of properties, a name=value in a line; none without a file."""
    found = {}
    if name:
        with open(name, encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                key, equals, value = line.strip().partition("=")
                if line.strip() and not line.lstrip().startswith("#"):
                    if not equals:
                        raise click.UsageError("%s line %d is no name=value" % (name, number))
                    found[key.strip()] = value.strip()
    return found


def values(options):
    """{NAME: value} of options NAME=VALUE; a value is JSON, or else the text as it stands."""
    found = {}
    for text in options:
        name, _, value = text.partition("=")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def run(group, argv, setup=(), refused=(), obj=None):
    """Run a group of commands with the arguments behind its verb. Answers the exit code: the command's own (SystemExit), 0,
    1 for an error of `refused`, 2 for one of `setup`, for a team that cannot be read and for wrong usage, 130 when interrupted."""
    try:
        group.main(args=argv, prog_name="pack " + group.name, standalone_mode=False, obj=obj)
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except refused as error:
        click.echo("pack %s: %s" % (group.name, error), err=True)
        return 1
    except (TeamError, *setup) as error:
        click.echo("pack %s: %s" % (group.name, error), err=True)
        return 2
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
