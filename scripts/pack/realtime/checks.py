"""Checks that a gate may name beside evidence: computed here and now, nothing for an agent to submit.

Each takes a `Look` (see gates.py) and the check's own entry (those of OF_GATE the gate too), and returns (verdict, reasons) or
(verdict, reasons, more of the row).
"""

import json
import os
import re
import shlex
import tempfile

from pack.base import project_facts
from pack.protocol.tables import USER_DECIDES
from pack.realtime import avro, github, managed, proto, registry, rtfile
from pack.teams.layout import artifact_problem, content, has_line


def rt_file(look, item):
    """rt.yaml is there and sound, and nothing was loosened since the planning gate passed."""
    if look.rt is None:
        return ("MISSING" if rtfile.find(look.team_dir) is None else "FAIL"), ["rt.yaml: %s" % p for p in look.rt_problems]
    if look.approved:
        weaker = rtfile.loosened(look.approved, rtfile.content(look.rt, look.project))
        if weaker:
            return "FAIL", ["changed after planning had passed, the user types `team approve` or it is undone: %s" % w for w in weaker]
    elif look.unheard and (look.rt.get("waivers") or look.rt.get("out_of_scope")):
        asked = ["waiver of %s" % n for n in look.rt.get("waivers", {})] + ["%s out of scope" % n for n in look.rt.get("out_of_scope", {})]
        return "FAIL", ["only the user waives: tell the user, who types `team approve`: %s" % ", ".join(asked)]
    return "PASS", []


def charter_table(look, item):
    """The charter holds exactly the table that rt.yaml gives."""
    if look.rt is None:
        return "MISSING", ["no usable rt.yaml to make the table from"]
    path = os.path.join(look.team_dir, "PROJECT_CHARTER.md")
    if not os.path.isfile(path):
        return "MISSING", ["PROJECT_CHARTER.md does not exist"]
    with open(path, encoding="utf-8", errors="replace") as handle:
        if rtfile.charter_block(look.rt, look.definition) not in handle.read():
            return "FAIL", ["the charter's budget table is not what rt.yaml gives: run `pack rt charter`"]
    return "PASS", []


def kanban_board(look, item):
    """The board can be read and has the definition's columns."""
    rules = look.definition.get("kanban")
    if not rules:
        return "FAIL", ["the team has no board"]
    problem = artifact_problem(look.team_dir, rules["file"])
    if problem:
        return "MISSING", [problem]
    with open(os.path.join(look.team_dir, rules["file"]), encoding="utf-8", errors="replace") as handle:
        heads = [x[3:].strip() for x in handle if x.startswith("## ")]
    gone = [c["name"] for c in rules["columns"] if c["name"] not in heads]
    return ("FAIL", ["%s lacks the column %s" % (rules["file"], c) for c in gone]) if gone else ("PASS", [])


def line(look, item):
    """A file holds a line such as `status: PASS`."""
    if not os.path.isfile(os.path.join(look.team_dir, item["file"])):
        return "MISSING", ["%s does not exist" % item["file"]]
    if not has_line(look.team_dir, item["file"], item["line"]):
        more = {
            "run": "%s@%s" % (item["file"], project_facts.file_digest(os.path.join(look.team_dir, item["file"])))
        }  # another try, another failure
        return "FAIL", ["%s has no line `%s`" % (item["file"], item["line"])], more
    return "PASS", []


def entries(look, item):
    """A document has as many entries as asked: `##` headings, rows of a table or items of a list, whichever are most; `each`: a line that begins so
    stands below each heading."""
    problem = artifact_problem(look.team_dir, item["file"])
    if problem:
        return "MISSING", [problem]
    path = os.path.join(look.team_dir, item["file"])
    with open(path, encoding="utf-8", errors="replace") as handle:
        lines = handle.read().splitlines()
    more = {"run": "%s@%s" % (item["file"], project_facts.file_digest(path))}
    heads = [n for n, x in enumerate(lines) if x.startswith("## ")]
    if "each" in item:
        begins = item["each"].casefold()
        parts = [(lines[a][3:].strip(), lines[a + 1 : b]) for a, b in zip(heads, heads[1:] + [len(lines)])]
        without = [title for title, part in parts if not any(x.lstrip("-* ").casefold().startswith(begins) for x in part)]
        if without:
            return "FAIL", ["%s: %r has no line `%s`" % (item["file"], without[0], item["each"])], more
        found = len(heads)
    else:
        rows = [x for x in lines if x.startswith("|") and not set(x) <= set("|-: ")]
        tables = sum(bool(re.match(r"\|[-:| ]+$", x)) for x in lines)  # each has a head
        found = max(len(heads), len(rows) - tables, sum(bool(re.match(r"([-*+]|\d+[.)]) +\S", x)) for x in lines))
    if found < item["at_least"]:
        return "FAIL", ["%s has %d %s, must be %d or more" % (item["file"], found, item.get("of", "entries"), item["at_least"])], more
    return "PASS", []


