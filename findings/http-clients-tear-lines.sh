#!/bin/sh
# httpx 0.28.1, requests 2.34.2: their iter_lines do not end lines where JSON lines and Server-Sent Events end them. Both use str.splitlines, which also cuts
# at U+2028, U+2029 and U+0085, and these stand unescaped in what JSON.stringify and json.dumps(ensure_ascii=False) write. requests adds: text/event-stream
# without a charset is decoded as ISO-8859-1 (decode_unicode=True), where the second byte of each A with a ring (C3 85) and of each Cyrillic kha (D1 85) is
# U+0085: every line of Swedish or Russian text is torn, not only garbled. Seen: pieces of one JSON line, by letter, as printed below. requests gives bytes
# whole without decode_unicode; httpx-sse 0.4.3 ends lines itself and is whole. A good guess was that a client's "lines" are the protocol's.
# One server on loopback. Installs the packages in a temporary folder; removes it. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" httpx==0.28.1 httpx-sse==0.4.3 requests==2.34.2 2>/dev/null
cd "$home"
HOME=$home NO_PROXY='*' PYTHONPATH=$home/py timeout 240 "$python" -c '
import http.server, json, sys, threading
import httpx, httpx_sse, requests

LETTERS = {"U+2028": "\u2028", "U+0085": "\u0085", "ring": "\u00c5", "kha": "\u0445", "e": "\u00e9"}

class Stream(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = "a" + LETTERS[self.path[1:]] + "b"
        body = ("data: %s\n\n" % json.dumps({"text": text}, ensure_ascii=False)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
threading.Thread(target=server.serve_forever, daemon=True).start()

def pieces(lines):
    return len([line for line in lines if line])

def seen(name):
    """Pieces of the one line: httpx, requests decoded, requests as bytes; whether httpx-sse gives the text."""
    url = "http://127.0.0.1:%d/%s" % (server.server_port, name)
    with httpx.Client() as client:
        with client.stream("GET", url) as answer:
            first = pieces(answer.iter_lines())
        with httpx_sse.connect_sse(client, "GET", url) as source:
            whole = [json.loads(e.data)["text"] for e in source.iter_sse()] == ["a" + LETTERS[name] + "b"]
    decoded = pieces(requests.get(url, stream=True).iter_lines(decode_unicode=True))
    return first, decoded, pieces(requests.get(url, stream=True).iter_lines()), whole

found = {name: seen(name) for name in LETTERS}
server.shutdown()
for name, row in found.items():
    print(name, "pieces: httpx %d, requests decoded %d, bytes %d; httpx-sse whole: %s" % row)
wanted = {"U+2028": (2, 1, 1, True), "U+0085": (2, 2, 1, True), "ring": (1, 2, 1, True), "kha": (1, 2, 1, True), "e": (1, 1, 1, True)}
sys.exit(0 if found == wanted else "changed")
'
