"""What is cancelled while it connects leaves nothing open: each adapter, at each of its steps, on the real part."""

import asyncio
import gc
from urllib.parse import urlsplit, urlunsplit

import pytest

from pack.realtime import adapters, probe


MOST = 60  # answers of the server: no adapter here needs so many to be open


class Turnstile:
    """A proxy that lets so many answers of the server through and then holds the rest; `held` is set when it does."""

    def __init__(self, host, port, answers):
        self.host, self.port, self.answers = host, port, answers
        self.held, self.on, self.open, self.tasks = asyncio.Event(), asyncio.Event(), 0, []

    async def start(self):
        """Listen; gives the port."""
        self.server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def _client(self, reader, writer):
        self.open += 1
        there, back = await asyncio.open_connection(self.host, self.port)
        answering = asyncio.ensure_future(self._answers(there, writer))
        self.tasks += [answering, asyncio.current_task()]
        try:
            while data := await reader.read(65536):
                back.write(data)
        except ConnectionError:
            pass
        finally:  # the client has closed its side
            self.open -= 1
            answering.cancel()
            back.close()
            writer.close()

    async def _answers(self, there, writer):
        while data := await there.read(65536):
            if self.answers <= 0:
                self.held.set()
                await self.on.wait()
            self.answers -= 1
            writer.write(data)

    async def stop(self):
        """End it."""
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def cancelled_after(answers, adapter, address, options):
    """Open an adapter through a turnstile; cancel it when the server's answer is held. Says whether it was, or was open before."""
    url = urlsplit(address)
    turnstile = Turnstile(url.hostname, url.port, answers)
    port = await turnstile.start()
    user = "%s@" % url.netloc.rpartition("@")[0] if "@" in url.netloc else ""
    through = urlunsplit(url._replace(netloc="%s127.0.0.1:%d" % (user, port)))
    made = adapters.make({"id": "c", "adapter": adapter, "address": through, "options": options, "connections": 2}, "pack-c-%d" % answers)
    opening = asyncio.ensure_future(made.open(lambda *rest: None))
    held = asyncio.ensure_future(turnstile.held.wait())
    await asyncio.wait([opening, held], return_when=asyncio.FIRST_COMPLETED, timeout=20)
    whole = opening.done()
    assert whole or held.done(), "neither open nor held"
    opening.cancel()
    held.cancel()
    await asyncio.gather(opening, held, return_exceptions=True)
    turnstile.answers = 10**9  # what close() asks is answered
    turnstile.on.set()
    await probe.let_go(made)
    for _ in range(200):
        if not turnstile.open:
            break
        await asyncio.sleep(0.02)
    left = turnstile.open
    await turnstile.stop()
    del made, opening
    gc.collect()  # a library's warning of something unclosed fails this test
    assert left == 0, "%d connections are open after answer %d" % (left, answers)
    return whole


@pytest.mark.parametrize(
    "adapter, fixture, options",
    [
        ("redis", "redis_url", {}),
        ("redis", "redis_url", {"pubsub": True}),
        ("nats", "nats_url", {}),
        ("nats", "nats_url", {"core": True}),
        ("mqtt", "mqtt_url", {}),
        ("rabbitmq", "rabbit_url", {}),
        ("websocket", "ws_url", {}),
    ],
)
def test_cancelled_at_each_step_nothing_stays_open(adapter, fixture, options, request):
    address = request.getfixturevalue(fixture)
    for answers in range(MOST):
        if asyncio.run(cancelled_after(answers, adapter, address, options)):
            assert answers, "it was never held"
            return
    pytest.fail("%s asks the server more than %d times" % (adapter, MOST))
