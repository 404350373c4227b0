"""Whether a command that is run with `bash -e -o pipefail` could still pass over a failure of one of its parts."""

from __future__ import annotations

import os

from .shell_reading import Command, bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    Lists = list[list[tuple[str, Command]]]

LOOKS = frozenset(
    "[ [[ test grep egrep fgrep rg diff cmp git find read curl wget nc ls cat stat which type command hash id uname wc".split()
)
PREPARES = frozenset(
    "true : echo printf pwd date sleep cd mkdir touch rm cp mv ln chmod kill pkill killall source . export unset ulimit umask createdb dropdb "
    "pip pip3 apt-get apt brew gem bundle composer tput clear".split()
)
WORDS = {  # programs that prepare something only where such a word is among their own
    "npm": {"ci", "i", "install", "config", "cache", "link"},
    "yarn": {"install", "config", "cache", "link", "add"},
    "pnpm": {"i", "install", "config", "link", "add"},
    "docker": {"up", "down", "pull", "build", "stop", "start", "rm", "kill", "network", "volume", "create", "inspect", "info", "ps"},
    "podman": {"up", "down", "pull", "build", "stop", "start", "rm", "kill", "network", "volume", "create", "inspect", "info", "ps"},
    "docker-compose": {"up", "down", "pull", "build", "stop", "start", "rm", "kill", "create", "ps"},
    "python": {"pip", "venv", "ensurepip", "virtualenv"},
    "python3": {"pip", "venv", "ensurepip", "virtualenv"},
}
OR = "what stands behind `||` decides where the first fails: leave it out, or join with `&&`"
AND = "a failure in front of `&&` ends that part only, and what stands behind the `;` decides: join all of it with `&&`"
ASKED = "a failure in a condition is none: run it as a command of its own"
OFF = "it switches errexit or pipefail off"
WATCHES = "it watches for changes and does not end: leave the watch mode out"
WATCHERS = {"nodemon", "ptw", "pytest-watch", "watchexec", "entr", "watch", "watchman-make", "chokidar"}
FOUND = "`find -exec … ;` ends well whatever it ran: pipe the names into `xargs -n1`"


def why(lists: Lists) -> str | None:
    """Why a failure would be passed over; None where none would be. lists: verifying.parts."""
    last = len(lists) - 1
    for n, one in enumerate(lists):
        for _op, c in one:
            found = _never_fails(bare(c.words))
            if found:
                return found
        if any(_asked(c) and not _prepares(c) for _op, c in one) and not any(fails(o[0][1].words) for o in lists[n + 1 :]):
            return ASKED
        for j, (op, _c) in enumerate(one):
            if op == "||" and not all(_prepares(c) for _o, c in one[:j]) and not _ends_badly(one[j:], lists[n + 1 : n + 2]):
                return OR
        ands = [j for j, (op, _c) in enumerate(one) if op == "&&"]
        if ands and n < last and not getattr(one[-1][1], "closes", False) and not all(_looks(c) for _o, c in one[: ands[-1]]):
            return AND
    return None


def _name(words: list[str]) -> str:
    return os.path.basename(words[0]) if words else ""


def _never_fails(words: list[str]) -> str | None:
    name = _name(words)
    if name == "set" and any(w[:1] == "+" and set("eo") & set(w[1:]) for w in words[1:]):
        return OFF
    if name == "shopt" and {"errexit", "pipefail"} & set(words):
        return OFF
    if {"--watch", "--watchAll", "--watch-all"} & set(words) or name in WATCHERS or words[:2] == ["cargo", "watch"]:
        return WATCHES
    if name == "find" and ";" in words and {"-exec", "-execdir", "-ok", "-okdir"} & set(words):
        return FOUND
    return None


def _words(c: Command) -> list[str]:
    words = bare(c.words)
    return words[1:] if words[:1] == ["!"] else words


def _asked(c: Command) -> bool:
    """Whether a command stands in a condition that takes its failure for an answer. `until X` and `while ! X` wait until X ends well."""
    word = getattr(c, "asked", "")
    return word in ("if", "elif") or word == "while" and c.words[:1] != ["!"]


def _looks(c: Command) -> bool:
    """Whether a command only asks how things are."""
    words = _words(c)
    return not words or _name(words) in LOOKS and not ("-exec" in words and _name(words) == "find")


def _prepares(c: Command) -> bool:
    """Whether a command only asks how things are, or sets something up or takes it away."""
    words = _words(c)
    name = _name(words)
    return _looks(c) or name in PREPARES or bool(WORDS.get(name, set()) & set(words[1:]))


def fails(words: list[str], behind: bool = False) -> bool:
    """Whether a command ends what it stands in as failed. behind: right behind a `||`, where `exit` alone keeps the failure."""
    name, rest = _name(words), words[1:]
    if name in ("exit", "return"):
        return behind and rest in ([], ["$?"]) or len(rest) == 1 and rest[0].isdigit() and int(rest[0]) % 256 > 0
    return name == "false"


def _ends_badly(behind: list[tuple[str, Command]], following: Lists) -> bool:
    """Whether what stands behind a `||` fails for certain: `exit 1`, or a word to the reader and then `exit 1`."""
    if fails(behind[0][1].words, True):
        return True
    said = all(_name(_words(c)) in ("echo", "printf", "cat") for _o, c in behind)
    return said and bool(following) and fails(following[0][0][1].words)
