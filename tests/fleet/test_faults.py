"""What happens around the engine: a pooler in between, a server that restarts, a network that is cut on one side or both."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest
from fleet import server as servers
from fleet.test_leases import leased, member, tasks, wait  # noqa: F401 - member is a fixture
from fleet.test_shipping import journal, number, stored

from pack.fleet import files
from pack.fleet.engine import Engine


@pytest.mark.skipif(not os.path.exists("/usr/sbin/pgbouncer"), reason="no pgbouncer: scripts/dev/setup")
def test_behind_a_pooler_in_transaction_mode(machines, server, base):
    """GROUND P: prepared statements, session locks, SET and LISTEN break there; nothing of a fleet rests on them."""
    pooler = servers.Pooler(server, base["dbname"])
    try:
        through = {"host": "127.0.0.1", "port": str(pooler.port), "dbname": base["dbname"]}
        ams, ber = machines("ams", "alice", join=False), machines("ber", "bob", join=False)
        for m in (ams, ber):
            m.base = through
            assert m.join()[0] == 0
        a, b = ams.session(), ber.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        a.do_task("coder-1", 1, "src/a.py")
        b.build()
        assert "LEASED_ELSEWHERE" in b.register(tasks(["src/a.py"]))
        assert b.register(tasks(["src/b.py"])) is None
        ams.settled()
        assert stored(server, base, number(ams)) == journal(ams)
        with Engine(dict(through, user="alice")) as engine:
            for _ in range(12):  # psycopg prepares at the fifth time, and the sixth fails there
                engine.rows("select %s::int", (1,))
        for m in (ams, ber):
            m.kill()
    finally:
        pooler.remove()


def test_the_engine_is_killed_again_and_again(machines, tmp_path):
    """kill -9 of the server while records are sent: each of them is there once, in order, whatever was answered."""
    own = servers.Server(settings=("max_connections=40", "shared_buffers=16MB")).start()  # with fsync, as operators have it
    try:
        from pack.fleet import setup

        own.sql("create role alice login")
        where = {"host": own.folder, "port": str(own.port), "dbname": "postgres"}
        setup.init(dict(where, user="postgres"))
        setup.grant(dict(where, user="postgres"), "alice", "member")
        ams = machines("ams", join=False)
        ams.base = where
        assert ams.join()[0] == 0
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        for n in range(4):
            a.say("coder-1", "supervisor", "CLAIM: task #1") if n == 0 else a.edit("coder-1", "src/a.py", "a = %d\n" % n)
            own.stop(signal.SIGKILL)
            a.spawn("coder-%d" % (n + 5), "coder")
            own.start()
        ams.settled()
        run = number(ams)
        assert [r[0] for r in own.sql("select line from fleet.records where run = %s order by seq", (run,))] == journal(ams)
        ams.kill()
    finally:
        own.remove()


def test_the_shipper_is_killed_at_any_point(machines, server, base):
    """kill -9 while it works, again and again: nothing missing, nothing twice, no lease left over."""
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    for n in range(12):
        ams.kill()
        a.edit("coder-1", "src/a.py", "a = %d\n" % n) if n else a.say("coder-1", "supervisor", "CLAIM: task #1")
        time.sleep(0.07 * (n % 5))
    a.bash("lead", "true")
    ams.settled()
    assert stored(server, base, number(ams)) == journal(ams) and leased(server, base) == ["src/a.py"]


def test_a_standby_takes_over(machines):
    """The primary is killed, its streaming standby promoted: the shipper finds who leads now and goes on, in order and each record once."""
    own = servers.Server().start()
    standby = None
    try:
        from pack.fleet import setup

        own.sql("create role alice login")
        setup.init({"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"})
        setup.grant({"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"}, "alice", "member")
        standby = servers.Server(standby_of=own).start()
        ams = machines("ams", join=False)
        ams.base = {"host": own.folder + "," + standby.folder, "port": "%d,%d" % (own.port, standby.port), "dbname": "postgres"}
        assert ams.join()[0] == 0
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        ams.settled()
        epoch = own.sql("select epoch from fleet.runs")[0][0]
        own.stop(signal.SIGKILL)
        a.say("coder-1", "supervisor", "CLAIM: task #1")
        standby.sql("select pg_promote()")
        a.edit("coder-1", "src/a.py", "a = 1\n")
        ams.settled()
        run = number(ams)
        assert [r[0] for r in standby.sql("select line from fleet.records where run = %s order by seq", (run,))] == journal(ams)
        wait(lambda: standby.sql("select path from fleet.leases") == [("src/a.py",)], "its lease is there")
        assert standby.sql("select nextval('fleet.fence')")[0][0] > epoch, "no fencing number is given twice"
        ams.kill()
    finally:
        own.remove()
        if standby is not None:
            standby.remove()


@pytest.mark.parametrize("synchronous", [True, False], ids=["synchronous", "asynchronous"])
def test_a_standby_that_was_behind_takes_over(machines, synchronous):
    """Synchronous: nothing is said to be stored that the standby has not. Asynchronous: it lacks what was acknowledged, and gets it again."""
    own, standby = servers.Server().start(), None
    try:
        from pack.fleet import setup

        owner = {"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"}
        own.sql("create role alice login")
        setup.init(owner)
        setup.grant(owner, "alice", "member")
        standby = servers.Server(standby_of=own).start()
        wait(lambda: own.sql("select count(*) from pg_stat_replication where state = 'streaming'") == [(1,)], "it streams")
        if synchronous:
            own.sql("alter system set synchronous_standby_names = '*'")
            own.sql("select pg_reload_conf()")
        ams = machines("ams", join=False)
        ams.base = {"host": own.folder + "," + standby.folder, "port": "%d,%d" % (own.port, standby.port), "dbname": "postgres"}
        assert ams.join()[0] == 0
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        before = ams.settled()["shipped"]
        receiver = standby.receiver()
        os.kill(receiver, signal.SIGSTOP)
        a.say("coder-1", "supervisor", "CLAIM: task #1")
        a.edit("coder-1", "src/a.py", "a = 1\n")
        if synchronous:
            wait(lambda: ams.ship()["state"] == "offline", "a commit that waits for its standby is no answer")
            assert ams.ship()["shipped"] == before
        else:
            assert ams.settled()["shipped"] > before
        own.stop(signal.SIGKILL)
        os.kill(receiver, signal.SIGKILL)
        wait(standby.ready, "it is back")
        standby.sql("select pg_promote()")
        if not synchronous:
            assert standby.sql("select max(seq) from fleet.records")[0][0] == before, "it lacks what was acknowledged"
        a.edit("coder-1", "src/a.py", "a = 2\n")
        wait(
            lambda: [r[0] for r in standby.sql("select line from fleet.records order by seq")] == journal(ams),
            "all is there, once, in order",
        )
        wait(lambda: standby.sql("select path from fleet.leases") == [("src/a.py",)], "its lease is there")
        ams.kill()
    finally:
        if standby is not None:
            standby.remove()
        own.remove()


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def namespaces():
    """Whether this machine lets us make network namespaces."""
    if os.getuid() or not shutil.which("ip"):
        return False
    name = "fl-try-%d" % os.getpid()
    try:
        ip("netns", "add", name)
        ip("netns", "del", name)
        return True
    except (subprocess.CalledProcessError, OSError):
        return False


@pytest.fixture
def cut(server):
    """A host of its own for a shipper: a namespace with one wire to where a server listens. cut("both" | "there" | "back" | None)."""
    if not namespaces():
        pytest.skip("no network namespaces here: needs root and iproute2 (scripts/dev/setup)")
    n = os.getpid() % 200 + 20
    name, here, there = "fl-%d" % os.getpid(), "fla%d" % os.getpid(), "flb%d" % os.getpid()
    ip("netns", "add", name)
    try:
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        ip("addr", "add", "10.99.%d.1/24" % n, "dev", here)
        ip("link", "set", here, "up")
        ip("-n", name, "addr", "add", "10.99.%d.2/24" % n, "dev", there)
        ip("-n", name, "link", "set", there, "up")
        ip("-n", name, "link", "set", "lo", "up")

        def set_to(how):
            for route in ("10.99.%d.1/32" % n,):
                subprocess.run(["ip", "-n", name, "route", "del", "blackhole", route], stderr=subprocess.DEVNULL)
            subprocess.run(["ip", "route", "del", "blackhole", "10.99.%d.2/32" % n], stderr=subprocess.DEVNULL)
            if how in ("there", "both"):
                ip("-n", name, "route", "add", "blackhole", "10.99.%d.1/32" % n)
            if how in ("back", "both"):
                ip("route", "add", "blackhole", "10.99.%d.2/32" % n)

        set_to.name, set_to.address = name, "10.99.%d.1" % n
        yield set_to
        set_to(None)
    finally:
        ip("netns", "del", name)


@pytest.mark.parametrize("how", ["both", "there", "back"])
def test_a_partition_holds_nothing_up_and_loses_nothing(machines, cut, how):
    own = servers.Server(host="0.0.0.0").start()
    try:
        from pack.fleet import setup

        own.sql("create role alice login password 'pw'")
        setup.init({"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"})
        setup.grant({"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"}, "alice", "member")
        ams = machines("ams", join=False)
        ams.base = {"host": cut.address, "port": str(own.port), "dbname": "postgres"}
        ams.env["PGPASSWORD"] = "pw"
        ams.through("ip", "netns", "exec", cut.name)
        assert ams.join()[0] == 0
        ams.through("ip", "netns", "exec", cut.name)  # joining has put the bare interpreter there
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        ams.settled()
        cut(how)
        a.say("coder-1", "supervisor", "CLAIM: task #1")
        a.edit("coder-1", "src/a.py", "a = 1\n")
        refused = a.bash("lead", "pack task rescope 1 --file src/b.py --reason more")
        assert "ENGINE_AWAY" in refused
        wait(lambda: ams.ship()["state"] == "offline", "it notices")
        a.do_task("coder-1", 1, "src/a.py") if a.state()["tasks"]["1"]["state"] == "PENDING" else a.review("coder-1", 1)
        cut(None)
        ams.settled()
        run = number(ams)
        assert [r[0] for r in own.sql("select line from fleet.records where run = %s order by seq", (run,))] == journal(ams)
        ams.kill()
    finally:
        own.remove()


def mounted(folder):
    """A disk of four megabytes; None where this machine lets us mount nothing."""
    os.makedirs(folder)
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], stderr=subprocess.DEVNULL).returncode:
        return None
    return folder


def test_the_engines_disk_is_full(machines, server, base):
    """Nothing is stored for a while, said with the reason; nothing local waits, and what was written meanwhile is there once, afterwards."""
    disk = mounted(os.path.join(server.folder, "disk"))
    if disk is None:
        pytest.skip("nothing can be mounted here: needs root and CAP_SYS_ADMIN")
    ams, full = machines("ams", "alice"), os.path.join(disk, "full")
    try:
        if server.user:
            os.chown(disk, server.user.pw_uid, server.user.pw_gid)
        server.sql("create tablespace small location '%s'" % disk)
        server.sql("alter table fleet.records set tablespace small", dbname=base["dbname"])
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        ams.settled()
        with open(full, "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        a.say("coder-1", "supervisor", "CLAIM: task #1")
        n = 0
        while ams.ship()["state"] != "offline":  # what is free in the table's last pages is used up first
            n += 1
            assert n < 200 and a.edit("coder-1", "src/a.py", "a = %d\n" % n) is None, "work goes on"
        assert "No space left" in ams.ship()["why"] and ams.ship()["shipped"] < ams.ship()["last"]
        os.unlink(full)
        a.edit("coder-1", "src/a.py", "a = 0\n")
        ams.settled()
        assert stored(server, base, number(ams)) == journal(ams) and leased(server, base) == ["src/a.py"]
    finally:
        ams.kill()
        server.sql("alter table fleet.records set tablespace pg_default", dbname=base["dbname"])
        server.sql("drop tablespace if exists small")
        subprocess.run(["umount", disk], check=True)


def test_a_slow_link_is_slow_and_nothing_else(machines, server, base):
    """A quarter of a second there and back for each question, through a proxy (the kernel here has no netem): leases are given, refused, and all is stored."""
    link = servers.SlowLink(server.port, 0.12)
    try:
        ams, ber = machines("ams", "alice", join=False), machines("ber", "bob")
        ams.base = {"host": "127.0.0.1", "port": str(link.port), "dbname": base["dbname"]}
        ams.env["PGPASSWORD"] = "pw-alice"
        assert ams.join()[0] == 0
        a, b = ams.session(), ber.session()
        a.setup("SIMPLE", coders=0, raw=tasks(["src/a.py"]))
        b.build()
        assert "LEASED_ELSEWHERE" in b.register(tasks(["src/a.py"]))
        assert b.register(tasks(["src/b.py"])) is None
        assert "LEASED_ELSEWHERE" in a.bash("lead", "pack task rescope 1 --file src/b.py --reason more")
        link.delay = 5.0  # slower than a hook waits
        assert "ENGINE_AWAY" in a.bash("lead", "pack task rescope 1 --file src/c.py --reason more")
        link.delay = 0.01
        ams.settled()
        assert stored(server, base, number(ams)) == journal(ams)
        ams.kill()
    finally:
        link.close()


def in_another_year(m, days):
    """Everything of ours that this machine starts believes another year.

    All of its clocks do: FAKETIME_DONT_FAKE_MONOTONIC would make every sleep of Python's an error (findings/libfaketime-monotonic-sleep.sh), and a git that
    is waited for fails now and then. And libfaketime keeps its start in /dev/shm under the process's number: a process that is killed leaves it there,
    and the next one that gets the number ends with 1 before it has begun. So each has a /dev/shm of its own, or finds no dead one's."""
    for name in os.listdir("/dev/shm"):
        number = name.rpartition("_")[2]
        if "faketime_s" in name and not os.path.exists("/proc/" + number):
            with contextlib.suppress(OSError):
                os.unlink("/dev/shm/" + name)
    own = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/dev/shm"], stderr=subprocess.DEVNULL).returncode == 0
    script = os.path.join(m.home, "another-year")
    with open(script, "w") as f:
        f.write("#!/bin/sh\n%s" % ("mount -t tmpfs none /dev/shm\n" if own else ""))
        f.write('exec env LD_PRELOAD=%s FAKETIME=%+dd "$@"\n' % (servers.FAKETIME, days))
    os.chmod(script, 0o755)
    m.through(*(["unshare", "-m"] if own else []), script)


