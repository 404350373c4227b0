story: `claude --resume ID --fork-session` in a second terminal: the copy of the lead is told that it leads nothing, changes no run and waives nothing
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 110
file src/other.py:
    other = 1
file second.sh:
    name=$1
    shift
    (exec env ANTHROPIC_BASE_URL="$H_URL" ANTHROPIC_API_KEY="$H_KEY" DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 IS_SANDBOX=1 NO_PROXY=127.0.0.1 timeout 100 "$CLAUDE_BIN" -p "$name" --output-format stream-json --verbose --include-hook-events --plugin-dir "$PLUGIN" --dangerously-skip-permissions "$@" >>"$HOME/second.out" 2>&1 </dev/null) &
person runs: sh second.sh "Speak as forker" --resume "$SESSION" --fork-session
forker runs: pack task cancel 1
    => refused OTHER_SESSION
forker runs: pack abort --reason mine
    => refused OTHER_SESSION
forker runs: printf 'phase CLOSED\n' > .claude/teams/feature-say-goodbye/state.md
    => refused PROTECTED
forker rests: x
person runs: sh second.sh "team abort enough" --resume "$SESSION" --fork-session; sh second.sh "team accept src/bye.py"; for i in $(seq 500); do sleep 0.2; [ "$(grep -c 'its terminal' "$HOME/second.out")" -ge 2 ] && break; done; grep -o -e 'leads nothing, whatever its context says' -e 'nothing was done: [a-z-]* is led by another client' "$HOME/second.out"
    => says "leads nothing, whatever its context says", says "nothing was done"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "expect no refusals"
expect journal never:
    RUN_ABORTED
    CONTENT_ACCEPTED
expect status: phase=CLOSED tasks.1.state=DONE
