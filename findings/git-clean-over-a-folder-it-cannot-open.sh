#!/bin/sh
# git 2.39.5: a folder that git cannot open (here a path longer than PATH_MAX; without root also one with mode 000) counts as empty. `git status
# --porcelain` and `git ls-files --others` print nothing of what is in it and exit with 0, also with --untracked-files=all; the one word is
# "warning: could not open directory" on standard error, cut off without an end of line where the name is long. Whoever reads exit code and output
# takes the tree for clean. Seen: both outputs empty, both exit codes 0, the warning. A good guess was an error, or the folder's name.
# Works in a temporary folder, which it removes. Exits 0 while that is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
git --version
git init -q project
cd project
${PYTHON:-python3} -c "
import os
for name in ['deep'] + 20 * ['x' * 250]:
    os.mkdir(name)
    os.chdir(name)
open('file', 'w').close()
"
status=$(LC_ALL=C git status --porcelain --untracked-files=all 2>status.err) || { echo "status: exit $?"; exit 1; }
others=$(LC_ALL=C git ls-files --others -x status.err -x others.err 2>others.err) || { echo "ls-files: exit $?"; exit 1; }
status=$(printf '%s\n' "$status" | grep -v 'status.err' || true)
echo "status: exit 0, [$status]; ls-files: exit 0, [$others]; standard error: $(cut -c1-40 others.err)"
[ -z "$status" ] && [ -z "$others" ] && grep -q "^warning: could not open directory" status.err && grep -q "^warning: could not open directory" others.err
