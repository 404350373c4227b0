"""A machine dies, the run goes on on another; the old one, when it is back, is fenced. Never two leads."""

import os
import signal
import subprocess
import time

import pytest
from tests.conftest import git
from fleet.test_leases import leased, tasks, wait
from fleet.test_shipping import journal, number, stored

from pack.base import paths
from pack.fleet import files
from pack.protocol import view


def died(machine):
    """kill -9 of everything there."""
    machine.client.kill()
    machine.client.wait()
    machine.kill()


def expire(server, base):
    server.sql("update fleet.runs set until = clock_timestamp() - interval '1 second'", dbname=base["dbname"])


@pytest.fixture
def pair(machines, server, base):
    """A run half done on one machine, which then dies; another machine of the same project."""
    ams, ber = machines("ams", "alice", options=("--lease-minutes", "0.5")), machines("ber", "bob")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    a.do_task("coder-1", 1, "src/a.py")
    head = git(ams.clone, "rev-parse", "HEAD").strip()
    wait(lambda: server.sql("select 1 from fleet.bundles where head = %s", (head,), dbname=base["dbname"]), "its commits are kept")
    ams.settled()
    return ams, ber, a, head


def resumed(machine, *words):
    return machine.pack("fleet", "resume", "feature-add-a-greeting", *words)


def test_the_run_is_finished_on_the_other_machine(pair, server, base):
    ams, ber, a, head = pair
    run, before = number(ams), journal(ams)
    died(ams)
    expire(server, base)
    code, out, err = resumed(ber)
    assert code == 0 and "team resume" in out, out + err
    assert journal(ber)[: len(before)] == before, "byte for byte"
    assert git(ber.clone, "rev-parse", "HEAD").strip() == head and os.path.exists(os.path.join(ber.clone, "src", "a.py"))
    b = ber.session()
    assert b.state()["tasks"]["1"]["state"] == "DONE" and b.state()["owner"]["state"] == "LOST"
    assert view.living(b.state()) == []
    epoch = b.state()["owner"]["epoch"]
    _code, said, _err = b.send("UserPromptSubmit", prompt="team resume")
    assert "leads feature-add-a-greeting now" in said["reason"]
    assert b.spawn("supervisor-2", "supervisor") is None
    assert b.handoff("supervisor-2", epoch + 1) is None, "a new epoch"
    assert b.spawn("unified-2", "unified-reviewer") is None and b.spawn("coder-9", "coder") is None
    assert b.say("coder-9", "supervisor-2", "CLAIM: task #2") is None
    assert b.edit("coder-9", ".conventions/x.md", "one line\n") is None
    assert b.say("coder-9", "unified-2", "REVIEW: task #2") is None and b.say("unified-2", "coder-9", "APPROVED: task #2") is None
    assert b.bash("coder-9", "git add .conventions && git commit -qm 'feat: two (task #2)'") is None
    assert b.state()["tasks"]["2"]["state"] == "DONE"
    ber.settled()
    assert stored(server, base, run) == journal(ber)
    assert not b.state()["tampered"]
    log = server.sql("select what, count(*) from fleet.lease_log group by what", dbname=base["dbname"])
    assert ("moved", 1) in log, "every lease has a new fencing number"


def test_the_old_machine_is_fenced_at_its_next_hook(pair, server, base):
    ams, ber, a, _head = pair
    ams.kill(signal.SIGSTOP)
    expire(server, base)
    assert resumed(ber)[0] == 0
    before = journal(ams)
    # it wakes: its shipper's first sign of life, or the next hook's question, finds out
    ship = ams.ship()
    files.write(ams.run(), "ship.json", dict(ship, heard=ship["heard"] - 3600))
    os.kill(ship["pid"], signal.SIGCONT)
    for who, tool, given in (
        ("coder-1", "Write", {"file_path": os.path.join(ams.clone, "src/b.py"), "content": "x"}),
        ("lead", "Bash", {"command": "pack status"}),
        ("lead", "SendMessage", {"to": "coder-1", "message": "go on"}),
        ("coder-1", "Bash", {"command": "git commit -qam x"}),
    ):
        refused = a.call(who, tool, **given)
        assert "STATE_FROZEN" in refused and "taken over on ber" in refused and "pack fleet resume" in refused, (who, tool)
    _code, said, _err = a.send("UserPromptSubmit", prompt="team status")
    assert "STATE_FROZEN" in said["reason"]
    _code, said, _err = a.send("SessionStart", source="resume")
    assert "taken over on ber" in said["hookSpecificOutput"]["additionalContext"]
    assert "taken over on ber" in a.build()[1]["reason"]
    for event in ("Stop", "SessionEnd"):
        assert a.send(event)[1] is None
    assert journal(ams) == before, "nothing was recorded"
    assert a.call("lead", "Read", file_path=os.path.join(ams.clone, "plan.md")) is not None


