"""What an installation copies is what is tracked: no caches, nothing built. What CONTRIBUTING.md and SECURITY.md name is there."""

import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEFT_BEHIND = re.compile(
    r"(^|/)(__pycache__|\.pytest_cache|\.ruff_cache|\.mypy_cache|\.hypothesis|\.venv|venv|node_modules|build|dist|\.cache|\.idea|[^/]+\.egg-info)/"
    r"|\.(pyc|pyo|so|whl|log|orig|rej|swp|tmp)$|~$|(^|/)(\.DS_Store|\.coverage|core)$"
)


def tracked():
    """(mode, path) of every file in the index."""
    lines = subprocess.run(["git", "ls-files", "-s", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return [(line.split()[0], line.partition("\t")[2]) for line in lines if line]


@pytest.mark.parametrize(
    "path", ["scripts/pack/__pycache__/x.cpython-39.pyc", "build/lib/x.py", "dist/a.whl", "team_pack.egg-info/PKG-INFO", "a/.DS_Store"]
)
def test_a_left_over_is_recognized(path):
    assert LEFT_BEHIND.search(path)


def test_nothing_tracked_is_a_cache_or_built():
    assert [path for _mode, path in tracked() if LEFT_BEHIND.search(path)] == []


def test_nothing_tracked_is_ignored_or_large_or_a_submodule():
    ignored = subprocess.run(["git", "ls-files", "-c", "-i", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert ignored.stdout == ""
    files = [path for mode, path in tracked() if mode != "120000"]
    assert [
        path for path in files if os.path.exists(os.path.join(ROOT, path)) and os.path.getsize(os.path.join(ROOT, path)) > 1000000
    ] == []
    assert [path for mode, path in tracked() if mode == "160000"] == []


def commands_and_paths(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        text = f.read()
    fences = "\n".join(re.findall(r"(?s)```sh\n(.*?)```", text))
    marked = re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", text))
    return text, fences, marked


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "changes/README.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_every_path_and_target_that_a_page_names_is_there(page):
    text, fences, marked = commands_and_paths(page)
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        known = set(re.findall(r"(?m)^([a-z][\w-]*):", f.read()))
    for name in os.listdir(os.path.join(ROOT, "mk")):
        with open(os.path.join(ROOT, "mk", name), encoding="utf-8") as f:
            known |= set(re.findall(r"(?m)^([a-z][\w-]*):", f.read()))
    made = {word for line in [fences] + marked for word in re.findall(r"(?:^|\s|&& )make ([a-z][\w-]*)", line)}
    assert made <= known, made - known
    tops = "|".join(re.escape(name) for name in sorted({path.split("/")[0] for _mode, path in tracked() if "/" in path}))
    paths = {word for line in [fences] + marked for word in re.findall(r"(?<![\w./-])((?:%s)/[\w./-]*)" % tops, line)}
    own = {"scripts/pack/lint/rules/my_rule.py", "agents/NAME.md"}  # what the reader is about to write
    assert [p for p in sorted(paths - own) if "dist/" not in p and not os.path.exists(os.path.join(ROOT, p))] == []
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
        assert os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)), link


def test_the_six_changes_each_name_files_and_a_command():
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as f:
        part = f.read().partition("# The six usual changes\n")[2].partition("\n# Around it\n")[0]
    changes = re.split(r"(?m)^## ", part)[1:]
    assert [c.split("\n")[0] for c in changes] == [
        "A lint rule",
        "A guard",
        "A message, or a record",
        "An agent",
        "A team",
        "A client release",
    ]
    for change in changes:
        assert "```sh\n" in change and re.search(r"`(scripts|agents|tests|docs)/", change), change.split("\n")[0]
