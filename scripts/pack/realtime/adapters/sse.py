"""Server-Sent Events: what is posted to the server, and comes back as an event of its stream to every connection.

The address is the stream's. options: publish (the URL that a message is posted to; default: the address itself), event (only events of
this name; default: all), headers, message (a JSON document to post, with `{body}` where the probe's text goes; default: the text
itself). A stream that ends is asked for again with Last-Event-ID, as a browser does, after the server's `retry`; what was missed
meanwhile came or did not, which is the server's part.
"""

import asyncio
import json
import re
import time

import aiohttp

from pack.realtime import losses
from pack.realtime.adapters.base import Adapter

OPEN_S = 10.0
END = re.compile(rb"\r\n|\r|\n")
RETRY_S = 3.0  # what browsers wait, where the server does not say


class Silent(RuntimeError):
    """A connection is there, and no answer."""


class Sse(Adapter):
    """See the module's text."""

    protocol = "sse"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.publish, self.event = options.get("publish", address), options.get("event")
        self.headers, self.message = options.get("headers", {}), options.get("message")
        self.fanout = connections
        self.session, self.streams, self.told, self.closing = None, [], "(unnamed)", False
        self.odd, self.half = None, False  # the last line that is no field of an event; whether data came without the end of its event

    async def sender(self):
        limits = aiohttp.ClientTimeout(total=None, sock_connect=OPEN_S)
        self.session = aiohttp.ClientSession(timeout=limits, connector=aiohttp.TCPConnector(limit=0), headers=self.headers)

    async def laggard(self, deliver, gate, told):
        """A stream of aiohttp's client that nobody reads: the library takes 128 KB and then lets the connection fill. A stream that ended is
        asked for again with Last-Event-ID, as a browser does."""
        self.deliver = deliver
        answer = await self._ask({})

        self.ended = told.append  # what ends here is the consumer's stream

        async def late():
            await gate.wait()
            await self._listen(answer, 0)

        return late()

    async def open(self, deliver):
        self.deliver = deliver
        await self.sender()
        for receiver in range(self.connections):
            answer = await self._ask({})
            self.streams.append(self.receiving(self._listen(answer, receiver)))

    async def _ask(self, more):
        asked = self.session.get(self.address, headers=dict({"Accept": "text/event-stream", "Cache-Control": "no-store"}, **more))
        try:
            answer = await asyncio.wait_for(asked, OPEN_S)
        except asyncio.TimeoutError:
            raise Silent(
                "the server took the request for the stream and answered nothing for %g s: it is blocked, or something on the way holds the "
                "beginning of the answer until events come (a proxy that buffers: nginx without `proxy_buffering off`)" % OPEN_S
            )
        kind = answer.headers.get("Content-Type", "")
        if answer.status != 200 or not kind.startswith("text/event-stream"):
            answer.close()
            raise RuntimeError(
                "the server answers with HTTP %d %s, no event stream (%s)" % (answer.status, answer.reason, kind or "no type")
            )
        self.told = answer.headers.get("Server", self.told)
        return answer

    async def _listen(self, answer, receiver):
        """Read events for ever; between two streams, wait as the server said."""
        state = {"last": None, "retry": RETRY_S}
        while True:
            reason = await self._read(answer, receiver, state)
            if self.closing:
                return
            self.ended("the stream ended%s; it was asked for again" % (": %s" % reason if reason else ""))
            while True:
                await asyncio.sleep(state["retry"])
                try:
                    answer = await self._ask({"Last-Event-ID": state["last"]} if state["last"] is not None else {})
                    break
                except (aiohttp.ClientError, Silent):
                    continue  # the server is not back yet
                except RuntimeError as error:  # an answer that is no stream: a browser does not ask a third time
                    self.ended("asked again, %s" % error)
                    return

    async def _read(self, answer, receiver, state):
        """Events of one answer; why it ended, or None."""
        name, data, rest, fresh, halved = "message", [], b"", True, False
        try:
            async for part in answer.content.iter_any():
                at = time.perf_counter()
                *lines, rest = END.split(rest + (part[1:] if halved and part[:1] == b"\n" else part))
                halved = part[-1:] == b"\r"  # of a CR LF the LF may come later; the line is whole without it
                for line in lines:
                    if fresh:
                        fresh, line = False, line[3:] if line.startswith(b"\xef\xbb\xbf") else line
                    field, _, value = line.partition(b":")
                    value = value[1:] if value[:1] == b" " else value
                    if not line:
                        if data and (self.event is None or name == self.event):
                            self.deliver(b"\n".join(data), at, receiver)
                        name, data = "message", []
                    elif field == b"data":
                        data.append(value)
                    elif field == b"event":
                        name = value.decode("utf-8", "replace")
                    elif field == b"id" and b"\0" not in value:
                        state["last"] = value.decode("utf-8", "replace")
                    elif field == b"retry" and value.isdigit():
                        state["retry"] = int(value) / 1000.0
                    elif field not in (b"", b"retry", b"id"):
                        self.odd = line
                self.half = bool(data)
        except aiohttp.ClientError as error:
            return "%s: %s" % (type(error).__name__, error)
        finally:
            answer.close()
        return None

    async def send(self, body, partition=0):
        text = body.decode("ascii")
        if self.message is not None:
            sent = self.session.post(self.publish, json=json.loads(json.dumps(self.message).replace("{body}", text)))
        else:
            sent = self.session.post(self.publish, data=text, headers={"Content-Type": "text/plain"})
        async with sent as answer:
            if answer.status >= 300:
                raise RuntimeError("the server answers the post with HTTP %d %s" % (answer.status, answer.reason))

    async def server(self):
        return "event stream of %s" % self.told, "real"

    async def explain(self):
        if self.odd is not None:
            return ["lines came that are no fields of an event (`data: ...` and a blank line), the last one: %s" % losses.shown(self.odd)]
        return ["data came without the blank line that ends an event"] if self.half else []

    async def close(self):
        self.closing = True
        for task in self.streams:
            task.cancel()
        await asyncio.gather(*self.streams, return_exceptions=True)
        if self.session is not None:
            await self.session.close()
        self.session, self.streams = None, []
