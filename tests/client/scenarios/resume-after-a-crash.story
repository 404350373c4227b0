story: the client is killed in the middle; the conversation is compacted; the resumed session finishes with the same agents by their ids
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
meanwhile coder-1 runs: python3 -c 'import time; time.sleep(60)'
the client is killed
user types: /compact
user types: go on
lead runs: pack status
    => says "coder-1"
lead tells "{agent_id:coder-1}": Your session was resumed. Go on with task #1.
coder-1 tells "{agent_id:supervisor}": IN_REVIEW: task #1
coder-1 tells "{agent_id:unified-reviewer}": REVIEW: task #1
coder-1 rests
unified-reviewer tells "{agent_id:coder-1}": APPROVED: task #1
unified-reviewer rests
lead rests until journal has DONE task=2
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 tells "{agent_id:supervisor}": DONE: task #1, claiming task #2
coder-1 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells "{agent_id:supervisor}": IN_REVIEW: task #2
coder-1 tells "{agent_id:unified-reviewer}": REVIEW: task #2
coder-1 rests
unified-reviewer tells "{agent_id:coder-1}": APPROVED: task #2
unified-reviewer rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 tells "{agent_id:supervisor}": DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests
as in honest-simple from "lead runs: pack verify"
expect journal:
    lead: RUN_OPENED
    lead: RUN_RESUMED
    coder-1: DONE task=1
    TEAM_DELETED
expect no refusals
expect hook SessionStart says "coder-1"
expect status: phase=CLOSED
