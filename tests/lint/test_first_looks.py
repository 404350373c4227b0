"""What a first look at strangers' repositories showed, set 23 on: no alarm where nothing is wrong, a finding where something is.

Each case is laid over the small plugin of conftest.py and goes through bin/pack, all in a few fresh processes.
"""

import json
import os

import pytest
import pythons
from conftest import PLUGIN, write
from test_shipped import judged, shipped
from test_strangers import agent, command, hooks, skill

ROOT_PATH = "${CLAUDE_PLUGIN_ROOT}"
RUN = '"%s/scripts/%s"'
MADE_UP, LIVE = "sk-proj-abc123def456ghi789jkl012mno345", "sk-proj-Zk3vQ8rT1yLw9XsN4mHc7BpD2uJf6GaE"
FIELDS = {"references/events.md": "# E\n\n| Event | Meaning |\n|---|---|\n| `db_column_name` | a |\n| `review_requested` | b |\n"}
STATES = {"references/states.md": "# S\n\n| State | Meaning |\n|---|---|\n| `IN_REVIEW` | a |\n| `PRE_FLIGHT` | b |\n| `DONE` | c |\n"}
TEAM = "agents/reviewer.md"
GUARD = "#!/usr/bin/env node\ntry {\n  console.log('{}');\n  process.exit(0);\n} catch (error) {\n  %s\n  process.exit(1);\n}\n"


def guard(name, text, event="PreToolUse", matcher="Write"):
    """A script and the hook that runs it directly."""
    return {"scripts/" + name: text, "hooks/hooks.json": hooks(event, matcher, command=RUN % (ROOT_PATH, name))}


def narrow(body):
    """An agent that has Read alone."""
    return {TEAM: agent(body, "reviewer")}


