"""Where a finding says that the plugin does not load, the client did not load it, and the other way round.

data/not_loaded.json names the recorded cases that client 2.1.329 left out of its plugins, and the marketplaces that it did not
add; it says how each was measured.
"""

import json
import os

import pytest
from conftest import DATA, lint

with open(os.path.join(DATA, "not_loaded.json"), encoding="utf-8") as handle:
    MEASURED = json.load(handle)
LEFT_OUT, NOT_ADDED = MEASURED["left_out"], MEASURED["not_added"]
# The client looked for the dependency itself and found none here; a plugin inside a marketplace is no plugin folder.
OFFICIAL = 1109  # the name anthropic-marketplace: right in their own repository
NOT_JUDGED = ("nested-", "nest-")


def unlike(root, name, kind, findings):
    """Does a finding of the folder `root` promise what the client did not do, or the other way round? tests/lint/test_shipped.py asks it of
    every recorded case."""
    root = str(root)
    inner = os.path.join(root, "plugins") + os.sep  # as bin/pack names a path when it was given several folders
    own = [one for one in findings if not one["path"].startswith(("plugins/", inner)) and one["rule"] != "dependency"]
    loads, added = any("does not load" in one["message"] for one in own) == (name in LEFT_OUT[kind]), True
    if os.path.exists(os.path.join(root, ".claude-plugin", "marketplace.json")) and name != OFFICIAL:
        added = any("cannot be added" in one["message"] for one in findings) == (name in NOT_ADDED[kind])
    return not loads or not added


def test_what_was_measured_is_there():
    assert len(LEFT_OUT["siblings"]) > 400 and len(NOT_ADDED["siblings"]) > 90


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
