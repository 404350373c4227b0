story: who may be spawned when, and who owns the state; then the honest run
as in honest-simple until "lead spawns supervisor"
calls: 150
lead spawns unified-reviewer as unified-reviewer
    => refused NO_OWNER, says "STATE_OWNERSHIP_HANDOFF(1)"
lead spawns coder-1 as coder
    => refused NO_OWNER
lead spawns tech-lead as tech-lead
    => refused ROLE_NOT_IN_MODE
lead spawns logic-reviewer as logic-reviewer
    => refused ROLE_NOT_IN_MODE
lead spawns helper as general-purpose
    => refused UNKNOWN_ROLE, says "team:ROLE"
lead calls Agent: {"description": "helper", "prompt": "You are helper\nHelp.", "name": "helper", "subagent_type": "general-purpose"}
    => refused UNKNOWN_ROLE
lead spawns nameless extra as coder
    => refused SPAWN_NAME
lead calls Agent: {"description": "lead", "prompt": "You are lead\nHelp.", "name": "team-lead", "subagent_type": "team:codebase-researcher"}
    => fails, says "reserved"
lead calls Agent: {"description": "s", "prompt": "You are s\nHelp.", "name": "s", "subagent_type": "team:supervisor", "isolation": "worktree"}
    => refused SPAWN_ISOLATION
lead spawns codebase-researcher as codebase-researcher
codebase-researcher rests
lead spawns supervisor as supervisor
lead spawns supervisor-2 as supervisor
    => refused ROLE_TAKEN
lead spawns supervisor as coder
    => refused NAME_TAKEN
supervisor tells lead: STATE_OWNERSHIP_ACK(1)
    => refused HANDOFF_MISSING, says "wait for STATE_OWNERSHIP_HANDOFF"
supervisor tells lead: SUPERVISOR_REPORT WARN ESCALATE
    => refused HANDOFF_MISSING
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(7)
    => refused WRONG_EPOCH, says "STATE_OWNERSHIP_HANDOFF(1)"
lead tells supervisor: STATE_OWNERSHIP_HANDOFF 1
    => refused MALFORMED_LINE, says "STATE_OWNERSHIP_HANDOFF(<epoch>)"
lead tells codebase-researcher: STATE_OWNERSHIP_HANDOFF(1)
    => refused WRONG_RECEIVER
lead tells nobody: STATE_OWNERSHIP_HANDOFF(1)
    => refused UNKNOWN_RECEIVER, says "supervisor"
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
lead spawns unified-reviewer as unified-reviewer
    => refused NO_OWNER, says "STATE_OWNERSHIP_ACK(1)"
supervisor tells lead: SUPERVISOR_REPORT WARN ESCALATE
    => refused OWNER_NOT_ACTIVE
supervisor tells lead: STATE_OWNERSHIP_ACK(0)
    => refused STALE_EPOCH
supervisor tells lead: STATE_OWNERSHIP_ACK(2)
    => refused HANDOFF_MISSING
lead tells codebase-researcher: Who owns the state?
codebase-researcher tells lead: STATE_OWNERSHIP_ACK(1)
    => refused WRONG_ROLE
codebase-researcher rests
supervisor tells lead: STATE_OWNERSHIP_ACK(1)
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(2)
supervisor tells lead: STATE_OWNERSHIP_ACK(1)
    => refused STALE_EPOCH, says "a newer epoch was offered"
supervisor tells lead: STATE_OWNERSHIP_ACK(2)
supervisor rests
lead spawns unified-reviewer as unified-reviewer: Wait for REVIEW.
unified-reviewer rests: ready
lead spawns coder-1 as coder: Claim task #1.
lead spawns coder-2 as coder
    => refused TOO_MANY_CODERS, says "--coders=1"
coder-1 tells supervisor: STATE_OWNERSHIP_HANDOFF(3)
    => refused WRONG_ROLE
coder-1 tells lead: SUPERVISOR_REPORT WARN ESCALATE
    => refused WRONG_ROLE
coder-1 tells supervisor: CLAIM: task 1
    => refused MALFORMED_LINE, says "CLAIM: task #<N>"
coder-1 tells supervisor: claim: task #1
    => refused MALFORMED_LINE
coder-1 tells supervisor: CLAIM: task #1 please
    => refused MALFORMED_LINE
coder-1 tells lead: CLAIM: task #1
    => refused WRONG_RECEIVER, says "supervisor"
coder-1 tells supervisor: CLAIM: task #9
    => refused UNKNOWN_TASK
coder-1 tells supervisor: CLAIM: task #2
    => refused TASK_BLOCKED
as in honest-simple from "coder-1 runs: pack task show 1"
expect journal:
    HANDOFF_DUPLICATE epoch=1
    supervisor: STATE_OWNERSHIP_ACK epoch=1
    supervisor: STATE_OWNERSHIP_ACK epoch=2
    TEAM_DELETED
expect status: phase=CLOSED
