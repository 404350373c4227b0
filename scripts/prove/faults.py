"""Faults on the real journal: what must hold after any of them, and the loops that cause them.

*Nothing lost*: every acknowledged event is there exactly once, at its seq; seqs are contiguous, checksums valid, epochs do
not decrease; replay = snapshot + tail = what state.md says after one tick; an unacknowledged event is absent or there once,
and its retry returns that seq.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

from pack.base import codec
from pack.protocol import machine
from pack.store.disk import Disk
from pack.store.journal import Damaged, Store, read_chain
from pack.store.render import state_md

from prove import worker

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def tick(store, now):
    """What the next hook does: load, and record what was found."""
    with store.lock():
        store.load()
        found = list(store.found)
        if found and store.state["team"] is not None:
            store.append({"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, now)
    return found


def check_nothing_lost(folder, data, acked, now=1e6):
    """Raises AssertionError unless every promise above holds. Answers (records, troubles that were found)."""
    store = Store(folder, data)
    found = tick(store, now)
    raw = store.disk.read(store.journal) or b""
    records, end, problem = read_chain(raw)
    assert problem == "" and end == len(raw), "journal is %r" % problem
    assert raw == (store.disk.read(store.mirror) or b""), "journal and mirror differ"
    assert [r["seq"] for r in records] == list(range(1, len(records) + 1)), "seqs are not contiguous"
    assert all(a["epoch"] <= b["epoch"] for a, b in zip(records, records[1:])), "epochs decrease"
    assert all(a["ts"] <= b["ts"] for a, b in zip(records, records[1:])), "time goes back"
    keys = {}
    for r in records:
        if r["key"]:
            assert r["key"] not in keys, "%s is there twice" % r["key"]
            keys[r["key"]] = r["seq"]
    for key, seq in acked.items():
        assert keys.get(key) == seq, "acknowledged %s at %d is at %s" % (key, seq, keys.get(key))
    state = machine.initial()
    for r in records:
        state, _effects = machine.step(state, r, r["ts"])
    fresh = Store(folder, data)
    with fresh.lock():
        fresh.load()
    assert codec.dumps(fresh.state) == codec.dumps(state), "the snapshot is not what replay gives"
    if records:
        assert fresh.seq == records[-1]["seq"]
        if found and state["team"] is not None:
            text = fresh.disk.read(fresh.state_file)
            assert text == state_md(state, fresh.seq).encode(), "state.md is not what replay gives after a tick"
    return records, found


def acks(text):
    out = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[0] == "ack":
            out[parts[1]] = int(parts[2])
    return out


def run_worker(folder, data, seed, count, point="-", nth=1, kill_after=None, jitter=0.0):
    """One worker to its end or its death; answers (return code, acks)."""
    env = dict(os.environ, PYTHONPATH=HERE)
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "prove.worker", folder, data, str(seed), str(count), point, str(nth), str(jitter)],
        stdout=subprocess.PIPE,
        env=env,
    )
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    text, _err = process.communicate()
    return process.returncode, acks(text.decode())


class KillTally:
    """Figures of a kill run."""

    def __init__(self):
        self.kills, self.acked, self.retried, self.by_point, self.unacked_present = 0, 0, 0, {}, 0


def kills(base, count, seed=1, points=worker.POINTS, fork=True, fresh_every=40):
    """Kill a writer `count` times, at every labelled point and at random moments; check after each. Answers a KillTally.

    fork: the writer is a forked child of this process instead of a new interpreter (ten times faster; the same code runs).
    """
    rng, tally, acked = random.Random(seed), KillTally(), {}
    folder = data = None
    for n in range(count):
        if n % fresh_every == 0:
            if folder:
                shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
            root = os.path.join(base, "kill-%d" % n)
            folder, data, acked = os.path.join(root, "team"), os.path.join(root, "data"), {}
        point = points[n % len(points)] if n % 3 else "-"
        ops, nth, worker_seed = rng.randrange(1, 6), rng.randrange(1, 4), seed * 1000003 + n
        after = rng.uniform(0.0, 0.012) if point == "-" else None
        code, got = (_forked if fork else run_worker)(folder, data, worker_seed, ops, point, nth, after, 5.0 if n % 5 == 0 else 0.0)
        tally.kills += code == -signal.SIGKILL
        tally.by_point[point] = tally.by_point.get(point, 0) + (code == -signal.SIGKILL)
        if got is None:
            continue
        acked.update(got)
        tally.acked += len(got)
        records, _found = check_nothing_lost(folder, data, acked)
        # the operation that was under way: absent, or there once; its retry returns that seq
        for k in range(ops):
            key = "%d:%d" % (worker_seed, k)
            if key in got:
                continue
            there = [r["seq"] for r in records if r["key"] == key]
            assert len(there) <= 1
            tally.unacked_present += len(there)
            worker.open_run(Store(folder, data))  # killed before the run was there at all
            store = Store(folder, data)
            with store.lock():
                store.load()
                done = store.append({"event": "MAIL", "actor": machine.GATE, "data": {"to": "lead"}, "key": key}, 2e6)
                seq = done[-1]["seq"] if done else store.keys[key]
            assert not there or seq == there[0], "a retry of %s returned %d, not %d" % (key, seq, there[0])
            acked[key] = seq
            tally.retried += 1
            break
    if folder:
        shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
    return tally


def _forked(folder, data, seed, count, point, nth, kill_after, jitter):
    """run_worker without a new interpreter."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(r)
            os.dup2(w, 1)
            sys.stdout = os.fdopen(1, "w")
            worker.main([folder, data, str(seed), str(count), point, str(nth), str(jitter)])
            sys.stdout.flush()
        finally:
            os._exit(0)
    os.close(w)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(r) as f:
        text = f.read()
    _pid, status = os.waitpid(pid, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), acks(text)


