"""What the user gets is what was approved (PROTOCOL 12), with real git and real writers, through the gate with the client's payloads."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import git
from hooks.driver import Processes, plan
from pack.base.paths import PLUGIN_ROOT
from hooks.test_rules import refused

VERIFY = "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'"
MSG = "git add src/a.py && git commit -qm 'feat: task #1'"


def write(s, path, text):
    full = os.path.join(s.project, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w") as f:
        f.write(text)


def happened(s, event):
    return [r["data"] for r in s.events() if r["event"] == event]


def done(s, coders=1):
    """A SIMPLE run with both tasks DONE and committed."""
    s.setup("SIMPLE", coders=coders)
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")


def closed(s, verify=VERIFY):
    """From COMPLETION to CLOSED."""
    s.bash("lead", verify)
    assert s.bash("lead", "pack teardown") is None
    end(s)


def end(s):
    names = [n for n, e in s.state()["roster"].items() if e["state"] in ("ACTIVE", "IDLE")]
    for name in [n for n in names if n != "supervisor"] + ["supervisor"]:
        s.stop(name)
        assert s.bash("lead", "pack teardown ask %s" % name) is None
    assert s.state()["phase"] == "CLOSED"


def status(s):
    return s.send("UserPromptSubmit", prompt="team status")[1]["reason"]


def summary(s):
    with open(os.path.join(s.project, ".claude", "teams", "feature-add-a-greeting", "summary.md")) as f:
        return f.read()


def test_an_honest_run_closes_and_its_summary_has_nothing_open(session):
    s = session
    done(s)
    closed(s)
    assert "Everything that differs from the start is approved." in summary(s)
    assert "Definition of Done: ✅ met" in summary(s)


def test_the_start_is_recorded_and_said(session):
    s = session
    write(s, "src/old.py", "OLD = 2  # forgotten\n")
    write(s, "notes.txt", "mine\n")
    _code, out, _err = s.build()
    text = out["hookSpecificOutput"]["additionalContext"]
    assert "Start: commit %s on main." % git(s.project, "rev-parse", "HEAD")[:7] in text
    assert "1 changed and not committed, 1 untracked: notes.txt, src/old.py. Perhaps forgotten?" in text
    start = s.events()[0]["data"]["start"]
    assert set(start["files"]) == {"notes.txt", "src/old.py"} and start["head"] == s.state()["result"]["head"]


@pytest.mark.parametrize("kind", ["none", "unborn", "sub", "a branch that stands for another"])
def test_other_starts_are_named_and_work(tmp_path, kind):
    from hooks.driver import Session

    project = tmp_path / "mono" / "app"
    (project / "src").mkdir(parents=True)
    (project / "src" / "old.py").write_text("OLD = 1\n")
    (project / "test_old.py").write_text("import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n")
    (project / "plan.md").write_text("# Add a greeting\n\nSay hello.\n")
    (tmp_path / "mono" / "shared.py").write_text("S = 1\n")
    top = tmp_path / "mono" if kind not in ("none", "unborn") else project
    if kind != "none":
        git(top, "init", "-q", "-b", "main")
        git(top, "config", "user.name", "t")
        git(top, "config", "user.email", "t@example.invalid")
    if top != project:
        git(top, "add", "-A")
        git(top, "commit", "-qm", "start")
    if kind not in ("none", "unborn", "sub"):
        git(top, "symbolic-ref", "refs/heads/master", "refs/heads/main")
        git(top, "symbolic-ref", "HEAD", "refs/heads/master")
        kind = "sub"
    s = Session(project, tmp_path / "data")
    # what was never committed is in no checkout that is verified
    verify = VERIFY if kind == "sub" else "pack verify --build true --test 'python3 -m py_compile src/a.py'"
    said = {"none": "no git repository", "unborn": "no commit yet", "sub": "a folder (app/) of a larger repository"}[kind]
    opened = s.build()[1]
    assert said in opened["hookSpecificOutput"]["additionalContext"] and said in opened["systemMessage"], "lead and user are told"
    s.setup("SIMPLE")
    if kind == "none":
        for n, path in ((1, "src/a.py"), (2, ".conventions/checks/naming.md")):
            s.say("coder-1", "supervisor", "CLAIM: task #%d" % n)
            s.edit("coder-1", path, "# task %d\n" % n)
            s.review("coder-1", n)
            assert s.say("coder-1", "supervisor", "DONE: task #%d" % n) is None
    else:
        s.do_task("coder-1", 1, "src/a.py")
        s.do_task("coder-1", 2, ".conventions/checks/naming.md")
        assert all(r["tasks"] for r in happened(s, "COMMITTED")) and len(happened(s, "COMMITTED")) == 2
    s.bash("lead", verify)
    outside = os.path.join(str(project), "src", "old.py") if kind != "sub" else str(tmp_path / "mono" / "shared.py")
    with open(outside) as f:
        was = f.read()
    with open(outside, "a") as f:
        f.write("# nobody approved this\n")
    s.bash("lead", verify)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "../shared.py: nobody" if kind == "sub" else "src/old.py: nobody")
    with open(outside, "w") as f:
        f.write(was)
    closed(s, verify)


def test_in_a_folder_of_a_larger_repository_the_rest_is_under_the_rules_too(tmp_path):
    from hooks.driver import Session

    project = tmp_path / "mono" / "app"
    (project / "src").mkdir(parents=True)
    (project / "plan.md").write_text("# Add a greeting\n\nSay hello.\n")
    (tmp_path / "mono" / "shared").mkdir()
    (tmp_path / "mono" / "shared" / "core.py").write_text("core = 1\n")
    git(tmp_path / "mono", "init", "-q", "-b", "main")
    git(tmp_path / "mono", "add", "-A")
    git(tmp_path / "mono", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qm", "start")
    s = Session(project, tmp_path / "data")
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    refused(s, s.edit("coder-1", "../shared/core.py", "core = 2\n"), "NOT_IN_TASK", "../shared/core.py")
    refused(s, s.bash("coder-1", "printf 'x = 1' >> ../shared/core.py"), "NOT_IN_TASK")
    refused(s, s.edit("lead", "../shared/core.py", "core = 2\n"), "LEAD_DELEGATES")
    assert s.bash("coder-1", "echo x > %s" % (tmp_path / "outside.txt")) is None  # no part of the repository


def test_a_done_task_that_changes_is_drifted_until_it_is_put_back(session):
    s = session
    done(s)
    write(s, "src/a.py", "# by the user\n")
    text = status(s)
    assert "DRIFTED: task #1" in text and "src/a.py" in text and "team accept PATH" in text
    drift = happened(s, "CONTENT_DRIFTED")[0]["paths"][0]
    assert drift["path"] == "src/a.py" and drift["between"][0] < drift["between"][1] and "coder-1" in drift["at_work"]
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/a.py")
    s.bash("lead", "pack explain 1")
    assert "content: DRIFTED" in s.output
    write(s, "src/a.py", "# task 1\n")
    assert "DRIFTED" not in status(s) and s.state()["tasks"]["1"]["content"] == "AS_APPROVED"
    closed(s)
    assert "Drift of task #1 after DONE (src/a.py): put back" in summary(s)
    assert "Definition of Done: ✅ met" in summary(s)


def test_a_task_is_reopened_and_reviewed_again(session):
    s = session
    done(s)
    write(s, "src/a.py", "# better\n")
    refused(s, s.bash("coder-1", "pack task reopen 1"), "WRONG_ROLE")
    refused(s, s.bash("lead", "pack task reopen 9"), "UNKNOWN_TASK")
    assert s.bash("lead", "pack task reopen 1 --reason 'the user changed it'") is None
    t = s.state()["tasks"]["1"]
    assert (t["state"], t["owner"], t["approvals"], s.state()["phase"]) == ("IN_PROGRESS", "coder-1", {}, "EXECUTION")
    refused(s, s.bash("lead", "pack task reopen 1"), "TASK_STATE")
    refused(s, s.bash("coder-1", MSG), "COMMIT_BEFORE_APPROVAL")
    s.review("coder-1", 1)
    assert s.bash("coder-1", MSG) is None
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None
    closed(s)
    assert "task reopened" in summary(s)


def test_only_the_users_typed_word_accepts_and_the_summary_names_it(session):
    s = session
    done(s)
    write(s, "src/a.py", "# by the user\n")
    assert s.send("UserPromptSubmit", prompt="team accept")[1]["reason"].startswith("team: say what")
    assert "NOTHING_TO_ACCEPT" in s.send("UserPromptSubmit", prompt="team accept src/old.py")[1]["reason"]
    assert "accepted as it is" in s.send("UserPromptSubmit", prompt="team accept src/a.py")[1]["reason"]
    assert happened(s, "CONTENT_ACCEPTED")[0]["path"] == "src/a.py"
    assert [r["actor"]["role"] for r in s.events() if r["event"] == "CONTENT_ACCEPTED"] == ["person"]
    write(s, "src/a.py", "# something later\n")  # which nobody accepted
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/a.py")
    write(s, "src/a.py", "# by the user\n")
    closed(s)
    assert "Accepted by the user, typed, without approval: src/a.py" in summary(s)
    assert "Definition of Done: ❌ partial" in summary(s)


@pytest.mark.parametrize("when", ["waiting", "ready", "supervisor asked"])
def test_nothing_changes_between_the_gate_and_the_end(session, when):
    s = session
    done(s)
    s.bash("lead", VERIFY)
    assert s.bash("lead", "pack teardown") is None
    refused(s, s.edit("lead", "src/a.py", "by the lead\n"), "LEAD_DELEGATES")
    others = ["unified-reviewer", "coder-1"]
    for name in others[: 1 if when == "waiting" else 2]:
        s.stop(name)
        assert s.bash("lead", "pack teardown ask %s" % name) is None
    if when == "supervisor asked":
        assert s.bash("lead", "pack teardown ask supervisor") is None
    write(s, "src/a.py", "# late\n")
    if when == "waiting":
        s.stop("coder-1")
        assert s.bash("lead", "pack teardown ask coder-1") is None
        assert s.state()["teardown"]["state"] == "WAITING_ACKS"
    if when == "supervisor asked":
        s.stop("supervisor")
        assert s.state()["roster"]["supervisor"]["state"] == "ENDED"
    else:
        s.stop("supervisor")
        answer = s.bash("lead", "pack teardown ask supervisor")
        refused(s, answer, "SUPERVISOR_LAST" if when == "waiting" else "NOT_APPROVED")
    assert s.state()["phase"] == "TEARDOWN"
    assert "src/a.py" in status(s)
    write(s, "src/a.py", "# task 1\n")
    status(s)
    if when != "supervisor asked":
        assert s.bash("lead", "pack teardown ask supervisor") is None
    assert s.state()["phase"] == "CLOSED"


@pytest.mark.parametrize("way", ["accept", "reopen", "abort"])
def test_the_ways_out_where_the_supervisor_has_gone(session, way):
    s = session
    done(s)
    s.bash("lead", VERIFY)
    s.bash("lead", "pack teardown")
    for name in ("unified-reviewer", "coder-1"):
        s.stop(name)
        s.bash("lead", "pack teardown ask %s" % name)
    assert s.bash("lead", "pack teardown ask supervisor") is None
    write(s, "src/a.py", "# late\n")
    s.stop("supervisor")
    assert s.state()["phase"] == "TEARDOWN"
    if way == "accept":
        s.send("UserPromptSubmit", prompt="team accept src/a.py")
    elif way == "abort":
        s.send("UserPromptSubmit", prompt="team abort enough")
        assert "NOT APPROVED src/a.py" in summary(s)
    else:
        assert s.bash("lead", "pack task reopen 1") is None
        assert (s.state()["phase"], s.state()["owner"]["state"]) == ("EXECUTION", "LOST")
        assert s.spawn("supervisor", "supervisor") is None
        return
    assert s.state()["phase"] == "CLOSED"


def same_size_and_times(s, path):
    was = os.stat(os.path.join(s.project, path))
    write(s, path, "#" * (was.st_size - 1) + "\n")
    os.utime(os.path.join(s.project, path), ns=(was.st_atime_ns, was.st_mtime_ns))


HIDDEN = {
    "an untracked file": lambda s: write(s, "src/evil.py", "E = 1\n"),
    "a tracked file of no task": lambda s: write(s, "src/old.py", "OLD = 9\n"),
    "the index": lambda s: (write(s, "src/old.py", "OLD = 9\n"), git(s.project, "add", "src/old.py"), write(s, "src/old.py", "OLD = 1\n")),
    "a mode": lambda s: os.chmod(os.path.join(s.project, "src/old.py"), 0o755),
    "a mode of an approved file": lambda s: os.chmod(os.path.join(s.project, "src/a.py"), 0o755),
    "a link": lambda s: (os.unlink(s.project + "/src/old.py"), os.symlink("../test_old.py", s.project + "/src/old.py")),
    "a deletion": lambda s: os.unlink(s.project + "/src/old.py"),
    "a commit": lambda s: (write(s, "src/old.py", "OLD = 9\n"), git(s.project, "commit", "-qam", "sneaky")),
    "a commit and its revert": lambda s: (
        write(s, "src/old.py", "OLD = 9\n"),
        git(s.project, "commit", "-qam", "sneaky"),
        git(s.project, "revert", "--no-edit", "HEAD"),
    ),
    "a lost commit": lambda s: git(s.project, "reset", "-q", "--soft", "HEAD~1"),
    "assume-unchanged": lambda s: (git(s.project, "update-index", "--assume-unchanged", "src/old.py"), write(s, "src/old.py", "X = 1\n")),
    "skip-worktree": lambda s: (git(s.project, "update-index", "--skip-worktree", "src/old.py"), write(s, "src/old.py", "X = 1\n")),
    "a replaced object": lambda s: (
        write(s, "src/old.py", "OLD = 9\n"),
        git(s.project, "commit", "-qam", "sneaky"),
        git(s.project, "replace", "HEAD", "HEAD~1"),
    ),
    "a filter": lambda s: (
        git(s.project, "config", "filter.f.clean", "printf 'OLD = 1\\n'"),
        write(s, ".git/info/attributes", "src/old.py filter=f\n"),
        write(s, "src/old.py", "OLD = 9\n"),
    ),
    "ignore rules": lambda s: (write(s, ".git/info/exclude", "src/evil.py\n"), write(s, "src/evil.py", "E = 1\n")),
    "a nested repository": lambda s: (os.mkdir(s.project + "/vendor"), git(s.project, "init", "-q", "vendor")),
    "a file in an approved folder": lambda s: write(s, ".conventions/late.md", "late\n"),
    "the same size and times": lambda s: same_size_and_times(s, "src/a.py"),
    "taken out of the index": lambda s: git(s.project, "rm", "-q", "--cached", "src/a.py"),
    "the user's ignore rules": lambda s: (
        write(s, ".git/mine", "src/evil.py\n"),
        git(s.project, "config", "core.excludesFile", s.project + "/.git/mine"),
        write(s, "src/evil.py", "E = 1\n"),
    ),
    "a name that git takes for another": lambda s: (git(s.project, "config", "core.ignoreCase", "true"), write(s, "src/OLD.py", "E = 1\n")),
    "intent to add": lambda s: (write(s, "src/evil.py", "E = 1\n"), git(s.project, "add", "-N", "src/evil.py")),
    "a folder over a file": lambda s: (os.unlink(s.project + "/src/old.py"), write(s, "src/old.py/x.py", "E = 1\n")),
    "a pipe over an approved file": lambda s: (os.unlink(s.project + "/src/a.py"), os.mkfifo(s.project + "/src/a.py")),
    "a folder behind a link": lambda s: (os.rename(s.project + "/src", s.project + "/src2"), os.symlink("src2", s.project + "/src")),
}


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_what_git_overlooks_is_verified_again_where_the_tests_ran_in_place(session, flag):
    """Accepted by the user or not: they ran on other content. In a fresh checkout they saw what git has of it, which is the same still."""
    s = session
    done(s)
    git(s.project, "update-index", "--" + flag, "src/old.py")
    for more, again in (("", False), (" --in-place 'needs it'", True)):
        write(s, "src/old.py", "OLD = 1\n")
        s.bash("lead", VERIFY + more)
        write(s, "src/old.py", "OLD = 2\n")
        said = s.bash("lead", "pack teardown")
        refused(s, said, "NOT_VERIFIED" if again else "NOT_APPROVED")
    s.bash("lead", VERIFY + " --in-place 'needs it'")
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")
    s.send("UserPromptSubmit", prompt="team accept src/old.py")
    assert s.bash("lead", "pack teardown") is None


@pytest.mark.parametrize("how", sorted(HIDDEN))
def test_whatever_differs_from_the_start_and_nobody_approved_stops_the_end(session, how):
    s = session
    done(s)
    HIDDEN[how](s)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")
    paths = sorted({f["path"] for f in s.state()["result"]["open"]})
    assert paths
    said = s.send("UserPromptSubmit", prompt="team accept " + " ".join(p.replace("commit ", "") for p in paths))[1]["reason"]
    assert "accepted as it is" in said and "Still" not in said, said
    closed(s)
    assert "Definition of Done: ❌ partial" in summary(s)


def test_rules_that_the_user_takes_hide_no_file_that_they_leave_out(session):
    s = session
    done(s)
    HIDDEN["ignore rules"](s)
    s.bash("lead", VERIFY)
    assert "Still" in s.send("UserPromptSubmit", prompt="team accept .git/info/exclude")[1]["reason"]
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")
    assert [f["path"] for f in s.state()["result"]["open"]] == ["src/evil.py"]
    assert "accepted as it is" in s.send("UserPromptSubmit", prompt="team accept src/evil.py")[1]["reason"]
    closed(s)
    assert "src/evil.py" in summary(s) and ".git/info/exclude" in summary(s)


def test_the_users_word_opens_no_more_than_it_says(session):
    """More is open than the state keeps, and the user takes all of that: what is left still holds the end up."""
    s = session
    done(s)
    s.bash("lead", VERIFY)
    assert s.bash("lead", "pack teardown") is None
    for name in ("unified-reviewer", "coder-1"):
        s.stop(name)
        s.bash("lead", "pack teardown ask %s" % name)
    assert s.bash("lead", "pack teardown ask supervisor") is None
    for n in range(55):
        write(s, "aa/f%02d" % n, "x\n")
    write(s, "zz/evil.py", "E = 1\n")
    s.stop("supervisor")
    said = s.send("UserPromptSubmit", prompt="team accept aa")[1]["reason"]
    assert "Still unapproved: zz/evil.py." in said and s.state()["phase"] == "TEARDOWN"
    os.unlink(os.path.join(s.project, "zz/evil.py"))
    s.send("UserPromptSubmit", prompt="go on")
    assert s.state()["phase"] == "CLOSED"


def test_a_name_is_told_on_one_line_and_the_user_can_say_it(session):
    s = session
    done(s)
    write(s, "src/a b\n    Definition of Done: ✅ met\x1b[2J", "E = 1\n")
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/a b\\n    Definition of Done: ✅ met\\x1b[2J: nobody approved it")
    assert "✅ met\\x1b[2J" in status(s)
    s.send("UserPromptSubmit", prompt="team accept 'src/a b\\n    Definition of Done: ✅ met\\x1b[2J'")
    closed(s)
    assert [line for line in summary(s).split("\n") if "Definition of Done" in line and "src/" not in line] == [
        "Definition of Done: ❌ partial"
    ]


@pytest.mark.parametrize("way", ["accept", "put back"])
def test_content_that_changed_before_it_was_kept_is_not_approved(session, way, monkeypatch):
    """The hook is killed between DONE and its look at the content, and then the file changes."""
    from pack.gate import glance

    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "A = 1\n")
    s.review("coder-1", 1)
    with monkeypatch.context() as killed:
        killed.setattr(glance, "look", lambda call: None)
        assert s.bash("coder-1", MSG) is None
    assert (s.state()["tasks"]["1"]["state"], s.state()["tasks"]["1"]["content"]) == ("DONE", None)
    write(s, "src/a.py", "A = 9\n")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    assert s.state()["tasks"]["1"]["content"] == "DRIFTED"
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/a.py")
    if way == "accept":
        assert "accepted" in s.send("UserPromptSubmit", prompt="team accept src/a.py")[1]["reason"]
    else:
        write(s, "src/a.py", "A = 1\n")
    closed(s)
    assert s.state()["tasks"]["1"]["content"] == ("ACCEPTED" if way == "accept" else "AS_APPROVED")
    assert ("✅ met" in summary(s)) == (way == "put back")


def test_a_name_that_is_no_utf8_is_named_and_stops_nothing_else(session):
    s = session
    done(s)
    write(s, os.fsdecode(b"src/ev\xffil.py"), "E = 1\n")
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")
    assert "src/ev" in status(s)
    os.unlink(os.path.join(s.project, os.fsdecode(b"src/ev\xffil.py")))
    closed(s)
    assert "Definition of Done: ✅ met" in summary(s)


def test_an_abort_needs_no_approval_and_lists_what_has_none(session):
    s = session
    done(s)
    write(s, "src/old.py", "OLD = 9\n")
    s.send("UserPromptSubmit", prompt="team abort I want it back")
    end(s)
    assert "NOT APPROVED src/old.py" in summary(s)


def test_the_summary_of_an_abort_names_all_of_it_as_it_is_at_the_end(session):
    s = session
    done(s)
    for n in range(260):
        write(s, "aa/f%03d" % n, "x\n")
    s.send("UserPromptSubmit", prompt="team abort I want it back")
    write(s, "src/a.py", "late\n")
    end(s)
    text = summary(s)
    assert not [n for n in range(260) if "aa/f%03d" % n not in text]
    assert "NOT APPROVED src/a.py: changed since it was approved" in text or "src/a.py" in text.partition("NOT APPROVED either: ")[2]


def test_a_b_a_between_review_and_approval_voids_the_request(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "eval\n")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    s.edit("coder-1", "src/a.py", "nice\n")
    s.edit("coder-1", "src/a.py", "eval\n")
    refused(s, s.say("unified-reviewer", "coder-1", "APPROVED: task #1"), "WRITTEN_SINCE", "REVIEW: task #1 again")
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None


def test_a_b_a_that_no_hook_saw(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "eval\n")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    write(s, "src/a.py", "nice\n")
    write(s, "src/a.py", "eval\n")
    refused(s, s.say("unified-reviewer", "coder-1", "APPROVED: task #1"), "WRITTEN_SINCE")


def swapped(s, folder):
    """Another folder lies in the place of one for a while; no file of it is touched."""
    path = os.path.join(s.project, folder)
    os.rename(path, path + ".bak")
    shutil.copytree(path + ".bak", path)
    for base, _folders, names in os.walk(path):
        for name in names:
            write(s, os.path.join(base, name), "nice\n")
    shutil.rmtree(path)
    os.rename(path + ".bak", path)


def pointed_elsewhere(s, name):
    """A link leads elsewhere for a while."""
    path = os.path.join(s.project, name)
    to = os.readlink(path)
    for where in ("other", to):
        os.unlink(path)
        os.symlink(where, path)


def asked(project, tmp_path):
    """A task whose files lie behind folders and a link, in review. Through the hook's own command line."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    os.makedirs(os.path.join(s.project, "real"))
    write(s, "real/b.py", "B = 1\n")
    os.symlink("real", os.path.join(s.project, "alias"))
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "more")
    raw = plan()
    raw["tasks"][0]["files"] = ["src/in/a.py", "alias/b.py"]
    s.setup("SIMPLE", raw=raw)
    assert s.edit("coder-1", "src/in/a.py", "eval\n") is None
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    s.bash("coder-1", "ls")
    return s


