story: the lead goes into the client's plan mode in the middle of a run: nothing is carried out that nobody was told, and out of it the run goes on
as in honest-simple until "lead spawns coder-1 as coder: Claim task #1."
permissions: default
answers: yes
lead calls EnterPlanMode: {}
    => any
lead runs: pack status
    => any
lead spawns coder-1 as coder: Claim task #1.
    => any
lead runs: pack abort --reason enough
    => any
lead runs: echo hello
    => any
lead rests: x
person runs: pack status
    => says "phase"
