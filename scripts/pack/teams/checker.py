"""What is wrong with a team definition: the schema first, then what no schema can say, then hints that refuse nothing."""

from __future__ import annotations

import difflib
import os
import re

from pack.teams import schema
from pack.teams.files import HERE
from pack.teams.layout import by_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pack.base.protocols import Path, Problem
    from pack.base.yamltext import Document
    from typing import Any, Callable, Mapping, Sequence

    Node = tuple[str, str]  # ("begin" or "end", a wave)

# Checks that a gate may name beside evidence and artifacts (pack.realtime.checks implements them) -> what each takes: must, may.
CHECKS = {
    "rt_file": ((), ()),
    "charter_table": ((), ()),
    "kanban_board": ((), ()),
    "schema_compatibility": ((), ()),
    "github_project": ((), ()),
    "github_release": (("file",), ()),
    "line": (("file", "line"), ()),
    "entries": (("file", "at_least"), ("of", "each")),
    "command": (("run",), ("timeout", "limits", "sealed")),
    "approval": ((), ("ask",)),
}

# What the user types to any team of waves; a definition may say more of these, but not make something else of them.
BUILT_IN = ("team status", "team gate check", "team approve", "team reject", "pause team", "resume team", "team resume", "team abort")

# Verbs that only look or measure: what a session command may run.
LOOKING = ("adr", "doctor", "explain", "gate", "kanban", "log", "record", "report", "rt", "sprint", "status")

NAME_BYTES, PATH_BYTES = 200, 1000  # of one name and of a path below the project: file systems end at 255 and 4096, with what we add

RESERVED = {  # role ids that mean something to the engine
    "lead": "the main session",
    "main": "the main session",
    "team-lead": "the main session",
    "gate": "the hooks",
    "person": "the user's terminal",
    "user": "the user",
    "foreign": "another session",
    "supervisor": "the owner of /build's state",
}


def check(data: Any) -> list[str]:
    """Every problem of a definition, as lines; an empty list means that it is sound."""
    return [p[1] for p in findings(data)]


def findings(data: Any, document: Document | None = None) -> list[Problem]:
    """Every problem: (path in the data, message, whether the key at the path is meant)."""
    if document is not None and document.duplicates:
        return [(path, "%s stands here twice: keep one" % path[-1], True) for path, _ in document.duplicates]
    if data is None:
        return [((), "the file is empty: begin with `team: NAME`, or let `pack team new NAME` write one to edit", False)]
    found = [_plainly(path, message) for path, message in schema.problems(data, schema.load(HERE, "team.schema.json"))]
    return found or _hidden(data) or _Semantics(data).run()


# Control characters; those that turn the text around or are never shown (`pack lint` finds the same: hidden-character); half a character.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0001-\U000e007f]")


def _hidden(value: Any, path: Path = ()) -> list[Problem]:
    """Characters that nobody sees in any text of the definition: it becomes prompts, file names and rows of reports."""
    if isinstance(value, str):
        for match in _UNSEEN.finditer(value):
            if match.group() >= "\U000e0001" and "\U0001f3f4" in value[max(0, match.start() - 8) : match.start()]:
                continue  # a flag such as Scotland's is a black flag and tag characters
            return [(path, "%s: has the hidden character U+%04X: take it out" % (_where(path), ord(match.group())), False)]
        return []
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in _hidden(item, path + (i,))]
    if isinstance(value, dict):
        return [p for k, item in value.items() for p in _hidden(k, path) + _hidden(item, path + (k,))]
    return []


_WANTS = {
    "must be string": " (put it in quotes to make it text)",
    "must be boolean": " (write true or false)",
    "must be array": " (a list: [one, two])",
    "must be object": " (a mapping: {key: value})",
    "must be integer": " (a whole number without quotes)",
    "must be number": " (a number without quotes or unit)",
}


def _where(path: Path) -> str:
    """A path in the data for people: `roles[0].id`."""
    return "".join("[%d]" % step if isinstance(step, int) else (".%s" if i else "%s") % step for i, step in enumerate(path)) or "the file"


