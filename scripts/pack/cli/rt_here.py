"""`pack rt doctor`, `compose`, `up`, `smoke` and `down`: whether what rt.yaml names is here, works, and is started."""

import asyncio
import os
import signal

import click

from pack.base import whole_file
from pack.cli.rt_call import rt, team_options
from pack.realtime import adapters, managed, measure, rtfile
from pack.realtime import probe as prober
from pack.teams.layout import project_of

SMOKE_RATE, SMOKE_S = 20.0, 0.5


@rt.command(
    help="What of rt.yaml answers here, what would start it, and what is missing; exit 1 if something is.",
    epilog="\b\nExample: pack rt doctor",
)
@team_options
def doctor(team, team_dir):
    from pack.realtime import local

    said = {
        "answers": "answers",
        "starts": "`pack rt up` starts it: %s",
        "installed": "installed (%s), not running: start it, or let pack: `server: {command: [...]}`",
        "compose": "not installed: `pack rt compose` writes %s",
        "nothing": "does not answer: %s",
    }
    found = local.look(rtfile.load(team_dir, team), os.path.join(team_dir, ".up"))
    for ident, adapter, address, state, what in found:
        click.echo("%-24s %-10s %s: %s" % (ident, adapter, address, said[state] % what if "%s" in said[state] else said[state]))
    raise SystemExit(0 if all(row[3] in ("answers", "starts") for row in found) else 1)


@rt.command(help="Write a compose file for what rt.yaml names and is not installed here.", epilog="\b\nExample: pack rt compose")
@click.option("--all", "everything", is_flag=True, help="also what is installed or answers")
@team_options
def compose(everything, team, team_dir):
    from pack.realtime import local

    text = local.compose([row[1] for row in local.look(rtfile.load(team_dir, team), ".") if everything or row[3] == "compose"])
    if not text:
        click.echo("nothing to write: all that rt.yaml names answers, is installed, or is your own server")
        return
    target = os.path.join(project_of(team_dir, team), "docker-compose.rt.yml")
    if os.path.exists(target):
        raise measure.MeasureError("%s is there already: edit or remove it" % target)
    whole_file.put(target, text)
    click.echo("wrote %s" % target)


@rt.command(
    help="Start the servers of rt.yaml, wait until they answer, and keep them until ctrl-c.",
    epilog="\b\nExample: pack rt up &\n         pack rt down",
)
@team_options
def up(team, team_dir):
    from pack.realtime import local

    pid = os.path.join(team_dir, ".up.pid")
    begun = local.start(rtfile.load(team_dir, team), project_of(team_dir, team), os.path.abspath(os.path.join(team_dir, ".up")))
    if not begun:
        click.echo("nothing to start: see `pack rt doctor`")
        return
    try:
        with open(pid, "w", encoding="utf-8") as handle:
            handle.write("%d\n" % os.getpid())
        for address, _server in begun:
            click.echo("up: %s" % address)
        prober.until_interrupted()
    finally:
        for _address, server in begun:
            server.stop()
        if os.path.exists(pid):
            os.remove(pid)


@rt.command(
    help="Send a few messages through each path and ask each service of rt.yaml; files no evidence. Exit 1 if something does not work.",
    epilog="\b\nExample: pack rt smoke",
)
@team_options
def smoke(team, team_dir):
    from pack.realtime import local

    data, bad, project = rtfile.load(team_dir, team), False, project_of(team_dir, team)
    for ident, adapter, address, _command in local.needed(data):
        if ident in data.get("services", {}):
            why = local.asks(adapter, address)
            text = "works" if why is None else why
        else:
            why, text = _one_breath(next(p for p in data["paths"] if p["id"] == ident), project)
        bad = bad or why is not None
        click.echo("%-4s %-24s %s: %s" % ("ok" if why is None else "FAIL", ident, address, text))
    raise SystemExit(1 if bad else 0)


def _one_breath(path, project):
    """(why a path does not work or None, words): half a second of messages through its adapter."""
    if not local_answers(path["address"]):
        return "silent", "nothing answers there: `pack rt up`"
    made = adapters.make(path, "pack-smoke-%s" % os.urandom(4).hex(), project)

    async def go(stop):
        return await prober.told_run(made, SMOKE_RATE, SMOKE_S, 0.0, path.get("payload_bytes", 64), None, stop)

    try:
        recording, told = prober.run(go, path.get("connections", 1) + 50)
    except Exception as error:
        if not isinstance(error, (OSError, RuntimeError, asyncio.TimeoutError)) and not adapters.of_library(error):
            raise
        return "broken", str(error) or type(error).__name__
    sent, text = (
        recording.sent * recording.fanout,
        "%s, %d of %d messages came" % (told[0], recording.received, recording.sent * recording.fanout),
    )
    return (None if sent and recording.received >= sent else "lost"), text


def local_answers(address):
    """Does something listen there? True where an address names no port of its own to ask (a unix socket)."""
    return address.startswith("unix") or managed.answers(address)


@rt.command(help="End the servers that `pack rt up` keeps.", epilog="\b\nExample: pack rt down")
@team_options
def down(team, team_dir):
    pid = os.path.join(team_dir, ".up.pid")
    try:
        with open(pid, encoding="utf-8") as handle:
            os.kill(int(handle.read()), signal.SIGTERM)
    except (OSError, ValueError):
        click.echo("nothing is up (`pack rt up` keeps its servers until it ends)")
        return
    click.echo("asked to end")