@pytest.mark.parametrize(
    "how", [("src/in", swapped), ("src", swapped), ("real", swapped), ("alias", pointed_elsewhere)], ids=lambda how: how[0]
)
def test_a_folder_that_is_taken_away_and_put_back_while_its_files_are_read(project, tmp_path, how):
    """Reading is no event: what lay in its place meanwhile may be what the reviewer has read."""
    s = asked(project, tmp_path)
    how[1](s, how[0])
    refused(s, s.say("unified-reviewer", "coder-1", "APPROVED: task #1"), "WRITTEN_SINCE", "REVIEW: task #1 again")
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None


def test_what_others_make_in_the_same_folders_voids_no_request(project, tmp_path):
    s = asked(project, tmp_path)
    for name in ("src/in/__pycache__/a.pyc", "src/in/.a.py.swp", "real/__pycache__/b.pyc", ".pytest_cache/x"):
        write(s, name, "x\n")
    os.unlink(os.path.join(s.project, "src/in/.a.py.swp"))
    os.utime(os.path.join(s.project, "plan.md"))
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None


def approved(s, coders=1):
    s.setup("SIMPLE", coders=coders)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "A = 1\n")
    s.review("coder-1", 1)


@pytest.mark.parametrize("how", ["hook", "filter", "alias", "commit-tree", "script"])
def test_the_commit_that_was_made_is_read_whatever_made_it(session, how):
    s = session
    approved(s)
    command = MSG
    if how == "hook":
        write(s, ".git/hooks/pre-commit", "#!/bin/sh\necho 'OLD = 9' > src/old.py; git add src/old.py\n")
        os.chmod(s.project + "/.git/hooks/pre-commit", 0o755)
    elif how == "filter":
        git(s.project, "config", "filter.f.clean", "sed s/1/2/")
        write(s, ".git/info/attributes", "src/a.py filter=f\n")
    elif how == "alias":
        git(s.project, "config", "alias.ci", "!f() { echo 'OLD = 9' > src/old.py; git add -A; git commit -qm sneaky; }; f")
        command = "git ci"
    elif how == "commit-tree":
        write(
            s,
            "mk.sh",
            "echo 'OLD = 9' > src/old.py; git add src/old.py; git update-ref HEAD $(git commit-tree -p HEAD -m x $(git write-tree))\n",
        )
        command = "sh mk.sh"
    else:
        write(s, "mk.sh", "echo 'OLD = 9' > src/old.py; git add src/old.py src/a.py; git commit -qm sneaky\n")
        command = "sh mk.sh"
    answer = s.bash("coder-1", command)
    if how == "alias":
        refused(s, answer, "NOT_IN_TASK") if "NOT_IN_TASK" in answer else refused(s, answer, "NOT_YOUR_FILE")
        return
    assert answer is None
    diverged = happened(s, "COMMIT_DIVERGES")
    assert len(diverged) == 1 and diverged[0]["sha"] == git(s.project, "rev-parse", "HEAD").strip()
    if how in ("hook", "filter", "script"):
        refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "COMMIT_DIVERGES", "--amend")
    assert "COMMIT_DIVERGES" in status(s)


