"""What a Bash command would write, as far as reading it can tell. Not a shell: a tokenizer and a table of writers.

What it cannot see (a script's own writes, computed paths) is found after the call by comparing files; see gate/after_tool.py. It
errs on the side of naming a path: `python3 -c` with the name of a protected file in its text counts as writing it.
"""

from __future__ import annotations

import os

from . import shell_patterns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping
    from .protocols import Commit

# Bash's and zsh's together: the client runs commands in either (CLIENT 10). zsh spells `>|` as `>!` too, and both behind `&` or `>>`.
WRITES = (">", ">>", ">|", "&>", "&>>", "<>", ">&", ">!", ">>|", ">>!", "&>|", "&>!", ">&|", ">&!", "&>>|", "&>>!", ">>&", ">>&|", ">>&!")
OPERATORS = WRITES + ("&&", "||", ";;", "|&", "<<<", "<<-", "<<", "<&", ";", "&", "|", "(", ")", "\n", "<")
_BY_LENGTH = sorted(OPERATORS, key=len, reverse=True)
PREFIXES = {
    "sudo",
    "env",
    "nohup",
    "time",
    "command",
    "exec",
    "nice",
    "timeout",
    "stdbuf",
    "setsid",
    "builtin",
    "ionice",
    "doas",
    "unbuffer",
    "busybox",
    "toybox",
    "unshare",
    "setpriv",
    "fakeroot",
    "chroot",
    "flock",
    "taskset",
    "chrt",
    "noglob",
    "nocorrect",
    "coproc",
    "-",
}
# Options of these whose value stands by itself, and those that take an operand before the command.
PREFIX_VALUES = {"sudo": "-u -g -C -D -h -p -U -T", "doas": "-u -C", "env": "-u -C", "nice": "-n", "ionice": "-c -n", "timeout": "-s -k"}
PREFIX_OPERAND = ("chroot", "flock", "taskset", "chrt")
KEYWORDS = {"if", "then", "elif", "else", "while", "until", "do", "{", "!"}  # what may stand before a command
LOOPS = {"for", "foreach", "select"}  # zsh: `for x (a b) command`
_BEFORE_A_SUBSHELL = KEYWORDS | LOOPS | {"in", "time", "coproc", "noglob", "[[", "&&", "||"}  # a `(` behind it begins no pattern
DECLARES = {"export", "declare", "local", "readonly", "typeset"}
SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "ash"}
CODE = {
    "python": "-c",
    "python3": "-c",
    "python2": "-c",
    "node": "-e",
    "perl": "-e",
    "ruby": "-e",
    "php": "-r",
    "deno": "eval",
    "bun": "-e",
    "osascript": "-e",
    "lua": "-e",
    "awk": None,
    "gawk": None,
    "mawk": None,
    "ed": None,
    "ex": None,
    "vi": None,
    "vim": None,
}
ALL_ARGS = {
    "rm",
    "rmdir",
    "unlink",
    "shred",
    "touch",
    "chmod",
    "chown",
    "chgrp",
    "mkdir",
    "truncate",
    "tee",
    "sponge",
    "mkfifo",
    "setfacl",
    "chattr",
    "gzip",
    "gunzip",
    "bzip2",
    "xz",
    "patch",
    "dos2unix",
    "unix2dos",
    "csplit",
}
LAST_ARG = {"cp", "mv", "install", "ln", "rsync", "scp", "link", "rename"}
NO_CONTENT = {"mkdir", "rmdir", "chmod", "chown", "chgrp", "setfacl", "chattr"}  # change no content: only protected paths matter
# What a command does to a path: its content changes; the name goes away (a link, and not what that points to); or neither.
CONTENT, ENTRY, NEITHER = "content", "entry", "neither"
VALUE_OPTIONS = {
    "truncate": "-s -r",
    "touch": "-d -r -t",
    "mkdir": "-m",
    "install": "-m -o -g",
    "shred": "-n -s",
    "split": "-b -l -n -a",
    "patch": "-p -d",
    "cp": "-S",
    "mv": "-S",
    "ln": "-S",
    "tee": "",
    "rsync": "-e",
    "watch": "-n",
    "awk": "-i -v -F -f",
    "gawk": "-i -v -F -f",
    "sed": "-e -f -l",
    "perl": "-e",
    "ruby": "-e",
}
READERS = {
    "cat",
    "head",
    "tail",
    "less",
    "more",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ls",
    "wc",
    "stat",
    "file",
    "diff",
    "cmp",
    "jq",
    "md5sum",
    "sha256sum",
    "cut",
    "sort",
    "uniq",
    "od",
    "xxd",
    "hexdump",
    "strings",
    "test",
    "[",
    "realpath",
    "readlink",
    "tree",
    "du",
    "bat",
}


class Bare(str):
    """A word without quotes: what its variables hold is split at blanks, as bash does it."""

    __slots__ = ()


class Command:
    """One simple command: words, redirections [(operator, target)], here-documents, assignments, whether stdin is a pipe."""

    __slots__ = ("words", "redirects", "heredocs", "env", "piped", "opaque", "subs")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.redirects: list[tuple[str, str]] = []
        self.heredocs: list[tuple[str, bool]] = []
        self.env: dict[str, str] = {}
        self.piped = self.opaque = False
        self.subs: list[str] = []  # the texts of its `$(...)`, `<(...)`


class ShellError(ValueError):
    """The text is not a command that this reader understands (an open quote)."""


