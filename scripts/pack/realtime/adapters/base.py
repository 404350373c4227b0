"""What an adapter is. A user's own adapter (`module:Class` in rt.yaml) subclasses `Adapter`.

The probe calls `open(deliver)`, then `send(body)` once a message, then `close()`. `deliver(body, at, receiver)` is called
for each message that came back, `at` being `time.perf_counter()` as soon as it was there. `send` returns when the server
acknowledged the message, as far as the protocol has acknowledgments, and raises when it did not.
"""


class Adapter:
    """The base; see the module's text. `fanout` copies of each message are expected back."""

    protocol = "custom"
    persistent = False  # keeps its log, so an ordering audit replays it
    acknowledges = True  # send() returns only after the server's acknowledgment
    fanout = 1
    transactional = False  # ack(transact=True) commits effect and acknowledgment together
    cluster = ()  # the addresses of all nodes, the first being `address`
    dead_letter = False  # the audit sends poison: prepare() makes the dead-letter queue too
    keep = False  # close() leaves on the server what open() made, because a fault test opens it again
    looking = False  # a contract is recorded: open() makes nothing on the server, and what is received is taken from nobody

    def __init__(self, address, options, connections, name):
        self.address, self.options, self.connections, self.name = address, options, connections, name

    def named(self, *names):
        """One of these options, which whoever only looks must give: there is nothing of its own to look at."""
        if not any(self.options.get(n) for n in names):
            raise ValueError("give --option %s: what should be listened to?" % " or ".join("%s=NAME" % n for n in names))

    async def open(self, deliver):
        """Connect, make what is needed on the server, and begin to receive."""
        raise NotImplementedError("the adapter %s has no open()" % type(self).__name__)

    async def send(self, body, partition=0):
        """Send one message."""
        raise NotImplementedError("the adapter %s has no send()" % type(self).__name__)

    async def close(self):
        """Disconnect, and remove what `open` made."""
        raise NotImplementedError("the adapter %s has no close()" % type(self).__name__)

    async def server(self):
        """(name and version as the server says them, "real" or "mock")."""
        return type(self).__name__, "real"

    # -- only what some measures need -----------------------------------------------------------------------------

    async def prepare(self):
        """Delivery audit: make the stream or queue, before the worker starts. Nothing is received here."""
        raise NotImplementedError("the %s adapter has no delivery audit" % self.protocol)

    async def consume(self, group, member, handle):
        """Delivery audit, in the worker's process: `await handle(body, partition, ack, reject)` for each message, for ever.

        `reject` refuses a poison message as this broker's consumers do (to be delivered again, or dead); None without one.
        """
        raise NotImplementedError("the %s adapter has no worker side" % self.protocol)

    async def replay(self):
        """Ordering audit: [(body, partition)] of the whole log, from its start."""
        raise NotImplementedError("the %s adapter keeps no log" % self.protocol)

    async def windows(self, timeout):
        """Stream test: {(key, window start): count} as the processor under test gave them."""
        raise NotImplementedError("the %s adapter knows no windows; give an adapter of yours" % self.protocol)

    async def dead_letters(self):
        """Delivery audit: the bodies in the dead-letter queue."""
        raise NotImplementedError("the %s adapter reads no dead-letter queue" % self.protocol)

    async def leader(self):
        """Leader election: the name of the node that leads now."""
        raise NotImplementedError("the %s adapter knows no leader; give an adapter of yours" % self.protocol)
