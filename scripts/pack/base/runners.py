"""Test runners that are known: how a command names them, and what they say about the number of tests that ran and failed.

An exit code says that nothing failed; it does not say that anything was tested. So a known runner has to report tests: more than none
that ran, none that failed. A runner is known by its name in the command, or, behind `make test` or `npm test`, by its own summary in the
output. Of an unknown command only the exit code is known, and that is what is said of it.

Each parser reads what its runner prints (tests/verify/runners has real output of each that could be installed) and answers
[Count], one a summary, [] when there is none.
"""

from __future__ import annotations

import os
import re

from . import marked_lines, other_runners, shell_reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable
    from .protocols import Judged

IGNORED = re.compile(r"^[\w.-]*make(?:\[\d+\])?: \[.*\] Error \d+ \(ignored\)$", re.M)  # a recipe's line with `-` in front, `make -i`
ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
MOST = 16 << 20  # bytes of output that are looked at, from the end


class Count:
    """One summary: how many tests ran (skipped ones did not), how many of them failed, in which unit they are counted."""

    __slots__ = ("ran", "failed", "skipped", "unit")

    def __init__(self, ran: int, failed: int = 0, skipped: int = 0, unit: str = "tests") -> None:
        self.ran, self.failed, self.skipped, self.unit = ran, failed, skipped, unit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Count) and self.row() == other.row()

    def __repr__(self) -> str:
        return "Count%r" % (self.row(),)

    def row(self) -> tuple[int, int, int, str]:
        return self.ran, self.failed, self.skipped, self.unit


def _words(text: str) -> dict[str, int]:
    """`2 passed, 1 skipped` -> {"passed": 2, "skipped": 1}."""
    return {name: int(n) for n, name in re.findall(r"(\d+) ([a-z]+)", text)}


def _on_one_line(found: re.Match[str]) -> str:
    return "%s in %s\n" % (", ".join(line.strip() for line in found.group(2).strip().split("\n")), found.group(1))


def _pytest(text: str) -> list[Count]:
    out = []
    # Plugins (pytest-pretty, pytest-sugar on a terminal) put one number on each line.
    text = re.sub(r"^Results \(([\d.]+s)[^)\n]*\):\n+((?: +\d+ [a-z]+\n?)+)", _on_one_line, text, flags=re.M)
    row = re.compile(r"^(?:=+ )?((?:\d+ (?:subtests )?[a-z]+(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$", re.M)
    for found in row.finditer(text):
        n = _words(found.group(1).replace(" subtests ", " subtests-"))  # parts of a test, whose own failure counts as the test's
        failed = n.get("failed", 0) + n.get("error", 0) + n.get("errors", 0)
        out.append(Count(n.get("passed", 0) + n.get("xfailed", 0) + n.get("xpassed", 0) + failed, failed, n.get("skipped", 0)))
    # `addopts = --collect-only` in a configuration file lists the tests, and exits with 0
    return out + [Count(0)] * len(re.findall(r"^(?:=+ )?(?:\d+(?:/\d+)? tests?|no tests) collected\b.* in [\d.]+s", text, re.M))


def _unittest(text: str) -> list[Count]:
    out = []
    for found in re.finditer(r"^Ran (\d+) tests? in [\d.]+s\n+(OK|PASSED|FAILED|NO TESTS RAN)?(?: \((.*)\))?", text, re.M):
        n = {name: int(count) for name, count in re.findall(r"([a-z ]+)=(\d+)", found.group(3) or "")}
        n = {name.strip(): count for name, count in n.items()}
        failed = n.get("failures", 0) + n.get("errors", 0) + n.get("unexpected successes", 0)
        if found.group(2) not in ("OK", "PASSED", "NO TESTS RAN"):  # the second is Twisted's trial
            failed = max(failed, 1)
        skipped = n.get("skipped", 0) + n.get("skips", 0)
        out.append(Count(max(0, int(found.group(1)) - skipped), failed, skipped))
    return out


