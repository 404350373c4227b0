#!/bin/sh
# Server-Sent Events in three clients: eventsource 4.1.1 (npm), sseclient-py 1.9.0 and httpx-sse 0.4.3 (Python). (1) An id stays in force for the events after it that have
# none: the standard's "last event ID". The server sends "id: 7, data: a" and then "data: b". eventsource gives b the lastEventId "", though it does
# reconnect with Last-Event-ID 7; sseclient-py gives None; only httpx-sse gives 7. So a consumer that books each event's id as its place books none and starts from the
# beginning. (2) What is not ended by an empty line when the connection breaks is to be dropped. sseclient-py hands it out as an event, the first line of a text of
# three looking like a whole one; the two others drop it. (3) An event with a type and no data is none; httpx-sse hands it out. Seen: ids 7 "" / 7 None / 7 7; cut off: no,
# yes, no; without data: no, no, yes. A good guess was that such a small format is read alike. Installs them into a temporary folder, which it removes; one server
# on loopback. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" sseclient-py==1.9.0 httpx-sse==0.4.3 httpx==0.28.1 requests==2.34.2 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" eventsource@4.1.1 >/dev/null
cat >read.js <<'END'
const {EventSource} = require("eventsource"), source = new EventSource(process.argv[2]), seen = [];
const keep = e => seen.push([e.type, e.data, e.lastEventId]);
source.onmessage = keep;
source.addEventListener("tick", keep);
source.onerror = () => { if (source.readyState === 2 || seen.over) { return; } seen.over = true; setTimeout(() => { source.close(); console.log(JSON.stringify(seen)); process.exit(0); }, 600); };
END
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import http.server, json, subprocess, sys, threading
import httpx, httpx_sse, requests, sseclient
BODIES = {"/ids": b"retry: 100\nid: 7\ndata: a\n\ndata: b\n\n", "/cut": b"retry: 100\ndata: whole\n\ndata: first of three\n", "/empty": b"retry: 100\nevent: tick\n\ndata: x\n\n"}
asked = {}
class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        told = asked.setdefault(self.path, [])
        told.append(self.headers.get("last-event-id"))
        if len(told) > 1 and "EventSource" == self.server.reader:  # it came again by itself: no more for it
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(BODIES[self.path])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d" % server.server_address[1]
def by_node(path):
    server.reader = "EventSource"
    return json.loads(subprocess.check_output(["node", "read.js", base + path], timeout=60))
def by_sseclient(path):
    return [[e.event, e.data, e.id] for e in sseclient.SSEClient(requests.get(base + path, stream=True)).events()]
def by_httpx(path):
    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", base + path) as source:
        return [[e.event, e.data, e.id] for e in source.iter_sse()]
node = {path: by_node(path) for path in BODIES}
again = asked["/ids"][1:2]
server.reader = "python"
first = {path: by_sseclient(path) for path in BODIES}
second = {path: by_httpx(path) for path in BODIES}
for name, seen in (("eventsource", node), ("sseclient-py", first), ("httpx-sse", second)):
    print(name, seen)
print("eventsource came again with Last-Event-ID", again)
ids = [[e[2] for e in seen["/ids"]] for seen in (node, first, second)]
cut = [len(seen["/cut"]) for seen in (node, first, second)]
empty = [len(seen["/empty"]) for seen in (node, first, second)]
sys.exit(0 if (ids, cut, empty, again) == ([["7", ""], ["7", None], ["7", "7"]], [1, 2, 1], [1, 1, 2], ["7"]) else "changed")
END
