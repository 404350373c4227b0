"""A model that follows what it is shown: no script, no memory but the conversation, no look at the journal.

A story says what happens line by line; that is no use when the client may die at any point, because what comes next depends on where
it died. This policy is the other extreme: every answer is computed from one request of the client alone (its conversation: prompt,
messages, tool results, what hooks put in front of it). It reads mechanically. A team that finishes under it was told enough.

What it keys on is what the product promises to be stable: the lines of messages.md, the words of an advice (`Next: ...`,
`Your next step: ...`, `before you end your turn: ...`), refusals, the rows of `pack status`, `pack task show` and `pack explain`.
What a real model would bring along itself, and no text tells it, is here as data: the plan, the code, the findings.
"""

import json
import os
import re

from model import Reply, say, text_of, use

GREETED = re.compile(r"you are ([A-Za-z0-9][\w-]*) \(([\w-]+)\), incarnation (\d+)")
SPAWNED = re.compile(r"^You are ([A-Za-z0-9][\w-]*)\s*$", re.M)
ADVICE = (
    re.compile(r"^team: next: (.*)$", re.M),
    re.compile(r"before you end your turn: (.*?)\.?\s*$", re.M),
    re.compile(r"^Your next step: (.*)$", re.M),
    re.compile(r"^Next: (.*)$", re.M),
)
REFUSED = re.compile(r"team: refused \((\w+)\): ")
TREE = re.compile(r"TEAM STATUS — (\S+)")
TEAM = re.compile(r"Run opened\.[\s\S]*?^Team: (\S+?)\.\s|TEAM (\S+?): phase|TEAM STATUS — (\S+)|\bteam ([\w-]+): you are ", re.M)
ROW = re.compile(r"^#(\d+) (.*?) — ([A-Z_]+) \(([^)]*)\)(?:, high risk)?\n((?:  .*\n?)*)", re.M)
REQUEST_ID = re.compile(r'"requestId":\s*"([^"]+)"')
OFFER = re.compile(r"STATE_OWNERSHIP_(?:HANDOFF|ACK)\((\d+)\)")
ASKED = re.compile(r"^[ \t>]*REVIEW: task #(\d+)", re.M)
TO_REVIEW = re.compile(r"review task #(\d+) and send APPROVED: task #\d+ or CHANGES_REQUESTED: task #\d+ to ([\w-]+)")
BODY = re.compile(
    r"^# (Supervisor|Coder|Unified reviewer|Logic reviewer|Security reviewer|Quality reviewer|Tech lead|Risk tester|Codebase researcher)\s*$",
    re.M,
)

# --- What a model brings along: plan, code, findings -----------------------------------------------------------------------
TEST = "python3 -m unittest discover -s tests -q"
BUILD = "python3 -m compileall -q src"


def _fact(value, evidence):
    return {"value": value, "evidence": evidence}


def _task(number, subject, files, blocked_by=(), reviewers=()):
    return {
        "id": number,
        "subject": subject,
        "files": files,
        "references": ["src/greet.py"],
        "acceptance": ["it does what its name says"],
        "checks": ["snake_case"],
        "tooling": {"test": TEST},
        "blocked_by": list(blocked_by),
        "reviewers": list(reviewers),
        "high_risk": False,
    }


def plan(mode):
    """SIMPLE: one module and the conventions. MEDIUM: two modules side by side. COMPLEX: the same, and one answer more is yes."""
    medium = mode != "SIMPLE"
    named = ["logic-reviewer"] if medium else []
    tasks = [_task(1, "Say goodbye by name", ["src/bye.py", "tests/test_bye.py"], reviewers=named)]
    tasks += [_task(2, "Say thanks by name", ["src/thanks.py", "tests/test_thanks.py"], reviewers=named)] if medium else []
    tasks.append(_task(len(tasks) + 1, "Update .conventions/ with discovered patterns", [".conventions/"], [t["id"] for t in tasks], named))
    return {
        "facts": {
            "layers": ["api"],
            "changes_existing": _fact(mode == "COMPLEX", "what src/ offers"),
            "near_sensitive": _fact(False, "no auth, payments or migrations in src/"),
            "shared_by_3_modules": _fact(False, "new modules, no importer"),
            "direct_sensitive": _fact(False, "none"),
            "gold_standard_exists": _fact(True, "src/greet.py"),
        },
        "definition_of_done": ["the tests pass"],
        "tasks": tasks,
    }


def _module(name, word):
    return '"""Says %s."""\n\n\ndef %s(name):\n    return "%s, " + name\n' % (word, name, word)


def _test(name, word):
    return (
        "import pathlib\nimport sys\nimport unittest\n\nsys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / \"src\"))\nimport %s\n\n\n"
        "class Says(unittest.TestCase):\n    def test_says_it_by_name(self):\n        self.assertEqual(%s.%s(\"Ann\"), \"%s, Ann\")\n"
        % (name, name, name, word)
    )


