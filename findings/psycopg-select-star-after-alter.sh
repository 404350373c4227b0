#!/bin/sh
# psycopg 3.3.9 and psycopg-pool 3.3.3, PostgreSQL 15: a long-lived connection that has run `select * from w` five times holds it as a prepared statement,
# without having been asked to. When another connection then adds a column to w, this query fails on it with FeatureNotSupported, "cached plan must not change
# result type", and goes on failing for ever: psycopg neither drops the statement nor prepares it again, in autocommit too. A pool gives such a connection out
# again and again, with check=ConnectionPool.check_connection as well, for the connection itself is fine. So a harmless migration stops every service that was
# there before it until it is started anew, and `insert ... returning *` with it. Dropping the column heals it, and so does prepare_threshold=None. Seen: 20 of
# 20 failed, the pool 5 of 5, then fine after the column was dropped; with prepare_threshold=None 0 of 20. A good guess was one error at most, and a statement
# that is prepared anew. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user (it refuses root). Installs psycopg
# there; removes it. Exits 0 while that is so.
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

def failed(times, run):
    count = 0
    for n in range(times):
        try:
            run()
        except psycopg.errors.FeatureNotSupported:
            count += 1
    return count
old, plain, other = connect(autocommit=True), connect(autocommit=True, prepare_threshold=None), connect(autocommit=True)
other.execute("create table w(a int)")
pool = ConnectionPool("host=%s user=postgres dbname=postgres" % sys.argv[1], min_size=1, max_size=1, open=True, kwargs={"autocommit": True}, check=ConnectionPool.check_connection)
def ask(connection):
    connection.execute("select * from w where a = %s", (1,)).fetchall()
def ask_pool():
    with pool.connection() as connection:
        ask(connection)
before = [failed(8, run) for run in (lambda: ask(old), lambda: ask(plain), ask_pool)]
logging.disable(logging.CRITICAL)
other.execute("alter table w add b int")
after = [failed(20, lambda: ask(old)), failed(20, lambda: ask(plain)), failed(5, ask_pool)]
other.execute("alter table w drop b")
healed = failed(3, lambda: ask(old))
for one in (old, plain, other, pool):
    one.close()
print("failed before", before, "after the new column: connection %d of 20, unprepared %d of 20, pool %d of 5" % tuple(after), "column dropped:", healed)
sys.exit(0 if (before, after, healed) == ([0, 0, 0], [20, 0, 5], 0) else "changed")
END
