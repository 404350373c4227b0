"""Reads the text of a Bash command: words, simple commands, what one shell hands to another. Not a shell: nothing is run, and a value that
only the shell knows stays open ("\\0" in a word)."""

from __future__ import annotations

import os

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
SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "ash"}
# Interpreters, and the option that hands them code; None: the first operand, or a file.
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
    "uniq": "-f -s -w --skip-fields --skip-chars --check-chars",
    "xxd": "-c -cols -g -groupsize -l -len -n -name -o -s -seek -R",
    "csplit": "-f -b -n --prefix --suffix-format --digits",
    "watch": "-n",
    "awk": "-i -v -F -f",
    "gawk": "-i -v -F -f",
    "sed": "-e -f -l",
    "perl": "-e",
    "ruby": "-e",
    "wget": "-P --directory-prefix -O --output-document -o --output-file",
    "git clone": "--depth -b --branch -o --origin -c --config --reference --reference-if-able -j --jobs --filter -u --upload-pack --template "
    "--separate-git-dir --shallow-since --shallow-exclude --server-option --bundle-uri",
    "git init": "-b --initial-branch --template --separate-git-dir --object-format --ref-format",
    "git merge-file": "-L --marker-size",
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
        elif text.startswith("$((", i) and (calc := _arithmetic(text, i + 1))[0]:
            i = calc[0]
            subs.extend(calc[1])
            word.append("\0")
            live = True
        elif text.startswith(("$(", "<(", ">("), i) or c == "`":
            i, inner = _substitution(text, i)
            subs.append(inner)
            word.append("\0")  # a value that only the shell knows
            live = True
        elif text.startswith("((", i) and not live and (calc := _arithmetic(text, i))[0]:
            word.append("((...))")
            i, live = calc[0], True
            subs.extend(calc[1])
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


def _arithmetic(text: str, i: int) -> tuple[int, list[str]]:
    """(index behind the `((...))` that begins here, the commands in it); (0, []) where it is two subshells: arithmetic has an operator between any
    two words."""
    end, inner = _substitution(text, i - 1)
    if inner[-1:] != ")":
        return 0, []
    plain: list[str] = []  # the expression, a value in place of each command
    found: list[str] = []
    at, inner = 0, inner[:-1]
    while at < len(inner):
        if inner.startswith("$(", at) or inner[at] == "`":
            if inner.startswith("$((", at) and (calc := _arithmetic(inner, at + 1))[0]:
                at = calc[0]
                found += calc[1]
            else:
                at, one = _substitution(inner, at)
                found.append(one)
            plain.append("0")
        else:
            plain.append(inner[at])
            at += 1
    operands = "".join(" " if c.isspace() else c if c.isalnum() or c in "_$" else "\n" for c in "".join(plain))
    return (0, []) if any(len(one.split()) > 1 for one in operands.split("\n")) else (end, found)


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
        elif text.startswith("$((", i) and (calc := _arithmetic(text, i + 1))[0]:
            i = calc[0]
            subs.extend(calc[1])
            piece.append("\0")
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
    at = code_at(words) if a_shell else None
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
    if name in SHELLS and code_at(words) is None or name in (".", "source") and words[1:2] == ["/dev/stdin"]:
        out += [value for op, value in command.redirects if op == "<<<"]
        if command.piped and before is not None and before.words[:1] in (["echo"], ["printf"], ["print"]):
            out.append(" ".join(before.words[1:]))
    if (name in SHELLS or name in (".", "source", "eval")) and "\0" in words:  # `bash <(echo ...)`
        made = [one for text in command.subs for one in parse(text, depth)]
        out += [" ".join(c.words[1:]) for c in made if c.words[:1] in (["echo"], ["printf"], ["print"])]
    if command.words[:1] == ["env"] and "-S" in command.words[:-1]:
        out.append(command.words[command.words.index("-S") + 1])
    if name == "watch":
        out.append(" ".join(operands_of(words[1:], "watch")))
    if name == "script" and "-c" in words[:-1]:
        out.append(words[words.index("-c") + 1])
    return [one for text in out for one in parse(text, depth)]


def code_at(words: list[str]) -> int | None:
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


def operands_of(words: list[str], command: str = "") -> list[str]:
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


def pipes(command: str) -> bool:
    """Whether a command has a pipe of its own (one inside a substitution decides nothing)."""
    try:
        return any(c.piped for c in parse(command, 9))
    except (ShellError, RecursionError):
        return False
