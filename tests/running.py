"""How the tests run: the longest first, the slow ones marked, and one line at the end that says what was skipped and what brings it."""

import os
import re

import pytest

SLOW = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow.txt")
COMMAND = re.compile(r"scripts/dev/[\w-]+|make [\w-]+|[A-Z_]+=\S+ (?:pytest|make)\S*|Python 3\.\d+")


def slow_names():
    """The tests that take longest, one a line: ids without the case, or the beginnings of files' names (`make slow-tests` writes them)."""
    with open(SLOW, encoding="utf-8") as f:
        return tuple(line.strip() for line in f if line.strip() and not line.startswith("#"))


def is_slow(names):
    """A function of a test's id: whether one of these names is its file's beginning or the test itself (no other that begins alike)."""
    files, tests = tuple(n for n in names if "::" not in n), {n for n in names if "::" in n}
    return lambda nodeid: nodeid.partition("[")[0] in tests or nodeid.startswith(files)


def pytest_collection_modifyitems(config, items):
    named = is_slow(slow_names())
    stories, slow, rest = [], [], []
    for item in items:
        if named(item.nodeid):
            item.add_marker(pytest.mark.slow)
        (stories if item.get_closest_marker("client") else slow if item.get_closest_marker("slow") else rest).append(item)
    items[:] = in_hands(stories, slow, rest, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)))


def in_hands(stories, slow, rest, workers):
    """The tests in the order of a run. A run ends when its last worker does: what takes longest begins first, with every worker. `--dist worksteal`
    cuts the list into as many even parts as there are workers, so each part begins with its stories. The others stay together as files have them,
    for the brokers and projects that they share."""
    out = []
    for n in range(workers):
        out += stories[n::workers] + _part(slow, n, workers) + _part(rest, n, workers)
    return out


def _part(items, n, parts):
    return items[len(items) * n // parts : len(items) * (n + 1) // parts]


def skipped(reasons_given):
    """What was skipped and the commands that bring it, in one line; "" when nothing was. reasons_given: a text for each skipped test."""
    ways = {}
    for reason in reasons_given:
        reason = re.sub(r"^Skipped: ", "", reason)
        found = COMMAND.search(reason)
        ways.setdefault(found.group(0) if found else "", []).append(reason)
    told = []
    for way, reasons in sorted(ways.items(), key=lambda pair: -len(pair[1])):
        why = sorted({re.split(r": (?=scripts/|make |[A-Z_]+=)| \(scripts/", reason)[0] for reason in reasons})
        more = "; and %d more" % (len(why) - 3) if len(why) > 3 else ""
        told.append("%s (%d: %s%s)" % (way or "nothing here", len(reasons), "; ".join(why[:3]), more))
    return "%d skipped. What brings them: %s" % (len(reasons_given), ", ".join(told)) if reasons_given else ""


def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    line = skipped([r.longrepr[2] if isinstance(r.longrepr, tuple) else str(r.longrepr) for r in reporter.stats.get("skipped", [])])
    if line:
        reporter.write_line(line)
