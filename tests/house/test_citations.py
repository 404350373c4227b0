"""What comments cite stands on a page that ships: `CLIENT n.m` in docs/client.md, `PROTOCOL n` and `H n` in docs/protocol.md, `DESIGN rule n` in
docs/decisions.md."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CITING = ("*.py", "*.md", "*.sh", "*.story", "tests/protocol/*.txt", "hooks/gate", ".pack-lint.yaml")
CITATION = re.compile(r"\b(CLIENT|PROTOCOL|DESIGN rules?)((?: \d+(?:\.\d+)?(?:, | and |(?= ))?)+)|\bH(\d{1,2})\b(?=[,); ]| to H)")
PAGE = re.compile(r"\b(?:GROUND|PEERS|STYLE)\b(?:\.md)? [A-Z]?\d|\b(?:GROUND|PEERS|REALTIME|PROTOCOL|CLIENT)\.md\b")


def page(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def sources():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--", *CITING], stdout=subprocess.PIPE, text=True, check=True)
    for name in listed.stdout.split():
        # a plugin of somebody else's or a fixture may say anything; the seeds have names of their own
        if not name.startswith(("tests/lint/", "docs/seeds", "CHANGELOG")) and name != "tests/house/test_citations.py":
            if os.path.exists(os.path.join(ROOT, name)):
                yield name, page(name)


def known():
    """{kind: the numbers that its page has}."""
    client, protocol, decisions = page("docs/client.md"), page("docs/protocol.md"), page("docs/decisions.md")
    return {
        "CLIENT": set(re.findall(r"^## (\d+) ", client, re.M) + re.findall(r"^\| (\d+\.\d+) \|", client, re.M)),
        "PROTOCOL": set(re.findall(r"^## (\d+) ", protocol, re.M)),
        "DESIGN rule": set(re.findall(r"^\| (\d+) \|", decisions, re.M)),
        "H": set(re.findall(r"^\| H(\d+) \|", protocol, re.M)),
    }


def cited(text):
    """(kind, number, offset) of each citation."""
    for match in CITATION.finditer(text):
        if match.group(3):
            yield "H", match.group(3), match.start()
        for number in re.findall(r"\d+(?:\.\d+)?", match.group(2) or ""):
            yield match.group(1).rstrip("s"), number, match.start()


def test_what_is_cited_is_there():
    there, wrong, seen = known(), [], set()
    for name, text in sources():
        for kind, number, at in cited(text):
            seen.add(kind)
            if number not in there[kind]:
                wrong.append("%s:%d: %s %s" % (name, text.count("\n", 0, at) + 1, kind, number))
    assert not wrong, "\n".join(wrong)
    assert seen == set(there), "a kind that nobody cites: the pattern no longer fits"


def test_no_page_is_cited_that_does_not_ship():
    wrong = ["%s:%d: %s" % (n, t.count("\n", 0, m.start()) + 1, m.group()) for n, t in sources() for m in PAGE.finditer(t)]
    assert not wrong, "\n".join(wrong)


def test_numbers_stand_once():
    client = page("docs/client.md")
    numbers = re.findall(r"^\| (\d+\.\d+) \|", client, re.M)
    assert len(numbers) == len(set(numbers)) > 40
