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
user types: team gate check
    => says "0 of 10 gates pass", says "rt.yaml"
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
expect exit code 0
