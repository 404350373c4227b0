"""CPU of a process tree, and of two in turn: other load on the machine falls on both."""

import resource
import statistics
import subprocess

RUNS = 40


def cpu(command, env, data=b""):
    """CPU milliseconds of one process tree."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=env, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 2):
        raise SystemExit("%s: exit %d: %s" % (command[:3], done.returncode, done.stderr[:300]))
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def pair(name, a, b, runs=RUNS):
    """Run a and b in turn; print medians and the median of the pairwise ratios."""
    rows = [(a(), b()) for _ in range(runs)][3:]
    ratio = statistics.median(x / y for x, y in rows)
    print(
        "%-9s %6.2f ms  against %6.2f ms   ratio %.2f"
        % (name, statistics.median(x for x, _ in rows), statistics.median(y for _, y in rows), ratio),
        flush=True,
    )
    return ratio
