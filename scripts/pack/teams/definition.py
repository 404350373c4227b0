"""Team definitions: data that the run engine, the hooks, the gates, the board and the reports read.

`load(name_or_path)` gives the checked definition as a dict or raises `TeamError` with every problem at once. A YAML
file is read with PyYAML; where that is missing (a plugin user's bare Python), the generated `.json` twin beside it is
read if it was made from exactly this YAML. `python -m pack.teams` rewrites the twins, `--check` compares.
"""

import difflib
import hashlib
import json
import os
import sys

from pack.teams import schema

HERE = os.path.dirname(os.path.abspath(__file__))
# Checks that a gate may name beside evidence and artifacts; pack.realtime.checks implements them.
CHECKS = ("rt_file", "charter_table", "kanban_board", "schema_compatibility", "line")


class TeamError(ValueError):
    """A definition that cannot be used: `problems` has one line each, `where` names the file."""

    def __init__(self, where, problems):
        self.where, self.problems = where, list(problems)
        super().__init__("\n".join("%s: %s" % (where, p) for p in self.problems))


def names(extra_folders=()):
    """The names behind `--team`, with their files; folders given first win."""
    found = {}
    for folder in [HERE] + list(reversed(list(extra_folders))):
        if os.path.isdir(folder):
            for entry in sorted(os.listdir(folder)):
                stem, extension = os.path.splitext(entry)
                if extension in (".yaml", ".yml") and stem:
                    found[stem] = os.path.join(folder, entry)
                elif extension == ".json" and not stem.endswith(".schema"):
                    found.setdefault(stem, os.path.join(folder, entry))
    return found


def load(path_or_name, folders=()):
    """The checked definition. `folders` are searched for names before the pack's own."""
    text = os.fspath(path_or_name)
    known = names(folders)
    if text in known:
        text = known[text]
    elif not os.path.isfile(text):
        near = difflib.get_close_matches(text, known, 1, 0.5)
        raise TeamError(
            text,
            [
                "no such team%s; known teams: %s; or give the path of a definition file"
                % ("; did you mean %r?" % near[0] if near else "", ", ".join(sorted(known)))
            ],
        )
    data = _read(text)
    problems = check(data)
    if problems:
        raise TeamError(os.path.basename(text), problems)
    return data


def check(data):
    """Every problem of a definition, as lines; an empty list means that it is sound."""
    found = ["%s: %s" % pair for pair in schema.errors(data, schema.load(HERE, "team.schema.json"))]
    return found or _semantics(data)


def _read(path):
    with open(path, "rb") as handle:
        raw = handle.read()
    try:
        if path.endswith(".json"):
            data = json.loads(raw.decode("utf-8"))
            return data.get("definition", data) if isinstance(data, dict) else data
        try:
            import yaml
        except ImportError:
            return _twin(path, raw)
        return yaml.safe_load(raw.decode("utf-8"))
    except ValueError as error:
        raise TeamError(os.path.basename(path), ["not readable: %s" % error])
    except Exception as error:  # yaml.YAMLError, named without importing yaml
        if type(error).__module__.split(".")[0] != "yaml":
            raise
        raise TeamError(os.path.basename(path), ["not readable: %s" % " ".join(str(error).split())])


def _twin(path, raw):
    twin = os.path.splitext(path)[0] + ".json"
    if os.path.isfile(twin):
        with open(twin, encoding="utf-8") as handle:
            data = json.load(handle)
        if data.get("made_from") == hashlib.sha256(raw).hexdigest():
            return data["definition"]
    raise TeamError(
        os.path.basename(path),
        [
            "PyYAML is not installed and there is no fresh .json twin: "
            "pip install pyyaml, or write the definition as JSON"
        ],
    )


