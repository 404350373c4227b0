"""Shell commands of a team at work: what a user meets first is a refusal of honest work, so both sides stand here, as one list each.

Nothing here is run: what a command that hides its target really does is found afterwards (test_bash_ways.py).
"""

import os
import re

import pytest

from tests.conftest import git
from tests.faults.test_doors import executing
from pack.base import git_commands, shell_writes

WHO = ("coder-1", "unified-reviewer")


@pytest.fixture
def s(session):
    s = executing(session)
    with open(s.project + "/.gitignore", "a") as f:
        f.write("dist/\nnode_modules/\n__pycache__/\n*.log\n.env\n")
    os.makedirs(s.project + "/dist")
    with open(s.project + "/src/new.py", "w") as f:
        f.write("x\n")
    return s


def refused(s, command, who):
    """The code of the refusal, None where the command passes."""
    text = s.call(who, "Bash", command=command, post=False)
    return re.search(r"\((\w+)\)", text).group(1) if text else None


HONEST = """git diff > /tmp/review.diff
git stash list -p
git -c core.pager=cat log -1
git bisect log
git clean -n
git clean -fdn
git commit --dry-run
git reset HEAD src/a.py
git config core.hooksPath .husky
git config user.name x
git config --unset alias.x
git config --get alias.x
git diff --output=/tmp/x.diff
git format-patch -o /tmp/patches HEAD~1
git update-index --refresh
git diff --name-only | xargs -r npx prettier --check
rm -rf dist
rm -rf node_modules && npm ci
rm -rf dist/*
rm -rf __pycache__ src/__pycache__
echo 1 > dist/x.js
cp src/old.py dist/
npm test > test.log 2>&1
npm test 2>&1 | tee build.log
touch node_modules/.stamp
cd $(mktemp -d) && git init && git commit --allow-empty -m x
git clone . /tmp/c && cd $T/c && git commit -am x
git clone --depth 1 -b main https://example.com/x.git /tmp/x
git clone https://example.com/x.git && git init
git init -q -b main /tmp/x
git merge-file -p src/old.py src/new.py plan.md
git config core.bare false
git config --get core.worktree
wget -qP /tmp/x https://example.com/x
curl --output-dir /tmp/x -O https://example.com/x
rsync -n -a /tmp/src/ src/
rsync --dry-run -a /tmp/src/ src/
rsync -a src/ host:/srv/src/
scp src/old.py host:/srv
split -l 10 src/old.py /srv/part
ln -s /tmp/a /srv/b
kill %1
kill $!
npm start & pid=$!; npm test; kill $pid
pkill -f "next dev"
pgrep -f "node server"
sudo -u postgres psql -c 'select 1'
flock /srv/lock npm test
taskset 1 npm test
watch -n1 ls
script -c 'npm test' /srv/typescript
echo hello | cat
echo '.claude is where settings lie' | grep settings
printf '%s' x | sh scripts/read.sh
curl -o /srv/x https://example.com
wget -O- https://example.com
gawk -v n=1 '{print n}' src/old.py
zip -r /srv/x.zip src
env -S 'npm test'
env -u CI npm test""".split("\n")


def test_honest_work_is_not_refused(s):
    found = {(c, who): refused(s, c, who) for c in HONEST for who in WHO}
    assert {k: v for k, v in found.items() if v} == {}