def _plainly(path: Path, message: str) -> Problem:
    """A complaint of the schema as the writer of the file thinks of it."""
    named = message.startswith("unknown name ")
    for start, hint in _WANTS.items():
        if message.startswith(start):
            message += hint
    if message.endswith("needs at least 1 item(s)") and path:
        message += ": a team has at least one of them" if len(path) == 1 else ""
    where = _where(path)
    if named:
        name = message.split("'")[1] if message.count("'") > 1 else None
        return (path + ((name,) if name is not None else ()), "%s: %s" % (where, message), True)
    return (path, "%s: %s" % (where, message), " is missing" in message)


def path_problem(path: str, folder_too: bool = True) -> str | None:
    """Why a path of a definition is none of a file below the team's folder (or, for `edits`, below the project); None if it is."""
    text = path[:-1] if folder_too and path.endswith("/") else path
    if not text or path.endswith("/") and not folder_too:
        return "names no file" if not folder_too else "is empty"
    if text.startswith(("/", "~")) or text[1:2] == ":" and text[:1].isalpha():
        return "is absolute: write it relative, as in reports/FINAL.md"
    if "\\" in text:
        return "has a backslash: write / between folders"
    if any(c < " " or c == "\x7f" for c in text):
        return "has a control character"
    if any(c in text for c in "*?[]{}"):
        return "is not a pattern: nothing expands * ? [ ] here; give a folder with / at its end"
    parts = text.split("/")
    if ".." in parts:
        return "leaves its folder with `..`"
    if "" in parts or "." in parts:
        return "has an empty or `.` part: write it plainly, as in reports/FINAL.md"
    if any(len(os.fsencode(p)) > NAME_BYTES for p in parts) or len(os.fsencode(text)) > PATH_BYTES:
        return "is too long: no file can be called so"
    return None


