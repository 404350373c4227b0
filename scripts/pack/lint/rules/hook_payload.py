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

Source: client 2.1.329, measured 2026-11-21
"""

from .. import hookfile
from ..lazy import lazy
from ..near import distance, loose
from ..scripts import of_handler

SEVERITY = "warning"
_QUOTED = lazy(r"(?:\.get\(\s*|\[)[\"']([A-Za-z_]{6,40})[\"']")
_DOTTED = lazy(r"(?<=[\w\])?'\" |])\.([A-Za-z_]{6,40})\b(?!\()")
_READS = ("stdin", "jq ", "$(cat")


def check(file, context):
    """Scripts and one-liners that read the input; only names that are almost one of its keys, and that key nowhere in the text."""
    keys = context.facts.hook_input_keys
    meant = {loose(key): key for key in keys}
    for handler in hookfile.handlers(file):
        texts = [(handler.at("command"), handler.command, "the command")] if handler.command else []
        for script in of_handler(handler):
            if handler.plugin is not None and script.sub is not None and not script.escapes:
                text = script.read(context.project, handler.plugin.path(script.sub)) or ""
                texts.append((script.span, text, script.sub))
        for span, text, name in texts:
            if not any(mark in text for mark in _READS):
                continue
            for match in _QUOTED.finditer(text):
                wrong = match.group(1)
                right = meant.get(loose(wrong)) or next((key for key in keys if "_" in wrong and distance(wrong, key, 1) == 1), None)
                if right and wrong not in keys and right not in text:
                    yield file.hit(span, "%s asks its input for %r; the key is called %s" % (name, wrong, right))
                    break
            else:
                for match in _DOTTED.finditer(text):
                    right = meant.get(loose(match.group(1)))
                    if right and match.group(1) not in keys and right not in text:
                        yield file.hit(span, "%s asks its input for .%s; the key is called %s" % (name, match.group(1), right))
                        break
