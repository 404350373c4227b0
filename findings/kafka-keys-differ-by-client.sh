#!/bin/sh
# confluent-kafka 2.16.1 (librdkafka) and aiokafka 0.14.0, both with their defaults, the same topic of 4 partitions, the same keys: the same key goes to
# different partitions. librdkafka hashes with CRC32 (consistent_random), aiokafka, kafka-python and the Java client with murmur2. As soon as two programs of
# one system write with different libraries, messages of one key have no order, and nothing warns: every produce is acknowledged. With
# partitioner=murmur2_random librdkafka agrees with aiokafka. Seen for user-0 to user-11: 3 of 12 keys in the same partition by default, 12 of 12 with
# murmur2_random. A good guess was that the hash is a part of the protocol. The broker is librdkafka's own mock cluster on loopback, which stores and counts
# only. Installs both into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" confluent-kafka==2.16.1 aiokafka==0.14.0 2>/dev/null
cd "$home"
PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, sys
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

KEYS = ["user-%d" % number for number in range(12)]

def produced(producer):
    """The partition of each key."""
    where = {}
    for key in KEYS:
        producer.produce("t", b"x", key=key, on_delivery=lambda error, message: where.__setitem__(message.key().decode(), message.partition()))
    assert producer.flush(20) == 0
    return [where[key] for key in KEYS]

async def by_aiokafka(address):
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    try:
        return [(await producer.send_and_wait("t", b"x", key=key.encode())).partition for key in KEYS]
    finally:
        await producer.stop()

cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})
[broker] = cluster.list_topics(timeout=20).brokers.values()
address = "%s:%d" % (broker.host, broker.port)
default = produced(cluster)
other = asyncio.run(asyncio.wait_for(by_aiokafka(address), 30))
told = produced(Producer({"bootstrap.servers": address, "partitioner": "murmur2_random", "log_level": 0}))
print("confluent-kafka", default)
print("aiokafka       ", other)
print("murmur2_random ", told)
sys.exit(0 if default != other and told == other and max(other) == 3 else "changed")
'
