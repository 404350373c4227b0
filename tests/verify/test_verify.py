"""`pack verify` as the client runs it: where it runs, what it believes, what it leaves in the journal, what the lead and the tech lead hear."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.conftest import git
from hooks.driver import Session
from pack.base import checkout
from pack.gate import verification as gate

BUILD, TEST = "python3 -m compileall -q src", "python3 -m unittest -q"


def verify(s, test=TEST, build=BUILD, more=""):
    """Run `pack verify`; answers the state's `verify`."""
    quote = lambda text: "'" + text.replace("'", "'\\''") + "'"
    refusal = s.bash("lead", "pack verify --build %s --test %s %s" % (quote(build), quote(test), more))
    assert refusal is None, refusal
    return s.state()["verify"]


def write(s, path, text):
    full = os.path.join(s.project, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w") as f:
        f.write(text)
    return full


def commit(s, message="more"):
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", message)


@pytest.fixture
def run(session):
    session.setup("SIMPLE")
    return session


def test_it_runs_in_a_fresh_checkout_and_says_how_many_tests_ran(run):
    write(run, "note.txt", "untracked\n")
    found = verify(run, "test ! -e note.txt && test -d .git && test -z \"$(git status --porcelain -uno)\" && python3 -m unittest -q")
    assert found["ok"] and found["where"] == "checkout", run.output
    found = verify(run)
    assert found["ok"] and (found["runner"], found["tests"], found["failed"]) == ("unittest", 1, 0)
    assert "in a fresh checkout" in run.output and "unittest: 1 test ran" in run.output
    assert git(run.project, "worktree", "list").count("\n") == 1 and git(run.project, "status", "--porcelain", "-uno") == ""


@pytest.mark.parametrize("command", [
    "python3 -m unittest nowhere 2>&1 | tail -5",
    "python3 -m unittest nowhere | cat",
    "(python3 -m unittest nowhere | head -3) && echo fine",
    "sh hide.sh",
    "make -s hide",
    "make ignored",
    "python3 -m unittest discover -s src -q",
    "python3 -m unittest -q -k nosuch",
    "python3 -m unittest -q 2> /dev/null",
    "sh bad.sh; sh good.sh",
    "for one in bad good; do sh $one.sh; done",
    "(cd src && sh ../bad.sh); (cd src && sh ../good.sh)",
    "sh bad.sh; test $? -le 9",
    "sh bad.sh & wait $!; sh good.sh",
    "find . -name '*d.sh' | xargs -n1 sh",
])  # fmt: skip
def test_tests_that_failed_or_never_ran_are_not_passed(run, command):
    write(run, "hide.sh", "python3 -m unittest nowhere\nexit 0\n")
    write(run, "bad.sh", "exit 1\n")
    write(run, "good.sh", "exit 0\n")
    write(run, "Makefile", "hide:\n\t-python3 -m unittest nowhere\nignored:\n\t-test -e nowhere\n")
    commit(run)
    found = verify(run, command)
    assert not found["ok"], run.output
    assert "PASSED" not in run.output and ("test: exit 1" in run.output or "test: exit 123" in run.output or found["why"])


@pytest.mark.parametrize("command", [
    "ls", "sh -c 'exit 0'", "[ 1 = 1 ]", "git status", "python3 -c pass", "python3 --version", "true", "pwd && ls -la", "cat src/old.py",
    "python3 -m unittest nowhere || true", "! python3 -m unittest nowhere", "(python3 -m unittest nowhere) || exit 0", "make test; echo done",
    "sh -c 'python3 -m unittest nowhere | cat'", "set +o pipefail; python3 -m unittest nowhere | cat", "if make test; then echo ok; fi",
    "bash -c 'make test || true'", "node -e 1", "test -n x", "env A=1 ls", "npm --version", "git log -1",
    "sh bad.sh || sh good.sh", "sh bad.sh || true; sh good.sh", "make test || make test", "cd a && sh bad.sh; sh good.sh",
    "if sh bad.sh; then sh good.sh; fi", "while sh bad.sh; do break; done", "set +e; sh bad.sh; sh good.sh", "set +eo pipefail; sh bad.sh | cat",
    "shopt -uo pipefail; sh bad.sh | cat", "bash -c 'sh bad.sh; sh good.sh'", "xargs -n1 sh -c 'sh $0; true' < list", "make -sn test",
    "find . -name bad.sh -exec sh {} \\;", "make -ik test", "make -q test", "docker compose run web sh -c 'sh bad.sh; true'",
    "npx jest --watch", "npx vitest --watch", "npm test -- --watchAll", "cargo watch -x test", "watch sh check.sh",
])  # fmt: skip
def test_commands_that_test_nothing_are_refused(looked_at, command):
    run = looked_at
    quote = "'" + command.replace("'", "'\\''") + "'"
    before = run.state()["verify"]
    refusal = run.bash("lead", "pack verify --build true --test " + quote)
    assert refusal and "proves nothing" in refusal and run.state()["verify"] == before


@pytest.mark.parametrize("command", [
    "test -s src/old.py", "sh check.sh", "! grep -rq BROKEN src", "python3 check.py && echo fine", "cd . && sh check.sh", "sh check.sh | cat",
    "(cd src && sh ../check.sh); (cd . && sh check.sh)", "[ -f none ] && . ./none; sh check.sh", "[ -d src ] || mkdir src; sh check.sh",
    "rm -f none || true; sh check.sh", "sh check.sh || { echo bad >&2; exit 1; }; sh check.sh", "if ! sh check.sh; then exit 1; fi",
    "while ! sh check.sh; do sleep 1; done; sh check.sh", "bash -ec 'sh check.sh; sh check.sh'", "for f in check; do sh $f.sh; done",
    "if [ -d src ]; then sh check.sh; else exit 1; fi", "set -euo pipefail; sh check.sh", "find . -name check.sh -exec sh {} +",
])  # fmt: skip
def test_an_unknown_command_is_accepted_and_says_so(run, command):
    write(run, "check.sh", "test -s src/old.py || test -s old.py\n")
    write(run, "check.py", "assert open('src/old.py').read()\n")
    commit(run)
    found = verify(run, command, "true")
    assert found["ok"] and found["tests"] is None and "exit 0, number of tests unknown" in run.output
    from pack.store.render import summary, stats, tree

    assert "number of tests unknown" in summary(run.state(), stats(run.events())) and "number of tests unknown" in tree(run.state(), "full")


def test_a_pipe_without_bash_is_refused_with_the_reason(run, monkeypatch):
    monkeypatch.setattr(gate.shutil, "which", lambda name: None)
    refusal = run.bash("lead", "pack verify --build true --test 'make test | tail -3'")
    assert "pipe" in refusal and "bash" in refusal
    assert verify(run, "test -s src/old.py", "true")["ok"]


def test_what_git_overlooks_and_what_lies_in_the_way_does_not_count(run):
    for flag in ("--assume-unchanged", "--skip-worktree"):
        git(run.project, "update-index", flag, "src/old.py")
        write(run, "src/old.py", "OLD = 2\n")
        assert not verify(run, "grep -q 'OLD = 2' src/old.py", "true")["ok"], flag
        assert verify(run, "grep -q 'OLD = 1' src/old.py", "true")["ok"], flag
        git(run.project, "update-index", flag.replace("--", "--no-"), "src/old.py")
        git(run.project, "checkout", "-q", "--", "src/old.py")
    write(run, "sitecustomize.py", "import sys\nsys.modules['unittest'] = sys\nFAKE = 1\n")
    write(run, "conftest.py", "raise SystemExit(0)\n")
    found = verify(run, "PYTHONPATH=.:$PYTHONPATH python3 -c \"import sitecustomize; assert not hasattr(sitecustomize, 'FAKE')\"", "true")
    assert found["ok"], run.output
    write(run, "src/helper.py", "X = 1\n")
    found = verify(run, "python3 -c \"import sys; sys.path.insert(0, 'src'); import helper\"", "true")
    assert not found["ok"] and "fresh checkout" in run.output and "--in-place" in run.output


@pytest.mark.parametrize("committed", [True, False])
def test_files_that_git_lost_since_the_start_are_named_with_the_way_back(run, committed):
    """A writer with another index commits: on disk all is there, and the checkout lacks it."""
    write(run, "src/mine.py", "X = 1\n")
    git(run.project, "rm", "-q", "--cached", "src/old.py")
    if committed:
        git(run.project, "commit", "-qm", "other")
    assert not verify(run, "test -s src/old.py", "true")["ok"]
    said = next(line for line in run.output.split("\n") if line.startswith("Not in that checkout"))
    assert " began: src/old.py. A commit" in said and "`pack task add`" in said and "mine.py" not in run.output
    task = {
        "subject": "Have the old part in git again", "files": ["src/old.py"], "references": ["src/old.py"], "acceptance": ["in git"],
        "checks": ["git"], "tooling": {"test": "true"}, "blocked_by": [], "reviewers": ["unified-reviewer"],
    }  # fmt: skip
    assert run.bash("lead", "pack task add <<'EOF'\n%s\nEOF" % json.dumps(task)) is None
    assert verify(run, "test -s src/old.py", "true")["ok"], run.output


def test_a_file_that_was_removed_from_the_disk_too_is_not_called_lost(run):
    git(run.project, "rm", "-q", "src/old.py")
    git(run.project, "commit", "-qm", "other")
    assert not verify(run, "test -s src/old.py", "true")["ok"] and "Not in that checkout" not in run.output


def test_the_projects_own_path_in_a_command_means_the_checkout(run):
    write(run, "src/untracked.py", "")
    assert verify(run, "cd %s && test ! -e src/untracked.py && test -e %s/src/old.py" % (run.project, run.project), "true")["ok"], (
        run.output
    )


@pytest.mark.parametrize("command, names", [
    ("echo x >> src/old.py && python3 -m unittest -q", "src/old.py"),
    ("rm plan.md; python3 -m unittest -q", "plan.md"),
    ("chmod +x src/old.py && python3 -m unittest -q", "src/old.py"),
])  # fmt: skip
def test_a_command_that_changes_the_tree_is_no_verification(run, command, names):
    found = verify(run, command)
    assert not found["ok"] and "changed what they verify" in found["why"] and names in found["why"]
    assert "test: exit 0" in run.output and "FAILED" in run.output
    assert git(run.project, "status", "--porcelain", "-uno") == ""


@pytest.mark.parametrize(
    "rule, words",
    [("*.py text\n", None), ("*.py filter=shout\n", ("config", "filter.shout.clean", "tr a-z A-Z"))],
    ids=["line ends", "a filter"],
)
def test_what_git_calls_changed_although_nobody_touched_it_is_not(run, rule, words):
    """Committed before the attribute was there: to git the file is changed as soon as it is laid out."""
    write(run, "src/crlf.py", "A = 1\r\n")
    git(run.project, "config", "core.autocrlf", "false")
    commit(run)
    write(run, ".gitattributes", rule)
    if words:
        git(run.project, *words)
    git(run.project, "add", ".gitattributes")
    git(run.project, "commit", "-qm", "attributes", "--", ".gitattributes")
    late = "touch -d '1 hour' src/crlf.py; "  # git looks at the bytes of what its index did not see
    found = verify(run, late + TEST)
    assert found["ok"] and found["where"] == "checkout", run.output
    found = verify(run, late + "printf 'A = 2\r\n' > src/crlf.py && " + TEST)
    assert not found["ok"] and found["why"] == "the commands changed what they verify: src/crlf.py"


def test_what_a_build_makes_is_there_for_the_tests_and_changes_nothing(run):
    found = verify(run, "test -s build/made && python3 -m unittest -q", "mkdir -p build && echo made > build/made")
    assert found["ok"] and not os.path.exists(os.path.join(run.project, "build"))


# --- dependencies -----------------------------------------------------------------------------------------------------------------
def test_node_modules_are_linked_and_a_workspace_leads_into_the_checkout(run):
    if not shutil.which("node"):
        pytest.skip("no node here")
    for name, text in (
        ("packages/own/package.json", '{"name": "own", "version": "1.0.0"}'),
        ("packages/own/index.js", "module.exports = 1\n"),
        ("app.test.js", "const t = require('node:test'), a = require('assert');\n"
         "t('x', () => { a.equal(require('own'), 1); a.equal(require('dep'), 7); a.equal(require('@s/d'), 8) })\n"),
        (".gitignore", "__pycache__/\n.claude/\nnode_modules/\n"),
    ):  # fmt: skip
        write(run, name, text)
    commit(run)
    write(run, "node_modules/dep/index.js", "module.exports = 7\n")
    write(run, "node_modules/@s/d/index.js", "module.exports = 8\n")
    os.symlink("../packages/own", os.path.join(run.project, "node_modules/own"))
    write(run, "packages/own/index.js", "module.exports = 1 // still\n")
    write(run, "packages/own/new.js", "")
    found = verify(run, "test ! -e node_modules/own/new.js && node --test", "true")
    assert found["ok"] and found["where"] == "checkout", run.output
    assert "linked: node_modules" in run.output
    found = verify(run, "node --test", "true")
    assert found["ok"] and (found["runner"], found["tests"]) == ("node --test", 1), run.output


def test_an_editable_install_leads_into_the_checkout(run, tmp_path):
    subprocess.run(["python3", "-m", "venv", "--without-pip", os.path.join(run.project, ".venv")], check=True)
    site = next(d for d, _f, _n in os.walk(os.path.join(run.project, ".venv")) if d.endswith("site-packages"))
    write(run, ".gitignore", "__pycache__/\n.claude/\n.venv/\n")
    write(run, "src/pkg/__init__.py", "WHERE = __file__\n")
    commit(run)
    with open(os.path.join(site, "own.pth"), "w") as f:
        f.write(os.path.join(run.project, "src") + "\n")
    look = ".venv/bin/python -c \"import pkg, os; assert pkg.WHERE.startswith(os.getcwd() + '/src'), pkg.WHERE\""
    found = verify(run, look, "true")
    assert found["ok"] and "linked: .venv" in run.output, run.output
    os.unlink(os.path.join(site, "own.pth"))
    with open(os.path.join(site, "__editable___own_1_0_finder.py"), "w") as f:
        f.write("MAPPING: dict[str, str] = {'pkg': %r}\nNAMESPACES: dict[str, list[str]] = {}\n" % os.path.join(run.project, "src", "pkg"))
    assert verify(run, look, "true")["ok"], run.output


def test_an_interpreter_is_asked_for_its_path_once_whatever_it_is_called(project, tmp_path):
    """`python` and `python3` of an installation are one; those of a virtual environment, of another folder or of a version manager are not."""
    log, real = tmp_path / "log", os.path.realpath(sys.executable)
    script = "#!/bin/sh\necho \"$0\" >>'%s'\nexec '%s' \"$@\"\n" % (log, real)
    for folder, name in (("one", "python3.11"), ("manager", "shim")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(script)
        (tmp_path / folder / name).chmod(0o755)
        for link in ("python", "python3"):
            (tmp_path / folder / link).symlink_to(name)
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "python3").symlink_to(tmp_path / "one" / "python3.11")
    command = " && ".join(
        "%s/%s check.py" % (tmp_path, name) for name in ("one/python3.11", "venv/python3", "manager/python", "manager/python3")
    )
    with checkout.Checkout(project, git(project, "write-tree").strip()) as laid:
        env = laid.environment(dict(os.environ, PATH="%s:%s" % (tmp_path / "one", os.environ["PATH"])), command)
    assert env["PYTHONPATH"].startswith(laid.home)
    asked = [line.replace(str(tmp_path), "") for line in log.read_text().split()]
    assert sorted(asked) == ["/manager/python", "/manager/python3", "/one/python", "/venv/python3"], asked


def test_the_projects_own_command_sets_dependencies_up(run):
    commands = ".conventions/tool-chains/commands.yml"
    write(run, commands, "setup:\n  run: mkdir -p deps && echo 7 > deps/seven\n  verified: 2026-01-31\ntest:\n  run: make\n")
    commit(run)
    found = verify(run, "grep -q 7 deps/seven", "true")
    assert found["ok"] and found["where"] == "checkout" and not os.path.exists(os.path.join(run.project, "deps")), run.output
    write(run, commands, "install: sh -c 'exit 3'   # offline\n")
    found = verify(run, "test -s src/old.py", "true")
    assert found["ok"] and found["where"] == "in place" and "exit 3" in found["where_why"]
    from pack.store.render import summary, stats

    assert "verified in place: the project's own setup failed" in summary(run.state(), stats(run.events()))


@pytest.mark.parametrize(
    "build, test",
    [("rm -rf \"$PWD\"", TEST), ("true", "python3 -m unittest -q; rm -rf \"$PWD\""), ("true", "rm -rf \"$(dirname \"$PWD\")\"")],
)
def test_commands_that_take_the_checkout_away_are_not_run_again_in_the_project(run, build, test):
    found = verify(run, test, build)
    assert not found["ok"] and found["where"] == "checkout" and "the checkout itself, which is gone" in found["why"]
    assert "Traceback" not in run.output and os.path.isfile(run.project + "/src/old.py")


def test_in_place_says_why(run):
    write(run, "local.db", "x")
    found = verify(run, "test -e local.db", "true", "--in-place 'the tests need local.db'")
    assert found["ok"] and (found["where"], found["where_why"]) == ("in place", "the tests need local.db")
    assert "verified in place: the tests need local.db" in run.output
    assert "says why" in run.bash("lead", "pack verify --build true --test 'make test' --in-place ' '")
    found = verify(run, "echo x >> src/old.py && test -s src/old.py", "true", "--in-place 'why not'")
    assert not found["ok"] and "changed what they verify" in found["why"]


def test_a_command_that_changes_what_git_overlooks_is_no_verification_in_place(run):
    git(run.project, "update-index", "--skip-worktree", "src/old.py")
    found = verify(run, "echo x >> src/old.py && test -s src/old.py", "true", "--in-place 'why not'")
    assert not found["ok"] and "changed what they verify" in found["why"]
    assert verify(run, "test -s src/old.py", "true", "--in-place 'why not'")["ok"]


def test_without_git_it_is_in_place(tmp_path):
    folder = tmp_path / "plain"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "old.py").write_text("OLD = 1\n")
    (folder / "plan.md").write_text("# Add a greeting\n")
    s = Session(folder, tmp_path / "data")
    s.setup("SIMPLE")
    found = verify(s, "test -s src/old.py", "true")
    assert found["ok"] and found["where"] == "in place" and "no git repository" in found["where_why"]


