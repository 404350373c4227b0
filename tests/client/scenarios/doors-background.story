story: a command that a coder left running in the background writes the coder's file after its DONE: nothing tells the hooks when it writes, and the run is not completed with content that nobody approved
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 150
coder-1 runs in background: for i in $(seq 900); do [ -e "$HOME/go" ] && break; sleep 0.2; done; printf 'late = 1\n' >> src/bye.py; touch "$HOME/written"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "lead runs: pack verify"
person runs: touch "$HOME/go"; for i in $(seq 300); do [ -e "$HOME/written" ] && break; sleep 0.2; done; ls "$HOME/written"
    => says "written"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => any
lead runs: pack teardown
    => refused, says "src/bye.py"
lead rests: the user decides
person runs: pack abort --reason enough
    => says "closed"
expect journal:
    CONTENT_DRIFTED
expect status: phase=CLOSED
