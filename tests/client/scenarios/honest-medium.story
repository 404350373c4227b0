story: MEDIUM, headless, installed from the marketplace file: two coders side by side, research, risks, reviewers, tech lead; nothing refused
as in honest-simple until "user types"
install: marketplace
calls: 160
user types: /build plan.md --coders=2
lead spawns codebase-researcher as codebase-researcher: Where does a greeting live, how is it tested?
codebase-researcher reads src/greet.py
codebase-researcher rests: One module per phrase in src/, one unittest file per module in tests/.
lead rests until hears "One module per phrase"
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
      {"id": 2, "subject": "Say goodbye by name", "files": ["src/bye.py", "tests/test_bye.py"], "references": ["src/greet.py"],
       "acceptance": ["bye(\"Ann\") is \"goodbye, Ann\""], "checks": ["snake_case"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [], "reviewers": ["logic-reviewer"], "high_risk": false},
      {"id": 3, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1, 2], "reviewers": ["logic-reviewer"], "high_risk": false}]}
    => says "FINAL: MEDIUM"
lead spawns tech-lead as tech-lead
lead tells tech-lead: VALIDATE PLAN
    Two phrases, one module each; the records are below.
tech-lead tells lead: PLAN OK
tech-lead rests
lead rests until journal has PLAN_OK by tech-lead
lead tells tech-lead: IDENTIFY RISKS
tech-lead tells lead: RISKS: 1
    RISK-1: callers of greet() without a name
    Severity: MINOR
tech-lead rests
lead rests until journal has RISKS by tech-lead
lead tells tech-lead: RISK ANALYSIS RESULTS
    No tester: MINOR only.
tech-lead writes DECISIONS.md:
    # Decisions
    greet() keeps working without a name.
tech-lead tells lead: RISKS MITIGATED
tech-lead rests
lead rests until journal has RISKS_MITIGATED by tech-lead
lead spawns supervisor as supervisor
supervisor rests: waiting for the hand-off
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
supervisor tells lead: STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead rests until journal has STATE_OWNERSHIP_ACK by supervisor
lead spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
logic-reviewer rests
lead at once:
    spawns coder-1 as coder: Claim task #1.
    spawns coder-2 as coder: Claim task #2.
in any order:
    coder-1 tells supervisor: CLAIM: task #1
    coder-2 tells supervisor: CLAIM: task #2
    coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
    coder-2 writes src/bye.py:
        def bye(name):
            return "goodbye, " + name
    coder-2 writes tests/test_bye.py:
        import pathlib
        import sys
        import unittest

        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))
        import bye


        class Bye(unittest.TestCase):
            def test_says_goodbye_by_name(self):
                self.assertEqual(bye.bye("Ann"), "goodbye, Ann")
    coder-1 tells supervisor: IN_REVIEW: task #1
    coder-2 tells supervisor: IN_REVIEW: task #2
    coder-1 tells logic-reviewer: REVIEW: task #1
    coder-1 tells tech-lead: REVIEW: task #1
    coder-2 tells logic-reviewer: REVIEW: task #2
    coder-2 tells tech-lead: REVIEW: task #2
    coder-1 rests
    coder-2 rests
in any order:
    logic-reviewer tells coder-1: APPROVED: task #1
    logic-reviewer tells coder-2: APPROVED: task #2
    logic-reviewer rests
    tech-lead tells coder-2: APPROVED: task #2
    tech-lead tells coder-1: APPROVED: task #1
    tech-lead rests
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py
coder-1 tells supervisor: DONE: task #1. ALL MY TASKS COMPLETE
coder-1 rests
coder-2 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #2)" -- src/bye.py tests/test_bye.py
coder-2 tells supervisor: DONE: task #2, claiming task #3
coder-2 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-2 tells supervisor: IN_REVIEW: task #3
coder-2 tells logic-reviewer: REVIEW: task #3
coder-2 tells tech-lead: REVIEW: task #3
coder-2 rests
in any order:
    logic-reviewer tells coder-2: APPROVED: task #3
    logic-reviewer rests
    tech-lead tells coder-2: APPROVED: task #3
    tech-lead rests
coder-2 runs: git add .conventions && git commit -qm "docs: conventions (task #3)" -- .conventions
coder-2 tells supervisor: DONE: task #3. ALL MY TASKS COMPLETE
coder-2 rests: all my tasks are done
lead rests until journal has DONE by coder-2 task=3
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead tells tech-lead: Please check that all tasks fit together.
lead rests until journal has CONSISTENCY_OK
tech-lead tells lead: CONSISTENCY OK
tech-lead rests
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
lead runs: pack teardown
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack status --summary
lead runs: pack teardown ask supervisor
lead rests: the summary
expect journal:
    gate: AGENT_IDLE name=codebase-researcher report~"One module per phrase"
    lead: PLAN_REGISTERED
    tech-lead: PLAN_OK
    tech-lead: RISKS counts.MINOR=1
    tech-lead: RISKS_MITIGATED
    lead: STATE_OWNERSHIP_HANDOFF epoch=1
    supervisor: STATE_OWNERSHIP_ACK epoch=1
    VERIFIED test_exit=0
    tech-lead: CONSISTENCY_OK
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED mode=MEDIUM tasks.1.state=DONE tasks.2.state=DONE tasks.3.state=DONE
expect running: git log --oneline
    => says "task #1", says "task #2", says "task #3"
expect exit code 0
