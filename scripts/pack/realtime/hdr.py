"""Read an encoded HdrHistogram (V2, compressed, base64) with the standard library, and ask it for ranks.

The gates must not trust, nor need, the library that recorded the histogram. A test holds this reader against it.
Format: HdrHistogram `V2 encoding`: a compressed envelope (cookie, length, zlib) around a header and the counts as
ZigZag LEB128 numbers, a negative one standing for that many empty buckets.
"""

import base64
import binascii
import struct
import zlib

_COMPRESSED, _PLAIN = 0x1C849304, 0x1C849303
_HEADER = struct.Struct(">iiiiqqd")


class BadHistogram(ValueError):
    """The text is no V2 HdrHistogram."""


class Histogram:
    """Counts by bucket, in recorded units (microseconds here)."""

    def __init__(self, text):
        try:
            raw = base64.b64decode(text.encode("ascii") if isinstance(text, str) else text, validate=True)
            cookie, length = struct.unpack(">ii", raw[:8])
            if cookie & ~0xF0 != _COMPRESSED or length != len(raw) - 8:
                raise BadHistogram("no compressed V2 histogram")
            unpack = zlib.decompressobj()
            inner = unpack.decompress(raw[8:], 1 << 22)  # a bound, so that a bomb is refused
            if unpack.unconsumed_tail:
                raise BadHistogram("longer than any histogram of ours")
            cookie, length, offset, digits, low, high, ratio = _HEADER.unpack(inner[: _HEADER.size])
        except (binascii.Error, struct.error, zlib.error, UnicodeEncodeError, AttributeError, TypeError) as error:
            raise BadHistogram("unreadable: %s" % error)
        if cookie & ~0xF0 != _PLAIN or length != len(inner) - _HEADER.size or not 1 <= digits <= 5 or low < 1 or offset:
            raise BadHistogram("header not understood")
        self.low, self.high, self.digits = low, high, digits
        self._unit = low.bit_length() - 1
        largest = 2 * 10**digits
        half_bits = (largest - 1).bit_length() - 1
        self._half_bits, self._half = half_bits, 1 << half_bits
        self.counts = self._decode(inner[_HEADER.size :])
        self.total = sum(c for _, c in self.counts)

    @staticmethod
    def _decode(data):
        counts, index, position = [], 0, 0
        while position < len(data):
            value = shift = 0
            while True:
                if position >= len(data):
                    raise BadHistogram("counts end in the middle of a number")
                byte = data[position]
                position += 1
                if shift == 56:  # the ninth byte carries eight bits (V2's LEB128 is capped at 9 bytes)
                    value |= byte << shift
                    break
                value |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            number = (value >> 1) ^ -(value & 1)
            if number < 0:
                index += -number
            else:
                if number:
                    counts.append((index, number))
                index += 1
            if index > 1 << 22:
                raise BadHistogram("more buckets than any histogram of ours")
        return counts

    def _value(self, index):
        """The highest value that falls in the bucket."""
        bucket = (index >> self._half_bits) - 1
        sub = (index & (self._half - 1)) + self._half
        if bucket < 0:
            bucket, sub = 0, sub - self._half
        return ((sub + 1) << (bucket + self._unit)) - 1

    def at_rank(self, wanted):
        """The value of the `wanted`-th smallest sample (1-based), as the top of its bucket."""
        seen = 0
        for index, count in self.counts:
            seen += count
            if seen >= wanted:
                return self._value(index)
        raise ValueError("rank %d of %d samples" % (wanted, self.total))

    def max(self):
        """The largest sample, as the top of its bucket."""
        return self.at_rank(self.total) if self.total else 0

    def points(self):
        """(value, cumulative count) of every bucket in use, for a percentile curve."""
        seen, found = 0, []
        for index, count in self.counts:
            seen += count
            found.append((self._value(index), seen))
        return found
