"""A hook's answer that the client drops or misreads

A misspelt key of the answer is ignored without a word, and the call goes through. `updatedToolOutput` of another shape than the
tool's own is dropped. A WorktreeCreate hook replaces git: one that prints no path ends every isolated agent of the user.

Bad `scripts/guard.py`, `hooks/hooks.json`:

    import json
    print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecisions": "deny"}}))
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Good `scripts/guard.py`, `hooks/hooks.json`:

    import json
    print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny"}}))
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client 2.1.332, measured 2026-11-29
"""

from .. import hookfile
from ..lazy import lazy
from ..matchers import names
from ..near import closest, loose
from ..scripts import of_handler
from ..source import line_start

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
KEYS = (
    "suppressOutput",
    "systemMessage",
    "terminalSequence",
    "hookSpecificOutput",
    "hookEventName",
    "permissionDecision",
    "permissionDecisionReason",
    "updatedInput",
    "additionalContext",
    "updatedToolOutput",
    "updatedMCPToolOutput",
    "classifierContext",
    "sessionTitle",
    "suppressOriginalPrompt",
    "initialUserMessage",
    "worktreePath",
    "displayContent",
    "updatedPermissions",
)
_LOOSE = {loose(key): key for key in KEYS}
# A key of JSON, of a Python dict, of JavaScript, of jq; escaped quotes too. A name that is only a variable is none.
_KEY = lazy(r"(?:\\?[\"']([A-Za-z_]{9,40})\\?[\"']|(?<=[{,])\s*([A-Za-z_]{9,40}))\s*:(?!:)")
_NEEDS = ("Specific", "specific", "ermission", "dditional", "EventName", "updated", "Message", "worktree")
_TEXT = lazy(r"updatedToolOutput\\?[\"']?\s*:\s*(?:\\?[\"'`]|f[\"'])")
_JQ_TEXT = lazy(r"--arg\s+(\w+)\b")
_PRINTS = lazy(
    r"\b(?:echo|printf|print|cat|jq|pwd|realpath|readlink|ls|basename|dirname|tee|puts|say|Write-Output|Write-Host)\b|console\.log|stdout|worktreePath|\bfmt\.|println"
)
_OF_EVENT = {"permissionDecision": "PreToolUse", "updatedToolOutput": "PostToolUse", "updatedPermissions": "PermissionRequest"}
# Where it is printed; a PermissionRequest's decision is an object, and inside hookSpecificOutput the key says nothing.
_ALLOW = lazy(
    r"\b(?:echo|print|printf|log|write|dumps|stringify)\b(?![^\n]*pecificOutput)[^\n]{0,60}[{,] ?\\?[\"']?decision\\?[\"']? ?: ?\\?[\"']allow\b"
)
_READING = lazy(r"\b(?:grep|sed|awk|rg)\b[^|;]*\Z|\bre\.\w+\(")
_QUIET = lazy(r"[^\n;&|]*(?:>\s*/dev/null|>>|>\s*[\"'$/\w]|>&2|1>&2|file=sys\.stderr)")
_ALL_OUT = lazy(r"^\s*exec\s+>")
_COMMENT = lazy(r"(?m)^\s*(?:#|//).*$")


def check(file, context):
    """Scripts of the plugin and one-liners."""
    for handler in hookfile.handlers(file):
        if handler.command is None:
            continue
        texts, whole = [(handler.at("command"), handler.command, "the command")], True
        for script in of_handler(handler):
            text = None
            if handler.plugin is not None and script.sub is not None and not script.escapes:
                text = script.written(context.project, handler.plugin.path(script.sub))
            if text is None:
                whole = False  # what it prints is not to be seen
                continue
            texts.append((script.span, text, script.sub))
        for span, text, name in texts:
            yield from _misspelt(file, span, text, name)
            yield from _shape(file, handler, span, text, name, context.facts)
            yield from _wrong_event(file, handler, span, text, name)
            if (
                name != "the command"
                and handler.event != "PermissionRequest"
                and '"allow' in text.replace("'", '"')
                and _ALLOW.search(text)
            ):
                said = (
                    "%s answers decision 'allow': only approve and block count, and the client drops the answer with an error of the hook"
                )
                yield file.hit(span, said % name + "; write hookSpecificOutput.permissionDecision (PreToolUse), or print nothing")
        if (
            handler.event == "WorktreeCreate"
            and whole
            and _known_programs(handler, texts)
            and not any(_prints(text) for _, text, _ in texts)
        ):
            yield file.hit(
                handler.at("command"),
                "WorktreeCreate: the hook replaces git and must print the path of the new folder; without one no isolated agent starts",
            )


def _misspelt(file, span, text, name):
    if not any(need in text for need in _NEEDS):
        return
    for match in _KEY.finditer(text):
        key = match.group(1) or match.group(2)
        if key in KEYS:
            continue
        line = text[line_start(text, match.start()) : match.start()]
        if _READING.search(line) or "_" in key and "pecificOutput" not in text and loose(key) not in ("systemmessage", "suppressoutput"):
            continue  # it looks for the key in its input, or writes a record of its own
        if key == "hook_event_name" and "pecificOutput" not in text:
            continue  # the event's own key, written into a log or handed on
        meant = _LOOSE.get(loose(key)) or closest(key, KEYS)
        if meant is not None and meant not in text.replace(key, ""):
            yield file.hit(span, "%s answers with %r, which the client does not read; the key is called %s" % (name, key, meant))
            return


def _shape(file, handler, span, text, name, facts):
    """Built-in tools answer with objects."""
    if "updatedToolOutput" not in text or handler.event != "PostToolUse":
        return
    matcher = handler.group.get("matcher")
    listed = names(matcher, handler.event) if isinstance(matcher, str) else None
    if not listed or not all(one in facts.known_tools or one in facts.tool_aliases for one in listed):
        return
    plain = _TEXT.search(text) is not None
    for match in _JQ_TEXT.finditer(text):
        plain = plain or "updatedToolOutput: $" + match.group(1) in text.replace("updatedToolOutput:$", "updatedToolOutput: $")
    if plain:
        yield file.hit(
            span, "%s answers updatedToolOutput with a text: %s answers with an object, and the client drops it" % (name, listed[0])
        )


def _wrong_event(file, handler, span, text, name):
    """A verdict in the words of another event. A script that many events share looks at the event's name, so it names them."""
    for key, event in _OF_EVENT.items():
        if any(quote in text for quote in ('"%s"' % key, "'%s'" % key, '\\"%s\\"' % key)) and handler.event != event and event not in text:
            yield file.hit(
                span, "%s answers with %s, which the client reads on %s only: on %s it does nothing" % (name, key, event, handler.event)
            )
            return


def _known_programs(handler, texts):
    """Is what the command runs to be seen? `true`, `logger`, git and scripts of the plugin are."""
    if len(texts) > 1:
        return True
    words = handler.command.split()
    return bool(words) and words[0] in ("true", ":", "logger", "git", "mkdir", "touch", "date", "exit", "cd", "sleep", "rm", "cp")


def _prints(text):
    text = _COMMENT.sub("", text)
    if _ALL_OUT.search(text):
        return True
    return any(not _QUIET.match(text, match.end()) for match in _PRINTS.finditer(text))
