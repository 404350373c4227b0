#!/bin/sh
# git 2.39.5: which hooks a new commit runs. There is none that sees them all. `git merge` runs commit-msg and not post-commit (post-merge is its own); `git
# cherry-pick` and `git revert --no-edit` run post-commit and neither commit-msg nor pre-commit; `git rebase` as cherry-pick; `git am` has three of its own and
# none of these. So a rule about the text of a message (a ticket, a scope), which looks safe in commit-msg because every commit has a message, is not asked for
# what is picked or reverted, and a journal that is written by post-commit misses merges. prepare-commit-msg sees all but am, also with --no-verify. Seen: as in
# the table below. A good guess was that commit-msg and post-commit belong to each commit, and that only pre-commit is left out. Nothing but git is used;
# everything is in a temporary folder. Exits 0 while that is so.
#   commit: pre-commit prepare-commit-msg commit-msg post-commit    commit --no-verify: prepare-commit-msg post-commit    merge: prepare-commit-msg commit-msg
#   cherry-pick, revert, rebase: prepare-commit-msg post-commit    am: none of the four
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export ran="$work/ran"
git --version
git init -q work
cd work
git config user.name n
git config user.email n@example.invalid
for hook in pre-commit prepare-commit-msg commit-msg post-commit; do
  printf '#!/bin/sh\nprintf "%%s " %s >>"$ran"\n' $hook >.git/hooks/$hook
  chmod +x .git/hooks/$hook
done
: >"$ran"
file() { echo "$1" >"$1.txt"; git add "$1.txt"; }
commit() { file "$1"; git commit -q -m "$1"; }
git checkout -q -b main
commit start
git checkout -q -b side
commit side
commit side2
git checkout -q main
commit main
during() { : >"$ran"; "$@" >/dev/null 2>&1; cat "$ran"; }
file plain
plain=$(during git commit -m plain)
file unchecked
unchecked=$(during git commit --no-verify -m unchecked)
picked=$(during git cherry-pick side~1)
reverted=$(during git revert --no-edit HEAD)
merged=$(during git merge --no-ff -m merge side)
git format-patch -q -1 side --stdout >../mail
git checkout -q -b mail main~1
git reset -q --hard main~5
before=$(git rev-parse HEAD)
mailed=$(during git am ../mail)
[ "$(git rev-parse HEAD^)" = "$before" ] || { echo 'am made no commit'; exit 1; }
git checkout -q side
git checkout -q -b moved
git reset -q --hard side~1
rebased=$(during git rebase main~5)
git checkout -q -b top main~5
commit other
git checkout -q moved
rebased=$(during git rebase top)
for way in plain unchecked merged picked reverted rebased mailed; do eval "echo \"$way: [\$$way]\""; done
[ "$plain" = 'pre-commit prepare-commit-msg commit-msg post-commit ' ] && [ "$unchecked" = 'prepare-commit-msg post-commit ' ] || { echo changed; exit 1; }
[ "$merged" = 'prepare-commit-msg commit-msg ' ] && [ -z "$mailed" ] || { echo changed; exit 1; }
for seen in "$picked" "$reverted" "$rebased"; do [ "$seen" = 'prepare-commit-msg post-commit ' ] || { echo changed; exit 1; }; done
