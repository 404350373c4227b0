"""Whether a command that is to verify something could fail at all: `true`, `make test || true` and `ls` say nothing about the work."""

from __future__ import annotations

import os
import re

from . import passed_over
from .shell_reading import CODE, Command, KEYWORDS, SHELLS, ShellError, bare, code_at, git_verb, parse, tokens

CANNOT_FAIL = {"true", ":", "echo", "printf", "pwd", "date", "sleep", "cd", "break", "continue"}
# What only shows something: as a test it says that the thing is there, and nothing of what it does.
SHOWS = {
    "ls",
    "dir",
    "cat",
    "head",
    "tail",
    "less",
    "more",
    "wc",
    "stat",
    "file",
    "tree",
    "du",
    "df",
    "ps",
    "which",
    "type",
    "command",
    "hash",
    "whereis",
    "id",
    "whoami",
    "uname",
    "hostname",
    "env",
    "printenv",
    "set",
    "export",
    "uptime",
    "touch",
    "mkdir",
    "tee",
    "sort",
    "uniq",
    "cut",
}
GIT_SHOWS = {
    "status",
    "log",
    "show",
    "branch",
    "diff",
    "rev-parse",
    "ls-files",
    "describe",
    "remote",
    "version",
    "config",
    "blame",
    "shortlog",
    "",
}
MAY_DO_NOTHING = "it may do nothing, or pass over what fails"
BACKGROUND = "what runs in the background says nothing when it fails"
DRY = {"-n", "--dry-run", "--just-print", "--recon", "-i", "--ignore-errors", "-t", "--touch", "-q", "--question"}  # of make
DRY_RUNNERS = {"just", "ninja", "rake", "task", "gradle", "gradlew", "behave", "cucumber", "mocha", "rspec", "ginkgo", "invoke", "robot"}
DRY_RUN = {"-n", "--dry-run", "--dryrun", "--dry"}  # of these; of others, `helm install --dry-run`, it may well be the test
LISTS = {"--collect-only", "--list-tests", "--listTests", "--no-run", "--notest", "--show-only", "--list"}
NEVER_FAILS = {"--exit-zero", "--issues-exit-code=0", "--fail-never", "-Dmaven.test.failure.ignore", "-Dmaven.test.failure.ignore=true"}
ABOUT_ITSELF = {"--version", "-V", "--help", "-h", "-version", "version", "help"}
INVERTED = {
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "test",
    "[",
    "[[",
    "diff",
    "cmp",
    "git",
    "find",
}  # `! grep -q TODO src` looks for what must not be


def vacuous(command: str, is_test: bool = True) -> str | None:
    """Why a command cannot fail, or would hide a failure, or (of a test) looks at nothing that could be wrong; None when none of it."""
    try:
        parse(command)
        lists = _lists(command)
    except (ShellError, RecursionError) as error:
        return "it does not parse: %s" % error
    why = _inner(lists, is_test)
    if why:
        return why
    if "+o pipefail" in " ".join(command.split()):
        return "it switches pipefail off"

    def sure(c: Command) -> bool:
        return _sure(bare(c.words), is_test)

    for one in lists:
        for _op, c in one:
            inverted = getattr(c, "opaque", False) and c.words[:1] == ["!"]
            if inverted and not getattr(c, "asked", "") and os.path.basename((bare(c.words[1:]) or [""])[0]) not in INVERTED:
                return "`!` turns a failure into a success"
    if not lists or all(sure(c) for one in lists for _op, c in one):
        return "it checks nothing"
    last = lists[-1]
    if len(lists) > 1 and all(_sure(bare(c.words), True) for _op, c in last):
        return "its end hides a failure"
    if any(op == "||" and _sure(bare(c.words), True) for op, c in last):
        return "its end hides a failure"
    return _hides(command, lists) or passed_over.why(lists)


