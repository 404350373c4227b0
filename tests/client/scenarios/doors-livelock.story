story: the lead repeats the same refused call: the fifth ends its turn, and the user is told why
calls: 40
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
lead runs: git commit --allow-empty -qm again
    => refused WRONG_ROLE
lead runs: git commit --allow-empty -qm again
    => refused WRONG_ROLE
lead runs: git commit --allow-empty -qm again
    => refused WRONG_ROLE
lead runs: git commit --allow-empty -qm again
    => refused WRONG_ROLE
meanwhile lead runs: git commit --allow-empty -qm again
expect at most 12 calls by lead
