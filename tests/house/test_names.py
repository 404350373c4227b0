"""A name means one thing where it is used: what a module defines or imports isn't called by a name that stands for something else there.

`failed = {i for line in lines for i in failed(line)}` is such a case: the function of that name is hidden by the set that is being made, which
Python finds out when the line runs. Neither ruff nor mypy has a rule for it.
"""

import ast
import subprocess

from house.test_functions import ROOT, sources

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)


def imported(node):
    return [(a.asname or a.name).split(".")[0] for a in node.names]


def of_the_module(tree):
    """{name: the statement} of the functions, classes and imports at the top of a module, below `if` and `try` too."""
    out, open_blocks = {}, [tree]
    while open_blocks:
        for node in ast.iter_child_nodes(open_blocks.pop()):
            if isinstance(node, DEFINED):
                out[node.name] = node
            elif isinstance(node, IMPORTS):
                out.update(dict.fromkeys(imported(node), node))
            elif isinstance(node, (ast.stmt, ast.ExceptHandler)):
                open_blocks.append(node)
    return out


def parameters(function):
    return {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}


def injected(function):
    """Whether pytest hands this function what its parameters name: then the name is meant to be the fixture's."""
    return getattr(function, "name", "").startswith("test_") or any(
        "fixture" in ast.dump(d) for d in getattr(function, "decorator_list", ())
    )


def bound(scope, fixtures):
    """The names that a function, lambda or comprehension binds itself; its nested ones have their own. What tests hand on by a fixture's name is that."""
    names, elsewhere = set(), set()
    if isinstance(scope, COMPREHENSIONS):
        inside = [generator.target for generator in scope.generators]
    else:
        names |= parameters(scope) - fixtures
        inside = list(scope.body) if isinstance(scope.body, list) else [scope.body]
    while inside:
        node = inside.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, DEFINED):
            names.add(node.name)
        if not isinstance(node, DEFINED + FUNCTIONS + COMPREHENSIONS):
            inside += ast.iter_child_nodes(node)
    return names - elsewhere


def uses(scope):
    """(name, line, whether it is called) of what a scope calls by its bare name or takes an attribute of."""
    for node in ast.walk(scope):
        target = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Attribute) else None
        if isinstance(target, ast.Name):
            yield target.id, node.lineno, isinstance(node, ast.Call)


def hidden(text):
    """(line, name, line of what it hides) of each use of a name that a function or comprehension has taken for something else."""
    tree, found, fixtures = ast.parse(text), set(), set()
    module = of_the_module(tree)
    scopes = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS + COMPREHENSIONS)]
    for scope in filter(injected, scopes):
        fixtures |= parameters(scope)
    for scope in scopes:
        taken = bound(scope, fixtures) & module.keys()
        for name, line, called in uses(scope) if taken else ():
            if name in taken and (called or isinstance(module[name], IMPORTS)):
                found.add((line, name, module[name].lineno))
    return sorted(found)


def scripts():
    """The programs without an ending: (name, text)."""
    listed = subprocess.run(["git", "-C", ROOT, "grep", "-lIE", "^#!.*python"], stdout=subprocess.PIPE, text=True, check=True)
    for name in listed.stdout.split():
        if "." not in name.rpartition("/")[2]:
            with open("%s/%s" % (ROOT, name), encoding="utf-8") as f:
                yield name, f.read()


def test_no_name_hides_what_is_called_by_it():
    found = [
        "%s:%d: %s is not what line %d defines" % (name, line, what, defined)
        for listed in (sources(), scripts())
        for name, text in listed
        for line, what, defined in hidden(text)
    ]
    assert not found, "call one of the two by another name:\n" + "\n".join(found)


def given_twice(text):
    """(line, name, first line) of each name that a module gives at its top, and then gives again: what the first one stood for is dead."""
    first, found = {}, []
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) and node.value else ()
        names = [node.name] if isinstance(node, DEFINED) else [t.id for t in targets if isinstance(t, ast.Name)]
        for name in names:
            if name != "_" and name in first:
                found.append((node.lineno, name, first[name]))
            first.setdefault(name, node.lineno)
    return found


def test_a_module_gives_no_name_twice():
    found = ["%s:%d: %s stands at line %d" % (name, *one) for name, text in sources() for one in given_twice(text)]
    assert not found, "one of the two is dead:\n" + "\n".join(found)
    assert given_twice("A = 1\ndef f(): pass\n_ = 2\n_ = 3\nA = 2\ndef f(): pass\n") == [(5, "A", 1), (6, "f", 2)]


HEAD = "import pytest\nfrom house import here\n\ndef failed(line):\n    return [line]\n\n"


def test_what_is_hidden_is_seen():
    for text in (
        "def f(lines):\n    failed = {i for line in lines for i in failed(line)}\n    return failed\n",
        "def f(lines):\n    return [failed(1) for failed in lines]\n",
        "def f(failed):\n    return failed(1)\n",
        "f = lambda failed: failed(1)\n",
        "def f():\n    here = 1\n    return here.real\n",
        "def f():\n    def failed():\n        pass\n    return lambda: failed()\n",
        "def f():\n    try:\n        return failed(1)\n    finally:\n        failed = 2\n",
    ):
        assert [name for _line, name, _defined in hidden(HEAD + text)], text


def test_what_is_meant_is_no_finding():
    for text in (
        "def f(lines):\n    return failed(lines)\n",
        "def f(failed):\n    return [failed, failed.real]\n",
        "def f():\n    global failed\n    failed = failed(1)\n",
        "def f():\n    def g(failed):\n        return failed\n    return failed(1)\n",
        "class C:\n    def failed(self):\n        return failed(1)\n",
        "def test_f(failed):\n    return failed(1)\n",
        "@pytest.fixture\ndef f(here):\n    return here.real\n",
        "def f(failed):\n    return failed(1)\n\n\ndef test_g(failed):\n    assert f(failed)\n",
    ):
        assert hidden(HEAD + text) == [], text