def _inner(lists: list[list[tuple[str, Command]]], is_test: bool) -> str | None:
    """The same of what other shells are given with `-c`, also as in `xargs sh -c`."""
    for one in lists:
        for _op, c in one:
            words = bare(c.words)
            words = words[next((n for n, w in enumerate(words) if os.path.basename(w) in SHELLS), len(words)) :]
            at = code_at(words)
            if at is None:
                continue
            name, code = os.path.basename(words[0]), words[at]
            why = vacuous(code, is_test)
            if why is None and any(i.piped for i in parse(code, 9)) and "pipefail" not in code:
                why = "a pipe inside `%s -c` hides a failure: write it in the command itself" % name
            if why is None and len(_lists(code)) > 1 and not _stops_at_once(words[:at], code):
                why = "`%s -c` passes over the failure of all but its last command: write them in the command itself" % name
            if why and not (why == "it checks nothing" and (len(one) > 1 or len(lists) > 1)):
                return why
    return None


def _stops_at_once(options: list[str], code: str) -> bool:
    """Whether a shell of its own ends at the first failure."""
    return any(w[:1] == "-" and w[:2] != "--" and "e" in w[1:] for w in options[1:]) or bool(re.match(r"\s*set -\w*e", code))


CONDITIONS = {"if": "if", "elif": "elif", "while": "while", "until": "until", "then": "", "do": ""}


class Part(Command):
    """A simple command and where it stands. asked: the word whose condition it is in; closes: it is the last one of a subshell."""

    __slots__ = ("asked", "closes")
    asked: str
    closes: bool


def _hides(command: str, lists: list[list[tuple[str, Command]]]) -> str | None:
    """Why the exit code of a command would not be that of what it runs: what stands in the background, behind an `exit`, in a trap."""
    made = [(n, op, c.words) for n, one in enumerate(lists) for op, c in one]
    for n, op, words in made:
        name = os.path.basename((words or [""])[0])
        if name in ("alias", "coproc") or name == "trap" and "exit" in " ".join(words[1:-1]):
            return "`%s` may hide a failure" % name
        if name == "eval" and len(words) > 1 and not any(c in " ".join(words) for c in "$`\0"):
            return vacuous(" ".join(words[1:]))
        if name in ("exit", "return", "exec") and n < len(lists) - 1 and not passed_over.fails(words, op == "||"):
            return "what stands behind `%s` never runs" % name
        if name == "setsid" and {"-f", "--fork"} & set(words):
            return BACKGROUND
        if "make" in bare(words)[:1] and (
            any(_dry_make(w) for w in words) or any(w.startswith(("SHELL=", ".SHELLFLAGS=", "MAKEFLAGS=")) for w in words)
        ):
            return MAY_DO_NOTHING
        if "--if-present" in words:
            return MAY_DO_NOTHING
    if any(_dry(c.env.get(name, "")) for c in parse(command) for name in ("MAKEFLAGS", "GNUMAKEFLAGS")):
        return MAY_DO_NOTHING
    marks = [(kind, value) for kind, value, quoted in tokens(command) if not quoted]
    while marks and marks[-1] == ("op", "\n"):
        marks.pop()
    if marks and marks[-1] == ("op", "&") or made[-1][2] == ["wait"]:
        return BACKGROUND
    if any(a == ("op", "(") and b == ("op", ")") for a, b in zip(marks, marks[1:])) or ("word", "function") in marks:
        return "a function may stand for something else than its name says"
    if any(one[0][0] == "" and _sure(bare(one[0][1].words), False) and len(one) > 1 and one[1][0] == "||" for one in lists):
        return "what stands behind `||` never runs"
    return None


def _dry_make(word: str) -> bool:
    """Whether a word on make's command line has it do nothing or go on after a failure, also among other letters (`-sn`)."""
    letters = word[1:] if word[:1] == "-" and word[:2] != "--" else ""
    for n, letter in enumerate(letters):
        if letter in "CfIjloOWE":
            letters = letters[:n]  # what follows is its value
            break
    return word in DRY or bool(set("nitq") & set(letters))


