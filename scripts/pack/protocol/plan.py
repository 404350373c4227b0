"""The plan: checked whole, classified mechanically (PROTOCOL 4 and 5; the seed's Step 3). Pure functions over JSON."""

from __future__ import annotations

from . import tables
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping
    from .state_types import CheckedPlan, Classification, Facts, PlannedTask
    from .literals import Mode
    from .state_types import Fact


def _bad(code: str, what: str, seen: str, next: str, task: int | None = None) -> Refusal:
    return Refusal(code, what, seen, next, "PLAN_REGISTERED", task)


def clean_path(path: object) -> str | None:
    """A project-relative path in one spelling: forward slashes, no `./`, no `..`; None when it leaves the project."""
    if not isinstance(path, str) or not path.strip() or "\0" in path:
        return None
    path = path.strip().replace("\\", "/")
    folder = path.endswith("/")
    parts: list[str] = []
    if path.startswith("/") or path[1:2] == ":":
        return None
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) + ("/" if folder else "") if parts else None


def is_plain(path: str) -> bool:
    """Whether a path is no pattern for many. Brackets alone are none: `app/[id]/page.tsx` is a file."""
    return not any(c in path for c in "*?") and not ("{" in path and "," in path.partition("{")[2].partition("}")[0])


def covers(declared: str, path: str) -> bool:
    """Whether a declared file, or a declared folder (`docs/`), holds the path; case-folded, for case-blind disks."""
    declared, path = declared.casefold(), path.casefold()
    return path == declared or (declared.endswith("/") and (path + "/").startswith(declared))


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)


def _task(raw: Any, index: int) -> PlannedTask:  # long: one refusal for each part of a task
    """One task of the JSON -> the task record, or a Refusal that names what is missing."""
    if not isinstance(raw, dict):
        raise _bad(
            "PLAN_INCOMPLETE",
            "task number %d is not an object" % (index + 1),
            "tasks[%d]" % index,
            "see the JSON shape in `pack plan --help`",
        )
    number = raw.get("id")
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _bad(
            "PLAN_INCOMPLETE", "tasks[%d].id is %r" % (index, raw.get("id")), "ids are whole numbers from 1", "give every task its own id"
        )
    last = any(isinstance(f, str) and f.startswith(".conventions") for f in raw.get("files") or () if isinstance(raw.get("files"), list))
    if last:  # the conventions task is the same in every plan: what only other tasks need may be left out
        raw = dict({"references": [], "checks": [], "tooling": {}}, **raw)
    empty_is_fine = ("references", "checks", "tooling") if last else ("references",)
    missing = [p for p in tables.TASK_PARTS if p not in raw or raw[p] in (None, "", [], {}) and p not in empty_is_fine]
    if missing:
        raise _bad(
            "PLAN_INCOMPLETE",
            "task #%d has no %s" % (number, ", ".join(missing)),
            "a task has " + ", ".join(tables.TASK_PARTS),
            "add what is missing and run `pack plan` again",
            number,
        )
    for part in ("files", "references", "acceptance", "checks"):
        if not _strings(raw[part]):
            raise _bad(
                "PLAN_INCOMPLETE",
                "task #%d: %s must be a list of texts" % (number, part),
                repr(raw[part])[:120],
                "write it as [\"...\"]",
                number,
            )
    if not isinstance(raw["tooling"], dict) or not all(isinstance(v, str) for v in raw["tooling"].values()):
        raise _bad(
            "PLAN_INCOMPLETE",
            "task #%d: tooling must map names to commands" % number,
            repr(raw["tooling"])[:120],
            "write it as {\"test\": \"COMMAND\"}",
            number,
        )
    files = []
    for name in raw["files"]:
        path = clean_path(name)
        if path is None:
            raise _bad(
                "PLAN_PATH",
                "task #%d: %r is not a path inside the project" % (number, name),
                "files are relative to the project's root",
                "write it relative, without leading / and without ..",
                number,
            )
        if not is_plain(path):
            raise _bad(
                "PLAN_PATH",
                "task #%d: %r is a pattern" % (number, name),
                "a task owns files, and folders that end in /; patterns are not followed",
                "name each file, or the folder: %s"
                % (path.split("*")[0].rpartition("/")[0] + "/" if "/" in path.split("*")[0] else "src/"),
                number,
            )
        files.append(path)
    reviewers = raw.get("reviewers") or []
    if not isinstance(reviewers, list) or any(r not in tables.APPROVERS for r in reviewers):
        raise _bad(
            "PLAN_REVIEWERS",
            "task #%d: reviewers are %r" % (number, reviewers),
            "a plan may name " + ", ".join(tables.SPECIALISTS),
            "choose among these",
            number,
        )
    sensitive = raw.get("sensitive") or []
    if not isinstance(sensitive, list) or any(a not in tables.SENSITIVE for a in sensitive):
        raise _bad(
            "PLAN_SENSITIVE",
            "task #%d: sensitive is %r" % (number, sensitive),
            "areas: " + ", ".join(tables.SENSITIVE),
            "name those that its files import or serve; what a path says is found without it",
            number,
        )
    blocked = raw.get("blocked_by") or []
    blocked = (
        [int(b) if isinstance(b, str) and b.isascii() and b.isdigit() else b for b in blocked] if isinstance(blocked, list) else [None]
    )
    if any(not isinstance(b, int) or isinstance(b, bool) for b in blocked):
        raise _bad(
            "PLAN_INCOMPLETE",
            "task #%d: blocked_by must list task ids" % number,
            repr(raw.get("blocked_by"))[:80],
            "write it as [1, 2]",
            number,
        )
    return {
        "id": number,
        "subject": raw["subject"].strip() if isinstance(raw["subject"], str) else str(raw["subject"]),
        "files": files,
        "references": raw["references"],
        "acceptance": raw["acceptance"],
        "checks": raw["checks"],
        "tooling": raw["tooling"],
        "blocked_by": sorted(set(blocked)),
        "reviewers": sorted({r for r in reviewers if r in tables.SPECIALISTS}),  # the others are the mode's, not the task's
        "high_risk": bool(raw.get("high_risk")),
        "sensitive": sorted(set(sensitive) | set(sensitive_areas(files))),
    }