def test_a_run_that_began_without_a_commit_is_verified_in_place(tmp_path):
    folder = tmp_path / "young"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "old.py").write_text("OLD = 1\n")
    (folder / "plan.md").write_text("# Add a greeting\n")
    git(folder, "init", "-q")
    s = Session(folder, tmp_path / "data")
    s.setup("SIMPLE")
    found = verify(s, "test -s src/old.py", "true")
    assert found["ok"] and found["where"] == "in place" and "without a commit" in found["where_why"]


def test_a_subfolder_and_a_submodule_are_checked_out_whole(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "lib.txt").write_text("lib\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "lib")
    top = tmp_path / "top"
    (top / "app" / "src").mkdir(parents=True)
    (top / "shared.txt").write_text("shared\n")
    (top / "app" / "src" / "old.py").write_text("OLD = 1\n")
    (top / "app" / "plan.md").write_text("# Add a greeting\n")
    (top / ".gitignore").write_text(".claude/\n")
    git(top, "init", "-q")
    git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "app/inner")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "start")
    s = Session(top / "app", tmp_path / "data")
    s.setup("SIMPLE")
    (top / "app" / "inner" / "dirty.txt").write_text("x")
    found = verify(s, "test -s ../shared.txt && test -s inner/lib.txt && test ! -e inner/dirty.txt && test -s src/old.py", "true")
    assert found["ok"] and found["where"] == "checkout", s.output


