story: with the setting that `pack doctor --fix` offers, the whole honest run passes inside the client's sandbox, enforcement is full, and nothing reaches the team's folder
needs: bwrap socat
file .claude/settings.json:
    {"sandbox": {"enabled": true, "filesystem": {"denyWrite": [".claude/teams", "~/.claude/plugins"]}}}
as in honest-simple until "coder-1 tells supervisor: IN_REVIEW: task #1"
calls: 100
lead runs: pack doctor
    => says "denies writing .claude/teams"
coder-1 runs: printf 'x' >> "$(echo dm.etats/eybdoog-yas-erutaef/smaet/edualc. | rev)"
    => fails, says "ead-only file system"
coder-1 runs: python3 -c "import glob; [open(p, 'a').write('x') for p in glob.glob('.cl*/te*/*/jour*')]"
    => fails, says "ead-only file system"
coder-1 runs: d=.claude; python3 -c "import os; os.rename('.cla' + 'ude', 'gone')"
    => fails
as in honest-simple from "coder-1 tells supervisor: IN_REVIEW: task #1" until "lead rests: the summary"
lead rests: the summary
expect journal:
    lead: RUN_OPENED enforcement.level=full
    coder-1: DONE task=2
    VERIFIED
    TEAM_DELETED
expect journal never:
    STATE_DIVERGENCE
expect status: phase=CLOSED
