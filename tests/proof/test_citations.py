"""Comments cite working papers that are not shipped; docs/decisions.md says what each number is about and where it lives now."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def test_every_number_that_a_comment_cites_is_explained_and_its_home_is_there():
    glossary = text_of("docs/decisions.md").partition("## What comments cite")[2]
    protocol, _, design = glossary.partition("**DESIGN rule n**")
    named = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    files = [n for n in named if n.endswith((".py", ".md", ".story", "Makefile", "hooks/gate")) and not n.startswith("tests/lint/data")]
    cited = {"PROTOCOL": set(), "DESIGN rule": set()}
    for name in files:
        for paper in cited:
            cited[paper] |= set(re.findall(r"\b%s (\d+)" % paper, text_of(name)))
    assert len(cited["PROTOCOL"]) > 8 and len(cited["DESIGN rule"]) > 3
    for paper, table in (("PROTOCOL", protocol), ("DESIGN rule", design)):
        missing = [n for n in cited[paper] if not re.search(r"(?m)^\| %s \|" % n, table)]
        assert not missing, "%s %s: docs/decisions.md does not say what that is" % (paper, missing)
    assert re.findall(r"(?m)^\| H(\d+) \|", text_of("references/assurance.md")) == [str(n) for n in range(1, 29)]
    for home in re.findall(r"`([\w/.]+\.py|[\w/]+/)`", glossary):
        assert any(os.path.exists(os.path.join(ROOT, base, home)) for base in ("", "scripts/pack")), home


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
