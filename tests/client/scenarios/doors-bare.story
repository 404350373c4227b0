story: `claude --bare` loads the plugin's commands and none of its hooks: no run is opened, and doctor says so
args: --bare
calls: 20
file src/other.py:
    other = 1
user types: /team:build add a thing
lead runs: pack doctor
    => fails, says "the client was started with --bare", says "enforcement: off"
lead runs: pack status
    => any
lead rests: told
expect running: ls .claude/teams 2>/dev/null | wc -l
    => says "0"
