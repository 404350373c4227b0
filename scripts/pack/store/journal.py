"""The store (PROTOCOL 2): an append-only journal is the truth, everything else is derived from it.

Files. In the project, `.claude/teams/<team>/`: `journal.jsonl` (truth), `snapshot.json`, `state.md` (derived). In the
plugin's data folder, `runs/<project>/<team>/`: `mirror.jsonl`, a byte copy written *before* the journal, `written`, the size
and checksum of both after the last operation, and the lock.

Why a mirror. A checksum chain finds damage, but not records cut off the end, nor a well-formed record appended by
somebody who can read this source. The mirror says what this store wrote: a journal that is behind it was cut (or this
process died between the two writes) and is restored, one that is ahead of it was forged and is cut back, unless
`written` knows its end: then the mirror was cut. Of a journal and a mirror that both end before that, nobody guesses.

Why stamps. After each append the snapshot keeps inode, size, mtime and ctime of journal, mirror and state.md. As long as
they are what they were, nobody touched the files, and an event costs the same with ten records or ten thousand. Any
difference leads to the long way: both chains are read and checked, and the state is replayed through `machine.replay`.
"""

from __future__ import annotations

import fcntl
import os
import time

from ..base import codec, paths
from ..protocol import machine
from ..protocol.refusal import Refusal
from .disk import Disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, Mapping, NoReturn, Sequence
    from ..protocol.state_types import Event, Record, State
    from ..protocol.literals import EventName
    from ..protocol.state_types import Data

LOCK_SECONDS = 3.0  # lock < alarm < hook timeout (DESIGN rule 5)
RECENT_KEYS = 128
START = "0" * 32


class Damaged(Exception):
    """The journal cannot be trusted and is not guessed at. The text says what is wrong and how to go on."""


class Busy(Exception):
    """The lock was not to be had in time."""


class Lock:
    """An exclusive flock, waited for a bounded time."""

    def __init__(self, path: str, seconds: float = LOCK_SECONDS) -> None:
        self.path, self.seconds, self.fd = path, seconds, -1

    def __enter__(self) -> Lock:
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            try:
                self._wait()
            except BaseException:
                os.close(self.fd)
                raise
        return self

    def _busy(self, *_: object) -> NoReturn:
        raise Busy("the team's journal was locked for %.0f s" % self.seconds)

    def _wait(self) -> None:
        """Queue in the kernel: first come first served, and no CPU while waiting. The timer is put back as it was found, because
        the hook's own deadline is the same timer. Outside the main thread there are no signals: poll."""
        start = time.monotonic()
        try:
            import _signal

            before = _signal.signal(_signal.SIGALRM, self._busy)
        except (ImportError, AttributeError, ValueError):
            return self._poll(start)
        left = _signal.setitimer(_signal.ITIMER_REAL, self.seconds)[0]
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX)
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            _signal.signal(_signal.SIGALRM, before)
            if left:
                _signal.setitimer(_signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - start)))

    def _poll(self, start: float) -> None:
        while True:
            try:
                return fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() - start > self.seconds:
                    self._busy()
                time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


def encode_line(record: Mapping[str, Any], previous: str) -> tuple[bytes, str]:
    """A record without length and checksum -> (its line as bytes, its checksum). The checksum chains on the previous one."""
    body = codec.dumps(record)
    total = codec.digest(previous, body)
    return ('%s,"len":%d,"sum":"%s"}\n' % (body[:-1], len(body), total)).encode("ascii"), total


def decode_line(line: bytes, previous: str) -> tuple[Record, str]:
    """A journal line -> (record, checksum); ValueError when length, checksum or shape are wrong."""
    text = line.decode("ascii")
    cut = text.rfind(',"len":')
    body = text[:cut] + "}"
    tail = codec.loads("{" + text[cut + 1 :])
    if tail.get("len") != len(body) or tail.get("sum") != codec.digest(previous, body):
        raise ValueError("checksum")
    record = codec.loads(body)
    record.update(tail)
    return record, tail["sum"]


