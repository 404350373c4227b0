#!/bin/sh
# psycopg 3.3.9, PostgreSQL 15, a connection with autocommit=True: executemany() and pipeline() make one transaction of their statements. (1) Of four rows the
# third is a duplicate: after executemany the first two are not stored; a loop of execute() keeps them. (2) In a pipeline the program has already fetched what `insert ...
# returning` gave for rows 1 and 2 when row 3 fails, and both are taken back: it holds ids that exist nowhere. (3) now() is one and the same for all of them,
# and three equal NOTIFYs come as one. statement_timeout is still for each statement alone. Nothing of this shows in the connection, whose autocommit is True
# throughout. With `with connection.transaction()` around each statement they are apart. Seen: (1) [] (2) fetched 1 and 2, stored [] (3) one time of three, one
# notification of three; by single execute() [1, 2, 4] and three. A good guess was that autocommit means each statement by itself. Runs the machine's PostgreSQL
# in a temporary folder, on a socket there, as an unprivileged user (it refuses root). Installs psycopg there; removes it. Exits 0 while that is so.
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
import sys
import psycopg
def connect(**more):
    return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", **more)

one, listener = connect(autocommit=True), connect(autocommit=True)
one.execute("create table t(i int primary key, at timestamptz default now())")
listener.execute("listen x")
def stored():
    found = [row[0] for row in one.execute("select i from t order by i")]
    one.execute("truncate t")
    return found
def each(rows):
    for row in rows:
        try:
            yield one.execute("insert into t values (%s) returning i", row).fetchone()[0]
        except psycopg.errors.UniqueViolation:
            pass
        except psycopg.errors.PipelineAborted:
            pass
rows = [(1,), (2,), (1,), (4,)]
try:
    one.cursor().executemany("insert into t values (%s)", rows)
    raised = "nothing"
except psycopg.Error as e:
    raised = type(e).__name__
many = stored()
with one.pipeline():
    fetched = list(each(rows))
pipelined = stored()
list(each(rows))
single = stored()
one.cursor().executemany("insert into t(i) select %s from pg_sleep(0.2)", [(1,), (2,), (3,)])
times = one.execute("select count(distinct at) from t").fetchone()[0]
def heard():
    return len(list(listener.notifies(timeout=1)))
one.cursor().executemany("select pg_notify('x', %s)", [("same",)] * 3)
folded = heard()
for n in range(3):
    one.execute("select pg_notify('x', 'same')")
apart = heard()
print("executemany:", raised, many, "pipeline: fetched", fetched, "stored", pipelined, "single:", single, "times", times, "notifications", folded, "single", apart, "autocommit", one.autocommit)
one.close()
listener.close()
same = (raised, many, fetched, pipelined, single) == ("UniqueViolation", [], [1, 2], [], [1, 2, 4])
sys.exit(0 if same and (times, folded, apart) == (1, 1, 3) else "changed")
END
