"""Whoever else writes while a run is live: git commands of every kind, editors, other trees of the same repository. What they change is found and
named; put back, it is as approved again by itself; and what changes nothing stops nobody (PROTOCOL 12)."""

import os
import subprocess

import pytest

from tests.conftest import git
from hooks.driver import plan
from hooks.test_result import closed, done, summary
from hooks.test_rules import refused
from pack.protocol.guards_result import plainly

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
EVIL = "printf 'EVIL = 1\\n' > src/old.py"
PATCH = "printf 'diff --git a/src/old.py b/src/old.py\\n--- a/src/old.py\\n+++ b/src/old.py\\n@@ -1 +1 @@\\n-OLD = 1\\n+EVIL = 1\\n'"
SIDE = "git checkout -q -b x HEAD~1 && echo x > side.py && git add side.py && git commit -qm side && git checkout -q main"
# what somebody does -> the paths that are open afterwards
WRITES = {
    EVIL + " && git commit -qam x && git format-patch -q -1 -o .. && git reset -q --hard HEAD~1 && git am -q ../0001-x.patch": {
        "src/old.py"
    },
    PATCH + " | git apply --index": {"src/old.py"},
    PATCH + " | git apply --cached": {"src/old.py"},
    "git worktree add -q -f ../tree main && cd ../tree && " + EVIL + " && git commit -qam x": {"src/old.py"},
    "git clone -q . ../clone && cd ../clone && "
    + EVIL
    + " && git commit -qam x && git push -q origin HEAD:x && cd ../proj && git merge -q x": {"src/old.py"},
    "git revert --no-edit HEAD~1": {"src/a.py"},
    EVIL + " && git commit -qam x && git revert --no-edit HEAD": {"src/old.py"},
    EVIL + " && git commit -qa --fixup=HEAD && GIT_SEQUENCE_EDITOR=true git rebase -q -i --autosquash HEAD~2": {"src/old.py", "commit"},
    "git checkout -q --orphan x && git commit -qm x && git checkout -q -B main": {"commit"},
    "b=$(echo x | git hash-object -w --stdin) && t=$(printf '100644 blob '$b'\\tx.txt\\n' | git mktree) && c=$(git commit-tree $t -m x) && "
    "git update-ref HEAD $(git commit-tree HEAD^{tree} -p HEAD -p $c -m x)": {"x.txt"},
    "git checkout -q -b x HEAD~1 && git commit -q --allow-empty -m x && git checkout -q main && git merge -q --no-commit --no-ff x && "
    + EVIL
    + " && git commit -qam x": {"src/old.py"},
    "rm src/a.py && mkdir src/a.py && echo x > src/a.py/x.py": {"src/a.py", "src/a.py/x.py"},
    "ln src/a.py ../hard && echo x > ../hard": {"src/a.py"},
    "cp src/a.py ../soft && ln -sf ../../soft src/a.py": {"src/a.py"},
    "mv src ../moved && ln -s ../moved src": {"src"},
    "python3 -c \"import mmap; f = open('src/a.py', 'r+b'); mmap.mmap(f.fileno(), 0)[0:3] = b'xyz'\"": {"src/a.py"},
    "git mv src/a.py src/A.py": {"src/a.py", "src/A.py"},
    "printf x > \"$(printf 'src/a\\nb.py')\"": {"src/a\nb.py"},
    "printf x > \"$(printf 'src/\\377.py')\"": {"src/\udcff.py"},
    "echo x > x.py && git add -N x.py": {"x.py"},
    "git rm -q --cached src/a.py": {"src/a.py"},
    "git update-index --skip-worktree src/old.py && " + EVIL: {"src/old.py"},
    "git update-index --assume-unchanged src/a.py && echo x > src/a.py": {"src/a.py"},
    "git init -q sub && git -C sub -c user.name=t -c user.email=t@example.invalid commit -q --allow-empty -m x && git add sub 2> ../said && "
    "git commit -qm x": {"sub"},
    "chmod +x src/old.py": {"src/old.py"},
    "cp -p src/old.py ../kept && touch -r ../kept ../stamp && " + EVIL + " && touch -r ../stamp src/old.py": {"src/old.py"},
    "echo x > src/old.py~ && git add -f src/old.py~ && git commit -qm x": {"src/old.py~"},
    SIDE + " && git merge -q -s ours -m m x": {"side.py"},
    SIDE + " && git cherry-pick -n x && git commit -qm mine": {"side.py"},
    SIDE + " && git fetch -q --update-head-ok . +x:main && git reset -q": {"commit", "side.py"},
    SIDE + " && git config receive.denyCurrentBranch ignore && git push -q -f . x:main && git reset -q": {"commit", "side.py"},
    SIDE
    + " && git checkout -q -b y main && echo y > y.py && git add y.py && git commit -qm y && git checkout -q main && git merge -q -m m x y": {
        "side.py",
        "y.py",
    },
    "printf 'commit refs/heads/main\\ncommitter t <t> 0 +0000\\ndata 1\\nx\\nfrom refs/heads/main^0\\nM 100644 inline x.py\\ndata 2\\nx\\n\\n' "
    "| git fast-import --force --quiet && git reset -q && git checkout -q x.py": {"x.py"},
    "git read-tree --prefix=sub/ HEAD:src && git commit -qm x && git checkout -q -- sub": {"sub/a.py", "sub/old.py"},
    "git checkout-index -q --prefix=copy/ src/a.py": {"copy/src/a.py"},
    "git symbolic-ref HEAD refs/heads/none": {"commit", ".git"},
    "git rev-parse HEAD~1 > .git/shallow": {"commit"},
    "git replace --graft HEAD": {".git/refs/replace/"},
    "git mv src/a.py src/z.py && git commit -qm x": {"src/a.py", "src/z.py"},
    "git update-index --chmod=+x src/a.py": {"src/a.py"},
    "git config core.fileMode false && git update-index --chmod=+x src/a.py && git commit -qm x": {"src/a.py"},
    "git config core.sparseCheckout true && git update-index --skip-worktree src/old.py && " + EVIL: {"src/old.py"},
    "git config core.sparseCheckout true && "
    + EVIL
    + " && git add src/old.py && git update-index --skip-worktree src/old.py && rm src/old.py": {"src/old.py"},
    "git config core.sparseCheckout true && git update-index --skip-worktree src/a.py && ln -s old.py src/b.py && mv src/b.py src/a.py": {
        "src/a.py"
    },
    "git config extensions.worktreeConfig true && echo x.py > .git/mine && git config --worktree core.excludesFile \"$PWD/.git/mine\" && echo x > x.py": {
        "x.py"
    },
    "echo x.py > .git/mine && git config -f .git/more core.excludesFile \"$PWD/.git/mine\" && git config include.path more && echo x > x.py": {
        "x.py"
    },
    "git config core.autocrlf true && echo '* text eol=crlf' > .git/info/attributes && rm src/a.py && git checkout -q -- src/a.py": {
        "src/a.py"
    },
    "git config filter.l.smudge 'sed s/.*/x/' && echo 'plan.md filter=l' > .git/info/attributes && rm plan.md && git checkout -q -- plan.md": {
        "plan.md"
    },
    "mkdir .GIT && echo x > .GIT/config": {".GIT/config"},
    "printf x > \"$(printf 'src/\\320\\260.py')\"": {"src/\u0430.py"},
    "rm plan.md && mkdir plan.md": {"plan.md"},
    "mkdir -p src/__pycache__ && echo x > src/__pycache__/x.py && git add -f src/__pycache__ && git commit -qm x": {"src/__pycache__/x.py"},
    "mkdir x.egg-info && echo x > x.egg-info/x.py && git add -f x.egg-info && git commit -qm x": {"x.egg-info/x.py"},
    "cp src/old.py src/.o && " + EVIL + " && cp src/old.py src/.n && mv src/.o src/old.py && git add src/old.py && mv src/.n src/old.py": {
        "src/old.py"
    },
}
BENT = (  # what these set in git's configuration
    "core.fileMode core.sparseCheckout core.autocrlf core.excludesFile extensions.worktreeConfig include.path filter.l.smudge receive.denyCurrentBranch"
).split()
# what an honest user and his tools do after the work
HARMLESS = (
    "git gc -q --prune=now && git pack-refs --all && git maintenance run --task=gc --quiet",
    "git commit-graph write --reachable && git multi-pack-index write",
    "git commit -q --allow-empty -m 'start the build'",
    "cp src/old.py src/.tmp1 && mv src/.tmp1 src/old.py",
    "printf x > src/.old.py.swp && ln -s user@host.1:1 src/.#old.py && printf x > src/old.py~ && printf x > '#plan.md#' && printf x > .DS_Store",
    "git notes add -m 'looks good' HEAD",
    "touch src/old.py plan.md && chmod g+w src/old.py && chmod 600 plan.md",
    EVIL + " && printf 'OLD = 1\\n' > src/old.py",
    EVIL + " && git stash -q && git stash drop -q",
    "git switch -q -c other && git switch -q main && git branch -q -D other",
    "git bisect start HEAD HEAD~1 && git bisect reset",
    "git worktree add -q ../own -b own && cd ../own && echo mine > mine && git add mine && git commit -qm mine",
    "git rebase -q HEAD~1",
    "git update-index --index-version 4 && git update-index --split-index && git update-index --untracked-cache 2> /dev/null",
    "git sparse-checkout set --no-cone '/*' && git sparse-checkout disable",
    "git branch -m main trunk && git branch -m trunk main",
    "git sparse-checkout set --cone docs && test ! -e src/a.py",
    "git sparse-checkout disable && test -e src/a.py",
    "mv src src.bak && mkdir src && rmdir src && mv src.bak src",
    "mkdir -p empty/folder && rm .git/index && git reset -q",
    "git branch copy && git symbolic-ref HEAD refs/heads/copy",
    "git symbolic-ref HEAD refs/heads/main && git branch -q -D copy",
    "mv .git ../gd && echo 'gitdir: ../gd' > .git && git status --short",
    "rm .git && mv ../gd .git",
    "git repack -q -a -d && git prune-packed -q",
    "git commit -q --amend --allow-empty --no-edit --author 'x <x@example.invalid>'",
)


