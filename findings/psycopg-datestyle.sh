#!/bin/sh
# psycopg 3.3.9 (binary), PostgreSQL 15: whether a column of type timestamptz can be read rests on a setting of the server. An operator's
# `alter database x set datestyle = 'German'` (or 'SQL, DMY', 'Postgres, DMY') makes fetchone() raise NotImplementedError, which is no psycopg.Error, so a program that
# catches those falls over at a query that has worked for years; date and timestamp without time zone are read all the same, and so is the very same timestamptz with
# binary=True. The driver neither sets DateStyle nor says at connecting that it cannot read this one. An interval under IntervalStyle sql_standard does the same.
# A good guess was that a driver fixes the formats that it parses (libpq has PGDATESTYLE, JDBC sets ISO). Seen: timestamptz NotImplementedError in all three styles, the
# others read. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user (it refuses root). Exits 0 while that is so.
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
import sys
import psycopg

conn = psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)


def read(what, binary=False):
    try:
        conn.execute("select " + what, binary=binary).fetchone()
        return "read"
    except Exception as error:
        return type(error).__name__ + ("" if isinstance(error, psycopg.Error) else ", no psycopg.Error")


seen = {}
for style in ("ISO, DMY", "German", "SQL, DMY", "Postgres, DMY"):
    conn.execute("set datestyle = \"%s\"" % style)
    seen[style] = [read("now()"), read("now()", True), read("now()::timestamp"), read("now()::date")]
conn.execute("set intervalstyle = sql_standard")
seen["interval"] = [read("interval \"1 day\"".replace(chr(34), chr(39)))]
print(psycopg.__version__, seen)
conn.close()
wrong = "NotImplementedError, no psycopg.Error"
same = all(seen[s] == [wrong, "read", "read", "read"] for s in ("German", "SQL, DMY", "Postgres, DMY"))
sys.exit(0 if same and seen["ISO, DMY"] == ["read"] * 4 and seen["interval"] == [wrong] else "changed")
' "$home"