@pytest.mark.skipif(not servers.FAKETIME, reason="no libfaketime: scripts/dev/setup")
def test_two_machines_whose_clocks_are_a_year_off(machines, server, base):
    """Every process there believes another year: who has a file, since when and for how long is the engine's to say."""
    days = {"ams": 365, "ber": -365}
    made = []
    for name, user in (("ams", "alice"), ("ber", "bob")):
        m = machines(name, user, options=("--lease-minutes", "0.5"))
        in_another_year(m, days[name])
        said = subprocess.run([m.env["PACK_PYTHON"], "-c", "import time; print(time.time())"], stdout=subprocess.PIPE, text=True)
        assert abs(float(said.stdout) - time.time()) > 364 * 86400, "its clock is wrong"
        s = m.session()
        s.now += days[name] * 86400
        made.append((m, s))
    (ams, a), (ber, b) = made
    a.setup("SIMPLE", coders=0, raw=tasks(["src/a.py"]))
    b.setup("SIMPLE", coders=0, raw=tasks(["src/b.py"]))
    for m in (ams, ber):
        m.settled()
        assert stored(server, base, number(m)) == journal(m)
    right = "select bool_and(until > clock_timestamp() and until <= clock_timestamp() + ttl and abs(extract(epoch from clock_timestamp() - opened)) < 3600) from fleet.runs"
    assert server.sql(right, dbname=base["dbname"]) == [(True,)]
    ams.kill(signal.SIGSTOP)  # silent: its time runs out by the engine's clock and by no other
    assert "LEASED_ELSEWHERE" in b.bash("lead", "pack task rescope 1 --file src/a.py --reason more")
    server.sql("update fleet.runs set until = clock_timestamp() where member = 'alice'", dbname=base["dbname"])
    assert b.bash("lead", "pack task rescope 1 --file src/a.py --reason more") is None
    os.kill(ams.ship()["pid"], signal.SIGCONT)
    wait(lambda: "src/a.py" not in files.read(ams.run(), "leases.json"), "it hears of it")
    assert ber.pack("fleet", "status")[0] == 0


