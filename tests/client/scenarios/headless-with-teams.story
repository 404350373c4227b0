story: -p with the teams flag on: the client's own shutdown_request frame is accepted, and acked by the gate
as in honest-simple until "lead runs: pack verify"
teams: on
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
lead runs: pack teardown
    => says "coder-1"
lead asks coder-1 to shut down: run complete
lead asks unified-reviewer to shut down: run complete
lead runs: pack status --summary
lead asks supervisor to shut down: run complete
lead rests: the summary
expect journal:
    lead: SHUTDOWN_REQUESTED to=coder-1
    SHUTDOWN_ACK name=coder-1
    READY_TO_DELETE
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED
