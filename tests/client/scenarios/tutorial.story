story: the tutorial (docs/tutorial.md) in the interactive terminal, word for word: what is typed, what is run, what is seen (tests/docs holds the two together)
as in lean-terminal-plain until "coder-1 writes .conventions"
coder-1 edits tests/test_greet.py: "hello" -> "hullo"
    => refused NOT_IN_TASK
user types: /team:status
    => says "TEAM STATUS", says "1/2 tasks"
person runs: pack
    => says "phase EXECUTION, 1 of 2 tasks done"
person runs: pack explain 1
    => says "decision: APPROVED (approved: logic-reviewer, tech-lead)"
person runs: pack log --refused
    => says "NOT_IN_TASK"
as in lean-terminal-plain from "coder-1 writes .conventions" until "lead rests: the summary"
lead rests: the summary
person runs: pack
    => says "is closed: 2 of 2 tasks done"
person runs: git log --format=%s -2
    => says "docs: conventions (task #2)", says "feat: greet by name (task #1)"
person runs: pack status --summary --format md
    => says "2 of 2 tasks done", says "build: passed"
person runs: pack report html --out run.html
    => says "wrote run.html"
person runs: pack stats
    => says "1 run: 1 closed; 2 tasks done, 2 commits", says "NOT_IN_TASK"
expect journal:
    coder-1: REFUSED code=NOT_IN_TASK
    coder-1: DONE task=2
    TEAM_DELETED
expect status: phase=CLOSED
