"""The commits that a Bash command would make: which files they take, which message they get."""

from __future__ import annotations

import os

from .shell_reading import bare, git_verb, operands_of, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Commit
    from .shell_reading import Command

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
            adds += [os.path.join(repository, w) for w in operands_of(rest)]
        elif sub in ("commit", "commit-tree", "am", "cherry-pick", "merge", "revert") and not {
            "--dry-run",
            "--help",
            "--show-current-patch",
        } & set(rest):
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
