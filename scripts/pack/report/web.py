"""`pack watch --web`: the page of a run, live, on 127.0.0.1. A token in the address; nothing can be changed through it; requests that name
another host are refused, so that no page of the web can read it through the user's browser. News come as server-sent events."""

import hmac
import html
import os
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ..base import codec
from ..protocol.refusal import Refusal
from ..store.follow import Follower
from ..store.journal import Damaged
from . import cost, timeline

LOOK_SECONDS = 0.5
COST_SECONDS = 10
ALIVE_SECONDS = 15  # a line to each open page, so that one that is gone is noticed


class Server(ThreadingHTTPServer):
    """Serves one run. `address` is what to open."""

    daemon_threads = True

    def __init__(self, project=None, team=None, port=0):
        self.token = secrets.token_urlsafe(18)
        self.follower = Follower(project, team)
        self.lock, self.news = threading.Lock(), threading.Condition()
        self.priced = (-COST_SECONDS, "Cost: not known yet")
        self._look()
        super().__init__(("127.0.0.1", port), Handler)
        self.address = "http://127.0.0.1:%d/?token=%s" % (self.server_address[1], self.token)
        threading.Thread(target=self._watch, daemon=True).start()

    def _look(self):
        with self.lock:
            try:
                return self.follower.look()
            except (Damaged, Refusal):
                return 0  # the page keeps what it last showed; `pack doctor` says what is wrong with a journal

    def spent(self):
        """What the run cost so far, as text; looked up at most every COST_SECONDS, for transcripts are long. Called under the lock."""
        now, f = time.monotonic(), self.follower
        if f.records and now - self.priced[0] >= COST_SECONDS:
            self.priced = (now, cost.text(cost.safely(f.state, f.records, os.environ)))
        return self.priced[1]

    def _watch(self):
        while True:
            time.sleep(LOOK_SECONDS)
            if self._look():
                with self.news:
                    self.news.notify_all()


class Handler(BaseHTTPRequestHandler):
    """GET / (the page), /data (what changes of it), /events (a number whenever there is something new)."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        port = self.server.server_address[1]
        if self.headers.get("Host") not in ("127.0.0.1:%d" % port, "localhost:%d" % port):
            return self._text(403, "this page answers to 127.0.0.1 only")
        asked = urlsplit(self.path)
        token = parse_qs(asked.query).get("token", [""])[0]
        if not hmac.compare_digest(token.encode("utf-8"), self.server.token.encode("ascii")):
            return self._text(403, "the token is missing or of another run of `pack watch --web`: open the address that it printed")
        known = {"/": self._page, "/data": self._data, "/events": self._events}
        return known.get(asked.path, lambda: self._text(404, "no such page"))()

    def _page(self):
        with self.server.lock:
            f = self.server.follower
            text = timeline.page(f.state, f.records, _level(f.state), f.history, live=True, spent=self.server.spent(), gone=_gone(f))
        self._text(200, text, "text/html; charset=utf-8")

    def _data(self):
        with self.server.lock:
            f = self.server.follower
            text = codec.dumps(dict(timeline.parts(f.state, f.records, f.history, _gone(f)), spent=html.escape(self.server.spent())))
        self._text(200, text, "application/json")

    def _events(self):
        self.send_response(200)
        self._headers("text/event-stream")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"data: %d\n\n" % len(self.server.follower.records))
                self.wfile.flush()
                with self.server.news:
                    self.server.news.wait(ALIVE_SECONDS)
        except OSError:
            pass  # the page is closed

    def _headers(self, kind):
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        )

    def _text(self, code, text, kind="text/plain; charset=utf-8"):
        body = text.encode("utf-8")
        self.send_response(code)
        self._headers(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_args):
        """Nobody reads a log of one's own looking."""


def _level(state):
    from ..base import enforcement

    return enforcement.recorded(state)["level"]


def _gone(follower):
    """Whether the run is open and the client that leads it has ended."""
    from ..base import enforcement

    return follower.state["phase"] != "CLOSED" and bool(follower.run.live) and not enforcement.led(follower.state)
