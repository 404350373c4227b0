"""Is the clock that measures the machine's own?

A library that is put between Python and the kernel (libfaketime by LD_PRELOAD) can let every clock of the process run slower: at a tenth of the
speed a latency of 30 ms reads 3, and the self-test, which asks the same clock, agrees. The kernel tells how long it is up in a file, which is read
and not asked of a clock: what the process's clock went on meanwhile must be the same. Where there is no such file nothing is known.
"""

import time

UPTIME = "/proc/uptime"
STEP_S = 0.01  # in which the kernel tells it
GAP_S = 0.005  # between two looks at the clock of the process, with the file read in between
SHARE = 0.01  # that the two may differ by; clocks are steered by 0.05 % at most


def look():
    """(the process's clock, the kernel's seconds, how exact), or None where the kernel does not tell."""
    best = None
    for _ in range(20):
        before = time.perf_counter()
        try:
            with open(UPTIME, encoding="ascii") as handle:
                up = float(handle.read().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        gap = time.perf_counter() - before
        if best is None or gap < best[2]:
            best = (before, up, gap)
        if gap < GAP_S:
            break
    return best


def between(first, second):
    """[seconds by the process's clock, seconds by the kernel's, how exact] from one look to another, or None."""
    if first is None or second is None:
        return None
    return [round(second[0] - first[0], 4), round(second[1] - first[1], 4), round(first[2] + second[2] + 2 * STEP_S, 4)]


def off(seconds):
    """What is wrong with the clock of a run, as text, or None. seconds: what `between` gives."""
    if seconds is None:
        return None
    ours, kernel, exact = seconds
    if abs(ours - kernel) <= 0.05 + exact + SHARE * abs(kernel):
        return None
    return (
        "the clock that measured went on by %.2f s while the machine's own went on by %.2f s: something lets it run faster or slower (a library "
        "that is loaded before all others, such as libfaketime), or the machine slept meanwhile; nothing here is a time" % (ours, kernel)
    )
