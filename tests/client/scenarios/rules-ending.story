story: no end without tests, without `.conventions/`, without TaskUpdate's approval; red tests and a late fix task; teardown out of order; then closed
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
env: CLAUDE_CODE_ENABLE_TODO_TOOLS=1
calls: 190
file .conventions/gold-standards/old.md:
    # From an earlier run
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
lead calls TaskCreate: {"subject": "Say goodbye by name", "description": "task #1"}
lead calls TaskUpdate: {"taskId": "1", "status": "completed"}
    => refused APPROVAL_MISSING
unified-reviewer tells coder-1: APPROVED: task #1
unified-reviewer rests
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
lead calls TaskUpdate: {"taskId": "1", "status": "completed"}
coder-1 tells supervisor: IN_REVIEW: task #2
coder-1 tells unified-reviewer: REVIEW: task #2
coder-1 rests
unified-reviewer tells coder-1: APPROVED: task #2
    Nothing new to record, it says.
unified-reviewer rests
coder-1 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests
lead runs: pack teardown
    => refused NOT_VERIFIED, says "pack verify"
lead edits src/bye.py: "goodbye, " -> "bye, "
    => refused LEAD_DELEGATES
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest tests.nowhere"
    => fails
lead runs: pack teardown
    => refused NOT_VERIFIED, says "tests exit 1"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead runs: pack teardown
    => refused NO_CONVENTIONS, says "says nothing that it did not say before"
lead runs: pack task add
    {"subject": "Record the phrase", "files": [".conventions/gold-standards/phrase.md"], "references": ["src/bye.py"],
     "acceptance": ["recorded"], "checks": ["short"], "tooling": {"test": "python3 -m unittest discover -s tests -q"}}
    => says "task #3"
lead tells coder-1: One more: CLAIM: task #3.
coder-1 tells supervisor: CLAIM: task #3
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells supervisor: IN_REVIEW: task #3
coder-1 tells unified-reviewer: REVIEW: task #3
coder-1 rests
unified-reviewer tells coder-1: APPROVED: task #3
unified-reviewer rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #3)" -- .conventions
coder-1 tells supervisor: DONE: task #3. ALL MY TASKS COMPLETE
coder-1 rests
lead runs: pack teardown
    => refused NOT_VERIFIED, says "present tree"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead runs: pack teardown ask supervisor
    => refused SUPERVISOR_LAST
lead runs: pack teardown ask nobody
    => refused ENDED_AGENT
lead runs: pack teardown
    => says "TEARDOWN_INIT"
lead runs: pack teardown ask supervisor
    => refused SUPERVISOR_LAST, says "shut the others down first"
lead spawns coder-2 as coder
    => refused PHASE
lead tells supervisor: FORCED_FINALIZE_ACK
    => refused NOT_A_CANDIDATE
lead runs: pack teardown ask coder-1
    => says "missing acks: unified-reviewer"
lead tells coder-1: one more thing
    => refused ENDED_AGENT, says "revive"
lead runs: pack teardown ask coder-1
    => refused ENDED_AGENT
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead spawns coder-2 as coder
    => refused PHASE
lead runs: pack task add
    {"subject": "Late", "files": ["late.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}}
    => refused PHASE
lead runs: pack teardown ask supervisor
lead runs: pack status --summary
lead rests: the summary
expect status: phase=CLOSED tasks.3.state=DONE
