"""A Kafka cluster of the user's own, looked at from the outside: who leads, which replicas are in sync, whether transactions are isolated,
how long a group needs when a member dies, and what becomes of acknowledged messages when the leader is killed by a command of the
user's. What the cluster is it says itself: a mock is named as one, and nothing here calls itself Kafka.
"""

import os
import time

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from pack.realtime import adapters, bodies, failover, judge_failover, managed, probe
from pack.realtime.adapters import kafka

REBALANCE_S = 10.0  # the seed's limit, section 10.6
BACK_S = 60.0  # for the first acknowledgment after the kill
IN_SYNC_S = 120.0  # for the replicas, after the restore command
GAP_S = 0.005  # between two messages while the leader dies
# Properties of an application's client that the checks cannot have: an idempotent producer is refused with some of their values, and one with
# transactions sends nothing outside of one (librdkafka's CONFIGURATION.md).
NOT_OURS = (
    "transactional.id",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "retries",
    "message.send.max.retries",
    "queuing.strategy",
)


class Cluster:
    """One look at a cluster. Each check answers (lines, problems)."""

    def __init__(self, servers, config, replicas=3, partitions=3, session_ms=6000, messages=200):
        self.servers, self.replicas, self.partitions = servers, replicas, partitions
        self.config, self.left_out = {k: v for k, v in config.items() if k not in NOT_OURS}, sorted(set(config) & set(NOT_OURS))
        self.session_ms, self.messages, self.topic = session_ms, messages, "pack-%s" % os.urandom(4).hex()
        try:
            self.admin = AdminClient(self._config())
        except KafkaException as error:
            raise managed.ServerError("librdkafka refuses the configuration: %s" % error.args[0].str())
        meta = self.admin.list_topics(timeout=15)
        self.cluster, self.brokers = meta.cluster_id or "?", meta.brokers
        self.mock, self.made = self.cluster.startswith(kafka.MOCK), False

    def _config(self, **more):
        return dict(self.config, **dict({"bootstrap.servers": self.servers, "log_level": 2}, **more))

    def _partitions(self):
        return self.admin.list_topics(self.topic, timeout=10).topics[self.topic].partitions

    def log(self):
        """All bodies in partition 0 of the topic."""
        made = adapters.make(dict(self._path(), options={"config": self.config, "topic": self.topic}), self.topic)
        return [body for body, partition in made._log(self.topic) if partition == 0]

    def close(self):
        """Remove the topic."""
        if self.made:
            for future in self.admin.delete_topics([self.topic]).values():
                try:
                    future.result(10)
                except KafkaException:
                    pass  # the cluster is gone, or forbids it: the name says whose it was
            self.made = False

    # -- the checks ----------------------------------------------------------------------------------------------------

    def nodes(self):
        """Who is there, and a topic of its own with its replicas."""
        named = ", ".join("%d at %s:%d" % (b.id, b.host, b.port) for _, b in sorted(self.brokers.items()))
        what = "librdkafka's mock: nothing here is evidence of a cluster" if self.mock else "cluster %s" % self.cluster
        lines, wrong = ["%s, %d broker(s): %s" % (what, len(self.brokers), named)], []
        if self.left_out:
            lines.append("left out of the configuration, for the checks send by an idempotent producer: %s" % ", ".join(self.left_out))
        replicas = min(self.replicas, len(self.brokers))
        if replicas < self.replicas:
            lines.append("%d replicas asked, %d broker(s): a topic with %d" % (self.replicas, len(self.brokers), replicas))
        if not self.mock:  # the mock makes a topic when it is first asked for it
            least = {"min.insync.replicas": str(min(2, replicas))}
            self.admin.create_topics([NewTopic(self.topic, self.partitions, replicas, config=least)])[self.topic].result(20)
            self.made = True
        until = time.monotonic() + 20
        while True:
            found = self._partitions()
            if (found and all(p.leader >= 0 and len(p.isrs) == len(p.replicas) for p in found.values())) or time.monotonic() > until:
                break
            time.sleep(0.2)
        for number, part in sorted(found.items()):
            lines.append("partition %d: leader %d, replicas %s, in sync %s" % (number, part.leader, part.replicas, part.isrs))
            if len(part.isrs) < len(part.replicas) or part.leader < 0:
                wrong.append("partition %d has %d of %d replicas in sync" % (number, len(part.isrs), len(part.replicas)))
            if len(part.replicas) != replicas and not self.mock:
                wrong.append("partition %d has %d replicas, %d were asked" % (number, len(part.replicas), replicas))
        return lines, wrong

    def isolation(self):
        """Is a message of an aborted transaction kept from whoever reads what is committed?"""
        made = adapters.make(self._path(), self.topic + "-t")

        async def main(stop):
            await made.prepare()
            try:
                return await made.isolates()
            finally:
                await made.close()

        seen = probe.run(main)
        if seen is None:
            return ["transactions: not to be had here, so nothing is said of exactly-once"], []
        if seen:
            return ["transactions: an aborted message is kept from who reads what is committed"], []
        return [], ["transactions are not isolated: an aborted message was handed to who reads what is committed"]

    def _path(self):
        options = {"config": self.config, "replicas": min(self.replicas, len(self.brokers))}
        return {
            "id": "cluster", "adapter": "kafka", "address": self.servers, "rate": 100, "messages": self.messages, "options": options,
            "guarantee": "at-least-once", "worker": "builtin:effect-then-ack",
        }  # fmt: skip

    def rebalance(self):
        """A member of a group is killed while it holds a message; the other must take it over."""
        path = self._path()
        path["options"]["session_ms"] = self.session_ms
        events, _, more, partial, _ = failover.rebalance(path, self.topic + "-g", ".")
        took = judge_failover.failover_value(events)
        if not any(event["what"] == "fault" for event in events):
            return [], ["no member of a group was given enough messages to be killed over one (session %g s)" % (self.session_ms / 1e3)]
        if took is None or partial:
            return [], ["the group did not hand the dead member's message on"]
        lines = [
            "a dead member's message came to the other after %.2f s (session %g s), %d lost" % (took, self.session_ms / 1e3, more["lost"])
        ]
        wrong = ["the rebalance took %.2f s, the limit is %g s" % (took, REBALANCE_S)] if took >= REBALANCE_S else []
        return lines, wrong + (["%d acknowledged messages never came to a member" % more["lost"]] if more["lost"] else [])

    def leader_kill(self, kill, restore=None):
        """Kill the leader of partition 0 under load."""
        trial = Trial(self, kill)
        lines, wrong = trial.run()
        if restore:
            lines = lines + self._restored(restore, wrong)
        return lines, wrong

    def _restored(self, restore, wrong):
        managed.ran("restore", restore)
        began, part = time.monotonic(), None
        while time.monotonic() - began < IN_SYNC_S:
            part = self._partitions().get(0)
            if part is not None and len(part.isrs) == len(part.replicas):
                return ["all %d replicas are in sync %.1f s after the restore command" % (len(part.replicas), time.monotonic() - began)]
            time.sleep(0.2)
        wrong.append("%s of the replicas are in sync %g s after the restore command" % (len(part.isrs) if part else "none", IN_SYNC_S))
        return []


