"""The way of who begins: docs/fleet.md's commands word for word, every first mistake with its way out in one line, TLS."""

import os
import re
import subprocess

import pytest
from fleet import server as servers
from fleet.conftest import PACK
from fleet.test_leases import tasks
from fleet.test_shipping import journal, number
from tests.conftest import ROOT, git

from pack.fleet import policy, setup
from pack.fleet.engine import VERSION


def shown():
    """The commands of docs/fleet.md's first block, without its comments."""
    with open(os.path.join(ROOT, "docs", "fleet.md"), encoding="utf-8") as f:
        block = re.search(r"```sh\n(.*?)```", f.read(), re.S).group(1)
    return [line.partition("  #")[0].partition(" # ")[0].strip() for line in block.splitlines()]


def test_the_pages_commands_word_for_word(machines, origin, tmp_path):
    """From a server on which nobody has done anything, as the database's owner, who is no superuser."""
    own = servers.Server().start()
    try:
        own.sql("create role olga login createrole")
        own.sql("create role alice login")
        own.sql("create database shop owner olga")
        one = machines("ams", join=False)
        for user in ("olga", "alice"):
            os.makedirs(os.path.join(one.home, user), exist_ok=True)
            with open(os.path.join(one.home, user, ".pg_service.conf"), "w") as f:
                f.write("[fleet]\nhost=%s\nport=%d\ndbname=shop\nuser=%s\n" % (own.folder, own.port, user))
        editor = tmp_path / "editor"
        editor.write_text("#!/bin/sh\necho 'the fleet' > \"$1\"\n")
        editor.chmod(0o755)
        env = {k: v for k, v in one.env.items() if k != "PGUSER"}
        env.update(PATH=os.path.dirname(PACK) + ":" + os.environ["PATH"], GIT_EDITOR=str(editor))
        commands = shown()
        assert [c.split()[-3:][0] for c in commands] and len(commands) == 4, commands
        for command in commands:
            user = "olga" if command.startswith("PGSERVICE=") else "alice"
            done = subprocess.run(["sh", "-c", command], cwd=one.clone, env=dict(env, HOME=os.path.join(one.home, user)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
            assert done.returncode == 0, (command, done.stdout)
        assert (
            "fleet.yaml" in git(one.clone, "show", "--stat", "--format=%s") and git(one.clone, "config", "team.squad").strip() == "runtime"
        )
        assert own.sql("select max(number) from fleet.migrations", dbname="shop") == [(VERSION,)]
        del one.env["PGUSER"]
        one.env["HOME"] = os.path.join(one.home, "alice")
        s = one.session()
        s.setup("SIMPLE", raw=tasks(["src/a.py"]))
        one.settled()
        code, out, _err = one.pack("fleet", "status")
        assert code == 0 and "FLEET shop: 1 open runs, 1 of them alive" in out and "runtime" in out
        assert [r[0] for r in own.sql("select line from fleet.records where run = %s order by seq", (number(one),), dbname="shop")] == journal(one)  # fmt: skip
        one.kill()
    finally:
        own.remove()


def line(done):
    """The one line that a mistake is told in."""
    code, out, err = done
    said = err.strip()
    assert code in (1, 2) and "Traceback" not in err and len(said.split("\n")) == 1, (code, out, err)
    return said


def test_each_first_mistake_is_told_with_its_way_out(machines, server, base):
    one = machines("ams", join=False)
    tcp = ("--host", "127.0.0.1", "--port", str(server.port))
    there = ("--host", base["host"], "--port", base["port"])
    join = ("fleet", "join", "--project", "shop")
    assert "is in no fleet: `pack fleet join`" in line(one.pack("fleet", "status"))
    assert "cannot be reached" in line(one.pack(*join, "--host", "127.0.0.1", "--port", "1"))
    assert "cannot be reached" in line(one.pack(*join, "--host", "nowhere.invalid"))
    assert 'service "flet" not found' in line(one.pack(*join, "--service", "flet"))
    assert 'database "nosuch" does not exist' in line(one.pack(*join, *there, "--dbname", "nosuch"))
    assert 'role "stranger" does not exist' in line(one.pack(*join, *there, "--dbname", base["dbname"], PGUSER="stranger"))
    assert "password authentication failed" in line(one.pack(*join, *tcp, "--dbname", base["dbname"], PGPASSWORD="wrong"))
    assert "no password supplied" in line(one.pack(*join, *tcp, "--dbname", base["dbname"]))
    assert "SSL" in line(one.pack(*join, *tcp, "--dbname", base["dbname"], "--sslmode", "require", PGPASSWORD="pw-alice"))
    assert "this database has no fleet: its owner runs `pack fleet init` once" in line(one.pack(*join, *there, "--dbname", "postgres"))
    assert "may not make the schema" in line(one.pack("fleet", "init", *there, "--dbname", "postgres"))
    assert "whoever made the fleet" in line(one.pack("fleet", "grant", "bob", *there, "--dbname", base["dbname"]))
    assert "sslmode is one of" in line(one.pack(*join, *there, "--sslmode", "yes"))
    assert "no login 'nosuch'" in line(one.pack("fleet", "grant", "nosuch", *there, "--dbname", base["dbname"], PGUSER="postgres"))
    assert not os.path.exists(os.path.join(one.clone, policy.NAME)), "nothing was joined by mistake"


@pytest.mark.parametrize("what, answer, said", [("server_version_num", "140011", "PostgreSQL 15 or newer"), ("server_encoding", "SQL_ASCII", "createdb -E UTF8")])  # fmt: skip
def test_a_server_that_is_too_old_or_knows_no_unicode_is_told_before_anything_is_made(machines, server, what, answer, said):
    """The server's own answer, as one of another version gives it: a function that stands before pg_catalog's."""
    server.sql("create database old")
    try:
        server.sql("create function public.current_setting(text) returns text language sql as $$select case when $1 = '%s' then '%s' else pg_catalog.current_setting($1) end$$" % (what, answer), dbname="old")  # fmt: skip
        server.sql("alter database old set search_path = public, pg_catalog")
        one = machines("ams", join=False)
        assert said in line(one.pack("fleet", "init", "--host", server.folder, "--port", str(server.port), "--dbname", "old", PGUSER="postgres"))  # fmt: skip
        assert server.sql("select 1 from pg_namespace where nspname = 'fleet'", dbname="old") == []
    finally:
        server.sql("drop database old with (force)")


def test_over_tls_and_never_without_where_the_file_says_so(machines, tmp_path):
    own = servers.Server(settings=servers.FAST + ("ssl=on",))
    key, cert = os.path.join(own.data, "server.key"), os.path.join(own.data, "server.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)  # fmt: skip
    os.chmod(key, 0o600)
    if own.user:
        for path in (key, cert):
            os.chown(path, own.user.pw_uid, own.user.pw_gid)
    try:
        own.start()
        own.sql("create role alice login password 'pw'")
        where = {"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"}
        setup.init(where)
        setup.grant(where, "alice", "member")
        one = machines("ams", join=False)
        one.env["PGPASSWORD"] = "pw"
        one.base = {"host": "localhost", "port": str(own.port), "dbname": "postgres"}
        assert "root certificate" in line(one.join("--sslmode", "verify-full"))
        code, _out, err = one.join("--sslmode", "verify-full", PGSSLROOTCERT=cert)
        assert code == 0, err
        one.env["PGSSLROOTCERT"] = cert
        s = one.session()
        s.build()
        s.register(tasks(["src/a.py"]))
        one.settled()
        encrypted = "select bool_and(s.ssl) from pg_stat_ssl s join pg_stat_activity a using (pid) where a.usename = 'alice'"
        assert own.sql(encrypted) == [(True,)]
        other = {"host": "127.0.0.1", "port": str(own.port), "dbname": "postgres"}
        one.base = other
        assert "does not match" in line(one.join("--sslmode", "verify-full")), "another name than the certificate's"
        one.kill()
    finally:
        own.remove()
