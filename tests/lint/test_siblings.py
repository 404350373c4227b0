"""Mutations of every field with the verdict that the real client gave (2.1.329, `plugin validate --json`, 2026-11-21).

A line of data/siblings.jsonl: [base, {path: text}, valid, has warnings]. What the client refuses is an error here, what
it warns of is at least a warning.
"""

import json
import os

from conftest import DATA, lint, write
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


def test_the_clients_verdict_on_every_mutation(tmp_path):
    assert len(LINES) > 1000
    roots = {}
    for base in CORPUS["bases"]:
        roots[base] = tmp_path / base
        build(roots[base], {"base": base, "files": {}})
    wrong = []
    for line in LINES:
        base, files = line[:2]
        root = roots[base]
        old = {}
        for path in files:
            full = os.path.join(str(root), path)
            old[path] = None
            if os.path.exists(full):
                with open(full, "rb") as handle:
                    old[path] = handle.read()
        write(root, files)
        said = judge(line, lint(root)[1])
        if said:
            wrong.append((files, said))
        write(root, old)
    assert not wrong, "%d: %s" % (len(wrong), wrong[:5])


def test_the_bases_come_back_clean(tmp_path):
    for base in CORPUS["bases"]:
        build(tmp_path / base, {"base": base, "files": {}})
        assert lint(tmp_path / base) == (0, [])
