story: SIMPLE with teammates in tmux panes: each a session of its own, bound by name once; real shutdown requests; nothing refused
as in honest-simple until "user types"
mode: panes
calls: 160
as in honest-simple from "user types" until "lead tells supervisor: STATE_OWNERSHIP_HANDOFF"
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(1)
supervisor tells "main": STATE_OWNERSHIP_ACK({epoch})
supervisor rests
lead rests until journal has STATE_OWNERSHIP_ACK
as in honest-simple from "lead spawns unified-reviewer" until "lead runs: pack verify"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "test: exit 0"
lead runs: pack teardown
    => says "shutdown_request"
lead at once:
    asks coder-1 to shut down: run complete
    asks unified-reviewer to shut down: run complete
lead rests until journal has READY_TO_DELETE
in any order:
    coder-1 agrees to shut down
    unified-reviewer agrees to shut down
lead runs: pack status --summary
lead asks supervisor to shut down: run complete
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
lead rests: the summary
expect journal:
    supervisor: STATE_OWNERSHIP_ACK
    coder-1: CLAIM task=1
    unified-reviewer: APPROVED task=1
    coder-1: DONE task=2
    SHUTDOWN_ACK how=agreed
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED
