"""A Messages endpoint on loopback that the real client takes for its model.

It knows the wire format and who is asking; what to answer is the `answer` callable's business, which gets a `Call` and
returns a `Reply`. One endpoint a run, on a free port, each request in its own thread, so an answer may wait for others.

Who asks: an agent's first user message holds the prompt it was spawned with, and stories begin every such prompt with the
line `You are NAME`; that tells two agents of one role apart. A second client in the same project (a person in another terminal)
gets lines of its own by a prompt that says `Speak as NAME`. From then on the agent id that the client sends in a header
(for a teammate in a pane: its session id) stands for the name, so a compaction changes nothing. Everybody else is the lead.
A request without tools, or one that asks for a summary, is the client's own house-keeping and gets harmless text.
"""

import http.server
import json
import re
import threading
import time

SPAWNED_AS = re.compile(r"^\s*You are ([A-Za-z0-9][A-Za-z0-9_-]*)\s*$", re.M)
SPEAKS_AS = re.compile(r"^Speak as ([A-Za-z0-9][A-Za-z0-9_-]*)\s*$", re.M)
SUMMARY = re.compile(r"create a (detailed|concise) summary|summary of the conversation|RECENT portion", re.I)
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.S)


def text_of(content):
    """The text of a message's content: what a model would read, tool results included."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content or []:
        if block.get("type") == "text":
            parts.append(block["text"])
        elif block.get("type") == "tool_result":
            parts.append(text_of(block.get("content")))
    return "\n".join(parts)


class Call:
    """One request of the client: who asks, what it was told, what came back from its last tools."""

    def __init__(self, request, headers, known):
        self.request = request
        self.messages = request.get("messages") or []
        self.tools = [t.get("name") for t in request.get("tools") or []]
        headers = {k.lower(): v for k, v in headers.items()}
        self.agent_id, self.session = headers.get("x-claude-code-agent-id"), headers.get("x-claude-code-session-id")
        self.actor = self._actor(known)
        self.row = None  # what the meter made of it

    def _actor(self, known):
        if not self.tools or self.wants_summary:
            return None
        if not self.agent_id:
            others = [SPEAKS_AS.search(REMINDER.sub("", text_of(m["content"]))) for m in self.messages if m["role"] == "user"]
            if any(others):
                return next(other.group(1) for other in others if other)
        if (self.agent_id or self.session) in known:
            return known[self.agent_id or self.session]
        first = next((text_of(m["content"]) for m in self.messages if m["role"] == "user"), "")
        spawned = SPAWNED_AS.search(REMINDER.sub("", first)) if self.agent_id or "<teammate-message" in first else None
        if spawned is None:
            return "agent " + self.agent_id if self.agent_id else "lead"
        known[self.agent_id or self.session] = spawned.group(1)
        return spawned.group(1)

    @property
    def wants_summary(self):
        last = next((text_of(m["content"]) for m in reversed(self.messages) if m["role"] == "user"), "")
        return bool(SUMMARY.search(REMINDER.sub("", last)[:3000]))

    @property
    def heard(self):
        """All text of the user's side of the conversation, oldest first."""
        return "\n".join(text_of(m["content"]) for m in self.messages if m["role"] == "user")

    @property
    def told(self):
        """What it heard and what hooks put in front of it (the client sends that as messages of the system)."""
        return "\n".join(text_of(m["content"]) for m in self.messages if m["role"] != "assistant")

    @property
    def orders(self):
        """The system prompt of the request: an agent's own file is in it."""
        return text_of(self.request.get("system"))

    @property
    def news(self):
        """The text that came since the model last spoke."""
        out = []
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                break
            out.append(text_of(message["content"]))
        return "\n".join(reversed(out))

    @property
    def results(self):
        """{tool_use_id: (text, is_error)} for the tools that have come back since the model last spoke."""
        out = {}
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                break
            for block in message["content"] if isinstance(message["content"], list) else []:
                if block.get("type") == "tool_result":
                    out[block["tool_use_id"]] = (text_of(block.get("content")), bool(block.get("is_error")))
        return out


