"""Kafka: idempotent producer with acks=all, a consumer in a thread.

options: topic (default: one of its own), partitions (default 1), replicas (default 1), session_ms (6000: how long the group of pack's own
worker waits for a member), config: {librdkafka property: value}. The address
`mock:N` starts librdkafka's own mock cluster of N brokers: its cluster id begins with `mockCluster`, evidence from it is
marked mock, and every gate refuses it. Whatever speaks the protocol is measured as what it is: an exactly-once audit first looks
whether the broker isolates transactions, and is INVALID where it does not. `pack rt` takes a cluster's address as
`bootstrap.servers`; give credentials as `config: {sasl.mechanism: ..., sasl.password: ...}`.
"""

import asyncio
import logging
import threading
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pack.realtime import managed
from pack.realtime.adapters.base import Adapter


SILENT = logging.getLogger("pack.kafka.silent")  # librdkafka writes to standard error what it also hands to `error_cb`
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
MOCK = "mockCluster"  # how the cluster id of librdkafka's mock begins
# librdkafka holds 100,000 messages by default: a second of the rate that is asked of Kafka, and then it refuses more
QUEUE = {"queue.buffering.max.messages": 1000000, "queue.buffering.max.kbytes": 1048576, "message.max.bytes": 17000000}


def flush(producer, seconds):
    """Wait for what is on its way. Of a producer with a fatal error confluent-kafka 2.16 raises that error here, or a SystemError that says
    nothing; it was told by `error_cb`, and nothing more will go out."""
    try:
        producer.flush(seconds)
    except (KafkaException, SystemError):
        pass


def _settle(settled):
    for tell, error in settled:
        tell(KafkaException(error) if error else None)


