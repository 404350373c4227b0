"""What a Bash command would write, as far as reading it can tell: a table of writers over what shell_reading found.

What it cannot see (a script's own writes, computed paths) is found after the call by comparing files; see gate/after_tool.py. It
errs on the side of naming a path: `python3 -c` with the name of a protected file in its text counts as writing it.
"""

from __future__ import annotations

import os

from . import shell_patterns
from .shell_reading import Bare, CODE, Command, LOOPS, SHELLS, ShellError, WRITES, bare, git_verb, operands_of, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Sequence

DECLARES = {"export", "declare", "local", "readonly", "typeset"}
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
}
PACKERS = ("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lzma", "compress", "uncompress", "pigz")
LAST_ARG = {"cp", "mv", "install", "ln", "rsync", "scp", "link", "rename"}
NO_CONTENT = {"mkdir", "rmdir", "chmod", "chown", "chgrp", "setfacl", "chattr"}  # change no content: only protected paths matter
CACHES = {
    "__pycache__",
    "*.pyc",
    "*.pyo",
    "*.py[co]",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".ipynb_checkpoints",
    "*.egg-info",
    "node_modules",
    ".DS_Store",
    "*.swp",
    "*~",
}
# Options behind which a file stands that is written beside what the command is for.
RSYNC_KEEPS = tuple("--log-file --write-batch --only-write-batch --backup-dir --partial-dir -T --temp-dir".split())
CURL_KEEPS = tuple("-D --dump-header -c --cookie-jar --trace --trace-ascii --stderr --etag-save --hsts --alt-svc --libcurl".split())
WGET_KEEPS = tuple("-o --output-file -a --append-output --save-cookies --warc-file --rejected-log".split())
# What a command does to a path: its content changes; the name goes away (a link, and not what that points to); or neither.
CONTENT, ENTRY, NEITHER = "content", "entry", "neither"


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
    interpreters run (Code).

    A path that only the shell knows (`$x`, `$(...)`) is left out; a variable set to a literal before is filled in.
    """
    found = _Writes(text, cwd)
    for command in parse(text):
        found.take(command)
    return _without_passing(found.targets), found.code


def _without_passing(targets: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The targets, of which those are NEITHER that are not there now and that the same text takes away again (`git diff > d && wc d && rm d`, a rename
    by way of another name). One that stays after all is found by the next look."""
    last = {path: n for n, (path, effect) in enumerate(targets) if effect == ENTRY}
    made = {path for n, (path, effect) in enumerate(targets) if effect == CONTENT and n < last.get(path, -1)}
    # A copy that an in-place edit leaves beside its file: `sed -i.bak ... src/a.py && rm src/a.py.bak`.
    edited = [path for path, effect in targets if effect == CONTENT]
    beside = {path for path in last for file in edited if path.startswith(file) and os.sep not in path[len(file) :]}
    passing = {path for path in made | beside if not os.path.lexists(path)}
    return [(path, NEITHER if path in passing and n <= last[path] else effect) for n, (path, effect) in enumerate(targets)]


