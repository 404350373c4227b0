story: a project's own /build is the project's: its text goes to the model and no run is opened; /team:build is the plugin's
file .claude/commands/build.md:
    ---
    description: builds this project
    ---
    Build it the project's own way: $ARGUMENTS
file .claude/skills/realtime/SKILL.md:
    ---
    name: realtime
    description: the project's own measurements
    ---
    Measure it the project's own way.
as in honest-simple until "user types: /build plan.md --coders=1"
calls: 60
user types: /build plan.md --coders=1
lead rests: built the project's own way
user types: /realtime
lead rests: measured the project's own way
person runs: pack status
    => fails, says "no team"
user types: /team:build plan.md --coders=1
lead runs: pack status
    => says "DISCOVERY"
lead rests: x
person runs: pack abort --reason enough
    => says "closed"
expect status: phase=CLOSED
