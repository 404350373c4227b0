story: a team activated by plain text; what is wrong is said before any model call
mode: headless
calls: 40
env: PACK_PYTHON={python}
file strategy.md:
    # Strategy
    P99 under 50 ms on one path; nothing may be lost.
user starts anew: --team realtimeSystems --strategy nowhere.md
    => says "the strategy file nowhere.md does not exist"
user starts anew: --team realtimeSystem --strategy strategy.md
    => says "no such team; did you mean 'realtimeSystems'?"
user starts anew: --team realtimeSystems
    => says "needs a strategy file"
user starts anew: /team:realtime --strategy nowhere.md
    => says "the strategy file nowhere.md does not exist"
user starts anew: /team:realtime --fast
    => says "unknown argument --fast"
user starts anew: --team realtimeSystems --strategy strategy.md
lead waits until hears "wave 2 Real-time engineering: real-time-architect, websocket-engineer"
lead spawns project-manager as rt-project-manager
project-manager waits until hears "P99 under 50 ms on one path"
project-manager writes .team/MILESTONES.md:
    # Milestones

    One.
project-manager writes legal/x.md:
    mine
    => refused ROLE_EDITS_NOTHING
project-manager runs: pack rt check
    => fails, says "does not exist; the project manager writes it"
project-manager rests: nothing more
lead rests until journal has AGENT_IDLE name=project-manager
lead runs: pack status
    => says "wave 1 Planning"
lead rests: no rt.yaml yet
user types: team status
    => says "wave 1 Planning", says "project-manager: idle"
user types: Team  Status
    => says "no board at"
user types: team gate check
    => says "0 of 10 gates pass", says "rt.yaml"
user types: team gate chek
    => says "did you mean `team gate check`?"
user types: team latency review
    => says "rt.yaml: does not exist"
user types: team delivery audit
    => says "rt.yaml: does not exist"
user types: team report
    => says "wrote"
user types: team decide
    => says "needs its <topic>"
user types: --team realtimeSystems --strategy strategy.md
    => says "a run is live here already"
user types: team decide NATS or Redis
lead waits until hears "The user types `team decide NATS or Redis`"
lead rests: decided
user types: team up with the broker engineer, please
lead rests: yes
user types: team abort not today
    => says "aborted (not today)"
user types: go on
lead runs: pack teardown ask
lead rests
expect journal:
    lead: RUN_OPENED strategy=strategy.md
    project-manager: REFUSED code=ROLE_EDITS_NOTHING
    RUN_ABORTED
    TEAM_DELETED
expect status: phase=CLOSED
expect at most 18 calls by lead
expect exit code 0
