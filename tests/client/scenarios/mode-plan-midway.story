story: the lead goes into the client's plan mode in the middle of a run: no verb of the team changes the run there, and the reason is one that holds also where permissions are bypassed, whose session lets calls pass in that mode
as in honest-simple until "lead spawns coder-1 as coder: Claim task #1."
mode: terminal
lead calls EnterPlanMode: {}
lead runs: pack status
    => says "SETUP"
lead spawns coder-1 as coder: Claim task #1.
lead runs: pack abort --reason enough
    => refused PLAN_MODE, says "which is for looking, not for changes"
lead runs: echo "plan mode carries this out"
    => says "plan mode carries this out"
lead rests: x
person runs: pack abort --reason enough
    => says "closed"
expect status: phase=CLOSED
