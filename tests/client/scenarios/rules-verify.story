story: commands that run no test, tests that fail behind a pipe, files that only lie here, a blank line in `.conventions/`: none of it closes a run
calls: 220
patience: 60
as in honest-simple until "coder-1 writes .conventions/gold-standards/function.md"
coder-1 runs: mkdir -p .conventions && printf '\n' > .conventions/x
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #2" until "lead runs: pack verify"
lead runs: pack verify --build true --test "ls"
    => refused VACUOUS, says "checks nothing"
lead runs: pack verify --build true --test "sh -c 'exit 0'"
    => refused VACUOUS
lead runs: pack verify --build true --test "[ 1 = 1 ]"
    => refused VACUOUS
lead runs: pack verify --build true --test "git status"
    => refused VACUOUS
lead runs: pack verify --build true --test "python3 -c pass"
    => refused VACUOUS
lead runs: pack verify --build true --test "python3 --version"
    => refused VACUOUS
lead runs: pack verify --build true --test "(python3 -m unittest tests.nowhere) || exit 0"
    => refused VACUOUS, says "hides a failure"
lead runs: pack verify --build true --test "! python3 -m unittest tests.nowhere"
    => refused VACUOUS, says "turns a failure into a success"
lead runs: pack verify --build true --test "python3 -m unittest discover -s src -q"
    => fails, says "ran no test"
lead runs: pack verify --build true --test "python3 -m unittest tests.nowhere | cat"
    => fails, says "test: exit 1"
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest tests.nowhere 2>&1 | tail -5"
    => fails, says "FAILED", lacks "PASSED"
lead runs: pack teardown
    => refused NOT_VERIFIED, says "tests exit 1"
person runs: printf 'import greet\nassert True\n' > src/only_here.py
lead runs: pack verify --build true --test "python3 src/only_here.py"
    => fails, says "fresh checkout"
lead runs: pack verify --build true --test "python3 src/only_here.py" --in-place "only_here.py is not committed"
    => says "verified in place: only_here.py is not committed"
person runs: rm src/only_here.py
lead runs: pack verify --build "python3 -m compileall -q src" --test "echo '#' >> src/greet.py; python3 -m unittest discover -s tests -q"
    => fails, says "changed what they verify"
lead runs: pack verify --build "python3 -m compileall -q src" --test "cd {project} && python3 -m unittest discover -s tests -q 2>&1 | tail -5"
    => says "unittest: 2 tests ran", says "in a fresh checkout"
lead runs: pack teardown
    => refused NO_CONVENTIONS
lead runs: pack task add
    {"subject": "Record the phrase", "files": [".conventions/gold-standards/phrase.md"], "references": ["src/bye.py"],
     "acceptance": ["recorded"], "checks": ["short"], "tooling": {"test": "python3 -m unittest discover -s tests -q"}}
    => says "task #3"
lead tells coder-1: One more: CLAIM: task #3.
coder-1 tells supervisor: CLAIM: task #3
coder-1 writes .conventions/gold-standards/phrase.md:
    # A phrase of this project
    One module, one function, one test beside it; see src/bye.py.
coder-1 tells supervisor: IN_REVIEW: task #3
coder-1 tells unified-reviewer: REVIEW: task #3
coder-1 rests
unified-reviewer tells coder-1: APPROVED: task #3
unified-reviewer rests
coder-1 runs: git add .conventions && git commit -qm "docs: conventions (task #3)" -- .conventions
coder-1 tells supervisor: DONE: task #3. ALL MY TASKS COMPLETE
coder-1 rests
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => says "unittest: 2 tests ran"
lead runs: pack teardown
    => says "pack teardown ask"
lead runs: pack teardown ask
    => says "READY_TO_DELETE"
lead runs: pack teardown ask supervisor
lead rests: the summary
person runs: pack status --summary
    => says "unittest: 2 tests ran", says "Definition of Done: ✅ met", lacks "in place"
expect status: phase=CLOSED
expect exit code 0
