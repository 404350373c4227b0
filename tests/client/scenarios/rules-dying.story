story: a reviewer is stopped, its successor, a coder and the supervisor fail at the API: each wait is told as impossible, all are replaced, the run finishes
as in honest-simple until "coder-1 tells unified-reviewer: REVIEW: task #1"
calls: 200
coder-1 tells unified-reviewer: REVIEW: task #1
unified-reviewer hangs 60 s
lead stops unified-reviewer
coder-1 tells unified-reviewer: Are you there?
    => refused ENDED_AGENT, says "revive"
coder-1 tells supervisor: DONE: task #1
    => refused APPROVAL_MISSING, says "IMPOSSIBLE_WAIT"
coder-1 tells supervisor: IMPOSSIBLE_WAIT: task #1
coder-1 rests
supervisor tells lead: IMPOSSIBLE_WAIT: task #1
    unified-reviewer was stopped.
supervisor rests
lead runs: pack explain 1
    => says "unified-reviewer"
lead spawns unified-reviewer as unified-reviewer, played by second-reviewer: Wait for REVIEW.
second-reviewer rests
lead tells coder-1: The reviewer is back, ask again.
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
second-reviewer hits API error 500
lead rests until journal has AGENT_LOST name=unified-reviewer
lead spawns unified-reviewer as unified-reviewer, played by third-reviewer: Wait for REVIEW.
third-reviewer rests
lead tells coder-1: Ask once more.
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
third-reviewer tells coder-1: APPROVED: task #1
third-reviewer rests
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
coder-1 hits API error 500
lead rests until journal has STUCK_ESCALATED cause=OWNER_GONE
lead tells supervisor: Are you there?
supervisor hits API error 500
lead rests until journal has OWNER_LOST
lead runs: pack task assign 2 coder-1
    => refused
lead spawns coder-2 as coder
    => refused NO_OWNER, says "spawns a supervisor"
lead spawns supervisor as supervisor, played by second-supervisor: Wait for the hand-off.
second-supervisor rests
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
    => refused WRONG_EPOCH, says "STATE_OWNERSHIP_HANDOFF(2)"
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(2)
lead tells "{agent_id:supervisor}": Are you there?
    => refused ENDED_AGENT, says "revive"
lead tells "{agent_id:second-reviewer}": Are you there?
    => refused ENDED_AGENT
second-supervisor tells lead: STATE_OWNERSHIP_ACK(1)
    => refused STALE_EPOCH
second-supervisor tells lead: STATE_OWNERSHIP_ACK(2)
second-supervisor rests
lead spawns coder-2 as coder: Wait for your task.
lead runs: pack task assign 2 coder-2
lead tells coder-2: Task #2 is yours, coder-1 is gone.
coder-2 tells supervisor: CLAIM: task #2
coder-2 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-2 tells supervisor: IN_REVIEW: task #2
coder-2 tells unified-reviewer: REVIEW: task #2
coder-2 rests
third-reviewer tells coder-2: APPROVED: task #2
third-reviewer rests
lead rests until journal has DONE task=2
coder-2 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-2 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-2 rests
as in honest-simple from "lead runs: pack verify"
expect journal:
    IMPOSSIBLE_WAIT task=1
    WAIT_RESUMED task=1
    IMPOSSIBLE_WAIT task=1
    WAIT_RESUMED task=1
    coder-1: DONE task=1
    STUCK_ESCALATED cause=OWNER_GONE
    OWNER_LOST epoch=1
    supervisor: STATE_OWNERSHIP_ACK epoch=2
    coder-2: DONE task=2
    TEAM_DELETED
expect status: phase=CLOSED
