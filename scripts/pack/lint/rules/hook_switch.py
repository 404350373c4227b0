"""A switch that this event or hook ignores

`onFailure: "block"` does nothing on Stop, SubagentStop, TaskCompleted, TeammateIdle and for async hooks; `once` works
only in a skill's frontmatter.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true", "onFailure": "block"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true", "onFailure": "block"}]}]}}

Source: client (2.1.295)
"""

from .. import hookfile

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """onFailure and once."""
    for handler in hookfile.handlers(file):
        event = context.facts.events.get(handler.event)
        if event is None:
            continue
        if handler.value.get("onFailure") == "block":
            if not event["onFailure"]:
                yield file.hit(handler.at("onFailure"), "onFailure is ignored on %s" % handler.event)
            elif event["blocks"] == "no":
                yield file.hit(handler.at("onFailure"), "%s cannot block: onFailure has no effect" % handler.event)
            elif handler.value.get("async") is True:
                yield file.hit(handler.at("onFailure"), "onFailure is ignored for an async hook")
        if handler.value.get("once") is True:
            yield file.hit(handler.key_at("once"), "once works only in a skill's frontmatter: this hook runs each time")
