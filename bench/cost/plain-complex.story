story: plain COMPLEX: lead + 2 testers + coder + 4 reviewers, two rounds, no plugin
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
user types: Build what plan.md says: have the plan reviewed, test its two worst risks, one coder, four reviewers, commit each task when all approved; then the same for a conventions note.
lead reads plan.md
lead spawns tech-lead as project:reviewer: Is the plan sound, and what are its risks?
tech-lead reads src/greet.py
tech-lead rests: plan verdict: keep greet() without a name. RISK-1 callers, RISK-2 a name that is no text.
lead rests until hears "plan verdict"
lead at once:
    spawns risk-tester-1 as project:coder: Verify RISK-1 in a scratch script.
    spawns risk-tester-2 as project:coder: Verify RISK-2.
in any order:
    risk-tester-1 writes scratch/try.py:
        import sys
        sys.path.insert(0, "src")
        import greet
        print(greet.greet())
    risk-tester-1 runs: python3 scratch/try.py
    risk-tester-1 rests: risk1 confirmed
    risk-tester-2 reads src/greet.py
    risk-tester-2 rests: risk2 not confirmed
lead rests until hears "risk1 confirmed"
lead rests until hears "risk2 not confirmed"
lead spawns coder-1 as project:coder: Task 1: greet by name in src/greet.py and its test.
coder-1 edits src/greet.py: "def greet():\n    return \"hello\"" -> "def greet(name):\n    return \"hello, \" + name"
coder-1 edits tests/test_greet.py: "greet.greet(), \"hello\"" -> "greet.greet(\"Ann\"), \"hello, Ann\""
coder-1 rests: task1 written
lead rests until hears "task1 written"
lead at once:
    spawns security-reviewer as project:reviewer: Review src/greet.py and tests/test_greet.py.
    spawns logic-reviewer as project:reviewer: Review src/greet.py and tests/test_greet.py.
    spawns quality-reviewer as project:reviewer: Review src/greet.py and tests/test_greet.py.
    tells tech-lead: Review src/greet.py and tests/test_greet.py.
in any order:
    security-reviewer rests: security-reviewer verdict1 APPROVED
    logic-reviewer rests: logic-reviewer verdict1 CHANGES
    quality-reviewer rests: quality-reviewer verdict1 APPROVED
    tech-lead rests: tech-lead verdict1 CHANGES
lead rests until hears "security-reviewer verdict1"
lead rests until hears "logic-reviewer verdict1"
lead rests until hears "quality-reviewer verdict1"
lead rests until hears "tech-lead verdict1"
lead tells coder-1: greet() without a name must keep working.
coder-1 edits src/greet.py: "def greet(name):\n    return \"hello, \" + name" -> "def greet(name=None):\n    return \"hello\" + (\", \" + name if name else \"\")"
coder-1 rests: task1 fixed
lead rests until hears "task1 fixed"
lead at once:
    tells security-reviewer: Review src/greet.py again.
    tells logic-reviewer: Review src/greet.py again.
    tells quality-reviewer: Review src/greet.py again.
    tells tech-lead: Review src/greet.py again.
in any order:
    security-reviewer rests: security-reviewer verdict2 APPROVED
    logic-reviewer rests: logic-reviewer verdict2 APPROVED
    quality-reviewer rests: quality-reviewer verdict2 APPROVED
    tech-lead rests: tech-lead verdict2 APPROVED
lead rests until hears "security-reviewer verdict2"
lead rests until hears "logic-reviewer verdict2"
lead rests until hears "quality-reviewer verdict2"
lead rests until hears "tech-lead verdict2"
lead runs: git add src/greet.py tests/test_greet.py && git commit -qm "feat: greet by name"
lead tells coder-1: Task 2: write .conventions/gold-standards/phrase.md.
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/greet.py.
coder-1 rests: task2 written
lead rests until hears "task2 written"
lead at once:
    tells security-reviewer: Review .conventions/gold-standards/phrase.md.
    tells logic-reviewer: Review .conventions/gold-standards/phrase.md.
    tells quality-reviewer: Review .conventions/gold-standards/phrase.md.
    tells tech-lead: Review .conventions/gold-standards/phrase.md.
in any order:
    security-reviewer rests: security-reviewer verdict3 APPROVED
    logic-reviewer rests: logic-reviewer verdict3 APPROVED
    quality-reviewer rests: quality-reviewer verdict3 APPROVED
    tech-lead rests: tech-lead verdict3 APPROVED
lead rests until hears "security-reviewer verdict3"
lead rests until hears "logic-reviewer verdict3"
lead rests until hears "quality-reviewer verdict3"
lead rests until hears "tech-lead verdict3"
lead runs: git add .conventions && git commit -qm "docs: conventions"
lead runs: python3 -m compileall -q src && python3 -m unittest discover -s tests -q
lead rests: done
expect exit code 0