SILENT = [
    ({"skills/s/SKILL.md": skill("Where it says `%s/path`, take `path` below the root." % ROOT_PATH)}, "ref-file"),
    ({"commands/build.md": command('```bash\nrm -f "%s/.one" "%s/two.cfg"\n```' % (ROOT_PATH, ROOT_PATH))}, "ref-file"),
    ({TEAM: agent('A claim (e.g. "read `%s/RULES.md` as a format") is broken.' % ROOT_PATH, "reviewer")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("It made a broken `%s/prompts/review.md` look right." % ROOT_PATH)}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Put it into `${CLAUDE_SKILL_DIR}/client_secret.json`.")}, "ref-file"),
    (
        {"skills/s/SKILL.md": skill("Each agent has its own `scripts/_lib.sh`."), "skills/s/scripts/a.sh": "#!/bin/sh\n"},
        "ref-file",
    ),
    (
        {
            "skills/s/SKILL.md": skill("| 2.1 | `references/old.md` → `references/new.md` |"),
            "skills/s/references/new.md": "# N\n",
        },
        "ref-file",
    ),
    (
        {"skills/s/SKILL.md": skill("Run `scripts/audit.py` in the repository root."), "skills/s/scripts/a.sh": "#!/bin/sh\n"},
        "ref-file",
    ),
    (
        {"skills/s/SKILL.md": skill("Helpers (`scripts/x.py`) are\nlater porting phases."), "skills/s/scripts/a.sh": "#!/bin/sh\n"},
        "ref-file",
    ),
    ({"skills/s/SKILL.md": skill("```python\nKEY = '%s'\n```" % MADE_UP)}, "secret"),
    (dict(FIELDS, **{"commands/build.md": command("It has `pk_column_name`.")}), "protocol-name"),
    (dict(STATES, **{"commands/build.md": command("PREFLIGHT, then PREFLIGHT, then `PREFLIGHT`.")}), "protocol-name"),
    (
        dict(STATES, **{"commands/build.md": command("| Result | Action |\n|---|---|\n| `IN_REVIEWS` | halt |")}),
        "protocol-name",
    ),
    (
        {"skills/s/SKILL.md": skill("- Claude `Agent` / `TeamCreate` dispatch -> use what this program has.")},
        "tool-removed",
    ),
    (narrow("The calling context should ask the user via `AskUserQuestion` whether to go on."), "tool-ungranted"),
    (narrow("It checks the same via `Bash`, which this agent does not have."), "tool-ungranted"),
    (narrow('Say what to change ("Add a check via `Bash` to the reviewer").'), "tool-ungranted"),
    ({"commands/build.md": command("Content between `// demo-pack:begin X` and `// demo-pack:end X` is ours.")}, "ref-name"),
    ({"commands/build.md": command("**The lead does NOT:**\n- Trigger `demo-pack:bundle` or write.")}, "ref-name"),
    ({"commands/build.md": command("Delegate to the demo-pack subagents.")}, "ref-agent"),
    (
        {
            "skills/s/SKILL.md": skill(
                '## Anti-Patterns\n\n| Case | WRONG | RIGHT |\n|---|---|---|\n| Any | subagent_type="architect" | `general-purpose` |'
            )
        },
        "ref-agent",
    ),
    ({TEAM: agent("The `figma-to-code` skill (external, not bundled) does it.", "reviewer"), "skills/s/SKILL.md": skill("x")}, "ref-skill"),
    ({"skills/s/SKILL.md": skill("❌ Requires approval: `rm -rf`, `curl * | sh`, `dd`.")}, "piped-to-shell"),
    (
        {"skills/s/SKILL.md": skill("If absent, print the install hint\n(`curl -fsSL https://x.example/i | bash`) and exit.")},
        "piped-to-shell",
    ),
    (
        {"skills/s/docs/a.md": "# A\n\n- BiDi (`\u202e` Right-to-Left Override)\n", "skills/s/SKILL.md": skill("docs/a.md")},
        "hidden-character",
    ),
    ({"hooks/hooks.json": hooks("SessionStart", _note="kept for older ones")}, "hook-key"),
    (guard("g.js", GUARD % "console.error('context', error);"), "hook-fails-open"),
    (
        guard("g.sh", "#!/bin/bash\nread -r x < /dev/stdin\n# the answer's hookSpecificOutput.hookEventName\njq . > /dev/null\n", "Stop"),
        "hook-payload",
    ),
    (
        {"skills/create-command/SKILL.md": skill("Uses `$ARGUMENTS`, `$1`/`$2` positional args.", "create-command", "argument-hint: x\n")},
        "command-argument",
    ),
    # The second set.
    ({"hooks/hooks.json": hooks("SessionStart", commandWindows="true.exe")}, "hook-key"),
    ({"skills/s/SKILL.md": skill("`${CLAUDE_SKILL_DIR}/templates/X` missing: stop. Or `%s/scripts/SCRIPT.py`." % ROOT_PATH)}, "ref-file"),
    ({"skills/s/SKILL.md": skill("It reads `${CLAUDE_SKILL_DIR}/scripts/host`."), "skills/s/scripts/.gitignore": "host\n"}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Give a path (e.g., `a.sh`, `scripts/b.sh`)."), "skills/s/scripts/a.sh": "#!/bin/sh\n"}, "ref-file"),
    (
        {
            "skills/writing-skills/SKILL.md": skill(
                'Spawn with subagent_type: "general-purpose".', "writing-skills", "allowed-tools: Read\n"
            )
        },
        "protocol-spawn",
    ),
    (narrow('Use the Task tool with:\n- subagent_type: "demo-pack:reviewer"'), "protocol-spawn"),
    (narrow('Use the Task tool with:\n- subagent_type: "demo-pack:reviewer"'), "tool-ungranted"),
    ({TEAM: agent("x", "reviewer", "tools: [Read, Grep, read, search]\n")}, "tool-unknown"),
    ({"agents/r.agent.md": agent("x", "r", "tools: [Read, srv/one]\n")}, "tool-unknown"),
    ({"commands/build.md": command("`demo-pack:old-one` becomes `demo-pack:build`.")}, "ref-name"),
    ({"skills/s/SKILL.md": skill("Procedure for bootstrapping the `incident-notes` skill.")}, "ref-skill"),
    ({"commands/build.md": command('Other reviewers (e.g. subagent_type: "codex:rescue").')}, "ref-agent"),
    (
        {
            "commands/build.md": command('Spawn subagent_type: "coderabbit:reviewer".'),
            "README.md": "# D\n\n- CodeRabbit plugin installed\n",
        },
        "ref-agent",
    ),
    ({"skills/s/SKILL.md": skill("Offer to install it via `bash -c \"$(curl -fsSL https://x.example/i)\"`.")}, "piped-to-shell"),
    # The third set.
    ({"commands/build.md": command("There is no `/demo-pack:one`,\n`/demo-pack:two`, or `/demo-pack:three`.")}, "ref-name"),
    (
        {"README.md": "# D\n\n> old text. The\n> old `/demo-pack:one`, `/demo-pack:two` and the `demo-pack:three` skill were merged.\n"},
        "ref-name",
    ),
    ({"commands/build.md": command("Keys begin with `demo-pack:state:` there.")}, "ref-name"),
    ({"README.md": "# D\n\nThe `build` command composes 12 agents of others.\n"}, "readme-count"),
    ({"skills/s/SKILL.md": skill("Read `${CLAUDE_SKILL_DIR}/templates/phase-N/`.")}, "ref-file"),
    (
        {"skills/s/tmpl-skill.md": '# T\n\n- subagent_type: "go-reviewer-x"\n', "skills/s/SKILL.md": skill("tmpl-skill.md")},
        "ref-agent",
    ),
    (
        guard(
            "g.sh",
            "#!/bin/bash\nwhich_one() {\n  echo bun\n}\nx=$(which_one)\n"
            'echo "{\\"hookSpecificOutput\\": {\\"hookEventName\\": \\"PreToolUse\\", \\"permissionDecision\\": \\"deny\\"}}"\n',
        ),
        "hook-fails-open",
    ),
    (
        {"skills/%s/SKILL.md" % name: skill("| Artifact | Path |\n|---|---|\n| Report | `%s.md` |" % name, name) for name in ("a", "b")},
        "protocol-tables",
    ),
    # Bash's words where Bash runs, in what is quoted, and in a document.
    (guard("g.sh", "#!/usr/bin/env bash\n[[ -n $X ]] && exit 0\na=(1 2)\nexit 0\n"), "hook-sh"),
    (guard("g.sh", "#!/bin/sh\n# if [[ x ]]\nawk '{ a[[1]] }' /dev/null\ncat << E > /dev/null\na=(1)\n[[ x ]]\nE\nexit 0\n"), "hook-sh"),
    (guard("g.sh", '#!/bin/sh\necho "${X:-y}" > /dev/null\nexit 0\n'), "hook-sh"),
    ({"hooks/hooks.json": hooks("PreToolUse", "Write", command="bash -c '[[ -n $X ]] && exit 2'")}, "hook-sh"),
    (guard("g.sh", '#!/bin/bash\ngrep -q x && { echo "no" >&2; exit 2; }\nexit 0\n'), "hook-reason"),
    (guard("g.sh", '#!/bin/bash\nif grep -q x; then\n  echo "$ANSWER"\n  exit 2\nfi\n'), "hook-reason"),
    (guard("g.py", '#!/usr/bin/env python3\nimport sys\nprint("no", file=sys.stderr)\nsys.exit(2)\n'), "hook-reason"),
    (guard("g.sh", '#!/bin/bash\nif grep -q x; then\n  echo "no"\n  exit 2\nfi\n', "PostToolUse"), "hook-answer"),
    (guard("g.sh", "#!/bin/bash\nx=$(jq -r '.tool_name')\nexit 0\n"), "hook-payload"),
    (guard("g.sh", "#!/bin/bash\necho '{\"decision\": \"approve\"}'\n"), "hook-answer"),
    ({"agent/reviewer.md": agent("x", "reviewer")}, "component-location"),
]
FOUND = [
    ({"commands/build.md": command("Read @%s/references/path.md." % ROOT_PATH)}, "ref-file"),
    ({"commands/build.md": command('```bash\nrm -f x; bash "%s/two.sh"\n```' % ROOT_PATH)}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Read `${CLAUDE_SKILL_DIR}/clients.json`.")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Run `python3 scripts/audit.py`."), "skills/s/scripts/a.sh": "#!/bin/sh\n"}, "ref-file"),
    ({"skills/s/SKILL.md": skill("```python\nKEY = '%s'\n```" % LIVE)}, "secret"),
    (dict(FIELDS, **{"commands/build.md": command("Wait for `review-requestd`, which is `review_requestd`.")}), "protocol-name"),
    (dict(STATES, **{"commands/build.md": command("Then send `IN_REVEIW`.")}), "protocol-name"),
    ({"skills/s/SKILL.md": skill("First call `TeamCreate` -> the team is there.")}, "tool-removed"),
    (narrow("Ask the user via `AskUserQuestion` whether to go on."), "tool-ungranted"),
    ({"commands/build.md": command("Run `demo-pack:bundle` first.")}, "ref-name"),
    ({"commands/build.md": command("Delegate to the demo-runner agent.")}, "ref-agent"),
    ({"skills/s/SKILL.md": skill("Install it: run `curl -fsSL https://x.example/i | bash`.")}, "piped-to-shell"),
    ({"skills/s/docs/a.md": "# A\n\n- a `\u202ex` b\n", "skills/s/SKILL.md": skill("docs/a.md")}, "hidden-character"),
    ({"hooks/hooks.json": hooks("SessionStart", onError="continue")}, "hook-key"),
    (guard("g.js", GUARD % "console.error('blocked', error);"), "hook-fails-open"),
    ({"commands/build.md": command("Take `$1` and build.", "argument-hint: x\n")}, "command-argument"),
    ({"README.md": "# D\n\nThe plugin has 12 agents.\n"}, "readme-count"),
    ({"commands/build.md": command("Then `/demo-pack:one`, `/demo-pack:two` and\n`/demo-pack:three` run.")}, "ref-name"),
    (
        guard(
            "g.sh",
            "#!/bin/bash\necho bun\n"
            'echo "{\\"hookSpecificOutput\\": {\\"hookEventName\\": \\"PreToolUse\\", \\"permissionDecision\\": \\"deny\\"}}"\n',
        ),
        "hook-fails-open",
    ),
    ({"hooks/hooks.json": hooks("SessionStart", commands="true.exe")}, "hook-key"),
    ({"skills/s/SKILL.md": skill("It reads `${CLAUDE_SKILL_DIR}/scripts/host`.")}, "ref-file"),
    ({"skills/s/SKILL.md": skill("Spawn with subagent_type: \"general-purpose\".", "s", "allowed-tools: Read\n")}, "protocol-spawn"),
    (narrow('Use the Task tool with:\n- subagent_type: "general-purpose"'), "protocol-spawn"),
    ({TEAM: agent("x", "reviewer", "tools: [Read, Grep, search]\n")}, "tool-unknown"),
    ({"commands/build.md": command('Spawn subagent_type: "codex:rescue".')}, "ref-agent"),
    (guard("g.sh", "#!/bin/sh\nif [[ -n $X ]]; then exit 2; fi\nexit 0\n"), "hook-sh"),
    (guard("g.sh", "#!/bin/sh\na=(1 2)\nexit 0\n"), "hook-sh"),
    (guard("g.sh", "#!/usr/bin/env sh\ncat <<< x\nexit 0\n"), "hook-sh"),
    (guard("g.sh", '#!/bin/sh\necho "${X//a/b}" > /dev/null\nexit 0\n'), "hook-sh"),
    ({"hooks/hooks.json": hooks("PreToolUse", "Write", command="if [[ -n $X ]]; then echo no >&2; exit 2; fi")}, "hook-sh"),
    (guard("g.sh", '#!/bin/bash\nif grep -q x; then\n  echo "no"\n  exit 2\nfi\n'), "hook-reason"),
    (guard("g.py", '#!/usr/bin/env python3\nimport sys\nprint("no")\nsys.exit(2)\n'), "hook-reason"),
    (guard("g.js", "#!/usr/bin/env node\nif (process.env.X) {\n  console.log('no');\n  process.exit(2);\n}\n"), "hook-reason"),
    (guard("g.sh", "#!/bin/bash\nx=$(jq -r '.tool // empty')\nexit 0\n"), "hook-payload"),
    (
        guard("g.py", "#!/usr/bin/env python3\nimport json, sys\ndata = json.load(sys.stdin)\nprint(data.get('tool'), file=sys.stderr)\n"),
        "hook-payload",
    ),
    (guard("g.sh", "#!/bin/bash\necho '{\"decision\": \"allow\"}'\n"), "hook-answer"),
    (guard("g.py", '#!/usr/bin/env python3\nimport json\nprint(json.dumps({"decision": "allow"}))\n', "Stop", None), "hook-answer"),
    ({"agent/coder.md": agent("x", "coder")}, "component-location"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """[(files, rule, is it to be found?, the rules that bin/pack named)]"""
    cases = [(files, rule, False) for files, rule in SILENT] + [(files, rule, True) for files, rule in FOUND]
    return judged([(dict(PLUGIN, **files), rule, wanted) for files, rule, wanted in cases], tmp_path_factory)


def test_no_alarm_and_no_silence(said):
    wrong = [(rule, wanted, sorted(named), files) for files, rule, wanted, named in said if (rule in named) != wanted]
    assert not wrong, "\n".join(map(repr, wrong))


def test_agents_of_copilot(tmp_path, tmp_path_factory):
    run, text = shipped(pythons.EXTREMES[0], tmp_path_factory), agent("x", "r", "tools: ['execute', 'read']\n")
    write(tmp_path / "other", {"plugins/up/agents/r.agent.md": text, "plugins/up/plugin.json": "{}"})
    assert "tool-unknown" not in run(tmp_path / "other", "--no-cache")[1]
    write(tmp_path / "other", {"plugins/up/.claude-plugin/plugin.json": PLUGIN[".claude-plugin/plugin.json"]})
    assert "tool-unknown" in run(tmp_path / "other", "--no-cache")[1], "with a manifest of this client it is loaded"


def test_a_plugin_that_another_program_installs(tmp_path, tmp_path_factory):
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    levels = []
    for place in ("src/made/assets/plugin", "plugin"):
        root = tmp_path / place.replace("/", "-")
        write(root / place, PLUGIN)
        write(root / place, guard("g.sh", "#!/bin/sh\nexit 0\n"))
        os.chmod(str(root / place / "scripts/g.sh"), 0o644)
        found = json.loads(run(root, "--no-cache", "--format", "json")[1])["findings"]
        levels += [one["severity"] for one in found if one["rule"] == "hook-script"]
    assert levels == ["warning", "error"]


def test_folders_for_several_programs_are_no_agents(tmp_path, tmp_path_factory):
    root = tmp_path / "skills-of-all"
    write(root, {"agents/cli/one/SKILL.md": skill("Do it.", "one"), "agents/cli/one/references/a.md": "# A\n", "README.md": "# All\n"})
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    assert "frontmatter-missing" not in run(root, "--no-cache")[1]
    write(root, {"agents/helper.md": "---\nname: helper\ndescription: d\n---\nx\n"})
    assert "frontmatter-missing" in run(root, "--no-cache")[1], "with an agent among them they are agents"


def test_a_plugins_own_claude_folder(tmp_path, tmp_path_factory):
    market = {"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": [{"name": "demo-pack", "source": "./plugins/demo-pack"}]}
    deny = '{"permissions": {"deny": ["Bash(rm:*)"]}}'
    write(tmp_path / "m", {".claude-plugin/marketplace.json": json.dumps(market), "CONTRIBUTING.md": "x\n", ".claude/settings.json": deny})
    write(tmp_path / "m/plugins/demo-pack", PLUGIN)
    write(tmp_path / "m/plugins/demo-pack", {".claude/settings.json": deny, "CONTRIBUTING.md": "x\n"})
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    out = json.loads(run(tmp_path / "m", "--no-cache", "--format", "json")[1])["findings"]
    assert [one["path"] for one in out if one["rule"] == "component-location"] == ["plugins/demo-pack/.claude/settings.json"]
    write(tmp_path / "m/plugins/demo-pack", {"package.json": "{}"})
    assert "component-location" not in run(tmp_path / "m", "--no-cache")[1], "a folder in which somebody works"


FORKED = "---\nname: look\ndescription: Looks a change over. Use when one is ready.\ncontext: fork\nagent: %s\n---\nLook.\n"


@pytest.mark.parametrize(
    "files,says",
    [
        ({"hooks/hooks.json": hooks("PreToolUse", "mcp__plugin_demo-pack_")}, "write mcp__plugin_demo-pack_.*"),
        ({"hooks/hooks.json": hooks("PreToolUse", "mcp__github")}, "write mcp__github__.*"),
        ({"commands/build.md": command("x", 'allowed-tools: Read, "Bash(git -q x=:*)"\n')}, "quotes inside the list"),
        ({"commands/build.md": command("x", "allowed-tools: Read, Bash(git:*\n")}, "unbalanced parentheses"),
        (guard("g.sh", "#!/bin/sh\n\na=(1 2)\n"), "line 3 has an array"),
        (guard("g.sh", "#!/bin/sh\nif [[ x ]]; then exit 2; fi\n"), "the test counts as false"),
        (guard("g.sh", '#!/bin/bash\necho "no"\nexit 2\n'), "write it to standard error"),
        (
            {"skills/look/SKILL.md": FORKED % "explore"},
            "no agent 'explore': the skill runs in general-purpose, with every tool; write 'Explore'",
        ),
        ({"skills/look/SKILL.md": FORKED % "demo-pack:ghost"}, "no agent 'demo-pack:ghost'"),
    ],
)
def test_what_it_says(plugin, tmp_path_factory, files, says):
    assert says in shipped(pythons.EXTREMES[0], tmp_path_factory)(plugin(files), "--no-cache")[1]


def test_a_newer_pythons_grammar_is_no_mistake(plugin, tmp_path_factory):
    text = "#!/usr/bin/env python3\nx = ['a']\nprint(f\"{'\\n'.join(x)}\")\n"
    root = plugin(guard("g.py", text))
    for python in pythons.EXTREMES:
        assert "hook-script" not in shipped(python, tmp_path_factory)(root, "--no-cache")[1], os.path.basename(python)
    plugin(guard("g.py", "#!/usr/bin/env python3\nprint(\n"))
    assert "hook-script" in shipped(pythons.EXTREMES[0], tmp_path_factory)(root, "--no-cache")[1]
