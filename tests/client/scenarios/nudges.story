story: nobody rests on a step that is due: told at SubagentStop and at Stop, at most three times the same, and the run goes on
as in honest-simple until "unified-reviewer rests: ready"
calls: 120
unified-reviewer rests: ready
lead rests: forgets to spawn a coder
lead rests: forgets again
lead rests: and again
lead spawns coder-1 as coder: Claim task #1.
coder-1 tells supervisor: CLAIM: task #1
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
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 rests: forgets to ask for the review
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
unified-reviewer rests: forgets to answer
unified-reviewer rests: forgets again
unified-reviewer tells coder-1: APPROVED: task #1
unified-reviewer rests
coder-1 rests: forgets to commit
coder-1 rests: forgets again
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)" -- src/bye.py tests/test_bye.py
as in honest-simple from "coder-1 tells supervisor: DONE: task #1" until "lead rests until journal has DONE by coder-1 task=2"
lead rests: forgets the verification
lead rests: forgets it again
as in honest-simple from "lead rests until journal has DONE by coder-1 task=2"
expect journal:
    NUDGED who=lead step~coder
    NUDGED who=coder-1 step~ask
    NUDGED who=unified-reviewer step~review
    NUDGED who=unified-reviewer step~review
    NUDGED who=coder-1 step~done
    NUDGED who=coder-1 step~done
    NUDGED who=lead step=verify
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED
