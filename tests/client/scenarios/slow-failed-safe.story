story: the lead denies the forced finalize: FAILED_SAFE, nothing is lost; a retry under a new attempt closes the run
as in slow-forced-finalize until "lead tells supervisor: FORCED_FINALIZE_ACK"
lead tells supervisor: FORCED_FINALIZE_DENY
    It may still find something.
lead runs: pack status
    => says "FAILED_SAFE"
lead spawns coder-9 as coder
    => refused PHASE
lead runs: pack teardown ask supervisor
    => refused
lead runs: pack teardown retry
    => says "attempt 2", says "missing acks: unified-reviewer"
lead runs: pack teardown ask
    => says "WAITING_ACKS"
unified-reviewer rests: nothing found
lead rests until journal has READY_TO_DELETE
lead runs: pack teardown ask supervisor
lead rests: the summary
expect journal:
    FORCED_FINALIZE_CANDIDATE
    lead: FORCED_FINALIZE_DENY
    TEARDOWN_FAILED_SAFE
    lead: TEARDOWN_RETRY
    READY_TO_DELETE
    TEAM_DELETED
expect status: phase=CLOSED
