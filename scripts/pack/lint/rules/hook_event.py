"""An event that the client does not have

The entry is ignored: the hook never runs.

Bad `hooks/hooks.json`:

    {"hooks": {"preToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..near import closest

SEVERITY = "error"
# What other programs call theirs (Gemini CLI, Cursor, Copilot, OpenCode), and words for the same that people try.
_ELSEWHERE = {
    "beforetool": "PreToolUse",
    "aftertool": "PostToolUse",
    "beforeagent": "UserPromptSubmit",
    "afteragent": "Stop",
    "precompress": "PreCompact",
    "beforeshellexecution": "PreToolUse (matcher Bash)",
    "beforemcpexecution": "PreToolUse (matcher mcp__.*)",
    "beforereadfile": "PreToolUse (matcher Read)",
    "aftershellexecution": "PostToolUse (matcher Bash)",
    "afterfileedit": "PostToolUse (matcher Edit|Write)",
    "beforesubmitprompt": "UserPromptSubmit",
    "userpromptsubmitted": "UserPromptSubmit",
    "onprompt": "UserPromptSubmit",
    "erroroccurred": "StopFailure",
    "tool.execute.before": "PreToolUse",
    "tool.execute.after": "PostToolUse",
    "beforetooluse": "PreToolUse",
    "aftertooluse": "PostToolUse",
    "precommit": "PreToolUse (matcher Bash, if: Bash(git commit *))",
    "prepush": "PreToolUse (matcher Bash, if: Bash(git push *))",
    "postcommit": "PostToolUse (matcher Bash, if: Bash(git commit *))",
    "preedit": "PreToolUse (matcher Edit|Write)",
    "postedit": "PostToolUse (matcher Edit|Write)",
    "prewrite": "PreToolUse (matcher Write)",
    "postwrite": "PostToolUse (matcher Write)",
    "prebash": "PreToolUse (matcher Bash)",
    "postbash": "PostToolUse (matcher Bash)",
    "preskill": "PreToolUse (matcher Skill)",
    "postskill": "PostToolUse (matcher Skill)",
    "preagent": "PreToolUse (matcher Agent)",
    "postagent": "SubagentStop",
    "presubagent": "SubagentStart",
    "sessionstop": "SessionEnd",
    "agentstart": "SubagentStart",
    "agentstop": "SubagentStop",
    "subagentend": "SubagentStop",
    "posttool": "PostToolUse",
    "pretool": "PreToolUse",
    "onstop": "Stop",
    "onsessionstart": "SessionStart",
    "onsessionend": "SessionEnd",
}
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """Every key of every event map."""
    events = context.facts.events
    for path, value, _ in hookfile.event_maps(file):
        if not isinstance(value, dict):
            continue
        for event in value:
            if event in events or event == "hooks" and file.kind != "hooks":
                continue
            if event.startswith(("_", "$", "#", "/")) or isinstance(value[event], str) and "comment" in event.lower():
                continue  # JSON has no comments: a key like `_comment`, or an event switched off as `_Stop`
            meant = closest(event, events)
            span = file.at(path + (event,), key=True)
            fix = None
            if meant and meant.lower() == event.lower() and meant not in value:
                quoted = file.text[span[0]] in "\"'"
                fix = [(span[0] + quoted, span[1] - quoted, meant)]
            yield file.hit(
                span,
                "unknown event %r: the hook never runs%s" % (event, _hint(event, meant)),
                fix,
            )


def _hint(event, meant):
    """What to write instead, where it is known."""
    if meant:
        return "; did you mean %r?" % meant
    here = _ELSEWHERE.get(event.lower().replace("-", "").replace("_", ""))
    return "; here it is %s" % here if here else ""
