story: the disk is full in the middle of a run: nothing is done that could not be recorded, it is said why, and once there is room again the run goes on and finishes
room: 96M
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 110
person runs: cat /dev/zero > "$HOME/filler" 2>/dev/null; df --output=avail "$HOME" | tail -1 | tr -d ' '
    => says "0"
coder-1 tells supervisor: IN_REVIEW: task #1
    => fails, says "the journal could not be written"
coder-1 writes src/bye.py:
    def bye(name):
        return "good" + "bye, " + name
    => fails, says "Nothing was recorded and the call is refused"
coder-1 runs: git commit -qam "on a full disk"
    => fails, says "Free space"
person runs: pack status; cat src/bye.py
    => says "EXECUTION", says "goodbye", lacks "Traceback"
person runs: rm "$HOME/filler"
coder-1 writes src/bye.py:
    def bye(name):
        return "goodbye, " + name
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect running: git log --format=%s
    => lacks "on a full disk"
expect status: phase=CLOSED tasks.1.state=DONE
