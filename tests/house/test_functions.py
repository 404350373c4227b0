"""A function that is long, or has many branches, says why it is not cut. Ruff counts the branches; here lines and reasons are counted."""

import ast
import io
import os
import re
import subprocess
import tokenize

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


def comments(text):
    """(line number, text) of each comment that excuses a long or branching function; what stands in a string is none."""
    if "# noqa: C901" in text or "# long:" in text:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and re.search(r"# (?:noqa: C901|long:)", token.string):
                yield token.start[0], token.string


def test_a_reason_is_in_words():
    bare = ["%s:%d: %s" % (name, number, said) for name, text in sources() for number, said in comments(text) if not WHY.search(said)]
    assert not bare, "\n".join(bare)


def test_a_mark_without_words_is_no_reason():
    text = 'def f():  # noqa: C901%s\n    return "# noqa: C901"\n'
    for mark in ("", " - todo", " because"):
        assert [said for _number, said in comments(text % mark) if not WHY.search(said)] == ["# noqa: C901" + mark]
    assert [said for _number, said in comments(text % " - one branch for each form") if not WHY.search(said)] == []
