#!/bin/sh
# psycopg 3.3.9, PostgreSQL 15: `interval '%s days'` with a parameter, as it stands in programs written for psycopg2, is no error and does not mean what it
# says. psycopg 3 writes $1 in its place, inside the quotes too, and PostgreSQL's reader of intervals passes over the dollar sign: "$1 days" is one day. So
# `now() - interval '%s days'` with 7, 30 or 365 is yesterday, in a DELETE of what is old as well; with two places, '%s minutes %s seconds' is 1 minute and 2
# seconds, the numbers of the places. The value is not looked at, not even its type. Where the reader is strict it is an error ('%s'::int: invalid input "$1").
# Seen: for 7, 30 and 365 days one day each; 62 seconds for 7 and 8; with ClientCursor, which pastes values as psycopg2 did, 7 days; make_interval(days => %s) 7
# days. A good guess was an error from one of the two. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user (it
# refuses root). Installs psycopg there; removes it. Exits 0 while that is so.
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
import datetime, sys
import psycopg
def connect(**more):
    return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", **more)

plain = connect(autocommit=True)
days = [plain.execute("select interval '%s days'", (n,)).fetchone()[0].days for n in (7, 30, 365)]
both = plain.execute("select interval '%s minutes %s seconds'", (7, 8)).fetchone()[0].seconds
plain.execute("create table old as select now() - interval '3 days' as at")
gone = plain.execute("delete from old where at < now() - interval '%s days'", (30,)).rowcount
pasted = psycopg.ClientCursor(plain).execute("select interval '%s days'", (7,)).fetchone()[0].days
made = plain.execute("select make_interval(days => %s)", (7,)).fetchone()[0].days
try:
    strict = plain.execute("select '%s'::int", (7,)).fetchone()
except psycopg.Error as e:
    strict = e.sqlstate
plain.close()
print("days for 7, 30, 365:", days, "7 min 8 s:", both, "s; rows of 3 days ago deleted as older than 30 days:", gone, "ClientCursor", pasted, "make_interval", made, "'%s'::int", strict)
sys.exit(0 if (days, both, gone, pasted, made, strict) == ([1, 1, 1], 62, 1, 7, 7, "22P02") else "changed")
END
