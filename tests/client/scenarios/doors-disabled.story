story: the plugin is disabled for one session and enabled again while the run is open: what ran in between is recorded at the next event, and the run is not completed without the user's word
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
install: marketplace
calls: 120
file src/other.py:
    other = 1
meanwhile coder-1 runs: python3 -c 'import time; time.sleep(60)'
the client is killed
person runs: "$CLAUDE_BIN" plugin disable team@team-pack; pack status
    => says "No hook of this pack runs"
user types: go on
lead edits src/other.py: "other = 1" -> "other = 2"
lead rests: x
person runs: "$CLAUDE_BIN" plugin enable team@team-pack; pack status
    => lacks "No hook of this pack runs"
user types: go on
lead runs: pack status
    => says "unseen by the run's hooks"
lead rests: x
person runs: pack status; pack statusline < /dev/null; pack doctor
    => says "Changed while the run is live: session", says "type `team resume`", says "unseen by the run's hooks"
user types: team resume
    => says "leads"
person runs: pack status
    => lacks "Changed while the run is live"
person runs: pack abort --reason "enough"
    => says "closed"
person runs: pack status --summary
    => says "unseen by the run's hooks (1 call: Edit src/other.py)"
expect journal:
    STATE_DIVERGENCE enforces=session
    RUN_RESUMED accepts=true
expect journal never:
    UNKNOWN
expect status: phase=CLOSED
