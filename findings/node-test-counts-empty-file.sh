#!/bin/sh
# Node 20.20.2: `node --test FILE` on a file that defines no test reports "tests 1, pass 1" and exits 0: the file itself is counted as a test
# that passed, under its absolute path. Whoever reads only the numbers takes a file of nothing for a tested one.
# Exits 0 while that is so, 1 when it has changed (node of the machine; nothing is installed).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
node --version
echo 'const nothing = 1' > empty.test.js
out=$(timeout 240 node --test empty.test.js) || { echo "changed: exit $?"; exit 1; }
echo "$out"
echo "$out" | grep -Eq '^(#|ℹ) tests 1$' && echo "$out" | grep -Eq '^(#|ℹ) pass 1$' || { echo "changed: it is not counted any more"; exit 1; }
echo "$out" | grep -q "$work/empty.test.js" || { echo "changed: its path is not its name any more"; exit 1; }
echo "as described"
