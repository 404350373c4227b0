story: SIMPLE escalated to MEDIUM in the middle of a review, headless; the unified approval no longer suffices; nothing refused
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 150
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
unified-reviewer waits until knows "authentication, authorisation, permissions, payments, billing, migrations"
unified-reviewer tells supervisor: ESCALATE TO MEDIUM: task #1
    The name goes into a log line of the login page.
unified-reviewer rests
supervisor tells lead: ESCALATE TO MEDIUM: task #1
    unified-reviewer found sensitive code; I propose the three specialists and a tech lead.
supervisor rests
lead rests until hears "I propose the three specialists"
lead at once:
    spawns tech-lead as tech-lead: Wait for REVIEW.
    spawns security-reviewer as security-reviewer: Wait for REVIEW.
    spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
    spawns quality-reviewer as quality-reviewer: Wait for REVIEW.
in any order:
    tech-lead rests
    security-reviewer rests
    logic-reviewer rests
    quality-reviewer rests
lead tells coder-1: The specialists are there; ask them.
lead rests until journal has DONE task=2
in any order:
    coder-1 tells security-reviewer: REVIEW: task #1
    coder-1 tells logic-reviewer: REVIEW: task #1
    coder-1 tells quality-reviewer: REVIEW: task #1
    coder-1 tells tech-lead: REVIEW: task #1
    coder-1 rests
in any order:
    security-reviewer tells coder-1: APPROVED: task #1
    security-reviewer rests
    logic-reviewer tells coder-1: APPROVED: task #1
    logic-reviewer rests
    quality-reviewer tells coder-1: APPROVED: task #1
    quality-reviewer rests
    tech-lead tells coder-1: APPROVED: task #1
    tech-lead rests
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
coder-1 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells supervisor: IN_REVIEW: task #2
coder-1 tells security-reviewer: REVIEW: task #2
coder-1 tells logic-reviewer: REVIEW: task #2
coder-1 tells quality-reviewer: REVIEW: task #2
coder-1 tells tech-lead: REVIEW: task #2
coder-1 rests
in any order:
    security-reviewer tells coder-1: APPROVED: task #2
    security-reviewer rests
    logic-reviewer tells coder-1: APPROVED: task #2
    logic-reviewer rests
    quality-reviewer tells coder-1: APPROVED: task #2
    quality-reviewer rests
    tech-lead tells coder-1: APPROVED: task #2
    tech-lead rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests: all my tasks are done
as in honest-simple from "lead runs: pack verify"
expect journal:
    unified-reviewer: ESCALATE_TO_MEDIUM task=1
    supervisor: ESCALATE_TO_MEDIUM task=1
    quality-reviewer: APPROVED task=1
    coder-1: DONE task=1
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED mode=SIMPLE_ESCALATED_TO_MEDIUM
expect exit code 0
