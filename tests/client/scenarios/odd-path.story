story: the whole honest run in a project whose path has blanks, quotes, a dollar sign and non-ASCII; the team's folder is guarded there too
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
project: it's a "café" $HOME `日本` (1)
coder-1 runs: echo CLOSED > "$PWD"/.claude/teams/feature-say-goodbye/state.md
    => refused PROTECTED
coder-1 writes .claude/teams/feature-say-goodbye/state.md:
    CLOSED
    => refused PROTECTED
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED tasks.1.state=DONE
