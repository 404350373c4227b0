story: state.md changed by hand is restored; the client is killed; another session sees the run, resumes it with `/build`, is told the next step; a person aborts from outside
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 90
person runs: echo "phase CLOSED" >> .claude/teams/feature-say-goodbye/state.md
person runs: pack status
    => says "EXECUTION", says "coder-1"
person runs: pack explain 1
    => says "unified-reviewer"
coder-1 tells supervisor: IN_REVIEW: task #1
meanwhile coder-1 runs: python3 -c 'import time; time.sleep(60)'
the client is killed
user starts anew: team status
    => says "TEAM STATUS", says "EXECUTION"
user starts anew: /build plan.md
lead runs: pack status
    => says "EXECUTION"
lead tells coder-1: Are you there?
    => refused ENDED_AGENT
lead spawns supervisor as supervisor, played by second-supervisor: Wait for the hand-off.
second-supervisor rests
lead tells supervisor: STATE_OWNERSHIP_HANDOFF(2)
second-supervisor tells lead: STATE_OWNERSHIP_ACK(2)
second-supervisor rests
meanwhile lead runs: python3 -c 'import time; time.sleep(60)'
the client is killed
person runs: pack abort
    => fails, says "--reason"
person runs: pack abort --reason "enough for today"
    => says "is closed"
user starts anew: team status
expect journal:
    STATE_DIVERGENCE
    RUN_RESUMED
    OWNER_LOST
    supervisor: STATE_OWNERSHIP_ACK epoch=2
    RUN_CLOSED reason="enough for today"
expect status: phase=CLOSED
expect file .claude/teams/feature-say-goodbye/state.md lacks "phase CLOSED"
