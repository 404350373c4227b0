#!/bin/sh
# Node 20.20.2, a test file whose second of three tests calls process.exit(0) and whose third fails (a server's shutdown path under test does that). jest
# 30.5.2, mocha 12.0.3 and node --test end with 0: the run is green, the failing test was never begun. jest prints a note ("process.exit called with") and no
# summary at all, mocha one tick and no summary, node:test even a summary: tests 1, pass 1, where 1 is the file and the first test has vanished, too. vitest
# 4.1.12 fails the second test, goes on, and ends with 1. So exit code 0 with no count, or with a count of files, is not yet a run. A good guess was that all
# four catch it, as vitest does. Installs the three into a temporary folder, which it removes; node is the machine's. Exits 0 while that is so.
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
cd "$home"
printf '{"private": true}' >package.json
timeout 600 npm install --silent --no-fund --no-audit jest@30.5.2 mocha@12.0.3 vitest@4.1.12 >/dev/null
BODY="test('one', () => {}); test('quits', () => { process.exit(0) }); test('three', () => { throw new Error('x') });"
mkdir jest mocha vitest node
echo "$BODY" >jest/a.test.js
echo "const test = it; $BODY" >mocha/a.js
echo "import { test } from 'vitest'; $BODY" >vitest/a.test.mjs
echo "import { test } from 'node:test'; $BODY" >node/a.test.mjs
ended() { name=$1; shift; code=0; NO_COLOR=1 CI=1 timeout 240 "$@" >"$name.txt" 2>&1 </dev/null || code=$?; echo "$name $code"; }
seen=$(ended jest npx jest jest/a.test.js; ended mocha npx mocha mocha/a.js; ended vitest npx vitest run vitest/a.test.mjs; ended node node --test node/a.test.mjs)
echo "$seen"
grep -E "^# (tests|pass|fail) " node.txt
test "$(echo $seen)" = "jest 0 mocha 0 vitest 1 node 0"
grep -q 'process.exit called with "0"' jest.txt && ! grep -q "^Tests:" jest.txt
grep -q "one" mocha.txt && ! grep -q passing mocha.txt
grep -q "2 failed | 1 passed" vitest.txt
grep -qx "# tests 1" node.txt && grep -qx "# pass 1" node.txt && grep -qx "# fail 0" node.txt