def _semantics(data):
    found = []
    roles = _unique(found, "role", [r["id"] for r in data["roles"]])
    _unique(found, "role code", [r["code"] for r in data["roles"]])
    _unique(found, "agent", [r["agent"] for r in data["roles"]])
    waves = _unique(found, "wave", [w["id"] for w in data["waves"]])
    gates = _unique(found, "gate", [g["id"] for g in data["gates"]])
    kinds = _unique(found, "evidence kind", [e["kind"] for e in data.get("evidence", [])])
    _unique(found, "evidence file", [e["file"] for e in data.get("evidence", [])])
    limits = list(data.get("thresholds", {}))
    guarded = [g.rstrip("/") + "/" for g in data.get("guarded", [])]

    def known(name, among, what, where):
        if name not in among:
            near = difflib.get_close_matches(name, among, 1, 0.5)
            found.append(
                "%s: unknown %s %r%s; known: %s"
                % (where, what, name, "; did you mean %r?" % near[0] if near else "", ", ".join(among) or "none")
            )
            return False
        return True

    if "lead" in data:
        known(data["lead"], roles, "role", "lead")
    for role in data["roles"]:
        where = "role %s" % role["id"]
        if "reports_to" in role:
            known(role["reports_to"], roles, "role", where)
        for task in role["tasks"]:
            if "artifact" in task and task["artifact"] not in role.get("artifacts", []) + data.get("artifacts", []):
                found.append(
                    "%s: task %r writes %r, which is no artifact of the role" % (where, task["do"], task["artifact"])
                )
        for path in role.get("writes", []) + role.get("artifacts", []):
            if any((path + "/").startswith(g) for g in guarded):
                found.append("%s: writes %r below the guarded folder; only `pack` writes there" % (where, path))
    _cycle(found, "reports_to", {r["id"]: [r["reports_to"]] if "reports_to" in r else [] for r in data["roles"]})

    order = {w: i for i, w in enumerate(waves)}
    decided = {}
    for wave in data["waves"]:
        where = "wave %s" % wave["id"]
        for role in wave["roles"]:
            known(role, roles, "role", where)
        for other in wave.get("after", []) + wave.get("beside", []):
            known(other, waves, "wave", where)
        for gate in wave.get("gates", []):
            if known(gate, gates, "gate", where):
                decided.setdefault(gate, wave["id"])
        if wave["mode"] == "loop" and "when" not in wave:
            found.append("%s: a loop needs `when: {gate_fails: [...]}`" % where)
        for gate in wave.get("when", {}).get("gate_fails", []):
            known(gate, gates, "gate", where)
        if "then_again" in wave.get("when", {}):
            known(wave["when"]["then_again"], waves, "wave", where)
    _cycle(found, "after", {w["id"]: w.get("after", []) for w in data["waves"]})
    first = {}
    for wave in data["waves"]:
        for role in wave["roles"]:
            first.setdefault(role, wave["id"])
    owned = {a for r in data["roles"] for a in r.get("artifacts", [])} | set(data.get("artifacts", []))
    for wave in data["waves"]:
        for side in ("entry", "exit"):
            for condition in wave.get(side, []):
                where = "wave %s %s" % (wave["id"], side)
                if "gate" in condition and known(condition["gate"], gates, "gate", where):
                    at = decided.get(condition["gate"])
                    late = at is not None and (order[at] > order[wave["id"]] or (side == "entry" and at == wave["id"]))
                    if late:
                        found.append(
                            "%s: needs gate %r, which is decided only in wave %s: the wave could never %s"
                            % (where, condition["gate"], at, "begin" if side == "entry" else "end")
                        )
                if "artifacts_of" in condition and known(condition["artifacts_of"], roles, "role", where):
                    at = first.get(condition["artifacts_of"])
                    if at is None or order[at] > order[wave["id"]] or (side == "entry" and at == wave["id"]):
                        found.append(
                            "%s: needs artifacts of %r, who works only later" % (where, condition["artifacts_of"])
                        )
                if "artifact" in condition and condition["artifact"] not in owned:
                    found.append("%s: nobody writes artifact %r" % (where, condition["artifact"]))
    for role in roles:
        if role not in first:
            found.append("role %s: is in no wave, nobody would ever spawn it" % role)

    soft = None
    for gate in data["gates"]:
        where = "gate %s" % gate["id"]
        known(gate["after_role"], roles, "role", where)
        if not any(gate.get(k) for k in ("evidence", "artifacts", "artifacts_of", "checks")):
            found.append("%s: has no evidence: give it evidence kinds, artifacts or checks" % where)
        for kind in gate.get("evidence", []):
            known(kind, kinds, "evidence kind", where)
        for role in gate.get("artifacts_of", []) + gate["on_fail"]["respawn"]:
            known(role, roles, "role", where)
        for need in gate.get("needs", []):
            known(need, gates, "gate", where)
        for item in gate.get("checks", []):
            known(item["check"], CHECKS, "check", where)
            if item["check"] == "line" and not (item.get("file") and item.get("line")):
                found.append("%s: check `line` needs `file` and `line`" % where)
        if gate.get("approves_matrix") and "rt_file" not in [c["check"] for c in gate.get("checks", [])]:
            found.append("%s: approves_matrix needs the check `rt_file`, which compares rt.yaml with what was approved" % where)
        if gate["id"] not in decided:
            found.append("%s: no wave evaluates it" % where)
        if gate.get("hard_stop") and soft:
            found.append("%s: a hard stop must come before every other gate, but %s is first" % (where, soft))
        soft = soft or (None if gate.get("hard_stop") else gate["id"])
    _cycle(found, "needs", {g["id"]: g.get("needs", []) for g in data["gates"]})

    approving = [g["id"] for g in data["gates"] if g.get("approves_matrix")]
    used = {k for g in data["gates"] for k in g.get("evidence", [])}
    if len(approving) > 1:
        found.append("gates %s: only one gate can approve the matrix" % ", ".join(approving))
    if used and not approving:
        found.append(
            "gates: none has `approves_matrix: true`, so whoever is measured could loosen rt.yaml and measure again; "
            "give a gate of an early wave the check `rt_file` and this flag"
        )
    for item in data.get("evidence", []):
        where = "evidence %s" % item["kind"]
        for name in item.get("thresholds", {}).values():
            known(name, limits, "threshold", where)
        if item["kind"] not in used:
            found.append("%s: no gate looks at it" % where)
        if not item["file"].startswith(item["class"] + "/"):
            found.append("%s: file %r must lie in %s/" % (where, item["file"], item["class"]))
    for part in data.get("testing_matrix", []):
        for test in part["tests"]:
            for kind in test["evidence"]:
                known(kind, kinds, "evidence kind", "test %r" % test["test"])
            for name in test.get("limits", []):
                known(name, limits, "threshold", "test %r" % test["test"])
    for item in data.get("session_commands", []):
        if "runs" in item and not item["runs"].startswith("pack "):
            found.append("session command %r: runs %r, which is not a pack verb" % (item["say"], item["runs"]))
    for item in data.get("errors", []):
        for role in item.get("roles", []):
            known(role, roles, "role", "error %r" % item["when"])
    return found


