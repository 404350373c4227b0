"""PostgreSQL as the fleet's engine: connecting, the schema's version, calls of its functions, errors in one line.

Every write is one statement in autocommit, so that there is no commit of ours that could return without having stored: only leases need
more (serializable), and there COMMIT's own answer is read. psycopg is imported here and nowhere else, and never on a hook's path.
"""

import os
import random
import re
import select
import signal
import time

import psycopg
import psycopg.sql
import psycopg.types.json

from ..base import codec, redact
from ..protocol.guards_result import plainly

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrations")
RETRIES = 40  # of a serializable transaction; with the pauses below some seconds
AGAIN = ("40001", "40P01")
# The server is there and cannot take a write now: as good as away. Shutting down, starting, read only, disk or connections or memory used up,
# a lock or a statement that took too long.
AWAY = (
    "57P01",
    "57P02",
    "57P03",
    "25006",
    "53100",
    "53200",
    "53300",
    "53400",
    "55P03",
    "57014",
    "57P05",
    "25P03",
    "58030",
    "08006",
    "08003",
    "08P01",
)

# The server has answered a connection with a no that waiting does not change. libpq hands its words on, and no code; a server that speaks another
# language than English is taken for one that is away.
TURNED_AWAY = (
    "password authentication failed",
    "is not permitted to log in",
    "no pg_hba.conf entry",
    "no password supplied",
    "permission denied for database",
)

OTHER_SCHEMA = ("42883", "42P01", "42703", "3F000")  # a function, table, column or the schema that this plugin knows is not there

ACQUIRE = (
    "begin isolation level serializable; set local idle_in_transaction_session_timeout = '5s'; "
    "set local client_connection_check_interval = '1s'; set local lock_timeout = '4s'; "
    "select fleet.acquire({}, {}, {}, {}); commit"
)


KEEPERS = """
select distinct a.usename, a.pid from pg_locks l join pg_stat_activity a using (pid)
  where l.granted and a.pid <> pg_backend_pid() and a.usename is not null and a.pid not in (select pid from pg_locks where not granted)
    and (l.locktype = 'advisory' or l.relation in (select oid from pg_class where relnamespace = 'fleet'::regnamespace))
    and l.database = (select oid from pg_database where datname = current_database()) order by 1, 2 limit 5
"""


class FleetError(Exception):
    """What went wrong and the way out, in one line. code: the engine's (FL...), detail: what it says besides."""

    def __init__(self, text, code="", detail=None):
        Exception.__init__(self, masked(text))
        self.code, self.detail = code, detail or {}


class Unreachable(FleetError):
    """The engine cannot be asked, or not be relied on, now."""


class Fenced(FleetError):
    """Another copy of the run leads."""


class Diverged(FleetError):
    """The engine's records and these are not of one chain."""


class _Late(Exception):
    pass


# Short ones too, and `user:password@host` without a scheme: what somebody typed where a host's or a database's name is meant.
TYPED = (r"(?i)(passw(?:or)?d\s*=\s*)('[^']*'|[^\s'\",;&]+)", r"([^\s/:@\"']:)([^\s/@\"']+)(?=@)")


def masked(text):
    """One line without passwords, and without what a terminal would obey: servers and other members have written parts of it."""
    text = " ".join(str(text).split())
    for name in ("PGPASSWORD", "PGSSLPASSWORD"):
        secret = os.environ.get(name)
        if secret and len(secret) > 2:
            text = text.replace(secret, redact.MASK)
    for shape in TYPED:
        text = re.sub(shape, lambda m: m.group(1) + redact.MASK, text)
    return plainly(redact.text(text))


def migrations():
    """[(number, name, sql)] in order."""
    out = []
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".sql"):
            with open(os.path.join(HERE, name), encoding="utf-8") as f:
                out.append((int(name[:4]), name[5:-4], f.read()))
    return out


VERSION = max(number for number, _name, _sql in migrations())


