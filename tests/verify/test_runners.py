"""Each known runner on what it really prints, and what is believed of a command (base/runners.py)."""

import os

import pytest

from pack.base import runners

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runners")


def read_cases():
    with open(os.path.join(HERE, "cases"), encoding="utf-8") as f:
        for line in f:
            name, runner, command, code, numbers = [part.strip() for part in line.split("|")]
            yield pytest.param(name, runner, command, int(code), numbers, id=name)


CASES = list(read_cases())


def output(name):
    with open(os.path.join(HERE, name + ".txt"), "rb") as f:
        return f.read()


@pytest.mark.parametrize("name, runner, command, code, numbers", CASES)
def test_a_runner_is_read(name, runner, command, code, numbers):
    counts = runners.PARSERS[runner](runners.plain(output(name)))
    found = [sum(c.ran for c in counts), sum(c.failed for c in counts), sum(c.skipped for c in counts)] if counts else None
    assert numbers == ("-" if found is None else "%d %d %d %s" % (*found, counts[0].unit))
    named, _others = runners.names(command)
    assert named == [runner] or runner == "minitest" and named == []


@pytest.mark.parametrize("name, runner, command, code, numbers", CASES)
def test_only_tests_that_ran_and_passed_are_believed(name, runner, command, code, numbers):
    """With the exit code taken away (`|| exit 0`, a script that ends in `exit 0`) as with the real one."""
    ran, failed = (None, None) if numbers == "-" else map(int, numbers.split()[:2])
    found = runners.judge(command, 0, output(name))
    if ran and not failed:
        assert found["why"] is None and found["tests"] == ran and found["failed"] == 0
    elif runner != "minitest" or ran is not None:
        assert found["why"], found
    if code:
        assert runners.judge(command, code, output(name))["tests"] == ran


@pytest.mark.parametrize("name, runner, command, code, numbers", CASES)
def test_behind_make_a_runner_is_known_by_its_summary(name, runner, command, code, numbers):
    found = runners.judge("make test", 0, output(name))
    ran, failed = (None, None) if numbers == "-" else map(int, numbers.split()[:2])
    if ran is None:
        assert found["tests"] is None and found["why"] is None and found["runner"] is None
    else:
        assert (found["tests"], found["failed"]) == (ran, failed), found
        assert found["runner"] == ("node --test" if name.startswith(("mocha-tap", "tape", "lab-tap")) else runner)  # the same lines
        assert bool(found["why"]) == bool(failed or not ran)


@pytest.mark.parametrize("name, command", [("pnpm", "pnpm -r --no-bail test"), ("concurrently", "npm run both")])
def test_what_several_programs_print_in_one_is_read_one_by_one(name, command):
    """Two packages side by side, each line marked with whose it is; one has a test that fails, and passes over its exit code."""
    found = runners.judge(command, 0, output("marked-" + name))
    assert (found["tests"], found["failed"]) == (4, 1) and found[
        "why"
    ] == "node --test reports 1 failed, whatever the command's exit code says"


def test_every_runner_has_a_case_that_passes_and_one_that_does_not():
    seen = {}
    for case in CASES:
        _name, runner, _command, _code, numbers = case.values
        if numbers != "-":
            ran, failed = map(int, numbers.split()[:2])
            seen.setdefault(runner, set()).add(bool(ran and not failed))
    one_sided = {runner for runner in runners.PARSERS if seen.get(runner) != {True, False}}
    # Gradle says no number on success (its reports do); swift's only form that is documented here passed.
    assert one_sided == {"gradle", "swift test"}


@pytest.mark.parametrize("name, command, where, numbers", [
    ("gradle-ok", "gradle test", "build/test-results/test", (2, 0, 1)),
    ("gradle-bad", "./gradlew check", "build/test-results/test", (3, 2, 0)),
    ("maven-q-ok", "mvn -q test", "target/surefire-reports", (2, 0, 1)),
])  # fmt: skip
def test_reports_are_counted_where_nothing_is_printed(tmp_path, name, command, where, numbers):
    folder = tmp_path / "module" / where
    folder.mkdir(parents=True)
    report = folder / "TEST-ATest.xml"
    with open(os.path.join(HERE, name + ".xml"), encoding="utf-8") as f:
        report.write_text(f.read())
    since = report.stat().st_mtime
    found = runners.judge(command, 0, b"BUILD SUCCESSFUL in 8s\n", str(tmp_path), since)
    assert (found["tests"], found["failed"], found["skipped"]) == numbers
    assert bool(found["why"]) == bool(numbers[1])
    stale = runners.judge(command, 0, b"BUILD SUCCESSFUL in 8s\n", str(tmp_path), since + 60)
    assert stale["tests"] is None and "did not say how many" in stale["why"]


