story: tests have an owner: realtime-dev never edits them, the test-writer nothing else; then the run finishes
as in honest-simple until "lead spawns coder-1"
calls: 150
lead spawns rt as realtime-dev: Claim task #1.
rt tells supervisor: CLAIM: task #1
rt writes src/bye.py:
    def bye(name):
        return "goodbye, " + name
rt writes tests/test_bye.py:
    mine
    => refused TESTS_ARE_OWNED, says "test-writer"
rt runs: echo "" > tests/test_bye.py
    => refused TESTS_ARE_OWNED
rt tells lead: QUESTION: task #1 needs tests/test_bye.py; who writes it?
rt rests
lead runs: pack task rescope 1 --drop tests/test_bye.py --reason "tests have an owner"
lead runs: pack task add
    {"subject": "Test the goodbye", "files": ["tests/test_bye.py"], "references": ["tests/test_greet.py"],
     "acceptance": ["bye(\"Ann\") is tested"], "checks": ["short"], "tooling": {"test": "python3 -m unittest discover -s tests -q"}}
    => says "task #3"
lead spawns tests as test-writer: Claim task #3.
tests tells supervisor: CLAIM: task #3
tests writes src/bye.py:
    mine
    => refused TESTS_ONLY
tests writes tests/test_bye.py:
    import pathlib
    import sys
    import unittest

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))
    import bye


    class Bye(unittest.TestCase):
        def test_says_goodbye_by_name(self):
            self.assertEqual(bye.bye("Ann"), "goodbye, Ann")
tests runs: python3 -m unittest discover -s tests -q
tests tells supervisor: IN_REVIEW: task #3
tests tells unified-reviewer: REVIEW: task #3
tests rests
lead tells rt: Without tests, go on.
rt tells supervisor: IN_REVIEW: task #1
rt tells unified-reviewer: REVIEW: task #1
rt rests
unified-reviewer tells tests: APPROVED: task #3
unified-reviewer tells rt: APPROVED: task #1
unified-reviewer rests
tests runs: git add tests/test_bye.py && git commit -qm "test: goodbye (task #3)" -- tests/test_bye.py
tests tells supervisor: DONE: task #3. ALL MY TASKS COMPLETE
tests rests
rt runs: git add src/bye.py && git commit -qm "feat: goodbye (task #1)" -- src/bye.py
rt tells supervisor: DONE: task #1, claiming task #2
rt writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
rt tells supervisor: IN_REVIEW: task #2
rt tells unified-reviewer: REVIEW: task #2
rt rests
unified-reviewer tells rt: APPROVED: task #2
unified-reviewer rests
rt runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
rt tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
rt rests
lead rests until journal has DONE task=2
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
lead runs: pack teardown
lead runs: pack teardown ask
as in honest-simple from "lead runs: pack status --summary"
expect status: phase=CLOSED tasks.3.state=DONE
