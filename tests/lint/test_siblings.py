"""Mutations of every field with the verdict that the real client gave (2.1.329, `plugin validate --json`, 2026-11-21).

A line of data/siblings.jsonl: [base, {path: text}, valid, has warnings]. What the client refuses is an error here, what
it warns of is at least a warning.
"""

import json
import os

from conftest import DATA, lint
from test_client_cases import CORPUS, build


with open(os.path.join(DATA, "siblings.jsonl"), encoding="utf-8") as handle:
    LINES = [json.loads(line) for line in handle]


def judge(line, findings):
    """None, or what the linter is silent about."""
    _, _, valid, warns = line
    levels = {finding["severity"] for finding in findings}
    if not valid and "error" not in levels:
        return "refused by the client"
    if valid and warns and not levels & {"error", "warning"}:
        return "warned of by the client"
    return None


def test_the_record_is_whole():
    assert len(LINES) > 1000  # tests/lint/test_shipped.py judges each


def test_the_bases_come_back_clean(tmp_path):
    for base in CORPUS["bases"]:
        build(tmp_path / base, {"base": base, "files": {}})
        assert lint(tmp_path / base) == (0, [])
