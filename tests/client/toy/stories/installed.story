story: installed from the marketplace file, killed in the middle, resumed
plugin: toy
install: marketplace
user types: /build plan.md
lead runs: echo before
meanwhile lead runs: sleep 9; echo never seen
the client is killed
user types: go on
lead runs: echo after
lead rests
expect journal:
    RUN_OPENED
    lead: BASH command="echo before"
    lead: BASH command="echo after"
expect journal never:
    BASH command~never