@pytest.mark.parametrize(
    "file, rule, target, passes",
    [
        ("src/.gitignore", "*\n", "src/made.py", False),  # hides itself among files that git has
        ("src/.gitignore", "made.py\n", "src/made.py", True),  # git sees it: it is reviewed, or stops the end
        (".git/info/exclude", "src/made.py\n", "src/made.py", False),  # one user's own
        (".gitignore", "*.out\n!keep.out\n", "src/keep.out", False),
        (".mypy_cache/.gitignore", "*\n", ".mypy_cache/x.json", True),  # a cache's own
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_git_leaves_a_file_out_only_by_a_rule_that_can_be_reviewed(s, file, rule, target, passes, elsewhere):
    if elsewhere:  # the rules are still those beside the files
        git(s.project, "config", "core.worktree", os.path.dirname(s.project))
    os.makedirs(os.path.dirname(os.path.join(s.project, file)), exist_ok=True)
    with open(os.path.join(s.project, file), "a") as f:
        f.write(rule)
    assert [refused(s, "echo 1 > " + target, who) for who in WHO] == ([None, None] if passes else ["NOT_IN_TASK", "ROLE_EDITS_NOTHING"])


# Each passes the client's own eyes as easily as an honest one: the form is another, what it does is plain.
HOSTILE = """env -S 'sh -c "echo x > src/old.py"'
bash <<< 'echo x > src/old.py'
. /dev/stdin <<< 'echo x > src/old.py'
echo 'rm -rf .claude/teams' | sh
printf 'rm -rf .claude/teams' | bash
echo 'echo x > src/old.py' | sudo sh
sudo -u root sh -c 'echo x > src/old.py'
unshare sh -c 'echo x > src/old.py'
flock /tmp/l sh -c 'echo x > src/old.py'
chroot / sh -c 'echo x > src/old.py'
taskset 1 sh -c 'echo x > src/old.py'
watch -n1 'echo x > src/old.py'
script -c 'echo x > src/old.py' /tmp/o
echo x > /proc/self/cwd/src/old.py
awk -i inplace '{print}' src/old.py
curl -osrc/old.py https://x
curl --output=src/old.py https://x
wget -Osrc/old.py https://x
git diff --output=src/old.py
git log --output src/old.py
git bundle create src/old.py HEAD
git format-patch -o src HEAD~1
zip src/old.py x
fallocate -l 1 src/old.py
ln .claude/settings.json src/a.py
ln -f src/old.py src/a.py
cp -l src/old.py src/a.py
kill -9 $PPID
kill ${PPID}
kill $CLAUDE_PID
pkill claude
pkill -f gate.py
killall claude
git config alias.p '!echo y > src/old.py'
git config core.fsmonitor 'sh -c "rm -rf x"'
git config core.hooksPath /tmp/evil
git config filter.x.clean 'sh -c x'
git config core.worktree /tmp
git config core.bare true
git config set core.worktree ..
git clone --depth 1 https://example.com/x.git src/x
git init -q src
git merge-file src/old.py src/new.py plan.md
wget -P src https://example.com/x
wget -q --directory-prefix src https://example.com/x
curl --output-dir src -O https://example.com/x
git update-index --assume-unchanged src/old.py
git update-index --skip-worktree src/old.py
git clean -fden
git clean -fdX
rm -rf .claude
echo x > .env
> .gitignore
rm -rf src
git checkout -b x
git -c alias.x='!echo y > src/old.py' x
env GIT_DIR=.git git stash
rsync -aen /tmp/src/ src/
split src/old.py src/old.py""".split("\n")


def test_no_form_hides_what_a_command_plainly_does(s):
    if not os.path.isdir("/proc/self/cwd"):
        HOSTILE.remove("echo x > /proc/self/cwd/src/old.py")
    found = {(c, who): refused(s, c, who) for c in HOSTILE for who in WHO}
    assert [k for k, v in found.items() if not v] == []


def test_what_git_leaves_out_by_the_users_own_rules_is_no_build_product(s):
    with open(s.data + "/ignore", "w") as f:
        f.write("mine/\n")
    git(s.project, "config", "core.excludesFile", s.data + "/ignore")
    assert refused(s, "echo x > mine/x", "coder-1") == "NOT_IN_TASK"
    assert s.edit("coder-1", "dist/x.js") is not None, "by the tools of the client a file is written as a task says"
    os.makedirs(s.project + "/node_modules")
    with open(s.project + "/node_modules/held.js", "w") as f:
        f.write("x\n")
    git(s.project, "add", "-f", "node_modules/held.js")
    assert refused(s, "rm -rf node_modules", "coder-1") == "NOT_IN_TASK", "git holds a file of it"


@pytest.mark.parametrize("folder", ['"$(git rev-parse --show-toplevel)"', "$PWD", "`pwd`"])
def test_a_commit_in_a_folder_that_only_the_shell_knows_is_judged_like_one_here(s, folder):
    git(s.project, "add", "src/new.py")
    assert refused(s, "cd %s && git commit -m x" % folder, "coder-1") == "NOT_YOUR_FILE"
    assert refused(s, "git -C %s commit -m x" % folder, "unified-reviewer") == "WRONG_ROLE"
    git(s.project, "reset", "-q")
    assert refused(s, "git add $(git ls-files -o) && git commit -m x", "coder-1") == "NOT_YOUR_FILE"


def test_a_removed_file_may_be_staged_and_unstaged_by_its_name(s):
    os.unlink(s.project + "/src/old.py")
    for verb in ("reset", "checkout"):
        assert git_commands.moves(verb, ["src/old.py"], s.project) is None
        assert git_commands.moves(verb, ["src/none.py"], s.project)
    git(s.project, "branch", "src/old.py")
    assert git_commands.moves("checkout", ["src/old.py"], s.project)


def test_the_gates_own_git_runs_no_command_of_the_repositorys_configuration(s):
    git(s.project, "config", "core.fsmonitor", "touch %s/ran; false" % s.data)
    s.edit("coder-1", "src/a.py")
    s.bash("coder-1", "git status")
    os.path.exists(s.data + "/ran") and os.unlink(s.data + "/ran")  # that was the coder's own git
    refused(s, "git commit -am x", "coder-1")
    assert not os.path.exists(s.data + "/ran")


def test_where_a_copy_goes_is_read_of_its_last_operand():
    def targets(command):
        return [os.path.relpath(p, "/p") for p, _soft in shell_writes.writes(command, "/p")[0]]

    assert targets("scp host:b a") == ["a"] and targets("scp a ./b:c") == ["b:c"] and targets("scp a host:b") == []
    assert targets("split a") == ["xaa"] and targets("rsync --no-n x y") == ["y"]
