"""What was wrong on repositories of strangers, kind by kind: no alarm where nothing is wrong, a finding where something is.

Each case is a small plugin laid over the one of conftest.py.
"""

import json
import os
import subprocess

import pytest
from conftest import ROOT, lint, write

from pack.lint.facts import versions


def hooks(event, matcher=None, **handler):
    """The text of a hooks.json with one hook."""
    group = {"hooks": [dict({"type": "command", "command": "true"}, **handler)]}
    return json.dumps({"hooks": {event: [dict(group, matcher=matcher) if matcher is not None else group]}})


def command(body, front=""):
    return "---\ndescription: Builds the plan\n%s---\n%s\n" % (front, body)


def skill(body, name="s", front=""):
    return "---\nname: %s\ndescription: Does it. Use when asked.\n%s---\n%s\n" % (name, front, body)


def agent(body, name="helper", front="tools: Read\n"):
    return "---\nname: %s\ndescription: Helps with a change. Use when one is ready.\n%s---\n%s\n" % (name, front, body)


REFERENCE = {"references/r.md": "# R\n"}
STATES = {"references/states.md": "# S\n\n| State | Meaning |\n|---|---|\n| `ACTIVE` | runs |\n| `CLOSING` | ends |\n"}
NAMED_SKILLS = json.dumps(
    {
        "name": "demo-pack",
        "version": "1.0.0",
        "description": "Demo",
        "author": {"name": "E"},
        "skills": ["./skills/use/a", "./skills/use/b"],
    }
)
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.%s.EsrL8lIcYJR_Ns-JuhF3VCllCP7xwbpMCCfHin_WT6U"
NOBODYS, SOMEBODYS = JWT % "eyJmb28iOiJiYXIiLCJuYW1lIjoiSm9obiBEb2UifQ", JWT % "eyJpc3MiOiJhY21lIiwic3ViIjoiYnVpbGQtOTgxIn0"
PIPED = "curl -sfL https://x.example/i.sh | sh"
CONSTANT = "| Constant | Value |\n|---|---|\n| api version | %s |"
STATUSES = "Write the file.\n\n| Status | Meaning |\n|---|---|\n| `starting` | new |\n| `done` | over |"
ELSEWHERE = 'Spawn with subagent_type: "other:reader".'


def market(source):
    """The text of a marketplace with one plugin."""
    entries = [{"name": "more", "description": "D", "source": source}]
    return json.dumps({"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": entries})


