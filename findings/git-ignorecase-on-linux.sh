#!/bin/sh
# git 2.39.5 (Debian 12), a repository whose configuration says core.ignoreCase=true on a file system that tells cases apart: what a
# folder copied or mounted from a Mac is on Linux. Guessed: plumbing compares names as bytes; at worst `git add` complains.
# Seen: a new file OLD.py beside a tracked old.py is in no list: `git status` and `git ls-files --others` print nothing, `git add OLD.py`
# ends with 0 and adds nothing, and the commit that follows holds only the old one. A new folder lib/ beside a tracked Lib/ is added under
# the name Lib/, where no such file lies: at once it is tracked as missing and shown as untracked.
#   others: none
#   add OLD.py: exit 0, index: old.py
#   after add -A: index: Lib/a.py Lib/b.py old.py
#   on disk: Lib/a.py lib/b.py
# What reads a work tree as it is passes `-c core.ignoreCase=false`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
case $(git --version) in "git version 2.39."*) ;; *) echo "another git: $(git --version)" ;; esac
git init -q .
git config user.email someone@example.invalid
git config user.name Someone
touch case CASE
[ "$(ls | wc -l)" = 2 ] || { echo "this file system does not tell cases apart"; exit 0; }
rm case CASE
mkdir Lib
echo 1 > old.py
echo 1 > Lib/a.py
git add -A
git commit -qm start
git config core.ignoreCase true
echo 2 > OLD.py
others=$(git ls-files --others)
said=$(git status --porcelain)
code=0
git add OLD.py || code=$?
index=$(git ls-files | grep -i old | tr '\n' ' ')
mkdir lib
echo 2 > lib/b.py
git add -A
after=$(git ls-files | tr '\n' ' ')
disk=$(find Lib lib -type f | sort | tr '\n' ' ')
echo "others: ${others:-none}"
echo "add OLD.py: exit $code, index: $index"
echo "after add -A: index: $after"
echo "on disk: $disk"
bytes=$(git -c core.ignoreCase=false ls-files --others | tr '\n' ' ')
[ -z "$others$said" ] && [ $code = 0 ] && [ "$index" = "old.py " ] && [ "$after" = "Lib/a.py Lib/b.py old.py " ] && [ "$disk" = "Lib/a.py lib/b.py " ] &&
  [ "$bytes" = "OLD.py lib/b.py " ]