class Reply:
    """Blocks of one assistant turn; or an HTTP error; or silence (the socket stays open for `hang` seconds)."""

    @property
    def uses(self):
        """Its tool calls."""
        return [block for block in self.blocks if block["type"] == "tool_use"]

    def __init__(self, *blocks, error=None, hang=0):
        self.blocks, self.error, self.hang = list(blocks), error, hang
        self.sent = lambda ids: None  # told the ids of the blocks before they go out
        self.message = None  # the message's id, once it is on its way: the client writes it into its transcript


def say(text):
    """A text block."""
    return {"type": "text", "text": text}


def use(tool, **arguments):
    """A tool call block."""
    return {"type": "tool_use", "name": tool, "input": arguments}


def _usage(call, ended=False):
    """The usage that goes over the wire: what the meter counted, else the same small numbers each time."""
    row = call.row or {"input": 10, "uncached": 10, "output": 20}
    if ended:
        return {"output_tokens": row["output"]}
    return {"input_tokens": row["uncached"], "cache_read_input_tokens": row["input"] - row["uncached"], "cache_creation_input_tokens": 0}


class Model:
    """The endpoint. `with Model(answer) as model: ... model.url`."""

    def __init__(self, answer, meter=None):  # noqa: C901 - the server stands inside: one branch for each path that the client asks
        self.answer, self.known, self.meter = answer, {}, meter
        self.stopping = threading.Event()
        self._ids, self._lock = 0, threading.Lock()
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self._json({})

            do_HEAD = do_GET

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
                if "count_tokens" in self.path:
                    return self._json({"input_tokens": 10})
                if "/v1/messages" not in self.path:
                    return self._json({})
                self._answer(Call(request, dict(self.headers), model.known))

            def _answer(self, call):
                if call.actor is None:
                    reply = Reply(say("<summary>The work so far.</summary>" if call.wants_summary else "A title"))
                else:
                    reply = model.answer(call)
                ids = [model.new_id() for _ in reply.blocks]
                call.row = model.meter.note(call, reply.blocks) if model.meter is not None else None
                reply.message = model.new_id("msg")
                reply.sent(ids)
                if reply.hang:
                    model.stopping.wait(reply.hang)
                    self.close_connection = True
                    return
                if reply.error:
                    return self._json({"type": "error", "error": {"type": "api_error", "message": "scripted error"}}, reply.error)
                try:
                    self._stream(call, reply, ids) if call.request.get("stream") else self._whole(call, reply, ids)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def _json(self, payload, status=200):
                body = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                if status >= 400:
                    self.send_header("x-should-retry", "false")
                self.end_headers()
                self.wfile.write(body)

            def _head(self, call, reply):
                stop = "tool_use" if any(b["type"] == "tool_use" for b in reply.blocks) else "end_turn"
                return stop, {
                    "id": reply.message,
                    "type": "message",
                    "role": "assistant",
                    "model": call.request.get("model"),
                    "stop_sequence": None,
                    "usage": dict(_usage(call), output_tokens=1),
                }

            def _whole(self, call, reply, ids):
                stop, message = self._head(call, reply)
                blocks = [dict(b, id=i) if b["type"] == "tool_use" else b for b, i in zip(reply.blocks, ids)]
                self._json(dict(message, content=blocks, stop_reason=stop))

            def _stream(self, call, reply, ids):
                stop, message = self._head(call, reply)
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self._event("message_start", message=dict(message, content=[], stop_reason=None))
                for index, (block, ident) in enumerate(zip(reply.blocks, ids)):
                    if block["type"] == "tool_use":
                        start = {"type": "tool_use", "id": ident, "name": block["name"], "input": {}}
                        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                    else:
                        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
                    self._event("content_block_start", index=index, content_block=start)
                    self._event("content_block_delta", index=index, delta=delta)
                    self._event("content_block_stop", index=index)
                self._event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=_usage(call, True))
                self._event("message_stop")
                self.close_connection = True

            def _event(self, name, **data):
                self.wfile.write(("event: %s\ndata: %s\n\n" % (name, json.dumps(dict(data, type=name)))).encode())

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):  # a client that went away is no news
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def new_id(self, prefix="toolu"):
        with self._lock:
            self._ids += 1
            return "%s_%d_%d" % (prefix, time.time_ns(), self._ids)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
