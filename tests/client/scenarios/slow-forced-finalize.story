story: an agent that stays busy through three sends of 60 s: FORCED_FINALIZE_CANDIDATE, the lead accepts, the run closes without it
as in honest-simple until "lead runs: pack verify"
calls: 110
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
lead tells unified-reviewer: One more look at the whole, please.
lead runs: pack teardown
    => says "unified-reviewer"
lead runs: pack teardown ask
    => says "WAITING_ACKS", says "missing acks: unified-reviewer"
lead runs in background: sleep 61
lead rests until hears ""sleep 61" completed"
lead runs: pack teardown ask
    => says "WAITING_ACKS"
lead runs in background: sleep 62
lead rests until hears ""sleep 62" completed"
lead runs: pack teardown ask unified-reviewer
    => says "WAITING_ACKS"
lead runs in background: sleep 63
lead rests until hears ""sleep 63" completed"
lead tells supervisor: unified-reviewer is missing after three sends.
lead rests until journal has FORCED_FINALIZE_CANDIDATE by supervisor
supervisor tells lead: FORCED_FINALIZE_CANDIDATE
    Missing: unified-reviewer, no open task.
supervisor rests
lead tells supervisor: FORCED_FINALIZE_ACK
    It holds no open work.
lead runs: pack status --summary
    => says "FORCED_FINALIZE_APPROVED"
lead runs: pack teardown ask supervisor
lead rests: the summary
unified-reviewer rests: late
expect journal:
    TEARDOWN_INIT
    lead: SHUTDOWN_REQUESTED to=unified-reviewer
    TEARDOWN_RETRYING
    lead: SHUTDOWN_REQUESTED to=unified-reviewer
    TEARDOWN_RETRYING
    lead: SHUTDOWN_REQUESTED to=unified-reviewer
    FORCED_FINALIZE_CANDIDATE
    lead: FORCED_FINALIZE_ACK
    READY_TO_DELETE
    TEAM_DELETED
expect no refusals
expect status: phase=CLOSED