class _Semantics:
    """What a schema cannot say: names that nobody declares, waves that wait for each other, paths that lead outside."""

    def __init__(self, data: Any) -> None:
        self.data, self.looked = data, 0
        self.found: list[Problem] = []

    def say(self, path: Sequence[Any], message: str, key: bool = False) -> None:
        """Note a problem. key: whether the key at the path is meant, not its value."""
        self.found.append((tuple(path), message, key))

    def run(self) -> list[Problem]:
        data = self.data
        self.roles = self.unique("role", "roles", "id")
        self.unique("role code", "roles", "code")
        self.unique("agent", "roles", "agent", lambda name: name.rpartition(":")[2])
        self.waves = self.unique("wave", "waves", "id")
        self.gates = self.unique("gate", "gates", "id")
        self.kinds = self.unique("evidence kind", "evidence", "kind")
        self.unique("evidence file", "evidence", "file")
        self.guarded = [g.rstrip("/") + "/" for g in data.get("guarded", [])]
        self.paths()
        if "lead" in data:
            self.known(("lead",), data["lead"], self.roles, "role", "lead")
        self.check_roles()
        self.check_waves()
        self.reach()
        self.check_gates()
        self.check_evidence()
        self.check_session()
        for i, item in enumerate(data.get("errors", [])):
            for j, role in enumerate(item.get("roles", [])):
                self.known(("errors", i, "roles", j), role, self.roles, "role", "error %r" % item["when"])
            for j, gate in enumerate(item.get("gates", [])):
                self.known(("errors", i, "gates", j), gate, self.gates, "gate", "error %r" % item["when"])
        kinds = [kind["kind"] for kind in data.get("evidence", [])]
        for i, item in enumerate(data.get("universal_checks", [])):
            where = ("universal_checks", i)
            if isinstance(item, dict) and "gate" in item:
                self.known(where + ("gate",), item["gate"], self.gates, "gate", "check %r" % item["check"])
            for j, kind in enumerate(item.get("proved_by", []) if isinstance(item, dict) else []):
                self.known(where + ("proved_by", j), kind, kinds, "evidence kind", "check %r" % item["check"])
        return self.found

    # -- helpers -----------------------------------------------------------------------------------------------------
    def unique(self, what: str, part: str, key: str, plain: Callable[[str], str] = str) -> list[str]:
        """The values of `key` in all items of `part`; one that is given twice is a problem. plain: what two of them must not share."""
        seen, items = set(), []
        for i, item in enumerate(self.data.get(part, [])):
            if plain(item[key]) in seen:
                self.say((part, i, key), "%s %r is given twice" % (what, item[key]))
            seen.add(plain(item[key]))
            items.append(item[key])
        return items

    def known(self, path: Path, name: str, among: Sequence[str], what: str, where: str) -> bool:
        """Whether a name is one of `among`; a problem with the nearest one where it is not."""
        if name in among:
            return True
        self.looked += len(among)  # comparing each of thousands with thousands would outlast the hook
        near = difflib.get_close_matches(name, among, 1, 0.5) if self.looked <= 5000 else []
        more = ", ... (%d in all)" % len(among) if len(among) > 20 else ""
        self.say(
            path,
            "%s: unknown %s %r%s; known: %s"
            % (where, what, name, "; did you mean %r?" % near[0] if near else "", ", ".join(among[:20]) + more or "none"),
        )
        return False

    def cycle(self, what: str, part: str, edges: Mapping[str, Sequence[str]]) -> None:
        """`edges`: id -> ids; said once for each cycle, at the key `what` of one of its items."""
        done = set()
        order: dict[str, int] = {}
        for i, item in enumerate(self.data[part]):
            order.setdefault(item["id"], i)
        for first in edges:
            # Depth first, with a stack of our own: a definition of a thousand waves is no reason to fall over.
            path: list[str] = []
            on_path, todo = set(), [(first, False)]
            while todo:
                node, over = todo.pop()
                if over:
                    path.pop()
                    on_path.discard(node)
                    done.add(node)
                elif node in on_path:
                    ring = path[path.index(node) :] + [node]
                    told = ring if len(ring) <= 12 else ring[:6] + ["..."] + ring[-6:]
                    self.say((part, order[node], what), "cycle in %s: %s" % (what, " -> ".join(told)), True)
                elif node not in done:
                    path.append(node)
                    on_path.add(node)
                    todo.append((node, True))
                    todo += [(other, False) for other in reversed(edges.get(node, []))]

    # -- paths -------------------------------------------------------------------------------------------------------
    def paths(self) -> None:
        data = self.data
        first = data["root"].split("/")[0].casefold()  # some file systems take .GIT for .git
        if first in (".git", ".claude") or any(p in (".", "..") for p in data["root"].split("/")):
            self.say(
                ("root",), "root: %r cannot be the team's folder: take one of its own, such as .%s" % (data["root"], data["team"].lower())
            )
        elif path_problem(data["root"]):
            self.say(("root",), "root: %r %s" % (data["root"], path_problem(data["root"])))
        below: list[tuple[Path, str, bool]] = [(("guarded", i), p, True) for i, p in enumerate(data.get("guarded", []))] + [
            (("folders", i), p, True) for i, p in enumerate(data.get("folders", []))
        ]
        below += [(("artifacts", i), p, False) for i, p in enumerate(data.get("artifacts", []))]
        below += [(("evidence", i, "file"), kind["file"], False) for i, kind in enumerate(data.get("evidence", []))]
        if "kanban" in data:
            below.append((("kanban", "file"), data["kanban"]["file"], False))
        for i, role in enumerate(data["roles"]):
            for part, folder in (("writes", True), ("reads", True), ("artifacts", False)):
                below += [(("roles", i, part, j), p, folder) for j, p in enumerate(role.get(part, []))]
            for j, path in enumerate(role.get("edits", [])):
                below += [(("roles", i, "edits", j), path, True)] if path != "./" else []
                if path != "./" and (path + "/").casefold().startswith((data["root"].casefold() + "/", ".git/", ".claude/")):
                    self.say(
                        ("roles", i, "edits", j),
                        "role %s: edits %r: `edits` names files of the project; what lies below %s goes into `writes`, relative to it"
                        % (role["id"], path, data["root"]),
                    )
        for i, gate in enumerate(data["gates"]):
            below += [(("gates", i, "artifacts", j), p, False) for j, p in enumerate(gate.get("artifacts", []))]
            for j, item in enumerate(gate.get("checks", [])):
                below += [(("gates", i, "checks", j, "file"), item["file"], False)] if "file" in item else []
                below += [(("gates", i, "checks", j, "sealed", k), p, False) for k, p in enumerate(item.get("sealed", []))]
        for path, text, folder in below:
            why = path_problem(text, folder)
            if why:
                self.say(path, "%s: path %r %s" % (self.owner(path), text, why))

    def owner(self, path: Path) -> str:
        """`role pm`, `gate fast`, or the key itself."""
        item = self.data[path[0]]
        if len(path) > 2 and isinstance(path[1], int):
            return "%s %s" % (
                {"roles": "role", "gates": "gate", "evidence": "evidence"}[path[0]],
                item[path[1]].get("id") or item[path[1]].get("kind"),
            )
        return str(path[0])

    # -- parts -------------------------------------------------------------------------------------------------------
    def check_roles(self) -> None:
        data = self.data
        for i, role in enumerate(data["roles"]):
            where = "role %s" % role["id"]
            if role["id"] in RESERVED:
                other = "chief" if role["id"] == data.get("lead") else "db-" + role["id"]
                self.say(
                    ("roles", i, "id"),
                    "%s: this id means %s to the engine; call the role otherwise, such as %s" % (where, RESERVED[role["id"]], other),
                )
            if "reports_to" in role:
                self.known(("roles", i, "reports_to"), role["reports_to"], self.roles, "role", where)
            mine = role.get("artifacts", []) + data.get("artifacts", [])
            for j, task in enumerate(role["tasks"]):
                if "artifact" in task and task["artifact"] not in mine:
                    self.say(
                        ("roles", i, "tasks", j, "artifact"),
                        "%s: task %r writes %r, which is no artifact of the role" % (where, task["do"], task["artifact"]),
                    )
            for part in ("writes", "artifacts"):
                for j, path in enumerate(role.get(part, [])):
                    if any((path + "/").startswith(g) for g in self.guarded):
                        self.say(("roles", i, part, j), "%s: writes %r below the guarded folder; only `pack` writes there" % (where, path))
        self.cycle("reports_to", "roles", {r["id"]: [r["reports_to"]] if "reports_to" in r else [] for r in data["roles"]})

    def check_waves(self) -> None:
        data = self.data
        for i, wave in enumerate(data["waves"]):
            self.check_wave(i, wave, "wave %s" % wave["id"])
            self.check_when(i, wave, "wave %s" % wave["id"])
        used = {role for wave in data["waves"] for role in wave["roles"]}
        self.cycle("after", "waves", {w["id"]: w.get("after", []) for w in data["waves"]})
        for i, role in enumerate(self.roles):
            if role not in used and role != data.get("lead"):
                self.say(("roles", i, "id"), "role %s: is in no wave, nobody would ever spawn it" % role)

    def check_wave(self, i: int, wave: Any, where: str) -> None:
        """What it names is there, and fits together."""
        if not wave["roles"]:
            self.say(("waves", i, "roles"), "%s: has no roles: nobody would work in it" % where, True)
        for j, role in enumerate(wave["roles"]):
            self.known(("waves", i, "roles", j), role, self.roles, "role", where)
            if role in wave["roles"][:j]:
                self.say(("waves", i, "roles", j), "%s: role %r is listed twice" % (where, role))
        for part in ("after", "beside"):
            for j, other in enumerate(wave.get(part, [])):
                self.known(("waves", i, part, j), other, self.waves, "wave", where)
        for j, other in enumerate(wave.get("beside", [])):
            if other in wave.get("after", []):
                self.say(
                    ("waves", i, "beside", j),
                    "%s: waits for wave %s (`after`) and runs beside it: take one of the two away" % (where, other),
                )
        for j, gate in enumerate(wave.get("gates", [])):
            self.known(("waves", i, "gates", j), gate, self.gates, "gate", where)

    def check_when(self, i: int, wave: Any, where: str) -> None:
        """A loop opens while a gate fails, and only a loop does."""
        loop = wave["mode"] == "loop"
        if loop and "when" not in wave:
            self.say(("waves", i, "mode"), "%s: a loop needs `when: {gate_fails: [...]}`" % where)
        elif not loop and "when" in wave:
            self.say(
                ("waves", i, "when"),
                "%s: `when` belongs to `mode: loop`; a %s wave begins by `after` and `entry`" % (where, wave["mode"]),
                True,
            )
        if loop and ("entry" in wave or "exit" in wave):
            part = "entry" if "entry" in wave else "exit"
            self.say(("waves", i, part), "%s: a loop has no `%s`: it is open while one of its gates fails" % (where, part), True)
        asked = set()
        when = wave.get("when", {})
        for j, gate in enumerate(when.get("gate_fails", [])):
            if self.known(("waves", i, "when", "gate_fails", j), gate, self.gates, "gate", where):
                asked |= set(by_id(self.data, "gates")[gate]["on_fail"]["respawn"])
        if "then_again" in when:
            self.known(("waves", i, "when", "then_again"), when["then_again"], self.waves, "wave", where)
        for j, role in enumerate(wave["roles"]):
            if asked and role in self.roles and role not in asked:
                self.say(
                    ("waves", i, "roles", j),
                    "%s: no gate of `gate_fails` asks for %r (`on_fail: {respawn: [...]}`), so the loop never opens for it" % (where, role),
                )

    def reach(self) -> None:
        """Waves that could never begin or end: what they wait for happens only after them."""
        conditions, edges = self.waits()

        def reaches(start: Node, goal: Node) -> bool:
            seen, todo = set(), [start]
            while todo:
                node = todo.pop()
                if node == goal:
                    return True
                if node not in seen:
                    seen.add(node)
                    todo += edges.get(node, ())
            return False

        for path, wave, condition, node, targets in conditions:
            late = bool(targets) and all(reaches(("begin", wave_id), node) for wave_id in targets)
            self.check_condition(path, wave, condition, targets, late)

    def waits(self) -> tuple[list[tuple[Path, Any, Any, Node, list[str]]], dict[Node, set[Node]]]:
        """(conditions, edges). A condition: (its path, the wave, the condition, the node that waits, the waves it waits for); edges: a graph
        of beginnings and ends of waves, from what waits to what it waits for."""
        data = self.data
        index = {w: i for i, w in reversed(list(enumerate(self.waves)))}
        decided: dict[str, list[str]] = {}  # gate -> waves
        works: dict[str, list[str]] = {}  # role -> waves
        edges: dict[Node, set[Node]] = {}
        for wave in data["waves"]:
            for gate in wave.get("gates", []):
                decided.setdefault(gate, []).append(wave["id"])
            begin, end = ("begin", wave["id"]), ("end", wave["id"])
            edges.setdefault(end, set()).add(begin)
            if wave["mode"] != "loop":
                edges.setdefault(begin, set()).update(("end", a) for a in wave.get("after", []) if a in index)
                for role in wave["roles"]:
                    works.setdefault(role, []).append(wave["id"])
        conditions = []
        for wave in data["waves"]:
            for side, node in (("entry", ("begin", wave["id"])), ("exit", ("end", wave["id"]))):
                for j, condition in enumerate(wave.get(side, [])):
                    targets = self.targets(condition, decided, works)
                    conditions.append((("waves", index[wave["id"]], side, j), wave, condition, node, targets))
                    if len(targets) == 1:
                        edges.setdefault(node, set()).add(("begin", targets[0]))
        return conditions, edges

    def targets(self, condition: Any, decided: dict[str, list[str]], works: dict[str, list[str]]) -> list[str]:
        """The waves in which what a condition names comes to be."""
        if "artifact" in condition:
            writers = [r["id"] for r in self.data["roles"] if condition["artifact"] in r.get("artifacts", [])]
            return sorted({w for r in writers for w in works.get(r, [])}) if self.data.get("lead") not in writers else []
        if "gate" in condition:
            return decided.get(condition["gate"], [])
        return works.get(condition["artifacts_of"], []) if "artifacts_of" in condition else []

    def check_condition(self, path: Path, wave: Any, condition: Any, targets: list[str], late: bool) -> None:
        """One `entry` or `exit`. late: whether what it waits for happens only after the wave."""
        data, side = self.data, path[2]
        where, never = "wave %s %s" % (wave["id"], side), "the wave could never %s" % ("begin" if side == "entry" else "end")
        gate, of, artifact = condition.get("gate"), condition.get("artifacts_of"), condition.get("artifact")
        if "gate" in condition and self.known(path + ("gate",), gate, self.gates, "gate", where) and late:
            self.say(path + ("gate",), "%s: needs gate %r, which is decided only in wave %s: %s" % (where, gate, targets[0], never))
        if "artifacts_of" in condition and self.known(path + ("artifacts_of",), of, self.roles, "role", where):
            if late and of != data.get("lead"):
                self.say(path + ("artifacts_of",), "%s: needs artifacts of %r, who works only later: %s" % (where, of, never))
            if not by_id(data, "roles")[of].get("artifacts"):
                self.say(
                    path + ("artifacts_of",),
                    "%s: role %r has no artifacts, so this holds from the beginning: give the role `artifacts`, or take this away"
                    % (where, of),
                )
        if "artifact" in condition:
            owned = {a for r in data["roles"] for a in r.get("artifacts", [])} | set(data.get("artifacts", []))
            if artifact not in owned:
                self.say(path + ("artifact",), "%s: nobody writes artifact %r" % (where, artifact))
            elif late:
                self.say(path + ("artifact",), "%s: needs artifact %r, which is written only later: %s" % (where, artifact, never))
        if "strategy" in condition and not data.get("strategy"):
            self.say(path, "%s: waits for a strategy file, but the team takes none: add `strategy: true`" % where)

    def check_gates(self) -> None:
        data, first_soft = self.data, None
        judged = {g for w in data["waves"] for g in w.get("gates", [])}
        for i, gate in enumerate(data["gates"]):
            where, path = "gate %s" % gate["id"], ("gates", i)
            self.known(path + ("after_role",), gate["after_role"], self.roles, "role", where)
            if not any(gate.get(k) for k in ("evidence", "artifacts", "artifacts_of", "checks", "needs")):
                self.say(path + ("id",), "%s: has no evidence: give it evidence kinds, artifacts or checks" % where)
            for j, kind in enumerate(gate.get("evidence", [])):
                self.known(path + ("evidence", j), kind, self.kinds, "evidence kind", where)
            for j, role in enumerate(gate.get("artifacts_of", [])):
                if self.known(path + ("artifacts_of", j), role, self.roles, "role", where) and not by_id(data, "roles")[role].get(
                    "artifacts"
                ):
                    self.say(
                        path + ("artifacts_of", j),
                        "%s: role %r has no artifacts, so this holds from the beginning: give the role `artifacts`" % (where, role),
                    )
            for j, role in enumerate(gate["on_fail"]["respawn"]):
                self.known(path + ("on_fail", "respawn", j), role, self.roles, "role", where)
            for j, need in enumerate(gate.get("needs", [])):
                self.known(path + ("needs", j), need, self.gates, "gate", where)
            for j, item in enumerate(gate.get("checks", [])):
                self.check_check(where, path + ("checks", j), item)
            if gate.get("approves_matrix") and "rt_file" not in [c["check"] for c in gate.get("checks", [])]:
                self.say(
                    path + ("approves_matrix",),
                    "%s: approves_matrix needs the check `rt_file`, which compares rt.yaml with what was approved" % where,
                    True,
                )
            if gate["id"] not in judged:
                self.say(path + ("id",), "%s: no wave evaluates it: name it in the `gates` of the wave that it ends" % where)
            if gate.get("hard_stop") and first_soft:
                self.say(
                    path + ("hard_stop",),
                    "%s: a hard stop must come before every other gate, but %s is first: gates are judged in this order"
                    % (where, first_soft),
                    True,
                )
            first_soft = first_soft or (None if gate.get("hard_stop") else gate["id"])
            if gate.get("remeasure") and not gate.get("evidence"):
                self.say(
                    path + ("remeasure",),
                    "%s: `remeasure` asks for evidence measured with --release, but the gate has no `evidence`" % where,
                    True,
                )
        self.cycle("needs", "gates", {g["id"]: g.get("needs", []) for g in data["gates"]})
        approving = [i for i, g in enumerate(data["gates"]) if g.get("approves_matrix")]
        used = {k for g in data["gates"] for k in g.get("evidence", [])}
        if len(approving) > 1:
            self.say(
                ("gates", approving[1], "approves_matrix"),
                "gates %s: only one gate can approve the matrix" % ", ".join(data["gates"][i]["id"] for i in approving),
                True,
            )
        if used and not approving:
            self.say(
                ("gates",),
                "gates: none has `approves_matrix: true`, so whoever is measured could loosen rt.yaml and measure again; "
                "give a gate of an early wave the check `rt_file` and this flag",
                True,
            )

    def check_check(self, where: str, path: Path, item: Mapping[str, Any]) -> None:
        if not self.known(path + ("check",), item["check"], list(CHECKS), "check", where):
            return
        must, may = CHECKS[item["check"]]
        for name in must:
            if item.get(name) in (None, "", []):
                self.say(path + ("check",), "%s: check `%s` needs %s" % (where, item["check"], " and ".join("`%s`" % m for m in must)))
                break
        for name in item:
            if name not in ("check",) + must + may:
                self.say(
                    path + (name,),
                    "%s: check `%s` has no `%s`; it takes: %s" % (where, item["check"], name, ", ".join(must + may) or "nothing more"),
                    True,
                )
        if item["check"] == "kanban_board" and "kanban" not in self.data:
            self.say(path + ("check",), "%s: check `kanban_board` needs the board that it looks at: give the team a `kanban`" % where)
        if item["check"] == "command":
            from pack.base.verifying import vacuous

            run = item.get("run") or []
            why = vacuous(" ".join(run)) if len(run) == 1 or run and run[0] in ("true", ":", "echo") else None
            if why:
                self.say(path + ("run",), "%s: command %r proves nothing: %s" % (where, " ".join(run), why))
            for key, name in item.get("limits", {}).items():
                self.known(path + ("limits", key), name, list(self.data.get("thresholds", {})), "threshold", where)

    def check_evidence(self) -> None:
        data = self.data
        limits, used = list(data.get("thresholds", {})), {k for g in data["gates"] for k in g.get("evidence", [])}
        for i, item in enumerate(data.get("evidence", [])):
            where = "evidence %s" % item["kind"]
            for key, name in item.get("thresholds", {}).items():
                self.known(("evidence", i, "thresholds", key), name, limits, "threshold", where)
            if item["kind"] not in used:
                self.say(("evidence", i, "kind"), "%s: no gate looks at it" % where)
            if not item["file"].startswith(item["class"] + "/"):
                self.say(("evidence", i, "file"), "%s: file %r must lie in %s/" % (where, item["file"], item["class"]))
        for i, part in enumerate(data.get("testing_matrix", [])):
            for j, test in enumerate(part["tests"]):
                path = ("testing_matrix", i, "tests", j)
                for k, kind in enumerate(test["evidence"]):
                    self.known(path + ("evidence", k), kind, self.kinds, "evidence kind", "test %r" % test["test"])
                for k, name in enumerate(test.get("limits", [])):
                    self.known(path + ("limits", k), name, limits, "threshold", "test %r" % test["test"])

    def check_session(self) -> None:
        heads: dict[str, str] = {}
        for i, item in enumerate(self.data.get("session_commands", [])):
            where, path = "session command %r" % item["say"], ("session_commands", i)
            head, _, wants = item["say"].partition(" <")
            head = " ".join(head.split()).casefold()
            if item["say"].startswith("-"):
                continue  # how the team is activated, for people
            if wants and not wants.endswith(">") or "<" in wants or not head:
                self.say(path + ("say",), "%s: one placeholder at the end, as in `team decide <topic>`" % where)
            if len(head.split()) < 2:
                self.say(path + ("say",), "%s: one word would catch ordinary talk: take two or more, as in `team forecast`" % where)
            if head in heads:
                self.say(path + ("say",), "%s: shadows %r, which begins with the same words" % (where, heads[head]))
            for other in [h for h in BUILT_IN if h != head] + [h for h in heads if h != head]:
                if wants and other.startswith(head + " "):
                    self.say(path + ("say",), "%s: would catch `%s`, which means something else" % (where, other))
            if head in BUILT_IN and (item["model"] or "runs" in item and head not in ("team status", "team gate check")):
                self.say(
                    path + ("say",),
                    "%s: shadows the command of every team; take other words (only what `team status` and `team gate check` print can be changed, "
                    "with `runs` and `model: false`)" % where,
                )
            heads.setdefault(head, item["say"])
            runs = item.get("runs")
            if runs is not None:
                words = runs.split()
                if words[:1] != ["pack"] or len(words) < 2:
                    self.say(path + ("runs",), "%s: runs %r, which is not a pack verb: write it as in `pack gate check`" % (where, runs))
                elif words[1] not in LOOKING:
                    near = difflib.get_close_matches(words[1], LOOKING, 1, 0.5)
                    self.say(
                        path + ("runs",),
                        "%s: runs %r, but what the user types only looks or measures%s; verbs: %s"
                        % (where, runs, "; did you mean `pack %s`?" % near[0] if near else "", ", ".join(LOOKING)),
                    )
                if item["model"]:
                    self.say(
                        path + ("runs",),
                        "%s: has `runs` and `model: true`: the model is told what it `does`, and `runs` is never run; drop one of them"
                        % where,
                        True,
                    )
            elif not item["model"] and head not in BUILT_IN:
                self.say(path + ("say",), "%s: needs no model and runs nothing: give it `runs: pack VERB ...`, or `model: true`" % where)


