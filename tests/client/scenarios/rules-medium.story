story: a COMPLEX run's gates in order: tech lead, PLAN OK, risks, testers, mitigation, hand-off; scratch scripts and DECISIONS.md; then the honest run
as in honest-complex until "lead spawns tech-lead"
calls: 240
lead spawns coder-1 as coder
    => refused NO_OWNER
lead spawns unified-reviewer as unified-reviewer
    => refused ROLE_NOT_IN_MODE
lead spawns risk-tester-1 as risk-tester
    => refused NO_RISKS
lead tells tech-lead: VALIDATE PLAN
    => refused UNKNOWN_RECEIVER
lead spawns tech-lead as tech-lead
lead tells tech-lead: IDENTIFY RISKS
    => refused PLAN_NOT_VALIDATED, says "VALIDATE PLAN"
tech-lead tells lead: PLAN OK
    => refused NOT_ASKED
tech-lead tells lead: RISKS: 0
    => refused NOT_ASKED
tech-lead tells lead: RISKS MITIGATED
    => refused NOT_ASKED
tech-lead writes src/greet.py:
    mine
    => refused ROLE_EDITS_NOTHING
lead tells tech-lead: VALIDATE PLAN
tech-lead tells lead: PLAN CHANGES
    Task #1 must keep greet() without a name working.
tech-lead rests
lead spawns supervisor as supervisor
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
supervisor tells lead: STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead spawns coder-1 as coder
    => refused PLAN_NOT_VALIDATED
lead rests until journal has PLAN_CHANGES
lead runs: pack plan
    {"facts": {"layers": ["api"],
      "changes_existing": {"value": true, "evidence": "greet() takes a name now"},
      "near_sensitive": {"value": false, "evidence": "no auth, payments or migrations in src/"},
      "shared_by_3_modules": {"value": false, "evidence": "one importer"},
      "direct_sensitive": {"value": false, "evidence": "none"},
      "gold_standard_exists": {"value": true, "evidence": "tuned: it was false"}},
     "definition_of_done": ["the tests pass"],
     "tasks": [
      {"id": 1, "subject": "Greet by name", "files": ["src/greet.py"], "references": ["src/greet.py"],
       "acceptance": ["greet(\"Ann\") is \"hello, Ann\"", "greet() is \"hello\" still"], "checks": ["snake_case"],
       "tooling": {"test": "python3 -m unittest discover -s tests -q"}, "blocked_by": [], "reviewers": ["logic-reviewer"], "high_risk": true},
      {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1], "reviewers": ["logic-reviewer"], "high_risk": false}]}
    => says "stays COMPLEX"
lead tells tech-lead: VALIDATE PLAN
lead rests until journal has PLAN_OK
tech-lead tells lead: PLAN OK
tech-lead rests
lead tells tech-lead: RISK ANALYSIS RESULTS
    => refused NOT_ASKED
lead tells tech-lead: IDENTIFY RISKS
lead rests until journal has RISKS
tech-lead tells lead: RISKS: some
    => refused MALFORMED_LINE
tech-lead tells lead: RISKS: 2
    RISK-1: callers of greet() without a name break
    Severity: CRITICAL
    RISK-2: a name that is no text
    Severity: MAJOR
tech-lead tells lead: RISKS MITIGATED
    => refused RISKS_OPEN
tech-lead rests
lead spawns coder-1 as coder
    => refused RISKS_OPEN
lead tells tech-lead: RISK ANALYSIS RESULTS
    => refused RISKS_UNTESTED, says "0 of 2"
lead at once:
    spawns risk-tester-1 as risk-tester: Verify RISK-1.
    spawns risk-tester-2 as risk-tester: Verify RISK-2.
risk-tester-1 writes src/try.py:
    x = 1
    => refused SCRATCH_ONLY, says ".team-scratch/risk-tester-1/"
risk-tester-1 runs: echo x > .team-scratch/risk-tester-2/x
    => refused SCRATCH_ONLY
lead tells tech-lead: RISK ANALYSIS RESULTS
    RISK-1 confirmed, RISK-2 not.
    => refused TESTERS_SILENT, says "RISK-N: CONFIRMED | MITIGATED | THEORETICAL"
risk-tester-1 rests: RISK-1: CONFIRMED
    tests/test_greet.py calls greet() without a name.
risk-tester-2 rests: RISK-2: THEORETICAL
    nothing passes anything but text.
lead rests until hears "RISK-2: THEORETICAL"
lead tells tech-lead: RISK ANALYSIS RESULTS
    RISK-1 confirmed, RISK-2 not.
lead rests until journal has RISKS_MITIGATED
tech-lead tells lead: RISKS MITIGATED
    => refused RISK_UNDECIDED, says "DECISIONS.md"
tech-lead writes DECISIONS.md:
    # Decisions
    RISK-1: greet() keeps working without a name.
    ## Operational Escalations
tech-lead tells lead: RISKS MITIGATED
tech-lead rests
lead tells supervisor: All is ready.
supervisor edits DECISIONS.md: "RISK-1: greet() keeps" -> "RISK-1: greet() never keeps"
    => refused APPEND_ONLY, says "## Operational Escalations"
supervisor edits src/greet.py: "hello" -> "hullo"
    => refused ROLE_EDITS_NOTHING
supervisor edits .claude/teams/feature-say-goodbye/state.md: "# Team State" -> "# My State"
    => refused PROTECTED
supervisor tells lead: ESCALATE TO MEDIUM: task #1
    => refused MODE
supervisor rests
lead at once:
    spawns security-reviewer as security-reviewer: Wait for REVIEW.
    spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
    spawns quality-reviewer as quality-reviewer: Wait for REVIEW.
in any order:
    security-reviewer rests
    logic-reviewer rests
    quality-reviewer rests
as in honest-complex from "lead spawns coder-1"
expect status: phase=CLOSED mode=COMPLEX