class Code(str):
    """What an interpreter may run or be handed, as text, and how it was called: whether it only reads can be asked (interpreted.only_reads)."""

    __slots__ = ("name", "args", "bodies", "data")
    name: str
    args: list[str]
    bodies: Sequence[str]
    data: bool

    def __new__(cls, text: str, name: str, args: list[str], bodies: Sequence[str] = (), data: bool = False) -> Code:
        """data: the text is what a pipe hands over."""
        self = str.__new__(cls, text)
        self.name, self.args, self.bodies, self.data = name, args, bodies, data
        return self


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
        operands = operands_of(args, name)
        self.add(_outputs(name, args))
        if name in DECLARES:
            self.known.update((w.partition("=")[0], w.partition("=")[2]) for w in operands if "=" in w and "\0" not in w)
        elif name in ("cd", "pushd") and len(operands) == 2:  # zsh: the one for the other in the present folder's name
            self.cwd = self.cwd.replace(operands[0], operands[1], 1)
        elif name in ("cd", "pushd") and operands:
            self.cwd = self.path(operands[0]) or self.cwd
        elif args and args[0] in ("--help", "--version"):
            pass
        elif name in ALL_ARGS:
            effect = ENTRY if name in ("rm", "unlink") else NEITHER if name in NO_CONTENT else CONTENT
            self.add(operands[1:] if name in ("chmod", "chown", "chgrp") else operands, effect)
        elif name in LAST_ARG:
            self.copies(name, args, operands)
        elif name in _WAYS:
            _WAYS[name](self, name, args, operands)
        if name.rstrip("0123456789.") in CODE or name in CODE:
            bodies = [body for body, _quoted in command.heredocs]
            self.code.append(Code(" ".join(args), name, args, bodies))
            self.code += [Code(body, name, args, bodies) for body in bodies]
            if command.piped:
                self.code.append(Code(self.text, name, args, bodies, data=True))

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
        if name == "rsync":
            self.add(_values(args, RSYNC_KEEPS))
            if _looks_only(args) or "--list-only" in args or len(operands) < 2:
                return
            if "--remove-source-files" in args:
                self.add(operands[:-1])
        if name in ("rsync", "scp") and _remote(operands[-1:]):
            return
        if name == "rename" and _has(args, "n", "--nono") or "--no-act" in args:
            return
        if name == "install" and _has(args, "d", "--directory"):
            return self.add(operands, NEITHER)
        for n, w in enumerate(args):
            if w in ("-t", "--target-directory") and n + 1 < len(args):
                self.add([args[n + 1]])
            elif w.startswith("--target-directory="):
                self.add([w.split("=", 1)[1]])
        sources, last = operands[:-1], operands[-1:]
        into = self.path(last[0]) if last else None
        whole = _has(args, "T", "--no-target-directory") or name == "ln" and _has(args, "n", "--no-dereference")
        if sources and into and os.path.isdir(into) and not (whole and os.path.islink(into)):  # into a folder: each under its own name
            last = [os.path.join(last[0], os.path.basename(w.rstrip("/"))) for w in sources]
        if name not in ("cp", "scp") or "--remove-destination" in args:
            self.replaced(last)
        self.add(last)
        if name == "mv":
            self.add(sources, ENTRY)
        elif name == "link" or name == "ln" and not _has(args, "s", "--symbolic") or name == "cp" and _has(args, "l", "--link"):
            self.add(sources)  # a second name of the same file: what is written through it later changes the first

    def replaced(self, words: Sequence[str]) -> None:
        """What is laid in the place of these names: a link of this name goes, whatever it leads to."""
        self.add([w for w in words if os.path.islink(self.path(w) or "")], ENTRY)

    def applied(self, name: str, args: list[str], operands: list[str]) -> None:
        """xargs: what it is applied to stands somewhere in the text, or only the shell knows it."""
        if any(os.path.basename(w) in ALL_ARGS | LAST_ARG | SHELLS for w in operands):
            self.code.append(self.text)

    def in_place(self, name: str, args: list[str], operands: list[str]) -> None:
        """sed, perl, ruby with -i."""
        if not any(w == "--in-place" or w.startswith("--in-place=") or "i" in _letters(w, _WITH_A_VALUE[name]) for w in args):
            return
        files, given, skip = [], False, False
        for w in args:
            if skip:
                skip = False
            elif w.startswith("--"):
                given = given or name == "sed" and w.startswith(("--expression", "--file"))
                skip = w in ("--expression", "--file", "--line-length")
            elif w.startswith("-") and len(w) > 1:
                letters = _letters(w, _WITH_A_VALUE[name])
                skip = len(w) == len(letters) + 1 and letters[-1:] in _VALUE_APART[name]
                given = given or letters[-1:] in _PROGRAM_IN[name]
            elif w:  # not BSD's `sed -i ''`
                files.append(w)
        files = files if given else files[1:]
        if "--follow-symlinks" not in args:
            self.replaced(files)
        self.add(files)

    def packs(self, name: str, args: list[str], operands: list[str]) -> None:
        """gzip and its like: what they are given goes away, unless they print, list or try it."""
        if not ({"--stdout", "--to-stdout", "--list", "--test"} & set(args) or any(set(_letters(w, "S")) & set("clt") for w in args)):
            self.add(operands)

    def patches(self, name: str, args: list[str], operands: list[str]) -> None:
        """patch: what it is given, or what -o names; nothing in a trial."""
        into = [args[n + 1] for n, w in enumerate(args[:-1]) if w in ("-o", "--output")]
        into += [w.partition("=")[2] for w in args if w.startswith("--output=")]
        if not {"--dry-run", "--check", "-C"} & set(args):
            self.add(into or operands)

    def line_ends(self, name: str, args: list[str], operands: list[str]) -> None:
        """dos2unix: each file, with -n every second one; nothing with -i."""
        if not any(w.startswith(("-i", "--info")) for w in args):
            self.add(operands[1::2] if _has(args, "n", "--newfile") else operands)

    def dd(self, name: str, args: list[str], operands: list[str]) -> None:
        self.add([w[3:] for w in args if w.startswith("of=")])

    def fetches(self, name: str, args: list[str], operands: list[str]) -> None:
        """curl, wget."""
        into = ("-o", "--output") if name == "curl" else ("-O", "--output-document")
        folder = ("--output-dir",) if name == "curl" else ("-P", "--directory-prefix")
        self.add([args[n + 1] for n, w in enumerate(args[:-1]) if w in into])
        for at in [
            args[n + 1] for n, w in enumerate(args[:-1]) if w in folder or name == "wget" and w[:1] == "-" != w[1:2] and w[-1:] == "P"
        ]:
            names = [w.partition("?")[0].rstrip("/").rpartition("/")[2] for w in operands if "/" in w]
            self.add([os.path.join(at, one) for one in names] or [at])
        self.add(_values(args, CURL_KEEPS if name == "curl" else WGET_KEEPS))
        given = [w for w in args if w not in into and w.startswith((into[0], into[1] + "="))]
        self.add([w[2:] if w.startswith(into[0]) else w.partition("=")[2] for w in given])

    def awk(self, name: str, args: list[str], operands: list[str]) -> None:
        if "inplace" in args:
            self.add(operands[1:])

    def makes(self, name: str, args: list[str], operands: list[str]) -> None:
        """What makes one file that it names first (7z: after a verb); split: files of which the second operand is the beginning."""
        if name == "split":
            self.add(["".join(operands[1:2] or ["x"]) + "aa"])
        elif name == "csplit":
            given = [args[n + 1] for n, w in enumerate(args[:-1]) if w in ("-f", "--prefix")]
            given += [w.partition("=")[2] for w in args if w.startswith("--prefix=")]
            self.add([(given or ["xx"])[0] + "00"])
        elif name.startswith("7z"):
            self.add([] if operands[:1] in (["l"], ["t"], ["x"], ["e"], ["i"], ["h"], ["b"]) else operands[1:2])
            self.add([w[2:] for w in args if w.startswith("-o") and len(w) > 2])
        elif name != "zip" or not {"-sf", "-T", "-h", "-v"} & set(args):
            self.add(operands[:1])

    def archives(self, name: str, args: list[str], operands: list[str]) -> None:
        """tar and its like: the folder that is unpacked into, the file that is made."""
        if name in ("tar", "bsdtar"):
            letters = "".join(w.lstrip("-") for n, w in enumerate(args) if w[:2] != "--" and (w[:1] == "-" or not n))
            makes = {"--create", "--append", "--update"} & set(args) or set(letters) & set("cru")
            into = [
                args[n + 1] for n, w in enumerate(args[:-1]) if w == "--file" or w[:2] != "--" and w[-1:] == "f" and (w[:1] == "-" or not n)
            ]
            if makes:
                return self.add(into + [w.partition("=")[2] for w in args if w.startswith("--file=")])
            if {"--list", "--diff", "--to-stdout"} & set(args) or set(letters) & set("tdO"):
                return
        here = ("-D", "-O", "-F", "--directory") if name == "cpio" else ("-C", "-d", "--directory")
        folders = _values(args, here)
        self.add(folders)
        if name in ("tar", "bsdtar") and not folders:  # into the present folder: the members that are asked for, else whatever is in it
            old = 1 if args[:1] and args[0][:1] != "-" else 0
            members = [w for w in operands[old:] if w not in into and not any(c in w for c in "*?[")]
            self.add(members or ["."])

    def git(self, name: str, args: list[str], operands: list[str]) -> None:
        sub, rest = git_verb(args)
        here = self.cwd
        for n, w in enumerate(args[:-1]):
            if w == "-C" and n < len(args) - len(rest):
                self.cwd = self.path(args[n + 1]) or self.cwd
        self.git_here(sub, rest)
        self.cwd = here

    def git_here(self, sub: str, rest: list[str]) -> None:
        if sub in ("rm", "mv", "add", "stage") and (_has(rest, "n", "--dry-run")):
            return
        if sub == "restore" and not {"--worktree", "-W"} & set(rest) and ({"--staged", "-S"} & set(rest)):
            return  # only the index: what a commit takes from it is looked at by itself
        if sub == "restore":
            self.replaced(operands_of(rest))
            self.add(operands_of(rest))
        elif sub == "rm":
            self.add(operands_of(rest), ENTRY)
        elif sub == "mv":
            self.copies("mv", rest, operands_of(rest))
        elif sub in ("clone", "init"):  # a repository inside of this one
            self.add(operands_of(rest, "git " + sub)[1:2] if sub == "clone" else operands_of(rest, "git init")[:1])
        elif sub == "merge-file" and not _has(rest, "p", "--stdout"):
            self.add(operands_of(rest, "git merge-file")[:1])
        elif sub == "checkout" and "--" in rest:
            self.replaced(rest[rest.index("--") + 1 :])
            self.add(rest[rest.index("--") + 1 :])
        elif sub == "checkout" and [w for w in operands_of(rest) if os.path.exists(os.path.join(self.cwd, w))]:
            self.add([w for w in operands_of(rest) if os.path.exists(os.path.join(self.cwd, w))])
        elif (
            sub == "clean"
            and not _looks_only(rest)
            or sub == "reset"
            and "--hard" in rest
            or sub == "stash"
            and rest[:1] not in (["list"], ["show"], ["create"])
        ):
            self.add(["."])  # other agents' work in the same tree would go with it

    def find(self, name: str, args: list[str], operands: list[str]) -> None:
        self.add([args[n + 1] for n, w in enumerate(args[:-1]) if w in ("-fprint", "-fprint0", "-fprintf", "-fls")])
        if "-delete" not in args and not ("-exec" in args or "-execdir" in args) or _caches_only(args):
            return
        verbs = [os.path.basename(w) for w in args if os.path.basename(w) in ALL_ARGS | LAST_ARG]
        if "-delete" not in args and verbs and set(verbs) <= {"cp", "ln", "rsync", "scp"}:
            at = next(n for n, w in enumerate(args) if os.path.basename(w) in verbs)
            end = next((n for n, w in enumerate(args) if n > at and w in (";", "+")), len(args))
            if verbs == verbs[:1] and "{}" not in args[end - 1]:  # what is found is only read
                return self.copies(verbs[0], args[at + 1 : end], operands_of(args[at + 1 : end], verbs[0]))
        if "-delete" in args or verbs:
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
    **dict.fromkeys(PACKERS, _Writes.packs),
    **dict.fromkeys(("dos2unix", "unix2dos"), _Writes.line_ends),
    "patch": _Writes.patches,
    "tar": _Writes.archives,
    "unzip": _Writes.archives,
    "cpio": _Writes.archives,
    "bsdtar": _Writes.archives,
    **dict.fromkeys(("awk", "gawk"), _Writes.awk),
    **dict.fromkeys(("split", "csplit", "zip", "7z", "7za", "fallocate", "mknod"), _Writes.makes),
    **dict.fromkeys(("zmv", "zcp", "zln"), _Writes.moved_alike),
    **dict.fromkeys(("fc", "history", "sysopen"), _Writes.kept),
    "hash": _Writes.named,
    "alias": _Writes.aliased,
    "git": _Writes.git,
    "find": _Writes.find,
}