def test_a_git_that_gives_no_answer_is_not_taken_for_none(machines, server, base):
    """A run must not begin in another squad, lineage or branch because a git was killed or could not begin; what was known before stays."""
    ams = machines("ams", "alice", options=("--own", "release/*"))
    broken = os.path.join(ams.home, "bin")
    os.makedirs(broken)
    with open(os.path.join(broken, "git"), "w") as f:
        f.write('#!/bin/sh\n[ -e %s/now ] && { echo "git: cannot begin" >&2; exit 1; }\nexec %s "$@"\n' % (broken, shutil.which("git")))
    os.chmod(os.path.join(broken, "git"), 0o755)
    ams.env["PATH"] = broken + ":" + ams.env["PATH"]
    a = ams.session()
    with open(os.path.join(broken, "now"), "w"):
        a.build()
        a.bash("lead", "true")
        wait(lambda: "git: cannot begin" in (ams.ship().get("why") or ""), "the shipper says why it cannot work")
        assert server.sql("select squad from fleet.runs", dbname=base["dbname"]) == []
        wait(lambda: not files.alive(ams.ship()["pid"]), "the shipper that could not begin has ended")
        os.unlink(os.path.join(broken, "now"))
    files.write(ams.run(), "ship.json", dict(ams.ship(), at=0))  # tried again now, and not in a while
    a.bash("lead", "true")
    ams.settled()
    assert a.register(tasks(["src/a.py"])) is None
    ams.settled()
    wait(lambda: server.sql("select branch from fleet.runs", dbname=base["dbname"]) == [("main",)], "its branch is known")
    before = server.sql("select squad, lineage, branch, head, beat from fleet.runs", dbname=base["dbname"])[0]
    assert before[:3] == ("squad-ams", "main", "main") and len(before[3]) == 40
    with open(os.path.join(broken, "now"), "w"):
        a.spawn("supervisor", "supervisor")  # the plan shows: a sign of life at once
        wait(lambda: server.sql("select beat from fleet.runs", dbname=base["dbname"])[0][0] > before[4], "it gives one")
        assert server.sql("select squad, lineage, branch, head from fleet.runs", dbname=base["dbname"])[0] == before[:4]
