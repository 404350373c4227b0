story: the user takes the conversation back to before /build in the middle of a run (Escape twice): no agent's file is put back with it, what is DONE stays DONE, the same terminal leads on, and the run finishes
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #2"
mode: terminal
teams: off
calls: 110
coder-1 rests
lead rests: x
user types: /team:status
    => says "TEAM STATUS"
user presses Escape and Escape until the screen says "Restore the code"
user presses Up
user presses Enter until the screen says "The code will be unchanged"
user presses Enter
user types: what is going on?
lead waits until hears "TEAM feature-say-goodbye: phase EXECUTION"
lead runs: pack plan
    {"tasks": []}
    => refused
lead tells coder-1: Go on with task #2.
lead rests: x
coder-1 tells supervisor: IN_REVIEW: task #2
coder-1 tells unified-reviewer: REVIEW: task #2
coder-1 rests
as in honest-simple from "unified-reviewer tells coder-1: APPROVED: task #2" until "lead runs: pack teardown ask supervisor"
lead runs: pack teardown ask supervisor
    => any
lead rests: closed
expect journal:
    coder-1: DONE task=1
    coder-1: DONE task=2
    VERIFIED
expect file src/bye.py contains "goodbye"
