story: the user types /clear and then /resume in the lead's terminal in the middle of a run, back to the conversation that began it: the same terminal leads on each time, it edits nothing, its words count
as in honest-simple until "lead spawns coder-1 as coder: Claim task #1."
mode: terminal
calls: 70
file src/other.py:
    other = 1
lead rests: x
user types: /clear
user types: what is here
lead rests: a new talk
user opens /resume until the screen says "Resume session"
user presses Enter until the screen says "Ran 1 shell command"
user types: team status
    => says "TEAM STATUS"
user types: go on
lead edits src/other.py: "other = 1" -> "other = 2"
    => refused LEAD_DELEGATES
lead rests: x
user types: team abort enough
    => says "the run is aborted (enough)"
expect journal:
    RUN_RESUMED how=clear
    RUN_RESUMED how=resume
    lead: RUN_ABORTED reason=enough
expect file src/other.py contains "other = 1"
