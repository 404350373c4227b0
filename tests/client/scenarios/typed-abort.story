story: in the terminal the user types /team:status, /team:help and `team abort`: nothing is asked of a model, the commands leave an empty line; the supervisor is shut down and the run is closed
as in honest-simple until "lead spawns unified-reviewer"
mode: terminal
calls: 40
user types: /team:status
    => says "TEAM STATUS"
user types: /team:help
    => says "To type here, answered without a model call"
user types: team abort only a try
    => says "the run is aborted (only a try)"
user types: go on
lead spawns coder-1 as coder
    => refused PHASE
lead asks supervisor to shut down: aborted
lead rests until journal has TEAM_DELETED
supervisor agrees to shut down
expect journal:
    lead: RUN_ABORTED reason="only a try"
    READY_TO_DELETE
    SHUTDOWN_ACK how=agreed
    TEAM_DELETED
expect status: phase=CLOSED