def tokens(text: str) -> list[tuple[str, str, bool]]:  # noqa: C901 - one branch for each character that a shell knows
    """Command text -> [(kind, value, quoted)]; kind "word" or "op". `$(...)` and backticks come as ("sub", inner text)."""
    out, i, n = [], 0, len(text)
    word: list[str] = []  # the one that is being read; live: there is one, perhaps an empty one
    subs: list[str] = []
    quoted = live = False
    pending: list[int] = []

    def flush() -> None:
        nonlocal word, quoted, live
        if live:
            out.append(("word", "".join(word), quoted))
        out.extend(("sub", s, False) for s in subs)
        subs.clear()
        word, quoted, live = [], False, False

    while i < n:
        c = text[i]
        if c == "\\" and i + 1 < n:
            if text[i + 1] != "\n":
                word.append(text[i + 1])
                quoted = live = True
            i += 2
        elif c == "'":
            j = text.find("'", i + 1)
            if j < 0:
                raise ShellError("unclosed '")
            word.append(text[i + 1 : j])
            quoted = live = True
            i = j + 1
        elif c == '"':
            i, piece, inside = _double(text, i + 1)
            word.append(piece)
            subs.extend(inside)
            quoted = live = True
        elif c == "$" and text[i + 1 : i + 2] == "'":
            i, piece = _ansi(text, i + 2)
            word.append(piece)
            quoted = live = True
        elif text.startswith(("$(", "<(", ">("), i) or c == "`":
            i, inner = _substitution(text, i)
            subs.append(inner)
            word.append("\0")  # a value that only the shell knows
            live = True
        elif text.startswith("((", i) and not live and _arithmetic(text, i):
            word.append("((...))")
            i, live = _arithmetic(text, i), True
        elif c == "(" and _is_pattern(text, i, "".join(word) if live else None, out):
            i, inner = _substitution(text, i - 1)
            if word == ["="]:  # zsh's `=(command)`
                word[:] = ["\0"]
            else:
                word.append("\0" if "".join(word).endswith("=") else "(%s)" % inner)
            subs.append(inner)
            live = True
        elif c == "#" and not live:
            j = text.find("\n", i)
            i = n if j < 0 else j
        elif c in " \t\r":
            flush()
            i += 1
        else:
            op = next((o for o in _BY_LENGTH if text.startswith(o, i)), None)
            if op is None:
                word.append(c)
                live = True
                i += 1
                continue
            if op[0] in "<>" and live and "".join(word).isdigit() and not quoted:
                word, live = [], False  # a file descriptor: 2>file
            flush()
            i += len(op)
            out.append(("op", op, False))
            if op in ("<<", "<<-"):
                pending.append(len(out))
            if op == "\n" and pending:
                for at in pending:
                    if at < len(out) and out[at][0] == "word":
                        i, body = _heredoc(text, i, out[at][1], out[at - 1][1] == "<<-")
                        out.append(("heredoc", body, out[at][2]))
                pending = []
    flush()
    return out


def _is_pattern(text: str, i: int, word: str | None, out: list[tuple[str, str, bool]]) -> bool:
    """Whether the `(` here belongs to a word: zsh's `*(.)` and `(a|b).c`, bash's `!(a)`, an array's `a=(x y)`. What stands in it is read as
    commands all the same. word: what of the word is read already, None at its beginning."""
    if text[i + 1 : i + 2] in (")", "(") or text[i + 1 :].lstrip(" \t")[:1] == ")":
        return False  # a function, arithmetic
    argument = bool(out) and out[-1][0] == "word" and (out[-1][2] or out[-1][1] not in _BEFORE_A_SUBSHELL)
    if word is not None:
        return argument or word not in KEYWORDS
    return argument or len(out) > 1 and out[-1][0] == out[-2][0] == "word" and out[-2][1] in LOOPS


def _arithmetic(text: str, i: int) -> int:
    """The index behind the `((...))` that begins here, 0 where it is two subshells: arithmetic has an operator between any two words."""
    end, inner = _substitution(text, i - 1)
    if inner[-1:] != ")":
        return 0
    operands = "".join(" " if c.isspace() else c if c.isalnum() or c in "_$" else "\n" for c in inner)
    return 0 if any(len(one.split()) > 1 for one in operands.split("\n")) else end


def _double(text: str, i: int) -> tuple[int, str, list[str]]:
    piece: list[str] = []
    subs: list[str] = []
    while i < len(text):
        c = text[i]
        if c == '"':
            return i + 1, "".join(piece), subs
        if c == "\\" and i + 1 < len(text) and text[i + 1] in '"\\$`\n':
            piece.append(text[i + 1] if text[i + 1] != "\n" else "")
            i += 2
        elif text.startswith("$(", i) or c == "`":
            i, inner = _substitution(text, i)
            subs.append(inner)
            piece.append("\0")
        else:
            piece.append(c)
            i += 1
    raise ShellError('unclosed "')


def _ansi(text: str, i: int) -> tuple[int, str]:
    piece: list[str] = []
    names = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "e": "\x1b"}
    while i < len(text):
        c = text[i]
        if c == "'":
            return i + 1, "".join(piece)
        if c == "\\" and i + 1 < len(text):
            d = text[i + 1]
            if d == "x":
                digits = text[i + 2 : i + 4]
                try:
                    piece.append(chr(int(digits, 16)))
                except ValueError:
                    piece.append("\0")
                i += 2 + len(digits)
            elif d in "01234567":
                digits = text[i + 1 : i + 4]
                while digits and any(x not in "01234567" for x in digits):
                    digits = digits[:-1]
                piece.append(chr(int(digits, 8) % 256))
                i += 1 + len(digits)
            else:
                piece.append(names.get(d, d))
                i += 2
        else:
            piece.append(c)
            i += 1
    raise ShellError("unclosed $'")