def make_journal(root, operations=6, seed=5):
    """A journal with a few operations; answers (folder, data, acked)."""
    folder, data = os.path.join(root, "team"), os.path.join(root, "data")
    store = Store(folder, data)
    worker.open_run(store)
    rng, acked = random.Random(seed), {}
    for n in range(operations):
        store = Store(folder, data)
        with store.lock():
            store.load()
            records = store.append(worker.an_event(rng, "k%d" % n), 2.0 + n)
            acked["k%d" % n] = records[-1]["seq"]
    return folder, data, acked


GARBAGE = (b"", b"\x00" * 37, b'{"seq":99,"event":"RUN_CLOSED"}\n', bytes(range(128, 200)) + b"\n\n", b"half a line without an end")


def torn_tails(root, stride=1):
    """Cut the journal at every byte, with each garbage behind: the mirror whole, then torn alike, then nobody left who knows how long
    both were. Answers how many cuts were tried."""
    folder, data, acked = make_journal(root)
    journal, mirror, written = os.path.join(folder, "journal.jsonl"), os.path.join(data, "mirror.jsonl"), os.path.join(data, "written")
    with open(journal, "rb") as f:
        whole = f.read()
    with open(written, "rb") as f:
        length = f.read()
    _records, _end, _problem = read_chain(whole)
    tried = 0
    for cut in range(0, len(whole), stride):
        for garbage in GARBAGE:
            for both, known in ((False, True), (True, True), (True, False)):
                torn = whole[:cut] + garbage
                if torn == whole:
                    continue
                with open(journal, "wb") as f:
                    f.write(torn)
                with open(mirror, "wb") as f:
                    f.write(torn if both else whole)
                with open(written, "wb") as f:
                    f.write(length if known else b"")
                tried += 1
                store = Store(folder, data)
                try:
                    found = tick(store, 50.0)
                except Damaged:
                    assert both and (known or garbage), "cut at %d with %r: the journal was given up" % (cut, garbage[:8])
                    continue
                assert not (both and known), "cut at %d: nobody noticed that the end of both is gone" % cut
                if not both:  # everything acknowledged is back
                    check_nothing_lost(folder, data, acked, 60.0)
                    if garbage:
                        assert found, "cut at %d with garbage: silent" % cut
                else:  # both torn at one place: at most the records behind the cut are gone, and never a half one
                    kept, _e, problem = read_chain(store.disk.read(journal))
                    good = [r for r in read_chain(whole[:cut])[0]]
                    assert problem == "" and [r["sum"] for r in kept[: len(good)]] == [r["sum"] for r in good], cut
    return tried


