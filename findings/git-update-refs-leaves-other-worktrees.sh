#!/bin/sh
# git 2.39.5: `git rebase --update-refs`, which moves the branches of a stack along with the one that is rebased, leaves out every branch that is checked out
# in another worktree, as each is where several agents work at once. It ends with 0 and "Successfully rebased and updated refs/heads/two", names neither the
# branch it left nor a warning (in the todo list of an interactive rebase there is a comment, which nobody sees otherwise). The commit of the lower branch is
# now there twice, once under each, and a merge of both finds every conflict anew. Seen for main <- one <- two, one checked out elsewhere: exit 0, nothing said
# of "one", one still on the old base, two holding a copy of its commit; without that worktree one is moved. A good guess was a refusal ("already checked out
# at"), as of git branch -f, or a warning. Nothing but git is used; everything is in a temporary folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
git --version
stack() { # stack NAME: base, one and two on it, base moved on; two is checked out
  git init -q "$1"
  cd "$1"
  git config user.name n
  git config user.email n@example.invalid
  git checkout -q -b base
  commit start
  git checkout -q -b one
  commit one
  git checkout -q -b two
  commit two
  git checkout -q base
  commit base
  git checkout -q two
}
commit() { echo "$1" >"$1"; git add "$1"; git commit -q -m "$1"; }
seen() { # seen: exit code, lines that name the branch, whether one is a part of two
  git rebase --update-refs base >../said 2>&1 && code=0 || code=$?
  git merge-base --is-ancestor one two && moved=moved || moved=left
  echo "$code $(grep -c 'heads/one' ../said || :) $moved $(git log --format=%s base..two | tr '\n' ' ')"
}
stack alone
alone=$(seen)
cd ..
stack shared
git worktree add -q ../other one
shared=$(seen)
echo "no other worktree: $alone; one checked out in another: $shared"
[ "$alone" = '0 1 moved two one ' ] && [ "$shared" = '0 0 left two one ' ] || { echo changed; exit 1; }
