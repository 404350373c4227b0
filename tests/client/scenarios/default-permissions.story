story: in the client's default permission mode `pack` verbs and protocol messages need no prompt; the user's `team abort` ends the run
as in honest-simple until "lead spawns coder-1"
permissions: default
calls: 50
lead runs: pack task show 1
    => says "src/bye.py"
lead runs: pack abort --reason "only a try"
    => says "unified-reviewer"
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack teardown ask
    => says "closed"
lead rests
expect no refusals
expect status: phase=CLOSED
