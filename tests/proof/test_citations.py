"""What comments cite leads to a page that ships: PROTOCOL n and H n to docs/protocol.md, CLIENT n to docs/client.md, DESIGN rule n to docs/decisions.md."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def shipped(*ends):
    named = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [n for n in named if n.endswith(ends) and not n.startswith("tests/lint/data") and os.path.exists(os.path.join(ROOT, n))]


def test_every_section_and_hole_that_a_comment_cites_is_on_its_page_and_its_home_is_there():
    page, decisions = text_of("docs/protocol.md"), text_of("docs/decisions.md").partition("## What comments cite")[2]
    sections = re.findall(r"(?m)^## (\d+) ", page)
    holes = re.findall(r"(?m)^\| H(\d+) \|", page)
    assert sections == [str(n) for n in range(1, 13)]
    assert holes == [str(n) for n in range(1, 29)] == re.findall(r"(?m)^\| H(\d+) \|", text_of("references/assurance.md"))
    cited = {"PROTOCOL": set(), "H": set(), "DESIGN rule": set()}
    for name in shipped(".py", ".md", ".story", "Makefile", "hooks/gate"):
        text = text_of(name)
        cited["PROTOCOL"] |= set(re.findall(r"\bPROTOCOL(?:\.md)? (\d+)", text))
        cited["DESIGN rule"] |= set(re.findall(r"\bDESIGN rule (\d+)", text))
        cited["H"] |= set(re.findall(r"\bH([1-9]\d?)\b(?! =)", text)) if name.startswith("scripts/pack/protocol/") else set()
    assert len(cited["PROTOCOL"]) > 8 and len(cited["DESIGN rule"]) > 3 and len(cited["H"]) > 8
    assert cited["PROTOCOL"] <= set(sections) and cited["H"] <= set(holes), (cited["PROTOCOL"] - set(sections), cited["H"] - set(holes))
    missing = [n for n in cited["DESIGN rule"] if not re.search(r"(?m)^\| %s \|" % n, decisions)]
    assert not missing, "DESIGN rule %s: docs/decisions.md does not say what that is" % missing
    for home in re.findall(r"`([\w/.]+\.py|[\w/]+/)`", page + decisions):
        assert any(os.path.exists(os.path.join(ROOT, base, home)) for base in ("", "scripts/pack")), home
    for place in re.findall(r"(?m)^Home: (.*)$", page):
        assert re.findall(r"`[\w/]+\.py`", place), place


def test_every_measurement_of_the_client_that_is_cited_is_on_its_page_and_is_repeated_by_something_that_is_there():
    page = text_of("docs/client.md")
    named = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    files = [n for n in named if n.endswith((".py", ".md", ".story")) and not n.startswith(("tests/lint/data", "docs/client.md"))]
    cited = set()
    for name in files:
        cited |= set(re.findall(r"\bCLIENT(?:\.md)? (\d+(?:\.\d+)?)\b", text_of(name)))
    assert len(cited) > 3
    missing = [n for n in cited if not re.search(r"(?m)^\| %s \||^## %s " % (re.escape(n), re.escape(n)), page)]
    assert not missing, "docs/client.md has no section %s" % missing
    for story in re.findall(r"`(?:tests/client/scenarios/)?([\w-]+\.story)`", page):
        assert os.path.exists(os.path.join(ROOT, "tests/client/scenarios", story)), story
    for path in re.findall(r"`((?:tests|scripts)/[\w/.-]+)`", page):
        assert "VERSION" in path or os.path.exists(os.path.join(ROOT, path)), path