def github_project(look, item):
    """Where the repository is on GitHub its project was made (`pack kanban sync --run`); elsewhere the commands were printed, and the row says so."""
    path = os.path.join(look.team_dir, "GITHUB_ISSUES.md")
    if not os.path.isfile(path):
        return "MISSING", ["GITHUB_ISSUES.md does not exist: `pack kanban sync`"]
    with open(path, encoding="utf-8", errors="replace") as handle:
        run, ids = github.state(handle.read())
    if run:
        return "PASS", [], {"note": "GitHub: done" + (", project %s" % ids["project"] if "project" in ids else "")}
    if look.git.on_github():
        return "FAIL", ["GitHub: printed, not run: `pack kanban sync --run` makes the project, its issues and milestones"]
    return "PASS", [], {"note": "GitHub: printed, not run (no remote of this repository is on GitHub)"}


def github_release(look, item):
    """The sign-off names the release (`GitHub release: URL`); `GitHub release: none, WHY` where the repository is not on GitHub."""
    path = os.path.join(look.team_dir, item["file"])
    if not os.path.isfile(path):
        return "MISSING", ["%s does not exist" % item["file"]]
    with open(path, encoding="utf-8", errors="replace") as handle:
        found = re.search(r"^[-*> ]*GitHub release:[ \t]*(\S.*)$", handle.read(), re.M | re.I)
    more = {"run": "%s@%s" % (item["file"], project_facts.file_digest(path))}
    if not found:
        return "FAIL", ["%s has no line `GitHub release: URL`: `gh release create` prints it" % item["file"]], more
    said = found.group(1).strip("`<> ")
    if re.match(r"https://\S+/releases/(tag/)?\S+$", said):
        return "PASS", [], {"note": "GitHub release: " + said}
    if look.git.on_github() or not re.match(r"none\b.*\w{3}", said):
        return "FAIL", ["%s: %r is no release: `gh release create` prints its address" % (item["file"], said[:80])], more
    return "PASS", [], {"note": "GitHub release: " + said[:80]}


def schema_compatibility(look, item):
    """Every event schema of rt.yaml can still read and be read as its baseline: in git, and in the registry where one is named."""
    if look.rt is None:
        return "MISSING", ["no usable rt.yaml names the schemas"]
    if not look.rt.get("schemas"):
        return "MISSING", ["rt.yaml lists no `schemas`: name every event schema file (JSON Schema, Avro or Protobuf)"]
    reasons, verdict = [], "PASS"
    for part in look.rt["schemas"]:
        try:
            with open(os.path.join(look.project, part["file"]), encoding="utf-8") as handle:
                new = handle.read()
            readable(part["file"], new, look.project)
        except FileNotFoundError:
            verdict = "FAIL"
            reasons.append("%s does not exist" % part["file"])
            continue
        except ValueError as error:
            verdict = "FAIL"
            reasons.append("%s is %s: %s" % (part["file"], "no Protobuf" if part["file"].endswith(".proto") else "not JSON", error))
            continue
        except proto.Absent as error:
            return "MISSING", [str(error)]
        told = _since_git(look, part, new) or _since_registry(look, part, new)
        if told:
            verdict = told[0] if verdict != "FAIL" else verdict
            reasons += told[1]
    return verdict, reasons


def _since_git(look, part, new):
    """(verdict, reasons) of what breaks since the baseline in git, or None."""
    for revision in [part["baseline"]] if "baseline" in part else look.git.revisions(part["file"]):
        text = look.git.show(revision, part["file"])
        if text is None:
            if "baseline" in part:
                return "FAIL", ["%s: no such file at baseline %s" % (part["file"], revision)]
            continue
        if text == new:
            continue
        try:
            found = breaks(part["file"], text, new, look.project)
        except ValueError:
            continue
        if found:
            return "FAIL", ["%s since %s: %s" % (part["file"], revision[:12], b) for b in found]
    return None


