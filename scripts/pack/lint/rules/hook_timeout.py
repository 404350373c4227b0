"""A timeout in milliseconds, or one that has no effect

Timeouts are seconds. A hook that hangs holds the session for as long as it says.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true", "timeout": 30000}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true", "timeout": 30}]}]}}

Source: client (600 s unless said otherwise; SessionEnd has 1.5 s for all hooks together)
"""

from .. import hookfile

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """More than an hour is not meant, unless the session does not wait for it."""
    for handler in hookfile.handlers(file):
        value = handler.value.get("timeout")
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
            continue
        if handler.event == "SessionEnd" and value > 1.5 and file.kind != "settings-hooks":
            text = "SessionEnd has 1.5 s for all hooks together; a plugin's timeout does not raise it"
            yield file.hit(handler.at("timeout"), text)
            continue
        if (handler.value.get("async") or handler.value.get("asyncRewake")) and value <= 86400:
            continue
        if value >= 1000 and (value % 100 == 0 or value > 3600):
            yield file.hit(handler.at("timeout"), "timeout is in seconds: %s is %.1f hours" % (value, value / 3600))