CODE = {
    "src/bye.py": _module("bye", "goodbye"),
    "tests/test_bye.py": _test("bye", "goodbye"),
    "src/thanks.py": _module("thanks", "thank you"),
    "tests/test_thanks.py": _test("thanks", "thank you"),
    ".conventions/gold-standards/phrase.md": "# A phrase of this project\n\nOne module, one function, one test beside it.\n",
}
DRAFT = {"src/thanks.py": 'def thanks(name):\n    return "thank you, " + name\n'}  # what its first review sends back: no docstring
DECISIONS = "# Decisions\n\n## Feature Definition of Done\nThe tests pass.\n\n## Decisions\nOne module a phrase.\n\n## Risks\n%s\n\n## Operational Escalations\n\n## Orchestration Notes\n"
RISKS = "RISKS: 2\nRISK-1: a name that is empty\nSeverity: MAJOR\nAffected tasks: #1\nVerify: src/greet.py\nRISK-2: words in two places\nSeverity: MINOR"


def paths_of(files):
    """The files to write for a task's declared ones."""
    return [".conventions/gold-standards/phrase.md" if f.startswith(".conventions") else f for f in files]


# --- The conversation, as one who reads it ------------------------------------------------------------------------------------
class Talk:
    """One request, read: who I am, what I did with which result, what is new since I last spoke."""

    def __init__(self, call):
        self.call = call
        self.items = []  # ("text", text) | ("use", use) | ("result", use, text, is_error), oldest first; a use: {"name", "input", "id"}
        self.spoke = 0  # where the news begin
        uses = {}
        for message in call.messages:
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
            for block in blocks:
                if block.get("type") == "tool_use":
                    uses[block["id"]] = block
                    self.items.append(("use", block))
                elif block.get("type") == "tool_result":
                    self.items.append(
                        ("result", uses.get(block["tool_use_id"]), text_of(block.get("content")), bool(block.get("is_error")))
                    )
                elif block.get("type") == "text" and message["role"] != "assistant":
                    self.items.append(("text", block["text"]))
            if message["role"] == "assistant":
                self.spoke = len(self.items)
        self.new = self.items[self.spoke :]
        self.news = "\n".join(i[1] if i[0] == "text" else i[2] for i in self.new if i[0] != "use")
        self.heard = "\n".join(i[1] if i[0] == "text" else i[2] for i in self.items if i[0] != "use")
        self.results = [i for i in self.new if i[0] == "result" and i[1]]
        system = call.request.get("system")
        self.system = system if isinstance(system, str) else "\n".join(b.get("text", "") for b in system or [])
        greeted, named, body = GREETED.search(self.heard), SPAWNED.search(self.heard), BODY.search(self.system)
        agent = bool(call.agent_id or body)
        self.name = (greeted.group(1) if greeted else named.group(1) if named else "nameless") if agent else "lead"
        self.role = (greeted.group(2) if greeted else body.group(1).lower().replace(" ", "-") if body else "unknown") if agent else "lead"

    @property
    def team(self):
        """The team's name, as it was shown last."""
        found = TEAM.findall(self.heard)
        return next((n for n in found[-1] if n), "") if found else ""

    @property
    def used(self):
        """My calls with their results, oldest first: [(use, text, is_error)]; no result: (use, None, None)."""
        done = {i[1]["id"]: i for i in self.items if i[0] == "result" and i[1]}
        return [(i[1],) + (done[i[1]["id"]][2:] if i[1]["id"] in done else (None, None)) for i in self.items if i[0] == "use"]

    def last(self, wanted):
        """The position of the last item for which `wanted(item)` holds, -1 when there is none."""
        return max([n for n, i in enumerate(self.items) if wanted(i)], default=-1)

    def did(self, wanted, since=-1):
        """Whether a call of mine for which `wanted(use)` holds has succeeded after that position."""
        return any(i[0] == "result" and i[1] and n > since and not failed(i[2], i[3]) and wanted(i[1]) for n, i in enumerate(self.items))

    def told(self, pattern, files=True):
        """The position of the last text or result that matches, -1 when there is none. files: what was read counts too."""
        return self.last(
            lambda i: (
                i[0] != "use"
                and (files or not (i[0] == "result" and i[1] and i[1]["name"] == "Read"))
                and bool(re.search(pattern, i[1] if i[0] == "text" else i[2]))
            )
        )

    def advice(self):
        """The newest thing that I am told to do, "" when I am told nothing: the last of the news that says it."""
        found = [(m.start(), m.group(1)) for pattern in ADVICE for m in pattern.finditer(self.news)]
        mine = [
            (m.start(), m.group(1)) for m in re.finditer(r"^  %s: (.*)$" % re.escape(self.name), self.news.partition("\nNext:\n")[2], re.M)
        ]
        if mine and TREE.search(self.news):
            return mine[0][1]  # the first row that names me, the most urgent
        return max(found)[1] if found else ""


def failed(text, is_error):
    """Whether a call came to nothing."""
    return bool(is_error and "team: recorded" not in text or REFUSED.search(text) or '"success":false' in text.replace('": ', '":'))


