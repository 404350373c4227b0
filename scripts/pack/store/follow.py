"""A run as it goes on: the journal read from where the last look ended, and the history of what was read."""

from __future__ import annotations

import os
from itertools import chain

from ..protocol import machine
from .history import History
from .journal import START, Damaged, decode_line, play
from .open_for_reading import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..protocol.state_types import Record


class Follower:
    """What a live view shows of one run. `look()` reads what is new; `state`, `records` and `history` are what was read so far."""

    def __init__(self, project: str | None = None, team: str | None = None) -> None:
        self.run = Run(project, team)
        self._again()

    def _again(self) -> None:
        self.state, self.history = machine.initial(), History()
        self.records: list[Record] = []
        self._offset, self._sum, self._old = 0, START, True
        self._inode: int | None = None

    def look(self) -> int:
        """Read on. Answers how many records are new; raises Damaged. A journal that was replaced or cut is read from its beginning."""
        path = self.run.store.journal
        try:
            info = os.stat(path)
        except OSError:
            return 0  # between two files, or gone with its project: what was read stays on the screen
        if self._inode not in (None, info.st_ino) or info.st_size < self._offset:
            self._again()
        self._inode = info.st_ino
        if info.st_size == self._offset:
            return 0
        with open(path, "rb") as f:
            f.seek(self._offset)
            data = f.read(info.st_size - self._offset)
        return self._take(data)

    def _take(self, data: bytes) -> int:
        batch: list[Record] = []
        found, offset, kept, total = 0, 0, 0, self._sum
        while True:
            stop = data.find(b"\n", offset)
            if stop < 0:
                return found  # the end of a write that is under way
            try:
                record, total = decode_line(data[offset:stop], total)
            except (ValueError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
                raise Damaged("the journal is damaged at record %d" % (len(self.records) + len(batch) + 1)) from None
            offset = stop + 1
            batch.append(record)
            if record["more"]:
                continue
            for one in batch:
                self._old = play(self.state, one, self._old, chain(self.records, batch))
                self.history.take(one, self.state)
            self.records += batch
            found += len(batch)
            self._offset, self._sum, kept, batch = self._offset + offset - kept, total, offset, []