def test_another_session_on_a_fenced_machine_works_on(pair, server, base):
    ams, ber, a, _head = pair
    died(ams)
    expire(server, base)
    assert resumed(ber)[0] == 0
    files.write(ams.run(), "fenced.json", {"machine": "ber"})
    a.session = "5e551000-0000-4000-8000-00000000ffff"
    a.env["CLAUDE_PID"] = str(os.getpid())
    assert a.call("lead", "Write", file_path=os.path.join(ams.clone, "notes.txt"), content="x") is None


def test_a_fenced_copy_can_be_ended(pair, server, base):
    ams, ber, a, _head = pair
    died(ams)
    expire(server, base)
    assert resumed(ber)[0] == 0
    run, records = number(ams), stored(server, base, number(ams))
    files.write(ams.run(), "fenced.json", {"machine": "ber"})
    assert ams.pack("abort", "--reason", "it is elsewhere")[0] == 0
    assert paths.active(ams.clone, ams.data) is None
    assert stored(server, base, run)[: len(records)] == records
    closed = server.sql("select closed from fleet.runs where run = %s", (run,), dbname=base["dbname"])
    assert closed == [(None,)], "the run itself lives on"


def test_a_run_that_is_alive_is_not_taken_by_mistake(pair, server, base):
    ams, ber, a, _head = pair
    code, out, err = resumed(ber)
    assert code == 1 and "is led by alice on ams, which was heard of at" in err and out == ""
    code, _out, err = resumed(ber, "--force")
    assert code == 1, "another member's run, alive: row security"
    assert a.bash("lead", "true") is None and not os.path.exists(os.path.join(ams.run(), "fenced.json"))
    assert paths.active(ber.clone, ber.data) is None


def test_the_same_member_may_force_it(pair, server, base):
    ams, ber, a, _head = pair
    ber.env["PGUSER"] = "alice"
    assert resumed(ber)[0] == 1
    code, out, err = resumed(ber, "--force")
    assert code == 0, out + err
    wait(lambda: os.path.exists(os.path.join(ams.run(), "fenced.json")), "the old machine finds out by itself")
    assert "STATE_FROZEN" in a.bash("lead", "true")


def test_it_can_be_taken_back_and_what_nobody_was_told_of_is_set_aside(pair, server, base):
    ams, ber, a, _head = pair
    ams.kill(signal.SIGSTOP)
    a.spawn("coder-7", "coder")  # recorded here, never stored: the machine dies before
    assert len(stored(server, base, number(ams))) < len(journal(ams))
    lost = journal(ams)
    died(ams)
    expire(server, base)
    assert resumed(ber)[0] == 0
    ber.settled()
    died(ber)
    expire(server, base)
    code, out, err = resumed(ams)
    assert code == 0, out + err
    folder = paths.team_folder(ams.clone, "feature-add-a-greeting")
    aside = [n for n in os.listdir(folder) if ".fenced-" in n]
    assert len(aside) == 1
    with open(os.path.join(folder, aside[0])) as f:
        assert f.read().splitlines() == lost
    ams.settled()
    assert stored(server, base, number(ams)) == journal(ams)
    a.env["CLAUDE_PID"] = str(os.getppid())
    a.session = "5e551000-0000-4000-8000-00000000eeee"
    _code, said, _err = a.send("UserPromptSubmit", prompt="team resume")
    assert "leads feature-add-a-greeting now" in said["reason"]