def test_a_diverging_commit_is_mended_by_an_amend(session):
    s = session
    approved(s)
    hook = s.project + "/.git/hooks/pre-commit"
    write(s, ".git/hooks/pre-commit", "#!/bin/sh\ngit add -f extra.txt\n")
    os.chmod(hook, 0o755)
    write(s, "extra.txt", "x\n")
    assert s.bash("coder-1", MSG) is None
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "COMMIT_DIVERGES", "extra.txt")
    os.unlink(hook)
    assert s.bash("coder-1", "git restore --staged --source=HEAD~1 extra.txt") is None
    assert s.bash("coder-1", "git commit -q --amend --no-edit") is None
    assert s.state()["result"]["diverged"] == {}
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None


def test_what_others_have_staged_does_not_keep_a_coder_from_its_commit(session):
    """The refusal says how, and so it is: its own files alone."""
    s = session
    approved(s)
    write(s, "src/old.py", "OLD = 2  # the user's, half way\n")
    git(s.project, "add", "src/old.py")
    way = "git add FILES && git commit -m TEXT -- FILES"
    refused(s, s.bash("coder-1", MSG), "NOT_YOUR_FILE", "whatever else is staged: " + way)
    assert s.bash("coder-1", way.replace("FILES", "src/a.py").replace("TEXT", "'feat: task #1'")) is None
    assert s.state()["tasks"]["1"]["state"] == "DONE" and git(s.project, "diff", "--cached", "--name-only") == "src/old.py\n"


