#!/bin/sh
# git 2.39.5, a repository that commits `log merge=union` in .gitattributes: whether two branches merge rests on where the question is asked. `git merge-tree
# --write-tree`, the merge that needs no worktree, takes the attributes from the files of the worktree it is started in, never from the commits it merges. In
# the bare repository of the very same commits (a server, a merge queue) there is no such file: exit 1, "CONFLICT (content)". In a clone exit 0 and both lines,
# and in that clone, once another branch without the line is checked out, a conflict again, for the same two commits. So a merge queue refuses what everybody
# can merge, and the answer of merge-tree is no function of its arguments. Seen: clone 0, bare 1, clone on the older branch 1. A good guess was that a command
# that touches no worktree reads the attributes of the trees. Nothing but git is used; everything is in a temporary folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
git --version
git init -q work
cd work
git config user.name n
git config user.email n@example.invalid
commit() { git add -A; git commit -q -m "$1"; }
echo first >log
commit first
git branch old
echo 'log merge=union' >.gitattributes
commit attributes
git branch theirs
echo ours >>log
commit ours
git branch ours
git checkout -q theirs
echo theirs >>log
commit theirs
cd ..
git clone -q --bare work bare.git
merged() { git -C "$1" merge-tree --write-tree ours theirs >"$2" 2>&1 && echo 0 || echo $?; }
clone=$(merged work clone.out)
bare=$(merged bare.git bare.out)
git -C work checkout -q old
older=$(merged work older.out)
lines=$(git -C work show "$(cat clone.out):log" | tr '\n' ' ')
echo "in the clone $clone ($lines), bare $bare ($(grep -c 'CONFLICT (content)' bare.out)), in the clone on a branch without the attribute $older"
[ "$clone $bare $older" = '0 1 1' ] && [ "$lines" = 'first ours theirs ' ] && grep -q 'CONFLICT (content)' bare.out || { echo changed; exit 1; }
