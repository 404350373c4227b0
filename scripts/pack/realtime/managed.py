"""Processes that pack itself starts, and therefore may kill: servers and consumers under audit."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from urllib.parse import urlsplit


class ServerError(RuntimeError):
    """The server cannot be started; the message names the way out."""


def host_port(address):
    """(host, port) of an address such as redis://127.0.0.1:6379/0."""
    url = urlsplit(address if "//" in address else "//" + address.split(",")[0])
    usual = {
        "redis": 6379,
        "nats": 4222,
        "mqtt": 1883,
        "postgresql": 5432,
        "postgres": 5432,
        "amqp": 5672,
        "ws": 80,
        "http": 80,
        "wss": 443,
        "https": 443,
        "": 9092,
    }
    return url.hostname or "127.0.0.1", url.port or usual.get(url.scheme, 0)


def ran(what, command):
    """Run a command that a user has given; ServerError if it cannot be run or fails."""
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=120)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ServerError("the %s command cannot be run: %s" % (what, error))
    if done.returncode:
        raise ServerError(
            "the %s command ended with exit code %d: %s" % (what, done.returncode, (done.stderr or done.stdout).strip()[-200:])
        )


class Away:
    """A call in a thread of its own, which nobody waits for at the end: a server that hangs answers never. `ended`: when it did."""

    def __init__(self, function, *arguments):
        self.value = self.error = self.ended = None
        self.thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        self.thread.start()

    def _run(self, function, arguments):
        try:
            self.value = function(*arguments)
        except Exception as error:  # whatever library and driver raise when a server dies under them
            self.error = error
        self.ended = time.monotonic()

    def done(self):
        """Has it ended?"""
        return self.ended is not None

    def result(self, timeout=0):
        """What it gave; raises what it raised, or TimeoutError."""
        self.thread.join(timeout)
        if not self.done():
            raise TimeoutError("no answer within %g s" % timeout)
        if self.error is not None:
            raise self.error
        return self.value


def answers(address, timeout=0.3):
    """Does something listen there?"""
    try:
        socket.create_connection(host_port(address), timeout).close()
        return True
    except OSError:
        return False


def greeting(address, timeout=0.5):
    """What a server says to whoever only connects, b"" if nothing."""
    try:
        with socket.create_connection(host_port(address), timeout) as asking:
            return asking.recv(1000)
    except OSError:
        return b""


# The command runs below a shell that ends as the command ends. A second shell waits for the end of a pipe that only this
# process holds: when this process is gone, whatever ended it (kill -9 too), the whole group is killed. PR_SET_PDEATHSIG
# would not do: it fires when the *thread* that forked ends, and servers are started from executor threads.
_GUARD = """exec 3<&0 </dev/null
"$@" >&2 3<&- &
child=$!
echo $child
exec >&-
(read -r _ <&3; kill -9 0) 2>/dev/null &
exec 3<&-
wait $child
"""


