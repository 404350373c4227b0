story: plain MEDIUM: lead + researcher + 2 coders + 2 reviewers, no plugin
as in honest-simple until "plan.md:"
plugin: ../../bench/cost/plain
mode: headless
patience: 180
file .claude/agents/coder.md:
    ---
    name: coder
    description: Writes the code of one task with its tests.
    tools: Read, Edit, Write, Bash, SendMessage
    ---
    You write the code of the task that you are given, with tests, in the style of the reference files. Run the tests. When done, answer with the files changed and the test result. When a reviewer asked for changes, fix them and answer again.
file .claude/agents/reviewer.md:
    ---
    name: reviewer
    description: Reviews a change.
    tools: Read, Grep, Glob, Bash, SendMessage
    ---
    You review the files that you are given for correctness, security and quality. Answer APPROVED, or the findings with severity.
plan.md:
    # Say goodbye
    A module beside greet.py that says goodbye by name, greet by name.
user types: Build what plan.md says with coder agents side by side, two reviewer agents; commit each task when both approved; then the same for a conventions note.
lead reads plan.md
lead spawns researcher as project:reviewer: Where does a greeting live, how is it tested?
researcher reads src/greet.py
researcher rests: One module per phrase in src/, one unittest file per module in tests/.
lead rests until hears "One module per phrase"
lead at once:
    spawns coder-1 as project:coder: Task 1: greet by name in src/greet.py; greet("Ann") is "hello, Ann"; greet() keeps working.
    spawns coder-2 as project:coder: Task 2: say goodbye by name in src/bye.py with tests/test_bye.py; reference src/greet.py; bye("Ann") is "goodbye, Ann".
in any order:
    coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
    coder-1 rests: task1 written
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
    coder-2 rests: task2 written
lead rests until hears "task1 written"
lead rests until hears "task2 written"
lead at once:
    spawns logic-reviewer as project:reviewer: Review src/greet.py, src/bye.py and tests/test_bye.py for logic.
    spawns tech-lead as project:reviewer: Review src/greet.py, src/bye.py and tests/test_bye.py for architecture.
in any order:
    logic-reviewer rests: logic verdict APPROVED
    tech-lead rests: lead verdict APPROVED
lead rests until hears "logic verdict"
lead rests until hears "lead verdict"
lead runs: git add src/greet.py && git commit -qm "feat: greet by name"
lead runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye"
lead tells coder-2: Task 3: write .conventions/gold-standards/phrase.md.
coder-2 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-2 rests: task3 written
lead rests until hears "task3 written"
lead at once:
    tells logic-reviewer: Review .conventions/gold-standards/phrase.md.
    tells tech-lead: Review .conventions/gold-standards/phrase.md and whether all fits together.
in any order:
    logic-reviewer rests: logic verdict3 APPROVED
    tech-lead rests: lead verdict3 APPROVED
lead rests until hears "logic verdict3"
lead rests until hears "lead verdict3"
lead runs: git add .conventions && git commit -qm "docs: conventions"
lead runs: python3 -m compileall -q src && python3 -m unittest discover -s tests -q
lead rests: done
expect exit code 0
