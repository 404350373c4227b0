"""What each test costs in CPU time, its processes too, and the line at the end that says what is slow and not yet in tests/slow.txt.

CPU seconds are user and system time of the worker and of the children that it has waited for: a busy machine changes them little, where wall
time doubles. What a fixture costs that several tests share is nobody's: it is there as long as one of them runs.
PACK_TEST_CPU=FILE keeps {test id: CPU seconds} of a run as JSON; `make slow-tests` makes tests/slow.txt from that.
"""

import json
import os
import re

import pytest

from running import SLOW, is_slow, slow_names

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None

NOTICED = 3  # times the limit, before a test is named: another machine may be half as fast
_shared = [0.0]


def used():
    """CPU seconds so far of this process and of its children that ended."""
    if resource is None:
        return sum(os.times()[:4])
    mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef):
    before, inner = used(), _shared[0]
    yield
    if fixturedef.scope != "function":
        _shared[0] = inner + used() - before  # with the shared ones that it asked for, each once


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    item.stash[BEGAN] = used() - _shared[0]
    yield


BEGAN = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "teardown":  # its report travels to the process that prints
        outcome.get_result().cpu = round(used() - _shared[0] - item.stash[BEGAN], 4)


class Costs:
    """The controlling process's book: {test id: CPU seconds}."""

    def __init__(self):
        self.of = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown" and hasattr(report, "cpu"):
            self.of[report.nodeid] = report.cpu

    def pytest_terminal_summary(self, terminalreporter):
        kept = os.environ.get("PACK_TEST_CPU")
        if kept:
            with open(kept, "w", encoding="utf-8") as f:
                json.dump(self.of, f, indent=0, sort_keys=True)
        line = said(self.of, terminalreporter.config.getoption("markexpr", ""))
        if line:
            terminalreporter.write_line(line)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Costs(), "cpu-costs")


def limits():
    """(CPU seconds of a case, CPU seconds of all) that tests/slow.txt was made for, as its head says."""
    with open(SLOW, encoding="utf-8") as f:
        head = f.read().partition("\n\n")[0]
    return tuple(float(re.search(pattern, head).group(1)) for pattern in (r"([\d.]+) s of CPU time a case", r"([\d.]+) s for all"))


def by_function(costs):
    """{id without its case: [CPU seconds of each case]}."""
    out = {}
    for name, cost in costs.items():
        out.setdefault(name.partition("[")[0], []).append(cost)
    return out


def said(costs, chosen):
    """The line for a run that was to be fast: what is slow and not named in tests/slow.txt; "" where there is nothing to say. chosen: its -m."""
    if "not slow" not in chosen or not costs:
        return ""
    a_case, all_of_them = limits()
    total, named = sum(costs.values()), is_slow(slow_names())
    new = {n: sum(c) / len(c) for n, c in by_function(costs).items() if not named(n)}
    new = sorted(((cost, n) for n, cost in new.items() if cost > NOTICED * a_case), reverse=True)
    out = "CPU time of the tests: %.0f s (tests/slow.txt was made for %.0f s)" % (total, all_of_them)
    if new:
        shown = ", ".join("%s (%.1f s)" % (n, cost) for cost, n in new[:5])
        out += ". Slow and not named there: %s%s; `make slow-tests` names them" % (
            shown,
            " and %d more" % (len(new) - 5) if len(new) > 5 else "",
        )
    return out
