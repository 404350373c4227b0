"""What the pages say of refusals and other texts: read off the source, where each of them is written once.

A refusal is `Refusal(code, what, seen, next)`; everything else that a user is told in the client begins with `team: `. A placeholder of the
format is shown as an ellipsis.
"""

import ast
import functools
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "scripts", "pack")
ROOMS = ("protocol", "gate", "fleet", "realtime", "cli")
AREAS = {"protocol": "protocol", "gate": "gate", "fleet": "several machines", "realtime": "waves", "cli": "pack"}
REFUSING = ("Refusal", "refuse", "_no", "_bad")  # `_no` of protocol/access*.py and `_bad` of protocol/plan.py make one
ANALYSIS = "finish the risk analysis; the text names the next step of IDENTIFY RISKS, risk testers, RISK ANALYSIS RESULTS, RISKS MITIGATED"
COMPUTED = {  # what to do where the text computes it from the run
    "ALREADY_BOUND": "nothing: the agent goes on under the name that it has",
    "APPROVAL_MISSING": "send REVIEW: task #… to those who are missing, and wait for APPROVED",
    "MOVES_THE_TREE": "commit the files of your approved task with `git commit`; another branch, a merge or a rebase is the user's, after the run",
    "NOT_A_TESTER": "the lead spawns a risk tester for that risk first",
    "NOT_SPAWNING": "the lead spawns the agent by name: Agent(subagent_type: \"team:ROLE\", name: …)",
    "NO_RISKS": ANALYSIS,
    "RISKS_OPEN": ANALYSIS,
    "RISKS_UNTESTED": ANALYSIS,
    "TESTERS_SILENT": "wait for the verdicts, or spawn again who has ended without one",
    "UNKNOWN_RISK": "name one of the risks that the text lists",
}


@functools.lru_cache(maxsize=None)  # both lists ask for them
def sources():
    """[(room, names, nodes)] of every module that can refuse: what its names stand for (_names), its syntax in the order of ast.walk."""
    out = []
    for room in ROOMS:
        for base, folders, files in sorted(os.walk(os.path.join(PACKAGE, room))):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            for name in sorted(files):
                if name.endswith(".py"):
                    with open(os.path.join(base, name), encoding="utf-8") as f:
                        nodes = list(ast.walk(ast.parse(f.read())))
                    out.append((room, _names(nodes), nodes))
    return out


def template(node, names):
    """The text of an expression, with … for what only a run knows. names: what local names were set to, where that is one text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return re.sub(r"%(\([a-z_]+\))?[-+ #0]*[\d*]*(\.\d+)?[sdrgf]", "…", template(node.left, names)).replace("%%", "%")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left, names) + template(node.right, names)
    if isinstance(node, ast.IfExp):
        return " / ".join(dict.fromkeys((template(node.body, names), template(node.orelse, names))))
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
    if isinstance(node, ast.Name):
        return names.get(node.id, "…")
    return "…"


def _names(nodes):
    """{name: text} of names that one assignment of a module gives a text."""
    out = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            said = template(node.value, {})
            name = node.targets[0].id
            out[name] = said if said.strip("… ") and name not in out else "…"
    return out


def refusals():
    """{code: {"what", "next": [texts], "where"}} in order of code."""
    found, shared = {}, {}
    for _room, own, _nodes in sources():
        shared.update({k: v for k, v in own.items() if k.isupper()})
    for room, own, nodes in sources():
        names = dict(shared, **own)
        for node in nodes:
            called = getattr(node, "func", None)
            if getattr(called, "id", getattr(called, "attr", None)) not in REFUSING or not node.args:
                continue
            code = node.args[0]
            if not (isinstance(code, ast.Constant) and isinstance(code.value, str) and code.value.isupper()) or len(node.args) < 2:
                continue
            row = found.setdefault(code.value, {"what": [], "next": [], "where": []})
            said = [template(a, names) for a in node.args[1:4]] + ["", "", ""]
            for key, value in (("what", said[0]), ("next", said[2]), ("where", AREAS[room])):
                if value.strip("… ,;:/") and value not in row[key]:
                    row[key].append(value)
    return dict(sorted(found.items()))


def _cell(said):
    said = re.sub(r"\s+", " ", said).strip().replace("|", "\\|").replace("<", "&lt;")
    return re.sub(r"…( …)+", "…", said)


def refusals_table():
    """The block of docs/troubleshooting.md: every refusal code."""
    rows = ["| code | what was refused | what to do | from |", "|---|---|---|---|"]
    for code, row in refusals().items():
        what = "<br>".join(map(_cell, row["what"])) or "…"
        if bool(row["next"]) == (code in COMPUTED):
            raise SystemExit("texts.py: COMPUTED says what to do after a refusal whose text does not: %s" % code)
        rows.append(
            "| <a id=\"%s\"></a>`%s` | %s | %s | %s |"
            % (code.lower(), code, what, "<br>".join(map(_cell, row["next"] or [COMPUTED[code]])), ", ".join(row["where"]))
        )
    return "\n".join(rows)


def answers():
    """[text] of everything else that begins with `team: ` and is told in the client, in order of source; each carries its own way out."""
    out = []
    for _room, names, nodes in sources():
        inner = set()
        for node in nodes:
            if id(node) in inner or not isinstance(node, (ast.Constant, ast.BinOp, ast.JoinedStr)):
                continue
            said = template(node, names)
            if said.startswith("team: ") and len(said) > 24:
                inner.update(id(n) for n in ast.walk(node))
                if said not in out and not said.startswith("team: refused"):
                    out.append(said)
    return [a for a in out if not any(b != a and b.startswith(a.rstrip(" …")) for b in out)]


def answers_list():
    """The block of docs/troubleshooting.md: the other texts."""
    return "\n".join("- %s" % re.sub(r"^team: ", "", re.sub(r"\s+", " ", said)).replace("<", "&lt;") for said in answers())