def _substitution(text: str, i: int) -> tuple[int, str]:
    """At `$(`, `<(`, `>(` or a backtick -> (index behind it, inner text)."""
    if text[i] == "`":
        j = text.find("`", i + 1)
        if j < 0:
            raise ShellError("unclosed `")
        return j + 1, text[i + 1 : j]
    depth, j, quote = 0, i + 1, ""
    while j < len(text):
        c = text[j]
        if quote:
            if c == "\\" and quote == '"':
                j += 1
            elif c == quote:
                quote = ""
        elif c in "'\"":
            quote = c
        elif c == "\\":
            j += 1
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0:
                return j + 1, text[i + 2 : j]
        j += 1
    raise ShellError("unclosed (")


def _heredoc(text: str, i: int, word: str, strip: bool) -> tuple[int, str]:
    lines: list[str] = []
    start = i
    while start <= len(text):
        stop = text.find("\n", start)
        line = text[start:] if stop < 0 else text[start:stop]
        if (line.lstrip("\t") if strip else line) == word:
            return (len(text) if stop < 0 else stop + 1), "\n".join(lines) + ("\n" if lines else "")
        lines.append(line.lstrip("\t") if strip else line)
        if stop < 0:
            return len(text), "\n".join(lines)
        start = stop + 1
    return len(text), "\n".join(lines)


_TEST_ENDS, _NEXT = ("word", "]]", False), ("op", ";", False)


def parse(text: str, depth: int = 0) -> list[Command]:
    """Command text -> [Command], nested substitutions and `sh -c` texts included."""
    read = _Reading(tokens(text))
    out = read.commands()
    if depth < 4:
        for inner in read.inner:
            out += parse(inner, depth + 1)
        for before, command in zip([None, *out], list(out)):
            out += _handed_on(command, depth + 1)
            out += _handed_over(command, before, depth + 1)
    return out


class _Reading:
    """Tokens -> simple commands. inner: the texts of substitutions, which are commands, too."""

    def __init__(self, read: list[tuple[str, str, bool]]) -> None:
        self.read, self.out, self.current = read, [], Command()  # type: tuple[list[tuple[str, str, bool]], list[Command], Command]
        self.inner: list[str] = []
        self.expect: str | None = None  # the redirection whose target comes next
        self.test_until = 0  # inside `[[ ... ]]` a `<` or `>` compares

    def commands(self) -> list[Command]:
        for n, (kind, value, quoted) in enumerate(self.read):
            if kind == "op":
                if n >= self.test_until:
                    self.operator(value)
            elif kind == "sub":
                self.inner.append(value)
                self.current.subs.append(value)
            elif kind == "heredoc":
                target = self.current if self.current.words or self.current.redirects else (self.out[-1] if self.out else self.current)
                target.heredocs.append((value, quoted))
            elif self.expect is not None:
                here = self.expect in ("<<", "<<-")
                self.current.redirects.append((self.expect, "" if here else value if quoted else Bare(value)))
                self.expect = None
            else:
                self.word(n, value, quoted)
        self.close()
        return self.out

    def close(self, opaque: bool = False) -> None:
        """The command ends. opaque: what follows stands not alone."""
        if self.current.words or self.current.redirects or self.current.env:
            self.out.append(self.current)
        self.current = Command()
        self.current.opaque = opaque

    def operator(self, value: str) -> None:
        if value in WRITES or value in ("<", "<<<", "<<", "<<-", "<&"):
            self.expect = value
        else:
            self.close()
            self.current.piped = value in ("|", "|&")

    def word(self, n: int, value: str, quoted: bool) -> None:
        words, env = self.current.words, self.current.env
        name, equals, rest = value.partition("=")
        if not words and not env and not quoted and value in KEYWORDS:
            self.current.opaque = True  # `if rm x; then`: a command like any other, but nothing that stands alone
        elif not quoted and value in ("{", "}") and words:
            self.close(opaque=True)  # zsh: `while [[ x ]] { command }`, `{ a } always { b }`
        elif not words and equals and name.replace("_", "a").isalnum() and not value[0].isdigit():
            env[name] = rest
        else:
            if value == "[[" and not quoted and not words:
                self.test_until = next((m for m, token in enumerate(self.read) if m > n and token in (_TEST_ENDS, _NEXT)), n)
            words.append(value if quoted else Bare(value))
            if _ends_a_head(words):
                self.close(opaque=True)


def _ends_a_head(words: list[str]) -> bool:
    """Whether the next word begins a command in zsh: behind `[[ ... ]]` and behind the list of `for x (a b)`. Bash takes no word there."""
    return words[0] == "[[" and words[-1] == "]]" or words[0] in LOOPS and len(words) > 2 and words[-1][:1] == "(" and words[-1][-1:] == ")"


def _handed_on(command: Command, depth: int) -> list[Command]:
    """The commands that a command hands to another shell, or applies (`sh -c`, `eval`, `sh <<EOF`, `xargs`)."""
    words = bare(command.words)
    if not words:
        return []
    a_shell = os.path.basename(words[0]) in SHELLS
    at = _code_at(words) if a_shell else None
    if at is not None:
        return parse(words[at], depth)
    if words[0] == "eval":
        return parse(" ".join(words[1:]), depth)
    if a_shell:
        return [one for body, _quoted in command.heredocs for one in parse(body, depth)]
    operands = [w for w in words[1:] if not w.startswith("-")]
    if words[0] == "xargs" and operands:
        applied = Command()
        applied.words, applied.opaque = operands, True
        return [applied]
    return []


