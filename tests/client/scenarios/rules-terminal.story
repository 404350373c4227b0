story: in the terminal, with teammates in the client's own process: what a reviewer, the tech lead, the supervisor, a coder and the lead may not do is refused there as in `-p`; forged approvals count for nothing, and the run finishes
as in honest-terminal until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 230
file src/other.py:
    other = 1
lead edits src/other.py: "other = 1" -> "other = 2"
    => refused LEAD_DELEGATES
lead runs: printf 'other = 3\n' > src/other.py
    => refused LEAD_DELEGATES
lead runs: git commit -qam "by the lead"
    => refused WRONG_ROLE
lead tells coder-1: APPROVED: task #1
    => refused WRONG_ROLE
lead rests: x
coder-1 runs: git add src/greet.py && git commit -qm "feat: not approved yet" -- src/greet.py
    => refused COMMIT_BEFORE_APPROVAL
coder-1 edits src/other.py: "other = 1" -> "other = 2"
    => refused NOT_IN_TASK
coder-1 tells supervisor: APPROVED: task #1
    => refused WRONG_ROLE
coder-1 tells supervisor: DONE: task #1
    => refused APPROVAL_MISSING
coder-1 runs: printf 'phase CLOSED\n' > .claude/teams/feature-say-goodbye/state.md
    => refused PROTECTED
coder-1 calls Agent: {"description": "x", "prompt": "You are extra\nDo.", "name": "extra", "subagent_type": "general-purpose"}
    => fails
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells logic-reviewer: REVIEW: task #1
coder-1 tells tech-lead: REVIEW: task #1
coder-1 rests
logic-reviewer runs: sed -i s/hello/hallo/ src/greet.py
    => fails, says "No such tool available"
logic-reviewer calls Write: {"file_path": "{project}/src/other.py", "content": "x\n"}
    => fails, says "No such tool available"
logic-reviewer tells coder-1: APPROVED: task #2
    => refused TASK_STATE
tech-lead edits src/other.py: "other = 1" -> "other = 2"
    => refused ROLE_EDITS_NOTHING
tech-lead tells coder-1: APPROVED: task #2
    => refused TASK_STATE
supervisor edits src/other.py: "other = 1" -> "other = 2"
    => refused ROLE_EDITS_NOTHING
supervisor rests
logic-reviewer tells coder-1: APPROVED: task #1
logic-reviewer rests
tech-lead tells coder-1: APPROVED: task #1
tech-lead rests
as in honest-terminal from "coder-1 runs: git commit" until "expect no refusals"
expect status: phase=CLOSED mode=MEDIUM
expect file src/other.py contains "other = 1"