def _jest(text: str) -> list[Count]:
    out = []
    suites = re.findall(r"^Test Suites: (.*)$", text, re.M)
    for i, row in enumerate(re.findall(r"^Tests: +(.*\d+ total)$", text, re.M)):
        n = _words(row)
        failed = n.get("failed", 0)
        if not failed and i < len(suites):
            failed = _words(suites[i]).get("failed", 0)  # a suite that could not be loaded has no tests
        out.append(Count(n.get("passed", 0) + n.get("failed", 0), failed, n.get("skipped", 0)))
    return out + [Count(0)] * len(re.findall(r"^No tests found, exiting with code", text, re.M))


def _vitest(text: str) -> list[Count]:
    out = []
    files = re.findall(r"^ *Test Files  +(.*)$", text, re.M)
    unhandled = re.findall(r"^ *Errors  +(\d+) errors?", text, re.M)
    for i, row in enumerate(re.findall(r"^ *Tests  +(.*)$", text, re.M)):
        n = _words(row)
        failed = n.get("failed", 0) or (_words(files[i]).get("failed", 0) if i < len(files) else 0)
        out.append(Count(n.get("passed", 0) + n.get("failed", 0), failed + sum(map(int, unhandled)), n.get("skipped", 0)))
    return out + [Count(0)] * len(re.findall(r"^No test files found, exiting with code", text, re.M))


def _mocha(text: str) -> list[Count]:
    out = []
    rows = re.compile(r"^ +(\d+) passing \([^)]*\)\n(?: +(\d+) pending\n)?(?: +(\d+) failing\n)?", re.M)
    for found in rows.finditer(text + "\n"):
        passing, pending, failing = (int(n or 0) for n in found.groups())
        out.append(Count(passing + failing, failing, pending))
    return out or _summed_tap(text)


def _summed_tap(text: str) -> list[Count]:
    """`# tests 2`, `# pass 2`, `# fail 0`: what node, mocha and tape put under their TAP; node also with an `i` in front."""
    out = []
    for found in re.finditer(r"^(?:#|\u2139) tests (\d+)\n((?:(?:#|\u2139) [a-z_]+ +[\d.]+\n)*)", text + "\n", re.M):
        n = {name: int(count) for name, count in re.findall(r"(?:#|\u2139) ([a-z]+) +(\d+)$", found.group(2), re.M)}
        failed = n.get("fail", 0) + n.get("cancelled", 0)
        out.append(Count(n.get("pass", 0) + failed, failed, n.get("skipped", 0)))
    return out


def _node(text: str) -> list[Count]:
    """A file without a test counts as one for node 20: its name is the file's path."""
    out = _summed_tap(text)
    files = re.findall(r"^(?:# Subtest: |\u2714 )(?:/|[A-Za-z]:\\)\S*\.[cm]?[jt]sx?(?: \([\d.]+m?s\))?$", text, re.M)
    if len(out) == 1 and files:
        out[0].ran = max(out[0].failed, out[0].ran - len(files))
    return out


def _go(text: str) -> list[Count]:
    events = re.findall(r'^\{"Time":.*?"Action":"(pass|fail|skip|output)"(.*)\}$', text, re.M)
    if events:
        ends = [action for action, rest in events if action != "output" and '"Test":' in rest]
        packages = [action for action, rest in events if action == "fail" and '"Test":' not in rest]
        failed = ends.count("fail") or len(packages)
        return [Count(ends.count("pass") + ends.count("fail"), failed, ends.count("skip"))]
    ends = re.findall(r"^ *--- (PASS|FAIL|SKIP): ", text, re.M)
    good = re.findall(r"^ok  ?\t\S+\t.*$", text, re.M)
    bad = re.findall(r"^FAIL\t\S+", text, re.M)
    empty = re.findall(r"^\?   \t\S+\t\[no test files\]|\[no tests to run\]$", text, re.M)
    if not (ends or good or bad or empty):
        return []
    failed = max(ends.count("FAIL"), len(bad))
    if re.search(r"^=== RUN ", text, re.M):
        return [Count(ends.count("PASS") + ends.count("FAIL"), failed, ends.count("SKIP"))]
    # Without -v nothing counts the tests; `ok` without a remark means that at least one ran.
    return [Count(len([g for g in good if not g.endswith("[no tests to run]")]) + len(bad), failed, 0, "packages")]


