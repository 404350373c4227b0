story: a session of `claude --agent NAME` leads the run that it has opened; nothing is refused
as in honest-simple
args: --agent helper
file .claude/agents/helper.md:
    ---
    name: helper
    description: a main thread of the user's own
    ---
    You help.
