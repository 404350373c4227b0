story: a team that somebody made from docs/teams.md: a definition in YAML, agents of the project, a gate with a command of its own that fails and passes, the user's word, a pause, a forgery
mode: headless
calls: 120
env: PACK_PYTHON={python}
file .gitignore:
    .claude/
    __pycache__/
file eval/score.py:
    import json

    with open("model/weights.txt") as f:
        print(json.dumps({"accuracy": float(f.read()), "gap": 0.01}))
file model/weights.txt:
    0.5
file .claude/team-definitions/mlEval.yaml:
    # Written from docs/teams.md alone.
    team: mlEval
    version: 1
    title: Model evaluation «β»
    root: docs/eval
    retries: 2
    roles:
      - id: trainer
        code: TR
        agent: ml-trainer
        title: Trainer
        summary: Trains the model.
        persona: Trains the model from the data that is there, reproducibly.
        spawning: background
        edits: [model/]
        artifacts: [TRAINED.md]
        tasks: [{do: Train, artifact: TRAINED.md}]
      - {id: evaluator, code: EV, agent: ml-evaluator, title: Evaluator, summary: Writes the model card., spawning: foreground,
         persona: "Reads what the gate's own command prints, and explains it.", artifacts: [CARD.md], tasks: [{do: Write the card, artifact: CARD.md}]}
    waves:
      - {id: "2", title: Evaluate, mode: sequential, roles: [evaluator], after: ["1"], gates: [good_enough, released], exit: [{gate: good_enough}, {gate: released}]}
      - {id: "1", title: Train, mode: parallel, roles: [trainer], exit: [{artifacts_of: trainer}]}
      - {id: "2.5", title: Train again, mode: loop, roles: [trainer], when: {gate_fails: [good_enough], then_again: "2"}}
    gates:
      - id: good_enough
        title: Good enough
        after_role: evaluator
        check: accuracy within its limit
        hard_stop: true
        checks: [{check: command, run: ["{python}", eval/score.py], limits: {accuracy: accuracy}, sealed: [eval/score.py]}]
        on_fail: {respawn: [trainer], say: look at the worst class}
      - id: released
        title: Released
        after_role: evaluator
        check: a person releases it
        needs: [good_enough]
        artifacts_of: [evaluator]
        checks: [{check: approval, ask: Release this model?}]
        on_fail: {respawn: [trainer]}
    thresholds:
      accuracy: {value: 0.9, op: ">=", unit: share, source: the model card}
    session_commands:
      - {say: team card <question>, does: answer from the model card, model: true}
person runs: pack team agents mlEval
    => says "wrote .claude/agents/ml-trainer.md", says "--team mlEval"
user starts anew: --team mlEvil
    => says "no such team; did you mean 'mlEval'?"
user starts anew: --team mlEval
lead waits until hears "wave 2 Evaluate: evaluator"
lead spawns evaluator as project:ml-evaluator
    => refused WAVE_CLOSED, says "trainer was not spawned"
lead writes docs/eval/CARD.md:
    # Card
    => refused ROLE_EDITS_NOTHING
lead spawns trainer as project:ml-trainer
trainer waits until hears "Your artifacts, below docs/eval/: TRAINED.md"
trainer writes eval/score.py:
    print('{"accuracy": 1}')
    => refused SEALED, says "between two runs"
trainer writes docs/eval/CARD.md:
    # Mine
    => refused NOT_YOUR_FILE
trainer writes docs/eval/TRAINED.md:
    # Trained

    With seed 1.
trainer rests: trained
lead rests until journal has AGENT_IDLE name=trainer
lead runs: pack gate check
    => fails, says "is run when evaluator has begun"
lead spawns evaluator as project:ml-evaluator
evaluator writes docs/eval/CARD.md:
    # Card

    Accuracy as the gate says.
evaluator rests: written
lead rests until journal has AGENT_IDLE name=evaluator
lead runs: pack gate check
    => fails, says "accuracy is 0.5 share, must be >= 0.9", says "HALT: good_enough failed"
lead tells evaluator: Say something nicer.
    => any
lead tells trainer: Gate good_enough FAIL. Mend it.
trainer runs: {python} -c "open('eval/score.' + 'py', 'w').write('print(chr(123) + chr(34) + \'accuracy\' + chr(34) + \': 1\' + chr(125))')"
    => any
trainer rests: scored better
lead rests until journal has AGENT_IDLE name=trainer
lead runs: pack gate check
    => fails, says "FORGED  Good enough", says "eval/score.py is sealed and is not as it was when the run was opened"
person runs: git checkout -q eval/score.py
lead tells trainer: The scorer is the user's. Train.
trainer writes model/weights.txt:
    0.95
trainer rests: trained again
lead rests until journal has GATES_RECORDED verdicts.good_enough=FORGED
lead runs: pack gate check
    => fails, says "PASS    Good enough", says "the user decides: Release this model?"
lead rests: the user decides
user types: team status
    => says "gate released waits for the user"
user types: pause team
    => says "paused"
user types: resume team
    => says "leads"
user types: team approve realesed
    => says "those that do: released"
user types: team reject released the card is too short
lead waits until hears "The user rejected gate released: the card is too short"
lead runs: pack gate check
    => fails, says "the user rejected it: the card is too short"
lead tells evaluator: The user finds the card too short.
evaluator writes docs/eval/CARD.md:
    # Card

    Accuracy 0.95, as the gate says; weak on night pictures.
evaluator rests: longer
lead rests until journal has GATES_RECORDED verdicts.released=FAIL
lead runs: pack gate check
    => fails, says "was changed since"
lead rests: the user decides
user types: team approve released
lead waits until hears "The user approved gate released"
lead runs: pack gate check
    => says "2 of 2 gates pass"
lead runs: pack teardown
lead runs: pack teardown ask
lead rests: closed
expect journal:
    lead: RUN_OPENED source=mlEval
    trainer: REFUSED code=SEALED
    GATES_RECORDED verdicts.good_enough=FAIL
    GATES_RECORDED verdicts.good_enough=FORGED
    RUN_PAUSED
    RUN_RESUMED
    GATE_DECIDED approve=false
    GATE_DECIDED approve=true
    GATES_RECORDED verdicts.good_enough=PASS verdicts.released=PASS
    TEAM_DELETED
expect status: phase=CLOSED waves.halted=null
expect exit code 0
