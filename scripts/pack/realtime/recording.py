"""What a run of the probe saw: histograms while they are recorded, and the Recording."""

HIGHEST_US = 3600 * 10**6


def new_histogram():
    """1 microsecond to an hour, three digits."""
    from hdrh.histogram import HdrHistogram  # here: `pack rt --help` is read without the extra, too

    return HdrHistogram(1, HIGHEST_US, 3)


class Counts:
    """A histogram while it is recorded: the buckets of `new_histogram`, counted in a plain list, a fifth of the library's time a sample.

    The index of a value is that of HdrHistogram with 2,048 sub-buckets from 1 on.
    """

    def __init__(self):
        self._counts, self._made, self._at = [0] * ((HIGHEST_US.bit_length() - 10 + 1) << 10), None, -1
        self.total = 0

    def add(self, seconds, times=1):
        """One sample, in seconds; `times` of them."""
        value = int(seconds * 1e6)
        value = 1 if value < 1 else HIGHEST_US if value > HIGHEST_US else value
        bucket = value.bit_length() - 11
        if bucket < 0:
            bucket = 0
        self._counts[(bucket << 10) + (value >> bucket)] += times
        self.total += times

    def add_falling(self, first, step, many, times):
        """`many` values, `first` and each `step` below the one before; `times` samples of each."""
        counts, value, step = self._counts, first * 1e6, step * 1e6
        for _ in range(many):
            whole = 1 if value < 1 else HIGHEST_US if value > HIGHEST_US else int(value)
            bucket = whole.bit_length() - 11
            if bucket < 0:
                bucket = 0
            counts[(bucket << 10) + (whole >> bucket)] += times
            value -= step
        self.total += many * times

    def histogram(self):
        """As an HdrHistogram."""
        if self._at != self.total:
            made = new_histogram()
            for index, count in enumerate(self._counts):
                if count:
                    bucket = max(0, (index >> 10) - 1)
                    made.record_value((index - (bucket << 10)) << bucket, count)
            self._made, self._at = made, self.total
        return self._made


BITS = tuple(1 << i for i in range(8))


class Outcome:
    """What a recording and a merged one answer alike, from `sent`, `fanout`, `received` and `usage`."""

    @property
    def lost(self):
        """Copies that were expected and did not come."""
        return self.sent * self.fanout - self.received

    @property
    def busy(self):
        """The share of the fullest second that a probing process itself was at work (its loop, or its share of one processor)."""
        return max((max(pair) for pair in self.usage), default=0.0)


class Recording(Outcome):
    """What an open-loop run saw."""

    def __init__(self, rate, fanout):
        self.rate, self.fanout = rate, fanout
        self._latency, self._lateness, self._receiving = Counts(), Counts(), Counts()
        self.sent = self.received = self.duplicates = self.damaged = self.failed = 0
        self.partial, self.zero = False, 0.0
        self.arrivals = self.departures = None  # copies that came and messages that went out, second by second
        self.forgotten = 0  # messages that came, and were looked for in the server's log afterwards in vain
        # what came on another connection than its sender's, of `owned` that send from number -`turn` on
        self.astray = self.owned = self.turn = 0
        self.changed = None  # how the first damaged message differs from what went out
        self.after = 0  # copies that came when the measured seconds were over
        self._spread, self._open = (Counts(), {}) if fanout > 1 else (None, None)  # first to last receiver of a broadcast
        self.order = None  # [(number, receiver)] if the caller wants the order of arrival
        self._seen = bytearray()  # a bit for each copy: an hour at 5,000 a second is 2 MB, as a set it would be a gigabyte
        self.usage = []  # [(the loop's share, the processor's share)] of each second
        self.receiver, self.refusal = None, None  # why the probe's own receiver died; what the first send that failed said
        self.closed = []  # what the server said when it closed connections

    @property
    def latency(self):
        """HdrHistogram in microseconds, from the intended time of sending."""
        return self._latency.histogram()

    @property
    def lateness(self):
        """HdrHistogram: how late the probe itself sent, one sample for each copy that was to come."""
        return self._lateness.histogram()

    @property
    def receiving(self):
        """HdrHistogram: how long, at most, what came had waited for the probe itself."""
        return self._receiving.histogram()

    @property
    def spread(self):
        """HdrHistogram: first to last receiver of each broadcast; None without one."""
        return self._spread and self._spread.histogram()

    def due(self, number):
        """When a message should go out."""
        return self.zero + number / self.rate

    def came(self, copy):
        """Did this copy of a message come?"""
        place = copy >> 3
        return place < len(self._seen) and bool(self._seen[place] & BITS[copy & 7])

    def arrived(self, number, at, receiver):
        """A message of the measured part came back."""
        copy = number * self.fanout + receiver
        place, bit = copy >> 3, BITS[copy & 7]
        if self.order is not None:
            self.order.append((number, receiver))
        if place >= len(self._seen):
            self._seen.extend(bytes(place + 4096 - len(self._seen)))
        if self._seen[place] & bit:
            self.duplicates += 1
            return
        self._seen[place] |= bit
        self.received += 1
        if self._spread is not None:
            first, came = self._open.pop(number, (at, 0))
            if came + 1 < self.fanout:
                self._open[number] = (first, came + 1)
            else:
                self._spread.add(at - first)
        self._counted(number, at)

    def first(self, number, at, _receiver):
        """A message of which one copy is expected came back, for the first time: what `arrived` does, without a question."""
        place = number >> 3
        if place >= len(self._seen):
            self._seen.extend(bytes(place + 4096 - len(self._seen)))
        self._seen[place] |= BITS[number & 7]
        self.received += 1
        self._counted(number, at)

    def _counted(self, number, at):
        self._latency.add(at - self.zero - number / self.rate)
        if self.arrivals is not None:
            second = int(at - self.zero)
            if second >= len(self.arrivals):
                self.after += 1  # it came, but not in the time that the rate was to be held
            else:
                self.arrivals[second if second > 0 else 0] += 1
