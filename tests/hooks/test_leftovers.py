"""What a run leaves in a repository beside what its tasks changed, and what git keeps in another form than the disk (PROTOCOL 12)."""

import os
import shutil
import stat
import subprocess
import sys
import time

from tests.conftest import git
from hooks.driver import plan
from hooks.test_result import VERIFY, closed, done, end, happened, summary, write
from hooks.test_rules import refused

WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")


def nested(folder, **files):
    """A repository of its own with one commit."""
    os.makedirs(folder)
    git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    git(folder, "add", "-A")
    git(folder, *WHO, "commit", "-qm", "one")


def submodule(s, name):
    nested(os.path.join(s.data, name), lib="L = 1\n")
    git(s.project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", os.path.join(s.data, name), name)
    git(s.project, "commit", "-qm", name)


def settled():
    """What is written from now on is newer than the record of the start."""
    time.sleep(0.1)


def open_paths(s):
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED")
    return {f["path"] for f in s.state()["result"]["open"]}


def test_what_git_itself_does_not_show_is_found_all_the_same(session):
    s = session
    for name in ("changed", "moved", "added"):
        submodule(s, name)
    nested(os.path.join(s.project, "tools"), tool="T = 1\n")
    write(s, "venv/.gitignore", "*\n")  # hides itself since before the run, whatever comes into it
    settled()
    done(s)
    write(s, "venv/more.py", "V = 1\n")
    write(s, "changed/lib", "L = 9\n")
    write(s, "added/evil.py", "E = 1\n")
    write(s, "moved/lib", "L = 9\n")
    git(os.path.join(s.project, "moved"), *WHO, "commit", "-qam", "moved")
    git(s.project, "add", "moved")
    git(os.path.join(s.project, "moved"), "reset", "-q", "--hard", "HEAD~1")  # so only the index holds it
    git(s.project, "config", "submodule.moved.ignore", "all")
    write(s, "tools/tool", "T = 9\n")
    write(s, "src/.gitignore", "*\n")
    write(s, "src/hidden.py", "E = 1\n")
    write(s, "src/below/hidden.py", "E = 1\n")
    nested(os.path.join(s.project, "src/repo"), inner="E = 1\n")
    write(s, "src/evil.pyc", "no cache\n")
    write(s, "docs/.git/evil.py", "E = 1\n")
    write(s, "docs/page.md", "x\n")
    write(s, "elsewhere.py", "E = 1\n")
    write(s, ".claude/teams/evil.py", "E = 1\n")
    git(s.project, "add", "-f", ".claude/teams/evil.py")
    git(s.project, "commit", "-qm", "x", "--", ".claude/teams/evil.py")
    blob = git(s.project, "hash-object", "-w", "plan.md").strip()
    rows = "100644 %s 1\tboth.py\n100644 %s 2\tboth.py\n" % (blob, blob)
    subprocess.run(["git", "-C", s.project, "update-index", "--index-info"], input=rows, text=True, check=True)
    git(s.project, "config", "core.fileMode", "false")
    git(s.project, "update-index", "--chmod=+x", "src/old.py")
    with open(os.path.join(s.project, ".git", "MERGE_HEAD"), "w") as f:
        f.write(git(s.project, "rev-parse", "HEAD"))
    shutil.copytree(s.project, os.path.join(s.data, "clean"), symlinks=True)
    os.unlink(os.path.join(s.data, "clean", "elsewhere.py"))
    git(s.project, "config", "core.worktree", os.path.join(s.data, "clean"))
    assert open_paths(s) == {
        "changed/lib", "added/evil.py", "moved", "tools/tool", "src/.gitignore", "src/hidden.py", "src/below/hidden.py", "src/repo/inner", "src/evil.pyc", "docs/.git",
        "docs/page.md", "elsewhere.py", ".claude/teams/evil.py", "both.py", "src/old.py", ".git/MERGE_HEAD",
    }  # fmt: skip


def test_what_bends_git_or_lies_where_it_cannot_look_is_found(session):
    """A `.gitignore` that leaves itself out says more, another object stands in the place of an approved one, a path is too long for git."""
    s = session
    write(s, "src/.gitignore", ".gitignore\nlocal.txt\n")
    write(s, "src/local.txt", "mine\n")
    settled()
    done(s)
    write(s, "src/evil.py", "E = 1\n")
    write(s, "src/.gitignore", ".gitignore\nlocal.txt\nevil.py\n")
    good, evil = (git(s.project, *words).strip() for words in (("rev-parse", "HEAD~1:src/a.py"), ("hash-object", "-w", "src/evil.py")))
    git(s.project, "replace", good, evil)
    deep = "import os\nfor name in ['deep'] + 20 * ['x' * 250]:\n os.mkdir(name)\n os.chdir(name)\nopen('evil.py', 'w').close()"
    subprocess.run([sys.executable, "-c", deep], cwd=s.project, check=True)
    found = open_paths(s)
    assert {p for p in found if not p.startswith("deep/")} == {"src/.gitignore", ".git/refs/replace/" + good}
    assert [f["kind"] for f in s.state()["result"]["open"] if f["path"].startswith("deep/x")] == ["git cannot look into it"]
    git(s.project, "replace", "-d", good)
    write(s, "src/.gitignore", ".gitignore\nlocal.txt\n")
    subprocess.run(["rm", "-rf", "deep", "src/evil.py"], cwd=s.project, check=True)
    closed(s)
    assert "Definition of Done: ✅ met" in summary(s)


def test_the_runs_own_files_cover_nothing_else(session):
    """Of the team's folder a commit may hold what the run wrote; what of it nobody reads, notes and pushes are named."""
    s = session
    done(s)
    team = ".claude/teams/feature-add-a-greeting/"
    write(s, team + "evil.py", "E = 1\n")
    git(s.project, "add", "-f", team + "evil.py", team + "run.json")
    git(s.project, "commit", "-qm", "x")
    assert open_paths(s) == {team + "evil.py"}
    git(s.project, "reset", "-q", "--soft", "HEAD~1")
    git(s.project, "reset", "-q")
    write(s, "DECISIONS.md", "Anything.\n")
    git(s.project, "add", "DECISIONS.md")
    git(s.project, "commit", "-qm", "x")
    git(s.project, "notes", "add", "-m", "x")
    git(s.project, "init", "-q", "--bare", os.path.join(s.data, "remote.git"))
    git(s.project, "remote", "add", "origin", os.path.join(s.data, "remote.git"))
    git(s.project, "push", "-q", "origin", "HEAD~1:refs/heads/other")
    closed(s)
    text = summary(s)
    assert "  In commits past the gate, and read by nobody: DECISIONS.md\n" in text
    assert "refs/notes/commits (new)" in text and "  Pushed while the run went on: refs/remotes/origin/other\n" in text


def test_a_submodules_new_commit_is_reviewed_like_a_file(session):
    s = session
    submodule(s, "lib")
    settled()
    raw = plan()
    raw["tasks"][0]["files"] = ["lib"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    inner = "git -C lib %s commit -qam" % " ".join(WHO)
    assert s.bash("coder-1", "echo 'L = 2' > lib/lib && %s two" % inner) is None  # the content of the task: before its review
    s.review("coder-1", 1)
    git(os.path.join(s.project, "lib"), *WHO, "commit", "-q", "--allow-empty", "-m", "unseen")
    refused(s, s.bash("coder-1", "git add lib && git commit -qm 'feat: task #1'"), "COMMIT_BEFORE_APPROVAL")
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add lib && git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE" and not happened(s, "COMMIT_DIVERGES")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    write(s, "lib/lib", "L = 9\n")
    refused(s, s.bash("coder-1", "%s three" % inner), "TASK_STATE")  # DONE is DONE
    write(s, "lib/new", "N = 1\n")
    assert open_paths(s) == {"lib/lib", "lib/new"}
    git(os.path.join(s.project, "lib"), *WHO, "commit", "-qam", "late")
    assert {"lib", "lib/lib", "lib/new"} == open_paths(s)
    git(os.path.join(s.project, "lib"), "reset", "-q", "--hard", "HEAD~1")
    os.unlink(os.path.join(s.project, "lib", "new"))
    closed(s)
    text = summary(s)
    assert "Definition of Done: ✅ met" in text and "verified in place" not in text


def test_names_that_git_takes_for_patterns_are_names(session):
    """`[ab].py` is not `a.py`, which is somebody else's and not committed; `:x.py` is a file."""
    s = session
    write(s, "src/a.py", "mine\n")
    settled()
    raw = plan()
    raw["tasks"][0]["files"] = ["src/[ab].py", ":x.py"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for path in ("src/[ab].py", ":x.py"):
        assert s.edit("coder-1", path, "A = 1\n") is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add ./:x.py 'src/[[]ab].py' && git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE", s.output
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    closed(s, "pack verify --build true --test 'test -f :x.py && ! test -f src/a.py && python3 -m unittest -q'")
    assert "Definition of Done: ✅ met" in summary(s)


def test_where_git_does_not_answer_nobody_says_that_nothing_is_there(session):
    s = session
    nested(os.path.join(s.project, "tools"), tool="T = 1\n")
    done(s)
    for at, said in (("", ".git"), ("tools", "tools")):
        index = os.path.join(s.project, at, ".git", "index")
        os.rename(index, index + ".kept")
        with open(index, "w") as f:
            f.write("damaged")
        assert said in open_paths(s)
        os.replace(index + ".kept", index)
    closed(s)
    assert "Definition of Done: ✅ met" in summary(s)


def test_branches_settings_and_caches_that_differ_are_named_and_stop_nothing(session):
    s = session
    done(s)
    git(s.project, "tag", "v1")
    write(s, "src/old.py", "OLD = 9\n")
    git(s.project, "stash", "-q")
    git(s.project, "switch", "-qc", "other")
    write(s, ".git/hooks/post-checkout", "#!/bin/sh\n")
    write(s, "node_modules/x/index.js", "E\n")
    write(s, "htmlcov/.gitignore", "*\n")  # as coverage makes it
    write(s, "htmlcov/index.html", "x\n")
    closed(s)
    text = summary(s)
    assert "Everything that differs from the start is approved." in text and "Definition of Done: ✅ met" in text
    assert "  The run began on main and ended on other\n" in text
    assert "  Other references that are not what they were: refs/stash (new), refs/tags/v1 (new)\n" in text
    assert "  Git's own settings that are not what they were: .git/hooks/post-checkout\n" in text
    assert "  New, and looked over as caches are: htmlcov/, node_modules/\n" in text


def test_a_branch_that_lacks_the_runs_commits_is_named(session):
    s = session
    raw = plan()
    raw["tasks"][0]["files"] = ["src/old.py"]
    s.setup("SIMPLE", raw=raw)
    git(s.project, "switch", "-qc", "other")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.bash("coder-1", "git rm -q src/old.py") is None  # a task may consist in taking files away
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE"
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    s.bash("lead", "pack verify --build true --test 'python3 -m unittest -q'")
    assert s.bash("lead", "pack teardown") is None
    end(s)
    assert "  The run began on main and ended on other: main does not have the run's commits\n" in summary(s)


LFS = """\
import hashlib, os, sys
kept, data = os.path.join(os.environ["LFS_STORE"], "kept"), sys.stdin.buffer.read()
if sys.argv[1] == "clean":
    open(kept, "wb").write(data)
    data = b"version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %d\\n" % (hashlib.sha256(data).hexdigest().encode(), len(data))
elif data.startswith(b"version "):
    data = open(kept, "rb").read()
sys.stdout.buffer.write(data)
"""


def test_a_form_that_git_gives_to_the_approved_bytes_is_the_approved_bytes(session, monkeypatch):
    """Line ends, an encoding, Git LFS; and a file that a changed rule uncovers and that was there before."""
    s = session
    monkeypatch.setenv("LFS_STORE", s.data)
    os.makedirs(s.data, exist_ok=True)
    with open(os.path.join(s.data, "lfs.py"), "w") as f:
        f.write(LFS)
    for way in ("clean", "smudge"):
        git(s.project, "config", "filter.lfs." + way, "python3 %s/lfs.py %s" % (s.data, way))
    write(
        s,
        ".gitattributes",
        "*.bat text eol=crlf\n*.bin filter=lfs -text\n*.txt working-tree-encoding=UTF-16LE\n*.bom working-tree-encoding=UTF-16LE-BOM\n*.id ident\n",
    )
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "attributes")
    with open(os.path.join(s.project, ".gitignore"), "a") as f:
        f.write("*.log\n")
    git(s.project, "commit", "-qam", "rules")
    write(s, "debug.log", "mine\n")
    settled()
    raw = plan()
    raw["tasks"][0]["files"] = ["src/", ".gitignore"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    made = "printf 'a\\r\\nb\\r\\n' > src/a.bat; printf '\\001\\002' > src/a.bin; printf 'a\\000\\n\\000' > src/a.txt; printf '\\377\\376a\\000\\n\\000' > src/a.bom; printf '$Id: 1 $\\n' > src/a.id; sed -i '/log/d' .gitignore"
    assert s.bash("coder-1", made) is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add src .gitignore && git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE"
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    assert not happened(s, "COMMIT_DIVERGES") and git(s.project, "show", "HEAD~1:src/a.bin").startswith("version ")
    s.bash("lead", "pack verify --build true --test 'python3 -m unittest -q'")
    assert s.bash("lead", "pack teardown") is None
    end(s)
    assert "Everything that differs from the start is approved." in summary(s)


def test_a_form_of_other_bytes_diverges(session):
    s = session
    write(s, ".gitattributes", "*.py filter=lfs\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "attributes")
    pointer = "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize 9\\n'" % ("0" * 64)
    git(s.project, "config", "filter.lfs.clean", "cat >/dev/null; " + pointer)
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "# task 1\n")
    s.review("coder-1", 1)
    s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1'")
    assert [d["why"] for d in happened(s, "COMMIT_DIVERGES")] == ["src/a.py is not what was approved"]
    assert s.state()["tasks"]["1"]["state"] == "APPROVED"


def test_a_large_file_whose_stamp_was_set_back_may_have_changed(session, monkeypatch):
    from pack.base import git_facts

    s = session
    monkeypatch.setattr(git_facts, "MOST_BYTES", 0)
    done(s)
    path = os.path.join(s.project, "src/old.py")
    was = os.stat(path)
    write(s, "src/old.py", "OLD = 9\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert stat.S_ISREG(was.st_mode) and open_paths(s) == {"src/old.py"}
