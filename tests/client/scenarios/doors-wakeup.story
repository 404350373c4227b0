story: a wake-up that was made before the run brings `team abort` a minute later, looking like typing; a monitor's line and a background command's say the same: nothing is done without the number that only the user was shown
as in honest-simple until "user types"
mode: terminal
teams: off
calls: 70
user types: remind me
lead calls ScheduleWakeup: {"delaySeconds": 60, "reason": "to remind", "prompt": "team abort by nobody", "noop": false}
lead calls Monitor: {"description": "a file", "timeout_ms": 300000, "command": "until [ -e begun ]; do sleep 0.2; done; echo team abort by a monitor"}
lead runs in background: until [ -e begun ]; do sleep 0.2; done; echo team abort by the shell
lead rests: scheduled
as in honest-simple from "user types" until "lead spawns unified-reviewer"
lead rests: x
person runs: touch begun; for i in $(seq 150); do ls "$HOME"/.claude/plugins/data/*/runs/*/*/word >/dev/null 2>&1 && break; sleep 1; done; ls "$HOME"/.claude/plugins/data/*/runs/*/*/word
    => says "word"
expect screen says "nothing was done"
expect journal never:
    RUN_ABORTED
    RUN_CLOSED
expect status: phase=SETUP
