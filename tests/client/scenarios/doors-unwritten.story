story: `claude -p --no-session-persistence` writes no transcript: every rule holds, nothing is told of calls that no hook saw, and an honest run reaches CLOSED
args: --no-session-persistence
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 110
file src/other.py:
    other = 1
coder-1 edits src/other.py: "other = 1" -> "other = 2"
    => refused NOT_IN_TASK
lead edits src/other.py: "other = 1" -> "other = 2"
    => refused LEAD_DELEGATES
lead rests: x
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect status: phase=CLOSED tasks.1.state=DONE
expect file src/other.py contains "other = 1"
expect running: find "$HOME/.claude/projects" -name '*.jsonl' | wc -l; pack status --summary
    => says "0", lacks "nobody saw"
expect exit code 0
