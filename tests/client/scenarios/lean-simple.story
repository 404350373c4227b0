story: SIMPLE the lean way, headless: facts need no message, the owner acks in its last words, `pack finish` ends it; nothing refused
as in honest-simple until "lead spawns supervisor"
meanwhile lead calls Agent: {"subagent_type": "team:supervisor", "name": "supervisor", "description": "supervisor", "run_in_background": false, "prompt": "You are supervisor\nSTATE_OWNERSHIP_HANDOFF(1)"}
supervisor rests: STATE_OWNERSHIP_ACK(1)
lead at once:
    spawns unified-reviewer as unified-reviewer: Wait for REVIEW.
    spawns coder-1 as coder: task #1
in any order:
    unified-reviewer waits until knows "three passes, one per heading"
    unified-reviewer rests: ready
    coder-1 waits until hears "--- GOLD STANDARD: src — src/greet.py ---"
    coder-1 waits until knows "Self-check: run the record's checks and tooling"
    coder-1 waits until knows "never a silent deviation"
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
    coder-1 tells unified-reviewer: REVIEW: task #1
        One function, one test.
    coder-1 rests: waiting for unified-reviewer
unified-reviewer reads src/bye.py
unified-reviewer tells coder-1: APPROVED: task #1
    No CRITICAL, no MAJOR.
unified-reviewer rests: waiting
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
coder-1 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells unified-reviewer: REVIEW: task #2
coder-1 rests: waiting for unified-reviewer
unified-reviewer tells coder-1: APPROVED: task #2
unified-reviewer rests: waiting
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 rests: all my tasks are done
lead rests until journal has DONE by coder-1 task=2
lead runs: pack finish --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
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
expect no wake-up of the lead without effect
expect status: phase=CLOSED tasks.1.state=DONE tasks.2.state=DONE
expect file src/bye.py contains "goodbye"
expect at most 26 calls
expect at most 1 calls by supervisor
expect exit code 0