# --- do the tests notice the change? ----------------------------------------------------------------------------------------------
def _worked(
    session,
    mode="MEDIUM",
    test="tests/test_a.py",
    text="import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n",
):
    s = session
    raw = None
    if test:
        from hooks.driver import plan

        raw = plan(mode)
        raw["tasks"][0]["files"].append(test)
    s.setup(mode, raw=raw)
    if test:
        write(s, test, text)  # part of what the task's review sees
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    return s


NOTICES = (
    "import os, unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n"
    "        self.assertTrue(os.path.exists(os.path.join(os.path.dirname(__file__), '..', 'src', 'a.py')))\n"
)


def test_tests_that_do_not_notice_the_change_are_said_to_the_tech_lead_and_in_the_summary(session):
    s = _worked(session)
    found = verify(s, "python3 -m unittest discover -s tests -q")
    assert found["ok"] and found["noticed"] is False, s.output
    assert "do not notice this change" in s.output
    assert s.say("lead", "tech-lead", "Please check the consistency of all tasks.") is None
    assert "do not notice this change" in s.updated["message"] and s.updated["message"].startswith("Please check")
    assert s.say("lead", "coder-1", "Thanks.") is None and s.updated["message"] == "Thanks."
    from pack.store.render import summary, stats

    assert "the tests do not notice this change" in summary(s.state(), stats(s.events()))


