"""An event store: PostgreSQL through the `eventsourcing` library, which owns its tables, versions, positions and notifications.

What a store of events must hold, each seen on the real server: an append with an expected version that somebody else took is refused,
replay gives the identical state twice, a snapshot and the events behind it give it too, a projection that is rebuilt is the one that
was kept, and how far the projection is behind. The state of an aggregate is a chain of digests of its events, so order counts.
"""

import hashlib
import threading
import time
import uuid
from urllib.parse import unquote, urlsplit

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

TOPIC = "pack:Event"
PAGE = 1000


class Store:
    """One table of events of its own."""

    def __init__(self, address, name, pool=4):
        url = urlsplit(address)
        self.table = "".join(c if c.isalnum() else "_" for c in name.lower())[-40:]
        self.data = PostgresDatastore(
            dbname=url.path.lstrip("/") or "postgres",
            host=url.hostname or "127.0.0.1",
            port=url.port or 5432,
            user=unquote(url.username or "postgres"),
            password=unquote(url.password or ""),
            pool_size=pool,  # no pool_open_timeout: with it the library waits at every use until all of them are idle
            max_overflow=2,
            max_waiting=1000,
        )
        self.recorder = PostgresApplicationRecorder(self.data, events_table_name=self.table)
        self.hole = None  # hole(text): what the projection does about a version that is not there; None: it ends

    def make(self):
        """Make the tables; all connections are there afterwards."""
        self.recorder.create_table()
        self.data.pool.wait(10)
        self._run("CREATE TABLE IF NOT EXISTS %s_view (who uuid PRIMARY KEY, version bigint NOT NULL, state text NOT NULL)" % self.table)
        self._run(
            "CREATE TABLE IF NOT EXISTS %s_at (one boolean PRIMARY KEY DEFAULT true CHECK (one), position bigint NOT NULL)" % self.table
        )
        self._run("INSERT INTO %s_at (position) VALUES (0) ON CONFLICT DO NOTHING" % self.table)

    def drop(self):
        """Remove the tables."""
        for table in (self.table, self.table + "_view", self.table + "_at"):
            self._run("DROP TABLE IF EXISTS %s" % table)

    def close(self):
        """Disconnect."""
        self.data.close()

    def _run(self, text, *arguments):
        with self.data.transaction(commit=True) as cursor:
            cursor.execute(text, arguments)
            return cursor.fetchall() if cursor.description else []

    def version(self):
        """What the server says that it is."""
        return "PostgreSQL %s, eventsourcing" % list(self._run("SHOW server_version")[0].values())[0].split()[0]

    def append(self, events):
        """[(aggregate, version, bytes)] in one transaction; False if a version was taken."""
        try:
            self.recorder.insert_events([StoredEvent(who, version, TOPIC, raw) for who, version, raw in events])
            return True
        except IntegrityError:
            return False

    def pages(self, after=0):
        """The log in its order, as pages of notifications."""
        while True:
            page = self.recorder.select_notifications(start=after, limit=PAGE, inclusive_of_start=False)
            if not page:
                return
            yield page
            after = page[-1].id

    def replayed(self):
        """{aggregate: (version, state)} by reading the whole log."""
        states = {}
        for page in self.pages():
            for event in page:
                states[event.originator_id] = fold(states.get(event.originator_id), event)
        return states

    def streamed(self, aggregates, snapshots=None):
        """The same by reading each aggregate's own events, behind its snapshot where there is one."""
        states = {}
        for who in aggregates:
            state = (snapshots or {}).get(who)
            for event in self.recorder.select_events(who, gt=state[0] if state else None):
                state = fold(state, event)
            if state:
                states[who] = state
        return states

    # -- the projection -------------------------------------------------------------------------------------------------

    def project(self, events):
        """Take these notifications into the projection and move its position, in one transaction."""
        states = {row["who"]: (row["version"], row["state"]) for row in self._run("SELECT * FROM %s_view WHERE who = ANY(%%s)" % self.table, [e.originator_id for e in events])}  # fmt: skip
        for event in events:
            states[event.originator_id] = self._next(states.get(event.originator_id), event)
        touched = {e.originator_id for e in events}
        text = "INSERT INTO %s_view VALUES (%%s, %%s, %%s) ON CONFLICT (who) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state" % self.table  # fmt: skip
        with self.data.transaction(commit=True) as cursor:
            for who in touched:
                cursor.execute(text, (who, *states[who]))
            cursor.execute("UPDATE %s_at SET position = %%s" % self.table, (events[-1].id,))

    def _next(self, state, event):
        try:
            return fold(state, event)
        except ValueError as error:
            if self.hole is None:
                raise
            self.hole(str(error))
            return event.originator_version, (state or (0, ""))[1]

    def view(self):
        """{aggregate: (version, state)} of the projection."""
        return {row["who"]: (row["version"], row["state"]) for row in self._run("SELECT * FROM %s_view" % self.table)}

    def position(self):
        """How far the projection is."""
        return self._run("SELECT position FROM %s_at" % self.table)[0]["position"]

    def rebuild(self):
        """Throw the projection away and make it again from the whole log; the seconds it took."""
        began = time.perf_counter()
        self._run("TRUNCATE %s_view" % self.table)
        self._run("UPDATE %s_at SET position = 0" % self.table)
        for page in self.pages():
            self.project(page)
        return time.perf_counter() - began

    def follow(self, stop, took, told=None):
        """Keep the projection up with the log until `stop` is set; `took(event, at)` for each event when it is committed there. `told`: the
        last event of which that was said before the connection broke; what the projection took after it is made good."""
        after = self.position()
        for page in self.pages(told) if told is not None else ():
            for one in page:
                if one.id <= after:
                    took(one, time.perf_counter())
        with self.recorder.subscribe(gt=after) as woken:
            watch = threading.Thread(target=lambda: (stop.wait(), woken.stop()), daemon=True)
            watch.start()
            for event in woken:
                if event.id <= after:
                    continue
                for page in self.pages(after):  # what has come meanwhile goes into one transaction
                    self.project(page)
                    at, after = time.perf_counter(), page[-1].id
                    for one in page:
                        took(one, at)


