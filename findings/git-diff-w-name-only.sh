#!/bin/sh
# git 2.39.5, a file that differs in white space only: `git diff -w` shows nothing, `git diff -w --stat` neither, but `git diff -w --name-only`
# names it, and with --exit-code that very command says 0 (no difference) while it prints the name; `--name-status` alike. A script that takes
# the names for the files that -w would show is wrong. A good guess was: no name, or a name and exit 1.
# Nothing but git is used; everything is in a temporary folder. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git version
git init -q .
git config user.name t
git config user.email t@example.invalid
echo a > file
git add file
git commit -q -m start
echo ' a' > file
[ -z "$(git diff -w)" ] && [ -z "$(git diff -w --stat)" ] || { echo "changed: -w shows it"; exit 1; }
names=$(git diff -w --name-only --exit-code) || { echo "changed: exit $?"; exit 1; }
state=$(git diff -w --name-status --exit-code) || { echo "changed: exit $?"; exit 1; }
echo "$names; $state"
[ "$names" = file ] && [ "$state" = "$(printf 'M\tfile')" ] || { echo "changed: it is not named"; exit 1; }
