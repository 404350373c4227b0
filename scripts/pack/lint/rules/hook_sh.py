"""Bash's own words in a hook that sh runs

On Debian and Ubuntu `sh` is dash, on macOS it is Bash: the author sees nothing. dash does not find `[[`, so the test counts as false; an
array, `<<<`, `<(...)` or `${x//a/b}` ends it with exit code 2, by which a gate refuses every call. A command in hooks.json is given
to `sh`, too.

Bad `scripts/guard.sh`, `hooks/hooks.json`:

    #!/bin/sh
    if [[ "$(cat)" == *secret* ]]; then
      echo "no" >&2
      exit 2
    fi
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "\\"${CLAUDE_PLUGIN_ROOT}\\"/scripts/guard.sh"}]}]}}

Good `scripts/guard.sh`, `hooks/hooks.json`:

    #!/usr/bin/env bash
    if [[ "$(cat)" == *secret* ]]; then
      echo "no" >&2
      exit 2
    fi
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "\\"${CLAUDE_PLUGIN_ROOT}\\"/scripts/guard.sh"}]}]}}

Source: client 2.1.332 with dash 0.5.12, measured 2026-11-30
"""

from .. import hookfile
from ..lazy import MULTILINE, lazy
from ..scripts import of_handler

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_SHEBANG = lazy(r"#!\s*(?:/usr)?/bin/(?:env +)?(?:sh|dash)\s*(?:-\w+)?\s*\n")
_COMMENT = lazy(r"(?:^|\s)#[^\n]*", MULTILINE)
_DOCUMENT = lazy(r"<<-?\s*[\"'\\]?(\w{1,40})[\"']?[^\n]*\n(?:(?!\s*\1\s*$)[^\n]*\n)*\s*\1\s*$", MULTILINE)
_QUOTED = lazy(r"'[^']*'")
_UNKNOWN = lazy(r"(?:^|[;&|({]|\b(?:if|elif|while|until|then|do|else)\b|!)[ \t]*(\[\[)[ \t]", MULTILINE)
_FATAL = lazy(r"^[ \t]*\w+\+?=(\()|(<<<)|(?:^|[ \t])([<>]\()|(\$\{\w+(?:\^\^?|,,?|//?|:[0-9])[^}\n]*\})", MULTILINE)
_ELSE = ("BASH_VERSION", "exec bash", "exec env bash", "exec /bin/bash")


def check(file, context):
    """Scripts that begin with #!/bin/sh and are run directly, or are given to sh."""
    for handler in hookfile.handlers(file):
        found = _in_command(handler)
        if found:
            yield file.hit(
                handler.at("command"), "the command has %s, which is Bash's; the client gives it to sh: %s; write bash -c" % found[1:]
            )
        for script in of_handler(handler):
            if handler.plugin is None or script.sub is None or script.escapes or script.program not in (None, "sh", "dash"):
                continue
            text = script.written(context.project, handler.plugin.path(script.sub)) or ""
            if script.program is None and not _SHEBANG.match(text) or any(mark in text for mark in _ELSE):
                continue
            if not any(mark in text for mark in ("[[", "=(", "+=(", "<<<", "<(", ">(", "${")):
                continue
            found = _first(text)
            if found:
                yield file.hit(
                    script.span, "%s: line %d has %s, which is Bash's: %s; begin it with #!/usr/bin/env bash" % ((script.sub,) + found)
                )


def _in_command(handler):
    """The same of what stands in hooks.json itself, unless a Bash is started there (or the client's `shell` says so)."""
    command = handler.command
    if not command or isinstance(handler.value.get("args"), list) or handler.value.get("shell") not in (None, "sh"):
        return None
    if "[[" not in command and "<<<" not in command and "<(" not in command or "bash" in command or "zsh" in command:
        return None
    return _first(command)


def _first(text):
    """(line, what, the effect where sh is dash) of the first that dash does not know, or None."""
    plain = _DOCUMENT.sub(_blank, text)
    plain = _COMMENT.sub(_blank, plain)
    plain = _QUOTED.sub(_blank, plain)
    fatal = _FATAL.search(plain)
    if fatal:
        what = fatal.group(fatal.lastindex)
        shown = {"(": "an array", "<(": "<(...)", ">(": ">(...)"}.get(what, what)
        return plain.count("\n", 0, fatal.start(fatal.lastindex)) + 1, shown, "where sh is dash (Debian, Ubuntu) it ends with exit code 2"
    match = _UNKNOWN.search(plain)
    if match:
        return plain.count("\n", 0, match.start(1)) + 1, "[[", "where sh is dash (Debian, Ubuntu) the test counts as false"
    return None


def _blank(match):
    return "\n" * match.group().count("\n")
