"""What markdown.py sees against markdown-it-py, which decides where a file is read as Markdown."""

import os
import random

import pytest
from conftest import ROOT, lint
from test_client_cases import CORPUS
from test_hunt import CASES

from pack.lint import commonmark, frontmatter, markdown
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


@pytest.mark.parametrize("depth", [1, 9, 10, 30])
def test_a_link_deep_in_a_list_is_one(depth):
    """The parser drops what stands deeper than its limit, which is low in its strict preset."""
    text = "".join("%s- level %d\n" % ("  " * n, n) for n in range(depth)) + "%s- [more](gone.md)\n" % ("  " * depth)
    assert commonmark.Document(text).is_link(text.index("gone.md"), "gone.md")


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


def parsed(text):
    """(tables, fences, comments) of the parser: the tables as rows of cells' sources, the fences as (first line, info), the lines of comments."""
    from markdown_it import MarkdownIt

    tables, fences, comments = [], [], []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and token.level == 4 and tables:
            tables[-1][-1].append(token.content)
        elif token.type == "fence" and token.level == 0:
            fences.append((token.map[0], token.info.strip()))
        elif token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            comments.append(token.map[0])
    return tables, fences, comments


# What differs by design. Cells: a `|` in a code span does not end one here, for names and commands with it are common and GitHub's rule is
# little known; a row may be shorter or longer than its head. Fences and tables in lists and quotations are seen here with no look at what
# they stand in. A block behind frontmatter starts a text of its own.
def test_every_table_fence_and_comment_is_one_for_both():
    seen = [0, 0, 0]
    for name, text in TEXTS:
        if not name.startswith(ROOT):
            continue
        start = body(text)
        line = text.count("\n", 0, start)
        tables, fences, comments = parsed(text[start:])
        prose = Prose(text, start)
        rows = [[[cell[0] for cell in row] for row in [table.header, *table.rows]] for table in prose.tables()]
        for ours, theirs in zip(rows, tables):
            width = len(theirs[0])
            padded = [(row + [""] * width)[:width] for row in ours]
            if not any("`" in cell and "|" in cell for row in ours for cell in row):
                seen[0] += 1
                assert padded == theirs, name
        assert len(rows) == len(tables), name
        top = [(text.count("\n", 0, begin) - line, info) for begin, _, info in prose.fences if text[begin] in "`~"]
        assert [one for one in fences if one not in top] == [], name
        seen[1] += len(fences)
        ours = {text.count("\n", 0, begin) - line for begin, _ in prose.comments}
        assert [one for one in comments if one not in ours] == [], name
        seen[2] += len(comments)
    assert seen[0] > 50 and seen[1] > 200 and seen[2] > 50, seen


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


def test_tables_are_the_same_line_by_line(monkeypatch):
    """The quick look at the lines below a ruler, against each line looked at alone."""
    chance, made = random.Random(5), []
    lines = ("| a | b |", "|---|---|", "| --- | --- |", "a | b", "", "```", "<!-- x", "x -->", "| c |\r", "|-|", "text", "\r", " | d | e |")
    for _ in range(3000):
        made.append("\n".join(chance.choice(lines) for _ in range(chance.randrange(2, 12))) + chance.choice(("", "\n", "\n\n")))

    def seen():
        return [[(table.header, table.rows) for table in Prose(text).tables()] for text in [text for _, text in TEXTS] + made]

    quick = seen()
    monkeypatch.setattr(markdown, "_barred", lambda text, end: (end, []))
    assert seen() == quick and sum(map(len, quick)) > 1000
