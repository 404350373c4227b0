"""The client's own verdicts: what it refuses is an error here, what it takes is none, what harms silently is found."""

import json
import os

import pytest
from conftest import DATA, lint, write

with open(os.path.join(DATA, "client_cases.json"), encoding="utf-8") as handle:
    CORPUS = json.load(handle)
SILENT_BASES = sorted(CORPUS["bases"])


def build(root, case):
    files = dict(CORPUS["bases"][case["base"]])
    files.update(case["files"])
    for path, entry in files.items():
        if entry is None:
            continue
        content, executable = entry
        content = bytes.fromhex(content["hex"]) if isinstance(content, dict) else content
        write(root, {path: content})
        os.chmod(os.path.join(str(root), path), 0o755 if executable else 0o644)


def judge(case, findings):
    """AssertionError when the findings are not what the case asks for."""
    levels = {finding["severity"] for finding in findings}
    if not case["valid"]:
        assert "error" in levels
    elif not case["strict"]:
        assert levels & {"error", "warning"}
    if case["class"] == "silent":
        assert levels & {"error", "warning"}
    if case["class"] == "accept":
        assert "error" not in levels, findings
    if case["name"] in SILENT_BASES:
        assert not findings


@pytest.mark.parametrize("case", CORPUS["cases"], ids=[case["name"] for case in CORPUS["cases"]])
def test_verdict(case, tmp_path):
    # The client names a plugin without a manifest after its folder.
    root = tmp_path / case["name"]
    build(root, case)
    judge(case, lint(root)[1])


def test_the_corpus_is_whole():
    classes = [case["class"] for case in CORPUS["cases"]]
    assert (len(classes), classes.count("silent"), classes.count("accept")) == (165, 45, 21)
    assert sum(not case["valid"] for case in CORPUS["cases"]) == 28