def sensitive_areas(files: Iterable[str]) -> list[str]:
    """The sensitive areas (tables.SENSITIVE) that paths name: `src/AuthGuard.ts`, `db/migrations/`."""
    words: set[str] = set()
    for path in files:
        word = ""
        for i, c in enumerate(path + " "):
            hump = c.isupper() and word and (word[-1].islower() or word[-1].isdigit() or path[i + 1 : i + 2].islower())
            if not c.isalnum() or hump:
                words.add(word.casefold())
                word = ""
            if c.isalnum():
                word += c
    return [area for area, names in tables.SENSITIVE.items() if words.intersection(names)]


def is_conventions(task: PlannedTask) -> bool:
    """Whether a task is the conventions task: it writes `.conventions/`, or says so in its subject."""
    return any(covers(".conventions/", f) or f == ".conventions" for f in task["files"]) or ".conventions" in task["subject"]


def order(tasks: Mapping[int, PlannedTask]) -> list[int] | None:
    """Tasks by id -> a topological order of ids, or None when there is a cycle."""
    left, done, out = dict(tasks), set(), []
    while left:
        ready = sorted(i for i, t in left.items() if all(b in done or b not in tasks for b in t["blocked_by"]))
        if not ready:
            return None
        for i in ready:
            done.add(i)
            out.append(i)
            del left[i]
    return out


def ancestors(tasks: Mapping[int, PlannedTask], number: int) -> set[int]:
    """The ids that must be done before a task."""
    seen, queue = set(), list(tasks[number]["blocked_by"])
    while queue:
        i = queue.pop()
        if i in tasks and i not in seen:
            seen.add(i)
            queue.extend(tasks[i]["blocked_by"])
    return seen


