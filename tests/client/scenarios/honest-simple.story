story: SIMPLE, headless: from plan.md to CLOSED, nothing refused
mode: headless
calls: 80
file CLAUDE.md:
    # Greeter
    Python, standard library. Build: `python3 -m compileall -q src`. Tests: `python3 -m unittest discover -s tests -q`.
file src/greet.py:
    def greet():
        return "hello"
file tests/test_greet.py:
    import pathlib
    import sys
    import unittest

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))
    import greet


    class Greet(unittest.TestCase):
        def test_greets(self):
            self.assertEqual(greet.greet(), "hello")
plan.md:
    # Say goodbye
    A module beside greet.py that says goodbye by name.
user types: /build plan.md --coders=1
lead runs: pack plan
    {"facts": {"layers": ["api"],
      "changes_existing": {"value": false, "evidence": "only a new module"},
      "near_sensitive": {"value": false, "evidence": "no auth, payments or migrations in src/"},
      "shared_by_3_modules": {"value": false, "evidence": "new module, no importer"},
      "direct_sensitive": {"value": false, "evidence": "none"},
      "gold_standard_exists": {"value": true, "evidence": "src/greet.py"}},
     "definition_of_done": ["the tests pass"],
     "tasks": [
      {"id": 1, "subject": "Say goodbye by name", "files": ["src/bye.py", "tests/test_bye.py"], "references": ["src/greet.py"],
       "acceptance": ["bye(\"Ann\") is \"goodbye, Ann\""], "checks": ["snake_case"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [], "reviewers": [], "high_risk": false},
      {"id": 2, "subject": "Update .conventions/ with discovered patterns", "files": [".conventions/"], "references": ["src/greet.py"],
       "acceptance": ["what this run found is recorded"], "checks": ["20-30 lines each"], "tooling": {"test": "python3 -m unittest discover -s tests -q"},
       "blocked_by": [1], "reviewers": [], "high_risk": false}]}
    => says "FINAL", says "SIMPLE"
lead spawns supervisor as supervisor
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
supervisor tells lead: STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead rests until journal has STATE_OWNERSHIP_ACK by supervisor
lead spawns unified-reviewer as unified-reviewer: Wait for REVIEW.
unified-reviewer rests: ready
lead spawns coder-1 as coder: Claim task #1.
coder-1 runs: pack task show 1
    => says "src/bye.py"
coder-1 tells supervisor: CLAIM: task #1
coder-1 reads src/greet.py
coder-1 writes src/bye.py:
    def bye(name):
        return "goodbye, " + name
coder-1 writes tests/test_bye.py:
    import pathlib
    import sys
    import unittest

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))
    import bye


    class Bye(unittest.TestCase):
        def test_says_goodbye_by_name(self):
            self.assertEqual(bye.bye("Ann"), "goodbye, Ann")
coder-1 runs: python3 -m unittest discover -s tests -q
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
    One function, one test.
coder-1 rests: task #1 in review, waiting for unified-reviewer
unified-reviewer reads src/bye.py
unified-reviewer tells coder-1: APPROVED: task #1
    No CRITICAL, no MAJOR.
unified-reviewer rests
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 tells supervisor: DONE: task #1, claiming task #2
coder-1 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells supervisor: IN_REVIEW: task #2
coder-1 tells unified-reviewer: REVIEW: task #2
coder-1 rests
unified-reviewer tells coder-1: APPROVED: task #2
unified-reviewer rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests: all my tasks are done
lead rests until journal has DONE by coder-1 task=2
lead runs: pack status
    => says "COMPLETION"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead runs: pack teardown
    => says "pack teardown ask"
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack status --summary
lead runs: pack teardown ask supervisor
lead rests: the summary
expect journal:
    lead: RUN_OPENED
    lead: PLAN_REGISTERED
    supervisor: STATE_OWNERSHIP_ACK
    coder-1: CLAIM task=1
    unified-reviewer: APPROVED task=1
    coder-1: COMMITTED
    coder-1: DONE task=1
    coder-1: DONE task=2
    VERIFIED
    READY_TO_DELETE
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED tasks.1.state=DONE tasks.2.state=DONE
expect file src/bye.py contains "goodbye"
expect running: git status --porcelain --untracked-files=no
    => lacks "src"
expect exit code 0
