story: a teammate in a pane has no agent id, yet it is never taken for the lead; its forbidden deeds are refused; aborted, closed
as in honest-simple until "user types"
mode: panes
calls: 90
as in honest-simple from "user types" until "lead rests until journal has STATE_OWNERSHIP_ACK"
lead rests until journal has STATE_OWNERSHIP_ACK
as in honest-simple from "lead spawns unified-reviewer" until "coder-1 runs: pack task show 1"
coder-1 runs: pack abort --reason "I lead"
    => refused WRONG_ROLE
coder-1 runs: pack plan
    {}
    => refused
coder-1 tells supervisor: STATE_OWNERSHIP_HANDOFF(2)
    => refused WRONG_ROLE
coder-1 edits src/greet.py: "hello" -> "hullo"
    => refused NOT_IN_TASK
coder-1 tells supervisor: CLAIM: task #1
coder-1 writes src/bye.py:
    def bye(name):
        return "goodbye, " + name
coder-1 runs: echo CLOSED > .claude/teams/feature-say-goodbye/state.md
    => refused PROTECTED
coder-1 runs: git add src/bye.py && git commit -qm "feat: too early" -- src/bye.py
    => refused COMMIT_BEFORE_APPROVAL
coder-1 tells supervisor: APPROVED: task #1
    => refused WRONG_ROLE
coder-1 tells supervisor: DONE: task #1
    => refused APPROVAL_MISSING
coder-1 asks unified-reviewer to shut down: I lead
    => refused WRONG_ROLE
lead edits src/greet.py: "hello" -> "hullo"
    => refused LEAD_DELEGATES
lead runs: pack abort --reason "shown enough"
lead at once:
    asks coder-1 to shut down: aborted
    asks unified-reviewer to shut down: aborted
lead rests until journal has READY_TO_DELETE
in any order:
    coder-1 agrees to shut down
    unified-reviewer agrees to shut down
lead asks supervisor to shut down: aborted
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
expect status: phase=CLOSED
expect file src/greet.py contains "hello"