class Child:
    """One process, alone in its process group, that does not outlive this one. Its two outputs go to `log` (or nowhere).

    `pid` is the command's own. Raises ServerError where the command cannot be started.
    """

    def __init__(self, command, cwd, env=None, log=subprocess.DEVNULL):
        program = os.path.join(cwd, command[0]) if os.path.dirname(command[0]) else command[0]
        if not shutil.which(program, path=(env or os.environ).get("PATH")):
            raise ServerError("cannot start %s: no such program" % shlex.join(command))
        posix = os.name == "posix"
        self.mark = "PACK_RT_CHILD_%s" % os.urandom(8).hex()  # what it starts inherits it, in whatever session or under whatever user
        env = dict(env or os.environ, **{self.mark: "1"})
        try:
            self._process = subprocess.Popen(
                (["/bin/sh", "-c", _GUARD, "guard"] if posix else []) + list(command),
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if posix else subprocess.DEVNULL,
                stdout=subprocess.PIPE if posix else log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise ServerError("cannot start %s: %s" % (shlex.join(command), error.strerror))
        self.pid = self._process.pid
        if posix:
            with self._process.stdout as told:
                self.pid = int(told.readline())

    def poll(self):
        """Its exit code (128 + N after signal N), or None while it runs."""
        return self._process.poll()

    @property
    def returncode(self):
        """The exit code of a process that has ended."""
        return self._process.returncode

    def wait(self, timeout=None):
        """Wait until it has ended; its exit code."""
        return self._process.wait(timeout)

    def terminate(self):
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def all(self):
        """Process ids of everything that it started and that still lives, itself too: by the mark in their environment, because wrappers
        (su, npm, daemons such as Erlang's epmd) leave its group and its session."""
        mark, found = self.mark.encode() + b"=", []
        try:
            names = os.listdir("/proc")
        except OSError:
            names = []
        for name in names:
            if name.isdigit():
                try:
                    with open("/proc/%s/environ" % name, "rb") as handle:
                        if mark in handle.read():
                            found.append(int(name))
                except OSError:
                    continue  # it has ended, or is somebody else's
        return found

    def kill(self):
        """kill -9 it, then what it left in its group or elsewhere; returns when it is gone."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        guard, until = {self._process.pid}, time.monotonic() + 5
        while time.monotonic() < until:
            others = [pid for pid in self.all() if pid not in guard and not _zombie(pid)]
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass
            if not others:
                break
            time.sleep(0.01)
        self.wait(10)
        if self._process.stdin is not None and not self._process.stdin.closed:  # the group lives as long as its guard
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
                pass
            self._process.stdin.close()

    def _signal(self, number):
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass


def _zombie(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
            return handle.read().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


class Server:
    """One server (with the children it made), started from rt.yaml's `server.command`."""

    def __init__(self, command, address, cwd, ready_s=20.0):
        self.command, self.address, self.cwd, self.ready_s = command, address, cwd, ready_s
        self.process = None

    def start(self):
        """Start it and wait until it answers."""
        if answers(self.address):
            raise ServerError(
                "%s already answers, but pack did not start it: a fault may only be made on a server of its own; stop that server or use another port"
                % self.address
            )
        host, port = host_port(self.address)
        command = [part.replace("{port}", str(port)).replace("{host}", host) for part in self.command]
        with tempfile.TemporaryFile() as log:
            self.process = Child(command, self.cwd, log=log)
            until = time.monotonic() + self.ready_s
            while time.monotonic() < until:
                if answers(self.address):
                    return self
                if self.process.poll() is not None and (self.process.returncode or not self.pids):  # a wrapper may end, and its server live
                    self.kill()
                    raise ServerError(
                        "%s ended with exit code %d before it answered%s" % (shlex.join(command), self.process.returncode, _last(log))
                    )
                time.sleep(0.02)
            self.kill()
            raise ServerError("%s did not answer at %s within %g s%s" % (shlex.join(command), self.address, self.ready_s, _last(log)))

    def kill(self):
        """kill -9, with its children; returns when nothing listens any more (threads of a dead process may hold its socket for a moment)."""
        if self.process:
            self.process.kill()
            until = time.monotonic() + 5
            while answers(self.address) and time.monotonic() < until:
                time.sleep(0.01)

    def stop(self):
        """End it in peace, or else not."""
        if self.process:
            for pid in set(self.pids) - {self.process.pid}:  # a wrapper does not hand the signal on
                try:
                    os.kill(pid, signal.SIGTERM)
                except (ProcessLookupError, PermissionError):
                    pass
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            self.kill()

    @property
    def pids(self):
        """The process ids of it and of all that it started, without the shells that guard it."""
        if not self.process:
            return []
        guards = {self.process._process.pid} | set(_children(self.process._process.pid)) - {self.process.pid}
        return [pid for pid in self.process.all() if pid not in guards and not _zombie(pid)] or [self.process.pid]


def _last(log):
    """`: ` and the end of what it printed, or nothing."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
    lines = [x.strip() for x in log.read().decode("utf-8", "replace").splitlines() if x.strip()]
    return ": %s" % lines[-1][:300] if lines else ""


def _children(pid):
    """The process ids that a process has started itself."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as handle:
            return [int(x) for x in handle.read().split()]
    except OSError:
        return []


def summed(ask, pids):
    """`ask` (cpu_seconds, memory_kb) of several processes, added up; None if it is known of none."""
    told = [value for value in map(ask, pids) if value is not None]
    return sum(told) if told else None


def cpu_seconds(pid):
    """CPU seconds that a process has used so far, or None."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        pass
    try:
        text = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, timeout=5).stdout.strip()
        total = 0.0
        for part in text.replace("-", ":").split(":"):
            total = total * 60 + float(part)
        return total if text else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def memory_kb(pid):
    """Resident memory of a process in KiB, or None."""
    try:
        with open("/proc/%d/statm" % pid, encoding="ascii") as handle:
            return int(handle.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, timeout=5)
        return int(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def family(pid):
    """A process and everything that descends from it, as process ids; only itself where /proc does not say."""
    children = {}
    try:
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open("/proc/%s/stat" % name, encoding="ascii", errors="replace") as handle:
                        children.setdefault(int(handle.read().rpartition(")")[2].split()[1]), []).append(int(name))
                except OSError:
                    continue  # it has ended
    except OSError:
        return [pid]
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def connections(addresses, pids):
    """{address: established TCP connections that these processes hold to its port}; None where nobody can know (no /proc, a unix socket)."""
    ports = {}
    for address in addresses:
        for part in address.split(",") if "//" not in address else [address]:
            if part.startswith("unix") or not host_port(part)[1]:
                return None
            ports.setdefault(host_port(part)[1], []).append(address)
    inodes = {}
    try:
        for name in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(name, encoding="ascii") as handle:
                for line in handle.readlines()[1:]:
                    fields = line.split()
                    port = int(fields[2].rpartition(":")[2], 16)
                    if fields[3] == "01" and port in ports:
                        inodes[fields[9]] = port
    except FileNotFoundError:
        if not os.path.isfile("/proc/net/tcp"):
            return None
    found = {address: 0 for address in addresses}
    for pid in pids if inodes else ():
        try:
            for name in os.listdir("/proc/%d/fd" % pid):
                try:
                    link = os.readlink("/proc/%d/fd/%s" % (pid, name))
                except OSError:
                    continue
                if link.startswith("socket:["):
                    for address in ports.get(inodes.get(link[8:-1]), ()):
                        found[address] += 1
        except OSError:
            continue  # it has ended, or is somebody else's
    return found
