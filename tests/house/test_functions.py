"""A function that is long, or has many branches, says why it is not cut. Ruff counts the branches; here lines and reasons are counted."""

import ast
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINES = 80
WHY = re.compile(r"# (?:noqa: C901 - |long: )(\S+ \S+ .+)$")


def sources():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "*.py"], stdout=subprocess.PIPE, text=True, check=True)
    for name in listed.stdout.split():
        if os.path.exists(os.path.join(ROOT, name)):
            with open(os.path.join(ROOT, name), encoding="utf-8") as f:
                yield name, f.read()


def head(lines, function):
    """The lines of a function's head: where a reason stands."""
    return "\n".join(lines[function.lineno - 1 : function.body[0].lineno - 1] or lines[function.lineno - 1 : function.lineno])


def test_a_long_function_says_why():
    silent = []
    for name, text in sources():
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= LINES:
                if not any(WHY.search(line) for line in head(lines, node).split("\n")):
                    silent.append("%s:%d %s has %d lines" % (name, node.lineno, node.name, node.end_lineno - node.lineno + 1))
    assert not silent, "cut it, or say why behind `# long: `:\n" + "\n".join(silent)


def test_a_reason_is_in_words():
    bare = [
        "%s:%d" % (name, number)
        for name, text in sources()
        for number, line in enumerate(text.split("\n"), 1)
        if re.search(r"# noqa: C901(?! \S)|# long:", line) and '"' not in line and not WHY.search(line)
    ]
    assert not bare, "\n".join(bare)
