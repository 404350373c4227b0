story: `--add-dir` of another repository: what lies there is nobody's task and is not guarded, what lies in the project is, whichever way it is named; a commit there is no commit of the run
args: --add-dir ../lib
calls: 110
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
file ../lib/core.py:
    core = 1
file src/other.py:
    other = 1
lead edits ../lib/core.py: "core = 1" -> "core = 2"
lead runs: cd ../lib && printf 'x = 1\n' > more.py && cat core.py
    => says "core = 2"
lead runs: cd ../lib && printf 'x = 1\n' > ../project/src/other.py
    => refused LEAD_DELEGATES
lead calls Write: {"file_path": "{project}/../lib/../project/src/other.py", "content": "x\n"}
    => refused LEAD_DELEGATES
lead rests: x
coder-1 runs: cd ../lib && git init -q . && git add -A && git -c user.name=x -c user.email=x@example.invalid commit -qm "in the other repository"
coder-1 runs: cd ../lib && git -C ../project add src/bye.py && git -C ../project commit -qm "not approved"
    => refused COMMIT_BEFORE_APPROVAL
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect status: phase=CLOSED tasks.1.state=DONE
expect file src/other.py contains "other = 1"
