story: MEDIUM in the interactive terminal, teams flag on: in-process teammates, `team status` typed, compacted in the middle, real shutdown requests; nothing refused
as in honest-simple until "user types"
mode: terminal
calls: 190
user types: /build plan.md --coders=1
lead runs: pack plan
    {"facts": {"layers": ["api"],
      "changes_existing": {"value": true, "evidence": "greet() takes a name now"},
      "near_sensitive": {"value": false, "evidence": "no auth, payments or migrations in src/"},
      "shared_by_3_modules": {"value": false, "evidence": "one importer"},
      "direct_sensitive": {"value": false, "evidence": "none"},
      "gold_standard_exists": {"value": true, "evidence": "src/greet.py"}},
     "definition_of_done": ["the tests pass"],
     "tasks": [
      {"id": 1, "subject": "Greet by name", "files": ["src/greet.py"], "references": ["src/greet.py"],
       "acceptance": ["greet(\"Ann\") is \"hello, Ann\""], "checks": ["snake_case"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [], "reviewers": ["logic-reviewer"], "high_risk": false},
      {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1], "reviewers": ["logic-reviewer"], "high_risk": false}]}
    => says "FINAL: MEDIUM"
lead spawns tech-lead as tech-lead
lead tells tech-lead: VALIDATE PLAN
lead rests until journal has PLAN_OK
tech-lead tells "main": PLAN OK
tech-lead rests
lead tells tech-lead: IDENTIFY RISKS
lead rests until journal has RISKS
tech-lead tells "main": RISKS: 0
    One new module that nothing imports.
lead rests until journal has RISKS_MITIGATED
tech-lead tells "main": RISKS MITIGATED
tech-lead rests
user types: team status
    => says "TEAM STATUS", says "tech-lead"
user types: /compact
user types: go on
lead spawns supervisor as supervisor
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
lead rests until journal has STATE_OWNERSHIP_ACK by supervisor
supervisor tells "main": STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
logic-reviewer rests
lead spawns coder-1 as coder: Claim task #1.
coder-1 runs: pack task show 1
    => says "src/greet.py"
coder-1 tells supervisor: CLAIM: task #1
coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells logic-reviewer: REVIEW: task #1
coder-1 tells tech-lead: REVIEW: task #1
coder-1 rests
in any order:
    logic-reviewer tells coder-1: APPROVED: task #1
    logic-reviewer rests
    tech-lead tells coder-1: APPROVED: task #1
    tech-lead rests
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/greet.py.
coder-1 tells supervisor: IN_REVIEW: task #2
coder-1 tells logic-reviewer: REVIEW: task #2
coder-1 tells tech-lead: REVIEW: task #2
coder-1 rests
in any order:
    logic-reviewer tells coder-1: APPROVED: task #2
    logic-reviewer rests
    tech-lead tells coder-1: APPROVED: task #2
    tech-lead rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests: all my tasks are done
lead rests until journal has DONE by coder-1 task=2
lead tells tech-lead: Please check that all tasks fit together.
lead rests until journal has CONSISTENCY_OK
tech-lead tells "main": CONSISTENCY OK
tech-lead rests
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead runs: pack teardown
    => says "coder-1", says "shutdown_request"
lead at once:
    asks coder-1 to shut down: run complete
    asks logic-reviewer to shut down: run complete
    asks tech-lead to shut down: run complete
lead rests until journal has READY_TO_DELETE
in any order:
    coder-1 agrees to shut down
    logic-reviewer agrees to shut down
    tech-lead agrees to shut down
lead runs: pack status --summary
lead asks supervisor to shut down: run complete
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
lead rests: the summary
expect journal:
    tech-lead: RISKS_MITIGATED
    supervisor: STATE_OWNERSHIP_ACK epoch=1
    coder-1: DONE task=2
    TEARDOWN_INIT
    SHUTDOWN_ACK how=agreed
    SHUTDOWN_ACK how=agreed
    SHUTDOWN_ACK how=agreed
    READY_TO_DELETE
    SHUTDOWN_ACK how=agreed
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED mode=MEDIUM