class Kafka(Adapter):
    """See the module's text."""

    protocol = "kafka"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.topic, self.partitions = options.get("topic", name), int(options.get("partitions", 1))
        self.own = "topic" not in options
        self.producer = self.consumer = None
        self.mock = False
        self.threads, self.stop, self.settled, self.loop, self.told = [], threading.Event(), [], None, set()
        self.servers = None if address.startswith("mock:") else address
        self.session_ms = int(options.get("session_ms", 6000))
        # a session must end before another member gets the partition, and a coordinator may wait 3 s more for who else joins
        self.redelivery_s = (self.session_ms / 1e3 + 3.0, 45.0)

    def _config(self, **more):
        return dict(self.options.get("config", {}), **dict({"bootstrap.servers": self.servers or "", "log_level": 2}, **more))

    async def prepare(self):
        self.loop = asyncio.get_running_loop()
        more = {} if self.servers else {"test.mock.num.brokers": int(self.address.split(":")[1] or 1)}
        more.update(
            {k: v for k, v in dict(QUEUE, **{"linger.ms": 5 if self.forget else 0}).items() if k not in self.options.get("config", {})}
        )
        self.producer = Producer(
            self._config(**dict(more, **{"enable.idempotence": True, "acks": "all", "error_cb": self._trouble})), logger=SILENT
        )
        try:
            meta = await self.loop.run_in_executor(None, lambda: self.producer.list_topics(timeout=10))
        except KafkaException as error:  # the same one whatever went wrong
            if self.servers and managed.answers(self.servers.split(",")[0]):
                raise RuntimeError(
                    "%s takes the connection and gives no metadata: it asks for TLS or for a login, or for none (`config: {security.protocol: ...}`), "
                    "or it does not speak Kafka's protocol (%s)" % (self.servers, error.args[0].str())
                )
            raise
        self.cluster, self.brokers = meta.cluster_id or "?", sorted(meta.brokers.values(), key=lambda b: b.id)
        self.mock = self.cluster.startswith(MOCK)
        if not self.servers:
            self.servers = ",".join("%s:%d" % (b.host, b.port) for b in self.brokers)
        if self.own and not self.looking and not self.mock:  # the mock makes a topic when it is first asked for it
            admin = AdminClient(self._config())
            for future in admin.create_topics([NewTopic(self.topic, self.partitions, int(self.options.get("replicas", 1)))]).values():
                try:
                    future.result(10)
                except KafkaException as error:
                    if "ALREADY_EXISTS" not in str(error):
                        raise
        self._thread(self._pump)

    def _trouble(self, error):
        """What librdkafka says of brokers and connections, from a thread of ours: each kind once."""
        if not self.stop.is_set() and error.name() not in self.told:
            self.told.add(error.name())
            self.loop.call_soon_threadsafe(self.ended, "librdkafka says %s: %s" % (error.name(), error.str()))

    def _thread(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _pump(self):
        """Hears what became of messages, and tells the loop of all that were settled in one go."""
        while not self.stop.is_set():
            try:
                self.producer.poll(0.005)
            except KafkaException as error:  # fatal: an idempotent producer cannot go on; what is sent now is refused, one by one
                self._trouble(error.args[0])
                time.sleep(0.05)
            if self.settled:
                settled, self.settled = self.settled, []
                self.loop.call_soon_threadsafe(_settle, settled)

    async def open(self, deliver):
        if self.looking:
            self.named("topic")
        await self.prepare()
        meta = self.producer.list_topics(self.topic, timeout=10)
        if self.looking:  # an application's topic has as many partitions as it has, and its traffic may be in any of them
            self.partitions = max(1, len(meta.topics[self.topic].partitions))
        self.consumer = Consumer(
            self._config(**{"group.id": self.name, "enable.auto.commit": False, "fetch.wait.max.ms": 10, "error_cb": self._trouble})
        )
        ends = [
            TopicPartition(self.topic, p, self.consumer.get_watermark_offsets(TopicPartition(self.topic, p), timeout=10)[1])
            for p in range(self.partitions)
        ]
        self.consumer.assign(ends)
        self._thread(self._receive, deliver)

    def _receive(self, deliver):
        """What has come since the last look goes to the loop in one go, with the time at which it was seen."""
        while not self.stop.is_set():
            message = self.consumer.poll(0.05)
            if message is None:
                continue
            some, at = [message] + self.consumer.consume(1000, 0), time.perf_counter()
            self.loop.call_soon_threadsafe(self._hand, deliver, some, at)

    def _hand(self, deliver, some, at):
        for message in some:
            if not message.error():
                deliver(message.value(), at, 0)
            elif message.error().fatal():
                self.died(KafkaException(message.error()))
            else:
                self._trouble(message.error())

    async def laggard(self, deliver, gate, told):
        """As an application does it with confluent-kafka: a member of a group that does not poll. librdkafka fetches ahead meanwhile, and
        takes the member out of its group after max.poll.interval.ms. Where the log is cut before the member reads it, its offset is reset."""
        client = Consumer(
            self._config(
                **{"auto.offset.reset": "earliest", "group.id": self.name + "-slow", "error_cb": lambda error: told.append(error.str())}
            )
        )
        meant, taken, over = threading.Event(), threading.Event(), threading.Event()
        client.subscribe([self.topic], on_assign=lambda client, parts: meant.set())

        def listen():
            try:
                while not meant.is_set() and not over.is_set():
                    client.poll(0.1)
                taken.wait()
                while not over.is_set():
                    message = client.poll(0.1)
                    if message is None:
                        continue
                    if message.error():
                        told.append("librdkafka says %s: %s" % (message.error().name(), message.error().str()))
                    else:
                        self.loop.call_soon_threadsafe(deliver, message.value(), time.perf_counter(), 0)
            finally:
                client.close()

        self._thread(listen)
        if not await self.loop.run_in_executor(None, meant.wait, 30):
            over.set()
            taken.set()
            raise RuntimeError("the group gave its only member no partition within 30 s")

        return self.awake(gate, taken, over)

    def post(self, body, partition, settled):
        def delivered(error, message):  # in the pump's thread
            self.settled.append((settled, error))

        try:
            self.producer.produce(self.topic, body, partition=partition % self.partitions, on_delivery=delivered)
        except (BufferError, KafkaException) as error:  # the library's own queue is full: its limit, and told
            settled(error)

    async def send(self, body, partition=0):
        await self.posted(body, partition)

    async def server(self):
        # whatever speaks the protocol; its name is what it says of itself
        what = "Tansu" if self.cluster.startswith("tansu") else "librdkafka's mock" if self.cluster.startswith(MOCK) else "broker"
        reality = "mock" if self.cluster.startswith(MOCK) else "real"
        return "Kafka-protocol %s, cluster %s, %d broker(s)" % (what, self.cluster, len(self.brokers)), reality

    async def close(self):
        self.stop.set()
        for thread in self.threads:
            await asyncio.get_running_loop().run_in_executor(None, thread.join, 5)
        if self.consumer:
            self.consumer.close()
        if self.producer:
            flush(self.producer, 5)
        self.producer = self.consumer = None

    async def isolates(self):
        """Does a consumer that reads what is committed get no message of a transaction that was aborted? (Kafka does that; not whatever
        speaks its protocol does.) None where transactions cannot be had at all."""
        return await self.loop.run_in_executor(None, self._isolates)

    def _isolates(self):
        topic, who = self.topic + "-isolation", "%s-isolation" % self.name
        try:
            admin = AdminClient(self._config())
            if not self.mock:
                for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
                    future.result(10)
            producer = Producer(self._config(**{"transactional.id": who}))
            producer.init_transactions(10)
            producer.begin_transaction()
            producer.produce(topic, b"aborted", partition=0)
            producer.flush(10)
            producer.abort_transaction(10)
            producer.begin_transaction()
            producer.produce(topic, b"committed", partition=0)
            producer.commit_transaction(10)
        except KafkaException:
            return None
        consumer = Consumer(self._config(**{"group.id": who, "isolation.level": "read_committed", "enable.auto.commit": False}))
        seen = []
        try:
            consumer.assign([TopicPartition(topic, 0, 0)])
            until = time.monotonic() + 10
            while b"committed" not in seen and time.monotonic() < until:
                message = consumer.poll(0.2)
                if message is not None and not message.error():
                    seen.append(message.value())
        finally:
            consumer.close()
            if not self.mock:
                admin.delete_topics([topic])
        return b"committed" in seen and b"aborted" not in seen

    async def replay(self):
        log = await self.loop.run_in_executor(None, self._log, self.topic)
        return [(body, "" if self.partitions == 1 else str(partition)) for body, partition in log]

    async def written(self, name):
        return [body for body, _ in await self.loop.run_in_executor(None, self._log, name)]

    def _log(self, topic):
        """[(body, partition)] of all that is committed in a topic."""
        consumer = Consumer(
            self._config(**{"group.id": self.name + "-replay", "enable.auto.commit": False, "enable.partition.eof": True, "isolation.level": "read_committed"})
        )  # fmt: skip
        try:
            partitions = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
            consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
            found, open_, until = [], set(partitions), time.monotonic() + 20
            while open_ and time.monotonic() < until:
                message = consumer.poll(0.5)
                if message is None:
                    continue
                if not message.error():
                    found.append((message.value(), message.partition()))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    open_.discard(message.partition())
            return found
        finally:
            consumer.close()

    async def consume(self, group, member, handle):
        consumer = Consumer(
            self._config(
                **{
                    "group.id": group,
                    "enable.auto.commit": False,
                    "auto.offset.reset": "earliest",
                    "session.timeout.ms": self.session_ms,
                    "heartbeat.interval.ms": min(3000, self.session_ms // 3),  # by a heartbeat a member learns that another is gone
                }
            )
        )
        consumer.subscribe([self.topic])
        loop = asyncio.get_running_loop()
        while True:
            message = await loop.run_in_executor(None, consumer.poll, 0.2)
            if message is None or message.error():
                continue

            async def ack(message=message):
                await loop.run_in_executor(None, lambda: consumer.commit(message=message, asynchronous=False))

            await handle(message.value(), "" if self.partitions == 1 else str(message.partition()), ack)
