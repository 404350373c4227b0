"""What markdown.py sees against markdown-it-py, which decides where a file is read as Markdown."""

import os

import pytest
from conftest import ROOT, lint
from test_client_cases import CORPUS
from test_hunt import CASES

from pack.lint import commonmark, frontmatter
from pack.lint.markdown import Prose, slugify


def texts():
    """(name, text) of every Markdown text in the recorded cases and in this repository."""
    found = []

    def look(name, value):
        for key, one in value.items() if isinstance(value, dict) else ():
            if isinstance(one, str) and key.endswith(".md"):
                found.append((name + "/" + key, one))
            look(name, one)

    for case in CORPUS["cases"] + CASES:
        look(case["name"], case)
    for folder, _, names in os.walk(ROOT):
        for name in names if "/." not in folder[len(ROOT) :] else ():
            if name.endswith(".md"):
                with open(os.path.join(folder, name), encoding="utf-8", newline="") as handle:
                    found.append((os.path.join(folder, name), handle.read()))
    return found


TEXTS = texts()


def body(text):
    parts = frontmatter.split(text)
    return parts[2] if parts else 0


def test_every_link_is_one_for_both():
    """In plain paragraphs; elsewhere the parser is asked (commonmark.doubtful)."""
    seen = 0
    for name, text in TEXTS:
        prose, document = Prose(text, body(text)), commonmark.Document(text, body(text))
        for target, start, _ in prose.links():
            if not commonmark.doubtful(text, start):
                seen += 1
                assert document.is_link(start, target), (name, target)
    assert seen > 100


def test_every_heading_has_its_anchor():
    """In this repository's pages: the recorded cases are mostly about frontmatter that is none, and its lines make headings."""
    seen = 0
    for name, text in TEXTS:
        if not name.startswith(ROOT):
            continue
        anchors, titles = Prose(text, body(text)).anchors(), commonmark.Document(text, body(text)).titles()
        for title in titles:
            if "<" not in title and "http" not in title:
                seen += 1
                assert slugify(title) in anchors, (name, title)
    assert seen > 150


DOUBTS = [
    "    [indented](none.md)\n",
    "\t[indented](none.md)\n",
    "\\[escaped](none.md)\n",
    "> ```\n> [quoted code](none.md)\n> ```\n",
    "- item\n\n      [code in a list](none.md)\n",
    "``a ` b [x](none.md) ``\n",
    "<pre>\n[not a link in HTML](none.md)\n</pre>\n",
    "<!-- a\n[comment](none.md)\n-->\n",
    "[a\\](none.md)\n",
]


@pytest.mark.parametrize("text", DOUBTS)
def test_what_is_no_link_for_commonmark_is_no_finding(plugin, text):
    root = plugin({"README.md": "# Demo\n\n" + text})
    assert [one for one in lint(root)[1] if one["rule"] == "ref-file"] == []


SURE = [
    "[x](none.md)\n",
    "> [x](none.md)\n",
    "1. a\n   [x](none.md)\n",
    "| a |\n|---|\n| [x](none.md) |\n",
    "[x]\n\n[x]: none.md\n",
    '<a href="none.md">x</a>\n',
]


@pytest.mark.parametrize("text", SURE)
def test_what_is_a_link_is_one(plugin, text):
    root = plugin({"README.md": "# Demo\n\n" + text})
    (found,) = [one for one in lint(root)[1] if one["rule"] == "ref-file"]
    line = ("# Demo\n\n" + text).split("\n")[found["line"] - 1]
    assert line[found["column"] - 1 : found["end_column"] - 1] == "none.md"
