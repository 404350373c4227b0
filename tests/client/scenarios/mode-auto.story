story: the client's auto mode without its check on the server: `pack` verbs work, the gate refuses as ever, nobody can be spawned, the run is closed in order
as in honest-simple until "lead spawns supervisor"
permissions: auto
answers: yes
calls: 30
lead runs: pack teardown
    => refused
lead writes src/bye.py:
    by = "the lead"
    => any
lead spawns nameless extra as coder
    => refused
lead spawns supervisor as supervisor
    => fails, says "safety check does not run"
lead runs: pack abort --reason "no check here"
lead rests
expect 0 questions by lead
expect hook UserPromptExpansion says "Permission mode auto"
expect status: phase=CLOSED