def advice(data: Any) -> list[Problem]:
    """What a sound definition probably does not mean: (path, message, key). For the linter and `pack team check`; nothing is refused."""
    return _unused_thresholds(data) + _odd_writes(data) + _odd_waves(data)


def _unused_thresholds(data: Any) -> list[Problem]:
    used: set[str] = set()
    for item in data.get("evidence", []):
        used |= set(item.get("thresholds", {}).values())
    for part in data.get("testing_matrix", []):
        used |= {name for test in part["tests"] for name in test.get("limits", [])}
    for gate in data["gates"]:
        used |= {name for check in gate.get("checks", []) for name in check.get("limits", {}).values()}
    return [
        (("thresholds", name), "threshold %r: no evidence, check or test names it, so nobody measures it" % name, True)
        for name in data.get("thresholds", {})
        if name not in used
    ]


def _odd_writes(data: Any) -> list[Problem]:
    """A name without an ending among `writes` is one file, and mostly meant as a folder."""
    return [
        (("roles", i, "writes", j), "role %s: %r is the name of one file; a folder ends with /" % (role["id"], path), False)
        for i, role in enumerate(data["roles"])
        for j, path in enumerate(role.get("writes", []))
        if not path.endswith("/") and "." not in path.rpartition("/")[2]
    ]