def _since_registry(look, part, new):
    """(verdict, reasons) of what breaks since the newest version in the registry, or None."""
    if "registry" not in part or not (look.run or {}).get("runs", True):  # a hook looks, and has no time
        return None
    try:
        told = registry.latest(part["registry"], part["subject"])
    except registry.RegistryError as error:
        return "MISSING", ["%s: %s" % (part["file"], error)]
    if told is None:
        return None
    version, ending, text = told
    if ending != (".json" if not part["file"].endswith((".avsc", ".proto")) else os.path.splitext(part["file"])[1]):
        return "FAIL", ["%s: the registry has %s as another kind of schema (%s)" % (part["file"], part["subject"], ending)]
    try:
        found = breaks(part["file"], text, new, look.project)
    except ValueError as error:
        return "INVALID", ["%s: version %d in the registry cannot be read: %s" % (part["file"], version, error)]
    return ("FAIL", ["%s since version %d of %s in the registry: %s" % (part["file"], version, part["subject"], b) for b in found]) if found else None  # fmt: skip


def readable(name, text, project):
    """The schema in a file's text: JSON, or a descriptor of Protobuf. ValueError if it is none."""
    return proto.compiled(text, project) if name.endswith(".proto") else json.loads(text)


def breaks(name, old, new, project):
    """What breaks from one text of a schema file to another: lines."""
    compare = proto.breaks if name.endswith(".proto") else avro_breaks if name.endswith(".avsc") else breaking
    return compare(readable(name, old, project), readable(name, new, project))


TIMEOUT = 60.0  # seconds that a gate's command has, unless it says
_WORSE = {
    "<": lambda v, x: not v < x,
    "<=": lambda v, x: not v <= x,
    ">": lambda v, x: not v > x,
    ">=": lambda v, x: not v >= x,
    "==": lambda v, x: v != x,
}


def command(look, item, gate):
    """The definition's own command, run here and now in the project: exit code 0, and its numbers within their thresholds."""
    shown = "`%s`" % shlex.join(item["run"])
    run = look.run or {}
    changed = [
        n
        for n in item.get("sealed", [])
        if run.get("sealed") and project_facts.file_digest(os.path.join(look.project, n)) != run["sealed"].get(n)
    ]
    if changed:
        return "FORGED", [
            "%s is sealed and is not as it was when the run was opened: put it back; the user changes it between two runs" % n
            for n in changed
        ]
    if not run.get("runs", True):  # a hook looks, and has no time
        return "PASS", []
    if gate["id"] not in run.get("due", [gate["id"]]):
        return "MISSING", ["%s is run when %s has begun" % (shown, gate["after_role"])]
    if look.tree is None:
        look.tree = project_facts.tree(look.project, [])
    seconds = min(float(item.get("timeout", TIMEOUT)), float(os.environ.get("PACK_LOOK") or 540))
    with tempfile.TemporaryFile() as log:
        try:
            child = managed.Child(item["run"], look.project, {k: v for k, v in os.environ.items() if k != "PACK_VOUCHER"}, log)
        except managed.ServerError as error:
            return "MISSING", ["%s: %s" % (shown, error)]
        try:
            code = child.wait(seconds)
        except Exception as error:  # subprocess.TimeoutExpired
            if type(error).__name__ != "TimeoutExpired":
                raise
            return "INVALID", [
                "%s did not end within %g s%s"
                % (
                    shown,
                    seconds,
                    ", which is what looking gives it"
                    if os.environ.get("PACK_LOOK")
                    else ": make it quicker, or give the check a longer `timeout` (at most 540)",
                )
            ]
        finally:
            child.kill()
        log.seek(max(0, log.seek(0, os.SEEK_END) - 65536))
        text = log.read().decode("utf-8", "replace")
    more = {"run": "%s@%s" % (shown, look.tree)}  # the same failure of the same tree is one failure
    lines = [x.strip() for x in text.splitlines() if x.strip()]
    if code != 0:
        return "FAIL", ["%s: exit code %s%s" % (shown, code, ": " + lines[-1][:200] if lines else "")], more
    if item.get("limits"):
        verdict, reasons, values = _numbers(look, item, lines)
        return verdict, ["%s: %s" % (shown, r) for r in reasons], dict(more, facts=values)
    return "PASS", [], more


def _numbers(look, item, lines):
    """The last JSON object that the command printed, against the thresholds that the check names."""
    told = None
    for text in reversed(lines):
        if text.startswith("{"):
            try:
                told = json.loads(text, parse_constant=lambda name: None)
            except ValueError:
                pass
            break
    if not isinstance(told, dict):
        return (
            "INVALID",
            [
                "its last line is no JSON object with %s; it printed %r"
                % (", ".join(item["limits"]), lines[-1][:120] if lines else "nothing")
            ],
            {},
        )
    wrong, over, values = [], [], {}
    for name, limit in sorted(item["limits"].items()):
        value, threshold = told.get(name), look.definition["thresholds"][limit]
        op = threshold.get("op", "<=")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            wrong.append("it prints no number %r" % name if value is None else "%s is %r, no number" % (name, value))
            continue
        values[name] = value
        if _WORSE[op](value, threshold["value"]):
            over.append("%s is %g %s, must be %s %g" % (name, value, threshold["unit"], op, threshold["value"]))
    return ("INVALID", wrong, values) if wrong else ("FAIL", over, values) if over else ("PASS", [], values)


