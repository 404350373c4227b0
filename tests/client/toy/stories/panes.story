story: an interactive team; a shutdown is refused, then agreed; the client compacts
mode: panes
plugin: toy
user types: /build plan.md
lead spawns coder-1 as coder
lead rests
coder-1 tells lead: DONE: task #1
coder-1 rests
lead asks coder-1 to shut down: all done
lead rests
coder-1 agrees to shut down, request shutdown-1@wrong
    => fails, says "No shutdown request with that ID"
coder-1 refuses to shut down: one more thing
coder-1 rests
lead asks coder-1 to shut down: now
lead rests
coder-1 agrees to shut down