def _odd_waves(data: Any) -> list[Problem]:
    """Waves that begin at once, that are parallel in name only, or over before anybody worked."""
    out: list[Problem] = []
    by_role, lead = by_id(data, "roles"), data.get("lead")
    worked: dict[str, str] = {}  # role -> the first wave it works in
    starting = [w for w in data["waves"] if w["mode"] != "loop" and not w.get("after") and not w.get("entry")]
    for i, wave in enumerate(data["waves"]):

        def say(key: str, message: str) -> None:
            out.append((("waves", i, key), "wave %s: %s" % (wave["id"], message), False))

        others = [r for r in wave["roles"] if r != lead]
        if wave in starting[1:] and not wave.get("beside"):
            say("id", "has neither `after` nor `entry`, so it may begin at once; the order of the list is no order in time")
        front = [r for r in others if by_role[r]["spawning"] == "foreground"]
        if wave["mode"] == "parallel" and len(others) > 1 and front:
            say(
                "mode", "is parallel, but %s runs in the foreground and keeps the others waiting; make it `spawning: background`" % front[0]
            )
        before = [r for r in others if r in worked]
        if wave["mode"] in ("sequential", "parallel") and others and len(before) == len(others) and not wave.get("exit"):
            first = worked[before[0]]
            say("id", "everybody in it has worked in wave %s already and it has no `exit`, so nothing shows that it was done" % first)
        if wave["mode"] != "loop":
            for role in others:
                worked.setdefault(role, wave["id"])
    return out
