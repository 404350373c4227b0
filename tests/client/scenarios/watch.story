story: a coder falls silent in a terminal: nothing happens any more, yet the lead is woken, the supervisor pings and reports, the lead replaces the coder
as in honest-simple until "coder-1 runs: pack task show 1"
mode: terminal
limits: WATCH_MINUTE_SEC=0.3 WATCH_GRACE_SEC=0 WATCH_LOOK_SEC=1
calls: 90
coder-1 tells supervisor: CLAIM: task #1
meanwhile coder-1 runs: python3 -c 'import time; time.sleep(50)'
lead rests until hears "coder-1 has been silent for"
lead tells supervisor: coder-1 is silent
    Ask it what it is doing.
supervisor tells coder-1: What are you doing?
supervisor rests: asked
lead rests until hears "send SUPERVISOR_REPORT"
lead tells supervisor: coder-1 is still silent
supervisor tells lead: SUPERVISOR_REPORT
    WARN ESCALATE
    coder-1 does not answer.
supervisor rests: reported
lead rests until hears "stop it (TaskStop)"
lead stops coder-1
lead spawns coder-2 as coder: Claim task #1.
lead runs: pack task assign 1 coder-2
lead rests
coder-2 tells supervisor: CLAIM: task #1
coder-2 rests
lead runs: pack abort --reason "seen enough"
expect journal:
    gate: BREACH who=coder-1 level=1
    gate: BREACH who=coder-1 level=1
    gate: NUDGED who=lead step~wake:ping:coder-1
    gate: BREACH who=coder-1 level=2
    gate: BREACH who=coder-1 level=2
    gate: BREACH who=coder-1 level=3
    gate: BREACH who=coder-1 level=3
    gate: NUDGED who=lead step~replace:coder-1
    gate: AGENT_ENDED name=coder-1
    lead: TASK_ASSIGNED to=coder-2
expect journal:
    gate: BREACH who=coder-1 level=2
    supervisor: SUPERVISOR_REPORT
    gate: AGENT_ENDED name=coder-1
expect no refusals
