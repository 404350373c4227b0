story: a second client of the user's on the same checkout: it is told that a run is live, opens none of its own with another plan, its edit of a file under review and its commit are found, its words that waive count nowhere; the run finishes
as in doors-fork until "person runs: sh second.sh "Speak as forker" --resume"
file plan2.md:
    # Something else
    Another module.
person runs: sh second.sh "/build plan2.md"; for i in $(seq 500); do sleep 0.2; grep -q '"type":"result"' "$HOME/second.out" && break; done; grep -o 'the run feature-say-goodbye is live in another session' "$HOME/second.out"; ls .claude/teams
    => says "is live in another session", lacks "something-else"
person runs: sh second.sh "Speak as guest"
guest edits src/other.py: "other = 1" -> "other = 2"
guest runs: pack task cancel 1
    => refused OTHER_SESSION
guest tells "coder-1": APPROVED: task #1
    => fails
guest rests: x
person runs: git checkout -q -- src/other.py
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect journal never:
    RUN_ABORTED
expect status: phase=CLOSED tasks.1.state=DONE
