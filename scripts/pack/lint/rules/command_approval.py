"""An embedded command that the client will ask about, and then give up on

!`...` passes through the permission check. A script of the plugin, or a command that changes something, that
`allowed-tools` does not cover "requires approval", and the whole command aborts.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    !`python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py *)
    ---
    !`python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`

Source: client, measured
"""

from .. import refs, tools
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("command", "skill")
# Measured: npm, make, gh, jq, curl, touch, mkdir, awk, git add, command -v (`which` and `type` are free), hash. The others are of their kind.
PROGRAMS = frozenset(
    "awk npm npx yarn pnpm make pip pip3 pytest cargo gh jq curl wget touch rm mv cp mkdir chmod mvn gradle kubectl terraform command hash".split()
)
GIT = frozenset("add commit push pull checkout switch merge rebase reset clean stash cherry-pick".split())
_QUOTED = lazy(r"\\.|\"(?:\\.|[^\"\\])*\"|'[^']*'")
_BETWEEN = lazy(r"\|\|?|&&|;")
_COMPOUND = lazy(r"[;&|<>\n`]|\$\(")


def check(file, context):
    """Scripts below the plugin's root that no Bash rule of allowed-tools begins like, and programs that are never free."""
    rules = [tool.rule for tool in tools.listed(file, "allowed-tools") or () if tool.name in ("Bash", "PowerShell")]
    if None in rules or file.plugin is None or not file.plugin.is_plugin:
        return
    for start, end in refs.embedded(file):
        command = file.text[start:end].split("```")[0].strip()
        if "CLAUDE_PLUGIN_ROOT" not in command and "CLAUDE_SKILL_DIR" not in command:
            parts = [part for line in command.split("\n") for part in _parts(line) if _changes(part)]
            asked = next((part for part in parts if not any(_begins(part, rule) for rule in rules)), None)
            known, command = asked is None, asked or command
        else:
            known = rules and (_COMPOUND.search(command) or any(_first(command, rule) for rule in rules))
        if known:
            continue
        text = (
            "allowed-tools has no Bash(...) for this %s" % ("script" if "{CLAUDE_" in command else "command")
            if not rules
            else "no Bash(...) of allowed-tools begins with %r" % " ".join(command.split()[: 2 if _word(command) == "git" else 1])
        )
        yield file.hit((start, min(end, file.source.line_end(start))), text + ": the client aborts the command")
        return


def _parts(line):
    """The commands of a line: each needs a rule of its own."""
    if "$(" in line or "`" in line:
        return [line.strip()]
    blank = _QUOTED.sub(lambda match: " " * len(match.group()), line)
    ends = [match.span() for match in _BETWEEN.finditer(blank)]
    return [line[start:end].strip() for start, end in zip([0] + [end for _, end in ends], [start for start, _ in ends] + [len(line)])]


def _changes(command):
    """Is it a single command that the client asks about when nothing allows it? What only reads is free."""
    words = command.split()
    if not words or _COMPOUND.search(_QUOTED.sub("", command)) or words[-1] in ("--version", "-v", "-V", "--help", "version"):
        return False
    return words[0] in PROGRAMS or words[0] == "git" and len(words) > 1 and words[1] in GIT


def _begins(command, rule):
    """Does a command (one line) begin like the rule says? A rule with a wildcard inside is read in the author's favour."""
    rule = rule.strip()
    stem = rule[:-2] if rule.endswith((":*", " *")) else rule
    if "*" in stem:
        return _like(_word(command), _word(stem))
    return command.split()[: len(stem.split())] == stem.split()


def _first(command, rule):
    """Could the rule be for this program? Its first word decides; how arguments match is the client's own affair."""
    rule = rule.strip()
    return _like(_word(command), _word(rule[:-2] if rule.endswith(":*") else rule) or "*") or rule[:1] == "*"


def _like(word, rule):
    """Does a word match a rule whose only wildcard is `*`? (To import fnmatch costs more than to look at ten commands.)"""
    head, *parts = rule.split("*")
    if not parts:
        return word == rule
    tail = parts.pop()
    at, end = len(head), len(word) - len(tail)
    if at > end or not word.startswith(head) or not word.endswith(tail):
        return False
    for part in parts:
        at = word.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _word(text):
    words = text.replace('"', "").replace("'", "").split()
    return words[0] if words else ""
