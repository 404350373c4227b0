#!/bin/sh
# psycopg 3.3.9 (binary), PostgreSQL 15: the Diagnostic that a notice handler is given is only good inside the handler. Kept in a list and read after the
# statement, `sqlstate` and `message_primary` are None: its result has been cleared. Nothing says so, and a program that collects warnings to look at later
# sees none. It matters where a warning is all there is: a COMMIT whose wait for a synchronous standby is cancelled answers INSERT 0 1, raises nothing, and
# says only WARNING 01000 that it is stored on one server. Seen: inside ('01000', 'canceling wait ...'), afterwards (None, None), no exception, one row
# stored. A good guess was that a Diagnostic is a value. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user
# (it refuses root). Exits 0 while that is so.
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
$as timeout 200 "$bin/pg_ctl" -D "$home/data" -w -l "$home/data/log" -o "-h '' -k $home -c synchronous_standby_names=gone" start >/dev/null
PYTHONPATH=$home/py timeout 240 "$python" -c '
import sys, threading
import psycopg

conn = psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)
conn.execute("set synchronous_commit = local")
conn.execute("create table t (a int)")
conn.execute("set synchronous_commit = on")
inside, kept = [], []
conn.add_notice_handler(lambda said: (inside.append((said.sqlstate, said.message_primary)), kept.append(said)))
threading.Timer(1, conn.cancel).start()
answer = conn.execute("insert into t values (1)").statusmessage
conn.execute("select 1")
after = [(said.sqlstate, said.message_primary) for said in kept]
stored = conn.execute("select count(*) from t").fetchone()[0]
print(psycopg.__version__, answer, inside, after, stored)
conn.close()
sys.exit(0 if answer == "INSERT 0 1" and inside[0][0] == "01000" and after == [(None, None)] and stored == 1 else "changed")
' "$home"
