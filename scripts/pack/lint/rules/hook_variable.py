"""A variable that no hook gets

A hook reads its event as JSON on standard input; tool names, inputs and files are never in the environment, whatever older
guides say. The shell puts nothing in their place, and the command works on no file, or on all.

Bad `hooks/hooks.json`:

    {"hooks": {"PostToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "prettier --write \\"$CLAUDE_FILE_PATHS\\""}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PostToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "jq -r .tool_input.file_path | xargs prettier --write"}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import lazy
from ..scripts import of_handler
from ..source import line_start

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_VARIABLE = lazy(r"(?<![\\\w$])\$(?:\{(!?#?)([A-Z][A-Z0-9_]*)([^}]?)|([A-Z][A-Z0-9_]*))")
_ENVIRON = lazy(r"(?:environ(?:\.get\(|\[)|getenv\()\s*[\"']([A-Z][A-Za-z_]{3,40})[\"']|process\.env\.([A-Z][A-Za-z_]{3,40})")
_EVENT = lazy(r"(?:CLAUDE_)?TOOL_(?:INPUT|NAME|OUTPUT|RESULT|RESPONSE)\Z|CLAUDE_(?:HOOK_\w+|FILE_PATHS?|USER_PROMPT|SESSION_ID)\Z")
# What guides promise; any other name may be the user's own.
_NEVER = lazy(
    r"ARGUMENTS\Z|(?:CLAUDE_)?(?:TOOL_(?:INPUT|NAME|OUTPUT|RESULT|RESPONSE|ARGS|USE_ID|PARAMS)|HOOK_(?:INPUT|EVENT))\w*\Z"
    r"|CLAUDE_(?:FILE(?:_?PATHS?|S|_NAME)?|SESSION_ID|EVENT\w*|NOTIFICATION\w*|TRANSCRIPT\w*|CWD|WORKING_DIR\w*|USER_PROMPT|PROMPT"
    r"|AGENT_(?:ID|TYPE|NAME)|MESSAGE|ARGUMENTS|INPUT|MODIFIED_FILES?|CHANGED_FILES?|COMMAND|MATCHER|PROJECT_ROOT|STOP_HOOK_ACTIVE)\Z"
)


def check(file, context):
    """Shell commands; a variable that the command itself sets, or has a default for, is its own affair."""
    for handler in hookfile.handlers(file):
        yield from _in_scripts(file, handler, context)
        command = handler.command
        if not command or "$" not in command or isinstance(handler.value.get("args"), list):
            continue
        for match in _VARIABLE.finditer(command):
            name = match.group(2) or match.group(4)
            if match.group(3) in (":", "-", "=", "+", "?") and not _always_empty(command, match):
                continue
            if name in context.facts.env_file_only and handler.event not in context.facts.env_file_only[name]:
                events = ", ".join(context.facts.env_file_only[name])
                text = "$%s is only set in %s: here it is empty" % (name, events)
            elif _NEVER.match(name) and not _sets(command, name):
                text = "the client sets no $%s; the event comes as JSON on standard input" % name
            else:
                continue
            yield file.hit(handler.within(match.group(), "command"), text)
            break


def _always_empty(command, match):
    """`${CLAUDE_FILE_PATH:-}` is nothing but a guard against `set -u`, in a command that never looks at its input: the hook never does a thing."""
    after = command[match.start() :].partition("}")[0]
    return after.endswith(("-", '-""')) and _READERS.search(command) is None


_READERS = lazy(r"\b(?:cat|jq|read|tee|xargs|head|sed|awk|grep|python3?|node|bun|ruby|perl|stdin|input)\b|/dev/fd|\.(?:sh|py|[cm]?js|ts)\b")


def _in_scripts(file, handler, context):
    """The same in the environment of a script; one that it fills itself, or that has a default, is its own affair."""
    for script in of_handler(handler):
        if handler.plugin is None or script.sub is None or script.escapes:
            continue
        text = script.written(context.project, handler.plugin.path(script.sub)) or ""
        if script.sub.endswith((".sh", ".bash")):
            name = _in_shell(text, handler.command)
            if name:
                said = "%s reads $%s, which the client does not set; the event comes as JSON on standard input"
                yield file.hit(script.span, said % (script.sub, name))
            continue
        for match in _ENVIRON.finditer(text) if "env" in text and "stdin" not in text else ():
            name = match.group(1) or match.group(2)
            if _NEVER.match(name) and name + "=" not in handler.command:
                said = "%s reads %s, which the client does not set; the event comes as JSON on standard input"
                yield file.hit(script.span, said % (script.sub, name))
                break


def _in_shell(text, command):
    """The first variable of a shell script that nobody fills, or None; one that has a default may well be empty."""
    for match in _VARIABLE.finditer(text) if "TOOL_" in text or "CLAUDE_" in text or "HOOK_" in text else ():
        name = match.group(2) or match.group(4)
        if match.group(1) or match.group(3) in (":", "-", "=", "+", "?") or not _EVENT.match(name):
            continue
        line = text[line_start(text, match.start()) : match.start()]
        if name + "=" not in command and not _sets(text, name) and not line.lstrip().startswith("#"):
            return name
    return None


def _sets(command, name):
    return name + "=" in command or "read " in command and name in command.split("read ", 1)[1].split() or "for %s " % name in command