def _cargo(text: str) -> list[Count]:
    out = []
    for verdict, *numbers in re.findall(r"^test result: (\w+)\. (\d+) passed; (\d+) failed; (\d+) ignored", text, re.M):
        passed, failed, ignored = map(int, numbers)
        out.append(Count(passed + failed, failed or int(verdict != "ok"), ignored))
    for found in re.finditer(r"^ *Summary \[ *[\d.]+s\] +(\d+)(?:/\d+)? tests? run: (.*)$", text, re.M):  # nextest
        n = _words(found.group(2))
        out.append(Count(int(found.group(1)), n.get("failed", 0) + n.get("timed", 0), n.get("skipped", 0)))
    if re.search(r"^error(?:\[E\d+\])?: could not compile", text, re.M):
        out.append(Count(0, 1))
    return out


def _maven(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^(?:\[\w+\] +)?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$", text, re.M):
        ran, failures, errors, skipped = map(int, row)
        out.append(Count(ran - skipped, failures + errors, skipped))
    none = re.findall(r"^(?:\[\w+\] +)?(?:No tests to run\.|Tests are skipped\.)\s*$", text, re.M)
    return out or [Count(0)] * len(none)


def _gradle(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^(\d+) tests completed(?:, (\d+) failed)?(?:, (\d+) skipped)?$", text, re.M):
        done, failed, skipped = (int(n or 0) for n in row)
        out.append(Count(done - skipped, failed, skipped))
    none = re.findall(r"^(?:> Task )?(?::\S+)?:test NO-SOURCE$", text, re.M)
    return out or [Count(0)] * len(none)


def _dotnet(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^\s*(?:Passed|Failed|Skipped)! +- Failed: +(\d+), Passed: +(\d+), Skipped: +(\d+), Total: +\d+", text, re.M):
        failed, passed, skipped = map(int, row)
        out.append(Count(passed + failed, failed, skipped))
    if not out:  # the terminal logger of .NET 9, and Microsoft.Testing.Platform
        for row in re.findall(r"^Test summary: total: (\d+), failed: (\d+), succeeded: (\d+), skipped: (\d+)", text, re.M) + re.findall(
            r"^\s*Test run summary: .*\n\s*total: (\d+)\n\s*failed: (\d+)\n\s*succeeded: (\d+)\n\s*skipped: (\d+)", text, re.M
        ):
            _total, failed, passed, skipped = map(int, row)
            out.append(Count(passed + failed, failed, skipped))
    if not out:
        for row in re.findall(r"^Total tests: (\d+)((?:\n +(?:Passed|Failed|Skipped): \d+)*)", text, re.M):
            n = {name: int(count) for name, count in re.findall(r"(\w+): (\d+)", row[1])}
            out.append(Count(n.get("Passed", 0) + n.get("Failed", 0), n.get("Failed", 0), n.get("Skipped", 0)))
    return out or [Count(0)] * len(re.findall(r"^No test is available in ", text, re.M))


def _rspec(text: str) -> list[Count]:
    out = []
    row = r"^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?(?:, (\d+) errors? occurred outside of examples)?"
    for found in re.findall(row, text, re.M):
        examples, failures, pending, errors = (int(n or 0) for n in found)
        out.append(Count(examples - pending, failures + errors, pending))
    return out


def _phpunit(text: str) -> list[Count]:
    out = [Count(int(n)) for n in re.findall(r"^OK \((\d+) tests?, \d+ assertions?\)", text, re.M)]
    for found in re.finditer(r"^Tests: (\d+), Assertions: \d+((?:, [A-Za-z ]+: \d+)*)\.$", text, re.M):
        n = {name.strip().lower(): int(count) for name, count in re.findall(r"([A-Za-z ]+): (\d+)", found.group(2))}
        skipped = n.get("skipped", 0) + n.get("incomplete", 0)
        # PHPUnit 9 counts a class without tests as one test with a warning.
        out.append(Count(max(0, int(found.group(1)) - skipped - n.get("warnings", 0)), n.get("errors", 0) + n.get("failures", 0), skipped))
    return out + [Count(0)] * len(re.findall(r"^No tests executed!", text, re.M))


def _ctest(text: str) -> list[Count]:
    out: list[Count] = []
    for found in re.finditer(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)", text, re.M):
        failed, total = map(int, found.groups())
        skipped = len(re.findall(r"\*\*\*(?:Skipped|Not Run)\b", text)) if not out else 0
        out.append(Count(total - skipped, failed, skipped))
    return out + [Count(0)] * len(re.findall(r"^No tests were found!!!", text, re.M))


def _tests_failures(text: str) -> list[Count]:
    """`3 tests, 1 failure, 1 skipped`: bats with a terminal, ExUnit."""
    out = []
    for found in re.finditer(r"^(?:\d+ (?:doctests?|properties|property), )?(\d+) tests?, (\d+) failures?((?:, \d+ \w+)*)\s*$", text, re.M):
        n = _words(found.group(3))
        skipped = n.get("skipped", 0) + n.get("excluded", 0)
        out.append(Count(int(found.group(1)) - skipped, int(found.group(2)) + n.get("invalid", 0), skipped))
    return out


def _exunit(text: str) -> list[Count]:
    return _tests_failures(text) or [Count(0, int(n)) for n in re.findall(r"^Finished in .*\n(\d+) failures?$", text, re.M)]


def _bats(text: str) -> list[Count]:
    return _tests_failures(text) or _rows(other_runners.tap)(text)


def _prove(text: str) -> list[Count]:
    out = []
    for found in re.finditer(r"^Files=\d+, Tests=(\d+), .*\nResult: (\w+)", text, re.M):
        out.append(Count(int(found.group(1)), int(found.group(2) == "FAIL")))
    return out


def _minitest(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^(\d+) runs, \d+ assertions, (\d+) failures, (\d+) errors, (\d+) skips", text, re.M) + re.findall(
        r"^(\d+) tests, \d+ assertions, (\d+) failures, (\d+) errors, (\d+) pendings, \d+ omissions", text, re.M
    ):
        runs, failures, errors, skips = map(int, row)
        out.append(Count(runs - skips, failures + errors, skips))
    return out


def _busted(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^(\d+) success(?:es)? / (\d+) failures? / (\d+) errors? / (\d+) pending", text, re.M):
        good, failures, errors, pending = map(int, row)
        out.append(Count(good + failures + errors, failures + errors, pending))
    return out


def _ava(text: str) -> list[Count]:
    rows = re.findall(
        r"^  (\d+) (?:known )?(?:tests? (passed|failed|skipped|todo)|(uncaught exception|unhandled rejection)s?)$", text, re.M
    )
    n = {"failed": 0}
    for count, what, bad in rows:
        n[what or "failed"] = n.get(what or "failed", 0) + int(count)
    return [Count(n.get("passed", 0) + n["failed"], n["failed"], n.get("skipped", 0))] if rows else []


def _jasmine(text: str) -> list[Count]:
    out = []
    for row in re.findall(r"^(\d+) specs?, (\d+) failures?(?:, (\d+) pending specs?)?", text, re.M):
        specs, failures, pending = (int(n or 0) for n in row)
        out.append(Count(specs - pending, failures, pending))
    return out + [Count(0)] * len(re.findall(r"^Incomplete: No specs found", text, re.M))


def _playwright(text: str) -> list[Count]:
    rows = re.findall(r"^  (\d+) (passed|failed|flaky|skipped|did not run)(?: \([\d.]+\w+\))?$", text, re.M)
    n: dict[str, int] = {}
    for count, what in rows:
        n[what] = n.get(what, 0) + int(count)
    ran = n.get("passed", 0) + n.get("failed", 0) + n.get("flaky", 0)
    if "passed" in n or "failed" in n or "skipped" in n:
        return [Count(ran, n.get("failed", 0), n.get("skipped", 0) + n.get("did not run", 0))]
    return [Count(0)] * len(re.findall(r"^Error: No tests found", text, re.M))


def _deno(text: str) -> list[Count]:
    out = []
    row = r"^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?"
    for found in re.findall(row, text, re.M):
        passed, failed, ignored = (int(n or 0) for n in found)
        out.append(Count(passed + failed, failed, ignored))
    return out


def _bun(text: str) -> list[Count]:
    out = []
    for found in re.findall(r"^ *(\d+) pass\n(?: *(\d+) skip\n)?(?: *\d+ todo\n)? *(\d+) fail$", text, re.M):
        passed, skipped, failed = (int(n or 0) for n in found)
        out.append(Count(passed + failed, failed, skipped))
    return out


def _swift(text: str) -> list[Count]:
    rows = re.findall(r"^\s*Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures?", text, re.M)
    out = []
    if rows:  # a suite in a suite says its number again: the last line has them all
        ran, skipped, failed = (int(n or 0) for n in rows[-1])
        out.append(Count(ran - skipped, failed, skipped))
    for count, failed in re.findall(
        r"^\S+ Test run with (\d+) tests?.*? (?:passed|failed) after .*?(?: with (\d+) issues?)?\.?$", text, re.M
    ):
        if int(count):
            out.append(Count(int(count), int(failed or 0)))
    return out


def _rows(parser: Callable[[str], list[tuple[int, int, int]]]) -> Callable[[str], list[Count]]:
    return lambda text: [Count(*row) for row in parser(text)]


# runner -> its parser. The order is the one in which an unnamed command's output is tried.
PARSERS = {
    "pytest": _pytest,
    "unittest": _unittest,
    "jest": _jest,
    "vitest": _vitest,
    "mocha": _mocha,
    "node --test": _node,
    "go test": _go,
    "cargo test": _cargo,
    "maven": _maven,
    "gradle": _gradle,
    "dotnet test": _dotnet,
    "rspec": _rspec,
    "phpunit": _phpunit,
    "ctest": _ctest,
    "bats": _bats,
    "prove": _prove,
    "minitest": _minitest,
    "ExUnit": _exunit,
    "busted": _busted,
    "ava": _ava,
    "jasmine": _jasmine,
    "playwright": _playwright,
    "deno test": _deno,
    "bun test": _bun,
    "swift test": _swift,
    "tape": _summed_tap,
    "robot": _rows(other_runners.robot),
    "behave": _rows(other_runners.behave),
    "uvu": _rows(other_runners.uvu),
    "lab": lambda text: _rows(other_runners.lab)(text) or _summed_tap(text),
    "tap": _rows(other_runners.tap),
    "qunit": _rows(other_runners.qunit),
}
EXUNIT = re.compile(r"^Finished in [\d.]+ seconds \(", re.M)


def _tap_of_others(text: str) -> bool:
    return bool(_summed_tap(text) or _prove(text) or other_runners.qunit(text) or EXUNIT.search(text))


# Behind `make test` several parsers would read the same lines: TAP is then read once, by the one whose summary stands under it.
INFERRED = dict(
    PARSERS,
    mocha=lambda text: [] if _summed_tap(text) else _mocha(text),
    bats=lambda text: [] if _tap_of_others(text) or other_runners.is_versioned_tap(text) else _bats(text),
    tap=lambda text: PARSERS["tap"](text) if other_runners.is_versioned_tap(text) and not _tap_of_others(text) else [],
    lab=_rows(other_runners.lab),
    nox=_rows(other_runners.nox),
    ExUnit=lambda text: _exunit(text) if EXUNIT.search(text) else [],
    tape=lambda text: [],  # node's parser reads it
)
REPORTS = {  # where a runner that prints no number on success leaves it: JUnit's XML
    "gradle": ("build", "test-results"),
    "maven": ("target", "surefire-reports"),
}

# The first words of a command -> runner; `python -m X` and wrappers (npx, uv run, bundle exec, ...) are peeled off before.
_NAMES = {
    ("pytest",): "pytest",
    ("py.test",): "pytest",
    ("unittest",): "unittest",
    ("nose2",): "unittest",
    ("trial",): "unittest",
    ("twisted.trial",): "unittest",
    ("jest",): "jest",
    ("vitest",): "vitest",
    ("mocha",): "mocha",
    ("_mocha",): "mocha",
    ("ava",): "ava",
    ("jasmine",): "jasmine",
    ("playwright", "test"): "playwright",
    ("go", "test"): "go test",
    ("gotestsum",): "go test",
    ("cargo", "test"): "cargo test",
    ("cargo", "t"): "cargo test",
    ("cargo", "nextest"): "cargo test",
    ("mvn",): "maven",
    ("mvnw",): "maven",
    ("mvnd",): "maven",
    ("gradle",): "gradle",
    ("gradlew",): "gradle",
    ("dotnet", "test"): "dotnet test",
    ("dotnet", "vstest"): "dotnet test",
    ("rspec",): "rspec",
    ("phpunit",): "phpunit",
    ("ctest",): "ctest",
    ("bats",): "bats",
    ("prove",): "prove",
    ("mix", "test"): "ExUnit",
    ("busted",): "busted",
    ("deno", "test"): "deno test",
    ("bun", "test"): "bun test",
    ("swift", "test"): "swift test",
    ("tape",): "tape",
    ("robot",): "robot",
    ("pabot",): "robot",
    ("behave",): "behave",
    ("uvu",): "uvu",
    ("lab",): "lab",
    ("tap",): "tap",
    ("qunit",): "qunit",
}
_WRAPPERS = {
    "npx": (),
    "bunx": (),
    "pnpx": (),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx", "run"),
    "npm": ("exec", "x"),
    "uv": ("run",),
    "uvx": (),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "pixi": ("run",),
    "conda": ("run",),
    "bundle": ("exec",),
    "xvfb-run": (),
    "coverage": ("run",),
    "c8": (),
    "nyc": (),
    "direnv": ("exec",),
}
_NEUTRAL = {
    "cd",
    "export",
    "set",
    "echo",
    "printf",
    "true",
    "source",
    ".",
    "mkdir",
    "rm",
    "cat",
    "tail",
    "head",
    "tee",
    "grep",
    "sed",
    "awk",
}
_PYTHON = re.compile(r"^(?:python|pypy)[\d.]*$|^py$")


def named(words: list[str]) -> str | None:
    """The runner that a command's words name, None when they name none."""
    words = list(shell_reading.bare(words))
    for _ in range(8):
        if not words:
            return None
        name = os.path.basename(words[0])
        name = name[: -len(os.path.splitext(name)[1])] if name.endswith((".exe", ".cmd", ".bat", ".js", ".mjs")) else name
        if _PYTHON.match(name) or name == "coverage":
            at = next((i for i, w in enumerate(words) if w == "-m"), None)
            if at is not None and at + 1 < len(words):
                words = words[at + 1 :]
                continue
            script = next((w for w in words[1:] if not w.startswith("-")), "")
            return "unittest" if os.path.basename(script) == "manage.py" and "test" in words else None
        if name == "node":
            if any(w == "--test" or w.startswith("--test=") for w in words[1:]):
                return "node --test"
            words = [w for w in words[1:] if not w.startswith("-")]
            continue
        if name == "php":
            words = [w for w in words[1:] if not w.startswith("-")]
            continue
        if name in _WRAPPERS:
            rest = words[1:]
            while rest and (rest[0].startswith("-") or rest[0] in _WRAPPERS[name]):
                rest = rest[1:]
            words = rest
            continue
        for size in (2, 1):
            if tuple([name] + words[1:size]) in _NAMES and len(words) >= size:
                return _NAMES[tuple([name] + words[1:size])]
        second = next((w for w in words[1:] if not w.startswith(("-", "+"))), "")
        return _NAMES.get((name, second))
    return None


def names(command: str) -> tuple[list[str], bool]:
    """(runners that a command line names, whether it runs anything else that might test)."""
    found, others = [], False
    for c in shell_reading.parse(command):
        words = shell_reading.bare(c.words)
        if not words or os.path.basename(words[0]) in shell_reading.SHELLS and shell_reading.code_at(words) is not None:
            continue
        runner = named(c.words)
        if runner is not None:
            found += [runner] if runner not in found else []
        elif os.path.basename(words[0]) not in _NEUTRAL:
            others = True
    return found, others


def plain(data: bytes) -> str:
    """Output as bytes -> text without escape sequences; of what overwrites its own line, the last."""
    text = ANSI.sub("", data[-MOST:].decode("utf-8", "replace")).replace("\r\n", "\n")
    return "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))


def reports(folder: str, runner: str, since: float) -> list[Count]:
    """Counts from the JUnit XML that a runner left below `folder` at or after `since` (seconds since the epoch)."""
    parent, child = REPORTS[runner]
    out = []
    for base, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in (".git", "node_modules")]
        if os.path.basename(base) != child and (os.sep + child + os.sep) not in base or (os.sep + parent + os.sep) not in base + os.sep:
            continue
        for name in files:
            path = os.path.join(base, name)
            if not (name.startswith("TEST-") and name.endswith(".xml")) or os.stat(path).st_mtime < since - 2:
                continue
            with open(path, encoding="utf-8", errors="replace") as f:
                head = f.read(65536)
            tag = re.search(r"<testsuite\b[^>]*>", head)
            n = {k: int(v) for k, v in re.findall(r'\b(tests|failures|errors|skipped)="(\d+)"', tag.group(0))} if tag else {}
            if n:
                skipped = n.get("skipped", 0)
                out.append(Count(n.get("tests", 0) - skipped, n.get("failures", 0) + n.get("errors", 0), skipped))
    return out


def judge(command: str, code: int, output: bytes, folder: str | None = None, since: float = 0) -> Judged:
    """What a finished test command has shown.

    command: as it was given; code: its exit code; output: all it printed, as bytes; folder, since: where it ran and when it began, for
    runners that leave their numbers in files. Answers {"runner": name or None, "tests": number that ran or None, "failed": number or
    None, "skipped": number or None, "unit": "tests" | "packages", "why": None, or why an exit code of 0 is not believed}."""
    text = "\n".join(
        line for line in plain(output).split("\n") if not line.strip() or line.strip() not in command
    )  # `echo '5 passed in 1s'`
    wanted, others = names(command)
    seen: dict[str, list[Count]] = {}
    for runner in wanted if wanted and not others else list(INFERRED):
        parser = (PARSERS if runner in wanted else INFERRED)[runner]
        counts = parser(text) or [c for one in marked_lines.texts(text) for c in parser(one)]
        if not counts and folder is not None and runner in REPORTS and (runner in wanted or not wanted):
            counts = reports(folder, runner, since)
        if counts and (runner in wanted or counts not in seen.values()):
            seen[runner] = counts
    shown = [c for counts in seen.values() for c in counts]
    tests = sum(c.ran for c in shown) if shown else None
    failed = sum(c.failed for c in shown) if shown else None
    answer: Judged = {
        "runner": ", ".join(wanted or list(seen)[:1]) or None,
        "tests": tests,
        "failed": failed,
        "skipped": sum(c.skipped for c in shown) if shown else None,
        "unit": "packages" if shown and all(c.unit == "packages" for c in shown) else "tests",
        "why": None,
    }
    if code != 0:
        return answer
    silent = [r for r in wanted if r not in seen]
    if IGNORED.search(text):
        answer["why"] = "make ignored an error (`-` in front of a recipe's line, `.IGNORE` or `make -i`), so its exit code says nothing"
    elif failed:
        answer["why"] = "%s reports %d failed, whatever the command's exit code says" % (answer["runner"], failed)
    elif tests == 0:
        answer["why"] = "%s ran no test%s" % (answer["runner"], " (%d skipped)" % answer["skipped"] if answer["skipped"] else "")
    elif silent:
        answer["why"] = (
            "%s did not say how many tests ran: let its summary be seen (no -qq, no redirection, no list-only option)" % silent[0]
        )
    return answer