def _handed_over(command: Command, before: Command | None, depth: int) -> list[Command]:
    """The commands of shell texts that a command is handed otherwise than with -c: a here-string, what `echo` or `printf` pipes into it, `env -S`, `watch`."""
    words = bare(command.words)
    name = os.path.basename(words[0]) if words else ""
    out = []
    if name in SHELLS and _code_at(words) is None or name in (".", "source") and words[1:2] == ["/dev/stdin"]:
        out += [value for op, value in command.redirects if op == "<<<"]
        if command.piped and before is not None and before.words[:1] in (["echo"], ["printf"], ["print"]):
            out.append(" ".join(before.words[1:]))
    if (name in SHELLS or name in (".", "source", "eval")) and "\0" in words:  # `bash <(echo ...)`
        made = [one for text in command.subs for one in parse(text, depth)]
        out += [" ".join(c.words[1:]) for c in made if c.words[:1] in (["echo"], ["printf"], ["print"])]
    if command.words[:1] == ["env"] and "-S" in command.words[:-1]:
        out.append(command.words[command.words.index("-S") + 1])
    if name == "watch":
        out.append(" ".join(_args(words[1:], "watch")))
    if name == "script" and "-c" in words[:-1]:
        out.append(words[words.index("-c") + 1])
    return [one for text in out for one in parse(text, depth)]


def _code_at(words: list[str]) -> int | None:
    """Where the text stands that a shell is given with -c (also as in `bash -lc`); None without one."""
    for n, w in enumerate(words[:-1]):
        if n and w.startswith("-") and not w.startswith("--") and "c" in w[1:]:
            return n + 1
    return None


def bare(words: list[str]) -> list[str]:
    """The words without prefixes such as `sudo`, `env A=b`, `timeout 5`."""
    i = 0
    while i < len(words) and os.path.basename(words[i]) in PREFIXES:
        name, i = os.path.basename(words[i]), i + 1
        valued = PREFIX_VALUES.get(name, "").split()
        while i < len(words) and (words[i].startswith("-") or "=" in words[i][1:] or words[i].replace(".", "").rstrip("smh").isdigit()):
            i += 2 if words[i] in valued else 1
        if name in PREFIX_OPERAND and not (i and words[i - 1].isdigit()):
            i += 1
    rest = words[i:]
    if rest[:1] == ["repeat"] and len(rest) > 2:  # zsh: `repeat 3 command`
        return bare(rest[2:])
    if rest and len(rest[0]) > 1 and rest[0][0] == "=" and isinstance(rest[0], Bare):  # zsh: `=rm` is where rm lies
        return bare([rest[0][1:], *rest[1:]])
    return rest


def _args(words: list[str], command: str = "") -> list[str]:
    """Operands: no options nor their values, everything behind `--`."""
    out, plain, skip = [], False, False
    valued = VALUE_OPTIONS.get(command, "").split()
    for w in words:
        if skip:
            skip = False
        elif not plain and w in valued:
            skip = True
        elif plain or not w.startswith("-") or w == "-":
            out.append(w)
        elif w == "--":
            plain = True
    return out


def _filled(word: str, values: Mapping[str, str]) -> str | None:
    """A word with its `$NAME` and `${NAME}` filled in; None when one is not known. What a value holds is not looked at again: a folder
    may be called `$HOME`."""
    first, *rest = word.split("$")
    out = [first]
    for part in rest:
        part = part.lstrip("=~^") if part[:1] != "{" else "{" + part[1:].lstrip("=~^")  # zsh's `$=NAME`: split it, `$~NAME`: a pattern
        if part.startswith("{") and "}" in part:
            name, _, tail = part[1:].partition("}")
        else:
            size = next((i for i, c in enumerate(part) if not (c.isalnum() or c == "_")), len(part))
            name, tail = part[:size], part[size:]
        if name not in values:
            return None
        out += [values[name], tail]
    return "".join(out)


