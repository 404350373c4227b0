#!/bin/sh
# git 2.39.5: with diff.ignoreSubmodules=all, `git commit` of a staged submodule alone is refused (exit 1), while the very text of the refusal
# lists it under "Changes to be committed" and `git ls-files -s` has it; `git diff --cached --name-only` is empty. With -c diff.ignoreSubmodules=none
# the same commit is made. So this setting decides what can be committed, not only what is shown.
# Exits 0 while that is so, 1 when it has changed. Nothing but git is used; everything is in a temporary folder.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git version
git init -q .
git config user.name t
git config user.email t@example.invalid
git commit -q --allow-empty -m start
git config diff.ignoreSubmodules all
git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),vendor"
if said=$(timeout 20 git commit -m sub 2>&1); then echo "changed: the commit was made"; exit 1; fi
echo "$said"
echo "$said" | grep -q "new file: *vendor" || { echo "changed: the refusal does not list it any more"; exit 1; }
git ls-files -s | grep -q vendor
test -z "$(git diff --cached --name-only)"
timeout 20 git -c diff.ignoreSubmodules=none commit -q -m sub || { echo "changed: refused with none, too"; exit 1; }
echo "as described"
