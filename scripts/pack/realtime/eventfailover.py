"""An event store whose leader is killed: what became of every event that it had acknowledged, on the standby that was promoted.

The leader is killed by a command of the user's in mid-append. Then the standby is promoted, by a command or by `pg_promote()`, and the
writer does what an application does: it connects there, reads how far its aggregates are, appends what got no answer once more with the
version that it expected, and goes on. A follower reads the log of the old leader meanwhile: after an asynchronous failover it may know
positions that the new leader gives again to other events, and would never see those.
"""

import threading
import time
import uuid

from pack.realtime import eventstore, managed

ANSWER_S = 10.0  # for one append; a leader that hangs has not acknowledged it
DOWN_S = 30.0  # after the kill command, until the leader acknowledges nothing any more
PROMOTED_S = 60.0
LOOK_S = 0.02  # between two looks of the follower


class FailoverError(RuntimeError):
    """The failover could not be made; the message names what went wrong."""


class Failover:
    """One failover. `measure()` makes it and answers what `lines` shows."""

    def __init__(self, leader, standby, name, kill, promote=None, events=1000, aggregates=20):
        self.addresses, self.name, self.kill, self.promote, self.events = (leader, standby), name, kill, promote, events
        self.who = [uuid.uuid4() for _ in range(aggregates)]
        self.versions = dict.fromkeys(self.who, 0)
        self.acked, self.unanswered, self.before = {}, {}, None  # number -> (aggregate, version)
        self.seen, self.over = 0, threading.Event()  # the newest position that the follower was given

    def _append(self, store, number, alive=lambda: True):
        """True: acknowledged; False: the version was taken; None: no answer, so nobody knows. `alive` says whether to wait on: the
        library tries for a long time to reach a server that is gone."""
        who, version = self._place(number)
        asked, until = managed.Away(store.append, [(who, version, b"event %d" % number)]), time.perf_counter() + ANSWER_S
        while not asked.done() and time.perf_counter() < until and alive():
            asked.thread.join(0.1)
        try:
            good = asked.result()
        except Exception:
            self.unanswered[number] = (who, version)
            return None
        if good:
            self.acked[number] = (who, version)
            self.versions[who] = version
        return good

    def _follow(self, store):
        """What a projection somewhere else has seen of the old leader's log."""
        while not self.over.is_set():
            try:
                for page in store.pages(self.seen):
                    self.seen = page[-1].id
            except Exception:
                return  # its leader is gone
            self.over.wait(LOOK_S)

    def _until_it_dies(self, store):
        """Append until the leader answers no more; the number of the first event that is still to come."""
        number, killing, killed_at = 0, None, None
        while True:
            if number == self.events // 2:
                self.started = time.perf_counter()
                killing = managed.Away(managed.ran, "kill", self.kill)
            if killing is not None and killing.done():
                killing.result()
                killed_at = killed_at or time.perf_counter()
                if time.perf_counter() - killed_at > DOWN_S:
                    raise FailoverError("the leader still acknowledges events %g s after the kill command ended" % DOWN_S)
            answer = self._append(store, number, lambda: killing is None or not killing.done() or managed.answers(self.addresses[0]))
            if not answer and killing is None:
                raise FailoverError("the leader did not take an append that nobody competed with, before it was killed")
            if not answer:  # refused: it had been appended when its answer was lost, and the library asked once more
                self.unanswered.setdefault(number, self._place(number))
                killing.result(DOWN_S)
                return number + 1
            number += 1

    def _place(self, number):
        """The aggregate of an event, and the version that it should have."""
        who = self.who[number % len(self.who)]
        return who, self.versions[who] + 1

    def _promoted(self):
        """The store on the standby, once it takes events."""
        if self.promote:
            managed.ran("promote", self.promote)
        until, wrong, asked = time.perf_counter() + PROMOTED_S, "it is still in recovery", bool(self.promote)
        while time.perf_counter() < until:
            store = None
            try:
                store = eventstore.Store(self.addresses[1], self.name, 3)
                if not store._run("SELECT pg_is_in_recovery() AS it")[0]["it"]:
                    return store
                if not asked:
                    store._run("SELECT pg_promote(false)")
                    asked = True
            except Exception as error:
                wrong = " ".join(str(error).split())[:200]
            if store is not None:
                store.close()
            time.sleep(0.1)
        raise FailoverError("the standby took no events within %g s: %s" % (PROMOTED_S, wrong))

    def _once_more(self, store):
        """Go on where the new leader is: its versions count, and what got no answer is sent again with the version it had."""
        found = store.streamed(self.who)
        self.versions = {who: found[who][0] if who in found else 0 for who in self.who}
        kept, again, self.unanswered = 0, self.unanswered, {}
        for number, (who, version) in sorted(again.items()):
            if self.versions[who] >= version:
                kept += 1  # it had been appended; with the version expected, sending it again is refused
                if store.append([(who, version, b"event %d" % number)]):
                    raise FailoverError("the new leader took version %d of an aggregate twice" % version)
            elif self._append(store, number) is None:
                raise FailoverError("the new leader did not answer")
        return kept, len(again)

    def _old_leader(self):
        """Does the old leader still take events?"""
        try:
            store = managed.Away(eventstore.Store, self.addresses[0], self.name, 1).result(5)
            return managed.Away(store.append, [(uuid.uuid4(), 1, b"of nobody")]).result(5)
        except Exception:
            return False

    def measure(self):
        """Make it."""
        leader, promoted = eventstore.Store(self.addresses[0], self.name, 4), None
        leader.make()
        try:
            server, how = leader.version(), replication(leader)
            following = threading.Thread(target=self._follow, args=(leader,), daemon=True)
            following.start()
            number = self._until_it_dies(leader)
            before, passed = dict(self.acked), self.seen
            promoted = self._promoted()
            kept, unanswered = self._once_more(promoted)
            took = None
            while number < self.events or took is None:
                if not self._append(promoted, number):
                    raise FailoverError("the new leader did not take an append that nobody competed with")
                took = took or time.perf_counter() - self.started
                number += 1
            return dict(
                self._compared(promoted, before, passed),
                server=server, how=how, took=took, kept=kept, unanswered=unanswered, two=self._old_leader(),
            )  # fmt: skip
        finally:
            self.over.set()
            for store in (leader, promoted):
                if store is not None:
                    self._forget(store)

    @staticmethod
    def _forget(store):
        """Remove what was made, where that can be; the pool of a server that is gone would wait for it."""
        try:
            managed.Away(store.drop).result(ANSWER_S / 2)
        except Exception:
            pass
        managed.Away(store.close)

    def _compared(self, store, before, passed):
        """What the new leader's log says of all that was acknowledged."""
        there, late, whole = {}, 0, True
        for page in store.pages():
            for event in page:
                number = int(bytes(event.state).split()[1])
                there.setdefault(number, []).append((event.originator_id, event.originator_version))
                late += number not in before and number in self.acked and event.id <= passed
        try:
            whole = store.replayed() == store.streamed(self.who)
        except ValueError:
            whole = False
        return {
            "before": len(before),
            "lost": sorted(n for n, where in before.items() if where not in there.get(n, [])),
            "lost_after": sorted(n for n in self.acked if n not in before and n not in there),
            "twice": sorted(n for n, places in there.items() if len(places) > 1),
            "acked": len(self.acked),
            "passed": passed,
            "hidden": late,
            "whole": whole,
        }


