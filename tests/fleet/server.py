"""A PostgreSQL of the tests' own: as an unprivileged user (it refuses root), on a free port, in a temporary folder."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: [int(x) for x in p.split("/")[4].split(".")])[-1:]
FAKETIME = (glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + [""])[0]
DIE_WITH_US = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []  # tests that are killed leave no server behind
MISSING = "no PostgreSQL (scripts/dev/setup)"
LOGINS = ("alice", "bob", "carol", "eve")  # members
FAST = ("fsync=off", "full_page_writes=off", "max_connections=120", "shared_buffers=32MB", "log_min_messages=error")


def available():
    return bool(BINARIES)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unprivileged():
    """Whom the server runs as: nobody special where this is root."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root, and no unprivileged user")


class Server:
    """One cluster. It answers on a socket in its folder (trust) and on 127.0.0.1 (password)."""

    def __init__(self, settings=FAST, host="127.0.0.1", standby_of=None):
        self.folder = tempfile.mkdtemp(prefix="fleet-pg-")
        self.data = os.path.join(self.folder, "data")
        self.port, self.host, self.settings, self.user = free_port(), host, list(settings), unprivileged()
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        os.chmod(self.folder, 0o755)
        if standby_of is not None:
            where = ["-h", standby_of.folder, "-p", str(standby_of.port), "-U", "postgres"]
            self._run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync", *where)
        else:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        with open(os.path.join(self.data, "pg_hba.conf"), "w") as f:
            f.write(
                "local all all trust\nlocal replication all trust\nhost all all all scram-sha-256\nhost replication all all scram-sha-256\n"
            )
        self.process = None

    def _as(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def _run(self, tool, *args, check=True):
        env = dict(os.environ, PGHOST=self.folder, PGPORT=str(self.port), PGUSER="postgres", HOME=self.folder)
        return subprocess.run(
            [os.path.join(BINARIES[0], tool)] + list(args),
            check=check, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder, **self._as(),
        ).stdout  # fmt: skip

    def start(self):
        words = [w for s in self.settings for w in ("-c", s)]
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.process = subprocess.Popen(
                DIE_WITH_US + [os.path.join(BINARIES[0], "postgres"), "-D", self.data, "-p", str(self.port), "-h", self.host, "-k", self.folder] + words,
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._as(),
            )  # fmt: skip
        for _ in range(600):
            if self._run("pg_isready", "-q", check=False) == "" and self.ready():
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(os.path.join(self.folder, "log")) as f:
            raise RuntimeError("PostgreSQL did not start:\n" + f.read()[-2000:])

    def ready(self):
        try:
            return self.sql("select 1") == [(1,)]
        except Exception:
            return False

    def sql(self, text, args=None, dbname="postgres", user="postgres"):
        import psycopg

        with psycopg.connect(host=self.folder, port=self.port, dbname=dbname, user=user, autocommit=True) as conn:
            done = conn.execute(text, args)
            return done.fetchall() if done.description else []

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast shutdown. SIGKILL: of every process of the cluster, as when the machine goes."""
        if self.process is None or self.process.poll() is not None:
            return
        if how == signal.SIGKILL:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # the postmaster leads its group; its children have groups of their own
            except ProcessLookupError:
                pass
            for pid in self.children():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        else:
            self.process.send_signal(how)
        self.process.wait(timeout=60)

    def children(self):
        out = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    if int(f.read().rpartition(")")[2].split()[1]) == self.process.pid:
                        out.append(int(pid))
            except (OSError, IndexError, ValueError):
                continue
        return out

    def receiver(self):
        """The process of a standby that takes in what the primary writes."""
        for pid in self.children():
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                if b"walreceiver" in f.read():
                    return pid
        raise RuntimeError("nothing is received")

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pooler:
    """pgbouncer before a server, in transaction mode unless told otherwise."""

    def __init__(self, server, dbname, mode="transaction", logins=LOGINS):
        self.folder, self.port = tempfile.mkdtemp(prefix="fleet-pgb-"), free_port()
        user = unprivileged()
        with open(os.path.join(self.folder, "ini"), "w") as f:
            f.write(
                "[databases]\n%s = host=%s port=%d dbname=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%d\nauth_type=any\n"
                "unix_socket_dir=\nauth_type=trust\nauth_file=%s/users\npool_mode=%s\ndefault_pool_size=3\n"
                "ignore_startup_parameters=extra_float_digits\n"
                % (dbname, server.folder, server.port, dbname, self.port, self.folder, mode)
            )
        with open(os.path.join(self.folder, "users"), "w") as f:
            f.writelines('"%s" ""\n' % name for name in logins)
        os.chmod(self.folder, 0o755)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        self.process = subprocess.Popen(
            ["/usr/sbin/pgbouncer", "-q", os.path.join(self.folder, "ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user
        )
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("pgbouncer did not start")

    def remove(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class SlowLink:
    """A wire to a port of this machine on which everything takes `delay` seconds more, each way."""

    def __init__(self, to, delay):
        self.to, self.delay, self.line = to, delay, socket.socket()
        self.line.bind(("127.0.0.1", 0))
        self.line.listen(20)
        self.port = self.line.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                here, _ = self.line.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source, target):
        try:
            while True:
                data = source.recv(65536)
                time.sleep(self.delay)
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        finally:
            for one in (source, target):
                one.close()

    def close(self):
        self.line.close()