@pytest.mark.parametrize("after", [0.05, 0.2, 0.35, 0.5, 0.7, 0.9])
def test_killed_in_the_middle_the_same_command_goes_on(pair, server, base, after):
    ams, ber, _a, head = pair
    died(ams)
    expire(server, base)
    from fleet.conftest import PACK

    one = subprocess.Popen([PACK, "fleet", "resume", "feature-add-a-greeting"], cwd=ber.clone, env=ber.env, stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    time.sleep(after)
    os.killpg(one.pid, signal.SIGKILL)
    one.wait()
    code, out, err = resumed(ber)
    assert code == 0 or "this clone leads feature-add-a-greeting already" in err, out + err  # on a fast machine nothing was left to do
    b = ber.session()
    assert b.state()["phase"] == "EXECUTION" and git(ber.clone, "rev-parse", "HEAD").strip() == head
    assert [r["event"] for r in ber.records()].count("RUN_RESUMED") == 1
    ber.settled()
    assert stored(server, base, number(ber)) == journal(ber)


def test_uncommitted_changes_and_other_commits_stop_it_before_anything_is_fenced(pair, server, base):
    ams, ber, a, _head = pair
    died(ams)
    expire(server, base)
    with open(os.path.join(ber.clone, "plan.md"), "a") as f:
        f.write("mine\n")
    code, _out, err = resumed(ber)
    assert code == 1 and "uncommitted changes" in err
    git(ber.clone, "commit", "-qam", "mine")
    code, _out, err = resumed(ber)
    assert code == 1 and "git branch -m main OTHER" in err
    holder = server.sql("select machine from fleet.runs", dbname=base["dbname"])
    assert holder == [("ams",)]
    git(ber.clone, "branch", "-m", "main", "other")
    assert resumed(ber)[0] == 0


def test_what_is_asked_for_must_be_there(pair, server, base):
    _ams, ber, _a, _head = pair
    code, _out, err = ber.pack("fleet", "resume", "feature-nothing")
    assert code == 1 and "has no open run feature-nothing; open:" in err and "squad squad-ams on ams" in err
    b = ber.session()
    b.build("something else")
    code, _out, err = resumed(ber)
    assert code == 1 and "another run is live in this clone" in err


def test_records_that_were_changed_in_the_engine_are_found_out(pair, server, base):
    ams, ber, _a, _head = pair
    died(ams)
    expire(server, base)
    server.sql("update fleet.records set line = replace(line, 'coder-1', 'coder-2') where seq = 9", dbname=base["dbname"])
    code, _out, err = resumed(ber)
    assert code == 1 and "damaged" in err
    assert paths.active(ber.clone, ber.data) is None, "nothing was begun from it"


def test_the_clock_of_a_machine_is_nobodys_business(pair, server, base):
    """A year off: leases and take-overs are by the database's clock, the journal goes on from its own time."""
    ams, ber, _a, _head = pair
    died(ams)
    expire(server, base)
    assert resumed(ber)[0] == 0
    b = ber.session()
    for year in (-1, 1):
        b.now = time.time() + year * 365 * 86400
        b.send("UserPromptSubmit", prompt="team resume")
        b.bash("lead", "true")
    assert leased(server, base) == ["src/a.py"]
    ber.settled()
    assert stored(server, base, number(ber)) == journal(ber)
    assert ber.pack("fleet", "status")[0] == 0


def test_killed_at_every_point_one_after_the_other_it_still_arrives(pair, server, base):
    """kill -9 before each thing that the command does to the engine, the clone or the run's folder, each time one further; then it is let through."""
    ams, ber, _a, head = pair
    died(ams)
    expire(server, base)
    points = 0
    while True:
        pid = os.fork()
        if pid == 0:
            try:
                _resume_until(ber, points)
            finally:
                os._exit(7)
        code = os.waitpid(pid, 0)[1]
        if not os.WIFSIGNALED(code):
            break
        points += 1
        leads = server.sql("select count(*) from fleet.runs where machine = 'ber'", dbname=base["dbname"])[0][0]
        assert leads or paths.active(ber.clone, ber.data) is None, "nothing is begun here before the old one is fenced (point %d)" % points
    assert os.WEXITSTATUS(code) == 0 and points > 25, (code, points)
    b = ber.session()
    assert b.state()["phase"] == "EXECUTION" and git(ber.clone, "rev-parse", "HEAD").strip() == head
    assert [r["event"] for r in ber.records()].count("RUN_RESUMED") == 1
    ber.settled()
    assert stored(server, base, number(ber)) == journal(ber)


def _resume_until(machine, points):
    """The command in this process, which is killed before it does what comes after `points` things. Exit 0 when it is done."""
    from pack.cli import fleet as verb
    from pack.fleet import desk, takeover
    from pack.fleet.engine import Engine
    from pack.store.disk import Disk
    from pack.store.journal import Store

    left = [points]

    def counted(owner, name):
        real = getattr(owner, name)

        def at(*args, **more):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return real(*args, **more)

        setattr(owner, name, at)

    for owner, names in (
        (Engine, ("call", "rows")),
        (Disk, ("replace", "remove", "mkdir")),
        (Store, ("append",)),
        (takeover, ("_git",)),
        (files, ("write", "remove")),
        (paths, ("mark",)),
        (desk, ("launch",)),
    ):
        for name in names:
            counted(owner, name)
    os.environ.clear()
    os.environ.update(machine.env)
    os.chdir(machine.clone)
    os._exit(verb.main(["resume", "feature-add-a-greeting"]))
