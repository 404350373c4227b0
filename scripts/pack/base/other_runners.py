"""What Robot Framework, behave, uvu, lab, nox, QUnit and writers of TAP print under their tests. Each function takes plain text and answers
[(ran, failed, skipped)], one a summary.

The first three may end with 0 although nothing ran or something failed (`--nostatusrc`, a tag that no scenario has, a file without `test.run()`)."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    Rows = list[tuple[int, int, int]]


def robot(text: str) -> Rows:
    """A suite in a suite says its number again: the last line before `Output:` has them all."""
    out = []
    row = r"^(\d+) tests?(?: total)?, (\d+) passed, (\d+) failed(?:, (\d+) skipped)?$"
    for one in re.split(r"^Output: +\S.*$", text, flags=re.M):
        rows = re.findall(row, one, re.M)
        if rows:
            total, _passed, failed, skipped = (int(n or 0) for n in rows[-1])
            out.append((total - skipped, failed, skipped))
    return out


def behave(text: str) -> Rows:
    """Scenarios; a feature whose hook failed has none. What is only listed (`--dry-run`) is `untested`."""
    out = []
    rows = re.compile(r"^(\d+) features? passed, (.*)\n(\d+) scenarios? passed, (.*)$", re.M)
    for _features, of_features, passed, rest in rows.findall(text):
        failed, skipped = _bad(rest), sum(int(n) for n in re.findall(r"(\d+) skipped", rest))
        out.append((int(passed) + failed, failed or _bad(of_features), skipped))
    return out


def _bad(rest: str) -> int:
    return sum(int(n) for n in re.findall(r"(\d+) (?:failed|errors?|[a-z]+_errors?|undefined)\b", rest))


def uvu(text: str) -> Rows:
    """Its total leaves out what was skipped, and has what failed."""
    row = r"^  Total: +(\d+)\n  Passed: +(\d+)\n  Skipped: +(\d+)$"
    return [(int(total), int(total) - int(passed), int(skipped)) for total, passed, skipped in re.findall(row, text, re.M)]


def lab(text: str) -> Rows:
    """Neither of its totals has what was skipped. A variable that a test has left behind counts as a failure for lab's exit code."""
    out = []
    row = r"^(?:(\d+) of )?(\d+) tests (?:failed|complete)(?: \((\d+) skipped\))?$"
    for failed, total, skipped in re.findall(row, text, re.M):
        out.append((int(total), int(failed or 0), int(skipped or 0)))
    leaks = len(re.findall(r"^The following leaks were detected:", text, re.M))
    return [(ran, failed or min(1, leaks), skipped) for ran, failed, skipped in out]


def nox(text: str) -> Rows:
    """Sessions that were all skipped: nothing ran, and nox ends with 0. What ran in another session says its own number."""
    ends = re.findall(r"^nox > Session .+? (was successful|skipped|failed|aborted)\b", text, re.M)
    return [(0, 0, len(ends))] if ends and set(ends) == {"skipped"} else []


QUNIT = re.compile(r"^# pass (\d+)\n# skip (\d+)\n# todo \d+\n# fail (\d+)$", re.M)


def qunit(text: str) -> Rows:
    """The four lines under its TAP."""
    return [(int(good) + int(bad), int(bad), int(skipped)) for good, skipped, bad in QUNIT.findall(text)]


def is_versioned_tap(text: str) -> bool:
    """Whether TAP says its version, as node-tap does and bats does not. QUnit has a summary of its own."""
    return bool(re.search(r"^TAP version \d+$", text, re.M)) and not QUNIT.search(text)


def tap(text: str) -> Rows:
    """A plan and its lines: bats without a terminal, tape, node-tap. Lines that end a test with tests in it, as a file is for node-tap, count for
    nothing but their own failure: node-tap ends a file whose tests were all skipped with `ok`."""
    if not re.search(r"^1\.\.\d+", text, re.M):
        return []
    holders = set(re.findall(r"^( *)# Subtest: (.*)$", text, re.M))
    rows, ended = [], False
    for indent, bad, name, rest in re.findall(r"^( *)(not )?ok \d+\b(?: - )?(.*?)((?: # .*)?)$", text, re.M):
        if (indent, name) in holders:
            ended = ended or bool(bad) and not re.search(r"# *todo", rest, re.I)
        elif not indent or holders:
            rows.append((bad, name + rest))
    skipped = [bad for bad, rest in rows if re.search(r"# *skip", rest, re.I)]
    todo = [bad for bad, rest in rows if re.search(r"# *todo", rest, re.I)]
    failed = len([bad for bad, _rest in rows if bad]) - len([bad for bad in todo + skipped if bad])
    failed = failed or int(ended)
    return [(max(failed, len(rows) - len(skipped)), failed, len(skipped))]
