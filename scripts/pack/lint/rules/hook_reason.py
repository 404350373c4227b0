"""A refusal whose reason nobody reads

With exit code 2 the client passes on what stands on standard error (or the reason of a JSON answer). A sentence on standard output is
lost: the call is refused, and the model, which is not told why, tries it again.

Bad `scripts/guard.sh`, `hooks/hooks.json`:

    #!/usr/bin/env bash
    if grep -q secret; then
      echo "Do not write secrets"
      exit 2
    fi
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "bash \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.sh\\""}]}]}}

Good `scripts/guard.sh`, `hooks/hooks.json`:

    #!/usr/bin/env bash
    if grep -q secret; then
      echo "Do not write secrets" >&2
      exit 2
    fi
    ---8<---
    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "bash \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.sh\\""}]}]}}

Source: client 2.1.332, measured 2026-11-30
"""

from .. import hookfile
from ..lazy import MULTILINE, lazy
from ..scripts import texts_of

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_COMMENT = lazy(r"^[ \t]*(?:#|//).*$", MULTILINE)
# A sentence on standard output, then at once the refusal; what begins with { or $ may be the JSON answer.
_SHELL = lazy(r"\becho +(?:-[en]+ +)?[\"']?[^\s\"'${>&|;\n][^>|\n]*(?:\n\s*|; *|&& *)exit +2\b")
_PYTHON = lazy(r"\bprint\([rbf]?[\"'](?![{\[])[^\n]*\)\s*\n?;?\s*sys\.exit\(2\)")
_NODE = lazy(r"\bconsole\.log\([\"'`](?![{\[])[^\n]*\);?\s*process\.exit\(2\)")
_TOLD = ("stderr", "console.error", ">&2", "1>&2", "console.warn", "permissionDecision", '"decision"', "'decision'")
_DEAF = ("PermissionRequest",)  # ignores exit code 2 altogether (hook-fails-open)


def check(file, context):
    """Scripts and one-liners that write nothing to standard error anywhere."""
    for handler in hookfile.handlers(file):
        if handler.event not in context.facts.gate_events or handler.event in _DEAF:
            continue
        for span, text, name in texts_of(handler, context.project):
            if "2" not in text or any(mark in text for mark in _TOLD):
                continue
            text = _COMMENT.sub("", text)
            if any(pattern.search(text) for pattern in (_SHELL, _PYTHON, _NODE)):
                said = (
                    "%s gives its reason on standard output, which exit code 2 drops: the model is not told why; write it to standard error"
                )
                yield file.hit(span, said % name)