class Engine:
    """One connection. where: what libpq is told besides its own environment, service file and .pgpass. Answers FleetErrors only."""

    def __init__(self, where, seconds=8, checked=True):
        self.where, self.seconds, self.checked, self.conn, self.warned = dict(where), seconds, checked, None, []
        self.retries = 0  # serializable transactions that were asked again
        self.listens, self.rung, self.direct = None, [], None  # the project whose bell is heard; what rang; whether there is no pooler

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.conn is not None:
            try:
                self.conn.close()
            except psycopg.Error:
                pass
            self.conn = None

    def connected(self):
        """The connection, made when there is none; raises FleetError."""
        if self.conn is not None and not self.conn.closed:
            return self.conn
        try:
            with _deadline(self.seconds):
                self.conn = psycopg.connect(
                    autocommit=True,
                    prepare_threshold=None,  # a pooler between us and the server knows nothing of prepared statements
                    application_name="team-fleet",
                    client_encoding="utf8",  # whatever PGCLIENTENCODING says: names are not of one alphabet
                    connect_timeout=4,
                    target_session_attrs="read-write",  # of several hosts the one that leads; a standby is not asked
                    keepalives=1,
                    keepalives_idle=4,
                    keepalives_interval=2,
                    keepalives_count=3,
                    tcp_user_timeout=10000,
                    **self.where,
                )
        except (psycopg.Error, _Late) as error:
            self.conn = None
            said = _said(error)
            if any(one in said for one in TURNED_AWAY):
                raise FleetError("the fleet's engine does not let this login in (%s)" % said, "LOGIN") from None
            raise Unreachable("the fleet's engine cannot be reached (%s)" % (_said(error) or "no answer in time")) from None
        self.direct = None
        psycopg.types.json.set_json_loads(
            lambda data: codec.loads(data.decode("utf-8")), self.conn
        )  # what another member nested too deep is a ValueError like any other
        # Taken apart at once: psycopg's notice is empty once its result is gone.
        self.conn.add_notice_handler(lambda said: self.warned.append((said.sqlstate, said.message_primary)))
        if self.checked:
            try:
                self._check()
            except FleetError:
                self.close()
                raise
        self._listen()
        return self.conn

    def listen(self, project):
        """Hear a project's bell from now on, over this connection and each one after it. Answers whether that is possible: behind a pooler
        LISTEN would stay with a stranger, and whoever waits looks now and then instead."""
        self.listens = project
        self.connected()
        return self._listen()

    def _listen(self):
        if self.listens is None or self.conn is None:
            return False
        if self.direct is None:
            # A pooler makes the number up that it tells its client; the server's own is another.
            direct = self.rows("select pg_backend_pid()")[0][0] == self.conn.info.backend_pid
            if direct:
                self.conn.add_notify_handler(lambda told: self.rung.append(told.payload))
                self.rows("select set_config('fleet.channel', fleet.channel(%s), false)", (self.listens,))
                self.rows("do $$ begin execute format('listen %I', current_setting('fleet.channel')); end $$")
            self.direct = direct
        return self.direct

    def heard(self):
        """What rang since the last call, without asking the engine; [] without a connection."""
        if self.conn is not None and not self.conn.closed and self.listens is not None:
            try:
                self.conn.pgconn.consume_input()
                while True:
                    told = self.conn.pgconn.notifies()
                    if told is None:
                        break
                    self.rung.append(told.extra.decode("utf-8", "replace"))
            except psycopg.Error:
                self.close()
        out, self.rung = self.rung, []
        return out

    def wait(self, others=(), seconds=1.0):
        """Until the bell rings, one of `others` (files) is ready, or the time is up. Answers those of `others` that are ready."""
        watched = list(others)
        if self.conn is not None and not self.conn.closed and self.direct:
            watched.append(self.conn.fileno())
        if self.rung:
            seconds = 0
        return [f for f in select.select(watched, [], [], seconds)[0] if f in others]

    def _check(self):
        """The schema is there, of this version, and this login may use it."""
        found = self.rows(
            "select to_regclass('fleet.migrations') is not null, has_schema_privilege('fleet', 'usage') from pg_namespace where nspname = 'fleet'"
        )
        if not found:
            raise FleetError("this database has no fleet: its owner runs `pack fleet init` once", "SCHEMA")
        if not all(found[0]):
            raise FleetError("this login may not use the fleet: its owner runs `pack fleet grant NAME --as member`", "RIGHTS")
        if self.rows("select current_setting('row_security')")[0][0] != "on":
            raise FleetError(
                "`row_security` is off for this login or database, and the fleet rests on it: its owner sets it on again", "SETTINGS"
            )
        number = self.rows("select coalesce(max(number), 0) from fleet.migrations")[0][0]
        if number > VERSION:
            raise FleetError("the fleet's schema is number %d and this plugin knows %d: update the plugin" % (number, VERSION), "SCHEMA")
        if number < VERSION:
            raise FleetError(
                "the fleet's schema is number %d and this plugin needs %d: its owner runs `pack fleet init`" % (number, VERSION), "SCHEMA"
            )

    def rows(self, sql, args=None):
        """One statement, which is one transaction; its rows. Raises FleetError. Asked again where it lost to another: a deadlock, or a database
        whose operator made every transaction serializable."""
        for attempt in range(RETRIES):
            conn = self.connected()
            del self.warned[:]
            try:
                with _deadline(self.seconds):
                    done = conn.execute(sql, args)
                    out = done.fetchall() if done.description else []
                break
            except UnicodeEncodeError:
                raise FleetError("a name or text is not UTF-8: %r" % (args,), "ENCODING") from None
            except ValueError as error:
                raise _unread(error) from None
            except (psycopg.Error, _Late) as error:
                if getattr(error, "sqlstate", None) not in AGAIN or attempt + 1 == RETRIES:
                    raise self._failed(error) from None
                self._pause(attempt)
        self._replicated()
        return out

    def call(self, function, *args):
        """A function of the schema; the rows that it answers."""
        return self.rows("select * from fleet.%s(%s)" % (function, ", ".join(["%s"] * len(args))), args)

    def _replicated(self):
        """A COMMIT that waited for a standby and was cancelled is stored on one server only, and says so in a warning, not in an error."""
        told = [message for state, message in self.warned if state == "01000"]
        if told:
            raise Unreachable("the engine stored it on one server only (%s)" % told[0])

    def acquire(self, run, holder, epoch, wants):
        """Leases for [{"path", "task"}] in one serializable transaction, asked again while others were quicker. Answers who is in the way."""
        import json

        last = None
        for attempt in range(RETRIES):
            conn = self.connected()
            del self.warned[:]
            try:
                with _deadline(self.seconds):
                    # One round trip. LOCAL: behind a pooler anything else would stay with the next stranger. A client that vanishes here
                    # holds nobody up.
                    asked = psycopg.sql.SQL(ACQUIRE).format(run, holder, epoch, json.dumps(wants))
                    done = conn.execute(asked)
                    while done.description is None and done.nextset():
                        pass
                    found = done.fetchone()[0]
                    said = done.statusmessage
                    while done.nextset():
                        said = done.statusmessage
                if said != "COMMIT":
                    raise Unreachable("the engine answered %s to a commit" % said)
                self._replicated()
                return found
            except (psycopg.Error, _Late) as error:
                last = error
                if getattr(error, "sqlstate", None) not in AGAIN:
                    raise self._failed(error) from None
                self._roll_back()
                self._pause(attempt)
        raise Unreachable("the engine was too busy for leases (%s)" % _said(last))

    def _pause(self, attempt):
        """Before what lost to another transaction is asked again."""
        self.retries += 1
        time.sleep(random.uniform(0, min(0.2, 0.003 * 2 ** min(attempt, 6))))

    def _roll_back(self):
        try:
            with _deadline(self.seconds):
                self.conn.execute("rollback")
        except (psycopg.Error, _Late):
            self.close()

    def keepers(self):
        """Who has a lock for which others wait, as far as this login may see it: what a sentence says of it, "" for nobody."""
        try:
            with _deadline(2):
                if self.conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    self.conn.execute("rollback")
                found = self.conn.execute(KEEPERS).fetchall()
        except (psycopg.Error, _Late):
            return ""
        return "; open there: " + ", ".join("%s (process %d of the server)" % row for row in found) if found else ""

    def _failed(self, error):
        """The FleetError for psycopg's. The connection is given up unless the server itself has answered with an error."""
        state = getattr(error, "sqlstate", None) or ""
        if not state and isinstance(error, psycopg.DataError):
            return FleetError("the engine cannot store this text (%s)" % _said(error), "ENCODING")
        if isinstance(error, _Late) or not state or state in AWAY or self.conn is None or self.conn.broken:
            by = self.keepers() if state == "55P03" else ""
            self.close()
            primary = masked(error.diag.message_primary or "") if state else ""
            return Unreachable("the fleet's engine does not answer (%s%s)" % (primary or _said(error) or "in time", by))
        if self.conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._roll_back()
        text, detail = error.diag.message_primary or _said(error), _detail(error)
        kind = {"FL003": Fenced, "FL010": Diverged, "FL011": Diverged, "FL012": Diverged}.get(state, FleetError)
        if state in OTHER_SCHEMA:
            self.close()  # the next connection finds out, and says who is to update what
            text += ": the fleet's schema was changed meanwhile"
        if state == "42501":
            text += "; ask the fleet's owner for `pack fleet grant NAME --as member` (to prune: `--as owner`)"
        return kind(text, state, detail)


def _unread(error):
    return FleetError("the engine holds a row that no program of ours wrote (%s)" % error, "ROW")


def _said(error):
    """psycopg's words, in one line."""
    return masked(re.sub(r"^connection failed: ", "", str(error or "").strip()))[:300]


def _detail(error):
    import json

    try:
        found = json.loads(error.diag.message_detail or "{}")
        return found if isinstance(found, dict) else {}
    except ValueError:
        return {}


class _deadline:
    """No answer in time is no answer: a COMMIT that waits for a standby that is gone has no bound of the server's own. Main thread only."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        try:
            self.before = signal.signal(signal.SIGALRM, self._late)
        except ValueError:  # another thread than the main one has no signals
            self.before = None
            return
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def _late(self, *_):
        raise _Late()

    def __exit__(self, *_):
        if self.before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)
