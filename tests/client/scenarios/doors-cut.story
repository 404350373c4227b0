story: agents that the client cuts at their maxTurns, in the background and in the foreground: nothing says that they ended, and yet they count as idle, the lead goes on, and a message wakes them again
as in strangers-team until "user starts anew: --team mlEvil"
person runs: sed -i '2i maxTurns: 2' .claude/agents/ml-trainer.md .claude/agents/ml-evaluator.md
user starts anew: --team mlEval
lead spawns trainer as project:ml-trainer
trainer writes docs/eval/TRAINED.md:
    # Trained

    With seed 1.
meanwhile trainer runs: true
lead rests until journal has AGENT_IDLE name=trainer
lead tells trainer: One more file.
trainer writes model/notes.txt:
    seed 1
meanwhile trainer runs: true
lead rests: waiting
person runs: for i in $(seq 500); do [ "$(pack log --json | grep -c AGENT_IDLE)" -ge 2 ] && break; sleep 0.2; done; pack log --json | grep -c AGENT_IDLE
    => says "2"
lead spawns evaluator as project:ml-evaluator
evaluator writes docs/eval/CARD.md:
    # Card

    Accuracy 0.95.
meanwhile evaluator runs: true
lead rests until journal has AGENT_IDLE name=evaluator
lead runs: pack gate check
    => any
lead rests: the user decides
person runs: pack abort --reason enough
    => says "closed"
expect journal:
    AGENT_IDLE name=trainer
    AGENT_IDLE name=trainer
    AGENT_IDLE name=evaluator
expect status: phase=CLOSED