def sends(to, head):
    """Matches a SendMessage of mine with this protocol line."""
    return lambda u: (
        u["name"] == "SendMessage" and str(u["input"].get("message", "")).startswith(head) and to in (None, u["input"].get("to"))
    )


def runs(part):
    """Matches a Bash call of mine with this in its command."""
    return lambda u: u["name"] == "Bash" and part in u["input"].get("command", "")


# --- The policy ------------------------------------------------------------------------------------------------------------------
class Policy:
    """`answer` is the Model's callable. `seen(call, talk, blocks)` is told of every answer before it goes out.

    lead: careful (looks with `pack status` whenever it is told nothing, as build.md says), hasty (takes the step that the digest names
    without looking), lazy (never looks: it ends its turn until it is told a step)."""

    def __init__(self, mode="SIMPLE", seen=None, project="", lead="careful"):
        self.mode, self.seen, self.project, self.lead = mode, seen or (lambda call, talk, blocks: None), str(project), lead

    def answer(self, call):
        talk = Talk(call)
        blocks = getattr(self, "_" + talk.role.replace("-", "_"), self._reviewer if "reviewer" in talk.role else self._idle)(talk)
        blocks = blocks if isinstance(blocks, list) else [blocks]
        blocks = self._prepared(talk, blocks)
        if self._in_circles(talk, blocks):
            blocks = [say("The same once more would change nothing.")]
        self.seen(call, talk, blocks)
        return Reply(*blocks)

    def _prepared(self, talk, blocks):
        """What the client demands first: a deferred tool is loaded, a file that exists was read."""
        wanted = sorted({b["name"] for b in blocks if b["type"] == "tool_use"} - set(talk.call.tools))
        asked_again = [t for u, t, _e in talk.used[-1:] if t and "ToolSearch" in t and u["name"] != "ToolSearch"]
        if (
            wanted
            and "ToolSearch" in talk.call.tools
            and (asked_again or not talk.did(lambda u: u["name"] == "ToolSearch" and wanted[0] in str(u["input"])))
        ):
            return [use("ToolSearch", query="select:" + ",".join(sorted(set(wanted) | {"SendMessage"})), max_results=10)]
        return blocks

    def _in_circles(self, talk, blocks):
        """Three times the very same call with the same answer: a model that goes on would go on for ever."""
        mine = [(b["name"], json.dumps(b["input"], sort_keys=True)) for b in blocks if b["type"] == "tool_use"]
        last = [(u["name"], json.dumps(u["input"], sort_keys=True), t) for u, t, _e in talk.used[-3:]]
        return len(mine) == 1 and len(last) == 3 and all(x[:2] == mine[0] for x in last) and len({x[2] for x in last}) == 1

    # -- small words ------------------------------------------------------------------------------------------------------------
    def _tell(self, to, text):
        return use("SendMessage", to=to, message=text, summary=text.split("\n")[0][:60])

    def _bash(self, command):
        return use("Bash", command=command, description=command.split("\n")[0][:60])

    def _idle(self, talk):
        return say("Nothing to do.")

    def _shutdown(self, talk):
        """The answer to the client's shutdown request, None when there is none in the news."""
        asked = REQUEST_ID.findall(talk.news.replace('\\"', '"'))
        if asked and "shutdown_request" in talk.news:
            return use("SendMessage", to="team-lead", message={"type": "shutdown_response", "request_id": asked[-1], "approve": True})
        return None

    # -- the lead ------------------------------------------------------------------------------------------------------------------
    def _lead(self, talk):
        if not talk.team:
            return say("There is no team.")
        advice = talk.advice()
        if "You are the lead: you decide and spawn" in talk.news and not (self.lead == "hasty" and advice):
            return self._bash("pack status")  # build.md, "After a compaction or resume"
        if TREE.search(talk.news) and not advice:
            return say("Waiting for the others." if "phase CLOSED" not in talk.news else "The run is closed.")
        action = self._lead_step(talk, advice) if advice else None
        if action is not None:
            return action
        if "prints the report, your last words" in talk.news:
            return self._bash("pack status --summary")
        if "FEATURE IMPLEMENTATION" in talk.news:
            ready = "READY_TO_DELETE" in talk.heard and not talk.did(runs("pack teardown ask supervisor"))
            return say("The summary, as printed.") if not ready else self._bash("pack status")
        if REFUSED.search(talk.news) and re.search(r"wait|end your turn", advice):
            return say("Waiting, as the refusal says.")
        if self.lead == "lazy" and "Run opened" not in talk.news:
            return say("Somebody will tell me.")
        return self._bash("pack status")

    def _lead_step(self, talk, advice):
        """The first thing in a text that a lead can do; None when there is none."""
        found = [(m.start(), n, m) for n, (pattern, _do) in enumerate(LEAD_STEPS) for m in [re.search(pattern, advice)] if m]
        if not found:
            return None
        _at, n, match = min(found, key=lambda f: f[:2])
        return LEAD_STEPS[n][1](self, talk, match)

    def _spawn(self, talk, role, name=None, prompt=""):
        state = "Team %s, its state: %s/.claude/teams/%s/state.md." % (talk.team, self.project, talk.team)
        return use(
            "Agent",
            description=name or role,
            subagent_type="team:" + role,
            name=name or role,
            prompt="You are %s\n%s %s" % (name or role, state, prompt),
        )

    def _spawn_all(self, talk, names):
        return [self._spawn(talk, r, prompt="Wait for REVIEW.") for r in re.findall(r"[a-z][a-z-]+", names)]

    def _plan(self, talk):
        """COMPLEX: after a researcher's report (build.md, 1)."""
        if self.mode != "COMPLEX" or "FOUND: one module a phrase" in talk.heard:
            return self._bash("pack plan <<'PLAN'\n%s\nPLAN" % json.dumps(plan(self.mode)))
        gone = talk.told(r"codebase-researcher: (?:lost|ended)")
        if talk.did(lambda u: u["name"] == "Agent", gone):
            return say("Waiting for the researcher.")
        return self._spawn(talk, "codebase-researcher", prompt="Where does a phrase live, how is it tested?")

    def _spawn_coder(self, talk):
        """coder-1, coder-2, ...: the first name that nobody living has, as far as I was shown."""
        shown = talk.heard.rpartition("TEAM STATUS")[2]
        taken = set(re.findall(r"(coder-\d+): (?!lost|ended)", shown)) | set(re.findall(r"NAME_TAKEN\): (coder-\d+)", talk.heard))
        lost = set(re.findall(r"(coder-\d+): (?:lost|ended)", shown))
        last = talk.last(lambda i: i[0] == "result" and "TEAM STATUS" in i[2])
        for n, item in enumerate(talk.items):  # spawned since the tree was printed
            if item[0] == "result" and item[1] and item[1]["name"] == "Agent" and n > last and not failed(item[2], item[3]):
                taken.add(item[1]["input"].get("name"))
        name = next("coder-%d" % n for n in range(1, 99) if "coder-%d" % n not in taken - (lost - taken))
        return self._spawn(talk, "coder", name, "Your tasks: `pack task show`. Claim your first task.")

    def _risk_testers(self, talk, count):
        first = 1 + sum(
            1
            for u, t, e in talk.used
            if u["name"] == "Agent" and u["input"].get("subagent_type") == "team:risk-tester" and t and not failed(t, e)
        )
        return [
            self._spawn(
                talk, "risk-tester", "risk-tester-%d" % n, "RISK-%d: a name that is empty. Severity: MAJOR. Verify: src/greet.py" % n
            )
            for n in range(first, first + int(count))
        ]

    def _shutdowns(self, talk, names):
        return [
            use("SendMessage", to=n, message={"type": "shutdown_request", "reason": "run complete"}) for n in re.findall(r"[\w-]+", names)
        ]

    # -- supervisor ------------------------------------------------------------------------------------------------------------------
    def _supervisor(self, talk):
        bye = self._shutdown(talk)
        if bye:
            return bye
        offered = OFFER.findall(talk.news)
        if offered and not REFUSED.search(talk.news) and not talk.results:
            return self._tell("main", "STATE_OWNERSHIP_ACK(%s)" % offered[-1])
        return say("Noted.")

    # -- coder -----------------------------------------------------------------------------------------------------------------------
    def _coder(self, talk):
        bye = self._shutdown(talk)
        if bye:
            return bye
        last, text, error = talk.used[-1] if talk.used else (None, None, None)
        fresh = bool(talk.results) and last is not None and text is not None
        if fresh and "index.lock" in text:
            return self._bash("rm -f .git/index.lock")  # git's own advice: a commit died in the middle
        if fresh and REFUSED.search(text):
            return self._coder_refused(talk, last, text)
        if fresh and error and last["name"] in ("Write", "Edit") and "read" in text.lower():
            return use("Read", file_path=last["input"]["file_path"])
        advice = talk.advice()
        step = self._coder_step(talk, advice) if advice and not fresh else None
        if step is not None:
            return step
        if fresh and runs("pack explain")(last):
            return self._explained(talk, text)
        if fresh and runs("pack task show")(last):
            return self._listed(talk, text)
        if fresh and not (sends(None, "REVIEW")(last) or sends(None, "DONE")(last)):
            return self._go_on(talk)
        if fresh and sends(None, "DONE")(last):
            return self._bash("pack task show") if "claiming" not in last["input"]["message"] else self._go_on(talk)
        if fresh:  # one REVIEW is out; perhaps another approver is to be asked
            return self._go_on(talk)
        return self._bash("pack task show")  # woken by a message, or new: the record is the task

    def _coder_refused(self, talk, last, text):
        code, head = REFUSED.search(text).group(1), str(last["input"].get("message", ""))
        if head.startswith("DONE") and "claiming" in head:
            return self._tell("supervisor", head.split(",")[0])  # the next one is not mine to take
        step = self._coder_step(talk, (re.findall(r"^Next: (.*)$", text, re.M) or [""])[-1])
        if step is not None and code not in ("TASK_TAKEN", "TASK_BLOCKED", "NO_OWNER"):
            return step
        return say("Refused (%s); waiting." % code)

    def _coder_step(self, talk, advice):
        for pattern, do in CODER_STEPS:
            found = re.search(pattern, advice)
            if found:
                return do(self, talk, found)
        return None

    def _listed(self, talk, text):
        """`pack task show`: mine first, else the first that is free."""
        rows = {int(n): (state, owner, rest) for n, _subject, state, owner, rest in ROW.findall(text + "\n")}
        blockers = lambda rest: [int(n) for n in re.findall(r"#(\d+)", (re.findall(r"blocked by: (.*?);", rest) or [""])[0])]
        mine = [n for n, r in rows.items() if r[1] == talk.name and r[0] in ("IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED", "APPROVED")]
        if mine:
            return self._bash("pack explain %d" % mine[0]) if rows[mine[0]][0] != "IN_PROGRESS" else self._work(talk, mine[0])
        free = [
            n
            for n, r in rows.items()
            if r[0] == "PENDING" and r[1] in ("unassigned", talk.name) and all(rows[b][0] in ("DONE", "CANCELLED") for b in blockers(r[2]))
        ]
        if free:
            return self._tell("supervisor", "CLAIM: task #%d" % free[0])
        return say("No task is free for me.")

    def _task_now(self, talk):
        """The task that I claimed last and have not finished, None when there is none."""
        now = None
        for u, text, error in talk.used:
            if text is None or failed(text, error) or u["name"] != "SendMessage":
                continue
            message = str(u["input"].get("message", ""))
            found = re.match(r"CLAIM: task #(\d+)", message)
            now = int(found.group(1)) if found else now
            found = re.match(r"DONE: task #(\d+)(?:, claiming task #(\d+))?", message)
            now = (int(found.group(2)) if found.group(2) else None) if found else now
        if now is None:
            shown = [(n, s, o) for n, _subject, s, o, _rest in ROW.findall(talk.heard + "\n")]
            mine = [int(n) for n, s, o in shown if o == talk.name]
            return mine[-1] if mine else None
        return now

    def _files(self, talk, number):
        """A task's files, as `pack task show` or `pack explain` printed them last."""
        shown = [rest for n, _s, _st, _o, rest in ROW.findall(talk.heard + "\n") if int(n) == number]
        found = re.findall(r"files: (.*)", shown[-1]) if shown else []
        return [f.strip() for f in found[0].split(";")] if found else None

    def _since_start(self, talk, number):
        """Where the present round of a task began: its claim, or the last time it was sent back."""
        starts = ("CLAIM: task #%d" % number, "CHANGES_REQUESTED: task #%d" % number, "claiming task #%d" % number)
        return talk.last(
            lambda i: (
                i[0] == "text"
                and starts[1] in i[1]
                or i[0] == "use"
                and i[1]["name"] == "SendMessage"
                and str(i[1]["input"].get("message", "")).endswith((starts[0], starts[2]))
            )
        )

    def _work(self, talk, number):
        """The next file of a task, else its check, else the review."""
        files, since = self._files(talk, number), self._since_start(talk, number)
        if files is None:
            return self._bash("pack task show %d" % number)
        sent_back = talk.told(r"CHANGES_REQUESTED: task #%d\b|task #%d: .* asked for changes|asked for changes: [\w-]+" % (number, number))
        for path in paths_of(files):
            full = os.path.join(self.project, path)
            content = DRAFT.get(path, CODE[path]) if sent_back < 0 else CODE[path]
            if not talk.did(
                lambda u: u["name"] == "Write" and u["input"].get("file_path") == full and u["input"].get("content") == content, since
            ):
                return use("Write", file_path=full, content=content)
        written = talk.last(lambda i: i[0] == "result" and i[1] and i[1]["name"] == "Write")
        if not talk.did(runs(TEST), max(since, written)):
            return self._bash(TEST)
        if not talk.did(sends(None, "IN_REVIEW: task #%d" % number), max(since, written)):
            return self._tell("supervisor", "IN_REVIEW: task #%d" % number)
        return self._bash("pack explain %d" % number)

    def _go_on(self, talk):
        """After a call of mine that went well."""
        number = self._task_now(talk)
        if number is None:
            return self._bash("pack task show")
        last, text, error = talk.used[-1]
        if runs("git commit")(last):
            ended = not error or "nothing to commit" in text or "nothing added to commit" in text or "no changes added" in text
            return self._done(talk, number) if ended else self._bash("pack explain %d" % number)
        if runs("index.lock")(last):
            return self._commit(talk, number)
        if sends(None, "REVIEW: task #%d" % number)(last) or sends(None, "IN_REVIEW: task #%d" % number)(last):
            since = talk.last(lambda i: i[0] == "use" and sends(None, "IN_REVIEW: task #%d" % number)(i[1]))
            need = [r for line in re.findall(r"^mode \S+ requires: (.*)$", talk.heard, re.M)[-1:] for r in line.split(", ")]
            for role in need:
                if not talk.did(sends(role, "REVIEW: task #%d" % number), since):
                    return self._review(talk, number, role)
            return say("task #%d in review, waiting for %s" % (number, ", ".join(need))) if need else self._bash("pack explain %d" % number)
        return self._work(talk, number)

    def _review(self, talk, number, role):
        return self._tell(
            role, "REVIEW: task #%d\nFiles: %s. Answer to %s." % (number, ", ".join(paths_of(self._files(talk, number) or [])), talk.name)
        )

    def _explained(self, talk, text):
        """`pack explain N`: the decision says what is next."""
        number = int(re.search(r"^task #(\d+)", text, re.M).group(1))
        decision = re.search(r"^decision: (\w+) \((.*)\)", text, re.M)
        state = re.search(r"^state: (\w+)", text, re.M).group(1)
        if self._files(talk, number) is None:
            return self._bash("pack task show %d" % number)
        if state == "DONE":
            return self._bash("pack task show")
        if decision.group(1) == "APPROVED" and state == "APPROVED":
            return self._commit(talk, number)
        if state in ("IN_PROGRESS", "CHANGES_REQUESTED"):
            return self._work(talk, number)
        if state != "IN_REVIEW":
            return say("task #%d is %s: the lead decides." % (number, state))
        missing = [
            r
            for part in re.findall(r"(?:still missing|approved an older revision): ([\w, -]+)", decision.group(2))
            for r in part.split(", ")
        ]
        since = talk.last(lambda i: i[0] == "use" and sends(None, "IN_REVIEW: task #%d" % number)(i[1]))
        for role in missing:
            if not talk.did(sends(role, "REVIEW: task #%d" % number), since):
                return self._review(talk, number, role)
        return say("task #%d in review, waiting for %s" % (number, ", ".join(missing) or "the others"))

    def _commit(self, talk, number):
        files = self._files(talk, number)
        if files is None:
            return self._bash("pack task show %d" % number)
        names = " ".join(files)
        return self._bash('git add %s && git commit -qm "feat: task #%d" -- %s' % (names, number, names))

    def _done(self, talk, number):
        """DONE; with a claim when the list that I saw has one that waits for nothing but this."""
        rows = {int(n): (state, owner, rest) for n, _subject, state, owner, rest in ROW.findall(talk.heard + "\n")}
        for n, (state, owner, rest) in sorted(rows.items()):
            waits = {int(b) for b in re.findall(r"#(\d+)", (re.findall(r"blocked by: (.*?);", rest) or [""])[0])}
            if state == "PENDING" and owner in ("unassigned", talk.name) and waits == {number}:
                return self._tell("supervisor", "DONE: task #%d, claiming task #%d" % (number, n))
        return self._tell("supervisor", "DONE: task #%d" % number)

    # -- reviewers and tech lead ---------------------------------------------------------------------------------------------------
    def _pending(self, talk):
        """Reviews that I was asked for and have not answered since: [(task, coder or None)], oldest first."""
        out = {}
        for item in talk.items:
            if item[0] == "text" or item[0] == "result" and item[1] and item[1]["name"] != "Read":
                text = item[1] if item[0] == "text" else item[2]
                for block in re.split(r"(?=REVIEW: task #)", text):
                    for number in ASKED.findall(block[:40]):
                        coder = re.search(r"Answer to ([\w-]+)", block)
                        out[int(number)] = coder.group(1).rstrip(".") if coder else out.get(int(number))
                for number, coder in TO_REVIEW.findall(text):
                    out[int(number)] = coder
            if item[0] == "result" and item[1] and item[1]["name"] == "SendMessage":
                done = re.match(r"(?:APPROVED|CHANGES_REQUESTED): task #(\d+)", str(item[1]["input"].get("message", "")))
                if done:  # a refused verdict is answered too: the refusal says whom to wait for
                    out.pop(int(done.group(1)), None)
        return list(out.items())

    def _reviewer(self, talk):
        bye = self._shutdown(talk)
        if bye:
            return bye
        pending = self._pending(talk)
        if not pending:
            return say("waiting")
        number, coder = pending[0]
        asked = talk.told(r"REVIEW: task #%d\b|review task #%d and send" % (number, number), files=False)
        state = os.path.join(self.project, ".claude/teams", talk.team, "state.md")
        if not talk.did(lambda u: u["name"] == "Read" and u["input"].get("file_path") == state, asked):
            return use("Read", file_path=state)
        shown = next(t for u, t, _e in reversed(talk.used) if u["name"] == "Read" and u["input"].get("file_path") == state and t)
        shown = re.sub(r"^\s*\d+[→\t]", "", shown, flags=re.M)  # the client numbers the lines
        record = shown.partition("### Task #%d:" % number)[2].partition("### Task")[0]
        files = paths_of([f.strip() for f in (re.findall(r"^- files: (.*)$", record, re.M) or [""])[0].split(";") if f.strip()])
        coder = coder or (re.findall(r"^- #%d: .* \(([\w-]+)\)$" % number, shown, re.M) or ["nobody"])[-1]
        for path in files:
            full = os.path.join(self.project, path)
            if not any(n > asked and u["input"].get("file_path") == full for n, u, _t in self._reads(talk)):
                return use("Read", file_path=full)
        texts = {
            path: next(
                (t for _n, u, t in reversed(self._reads(talk)) if u["input"].get("file_path") == os.path.join(self.project, path)), ""
            )
            for path in files
        }
        bare = [p for p, t in texts.items() if p.startswith("src/") and '"""' not in t]
        if bare and talk.role == "logic-reviewer":
            return self._tell(
                coder, "CHANGES_REQUESTED: task #%d\nMAJOR 90%% %s:1 no docstring; the gold standard has one; write it" % (number, bare[0])
            )
        return self._tell(coder, "APPROVED: task #%d\nNo CRITICAL, no MAJOR." % number)

    def _reads(self, talk):
        return [(n, i[1], i[2]) for n, i in enumerate(talk.items) if i[0] == "result" and i[1] and i[1]["name"] == "Read"]

    def _tech_lead(self, talk):
        bye = self._shutdown(talk)
        if bye:
            return bye
        asked = {key: talk.last(lambda i, w=words: i[0] == "text" and re.search(w, i[1], re.M)) for key, words in TECH_LEAD_ASKED.items()}
        for key, (head, before) in TECH_LEAD_ANSWERS.items():
            at = asked[key]
            if at < 0 or any(
                i[0] == "result"
                and i[1]
                and i[1]["name"] == "SendMessage"
                and str(i[1]["input"].get("message", "")).startswith(head.split("\n")[0])
                for i in talk.items[at:]
            ):
                continue
            full = os.path.join(self.project, "DECISIONS.md")
            if before and not talk.did(
                lambda u: u["name"] == "Write" and u["input"].get("file_path") == full and u["input"].get("content") == DECISIONS % before,
                at,
            ):
                last, text, error = talk.used[-1] if talk.used else (None, None, None)
                if last and last["name"] == "Write" and error and "read" in text.lower():
                    return use("Read", file_path=full)
                return use("Write", file_path=full, content=DECISIONS % before)
            return self._tell("main", head)
        return self._reviewer(talk)

    def _codebase_researcher(self, talk):
        return self._report(talk, "FOUND: one module a phrase in src/, one unittest file a module in tests/")

    def _risk_tester(self, talk):
        return self._report(talk, "RISK-1: THEORETICAL\nSeverity: MAJOR\nEvidence: src/greet.py:1 takes no name\nMitigation: none needed")

    def _report(self, talk, text):
        """Somebody whose last text is the report."""
        full = os.path.join(self.project, "src/greet.py")
        if self._shutdown(talk):
            return self._shutdown(talk)
        return say(text) if talk.did(lambda u: u["name"] == "Read" and u["input"].get("file_path") == full) else use("Read", file_path=full)