def approval(look, item, gate):
    """The user's word, about exactly the files that the gate looks at. Nobody else can give it."""
    asked = item.get("ask") or gate["check"]
    if look.run is None:
        return "MISSING", [USER_DECIDES + "%s (asked in a run only)" % asked]
    word = look.run.get("words", {}).get(gate["id"])
    how = "show what it is about and end the turn; the user types `team approve %s` or `team reject %s WHY`" % (gate["id"], gate["id"])
    if word is None:
        return "MISSING", [USER_DECIDES + "%s: %s" % (asked, how)]
    if word["content"] != content(look.team_dir, look.definition, gate):
        return "MISSING", [
            USER_DECIDES + "%s: what the user %s was changed since: %s" % (asked, "approved" if word["approve"] else "rejected", how)
        ]
    if not word["approve"]:
        return "FAIL", ["the user rejected it: %s" % word["why"]], {"run": "word@%s" % word["at"]}
    return "PASS", []


def breaking(old, new, where=""):  # noqa: C901 - one check for each keyword of JSON Schema
    """Changes from `old` to `new` that break a consumer (JSON Schema, or Avro's named types)."""
    if any(isinstance(x, dict) and x.get("type") in ("record", "enum", "fixed", "error") for x in (old, new)):
        return avro_breaks(old, new)
    found = []
    if not isinstance(old, dict) or not isinstance(new, dict):
        return found if old == new else ["%s: schema replaced" % (where or "/")]
    at = where or "/"
    types = [set([t]) if isinstance(t, str) else set(t or ()) for t in (old.get("type"), new.get("type"))]
    if types[1] and not types[0]:
        found.append("%s: type was free, is %s" % (at, "/".join(sorted(types[1]))))
    elif types[0] and types[1] and types[0] != types[1]:
        wider = types[0] <= types[1] or (types[0] == {"integer"} and "number" in types[1])
        if not wider:
            found.append("%s: type was %s, is %s" % (at, "/".join(sorted(types[0])), "/".join(sorted(types[1]))))
    if "enum" in new:
        gone = [v for v in old.get("enum", []) if v not in new["enum"]]
        if "enum" not in old or gone:
            found.append("%s: values no longer allowed: %s" % (at, ", ".join(map(str, gone)) or "all but an enum"))
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        if "default" not in after.get(name, {}):
            found.append("%s: %r became required; events already stored may lack it" % (at, name))
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        if name not in after:
            found.append("%s: required %r was removed; consumers rely on it" % (at, name))
    if old.get("additionalProperties") is False:
        for name in sorted(set(after) - set(before)):
            found.append("%s: %r is new, and a consumer that was not updated refuses further properties" % (at, name))
    if new.get("additionalProperties") is False:
        if old.get("additionalProperties") is not False:
            found.append("%s: no longer accepts further properties" % at)
        for name in sorted(set(before) - set(after) - set(old.get("required", []))):
            found.append("%s: %r was removed and further properties are refused" % (at, name))
    for name in sorted(set(before) & set(after)):
        found += breaking(before[name], after[name], "%s/%s" % (where, name))
    if "items" in old and "items" in new:
        found += breaking(old["items"], new["items"], where + "/[]")
    for key, sign in (("minimum", 1), ("maximum", -1), ("minLength", 1), ("maxLength", -1)):
        if key in new and (key not in old or (new[key] - old[key]) * sign > 0):
            found.append("%s: %s tightened from %s to %s" % (at, key, old.get(key, "none"), new[key]))
    return found


def avro_breaks(old, new):
    """What a change of an Avro schema breaks, either way round."""
    try:
        found = ["what is stored cannot be read any more: %s" % x for x in avro.unreadable(old, new)]
        return found + ["a consumer that was not updated cannot read what is written: %s" % x for x in avro.unreadable(new, old)]
    except avro.BadSchema as error:
        return ["it is no Avro schema: %s" % error]


TABLE = {
    "rt_file": rt_file,
    "charter_table": charter_table,
    "kanban_board": kanban_board,
    "line": line,
    "entries": entries,
    "command": command,
    "approval": approval,
    "schema_compatibility": schema_compatibility,
    "github_project": github_project,
    "github_release": github_release,
}
OF_GATE = ("approval", "command")
