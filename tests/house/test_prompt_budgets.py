"""The design card's rule 8: what a prompt may cost. A token is taken for three and a half characters, which is more tokens than there are."""

import glob
import os

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHARS = 3.5
AGENTS = sorted(glob.glob(os.path.join(ROOT, "agents", "*.md")))
COMMANDS = sorted(glob.glob(os.path.join(ROOT, "commands", "*.md")))


def parts(path):
    """(frontmatter as a mapping, the prompt)."""
    with open(path, encoding="utf-8") as f:
        head, text = f.read().split("---\n", 2)[1:]
    return dict(line.split(": ", 1) for line in head.splitlines() if ": " in line), text


def tokens(text):
    return len(text) / CHARS


def test_build_fits_and_what_must_survive_a_compaction_stands_first():
    _head, text = parts(os.path.join(ROOT, "commands", "build.md"))
    assert tokens(text) <= 4500
    first = text[: int(1000 * CHARS)]
    for words in (
        "## After a compaction or resume",
        "## What code holds",
        "Only you spawn",
        "One owner of state",
        "An approval is (task, content, role)",
    ):
        assert words in first, words


@pytest.mark.parametrize("path", AGENTS, ids=os.path.basename)
def test_an_agents_prompt_fits(path):
    _head, text = parts(path)
    assert tokens(text) <= 1500


@pytest.mark.parametrize("path", AGENTS + COMMANDS, ids=os.path.basename)
def test_a_description_is_short(path):
    head, _text = parts(path)
    assert 0 < len(head["description"].split()) <= 60
