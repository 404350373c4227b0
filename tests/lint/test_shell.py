"""lint/shell.py against bashlex, a parser with bash's own grammar, on the commands of every recorded case and on 3,000 lines of public
repositories (data/commands.txt)."""

import json
import os

import pytest
from conftest import DATA

from pack.lint import shell

bashlex = pytest.importorskip("bashlex")


def commands():
    found = set()

    def look(value):
        if isinstance(value, dict):
            if isinstance(value.get("command"), str):
                found.add(value["command"])
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)
        elif isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                look(json.loads(value))
            except ValueError:
                pass

    for name in ("client_cases.json", "hunt.jsonl", "siblings.jsonl"):
        with open(os.path.join(DATA, name), encoding="utf-8") as handle:
            text = handle.read()
        look([json.loads(text)] if name.endswith(".json") else [json.loads(line) for line in text.split("\n") if line])
    with open(os.path.join(DATA, "commands.txt"), encoding="utf-8") as handle:
        found.update(line for line in handle.read().split("\n") if line)
    return sorted(found)


def spelled(node, source, out):
    """The words of a syntax tree, as they stand in the source, with the first of each simple command marked."""
    if node.kind == "command":
        first = True
        for part in node.parts:
            if part.kind == "assignment":
                out.append((source[part.pos[0] : part.pos[1]], False))
            elif part.kind == "word":
                out.append((source[part.pos[0] : part.pos[1]], first))
                first = False
    for part in list(getattr(node, "parts", ())) + list(getattr(node, "list", ())):
        if part.kind not in ("word", "assignment"):
            spelled(part, source, out)


# What differs by design. The reader asks which file a command runs: it looks into no substitution, and takes words of the grammar for words.
DIFFERS = ("$(", "`", "<(", "<<", "((", "[[", "{", "}", "if ", "for ", "while ", "case ", "function ", "()", "!", ">", "<", "&>", "#")


def test_plain_commands_have_the_same_words():
    same, skipped, broken, wrong = 0, 0, 0, []
    for command in commands():
        bare = command.replace("${CLAUDE_PLUGIN_ROOT}", "$CLAUDE_PLUGIN_ROOT").replace("${CLAUDE_PROJECT_DIR}", "$CLAUDE_PROJECT_DIR")
        if any(mark in bare for mark in DIFFERS):
            skipped += 1
            continue
        try:
            trees = bashlex.parse(bare)
        except Exception:  # what bash refuses too, and what this library does not know
            broken += 1
            continue
        theirs = []
        for tree in trees:
            spelled(tree, bare, theirs)
        ours = [(bare[word.start : word.end], word.first) for word in shell.words(bare)]
        if ours != theirs:
            wrong.append((command, ours, theirs))
        same += 1
    assert wrong == []
    assert same > 1500, (same, skipped, broken)
