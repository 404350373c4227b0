"""Just enough shell to know which file a hook's command runs, and where the word stands.

Hand-written: bashlex takes 0.1 s to import and refuses what bash takes (`case`, `[[`), and a grammar's tree would still have to be asked which
word is the script. tests/lint/test_shell.py holds the words against it on every recorded command and lists what differs by design.
"""

from .lazy import lazy

ROOTS = ("${CLAUDE_PLUGIN_ROOT}", "$CLAUDE_PLUGIN_ROOT")
_DEFAULTED = lazy(r"\$\{CLAUDE_PLUGIN_ROOT:?[-?=][^}]*\}")
_SHELLS = frozenset("bash sh zsh dash ksh".split())
_SUBCOMMANDS = frozenset(("run", "x", "exec", "test"))
INTERPRETERS = frozenset(
    "python python3 python2 node nodejs bun deno bash sh zsh dash ksh fish ruby perl php pwsh powershell tsx ts-node osascript".split()
)
# Commands that take another command after their own words.
WRAPPERS = frozenset("env exec command nice nohup time timeout sudo uv uvx npx bunx pipx poetry pnpm".split())
# Options of wrappers (and of bun) whose value is the next word.
_TAKE_A_VALUE = frozenset(
    "--directory --project --with --python --extra --group --package --env-file --index-url --cache-dir --config-file --cwd --prefix --dir --filter "
    "-C -p -u -n -s -k --signal --chdir --unset".split()
)
COMMON = (
    INTERPRETERS
    | WRAPPERS
    | frozenset(
        "echo printf true false cat test [ [[ jq git npm yarn pnpm make cargo go rg grep sed awk find cp mv rm mkdir touch date cd export "
        "set if for while case eval source . curl wget tee head tail cut sort uniq wc xargs sleep kill ps say open start cmd notify-send "
        "afplay terminal-notifier docker gh ls chmod tr basename dirname realpath readlink exit return read trap pack".split()
    )
)
KEYWORDS = frozenset("do done then fi else elif esac in until select function coproc".split())
_ASSIGN = lazy(r"[A-Za-z_][A-Za-z0-9_]*=")
_SCRIPT = lazy(r"\.(?:py|js|mjs|cjs|ts|sh|bash|zsh|rb|pl|php|ps1|cmd|bat|exe)$")
MAX_LENGTH = 8192


class Word:
    """A shell word: its text without quotes, its place, whether it stood in quotes, and in single ones with a `$`."""

    __slots__ = ("text", "start", "end", "quoted", "first", "literal")

    def __init__(self, text, start, end, quoted, first):
        self.text, self.start, self.end, self.quoted, self.first = text, start, end, quoted, first
        self.literal = False


def words(command):
    """The words of a command line; `first` marks those in command position. Quoted text is kept whole."""
    command = command[:MAX_LENGTH]
    out, at, first = [], 0, True
    size = len(command)
    while at < size:
        char = command[at]
        if char in " \t\r\n":
            if char == "\n":
                first = True
            at += 1
            continue
        if char == "#":
            newline = command.find("\n", at)
            at = size if newline < 0 else newline
            continue
        if char in ";|&(){}" and not command.startswith("${", at):
            first = True
            at += 1
            continue
        if char in "<>":
            at += 1
            first = False
            continue
        start, text, quoted, literal = at, [], False, False
        while at < size:
            char = command[at]
            if char == "\\" and at + 1 < size:
                text.append(command[at + 1])
                at += 2
            elif char in "'\"":
                close = command.find(char, at + 1)
                while char == '"' and close > 0 and command[close - 1] == "\\" and command[close - 2] != "\\":
                    close = command.find(char, close + 1)
                close = size if close < 0 else close
                inside = command[at + 1 : close]
                text.append(inside.replace('\\"', '"') if char == '"' else inside)
                quoted = True
                literal = literal or char == "'" and "$" in inside
                at = close + 1
            elif command.startswith("${", at):
                close = command.find("}", at)
                close = size - 1 if close < 0 else close
                text.append(command[at : close + 1])
                at = close + 1
            elif char in " \t\r\n;|&<>()":
                break
            else:
                text.append(char)
                at += 1
        word = Word("".join(text), start, min(at, size), quoted, first)
        word.literal = literal
        if first and _ASSIGN.match(command, start):  # the name stands outside of quotes, whatever the value does
            word.first = False
            out.append(word)
            continue
        out.append(word)
        first = False
    return out


