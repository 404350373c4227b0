"""A toy gate: journals what it sees, refuses what says FORBIDDEN; the harness's own tests run against it."""

import fcntl
import json
import os
import sys


def refuse(code, why):
    write({"event": "REFUSED", "actor": actor, "data": {"code": code, "what": why}})
    text = "team: refused (%s): %s\nNext: do something else" % (code, why)
    if name in ("UserPromptExpansion", "UserPromptSubmit"):
        print(json.dumps({"decision": "block", "reason": text}))
    else:
        print(json.dumps({"hookSpecificOutput": {"hookEventName": name, "permissionDecision": "deny", "permissionDecisionReason": text}}))
    sys.exit(0)


def write(event):
    path = os.path.join(os.environ["CLAUDE_PROJECT_DIR"], ".toy")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "journal.jsonl"), "a+") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.seek(0)
        out.write(json.dumps(dict(event, seq=sum(1 for _ in out) + 1)) + "\n")


def who():
    """The name in the agent's own file; the type while that is not there yet."""
    if not payload.get("agent_id"):
        return {"name": "lead", "role": "lead"}
    try:
        with open("%s/subagents/agent-%s.meta.json" % (payload["transcript_path"][:-6], payload["agent_id"])) as meta:
            return {"name": json.load(meta)["name"], "role": payload["agent_type"], "agent_id": payload["agent_id"]}
    except (OSError, KeyError):
        return {"name": payload.get("agent_type"), "role": payload.get("agent_type"), "agent_id": payload["agent_id"]}


payload = json.load(sys.stdin)
name, actor = payload["hook_event_name"], who()
given = payload.get("tool_input") or {}
if name == "PreToolUse":
    if "FORBIDDEN" in json.dumps(given):
        refuse("FORBIDDEN", "%s %s" % (actor["name"], payload["tool_name"]))
elif name == "PostToolUse":
    shown = {k: given[k] for k in ("to", "message", "command", "file_path", "name") if k in given}
    write({"event": payload["tool_name"].upper(), "actor": actor, "data": shown})
elif name == "UserPromptExpansion":
    if "--coders=0" in payload["command_args"]:
        refuse("ARGUMENTS", "--coders=0: at least 1")
    write(
        {"event": "RUN_OPENED", "actor": actor, "data": {"arguments": payload["command_args"], "plugin": os.environ["CLAUDE_PLUGIN_ROOT"]}}
    )
elif name == "UserPromptSubmit":
    if payload["prompt"].strip() == "team status":
        refuse("STATUS", "all is well")
else:
    write({"event": name.upper(), "actor": actor, "data": {}})