def longest_chain(tasks: Mapping[int, PlannedTask]) -> int:
    """Number of tasks on the longest path of dependencies."""
    depth: dict[int, int] = {}
    for i in order(tasks) or ():
        depth[i] = 1 + max([depth.get(b, 0) for b in tasks[i]["blocked_by"]] or [0])
    return max(depth.values()) if depth else 0


def check_overlap(tasks: Mapping[int, PlannedTask]) -> None:
    """One file = one coder: raises Refusal when two tasks that are not ordered share a file."""
    items = sorted(tasks.items())
    before = {i: ancestors(tasks, i) for i, _ in items}
    for n, (i, a) in enumerate(items):
        for j, b in items[n + 1 :]:
            if i in before[j] or j in before[i]:
                continue
            for f in a["files"]:
                for g in b["files"]:
                    if covers(f, g) or covers(g, f):
                        raise _bad(
                            "FILE_OVERLAP",
                            "tasks #%d and #%d both write %s" % (i, j, f if len(f) > len(g) else g),
                            "one file = one coder, and nothing orders the two tasks",
                            "put the file into one task, or let one task be blocked by the other",
                            j,
                        )


def check(raw: Any) -> CheckedPlan:
    """The plan's JSON -> {"tasks": {id: task}, "facts": {...}, "definition_of_done": [...]}; raises Refusal."""
    if not isinstance(raw, dict):
        raise _bad("PLAN_INCOMPLETE", "the plan is not a JSON object", type(raw).__name__, "see `pack plan --help`")
    rows = raw.get("tasks")
    if not isinstance(rows, list) or not rows:
        raise _bad("PLAN_INCOMPLETE", "the plan has no tasks", repr(rows)[:80], "list them under \"tasks\"")
    tasks = {}
    for index, row in enumerate(rows):
        task = _task(row, index)
        if task["id"] in tasks:
            raise _bad("DUPLICATE_TASK_KEY", "two tasks have id %d" % task["id"], "ids are unique", "renumber one", task["id"])
        tasks[task["id"]] = task
    for i, task in sorted(tasks.items()):
        unknown = [b for b in task["blocked_by"] if b not in tasks]
        if unknown:
            raise _bad(
                "PLAN_UNKNOWN_TASK",
                "task #%d is blocked by #%s, which is not in the plan" % (i, unknown[0]),
                "tasks: " + ", ".join("#%d" % k for k in sorted(tasks)),
                "correct blocked_by",
                i,
            )
    if order(tasks) is None:
        raise _bad("PLAN_CYCLE", "the dependencies of the plan form a cycle", cycle_text(tasks), "remove one blocked_by of it")
    last = tasks[rows[-1]["id"] if isinstance(rows[-1]["id"], int) else int(rows[-1]["id"])]
    others = sorted(set(tasks) - {last["id"]})
    if not is_conventions(last) or not set(others) <= ancestors(tasks, last["id"]):
        raise _bad(
            "PLAN_CONVENTIONS",
            "the last task, #%d %r, is not the conventions task blocked by all others" % (last["id"], last["subject"][:60]),
            "the last task writes .conventions/ and has blocked_by %s" % others,
            "append the task \"Update .conventions/ with discovered patterns\" with files under .conventions/ and "
            "blocked_by %s" % (others if is_conventions(last) else sorted(tasks)),
            last["id"],
        )
    check_overlap(tasks)
    dod = raw.get("definition_of_done")
    if not _strings(dod) or not dod:
        raise _bad(
            "PLAN_INCOMPLETE",
            "the plan has no definition_of_done",
            repr(dod)[:80],
            "list the quality bar of the whole feature, one text each",
        )
    trade_offs = raw.get("trade_offs") or []
    if not _strings(trade_offs):
        raise _bad("PLAN_INCOMPLETE", "trade_offs must be a list of texts", repr(trade_offs)[:80], "write it as [\"A rather than B: why\"]")
    done, facts = definition_of_done(dod, tasks), check_facts(raw.get("facts"))
    if not trade_offs and classify(tasks, facts)["mode"] == tables.COMPLEX:
        raise _bad(
            "PLAN_TRADE_OFFS",
            "the plan is COMPLEX and says no trade_offs",
            "the user is told what was decided for what: they are shown when the plan is registered, and kept in the summary",
            "add \"trade_offs\": [\"A rather than B: why\"], one text for each key decision",
        )
    return {"tasks": tasks, "facts": facts, "definition_of_done": done, "trade_offs": trade_offs}


