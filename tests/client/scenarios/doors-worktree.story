story: a session that has entered a worktree opens no run; once it has left it does; in the run it stays
as in honest-simple until "user types"
mode: terminal
teams: off
calls: 110
user types: look at it in a worktree first
lead calls EnterWorktree: {"name": "side"}
lead rests: I stand in it
user types: /build plan.md --coders=1
    => says "stands in the worktree"
user types: then leave it
lead calls ExitWorktree: {"action": "keep"}
lead rests: left
as in honest-simple from "user types" until "coder-1 tells supervisor: IN_REVIEW: task #1"
lead calls EnterWorktree: {"name": "again"}
    => refused ONE_PROJECT
lead calls Write: {"file_path": "{project}/.claude/worktrees/side/src/third.py", "content": "third = 1\n"}
    => refused
lead rests: x
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED
