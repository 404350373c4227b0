story: a MEDIUM run, from plan.md to CLOSED, with five refusals on the way (scripts/demo shows it live)
as in honest-simple until "user types"
calls: 170
user types: /build plan.md --coders=2
lead spawns coder-1 as coder: Just start.
    => refused NO_PLAN
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
tech-lead tells lead: PLAN OK
tech-lead rests
lead rests until journal has PLAN_OK
lead tells tech-lead: IDENTIFY RISKS
tech-lead tells lead: RISKS: 1
    RISK-1: callers of greet() without a name
    Severity: MINOR
lead rests until journal has RISKS
tech-lead tells lead: RISKS MITIGATED
tech-lead rests
lead rests until journal has RISKS_MITIGATED
lead spawns supervisor as supervisor
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
supervisor tells lead: STATE_OWNERSHIP_ACK(1)
supervisor rests
lead rests until journal has STATE_OWNERSHIP_ACK
lead spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
logic-reviewer rests
lead at once:
    spawns coder-1 as coder: Claim task #1.
    spawns coder-2 as coder: Claim task #2.
coder-1 tells supervisor: CLAIM: task #1
coder-2 tells supervisor: CLAIM: task #2
coder-2 edits src/greet.py: "hello" -> "hullo"
    => refused NOT_YOUR_FILE
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
coder-1 tells supervisor: DONE: task #1
    logic-reviewer said "APPROVED: task #1".
    => refused APPROVAL_MISSING
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells logic-reviewer: REVIEW: task #1
coder-1 tells tech-lead: REVIEW: task #1
coder-1 rests
coder-2 tells supervisor: IN_REVIEW: task #2
coder-2 tells logic-reviewer: REVIEW: task #2
coder-2 tells tech-lead: REVIEW: task #2
logic-reviewer tells coder-1: APPROVED: task #1
logic-reviewer tells coder-2: APPROVED: task #2
logic-reviewer rests
tech-lead tells coder-1: APPROVED: task #1
tech-lead tells coder-2: APPROVED: task #2
tech-lead rests
coder-2 edits src/bye.py: "def bye" -> "# quickly, before the commit\ndef bye"
coder-2 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #2)" -- src/bye.py tests/test_bye.py
    => refused COMMIT_BEFORE_APPROVAL
coder-2 tells logic-reviewer: REVIEW: task #2
coder-2 tells tech-lead: REVIEW: task #2
coder-2 rests
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py
coder-1 tells supervisor: DONE: task #1. ALL MY TASKS COMPLETE
coder-1 rests
logic-reviewer tells coder-2: APPROVED: task #2
logic-reviewer rests
tech-lead tells coder-2: APPROVED: task #2
tech-lead rests
coder-2 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #2)" -- src/bye.py tests/test_bye.py
coder-2 tells supervisor: DONE: task #2, claiming task #3
coder-2 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-2 tells supervisor: IN_REVIEW: task #3
coder-2 tells logic-reviewer: REVIEW: task #3
coder-2 tells tech-lead: REVIEW: task #3
coder-2 rests
logic-reviewer tells coder-2: APPROVED: task #3
logic-reviewer rests
tech-lead tells coder-2: APPROVED: task #3
tech-lead rests
coder-2 runs: git add .conventions && git commit -qm "docs: conventions (task #3)" -- .conventions
coder-2 tells supervisor: DONE: task #3. ALL MY TASKS COMPLETE
coder-2 rests
lead rests until journal has DONE task=3
lead runs: pack teardown
    => refused NOT_VERIFIED
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead tells tech-lead: Please check that all tasks fit together.
tech-lead tells lead: CONSISTENCY OK
tech-lead rests
lead rests until journal has CONSISTENCY_OK
lead runs: pack teardown
lead runs: pack teardown ask
lead runs: pack teardown ask supervisor
lead runs: pack status --summary
lead rests: the summary
expect journal:
    lead: REFUSED code=NO_PLAN
    coder-2: REFUSED code=NOT_YOUR_FILE
    coder-1: REFUSED code=APPROVAL_MISSING
    coder-2: REFUSED code=COMMIT_BEFORE_APPROVAL
    lead: REFUSED code=NOT_VERIFIED
    TEAM_DELETED
expect status: phase=CLOSED mode=MEDIUM