def known_way(name: str) -> bool:
    """Whether the table tells what a command of this name writes."""
    return name in _WAYS


# Letters of sed, perl, ruby behind which their value stands in the same word, and those whose value may be the next word.
_WITH_A_VALUE = {"sed": "efli", "perl": "eEMmIFixCDdV", "ruby": "erICFEKTWxi"}
_PROGRAM_IN = {"sed": ("e", "f"), "perl": ("e", "E"), "ruby": ("e",)}
_VALUE_APART = {"sed": "efl", "perl": "eEI", "ruby": "erICE"}


def _letters(word: str, valued: str) -> str:
    """The option letters of a word, up to one that takes what stands behind it as its value (`-lne'print if /i/'` -> "lne"); "" for none."""
    if word[:1] != "-" or word[:2] == "--":
        return ""
    end = next((n for n, c in enumerate(word) if n and c in valued), len(word))
    return word[1 : end + 1]


def _caches_only(args: list[str]) -> bool:
    """Whether `find` deletes nothing but what is called like a cache: every alternative of its conditions asks for such a name."""
    alternatives: list[list[str]] = [[]]
    for word, behind in zip(args, args[1:] + [""]):
        if word in (",", "-fprint", "-fprintf", "-fls") or word in ("!", "-not") and behind == "(":
            return False
        if word in ("-o", "-or"):
            alternatives.append([])
        else:
            alternatives[-1].append(word)
    return all(_asks_for_a_cache(one) for one in alternatives)