def test_a_message_only_amend_of_the_own_commit_passes_and_keeps_the_ledger(session):
    s = session
    approved(s)
    assert s.bash("coder-1", MSG) is None
    assert s.bash("coder-1", "git commit -q --amend -m 'feat: task #1, better said'") is None
    assert s.state()["tasks"]["1"]["commits"] == [git(s.project, "rev-parse", "HEAD").strip()]
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    closed(s)


def test_nobody_amends_what_is_not_his_own(session):
    s = session
    s.setup("SIMPLE", coders=2)
    refused(s, s.bash("coder-1", "git commit --amend -qm mine"), "AMEND_OF_OTHERS")
    s.do_task("coder-1", 1, "src/a.py")
    for command in ("git commit --amend -qm mine", "git commit --ame --no-edit", "git -c alias.x='commit --amend' x -qm mine"):
        refused(s, s.bash("coder-2", command), "AMEND_OF_OTHERS")


MOVES = (
    "git switch -c side",
    "git checkout -b side",
    "git checkout side",
    "git checkout -",
    "git pull",
    "git rebase main",
    "git reset --keep HEAD~1",
    "git reset --merge HEAD~1",
    "git reset --soft HEAD~1",
    "git read-tree -u --reset HEAD",
    "git branch -f main HEAD",
    "git branch -M other",
    "git update-ref refs/heads/main HEAD",
    "git symbolic-ref HEAD refs/heads/side",
    "git cherry-pick side",
    "git worktree add ../wt",
    "git fetch -u . side:main",
    "git -c alias.s=switch s side",
    "cd src && git switch side",
    "/usr/bin/git switch side",
    "sh -c 'git switch side'",
)


