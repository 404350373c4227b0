#!/bin/sh
# eventsourcing 9.5.6, psycopg-pool 3.3.3, PostgreSQL 15: PostgresDatastore(pool_open_timeout=S) is not about opening the pool. With it every use of a
# connection first waits until as many connections are idle as the pool is meant to have, so while one is in use nobody else gets one of the others, and
# two threads that wait at once die of a bare AssertionError in psycopg_pool. Without it both work. Seen with a pool of 4: two threads that use the store
# while a third connection is held: errors ['AssertionError', 'OperationalError'] with it, none without. A good guess was a limit for the
# first connection. Installs into a temporary folder, runs the machine's PostgreSQL there on a socket, as an unprivileged user. Exits 0 while that is so.
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
trap '$as "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1; rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" eventsourcing==9.5.6 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3 2>/dev/null
cd "$home"
export HOME="$home"
$as "$bin/initdb" -D "$home/data" -U postgres -A trust --no-sync >/dev/null
$as timeout 200 "$bin/pg_ctl" -D "$home/data" -w -l "$home/data/log" -o "-h '' -k $home" start >/dev/null
PYTHONPATH=$home/py timeout 240 "$python" -c '
import sys, threading
from eventsourcing.postgres import PostgresDatastore

def errors(**more):
    store = PostgresDatastore("postgres", sys.argv[1], 5432, "postgres", "", pool_size=4, **more)
    with store.get_connection():
        pass
    store.pool.wait(10)
    seen, held, done = [], threading.Event(), threading.Event()

    def hold():
        with store.get_connection():
            held.set()
            done.wait(20)

    def use():
        try:
            with store.get_connection() as conn:
                conn.execute("select 1")
        except BaseException as error:
            seen.append(type(error).__name__)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    users = [threading.Thread(target=use) for _ in range(2)]
    for one in users:
        one.start()
    for one in users:
        one.join()
    done.set()
    holder.join()
    store.close()
    return sorted(seen)

plain, timed = errors(), errors(pool_open_timeout=2)
print("without", plain, "with", timed)
sys.exit(0 if plain == [] and len(timed) == 2 and "AssertionError" in timed else 1)
' "$home"
