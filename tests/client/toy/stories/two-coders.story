story: two coders of one role are kept apart, in order, with one refusal
plugin: toy
file src/a.py:
    a = 1
file src/b.py:
    b = 1
user types: /build plan.md --coders=2
lead at once:
    spawns coder-1 as coder
    spawns coder-2 as coder
lead rests
in any order:
    coder-1 edits src/a.py: "a = 1" -> "a = 2"
    coder-2 edits src/b.py: "b = 1" -> "b = 2"
coder-2 edits src/b.py: "b = 2" -> "FORBIDDEN"
    => refused FORBIDDEN, says "Next: do something else"
coder-1 tells coder-2: REVIEW: task #1
    the body, {epoch} {request_id} {unknown}
coder-1 rests
coder-2 runs: pack plan
    {"tasks": []}
    => says "toy pack: plan", says "tasks"
coder-2 tells coder-1: APPROVED: task #1
coder-2 rests
coder-1 tells lead: DONE: task #1
coder-1 rests
lead remembers first from: Agent "(coder-\d)" finished
lead runs: echo {first} {session} {agent_id:coder-1}
    => lacks "{"
lead rests
expect journal:
    lead: RUN_OPENED arguments="plan.md --coders=2"
    coder-2: REFUSED code=FORBIDDEN what~Edit
    coder-1: SENDMESSAGE to=coder-2
    coder-2: BASH
    coder-2: SENDMESSAGE to=coder-1
    coder-1: SENDMESSAGE to=main
    lead: BASH
expect journal never:
    coder-1: REFUSED
expect file src/a.py contains "a = 2"
expect file src/b.py lacks "FORBIDDEN"
expect status: phase=TOY tasks.1.state=DONE
expect at most 26 calls
expect at most 7 calls by coder-1
expect exit code 0
expect hook PreToolUse says "team: refused (FORBIDDEN)"
expect running: git log --oneline
    => says "as the story begins"