_RESERVED = ("if", "then", "elif", "else", "while", "until", "do", "!", "{", "time")


class Run:
    """A script that a command runs: the word, the program before it (None when run directly)."""

    __slots__ = ("word", "program")

    def __init__(self, word, program):
        self.word, self.program = word, program


def runs(command, depth=0):  # noqa: C901 - a reader of words, one after the other
    """Every script that the command line runs, directly, through an interpreter, or inside `bash -c '...'`."""
    found, program, quoted, skip, begins = [], None, False, False, False
    for word in words(command):
        if quoted:
            quoted = False
            if depth < 3:
                found.extend(runs(word.text, depth + 1))
            continue
        if word.first or begins:
            program, skip, begins = None, False, word.text in _RESERVED and not word.quoted
            if begins:
                continue
            base = word.text.replace("\\", "/").rsplit("/", 1)[-1]
            if base in INTERPRETERS or base in WRAPPERS or base in ("source", "."):
                program = base
            elif "/" in word.text or _SCRIPT.search(word.text):
                found.append(Run(word, None))
            continue
        if program is None:
            continue
        if word.text.startswith("-"):
            if word.text in ("-c", "-lc", "-ec", "-e", "-m", "--eval", "-p"):
                quoted = program in _SHELLS and word.text.endswith("c")
                program = None
            skip = (
                word.text in ("-W", "-X", "-r", "--require", "--import", "--loader") or program in WRAPPERS and word.text in _TAKE_A_VALUE
            )
            continue
        if skip:
            skip = False
            continue
        if word.text in _SUBCOMMANDS and program in ("bun", "deno"):
            continue
        if _ASSIGN.match(word.text):
            continue
        base = word.text.rsplit("/", 1)[-1]
        if program in WRAPPERS and (base in INTERPRETERS or base in WRAPPERS):
            program = base
        elif program in WRAPPERS and word.text.replace(".", "").isalnum() and not _SCRIPT.search(word.text):
            continue
        else:
            found.append(Run(word, program))
            program = None
    return found


def from_args(command, args):
    """The script of an exec-form handler: (text, index in args or None, program)."""
    base = command.replace("\\", "/").rsplit("/", 1)[-1]
    if base not in INTERPRETERS and base not in WRAPPERS:
        return command, None, None
    for index, item in enumerate(args):
        if not isinstance(item, str):
            continue
        if item in ("-c", "-e", "-m", "--eval", "-p"):
            return None, None, base
        if item.startswith("-") or base in WRAPPERS and "/" not in item and not _SCRIPT.search(item):
            continue
        return item, index, base
    return None, None, base


def under_root(text):
    """The path below the plugin's root, or None when the word does not start with the root variable."""
    match = _DEFAULTED.match(text) if text.startswith("${") else None
    for root in ROOTS + ((match.group(),) if match else ()):
        if text.startswith(root + "/"):
            return text[len(root) + 1 :].lstrip("/")
        if text == root:
            return ""
    return None


def is_script(text):
    """Does the word end like a script?"""
    return _SCRIPT.search(text) is not None


def under_project(text):
    """The path below the user's project when the word starts with CLAUDE_PROJECT_DIR, else None."""
    for root in ("${CLAUDE_PROJECT_DIR}/", "$CLAUDE_PROJECT_DIR/"):
        if text.startswith(root):
            return text[len(root) :].lstrip("/")
    return None


def unquoted_roots(command, names):
    """Yield (start, end, placeholder) of root variables outside quotes, as the client looks for them."""
    single = double = False
    at = 0
    command = command[:MAX_LENGTH]
    while at < len(command):
        char = command[at]
        if not single and char == "\\":
            at += 2
            continue
        if char == "'" and not double:
            single = not single
        elif char == '"' and not single:
            double = not double
        elif char == "$" and not single and not double:
            for name in names:
                if command.startswith("{%s}" % name, at + 1):
                    yield at, at + len(name) + 3, "${%s}" % name
                    break
                after = at + 1 + len(name)
                if command.startswith(name, at + 1) and not (command[after : after + 1].isalnum() or command[after : after + 1] == "_"):
                    yield at, after, "$" + name
                    break
        at += 1
