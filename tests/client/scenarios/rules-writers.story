story: others write too: an editor open on a file under review, a hook that brings a file into a commit, a make and a second command that hide a failure, a folder that is exchanged during the review, a checkout that is narrowed
as in honest-simple until "coder-1 rests: task #1 in review, waiting for unified-reviewer"
calls: 160
limit: 1200
person runs: printf x > src/.bye.py.swp; printf x > src/bye.py~
person runs: mv src src.bak; mkdir src; printf 'bye = print\n' > src/bye.py; sleep 0.1; rm -r src; mv src.bak src
unified-reviewer tells coder-1: APPROVED: task #1
    => refused WRITTEN_SINCE, says "REVIEW: task #1 again"
unified-reviewer rests
coder-1 tells unified-reviewer: REVIEW: task #1
coder-1 rests: in review
unified-reviewer tells coder-1: APPROVED: task #1
unified-reviewer rests
person runs: printf '#!/bin/sh\necho x > src/hooked.py\ngit add src/hooked.py\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
coder-1 runs: git add src/bye.py tests/test_bye.py && git commit -qm "feat: say goodbye (task #1)"
coder-1 tells supervisor: DONE: task #1
    => refused COMMIT_DIVERGES, says "src/hooked.py"
person runs: rm .git/hooks/pre-commit
coder-1 runs: git restore --staged --source=HEAD~1 src/hooked.py
coder-1 runs: git commit --amend --no-edit
person runs: rm src/hooked.py src/.bye.py.swp
as in honest-simple from "coder-1 tells supervisor: DONE: task #1, claiming task #2" until "lead runs: pack verify"
person runs: printf 'test:\n\t-python3 tests/nowhere.py\n' > Makefile; git add Makefile; git commit -qm "make test"
lead runs: pack verify --build "python3 -m compileall -q src" --test "make test"
    => fails, says "make ignored an error"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 tests/nowhere.py; python3 -m unittest discover -s tests -q"
    => fails, says "FAILED", lacks "Ran 2 tests"
lead runs: pack verify --build true --test "python3 tests/nowhere.py || python3 -m unittest discover -s tests -q"
    => refused VACUOUS, says "decides where the first fails"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead runs: pack teardown
    => refused NOT_APPROVED, says "Makefile"
person runs: git reset -q --hard HEAD~1
person runs: git sparse-checkout set --cone src .conventions 2> /dev/null; test ! -e tests/test_bye.py
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "exit 0"
lead runs: pack teardown
    => says "pack teardown ask"
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack teardown ask supervisor
lead rests: the summary
person runs: pack status --summary
    => says "HEAD moved past the gate", says "src/bye.py~", says "Not laid out by the sparse checkout any more"
expect journal:
    COMMIT_DIVERGES task=1
    DONE task=1
    HEAD_MOVED
    TEAM_DELETED
expect status: phase=CLOSED tasks.1.state=DONE tasks.1.content=AS_APPROVED
