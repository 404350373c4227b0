story: changes are asked for three times: REVIEW_LOOP, which only the lead's decision leaves; an unchanged task is not asked again; then the honest run
as in honest-simple until "unified-reviewer reads src/bye.py"
calls: 120
unified-reviewer tells coder-1: CHANGES_REQUESTED: task #1
    MAJOR, 80: name may be None.
unified-reviewer rests
coder-1 tells unified-reviewer: REVIEW: task #1
    => refused UNCHANGED
coder-1 edits src/bye.py: "def bye" -> "# once\ndef bye"
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
unified-reviewer tells coder-1: CHANGES_REQUESTED: task #1
unified-reviewer rests
coder-1 edits src/bye.py: "# once" -> "# twice"
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests
unified-reviewer tells coder-1: CHANGES_REQUESTED: task #1
unified-reviewer rests
coder-1 edits src/bye.py: "# twice" -> "# thrice"
    => refused TASK_STATE, says "wait for the lead's decision"
coder-1 tells unified-reviewer: REVIEW: task #1
    => refused TASK_STATE
coder-1 tells supervisor: REVIEW_LOOP: task #1
coder-1 rests
supervisor tells lead: REVIEW_LOOP: task #1
    Three rounds on src/bye.py.
supervisor rests
lead rests until hears "Three rounds on src/bye.py"
lead runs: pack task rescope 1 --accept "bye(None) is goodbye" --reason "one concrete fix"
    => says "IN_PROGRESS"
lead tells coder-1: One fix: handle None.
coder-1 edits src/bye.py: "# twice\n" -> "# None is fine\n"
coder-1 tells supervisor: IN_REVIEW: task #1
coder-1 tells unified-reviewer: REVIEW: task #1
    One function, one test.
coder-1 rests: task #1 in review, waiting for unified-reviewer
as in honest-simple from "unified-reviewer reads src/bye.py"
expect journal:
    unified-reviewer: CHANGES_REQUESTED task=1
    unified-reviewer: CHANGES_REQUESTED task=1
    unified-reviewer: CHANGES_REQUESTED task=1
    supervisor: REVIEW_LOOP task=1
    lead: TASK_RESCOPED task=1
    coder-1: DONE task=1
expect status: phase=CLOSED
