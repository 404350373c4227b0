story: the shell of a session has gone into another repository of --add-dir: /build opens no run there and none in the folder that it has left, and says where a team works; once the shell is back a run is opened
as in honest-simple until "user types"
mode: terminal
teams: off
args: --add-dir ../lib
calls: 60
file ../lib/core.py:
    core = 1
user types: look at the library first
lead runs: cd ../lib && git init -q . && pwd
    => says "/lib"
lead rests: I am there
user types: /build plan.md --coders=1
    => says "stands in another repository"
user types: go back
lead runs: cd {project} && pwd
lead rests: I am back
as in honest-simple from "user types" until "lead spawns unified-reviewer"
lead rests: x
person runs: pack abort --reason enough; ls -a ../lib
    => says "closed", lacks ".claude"
expect journal:
    lead: PLAN_REGISTERED
expect status: phase=CLOSED
