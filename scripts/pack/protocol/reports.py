"""What agents report in a fixed form, read as facts: the risks of a tech lead, a risk tester's verdict, the findings of a review.

Pure text -> data. Only what is counted or decided upon is kept; the prose stays with those who wrote it.
"""

from __future__ import annotations

from . import tables
from .plan import sensitive_areas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping
    from .state_types import Risk

_MARKS = " \t-*#>`_"


def _numbers(text: str, sign: str) -> list[int]:
    """Every number that stands behind a sign (`#`, `RISK-`), in order."""
    out, at = [], text.find(sign)
    while at >= 0:
        digits = text[at + len(sign) : at + len(sign) + 9]
        digits = digits[: len(digits) - len(digits.lstrip("0123456789"))]
        if digits:
            out.append(int(digits))
        at = text.find(sign, at + len(sign))
    return out


def risks_named(text: str) -> list[int]:
    """The numbers of the risks that a text names as `RISK-N`, sorted."""
    return sorted(set(_numbers(text.upper(), "RISK-")))


def _words(text: str) -> list[str]:
    for sign in ":*()[],|;.":
        text = text.replace(sign, " ")
    return text.split()


def risks(n: int, body: str) -> list[Risk]:
    """The risks of a `RISKS: N` message: [{"id", "severity", "tasks": [numbers], "what"}], N of them at least.

    A severity is read from the lines of each `RISK-i` entry; without such entries, from any line that names exactly one severity. A
    risk that the message announces but does not classify counts as MAJOR, the safe side: it gets a tester.
    """
    entries: list[list[str]] = []
    current: list[str] | None = None
    for line in body.splitlines():
        if line.lstrip(_MARKS).startswith("RISK-"):
            current = [line]
            entries.append(current)
        elif current is not None:
            current.append(line)
    blocks = entries or [[line] for line in body.splitlines()]
    out: list[Risk] = []
    for lines in blocks:
        found = [s for s in tables.SEVERITIES if s in _words("\n".join(lines))]
        if not entries and len(found) != 1:
            continue
        tasks = [t for line in lines if line.lstrip(_MARKS).casefold().startswith("affected") for t in _numbers(line, "#")]
        number = _numbers(lines[0].upper(), "RISK-")[:1] if entries else []
        what = lines[0].partition(":")[2].strip(" *") if entries else ""
        out.append({"id": (number or [0])[0], "severity": (found or ["MAJOR"])[0], "tasks": sorted(set(tasks)), "what": what[:120]})
    out += [{"id": 0, "severity": "MAJOR", "tasks": [], "what": ""} for _ in range(n - len(out))]
    taken: set[int] = set()
    for i, risk in enumerate(out):  # a number given twice, or none: the next that is free
        own = risk["id"] if risk["id"] and risk["id"] not in taken else i + 1
        while own in taken:
            own += 1
        taken.add(own)
        risk["id"] = own
    return out


def counts(listed: list[Risk]) -> dict[str, int]:
    """{severity: how many} of a list of risks."""
    return {s: sum(r["severity"] == s for r in listed) for s in tables.SEVERITIES}


def of_counts(numbers: Mapping[str, int] | None) -> list[Risk]:
    """A list of risks of which only the counts are known (journals of version 2), worst first."""
    order = [s for s in tables.SEVERITIES for _ in range((numbers or {}).get(s, 0))]
    return [{"id": i + 1, "severity": s, "tasks": [], "what": ""} for i, s in enumerate(order)]


def verdicts(text: str) -> list[tuple[int, str, str | None]]:
    """[(risk, verdict, severity or None)] of a risk tester's report: lines that begin `RISK-N: CONFIRMED | MITIGATED | THEORETICAL`.

    Words of the same meaning pass (`RISK-2 not confirmed` is THEORETICAL); two verdicts in one line are none."""
    out: list[tuple[int, str, str | None]] = []
    lines = text.splitlines()
    for i, line in enumerate(lines):
        plain = line.lstrip(_MARKS)
        if not plain.upper().startswith("RISK-"):
            continue
        number, words = _numbers(plain.upper(), "RISK-")[:1], [w.upper() for w in _words(plain)[1:]]
        found = {v for v in tables.RISK_VERDICTS if v in words[:4]}
        if "CONFIRMED" in words[:4] and words[: words.index("CONFIRMED")] in (["NOT"], ["IS", "NOT"]):
            found = {"THEORETICAL"}
        if not number or len(found) != 1:
            continue
        severity = None
        for below in lines[i + 1 : i + 6]:
            if below.lstrip(_MARKS).upper().startswith("RISK-"):
                break
            if below.lstrip(_MARKS).casefold().startswith("severity"):
                severity = next((s for s in tables.SEVERITIES if s in _words(below)), None)
                break
        out.append((number[0], found.pop(), severity))
    return out


def findings(body: str) -> list[list[str]]:
    """The findings of a review: [[severity, kind, mark]], each a line `SEVERITY CONFIDENCE% path:line problem; consequence; fix`.

    kind: "convention" where the line rests on `.conventions/`, CLAUDE.md or calls itself one, else "". mark: what the same finding looks like when
    it is said again (severity, place and the first words), so that a second round does not count it twice.
    """
    out = []
    for line in body.splitlines():
        plain = line.lstrip(_MARKS + "0123456789.)")
        words = _words(plain)
        if len(words) < 3 or words[0] not in tables.SEVERITIES:
            continue
        if not any(w.rstrip("%").isdigit() for w in words[1:3]) and ":" not in plain:
            continue  # a sentence that begins with the word
        rest = [w.rstrip("0123456789:-,") for w in plain.split()[1:] if not w.strip("*:,()[]").rstrip("%").isdigit()]  # lines move
        folded = plain.casefold()
        kind = "convention" if any(w in folded for w in ("convention", "claude.md")) else ""
        out.append([words[0], kind, " ".join([words[0]] + rest[:6])[:100]])
    return out[:100]


def gold(prompt: str | None) -> list[str]:
    """What a coder's prompt has of gold standards: the files that its `--- GOLD STANDARD: layer — path ---` heads name, in order."""
    out: list[str] = []
    for line in str(prompt or "").splitlines():
        plain = line.strip(" -*#")
        if not plain.upper().startswith(("GOLD STANDARD:", "REFERENCE:")):
            continue
        words = plain.partition(":")[2].replace("—", " ").replace(",", " ").split()
        paths = [w.strip("`'\"") for w in words if "/" in w or "." in w.strip(".")]
        out += [p for p in paths[-1:] if p not in out]
    return out


def sensitive(lines: list[str]) -> list[tuple[str, list[str]]]:
    """[(path, areas)] of a code base researcher's SENSITIVE lines, `near or direct: file, area, why`; an area that no word names: []."""
    out: list[tuple[str, list[str]]] = []
    for line in lines:
        for word in line.replace(",", " ").split():
            path, _, at = word.strip("`'\"()[];:.").partition(":")
            ending = path.rpartition(".")[2]
            if ("/" in path or path != ending and ending[:1].isalpha()) and "://" not in word and not at.strip("0123456789-"):
                out.append((path, sensitive_areas([line])))
    return out
