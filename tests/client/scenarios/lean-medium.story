story: MEDIUM the lean way, headless: two coders side by side, research, plan and risks in one answer, consistency with the last approval; nothing refused
as in honest-medium until "lead spawns codebase-researcher"
calls: 160
patience: 60
meanwhile lead calls Agent: {"subagent_type": "team:codebase-researcher", "name": "codebase-researcher", "description": "codebase-researcher", "run_in_background": false, "prompt": "You are codebase-researcher\nWhere does a greeting live, how is it tested?"}
as in honest-medium from "codebase-researcher reads" until "lead rests until hears"
as in honest-medium from "lead runs: pack plan" until "lead spawns tech-lead"
meanwhile lead at once:
    calls Agent: {"subagent_type": "team:supervisor", "name": "supervisor", "description": "supervisor", "run_in_background": false, "prompt": "You are supervisor\nSTATE_OWNERSHIP_HANDOFF(1)"}
    calls Agent: {"subagent_type": "team:tech-lead", "name": "tech-lead", "description": "tech-lead", "run_in_background": false, "prompt": "You are tech-lead\nVALIDATE PLAN\nIDENTIFY RISKS"}
in any order:
    supervisor rests: STATE_OWNERSHIP_ACK(1)
    tech-lead writes DECISIONS.md:
        # Decisions
        greet() keeps working without a name.
    tech-lead rests: PLAN OK
        RISKS: 1
        RISK-1: callers of greet() without a name
        Severity: MINOR
        RISKS MITIGATED
lead at once:
    spawns logic-reviewer as logic-reviewer: Wait for REVIEW.
    spawns coder-1 as coder: task #1
    spawns coder-2 as coder: task #2
in any order:
    logic-reviewer rests: ready
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
coder-1 at once:
    tells logic-reviewer: REVIEW: task #1
    tells tech-lead: REVIEW: task #1
coder-2 at once:
    tells logic-reviewer: REVIEW: task #2
    tells tech-lead: REVIEW: task #2
in any order:
    coder-1 rests: task #1 in review
    coder-2 rests: task #2 in review
in any order:
    logic-reviewer tells coder-1: APPROVED: task #1
    logic-reviewer tells coder-2: APPROVED: task #2
    logic-reviewer rests: waiting
    tech-lead tells coder-2: APPROVED: task #2
    tech-lead tells coder-1: APPROVED: task #1
    tech-lead rests: waiting
coder-1 runs: git commit -qm "feat: greet by name (task #1)" -- src/greet.py
coder-1 rests: task #1 is DONE
coder-2 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #2)" -- src/bye.py tests/test_bye.py
coder-2 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-2 at once:
    tells logic-reviewer: REVIEW: task #3
    tells tech-lead: REVIEW: task #3
coder-2 rests: task #3 in review
in any order:
    logic-reviewer tells coder-2: APPROVED: task #3
    logic-reviewer rests: waiting
    tech-lead tells coder-2: APPROVED: task #3
    tech-lead rests: CONSISTENCY OK
coder-2 runs: git add .conventions && git commit -qm "docs: conventions (task #3)" -- .conventions
coder-2 rests: all is DONE
lead rests until journal has DONE by coder-2 task=3
lead runs: pack finish --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead rests: the summary
expect journal:
    gate: AGENT_IDLE name=codebase-researcher report~"One module per phrase"
    lead: PLAN_REGISTERED
    lead: VALIDATE_PLAN
    tech-lead: PLAN_OK
    tech-lead: RISKS counts.MINOR=1
    tech-lead: RISKS_MITIGATED
    VERIFIED test_exit=0
    TEAM_DELETED
expect journal:
    lead: STATE_OWNERSHIP_HANDOFF epoch=1
    supervisor: STATE_OWNERSHIP_ACK epoch=1
    coder-2: DONE task=2
    tech-lead: CONSISTENCY_OK
    coder-2: DONE task=3
expect no refusals
expect status: phase=CLOSED mode=MEDIUM tasks.1.state=DONE tasks.2.state=DONE tasks.3.state=DONE
expect running: git log --oneline
    => says "task #1", says "task #2", says "task #3"
expect at most 44 calls
expect at most 1 calls by supervisor
expect exit code 0
