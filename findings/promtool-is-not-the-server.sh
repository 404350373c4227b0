#!/bin/sh
# Prometheus 2.42.0 (Debian 12), `promtool check metrics` against the server that it comes with, on the same two pages. A text page in which one series stands
# twice with two values: promtool ends with 0 and says nothing; the server keeps the first, drops the second, and up stays 1 (a warning in its log is all). An
# OpenMetrics page with an exemplar, valid and taken by the server with up 1: promtool ends with 1 ("expected integer as timestamp, got #"), for it reads the
# old text format only, whatever the page is. So a green check does not mean that what is exported arrives, nor a red one that it does not. Seen: double rc 0,
# stored 1 of 1 and 2; exemplar rc 1, stored 5. A good guess was that the checker parses what the server parses. Uses the machine's prometheus and promtool in a
# temporary folder, on loopback, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
cd "$home"
timeout 240 "$python" -c '
import http.server, json, socket, subprocess, sys, threading, time, urllib.parse, urllib.request

PAGES = {
    "/double": ("text/plain; version=0.0.4", "# HELP double_value h\n# TYPE double_value gauge\ndouble_value 1\ndouble_value 2\n"),
    "/exemplar": ("application/openmetrics-text; version=1.0.0; charset=utf-8",
                  "# HELP seen helps\n# TYPE seen counter\nseen_total{path=\"a\"} 5 # {trace_id=\"abc\"} 1.0\n# EOF\n"),
}

class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        kind, text = PAGES[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

def checked(path):
    done = subprocess.run(["promtool", "check", "metrics"], input=PAGES[path][1], text=True, capture_output=True, timeout=30)
    return done.returncode, (done.stdout + done.stderr).strip()

def asked(query):
    address = "http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.parse.quote(query))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5) as answer:
            return [float(row["value"][1]) for row in json.load(answer)["data"]["result"]]
    except OSError:
        return []

pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=pages.serve_forever, daemon=True).start()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
jobs = [{"job_name": path[1:], "metrics_path": path, "static_configs": [{"targets": ["127.0.0.1:%d" % pages.server_address[1]]}]} for path in PAGES]
with open("prometheus.yml", "w") as config:
    json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}, config)
server = subprocess.Popen(["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:%d" % port],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(120):
        if asked("double_value") and asked("seen_total"):
            break
        time.sleep(0.5)
    stored = asked("double_value"), asked("seen_total"), sorted(asked("up"))
finally:
    server.terminate()
    server.wait(20)
double, exemplar = checked("/double"), checked("/exemplar")
print("double rc", double, "exemplar rc", exemplar, "stored", stored)
same = double == (0, "") and exemplar[0] == 1 and "expected integer as timestamp" in exemplar[1]
sys.exit(0 if same and stored == ([1.0], [5.0], [1.0, 1.0]) else "changed")
'