class Trial:
    """One kill of the leader of partition 0, under messages with acks=all from an idempotent producer."""

    def __init__(self, cluster, kill):
        self.cluster, self.kill, self.token = cluster, kill, os.urandom(4).hex().encode()
        self.acked, self.refused, self.sent = {}, {}, {}  # number -> when
        self.over = None  # why the library's producer can send nothing more
        more = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "message.timeout.ms": int(BACK_S * 1000),
            "error_cb": self._trouble,
        }
        self.producer = Producer(cluster._config(**more), logger=kafka.SILENT)

    def _trouble(self, error):
        """An idempotent producer may come to its end: it would have to risk the order, or a duplicate."""
        self.over = self.over or (error.str() if error.fatal() else None)

    def _post(self, number):
        def ended(error, message):
            if error is None:
                self.acked[number] = time.monotonic()
            else:
                self.refused[number] = error.str()

        self.sent[number] = time.monotonic()
        try:
            self.producer.produce(self.cluster.topic, bodies.make_body(self.token, number, 64), partition=0, on_delivery=ended)
            self.producer.poll(GAP_S)  # raises what is fatal, too
        except KafkaException as error:
            self.refused[number] = error.args[0].str()
            self._trouble(error.args[0])
            time.sleep(GAP_S)

    def run(self):
        """(lines, problems)."""
        part, number = self.cluster._partitions()[0], 0
        leader = self.cluster.brokers[part.leader]
        while number < self.cluster.messages:
            self._post(number)
            number += 1
        kafka.flush(self.producer, BACK_S)
        before = len(self.acked)
        if before < number:
            return [], ["only %d of %d messages were acknowledged before anything was killed" % (before, number)]
        fault = time.monotonic()
        command = self.kill
        for name, value in (("{id}", leader.id), ("{host}", leader.host), ("{port}", leader.port), ("{topic}", self.cluster.topic)):
            command = command.replace(name, str(value))
        killing = managed.Away(managed.ran, "kill", command)
        elected, look = None, fault
        while time.monotonic() - fault < BACK_S and not self._back(killing) and not self.over:
            self._post(number)
            number += 1
            if elected is None and time.monotonic() - look > 0.2:
                elected, look = self._other(leader.id), time.monotonic()
        killing.result(BACK_S)
        down = getattr(killing, "ended", fault)
        for more in range(number, number + 100):  # some more under the new leader
            self._post(more)
        kafka.flush(self.producer, BACK_S if self.over is None else 1)
        return self._told(leader, elected or self._other(leader.id), fault, down, before)

    def _back(self, killing):
        """Was a message acknowledged that was sent after the leader was down?"""
        return killing.done() and any(self.sent[n] > killing.ended for n in list(self.acked)[-20:])

    def _other(self, old):
        """(another leader's id, when it was seen), or None."""
        try:
            leader = self.cluster.admin.list_topics(self.cluster.topic, timeout=2).topics[self.cluster.topic].partitions[0].leader
        except (KafkaException, KeyError):
            return None  # whom it asked is the one that was killed
        return (leader, time.monotonic()) if leader not in (old, -1) else None

    def _told(self, leader, elected, fault, down, before):
        back = [at for n, at in self.acked.items() if self.sent[n] > down]
        lines = ["killed the leader, broker %d at %s:%d, with %d messages acknowledged" % (leader.id, leader.host, leader.port, before)]
        wrong = []
        if elected:
            lines.append("broker %d leads instead, seen %.2f s after the kill began" % (elected[0], elected[1] - fault))
        else:
            wrong.append("no other broker was elected leader")
        if not back:
            why = self.over or (list(self.refused.values())[-1] if self.refused else "no answer within %g s" % BACK_S)
            wrong.append("nothing was acknowledged any more after the kill: %s" % why)
        else:
            lines.append("the first acknowledgment of a message sent after that came %.2f s after the kill began" % (min(back) - fault))
        return self._read_back(lines, wrong)

    def _read_back(self, lines, wrong):
        log = self.cluster.log()
        numbers = [n for n in (bodies.number_of(body, self.token) for body in log) if n is not None]
        lost, twice = sorted(set(self.acked) - set(numbers)), len(numbers) - len(set(numbers))
        lines.append("%d acknowledged, %d refused; read back: lost %d, twice %d" % (len(self.acked), len(self.refused), len(lost), twice))
        if lost:
            wrong.append("%d acknowledged messages are gone (the first is number %d)" % (len(lost), lost[0]))
        if twice:
            wrong.append("%d messages are there twice, from an idempotent producer" % twice)
        firsts = list(dict.fromkeys(numbers))
        if firsts != sorted(firsts):
            wrong.append("the order of the partition is not that in which it was sent")
        return lines, wrong
