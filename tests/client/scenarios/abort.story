story: the lead aborts in the middle of the work; everybody is shut down, the supervisor last; nothing refused
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
lead runs: pack abort --reason "the user wants to stop"
    => says "coder-1", says "unified-reviewer"
lead runs: pack teardown ask
    => says "missing acks: coder-1"
coder-1 rests: stopped in the middle
lead rests until journal has READY_TO_DELETE
lead runs: pack status --summary
lead runs: pack teardown ask supervisor
    => says "closed"
lead rests: aborted
expect journal:
    lead: RUN_ABORTED reason="the user wants to stop"
    lead: SHUTDOWN_REQUESTED to=coder-1
    READY_TO_DELETE
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED tasks.1.state=CANCELLED tasks.2.state=CANCELLED
expect exit code 0
