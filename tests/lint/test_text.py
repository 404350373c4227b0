"""Bytes and characters: text-encoding, text-nul, hidden-character, secret, skill-length."""

import pytest
from conftest import AGENT, lint

BASE = AGENT % "reviewer"


def found(root, rule):
    return [finding for finding in lint(root)[1] if finding["rule"] == rule]


def test_text_encoding_points_at_the_byte(plugin):
    root = plugin({"agents/reviewer.md": BASE.encode() + b"caf\xe9\n"})
    (finding,) = found(root, "text-encoding")
    assert (finding["line"], finding["column"]) == (8, 4)
    assert "0xe9" in finding["message"]


def test_text_nul(plugin):
    (finding,) = found(plugin({"agents/reviewer.md": BASE.encode() + b"\x00\n"}), "text-nul")
    assert finding["line"] == 8


@pytest.mark.parametrize("text", ["abc\u202edef", "a\U000e0041b", "pa\u200bss"])
def test_hidden_character(plugin, text):
    (finding,) = found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nRun %s.\n" % text}), "hidden-character")
    assert "U+" in finding["message"] and finding["line"] == 4


@pytest.mark.parametrize(
    "text",
    ["\U0001f468\u200d\U0001f469", "\u2764\ufe0f", "naïve café", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "می‌خواهم"],
)
def test_characters_that_people_use(plugin, text):
    assert not found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nRun %s.\n" % text}), "hidden-character")


@pytest.mark.parametrize(
    "text",
    [
        "gh" + "p_" + "Zk3QmV8rT1yLw9XbN5cJ7dFgHaSePuRoIiKx",
        "AK" + "IA" + "Z7QX3MVN8RTYLWKB",
        "sk-" + "Zk3QmV8rT1yLw9XbN5cJ7dFgHaSe",
    ],
)
def test_secret(plugin, text):
    (finding,) = found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nUse %s.\n" % text}), "secret")
    assert finding["severity"] == "error" and text not in finding["message"]


@pytest.mark.parametrize("text", ["sk-your-key-here-your-key-here", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKIAEXAMPLEEXAMPLE00"])
def test_placeholders_are_no_secrets(plugin, text):
    assert not found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nUse %s.\n" % text}), "secret")


def test_skill_length_counts_both_texts(plugin):
    text = "---\nname: long\ndescription: %s\nwhen_to_use: %s\n---\nBody.\n"
    assert found(plugin({"skills/long/SKILL.md": text % ("a" * 800, "b" * 800)}), "skill-length")
    assert not found(plugin({"skills/long/SKILL.md": text % ("a" * 700, "b" * 800)}), "skill-length")
