"""What Robot Framework, behave and uvu print under their tests. Each function takes plain text and answers [(ran, failed, skipped)], one a summary.

All three may end with 0 although nothing ran or something failed (`--nostatusrc`, a tag that no scenario has, a file without `test.run()`)."""

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