def flips(root, bits=(0, 3, 7), stride=1, targets=("journal", "mirror", "snapshot", "state.md"), touched=False):
    """Flip a bit of every byte of every file: noticed and mended; never silently another state. Answers the number tried.

    touched: the time stamps of all files change too, as after a restore from a backup or by an attacker who is careful.
    """
    folder, data, acked = make_journal(root)
    paths = {
        "journal": os.path.join(folder, "journal.jsonl"),
        "mirror": os.path.join(data, "mirror.jsonl"),
        "snapshot": os.path.join(folder, "snapshot.json"),
        "state.md": os.path.join(folder, "state.md"),
    }
    pristine = {}
    for path in [*paths.values(), os.path.join(data, "written")]:
        with open(path, "rb") as f:
            pristine[path] = f.read()

    def restored():
        for path, content in pristine.items():
            with open(path, "wb") as f:
                f.write(content)
        store = Store(folder, data)
        with store.lock():
            store.load()
            store.append({"event": "MAIL", "actor": machine.GATE, "data": {"to": "lead"}, "key": "m"}, 40.0)
        with open(paths[target], "rb") as f:
            return codec.dumps(store.state), store.seq, f.read()

    tried = 0
    for target in targets:
        at = 0
        while True:
            truth, seq, whole = restored()
            if at >= len(whole):
                break
            bit = bits[at % len(bits)]
            with open(paths[target], "r+b") as f:
                f.seek(at)
                f.write(bytes([whole[at] ^ (1 << bit)]))
            if touched:
                for path in paths.values():
                    os.utime(path, (1, 1))
            tried += 1
            store = Store(folder, data)
            with store.lock():
                store.load()
                assert codec.dumps(store.state) == truth, "bit %d of byte %d of %s changed the state" % (bit, at, target)
                store.append({"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, 60.0)
            records = read_chain(store.disk.read(store.journal))[0]
            said = [r for r in records if r["seq"] > seq and r["event"] in ("STATE_DIVERGENCE", "SNAPSHOT_CONFLICT", "SNAPSHOT_NOT_FOUND")]
            if target != "snapshot":  # the snapshot is only ever a copy: where it does not fit, the journal is read instead
                assert said, "bit %d of byte %d of %s was not noticed" % (bit, at, target)
            at += stride
    return tried


class SickDisk(Disk):
    """A disk that fails: `mode` says how, `at` which operation of the kind fails (counted down)."""

    def __init__(self, mode, at, rng=None):
        self.mode, self.at, self.rng, self.sick = mode, at, rng or random.Random(1), False

    def _due(self):
        self.at -= 1
        return self.at == 0 or self.sick

    def append(self, path, data, sync):
        import errno

        if self._due():
            if self.mode == "full":
                self.sick = True
                raise OSError(errno.ENOSPC, "No space left on device")
            if self.mode == "short":
                Disk.append(self, path, data[: self.rng.randrange(len(data))], False)
                raise OSError(errno.ENOSPC, "No space left on device")
            if self.mode == "eio":
                Disk.append(self, path, data, False)
                raise OSError(errno.EIO, "Input/output error")
            if self.mode == "readonly":
                raise OSError(errno.EROFS, "Read-only file system")
        Disk.append(self, path, data, sync)

    def replace(self, path, data, sync=False):
        import errno

        if self.sick or self.mode == "replace" and self._due():
            raise OSError(errno.ENOSPC, "No space left on device")
        Disk.replace(self, path, data, sync)

    def truncate(self, path, size):
        import errno

        if self.mode == "short" and self.rng.randrange(2):
            raise OSError(errno.EIO, "Input/output error")  # not even the tail can be cut
        Disk.truncate(self, path, size)


def sick_disks(root, rounds=200, seed=3):
    """Appends on failing disks: an error means not acknowledged; what was acknowledged stays. Answers (errors, operations)."""
    rng, errors, operations = random.Random(seed), 0, 0
    folder, data, acked = make_journal(root)
    for n in range(rounds):
        mode = ("full", "short", "eio", "readonly", "replace")[n % 5]
        store = Store(folder, data, SickDisk(mode, rng.randrange(1, 5), rng))
        for k in range(3):
            key = "s%d:%d" % (n, k)
            operations += 1
            again = Store(folder, data, store.disk)
            try:
                with again.lock():
                    again.load()
                    records = again.append(worker.an_event(rng, key), 100.0 + n)
                    acked[key] = records[-1]["seq"]
            except OSError:
                errors += 1
        check_nothing_lost(folder, data, acked, 100.0 + n)
    return errors, operations


def writers(root, processes=64, operations=100, wait=120.0, think=0.0):
    """Concurrent writers on one journal. Answers (operations, sorted seconds from arrival to acknowledgement, and of those with the lock held).

    think: seconds between two operations of a writer, at random up to twice as long: what a hook process needs to start.
    """
    folder, data = os.path.join(root, "team"), os.path.join(root, "data")
    worker.open_run(Store(folder, data))
    pids, pipes = [], []
    for n in range(processes):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(r)
            try:
                rng = random.Random(n)
                with os.fdopen(w, "w") as out:
                    for k in range(operations):
                        if think:
                            time.sleep(rng.uniform(0, 2 * think))
                        start = time.monotonic()
                        store = Store(folder, data)
                        with store.lock(wait):
                            held = time.monotonic()
                            store.load()
                            records = store.append(worker.an_event(rng, "w%d:%d" % (n, k)), time.time())
                            seq = records[-1]["seq"] if records else store.keys["w%d:%d" % (n, k)]
                        end = time.monotonic()
                        out.write("%d %d %d %.6f %.6f\n" % (n, k, seq, end - start, end - held))
                os._exit(0)
            except BaseException as error:
                os.write(2, ("writer %d: %r\n" % (n, error)).encode())
                os._exit(1)
        os.close(w)
        pids.append(pid)
        pipes.append(r)
    import selectors

    chooser, texts = selectors.DefaultSelector(), {r: [] for r in pipes}
    for r in pipes:
        chooser.register(r, selectors.EVENT_READ)
    while chooser.get_map():
        for key, _mask in chooser.select():
            block = os.read(key.fd, 1 << 16)
            if block:
                texts[key.fd].append(block)
            else:
                chooser.unregister(key.fd)
                os.close(key.fd)
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0, "a writer failed"
    acked, waits, held = {}, [], []
    for blocks in texts.values():
        for line in b"".join(blocks).decode().splitlines():
            n, k, seq, whole, inside = line.split()
            acked["w%s:%s" % (n, k)] = int(seq)
            waits.append(float(whole))
            held.append(float(inside))
    assert len(acked) == processes * operations
    check_nothing_lost(folder, data, acked, time.time() + 1)
    return len(acked), sorted(waits), sorted(held)
