"""Mutations of every field with the verdict that the real client gave (2.1.329, `plugin validate --json`, 2026-11-21).

A line of data/siblings.jsonl: [base, {path: text}, valid, has warnings]. What the client refuses is an error here, what
it warns of is at least a warning.
"""

import json
import os

from conftest import DATA, lint, write
from test_client_cases import CORPUS, build


def test_the_clients_verdict_on_every_mutation(tmp_path):
    with open(os.path.join(DATA, "siblings.jsonl"), encoding="utf-8") as handle:
        lines = [json.loads(line) for line in handle]
    assert len(lines) > 1000
    roots = {}
    for base in CORPUS["bases"]:
        roots[base] = tmp_path / base
        build(roots[base], {"base": base, "files": {}})
    wrong = []
    for base, files, valid, warns in lines:
        root = roots[base]
        old = {}
        for path in files:
            full = os.path.join(str(root), path)
            old[path] = None
            if os.path.exists(full):
                with open(full, "rb") as handle:
                    old[path] = handle.read()
        write(root, files)
        levels = {finding["severity"] for finding in lint(root)[1]}
        if not valid and "error" not in levels:
            wrong.append((files, "refused by the client"))
        elif valid and warns and not levels & {"error", "warning"}:
            wrong.append((files, "warned of by the client"))
        write(root, old)
    assert not wrong, "%d: %s" % (len(wrong), wrong[:5])


def test_the_bases_come_back_clean(tmp_path):
    for base in CORPUS["bases"]:
        build(tmp_path / base, {"base": base, "files": {}})
        assert lint(tmp_path / base) == (0, [])
