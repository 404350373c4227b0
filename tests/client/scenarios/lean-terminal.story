story: MEDIUM the lean way in the interactive terminal, teams flag on: in-process teammates, results in last words, shutdown requests in one turn; nothing refused
as in honest-simple until "user types"
mode: terminal
teams: on
calls: 190
patience: 60
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
lead at once:
    spawns supervisor as supervisor: STATE_OWNERSHIP_HANDOFF(1)
    spawns tech-lead as tech-lead: VALIDATE PLAN
        IDENTIFY RISKS
lead rests until journal has RISKS_MITIGATED
in any order:
    supervisor rests: STATE_OWNERSHIP_ACK(1)
    tech-lead rests: PLAN OK
        RISKS: 0
        One new module that nothing imports.
        RISKS MITIGATED
lead at once:
    spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
    spawns coder-1 as coder: task #1
lead rests until journal has DONE by coder-1 task=2
in any order:
    logic-reviewer rests: ready
    coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
coder-1 at once:
    tells logic-reviewer: REVIEW: task #1
    tells tech-lead: REVIEW: task #1
coder-1 rests: task #1 in review
in any order:
    logic-reviewer tells coder-1: APPROVED: task #1
    logic-reviewer rests: waiting
    tech-lead tells coder-1: APPROVED: task #1
    tech-lead rests: waiting
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/greet.py.
coder-1 at once:
    tells logic-reviewer: REVIEW: task #2
    tells tech-lead: REVIEW: task #2
coder-1 rests: task #2 in review
in any order:
    logic-reviewer tells coder-1: APPROVED: task #2
    logic-reviewer rests: waiting
    tech-lead tells coder-1: APPROVED: task #2
    tech-lead rests: CONSISTENCY OK
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 rests: all is DONE
lead at once:
    runs: pack finish --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
        => says "test: exit 0"
    calls ToolSearch: {"query": "select:SendMessage,TaskStop", "max_results": 10}
lead at once:
    asks coder-1 to shut down: run complete
    asks logic-reviewer to shut down: run complete
    asks tech-lead to shut down: run complete
lead rests until journal has READY_TO_DELETE
in any order:
    coder-1 agrees to shut down
    logic-reviewer agrees to shut down
    tech-lead agrees to shut down
lead asks supervisor to shut down: run complete
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
lead rests: the summary
expect journal:
    tech-lead: RISKS_MITIGATED
    coder-1: DONE task=1
    tech-lead: CONSISTENCY_OK
    coder-1: DONE task=2
    TEARDOWN_INIT
    READY_TO_DELETE
    TEAM_DELETED
expect no refusals
expect at most one wake-up of the lead without effect for each end of a turn
expect status: phase=CLOSED mode=MEDIUM
expect at most 21 calls by lead
expect at most 51 calls
