story: a client that starts with `claude -w NAME` leads a run in that worktree; what is typed there counts, and the main checkout is left alone
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
layout: entered
calls: 110
coder-1 writes {project}/../../../src/bye.py:
    in_the_main_checkout = 1
    => refused NOT_IN_TASK
lead runs: git -C ../../.. stash
    => any
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED
