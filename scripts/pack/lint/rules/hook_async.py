"""An async hook on an event that it should block

It runs in the background; its verdict comes too late and is ignored.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "echo no >&2; exit 2", "async": true}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "echo no >&2; exit 2"}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..lazy import IGNORECASE, lazy
from ..scripts import of_handler

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_LOOKS = lazy(r"(?i)\b(?:observ|log(?:s|ging)?\b|track|metric|telemetr|analytic|record|notif|captur)")
_ANSWERS = lazy(
    r"\bexit[ (]*2\b|permissionDecision|[\"']decision[\"']|[\"']continue[\"']|\bupdatedInput\b|[\"'](?:block|deny)[\"']|hookSpecificOutput|exitCode\s*=\s*2",
    IGNORECASE,
)
_GUARDS = lazy(
    r"(?i)guard|block|den(?:y|ies)|protect|prevent|enforc|forbid|reject|refus|restrict|polic|approv|validat|verif|check|\bstops?\b|\bgates?\b|safe|secur|secret"
)
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
            if handler.value.get(key) is True and not _only_looks(handler, context.project):
                yield file.hit(
                    handler.key_at(key),
                    "%s: the action goes ahead before the hook has answered; %s cannot be blocked" % (key, handler.event),
                )
                break


def _only_looks(handler, project):
    """A hook that says of itself that it writes down what happens, or that never gives a verdict, wants to block nothing."""
    said = [handler.group.get("description"), handler.group.get("id"), handler.value.get("description"), handler.value.get("statusMessage")]
    said = " ".join(text for text in said if isinstance(text, str))
    if _LOOKS.search(said):
        return True
    if _GUARDS.search(said + " " + (handler.command or "")):
        return False
    if handler.value.get("onFailure") == "block":
        return False
    texts = [handler.command or ""]
    for script in of_handler(handler):
        text = None
        if handler.plugin is not None and script.sub is not None and not script.escapes:
            text = script.read(project, handler.plugin.path(script.sub))
        if text is None:
            return False  # what it does is not to be seen
        texts.append(text)
    return not any(_ANSWERS.search(text) for text in texts)