def shell(s, text):
    person = {"GIT_CONFIG_GLOBAL": os.devnull}
    person.update(("GIT_%s_%s" % (a, b), "t@example.invalid") for a in ("AUTHOR", "COMMITTER") for b in ("NAME", "EMAIL"))
    subprocess.run(["sh", "-ec", text], cwd=s.project, check=True, env=dict(os.environ, **person), capture_output=True)


def open_now(s):
    """What a user is told to be unapproved."""
    told = s.send("UserPromptSubmit", prompt="team accept nothing-of-this-name")[1]["reason"]
    assert "NOTHING_TO_ACCEPT" in told
    named = told.partition("unapproved now: ")[2].partition("\nNext:")[0]
    return set(named.split(", ")) - {"nothing"}


def put_back(s, commit):
    """Everything as it was at this commit, whatever hid it from git."""
    shell(
        s,
        "rm -f .git/shallow .git/info/attributes .git/config.worktree .git/more .git/mine; rm -rf .GIT; git replace -d $(git replace -l) || true",
    )
    for name in BENT:
        shell(s, "git config --unset-all %s || true" % name)
    shell(s, "for f in src/old.py src/a.py; do for x in skip-worktree assume-unchanged; do git update-index --no-$x $f || true; done; done")
    shell(s, "rm -rf sub src; git checkout -q -f main || true; git reset -q --hard %s; git checkout -q -f -- .; git clean -fdq" % commit)
    shell(s, "rm -rf ../tree ../clone ../0001-x.patch ../hard ../soft ../moved; git worktree prune; git branch -q -D x y || true")


