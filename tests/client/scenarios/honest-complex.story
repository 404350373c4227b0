story: COMPLEX, headless, with the client's Task tools: changed plan, risk testers, a fix round, a stuck task; nothing refused
as in honest-simple until "user types"
env: CLAUDE_CODE_ENABLE_TODO_TOOLS=1
calls: 190
user types: /build plan.md --no-research
lead runs: pack plan
    {"facts": {"layers": ["api"],
      "changes_existing": {"value": true, "evidence": "greet() takes a name now"},
      "near_sensitive": {"value": false, "evidence": "no auth, payments or migrations in src/"},
      "shared_by_3_modules": {"value": false, "evidence": "one importer"},
      "direct_sensitive": {"value": false, "evidence": "none"},
      "gold_standard_exists": {"value": false, "evidence": "no .conventions/ and one function only"}},
     "definition_of_done": ["the tests pass"],
     "trade_offs": ["a default argument rather than a second function: its callers stay"],
     "tasks": [
      {"id": 1, "subject": "Greet by name", "files": ["src/greet.py"], "references": ["src/greet.py"],
       "acceptance": ["greet(\"Ann\") is \"hello, Ann\""], "checks": ["snake_case"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [], "reviewers": [], "high_risk": false},
      {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1], "reviewers": [], "high_risk": false}]}
    => says "FINAL: COMPLEX"
lead calls TaskCreate: {"subject": "Greet by name", "description": "task #1"}
lead calls TaskCreate: {"subject": "Update .conventions/ with discovered patterns", "description": "task #2"}
lead spawns tech-lead as tech-lead
lead tells tech-lead: VALIDATE PLAN
tech-lead tells lead: PLAN CHANGES
    Task #1 must keep greet() without a name working.
tech-lead rests
lead rests until journal has PLAN_CHANGES
lead runs: pack plan
    {"facts": {"layers": ["api"],
      "changes_existing": {"value": true, "evidence": "greet() takes a name now"},
      "near_sensitive": {"value": false, "evidence": "no auth, payments or migrations in src/"},
      "shared_by_3_modules": {"value": false, "evidence": "one importer"},
      "direct_sensitive": {"value": false, "evidence": "none"},
      "gold_standard_exists": {"value": false, "evidence": "no .conventions/ and one function only"}},
     "definition_of_done": ["the tests pass"],
     "trade_offs": ["a default argument rather than a second function: its callers stay"],
     "tasks": [
      {"id": 1, "subject": "Greet by name", "files": ["src/greet.py"], "references": ["src/greet.py"],
       "acceptance": ["greet(\"Ann\") is \"hello, Ann\"", "greet() is \"hello\" still"], "checks": ["snake_case"],
       "tooling": {"test": "python3 -m unittest discover -s tests -q"}, "blocked_by": [], "reviewers": [], "high_risk": true},
      {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1], "reviewers": [], "high_risk": false}]}
lead tells tech-lead: VALIDATE PLAN
lead rests until journal has PLAN_OK
tech-lead tells lead: PLAN OK
tech-lead rests
lead tells tech-lead: IDENTIFY RISKS
lead rests until journal has RISKS
tech-lead tells lead: RISKS: 3
    RISK-1: callers of greet() without a name break
    Severity: CRITICAL
    RISK-2: a name that is no text
    Severity: MAJOR
    RISK-3: names in other scripts
    Severity: MINOR
tech-lead rests
lead at once:
    spawns risk-tester-1 as risk-tester: Verify RISK-1.
    spawns risk-tester-2 as risk-tester: Verify RISK-2.
in any order:
    risk-tester-1 writes .team-scratch/risk-tester-1/try.py:
        import sys
        sys.path.insert(0, "src")
        import greet
        print(greet.greet())
    risk-tester-1 runs: python3 .team-scratch/risk-tester-1/try.py
        => says "hello"
    risk-tester-1 tells lead: RISK-1: CONFIRMED: tests/test_greet.py calls greet() without a name.
    risk-tester-1 rests
    risk-tester-2 reads src/greet.py
    risk-tester-2 tells lead: RISK-2: THEORETICAL: nothing passes anything but text.
    risk-tester-2 rests
