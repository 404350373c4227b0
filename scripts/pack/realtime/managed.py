"""Servers that pack itself starts, and therefore may kill."""

import os
import shlex
import signal
import socket
import subprocess
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
        "amqp": 5672,
        "ws": 80,
        "http": 80,
        "wss": 443,
        "https": 443,
        "": 9092,
    }
    return url.hostname or "127.0.0.1", url.port or usual.get(url.scheme, 0)


def answers(address, timeout=0.3):
    """Does something listen there?"""
    try:
        socket.create_connection(host_port(address), timeout).close()
        return True
    except OSError:
        return False


class Server:
    """One server process (with the children it made), started from rt.yaml's `server.command`."""

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
        try:
            self.process = subprocess.Popen(
                command,
                cwd=self.cwd,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ServerError("cannot start %s: %s" % (shlex.join(command), error.strerror))
        until = time.monotonic() + self.ready_s
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise ServerError(
                    "%s ended with exit code %d before it answered" % (shlex.join(command), self.process.returncode)
                )
            if answers(self.address):
                return self
            time.sleep(0.02)
        self.kill()
        raise ServerError("%s did not answer at %s within %g s" % (shlex.join(command), self.address, self.ready_s))

    def kill(self):
        """kill -9, with its children."""
        if self.process and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError, AttributeError):
                self.process.kill()
            self.process.wait(10)

    def stop(self):
        """End it in peace, or else not."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            self.kill()

    @property
    def pid(self):
        """Its process id."""
        return self.process.pid if self.process else None


def cpu_seconds(pid):
    """CPU seconds that a process has used so far, or None."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        pass
    try:
        text = subprocess.run(
            ["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, timeout=5
        ).stdout.strip()
        total = 0.0
        for part in text.replace("-", ":").split(":"):
            total = total * 60 + float(part)
        return total if text else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
