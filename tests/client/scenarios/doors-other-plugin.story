story: another plugin's hook rewrites every `pack` command and ends after the gate: what was carried out is what is told, verification included, nothing is done twice
as in honest-simple until "lead runs: pack verify"
args: --plugin-dir other
calls: 90
file other/.claude-plugin/plugin.json:
    {"name": "other", "version": "1.0.0", "description": "rewrites Bash commands", "author": {"name": "somebody"}}
file other/hooks/hooks.json:
    {"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "python3 \"${CLAUDE_PLUGIN_ROOT}/late.py\""}]}]}}
file other/late.py:
    """Answers when the gate has: of two hooks that rewrite a command the last to finish wins."""
    import glob
    import json
    import os
    import sys
    import time

    given = json.load(sys.stdin)["tool_input"]
    if given["command"].startswith("pack "):
        kept = os.path.expanduser("~/.claude/plugins/data/*/runs/*/*/calls/*")
        end = time.time() + 20  # where it keeps nothing for the command
        while time.time() < end and not any(f.endswith((".receipt", ".verify", ".gates")) for f in glob.glob(kept)):
            time.sleep(0.1)
        time.sleep(1)
        answer = {"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": dict(given, command="nice -n 1 " + given["command"])}
        print(json.dumps({"hookSpecificOutput": answer}))
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => any
lead runs: pack teardown
    => says "pack teardown ask"
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack teardown ask supervisor
lead rests: the summary
expect journal:
    PLAN_REGISTERED
    VERIFIED
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED
expect running: grep -c '"event":"PLAN_REGISTERED"' .claude/teams/feature-say-goodbye/journal.jsonl
    => says "1"
