"""`pack sprint` in a clone that is in a fleet: the verbs that need other squads. Exit codes as `pack sprint`'s."""

import click

from pack.cli import fleet as verbs
from pack.cli.sprint import changed, group, opened, shared
from pack.realtime import sprint


def begin(argv):
    """See to it that the engine's driver is there; the interpreter that joined goes on where this one has none."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        verbs.again("sprint", argv)
        raise


def end():
    """What `begin` began."""
    from pack.realtime import shared as fleet

    fleet.close()


@group.command(help="Move this file's backlog into the fleet, once.", epilog="\b\nExample: pack sprint share")
@shared
def share(path, now):
    backlog = opened(sprint.load(path))
    click.echo("%d items are the fleet's now" % backlog.share())


@group.command(help="Offer an item to another squad.", epilog="\b\nExample: pack sprint handoff B3 --to experience --note 'API is stable'")
@click.argument("ident")
@click.option("--to", required=True, metavar="SQUAD")
@click.option("--note", required=True, help="what it is to know")
@shared
def handoff(ident, to, note, path, now):
    with changed(path) as backlog:
        backlog.hand_over(ident, to, note)
    click.echo("squad %s is told when its lead's turn ends, and takes it with `pack sprint accept %s`" % (to, ident))


@group.command(help="Take an item that was handed over to this squad.", epilog="\b\nExample: pack sprint accept B3 --owner ben")
@click.argument("ident")
@click.option("--owner", default=None)
@shared
def accept(ident, owner, path, now):
    with changed(path) as backlog:
        backlog.accept(ident, owner)
        click.echo("%s is squad %s's" % (ident, backlog.shared.squad))


@group.command(
    help="Record a decision; every squad is told.", epilog="\b\nExample: pack sprint decide 'Events carry a version' --why 'two readers'"
)
@click.argument("text")
@click.option("--why", default=None)
@shared
def decide(text, why, path, now):
    click.echo("D%d is recorded" % opened(sprint.load(path)).decide(text, why))


@group.command(help="Hand-offs, decisions and integration days of every machine.", epilog="\b\nExample: pack sprint log")
@shared
def log(path, now):
    data = sprint.load(path)
    notes = opened(data).notes
    found = [(n, n["data"]) for kind in ("decision", "handoff", "integration", "escalated") for n in notes(kind)]
    for note, said in sorted(found, key=lambda one: one[0]["id"]):
        what = {
            "text": lambda: "D%d %s%s" % (note["id"], said["text"], " (%s)" % said["why"] if said.get("why") else ""),
            "to": lambda: "%s handed over to %s: %s" % (note["about"], said["to"], said["note"]),
            "steps": lambda: "integration at %s: %s" % ((said.get("commit") or "no commit")[:12], "passed" if said["ok"] else "FAILED"),
            "blocker": lambda: "ESCALATED %s: %s, owner %s, ETA %s" % (said["id"], said["blocker"], said["owner"], said["eta"]),
        }[next(k for k in ("text", "to", "steps", "blocker") if k in said)]()
        click.echo("%s  %s on %s  %s" % (sprint.local(data, note["at"]).strftime("%Y-%m-%d %H:%M"), note["squad"], note["machine"], what))


@group.group(
    help="Contracts between squads: published from a recording, under a version.",
    epilog="\b\nExample:\n  pack sprint contract publish orders",
)
def contract():
    pass


@contract.command(
    help="Publish the newest recording of NAME, as it is committed.",
    epilog="\b\nExample: pack record http orders URL; git commit ...; pack sprint contract publish orders",
)
@click.argument("name")
@shared
def publish(name, path, now):
    from pack.realtime import shared as fleet

    version, lines, new = fleet.publish(opened(sprint.load(path)), name)
    click.echo("%s is version %d%s" % (name, version, "" if new else ", as before"))
    for line in lines:
        click.echo("DRIFT " + line)


@contract.command(
    help="This squad depends on a contract: its drift keeps the work back that is named, or all of it.",
    epilog="\b\nExample: pack sprint contract need orders --path src/checkout/ --item B4",
)
@click.argument("name")
@click.option("--path", "paths", multiple=True, help="files of tasks that depend on it")
@click.option("--item", "items", multiple=True, metavar="ID", help="items of the backlog that do")
@click.option("--drop", is_flag=True, help="no longer")
@shared
def need(name, paths, items, drop, path, now):
    backlog = opened(sprint.load(path))
    for ident in items:
        backlog.get(ident)
    backlog.need(name, paths, items, drop)
    click.echo("squad %s %s %s" % (backlog.shared.squad, "no longer needs" if drop else "depends on", name))


@contract.command(
    "list",
    help="Every contract, who depends on it, what is merged here; exit 1 when something is kept back.",
    epilog="\b\nExample: pack sprint contract list",
)
@shared
def list_(path, now):
    data = sprint.load(path)
    backlog = opened(data)
    for name, versions, squads in backlog.contracts():
        last = versions[-1]
        click.echo(
            "%-24s version %d of squad %s at %s; needed by %s"
            % (name, last["version"], last["squad"], last["commit"][:12], ", ".join(squads) or "nobody")
        )
    late = [line for line in backlog.waits() if line.startswith("WAIT")]
    for line in late:
        click.echo(line)
    raise SystemExit(1 if late else 0)
