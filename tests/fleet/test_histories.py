"""Histories of leases on the real engine are judged; without any one guard of the schema some history is wrong. `make fleet-histories` runs 20,000."""

import pytest
from prove import leases

from pack.fleet import setup
from pack.fleet.engine import FleetError, migrations


def test_a_sample_of_histories_is_right(base):
    assert leases.check(base, range(1, 41)) == []


@pytest.mark.parametrize("guard", leases.GUARDS, ids=lambda g: g[0])
def test_without_a_guard_the_judge_notices(server, base, guard, monkeypatch):
    server.sql("drop schema fleet cascade", dbname=base["dbname"])
    broken = [(number, name, leases.without(sql, guard) if number == 1 else sql) for number, name, sql in migrations()]
    monkeypatch.setattr(setup, "migrations", lambda: broken)
    setup.init(dict(base, user="postgres"))
    try:
        assert leases.check(base, range(1, 200), first=True), "nobody noticed"
    except FleetError as error:
        assert error.code[:2] == "23" or error.code == "42501", error  # stopped behind the guard, by a key or by row security
