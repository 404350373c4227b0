"""A hook type that the event does not run

Prompt, agent and http hooks need a conversation. On SessionStart and the like they fail each time.

Bad `hooks/hooks.json`:

    {"hooks": {"SessionStart": [{"hooks": [{"type": "prompt", "prompt": "Check $ARGUMENTS"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Source: client, measured
"""

from .. import hookfile

SEVERITY = "error"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """The table of the contract."""
    for handler in hookfile.handlers(file):
        event = context.facts.events.get(handler.event)
        if event and handler.type in context.facts.handler_types and handler.type not in event["types"]:
            yield file.hit(
                handler.at("type"),
                "%s hooks do not run on %s (only %s): it fails each time" % (handler.type, handler.event, ", ".join(event["types"])),
            )
