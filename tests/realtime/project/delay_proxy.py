"""A TCP proxy that is a network: each direction takes some milliseconds. `python delay_proxy.py SCRIPTS PORT [HOST:]TARGET_PORT MS`."""

import asyncio
import sys

sys.path.insert(0, sys.argv[1])
from pack.realtime import loop as loops  # noqa: E402  (timers of some microseconds)


class Side(asyncio.Protocol):
    def __init__(self, delay, other=None):
        self.delay, self.other, self.waiting = delay, other, []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        asyncio.get_running_loop().call_later(self.delay, self.forward, data)

    def forward(self, data):
        if self.other is None:
            self.waiting.append(data)
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)

    def connection_lost(self, error):
        if self.other is not None:
            self.other.transport.close()


class Front(Side):
    def __init__(self, delay, target):
        super().__init__(delay)
        self.target = target

    def connection_made(self, transport):
        super().connection_made(transport)
        self.reaching = asyncio.ensure_future(self.reach())  # the loop alone would let it be collected

    async def reach(self):
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_connection(lambda: Side(self.delay, self), *self.target)
        for data in self.waiting:
            self.other.transport.write(data)


async def main(port, target, delay):
    server = await asyncio.get_running_loop().create_server(lambda: Front(delay, target), "127.0.0.1", port)
    await server.serve_forever()


loop = loops.new()
asyncio.set_event_loop(loop)
host, _, target = sys.argv[3].rpartition(":")
loop.run_until_complete(main(int(sys.argv[2]), (host or "127.0.0.1", int(target)), float(sys.argv[4]) / 1e3))