def _unique(found, what, items):
    for item in sorted({i for i in items if items.count(i) > 1}):
        found.append("%s %r is given twice" % (what, item))
    return items


def _cycle(found, what, edges):
    state = {}

    def visit(node, path):
        if state.get(node) == 1:
            found.append("cycle in %s: %s" % (what, " -> ".join(path[path.index(node) :] + [node])))
        elif node not in state:
            state[node] = 1
            for other in edges.get(node, []):
                visit(other, path + [node])
            state[node] = 2

    for node in edges:
        visit(node, [])


# What the run engine asks ------------------------------------------------------------------------------------------


def by_id(definition, part, key="id"):
    """`definition[part]` as a dict by id (or by `key`)."""
    return {item[key]: item for item in definition.get(part, [])}


def artifact_problem(team_dir, relative):
    """None if the artifact is there with content, else what is wrong with it."""
    path = os.path.join(os.fspath(team_dir), relative)
    if relative == "rt.yaml" and not os.path.isfile(path):  # rtfile.find takes these names too
        path = next((p for p in (path[:-4] + "yml", path[:-4] + "json") if os.path.isfile(p)), path)
    if not os.path.isfile(path):
        return "%s does not exist" % relative
    with open(path, "rb") as handle:
        head = handle.read(65536)
    if relative.endswith(".md"):
        lines = [x.strip() for x in head.decode("utf-8", "replace").splitlines() if x.strip()]
        if not [x for x in lines if not x.startswith(("#", "<!--"))]:
            return "%s has no content below its headings" % relative
    elif not head.strip():
        return "%s is empty" % relative
    return None


