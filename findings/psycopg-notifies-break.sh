#!/bin/sh
# psycopg 3.3.9, PostgreSQL 15: Connection.notifies() is a generator that hands out in turn what came in one packet. Who leaves the loop at the first one
# (`break`, next() and close()) loses the others of that packet: a later notifies() on the same connection does not give them. stop_after=1 is no help for
# counting: it gives all of the packet (here 2 of 3, as the server sent them). What comes while no generator runs is kept, since 3.2, and given by the next.
# Seen for 3 4 5 sent while the listener is away: loop left after 3, then nothing; all of 6 7 8 are seen where the loop runs to its timeout. A good guess was
# that the rest waits for the next call. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user. Installs psycopg
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
trap '$as "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1; rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" 'psycopg[binary]==3.3.9' 2>/dev/null
cd "$home"
export HOME="$home"
$as "$bin/initdb" -D "$home/data" -U postgres -A trust --no-sync >/dev/null
$as timeout 200 "$bin/pg_ctl" -D "$home/data" -w -l "$home/data/log" -o "-h '' -k $home" start >/dev/null
PYTHONPATH=$home/py timeout 240 "$python" -c '
import sys, time
import psycopg

def connect():
    return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)

def told(*texts):
    """In one transaction, so that the server hands them out together."""
    with sender.transaction():
        for text in texts:
            sender.execute("select pg_notify(%s, %s)", ("x", text))
    time.sleep(0.5)

listener, sender = connect(), connect()
listener.execute("listen x")
told("1", "2")
listener.execute("select 1")
between = [n.payload for n in listener.notifies(timeout=1)]
told("3", "4", "5")
for first in listener.notifies(timeout=1):
    break
rest = [n.payload for n in listener.notifies(timeout=1)]
told("6", "7", "8")
whole = [n.payload for n in listener.notifies(timeout=1)]
for one in (listener, sender):
    one.close()
print("while no generator ran:", between, "left after", first.payload, "then", rest, "to the timeout", whole)
sys.exit(0 if (between, first.payload, rest, whole) == (["1", "2"], "3", [], ["6", "7", "8"]) else "changed")
' "$home"