def test_what_others_change_is_found_and_put_back_it_is_as_approved_again(session):
    s = session
    done(s)
    at = git(s.project, "rev-parse", "HEAD").strip()
    for text, paths in WRITES.items():
        shell(s, text)
        found = {next((kind for kind in ("commit ", ".git/refs/replace/") if p.startswith(kind)), p).strip(" ") for p in open_now(s)}
        assert found == {plainly(p) for p in paths}, (text, found)
        put_back(s, at)
        assert open_now(s) == set(), text
    closed(s, VERIFY)
    assert "Drift of task #1 after DONE (src/a.py): put back" in summary(s)
    assert "HEAD moved past the gate" in summary(s) and "Changed outside every task: src/old.py" in summary(s), summary(s)


def test_what_changes_nothing_stops_nobody(session):
    s = session
    done(s)
    for text in HARMLESS:
        shell(s, text)
        assert open_now(s) == set(), text
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)
    assert "New, and looked over as caches are: #plan.md#, .DS_Store, src/.#old.py, src/.old.py.swp, src/old.py~" in summary(s)


@pytest.mark.parametrize(
    "begun",
    [
        "git config core.splitIndex true; git config index.version 4; git config core.untrackedCache true; git config core.fsmonitor true",
        "ssh-keygen -q -t ed25519 -N '' -f ../key; git config gpg.format ssh; git config user.signingkey ../key; git config commit.gpgsign true",
        "git checkout -q --detach; git config commit.cleanup scissors; git config commit.verbose true; git config core.commentChar ';'",
        "mkdir .husky; printf '#!/bin/sh\\nsed -i s/[[:space:]]*$// $(git diff --cached --name-only)\\ngit add -u\\n' > .husky/pre-commit; "
        "chmod +x .husky/pre-commit; git add -A; git commit -qm husky; git config core.hooksPath .husky",
        "mv .git ../orig.git; git clone -q --shared --no-checkout ../orig.git ../c; mv ../c/.git .git; git config user.name t; "
        "git config user.email t@example.invalid; git reset -q",
        "echo '# more' >> plan.md; echo mine > notes.txt; ln -s nowhere dangling; mkdir -p empty/folder",
    ],
)
def test_a_repository_of_another_kind_is_worked_in(session, begun):
    s = session
    shell(s, begun)
    done(s)
    assert open_now(s) == set()
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


