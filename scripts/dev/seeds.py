"""docs/seeds.md from scripts/dev/seeds.txt: every item of the seeds, where it is held and where that is seen.

A line is `item | held | seen`; places are separated by `;`: a path of the repository, `k:` a path below scripts/pack, `t:` a test function, `s:` a story,
`D:` the head of a decision; `#` and a text that must stand in the file. An item that is not there yet says `open: why` and nothing else.
"""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "scripts", "dev", "seeds.txt")


def rows():
    """[(seed, section, item, held, seen)]; held and seen are lists of places; an open item has held ["open: why"]."""
    out, seed, section = [], None, None
    with open(DATA, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line.startswith("## "):
                section = line[3:]
            elif line.startswith("# "):
                seed = line[2:]
            elif line:
                item, held, seen = (
                    [part.strip() for part in line.split(" | ")] if line.count(" | ") == 2 else (line.rstrip("| ") + " | ").split(" | ")
                )
                out.append(
                    (
                        seed,
                        section,
                        item,
                        [p.strip() for p in held.split("; ") if p.strip()],
                        [p.strip() for p in seen.split("; ") if p.strip()],
                    )
                )
    return out


_TESTS = {}


def tests():
    """{test function: path}; a name that two files have is no place."""
    if not _TESTS:
        for path in glob.glob(os.path.join(ROOT, "tests", "**", "test_*.py"), recursive=True):
            with open(path, encoding="utf-8") as f:
                for name in re.findall(r"^def (test_\w+)", f.read(), re.M):
                    _TESTS[name] = None if name in _TESTS else os.path.relpath(path, ROOT).replace(os.sep, "/")
    return {name: path for name, path in _TESTS.items() if path}


def place(text):
    """One place -> (path, what must stand in it or "", words for the page). KeyError for a test that is gone."""
    if text.startswith("t:"):
        return tests()[text[2:]], "def %s(" % text[2:], "`%s`" % text[2:]
    if text.startswith("D:"):
        return "docs/decisions.md", text[2:], "decision: %s" % text[2:]
    path, _, needle = text.partition("#")
    if path.startswith("k:"):
        path = "scripts/pack/" + path[2:]
    elif path.startswith("s:"):
        name = path[2:]
        return "tests/client/scenarios/%s.story" % name, needle, "story %s" % name
    return path, needle, path.rpartition("/")[2] if path.startswith("scripts/") else path


def _cell(places):
    if places and places[0].startswith("open:"):
        return "**open**: " + places[0][5:].strip()
    out = []
    for text in places:
        path, _needle, words = place(text)
        target = path if not path.startswith("docs/") else path[5:]
        out.append("[%s](%s%s)" % (words, "" if path.startswith("docs/") else "../", target))
    return "; ".join(dict.fromkeys(out))


def page():
    """The text of docs/seeds.md."""
    all_rows = rows()
    lines = [
        "# The seeds, item by item",
        "",
        "What the user asked for (`seeds/`, and the design card), item by item: where each is held (code, a prompt, or a decision with its reason) and where that is seen (a test, or a story of the real",
        "client). Written by `make generate` from `scripts/dev/seeds.txt`; a test fails when a place is gone. What is **open** says what is there instead.",
        "",
        "%d items, %d of them open." % (len(all_rows), sum(r[3][0].startswith("open:") for r in all_rows)),
    ]
    seed = section = None
    for row in all_rows:
        if row[0] != seed:
            seed, section = row[0], None
            lines += ["", "## %s" % seed]
        if row[1] != section:
            section = row[1]
            lines += ["", "### %s" % section, "", "| item | held | seen |", "|---|---|---|"]
        lines.append("| %s | %s | %s |" % (row[2], _cell(row[3]), _cell(row[4])))
    return "\n".join(lines) + "\n"
