"""A schedule shared by machines: a Dask scheduler and four workers, each in a network of its own (`ip netns`), one killed in the middle,
one behind a slow link. Needs root and iproute2 (netem is in few kernels, so the slow link is a proxy in its machine's own network); what needs neither runs everywhere."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from pack.realtime import adapters, managed, probe, shares

from .conftest import PROJECT, Running, free_port, need

pytestmark = pytest.mark.broker
pytest.importorskip("distributed", reason="pip install distributed (the extra `cluster`)")
SCRIPTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(shares.__file__))))
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("ip")
CODE = "import sys; sys.path.insert(0, %r); from distributed.cli.%s import main; main()"


def shell(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, "%s: %s" % (" ".join(words), done.stderr)


class Machines:
    """A bridge with an address for the scheduler and the brokers, and namespaces that reach it."""

    def __init__(self, count):
        self.tag, self.count = "rt%s" % os.urandom(2).hex(), count
        self.net = "10.%d.%d" % (200 + os.urandom(1)[0] % 50, os.urandom(1)[0])
        shell("ip", "link", "add", self.tag, "type", "bridge")
        shell("ip", "addr", "add", self.net + ".1/24", "dev", self.tag)
        shell("ip", "link", "set", self.tag, "up")
        for n in range(count):
            name = "%sn%d" % (self.tag, n)
            shell("ip", "netns", "add", name)
            shell("ip", "link", "add", "%sv%d" % (self.tag, n), "type", "veth", "peer", "name", "eth0", "netns", name)
            shell("ip", "link", "set", "%sv%d" % (self.tag, n), "master", self.tag, "up")
            shell("ip", "-n", name, "addr", "add", "%s.%d/24" % (self.net, 10 + n), "dev", "eth0")
            shell("ip", "-n", name, "link", "set", "eth0", "up")
            shell("ip", "-n", name, "link", "set", "lo", "up")

    def call(self, name, n, host):
        """What a host is called in a namespace: `ip netns exec` puts this file over /etc/hosts."""
        folder = "/etc/netns/%sn%d" % (self.tag, n)
        os.makedirs(folder)
        with open(folder + "/hosts", "w") as handle:
            handle.write("127.0.0.1 localhost\n%s %s\n" % (host, name))

    def end(self):
        for n in range(self.count):
            subprocess.run(["ip", "netns", "del", "%sn%d" % (self.tag, n)], capture_output=True)
            shutil.rmtree("/etc/netns/%sn%d" % (self.tag, n), ignore_errors=True)
        subprocess.run(["ip", "link", "del", self.tag], capture_output=True)


def worker(scheduler, prefix, folder, host=None):
    """One Dask worker, without a nanny: nobody starts it again."""
    command = [sys.executable, "-c", CODE % (SCRIPTS, "dask_worker"), scheduler, "--no-nanny", "--nthreads", "1", "--no-dashboard"]
    command += ["--local-directory", str(folder)] + (["--host", host] if host else [])
    return managed.Child(list(prefix) + command, ".")


def shared(scheduler, address, count, rate=200, duration=4, during=None):
    told = shares.orders({"id": "s", "adapter": "redis", "address": address}, "t-%s" % os.urandom(3).hex(), PROJECT, rate, duration, 0.5, 64, count, True)  # fmt: skip

    async def main(stop):
        work = asyncio.get_running_loop().run_in_executor(None, shares.on_cluster, scheduler, told, stop)
        if during:
            await during()
        return await work

    return probe.run(main)


@pytest.mark.skipif(not ROOT, reason="needs root and ip")
def test_four_machines_one_killed_and_one_behind_a_slow_link(tmp_path):
    need("redis")
    machines, children = Machines(4), []
    host, port, scheduler_port = machines.net + ".1", free_port(), free_port()
    try:
        command = [
            "redis-server",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--bind",
            host,
            "127.0.0.1",
            "--protected-mode",
            "no",
        ]
        children.append(Running(command, port))
        for n in range(4):  # three reach the broker itself, the fourth a network that takes 40 ms there and back
            machines.call("the-broker", n, host if n < 3 else "127.0.0.1")
        inside = ["ip", "netns", "exec", "%sn3" % machines.tag]
        proxy = os.path.join(PROJECT, "delay_proxy.py")
        children.append(managed.Child(inside + [sys.executable, proxy, SCRIPTS, str(port), "%s:%d" % (host, port), "20"], "."))
        scheduler = "tcp://%s:%d" % (host, scheduler_port)
        start = [sys.executable, "-c", CODE % (SCRIPTS, "dask_scheduler"), "--host", host, "--port", str(scheduler_port), "--no-dashboard"]
        children.append(managed.Child(start, "."))
        until = time.monotonic() + 60
        while not managed.answers(scheduler):
            assert time.monotonic() < until
            time.sleep(0.1)
        workers = [worker(scheduler, ["ip", "netns", "exec", "%sn%d" % (machines.tag, n)], tmp_path / str(n), "%s.%d" % (machines.net, 10 + n)) for n in range(4)]  # fmt: skip
        children += workers
        from distributed import Client

        with Client(scheduler, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(4, timeout=90)
        address = "redis://the-broker:%d/0" % port
        found, told, _ = shared(scheduler, address, 4)
        assert not found.partial and (found.sent, found.received, found.lost) == (800, 800, 0) and told[0].startswith("redis ")
        # a quarter of all goes over the slow link: it is in the tail, and in nothing else
        assert found.latency.get_value_at_percentile(90) / 1e3 >= 40 and found.latency.get_value_at_percentile(20) / 1e3 < 40

        async def kill():
            await asyncio.sleep(6)
            for pid in workers[0].all():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

        found, _, _ = shared(scheduler, address, 4, duration=15, during=kill)
        assert found.partial and found.sent == found.received == 2250, "three of four shares came back whole"
        assert any("went away" in text or "does not answer" in text for text in found.closed), found.closed
    finally:
        for child in children:
            child.stop() if isinstance(child, Running) else child.kill()
        machines.end()


def test_a_broadcast_over_machines_is_refused():
    told = shares.orders({"adapter": "websocket", "connections": 4, "options": {"mode": "broadcast"}}, "n", ".", 1, 1, 0, 64, 2)
    with pytest.raises(adapters.AdapterError, match="clocks of machines are not compared"):
        shares.on_cluster("tcp://127.0.0.1:1", told, asyncio.Event())
