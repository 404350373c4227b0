"""More bad and good samples: the silent harm that the client never mentions, by area (manifest-location among them)."""

import json

import pytest
from conftest import AGENT, lint

A = "---\nname: reviewer\ndescription: Reviews a change. Use when one is ready.\n%s---\nReview.\n"
C = "---\ndescription: Builds the plan\n%s---\n%s\n"
RUN = {"type": "command", "command": "true"}
ROOT = "${CLAUDE_PLUGIN_ROOT}"


def agent(lines):
    return {"agents/reviewer.md": A % lines}


def command(body, lines=""):
    return {"commands/build.md": C % (lines, body)}


def hook(event="PreToolUse", matcher="Write", **handler):
    group = {"hooks": [dict(RUN, **handler)]}
    if matcher is not None:
        group["matcher"] = matcher
    return {"hooks/hooks.json": json.dumps({"hooks": {event: [group]}})}


def script(text, name="scripts/x.py", run="python3 "):
    return dict(hook(command='%s"%s/%s"' % (run, ROOT, name)), **{name: text})


BAD = {
    "root-variable": [hook(command='python3 "${%s}/scripts/guard.py"' % n) for n in ("CLAUDE_PLUGIN_DIR", "PLUGIN_ROOT", "CLAUDE_ROOT")]
    + [command("Run `${CLAUDE_PLUGINS_ROOT}/scripts/guard.py`.")],
    "agent-value": [agent("tools: Read\nmaxTurns: %s\n" % v) for v in ("0", "-3", "many", "1.5", "[3]")]
    + [agent("tools: Read\n%s\n" % v) for v in ("memory: global", "isolation: docker", "effort: huge", "background: yes", "color: mauve")],
    "model-unknown": [agent("tools: Read\nmodel: %s\n" % v) for v in ("gpt-4o", "sonet", "claude", "5")],
    "tool-unknown": [agent("tools: %s\n" % v) for v in ("Read, Writ", "READ", "[Read, Foo]", "read")]
    + [agent("tools: Read\ndisallowedTools: Wirte\n"), command("Go.", "allowed-tools: Read, Gerp\n")],
    "tool-removed": [
        agent("tools: Read, TeamCreate\n"),
        agent("tools: Read, LS\n"),
        command("Call TeamDelete at the end."),
    ],
    "tools-shape": [agent("tools: %s\n" % v) for v in ("{Read: true}", "5", "true", "", '""')],
    "tool-unbalanced": [agent("tools: %s\n" % v) for v in ("Bash(git *", "Read, Bash(a))", "[Read, 'Bash(x']")],
    "agent-key": [
        agent("%s\n" % v) for v in ("allowed-tools: Read", "allowedTools: Read", "Tools: Read", "tool: Read", "disallowed-tools: Write")
    ],
    "agent-ignored-key": [agent("tools: Read\n%s\n" % v) for v in ("initialPrompt: hi", "observer: x", "hooks: {}", "mcpServers: [a]")],
    "description-missing": [
        {"agents/reviewer.md": "---\nname: reviewer\ndescription: %s\ntools: Read\n---\nx\n" % v} for v in ('""', "'  '", "~", "null", "")
    ],
    "frontmatter-ends-early": [
        {"agents/reviewer.md": t}
        for t in (
            "---\nname: reviewer\ndescription: a --- b\ntools: Read\n---\nx\n",
            "---\nname: reviewer\ndescription: |\n  a\n  ---\n  b\ntools: Read\n---\nx\n",
            "---\nname: reviewer\ndescription: >\n  a---b\ntools: Read\n---\nx\n",
            "---\nname: reviewer\n--- \ndescription: a\ntools: Read\n---\nx\n".replace("--- \n", "----\n"),
        )
    ],
    "frontmatter-cut": [
        {"agents/reviewer.md": "---\nname: reviewer\ndescription: %s\ntools: Read\n---\nx\n" % v}
        for v in ("See #12 and #13", "#hash", "a # b")
    ],
    "frontmatter-missing": [
        {"agents/reviewer.md": t}
        for t in ("Review.\n", "\n---\nname: reviewer\n---\n", "---\nname: reviewer\n...\nx", "+++\nname = 1\n+++\n")
    ],
    "agent-duplicate": [
        {"agents/sub/x.md": AGENT % "same", "agents/sub/y.md": AGENT % "same"},
        {"agents/two.md": AGENT % "Reviewer"},
    ],
    "hook-matcher": [
        hook(matcher=m)
        for m in (
            "write",
            "Write|edit",
            "Wri",
            "Wrote",
            "^write$",
            "MultiEdit",
            "Write(*.md)".replace("*", "."),
            "Edit|MultiEdit",
        )
    ]
    + [
        hook("SessionStart", "start"),
        hook("SessionEnd", "exit"),
        hook("PreCompact", "automatic"),
        hook("SubagentStop", "demo-pack:ghost"),
        hook("SubagentStop", "reviewer"),
        hook("Stop", "Write"),
        hook("UserPromptSubmit", "x"),
        hook("SubagentStart", "^demo-pack:reviwer$"),
    ],
    "hook-matcher-regex": [
        hook(matcher=m) for m in ("Write|(Edit", "*.py", "[Write", "Write)", "(?P<x>a)", "a{3,1}(", "+Write", "\\", "(?i)write")
    ],
    "hook-if": [
        dict(hook(**{"if": v}))
        for v in ("tool == 'x'", "Write(*.md", "write(*.md)", "Write(a) or Edit(b)", "Bash(git *)", "Bash(git *), Bash(rm *)")
    ]
    + [hook("Stop", None, **{"if": "Bash(git *)"}), hook(matcher="Write|Edit", **{"if": "Write(*.md)"})],
    "hook-type": [
        hook("SessionStart", None, type="http", url="https://x.example"),
        hook("PermissionRequest", "Write", type="agent", prompt="x"),
    ],
    "hook-async": [
        hook(command="echo no >&2; exit 2", **{"async": True}),
        hook("UserPromptSubmit", None, command="scripts/check-prompt", asyncRewake=True),
    ],
    "hook-switch": [
        hook("SubagentStop", None, onFailure="block"),
        hook(once=True),
        hook("SessionEnd", None, onFailure="block"),
    ],
    "hook-timeout": [hook(timeout=v) for v in (5000, 30000, 600000)],
    "hook-path": [
        hook(command=c)
        for c in (
            "./scripts/guard.py",
            "python3 scripts/guard.py",
            "python3 ./hooks/x.py",
            "bash hooks/x.sh",
            "/home/me/x.py",
            "~/x.sh",
            "python3 $HOME/.claude/x.py",
            '"%s/../x.sh"' % ROOT,
            "node %s/../../x.js" % ROOT,
        )
    ],
    "hook-script": [
        hook(command=c)
        for c in (
            '"%s/scripts/ghost.sh"' % ROOT,
            'bash "%s/ghost.sh"' % ROOT,
            'node "%s/x.js"' % ROOT,
            'env python3 "%s/x.py"' % ROOT,
            'cd /tmp && python3 "%s/x.py" --a' % ROOT,
            '"%s"/scripts/ghost.py' % ROOT,
            'python3 "%s/scripts/Guard.py"' % ROOT,
        )
    ]
    + [hook(command="python3", args=[ROOT + "/ghost.py"]), hook(command=ROOT + "/ghost.sh", args=[])]
    + [
        script("def (:\n"),
        script("import sys\nif x\n  pass\n"),
        script("#!/usr/bin/env python3\r\nimport sys\r\n", run=""),
        script("import sys\n", run=""),
    ],
    "hook-fails-open": [
        script(t)
        for t in (
            "import sys\nsys.exit(1)\n",
            "raise SystemExit('no')\n",
            "import json\nprint(json.dumps({'hookSpecificOutput': {'hookEventName': 'PreToolUse', 'permissionDecision': 'block'}}))\n",
            'print(\'{"hookSpecificOutput": {"hookEventName": "PostToolUse", "permissionDecision": "deny"}}\')\n',
        )
    ]
    + [hook(command="echo no >&2; exit 1"), script("raise SystemError('no')\n"), script("import sys\nsys.exit(3)\n")]
    + [
        dict(
            script("import sys, time\ntime.sleep(3)\nsys.exit(2)\n"),
            **hook(command='python3 "%s/scripts/x.py"' % ROOT, timeout=1),
        )
    ]
    + [
        script(
            "import json\nprint('checking')\nprint(json.dumps({'hookSpecificOutput': {'hookEventName': 'PreToolUse', 'permissionDecision': 'deny'}}))\n"
        )
    ],
    "hook-interpreter": [
        hook(command='pyhton3 "%s/scripts/guard.py"' % ROOT),
        hook(command='bsah "%s/scripts/guard.py"' % ROOT),
    ],
    "hook-command": [
        hook(command=""),
        hook(command="  "),
        hook("PostToolUse", "Write", type="http", url="https://x.example", headers={"A": "Bearer $TOKEN"}),
    ],
    "hook-key": [{"hooks/hooks.json": '{"hooks": {}, "%s": 1}' % k} for k in ("version", "name", "enabled")]
    + [hook(frobnicate=1), hook(timeOut=5), hook(matchers="x")],
    "hook-event": [hook(event, None) for event in ("preToolUse", "PreToolUsed", "pre_tool_use", "OnStop", "BeforeTool")],
    "command-injection": [
        command("!`echo $ARGUMENTS`"),
        command('!`make "$0"`'),
        command("```!\nmake $ARGUMENTS\n```"),
        command("!`make $plan`", "arguments: plan\n"),
    ],
    "command-shell": [command("!`echo $USER`"), command("!`git log $(date)`"), command("!`echo ${USER}`")],
    "command-approval": [command("!`bash %s/scripts/guard.py`" % ROOT)],
    "command-value": [
        command("Go.", "arguments: a, b\n"),
        command("Go.", "disable-model-invocation: maybe\n"),
        {"skills/x/SKILL.md": "---\nname: x\ndescription: d\ncontext: forked\n---\nx"},
    ],
    "ref-agent": [
        command(t)
        for t in (
            'Use subagent_type: "ghost".',
            "Task(subagent_type='demo-pack:ghost')",
            'subagent_type="demo-pack::reviewer"',
            "Ask @agent-demo-pack:ghost.",
            "Ask the `ghost-writer` agent.",
            "- **subagent_type**: `ghost`",
            'Use subagent_type: "other-pack:reviewer".',
            'Use subagent_type: "reviewer".',
        )
    ]
    + [command("Go.", "agent: ghost\ncontext: fork\n")],
    "ref-name": [command(t) for t in ("Run /demo-pack:ghost.", "Spawn `demo-pack:ghost`.")]
    + [{"README.md": "Run:\n\n```\n/demo-pack:ghost\n```\n"}],
    "ref-file": [
        command(t)
        for t in (
            "Read @%s/references/x.md" % ROOT,
            "Run `python3 %s/scripts/ghost.py`." % ROOT,
            "See [x](../references/x.md).",
            "!`%s/scripts/ghost.sh`" % ROOT,
        )
    ]
    + [
        {"README.md": "See [g](docs/guide.md)."},
        {"skills/x/SKILL.md": "---\nname: x\ndescription: d\n---\nSee [r](references/r.md)."},
        agent("tools: Read\n") and {"agents/reviewer.md": AGENT % "reviewer" + "\nSee [x](../references/none.md).\n"},
    ],
    "ref-anchor": [
        dict(command("See [x](../references/a.md#none)."), **{"references/a.md": "# One\n"}),
        {"README.md": "# Top\n\n[x](#nope)\n"},
    ],
    "ref-project-path": [dict(command("Read @references/a.md now. Also [a](../references/a.md)."), **{"references/a.md": "# One\n"})],
    "protocol-name": [
        dict(
            command("Send `APROVED: task #3`. See [m](../references/m.md)."),
            **{"references/m.md": "| Message | Sender |\n|---|---|\n| `APPROVED: task #N` | reviewer |\n"},
        )
    ],
    "protocol-unknown": [
        dict(
            command("On event `TASK_LOST` stop. See [m](../references/m.md)."),
            **{"references/m.md": "| Event | Effect |\n|---|---|\n| `TASK_DONE` | closes |\n| `TASK_OPEN` | opens |\n"},
        )
    ],
    "manifest-location": [{".claude-plugin/plugin.json": None, "plugin.json": '{"name": "demo-pack", "version": "1.0.0"}'}],
    "plugin-settings": [{"settings.json": json.dumps(v)} for v in ({"permissions": {}}, {"agent": "ghost"}, {"env": {}})],
    "dependency": [
        {
            ".claude-plugin/plugin.json": json.dumps(
                {
                    "name": "demo-pack",
                    "version": "1.0.0",
                    "description": "d",
                    "author": {"name": "x"},
                    "dependencies": d,
                }
            )
        }
        for d in (
            [{"name": "o", "version": "newest"}],
            ["demo-pack"],
            [{"name": "o", "version": 5}],
            [{"name": "o", "versions": "1"}],
        )
    ],
    "manifest-engines": [
        {
            ".claude-plugin/plugin.json": json.dumps(
                {
                    "name": "demo-pack",
                    "version": "1.0.0",
                    "description": "d",
                    "author": {"name": "x"},
                    "engines": {"claude-code": v},
                }
            )
        }
        for v in ("new", ">=9.0.0", "<2.0.0", 5)
    ],
    "mcp-command": [
        {".mcp.json": json.dumps({"mcpServers": {"a": s}})}
        for s in (
            {"command": "node", "args": [ROOT + "/server/x.js"]},
            {"command": ROOT + "/x.sh"},
            {"command": "./x.sh"},
        )
    ],
    "mcp-schema": [
        {".mcp.json": json.dumps({"mcpServers": {"a": s}})}
        for s in (
            {"url": "https://x.example"},
            {"type": "htp", "url": "https://x.example"},
            {"type": "http", "url": "x"},
            {},
            5,
            {"command": 5},
        )
    ],
    "name-clash": [
        {
            "skills/x/SKILL.md": "---\nname: same\ndescription: d\n---\nx",
            "skills/y/SKILL.md": "---\nname: same\ndescription: d\n---\nx",
        },
        {
            "commands/x.md": "---\nname: same\ndescription: d\n---\nx",
            "commands/y.md": "---\nname: same\ndescription: d\n---\nx",
        },
        {"skills/build/SKILL.md": "---\nname: build\ndescription: d\n---\nx"},
    ],
    "skill-file": [
        {"skills/deep/er/SKILL.md": "---\nname: er\ndescription: d\n---\nx"},
        {"skills/x/skills.md": "---\nname: x\ndescription: d\n---\nx"},
        {"skills/x/skill.md": "---\nname: x\ndescription: d\n---\nx"},
        {"skills/Skill.md": "---\nname: x\ndescription: d\n---\nx"},
    ],
    "readme-count": [{"README.md": "It has 5 agents."}, {"README.md": "Comes with twelve commands.\n"}],
}
CASES = [(rule, index, files) for rule, many in BAD.items() for index, files in enumerate(many)]

