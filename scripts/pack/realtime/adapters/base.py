"""What an adapter is. A user's own adapter (`module:Class` in rt.yaml) subclasses `Adapter`.

The probe calls `open(deliver)`, then `send(body)` once a message, then `close()`, also when `open` failed or was cancelled half way: nothing
that it began to open stays. `deliver(body, at, receiver)` is called
for each message that came back, `at` being `time.perf_counter()` as soon as it was there. `send` returns when the server
acknowledged the message, as far as the protocol has acknowledgments, and raises when it did not. Sends are begun when they are
due, however many are still unanswered: an adapter that lets one wait for another measures itself.

The built-in adapters have `post` instead, which only begins to send and says later how it ended: no task a message.
"""

import asyncio


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
    in_order = False  # the path promises an order, so the built-in worker takes one message at a time where redelivery would break it
    forget = False  # many messages: what was received may be removed from the server's log
    aside = 0  # connections of a broadcast that only send
    owned = 0  # connections that take turns to send, where what comes back belongs to the one that sent it, and `deliver` is told which one it was
    seen = None  # {address: connections that were there when it was open}, where that can be known
    payload = 64  # bytes of the messages to come
    redelivery_s = (1.0, 30.0)  # after a consumer's death its messages come again within: the built-in worker's, a worker's of the project

    def __init__(self, address, options, connections, name):
        self.address, self.options, self.connections, self.name = address, options, connections, name
        self.dead, self.closed, self.cut_off = None, [], asyncio.Event()
        self.set_aside = []  # stream test: numbers of the events that the processor handed out as too late, each time it did

    # -- what the probe's own part is, and what the system's ----------------------------------------------------------

    def died(self, error):
        """The probe's own receiver cannot go on: nothing that did not come is the system's fault."""
        text = " ".join(str(error).split())[:300]
        self.dead = self.dead or ("%s: %s" % (type(error).__name__, text) if text else type(error).__name__)

    def unable(self, reason):
        """The probe does not know how to speak with this system, so what does not come back is not the system's fault."""
        self.dead = self.dead or UNABLE + reason

    def speaks(self, first):
        """Messages were lost: what the first one that was none of the probe's tells of a protocol that the probe does not speak, as a reason, or None."""
        return None

    def ended(self, reason):
        """The server ended a connection, and said why."""
        self.closed.append(reason)
        self.cut_off.set()

    def receiving(self, coroutine):
        """Start a task that receives until it is cancelled; if it ends otherwise, it is told."""
        task = asyncio.ensure_future(coroutine)

        def over(task):
            if not task.cancelled() and task.exception() is not None:
                error = task.exception()
                if isinstance(error, (OSError, EOFError)) or type(error).__name__ in GONE:
                    self.ended("%s: %s" % (type(error).__name__, " ".join(str(error).split())[:200]))
                else:
                    self.died(error)

        task.add_done_callback(over)
        return task

    # -- sending ------------------------------------------------------------------------------------------------------

    @staticmethod
    async def awake(gate, taken, over, thread=None):
        """Slow consumer, where a client lives in a thread: it takes messages when `taken` is set, and ends when `over` is. Both are
        set when this is cancelled; `thread` is then waited for."""
        try:
            await gate.wait()
            taken.set()
            await asyncio.Event().wait()
        finally:
            over.set()
            taken.set()
            if thread is not None:
                await asyncio.get_running_loop().run_in_executor(None, thread.join, 5)

    def posting(self):
        """Does this adapter have a `post` that does what its `send` does?"""
        if "send" in vars(self):
            return False
        for cls in type(self).__mro__:
            if "send" in vars(cls) or "post" in vars(cls):
                return "post" in vars(cls)
        return False

    def post(self, body, partition, settled):
        """Begin to send; `settled(error or None)` is called once, when it ended. Nothing may wait here."""
        raise NotImplementedError("the adapter %s has no post()" % type(self).__name__)

    def flush(self):
        """Put on the wire what `post` has gathered."""

    async def posted(self, body, partition=0):
        """Send by `post` and wait for its end."""
        done = asyncio.get_running_loop().create_future()

        def settled(error):
            if not done.done():
                done.set_exception(error) if error is not None else done.set_result(None)

        self.post(body, partition, settled)
        self.flush()
        await done

    def named(self, *names):
        """One of these options, which whoever only looks must give: there is nothing of its own to look at."""
        if not any(self.options.get(n) for n in names):
            raise ValueError("give --option %s: what should be listened to?" % " or ".join("%s=NAME" % n for n in names))

    async def open(self, deliver):
        """Connect, make what is needed on the server, and begin to receive."""
        raise NotImplementedError("the adapter %s has no open()" % type(self).__name__)

    async def again(self):
        """Connect what the server has cut off once more, as an application does, and say how many connections that were. Where a client
        library does so by itself there is nothing to do."""
        return 0

    async def send(self, body, partition=0):
        """Send one message."""
        raise NotImplementedError("the adapter %s has no send()" % type(self).__name__)

    async def close(self):
        """Disconnect, and remove what `open` made."""
        raise NotImplementedError("the adapter %s has no close()" % type(self).__name__)

    async def server(self):
        """(name and version as the server says them, "real" or "mock")."""
        return type(self).__name__, "real"

    async def consumed(self):
        """Delivery audit: how many messages the server itself has handed to consumers, or None where it does not say."""
        return None

    async def isolates(self):
        """Exactly-once audit: does the server keep aborted transactions from whoever reads what is committed? None: no matter here."""
        return None

    async def written(self, name):
        """Delivery audit: the bodies in the topic or stream `name` of the same system, in its order: what the worker made of messages.
        Nothing that a transaction has taken back is among them."""
        raise NotImplementedError("the %s adapter reads no effects back; give a command" % self.protocol)

    async def explain(self):
        """Messages were lost: lines on what the server itself says of that, asked when all is over."""
        return []

    async def outstanding(self):
        """Delivery audit: how many messages the server may still hand to consumers, or None where it does not say."""
        return None

    # -- only what some measures need -----------------------------------------------------------------------------

    async def prepare(self):
        """Delivery audit: make the stream or queue, before the worker starts. Nothing is received here."""
        raise NotImplementedError("the %s adapter has no delivery audit" % self.protocol)

    async def consume(self, group, member, handle):
        """Delivery audit, in the worker's process: `await handle(body, partition, ack, reject)` for each message, for ever.

        `reject` refuses a poison message as this broker's consumers do (to be delivered again, or dead); None without one.
        """
        raise NotImplementedError("the %s adapter has no worker side" % self.protocol)

    async def sender(self):
        """Slow consumer: connect what sends; nothing is received here."""
        await self.prepare()

    async def laggard(self, deliver, gate, told):
        """Slow consumer: a coroutine that receives as an application's client does, but takes nothing before `gate` is set; what its
        library says meanwhile goes to the list `told`."""
        raise NotImplementedError("the %s adapter has no slow consumer" % self.protocol)

    async def replay(self):
        """Ordering audit: [(body, partition)] of the whole log, from its start."""
        raise NotImplementedError("the %s adapter keeps no log" % self.protocol)

    async def windows(self, timeout):
        """Stream test: {(key, window start): count} as the processor under test gave them; what it set aside goes into `set_aside`."""
        raise NotImplementedError("the %s adapter knows no windows; give an adapter of yours" % self.protocol)

    async def dead_letters(self):
        """Delivery audit: the bodies in the dead-letter queue."""
        raise NotImplementedError("the %s adapter reads no dead-letter queue" % self.protocol)

    async def leader(self):
        """Leader election: the name of the node that leads now."""
        raise NotImplementedError("the %s adapter knows no leader; give an adapter of yours" % self.protocol)


def aside(to_sender, mode, connections):
    """How many connections of a broadcast only send: 1 where the server leaves out whoever sent, else 0."""
    if to_sender or mode != "broadcast":
        return 0
    if connections < 2:
        raise ValueError("to_sender: false needs 2 connections or more: the first one sends, the others receive")
    return 1


UNABLE = "unable: "
# What client libraries raise when the server ends a connection.
GONE = ("ConnectionClosed", "ConnectionClosedError", "ConnectionClosedOK", "MqttError", "AMQPConnectionError", "ChannelClosed", "ConnectionError", "IncompleteReadError")  # fmt: skip
