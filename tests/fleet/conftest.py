"""A server for each worker, a database for each test, and machines: a clone, a home and a client session of their own."""

import itertools
import json
import os
import subprocess
import sys
import time

import pytest
from tests.conftest import ROOT, git, make_project
from fleet import server as servers
from hooks import driver

try:
    import psycopg  # noqa: F401
except ModuleNotFoundError:  # an installation without the extra `fleet`
    collect_ignore_glob = ["test_*.py"]

from pack.fleet import desk, files  # noqa: E402
from pack.gate import entry  # noqa: E402
from pack.realtime import wave_runs  # noqa: E402

PACK = os.path.join(ROOT, "bin", "pack")


@pytest.fixture(scope="session")
def server():
    if not servers.available():
        pytest.skip(servers.MISSING)
    one = servers.Server()
    try:
        one.start()
        for name in servers.LOGINS + ("rita", "nobody"):
            one.sql("create role %s login password '%s'" % (name, "pw-" + name))
        one.sql("create database fleet_made")
        where = {"host": one.folder, "port": str(one.port), "dbname": "fleet_made", "user": "postgres"}
        from pack.fleet import setup

        assert setup.init(where) == [n for n, _name, _sql in setup.migrations()]
        for name in servers.LOGINS:
            setup.grant(where, name, "member")
        setup.grant(where, "rita", "reader")
        yield one
    finally:
        one.remove()


COUNT = itertools.count(1)


@pytest.fixture
def base(server):
    """A database with a fleet; what libpq is told of it, without a user."""
    name = "fleet_%d" % next(COUNT)
    server.sql("create database %s template fleet_made" % name)
    yield {"host": server.folder, "port": str(server.port), "dbname": name}
    server.sql("drop database if exists %s with (force)" % name)


class Session(driver.Session):
    """The driver's session, in a fleet."""

    def send(self, event, who="lead", **fields):
        payload = {
            "session_id": self.session,
            "transcript_path": os.path.join(self.data, "t", self.session + ".jsonl"),
            "cwd": self.project,
        }
        payload["hook_event_name"] = event
        if who != "lead":
            payload.update(agent_id=self.agents[who][0], agent_type=self.agents[who][1])
        payload.update(fields)
        self.now += 0.5
        code, out, err = entry.handle(payload, self.env, now=self.now, waves=lambda: wave_runs.RUN, fleet=lambda: desk)
        return code, json.loads(out) if out else None, err


class Machine:
    """A machine: its user's home, a clone, a session of a client in it. `pack` runs there as in that user's terminal."""

    def __init__(self, folder, name, origin, base, user, number):
        self.name, self.home, self.clone = name, str(folder / name), str(folder / name / "shop")
        self.data = os.path.join(self.home, "data")
        for home in (self.home, self.data):  # the driver's shell has the data folder for its home
            os.makedirs(os.path.join(home, ".config", "team"))
            files.write(os.path.join(home, ".config", "team"), "fleet.json", {"machine": name, "python": sys.executable})
        git(folder, "clone", "-q", str(origin), self.clone)
        git(self.clone, "config", "user.name", name)
        git(self.clone, "config", "user.email", name + "@example.invalid")
        self.base, self.user = base, user
        self.env = {
            "HOME": self.home,
            "PATH": os.environ["PATH"],
            "PGUSER": user,
            "CLAUDE_PLUGIN_DATA": self.data,
            "PACK_PYTHON": sys.executable,
        }
        self.number = number
        self.client = subprocess.Popen(["sleep", "3000"], start_new_session=True)  # the process that hooks call their client

    def session(self, **more):
        s = Session(
            self.clone, self.data, session="5e551000-0000-4000-8000-%012x" % self.number, now=time.time(), pid=self.client.pid, **more
        )
        s.env.update(self.env)
        return s

    def pack(self, *words, **env):
        done = subprocess.run(
            [PACK, *words], cwd=self.clone, env=dict(self.env, **env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return done.returncode, done.stdout, done.stderr

    def join(self, *more, **env):
        words = [w for k, v in self.base.items() for w in ("--" + k, v)]
        return self.pack("fleet", "join", "--project", "shop", "--squad", "squad-" + self.name, *words, *more, **env)

    def through(self, *words):
        """Everything of ours that this machine starts is started by these words."""
        wrapper = os.path.join(self.home, "python-there")
        with open(wrapper, "w") as f:
            f.write('#!/bin/sh\nexec %s %s "$@"\n' % (" ".join(words), sys.executable))
        os.chmod(wrapper, 0o755)
        self.env["PACK_PYTHON"] = wrapper
        for home in (self.home, self.data):
            files.write(os.path.join(home, ".config", "team"), "fleet.json", {"machine": self.name, "python": wrapper})

    def run(self):
        """The run's folder in the plugin's data."""
        from pack.base import paths

        live = paths.active(self.clone, self.data)
        return live["run"] if live else paths.run_folder(self.data, self.clone, paths.teams(self.clone)[0])

    def ship(self):
        return files.read(self.run(), "ship.json") or {}

    def settled(self, state="ok"):
        """Wait until everything here is stored (an event, not a time: a run that never gets there fails the test)."""
        for _ in range(1500):
            status = self.ship()
            whole = status.get("shipped") == status.get("last") == len(self.records())
            # `left`: the client that led is gone, and everything is stored all the same
            if state == "ok" and status.get("state") in ("ok", "left") and whole or state != "ok" and status.get("state") == state:
                return status
            time.sleep(0.02)
        raise AssertionError("%s: %s, %d records" % (self.name, self.ship(), len(self.records())))

    def records(self):
        from pack.store.open_for_reading import Run

        os.environ["CLAUDE_PLUGIN_DATA"] = self.data
        try:
            return Run(self.clone).store.records()
        finally:
            del os.environ["CLAUDE_PLUGIN_DATA"]

    def kill(self, number=9):
        """End this machine's shipper."""
        pid = self.ship().get("pid")
        if pid and files.alive(pid):
            os.kill(pid, number)
            for _ in range(500):
                try:
                    with open("/proc/%d/stat" % pid) as f:
                        if f.read().rpartition(")")[2].split()[0] == "Z":
                            return
                except OSError:
                    return
                time.sleep(0.01)


@pytest.fixture
def origin(tmp_path):
    """The repository that the machines clone."""
    return make_project(tmp_path / "origin", ".claude/teams/")


@pytest.fixture
def machines(tmp_path, origin, base):
    """make(name, user) -> a machine that has joined."""
    made = []

    def make(name, user="alice", join=True, options=()):
        one = Machine(tmp_path, name, origin, base, user, len(made) + 1)
        made.append(one)
        if join:
            code, _out, err = one.join(*options)
            assert code == 0, err
        return one

    yield make
    for one in made:
        one.client.kill()
        one.client.wait()
        try:
            one.kill()
        except IndexError:
            pass
