"""`make release` in a clone: one version everywhere, the changelog's new part, commit, tag, a wheel, an entry that a marketplace takes."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WHO = {
    "GIT_%s_%s" % (role, what): text for role in ("AUTHOR", "COMMITTER") for what, text in (("NAME", "R"), ("EMAIL", "r@example.invalid"))
}
ENV = dict(os.environ, **WHO)
ADDRESS = "https://git.example.invalid/team.git"


def git(root, *words):
    return subprocess.run(("git",) + words, cwd=root, env=ENV, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def release(root, *words):
    return subprocess.run(
        [sys.executable, "scripts/dev/release", "--url", ADDRESS] + list(words),
        cwd=root,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of what is committed, with one fragment more."""
    root = str(tmp_path_factory.mktemp("release") / "clone")
    git(ROOT, "clone", "-q", ROOT, root)
    for name in git(root, "tag").split():
        git(root, "tag", "-d", name)
    with open(os.path.join(root, "changes", "+rehearsal.feature.md"), "w", encoding="utf-8") as f:
        f.write("A sentence that only the rehearsal has.\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "A fragment")
    return root


def test_the_changelog_begins_with_the_version_that_the_manifest_says():
    with open(os.path.join(ROOT, ".claude-plugin", "plugin.json"), encoding="utf-8") as f:
        version = json.load(f)["version"]
    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as f:
        assert re.search(r"(?m)^## (\S+) \(\d{4}-\d\d-\d\d\)$", f.read()).group(1) == version


def test_every_fragment_has_a_type_that_is_known():
    for name in os.listdir(os.path.join(ROOT, "changes")):
        assert name == "README.md" or re.fullmatch(r"(\+[a-z-]+|\d+)\.(breaking|feature|fix)\.md", name), name


def test_what_cannot_be_released_is_refused_and_nothing_changed(clone):
    before, tags = git(clone, "rev-parse", "HEAD"), git(clone, "tag")
    for words, said in ((("0.0.1",), "is older than"), (("next",), "is no version; write it as 0.3.0")):
        run = release(clone, *words)
        assert run.returncode == 1 and said in run.stdout and "Traceback" not in run.stdout, run.stdout
    with open(os.path.join(clone, "LICENSE"), "a", encoding="utf-8") as f:
        f.write("more\n")
    run = release(clone, "99.0.0")
    assert run.returncode == 1 and "the working tree has changes" in run.stdout
    git(clone, "checkout", "-q", "LICENSE")
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "tag"), git(clone, "status", "--porcelain")) == (before, tags, "")


def test_a_rehearsal_and_then_the_release(clone, tmp_path):
    before = git(clone, "rev-parse", "HEAD")
    run = release(clone, "99.0.0", "--rehearse")
    assert run.returncode == 0 and "rehearsed: this repository is as it was" in run.stdout, run.stdout
    assert git(clone, "rev-parse", "HEAD") == before and not git(clone, "tag") and not git(clone, "status", "--porcelain")

    git(clone, "config", "core.autocrlf", "true")  # of a maintainer: what is packed are the commit's bytes all the same
    run = release(clone, "99.0.0")
    assert run.returncode == 0, run.stdout
    git(clone, "config", "--unset", "core.autocrlf")
    assert "git push origin HEAD v99.0.0 team--v99.0.0" in run.stdout and not git(clone, "status", "--porcelain")
    assert git(clone, "log", "-1", "--format=%s") == "Release 99.0.0" and git(clone, "rev-parse", "v99.0.0^{commit}") == git(
        clone, "rev-parse", "HEAD"
    )
    assert "A sentence that only the rehearsal has." in git(clone, "cat-file", "-p", "v99.0.0")
    for name in (".claude-plugin/plugin.json", "plugin.json", "scripts/pack/__init__.py"):
        assert "99.0.0" in git(clone, "show", "v99.0.0:" + name), name
    changelog = git(clone, "show", "v99.0.0:CHANGELOG.md")
    assert changelog.index("## 99.0.0 (") < changelog.index("A sentence that only") < changelog.index("## 0.2.0 (")
    assert os.listdir(os.path.join(clone, "changes")) == ["README.md"]

    made = os.path.join(clone, "dist", "99.0.0")
    (name,) = [n for n in os.listdir(made) if n.endswith(".whl")]
    assert name == "team_pack-99.0.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(made, name)) as z:
        assert b"\r\n" not in z.read("pack/__init__.py")
        assert "99.0.0" in z.read("pack/__init__.py").decode() and not [
            n for n in z.namelist() if "__pycache__" in n or n.startswith("prove")
        ]
        z.extractall(str(tmp_path / "installed"))
    said = subprocess.run(
        [sys.executable, "-m", "pack.cli.main", "--version"], cwd=str(tmp_path / "installed"), stdout=subprocess.PIPE, text=True
    ).stdout
    assert said.split()[-1] == "99.0.0"

    with open(os.path.join(made, "marketplace-entry.json"), encoding="utf-8") as f:
        entry = json.load(f)
    sha = git(clone, "rev-parse", "team--v99.0.0")
    assert entry["source"] == {"source": "url", "url": ADDRESS, "ref": "team--v99.0.0", "sha": sha}
    installed = set(git(clone, "ls-tree", "-r", "--name-only", sha).split("\n"))
    assert {
        n for n in git(clone, "ls-files").split("\n") if n.startswith(("agents/", "commands/", "hooks/", "bin/", "scripts/pack/"))
    } <= installed
    assert not [n for n in installed if n.startswith(("tests/", "bench/", "findings/", "scripts/prove/", "scripts/dev/", ".github/"))]
    assert git(clone, "rev-list", "--count", sha) == "1" and git(clone, "diff", "--name-only", "--diff-filter=M", "HEAD", sha) == ""
    git(clone, "clone", "-q", "--branch", "team--v99.0.0", "--depth", "1", "file://" + clone, str(tmp_path / "plugin"))
    lint = subprocess.run(
        [str(tmp_path / "plugin/bin/pack"), "lint", "--no-cache", "."], cwd=tmp_path / "plugin", stdout=subprocess.PIPE, text=True
    )
    assert lint.returncode == 0 and "nothing found" in lint.stdout, lint.stdout
    market = tmp_path / "market" / ".claude-plugin"
    market.mkdir(parents=True)
    market.joinpath("marketplace.json").write_text(json.dumps({"name": "other", "owner": {"name": "o"}, "plugins": [entry]}))
    lint = subprocess.run([os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", str(market.parent)], stdout=subprocess.PIPE, text=True)
    assert lint.returncode == 0 and "error" not in lint.stdout.split("checked:")[0], lint.stdout

    again = release(clone, "99.0.0")
    assert again.returncode == 1 and "v99.0.0 is a tag already" in again.stdout
