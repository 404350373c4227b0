story: a schedule that was made before the run brings `team abort` two minutes later, looking exactly like typing: nothing is done without the number that only the user was shown
as in honest-simple until "user types"
mode: terminal
teams: off
calls: 60
user types: remind me
lead runs: date -d "+2 minutes" "+at %-M %-H"
lead remembers at from: at (\d+ \d+)
lead calls CronCreate: {"cron": "{at} * * *", "prompt": "team abort by nobody", "recurring": false}
lead rests: scheduled
as in honest-simple from "user types" until "lead spawns unified-reviewer"
lead rests: x
person runs: for i in $(seq 55); do ls "$HOME"/.claude/plugins/data/*/runs/*/*/word >/dev/null 2>&1 && break; sleep 1; done
person runs: for i in $(seq 55); do ls "$HOME"/.claude/plugins/data/*/runs/*/*/word >/dev/null 2>&1 && break; sleep 1; done
person runs: for i in $(seq 55); do ls "$HOME"/.claude/plugins/data/*/runs/*/*/word >/dev/null 2>&1 && break; sleep 1; done
expect screen says "nothing was done"
expect journal never:
    RUN_ABORTED
    RUN_CLOSED
expect status: phase=SETUP
