"""What measures and judges is what the digest in the evidence is of."""

import ast
import os
import py_compile
import shutil
import subprocess
import sys

import pytest

from pack.realtime import evidence

from .conftest import START

ROOM = os.path.dirname(evidence.__file__)
BOARD = {"github", "hand_over", "written"}  # of the board, of the waves' documents and of reports: no figure is theirs


def imported(name):
    """The modules of this room that one of them imports."""
    path = os.path.join(ROOM, name + ".py")
    found = set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            nodes = [n for n in ast.walk(ast.parse(handle.read())) if isinstance(n, ast.ImportFrom)]
        for node in nodes:
            if node.module == "pack.realtime":
                found |= {alias.name for alias in node.names}
            elif (node.module or "").startswith("pack.realtime."):
                found.add(node.module.split(".")[2])
    return found


def test_all_that_measures_or_judges_is_in_the_digest():
    seen, todo = set(), {"measure", "gates", "derive", "worker"}
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= imported(name) - seen
    modules = {name for name in seen if os.path.exists(os.path.join(ROOM, name + ".py"))}
    assert modules > {"probe", "judge_load", "streaming", "checks"}
    assert modules - set(evidence._TOOL) == BOARD, "name it in _TOOL, or in BOARD if no figure depends on it"


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, and how to ask it for a word of its module `stats`."""
    scripts = tmp_path / "scripts"
    shutil.copytree(os.path.dirname(os.path.dirname(os.path.dirname(START))), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    return scripts / "pack"


def helped(pack, verb="rt"):
    done = subprocess.run([sys.executable, "-I", str(pack / "cli" / "start.py"), verb, "--help"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


FALSE = "raise SystemExit('somebody else measures')\n"


def test_byte_code_that_is_not_of_its_source_is_not_taken(copy):
    """Its header says the source's time and size, which is all that Python looks at."""
    source = copy / "realtime" / "claims.py"
    plain, kept = source.read_text(), os.stat(source)
    assert len(FALSE) < len(plain)
    source.write_text(FALSE + "#" * (kept.st_size - len(FALSE)))
    os.utime(source, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    py_compile.compile(str(source), doraise=True)
    assert "somebody else measures" in helped(copy)[1]
    source.write_text(plain)
    os.utime(source, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    code, out = helped(copy)
    assert code == 0 and "Usage" in out and "somebody else" not in out


@pytest.mark.parametrize("name", ["claims/__init__.py", "claims.abi3.so"])
def test_what_stands_in_the_place_of_a_source_is_refused(name, copy):
    target = copy / "realtime" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(FALSE)
    code, out = helped(copy)
    assert code != 0 and "stands in the place of the source of pack.realtime.claims" in out, out
