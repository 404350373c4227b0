"""The built-in consumers, each a process of its own (isolated from the caller's environment), with its orders in PACK_RT_WORKER.

builtin:effect-then-ack   the usual at-least-once consumer: a crash between the two repeats the effect
builtin:ack-then-effect   the classic mistake: a crash between the two loses the message
builtin:transaction       effect and acknowledgment in one transaction (Redis), elsewhere an effect that is idempotent by
                          the message's number: exactly once
"""

import asyncio
import json
import os
import sqlite3
import sys

from pack.realtime import adapters, audit_client


def open_effects(path):
    """The table of effects, in order; `once` is unique and holds the idempotent ones."""
    table = sqlite3.connect(path, isolation_level=None, timeout=10)
    table.execute("PRAGMA journal_mode=WAL")
    table.execute("PRAGMA synchronous=NORMAL")
    table.execute(
        "CREATE TABLE IF NOT EXISTS effects (at INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER, partition TEXT, member TEXT, once INTEGER UNIQUE)"
    )
    return table


def read_effects(path):
    """[(number, partition)] in the order of effect."""
    table = open_effects(path)
    try:
        return table.execute("SELECT number, partition FROM effects ORDER BY at").fetchall()
    finally:
        table.close()


async def work(orders):
    """Consume for ever, with the effect where the mode puts it."""
    adapter = adapters.make(orders["path"], orders["name"], orders["project"])
    table, mode, member = open_effects(orders["effects"]), orders["mode"], orders["member"]

    def effect(number, partition, once=False):
        table.execute(
            "INSERT OR IGNORE INTO effects (number, partition, member, once) VALUES (?, ?, ?, ?)",
            (number, partition, member, number if once else None),
        )

    async def handle(body, partition, ack, reject=None):
        if body is None:  # subscribed
            audit_client.ready()
            return
        parts = body.split(b" ", 2)
        if parts[0] != orders["token"].encode():
            await ack()
            return
        number = int(parts[1])
        if audit_client.poison(body):
            audit_client.point(number)
            if reject is None:
                raise RuntimeError("consume() of this adapter hands no reject over: it has no dead letters")
            await reject()
            return
        if mode == "effect-then-ack":
            effect(number, partition)
            audit_client.point(number)
            await ack()
        elif mode == "ack-then-effect":
            await ack()
            audit_client.point(number)
            effect(number, partition)
        elif adapter.transactional:
            audit_client.point(number)
            await ack(transact=True)
        else:
            effect(number, partition, once=True)
            audit_client.point(number)
            await ack()

    if not orders["waits"]:
        audit_client.ready()
    await adapter.consume(orders["group"], member, handle)


def main():
    """Run until killed; a broker that went away ends the process, and the auditor starts it again."""
    try:
        asyncio.run(work(json.loads(os.environ["PACK_RT_WORKER"])))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print("worker: %s: %s" % (type(error).__name__, error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
