story: the user types /branch in the lead's terminal in the middle of a run: the copy of the conversation goes on in the same terminal and leads, it edits nothing, its words count
as in honest-simple until "lead spawns coder-1 as coder: Claim task #1."
mode: terminal
calls: 60
file src/other.py:
    other = 1
lead rests: x
user types: /branch
user types: fix the typo in src/other.py
lead edits src/other.py: "other = 1" -> "other = 2"
    => refused LEAD_DELEGATES
lead rests: x
user types: team status
    => says "TEAM STATUS"
user types: team abort enough
    => says "the run is aborted (enough)"
expect journal:
    RUN_RESUMED how=fork
    lead: RUN_ABORTED reason=enough
expect file src/other.py contains "other = 1"
