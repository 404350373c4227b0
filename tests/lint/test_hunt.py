"""Plugins with one defect or one odd but legal form each, made up to be unlike those in data/client_cases.json.

A line of data/hunt.jsonl: name, kind (`found`: at least a warning of one of `rules`; `accept`: no error; `clean`: no error and no warning), files laid over
`ok-baseline`, and what `claude plugin validate --strict --json` of client 2.1.329 said (2026-11-21): what it calls an error
is an error here, what it warns of at least a warning. link-outside, bin-file and component-location live here.
"""

import json
import os

import pytest
from conftest import DATA, lint, write
from test_client_cases import CORPUS, build

with open(os.path.join(DATA, "hunt.jsonl"), encoding="utf-8") as handle:
    CASES = [json.loads(line) for line in handle]


def lay(root, files):
    """Write the files of a case: text, {"hex"}, {"link"} or {"text", "executable"}; None removes."""
    readme = os.path.join(str(root), "README.md")
    with open(readme, encoding="utf-8") as handle:
        text = handle.read()
    write(root, {"README.md": text.replace("two agents that review", "agents that review")})
    for path, value in files.items():
        value = value if isinstance(value, dict) else {"text": value}
        full = os.path.join(str(root), path)
        if "link" in value:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if os.path.lexists(full):
                os.unlink(full)
            os.symlink(value["link"], full)
            continue
        write(root, {path: bytes.fromhex(value["hex"]) if "hex" in value else value["text"]})
        if "executable" in value:
            os.chmod(full, 0o755 if value["executable"] else 0o644)


def make(case, folder):
    """The plugin of a case, with files beside it; its folder."""
    root = folder / "demo-pack"
    build(root, {"base": "ok-baseline", "files": {}})
    lay(root, case["files"])
    write(folder, {"outside.md": "---\nname: o\ndescription: d\n---\nx\n", "outside.py": "1\n"})
    return root


def judge(case, findings):
    """AssertionError when the findings are not what the case asks for."""
    said = [(finding["rule"], finding["message"]) for finding in findings]
    levels = {finding["severity"] for finding in findings}
    if case["client"] == "error":
        assert "error" in levels, said
    if case["client"] == "warning":
        assert levels & {"error", "warning"}, said
    if case["kind"] == "found":
        assert set(case["rules"]) & {finding["rule"] for finding in findings if finding["severity"] != "info"}, said
    elif case["client"] == "silent":
        assert "error" not in levels, said
    if case["kind"] == "clean":
        assert not levels & {"error", "warning"}, said


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case, tmp_path):
    judge(case, lint(make(case, tmp_path))[1])


def test_the_names_are_told_apart():
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) and "ok-baseline" in CORPUS["bases"]
