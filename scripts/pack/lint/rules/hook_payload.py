"""A hook asks its input for a key that it does not have

The input is one JSON object in snake_case: `tool_name`, `tool_input`, `file_path`. What asks for `toolName` gets nothing, and a
guard that decides by it lets everything through.

Bad `scripts/guard.py`, `hooks/hooks.json`:

    import json, sys
    call = json.load(sys.stdin)
    if call.get("toolName") == "Write":
        sys.exit(2)
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Good `scripts/guard.py`, `hooks/hooks.json`:

    import json, sys
    call = json.load(sys.stdin)
    if call.get("tool_name") == "Write":
        sys.exit(2)
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import lazy
from ..near import distance, loose
from ..scripts import of_handler

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_QUOTED = lazy(r"(?:\.get\(\s*|\[)[\"']([A-Za-z_]{6,40})[\"']")
_DOTTED = lazy(r"(?<=[\w\])?'\" |])\.([A-Za-z_]{6,40})\b(?!\()")
# What other guides, or other tools, call it.
_OTHER = {
    "PreToolUse": {},
    "PostToolUse": {"tool_output": "tool_response", "tool_result": "tool_response"},
    "UserPromptSubmit": {"user_prompt": "prompt", "user_message": "prompt"},
}
_TOOL = lazy(
    r"\bjq\b[^\n|]{0,80}?[\"' (|]\.tool(?=[ \"'|)?/\]])|\b(?:data|event|payload|hook_?input|hook|input_data|json_?data)(?:\.get\(\s*[\"']tool[\"']|\[[\"']tool[\"']\]|\??\.tool\b(?![\w(.]))"
)
_FILES = ("file_path", "path", "filepath", "filename", "notebook_path", "command")
_INPUT = lazy(r"tool_input(?:[\"']\]|[\"'], ?(?:\{\}|None)\)|[\"']\)|\?)?(?:\.get\(\s*[\"']|\[[\"']|\.|\?\.)(%s)\b" % "|".join(_FILES))
# `jq -r .input.command`, `data["params"]["file_path"]`: the keys of a tool's input below another name than tool_input.
_PARENT = lazy(
    r"(?:(?<=[\s'\"(|])\.|(?:data|event|payload|hook|body|json|\bj|\bd)\??\.|\[[\"'])(input|params|parameters|arguments|args)(?:\.|\?\.|[\"']\]\[[\"'])(command|file_path)\b"
)
_HAS = {"Read": "file_path", "Edit": "file_path", "Write": "file_path", "NotebookEdit": "notebook_path", "Bash": "command"}
_ARGUMENT = lazy(r"(?<!len\()\bsys\.argv\[1\](?! if)|\bprocess\.argv\[2\](?! *(?:\|\||\?))")
_EVENT_NAME = lazy(r"(?i)(?:data|input|event|payload|stdin|hook|json|body)\??\Z")
_RECORDS = "transcript"  # whose lines are in camelCase
_READS = ("stdin", "jq ", "$(cat")


def check(file, context):
    """Scripts and one-liners that read the input; only names that are almost one of its keys, and that key nowhere in the text."""
    keys = context.facts.hook_input_keys
    meant = {loose(key): key for key in keys}
    for handler in hookfile.handlers(file):
        texts = [(handler.at("command"), handler.command, "the command")] if handler.command else []
        for script in of_handler(handler):
            if handler.plugin is not None and script.sub is not None and not script.escapes:
                text = script.written(context.project, handler.plugin.path(script.sub)) or ""
                texts.append((script.span, text, script.sub))
                if (
                    script.sub.endswith((".py", ".js", ".mjs", ".cjs"))
                    and _ARGUMENT.search(text)
                    and not any(mark in text for mark in _READS)
                    and _passes_nothing(handler, script)
                ):
                    said = "%s takes its event from an argument, but the command gives it none: it comes as JSON on standard input"
                    yield file.hit(script.span, said % script.sub)
        for span, text, name in texts:
            if not any(mark in text for mark in _READS):
                continue
            if handler.event.startswith(("PreTool", "PostTool")) and "tool_name" not in text and _TOOL.search(text):
                yield file.hit(span, "%s asks %s for 'tool'; the key is called tool_name" % (name, handler.event))
                continue
            wrong = _of_another(handler, text)
            if wrong:
                yield file.hit(span, "%s asks %s for %r; the key is called %s" % ((name,) + wrong))
                continue
            for match in () if _RECORDS in text else _QUOTED.finditer(text):
                wrong = match.group(1)
                right = meant.get(loose(wrong)) or next((key for key in keys if "_" in wrong and distance(wrong, key, 1) == 1), None)
                if right and wrong not in keys and right not in text:
                    yield file.hit(span, "%s asks its input for %r; the key is called %s" % (name, wrong, right))
                    break
            else:
                for match in () if _RECORDS in text else _DOTTED.finditer(text):
                    right = meant.get(loose(match.group(1)))
                    if text.endswith((".input", ".message", ".content", ".data", ".params", "pecificOutput"), 0, match.start()):
                        continue  # of another object
                    if _own_field(text, match):
                        continue
                    if right and match.group(1) not in keys and right not in text:
                        yield file.hit(span, "%s asks its input for .%s; the key is called %s" % (name, match.group(1), right))
                        break


def _own_field(text, match):
    """Does the script keep a field of that name itself (`task.agentId = ...`, `{agentId: ...}`), and is it not the event that it asks here?"""
    if _EVENT_NAME.search(text, max(0, match.start() - 24), match.start()):
        return False
    name = match.group(1)
    return any(mark in text for mark in (".%s = " % name, "{ %s: " % name, "{%s: " % name, ", %s: " % name))


def _of_another(handler, text):
    """(whom it asks, the key, the right one) where the event or none of the matched tools has the key, and the right one is
    nowhere in the text."""
    for wrong, right in _OTHER.get(handler.event, {}).items():
        if _asks_for(wrong, text) and not _word(right, text):
            return handler.event, wrong, right
    parent = _PARENT.search(text) if handler.event in ("PreToolUse", "PostToolUse") and "tool_input" not in text else None
    if parent:
        return handler.event, ".".join(group for group in parent.groups() if group), "tool_input." + parent.group(2)
    matcher = handler.group.get("matcher")
    names = matcher.strip("^$()").split("|") if isinstance(matcher, str) else ()
    if handler.event not in ("PreToolUse", "PostToolUse") or not names or not all(name in _HAS for name in names):
        return None
    right = sorted({_HAS[name] for name in names})
    asked = [match.group(1) for match in _INPUT.finditer(text)]
    if asked and not any(key in asked for key in right) and not any(key in text for key in right):
        return "the input of " + ", ".join(names), asked[0], " or ".join(right)
    return None


def _asks_for(key, text):
    """Is it asked for as a key? `entry.type === "tool_result"` looks at a value, in a transcript."""
    if "." + key in text:
        return True
    for mark in ('"%s"' % key, "'%s'" % key):
        at = text.find(mark)
        while at >= 0:
            if not text[:at].rstrip(" (").endswith("=") or text[:at].rstrip().endswith(("[", "get(")):
                return True
            at = text.find(mark, at + 1)
    return False


def _passes_nothing(handler, script):
    args = handler.value.get("args")
    if isinstance(args, list):
        return bool(args) and isinstance(args[-1], str) and args[-1].endswith(script.sub)
    return handler.command.rstrip("\"' ").endswith(script.sub)


def _word(word, text):
    return '"%s"' % word in text or "'%s'" % word in text or "." + word in text
