"""Before a shell command: nobody of the team starts another client, whose agents would be in no roster, and nobody types for the user.

What is told here is what stands in plain sight. A client that a script starts is known afterwards: it lies below the run's own, or its
environment says that a client's shell started it (identity.py)."""

from __future__ import annotations

import os

from ..base import shell_reading
from ..protocol import tables
from ..protocol.refusal import Refusal
from .prompt_lines import TYPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Sequence
    from ..base.shell_reading import Command
    from .hook_call import Call

# What the client's own command line answers without starting an agent (`claude --help` of 2.1.329).
LOOKS = {
    "plugin": ("validate", "list", "details", "test", "help"),
    "plugins": ("validate", "list", "details", "test", "help"),
    "mcp": ("list", "get", "help"),
    "auth": ("status", "help"),
}
# Its subcommands: what stands first and is none of them is a prompt.
COMMANDS = frozenset("agents auth auto-mode doctor gateway import install mcp plugin plugins purge setup-token update upgrade".split())
NAMES = ("claude", "claude-code")
RUNNERS = ("npx", "bunx", "pnpx", "pnpm", "yarn", "bun", "npm")  # which start a package by its name
# Programs that start what their arguments or their input say, somewhere else or later; the first row types into a terminal.
TYPING = ("tmux", "screen", "xdotool", "ydotool", "wtype", "osascript", "expect", "zellij", "wezterm", "kitty", "kitten")
ELSEWHERE = TYPING + (
    "script",
    "at",
    "batch",
    "crontab",
    "systemd-run",
    "docker",
    "podman",
    "ssh",
    "watch",
    "parallel",
    "start-stop-daemon",
)
UNKNOWN = ("which claude", "command -v claude", "type -p claude", "whence claude", "CLAUDE_CODE_EXECPATH", "=claude", "/claude")
STARTS = ("subprocess", "system(", "popen", "spawn", "exec")


def check(call: Call, parsed: Sequence[Command], code: Sequence[str], command: str) -> None:
    """Raises the Refusal. parsed, code: what was read of the command."""
    for c in parsed:
        words = shell_reading.bare(c.words)
        if not words:
            continue
        name = os.path.basename(words[0])
        if name in ELSEWHERE:
            if name in TYPING and _said(command):
                raise Refusal(
                    "TYPED_FOR_THE_USER",
                    "`%s` would type a word that is the user's alone" % name,
                    command[:100],
                    "ask the user, in your own words",
                    "BASH",
                )
            if _named(command):
                _refuse(call, command)
        elif _starts(words, command):
            _refuse(call, command)
    for text in code:
        folded = text.casefold()
        if any(mark in folded for mark in ("'claude'", '"claude"', "claude -p", "claude --print")) and any(w in folded for w in STARTS):
            _refuse(call, command)


def _starts(words: Sequence[str], command: str) -> bool:
    """Whether a simple command starts a client that is more than a look."""
    name, rest = os.path.basename(words[0]), words[1:]
    script = next((i for i, w in enumerate(rest) if "claude-code" in w and w.endswith((".js", ".cjs", ".mjs"))), None)
    if name in RUNNERS:
        at = next((i for i, w in enumerate(rest) if w.partition("@")[0] in NAMES or w.startswith("@anthropic-ai/claude-code")), None)
        if at is None or name == "npm" and not any(w in ("exec", "x") for w in rest[:at]):
            return False
        name, rest = "claude", [w for w in rest[at + 1 :] if w != "--"]
    elif name in ("node", "bun", "deno") and script is not None:
        name, rest = "claude", rest[script + 1 :]
    elif ("\0" in words[0] or "$" in words[0]) and any(shape in command for shape in UNKNOWN):
        name = "claude"  # a variable, or a command's own output, is what is run
    return name in NAMES and not _looks(rest)


def _looks(rest: Sequence[str]) -> bool:
    """Whether the client's arguments start no agent and change no installation."""
    if rest[:1] in (["--version"], ["-v"], ["--help"], ["-h"]) or rest == ["doctor"]:
        return True
    if len(rest) < 2 or rest[0].startswith("-") or rest[0] not in COMMANDS:
        return False
    if rest[-1] in ("--help", "-h") and not any(w in ("-p", "--print") for w in rest):
        return True
    known = rest[1] in LOOKS.get(rest[0], ())
    return known or rest[1:3] == ["marketplace", "list"] or rest[1:2] == ["tag"] and "--dry-run" in rest and "--push" not in rest


def _named(command: str) -> bool:
    """Whether a text names a client that would be started, as a word of its own."""
    words = command.replace("'", " ").replace('"', " ").replace(";", " ").split()
    return any(os.path.basename(w) in NAMES and not _looks(words[i + 1 :]) for i, w in enumerate(words))


def _said(command: str) -> bool:
    """Whether a text holds a word that counts as the user's (prompt_lines.TYPED), however it is spaced."""
    text = "".join(c for c in command.casefold().replace("space", "") if c.isalnum())
    return any("".join(words.split()) in text for words in TYPED if words != "team status")


def _refuse(call: Call, command: str) -> NoReturn:
    raise Refusal(
        "NESTED_CLIENT",
        "nobody of the team starts another client: its agents would be in no roster",
        command[:100],
        ("spawn an agent of the team instead" if call.actor["role"] == tables.LEAD else "ask the lead for an agent")
        + "; `claude --version` and `claude plugin validate PATH` start none and pass",
        "BASH",
    )
