"""A Stop hook that never lets the turn end

Exit code 2 on Stop (SubagentStop, TaskCompleted, TeammateIdle) sends the model on. A hook that does so every time, without a look at
`stop_hook_active`, sends it on until the client gives up after eight rounds, each of them paid for.

Bad `scripts/again.py`, `hooks/hooks.json`:

    import sys
    print("Check once more.", file=sys.stderr)
    sys.exit(2)
    ---8<---
    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/again.py\\""}]}]}}

Good `scripts/again.py`, `hooks/hooks.json`:

    import json, sys
    if json.load(sys.stdin).get("stop_hook_active"):
        sys.exit(0)
    print("Check once more.", file=sys.stderr)
    sys.exit(2)
    ---8<---
    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/again.py\\""}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import MULTILINE, lazy
from ..scripts import of_handler

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_CHOICE = lazy(r"\b(?:if|elif|else|case|while|for|try|match|switch)\b|\?|&&|\|\||stop_hook_active|\b(?:and|or)\b")
_COMMENT = lazy(r"^[ \t]*(?:#|//).*$", MULTILINE)
_AGAIN = lazy(r"\bexit[ (]+2\b|[\"']decision\\?[\"']\s*:\s*\\?[\"']block\b")


def check(file, context):
    """Scripts and one-liners without a single choice in them."""
    for handler in hookfile.handlers(file):
        if handler.event not in ("Stop", "SubagentStop", "TaskCompleted", "TeammateIdle"):
            continue
        texts = [(handler.at("command"), handler.command)] if handler.command else []
        for script in of_handler(handler):
            if handler.plugin is not None and script.sub is not None and not script.escapes:
                texts.append((script.span, script.written(context.project, handler.plugin.path(script.sub)) or ""))
        for span, text in texts:
            text = _COMMENT.sub("", text)
            if _AGAIN.search(text) and not _CHOICE.search(text):
                yield file.hit(span, "it always blocks: the turn goes on until the client gives up")
