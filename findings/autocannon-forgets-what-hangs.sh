#!/bin/sh
# autocannon 9.0.0: what a request that hangs does to the figures. Only answers enter the latency: neither what ran into --timeout nor what was still on its way
# at the end, and the latter is in no other number either. (1) Every tenth answer takes 60 s, measured for 5 s: soon all 4 connections wait for one, nothing is sent
# any more, and the report has errors 0, timeouts 0, a p99 and a maximum of a few dozen ms, exit code 0; only `sent` is greater than `total`, by 4. (2) With -R, whose
# latencies are corrected for coordinated omission, it is the same: the correction needs an answer that comes late, and `sent` is what the rate wanted (some
# hundred), not what the server got (40). (3) With -t 3 some are counted as timeouts, and the maximum still is that of the answers that came. So the worse the server,
# the better the percentiles. Seen: the server got 40, answers 36, errors 0, timeouts 0, the maximum far below a second in (1) and (2); (3) timeouts 8, maximum far
# below 3 s; exit 0 in all. A good guess was a maximum of at least the time that was waited.
# Installs autocannon into a temporary folder, which it removes; node is the machine's. One server on loopback. Exits 0 while that is so.
set -eu
command -v node >/dev/null || { echo 'needs node'; exit 1; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel=error autocannon@9.0.0 >/dev/null
cat > server.js <<'END'
// Every tenth request of a page is answered after 60 s, all others at once.
const fs = require('fs'), seen = {}
const server = require('http').createServer((request, response) => {
  if (request.url === '/seen') return response.end(JSON.stringify(seen))
  seen[request.url] = (seen[request.url] || 0) + 1
  setTimeout(() => response.end('ok'), seen[request.url] % 10 ? 0 : 60000)
})
server.listen(0, '127.0.0.1', () => { fs.writeFileSync('port.part', String(server.address().port)); fs.renameSync('port.part', 'port') })
END
timeout 600 node server.js &
server=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no server'; exit 1; }; sleep 0.2; done
cat > look.js <<'END'
const [name, code, text] = [process.argv[2], process.argv[3], require('fs').readFileSync(0, 'utf8')], r = JSON.parse(text)
require('http').get(`http://127.0.0.1:${require('fs').readFileSync('port', 'utf8')}/seen`, response => response.on('data', data => {
  const got = JSON.parse(data)['/' + name], total = r.requests.total, max = r.latency.max
  console.log(`${name}: server got ${got}, sent ${r.requests.sent}, answers ${total}, errors ${r.errors}, timeouts ${r.timeouts}, max ${max} ms, exit ${code}`)
  const counted = name === 'timeout' ? r.timeouts >= 4 : r.errors === 0 && r.timeouts === 0 && got === 40 && total === 36
  if (name === 'plain' && r.requests.sent !== 40 || !counted || code !== '0' || max >= 3000) { console.log('changed'); process.exit(1) }
}))
END
measure() {
  name=$1
  shift
  code=0
  timeout 120 node_modules/.bin/autocannon -j -n -c 4 "$@" "http://127.0.0.1:$(cat port)/$name" >report 2>/dev/null || code=$?
  node look.js "$name" "$code" <report
}
measure plain -d 5
measure rate -d 5 -R 200
measure timeout -d 9 -t 3