@pytest.mark.parametrize("command, runner", [
    ("pytest -q", "pytest"),
    ("python3 -m pytest tests", "pytest"),
    (".venv/bin/python -m pytest", "pytest"),
    ("uv run pytest -x", "pytest"),
    ("uv run --with x pytest", None),  # what `x` is, only uv knows: its output decides
    ("poetry run python -m unittest", "unittest"),
    ("coverage run -m pytest", "pytest"),
    ("python3 -m coverage run -m unittest discover", "unittest"),
    ("python manage.py test", "unittest"),
    ("FOO=1 timeout 60 pytest", "pytest"),
    ("npx jest --ci", "jest"),
    ("pnpm exec vitest run", "vitest"),
    ("yarn mocha", "mocha"),
    ("node --test test/", "node --test"),
    ("node node_modules/.bin/jest", "jest"),
    ("node server.js", None),
    ("go test ./...", "go test"),
    ("go vet ./...", None),
    ("cargo +nightly test", "cargo test"),
    ("cargo build", None),
    ("./mvnw -B verify", "maven"),
    ("./gradlew test", "gradle"),
    ("dotnet test --no-build", "dotnet test"),
    ("bundle exec rspec", "rspec"),
    ("php vendor/bin/phpunit", "phpunit"),
    ("vendor/bin/phpunit", "phpunit"),
    ("ctest --test-dir build", "ctest"),
    ("mix test", "ExUnit"),
    ("sh -c 'cd a && pytest'", "pytest"),
    ("npm test", None),
    ("make check", None),
])  # fmt: skip
def test_a_command_names_its_runner(command, runner):
    assert runners.names(command)[0] == ([runner] if runner else [])


@pytest.mark.parametrize("command, code, output, why", [
    ("sh check.sh", 0, b"all good\n", None),
    ("pytest -qq", 0, b"..sx   [100%]\n", "did not say how many"),
    ("pytest > /dev/null", 0, b"", "did not say how many"),
    ("pytest --collect-only", 0, b"test_a.py::test_a\n\n1 test collected in 0.01s\n", "ran no test"),
    ("make test", 0, b"====== 2 tests collected in 0.01s ======\n", "ran no test"),  # addopts in a configuration file
    ("make test", 0, b"false\nmake: [Makefile:2: test] Error 1 (ignored)\ndone\n", "make ignored an error"),
    ("make test", 0, b"3 passed in 0.1s\nmake[1]: [check] Error 2 (ignored)\n", "make ignored an error"),
    ("pytest && npm test", 0, b"2 passed in 0.10s\nTests:       1 failed, 1 passed, 2 total\n", "1 failed"),
    ("pytest && npx jest", 0, b"2 passed in 0.10s\n", "jest did not say"),
    ("make test", 0, b"3 passed in 0.1s\r\n", None),
    ("make test", 0, b"\x1b[31m1 failed\x1b[0m, 2 passed in 0.1s\n", "1 failed"),
    ("pytest", 0, b"2 passed in 61.20s (0:01:01)\n", None),
])  # fmt: skip
def test_what_is_believed(command, code, output, why):
    found = runners.judge(command, code, output)
    assert (why in found["why"]) if why else found["why"] is None


def test_a_summary_that_the_command_itself_prints_is_none():
    found = runners.judge("echo '5 passed in 0.10s'; git diff --exit-code", 0, b"5 passed in 0.10s\n")
    assert found["tests"] is None and found["runner"] is None


@pytest.mark.parametrize("command", ["nox", "make test"])
def test_nox_whose_sessions_were_all_skipped_ran_nothing(command):
    found = runners.judge(command, 0, output("nox-skip"))
    assert (found["tests"], found["why"]) == (0, "nox ran no test (2 skipped)")
    found = runners.judge(command, 0, output("nox-unittest"))
    assert (found["runner"], found["tests"], found["failed"], found["why"]) == ("unittest", 1, 0, None)


def test_a_test_of_node_tap_that_fails_without_an_assertion_of_its_own_failed():
    """A plan that was not kept, a file that crashed: only the line that ends it says so."""
    text = b"TAP version 13\n# Subtest: a.js\n    ok 1 - fine\n    1..2\nnot ok 1 - a.js # time=3ms\n\n1..1\n# time=9ms\n"
    found = runners.judge("npx tap a.js || true", 0, text)
    assert (found["tests"], found["failed"]) == (1, 1) and found["why"]