def test_an_editor_that_is_open_on_a_tasks_file_changes_no_revision(session):
    """Its swap file lies in the task's folder when the reviewers read, and is gone when the run ends."""
    s = session
    raw = plan()
    raw["tasks"][0]["files"] = ["src/"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "# task 1\n")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    shell(s, "printf x > src/.a.py.swp")
    assert s.say("unified-reviewer", "coder-1", "APPROVED: task #1") is None
    assert s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE"
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    shell(s, "rm src/.a.py.swp")
    assert open_now(s) == set()
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


HOOK = "printf '#!/bin/sh\\n%s\\n' > .git/hooks/%s; chmod +x .git/hooks/%s"
ONCE = "[ -e .git/once ] && exit 0; touch .git/once; "


def hook(name, text):
    return HOOK % (ONCE + text, name, name)


@pytest.mark.parametrize(
    "begun, command, holds",
    [
        (
            hook("post-commit", "echo EVIL > src/a.py; git commit -qa --amend --no-edit --no-verify; echo \"# task 1\" > src/a.py"),
            "",
            False,
        ),
        (hook("post-commit", "git commit -q --amend --no-verify -m \"feat: task #1, dated\""), "", True),
        (hook("commit-msg", "echo \"Change-Id: I1\" >> $1"), "", True),
        (hook("pre-commit", "b=$(echo EVIL | git hash-object -w --stdin); git update-index --cacheinfo 100644,$b,src/a.py"), "", False),
        ("", "GIT_INDEX_FILE=../index git add src/a.py; GIT_INDEX_FILE=../index git commit -qm 'feat: task #1'", False),
        (
            "mkdir -p ../o/src; echo EVIL > ../o/src/a.py; cp plan.md ../o",
            "git --git-dir=.git --work-tree=../o add src/a.py && git --git-dir=.git --work-tree=../o commit -qm 'feat: task #1'",
            False,
        ),
        ("", "echo EVIL >> src/a.py; git add src/a.py && git commit -qm 'feat: task #1'; printf '# task 1\\n' > src/a.py", False),
        (
            "",
            "b=$(echo EVIL | git hash-object -w --stdin); git update-index --add --cacheinfo 100644,$b,src/a.py; git commit -qm 'feat: task #1'",
            False,
        ),
        ("", "git add src/a.py && git update-index --chmod=+x src/a.py && git commit -qm 'feat: task #1'", False),
        (
            "printf '*.py filter=x\\n' > .git/info/attributes",
            "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=filter.x.clean GIT_CONFIG_VALUE_0='echo EVIL' git add src/a.py && git commit -qm 'feat: task #1'",
            False,
        ),
        ("", "git add -N src/a.py; git commit -qam 'feat: task #1'", True),
        (
            "",
            "printf src/a.py > ../names; git add src/a.py && git commit -q --pathspec-from-file=../names -F - <<'E'\nfeat: task #1\nE",
            True,
        ),
        ("", "git -c core.autocrlf=input add src/a.py && git commit -s -qm 'feat: task #1' --trailer 'Reviewed-by: x'", True),
    ],
)
def test_a_commit_is_judged_by_what_it_holds_whatever_made_it(session, begun, command, holds):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "# task 1\n")
    s.review("coder-1", 1)
    shell(s, begun or "true")
    assert s.bash("coder-1", command or "git add src/a.py && git commit -qm 'feat: task #1'") is None
    diverged = [r["data"]["why"] for r in s.events() if r["event"] == "COMMIT_DIVERGES"]
    assert s.state()["tasks"]["1"]["state"] == ("DONE" if holds else "APPROVED") and bool(diverged) is not holds, (s.output, diverged)


def test_a_commit_as_approved_on_top_of_one_that_was_not_is_done_and_the_end_still_waits(session):
    """Nobody can amend the older one any more, so the task would never be DONE."""
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "# task 1\n")
    s.review("coder-1", 1)
    shell(s, hook("pre-commit", "echo x > src/hooked.py; git add src/hooked.py"))
    s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1'")
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "COMMIT_DIVERGES", "src/hooked.py")
    s.edit("coder-1", "src/a.py", "# task 1, better\n")
    s.review("coder-1", 1)
    s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1, better'")
    assert s.state()["tasks"]["1"]["state"] == "DONE"
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/hooked.py")