def read_chain(data: bytes) -> tuple[list[Record], int, str]:
    """All of a journal's bytes -> (records, end of the last whole batch, problem).

    problem: "" | "torn" (the last write did not finish) | "damaged at record N". A batch is what one operation wrote; its
    records count down `more`, so a batch whose end is missing was never acknowledged.
    """
    records: list[Record] = []
    sums, offset, end, problem = START, 0, 0, ""
    whole = 0
    while offset < len(data):
        stop = data.find(b"\n", offset)
        if stop < 0:
            problem = "torn"
            break
        try:
            record, sums = decode_line(data[offset:stop], sums)
            if record["seq"] != len(records) + 1:
                raise ValueError("seq")
        except (ValueError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
            problem = "damaged at record %d" % (len(records) + 1)
            break
        record["at"] = offset
        records.append(record)
        offset = stop + 1
        if record["more"] == 0:
            end, whole = offset, len(records)
    if whole < len(records) and not problem:
        problem = "torn"
    return records[:whole], end, problem


def replayed(records: Sequence[Record]) -> Iterator[tuple[Record, State]]:
    """Step through records from the beginning; yields (record, state after it: one and the same, that goes on). Raises Damaged at a
    record that contradicts the protocol."""
    state, old = machine.initial(), True
    for record in records:
        old = play(state, record, old, records)
        yield record, state


def play(state: State, record: Record, old: bool, records: Iterable[Record]) -> bool:
    """Fold one record into `state` itself. old: whether every record before it is of an older version, as this answers it for the next one;
    records: those that are known, to say who wrote them. Raises Damaged where this version cannot read the record or it contradicts the protocol."""
    written = record.get("v", 1)
    if not isinstance(written, int) or written > machine.VERSION:
        raise Damaged(
            "record %d was written by a newer version of this plugin (state %s, this one reads up to %d)%s"
            % (record["seq"], written, machine.VERSION, _other_version(records))
        )
    old = old and written < machine.VERSION  # a run that was taken up by a newer version does not go back
    try:
        machine.replay(state, record, judged=not old)
    except (Refusal, KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        why = "cannot be read by this version (%s: %s)" % (type(error).__name__, error) if old else "contradicts the protocol: %s" % error
        raise Damaged("record %d (%s) %s%s" % (record["seq"], record["event"], why, _other_version(records))) from None
    return old


def _rendered_after(data: bytes | None) -> int | None:
    """The number of the event that a state.md says it was rendered after; None when it does not."""
    digits = (data or b"").partition(b"after event ")[2].partition(b":")[0]
    return int(digits) if digits.isdigit() and len(digits) < 12 else None


def _other_version(records: Iterable[Record]) -> str:
    """Why a replay failed, where another version of the plugin wrote the records. That is no damage."""
    wrote, ours = [r["data"]["sealed"]["version"] for r in records if r["data"].get("sealed")][-1:], paths.version(paths.PLUGIN_ROOT)
    return (
        ""
        if wrote in ([], [ours])
        else "; team %s wrote it and this is team %s: finish the run with that version, or end it: `pack abort --reason WHY`"
        % (wrote[0], ours)
    )


def _rendered(state: State, seq: int) -> bytes:
    """state.md; calls that write nothing do not load what makes it."""
    from .render import state_md

    return codec.utf8(state_md(state, seq))


class Store:
    """One team's journal and what is derived from it.

    folder: the team's folder in the project; data: the run's folder in the plugin's data. Use under `with store.lock():`.
    After `load()`: state, seq, sum; `found` lists troubles as (event, data) that the next append must record.
    """

    def __init__(self, folder: str, data: str, disk: Disk | None = None) -> None:
        self.folder, self.data, self.disk = folder, data, disk or Disk()
        self.journal = os.path.join(folder, "journal.jsonl")
        self.mirror, self.written = os.path.join(data, "mirror.jsonl"), os.path.join(data, "written")
        self.snapshot = os.path.join(folder, "snapshot.json")
        self.state_file = os.path.join(folder, "state.md")
        self.state, self.seq, self.sum, self.ts = machine.initial(), 0, START, 0.0
        self.size, self.last_at = 0, 0
        self.keys: dict[str, int] = {}  # idempotency key -> number of its record, of the latest
        self.found: list[tuple[EventName, Data]] = []
        self.skew, self.jumped = 0.0, False  # what the run's own time is ahead of the wall clock, since that was set back

    def lock(self, seconds: float = LOCK_SECONDS) -> Lock:
        """The lock that every reader who will write, and every writer, holds."""
        self.disk.point("before lock")
        self.disk.mkdir(self.data)
        return Lock(os.path.join(self.data, "lock"), seconds)

    # -- reading ---------------------------------------------------------------------------------------------------
    def load(self) -> Store:
        """Read the present state, the short way if nobody touched the files, else the long one. Answers self."""
        self.disk.point("after lock")
        if not self._load_snapshot():
            self._load_journal()
        return self

    def clock(self, now: float) -> float:
        """The run's own time for a wall clock's time: the same, and where the clock was set back it goes on from the last record, so
        that nothing that waits for time to pass waits until the clock has caught up (H19). Processes that waited for the lock come
        a little late, which is no jump. `jumped`: the next append has to keep it."""
        if now + self.skew < self.ts - 3 * LOCK_SECONDS:
            self.skew, self.jumped = self.ts - now, True
        return now + self.skew

    def _load_snapshot(self) -> bool:
        data = self.disk.read(self.snapshot)
        stamp = self.disk.stamp(self.journal)
        if data is None or stamp is None:
            if stamp is not None and stamp[1]:
                self.found.append(("SNAPSHOT_NOT_FOUND", {}))
            return False
        try:
            checksum, head, body = data.split(b"\n")[:3]
            if checksum.decode("ascii") != codec.digest(head):
                raise ValueError("snapshot head")
            head = codec.loads(head.decode("ascii"))
            text = body.decode("ascii")
            if head["journal"] != stamp or head["mirror"] != self.disk.stamp(self.mirror):
                return False
            last, _ = decode_line((self.disk.read(self.journal, head["at"]) or b"")[:-1], head["previous"])
            if last["seq"] != head["seq"] or last["state"] != codec.digest(text):
                raise ValueError("snapshot")
            state = codec.loads(text)
            if state.get("v") != machine.VERSION or last.get("v", 1) != machine.VERSION:
                return False  # of another version: its journal is played on
            self.state = state
        except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
            self.found.append(("SNAPSHOT_CONFLICT", {}))
            return False
        self.seq, self.sum, self.ts, self.size = head["seq"], last["sum"], last["ts"], stamp[1]
        self.last_at, self.keys, self.skew = head["at"], head["keys"], head.get("skew", 0.0)
        if head["state_md"] != self.disk.stamp(self.state_file):
            self._state_file_changed()
        return True

    def _state_file_changed(self) -> None:
        """Whether somebody else wrote state.md. What a crash of ours left behind does not count."""
        data = self.disk.read(self.state_file)
        if data != _rendered(self.state, self.seq):
            self.found.append(("STATE_DIVERGENCE", {"file": "state.md", "was": "missing" if data is None else "changed"}))

    def _load_journal(self) -> None:
        """The long way: check both chains, reconcile them, replay."""
        mine, theirs = self.disk.read(self.journal) or b"", self.disk.read(self.mirror)
        records, end, problem = read_chain(mine)
        if theirs is not None or mine:
            self.disk.mkdir(self.folder)  # it may have been removed whole
            self.disk.sweep(self.folder, self.data)  # a killed writer is one reason to come here
            records, end = self._reconcile(mine, records, end, problem, theirs)
        rendered = self.disk.read(self.state_file)
        after = _rendered_after(rendered)
        state, intact = machine.initial(), False
        for record, state in replayed(records):
            if record["seq"] == after and record["more"] == 0:
                intact = rendered == _rendered(state, after)  # an older rendering of ours is what a crash leaves
        self.state, self.size = state, end
        if records:
            # A killed writer may have left its record in the page cache only; from here on it is relied on.
            self.disk.sync(self.journal)
            last = records[-1]
            self.seq, self.sum, self.ts, self.last_at = last["seq"], last["sum"], last["ts"], last["at"]
            for record in records[-RECENT_KEYS:]:
                if record["key"]:
                    self.keys[record["key"]] = record["seq"]
            if last.get("v", 1) != machine.VERSION:
                return  # the older version's state, and its rendering, had another shape
            if last["state"] != codec.digest(codec.dumps(state)):
                raise Damaged("the state after record %d is not the one that was recorded%s" % (self.seq, _other_version(records)))
            if not intact:
                self.found.append(("STATE_DIVERGENCE", {"file": "state.md", "was": "missing" if rendered is None else "changed"}))
            if not self.found:  # a writer died before it had rendered its record, and the same call again appends nothing
                self.derive(previous=records[-2]["sum"] if len(records) > 1 else START)

    def _reconcile(self, mine: bytes, records: list[Record], end: int, problem: str, theirs: bytes | None) -> tuple[list[Record], int]:
        """Make journal and mirror equal again. Answers (records, size)."""
        copies, copy_end, copy_problem = read_chain(theirs or b"")
        whole, copy = mine[:end], (theirs or b"")[:copy_end]
        damaged, copy_damaged = problem.startswith("damaged"), copy_problem.startswith("damaged")
        # What lies behind the last operation that anybody was told of is an unfinished write, whatever it looks like.
        told = 0 < self._written_size() <= end
        if damaged and (copy_damaged or not copies) and not told:
            raise Damaged("the journal is %s and its mirror cannot help" % problem)
        self.must_reach(max(end, copy_end))
        if whole == copy:
            if damaged:
                self._diverged("damaged, restored from the mirror")
        elif copy.startswith(whole) and not copy_damaged:
            # Behind the mirror: by one operation that may be a crash between the two writes; by more somebody cut it.
            behind = copies[len(records) :]
            crash = not damaged and sum(1 for r in behind if r["more"] == 0) <= 1
            self._diverged(
                "the last operation was missing, as after a crash; restored from the mirror"
                if crash
                else "%d record(s) were missing or damaged, restored from the mirror" % len(behind)
            )
            records, end, whole = copies, copy_end, copy
        elif whole.startswith(copy) and not copy_damaged:
            # Ahead of the mirror. Written without fsync, the mirror may lose its end in a power failure, and only then. As it is
            # written first, a torn end beside a journal that has the operation is damage done to the mirror, not a forged journal.
            extra = len(records) - len(copies)
            if theirs is None or not copies or self._booted_since() or copy_problem or self._has_written(records, end):
                if damaged and not told:
                    raise Damaged("the journal is %s, and its mirror has lost what came after" % problem)
                self._diverged("lacked %d record(s), rebuilt from the journal" % extra, "mirror.jsonl")
            else:
                self._diverged("%d record(s) that no hook wrote, removed" % extra)
                records, end, whole = copies, copy_end, copy
        elif copy_damaged:
            self._diverged("damaged, rebuilt from the journal", "mirror.jsonl")
        else:
            self._diverged("the journal was rewritten, restored from the mirror")
            records, end, whole = copies, copy_end, copy
        self._keep(whole, mine, theirs)
        return records, end

    def _keep(self, whole: bytes, mine: bytes, theirs: bytes | None) -> None:
        """Cut journal and mirror down to just these bytes. Nothing that is appended after other bytes could be read again."""
        said = {data["file"] for _event, data in self.found if "file" in data}
        if mine != whole:
            if "journal.jsonl" in said:
                self.disk.replace(self.journal, whole, sync=True)  # what was forged or damaged shall not come back
            else:
                self._diverged("an unfinished write of %d bytes at its end was removed" % (len(mine) - len(whole)))
                self.disk.truncate(self.journal, len(whole))
        if theirs != whole:
            if not said:
                self._diverged("missing" if theirs is None else "an unfinished write at its end was removed", "mirror.jsonl")
            self.disk.replace(self.mirror, whole, sync=True)

    def _diverged(self, why: str, file: str = "journal.jsonl") -> None:
        self.found.append(("STATE_DIVERGENCE", {"file": file, "was": why}))

    def _has_written(self, records: Sequence[Record], end: int) -> bool:
        """Whether a chain is what the last operation left, by the word of the plugin's own folder."""
        return (self.disk.read(self.written) or b"") == b"%d %s\n" % (end, records[-1]["sum"].encode("ascii"))

    def must_reach(self, end: int) -> None:
        """Raise Damaged when the last acknowledged operation lies behind the end of both files."""
        if end < self._written_size():
            raise Damaged("the last records that were written are neither in the journal nor in its mirror")

    def reaches(self, end: int) -> None:
        """The same for somebody who only looks at a journal that ends here. The mirror's length is believed."""
        self.must_reach(max(end, (self.disk.stamp(self.mirror) or (0, 0))[1]))

    def _written_size(self) -> int:
        """How long the journal was after the last operation, by the word of the plugin's own folder; 0 when that says nothing."""
        size = (self.disk.read(self.written) or b"").split(b" ")[0]
        return int(size) if size.isdigit() and len(size) < 16 else 0

    def _booted_since(self) -> bool:
        data = self.disk.read(self.snapshot) or b""
        try:
            return bool(codec.loads(data.split(b"\n")[1].decode("ascii"))["boot"] != self.disk.boot())
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return False

    # -- writing ----------------------------------------------------------------------------------------------------
    def append(self, event: Event, now: float) -> list[Record]:
        """Record an event and its consequences: one write, one fdatasync, then the derived files.

        Answers the records. An event whose key is known already answers [] and writes nothing: it happened. Raises
        Refusal (nothing written), OSError (nothing acknowledged).
        """
        if event.get("key") and event["key"] in self.keys:
            return []
        now = max(self.ts, now)  # a clock that jumps back must not reorder the journal (H19)
        troubles: list[Event] = [{"event": name, "actor": machine.GATE, "data": data, "key": None} for name, data in self.found]
        state, events = self.state, []
        for each in troubles:
            state, done = machine.fold(state, each, now)
            events += done
        state, done = machine.fold(state, event, now)
        events += done
        records = self._write(state, events, now)
        self.found = []
        return records

    def _write(self, state: State, events: Sequence[Event], now: float) -> list[Record]:
        lines, records, total, previous = [], [], self.sum, self.sum
        text = codec.dumps(state)
        for n, event in enumerate(events):
            more = len(events) - 1 - n
            record: Record = {
                "seq": self.seq + 1 + n,
                "ts": now,
                "epoch": state["owner"]["epoch"],
                "actor": event["actor"],
                "event": event["event"],
                "data": event["data"],
                "key": event.get("key"),
                "v": machine.VERSION,
                "more": more,
                "state": None if more else codec.digest(text),
            }
            previous = total
            line, total = encode_line(record, total)
            lines.append(line)
            records.append(record)
        batch = b"".join(lines)
        self.disk.mkdir(self.folder)
        self.disk.point("before mirror write")
        try:
            self.disk.append(self.mirror, batch, sync=False)
            self.disk.point("before journal write")
            self.disk.append(self.journal, batch, sync=True)
        except OSError:
            for path in (self.journal, self.mirror):  # a torn tail is cut at the next load anyway; leave none if we can
                try:
                    if (self.disk.stamp(path) or [0, 0])[1] > self.size:
                        self.disk.truncate(path, self.size)
                except OSError:
                    pass
            raise
        self.disk.point("after journal write")
        self.last_at = self.size + len(batch) - len(lines[-1])
        self.size += len(batch)
        self.state, self.seq, self.sum, self.ts = state, self.seq + len(records), total, now
        for record in records:
            if record["key"]:
                self.keys[record["key"]] = record["seq"]
        while len(self.keys) > RECENT_KEYS:
            self.keys.pop(min(self.keys, key=self.keys.__getitem__))
        self.derive(text, previous)
        return records

    def derive(self, text: str | None = None, previous: str | None = None) -> None:
        """Write state.md and the snapshot. They may be lost: failing to write them loses nothing."""
        text = codec.dumps(self.state) if text is None else text
        try:
            self.disk.replace(self.written, b"%d %s\n" % (self.size, self.sum.encode("ascii")))
            self.disk.replace(self.state_file, _rendered(self.state, self.seq))
            self.disk.point("after render")
            head = {
                "seq": self.seq,
                "at": self.last_at,
                "previous": previous,
                "keys": self.keys,
                "boot": self.disk.boot(),
                "journal": self.disk.stamp(self.journal),
                "mirror": self.disk.stamp(self.mirror),
                "state_md": self.disk.stamp(self.state_file),
                "skew": self.skew,
            }
            line = codec.dumps(head)
            self.disk.replace(self.snapshot, ("%s\n%s\n%s\n" % (codec.digest(line), line, text)).encode("ascii"))
            self.disk.point("after snapshot")
        except OSError:
            pass

    def repair(self) -> str:
        """Go back to the last good record of journal or mirror, whichever holds more; for a person. Answers what was done; raises
        Refusal, and changes nothing, when there is none."""
        chains = [read_chain(self.disk.read(p) or b"") for p in (self.journal, self.mirror)]
        sources = [self.disk.read(p) or b"" for p in (self.journal, self.mirror)]
        best = max((0, 1), key=lambda i: len(chains[i][0]))
        records, end, _problem = chains[best]
        good = 0
        try:
            for record, _state in replayed(records):
                if record["more"] == 0:
                    good = record["seq"]
        except Damaged:
            pass  # what lies before it is kept
        if not good:
            raise Refusal(
                "NO_RUN",
                "neither the journal nor its mirror has a good record to go back to",
                "",
                "`pack abort --reason WHY` ends the run and its checks",
            )
        if good == len(records) and sources[0] == sources[1] and self._written_size() <= end == len(sources[0]):
            return "Nothing is damaged: journal and mirror hold the same %d records. Nothing was changed." % good
        kept = [r for r in records if r["seq"] <= good]
        end = end if len(kept) == len(records) else records[good]["at"]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.disk.remove(self.written)  # first: it knows of more than will be left
        for path in (self.journal, self.mirror):
            data = self.disk.read(path)
            if data is not None:
                self.disk.replace("%s.damaged-%s" % (path, stamp), data)
            self.disk.replace(path, sources[best][:end], sync=True)
        self.disk.remove(self.snapshot)
        self.load()
        self.found = [("STATE_DIVERGENCE", {"file": "journal.jsonl", "was": "damaged; a person went back to record %d" % good})]
        self.append({"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, self.ts)
        return "Kept %d good records. The damaged files are beside them as *.damaged-%s." % (good, stamp)

    def by_key(self, key: str) -> Record | None:
        """The record of one of the last calls by its key, None where it has recorded nothing."""
        if key not in self.keys:
            return None
        data = self.disk.read(self.journal) or b""
        at = data.rfind(b'"key":%s' % codec.dumps(key).encode("ascii"))
        line = data[data.rfind(b"\n", 0, at) + 1 :].partition(b"\n")[0] if at >= 0 else b""
        try:
            found: Record = codec.loads(line.decode("ascii"))
            return found
        except ValueError:
            return None

    def records(self) -> list[Record]:
        """Every record of the journal, oldest first, verified as far as it goes; for looking, not for deciding."""
        return read_chain(self.disk.read(self.journal) or b"")[0]
