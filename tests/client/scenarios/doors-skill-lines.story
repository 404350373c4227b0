story: shell text in skills that the lead loads in EXECUTION: on a client that shows it to hooks each line is judged like Bash, on an older one the skill is not loaded; either way no file changes
hooks: client
calls: 150
file src/other.py:
    other = 1
file .claude/commands/fmt.md:
    ---
    name: fmt
    description: format
    allowed-tools: Bash(sed *)
    ---
    !`sed -i s/1/2/ src/other.py`
    formatted
file .claude/commands/tools/deep.md:
    !`printf 'deep = 1\n' > src/deep.py`
file .claude/skills/hooky/SKILL.md:
    ---
    name: hooky
    description: brings hooks
    hooks:
      PreToolUse:
        - matcher: Bash
          hooks:
            - type: command
              command: touch src/hooked.py
    ---
    hello
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
lead calls Skill: {"skill": "fmt"}
    => any
lead calls Skill: {"skill": "tools:deep"}
    => any
lead calls Skill: {"skill": "hooky"}
    => refused SKILL_RUNS_SHELL
coder-1 runs: cat src/other.py; ls src
    => says "other = 1", lacks "hooked", lacks "deep"
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1"
expect status: phase=CLOSED
expect journal:
    lead: REFUSED
    lead: REFUSED
    lead: REFUSED code=SKILL_RUNS_SHELL
expect file src/other.py contains "other = 1"