def has_line(team_dir, relative, line):
    """Does the file hold this line? List marks, emphasis, case and surrounding blanks do not matter."""
    path = os.path.join(os.fspath(team_dir), relative)
    if not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as handle:
        return any(_plain(x) == _plain(line) for x in handle)


def _plain(text):
    return " ".join(text.replace("*", "").replace("`", "").strip().lstrip("-#> ").split()).lower()


def unmet(definition, team_dir, wave_id, side, verdicts, strategy=None):
    """Why the wave cannot begin (`side='entry'`) or end (`'exit'`): a list of reasons, empty if it can.

    `verdicts` maps gate id to its last verdict; `strategy` is the path of the strategy file.
    """
    wave = by_id(definition, "waves").get(wave_id)
    if wave is None:
        raise TeamError(
            definition["team"],
            ["unknown wave %r; known: %s" % (wave_id, ", ".join(w["id"] for w in definition["waves"]))],
        )
    roles, reasons = by_id(definition, "roles"), []
    for condition in wave.get(side, []):
        if "gate" in condition and verdicts.get(condition["gate"]) != "PASS":
            reasons.append(
                "gate %s is %s, not PASS" % (condition["gate"], verdicts.get(condition["gate"], "not evaluated"))
            )
        if "artifacts_of" in condition:
            problems = [artifact_problem(team_dir, a) for a in roles[condition["artifacts_of"]].get("artifacts", [])]
            reasons += ["%s: %s" % (condition["artifacts_of"], p) for p in problems if p]
        if "artifact" in condition:
            problem = artifact_problem(team_dir, condition["artifact"])
            if problem:
                reasons.append(problem)
            elif "line" in condition and not has_line(team_dir, condition["artifact"], condition["line"]):
                reasons.append("%s has no line %r" % (condition["artifact"], condition["line"]))
        if "strategy" in condition and not (strategy and os.path.isfile(os.fspath(strategy))):
            reasons.append("no strategy file: --strategy PATH must name one")
    return reasons


def make_layout(definition, team_dir):
    """Create the folders of the team below `team_dir`; returns what was made."""
    made = []
    for folder in definition.get("folders", []):
        path = os.path.join(os.fspath(team_dir), folder)
        if not os.path.isdir(path):
            os.makedirs(path)
            made.append(folder)
    return made


# The JSON twins ------------------------------------------------------------------------------------------------------


def twin_text(path):
    """The text that the `.json` twin of a YAML definition must have."""
    with open(path, "rb") as handle:
        raw = handle.read()
    data = {"made_from": hashlib.sha256(raw).hexdigest(), "definition": load(path)}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def main(argv=None):
    """Rewrite the twins; with --check only compare. Exit 1 on drift."""
    checking, drift = "--check" in (sys.argv[1:] if argv is None else argv), 0
    for entry in sorted(os.listdir(HERE)):
        if entry.endswith(".yaml"):
            path = os.path.join(HERE, entry)
            text, twin = twin_text(path), path[:-5] + ".json"
            old = None
            if os.path.isfile(twin):
                with open(twin, encoding="utf-8") as handle:
                    old = handle.read()
            if old == text:
                continue
            if checking:
                drift = 1
                print(
                    "%s is not what %s gives: run `make generate-teams`" % (os.path.basename(twin), entry),
                    file=sys.stderr,
                )
            else:
                with open(twin, "w", encoding="utf-8") as handle:
                    handle.write(text)
                print("wrote %s" % os.path.basename(twin))
    return drift
