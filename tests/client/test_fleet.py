"""A run in the real client, in a fleet: its plan waits for another squad's file, its journal is in the engine line by line, its leases are free."""

import pathlib
import shutil
import sys
import time

import play
import pytest
from fleet import server as servers

HONEST = pathlib.Path(__file__).resolve().parent / "scenarios" / "honest-simple.story"


@pytest.mark.client
def test_a_squad_in_the_real_client(client_binary, tmp_path):
    pytest.importorskip("psycopg", reason="no psycopg: make test")
    if not servers.available():
        pytest.skip(servers.MISSING)
    from pack.fleet import setup
    from pack.fleet.engine import Engine

    server = servers.Server().start()
    try:
        where = {"host": server.folder, "port": str(server.port), "dbname": "postgres"}
        setup.init(dict(where, user="postgres"))
        for name in ("alice", "bob"):
            server.sql("create role %s login" % name)
            setup.grant(dict(where, user="postgres"), name, "member")
        server.sql("insert into fleet.projects (project, roots) values ('shop', '{x}')")
        other = ("1" * 32, "2" * 32)
        with Engine(dict(where, user="bob")) as bob:
            epoch = bob.call("announce", *other, "shop", "feature-other", "checkout", "ber", "main", "main", "1 hour")[0][0]
            assert bob.acquire(*other, epoch, [{"path": "src/bye.py", "task": 7}]) == []
        lines = HONEST.read_text().split("\n")
        at = next(n for n, line in enumerate(lines) if line.startswith("lead runs: pack plan"))
        end = next(n for n in range(at, len(lines)) if lines[n].strip().startswith("=> says"))
        refused = lines[at:end] + ['    => refused LEASED_ELSEWHERE, says "src/bye.py is squad checkout\'s", says "on ber"']
        closes = "person runs: psql -q -U bob -c \"select fleet.close('%s', '%s', %d, '{}')\"" % (other + (epoch,))
        told = "env: PGHOST=%s PGPORT=%d PGDATABASE=postgres PGUSER=alice PACK_PYTHON=%s" % (server.folder, server.port, sys.executable)
        lines = [
            line for line in lines[:at] + refused + [closes] + lines[at:] if line != "expect no refusals"
        ]  # fmt: skip
        lines[2:2] = [told, "file .claude/fleet.yaml:", "    project: shop"]
        path = tmp_path / "squad.story"
        path.write_text("\n".join(lines))
        result = play.play(path, client_binary, keep=True)
        assert not result.failures, str(result)
        run, closed = server.sql("select run, closed is not null from fleet.runs where member = 'alice'")[0]
        stored = [line for (line,) in server.sql("select line from fleet.records where run = %s order by seq", (run,))]
        assert len(stored) > 20 and '"event":"RUN_OPENED"' in stored[0]
        assert server.sql("select count(*) from fleet.writes where run = %s and key like 'src/%%'", (run,)) == [(1,)]
        for _ in range(1500):
            closed, leases = server.sql("select closed is not null, (select count(*) from fleet.leases l where l.run = r.run) from fleet.runs r where run = %s", (run,))[0]  # fmt: skip
            if closed:
                break
            time.sleep(0.02)
        assert (closed, leases) == (True, 0)
        shutil.rmtree(result.base, ignore_errors=True)
    finally:
        server.remove()
