story: the whole honest run in a project that is reached through a symbolic link; both spellings of its path are one
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
layout: link
coder-1 writes ../elsewhere/.claude/teams/feature-say-goodbye/state.md:
    CLOSED
    => refused PROTECTED
coder-1 writes ../elsewhere/src/greet.py:
    mine
    => refused
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED tasks.1.state=DONE
