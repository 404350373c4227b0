"""Commands that are to verify something, and take their runner from somewhere else or have it do nothing (`pack verify`)."""

import os
import shlex

import pytest

from hooks.test_result import closed, done, summary
from hooks.test_rules import refused

NOTHING = (
    "make test SHELL=/bin/true",
    "make .SHELLFLAGS=-n test",
    "MAKEFLAGS=n make test",
    "MAKEFLAGS='-j4 -ik' make test",
    "just --dry-run test",
    "rake -n test",
    "tox --notest",
    "cargo test --no-run",
    "dotnet test --list-tests",
    "ruff check --exit-zero",
    "python3 -m pytest; ruff check --exit-zero",
    "python3 -m pytest || just -n test",
)
REAL = (
    "MAKEFLAGS=-j8 make test",
    "MAKEFLAGS='-j4 --output-sync=target' make test",
    "cargo test --no-run && cargo test",
    "helm install --dry-run x ./chart",
    "PYTHONPATH=src python3 -m pytest",
    "PYTHONPATH=. python3 -m pytest",
    "PATH=$PWD/node_modules/.bin:$PATH jest",
    "PATH=/usr/bin:$PATH python3 -m pytest",
    "NODE_OPTIONS=--max-old-space-size=4096 npm test",
    "NODE_OPTIONS='--experimental-vm-modules' npx jest",
    "PYTEST_ADDOPTS='--basetemp=/nowhere/of/this/name' python3 -m pytest",
)


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_what_does_nothing_is_no_verification_and_what_is_real_is_one(session):
    s = session
    done(s)
    for command in NOTHING:
        refused(s, s.call("lead", "Bash", command="pack verify --build true --test " + shlex.quote(command)), "VACUOUS")
    for command in REAL:
        assert s.call("lead", "Bash", command="pack verify --build true --test " + shlex.quote(command), post=False) is None, command


@pytest.mark.parametrize(
    "command",
    [
        "PATH=%s/bin:$PATH python3 -m unittest -q",
        "export PATH=\"%s/bin:$PATH\"; python3 -m unittest -q",
        "env PATH=%s/bin python3 -m unittest -q",
        "PYTHONPATH=%s/modules python3 -m unittest -q",
        "NODE_OPTIONS='--require %s/hook.js' npm test",
        "BASH_ENV=%s/hook.js bash -c 'npm test'",
        "PYTEST_ADDOPTS='-c %s/hook.js' python3 -m pytest",
        "%s/bin/python3 -m unittest -q",
        "timeout 60 %s/bin/python3 -m pytest",
        "cd src && python3 -u %s/modules/unittest/__main__.py",
    ],
)
def test_a_runner_that_somebody_made_while_the_run_was_live_is_none(session, tmp_path, command):
    """It said "3 tests ran" from a folder that no reviewer saw."""
    s = session
    s.setup("SIMPLE")
    write(tmp_path / "bin" / "python3", "#!/bin/sh\necho; echo Ran 3 tests in 0.1s; echo; echo OK\n", 0o755)
    write(tmp_path / "modules" / "unittest" / "__main__.py", "print('Ran 3 tests in 0.1s')\n")
    write(tmp_path / "hook.js", "process.exit(0)\n")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    asked = "pack verify --build true --test " + shlex.quote(command % tmp_path)
    refused(s, s.call("lead", "Bash", command=asked), "OTHER_PROGRAMS", str(tmp_path))


def test_what_stood_there_before_the_run_is_the_machines_own(session, tmp_path):
    s = session
    write(tmp_path / "tools" / "check", "#!/bin/sh\nexec python3 -m unittest -q\n", 0o755)
    done(s)
    closed(s, "pack verify --build true --test 'PATH=%s:$PATH check'" % (tmp_path / "tools"))
    assert "Definition of Done: ✅ met" in summary(s) and os.path.exists(s.project + "/src/a.py")
