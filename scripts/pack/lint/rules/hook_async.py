"""An async hook on an event that it should block

It runs in the background; its verdict comes too late and is ignored.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true", "async": true}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Source: client 2.1.329, measured 2026-11-21
"""

from .. import hookfile
from ..lazy import lazy

SEVERITY = "warning"
_LOOKS = lazy(r"(?i)\b(?:observ|log(?:s|ging)?\b|track|metric|telemetr|analytic|record|notif|captur)")
GATES = (
    "PreToolUse",
    "PermissionRequest",
    "UserPromptSubmit",
    "UserPromptExpansion",
    "PreCompact",
    "PreModelSwitch",
    "TaskCreated",
)


def check(file, context):
    """async or asyncRewake on a gate."""
    for handler in hookfile.handlers(file):
        if handler.event not in GATES or handler.type != "command":
            continue
        for key in ("async", "asyncRewake"):
            if handler.value.get(key) is True and not _only_looks(handler):
                yield file.hit(
                    handler.key_at(key),
                    "%s: the action goes ahead before the hook has answered; %s cannot be blocked" % (key, handler.event),
                )
                break


def _only_looks(handler):
    """A hook that says of itself that it writes down what happens wants to block nothing."""
    said = [handler.group.get("description"), handler.group.get("id"), handler.value.get("description"), handler.value.get("statusMessage")]
    return any(isinstance(text, str) and _LOOKS.search(text) for text in said)