SILENT = [
    ({"skills/a/SKILL.md": skill("Then read skills/b/SKILL.md.", "a"), "skills/a/skills/b/SKILL.md": skill("Do it.", "b")}, "skill-file"),
    ({"skills/a/SKILL.md": skill("Do it.", "a"), "skills/a/examples/skills/b/SKILL.md": skill("Do it.", "b")}, "skill-file"),
    ({"skills/a/SKILL.md": skill("Do it.", "a"), "skills/a/skill.json": '{"description": "for another program"}'}, "component-location"),
    ({".claude/skills/a/SKILL.md": skill("Do it.", "a"), ".claude/skills/a/examples/SKILL.md": skill("Do it.", "b")}, "skill-file"),
    (
        {"commands/build.md": command("Run `./scripts/guard.py`."), "README.md": "# D\n\n```sh\ncat > scripts/guard.py << X\nX\n```\n"},
        "ref-project-path",
    ),
    *(
        ({"commands/build.md": command(text, "allowed-tools: Bash(git:*), Bash(awk:*)\n")}, rule)
        for text in ("!`git diff --stat | tail -1 | awk '{print $NF}'`", "!`git log -1; echo '$(date)'`", "!`git -C $HOME status`")
        for rule in ("command-shell", "command-approval")
    ),
    ({"skills/s/SKILL.md": skill("generate_jwt() makes `%s`" % NOBODYS)}, "secret"),
    (
        {"skills/s/SKILL.md": "---\nname: s\ndescription: All of k3s. Use when installing it (`%s -`).\n---\nDo it.\n" % PIPED},
        "piped-to-shell",
    ),
    ({"skills/s/SKILL.md": skill("- **Installing**: the `%s -` installer and its variables" % PIPED)}, "piped-to-shell"),
    ({"dev/a/.claude-plugin/marketplace.json": market("./../"), "dev/x.txt": "-"}, "marketplace-source"),
    ({"commands/one.md": command(STATUSES), "commands/build.md": command("Set the plan's status to `Done`.")}, "protocol-unknown"),
    ({"commands/one.md": command(STATUSES), "commands/build.md": command("Take one with status `Approved`.")}, "protocol-unknown"),
    ({"skills/a/SKILL.md": skill(CONSTANT % "`1`", "a"), "skills/b/SKILL.md": skill(CONSTANT % "`2`", "b")}, "protocol-tables"),
    *(
        ({"skills/s/SKILL.md": skill(ELSEWHERE), "README.md": "# D\n\n## Prerequisites\n\n%s\n" % text}, "ref-agent")
        for text in ("/plugin install other@m", "- `other` plugin: reads")
    ),
    *(
        ({"skills/skill-creator/SKILL.md": skill(text, "skill-creator"), "skills/skill-creator/references/a.md": "# A\n"}, "ref-file")
        for text in (
            "Name scripts with `${CLAUDE_SKILL_DIR}/scripts/helper.js`. See references/a.md.",
            "Move detail out:\n- API pages → `references/api.md`\n\nSee references/a.md.",
        )
    ),
    (
        {
            "skills/s/SKILL.md": skill("See references/a.md."),
            "skills/s/references/a.md": "# A\n\n- ❌ Bad: `@skills/t/SKILL.md` loads all\n",
        },
        "ref-file",
    ),
    ({"skills/s/SKILL.md": skill("Look for it:\n\n```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n```")}, "merge-marks"),
    ({"skills/s/SKILL.md": skill("Text of `<<<<<<< HEAD`, `=======` and `>>>>>>>`.")}, "merge-marks"),
    *(
        ({"commands/build.md": command(text, "allowed-tools: Bash(git status:*)\n")}, "command-spelling")
        for text in ("Now: !`git status`", "Stop! `git status` says it.", "`` ! `git status` ``", "```sh\n! `git status`\n```", "! `note`")
    ),
    # A matcher that is no list of names meets the tools of servers, too.
    *(
        ({"hooks/hooks.json": hooks("PostToolUse", matcher)}, "hook-matcher")
        for matcher in ("(chat|mail).*send", ".*(Slack|slack).*", "[a-z]+_search")
    ),
    # What forbids or names a bad habit is no instruction.
    *(
        ({"settings.json": '{"permissions": {"deny": ["Bash(curl %s | bash*)"]}}' % word}, "piped-to-shell")
        for word in ("*", "https://x.example/i.sh")
    ),
    (
        {
            ".claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "Stops curl https://x.example | sh", "author": {"name": "E"}}'
        },
        "piped-to-shell",
    ),
    (
        {"hooks/hooks.json": hooks("PreToolUse", "Bash", command="jq -r .tool_input.command | grep -q 'curl http.* | sh' && exit 2")},
        "piped-to-shell",
    ),
    *(
        ({"skills/s/SKILL.md": skill(body)}, "piped-to-shell")
        for body in (
            "Download, review, run; not `curl https://x.example/i | sh`.",
            "- `curl | sh`, `wget | sh` (pipe to shell)",
            "Rather than `curl https://x.example/i | sh`, read it first.",
            "Refuse these:\n\n- `curl https://x.example/i | sh`\n- `rm -rf /`",
            "`curl https://x.example/i | sh` is dangerous.",
        )
    ),
    ({"scripts/check.sh": '#!/bin/sh\nBAD=(\n  "curl https://x.example | sh"\n  "wget | bash"\n)\n'}, "piped-to-shell"),
    *(
        ({"skills/s/SKILL.md": skill(body)}, "tool-removed")
        for body in (
            "Do **not** call `TeamCreate`, it is there no more.",
            "`TeamCreate` was removed.",
            "Never use *TeamDelete*.",
            "There is no `TeamCreate` any more.",
        )
    ),
    *(
        ({"commands/build.md": command(body)}, "ref-agent")
        for body in (
            "`model` is ignored for `subagent_type: 'fork'`.",
            "See @agent-notes.md for the format.",
            "See @agent-config.json.",
            'Do NOT call the `Agent` tool with `subagent_type: "demo-pack:ghost"` -- it fails.',
            'Task(subagent_type="demo-pack:ghost")  <- this will fail',
            "Teammates get `subagent_type: plugin:name`.",
        )
    ),
    (
        {
            "skills/docs/SKILL.md": skill("See canonical/a.md", "docs"),
            "skills/docs/canonical/a.md": "# Subagents\n\n**Example**: A `research-assistant` subagent can explore dozens of files.\n",
        },
        "ref-agent",
    ),
    ({"hooks/hooks.json": hooks("PostToolUse", "Edit", command='bun test "${CLAUDE_PLUGIN_ROOT}/scripts" | tail -5')}, "hook-script"),
    (
        {"hooks/hooks.json": hooks("PostToolUse", "Edit", command='uv run --quiet --directory "${CLAUDE_PLUGIN_ROOT}" demo-check run')},
        "hook-script",
    ),
    ({"skills/s/SKILL.md": skill("x"), "skills/s/mirror/big.md": "# Big\n\n" + "word " * 240000}, "unreadable"),
    (
        {
            "scripts/log.sh": '#!/bin/sh\nT=$(jq -r .transcript_path)\njq -r \'.message.content[]? | "#\\(.input.taskId)"\' "$T"\n',
            "hooks/hooks.json": hooks("Stop", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/log.sh"'),
        },
        "hook-payload",
    ),
    ({"hooks/hooks.json": hooks("PreToolUse", "", command="date >> /tmp/beat", **{"async": True})}, "hook-async"),
    (
        {
            "scripts/beat.sh": "#!/bin/sh\ndate > /tmp/beat\nexit 0\n",
            "hooks/hooks.json": hooks("PreToolUse", "", command='"${CLAUDE_PLUGIN_ROOT}/scripts/beat.sh"', **{"async": True}),
        },
        "hook-async",
    ),
    *(
        (
            dict(STATES, **{"commands/build.md": command("Rows go `ACTIVE`, see references/states.md. It prints %s." % body)}),
            "protocol-name",
        )
        for body in ("an `ACTION REQUIRED` message", "`ACTION REQUIRED: now`", "USER ACTION REQUIRED")
    ),
    *(
        ({"agents/helper.md": agent(body)}, "tool-ungranted")
        for body in (
            "The orchestrator will update it and continue this agent via SendMessage.",
            "When agents execute via the Task tool, they run in another folder.",
            "This agent is spawned via the Agent tool.",
            "`/demo-pack:plan` command (via the Task tool)",
        )
    ),
    (
        {
            "workflows/audit.js": 'export const meta = {\n  name: "audit-pipeline",\n  description: "x",\n};\n',
            "README.md": "Invoking `demo-pack:audit-pipeline` stops.\n",
        },
        "ref-name",
    ),
    ({"config/workflows/standard.json": "{}", "README.md": "It runs `demo-pack:standard`.\n"}, "ref-name"),
    ({"README.md": "Calling `demo-pack:get_build` of the server.\n"}, "ref-name"),
    *(
        ({"commands/build.md": command("Run the `%s` skill." % name), "skills/s/SKILL.md": skill("x")}, "ref-skill")
        for name in ("simplify", "code-review", "deep-research")
    ),
    (
        {"skills/s/SKILL.md": skill("Fill templates/report.md"), "skills/s/templates/report.md": "# Report\n\nSee [setup](02-setup.md).\n"},
        "ref-file",
    ),
    ({"agents/helper.md": agent("Cross-reference: [Getting Started](07-getting-started.md).")}, "ref-file"),
    (
        {"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\nUse [a field](../forms/checkbox#x).\n"},
        "ref-file",
    ),
    (
        {
            "agents/helper.md": agent("Load the `other-pack:taxonomy` skill and read `references/logic.md` for more."),
            "references/r.md": "# R\n",
        },
        "ref-file",
    ),
    *(
        ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": text}, "ref-anchor")
        for text in (
            "# A\n\n## Flags [\u200b](#flags-1)\n\nSee [flags](#flags-1).\n",
            "# A\n\n### `bin_path` [\u200b](#bin-path)\n",
            "# A\n\n### [Custom messages](#slack-custom-messages)\n\nSee [them](#slack-custom-messages).\n",
            "# A\n\n| `NAME` [#](#NAME) | is set |\n|---|---|\n",
        )
    ),
    (
        {
            "skills/s/SKILL.md": skill("Run scripts/run.sh"),
            "skills/s/scripts/run.sh": "#!/bin/sh\necho 'See references/worked.md for patterns'\n",
            "skills/s/references/worked.md": "# Worked\n",
        },
        "ref-orphan",
    ),
    ({"commands/build.md": command("Check the placeholders ($ARGUMENTS, $1, $2).", "argument-hint: <x>\n")}, "command-argument"),
    ({"commands/build.md": command("Undeclared `${user_config.X}` is found.")}, "option-undeclared"),
    (
        {
            "references/roster.md": "# R\n\n| Phase | Agent | Plugin |\n|---|---|---|\n| 1 | reviewer | demo-pack |\n| 2 | seo-specialist | marketing |\n",
            "commands/build.md": command("See references/roster.md"),
        },
        "protocol-role",
    ),
    (
        {
            "references/p.md": "# P\n\n| Phase | What |\n|---|---|\n| plan | x |\n| code | y |\n",
            "commands/build.md": command("See references/p.md. Set all phases to `sonnet`."),
        },
        "protocol-unknown",
    ),
    ({"README.md": "### `/demo-pack:clean` - moved\n\nUse `/demo-pack:build` instead of `/demo-pack:old-one`.\n"}, "ref-name"),
    ({"skills/s/SKILL.md": skill("x", front="agent: helper\n"), "agents/helper.md": agent("x")}, "ref-agent"),
    *(
        ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": text}, "ref-file")
        for text in (
            'Write: "See [Architecture](04-architecture.md) for how these connect"\n',
            "| [plan](../plans/20251204-api-design.md) | approved |\n",
            "[Guide](overview/#introduction) of the site\n",
            "Run `node ${CLAUDE_PLUGIN_ROOT}/mcp/server.mjs` of your plugin.\n",
            "See [Contributing](../../CONTRIBUTING.md) (if exists)\n",
        )
    ),
    ({"commands/build.md": command("Say:\n\n```text\nHook: bash ${CLAUDE_PLUGIN_ROOT}/hooks/stop.sh\n```")}, "ref-file"),
    (
        {
            "skills/s/SKILL.md": skill("See references/a.md"),
            "skills/s/references/a.md": "# A\n\n[Default values](#default-values)\nThe values.\n\nSee [them](#default-values).\n",
        },
        "ref-anchor",
    ),
    (
        {
            "skills/s/SKILL.md": skill("See references/a.md"),
            "skills/s/references/a.md": "# A\n\n- [B](#b)\n\n```markdown\n## C\n```xml\n```\n\n```\n## B\n```\n",
        },
        "ref-anchor",
    ),
    (
        {
            "commands/a.md": command("| Status | What |\n|---|---|\n| `todo` | x |\n| `done` | y |"),
            "commands/b.md": command("| Status | What |\n|---|---|\n| `draft` | x |\n| `final` | y |"),
            "commands/build.md": command("Set the session status to `aborted`."),
        },
        "protocol-unknown",
    ),
    *(
        (
            {
                ".claude-plugin/plugin.json": '{"name": "astro", "version": "1.0.0", "description": "D", "author": {"name": "E"}}',
                "skills/s/SKILL.md": skill(body),
            },
            "ref-name",
        )
        for body in ("Use `astro:page-load` after navigation.", "| `astro:after-swap` | After DOM swap |\n|---|---|")
    ),
    (
        {"commands/build.md": command("| + Perf | Core + `go-review` subagent |"), "skills/go-review/SKILL.md": skill("x", "go-review")},
        "ref-agent",
    ),
    (
        {
            "skills/flow/SKILL.md": skill('Spawn `subagent_type: "aw-executor"`.', "flow"),
            "skills/flow/templates/aw-executor.agent.md": agent("x", "aw-executor"),
            "agents/reviewer.md": None,
            "commands/build.md": None,
        },
        "ref-agent",
    ),
    (
        {
            "skills/s/SKILL.md": skill("See references/a.md"),
            "skills/s/references/a.md": "# A\n\n```markdown\n# Title\n\n```bash\nmake\n```\n\n![demo](./demo.gif)\n```\n\nEnd.\n",
        },
        "ref-file",
    ),
    ({"README.md": "Built to `${CLAUDE_PLUGIN_ROOT}/bin/tool`.\n"}, "ref-file"),
    ({"agent/skills/x/SKILL.md": skill("x"), "agents/reviewer.md": None}, "component-location"),
    (
        {
            "plugin.json": '{"name": "demo-pack", "version": "2.0.0", "description": "Demo", "author": {"name": "E"}}',
            ".codex-plugin/plugin.json": "{}",
        },
        "manifest-location",
    ),
    ({"README.md": "Run `/demo-pack:go`.\n", "commands/demo-go.md": command("Go.", "name: demo-pack:go\n")}, "ref-name"),
    (
        {
            "scripts/a.sh": '#!/bin/sh\nROOT=$(python3 -c "import json, sys; print(json.load(open(sys.argv[1])))" "$X")\n',
            "hooks/hooks.json": hooks("Stop", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/a.sh"'),
        },
        "hook-payload",
    ),
    (
        {
            "references/p.md": "# P\n\n| Phase | What |\n|---|---|\n| plan | x |\n| code | y |\n",
            "commands/build.md": command("See references/p.md. Sets the next phase to `not_started`."),
        },
        "protocol-unknown",
    ),
    ({"README.md": "- [Trust](#\ufe0f-trust)\n\n## \U0001f6e1\ufe0f Trust\n"}, "ref-anchor"),
    ({"commands/build.md": command("Capture arguments with `$1`, `$2`, `$3`, etc.", "argument-hint: <x>\n")}, "command-argument"),
    ({"skills/s/SKILL.md": skill("See [it](../specs/FEATURE-ID.md).")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\n![](../../img/a.png)\n"}, "ref-file"),
    (
        {"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\n## REVIEW.md\n\nSee [it](#review-md).\n"},
        "ref-anchor",
    ),
    ({"skills/s/SKILL.md": skill("access_token=gho_" + "16C7e42F292c6912E7710c838347Ae178B4a")}, "secret"),
    (
        {"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\nActivate the `docs-writer` skill.\n"},
        "ref-skill",
    ),
    ({"skills/s/SKILL.md": skill("Use the `extending-things` skill (when available).")}, "ref-skill"),
    (
        {
            "skills/s/SKILL.md": skill("See references/a.md"),
            "skills/s/references/a.md": "# A\n\n{% ifversion x %}\n## {% data v.pat %} limits\n\nSee [it](#pat-limits).\n",
        },
        "ref-anchor",
    ),
    # The right forms of what is found below.
    ({".mcp.json": '{"mcpServers": {"mail": {"type": "http", "url": "https://mail.example"}}}'}, "mcp-schema"),
    ({"agents/helper.md": agent("x", front="tools: Read, Agent(other), Bash(*)\n")}, "tool-specifier"),
    (
        {
            ".claude-plugin/marketplace.json": json.dumps(
                {
                    "name": "demo-market",
                    "description": "d",
                    "owner": {"name": "E"},
                    "plugins": [{"name": "demo-pack", "source": "./", "description": "d", "strict": False, "mcpServers": {}}],
                }
            )
        },
        "marketplace-entry",
    ),
    *(
        (
            {
                "scripts/answer.py": text,
                "hooks/hooks.json": hooks("PreToolUse", "Write", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/answer.py"'),
            },
            "hook-answer",
        )
        for text in (
            'import json\nprint(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny"}}))\n',
            'import json, sys\npermission_decision = "deny"\ncall = json.load(sys.stdin)\nif call["hook_event_name"]: pass\n',
        )
    ),
    *(
        (
            {"scripts/w.sh": text, "hooks/hooks.json": hooks("WorktreeCreate", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/w.sh"')},
            "hook-answer",
        )
        for text in ('#!/bin/sh\ngit worktree add "$P" >&2\necho "$P"\n', "#!/bin/sh\nmkdir -p /tmp/w && cd /tmp/w && pwd\n")
    ),
    (
        {
            "hooks/hooks.json": json.dumps(
                {
                    "hooks": {
                        "SessionStart": [
                            {"hooks": [{"type": "command", "command": "echo '{\"hookSpecificOutput\": {\"watchPaths\": []}}'"}]}
                        ],
                        "FileChanged": [{"matcher": "a.md", "hooks": [{"type": "command", "command": "true"}]}],
                    }
                }
            )
        },
        "hook-watch",
    ),
    (
        {
            "evals/one/case.yaml": 'schema_version: "1.1"\nname: one\nexecution:\n  prompt: x\ngraders:\n  - {type: regex, name: a, pattern: b}\n'
        },
        "eval-case",
    ),
    ({"evals/one/case.yaml": 'schema_version: "1.0"\nname: one\ngraders: []\n', "evals/one/prompt.md": "x\n"}, "eval-case"),
    ({"hooks/hooks.json": hooks("PostToolUse", "Bash", command="make lint", **{"if": "Bash(git commit *)"})}, "hook-if"),
    ({"hooks/hooks.json": hooks("PreToolUse", "Bash", command="echo noted >> /tmp/log", **{"if": "Bash(git commit *)"})}, "hook-if"),
    ({"commands/build.md": command("See @README.md and @notes.txt"), "README.md": "# R\n"}, "ref-project-path"),
    (
        {
            "skills/s/SKILL.md": skill("Run `python3 scripts/check.py`.\n\n```bash\npytest scripts/x.py\n```"),
            "skills/s/scripts/check.py": "print(1)\n",
        },
        "ref-file",
    ),
    ({"skills/s/SKILL.md": skill("Run `bash scripts/ci.sh` of the project.")}, "ref-file"),
    *(
        ({"commands/build.md": command(body), "skills/new-name/SKILL.md": skill("x", "new-name")}, "ref-skill")
        for body in (
            "Use the `skill-creator` skill.",
            "The `other-one` skill of the `other-pack` plugin does it.",
            "Hand it to the `some-thing` skill (`some-thing@their-market`).",
        )
    ),
    # Twenty-six repositories more, 2026-11-29: each is a kind.
    *(
        (
            {
                "references/states.md": "# S\n\n| State | Meaning |\n|---|---|\n| `REQUIRED` | a |\n| `SKIPPED` | b |\n",
                "commands/build.md": command("See [s](../references/states.md). " + body),
            },
            "protocol-name",
        )
        for body in ("It REQUIRES a plan.", "With the tags STRIPPED from it.")
    ),
    ({"commands/build.md": command("Spawn **one** subagent for it.")}, "ref-agent"),
    ({"README.md": "# R\n\nIt writes `<demo-pack:remember>` and `</demo-pack:remember>`, and a skill reads them.\n"}, "ref-name"),
    ({"README.md": "# R\n\nThe agent's file has a `# demo-pack:wrapper-version` stamp.\n"}, "ref-name"),
    ({"README.md": "# R\n\n| Old Command | New Command |\n|---|---|\n| `/demo-pack:gone` | `/demo-pack:build` |\n"}, "ref-name"),
    (
        {
            "hooks/hooks.json": hooks("Stop", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/log.py"'),
            "scripts/log.py": "import json, sys\nevent = json.load(sys.stdin)\nopen('/tmp/l', 'a').write(json.dumps({'systemMessage': 1, 'hook_event_name': event.get('x')}))\n",
        },
        "hook-answer",
    ),
    ({"references/r.md": '# R\n\nWrong: `TOKEN = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9..."`\n'}, "secret"),
    ({"commands/build.md": command("`$1` is the *second* argument. $ARGUMENTS")}, "command-argument"),
    ({"skills/s/SKILL.md": skill("Not `$CLAUDE_PLUGIN_ROOT/a.sh`: only `${CLAUDE_PLUGIN_ROOT}` is replaced.")}, "root-variable"),
    (
        {
            "skills/s/SKILL.md": skill("The client is at `${CLAUDE_PLUGIN_ROOT}/scripts/lib/client.py`."),
            "scripts/lib/client.py": "from . import base\n",
        },
        "ref-script",
    ),
    (
        {"agents/helper.md": agent("INCORRECT (shown in the body):\n\n> `exec('curl ' + url + ' | sh')` takes any address.")},
        "piped-to-shell",
    ),
    (
        {"hooks/hooks.json": '{"hooks": {"_comment": "said here", "Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}}'},
        "hook-event",
    ),
    ({".mcp.json": '{"mcpServers": {"k": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/path/to/server.js"]}}}'}, "mcp-command"),
    ({"skills/s/SKILL.md": "---\nname: [TODO: lower case]\ndescription: Does it. Use when asked.\n---\nx\n"}, "frontmatter-type"),
    *(
        ({"commands/build.md": command(body), "references/r.md": "# R\n", "agents/helper.md": agent("Help.")}, "ref-file")
        for body in (
            "See the navigator's `references/store.md`.",
            "As in the `other-tools` plugin's `commands/solid.md`.",
            "Detect adoption by either: a `commands/install-hook.md` file, or a hook.",
        )
    ),
    (
        {
            "skills/s/SKILL.md": skill("See references/w.md"),
            "skills/s/references/w.md": "# W\n\n| File | Name |\n|---|---|\n| `agents/code-reviewer.md` | `my-plugin:code-reviewer` |\n| `commands/name.md` | x |\n",
        },
        "ref-file",
    ),
    (
        {
            "skills/s/SKILL.md": skill("See references/w.md"),
            "skills/s/references/w.md": "# W\n\n```yaml\n---\nname: pdf\n---\n```python\nx\n```\n\nSee [forms](references/forms.md).\n",
        },
        "ref-file",
    ),
    (
        {
            "references/states.md": "# S\n\n| Status | Meaning |\n|---|---|\n| `open` | a |\n| `closed` | b |\n",
            "commands/build.md": command("See [s](../references/states.md). Gate status: `pending`, `passed`, `blocked`"),
        },
        "protocol-unknown",
    ),
    (
        {"skills/s/SKILL.md": skill("Defer to the official `laravel-simplifier` agent from [laravel/skills](https://x.example).")},
        "ref-agent",
    ),
    ({"agents/helper.md": agent("Look it up via WebFetch-less Bash.", front="tools: Read, Bash\n")}, "tool-ungranted"),
    ({"agents/helper.md": agent("Done.\n\n> To go on, run mcp__base__advise yourself.", front="tools: Read\n")}, "tool-ungranted"),
    ({"agents/helper.md": agent("Find these:\n\n- Example: `Task(subagent_type=\"demo-pack:reviewer\")`")}, "protocol-spawn"),
    ({"commands/build.md": command("Run `${CLAUDE_PLUGIN_ROOT}/cli/target/release/tool --help`.")}, "ref-file"),
    (
        {
            ".claude/worktrees/one/.claude-plugin/plugin.json": '{"name": "one"}',
            ".claude/worktrees/one/agents/bad.md": "---\nname: bad\ndescription: Use when: x: y\n  - z\n---\nx\n",
        },
        "frontmatter-syntax",
    ),
    (
        {
            "references/states.md": "# S\n\n| Status | Meaning |\n|---|---|\n| `[PENDING]` | a |\n| `[BLOCKED]` | b |\n",
            "references/r.md": '# R\n\n```json\n{"id": 1, "status": "pending"}\n```\n',
        },
        "protocol-name",
    ),
    (
        {
            "references/states.md": "# S\n\n| Signal | Meaning |\n|---|---|\n| `next.config.js` | a |\n| `wp-config.php` | b |\n",
            "references/r.md": "# R\n\n`next.config.mjs` counts, too.\n",
        },
        "protocol-name",
    ),
    (
        {
            "skills/s/SKILL.md": skill(
                "x",
                front="hooks:\n  PostToolUse:\n    - matcher: Edit\n      hooks:\n        - type: command\n          command: vendor/bin/phpstan analyse\n",
            )
        },
        "hook-path",
    ),
    (
        {"agents/helper.md": agent("Read `skills/file1.md` and `hooks/x.sh`.", front="tools: Read\n"), "skills/s/SKILL.md": skill("x")},
        "ref-file",
    ),
    ({"skills/SKILL_TEMPLATE.md": skill("x", "t")}, "skill-file"),
    ({"skills/s/SKILL.md": skill("Load the `artifact-design` skill first.")}, "ref-skill"),
    *(
        ({"skills/s/SKILL.md": skill(body, front="argument-hint: x\n")}, "command-argument")
        for body in ("- [ ] Arguments ($1, $2, $ARGUMENTS) are documented", "Say what each $1, $2 expects. $ARGUMENTS")
    ),
    *(
        ({"agents/helper.md": agent(body, front="tools: Read\n")}, "tool-ungranted")
        for body in (
            "The flag is set by the skill that dispatches you via the Agent tool.",
            "Tell the user to invoke it using the Bash tool.",
            "Use the AskUserQuestion tool when available, otherwise ask in words.",
        )
    ),
    (
        {
            "README.md": "# R\n\nIt needs `/plugin install demo-pack@upstream`. Then run `/demo-pack:distill`.\n",
            ".claude-plugin/marketplace.json": '{"name": "demo-market", "description": "D", "owner": {"name": "E"}, "plugins": [{"name": "demo-pack", "source": "./"}]}',
        },
        "ref-name",
    ),
    ({"references/r.md": "# R\n\n- **Example**: `demo-pack:core` is a name.\n"}, "ref-name"),
    ({"references/r.md": "# R\n\nThe marketplace add and plugin install lines.\n"}, "ref-name"),
    ({"references/migration-from-old.md": "# R\n\n| `demo-pack:gone` | `demo-pack:build` | command |\n"}, "ref-name"),
    ({"skills/s/SKILL.md": skill("Seed a `db-migration` agent from it.")}, "ref-agent"),
    (
        {
            "skills/s/SKILL.md": skill("See references/opencode.md"),
            "skills/s/references/opencode.md": "# O\n\nUse `subagent_type: general`.\n",
        },
        "ref-agent",
    ),
    (
        {
            "commands/build.md": command("Route it to the `keeper` agent."),
            "skills/s/agents/keeper.md": agent("x", "keeper"),
            "skills/s/SKILL.md": skill("See agents/keeper.md"),
        },
        "ref-agent",
    ),
    ({"skills/s/SKILL.md": skill("See _part.md"), "skills/s/_part.md": "# P\n\nApply [prose](#concise-prose).\n"}, "ref-anchor"),
    ({"agents/helper.md": agent("- `commands/git/commit.md` → `/project:git:commit`", front="tools: Read\n")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("- **Example**: `scripts/rotate_pdf.py` for PDF tasks"), "skills/s/scripts/a.py": "1\n"}, "ref-file"),
    (
        {"agents/helper.md": agent("See `/other:api` `references/endpoints.md`.", front="tools: Read\n"), "references/r.md": "# R\n"},
        "ref-file",
    ),
    (
        {
            ".claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "D", "author": {"name": "E"}, "_note": ["x"]}'
        },
        "manifest-field",
    ),
    (
        {"skills/s/SKILL.md": skill("`/demo-pack:init` is treated as the space-separated form. The old commands no longer exist.")},
        "ref-name",
    ),
    ({"skills/s/SKILL.md": skill("It goes over the `pr-review-toolkit` agents.")}, "ref-agent"),
    (
        {
            "skills/s/SKILL.md": skill("See references/w.md"),
            "skills/s/references/w.md": '# W\n\nA raw `Agent(subagent_type: "codex:rescue")` call returns early.\n',
        },
        "ref-agent",
    ),
    (
        {
            "skills/s/SKILL.md": skill("`npm run eval` is `scripts/eval.mjs`. Confirm `scripts/setup.sh` there."),
            "skills/s/scripts/a.py": "1\n",
        },
        "ref-file",
    ),
    *(
        ({"commands/build.md": command(body)}, "command-live-example")
        for body in (
            "```python\n@app.route\n```",
            "```\nRemove @pytest.mark.flaky here\n```",
            "```text\n@path/to/file.ts\n```",
            "See @notes.md.",
            "`@a/b.md`",
        )
    ),
    # The forty-ninth repository and the hundredth: see bench/lint/judged.jsonl.
    *(
        (
            {
                "skills/SKILL.md": skill("Read deep/deep.md, see deep/references/a.md.", "router"),
                "skills/deep/deep.md": skill("See references/a.md.", "deep"),
                "skills/deep/references/a.md": "# A\n",
            },
            rule,
        )
        for rule in ("skill-file", "ref-orphan", "ref-file")
    ),
    (
        {
            ".claude-plugin/plugin.json": NAMED_SKILLS,
            **{"skills/%s/SKILL.md" % name: skill("x", name[-1]) for name in ("use/a", "use/b", "old/c")},
        },
        "skill-file",
    ),
    ({"skills/s/SKILL.md": skill("Keys: `$PWD/.env`, then `${CLAUDE_PLUGIN_ROOT}/.env`.")}, "ref-file"),
    ({"scripts/t.mjs": 'const POSTHOG_API_KEY = "phc_%s";\n' % "".join("zJ7bQ4kM"[i % 8] + "xRt"[i % 3] for i in range(22))}, "secret"),
    ({"references/r.md": "# R\n\nHOOK_PUBLIC_KEY=dGVzdC1wdWJsaWMta2V5LWJhc2U2NC1lbmNvZGVk\n"}, "secret"),
    (
        {"skills/s/evals/fixtures/broken/.claude-plugin/marketplace.json": '{"name": "x", "plugins": []}', "skills/s/SKILL.md": skill("x")},
        "marketplace-schema",
    ),
    ({"references/r.md": "# R\n\nSee [the test](#testpypi).\n\n## TestPyPI first {#testpypi}\n"}, "ref-anchor"),
    ({"references/r.md": "# R\n\nA plugin has `.claude-plugin/` and `${CLAUDE_PLUGIN_ROOT}/scripts/validate.py`.\n"}, "ref-file"),
    (
        {
            "skills/s/SKILL.md": skill("x", front="user-invocable: false\ndisable-model-invocation: true\n"),
            "commands/build.md": command("Read skills/s/SKILL.md first."),
        },
        "command-value",
    ),
    ({"skills/s/SKILL.md": skill("The guide (`assets/a.css`) is read from `~/.claude/s/`."), "skills/s/assets/b.css": "b\n"}, "ref-file"),
    (
        {
            "skills/s/SKILL.md": skill("See `panels` `references/tiers.md`."),
            "skills/s/references/own.md": "# O\n",
            "skills/panels/SKILL.md": skill("See references/tiers.md", "panels"),
            "skills/panels/references/tiers.md": "# T\n",
        },
        "ref-file",
    ),
    *(
        ({"hooks/hooks.json": hooks("PostToolUse", "Edit", command=text)}, "hook-path")
        for text in ("bunx @scope/hooks posttool", "npx @scope/hooks")
    ),
    ({"skills/s/SKILL.md": skill("Was the `demo-pack:ghost-one` skill before.")}, "ref-name"),
    ({"README.md": "# Demo\n\n## Future commands\n\n- `/demo-pack:deploy` deploys\n"}, "ref-name"),
    ({"commands/build.md": command("It is called by name (e.g. `demo-pack:ship-fix`).")}, "ref-name"),
    ({"skills/s/SKILL.md": skill('Offer: "Scaffold the `ledger-client` skill now".')}, "ref-skill"),
    *(
        ({"commands/build.md": command(body)}, "ref-agent")
        for body in (
            "If `sprint-planner` agent (atlassian-pm plugin) is available, ask it.",
            "-> Creates: `debugger` agent",
            "This command invokes the `planner` agent located at:\n`~/.claude/agents/planner.md`",
        )
    ),
    *(
        ({"README.md": "# Demo\n\n%s\n" % body, "skills/s/SKILL.md": skill("x"), "skills/t/SKILL.md": skill("x", "t")}, "readme-count")
        for body in (
            "Three skills bracket the session.",
            "The first three skills look at the project.",
            "It ships 5 skills that the router picks.",
            "## Others\n\n`/plugin install feature-dev`\n\nThree skills: `a`, `b`, `c`.",
        )
    ),
    (
        {"references/r.md": "# R\n\n```markdown\n## A\n\n```bash\na\n```\n\nB\n\n```ts\nb\n```\n\nSee [API](./none.md).\n```\n\nEnd.\n"},
        "ref-file",
    ),
    *(
        ({"scripts/check.sh": "#!/bin/sh\n%s\n" % body}, "piped-to-shell")
        for body in (
            'printf "bun is not there\\n  Install: \\`curl -fsSL https://x.example/i | bash\\`\\n"',
            'say="a title of \'; curl x.example | sh; #\' runs as a command"',
        )
    ),
    ({"commands/build.md": command("What a user sees right after running `bash <(curl -sSL https://x.example/i.sh)`.")}, "piped-to-shell"),
    (
        {"skills/s/SKILL.md": skill('Every hook has this:\n\n    {\n      "command": "${CLAUDE_PLUGIN_ROOT}/hooks/remind.sh"\n    }\n')},
        "ref-file",
    ),
    *(
        ({"agents/helper.md": agent(body)}, "tool-ungranted")
        for body in ("It is loaded via Agent tool.", "Interactive mode presents it to the user via `AskUserQuestion`, who confirms.")
    ),
    ({"agents/helper.md": agent("If invoked directly (subagent_type: 'helper'), default to scoring.")}, "protocol-spawn"),
    (
        {
            "README.md": "# Demo\n\n```text\n/demo-pack:build         /demo-pack:other --plan\n```\n",
            "commands/build.md": command("x", "argument-hint: [--all]\n"),
        },
        "readme-option",
    ),
    *(
        ({"agents/helper.md": agent(body, front=front)}, "tool-removed")
        for body, front in (
            ("x", "disallowedTools: Agent, TeamCreate\n"),
            ("Banned: `Task`, `Agent`, `TeamCreate`.", "tools: Read\n"),
            ("Edit, TeamCreate, and TeamDelete are in its `disallowedTools` list.", "disallowedTools: Edit\n"),
            ("Do not create items with TaskCreate, TaskUpdate, Agent, or TeamCreate.", "tools: Read\n"),
        )
    ),
    *(
        (dict(STATES, **{"commands/build.md": command("See references/states.md. " + body)}), "protocol-unknown")
        for body in ("Take the state JSON.", "Check the state BEFORE you go on.", "The task has state `merged`.")
    ),
    ({"hooks/hooks.json": '{"_note": "All go through a wrapper.", "hooks": {}}'}, "hook-key"),
    (
        {
            "scripts/h.js": "const i = JSON.parse(require('fs').readFileSync(0));\n// stdin\nif (entry.type === 'tool_result') run(i.cwd);\n",
            "hooks/hooks.json": hooks("PostToolUse", "Bash", command='node "${CLAUDE_PLUGIN_ROOT}/scripts/h.js"'),
        },
        "hook-payload",
    ),
    *(
        (
            {
                "scripts/h.sh": "#!/bin/sh\n" + body,
                "hooks/hooks.json": hooks("SessionStart", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/h.sh"'),
            },
            "hook-answer",
        )
        for body in (
            "T=$(cat | grep -o '\"session_title\":\"[^\"]*\"')\n",
            "echo '{\"worktree_path\": \"x\", \"task\": 1}' >> journal\n",
        )
    ),
    (
        {
            "hooks/hooks.json": json.dumps(
                {
                    "hooks": {
                        "PostToolUse": [
                            {
                                "matcher": "Write|Edit",
                                "hooks": [{"type": "command", "command": "true", "if": "%s(*.md)" % name} for name in ("Write", "Edit")],
                            }
                        ]
                    }
                }
            )
        },
        "hook-if",
    ),
    (
        {
            "skills/s/SKILL.md": skill('Run `python3 "${CLAUDE_PLUGIN_ROOT}/bin/a.py"`.'),
            "bin/a.py": b"\n#!/usr/bin/env python3\n",
        },
        "bin-file",
    ),
    ({"skills/s/SKILL.md": skill("node -e \"require('${CLAUDE_PLUGIN_ROOT}/scripts/lib/t')\""), "scripts/lib/t.js": "1\n"}, "ref-file"),
    (
        dict(
            STATES, **{"agents/helper.md": agent("See references/states.md.\n\n```bash\nCLOSINGS=\"\"\nfor CLOSINGS in a; do :; done\n```")}
        ),
        "protocol-name",
    ),
    (
        {
            "commands/build.md": command(
                "| Task | Agent |\n|---|---|\n| Layout | `architect` |\n| Tokens | `system` |\n| Wind | `tailwind` |\n"
            )
        },
        "protocol-role",
    ),
    (
        {
            ".mcp.json": '{"mcpServers": {"a": {"command": "node", "args": ["server/index.js"], "cwd": "${CLAUDE_PLUGIN_ROOT}"}}}',
            "server/index.js": "1\n",
        },
        "mcp-command",
    ),
    (
        {
            "scripts/h.py": "import json, sys\ne = json.load(sys.stdin)['hook_event_name']\nif e == 'PreToolUse':\n    print(json.dumps({'hookSpecificOutput': {'permissionDecision': 'deny'}}))\n",
            "hooks/hooks.json": hooks("PostToolUse", "Bash", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/h.py"'),
        },
        "hook-answer",
    ),
    (
        {
            "README.md": "> `/demo-pack:make` is gone: it and `/demo-pack:build` had grown alike. What that runs\n"
            "> is exactly what `/demo-pack:make` did.\n"
        },
        "ref-name",
    ),
    (
        {"references/r.md": "# R\n\nThe `reviewer` agent does it: that check moved here from the\nold `code-reviewer` agent and stays.\n"},
        "ref-agent",
    ),
    (
        {
            "commands/plan.md": "---\ndescription: Plans\nargument-hint: <plan.md> [--coders=N]\n---\nPlan $ARGUMENTS.\n",
            "README.md": "See `/demo-pack:plan --help` etc.\n",
        },
        "readme-option",
    ),
    ({"references/r.md": "See [notes](#the-notes).\n\n> ## The notes\n"}, "ref-anchor"),
    ({"references/r.md": "See [both](#one-andtwo).\n\nOne and\ntwo\n===\n"}, "ref-anchor"),
    ({"references/r.md": "See [both](#one-two).\n\n## One <b>two</b>\n"}, "ref-anchor"),
    *(
        ({"commands/ship.md": "---\ndescription: Ships\nallowed-tools: %s\n---\nRun it.\n" % rule}, "tool-unknown")
        for rule in (
            "Bash(git:*)",
            "Bash(npm run test:unit)",
            "Bash(git status:*)",
            "Bash(git push origin:main)",
            "Bash(curl http://x.example:*)",
        )
    ),
    ({"agents/a.md": "---\nname: a\ndescription: Does. Use when.\n---\n---\n\nYou review.\n\n---\nEnd.\n"}, "frontmatter-ends-early"),
]
FOUND = [
    ({"skills/a/SKILL.md": skill("Do it.", "a"), "skills/a/skills/b/SKILL.md": skill("Do it.", "b")}, "skill-file"),
    ({"skills/a/skill.json": '{"name": "a", "description": "Runs"}', "skills/a/instructions.md": "# Run\n"}, "component-location"),
    ({"commands/build.md": command("Run `./scripts/guard.py`."), "README.md": "# D\n\nIt has scripts/guard.py.\n"}, "ref-project-path"),
    *(
        ({"commands/build.md": command(text, "allowed-tools: Bash(git:*)\n")}, "command-shell")
        for text in ("!`git log $USER`", "!`git log \"it's $USER\"`", "!`git log '$A' $USER`", "!`git -C $HOMES status`")
    ),
    *(
        ({"commands/build.md": command(text, "allowed-tools: Bash(git:*)\n")}, "command-approval")
        for text in ("!`git diff --stat | tail -1 | awk '{print $NF}'`", "!`git status && npm test`", "!`git status; mkdir -p a`")
    ),
    ({"skills/s/SKILL.md": skill("It makes `%s`" % SOMEBODYS)}, "secret"),
    ({"skills/s/SKILL.md": skill("x", front='hooks: {Stop: [{hooks: [{type: command, command: "%s"}]}]}\n' % PIPED)}, "piped-to-shell"),
    ({"skills/s/SKILL.md": skill("To install it run `%s -` first." % PIPED)}, "piped-to-shell"),
    ({"skills/fix.md": skill("What it does.", "fix")}, "skill-file"),
    ({"skills/s/SKILL.md": skill("See [all](all.md)."), "skills/s/all.md": "# All\n\n## /demo-pack:init\n"}, "ref-name"),
    ({".claude-plugin/marketplace.json": market("./empty"), "empty/x.txt": "-"}, "marketplace-source"),
    ({".claude-plugin/marketplace.json": market("./../../")}, "marketplace-schema"),
    ({"commands/one.md": command(STATUSES), "commands/build.md": command("Set the file's status to `dome`.")}, "protocol-unknown"),
    (
        {"skills/s/SKILL.md": skill("See references/c.md.\n\n" + CONSTANT % "`1`"), "references/c.md": "# C\n\n" + CONSTANT % "`2`"},
        "protocol-tables",
    ),
    ({"skills/s/SKILL.md": skill(ELSEWHERE), "README.md": "# D\n\nSee [another](https://x.example/other).\n"}, "ref-agent"),
    ({"skills/s/SKILL.md": skill("Run `${CLAUDE_SKILL_DIR}/scripts/helper.js`.")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Pages: `references/api.md`, references/a.md."), "skills/s/references/a.md": "# A\n"}, "ref-file"),
    ({"commands/build.md": command("<<<<<<< HEAD\nBuild.\n=======\nBuild it.\n>>>>>>> other")}, "merge-marks"),
    ({"README.md": "# D\n\n<<<<<<< HEAD\nOne.\n=======\nTwo.\n>>>>>>> other\n"}, "merge-marks"),
    *(
        ({"commands/build.md": command(text, "allowed-tools: Bash(git status:*)\n")}, "command-spelling")
        for text in ("! `git status --short`", "Now: ! `git status`", "Now:!`git status`", "| a |!`git status`|", '"!`git status`"')
    ),
    *(
        ({"hooks/hooks.json": hooks("PreToolUse", matcher)}, "hook-matcher")
        for matcher in ("(write|edit)", "Write(git .*)", "^(chat|mail)$", "(Wirte|Edti)")
    ),
    *(
        ({"hooks/hooks.json": hooks("SessionStart", command=text)}, "piped-to-shell")
        for text in ("curl -fsSL https://x.example | sh", "bash -c 'curl $URL | sh'")
    ),
    ({"skills/s/SKILL.md": skill("First run `curl -fsSL https://x.example/i.sh | sh`.")}, "piped-to-shell"),
    ({"scripts/get.sh": "#!/bin/sh\ncurl -fsSL https://x.example | sh\n"}, "piped-to-shell"),
    ({"skills/s/SKILL.md": skill("First call `TeamCreate`, then spawn.")}, "tool-removed"),
    ({"commands/build.md": command('Spawn with subagent_type: "demo-pack:ghost".')}, "ref-agent"),
    ({"commands/build.md": command("Ask @agent-demo-pack:ghost.")}, "ref-agent"),
    ({"hooks/hooks.json": hooks("PreToolUse", "Edit", command='bash "${CLAUDE_PLUGIN_ROOT}/scripts"')}, "hook-script"),
    (
        {"hooks/hooks.json": hooks("PreToolUse", "", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"', **{"async": True})},
        "hook-async",
    ),
    (dict(STATES, **{"commands/build.md": command("See references/states.md. Then it is `CLOSNG`.")}), "protocol-name"),
    ({"agents/helper.md": agent("Save it with the Write tool.")}, "tool-ungranted"),
    ({"README.md": "Then run `demo-pack:ghost-one`.\n"}, "ref-name"),
    (
        {
            ".claude-plugin/plugin.json": '{"name": "astro", "version": "1.0.0", "description": "D", "author": {"name": "E"}}',
            "skills/s/SKILL.md": skill("Spawn the `astro:analyst` agent."),
        },
        "ref-name",
    ),
    ({"commands/build.md": command("Run the `ghost-plan` skill."), "skills/s/SKILL.md": skill("x")}, "ref-skill"),
    ({"commands/build.md": command("Read [it](../references/none.md).")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\nSee [b](#b).\n"}, "ref-anchor"),
    # What was silent.
    *(
        ({".mcp.json": json.dumps({"mcpServers": {"mail": {"type": kind, "url": url}}})}, "mcp-schema")
        for kind, url in (("http", ""), ("sse", " "), ("http", "\t"))
    ),
    *(
        ({"agents/helper.md": agent("Review.", front=front)}, "tool-specifier")
        for front in (
            "tools: Read, Bash(git diff:*, git log:*), Glob\n",
            "tools: [Read, 'Write(src/**)']\n",
            "disallowedTools: Bash(git push *)\n",
            "tools:\n  - Read\n  - WebFetch(domain:example.com)\n",
            "disallowedTools: Agent(Explore)\n",
        )
    ),
    *(
        (
            {
                ".claude-plugin/marketplace.json": json.dumps(
                    {
                        "name": "demo-market",
                        "description": "d",
                        "owner": {"name": "E"},
                        "plugins": [dict({"name": "demo-pack", "source": "./", "description": "d", "strict": False}, **entry)],
                    }
                )
            },
            "marketplace-entry",
        )
        for entry in (
            {"commands": ["./commands/build.md"]},
            {"skills": []},
            {"hooks": {}},
            {"agents": "./agents/reviewer.md"},
            {"themes": "./t"},
        )
    ),
    (
        {
            ".claude-plugin/marketplace.json": json.dumps(
                {
                    "name": "demo-market",
                    "description": "d",
                    "owner": {"name": "E"},
                    "plugins": [{"name": name, "source": "./plugins/" + name, "description": "d"} for name in ("one", "two")],
                }
            ),
            "plugins/one/commands/a.md": command("Build.", "name: build\n"),
            "plugins/two/commands/b.md": command("Build.", "name: build\n"),
            ".claude-plugin/plugin.json": None,
            "agents/reviewer.md": None,
            "commands/build.md": None,
        },
        "name-clash",
    ),
    *(
        (
            {
                "scripts/answer.py": text,
                "hooks/hooks.json": hooks("PreToolUse", "Write", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/answer.py"'),
            },
            "hook-answer",
        )
        for text in (
            'import json\nprint(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecisions": "deny"}}))\n',
            'import json\nprint(json.dumps({"hookSpecificOutputs": {"hookEventName": "PreToolUse", "permissionDecision": "deny"}}))\n',
            'import json\nprint(json.dumps({"hookSpecificOutput": {"hook_event_name": "PreToolUse", "permissionDecision": "deny"}}))\n',
        )
    ),
    (
        {
            "hooks/hooks.json": hooks(
                "SessionStart",
                command="echo '{\"hookSpecificOutput\": {\"hookEventName\": \"SessionStart\", \"additionalContexts\": \"x\"}}'",
            )
        },
        "hook-answer",
    ),
    (
        {
            "scripts/o.sh": "#!/bin/sh\nX=$(cat)\njq -n --arg t \"$X\" '{hookSpecificOutput: {hookEventName: \"PostToolUse\", updatedToolOutput: $t}}'\n",
            "hooks/hooks.json": hooks("PostToolUse", "Bash", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/o.sh"'),
        },
        "hook-answer",
    ),
    *(
        (
            {"scripts/w.sh": text, "hooks/hooks.json": hooks("WorktreeCreate", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/w.sh"')},
            "hook-answer",
        )
        for text in ("#!/bin/sh\nmkdir -p /tmp/w\n", "#!/bin/sh\n# echo it\necho made >> /tmp/log\n", "#!/bin/sh\necho made >&2\n")
    ),
    ({"hooks/hooks.json": hooks("WorktreeCreate", command="true")}, "hook-answer"),
    ({"hooks/hooks.json": hooks("FileChanged", "notes.md")}, "hook-watch"),
    *(
        ({"evals/one/case.yaml": text}, "eval-case")
        for text in (
            "name: one\nexecution:\n  prompt: x\ngraders:\n  - {type: regex, name: a, pattern: b}\n",
            'schema_version: "1.1"\nname: one\nexecution:\n  prompt: x\n',
            "schema_version: 1.1\nname: one\nexecution:\n  prompt: x\ngraders: []\n",
            'schema_version: "1.0"\nname: one\nexecution:\n  prompt: x\ngraders:\n  - {type: regexp, name: a, pattern: b}\n',
            'schema_version: "1.0"\nname: one\nexecution:\n  prompt: x\ngraders:\n  - {type: llm, name: a}\n',
            'schema_version: "1.0"\nexecution:\n  prompt: x\ngraders: []\n',
            "a: [\n",
        )
    ),
    (
        {
            "scripts/stop.sh": "#!/bin/sh\necho no >&2\nexit 2\n",
            "hooks/hooks.json": hooks(
                "PreToolUse", "Bash", command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/stop.sh"', **{"if": "Bash(git push *)"}
            ),
        },
        "hook-if",
    ),
    ({"commands/build.md": command("Tools: @CONNECTORS.md"), "CONNECTORS.md": "# C\n"}, "ref-project-path"),
    ({"skills/s/SKILL.md": skill("See [gates]({baseDir}/references/gates.md).")}, "ref-file"),
    *(
        ({"skills/s/SKILL.md": skill(body), "skills/s/scripts/chekc.py": "print(1)\n"}, "ref-file")
        for body in ("Run `python3 scripts/check.py FILE`.", "```bash\nbash scripts/run.sh\n```", "```\nuv run scripts/go.py a\n```")
    ),
    *(
        ({"commands/build.md": command(body), "skills/new-name/SKILL.md": skill("x", "new-name")}, "ref-skill")
        for body in ("Invoke the `old-name` skill.", "The `old-name` skill does the rest.")
    ),
    ({".mcp.json": '{"mcpServers": {"k": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/dist/server.js"]}}}'}, "mcp-command"),
    # Beside the kinds of the twenty-six repositories.
    (
        {
            "references/states.md": "# S\n\n| State | Meaning |\n|---|---|\n| `REQUIRED` | a |\n| `SKIPPED` | b |\n",
            "commands/build.md": command("See [s](../references/states.md). Then it is RQEUIRED."),
        },
        "protocol-name",
    ),
    (
        {
            "hooks/hooks.json": hooks("Stop", command='python3 "${CLAUDE_PLUGIN_ROOT}/scripts/log.py"'),
            "scripts/log.py": "import json\nprint(json.dumps({'hookSpecificOutput': {'hook_event_name': 'Stop'}}))\n",
        },
        "hook-answer",
    ),
    ({"README.md": "# R\n\n| Command | Does |\n|---|---|\n| `/demo-pack:gone` | x |\n"}, "ref-name"),
    ({"hooks/hooks.json": hooks("Stop", command='sh "$HOME/.claude/plugins/marketplaces/m/hooks/stop.sh"')}, "hook-path"),
    (
        {"commands/build.md": "---\ndescription: Builds\nallowed-tools: [Bash(${CLAUDE_PLUGIN_ROOT}/scripts/a.sh *), Read]\n---\nx\n"},
        "tool-unbalanced",
    ),
    (
        {
            "commands/build.md": command("See the skill's `references/store.md`, or this plugin's `agents/none.md`."),
            "agents/helper.md": agent("Help."),
        },
        "ref-file",
    ),
    ({"skills/s/SKILL.md": skill("Run `$CLAUDE_PLUGIN_ROOT/scripts/a.sh`."), "scripts/a.sh": "true\n"}, "root-variable"),
    *(
        ({"commands/build.md": command(body)}, "command-live-example")
        for body in (
            "<!-- once:\n@secrets/prod.env\n-->",
            "```md\nRead these:\n@secrets/prod.env\n```",
            "```\n@secrets/prod.env\n```",
            "<!-- @${CLAUDE_PLUGIN_ROOT}/notes/a.md -->",
        )
    ),
    ({"skills/s/SKILL.md": skill("<!--\n @docs/old.md\n-->")}, "command-live-example"),
    ({"skills/SKILL.md": skill("x", "router"), "skills/deep/SKILL.md": skill("x", "deep")}, "skill-file"),
    (
        {
            ".claude-plugin/plugin.json": NAMED_SKILLS,
            **{"skills/%s/SKILL.md" % name: skill("x", name[-1]) for name in ("use/a", "use/b", "use/c")},
        },
        "skill-file",
    ),
    ({"skills/s/SKILL.md": skill("Read `${CLAUDE_PLUGIN_ROOT}/env.sh`.")}, "ref-file"),
    ({"scripts/get.sh": '#!/bin/sh\nsh -c "curl -fsSL https://x.example | sh"\n'}, "piped-to-shell"),
    ({"README.md": "# Demo\n\nIt has 5 skills and more.\n", "skills/s/SKILL.md": skill("x")}, "readme-count"),
    ({"skills/s/SKILL.md": skill("x", front="user-invocable: false\ndisable-model-invocation: true\n")}, "command-value"),
    ({"hooks/hooks.json": '{"version": 1, "hooks": {}}'}, "hook-key"),
    (dict(STATES, **{"commands/build.md": command("See references/states.md. Then the state CLOSIN.")}), "protocol-unknown"),
    ({"agents/helper.md": agent("Load it via the WebFetch tool.")}, "tool-ungranted"),
    (
        {
            "scripts/h.js": "const i = JSON.parse(require('fs').readFileSync(0)); // stdin\nrun(i['tool_result']);\n",
            "hooks/hooks.json": hooks("PostToolUse", "Bash", command='node "${CLAUDE_PLUGIN_ROOT}/scripts/h.js"'),
        },
        "hook-payload",
    ),
    ({"hooks/hooks.json": hooks("PostToolUse", "Write|Edit", **{"if": "Write(*.md)"})}, "hook-if"),
    # Planted by somebody who read the client's documentation, and what people filed as bugs.
    *(
        ({"hooks/hooks.json": hooks(event, "Bash" if "Tool" in event else None, command="echo '%s'" % answer)}, "hook-answer")
        for event, answer in (
            ("PostToolUse", '{"hookSpecificOutput": {"hookEventName": "PostToolUse", "permissionDecision": "deny"}}'),
            ("Stop", '{"hookSpecificOutput": {"permissionDecision": "deny"}}'),
            ("SessionStart", '{"hookSpecificOutput": {"updatedToolOutput": {}}}'),
        )
    ),
    ({"hooks/stop.json": hooks("Stop")}, "component-location"),
    ({"marketplace.json": '{"name": "m", "owner": {"name": "E"}, "plugins": []}'}, "component-location"),
    *(
        (
            {
                ".mcp.json": json.dumps({"mcpServers": {"a": {"command": command, "args": args}}}),
                "server/index.js": "1\n",
            },
            "mcp-command",
        )
        for command, args in (("node", ["server/index.js"]), ("uv", ["run", "--directory", "server", "main.py"]))
    ),
    ({"README.md": "`/demo-pack:build` is gone. Run `/demo-pack:make`.\n"}, "ref-name"),
    ({"references/r.md": "# R\n\nAsk the `reviewer` agent and the bold\n`code-reviewer` agent.\n"}, "ref-agent"),
    (
        {
            "commands/plan.md": "---\ndescription: Plans\nargument-hint: <plan.md> [--coders=N]\n---\nPlan $ARGUMENTS.\n",
            "README.md": "See `/demo-pack:plan --helper` etc.\n",
        },
        "readme-option",
    ),
    ({"references/r.md": "- [Sponsors](#sponsors)\n\n# R\n\nThanks to our sponsors.\n"}, "ref-anchor"),
    ({"references/r.md": "See [notes](#the-notes).\n\n> The notes\n"}, "ref-anchor"),
    ({"commands/ship.md": "---\ndescription: Ships\nallowed-tools: Read, Bash(git:status)\n---\nRun git status.\n"}, "tool-unknown"),
    ({"skills/s/SKILL.md": skill("x", front="disallowed-tools: Bash(docker:run *)\n")}, "tool-unknown"),
    ({"agents/a.md": "---\nname: a\ndescription: Does. Use when.\n---\n---\ntools: Read\n---\nYou review.\n"}, "frontmatter-ends-early"),
]


CODEX_SKILLS = {"commands/build.md": command("Build."), ".codex-plugin/plugin.json": '{"name": "demo-pack"}'}
CURSOR = {".cursor-plugin/plugin.json": '{"name": "demo-pack", "mcpServers": "./mcp.json"}', "mcp.json": '{"mcpServers": {}}'}
ALLOWS = '#!/bin/sh\necho \'{"hookSpecificOutput": {"hookEventName": "PermissionRequest", "permissionDecision": "%s"}}\'\n'
OWN_FIELD = "const d = JSON.parse(require('fs').readFileSync('/dev/stdin'))\n%s\n"
TOLD = '#!/bin/sh\ninput=$(cat)\ncmd=%s\ncase $cmd in *rm*) echo no >&2; exit 2 ;; esac\n'
MADE = "%s\n\n1. **Runner**: `scripts/run-migration.sh` applies them"
WRITES = {"skills/s/scripts/other.sh": "true\n"}


def guard(text, event="PreToolUse", matcher="Bash"):
    """A plugin's shell hook with this text."""
    return {"hooks/hooks.json": hooks(event, matcher, command='sh "${CLAUDE_PLUGIN_ROOT}/scripts/g.sh"'), "scripts/g.sh": text}


# Of 29 repositories looked at on 2026-11-30, and of public reports: in each pair what is right, then the mistake beside it.
LATER_SILENT = [
    (dict(CODEX_SKILLS, **{"skills/generated/build/SKILL.md": skill("Build.", "build")}), "skill-file"),
    (
        {
            "hooks/hooks.json": hooks("Stop", command='powershell.exe -File "${CLAUDE_PLUGIN_ROOT}\\hooks\\stop.ps1"'),
            "hooks/stop.ps1": "exit 0\n",
        },
        "hook-quoting",
    ),
    ({"README.md": "# D\n\nA full review uses six agents.\n"}, "readme-count"),
    (CURSOR, "component-location"),
    (guard(ALLOWS % "allow", "PermissionRequest"), "hook-fails-open"),
    (
        {"hooks/hooks.json": hooks("ConfigChange", command="if [ -f scripts/guard.py ]; then python3 scripts/guard.py; fi")},
        "hook-path",
    ),
    ({"agents/reviewer.md": agent("Look for:\n\n- `iwr ... | iex`, `. <(curl ...)`", "reviewer")}, "piped-to-shell"),
    ({"commands/build.md": command('Spawn one with `Agent(subagent_type="demo-pack:...")`.')}, "ref-agent"),
    (dict(WRITES, **{"skills/s/SKILL.md": skill(MADE % "Generate the infrastructure using Write:")}), "ref-file"),
    ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\n[Skip to content](#start)\n"}, "ref-anchor"),
    ({"skills/s/SKILL.md": skill("List what is in `${CLAUDE_PLUGIN_ROOT}/skills/` and `${CLAUDE_PLUGIN_ROOT}/hooks/`.")}, "ref-file"),
    (
        {
            "hooks/hooks.json": hooks("Stop", command='node "${CLAUDE_PLUGIN_ROOT}/scripts/s.js"'),
            "scripts/s.js": OWN_FIELD % "const t = tasks.find(t => t.agentId === own); t.agentId = own",
        },
        "hook-payload",
    ),
    ({"skills/s/SKILL.md": skill("On Codex CLI, it is the `explorer` agent that looks.")}, "ref-agent"),
    ({"skills/s/SKILL.md": skill("**Codex CLI:** its own roles.\n- **First** the `explorer` agent (reads)")}, "ref-agent"),
    ({"skills/s/SKILL.md": skill('With subagent_type: "reviewer" (project-level) it is the project\'s.')}, "ref-agent"),
    ({"skills/s/SKILL.md": skill("Several (Claude Code: `/build`; Codex: the `qa-pipeline` skill).")}, "ref-skill"),
    (guard(TOLD % "$(printf '%s' \"$input\" | jq -r .tool_input.command)"), "hook-payload"),
    (guard(TOLD % '"${CLAUDE_TOOL_INPUT:-}"'), "hook-variable"),
    (guard("CLAUDE_TOOL_INPUT=$(cat)\n" + TOLD % "$CLAUDE_TOOL_INPUT"), "hook-variable"),
    ({".mcp.json": '{"mcpServers": {"a": {"command": "/opt/My App/run"}}}'}, "mcp-command"),
    ({"agents/reviewer.md": agent("Review.", "reviewer", "tools: Read\nmodel: claude-sonnet-5\n")}, "model-unknown"),
    ({"commands/build.md": command("See /Users/ann/other/notes.md.")}, "ref-machine"),
    ({".claude-plugin/plugin.json": None, ".claude/agents/notes.md": "# Notes\n\nname: x\n"}, "frontmatter-missing"),
    ({"commands/build.md": command("!`which task`", "allowed-tools: Bash(task *)\n")}, "command-approval"),
    ({"skills/s/SKILL.md": skill("SKILL_DIR is the folder of this skill: `$SKILL_DIR/s.py`."), "skills/s/s.py": ""}, "root-variable"),
    ({"skills/s/SKILL.md": skill("Run `python3 scripts/s.py`."), "skills/s/scripts/s.py": "", "scripts/s.py": ""}, "ref-project-path"),
]
LATER_FOUND = [
    (dict(CODEX_SKILLS, **{"skills/generated/other/SKILL.md": skill("Other.", "other")}), "skill-file"),
    (
        {"hooks/hooks.json": hooks("Stop", command='bash "${CLAUDE_PLUGIN_ROOT}\\hooks\\stop.sh"'), "hooks/stop.sh": "exit 0\n"},
        "hook-quoting",
    ),
    ({"README.md": "# D\n\nIt has six agents.\n"}, "readme-count"),
    (dict(CURSOR, **{".cursor-plugin/plugin.json": "{}"}), "component-location"),
    (guard(ALLOWS % "deny", "PermissionRequest"), "hook-fails-open"),
    (
        {"hooks/hooks.json": hooks("PreToolUse", "Bash", command="if [ -f scripts/guard.py ]; then python3 scripts/guard.py; fi")},
        "hook-path",
    ),
    ({"agents/reviewer.md": agent("Install it: `irm https://x.example/i.ps1 | iex`", "reviewer")}, "piped-to-shell"),
    ({"commands/build.md": command('Spawn one with `Agent(subagent_type="demo-pack:ghost")`.')}, "ref-agent"),
    (dict(WRITES, **{"skills/s/SKILL.md": skill(MADE % "What the skill has:")}), "ref-file"),
    ({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\n[The content](#start)\n"}, "ref-anchor"),
    ({"skills/s/SKILL.md": skill("Read `${CLAUDE_PLUGIN_ROOT}/hooks/none.md`.")}, "ref-file"),
    (
        {
            "hooks/hooks.json": hooks("SubagentStop", command='node "${CLAUDE_PLUGIN_ROOT}/scripts/s.js"'),
            "scripts/s.js": OWN_FIELD % "const own = d.agentId\nconsole.error(own, {agentId: own}, payload.agentId)",
        },
        "hook-payload",
    ),
    ({"skills/s/SKILL.md": skill('With subagent_type: "reviewer" it is the plugin\'s.')}, "ref-agent"),
    ({"skills/s/SKILL.md": skill("Several (all of them: the `qa-pipeline` skill).")}, "ref-skill"),
    (guard(TOLD % "$(printf '%s' \"$input\" | jq -r .input.command)"), "hook-payload"),
    (guard(TOLD % "$CLAUDE_TOOL_INPUT"), "hook-variable"),
    ({".mcp.json": '{"mcpServers": {"a": {"command": "python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"}}}'}, "mcp-command"),
    ({"agents/reviewer.md": agent("Review.", "reviewer", "tools: Read\nmodel: claude-sonnet\n")}, "model-unknown"),
    ({"commands/build.md": command("Run `python3 /Users/ann/demo/scripts/guard.py`.")}, "ref-machine"),
    ({".claude-plugin/plugin.json": None, ".claude/agents/helper.md": agent("Help.")[4:]}, "frontmatter-missing"),
    ({".claude-plugin/plugin.json": None, ".claude/agents/helper.md": "\n" + agent("Help.")}, "frontmatter-missing"),
    ({"commands/build.md": command("!`command -v task`", "allowed-tools: Bash(task *)\n")}, "command-approval"),
    ({"skills/s/SKILL.md": skill('Run `python3 "$SKILL_DIR/s.py"`.'), "skills/s/s.py": ""}, "root-variable"),
    ({"skills/s/SKILL.md": skill("Run `python3 scripts/guard.py`.")}, "ref-project-path"),
]
SILENT += LATER_SILENT
FOUND += LATER_FOUND
MARKET = {
    ".claude-plugin/marketplace.json": json.dumps(
        {"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": [{"name": "demo-pack", "description": "D", "source": "./p"}]}
    ),
    "p/.claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}}',
    "p/agents/reviewer.md": agent("Review.", "reviewer", "tools: Read\nskills:\n  - shared\n"),
    "p/skills/own/SKILL.md": skill("Do it.", "own"),
}
COLLECTION = {".claude-plugin/plugin.json": None}
PROJECT = dict.fromkeys((".claude-plugin/plugin.json", "agents/reviewer.md", "commands/build.md", "hooks/hooks.json"))
BROKEN = '---\nname: x\ndescription: "Does" it\n---\nDo it.\n'
CLASH = {"skills/build/SKILL.md": skill("Do it.", "build")}
OFFER = "Fill in `${CLAUDE_PLUGIN_ROOT}/references/Offer (V2) of us.docx`."
TRACKS = "# D\n\n## Dev Track\n\nFour slash commands.\n"
VERSIONS = "# D\n\n| Version | What |\n|---|---|\n| %s | 5 slash commands and a server |\n"
# Of 33 repositories looked at on 2026-11-30, and measured in client 2.1.329: as above.
MEASURED_SILENT = [
    (dict(COLLECTION, **{"agents/reviewer.md": agent("Review.", "reviewer", "permissionMode: plan\n")}), "agent-ignored-key"),
    (dict(COLLECTION, **{"commands/build.md": "---\nallowed-tools: Read\n---\nBuilds the plan.\n"}), "description-missing"),
    (dict(PROJECT, **{".claude/commands/build.md": "---\nallowed-tools: Read\n---\nBuilds the plan.\n"}), "description-missing"),
    ({"commands/build.md": command(OFFER), "references/Offer (V2) of us.docx": "x"}, "ref-file"),
    ({"skills/deprecated/old/SKILL.md": skill("Do it.", "old")}, "skill-file"),
    ({"README.md": TRACKS}, "readme-count"),
    ({"README.md": VERSIONS % "v0.2.0"}, "readme-count"),
    ({"README.md": "# D\n\nIt writes code using 8 slash commands.\n"}, "readme-count"),
    ({"agents/reviewer.md": agent("Review.", "Build/Release Engineer")}, "agent-name"),
    (
        {"agents/coder.md": agent("Code.", "Code Writer"), "commands/build.md": command("Take the `coder` agent: read `agents/coder.md`.")},
        "ref-agent",
    ),
]
MEASURED_FOUND = [
    ({"agents/reviewer.md": agent("Review.", "reviewer", "permissionMode: plan\n")}, "agent-ignored-key"),
    ({"commands/build.md": "---\nallowed-tools: Read\n---\nBuilds the plan.\n"}, "description-missing"),
    (dict(COLLECTION, **{"commands/build.md": "---\nallowed-tools: Read\n---\n"}), "description-missing"),
    ({"commands/build.md": command(OFFER), "references/Offer.docx": "x"}, "ref-file"),
    ({"skills/group/old/SKILL.md": skill("Do it.", "old")}, "skill-file"),
    ({"README.md": "# D\n\n## Features\n\nFour slash commands.\n"}, "readme-count"),
    ({"README.md": VERSIONS % "now"}, "readme-count"),
    ({"agents/reviewer.md": agent("Review.", "build/reviewer")}, "agent-name"),
    ({"agents/coder.md": agent("Code.", "Code Writer"), "commands/build.md": command("Take the `coder` agent.")}, "ref-agent"),
]
# Of 24 more on the same day.
MANIFEST = '{"name": "demo-pack", "version": "1.0.0", "description": "D", "author": {"name": "E"}, %s}'
NAMED = {
    ".claude-plugin/plugin.json": MANIFEST
    % '"agents": ["./agents/deep/coder.md"], "commands": ["./commands/deep/", "./commands/build.md"]',
    "agents/deep/coder.md": agent("Code.", "coder"),
    "agents/reviewer.md": None,
    "commands/deep/sub/go.md": command("Go."),
}
HOME = "The `ghost` one is yours: `~/.claude/agents/%s.md`."
PRINTS = "Look:\n\n```bash\ncommand -v uv || %s\n```"
OPENCODE = {
    ".claude-plugin/plugin.json": None,
    "README.md": "# D\n\nA plugin for OpenCode%s.\n",
    "commands/build.md": "---\nallowed-tools:\n  - read\n---\nBuild.\n",
}
WRAPS = {"commands/build.md": command("%s for the arguments."), "skills/build/SKILL.md": skill("Do it.", "build")}
FLAT = {".claude-plugin/plugin.json": None, "skills/review.md": skill("Do it.", "review")}
FULL = "Take `references/r.md`, which is `skills/%s/references/r.md`."
OTHERS_PAGE = {"skills/s/references/x.md": "# X\n", "skills/other/SKILL.md": skill("See references/r.md", "other")}
OTHERS_PAGE["skills/other/references/r.md"] = "# R\n"


def filled(files, path, word):
    return dict(files, **{path: files[path] % word})


MEASURED_SILENT += [
    (dict(NAMED, **{"commands/build.md": command('Spawn `subagent_type: "demo-pack:coder"`, then `/demo-pack:sub:go`.')}), rule)
    for rule in ("ref-agent", "ref-name")
]
MEASURED_SILENT += [
    ({"commands/build.md": command('Spawn `subagent_type: "ghost"`.'), "README.md": "# D\n\n%s\n" % (HOME % "ghost")}, "ref-agent"),
    ({"commands/build.md": command(PRINTS % 'echo "  %s"' % PIPED)}, "piped-to-shell"),
    *((filled(OPENCODE, "README.md", ""), rule) for rule in ("tool-unknown", "frontmatter-missing")),
    *(
        (filled(WRAPS, "commands/build.md", text), "name-clash")
        for text in ("Run the `build` skill", "Follow `~/.claude/skills/build/SKILL.md`")
    ),
    (dict(FLAT, **{"go.mod": "module x\n"}), "skill-file"),
    (dict(OTHERS_PAGE, **{"skills/s/SKILL.md": skill("See references/x.md. " + FULL % "other")}), "ref-file"),
    ({"skills/s/SKILL.md": skill("It stays in each plugin's `references/user.md`."), "skills/s/references/x.md": "# X\n"}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Lo hace la fase (ej. un `scripts/x.py`).", "s"), "skills/s/scripts/y.py": ""}, "ref-file"),
    ({"README.md": "# D\n\nAll patterns live in 3 skills that load by themselves — `a`, `b`, `c`.\n"}, "readme-count"),
    ({"README.md": "# D\n\nAll patterns live in 3 commands loaded by name — `a`, `b`, `c`.\n"}, "readme-count"),
    ({"commands/build.md": command("Only `active` agents can answer calls.")}, "ref-agent"),
    ({"agents/reviewer.md": agent("- Genesys Cloud (via SendMessage integration)", "reviewer")}, "tool-ungranted"),
    ({"commands/build.md": command("The `the-router` skill asks (the-router v0.1.3+).")}, "ref-skill"),
]
MEASURED_FOUND += [
    (dict(NAMED, **{"commands/build.md": command('Spawn `subagent_type: "demo-pack:deep:coder"`.')}), "ref-agent"),
    (dict(NAMED, **{"commands/build.md": command("Then `/demo-pack:sub:stop`.")}), "ref-name"),
    ({"commands/build.md": command('Spawn `subagent_type: "ghost"`.'), "README.md": "# D\n\n%s\n" % (HOME % "other")}, "ref-agent"),
    ({"commands/build.md": command(PRINTS % PIPED)}, "piped-to-shell"),
    (filled(OPENCODE, "README.md", " and Claude Code"), "tool-unknown"),
    (filled(WRAPS, "commands/build.md", "Build it"), "name-clash"),
    (FLAT, "skill-file"),
    (dict(OTHERS_PAGE, **{"skills/s/SKILL.md": skill("See references/x.md. " + FULL % "u")}), "ref-file"),
    ({"skills/s/SKILL.md": skill("It stays in the plugin's `references/user.md`."), "skills/s/references/x.md": "# X\n"}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Lo hace la fase (con `scripts/x.py`).", "s"), "skills/s/scripts/y.py": ""}, "ref-file"),
    ({"README.md": "# D\n\nIt has 3 commands loaded by name — `a`, `b`.\n"}, "readme-count"),
    ({"commands/build.md": command("Ask the `active` agent.")}, "ref-agent"),
    ({"agents/reviewer.md": agent("- Answer via SendMessage.", "reviewer")}, "tool-ungranted"),
    ({"commands/build.md": command("The `the-router` skill asks.")}, "ref-skill"),
]
# Of 21 more on the same day.
ELSEWHERES = ["codebase-retrieval", "launch-process", "view"]


def three_agents(tool):
    front = "model: sonnet4.5\ntools:\n  - %s\n"
    files = {"agents/a%d.md" % n: agent("Do.", "a%d" % n, front % (tool if not n else one)) for n, one in enumerate(ELSEWHERES)}
    return dict(files, **{".claude-plugin/plugin.json": None, "agents/reviewer.md": None, "agents/page.md": "# Page\n"})


RELEASE = "%s\n\n```bash\nnode scripts/x.js\n```"
STATE = {
    "commands/build.md": command("Read `${CLAUDE_PLUGIN_ROOT}/memory/usage.json`."),
    "hooks/track.py": "F = D / %s\nF.write_text(USED)\n",
}
AGAIN = "---\nname: a\ndescription: Does. Use when.\ntools: Read\n---\n\n---\nname: a\n%s---\nYou review.\n"
TAKEN = {"skills/s/SKILL.md": skill("See references/a.md."), "skills/s/references/a.md": "# A\n"}
GONE = "`scripts/score.py` / `.meta` は本環境のどこにも%s。"
NEEDS_BUN = "不可用 → 报错中止并给一行%s（`%s`）。"
MEASURED_SILENT += [
    *((three_agents("bash-tool"), rule) for rule in ("tool-unknown", "model-unknown", "frontmatter-missing")),
    ({"commands/build.md": command(RELEASE % "Run it from inside the demo-pack repo."), "scripts/x.js": "1\n"}, "ref-project-path"),
    (filled(STATE, "hooks/track.py", '"usage.json"'), "ref-file"),
    ({"commands/build.md": command("Move broken files to `${CLAUDE_PLUGIN_ROOT}/memory/.quarantine/`.")}, "ref-file"),
    ({"agents/a.md": AGAIN % "tools: Write\n"}, "frontmatter-ends-early"),
    (dict(TAKEN, **{"skills/s/references/upstream/NOTICE.md": "# N\n\n- Taken: `skills/eng/x/SKILL.md`\n"}), "ref-file"),
    (dict(COLLECTION, **{"agents/_base.md": "# Base\n"}), "frontmatter-missing"),
    ({"README.md": "| 0.2.0 | Rename `/demo-pack:run` to `/demo-pack:build` |\n"}, "ref-name"),
    ({"README.md": "(`/demo-pack:run` has been collapsed into `/demo-pack:build`.)\n"}, "ref-name"),
    ({"agents/reviewer.md": agent("It ships no `skills/s/SKILL.md`.", "reviewer"), "skills/t/SKILL.md": skill("x", "t")}, "ref-file"),
    ({"commands/build.md": command("`TeamCreate` 已在 verify 因 incident 廢棄。")}, "tool-removed"),
    ({"skills/s/SKILL.md": skill(GONE % "存在しない"), "skills/s/scripts/x.py": ""}, "ref-file"),
    ({"skills/s/SKILL.md": skill(NEEDS_BUN % ("安装指引", PIPED))}, "piped-to-shell"),
]
MEASURED_FOUND += [
    *((three_agents("Read"), rule) for rule in ("tool-unknown", "model-unknown", "frontmatter-missing")),
    ({"commands/build.md": command(RELEASE % "Run it from inside the other repo."), "scripts/x.js": "1\n"}, "ref-project-path"),
    (filled(STATE, "hooks/track.py", '"other.json"'), "ref-file"),
    (dict(STATE, **{"hooks/track.py": 'USED = (D / "usage.json").read_text()\n'}), "ref-file"),
    ({"commands/build.md": command("See the broken files in `${CLAUDE_PLUGIN_ROOT}/memory/q.json`.")}, "ref-file"),
    ({"agents/a.md": AGAIN.replace("tools: Read\n", "") % "tools: Write\n"}, "frontmatter-ends-early"),
    (dict(TAKEN, **{"skills/s/references/b.md": "# N\n\n- See: `skills/eng/x/SKILL.md`\n"}), "ref-file"),
    (dict(COLLECTION, **{"agents/base.md": "# Base\n"}), "frontmatter-missing"),
    ({"README.md": "| 0.2.0 | Prefer `/demo-pack:run` to `/demo-pack:build` |\n"}, "ref-name"),
    ({"agents/reviewer.md": agent("Read `skills/s/SKILL.md`.", "reviewer"), "skills/t/SKILL.md": skill("x", "t")}, "ref-file"),
    ({"commands/build.md": command("`TeamCreate` で始める。")}, "tool-removed"),
    ({"skills/s/SKILL.md": skill(GONE % "ある"), "skills/s/scripts/x.py": ""}, "ref-file"),
    ({"skills/s/SKILL.md": skill(NEEDS_BUN % ("运行", PIPED))}, "piped-to-shell"),
]
SILENT += MEASURED_SILENT
FOUND += MEASURED_FOUND


def started(root):
    """The findings, with the program started as users start it."""
    command = [os.path.join(ROOT, "bin", "pack"), "lint", str(root), "--format", "json", "--no-cache"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)["findings"]


def named(found):
    return ["%s:%d %s [%s]" % (f["path"], f["line"], f["message"], f["rule"]) for f in found]


@pytest.mark.parametrize("files,rule", SILENT, ids=["%s-%d" % (case[1], number) for number, case in enumerate(SILENT)])
def test_no_alarm(plugin, files, rule):
    assert not named(f for f in lint(plugin(files))[1] if f["rule"] == rule)


@pytest.mark.parametrize("files,rule", FOUND, ids=["%s-%d" % (case[1], number) for number, case in enumerate(FOUND)])
def test_found(plugin, files, rule):
    found = lint(plugin(files))[1]
    assert [f for f in found if f["rule"] == rule and f["severity"] != "info"], named(found)


def test_the_hooks_file_named_in_the_manifest(plugin):
    """Clients up to 2.1.240 call it a duplicate; later ones take it."""
    manifest = '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}, "hooks": "./hooks/hooks.json"}'
    root = plugin({".claude-plugin/plugin.json": manifest, "hooks/hooks.json": hooks("Stop")})
    assert not lint(root)[1]
    (found,) = lint(root, "--client", "2.1.240")[1]
    assert found["rule"] == "manifest-path" and "duplicate" in found["message"]


def test_what_a_client_does_not_know_yet(plugin):
    manifest = (
        '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}, "optionalDependencies": ["other"]}'
    )
    root = plugin({".claude-plugin/plugin.json": manifest, "hooks/hooks.json": hooks("PreSkillShellCommand", "Bash")})
    assert not named(lint(root)[1])
    assert {found["rule"] for found in lint(root, "--client", versions()["pinned"])[1]} == {"manifest-field", "hook-event"}


def test_a_copied_page_is_named_once(plugin):
    links = "".join("See [%s](../guide/%s.md).\n" % (name, name) for name in ("one", "two", "three", "four", "five"))
    root = plugin({"skills/s/SKILL.md": skill("See references/a.md"), "skills/s/references/a.md": "# A\n\n" + links})
    (found,) = [finding for finding in lint(root)[1] if finding["rule"] == "ref-file"]
    assert (
        found["line"] == 3
        and found["message"] == "5 links of this page lead nowhere (../guide/one.md, ../guide/two.md, ../guide/three.md, ...)"
    )
    root = plugin({"skills/s/references/a.md": "# A\n\n" + "".join(links.splitlines(True)[:3])})
    assert (
        "3 links of this page lead nowhere (../guide/one.md, ../guide/two.md, ../guide/three.md)"
        in [finding for finding in lint(root)[1] if finding["rule"] == "ref-file"][0]["message"]
    )
    root = plugin({"skills/s/references/a.md": "# A\n\n" + "".join(links.splitlines(True)[:2])})
    assert len([finding for finding in lint(root)[1] if finding["rule"] == "ref-file"]) == 2


def test_folders_that_are_no_plugins(tmp_path):
    """docs/skills/ beside the plugin of a marketplace: its pages are no skills, and docs: is before no name of a command."""
    entries = [{"name": "demo-pack", "source": "./p"}]
    files = {
        ".claude-plugin/marketplace.json": json.dumps({"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": entries}),
        "p/.claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}}',
        "p/skills/s/SKILL.md": skill("See [all](all.md)."),
        "p/skills/s/all.md": "# All\n\n## /docs:init\n\n## /demo-pack:init\n",
        "docs/skills/_index.md": skill("All of them.", "all"),
        "docs/skills/fix.md": skill("What the skill does.", "fix"),
        "more/skills/a/SKILL.md": skill("Do it.", "a"),
        "more/skills/fix.md": skill("Do it.", "fix"),
    }
    write(tmp_path, files)
    assert named(started(tmp_path)) == [
        "more/skills/fix.md:1 not loaded: a skill is skills/fix/SKILL.md [skill-file]",
        "p/skills/s/all.md:5 no command or skill 'demo-pack:init' [ref-name]",
    ]


def test_a_project_groups_its_skills(tmp_path):
    """A folder more between .claude/skills/ and the skill: the client (measured) does not load it."""
    write(tmp_path, {".claude/skills/common/bye/SKILL.md": skill("Bye.", "bye"), ".claude/skills/hello/SKILL.md": skill("Hello.", "hello")})
    assert named(started(tmp_path)) == [
        ".claude/skills/common/bye/SKILL.md:1 not loaded: the client reads skills/NAME/SKILL.md, one level deep [skill-file]"
    ]


def test_a_collection_without_a_manifest(tmp_path):
    """Agents and commands that somebody copies to ~/.claude: no plugin, so what only a plugin has is not asked of it."""
    files = {
        "agents/01-core/planner.md": agent("Ask the `scout` agent. subagent_type: scout", "planner", "skills: deep\ntools: Read, Agent\n"),
        "agents/02-more/scout.md": agent("Scout.", "scout"),
        "agents/README.md": "# Agents\n",
        "commands/run.md": "Run `./scripts/check.sh` for $ARGUMENTS.\n",
        "scripts/check.sh": "true\n",
        "skills/team/deep/SKILL.md": skill("x", "deep"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert not named(lint(tmp_path)[1])


def test_programs_that_nobody_calls_by_name(plugin):
    """bin/ holds tools of those who work on the plugin, too: what package.json runs with node, and tests."""
    root = plugin(
        {
            "bin/check.mjs": "#!/usr/bin/env node\n",
            "bin/tool.test.sh": "#!/bin/sh\n",
            "bin/tool": "#!/bin/sh\n",
            "package.json": '{"scripts": {"validate": "node bin/check.mjs"}}',
        }
    )
    for name in ("check.mjs", "tool.test.sh", "tool"):
        (root / "bin" / name).chmod(0o644)
    assert named(started(root)) == ["bin/tool:1 bin/tool is not executable: the shell does not find it [bin-file]"]


def test_a_translation_of_a_plugin_is_no_plugin(tmp_path):
    """Its hooks run nowhere; the same folder under another name is looked at as before."""
    files = {
        ".claude-plugin/marketplace.json": json.dumps(
            {"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": [{"name": "demo-pack", "source": "./p"}]}
        ),
        "p/.claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}}',
        "p/skills/s/SKILL.md": skill("Do it."),
        "assets/i18n/cn/hooks/hooks.json": hooks("Stop", command="${CLAUDE_PLUGIN_ROOT}/hooks/none.sh"),
        "more/hooks/hooks.json": hooks("Stop", command="${CLAUDE_PLUGIN_ROOT}/hooks/none.sh"),
    }
    write(tmp_path, files)
    assert {found["path"] for found in started(tmp_path)} == {"more/hooks/hooks.json"}


@pytest.mark.parametrize(
    "files,rule,effect",
    [
        ({"agents/x.md": "# X\n"}, "frontmatter-missing", "it loads as an agent named 'x' with ALL tools"),
        (dict(COLLECTION, **{"agents/x.md": "# X\n"}), "frontmatter-missing", "in .claude/agents the client does not load it"),
        ({"agents/x.md": BROKEN}, "frontmatter-syntax", "this agent runs with ALL tools"),
        (dict(COLLECTION, **{"agents/x.md": BROKEN}), "frontmatter-syntax", "it does not load the agent"),
        ({".claude/agents/x.md": BROKEN}, "frontmatter-syntax", "it does not load the agent"),
        ({"skills/x/SKILL.md": "# X\n"}, "frontmatter-missing", "the model never sees the skill 'x'"),
        ({".claude/skills/x/SKILL.md": "---\nname: x\n---\nDo it.\n"}, "description-missing", "sees only the first line of the text"),
        ({"skills/x/SKILL.md": "---\nname: x\n---\nDo it.\n"}, "description-missing", "the model is never offered this skill"),
        (CLASH, "name-clash", "/demo-pack:build runs the command, /build this skill"),
        (dict(COLLECTION, **CLASH), "name-clash", "in .claude /build is this skill, and the command is out of reach"),
        ({"agents/x.md": agent("X.", "a:b")}, "agent-name", "the id is 'demo-pack:a:b'"),
        ({".claude/agents/x.md": agent("X.", "a:b")}, "agent-name", "the client does not load the agent"),
    ],
)
def test_what_the_client_does_of_it(plugin, files, rule, effect):
    """Measured in client 2.1.329 for a plugin and for ~/.claude; a folder of components without a manifest may become either."""
    if any(path.startswith(".claude/") for path in files):
        files = dict(PROJECT, **files)
    found = [f["message"] for f in lint(plugin(files))[1] if f["rule"] == rule]
    assert len(found) == 1 and effect in found[0], found


def test_agents_that_are_linked_into_the_project(plugin):
    """.claude/agents -> ../agents: a document beside the agents is skipped there, and one that lost a line is not loaded."""
    root = plugin(dict(COLLECTION, **{"agents/notes.md": "# Notes\n", "agents/helper.md": agent("Help.")[4:]}))
    (root / ".claude").mkdir()
    (root / ".claude" / "agents").symlink_to("../agents")
    assert [f["path"] for f in lint(root)[1] if f["rule"] == "frontmatter-missing"] == ["agents/helper.md"]


def test_a_place_on_the_authors_machine(plugin):
    """In a collection ${CLAUDE_PLUGIN_ROOT} is not set where it comes to lie: named, not mended."""
    files = {"commands/build.md": command("Run `python3 /home/ann/demo/scripts/guard.py`.")}
    for more, says, mends in (({}, "write ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py", True), (COLLECTION, "on the author's machine", False)):
        (found,) = [f for f in lint(plugin(dict(files, **more)))[1] if f["rule"] == "ref-machine"]
        assert found["message"].endswith(says) and found["fixable"] is mends


@pytest.mark.parametrize(
    "path,says",
    [
        ("shared/skills/shared/SKILL.md", None),
        ("more/skills/other/SKILL.md", "no skill 'shared' in this plugin"),
        ("q/skills/shared/SKILL.md", "no skill 'shared' in this plugin; it is found only where q is installed, too"),
    ],
)
def test_skills_that_plugins_share(tmp_path, path, says):
    """A bare name among an agent's skills finds one of ~/.claude/skills and of another plugin (measured)."""
    files = dict(MARKET, **{path: skill("Do it.", path.split("/")[2])})
    if path.startswith("q/"):
        files["q/.claude-plugin/plugin.json"] = '{"name": "q", "version": "1.0.0", "description": "Demo", "author": {"name": "E"}}'
    write(tmp_path, files)
    assert [f["message"] for f in lint(tmp_path)[1] if f["rule"] == "agent-skill-missing"] == ([says] if says else [])


def test_folders_of_other_programs(tmp_path):
    """extensions/gemini/hooks is Gemini's, whatever lies beside it."""
    hook = {"hooks": {"BeforeAgent": [{"hooks": [{"type": "command", "command": "true"}]}]}}
    write(tmp_path, {"extensions/%s/hooks/hooks.json" % name: json.dumps(hook) for name in ("gemini", "mine")})
    assert [found["path"] for found in lint(tmp_path)[1]] == ["extensions/mine/hooks/hooks.json"]


def test_a_place_below_the_authors_claude(plugin):
    """~/.claude/hooks is where an installer puts it: a snippet for settings.json has no ${CLAUDE_PLUGIN_ROOT}."""
    root = plugin({"commands/build.md": command('Add `"command": "node /home/ann/.claude/scripts/guard.py"`.')})
    (found,) = [f for f in lint(root)[1] if f["rule"] == "ref-machine"]
    assert found["message"].endswith("for others it is ~/.claude/scripts/guard.py") and not found["fixable"]
