"""A run of waves has no tasks that name files: its squad has each file from the first write on, across machines."""

import json
import os

import pytest
from fleet.test_leases import expire, leased, tasks, wait
from hooks.test_waves import SMALL
from tests.conftest import git

from pack.fleet import files

# One wave of two that write; the first two waves of SMALL need a gate.
MAKERS = dict(
    SMALL,
    team="makers",
    lead="boss",
    roles=[r for r in SMALL["roles"] if r["id"] != "planner"],
    waves=[{"id": "1", "title": "Make", "mode": "parallel", "roles": ["maker"], "gates": ["planned"]}],
    gates=[dict(SMALL["gates"][0], after_role="maker", artifacts_of=["maker"], on_fail={"respawn": ["maker"]})],
)


def waves(machine):
    """A session that leads a run of waves, its maker at work."""
    folder = os.path.join(machine.clone, ".claude", "team-definitions")
    os.makedirs(folder)
    with open(os.path.join(folder, "makers.json"), "w") as f:
        json.dump(MAKERS, f)
    with open(os.path.join(machine.clone, "strategy.md"), "w") as f:
        f.write("# Strategy\n\nBe quick.\n")
    s = machine.session()
    s.send("UserPromptSubmit", prompt="--team makers --strategy strategy.md")
    assert s.state()["waves"] is not None
    assert s.spawn("maker", "two-maker") is None
    return s


@pytest.fixture
def both(machines):
    """Alice leads a run of waves, Bob one of tasks."""
    ams, ber = machines("ams", "alice", options=("--lease-minutes", "0.5")), machines("ber", "bob", options=("--lease-minutes", "0.5"))
    return ams, ber, waves(ams), ber.session()


def test_who_writes_a_file_first_has_it_on_every_machine(both, server, base):
    ams, ber, a, b = both
    assert a.edit("maker", "src/a.py", "a = 1\n") is None
    assert leased(server, base) == ["src/a.py"]
    b.build()
    refused = b.register(tasks(["src/a.py"]))
    assert "LEASED_ELSEWHERE" in refused and "held by run makers" in refused and "task #None" not in refused, refused
    assert "pack fleet release src/a.py" in refused and "pack fleet ask squad-ams" in refused
    assert b.register(tasks(["src/b.py"])) is None
    for write in (
        lambda: a.edit("maker", "src/b.py", "b = 1\n"),
        lambda: a.bash("maker", "echo 'b = 1' > src/b.py"),
        lambda: a.bash("maker", "rm -rf src"),
    ):
        refused = write()
        assert refused and "LEASED_ELSEWHERE" in refused and "src/b.py" in refused and "task #1" in refused, refused
    assert a.edit("maker", ".two/work/OUT.md", "made\n") is None and leased(server, base) == ["src/a.py", "src/b.py"], (
        "the team's own folder"
    )


def test_a_commit_of_a_run_of_waves_asks_for_what_no_hook_saw(both, server, base):
    ams, ber, a, b = both
    assert a.edit("maker", "src/a.py", "a = 1\n") is None
    with open(os.path.join(ams.clone, "src", "c.py"), "w") as f:
        f.write("c = 1\n")  # a program wrote it
    assert a.edit("maker", ".two/work/OUT.md", "made\n") is None
    said = a.bash("maker", "git add src .two/work && git commit -qm 'feat: one'")
    assert said is None, said
    assert leased(server, base) == ["src/a.py", "src/c.py"] and "feat: one" in git(ams.clone, "log", "--oneline")
    b.build()
    assert b.register(tasks(["src/d.py"])) is None
    with open(os.path.join(ams.clone, "src", "d.py"), "w") as f:
        f.write("d = 1\n")
    refused = a.bash("maker", "git add src/d.py && git commit -qm 'feat: two'")
    assert "LEASED_ELSEWHERE" in refused and "feat: two" not in git(ams.clone, "log", "--oneline")


def test_its_leases_last_as_long_as_the_run_and_its_user_gives_one_back(both, server, base):
    ams, ber, a, b = both
    assert a.edit("maker", "src/a.py", "a = 1\n") is None and a.edit("maker", "src/e.py", "e = 1\n") is None
    ams.kill()  # the next shipper finds out what is held, and drops none for want of a task
    a.bash("maker", "true")
    ams.settled()
    beat = "select beat from fleet.runs where member = 'alice'"
    before = server.sql(beat, dbname=base["dbname"])
    wait(lambda: server.sql(beat, dbname=base["dbname"]) != before, "it gives a sign of life")
    assert leased(server, base) == ["src/a.py", "src/e.py"]
    code, out, err = ams.pack("fleet", "release", "src/x.py")
    assert code == 2 and "holds no lease on src/x.py; it holds: src/a.py, src/e.py" in err, out + err
    code, out, err = ams.pack("fleet", "release", "src/a.py")
    assert code == 0 and "given back: src/a.py" in out, out + err
    b.build()
    assert b.register(tasks(["src/a.py"])) is None
    refused = a.edit("maker", "src/a.py", "a = 2\n")
    assert "LEASED_ELSEWHERE" in refused and "squad-ber" in refused
    assert ams.pack("abort", "--reason", "enough")[0] == 0
    wait(lambda: leased(server, base) == ["src/a.py"], "only what Bob has is left")


def test_while_the_engine_is_away_a_run_of_waves_begins_no_file(both, server, base):
    ams, _ber, a, _b = both
    assert a.edit("maker", "src/a.py", "a = 1\n") is None
    server.sql("alter database %s allow_connections false" % base["dbname"])
    try:
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
        refused = a.edit("maker", "src/b.py", "b = 1\n")
        assert "ENGINE_AWAY" in refused and "src/b.py" in refused
        assert a.edit("maker", "src/a.py", "a = 2\n") is None, "what it has it works on"
    finally:
        server.sql("alter database %s allow_connections true" % base["dbname"])
    assert files.read(ams.run(), "unleased.json", []) == []


def test_a_run_of_waves_that_is_taken_over_keeps_its_files(both, server, base):
    """No task says what it needs: the engine does, and a sign of life of the new copy gives nothing back."""
    ams, ber, a, b = both
    assert a.edit("maker", "src/a.py", "a = 1\n") is None
    git(ams.clone, "add", "src", ".claude/team-definitions", "strategy.md")
    git(ams.clone, "commit", "-qm", "begun")
    a.bash("maker", "true")
    head = git(ams.clone, "rev-parse", "HEAD").strip()
    wait(lambda: server.sql("select head from fleet.runs", dbname=base["dbname"]) == [(head,)], "the engine knows the commit")
    ams.settled()
    ams.kill()
    ams.client.kill()
    expire(server, base)
    code, out, err = ber.pack("fleet", "resume", "makers")
    assert code == 0, out + err
    b.send("UserPromptSubmit", prompt="team resume")
    ber.settled()
    beat = server.sql("select beat from fleet.runs", dbname=base["dbname"])
    wait(lambda: server.sql("select beat from fleet.runs", dbname=base["dbname"]) != beat, "it gives a sign of life")
    assert leased(server, base) == ["src/a.py"]
    assert b.spawn("maker", "two-maker") is None
    assert b.edit("maker", "src/a.py", "a = 2\n") is None and b.edit("maker", "src/b.py", "b = 1\n") is None
    assert leased(server, base) == ["src/a.py", "src/b.py"]
