"""What git holds, also where it holds less than was asked for."""

import subprocess

from pack.base import git_facts


def test_a_commit_that_is_gone_has_no_files(tmp_path):
    """A shallow or pruned repository: git says nothing, and nothing is no tree of another kind."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    gone = "1" * 40
    assert git_facts.tree(str(tmp_path), gone) == {} == git_facts.tree(str(tmp_path), "")
    assert git_facts.digests(str(tmp_path), ["100644 " + gone]) == {"-": "-", "100644 " + gone: "missing:" + gone}
