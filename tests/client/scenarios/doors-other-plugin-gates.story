story: another plugin's hook rewrites `pack gate check` and ends after the gate: a verdict is recorded once for each check, as it is told
as in strangers-team until "lead tells evaluator: Say something nicer."
args: --plugin-dir other
calls: 60
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
lead runs: pack gate check
    => fails, says "HALT: good_enough failed"
lead runs: pack abort --reason "seen enough"
lead runs: pack teardown ask
lead rests
expect journal:
    GATES_RECORDED verdicts.good_enough=FAIL
    GATES_RECORDED verdicts.good_enough=FAIL
expect running: pack log --json | grep -c '"event":"GATES_RECORDED"\|"event": "GATES_RECORDED"'
    => says "3"
expect status: phase=CLOSED
