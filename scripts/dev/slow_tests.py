"""Writes tests/slow.txt, what `make test-fast` leaves out, from the CPU time that each test took (`make slow-tests`).

The rule: the cheapest tests that together stay within a budget are fast, all others slow. What counts is the mean of a test's cases, so that a
test has all its cases in `make test-fast` or none. The budget is ALL CPU seconds: with the two workers' starts and pytest's own work it
leaves a margin below 90 s of wall time on two cores. Tests that were not measured stay as they were; a line without `::` (whole files, for
brokers or for an order of their own) stays until a person takes it out.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

ALL = 100.0  # CPU seconds

HEAD = """\
# Tests that `make test-fast` leaves out: the beginnings of their ids. `make slow-tests` writes this file (the rule: scripts/dev/slow_tests.py).
# What is not here took up to %.3f s of CPU time a case, %.0f s for all %d tests, when it was made.

"""


def chosen(functions, all_of_them=ALL):
    """(slow ids, the dearest mean among the others, their sum). functions: {id: [CPU seconds of each case]}."""
    slow, dearest, total = set(), 0.0, 0.0
    for name, cases in sorted(functions.items(), key=lambda pair: (sum(pair[1]) / len(pair[1]), pair[0])):
        if slow or total + sum(cases) > all_of_them:  # the first that is too much, and every dearer one
            slow.add(name)
        else:
            dearest, total = sum(cases) / len(cases), total + sum(cases)
    return slow, dearest, total


def main(paths):
    from cpu import by_function
    from running import slow_names

    costs = {}
    for path in paths:
        costs.update(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    kept = slow_names()
    files = tuple(line for line in kept if "::" not in line)
    measured = by_function({name: cost for name, cost in costs.items() if not name.startswith(files)})
    slow, dearest, total = chosen(measured)
    lines = sorted(set(files) | slow | {line for line in kept if "::" in line and line not in measured})
    head = HEAD % (dearest, total, sum(len(measured[name]) for name in set(measured) - slow))
    (ROOT / "tests/slow.txt").write_text(head + "".join(line + "\n" for line in lines), encoding="utf-8")
    print("tests/slow.txt: %d lines; what stays fast took %.0f s of CPU time, up to %.3f s a case" % (len(lines), total, dearest))


if __name__ == "__main__":
    main(sys.argv[1:])
