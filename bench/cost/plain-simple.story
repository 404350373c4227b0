story: plain SIMPLE: lead + coder + reviewer, no plugin
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
    A module beside greet.py that says goodbye by name.
user types: Build what plan.md says. Have the coder agent write it, the reviewer agent review it, commit each task when approved; then the same for a conventions note.
lead reads plan.md
lead spawns coder-1 as project:coder: Task 1: say goodbye by name in src/bye.py with tests/test_bye.py; reference src/greet.py; bye("Ann") is "goodbye, Ann".
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
coder-1 rests: task1 written, tests pass
lead rests until hears "task1 written"
lead spawns reviewer as project:reviewer: Review src/bye.py and tests/test_bye.py.
reviewer reads src/bye.py
reviewer rests: verdict1 APPROVED
lead rests until hears "verdict1 APPROVED"
lead runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye"
lead tells coder-1: Task 2: write .conventions/gold-standards/function.md.
coder-1 writes .conventions/gold-standards/function.md:
    # A function of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 rests: task2 written
lead rests until hears "task2 written"
lead tells reviewer: Review .conventions/gold-standards/function.md.
reviewer rests: verdict2 APPROVED
lead rests until hears "verdict2 APPROVED"
lead runs: git add .conventions && git commit -qm "docs: conventions"
lead runs: python3 -m compileall -q src && python3 -m unittest discover -s tests -q
lead rests: done
expect exit code 0
