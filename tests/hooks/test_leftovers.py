"""What a run leaves in a repository beside what its tasks changed, and what git keeps in another form than the disk (PROTOCOL 12)."""

import os
import shutil
import stat
import subprocess
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
    write(s, ".gitattributes", "*.bat text eol=crlf\n*.bin filter=lfs -text\n*.txt working-tree-encoding=UTF-16LE\n")
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
    made = "printf 'a\\r\\nb\\r\\n' > src/a.bat; printf '\\001\\002' > src/a.bin; printf 'a\\000\\n\\000' > src/a.txt; sed -i '/log/d' .gitignore"
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
