"""What a Git server reads (.github, action.yml) has the shape that it takes, and calls only what the Makefile has."""

import glob
import os
import re
import subprocess
import sys

import pytest
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORKFLOWS = sorted(glob.glob(os.path.join(ROOT, ".github", "workflows", "*.yml")))
SHAPES = {  # the schemas that check-jsonschema brings along
    "vendor.github-workflows": ".github/workflows/*.yml",
    "vendor.github-actions": "action.yml",
    "vendor.dependabot": ".github/dependabot.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
}
MAKE = re.compile(r"\bmake ([a-z][\w-]*)((?: [A-Z]+=\S+)*)")


def targets():
    """{target: variables that the Makefile and mk/ know}."""
    names, variables = set(), set()
    for path in [os.path.join(ROOT, "Makefile")] + glob.glob(os.path.join(ROOT, "mk", "*.mk")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        names |= set(re.findall(r"(?m)^([a-z][\w-]*):", text))
        variables |= set(re.findall(r"(?m)^([A-Z]+) \??=", text))
    return names, variables


def jobs():
    for path in WORKFLOWS:
        with open(path, encoding="utf-8") as f:
            for name, job in yaml.safe_load(f)["jobs"].items():
                yield name, job


@pytest.mark.parametrize("schema", SHAPES)
def test_shape(schema):
    files = sorted(glob.glob(os.path.join(ROOT, SHAPES[schema])))
    assert files
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema] + files,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout


def test_a_wrong_workflow_is_seen(tmp_path):
    (tmp_path / "wrong.yml").write_text("on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - runs: make test\n")
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(tmp_path / "wrong.yml")]
    )
    assert run.returncode != 0


def test_every_step_calls_a_target_or_a_script_that_is_there():
    names, variables = targets()
    called = set()
    for job, body in jobs():
        for step in body["steps"]:
            command = step.get("run")
            if command is None:
                assert "uses" in step
                continue
            made = MAKE.fullmatch(command)
            if made is None:
                script = re.fullmatch(r"(?:sudo )?(scripts/dev/[\w-]+)", command)
                assert script and os.access(os.path.join(ROOT, script.group(1)), os.X_OK), "%s: %s" % (job, command)
                continue
            assert made.group(1) in names, "%s: no target %s" % (job, made.group(1))
            assert set(re.findall(r"([A-Z]+)=", made.group(2))) <= variables, "%s: %s" % (job, command)
            called.add(made.group(1))
    assert {"test", "test-fast", "test-newest", "lint"} <= called
    with open(os.path.join(ROOT, ".ci", "run"), encoding="utf-8") as f:
        assert set(re.findall(r"(?m)^make ([\w-]+)", f.read())) <= called, ".ci/run runs what no workflow does"


def test_systems_and_pythons():
    """Linux and macOS, from the oldest Python that pyproject.toml takes to the newest; Windows may fail and is in a job of its own."""
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as f:
        oldest = re.search(r'requires-python = ">=(\d\.\d+)"', f.read()).group(1)
    seen = {"ubuntu-latest": set(), "macos-latest": set()}
    for _name, job in jobs():
        matrix = job.get("strategy", {}).get("matrix", {})
        for system in matrix.get("os", ()):
            seen[system] |= set(matrix["python"])
        if "windows" in str(job["runs-on"]):
            assert job["continue-on-error"] is True
        else:
            assert "continue-on-error" not in job
    for system, pythons in seen.items():
        minors = sorted(int(python.split(".")[1]) for python in pythons - {"3.x"})
        assert "3.x" in pythons and minors == list(range(int(oldest.split(".")[1]), minors[-1] + 1)), system


def test_paths_of_the_owners_are_there():
    with open(os.path.join(ROOT, ".github", "CODEOWNERS.sample"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("/"):
                path, owner = line.split()
                assert os.path.isdir(os.path.join(ROOT, path.strip("/"))) and owner.startswith("@"), line
