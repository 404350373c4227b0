"""`pack record`: contracts from real systems. Exit codes: 0 done, 1 a recording no longer matches, 2 usage or setup."""

import os
import time

import click

from pack.cli import clicks
from pack.realtime import record

DEFAULT = os.path.join("docs", "design", "contracts")


def target(function):
    for option in (
        click.option("--to", default=DEFAULT, show_default=True, help="folder of the dated folders"),
        click.option("--date", default=None, help="YYYY-MM-DD; default today"),
        click.option("--name", required=True, help="name of the contract"),
        click.option("--runbook", default=None, metavar="FILE", help="what to do when it fails: named in the README beside the contract"),
    ):
        function = option(function)
    return function


def file(recording, to, date, name, runbook=None):
    now = time.time()
    if runbook is not None:
        if not os.path.isfile(runbook):
            raise record.RecordError("the runbook %s does not exist: write it first" % runbook)
        recording["runbook"] = runbook
    path = record.save(os.path.join(to, date or time.strftime("%Y-%m-%d", time.gmtime(now))), name, recording, now)
    click.echo("wrote %s" % path)


@click.group(
    "record",
    help="Record real responses and topics as dated contracts, and replay them.",
    epilog="\b\nExample: pack record http http://127.0.0.1:8000/v1/policy --name policy\n         pack record --all",
    invoke_without_command=True,
)
@click.option("--all", "everything", is_flag=True, help="record every contract that sprint.yaml lists again")
@click.option("--file", "path", default=os.path.join("docs", "sprints", "sprint.yaml"), show_default=True, help="where they are listed")
@click.pass_context
def group(context, everything, path):
    if context.invoked_subcommand:
        if everything:
            raise click.UsageError("--all stands alone")
        return
    if not everything:
        click.echo(context.get_help())
        raise SystemExit(2)
    again(path)


def again(path):
    """Record all that sprint.yaml lists; what cannot be reached is told, the others are recorded. Ends with SystemExit 1 then."""
    from pack.realtime import sprint

    data = sprint.load(path)
    if not data.get("contracts"):
        raise record.RecordError("%s lists no `contracts`" % path)
    day, to, bad = str(sprint.local(data, time.time()).date()), sprint.contracts_folder(data), False
    for item in data["contracts"]:
        more = item.get("seconds", 10.0)
        try:
            if "http" in item:
                found = record.http(
                    item["http"], item.get("method", "GET"), item.get("body"), more, item.get("headers"), item.get("keep", ())
                )
            else:
                found = record.topic(
                    item["topic"], item["address"], item.get("options", {}), item.get("count", 5), more, os.getcwd(), item.get("send")
                )
            file(found, to, day, item["name"], item.get("runbook"))
        except (RuntimeError, OSError, ValueError) as error:
            bad = True
            click.echo("NOT RECORDED %s: %s" % (item["name"], error))
    raise SystemExit(1 if bad else 0)


@group.command(
    help="Record one HTTP exchange.",
    epilog="\b\nExample: pack record http http://127.0.0.1:8000/v1/policy --name policy",
)
@click.argument("url")
@click.option("--method", default="GET", show_default=True)
@click.option("--body", default=None)
@click.option("--header", "headers", multiple=True, help="'NAME: VALUE' to send; ${VARIABLE} is filled in and never recorded")
@click.option("--keep", multiple=True, help="a header of the answer that belongs to the contract too")
@click.option("--seconds", default=10.0, show_default=True, help="how long the whole answer may take")
@target
def http(url, method, body, headers, keep, seconds, to, date, name, runbook):
    wrong = [h for h in headers if ":" not in h]
    if wrong:
        raise click.UsageError("%r is no 'NAME: VALUE'" % wrong[0])
    told = {k.strip(): v.strip() for k, _, v in (h.partition(":") for h in headers)}
    file(record.http(url, method, body, seconds, told, keep), to, date, name, runbook)


@group.command(
    help="Record messages of a WebSocket or a broker's topic.",
    epilog="\b\nExample: pack record topic redis redis://127.0.0.1:6379/0 --option stream=policy.decisions --name policy.decisions",
)
@click.argument("adapter")
@click.argument("address")
@click.option("--option", "options", multiple=True, help="NAME=VALUE for the adapter")
@click.option("--count", default=5, show_default=True)
@click.option("--seconds", default=10.0, show_default=True)
@click.option("--send", multiple=True, help="a message to send first (a WebSocket that answers)")
@target
def topic(adapter, address, options, count, seconds, send, to, date, name, runbook):
    file(record.topic(adapter, address, clicks.values(options), count, seconds, os.getcwd(), send), to, date, name, runbook)


@group.command(
    help="Ask every recorded endpoint again: does the recording still match?",
    epilog="\b\nExample: pack record replay docs/design/contracts/2026-03-04",
)
@click.argument("folder")
@click.option("--seconds", default=10.0, show_default=True)
def replay(folder, seconds):
    names, bad = record.names(folder), False
    if not names:
        dated = sorted(n for n in os.listdir(folder) if record.names(os.path.join(folder, n))) if os.path.isdir(folder) else []
        raise click.UsageError(
            "no recordings in %s%s" % (folder, "; the newest are in %s" % os.path.join(folder, dated[-1]) if dated else "")
        )
    for name in names:
        word = "DRIFT"
        try:
            recording = record.load(folder, name)
        except record.RecordError as error:
            word, problems = "EDITED", [str(error)]
        else:
            try:
                problems = record.replay(recording, os.getcwd(), seconds)
            except record.RecordError as error:
                problems = [str(error)]
        bad = bad or bool(problems)
        click.echo("%-8s %s" % (word if problems else "MATCHES", name))
        for problem in problems:
            click.echo("         %s" % problem)
    raise SystemExit(1 if bad else 0)


def main(argv):
    """The verb's entry."""
    return clicks.run(group, argv, setup=(RuntimeError, ValueError, OSError))