def replication(store):
    """How the leader's standbys follow it, as the leader says it."""
    commit = list(store._run("SHOW synchronous_commit")[0].values())[0]
    states = [row["sync_state"] for row in store._run("SELECT sync_state FROM pg_stat_replication")]
    if not states:
        return "no standby follows the leader"
    if None in states:
        return "how the standby follows is not shown to this user (pg_monitor may see it)"
    synchronous = [s for s in states if s in ("sync", "quorum")]
    if synchronous and commit in ("on", "remote_apply", "remote_write"):
        return "synchronous: the standby is %s, synchronous_commit %s" % (synchronous[0], commit)
    return "asynchronous: the standby is %s, synchronous_commit %s" % (states[0], commit)


def problems(seen):
    """What does not hold, as lines."""
    found = []
    if seen["lost"]:
        found.append("%d of %d acknowledged events are gone (the first is event %d)" % (len(seen["lost"]), seen["before"], seen["lost"][0]))
    if seen["lost_after"]:
        found.append("%d events that the new leader acknowledged are gone" % len(seen["lost_after"]))
    if seen["twice"]:
        found.append("%d events are there more than once" % len(seen["twice"]))
    if seen["hidden"]:
        found.append(
            "%d events of the new leader have positions up to %d, which a follower of the old one had passed: going on from there it never "
            "sees them" % (seen["hidden"], seen["passed"])
        )
    if not seen["whole"]:
        found.append("the log of the new leader does not give the state of its aggregates")
    if seen["two"]:
        found.append("the old leader still takes events: there are two")
    return found


def lines(seen):
    """What was seen, as lines."""
    return [
        "%s: %s" % (seen["server"], seen["how"]),
        "killed with %d events acknowledged; the first append on the promoted standby was acknowledged %.2f s after the kill began" % (seen["before"], seen["took"]),
        "lost %d, twice %d; of %d that got no answer %d had been kept, and sending them again was refused by their version"
        % (len(seen["lost"]), len(seen["twice"]), seen["unanswered"], seen["kept"]),
    ]  # fmt: skip