def says(line: str, key: str) -> bool:
    """Whether a line of a definition of done says one of the seed's (DONE_LINES). `make check` runs tests: of a line that names a command (behind a
    colon, in backquotes or brackets) only the rest speaks of checks."""
    text = line.casefold()
    if key == "checks":
        text = text.replace("`", "(").replace("(", ":").partition(":")[0]
    told = "".join(c if c.isalnum() else " " for c in text).split()
    for word in next(words for k, words, _text in tables.DONE_LINES if k == key):
        if " " in word or "." in word:
            if word in text:
                return True
        elif any(w == word or word[-1] == "*" and w.startswith(word[:-1]) for w in told):
            return True
    return False


def definition_of_done(given: list[str], tasks: Mapping[int, PlannedTask]) -> list[str]:
    """The lead's lines, and behind them those of the seed's that none of them says. Raises Refusal where tests are not spoken of."""
    if not any(says(line, "tests") for line in given):
        raise _bad(
            "PLAN_DONE",
            "the definition_of_done does not say that tests pass",
            repr(given)[:120],
            "name the commands: \"All tests pass: COMMAND\", \"Build passes: COMMAND\"; the seed's other lines are added where they are missing",
        )
    tooling = {k: v for _i, t in sorted(tasks.items()) for k, v in t["tooling"].items()}
    commands = {
        "build": tooling.get("build") or "as given to `pack finish --build`",
        "test": tooling.get("test") or "as given to `pack finish --test`",
    }
    return given + [text % commands for key, _words, text in tables.DONE_LINES if not any(says(line, key) for line in given)]


def cycle_text(tasks: Mapping[int, PlannedTask]) -> str:
    """One cycle of the dependencies as text: `#1 -> #2 -> #1`."""
    left = dict(tasks)
    while True:  # peel off what no cycle can hold
        free = [i for i, t in left.items() if not any(b in left for b in t["blocked_by"])]
        if not free:
            break
        for i in free:
            del left[i]
    path = [min(left)]
    while True:
        step = next(b for b in left[path[-1]]["blocked_by"] if b in left)
        if step in path:
            return " -> ".join("#%d" % i for i in path[path.index(step) :] + [step])
        path.append(step)


def check_facts(facts: Any) -> Facts:
    """The facts that only the lead can see -> the same, checked: every boolean has its evidence."""
    if not isinstance(facts, dict):
        raise _bad(
            "PLAN_FACTS",
            "the plan has no facts",
            repr(facts)[:80],
            "give layers, " + ", ".join(tables.FACTS) + ", each boolean as {\"value\": ..., \"evidence\": \"...\"}",
        )
    layers = facts.get("layers")
    if not isinstance(layers, list) or not all(isinstance(x, str) and x.strip() for x in layers):
        raise _bad("PLAN_FACTS", "facts.layers is %r" % (layers,), "a list such as [\"api\", \"ui\"]", "list the layers touched")
    # The seed counts db, api and ui. A project that is made of other layers names its own; each counts as one.
    found: dict[str, Any] = {"layers": sorted({x.strip().lower() for x in layers})}
    for name in tables.FACTS:
        fact = facts.get(name)
        if not isinstance(fact, dict) or not isinstance(fact.get("value"), bool):
            raise _bad(
                "PLAN_FACTS",
                "facts.%s is %r" % (name, fact),
                "it needs {\"value\": true|false, \"evidence\": \"...\"}",
                "say what you found and where",
            )
        evidence = fact.get("evidence")
        if not isinstance(evidence, str) or not evidence.strip():
            raise _bad("PLAN_FACTS", "facts.%s has no evidence" % name, repr(fact)[:80], "name the file or finding it rests on")
        found[name] = {"value": fact["value"], "evidence": evidence.strip()}
    return found  # type: ignore[return-value]  # every name of tables.FACTS is in it now


