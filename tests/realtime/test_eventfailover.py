"""The leader of an event store is killed while events are appended, and its standby promoted: Debian's PostgreSQL, both ways of following."""

import os
import shlex
import sys

import pytest

pytest.importorskip("eventsourcing", reason="eventsourcing is not installed (extra `eventstore`)")
pytest.importorskip("psycopg_pool", reason="psycopg-pool is not installed (extra `eventstore`)")

from ..fleet import server as postgres
from .conftest import pack

pytestmark = [pytest.mark.broker, pytest.mark.skipif(not postgres.available(), reason=postgres.MISSING)]

KILL = """
import glob, os, signal, sys, time
leader, standby, hold = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
def children(of):
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            words = open(stat).read().rpartition(")")[2].split()
            pid = int(stat.split("/")[2])
            if int(words[1]) == of:
                yield pid, open("/proc/%d/cmdline" % pid).read()
        except OSError:
            pass
receivers = [pid for pid, words in children(standby) if "walreceiver" in words]
assert receivers
for pid in receivers * (hold > 0):  # the standby hears nothing any more, while the leader goes on for a while
    os.kill(pid, signal.SIGSTOP)
time.sleep(hold)
below = [pid for pid, _ in children(leader)]
os.kill(leader, signal.SIGKILL)
for pid in below + receivers * (hold > 0):
    try:
        os.kill(pid, signal.SIGKILL if pid in below else signal.SIGCONT)
    except ProcessLookupError:
        pass
"""


class Pair:
    """A leader and its streaming standby."""

    def __init__(self, *settings):
        self.leader = postgres.Server(settings=postgres.FAST + settings).start()
        self.leader.sql("ALTER USER postgres PASSWORD 'secret'")
        self.standby = postgres.Server(standby_of=self.leader).start()
        for _ in range(200):
            if self.leader.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"):
                break
            __import__("time").sleep(0.05)
        if settings:
            self.leader.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.leader.sql("SELECT pg_reload_conf()")
            for _ in range(200):
                if self.leader.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
                    break
                __import__("time").sleep(0.05)

    def addresses(self):
        return ["postgresql://postgres:secret@127.0.0.1:%d/postgres" % one.port for one in (self.leader, self.standby)]

    def killer(self, hold):
        words = [sys.executable, "-c", KILL, self.leader.process.pid, self.standby.process.pid, hold]
        return " ".join(shlex.quote(str(w)) for w in words)

    def remove(self):
        self.standby.remove()
        self.leader.stop(9)
        self.leader.remove()


@pytest.fixture
def asynchronous():
    pair = Pair()
    yield pair
    pair.remove()


@pytest.fixture
def synchronous():
    pair = Pair("synchronous_commit=on")
    yield pair
    pair.remove()


def test_a_synchronous_standby_has_all_that_was_acknowledged(synchronous, capsys):
    leader, standby = synchronous.addresses()
    assert pack("rt", "events", leader, "--events", 400, "--standby", standby, "--kill", synchronous.killer(0)) == 0
    out = capsys.readouterr().out
    assert "synchronous: the standby is sync, synchronous_commit on" in out and "lost 0, twice 0" in out
    assert "every acknowledged event is there once, and a follower of the old leader misses none of the new one's" in out


def test_an_asynchronous_standby_that_is_behind_loses_what_was_acknowledged(asynchronous, capsys):
    """The leader acknowledges for a second more while its standby hears nothing. Positions are given again: a follower misses events."""
    leader, standby = asynchronous.addresses()
    assert pack("rt", "events", leader, "--events", 200, "--standby", standby, "--kill", asynchronous.killer(1)) == 1
    out = capsys.readouterr().out
    assert "asynchronous: the standby is async" in out
    lost = int(out.partition("FAIL: ")[2].split()[0])
    assert lost > 0 and "acknowledged events are gone" in out and "lost %d, twice 0" % lost in out


def test_a_kill_that_kills_nothing_is_told(asynchronous, capsys, monkeypatch):
    from pack.realtime import eventfailover

    monkeypatch.setattr(eventfailover, "DOWN_S", 1.0)
    leader, standby = asynchronous.addresses()
    assert pack("rt", "events", leader, "--events", 200, "--standby", standby, "--kill", "true") == 2
    assert "the leader still acknowledges events 1 s after the kill command ended" in capsys.readouterr().err
    assert pack("rt", "events", leader, "--events", 200, "--standby", standby, "--kill", "sh -c 'echo no; exit 3'") == 2
    assert "the kill command ended with exit code 3: no" in capsys.readouterr().err
    assert pack("rt", "events", leader, "--standby", standby) == 2
    assert "--standby and --kill belong together" in capsys.readouterr().err
    left = asynchronous.leader.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'pack_%'")
    assert left == [(0,)], "what was made on a leader that lives is removed again"


def test_a_leader_that_hangs_is_no_leader(asynchronous, capsys, monkeypatch):
    """Stopped, not dead: its clients hear nothing, and what they had asked for got no answer."""
    from pack.realtime import eventfailover

    monkeypatch.setattr(eventfailover, "ANSWER_S", 2.0)
    leader, standby = asynchronous.addresses()
    every = "kill -STOP %s $(pgrep -P %d)" % (asynchronous.leader.process.pid, asynchronous.leader.process.pid)
    assert pack("rt", "events", leader, "--events", 200, "--standby", standby, "--kill", "sh -c %s" % shlex.quote(every)) == 0
    assert "of 1 that got no answer" in capsys.readouterr().out


def test_two_leaders_are_told(asynchronous, capsys, monkeypatch):
    """The old leader only hung, and comes back when another has been promoted: it takes events from whoever still knows it."""
    from pack.realtime import eventfailover

    monkeypatch.setattr(eventfailover, "ANSWER_S", 2.0)
    leader, standby = asynchronous.addresses()
    old, ctl = asynchronous.leader.process.pid, os.path.join(postgres.BINARIES[0], "psql")
    kill = "sh -c %s" % shlex.quote("kill -STOP %d $(pgrep -P %d)" % (old, old))
    promote = "%s -q -o /dev/null -h %s -p %d -U postgres -c 'SELECT pg_promote()'" % (
        ctl,
        asynchronous.standby.folder,
        asynchronous.standby.port,
    )
    promote = "sh -c %s" % shlex.quote("%s; kill -CONT %d $(pgrep -P %d)" % (promote, old, old))
    assert pack("rt", "events", leader, "--events", 200, "--standby", standby, "--kill", kill, "--promote", promote) == 1
    assert "FAIL: the old leader still takes events: there are two" in capsys.readouterr().out
