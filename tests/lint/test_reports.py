"""What people reported in public, each rebuilt as small as it goes and linted by bin/pack: is the cause named?

A line of data/reports.jsonl: the report (owner/repository#number), what was wrong, files laid over the plugin of conftest.py (null takes
one away), kind (`named`: one of `rules` says it; `sound`: for client 2.1.332 it is no mistake, so nothing is said; `unnamed`: not seen).
"""

import json
import os

import pythons
from conftest import DATA, PLUGIN, write
from test_shipped import findings, shipped

with open(os.path.join(DATA, "reports.jsonl"), encoding="utf-8") as handle:
    REPORTS = [json.loads(line) for line in handle]


def test_reports(tmp_path, tmp_path_factory):
    roots = [tmp_path / str(number) / "demo-pack" for number in range(len(REPORTS))]
    for root, report in zip(roots, REPORTS):
        write(root, PLUGIN)
        write(root, report["files"])
    wrong = []
    for report, some in zip(REPORTS, findings(shipped(pythons.EXTREMES[0], tmp_path_factory), roots)):
        named = {one["rule"] for one in some if one["severity"] != "info"}
        right = bool(named & set(report["rules"])) if report["kind"] == "named" else not named
        if not right:
            wrong.append((report["report"], report["kind"], sorted(named)))
    assert not wrong, wrong


def test_the_reports_are_told_apart():
    assert len({report["report"] for report in REPORTS}) == len(REPORTS) >= 70