lead rests until hears "RISK-1: CONFIRMED"
lead tells tech-lead: RISK ANALYSIS RESULTS
    RISK-1 confirmed, RISK-2 not.
lead rests until journal has RISKS_MITIGATED
tech-lead writes DECISIONS.md:
    # Decisions
    RISK-1: greet() keeps working without a name.
    ## Operational Escalations
tech-lead tells lead: RISKS MITIGATED
tech-lead rests
lead spawns supervisor as supervisor
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
lead rests until journal has STATE_OWNERSHIP_ACK
supervisor tells lead: STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead at once:
    spawns security-reviewer as security-reviewer: Wait for REVIEW.
    spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
    spawns quality-reviewer as quality-reviewer: Wait for REVIEW.
in any order:
    security-reviewer rests
    logic-reviewer rests
    quality-reviewer rests
lead spawns coder-1 as coder: Claim task #1.
coder-1 tells supervisor: CLAIM: task #1
coder-1 tells supervisor: STUCK: task #1
    The old test must change too, tests/test_greet.py is in no task.
coder-1 rests
supervisor tells lead: STUCK: task #1
    coder-1 needs tests/test_greet.py; add it to task #1.
supervisor edits DECISIONS.md: "## Operational Escalations" -> "## Operational Escalations\n- task #1 needs tests/test_greet.py"
supervisor rests
lead rests until hears "coder-1 needs tests/test_greet.py"
lead runs: pack task rescope 1 --file tests/test_greet.py --reason "the old test changes too"
    => says "tests/test_greet.py"
lead tells coder-1: Task #1 has tests/test_greet.py now; go on.
lead rests until journal has DONE task=2
coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name):\n    return \"hello, \" + name"
coder-1 edits tests/test_greet.py: "greet.greet(), \"hello\"" -> "greet.greet(\"Ann\"), \"hello, Ann\""
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells security-reviewer: REVIEW: task #1
coder-1 tells logic-reviewer: REVIEW: task #1
coder-1 tells quality-reviewer: REVIEW: task #1
coder-1 tells tech-lead: REVIEW: task #1
coder-1 rests
in any order:
    security-reviewer tells coder-1: APPROVED: task #1
    security-reviewer rests
    logic-reviewer tells coder-1: CHANGES_REQUESTED: task #1
        MAJOR, 90: greet() without a name fails now.
    logic-reviewer rests
    quality-reviewer tells coder-1: APPROVED: task #1
    quality-reviewer rests
    tech-lead tells coder-1: CHANGES_REQUESTED: task #1
        See DECISIONS.md: greet() keeps working.
    tech-lead rests
coder-1 edits src/greet.py: "def greet(name):\n    return \"hello, \" + name" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
coder-1 tells supervisor: IN_REVIEW: task #1
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
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py tests/test_greet.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/greet.py.
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
lead at once:
    calls TaskUpdate: {"taskId": "1", "status": "completed"}
    calls TaskUpdate: {"taskId": "2", "status": "completed"}
lead tells tech-lead: Please check that all tasks fit together.
lead rests until journal has CONSISTENCY_OK
tech-lead tells lead: CONSISTENCY OK
tech-lead rests
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead runs: pack explain 1
    => says "logic-reviewer"
lead runs: pack teardown
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack status --summary
    => says "COMPLEX"
lead runs: pack teardown ask supervisor
lead rests: the summary
expect journal:
    tech-lead: PLAN_CHANGES
    lead: PLAN_REGISTERED
    tech-lead: PLAN_OK
    tech-lead: RISKS counts.CRITICAL=1 counts.MAJOR=1 counts.MINOR=1
    tech-lead: RISKS_MITIGATED
    coder-1: STUCK task=1
    supervisor: STUCK task=1
    lead: TASK_RESCOPED task=1
    logic-reviewer: CHANGES_REQUESTED task=1
    logic-reviewer: APPROVED task=1
    coder-1: DONE task=1
    coder-1: DONE task=2
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED mode=COMPLEX tasks.1.state=DONE tasks.2.state=DONE
expect file DECISIONS.md contains "task #1 needs tests"
expect exit code 0
