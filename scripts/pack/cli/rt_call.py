"""What every module of `pack rt` stands on: the group of its verbs, the options that they share, the call at work, and the way out of an error."""

import functools
import re

import click

from pack.cli import clicks
from pack.realtime import evidence, managed, measure

START = "is it running there? Start it, or let pack: `server: {command: [...]}` of the path in rt.yaml"
CLOSED = "something listens there and ended the connection without a word: it has too many connections, it asks for TLS, or it speaks another protocol"
LISTENS = (
    "something listens there and does not answer as this protocol does: it speaks another one, it asks for TLS or knows none, or it hangs"
)
LOGIN = re.compile(
    r"not authorized|bad user name|Authentica|Authoriz|AccessRefused|Permission|ProbableAuth|NOAUTH|WRONGPASS|NOPERM|SASL", re.I
)
ANSWERED = re.compile(
    r"ResponseError|ReplyError|BadRequestError|NotFoundError|PreconditionFailed|NotFoundEntity|NotAllowed|UNKNOWN_TOPIC|the broker (ended|refused)|the server answers|not supported|err_code="
    r"|read-only transaction|too many clients|the database system is|(database|role) .* does not exist"
)


def way_out(error, address=None):
    """What to do about a server that cannot be measured: it answered and refused, it listens, or nothing is known of it."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "trust it: SSL_CERT_FILE names the certificate, or that of whoever signed it"
    said = "%s: %s" % (type(error).__name__, error)
    if LOGIN.search(said) and not isinstance(error, ConnectionRefusedError):
        return "that is what the server answered: give the address the user and password that it asks for, and the user the rights"
    if "No such configuration property" in said:
        return "librdkafka knows no such name: correct it in the option `config`"
    if isinstance(error, (ConnectionResetError, EOFError)):
        return CLOSED
    if ANSWERED.search(said):
        return "that is what the server answered"
    return LISTENS if address and managed.answers(address, 1.0) else START


def team_options(function):
    """--team and --dir, of a team that measures."""

    @clicks.team_options
    @functools.wraps(function)
    def settled(*args, team, **more):
        if not team.get("evidence"):
            raise measure.MeasureError(
                "the team %s has no evidence kinds, so there is nothing to measure; `pack gate check` judges it by files and commands"
                % team["team"]
            )
        return function(*args, team=team, **more)

    return settled


def alone(team_dir):
    """Only one `pack rt` measures in a folder: whoever comes second is told that it waits."""
    return evidence.alone(team_dir, lambda: click.echo("another `pack rt` measures here: waiting for its end", err=True))


class Rate(click.FloatRange):
    """Messages a second."""

    def convert(self, value, param, ctx):
        rate = super().convert(value, param, ctx)
        return self.fail("%r is no number" % value, param, ctx) if rate != rate else rate


class Invocation:
    """One call of `pack rt`: its arguments, and the session at work, for an error."""

    def __init__(self, argv):
        self.argv, self.session, self.told, self.asked = argv, None, False, None

    @property
    def path(self):
        """The path of rt.yaml that is being measured, if one is."""
        return self.session and self.session.at

    def address(self):
        """Of what is measured, where that is known."""
        return self.path["address"] if self.path else self.asked

    def at(self):
        """Which path was being measured: ` of path ID (ADDRESS)`, or nothing."""
        from pack.realtime import record

        return " of path %s (%s)" % (self.path["id"], record.conceal(self.path["address"])) if self.path else ""


@click.group(
    help="Probe and audit real systems; the numbers go into .team/evidence and nowhere else.",
    epilog="\b\nExample:\n  pack rt init        # then edit .team/rt.yaml\n  pack rt check\n  pack rt latency\n  pack gate check",
)
def rt():
    pass


def workers_option(function):
    """--workers, and --cluster for those of other machines."""
    about = "address of a Dask scheduler whose workers, on other machines, share them (needs the extra `cluster`)"
    for option in (
        click.option("--cluster", help=about),
        click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="processes that share a probe's messages"),
    ):
        function = option(function)
    return function


def seconds(context, option, text):
    """A click callback: `30s`, `10m`, `1h` or plain seconds as a number of seconds; BadParameter outside 1 s to 24 h."""
    if text is None:
        return None
    try:
        value = float(text[:-1] if text[-1:] in "smh" else text) * {"m": 60, "h": 3600}.get(text[-1:], 1)
    except ValueError:
        value = 0
    if not 1 <= value <= 86400:
        raise click.BadParameter("%r is no time between 1s and 24h, such as 30s, 10m, 1h" % text)
    return value
