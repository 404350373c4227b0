"""A real projector: commands from one Redis stream, an event and a projection row in SQLite, then the read side is told."""

import sqlite3
import sys

import redis


def main(url, commands, projection):
    client, last = redis.Redis.from_url(url), "0-0"
    store = sqlite3.connect(":memory:", isolation_level=None)
    store.execute("CREATE TABLE events (at INTEGER PRIMARY KEY, body BLOB)")
    store.execute("CREATE TABLE view (number TEXT PRIMARY KEY, at INTEGER)")
    while True:
        for _, items in client.xread({commands: last}, count=500, block=1000) or ():
            for last, fields in items:
                body = fields[b"m"]
                store.execute("BEGIN")
                at = store.execute("INSERT INTO events (body) VALUES (?)", (body,)).lastrowid
                store.execute("INSERT OR REPLACE INTO view VALUES (?, ?)", (body.split()[1].decode(), at))
                store.execute("COMMIT")
                client.xadd(projection, {"m": body})


main(*sys.argv[1:4])