GOOD = {
    "all tools": agent(""),
    "a skill inside a skill": {
        "skills/x/SKILL.md": "---\nname: x\ndescription: d\n---\nx",
        "skills/x/templates/SKILL.md": "# Template\n",
        "skills/x/templates/y/SKILL.md": "# Template\n",
    },
    "aliases": agent("tools: Task, KillShell, Read\n"),
    "mcp tools": agent("tools: Read, mcp__github__create_issue, mcp__x__*\n"),
    "models": agent("tools: Read\nmodel: claude-opus-4-1-20250805\n"),
    "fable": agent("tools: Read\nmodel: fable\n"),
    "a comment that is meant": agent("tools: Read\nmodel: sonnet # cheap\n"),
    "author's own keys": agent("tools: Read\ncategory: quality\nversion: 2\n"),
    "lenient": {
        "agents/reviewer.md": "---\nname: reviewer\ndescription: Use when: it is ready <example>a: b</example>\ntools: Read\n---\nx\n"
    },
    "horizontal rule": command("One\n\n---\n\nTwo"),
    "matchers": hook(matcher="Write|Edit|NotebookEdit, Bash"),
    "matcher regex": hook(matcher="^(Write|Edit)$"),
    "matcher mcp": hook(matcher="mcp__github__.*"),
    "matcher old and new": hook(matcher="Edit|MultiEdit|Write"),
    "matcher alias": hook(matcher="Task"),
    "matcher on start": hook("SessionStart", "startup|resume"),
    "matcher id": hook("SubagentStop", "^demo-pack:reviewer$"),
    "expansion": hook("UserPromptExpansion", "demo-pack:build"),
    "from the root": hook(command='cd "%s" && python3 scripts/guard.py' % ROOT),
    "if": hook(**{"if": "Write(*.md)"}),
    "exec form": hook(command="python3", args=["-I", ROOT + "/scripts/guard.py"]),
    "direct": hook(command='"%s/scripts/guard.py"' % ROOT),
    "programs of the system": hook(command="/usr/bin/env true && jq -r .x | grep -q y"),
    "a guard that blocks": script("import sys\nprint('no', file=sys.stderr)\nsys.exit(2)\n"),
    "a guard that denies": script(
        "import json\nprint(json.dumps({'hookSpecificOutput': {'hookEventName': 'PreToolUse', 'permissionDecision': 'deny'}}))\n"
    ),
    "teaching": command('```\nTask(subagent_type="your-agent")\n[x](missing.md)\n```\nUse subagent_type: <name>.'),
    "scoped": command('Use subagent_type: "demo-pack:reviewer", then general-purpose: subagent_type: "general-purpose".'),
    "urls": command("See [x](https://example.com/a.md#b) and <mailto:a@b.c> and [top](#run)\n\n# Run"),
    "money": command("It costs $1 a run."),
    "escaped": command("Print \\$1 and $ARGUMENTS."),
    "embedded": command("!`git status`", "allowed-tools: Bash(git status:*)\n"),
    "todo in prose": command("Look for TODO in the code."),
    "count": {"README.md": "This plugin adds a build command and one agent. See 3 agents-like things."},
    "tables that agree": dict(
        command("See [g](../references/g.md).\n\n| Gate | Approver |\n|---|---|\n| security | lead, `reviewer` |"),
        **{"references/g.md": "| Gate | Approver |\n|---|---|\n| security | reviewer + lead |\n"},
    ),
    "names of code": command("Set `MAX_RETRIES` and `HTTP_PROXY`; read README.md and CLAUDE.md."),
    "placeholders of arguments": command("Do $plan with $coders.", "arguments: plan coders\n"),
}


@pytest.mark.parametrize("rule,index,files", CASES, ids=["%s-%d" % (rule, index) for rule, index, _ in CASES])
def test_bad(rule, index, files, plugin):
    _, findings = lint(plugin(files))
    levels = {finding["severity"] for finding in findings if finding["rule"] == rule}
    assert levels & {"error", "warning"}, [(f["rule"], f["message"]) for f in findings]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good(name, plugin):
    _, findings = lint(plugin(GOOD[name]))
    assert not findings, [(f["rule"], f["message"]) for f in findings]
