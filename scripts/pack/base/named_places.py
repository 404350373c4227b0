"""Commands that name a place of the client's or the hooks' (`.claude`, `plugins/data`) and are not known only to read it.

shell_writes tells what known commands write. Of what it does not know (`prettier --write`, `openssl rand -out`, a function, `$(echo rm)`) a path in
the arguments may be written; elsewhere the next look finds that, but a protected place is not written in plain sight. So what reads is
listed here, and what is neither listed nor in shell_writes' tables counts as writing it. Asked only of text that names such a place.
"""

from __future__ import annotations

import os
import re

from .shell_reading import CODE, KEYWORDS, LOOPS, SHELLS, Command, bare
from .shell_writes import ALL_ARGS, LAST_ARG, known_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

MARKS = (".claude", "plugins/data")
READS = frozenset(
    # look at text and files
    "cat tac nl head tail less more most bat batcat pr fold fmt rev cut tr paste join column colrm expand unexpand tsort look ptx "
    "grep egrep fgrep zgrep rg ag ack ugrep ls dir vdir exa eza lsd tree stat file wc du df diff diff3 sdiff cmp comm colordiff delta "
    "od xxd hexdump hd strings md5sum md5 sha1sum sha224sum sha256sum sha384sum sha512sum shasum cksum sum b2sum b3sum crc32 "
    "jq gojq jaq xmllint zcat bzcat xzcat zless readlink realpath basename dirname namei getfacl lsattr "
    "getfattr locate which whereis type uniq sort shuf test [ [[ ]] (( lsof fuser "
    # say something
    "echo printf print true false : exit return gh glab hub logger wall notify-send say pbcopy xclip xsel wl-copy mail man tldr help claude pack "
    # of the shell
    "cd pushd popd dirs pwd export declare local readonly typeset set unset shopt let read mapfile readarray shift getopts wait jobs case".split()
)
LOOKS = frozenset(  # tools that look at a project, unless an option says otherwise
    "base64 base32 yq tomlq xq dasel fx jless fd fdfind vimdiff inotifywait ajv check-jsonschema jsonschema jsonlint yamllint markdownlint "
    "markdownlint-cli2 mdl remark vale proselint alex cspell codespell typos lychee actionlint shellcheck hadolint pytest py.test mypy pyright pyre "
    "pylint flake8 bandit vulture radon semgrep trivy gitleaks trufflehog detect-secrets cloc tokei scc ls-lint editorconfig-checker ec pre-commit "
    "prettier eslint stylelint biome agnix tsc jest vitest mocha ava npm pnpm yarn make just task".split()
)
CHANGES = frozenset(  # options by which a program that looks changes what it looks at
    "-i --in-place --inplace -w --write --fix --fix-only --unsafe-fixes --apply --overwrite --replace --update --write-changes -o --output -x "
    "--exec".split()
)
_SED_WRITES = re.compile(
    r"(?:^|[\s;{}/|#,@!0-9$gpiIMm])[wW]\s+\S*(?:\.claude|plugins/data)|[/|#,@][gpiIMm0-9]*e(?:\s*$|[;}\n])|(?:^|[\s;{0-9$/])e\s+\w"
)


def unread(parsed: Sequence[Command], text: str) -> list[str]:
    """The commands of a parsed text, each as one string, that name such a place and may change it. text: the whole of it."""
    out: list[str] = []
    made: set[str] = set()
    for command in parsed:
        words = bare(command.words)
        before = command.words[: len(command.words) - len(words)]
        if any(mark in word for word in before for mark in MARKS):  # `time -o FILE date`
            out.append(" ".join(command.words))
        if words[:1] and words[0] in ("read", "mapfile", "readarray"):
            made.update(w for w in words[1:] if w.isidentifier())
        if command.piped and words and os.path.basename(words[0]) in ("parallel", "xargs"):
            told = next((w for w in words[1:] if not w.startswith("-")), "").split()
            if told and os.path.basename(told[0]) not in READS:
                out.append(text)
        if words and _may_change(words):
            out.append(" ".join(words).replace("\\", ""))
    # What a loop reads from a pipe or a here-string: the words stand elsewhere in the text.
    if made and any(_changes_one_of(command, made) for command in parsed):
        out.append(text)
    return out


def _may_change(words: list[str]) -> bool:
    """Whether a simple command that names such a place may change it in a way that shell_writes does not tell."""
    if any(mark in words[0] for mark in MARKS):  # it is run, or an option before it was not understood
        return True
    if words[0] in KEYWORDS or words[0] in LOOPS or not any(mark in word for word in words[1:] for mark in MARKS):
        return False
    name = os.path.basename(words[0])
    if name == "sed":
        return any(_SED_WRITES.search(word) for word in words[1:])
    if name == "git":
        return any(word in ("-o", "--output") and mark in value for word, value in zip(words, words[1:]) for mark in MARKS)
    if name in READS or name in SHELLS or name.rstrip("0123456789.") in CODE or name in CODE:
        return False  # what interpreters are handed is looked at by itself
    if name in LOOKS:
        return bool(CHANGES.intersection(words[1:]))
    return not (name in ALL_ARGS or name in LAST_ARG or known_way(name))


def _changes_one_of(command: Command, names: set[str]) -> bool:
    """Whether a command writes to what one of these variables holds."""
    words = bare(command.words)
    name = os.path.basename(words[0]) if words else ""
    spots = [target for op, target in command.redirects if ">" in op]
    if name in ALL_ARGS or name in LAST_ARG or known_way(name) and name not in ("find", "hash", "alias", "history", "fc"):
        spots += words[1:]
    return any("$" + one in spot or "${" + one in spot for spot in spots for one in names)
