story: the plugin's hooks vanish in mid-run: a guarded call is refused with the way out; put back, the run closes as if nothing had been
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 100
limits: PINGS_AN_HOUR=2
person runs: cd "$(dirname "$(command -v pack)")/.." && mv hooks gone
coder-1 edits src/bye.py: "goodbye" -> "farewell"
    => fails, says "its plugin is gone", says "own terminal"
person runs: cd "$(dirname "$(command -v pack)")/.." && mv gone hooks
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