def classify(tasks: Mapping[int, PlannedTask], facts: Facts) -> Classification:
    """Tasks and facts -> {"mode", "text", "medium": [fired], "complex": [fired]}; mechanical, not overridable.

    Every registered task counts, the conventions task too: what the plan says is computed from the plan as registered.
    """
    layers, chain = facts["layers"], longest_chain(tasks)
    files = len({f for t in tasks.values() for f in t["files"]})
    blocked = [i for i, t in sorted(tasks.items()) if t["blocked_by"]]

    def said(fact: Fact) -> tuple[bool, str]:
        return fact["value"], fact["evidence"]

    gold = facts["gold_standard_exists"]
    medium = (
        (len(layers) >= 2, "layers: " + (", ".join(layers) or "none")),
        said(facts["changes_existing"]),
        said(facts["near_sensitive"]),
        (len(tasks) >= 3, "%d tasks" % len(tasks)),
        (bool(blocked), "blocked: " + ", ".join("#%d" % i for i in blocked)),
        (files >= 5, "%d files" % files),
    )
    complexes = (
        (len(layers) >= 3, "layers: " + ", ".join(layers)),
        said(facts["shared_by_3_modules"]),
        said(facts["direct_sensitive"]),
        (len(tasks) >= 5, "%d tasks" % len(tasks)),
        (chain >= 3, "longest chain: %d tasks" % chain),
        (not gold["value"], gold["evidence"]),
        (files >= 10, "%d files" % files),
    )
    fired_a = [n for n, (fired, _) in enumerate(medium) if fired]
    fired_b = [n for n, (fired, _) in enumerate(complexes) if fired]
    result_a = "SIMPLE" if len(fired_a) <= 1 else "tentatively MEDIUM" if len(fired_a) <= 3 else "COMPLEX by accumulation"
    mode: Mode = tables.COMPLEX if fired_b else tables.MEDIUM
    if result_a != "tentatively MEDIUM":
        mode = tables.SIMPLE if result_a == "SIMPLE" else tables.COMPLEX
    lines = ["STEP A — MEDIUM triggers: %d/6 fired" % len(fired_a)]
    lines += ["  %d. %s: %s" % (n + 1, tables.MEDIUM_TRIGGERS[n][0], medium[n][1]) for n in fired_a]
    lines += ["STEP A result: " + result_a, ""]
    if result_a == "tentatively MEDIUM":
        lines.append("STEP B — COMPLEX triggers: %d/7 fired" % len(fired_b))
        lines += ["  %d. %s: %s" % (n + 1, tables.COMPLEX_TRIGGERS[n][0], complexes[n][1]) for n in fired_b]
    else:
        lines.append("STEP B — COMPLEX triggers: skipped (Step A = %s)" % result_a.split()[0])
    lines += ["", "FINAL: %s (mandatory, not overridable)" % mode]
    return {
        "mode": mode,
        "text": "\n".join(lines),
        "medium": [n + 1 for n in fired_a],
        "complex": [n + 1 for n in fired_b] if result_a == "tentatively MEDIUM" else [],
    }


def check_reviewers(tasks: Mapping[int, PlannedTask], mode: str | None) -> None:
    """MEDIUM: each task names at least one specialist, a high-risk task has all three. Raises Refusal."""
    if mode != tables.MEDIUM:
        return
    for i, task in sorted(tasks.items()):
        if not task["reviewers"] and not task["high_risk"]:
            raise _bad(
                "PLAN_REVIEWERS",
                "task #%d names no reviewer and the plan is MEDIUM" % i,
                "MEDIUM needs the reviewers named in the task, at least one",
                "add \"reviewers\": one or more of " + ", ".join(tables.SPECIALISTS),
                i,
            )
