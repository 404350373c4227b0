"""Where a finding says that the plugin does not load, the client did not load it, and the other way round.

data/not_loaded.json names the recorded cases that client 2.1.329 left out of its plugins, and the marketplaces that it did not
add; it says how each was measured.
"""

import json
import os

import pytest
import test_client_cases
import test_hunt
import test_siblings
from conftest import DATA, lint, write

with open(os.path.join(DATA, "not_loaded.json"), encoding="utf-8") as handle:
    MEASURED = json.load(handle)
LEFT_OUT, NOT_ADDED = MEASURED["left_out"], MEASURED["not_added"]
# The client looked for the dependency itself and found none here; a plugin inside a marketplace is no plugin folder.
OFFICIAL = 1109  # the name anthropic-marketplace: right in their own repository
NOT_JUDGED = ("nested-", "nest-")


def says(root):
    own = [finding for finding in lint(root)[1] if not finding["path"].startswith("plugins/") and finding["rule"] != "dependency"]
    return any("does not load" in finding["message"] for finding in own)


def unlike(root, name, kind):
    """Does a finding promise what the client did not do, or the other way round?"""
    loads, added = says(root) == (name in LEFT_OUT[kind]), True
    if os.path.exists(os.path.join(str(root), ".claude-plugin", "marketplace.json")) and name != OFFICIAL:
        added = any("cannot be added" in finding["message"] for finding in lint(root)[1]) == (name in NOT_ADDED[kind])
    return not loads or not added


def test_the_clients_cases(tmp_path):
    wrong = []
    for case in test_client_cases.CORPUS["cases"]:
        root = tmp_path / case["name"]
        test_client_cases.build(root, case)
        if not case["name"].startswith(NOT_JUDGED) and unlike(root, case["name"], "client_cases"):
            wrong.append(case["name"])
    assert not wrong


def test_the_hunts(tmp_path):
    wrong = []
    for case in test_hunt.CASES:
        root = test_hunt.make(case, tmp_path / case["name"])
        if not case["name"].startswith(NOT_JUDGED) and unlike(root, case["name"], "hunt"):
            wrong.append(case["name"])
    assert not wrong


def test_the_mutations(tmp_path):
    wrong = []
    assert len(LEFT_OUT["siblings"]) > 400 and len(NOT_ADDED["siblings"]) > 90
    for number, (base, files, _, _) in enumerate(test_siblings.LINES):
        root = tmp_path / str(number) / base
        test_client_cases.build(root, {"base": base, "files": {}})
        write(root, files)
        if unlike(root, number, "siblings"):
            wrong.append((number, files))
    assert not wrong, "%d: %s" % (len(wrong), wrong[:5])


@pytest.mark.parametrize(
    "text,effect",
    [
        ("[]", "no hook of the plugin runs"),
        ("{", "no hook of the plugin runs"),
        ('{"Stop": []}', "no hook of the plugin runs"),
        ('{"PreToolUse": []}', "the plugin does not load"),
        ('{"hooks": {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}}}', "the hook never runs"),
        ('{"hooks": {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}}', "the plugin does not load"),
    ],
)
def test_what_a_broken_hooks_file_does(plugin, text, effect):
    said = [finding["message"] for finding in lint(plugin({"hooks/hooks.json": text}))[1] if finding["severity"] == "error"]
    assert any(effect in message for message in said), said
    assert effect == "the plugin does not load" or not any("does not load" in message for message in said)
