story: rests until, waits until, API error, TaskStop and a spawn by somebody else
plugin: toy
user types: /build plan.md
lead spawns coder-1 as coder
lead spawns coder-2 as coder
lead spawns coder-3 as coder
coder-3 hits API error 500
meanwhile coder-2 runs: sleep 20; echo late
coder-1 waits 1 s
coder-1 tells lead: ready
coder-1 rests
lead rests until journal has SENDMESSAGE by coder-1 to=main message=ready
lead stops coder-2
lead tells coder-1: go on
lead rests
coder-1 waits until hears "go on"
coder-1 writes src/new.py:
    new = 1
coder-1 rests
lead waits until file src/new.py exists
lead rests
user types: go on
lead tells coder-1: still there?
lead rests
coder-1 runs: cat src/new.py
    => says "new = 1"
coder-1 rests
person runs: echo "from outside"
    => says "outside"
user types: /build plan.md --coders=0
    => refused ARGUMENTS, says "at least 1"
user types: team status
    => refused STATUS, says "all is well"
expect journal:
    coder-1: WRITE
    lead: SENDMESSAGE message="still there?"
    coder-1: BASH
    lead: REFUSED code=ARGUMENTS
