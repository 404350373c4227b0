story: the client runs its commands in zsh: what zsh alone understands is refused like what bash understands, and a coder's own zsh works
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
needs: zsh
env: SHELL=/usr/bin/zsh
calls: 130
file src/other.py:
    other = 1
coder-1 runs: echo "$ZSH_VERSION"
    => says "5."
coder-1 runs: echo "phase CLOSED" >! .claude/teams/feature-say-goodbye/state.md
    => refused PROTECTED
coder-1 runs: print x > src/bye.py > src/other.py
    => refused NOT_IN_TASK
coder-1 runs: =rm src/other.py
    => refused NOT_IN_TASK
coder-1 runs: setopt bareglobqual; rm src/oth*(.)
    => refused NOT_IN_TASK
coder-1 runs: rm src/(other|nothing).py
    => refused NOT_IN_TASK
coder-1 runs: rm **/other.py
    => refused NOT_IN_TASK
coder-1 runs: for f (src/other.py) rm $f
    => refused NOT_IN_TASK
coder-1 runs: repeat 1 rm src/other.py
    => refused NOT_IN_TASK
coder-1 runs: if [[ -f src/other.py ]] rm src/other.py
    => refused NOT_IN_TASK
coder-1 runs: cp =(echo 2) src/other.py
    => refused NOT_IN_TASK
coder-1 runs: q=$PWD/src; rm ~q/other.py
    => refused NOT_IN_TASK
coder-1 runs: zmodload zsh/mapfile; mapfile[src/other.py]=2
    => refused NOT_IN_TASK
coder-1 runs: for f (src/*.py) print -r -- ${f:t}; if [[ -f src/bye.py && ( -n $HOME ) ]] print there
    => says "there"
coder-1 runs: cat src/other.py
    => says "other = 1"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect status: phase=CLOSED
expect file src/other.py contains "other = 1"
