story: `claude --continue` in a second terminal takes up the lead's own session: it is told that the first one leads, changes nothing, and the run finishes
as in doors-fork until "person runs: sh second.sh "Speak as forker" --resume"
person runs: sh second.sh "Speak as twin" --continue
meanwhile twin edits src/other.py: "other = 1" -> "other = 2"
person runs: for i in $(seq 500); do grep -q 'permissionDecision.*has it open already' "$HOME/second.out" && break; sleep 0.2; done; grep -c 'permissionDecision.*has it open already' "$HOME/second.out"
person runs: sh second.sh "team abort enough" --continue; for i in $(seq 500); do sleep 0.2; [ "$(grep -c 'has it open already' "$HOME/second.out")" -ge 2 ] && break; done; grep -o 'a second client on it leads nothing' "$HOME/second.out"
    => says "leads nothing"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect journal never:
    RUN_ABORTED
expect status: phase=CLOSED tasks.1.state=DONE
expect file src/other.py contains "other = 1"
