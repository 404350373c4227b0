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
meanwhile trainer writes model/weights.txt:
    0.95
lead rests until journal has AGENT_IDLE name=trainer
lead spawns evaluator as project:ml-evaluator
evaluator writes docs/eval/CARD.md:
    # Card

    Accuracy 0.95.
meanwhile evaluator runs: true
lead rests until journal has AGENT_IDLE name=evaluator
lead runs: pack gate check
    => says "PASS    Good enough"
lead rests: the user decides
user types: team abort enough
    => says "aborted"
expect journal:
    AGENT_IDLE name=trainer
    AGENT_IDLE name=trainer
    AGENT_IDLE name=evaluator
expect status: phase=CLOSED
