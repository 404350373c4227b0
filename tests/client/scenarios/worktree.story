story: the whole honest run in a worktree of another repository: commits are seen and gated there
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
layout: worktree
coder-1 runs: git add src/bye.py && git commit -qm "feat: too early"
    => refused COMMIT_BEFORE_APPROVAL
coder-1 runs: git reset -q
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect journal:
    coder-1: COMMITTED gated=true
    TEAM_DELETED
expect status: phase=CLOSED
expect running: git -C ../main log --oneline side
    => says "say goodbye"
