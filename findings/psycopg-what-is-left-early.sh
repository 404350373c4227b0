#!/bin/sh
# psycopg 3.3.9, PostgreSQL 15: two ways to read a long result row by row, and what is left behind when the loop is left early (`break`, a return, the first
# match). `copy (query) to stdout`: the `with` block ends without an exception, and then nothing works on that connection any more, "another command is already
# in progress", not even rollback(); a pool's `with pool.connection()` block ends with that OperationalError, after its work was done, and with the work that it
# had not committed. cursor.stream(): the connection goes on living, but its transaction is dead (InFailedSqlTransaction: the rest was cancelled), so what was
# inserted before in it is gone, though no statement failed. A named (server-side) cursor that is left early harms neither. Seen: copy: execute and rollback
# OperationalError, pool OperationalError and the row not stored; stream: InFailedSqlTransaction; named cursor: fine. A good guess was that leaving early drops
# the rest of the rows and nothing else. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user (it refuses root).
# Installs psycopg there; removes it. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
home=$(mktemp -d)
if [ "$(id -u)" = 0 ]; then
  chown postgres "$home"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
else
  as=
fi
trap '$as "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1; rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3 2>/dev/null
cd "$home"
export HOME="$home"
$as "$bin/initdb" -D "$home/data" -U postgres -A trust --no-sync >/dev/null
$as timeout 200 "$bin/pg_ctl" -D "$home/data" -w -l "$home/data/log" -o "-h '' -k $home" start >/dev/null
PYTHONPATH=$home/py timeout 100 "$python" - "$home" <<'END'
import logging, sys
import psycopg
from psycopg_pool import ConnectionPool
def connect(**more):
    return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", **more)

logging.disable(logging.CRITICAL)
LONG = "select generate_series(1, 200000)"
def outcome(run):
    try:
        run()
        return "fine"
    except psycopg.Error as e:
        return type(e).__name__
def by_copy(connection):
    with connection.cursor().copy("copy (%s) to stdout" % LONG) as rows:
        for row in rows:
            break
def by_stream(connection):
    for row in connection.cursor().stream(LONG):
        break
def by_name(connection):
    with connection.cursor("c") as rows:
        for row in rows.execute(LONG):
            break
admin = connect(autocommit=True)
admin.execute("create table kept(way text)")
seen = {}
for way in (by_copy, by_stream, by_name):
    connection = connect()
    connection.execute("insert into kept values (%s)", (way.__name__,))
    left = outcome(lambda: way(connection))
    seen[way.__name__] = [left, outcome(lambda: connection.execute("select 1")), outcome(connection.rollback)]
    connection.close()
with ConnectionPool("host=%s user=postgres dbname=postgres" % sys.argv[1], min_size=1, max_size=1, open=True) as pool:
    def work():
        with pool.connection() as connection:
            connection.execute("insert into kept values ('pool')")
            by_copy(connection)
    pooled = outcome(work)
stored = admin.execute("select count(*) from kept").fetchone()[0]
admin.close()
print("left, next statement, rollback:", seen, "pool:", pooled, "rows stored:", stored)
wanted = {"by_copy": ["fine", "OperationalError", "OperationalError"], "by_stream": ["fine", "InFailedSqlTransaction", "fine"], "by_name": ["fine", "fine", "fine"]}
sys.exit(0 if (seen, pooled, stored) == (wanted, "OperationalError", 0) else "changed")
END