def test_tests_that_notice_the_change_are_not_mentioned(session):
    s = _worked(session, text=NOTICES)
    found = verify(s, "python3 -m unittest discover -s tests -q")
    assert found["ok"] and found["noticed"] is True, s.output
    assert s.say("lead", "tech-lead", "Please check the consistency.") is None and "notice" not in s.updated["message"]


def test_it_is_looked_at_in_medium_and_complex_only(session):
    s = _worked(session, "SIMPLE")
    found = verify(s, "python3 -m unittest discover -s tests -q")
    assert found["ok"] and found["noticed"] is None and found["noticed_why"] is None


def test_where_only_tests_and_conventions_changed_there_is_nothing_to_notice(session):
    s = session
    s.setup("MEDIUM")
    write(s, "tests/test_b.py", NOTICES)
    git(s.project, "add", "tests/test_b.py")
    found = verify(s, "test -s src/old.py", "true")
    assert found["ok"] and found["noticed"] is None and "nothing but tests" in found["noticed_why"]


# --- conventions --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("before, after, counts", [
    ({}, {".conventions/x": "\n"}, False),
    ({}, {".conventions/checks/x.md": "\n \n"}, False),
    ({}, {".conventions/notes.md": "a real line\n"}, False),
    ({}, {".conventions/checks/x.md": "a real line\n"}, True),
    ({"checks/x.md": "a line\n"}, {".conventions/checks/x.md": "a line\n\n"}, False),
    ({"checks/x.md": "a line\n"}, {".conventions/checks/x.md": "  a   line\n"}, False),
    ({"checks/x.md": "a line\nb line\n"}, {".conventions/checks/x.md": "a line\n"}, False),
    ({"checks/x.md": "a line\n"}, {".conventions/decisions/y.md": "a line\n"}, False),
    ({"checks/x.md": "a line\n"}, {".conventions/checks/x.md": "a line\n---\n"}, False),
    ({"checks/x.md": "a line\nb line\n"}, {".conventions/checks/x.md": "c line\n"}, True),
    ({"checks/x.md": "A line.\n"}, {".conventions/checks/x.md": "a line\n<!-- looked\nat -->\n"}, False),
    ({"tool-chains/commands.yml": "test:\n"}, {".conventions/tool-chains/commands.yml": "test:\n# a remark\n"}, False),
    ({}, {".conventions/checks/x.md": "# A heading\n"}, True),
    ({}, {".conventions/checks/x.md": "done\n"}, False),
    ({}, {".conventions/checks/x.md": "# TODO\n\n- x\n- y.\n"}, False),
    ({}, {".conventions/checks/x.md": "\u547d\u540d\u7528\u86c7\u5f62\n"}, True),
    ({}, {".conventions/checks/x.py": "run_of_greeting()\n"}, True),
    ({"checks/x.md": "a line\n"}, {".conventions/checks/x.md": "a line\nok\n"}, False),
    ({"tool-chains/commands.yml": "test:\n"}, {".conventions/tool-chains/commands.yml": "test:\n  run: make\n"}, True),
])  # fmt: skip
def test_conventions_count_as_updated_by_real_lines_only(project, tmp_path, before, after, counts):
    s = Session(project, tmp_path / "data")
    for name, text in before.items():
        write(s, ".conventions/" + name, text)
    s.build()
    from pack.base import conventions, paths
    from pack.protocol import guards_teardown

    for name, text in after.items():
        write(s, name, text)

    class Store:
        disk = __import__("pack.store.disk", fromlist=["Disk"]).Disk()
        data = paths.active(s.project, s.data)["run"]

    state = s.state()
    found = conventions.now(Store, s.project, state["team"]["conventions"])
    assert (guards_teardown.conventions_changed(state, {"conventions": found}, None) is None) is counts


def test_the_folder_that_checkouts_lie_in_stays_as_it_was(project, tmp_path, monkeypatch):
    """Also where a checkout is gone before it is taken away: in a container that runs as root `/tmp` would be root's alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp").chmod(0o1777)
    made = checkout.Checkout(str(project), git(project, "rev-parse", "HEAD^{tree}").strip())
    assert made.home.startswith(str(tmp_path / "temp"))
    shutil.rmtree(made.home)
    made.remove()
    assert (tmp_path / "temp").stat().st_mode & 0o7777 == 0o1777