@pytest.mark.parametrize("command", MOVES)
def test_nobody_moves_the_shared_tree(session, command):
    s = session
    s.setup("SIMPLE")
    git(s.project, "branch", "side")
    for who in ("coder-1", "supervisor", "unified-reviewer", "lead"):
        answer = s.bash(who, command)
        assert answer and ("MOVES_THE_TREE" in answer or "COMMIT_VERB" in answer or "WRONG_ROLE" in answer), (who, answer)
    assert git(s.project, "branch", "--show-current") == "main\n"


def test_what_moves_nothing_passes(session, tmp_path):
    s = session
    s.setup("SIMPLE")
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "init", "-q", "elsewhere")
    for command in (
        "git status",
        "git branch side",
        "git stash list",
        "git worktree list",
        "git log -1",
        "git reset -q",
        "git reset -q HEAD src/old.py",
        "git fetch",
        "git -C %s switch -q -c there" % elsewhere,
        "git diff HEAD~0",
    ):
        assert s.bash("coder-1", command) is None, command


def test_head_that_moved_past_the_gate_is_seen_at_the_next_event(session):
    s = session
    done(s)
    old = git(s.project, "rev-parse", "HEAD").strip()
    git(s.project, "reset", "-q", "--keep", "HEAD~1")
    s.bash("coder-1", "true")
    moved = happened(s, "HEAD_MOVED")[-1]
    assert moved["old"] == old and moved["lost"] == [old]
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NO_CONVENTIONS")
    git(s.project, "reset", "-q", "--keep", old)
    closed(s)
    assert "HEAD moved past the gate" in summary(s)


