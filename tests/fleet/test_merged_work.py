"""Work of another squad that is merged into a run: approved there is approved, and nothing else is."""

import json
import os

from fleet.test_leases import tasks, wait
from hooks.test_result import closed, end, happened
from tests.conftest import git

VERIFY = "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'"


def two_squads(machines, origin, closes=True):
    """Squad ams is in a run when squad ber's approved work arrives by a pull of ams's user."""
    git(origin, "config", "receive.denyCurrentBranch", "updateInstead")
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    mine, theirs = ams.session(), ber.session()
    for s, path in ((mine, "src/a.py"), (theirs, "src/b.py")):
        s.setup("SIMPLE", raw=tasks([path]))
        s.do_task("coder-1", 1, path)
    if closes:
        theirs.do_task("coder-1", 2, ".conventions/checks/ber.md")
        closed(theirs)
        wait(lambda: os.path.exists(os.path.join(ber.run(), "done")), "all is stored")
    else:
        ber.settled()
    git(ber.clone, "push", "-q")
    git(ams.clone, "pull", "-q", "--no-edit", "--no-rebase")
    mine.do_task("coder-1", 2, ".conventions/checks/ams.md")
    return ams, mine, ber, theirs


def summary(s):
    with open(os.path.join(s.project, ".claude", "teams", "feature-add-a-greeting", "summary.md")) as f:
        return f.read()


def test_what_another_squad_approved_is_no_stranger(machines, origin):
    ams, s, ber, _theirs = two_squads(machines, origin)
    closed(s)
    assert not happened(s, "OVERLAP_SCOPE") and not happened(s, "COMMIT_DIVERGES") and not happened(s, "CONTENT_ACCEPTED")
    text = summary(s)
    assert "src/b.py: approved by squad squad-ber" in text and "past the gate, nothing in it" not in text and "NOT APPROVED" not in text
    assert "feat: task #1 (merged; approved by squad squad-ber, run feature-add-a-greeting, task #1)" in text
    assert [p for p in ("src/a.py", "src/b.py") if not os.path.exists(os.path.join(ams.clone, p))] == []


def test_what_was_changed_on_the_way_is_one(machines, origin):
    """The same file with other bytes, and one that no run has: the user accepts both by name, or takes them back."""
    ams, s, _ber, _theirs = two_squads(machines, origin)
    for name, text in (("src/b.py", "# other\n"), ("src/c.py", "C = 1\n")):
        with open(os.path.join(ams.clone, name), "w") as f:
            f.write(text)
    git(ams.clone, "add", "-A", "src")
    git(ams.clone, "commit", "-qm", "by hand")
    s.bash("lead", VERIFY)
    refusal = s.bash("lead", "pack teardown")
    assert refusal and "src/b.py" in refusal and "src/c.py" in refusal and ".conventions" not in refusal
    git(ams.clone, "reset", "-q", "--hard", "HEAD~1")
    s.bash("lead", VERIFY)
    assert s.bash("lead", "pack teardown") is None
    end(s)


def test_what_was_reopened_there_is_not_approved(machines, origin):
    ams, s, ber, theirs = two_squads(machines, origin, closes=False)
    assert theirs.bash("lead", "pack task reopen 1") is None
    ber.settled()
    s.bash("lead", VERIFY)
    assert "src/b.py" in s.bash("lead", "pack teardown")


def test_without_the_engine_it_is_said_that_nobody_knows(machines, origin, server, base):
    ams, s, _ber, _theirs = two_squads(machines, origin)
    s.bash("lead", VERIFY)
    ams.kill()
    with open(os.path.join(ams.run(), "ship.json")) as f:
        status = json.load(f)
    server.sql("alter database %s allow_connections false" % base["dbname"])
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'" % base["dbname"])
    try:
        assert "src/b.py" in s.bash("lead", "pack teardown") and status["state"] == "ok"
        assert any(
            "whether another squad has approved it is not known" in line for r in happened(s, "RESULT_CHECKED") for line in r["left"]
        )
    finally:
        server.sql("alter database %s allow_connections true" % base["dbname"])
    ams.settled()
    assert s.bash("lead", "pack teardown") is None
    end(s)