def _asks_for_a_cache(words: list[str]) -> bool:
    """Whether one alternative of `find` is true only of caches, or only keeps it from going into a folder."""
    if "-prune" in words and not {"-delete", "-exec", "-execdir"} & set(words):
        return True
    for verb in ("-exec", "-execdir"):
        if verb in words and [
            w for w in words[words.index(verb) + 1 :] if w not in ("rm", "-r", "-f", "-rf", "-fr", "-v", "{}", ";", "+", "--")
        ]:
            return False
    return any(
        word in ("-name", "-iname") and name in CACHES and before not in ("!", "-not")
        for before, word, name in zip([""] + words, words, words[1:])
    )


def _has(args: list[str], letter: str, long: str) -> bool:
    """Whether an option is given, by its letter or its name."""
    return any(w == long or w.startswith("-") and not w.startswith("--") and letter in w for w in args)


def _values(args: list[str], options: tuple[str, ...]) -> list[str]:
    """What stands behind these options, in the next word or behind `=`."""
    behind = [args[n + 1] for n, w in enumerate(args[:-1]) if w in options]
    return behind + [w.partition("=")[2] for w in args if "=" in w and w.partition("=")[0] in options]


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
            return operands_of(rest[1:])[:1]
        if verb in ("diff", "log", "show", "format-patch", "range-diff", "whatchanged"):
            into = ("--output", "-o", "--output-directory") if verb == "format-patch" else ("--output",)
            out = [rest[n + 1] for n, w in enumerate(rest[:-1]) if w in into]
            return out + [w.partition("=")[2] for w in rest if w.startswith(("--output=", "--output-directory="))]
        if verb != "archive":
            return []
    out = [args[n + 1] for n, w in enumerate(args[:-1]) if w in (short, long)] if short else []
    out += [w[len(short) :] for w in args if short and w.startswith(short) and len(w) > len(short) and not w.startswith("--")]
    out += [w.partition("=")[2] for w in args if long and w.startswith(long + "=")]
    return out + (operands_of(args, name)[1:2] if name in ("uniq", "xxd") else [])
