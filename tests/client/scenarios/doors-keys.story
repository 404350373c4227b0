story: the user presses Shift+Tab in the middle of a run: in plan mode no verb of the team changes the run, and once the mode is left by the same key the verb counts
as in mode-plan-midway until "lead calls EnterPlanMode"
lead rests: x
user presses Shift+Tab until the screen says "plan mode on"
user types: look at it first
lead runs: pack abort --reason enough
    => refused PLAN_MODE, says "Shift+Tab"
lead runs: pack status
    => says "SETUP"
lead rests: looked
user presses Shift+Tab until the screen says "bypass permissions on"
user types: go on
lead runs: pack abort --reason "enough for today"
    => says "run aborted: enough for today"
lead rests: done
expect journal:
    lead: REFUSED code=PLAN_MODE
    lead: RUN_ABORTED
