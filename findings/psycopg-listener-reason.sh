#!/bin/sh
# psycopg 3.3.9, PostgreSQL 15: why the server ends a connection reaches whoever waits in Connection.notifies() only through the notice handler. The exception
# is OperationalError without an SQLSTATE, "server closed the connection unexpectedly. This probably means the server terminated abnormally"; a notice of severity
# FATAL said "terminating connection due to administrator command" just before it. The same connection that asks something instead gets AdminShutdown
# with 57P01. So whoever decides by SQLSTATE whether to connect again sees a crash in each ordered restart, and only its listeners do. A good guess was
# that both get the same exception. Runs the machine's PostgreSQL in a temporary folder, on a socket there, as an unprivileged user. Installs psycopg there; removes
# it. Exits 0 while that is so.
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
import sys, threading, time
import psycopg

def connect():
    return psycopg.connect(host=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)

def ended(wait):
    """(exception, its SQLSTATE, the notices) of a connection that the server ends while wait(connection) uses it."""
    one, notices = connect(), []
    one.add_notice_handler(lambda told: notices.append((told.severity, told.message_primary)))
    one.execute("listen x")
    pid = one.info.backend_pid

    def end():
        time.sleep(1)
        with connect() as other:
            other.execute("select pg_terminate_backend(%s)", (pid,))

    thread = threading.Thread(target=end)
    thread.start()
    try:
        wait(one)
    except psycopg.Error as error:
        return type(error).__name__, error.sqlstate, notices
    finally:
        thread.join()
        one.close()

def asks(one):
    time.sleep(3)
    one.execute("select 1")

listens, asked = ended(lambda one: list(one.notifies(timeout=20))), ended(asks)
print("listens:", listens)
print("asks:", asked)
why = [("FATAL", "terminating connection due to administrator command")]
sys.exit(0 if (listens, asked) == (("OperationalError", None, why), ("AdminShutdown", "57P01", [])) else "changed")
' "$home"