def fold(state, event):
    """(version, state) of an aggregate after one more event. ValueError where its version does not follow."""
    version, before = state or (0, "")
    if event.originator_version != version + 1:
        raise ValueError("%s: version %d follows %d" % (event.originator_id, event.originator_version, version))
    return event.originator_version, hashlib.sha256(before.encode() + bytes(event.state)).hexdigest()


def race(store, rounds=50, writers=2):
    """(appends that were taken, refused) of writers that all expect the same version of one aggregate, round by round."""
    who, taken, refused, lock = uuid.uuid4(), [0], [0], threading.Lock()

    def write(number, gate):
        gate.wait()
        good = store.append([(who, number, b"%d" % number)])
        with lock:
            (taken if good else refused)[0] += 1

    for number in range(1, rounds + 1):
        gate = threading.Barrier(writers)
        threads = [threading.Thread(target=write, args=(number, gate)) for _ in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return taken[0], refused[0]


def look(address, name, events=2000, aggregates=20, batch=1):
    """Look at everything; {what: value}, `problems` last."""
    store, problems = Store(address, name, 6), []
    store.make()
    try:
        found = {"server": store.version()}
        found["race"] = race(store)
        stop, lags, began, behind, ended = threading.Event(), [], {}, [0], {"count": 0}

        def took(event, at):
            ended["count"] += 1
            if (event.originator_id, event.originator_version) in began:
                lags.append(at - began[event.originator_id, event.originator_version])

        following = threading.Thread(target=store.follow, args=(stop, took))
        following.start()
        who, versions, start, sent = [uuid.uuid4() for _ in range(aggregates)], {}, time.perf_counter(), 0
        while sent < events:
            some = []
            for _ in range(min(batch, events - sent)):
                one = who[sent % aggregates]
                versions[one] = versions.get(one, 0) + 1
                some.append((one, versions[one], b"event %d" % sent))
                began[one, versions[one]] = time.perf_counter()
                sent += 1
            if not store.append(some):
                problems.append("an append that nobody competed with was refused")
            behind[0] = max(behind[0], sent + found["race"][0] - ended["count"])
        found["rate"] = events / (time.perf_counter() - start)
        until = time.perf_counter() + 30
        while ended["count"] < events + found["race"][0] and time.perf_counter() < until:
            time.sleep(0.01)
        stop.set()
        following.join()
        lags.sort()
        found.update(lag=behind[0], lag_ms=[1e3 * lags[int(q * (len(lags) - 1))] for q in (0.5, 0.99)] if lags else None)
        first = store.replayed()
        snapshots = {one: half(store, one) for one in first}
        same = {
            "replay": store.replayed() == first == store.streamed(list(first)),
            "snapshot": store.streamed(list(first), snapshots) == first,
            "projection": store.view() == first,
        }
        found["rebuild_s"] = store.rebuild()
        same["rebuild"] = store.view() == first
        found["aggregates"], found["events"] = len(first), sum(version for version, _ in first.values())
        if found["race"] != (50, 50):
            problems.append("of 100 appends with an expected version, two for each, %d were taken and %d refused" % found["race"])
        problems += ["the %s does not give the state of the replay" % what for what, good in same.items() if not good]
        return dict(found, problems=problems)
    finally:
        store.drop()
        store.close()


def half(store, who):
    """A snapshot of an aggregate in the middle of its events."""
    events = list(store.recorder.select_events(who))
    state = None
    for event in events[: len(events) // 2]:
        state = fold(state, event)
    return state