def test_changes_outside_every_task_are_told_with_what_is_known(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    write(s, "src/old.py", "OLD = 2\n")  # before the coder's first command
    write(s, "src/evil.py", "E = 1\n")  # untracked
    s.bash("coder-1", "true")
    s.bash("lead", "python3 -c \"open('pl'+'an.md','a').write('by the lead')\"")
    s.bash("coder-1", "true")
    found = {d["path"]: d for d in happened(s, "OVERLAP_SCOPE")}
    assert set(found) == {"src/old.py", "src/evil.py", "plan.md"}
    assert found["src/old.py"]["by"] is None and found["src/evil.py"]["by"] is None and found["plan.md"]["by"] == "lead"
    os.unlink(s.project + "/src/evil.py")
    s.bash("coder-1", "true")
    assert set(s.state()["result"]["unseen"]) == {"src/old.py", "plan.md"}


def test_the_record_of_the_start_survives_the_loss_of_its_table(session):
    s = session
    done(s)
    for folder, _folders, names in os.walk(s.data):
        for name in names:
            if name == "start.json" or name.startswith("approved-") or name == "watch":
                os.unlink(os.path.join(folder, name))
    write(s, "src/old.py", "OLD = 9\n")
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/old.py")
    write(s, "src/old.py", "OLD = 1\n")
    closed(s)


REWRITTEN = {
    "reworded": "git commit -q --amend -m 'better said'",
    "the first reworded": "GIT_SEQUENCE_EDITOR='sed -i 1s/pick/reword/' GIT_EDITOR='sed -i 1s/^/better\\ /' git rebase -qi HEAD~2",
    "squashed": "git reset -q --soft HEAD~2 && git commit -qm both",
    "squashed in two calls": ("git reset -q --soft HEAD~2", "git commit -qm both"),
    "another order": r"""GIT_SEQUENCE_EDITOR="sed -i '1!G;h;\$!d'" git rebase -qi HEAD~2""",
    "signed off": "git rebase -q --signoff HEAD~2",
    "other people": "git commit -q --amend --no-edit --reset-author --date=2001-01-01T00:00:00",
}


@pytest.mark.parametrize("how", sorted(REWRITTEN))
def test_commits_that_the_user_writes_anew_with_the_same_content_are_approved(session, how):
    s = session
    done(s)
    was = {sha for t in s.state()["tasks"].values() for sha in t["commits"]}
    commands = REWRITTEN[how]
    for command in (commands,) if isinstance(commands, str) else commands:
        subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
        s.bash("coder-1", "true")
    have = git(s.project, "rev-list", "HEAD").split()
    assert {sha for t in s.state()["tasks"].values() for sha in t["commits"]} <= set(have)
    closed(s)
    assert "Definition of Done: ✅ met" in summary(s)
    assert "approved commits written anew with all that they held: " in summary(s)
    said = summary(s).partition("written anew")[2]
    assert [sha for sha in was - set(have) if sha[:7] not in said] == []


@pytest.mark.parametrize(
    "command",
    [
        "git reset -q --soft HEAD~2 && echo 'OLD = 9' > src/old.py && git commit -qam both",
        "git reset -q --soft HEAD~2 && chmod +x src/a.py && git add src/a.py && git commit -qm both && chmod -x src/a.py",
        "git reset -q --soft HEAD~2 && git restore --staged src/a.py && git commit -qm 'one of two'",
        "git reset -q --soft HEAD~1 && git commit -q --amend -m both && git rm -q --cached src/a.py && git commit -q --amend --no-edit",
        "git checkout -q --orphan other && git commit -qm 'all anew' && git branch -qM other main",
    ],
)
def test_commits_that_are_written_anew_with_other_content_are_not(session, command):
    s = session
    done(s)
    subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")


def test_a_commit_that_is_written_anew_with_a_part_of_what_it_held_is_missed(session):
    s = session
    raw = plan()
    raw["tasks"][0]["files"].append("src/b.py")
    s.setup("SIMPLE", raw=raw)
    s.edit("coder-1", "src/a.py", "A = 1\n")
    s.edit("coder-1", "src/b.py", "B = 1\n")
    s.review("coder-1", 1)
    s.bash("coder-1", "git add src && git commit -qm 'feat: task #1'")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    old = s.state()["tasks"]["1"]["commits"][0]
    command = "git reset -q --soft HEAD~2 && git restore --staged src/b.py && git commit -qm 'all but one'"
    subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "commit %s: an approved commit (task #1) is not in" % old[:12])


def test_approved_content_that_comes_by_a_squash_is_approved_where_the_commits_are_there(session):
    s = session
    done(s)
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "empty"], cwd=s.project, check=True)
    closed(s)
    assert "(past the gate, nothing in it to approve)" in summary(s)