def _dry(flags: str) -> bool:
    """Whether flags for make have it do nothing or go on after a failure; the first ones may stand without a dash."""
    return any(
        w in DRY or not w.startswith(("--", "-j", "-l", "j")) and set("nit") & set(w.partition("=")[0])
        for w in flags.split()
        if "=" not in w
    )


def _lists(command: str) -> list[list[tuple[str, Command]]]:
    """The and-or lists of a command: [[(operator before it, Command)]]; `;`, a newline and `&` begin a new one. A `!` stays a word."""
    out: list[list[tuple[str, Part]]] = []
    fresh, op = True, ""
    current: Part | None = None
    expect: str | None = None
    asked = ""
    for kind, value, quoted in tokens(command):
        if kind == "op" and value in (";", "\n", "&", ";;"):
            fresh, op, current, expect = True, "", None, None
        elif kind == "op" and value in ("&&", "||", "|", "|&", "(", ")"):
            for _op, before in out[-1][-1:] if value == ")" and out else ():
                before.closes = True
            op = value if value in ("&&", "||") else op if value in ("(", ")") else "|"
            current, expect = None, None
        elif kind == "op":
            expect = value
        elif kind == "word" and expect is not None:
            expect = None
        elif kind == "word":
            if current is None:
                if value in ("}", "fi", "done", "esac") and not quoted:
                    continue
                current = Part()
                current.opaque = not quoted and value in KEYWORDS
                asked = CONDITIONS.get(value, asked) if current.opaque else asked
                current.asked, current.closes = asked, False
                if fresh or not out:
                    out.append([])
                    fresh = False
                out[-1].append((op, current))
                if current.opaque and value != "!":
                    current = None  # `if`, `then`, `{`: the command is what follows
                    out[-1].pop()
                    if not out[-1]:
                        out.pop()
                        fresh = True
                    continue
            current.words.append(value)
    for c in (c for one in out for _op, c in one):
        _drop_assignments(c.words)
    return [[*one] for one in out if one]


def _drop_assignments(words: list[str]) -> None:
    while words and "=" in words[0] and words[0].split("=", 1)[0].replace("_", "a").isalnum() and not words[0][0].isdigit():
        words.pop(0)


def _prints(code: str) -> bool:
    """Whether code for an interpreter does nothing but print a text."""
    return (
        code.startswith(("print(", "console.log(", "puts(", "puts ", "say ")) and code.count("(") < 2 and not any(c in code for c in ";\n")
    )


def _sure(words: list[str], is_test: bool) -> bool:
    """Whether a simple command cannot fail, or, of a test, only shows something."""
    if not words:
        return True
    name = os.path.basename(words[0])
    if name in CANNOT_FAIL or words in (["exit", "0"], ["exit"]) or words == ["return", "0"]:
        return True
    if NEVER_FAILS & set(words):
        return True
    if not is_test:
        return False
    if LISTS & set(words[1:]) or name in DRY_RUNNERS and DRY_RUN & set(words[1:]):
        return True
    if name in SHOWS or len(words) > 1 and all(w in ABOUT_ITSELF for w in words[1:]):
        return True
    if name in SHELLS:
        at = code_at(words)
        return at is not None and vacuous(words[at]) == "it checks nothing"
    if name == "git":
        verb, args = git_verb(words[1:])
        return verb in GIT_SHOWS and "--exit-code" not in args and "--quiet" not in args and "--check" not in args
    if name in ("test", "[", "[["):
        rest = [
            w for w in words[1:] if w not in ("]", "]]", "!", "(", ")", "-a", "-o", "=", "==", "!=", "-eq", "-ne", "-lt", "-gt", "-n", "-z")
        ]
        return not any("$" in w or "`" in w or "\0" in w or w.startswith("-") for w in rest)
    option = CODE.get(name)
    if option and option in words[1:-1] and _prints(words[words.index(option) + 1].strip()):
        return True
    if option and option in words[1:-1]:
        code = words[words.index(option) + 1]
        return "(" not in code and not any(w in code for w in ("assert", "raise", "import", "exit", "die", "throw", "require", "$", "\0"))
    return False
