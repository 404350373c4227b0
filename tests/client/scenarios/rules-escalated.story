story: an escalation latches: the unified approval that is already there no longer suffices, for DONE and for the commit; then the specialists
as in honest-simple until "coder-1 runs: git add src/bye.py tests/test_bye.py"
calls: 170
coder-1 tells supervisor: ESCALATE TO MEDIUM: task #1
    The name goes into the login page.
coder-1 tells supervisor: DONE: task #1
    => refused APPROVAL_MISSING, says "security-reviewer"
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: too early" -- src/bye.py tests/test_bye.py
    => refused COMMIT_BEFORE_APPROVAL
coder-1 tells unified-reviewer: REVIEW: task #1
    => refused NOT_AN_APPROVER, says "tech-lead"
coder-1 tells unified-reviewer: Please say it again.
unified-reviewer tells coder-1: APPROVED: task #1
    => refused NOT_AN_APPROVER
unified-reviewer rests
coder-1 rests
supervisor tells lead: ESCALATE TO MEDIUM: task #1
    coder-1 found sensitive code; I propose the three specialists and a tech lead.
supervisor rests
as in honest-escalated from "lead rests until hears"