TECH_LEAD_ASKED = {
    "plan": r"^VALIDATE PLAN|read the plan",
    "risks": r"^IDENTIFY RISKS|send RISKS: N",
    "results": r"^RISK ANALYSIS RESULTS|send RISKS MITIGATED",
    "consistency": r"consistency check",
}
TECH_LEAD_ANSWERS = {
    "plan": ("PLAN OK", "None yet."),
    "risks": (RISKS, None),
    "results": ("RISKS MITIGATED", "RISK-1 is theoretical."),
    "consistency": ("CONSISTENCY OK", None),
}

# What a lead is told, and what it does then. Of several matches the first in the text counts.
LEAD_STEPS = (
    (r"register the plan|register it with `pack plan`", lambda p, t, m: p._plan(t)),
    (
        r"spawns? the supervisor|spawns? a supervisor|spawn one: Agent\(subagent_type: \"team:supervisor\"",
        lambda p, t, m: p._spawn(t, "supervisor", prompt="Wait for the hand-off."),
    ),
    (r"spawn the tech lead: Agent.*IDENTIFY RISKS", lambda p, t, m: p._spawn(t, "tech-lead", prompt="\nVALIDATE PLAN\nIDENTIFY RISKS")),
    (r"spawn the tech lead", lambda p, t, m: p._spawn(t, "tech-lead", prompt="Wait for VALIDATE PLAN.")),
    (
        r"(?<!sends )(?:send )STATE_OWNERSHIP_HANDOFF\((\d+)\) to (?:one )?([\w-]+)",
        lambda p, t, m: p._tell(m.group(2), "STATE_OWNERSHIP_HANDOFF(%s)" % m.group(1)),
    ),
    (
        r"send VALIDATE PLAN to (?:the tech lead|([\w-]+))",
        lambda p, t, m: p._tell(m.group(1) or "tech-lead", "VALIDATE PLAN\nPhrases, one module each; the records are in state.md."),
    ),
    (r"send IDENTIFY RISKS to", lambda p, t, m: p._tell("tech-lead", "IDENTIFY RISKS")),
    (r"spawn (\d+) more risk-tester", lambda p, t, m: p._risk_testers(t, m.group(1))),
    (r"send RISK ANALYSIS RESULTS to", lambda p, t, m: p._tell("tech-lead", "RISK ANALYSIS RESULTS\nRISK-1: THEORETICAL")),
    (r"spawn the approvers this run requires: ([\w, -]+)", lambda p, t, m: p._spawn_all(t, m.group(1))),
    (r"task #\d+ waits for ([\w, -]+), not ACTIVE: spawn them", lambda p, t, m: p._spawn_all(t, m.group(1))),
    (
        r"task #(\d+) was given to ([\w-]+): message it",
        lambda p, t, m: p._tell(m.group(2), "Task #%s is yours. Send the supervisor CLAIM: task #%s." % (m.group(1), m.group(1))),
    ),
    (
        r"task #(\d+) is free: message ([\w-]+)",
        lambda p, t, m: p._tell(m.group(2), "Task #%s is free. Send the supervisor CLAIM: task #%s." % (m.group(1), m.group(1))),
    ),
    (r"task #(\d+) is free: spawn a coder", lambda p, t, m: p._spawn_coder(t)),
    (r"task #(\d+) lost its coder: spawn a coder", lambda p, t, m: p._spawn_coder(t)),
    (r"task #(\d+) is [A-Z_]+(?: \(\w+\))?: decide", lambda p, t, m: p._bash("pack task rescope %s --reason 'go on with it'" % m.group(1))),
    (
        r"([\w-]+) was cut off before its report: send it a message",
        lambda p, t, m: p._tell(m.group(1), "You were stopped in the middle. Finish and report."),
    ),
    (r"`pack task assign (\d+) (?!NAME)([\w-]+)`", lambda p, t, m: p._bash("pack task assign %s %s" % m.groups())),
    (
        r"([\w-]+) stopped with task #(\d+) IN_PROGRESS: send it a message",
        lambda p, t, m: p._tell(m.group(1), "You were stopped in the middle. Go on with task #%s." % m.group(2)),
    ),
    (
        r"([\w-]+) is stalled \((.*)\): send it a message",
        lambda p, t, m: p._tell(m.group(1), "You were stopped in the middle. Go on: " + m.group(2)),
    ),
    (r"run `pack finish --build", lambda p, t, m: p._bash('pack finish --build "%s" --test "%s"' % (BUILD, TEST))),
    (r"run `pack finish`", lambda p, t, m: p._bash("pack finish")),
    (r"run `pack verify|run `pack verify --build", lambda p, t, m: p._bash('pack verify --build "%s" --test "%s"' % (BUILD, TEST))),
    (
        r"ask the tech lead for the consistency check",
        lambda p, t, m: p._tell("tech-lead", "Please do the consistency check: do all tasks fit together?"),
    ),
    (r"(?:run|begin with) `pack teardown`", lambda p, t, m: p._bash("pack teardown")),
    (r"ask to shut down: ([\w, -]+) \(SendMessage", lambda p, t, m: p._shutdowns(t, m.group(1))),
    (r"SendMessage\(to: \"([\w-]+)\", message: \{\"type\": \"shutdown_request\"", lambda p, t, m: p._shutdowns(t, m.group(1))),
    (r"shut the supervisor down last: `pack teardown ask`", lambda p, t, m: p._bash("pack teardown ask supervisor")),
    (r"`pack teardown ask`", lambda p, t, m: p._bash("pack teardown ask")),
    (r"`pack teardown retry` tries again", lambda p, t, m: p._bash("pack teardown retry")),
    (r"send FORCED_FINALIZE_ACK", lambda p, t, m: p._tell("supervisor", "FORCED_FINALIZE_ACK")),
    (r"nothing for you; others are at work", lambda p, t, m: say("Waiting for the others.")),
)

CODER_STEPS = (
    (r"task #(\d+) is approved: commit its files", lambda p, t, m: p._commit(t, int(m.group(1)))),
    (r"task #(\d+): .* asked for changes; fix them", lambda p, t, m: p._work(t, int(m.group(1)))),
    (r"fix what .* asked, then IN_REVIEW and REVIEW: task #(\d+) again", lambda p, t, m: p._work(t, int(m.group(1)))),
    (r"send REVIEW: task #(\d+) to ([\w-]+)", lambda p, t, m: p._review(t, int(m.group(1)), m.group(2))),
    (r"send IN_REVIEW: task #(\d+) first", lambda p, t, m: p._tell("supervisor", "IN_REVIEW: task #%s" % m.group(1))),
    (r"CLAIM: task #(\d+)", lambda p, t, m: p._tell("supervisor", "CLAIM: task #%s" % m.group(1))),
)
