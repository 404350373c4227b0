"""The rooms of scripts/pack lie on each other in one order: no import climbs, no two files import each other in a circle."""

import ast
import os
import re

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "scripts", "pack")
ROOMS = ("protocol", "base", "store", "gate", "fleet", "teams", "realtime", "report", "lint", "cli")  # from the bottom
BESIDE = ("prove", "dev")  # tools; nothing of the package imports them


def modules():
    """{dotted name: path} of every module of the package."""
    found = {}
    for base, folders, files in os.walk(PACKAGE):
        folders[:] = [f for f in folders if f != "__pycache__"]
        for name in files:
            if name.endswith(".py"):
                path = os.path.join(base, name)
                dotted = os.path.relpath(path, os.path.dirname(PACKAGE))[:-3].replace(os.sep, ".")
                found[dotted[: -len(".__init__")] if dotted.endswith(".__init__") else dotted] = path
    return found


KNOWN = modules()


def imports(name, everywhere=True):
    """Modules that a module imports, with the line; those inside functions, or for the type checker, count where `everywhere`."""
    path = KNOWN[name]
    with open(path, encoding="utf-8") as f:
        tree = ast.parse(f.read())
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    late = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    late += [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]  # never run
    inside = {inner for node in late for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if not everywhere and node in inside:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            steps = package.split(".")
            base = ".".join(steps[: len(steps) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                yield (base + "." + alias.name if base + "." + alias.name in KNOWN else base), node.lineno


def room(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "pack" and parts[1] in ROOMS else None


def test_every_module_lies_in_a_room():
    assert sorted({name for name in KNOWN if name != "pack" and room(name) is None}) == []


@pytest.mark.parametrize("one", ROOMS)
def test_no_import_climbs(one):
    climbs = [
        "%s:%d imports %s" % (os.path.relpath(KNOWN[name], ROOT), line, target)
        for name in sorted(KNOWN)
        if room(name) == one
        for target, line in imports(name)
        if target.split(".")[0] in BESIDE or room(target) and ROOMS.index(room(target)) > ROOMS.index(one)
    ]
    assert climbs == [], "\n".join(climbs)


def test_no_two_files_import_each_other_in_a_circle():
    """Imports at the top of files; a circle of these is one only where a name is missing at import."""
    graph = {name: {t for t, _ in imports(name, everywhere=False) if t in KNOWN and t != name} for name in KNOWN}
    done, path = set(), []

    def visit(name):
        if name in path:
            raise AssertionError("circle: " + " -> ".join(path[path.index(name) :] + [name]))
        if name in done:
            return
        path.append(name)
        for target in sorted(graph[name]):
            visit(target)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def test_what_kind_of_run_it_is_is_asked_once_a_room():
    """Elsewhere a room asks the object that it is handed (gate/run_kind.py, store/render.py)."""
    asks = re.compile(r"""view\.waves\(|\["waves"\] is|(?<!\w)if \w*\.?state\["waves"\]|(?:and|or|not) \w*\.?state\["waves"\](?!\[)""")
    found = {}
    for name in KNOWN:
        if room(name) in ("base", "store", "gate"):
            with open(KNOWN[name], encoding="utf-8") as f:
                found.setdefault(room(name), []).extend(name for line in f if asks.search(line))
    assert found == {"base": [], "store": ["pack.store.render"], "gate": ["pack.gate.hook_call"]}
