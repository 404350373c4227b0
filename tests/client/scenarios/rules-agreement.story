story: in the terminal: a shutdown_response with a wrong id, a refusal to shut down, requests out of order, TaskUpdate by a teammate, a teammate that spawns; then closed
as in honest-terminal until "coder-1 runs: git add .conventions"
calls: 220
env: CLAUDE_CODE_ENABLE_TODO_TOOLS=1
lead asks coder-1 to shut down: early
    => refused EARLY_SHUTDOWN
lead asks supervisor to shut down: early
    => refused SUPERVISOR_LAST
coder-1 asks logic-reviewer to shut down: early
    => refused WRONG_ROLE
coder-1 agrees to shut down, request shutdown-1@coder-1
    => refused WRONG_REQUEST_ID
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions
coder-1 tells supervisor: DONE: task #2. ALL MY TASKS COMPLETE
coder-1 rests: all my tasks are done
lead tells tech-lead: Please check that all tasks fit together.
lead rests until journal has CONSISTENCY_OK
tech-lead tells "main": CONSISTENCY OK
tech-lead rests
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead asks coder-1 to shut down: your tasks are done
lead rests until journal has SHUTDOWN_REJECTED by gate name=coder-1
coder-1 agrees to shut down, request shutdown-1@coder-1
    => refused WRONG_REQUEST_ID, says "answer with the request_id you were given"
coder-1 refuses to shut down, request shutdown-1@coder-1: wrong too
    => refused WRONG_REQUEST_ID
coder-1 refuses to shut down: one more look at my file
coder-1 rests
lead runs: pack teardown
lead runs: pack teardown ask
    => refused USE_SHUTDOWN_REQUEST
lead asks supervisor to shut down: too early
    => refused SUPERVISOR_LAST
lead at once:
    asks coder-1 to shut down: run complete
    asks logic-reviewer to shut down: run complete
    asks tech-lead to shut down: run complete
tech-lead refuses to shut down: one more decision
tech-lead rests
lead asks tech-lead to shut down: it is written already
lead rests until journal has READY_TO_DELETE
in any order:
    coder-1 agrees to shut down
    logic-reviewer agrees to shut down
    tech-lead agrees to shut down
lead tells coder-1: one more thing
    => refused ENDED_AGENT, says "revive"
lead asks supervisor to shut down: run complete
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
lead rests: the summary
expect journal:
    SHUTDOWN_REJECTED name=coder-1
    READY_TO_DELETE
    TEAM_DELETED
expect status: phase=CLOSED
