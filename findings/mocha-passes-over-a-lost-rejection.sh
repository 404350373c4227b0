#!/bin/sh
# mocha 12.0.3 against jest 30.5.2, vitest 4.1.12 and node --test (Node 20.20.2): a promise that is rejected while a test runs and that nobody waits for, say an
# assertion in a call whose `await` was forgotten. mocha ends with 0, "2 passing", and prints no word of the error: its handler has taken the event that would
# have ended plain node with 1. The three others fail and end with 1. The same error thrown by a timer instead of a promise fails in mocha too, so that it is not that
# mocha cannot see stray errors. So a suite in which asynchronous assertions are not awaited is green in mocha alone, whatever they say. Seen: exit codes for the
# rejection mocha 0, jest 1, vitest 1, node 1, plain node 1; for the throw mocha 7. A good guess was the other way round: mocha is known for failing on
# unhandled rejections, jest for not seeing them. Installs the three into a temporary folder, which it removes; node is the machine's. Exits 0 while that is so.
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 npm install --silent --no-fund --no-audit jest@30.5.2 mocha@12.0.3 vitest@4.1.12 >/dev/null
tests="test('a', async () => { (async () => { await 1; throw new Error('LOST'); })(); await new Promise(r => setTimeout(r, 300)); }); test('b', () => {});"
thrown="test('a', async () => { setTimeout(() => { throw new Error('LOST'); }, 20); await new Promise(r => setTimeout(r, 300)); }); test('b', () => {});"
mkdir jest mocha vitest node
echo "$tests" >jest/a.test.js
echo "const test = it; $tests" >mocha/a.js
echo "const test = it; $thrown" >mocha/thrown.js
echo "import { test } from 'vitest'; $tests" >vitest/a.test.mjs
echo "const { test } = require('node:test'); $tests" >node/a.test.js
echo "(async () => { await 1; throw new Error('LOST'); })(); setTimeout(() => {}, 300);" >plain.js
code() { timeout 100 "$@" >out 2>&1 && echo 0 || echo $?; }
by_mocha=$(code node_modules/.bin/mocha mocha/a.js)
passing=$(grep -c '2 passing' out || :)
words=$(grep -c LOST out || :)
by_thrown=$(code node_modules/.bin/mocha mocha/thrown.js)
by_jest=$(code node_modules/.bin/jest --rootDir "$home/jest" --no-cache -i)
by_vitest=$(code node_modules/.bin/vitest run --root "$home/vitest")
by_node=$(code node --test node/a.test.js)
plain=$(code node plain.js)
echo "rejection: mocha $by_mocha (2 passing: $passing, words on it: $words), jest $by_jest, vitest $by_vitest, node --test $by_node, plain node $plain; thrown by a timer: mocha $by_thrown"
[ "$by_mocha $passing $words $by_jest $by_vitest $by_node $plain" = '0 1 0 1 1 1 1' ] && [ "$by_thrown" != 0 ] || { echo changed; exit 1; }
