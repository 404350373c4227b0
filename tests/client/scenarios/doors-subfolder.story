story: the client was started in a sub-folder of a repository: the rest of it is guarded, too, and commits are seen
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
project: mono/app
layout: sub
calls: 110
file ../shared/core.py:
    core = 1
coder-1 edits ../shared/core.py: "core = 1" -> "core = 2"
    => refused NOT_IN_TASK
lead edits ../shared/core.py: "core = 1" -> "core = 3"
    => refused LEAD_DELEGATES
lead writes ../shared/new.py:
    new = 1
    => refused LEAD_DELEGATES
lead runs: printf 'more = 1\n' >> ../shared/core.py
    => refused LEAD_DELEGATES
lead rests: x
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect journal:
    coder-1: COMMITTED gated=true
expect status: phase=CLOSED
expect running: cat ../shared/core.py; pack status --summary
    => says "core = 1", lacks "Commits: none"