def writes(text: str, cwd: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Command text -> (targets, code): [(absolute path that it would write, CONTENT | ENTRY | NEITHER)], and texts of code that other
    interpreters run.

    A path that only the shell knows (`$x`, `$(...)`) is left out; a variable set to a literal before is filled in.
    """
    found = _Writes(text, cwd)
    for command in parse(text):
        found.take(command)
    return found.targets, found.code


class _Writes:
    """What the commands of a text write, one after the other: a `cd` or a variable counts for those behind it."""

    def __init__(self, text: str, cwd: str) -> None:
        self.text, self.cwd = text, cwd
        self.targets: list[tuple[str, str]] = []
        self.code: list[str] = []
        self.known: dict[str, str] = {}  # variables with a literal value
        self.loops: dict[str, list[str]] = {}  # those of loops, and the words that they go through

    def path(self, word: str) -> str | None:
        """The absolute path of a word; None where only the shell knows it."""
        if word in ("", "-"):
            return None
        filled = self.filled(word)
        if filled is None or "\0" in filled:
            return None
        if filled.startswith("/proc/self/cwd/"):
            filled = filled[len("/proc/self/cwd/") :]
        name, _, rest = filled.partition("/")
        if name[:1] == "~" and name[1:] in {"+", *self.known}:  # zsh: any variable that holds a folder names one
            filled = (self.cwd if name == "~+" else self.filled(self.known[name[1:]]) or name) + "/" + rest
        return os.path.join(self.cwd, os.path.expanduser(filled))

    def filled(self, word: str) -> str | None:
        return _filled(word, dict({"HOME": os.path.expanduser("~"), "PWD": self.cwd}, **self.known))

    def pieces(self, word: str) -> list[str]:
        """The words that a shell makes of one: braces, and, where bash would, the parts of what a variable holds."""
        out = shell_patterns.braces(word) if "{" in word else [word]
        for name in self.loops:
            if "$" + name in word or "${" + name in word:
                turns = [_filled(one, dict(self.known, **{name: value})) for one in out for value in self.loops[name]]
                out = [one for one in turns if one is not None]
        if isinstance(word, Bare) and "$" in word:
            whole = self.filled(word)
            if whole is not None and len(whole.split()) > 1:
                return out + whole.split()
        return out

    def add(self, words: Iterable[str], effect: str = CONTENT) -> None:
        self.targets.extend((p, effect) for word in words for p in map(self.path, self.pieces(word)) if p)

    def take(self, command: Command) -> None:
        """One simple command."""
        self.known.update((name, value) for name, value in command.env.items() if "\0" not in value)
        self.add(target for op, target in command.redirects if op in WRITES and not (op == ">&" and (target.isdigit() or target == "-")))
        self.mapped(command)
        words = bare(command.words)
        if words and "$" in words[0] and isinstance(words[0], Bare):  # `c=rm; $c file`
            words = bare((self.filled(words[0]) or words[0]).split() + words[1:])
        if not words:
            return
        if words[0] in LOOPS and len(words) > 2:  # `for x in a b`, zsh's `for x (a b)`
            last = words[-1]
            listed = words[3:] if words[2] == "in" else last[1:-1].split() if last[:1] == "(" else []
            self.loops[words[1]] = [one for w in listed[:100] for one in self.pieces(w)]
            return
        name, args = os.path.basename(words[0]), words[1:]
        name = name[3:] if name.startswith("zf_") else name  # zsh/files
        operands = _args(args, name)
        self.add(_outputs(name, args))
        if name in DECLARES:
            self.known.update((w.partition("=")[0], w.partition("=")[2]) for w in operands if "=" in w and "\0" not in w)
        elif name in ("cd", "pushd") and len(operands) == 2:  # zsh: the one for the other in the present folder's name
            self.cwd = self.cwd.replace(operands[0], operands[1], 1)
        elif name in ("cd", "pushd") and operands:
            self.cwd = self.path(operands[0]) or self.cwd
        elif name in ALL_ARGS:
            effect = ENTRY if name in ("rm", "unlink") else NEITHER if name in NO_CONTENT else CONTENT
            self.add(operands[1:] if name in ("chmod", "chown", "chgrp") else operands, effect)
        elif name in LAST_ARG:
            self.copies(name, args, operands)
        elif name in _WAYS:
            _WAYS[name](self, name, args, operands)
        if name.rstrip("0123456789.") in CODE or name in CODE:
            self.code.append(" ".join(args))
            self.code += [body for body, _quoted in command.heredocs]
            if command.piped:
                self.code.append(self.text)

    def mapped(self, command: Command) -> None:
        """zsh/mapfile: `mapfile[PATH]=text` writes a file."""
        first = command.words[0] if command.words else ""
        if first.startswith("mapfile[") and "]" in first:
            self.add([first[len("mapfile[") : first.index("]")]])

    def named(self, name: str, args: list[str], operands: list[str]) -> None:
        """zsh's `hash -d NAME=FOLDER`: `~NAME` is that folder from there on."""
        if "-d" in args:
            self.known.update((w.partition("=")[0], w.partition("=")[2]) for w in operands if "=" in w)

    def aliased(self, name: str, args: list[str], operands: list[str]) -> None:
        """alias: what it stands for may run later, with any words behind it."""
        for value in (w.partition("=")[2] for w in operands if "=" in w):
            try:
                for command in parse(value, 3):
                    self.take(command)
            except ShellError:
                self.code.append(value)

    def moved_alike(self, name: str, args: list[str], operands: list[str]) -> None:
        """zmv 'PATTERN' 'PATTERN': what the first one matches goes (zcp, zln: stays); where to is known where it says so literally."""
        if name == "zmv" and not {"-C", "-L", "-n"} & set(args):
            self.add(operands[:1], ENTRY)
        self.add(operands[1:2])

    def kept(self, name: str, args: list[str], operands: list[str]) -> None:
        """fc and history write what was typed into a file; sysopen opens one."""
        flags = "".join(w[1:] for w in args if w.startswith("-"))
        if set(flags) & set("WAwao" if name == "sysopen" else "WAwa"):
            self.add(operands[-1:])

    def copies(self, name: str, args: list[str], operands: list[str]) -> None:
        """cp, mv, ln and the like: the last word, or the folder of an option, is written."""
        if name in ("rsync", "scp") and (_remote(operands[-1:]) or name == "rsync" and _looks_only(args)):
            return
        for n, w in enumerate(args):
            if w in ("-t", "--target-directory") and n + 1 < len(args):
                self.add([args[n + 1]])
            elif w.startswith("--target-directory="):
                self.add([w.split("=", 1)[1]])
        sources, last = operands[:-1], operands[-1:]
        into = self.path(last[0]) if last else None
        if sources and into and os.path.isdir(into):  # into a folder: each under its own name
            self.add([os.path.join(last[0], os.path.basename(w.rstrip("/"))) for w in sources])
        else:
            self.add(last)
        if name == "mv":
            self.add(sources, ENTRY)
        elif name == "link" or name == "ln" and not _has(args, "s", "--symbolic") or name == "cp" and _has(args, "l", "--link"):
            self.add(sources)  # a second name of the same file: what is written through it later changes the first

    def applied(self, name: str, args: list[str], operands: list[str]) -> None:
        """xargs: what it is applied to stands somewhere in the text, or only the shell knows it."""
        if any(os.path.basename(w) in ALL_ARGS | LAST_ARG | SHELLS for w in operands):
            self.code.append(self.text)

    def in_place(self, name: str, args: list[str], operands: list[str]) -> None:
        """sed, perl, ruby with -i."""
        if not any(
            w == "--in-place" or w.startswith(("-i", "--in-place=")) or (w.startswith("-") and not w.startswith("--") and "i" in w[1:])
            for w in args
        ):
            return
        files = operands[1:] if operands[:1] == [""] else operands  # BSD's `sed -i ''`
        self.add(files if "-e" in args or "-f" in args or name != "sed" else files[1:])

    def dd(self, name: str, args: list[str], operands: list[str]) -> None:
        self.add([w[3:] for w in args if w.startswith("of=")])

    def fetches(self, name: str, args: list[str], operands: list[str]) -> None:
        """curl, wget."""
        into = ("-o", "--output") if name == "curl" else ("-O", "--output-document")
        self.add([args[n + 1] for n, w in enumerate(args[:-1]) if w in into])
        given = [w for w in args if w not in into and w.startswith((into[0], into[1] + "="))]
        self.add([w[2:] if w.startswith(into[0]) else w.partition("=")[2] for w in given])

    def awk(self, name: str, args: list[str], operands: list[str]) -> None:
        if "inplace" in args:
            self.add(operands[1:])

    def makes(self, name: str, args: list[str], operands: list[str]) -> None:
        """What makes one file that it names first (7z: after a verb); split: files of which the second operand is the beginning."""
        if name == "split":
            self.add(["".join(operands[1:2] or ["x"]) + "aa"])
        else:
            self.add(operands[1:2] if name.startswith("7z") else operands[:1])

    def archives(self, name: str, args: list[str], operands: list[str]) -> None:
        """tar and its like: the folder that is unpacked into, the file that is made."""
        self.add([args[n + 1] for n, w in enumerate(args[:-1]) if w in ("-C", "-d", "--directory")])
        self.add([args[n + 1] for n, w in enumerate(args[:-1]) if w.lstrip("-").endswith("f") and "c" in w])

    def git(self, name: str, args: list[str], operands: list[str]) -> None:
        sub, rest = git_verb(args)
        if sub == "restore" and not {"--worktree", "-W"} & set(rest) and ({"--staged", "-S"} & set(rest)):
            return  # only the index: what a commit takes from it is looked at by itself
        if sub in ("restore", "rm", "mv"):
            self.add(_args(rest))
        elif sub == "checkout" and "--" in rest:
            self.add(rest[rest.index("--") + 1 :])
        elif sub == "checkout" and [w for w in _args(rest) if os.path.exists(os.path.join(self.cwd, w))]:
            self.add([w for w in _args(rest) if os.path.exists(os.path.join(self.cwd, w))])
        elif (
            sub == "clean"
            and not _looks_only(rest)
            or sub == "reset"
            and "--hard" in rest
            or sub == "stash"
            and rest[:1] not in (["list"], ["show"])
        ):
            self.add(["."])  # other agents' work in the same tree would go with it

    def find(self, name: str, args: list[str], operands: list[str]) -> None:
        if "-delete" not in args and not ("-exec" in args or "-execdir" in args):
            return
        if "-delete" in args or any(os.path.basename(w) in ALL_ARGS | LAST_ARG for w in args):
            self.add(args[: next((n for n, w in enumerate(args) if w.startswith("-")), len(args))])
            self.code.append(" ".join(args))


_WAYS = {
    "xargs": _Writes.applied,
    "sed": _Writes.in_place,
    "perl": _Writes.in_place,
    "ruby": _Writes.in_place,
    "dd": _Writes.dd,
    "curl": _Writes.fetches,
    "wget": _Writes.fetches,
    "tar": _Writes.archives,
    "unzip": _Writes.archives,
    "cpio": _Writes.archives,
    "bsdtar": _Writes.archives,
    **dict.fromkeys(("awk", "gawk"), _Writes.awk),
    **dict.fromkeys(("split", "zip", "7z", "7za", "fallocate", "mknod"), _Writes.makes),
    **dict.fromkeys(("zmv", "zcp", "zln"), _Writes.moved_alike),
    **dict.fromkeys(("fc", "history", "sysopen"), _Writes.kept),
    "hash": _Writes.named,
    "alias": _Writes.aliased,
    "git": _Writes.git,
    "find": _Writes.find,
}


def _has(args: list[str], letter: str, long: str) -> bool:
    """Whether an option is given, by its letter or its name."""
    return any(w == long or w.startswith("-") and not w.startswith("--") and letter in w for w in args)


def _remote(last: list[str]) -> bool:
    """Whether a copy goes to another machine: `host:path`."""
    return bool(last) and ":" in last[0].partition("/")[0]


def _looks_only(rest: list[str]) -> bool:
    """Whether `git clean` or `rsync` only says what it would do."""
    short = [w[1:].partition("e")[0] for w in rest if w.startswith("-") and not w.startswith("--")]  # behind `-e` stands its value
    return "--dry-run" in rest or any("n" in letters for letters in short)


def _outputs(name: str, args: list[str]) -> list[str]:
    """The files that a command writes which otherwise reads."""
    long = {"sort": "--output", "git": "--output"}.get(name)
    short = {"sort": "-o", "tree": "-o", "git": "-o"}.get(name)
    if name == "git":
        verb, rest = git_verb(args)
        if verb == "bundle" and rest[:1] == ["create"]:
            return _args(rest[1:])[:1]
        if verb in ("diff", "log", "show", "format-patch", "range-diff", "whatchanged"):
            into = ("--output", "-o", "--output-directory") if verb == "format-patch" else ("--output",)
            out = [rest[n + 1] for n, w in enumerate(rest[:-1]) if w in into]
            return out + [w.partition("=")[2] for w in rest if w.startswith(("--output=", "--output-directory="))]
        if verb != "archive":
            return []
    out = [args[n + 1] for n, w in enumerate(args[:-1]) if w in (short, long)] if short else []
    out += [w[len(short) :] for w in args if short and w.startswith(short) and len(w) > len(short) and not w.startswith("--")]
    out += [w.partition("=")[2] for w in args if long and w.startswith(long + "=")]
    return out + (_args(args)[1:2] if name in ("uniq", "xxd") else [])


def only_reads(text: str) -> bool:
    """Whether a command is made of nothing but known readers: it cannot have changed a file."""
    try:
        found = parse(text)
    except (ShellError, RecursionError):
        return False
    quiet = READERS | {"cd", "echo", "print", "pwd", "true", "pack", "printf", "which", "date"}
    for command in found:
        words = bare(command.words) or ["true"]
        name = os.path.basename(words[0])
        if name not in quiet or any(op in WRITES for op, _t in command.redirects) or _outputs(name, words[1:]):
            return False
    return True


def git_verb(args: list[str]) -> tuple[str, list[str]]:
    """git's arguments -> (subcommand, its arguments), past `-C dir` and `-c k=v`."""
    i = 0
    while i < len(args):
        if args[i] in ("-C", "-c", "--git-dir", "--work-tree", "--namespace"):
            i += 2
        elif args[i].startswith("-"):
            i += 1
        else:
            return args[i], args[i + 1 :]
    return "", []


_ADD_ALL = ("--all", "--update", "--no-ignore-removal", "--renormalize", ".")


def _anywhere(word: str) -> bool:
    """Whether an argument of git names files that only git can find: pathspec magic such as `:/`, a file of paths."""
    return word.startswith((":", "--pathspec-from-file"))


def commits(text: str, cwd: str) -> list[Commit]:
    """The `git commit`s of a command, each {"dir", "all", "paths", "adds", "add_all", "forced"}; `adds` are paths that the same
    command stages before, `forced`: ignored files too."""
    out: list[Commit] = []
    adds: list[str] = []
    add_all, forced, folder, found = False, False, cwd, parse(text)
    for at, command in enumerate(found):
        words = bare(command.words)
        if not words:
            continue
        if words[0] in ("cd", "pushd") and len(words) > 1:
            folder = os.path.join(folder, os.path.expanduser(words[1]))
        if os.path.basename(words[0]) != "git":
            continue
        repository = folder
        for n, w in enumerate(words[:-1]):
            if w == "-C":
                repository = os.path.join(folder, words[n + 1])
        sub, rest = git_verb(words[1:])
        if sub == "add" or sub == "stage":
            letters = "".join(w[1:] for w in rest if w.startswith("-") and not w.startswith("--"))
            if any(w in _ADD_ALL or _anywhere(w) for w in rest) or "A" in letters or "u" in letters:
                add_all = True
            forced = forced or "--force" in rest or "f" in letters
            adds += [os.path.join(repository, w) for w in _args(rest)]
        elif sub in ("commit", "commit-tree", "am", "cherry-pick", "merge", "revert") and not {"--dry-run", "--help"} & set(rest):
            flags = [w for w in rest if w.startswith("-") and not w.startswith("--")]
            skip, paths = False, []
            for w in rest:
                if skip:
                    skip = False
                elif w in ("-m", "-F", "-C", "-c", "-t", "--message", "--file", "--author", "--date", "--fixup", "--squash", "--template"):
                    skip = True
                elif w.startswith("-") and not w.startswith("--") and w[-1:] in "mFCct" and len(w) > 2:
                    skip = True
                elif not w.startswith("-"):
                    paths.append(os.path.join(repository, w))
            out.append(
                {
                    "dir": repository,
                    "all": "--all" in rest or any("a" in f.split("m")[0] for f in flags) or any(_anywhere(w) for w in rest),
                    "paths": paths if sub == "commit" else [],
                    "adds": list(adds),
                    "add_all": add_all or any("\0" in one for one in adds + paths),  # `git add $(git diff --name-only)`
                    "forced": forced,
                    "verb": sub,
                    "amend": sub == "commit" and any(w.startswith("--am") for w in rest),
                    "message": commit_message(rest, found[at : at + 2], repository),
                }
            )
    return out


def commit_message(words: list[str], found: list[Command], folder: str) -> str | None:
    """The message that the words behind `git commit` give, as far as they show it; None where it cannot be read beforehand (an editor, another
    commit's, a variable). found: the command and the one behind it, which for `-m "$(cat <<'EOF' ...)"` is its `cat`."""
    parts: list[str] = []
    i = 0
    while i < len(words):
        word, value, kind = words[i], "", ""
        if word in ("--message", "--file"):
            kind, value, i = word[2], (words[i + 1 : i + 2] or [""])[0], i + 1
        elif word.startswith(("--message=", "--file=")):
            kind, value = word[2], word.partition("=")[2]
        elif word.startswith("--"):
            if word.partition("=")[0] in ("--fixup", "--squash", "--reuse-message", "--reedit-message"):
                return None
        elif word.startswith("-") and len(word) > 1:
            letter = next((c for c in word[1:] if c in "mFCct"), None)
            if letter in ("C", "c"):
                return None
            if letter in ("m", "F"):
                kind, value = {"m": "m", "F": "f"}[letter], word[1:].partition(letter)[2]
                if not value:
                    value, i = (words[i + 1 : i + 2] or [""])[0], i + 1
        if kind:
            part = _from_file(value, found, folder) if kind == "f" else _in_words(value, found)
            if part is None:
                return None
            parts.append(part)
        i += 1
    return "\n\n".join(parts) if parts else None


def _from_file(name: str, found: list[Command], folder: str) -> str | None:
    """The message in the file of `-F NAME`, or in the here-document of `-F -`; None where it cannot be read."""
    try:
        if name == "-":
            return found[0].heredocs[0][0]
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read(1 << 16)
    except (IndexError, OSError, ValueError):
        return None


def _in_words(value: str, found: list[Command]) -> str | None:
    """The message of `-m VALUE`; None for a variable, which is looked at once the commit is made."""
    if "$" in value:
        return None
    if "\0" not in value:
        return value
    if value != "\0" or len(found) < 2 or found[1].words[:1] != ["cat"] or not found[1].heredocs:
        return None
    return found[1].heredocs[0][0]


def only(text: str) -> tuple[Command, Command | None] | None:
    """The single simple command of a text, with what feeds it: (Command, feeder or None); None when it is more than that.

    `cd DIR && X`, `X < file`, `X <<EOF`, `cat file | X`, `echo text | X` and `printf text | X` count as one X.
    """
    found = parse(text)
    if any(c.opaque or any("\0" in w for w in c.words) for c in found):
        return None
    if found and found[0].words[:1] == ["cd"] and len(found) > 1 and not found[1].piped:
        found = found[1:]
    if len(found) == 1 and not found[0].piped:
        return found[0], None
    if len(found) == 2 and found[1].piped and found[0].words[:1] in (["cat"], ["echo"], ["printf"]):
        return found[1], found[0]
    return None


CANNOT_FAIL = {"true", ":", "echo", "printf", "pwd", "date", "sleep", "cd"}
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
}
SHOWS |= {
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
BACKGROUND = "what runs in the background says nothing when it fails"
DRY = {"-n", "--dry-run", "--just-print", "--recon", "-i", "--ignore-errors", "-t", "--touch"}  # of make
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
    for one in lists:
        for _op, c in one:
            words = bare(c.words)
            at = _code_at(words) if words and os.path.basename(words[0]) in SHELLS else None
            if at is None:
                continue
            why = vacuous(words[at], is_test)
            if why is None and any(i.piped for i in parse(words[at], 9)) and "pipefail" not in words[at]:
                why = "a pipe inside `%s -c` hides a failure: write it in the command itself" % os.path.basename(words[0])
            if why and not (why == "it checks nothing" and (len(one) > 1 or len(lists) > 1)):
                return why
    if "+o pipefail" in " ".join(command.split()):
        return "it switches pipefail off"

    def sure(c: Command) -> bool:
        return _sure(bare(c.words), is_test)

    for one in lists:
        for _op, c in one:
            inverted = getattr(c, "opaque", False) and c.words[:1] == ["!"]
            if inverted and os.path.basename((bare(c.words[1:]) or [""])[0]) not in INVERTED:
                return "`!` turns a failure into a success"
    if not lists or all(sure(c) for one in lists for _op, c in one):
        return "it checks nothing"
    last = lists[-1]
    if len(lists) > 1 and all(_sure(bare(c.words), True) for _op, c in last):
        return "its end hides a failure"
    if any(op == "||" and _sure(bare(c.words), True) for op, c in last):
        return "its end hides a failure"
    return _hides(command, lists)


def _hides(command: str, lists: list[list[tuple[str, Command]]]) -> str | None:
    """Why the exit code of a command would not be that of what it runs: what stands in the background, behind an `exit`, in a trap."""
    made = [(n, c.words) for n, one in enumerate(lists) for _op, c in one]
    for n, words in made:
        name = os.path.basename((words or [""])[0])
        if name in ("alias", "coproc") or name == "trap" and "exit" in " ".join(words[1:-1]):
            return "`%s` may hide a failure" % name
        if name == "eval" and len(words) > 1 and not any(c in " ".join(words) for c in "$`\0"):
            return vacuous(" ".join(words[1:]))
        if name in ("exit", "return", "exec") and n < len(lists) - 1:
            return "what stands behind `%s` never runs" % name
        if name == "setsid" and {"-f", "--fork"} & set(words):
            return BACKGROUND
        if "make" in bare(words)[:1] and DRY & set(words) or "--if-present" in words:
            return "it may do nothing, or pass over what fails"
    marks = [(kind, value) for kind, value, quoted in tokens(command) if not quoted]
    while marks and marks[-1] == ("op", "\n"):
        marks.pop()
    if marks and marks[-1] == ("op", "&") or made[-1][1] == ["wait"]:
        return BACKGROUND
    if any(a == ("op", "(") and b == ("op", ")") for a, b in zip(marks, marks[1:])) or ("word", "function") in marks:
        return "a function may stand for something else than its name says"
    if any(one[0][0] == "" and _sure(bare(one[0][1].words), False) and len(one) > 1 and one[1][0] == "||" for one in lists):
        return "what stands behind `||` never runs"
    return None


def pipes(command: str) -> bool:
    """Whether a command has a pipe of its own (one inside a substitution decides nothing)."""
    try:
        return any(c.piped for c in parse(command, 9))
    except (ShellError, RecursionError):
        return False


def _lists(command: str) -> list[list[tuple[str, Command]]]:
    """The and-or lists of a command: [[(operator before it, Command)]]; `;`, a newline and `&` begin a new one. A `!` stays a word."""
    out: list[list[tuple[str, Command]]] = []
    fresh, op = True, ""
    current: Command | None = None
    expect: str | None = None
    for kind, value, quoted in tokens(command):
        if kind == "op" and value in (";", "\n", "&", ";;"):
            fresh, op, current, expect = True, "", None, None
        elif kind == "op" and value in ("&&", "||", "|", "|&", "(", ")"):
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
                current = Command()
                current.opaque = not quoted and value in KEYWORDS
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
    for one in out:
        for _op, c in one:
            while c.words and "=" in c.words[0] and c.words[0].split("=", 1)[0].replace("_", "a").isalnum() and not c.words[0][0].isdigit():
                c.words.pop(0)
    return [one for one in out if one]


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
    if not is_test:
        return False
    if name in SHOWS or len(words) > 1 and all(w in ABOUT_ITSELF for w in words[1:]):
        return True
    if name in SHELLS:
        at = _code_at(words)
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
