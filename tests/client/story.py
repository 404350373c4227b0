"""The scenario language: a story is who says and does what, in the order in which it happens.

    story: an honest small run
    file src/greet.py:
        def greet(): return "hi"
    plan.md:
        # Greet by name
    user types: /build plan.md --coders=1
    lead runs: pack plan
        {"tasks": [...]}                         <- indented lines are the command's standard input, a message's body, a file
    lead spawns supervisor as supervisor
    lead tells supervisor: STATE_OWNERSHIP_HANDOFF({epoch})
    lead rests
    supervisor tells lead: STATE_OWNERSHIP_ACK({epoch})
    coder-1 edits src/other.py: "a" -> "b"
        => refused NOT_YOUR_FILE, says "CLAIM: task"
    expect status: phase=CLOSED

The order is real: a line is spoken only when every line above it is done (README.md says how, and lists all verbs).
This module only turns text into data; stage.py decides who may speak, play.py runs the client.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import sys

HERE = pathlib.Path(__file__).resolve().parent / "scenarios"
SETTINGS = {
    "story",
    "mode",
    "teams",
    "install",
    "plugin",
    "grace",
    "patience",
    "quiet",
    "limit",
    "calls",
    "permissions",
    "answers",
    "env",
    "args",
    "needs",
    "project",
    "layout",
    "limits",
    "hooks",
    "room",
}
PAIR = r'[\w.]+[=~](?:"[^"]*"|\S+)'
NAMED_PAIR = r'(?P<key>[\w.]+)(?P<sign>[=~])(?P<value>"[^"]*"|\S+)'
MODES = ("headless", "terminal", "panes")
SBIN = os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"  # where Debian puts brokers
GIVEN = re.compile(r"\{(?:port:(\w+)|(python)|(here))\}")
NAME = r"(?P<who>[A-Za-z][\w.-]*)"


class StoryError(Exception):
    """A story that cannot be read: file, line, what is wrong, what is legal."""


class Outcome:
    """What a call is expected to come to: ok | refused | fails | any, with a code and phrases that must be in the answer."""

    def __init__(self, kind="ok", code=None, says=(), lacks=()):
        self.kind, self.code, self.says, self.lacks = kind, code, list(says), list(lacks)

    def __str__(self):
        return " ".join([self.kind, self.code or ""] + ["says %r" % s for s in self.says]).strip()


class Use:
    """One tool call: its name, its input with {placeholders}, what should come of it."""

    def __init__(self, tool, outcome=None, **arguments):
        self.tool, self.input, self.outcome = tool, arguments, outcome or Outcome()


class Line:
    """One statement. kind: use, rest, until, wait, hold, remember, error, hang | types, person, killed (not the model's). needs: indexes of the
    lines that have to be done before it may be spoken."""

    def __init__(self, number, source, actor, kind, uses=(), **data):
        self.number, self.text, self.actor, self.kind = number, source, actor, kind
        self.uses, self.data, self.needs, self.index = list(uses), data, set(), 0
        self.meanwhile = False

    def __str__(self):
        return "%4d  %s" % (self.number, self.text)


class Expectation:
    """One `expect` line: its kind and its words, checked by play.py after the run."""

    def __init__(self, number, source, kind, **data):
        self.number, self.text, self.kind, self.data = number, source, kind, data


class Story:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.settings = {"story": self.path.stem, "mode": "headless"}
        self.files, self.lines, self.expectations = {}, [], []
        self.ports = {}  # {port:NAME}: a free port for each name

    def __getitem__(self, key):
        return self.settings.get(key)

    def number(self, key, default):
        return float(self.settings.get(key, default))


def given(text, story):
    """`{port:NAME}`, a free port that is the same everywhere in the story; `{python}`, the interpreter of these tests; `{here}`, the
    folder of the story's file."""

    def place(match):
        if match.group(2):
            return sys.executable
        if match.group(3):
            return str(story.path.resolve().parent)
        return str(story.ports.get(match.group(1)) or story.ports.setdefault(match.group(1), free_port()))

    return GIVEN.sub(place, text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def missing(story):
    """The programs that the story `needs` and that are not here."""
    return [name for name in (story["needs"] or "").split() if not shutil.which(name, path=os.environ["PATH"] + SBIN)]


# --- Blocks: a head line and the indented lines under it ---------------------------------------------------------------
class Block:
    def __init__(self, number, head):
        self.number, self.head, self.body = number, head, []  # body: [(line number, text without the indentation)]

    def parts(self):
        """(body text, outcome lines)."""
        marks = [t.strip()[2:].strip() for _, t in self.body if t.strip().startswith("=>")]
        return "\n".join(t for _, t in self.body if not t.strip().startswith("=>")).rstrip(), marks


def blocks_of(numbered):
    out = []
    for number, raw in numbered:
        text = raw.rstrip()
        if text and not text[0].isspace():
            if not text.startswith("#"):
                out.append(Block(number, text))
        elif out:
            out[-1].body.append((number, text))
    for block in out:
        while block.body and not block.body[-1][1]:
            block.body.pop()
        margins = [len(t) - len(t.lstrip()) for _, t in block.body if t]
        block.body = [(n, t[min(margins) :]) for n, t in block.body] if margins else []
    return out


def read(path):
    """The story in a file."""
    story = Story(path)
    _take(story, load(path))
    for index, line in enumerate(story.lines):
        line.index = index
    if story["mode"] not in MODES:
        raise StoryError("%s: mode: %s; legal: %s" % (path, story["mode"], ", ".join(MODES)))
    return story


def load(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return blocks_of(enumerate(text.splitlines(), 1))


def _take(story, blocks, group=None):
    for block in blocks:
        try:
            _statement(story, block, group)
        except StoryError as error:
            if str(error).startswith(str(story.path)):
                raise
            raise StoryError("%s:%d: %s\n    %s" % (story.path, block.number, error, block.head)) from None


def _statement(story, block, group):
    head = block.head
    borrowed = re.match(r'as in (\S+?)(?: from "(?P<a>.+?)")?(?: until "(?P<b>.+?)")?$', head)
    if borrowed:
        return _borrow(story, borrowed)
    if head == "in any order:":
        crowd = set()
        return _take(story, blocks_of(block.body), crowd)
    if head.startswith("expect "):
        return story.expectations.append(_expectation(block))
    key, colon, value = head.partition(":")
    if colon and key in SETTINGS:
        story.settings[key] = value.strip()
        return None
    named = re.match(r"(?:file (\S+)|(plan\.md)):$", head)
    if named:
        story.files[named.group(1) or named.group(2)] = block.parts()[0] + "\n"
        return None
    line = _line(block)
    # a `rests until` waits for others' lines, which may stand below it: only its own actor waits for it
    before = {other.index for other in story.lines if other.kind != "until" or other.actor == line.actor}
    line.index = len(story.lines)
    line.needs = before - (group if group is not None else set())
    if group is not None:
        # the group's own lines wait for one another only within one actor (stage.py keeps an actor's own order)
        group.add(line.index)
    story.lines.append(line)
    return None


def _borrow(story, match):
    """`as in STORY [from "LINE"] [until "LINE"]`: that story's statements, from the line (included) until the line (not included)."""
    path = next((p for p in (story.path.parent / (match.group(1) + ".story"), HERE / (match.group(1) + ".story")) if p.exists()), None)
    if path is None:
        raise StoryError("there is no story %r here" % match.group(1))
    blocks, start, end = load(path), match.group("a"), match.group("b")
    heads = [b.head for b in blocks]

    def find(text):
        found = [i for i, h in enumerate(heads) if h.startswith(text)]
        if len(found) != 1:
            raise StoryError("%d lines of %s begin with %r; need exactly one" % (len(found), path.name, text))
        return found[0]

    first = find(start) if start else 0
    last = find(end) if end else len(blocks)
    own = [b for b in blocks[first:last] if not b.head.startswith(("story:", "expect "))]
    if start:  # its files and settings came with the beginning
        own = [b for b in own if not re.match(r"(?:file \S+|plan\.md):$", b.head)]
    _take(story, own)


# --- Verbs ---------------------------------------------------------------------------------------------------------------
VERBS = []


def verb(pattern, example):
    def declare(build):
        VERBS.append((re.compile("(?:" + pattern + ")$", re.S), build, example))
        return build

    return declare


def _line(block):
    head, meanwhile = block.head, False
    if head.startswith("meanwhile "):
        head, meanwhile = head[len("meanwhile ") :], True
    several = re.match(NAME + r" at once:$", head)
    if several:
        uses = []
        for inner in blocks_of(block.body):
            uses += _verb(under_head(inner, several.group("who") + " " + inner.head)).uses
        line = Line(block.number, block.head, several.group("who"), "use", uses)
    else:
        line = _verb(under_head(block, head))
    line.meanwhile = meanwhile
    return line


def under_head(block, head):
    """The block under another head."""
    other = Block(block.number, head)
    other.body = block.body
    return other


def _verb(block):
    body, marks = block.parts()
    for pattern, build, _ in VERBS:
        match = pattern.match(block.head)
        if match:
            line = build(block, match, body)
            for use in line.uses:
                use.outcome = outcome(marks)
            line.data.setdefault("outcome", outcome(marks))
            return line
    raise StoryError("not understood. A line is one of:\n    " + "\n    ".join(e for _, _, e in VERBS))


def outcome(marks):
    """`=> refused CODE, says "..."` and so on."""
    out = Outcome()
    for mark in marks:
        mark = re.sub(r'says "((?:[^"\\]|\\.)*)"', lambda m: out.says.append(m.group(1).replace('\\"', '"')) or "", mark)
        mark = re.sub(r'lacks "((?:[^"\\]|\\.)*)"', lambda m: out.lacks.append(m.group(1)) or "", mark)
        words = mark.replace(",", " ").split()
        if words and words[0] in ("refused", "fails", "any", "ok"):
            out.kind = words.pop(0)
            if out.kind == "refused" and words:
                out.code = words.pop(0)
        if words:
            raise StoryError('=> %s: legal are `refused [CODE]`, `fails`, `ok`, `any`, `says "..."`, `lacks "..."`' % " ".join(words))
    return out


def _use(block, match, tool, **arguments):
    return Line(block.number, block.head, match.group("who"), "use", [Use(tool, **arguments)])


def _agent(role):
    """The agent as the Agent call names it: this plugin's, `PLUGIN:NAME` as it stands, `project:NAME` for one of the project's own."""
    return role[len("project:") :] if role.startswith("project:") else role if ":" in role else "team:" + role


def message(text, body):
    return text + ("\n" + body if body else "")


@verb(
    NAME + r" spawns (?P<name>[\w.-]+) as (?P<role>[\w:.-]+)(?:, played by (?P<player>[\w.-]+))?(?:: (?P<text>.*))?",
    "lead spawns coder-1 as coder[, played by OTHER][: first words]",
)
def _spawns(block, match, body):
    role, player = match.group("role"), match.group("player") or match.group("name")
    prompt = "You are %s\n%s" % (player, message(match.group("text") or "Do your part.", body))
    return _use(block, match, "Agent", description=match.group("name"), prompt=prompt, name=match.group("name"), subagent_type=_agent(role))


@verb(NAME + r" spawns nameless (?P<player>[\w.-]+) as (?P<role>[\w:.-]+)", "lead spawns nameless extra as coder")
def _spawns_nameless(block, match, body):
    role = match.group("role")
    return _use(
        block, match, "Agent", description="no name", prompt="You are %s\nDo your part." % match.group("player"), subagent_type=_agent(role)
    )


@verb(
    NAME + r' tells (?P<to>"[^"]*"|[\w.@-]+): ?(?P<text>.*)',
    "coder-1 tells supervisor: CLAIM: task #1   (a quoted name is taken literally)",
)
def _tells(block, match, body):
    text = message(match.group("text"), body)
    return _use(block, match, "SendMessage", to=receiver(match.group("to")), summary=text.split("\n")[0][:60] or "message", message=text)


def receiver(name):
    return name[1:-1] if name.startswith('"') else "{to:%s}" % name


@verb(NAME + r' asks (?P<to>"[^"]*"|[\w.@-]+) to shut down(?:: (?P<text>.*))?', "lead asks coder-1 to shut down[: reason]")
def _asks(block, match, body):
    return _use(
        block,
        match,
        "SendMessage",
        to=receiver(match.group("to")),
        message={"type": "shutdown_request", "reason": match.group("text") or "the work is done"},
    )


@verb(NAME + r" agrees to shut down(?:, request (?P<id>\S+))?", "coder-1 agrees to shut down[, request ID]")
def _agrees(block, match, body):
    line = _use(
        block,
        match,
        "SendMessage",
        to="team-lead",
        message={"type": "shutdown_response", "request_id": match.group("id") or "{request_id}", "approve": True},
    )
    line.data["last"] = not match.group("id")  # an agreement ends the process: no request follows
    return line


@verb(NAME + r" refuses to shut down(?:, request (?P<id>\S+?))?: (?P<text>.*)", "coder-1 refuses to shut down[, request ID]: reason")
def _declines(block, match, body):
    return _use(
        block,
        match,
        "SendMessage",
        to="team-lead",
        message={
            "type": "shutdown_response",
            "request_id": match.group("id") or "{request_id}",
            "approve": False,
            "reason": match.group("text"),
        },
    )


@verb(
    NAME + r" runs(?P<bg> in background)?: (?P<text>.*)", "coder-1 runs[ in background]: COMMAND   (indented lines are its standard input)"
)
def _runs(block, match, body):
    command = match.group("text") + (" <<'END_OF_INPUT'\n%s\nEND_OF_INPUT" % body if body else "")
    more = {"run_in_background": True} if match.group("bg") else {}
    return _use(block, match, "Bash", command=command, description=match.group("text")[:60], **more)


@verb(NAME + r' edits (?P<file>\S+): "(?P<old>(?:[^"\\]|\\.)*)" -> "(?P<new>(?:[^"\\]|\\.)*)"', 'coder-1 edits src/a.py: "old" -> "new"')
def _edits(block, match, body):
    return _use(
        block,
        match,
        "Edit",
        file_path=path_of(match.group("file")),
        old_string=plain(match.group("old")),
        new_string=plain(match.group("new")),
    )


@verb(NAME + r" writes (?P<file>\S+):", "coder-1 writes src/a.py:   (indented lines are the text)")
def _writes(block, match, body):
    return _use(block, match, "Write", file_path=path_of(match.group("file")), content=body + "\n")


@verb(NAME + r" reads (?P<file>\S+)", "coder-1 reads src/a.py")
def _reads(block, match, body):
    return _use(block, match, "Read", file_path=path_of(match.group("file")))


def path_of(name):
    return name if name.startswith("/") else "{project}/" + name


def plain(text):
    return text.replace('\\"', '"').replace("\\n", "\n")


@verb(NAME + r" stops (?P<name>[\w.-]+)", "lead stops coder-1   (TaskStop)")
def _stops(block, match, body):
    return _use(block, match, "TaskStop", task_id="{agent_id:%s}" % match.group("name"))


@verb(NAME + r" calls (?P<tool>\w+)(?:: (?P<text>.*))?", 'lead calls TaskCreate: {"subject": "..."}')
def _calls(block, match, body):
    text = message(match.group("text") or "", body).strip() or "{}"
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise StoryError("the input is not JSON: %s" % error) from None
    return _use(block, match, match.group("tool"), **arguments)


@verb(
    NAME + r" (?:rests|ends the turn)(?:: (?P<text>.*))?", "coder-1 rests[: last words]   (ends its turn; wakes when the client wakes it)"
)
def _rests(block, match, body):
    return Line(block.number, block.head, match.group("who"), "rest", text=message(match.group("text") or "(rests)", body))


@verb(
    NAME + r" rests until (?P<cond>.+)", "lead rests until journal has PLAN_OK   (ends its turn, each time it is woken, until that is so)"
)
def _rests_until(block, match, body):
    return Line(block.number, block.head, match.group("who"), "until", condition=condition(match.group("cond")))


@verb(
    NAME + r" waits until (?P<cond>.+)",
    "coder-1 waits until journal has EVENT [by WHO] [key=value ...] [after EVENT ...] | hears \"TEXT\" | knows \"TEXT\" | file F exists",
)
def _waits_until(block, match, body):
    return Line(block.number, block.head, match.group("who"), "hold", condition=condition(match.group("cond")))


@verb(NAME + r" waits (?P<s>[\d.]+) ?s", "coder-1 waits 2 s")
def _waits(block, match, body):
    return Line(block.number, block.head, match.group("who"), "wait", seconds=float(match.group("s")))


@verb(
    NAME + r" remembers (?P<key>\w+) from: (?P<pattern>.+)",
    r"lead remembers id from: agentId: (\w+)   (then {id}; the last match in what it heard)",
)
def _remembers(block, match, body):
    return Line(block.number, block.head, match.group("who"), "remember", key=match.group("key"), pattern=match.group("pattern"))


@verb(NAME + r" hits API error (?P<code>\d+)", "coder-1 hits API error 500")
def _errors(block, match, body):
    return Line(block.number, block.head, match.group("who"), "error", code=int(match.group("code")))


@verb(NAME + r" hangs (?P<s>[\d.]+) ?s", "coder-1 hangs 5 s   (the model is silent, then the line drops)")
def _hangs(block, match, body):
    return Line(block.number, block.head, match.group("who"), "hang", seconds=float(match.group("s")))


KEYS = ("Shift+Tab", "Tab", "Enter", "Escape", "Up", "Down", "Ctrl+C", "Ctrl+U")


def keys_named(match):
    names = match.group("keys").split(" and ")
    if not set(names) <= set(KEYS):
        raise StoryError("keys are: " + ", ".join(KEYS))
    return names


VERBS.insert(
    0,
    (
        re.compile(r"user types: (?P<text>.+)$"),
        lambda block, match, body: Line(block.number, block.head, "user", "types", text=match.group("text")),
        "user types: /build plan.md   (again: resumes, or types on)",
    ),
)
VERBS.insert(
    1,
    (
        re.compile(r"user starts anew: (?P<text>.+)$"),
        lambda block, match, body: Line(block.number, block.head, "user", "types", text=match.group("text"), anew=True),
        "user starts anew: PROMPT   (another session, same project)",
    ),
)
VERBS.insert(
    2,
    (
        re.compile(r"person runs: (?P<text>.+)$"),
        lambda block, match, body: Line(block.number, block.head, "person", "person", command=match.group("text"), stdin=body),
        "person runs: COMMAND   (in their own terminal)",
    ),
)
VERBS.insert(
    3,
    (
        re.compile(r'user presses (?P<keys>[\w+]+(?: and [\w+]+)*)(?: until the screen says "(?P<text>[^"]+)")?$'),
        lambda block, match, body: Line(block.number, block.head, "user", "presses", keys=keys_named(match), text=match.group("text")),
        'user presses Shift+Tab[ and KEY ...][ until the screen says "plan mode on"]   (in a terminal; again and again until it does)',
    ),
)
VERBS.insert(
    4,
    (
        re.compile(r'user opens (?P<text>/\S.*?) until the screen says "(?P<shown>[^"]+)"$'),
        lambda block, match, body: Line(block.number, block.head, "user", "opens", text=match.group("text"), shown=match.group("shown")),
        'user opens /resume until the screen says "Resume"   (a command that draws something and asks no model)',
    ),
)
VERBS.insert(
    5,
    (
        re.compile(r"the client is killed$"),
        lambda block, match, body: Line(block.number, block.head, "client", "killed"),
        "the client is killed",
    ),
)


# --- Conditions and expectations ------------------------------------------------------------------------------------------
def condition(text):
    """A condition as data: ("journal", (pattern, pattern that comes before it or None)) | ("hears", text) | ("knows", text) | ("file", path)."""
    match = re.match(r"journal has (.+?)(?: after (.+))?$", text)
    if match:
        return ("journal", (event(match.group(1)), event(match.group(2)) if match.group(2) else None))
    match = re.match(r'(hears|knows) "(.+)"$', text)
    if match:
        return (match.group(1), match.group(2))
    match = re.match(r"file (\S+) exists$", text)
    if match:
        return ("file", match.group(1))
    raise StoryError(
        'a condition is `journal has EVENT [by WHO] [key=value] [after EVENT ...]`, `hears "TEXT"`, `knows "TEXT"` or `file F exists`'
    )


def event(text):
    """`[WHO: ]EVENT [by WHO] [key=value ...]` -> {"event", "who", "data": {key: (sign, value)}}."""
    match = re.match(r"(?:([\w.-]+): )?([A-Z][A-Z_]*)(?: by ([\w.-]+))?((?: " + PAIR + ")*)$", text.strip())
    if not match:
        raise StoryError('a journal line is `[WHO: ]EVENT [key=value ...]` (key~value: holds it; "quotes" for spaces), found %r' % text)
    data = {m.group("key"): (m.group("sign"), m.group("value").strip('"')) for m in re.finditer(NAMED_PAIR, match.group(4))}
    return {"event": match.group(2), "who": match.group(1) or match.group(3), "data": data}


EXPECTATIONS = """expect journal: (lines in this order) | expect journal never: (lines) | expect no refusals | expect status: key=value ...
    expect file F exists | is gone | contains "X" | lacks "X" | expect at most N calls[ by WHO] | expect exit code N
    expect no wake-up of the lead without effect | expect at most one wake-up of the lead without effect for each end of a turn
    expect[ at most] N questions[ about TOOL|TOOL][ by WHO] (with `answers: yes`)
    expect hook EVENT says "X" | expect screen says "X" | expect running: COMMAND (=> says "X")"""


def _expectation(block):
    head, body = block.head[len("expect ") :], [t for _, t in block.body if t and not t.startswith("#")]
    make = lambda kind, **data: Expectation(block.number, block.head, kind, **data)  # noqa: E731
    if head == "journal:":
        return make("journal", events=[event(t) for t in body])
    if head == "journal never:":
        return make("never", events=[event(t) for t in body])
    if head == "no refusals":
        return make("no refusals")
    if head.startswith("status:"):
        text = " ".join([head[len("status:") :]] + body)
        words = re.findall(r'[\w.-]+=(?:"[^"]*"|\S+)', text)
        if " ".join(words) != " ".join(text.split()):
            raise StoryError("expect status: key=value ...; keys are paths such as tasks.1.state, roster.coder-1.role")
        return make("status", pairs=[(k, v.strip('"')) for k, v in (w.split("=", 1) for w in words)])
    match = re.match(r'file (\S+) (exists|is gone|contains|lacks)(?: "((?:[^"\\]|\\.)*)")?$', head)
    if match and (match.group(3) is not None) == (match.group(2) in ("contains", "lacks")):
        return make("file", path=match.group(1), what=match.group(2), text=plain(match.group(3) or ""))
    match = re.match(r"at most (\d+) calls(?: by ([\w.-]+))?$", head)
    if match:
        return make("calls", most=int(match.group(1)), who=match.group(2))
    match = re.match(r"(no|at most one) wake-up of the lead without effect( for each end of a turn)?$", head)
    if match and (match.group(1) == "no") == (match.group(2) is None):
        return make("wakes", each_end=bool(match.group(2)))
    match = re.match(r"(at most )?(\d+) questions(?: about ([\w.|-]+))?(?: by ([\w.-]+))?$", head)
    if match:
        at_most, count, about, who = match.groups()
        return make("questions", exactly=not at_most, count=int(count), about=about.split("|") if about else None, who=who)
    match = re.match(r"exit code (\d+)$", head)
    if match:
        return make("exit", code=int(match.group(1)))
    match = re.match(r'hook (\w+) says "(.+)"$', head)
    if match:
        return make("hook", event=match.group(1), text=match.group(2))
    match = re.match(r'screen says "(.+)"$', head)
    if match:
        return make("screen", text=match.group(1))
    match = re.match(r"running: (.+)$", head)
    if match:
        return make("running", command=match.group(1), outcome=outcome(block.parts()[1]))
    raise StoryError("expectations are:\n    " + EXPECTATIONS)
