"""A project's settings: settings-permission and settings-field, held to what the client said.

The lists are the verdicts of `claude doctor` (client 2.1.329, 2026-11-30) on files with these values; it names each rule that it skips.
"""

import json

import pytest
from conftest import lint, write

from pack.lint.facts import load

AGENT = "---\nname: helper\ndescription: Helps with a change. Use when one is ready.\n---\nYou help.\n"
# Skipped in every list; in `allow` alone; in none.
SKIPPED = [
    "Bash(npm publish)*",
    "Bash(:*)",
    "bash(ls *)",
    "Bash(npm run build",
    "Read(src/:*)",
    "mcp__github__*(create)",
    "mcp__github(create)",
    "Bash()",
    "WebFetch(https://example.com/*)",
    "WebFetch(domain:https://example.com)",
    "WebFetch(example.com)",
    "WebSearch(cat*)",
    "Write(file_path:**/package.json)",
    "",
    " ",
    "read",
    "Edit()",
    "()",
    "Bash(a) b",
    "Bash)x(",
    "Cd(/x:*)",
    "Edit(:*)",
    "\u00e9xx",
]
NOT_ALLOWED = [
    "mcp__*",
    "mcp__*__x",
    "mcp__git*__x",
    "*",
    "B*",
    "B*(x)",
]
KEPT = [
    "Shell(ls *)",
    "Bash(git:* push)",
    "WebFetch(domain:*.example.com)",
    "WebSearch(cats)",
    "Edit, Write",
    "Write(src/**)",
    "Glob(src/**)",
    "mcp__github__create_*",
    "mcp__github",
    "Task(x)",
    "Agent(reviewer)",
    "Read",
    "Skill(a:*)",
    "Skill(a *)",
    "Bash(*)",
    "(x)",
    "Bash(echo (x))",
    "Bash(echo \\(x)",
    "Bash(x))",
    "Bash((x)",
    "my_tool",
    "my_tool(x)",
    "_x",
    "Read(//etc/**)",
    "Read(~/.ssh/**)",
    "NotebookEdit(x)",
    "MultiEdit(x)",
    "Bash(a*b:*)",
    "Bash(npm run test:*)",
    "Monitor",
    "PowerShell(Get-*)",
    "5x",
    "WebFetch",
    "WebFetch(*)",
    "WebFetch(domain:)",
    "Bash( )",
    "Tool(x)",
]
# settings for which the client drops the whole file (measured with `claude -p`, both clients: what was denied ran, env was not set), and what is said
DROPPED = [
    ({"permissions": {"allow": "Bash(ls *)"}}, "permissions.allow"),
    ({"permissions": {"allow": None}}, "permissions.allow"),
    ({"permissions": {"additionalDirectories": "../x"}}, "permissions.additionalDirectories"),
    ({"permissions": {"defaultMode": 7}}, "defaultMode 7 is none of"),
    ({"model": None}, "model must be a string, not null"),
    ({"permissions": {"defaultMode": "acceptedits"}}, "acceptEdits"),
    ({"permissions": ["Read"]}, "permissions must be an object, not array"),
    ({"env": ["A=1"]}, "env must be an object"),
    ({"enabledPlugins": ["a@b"]}, "enabledPlugins must be an object"),
    ({"enabledPlugins": {"a@b": "yes"}}, "a@b takes true or false"),
    ({"statusLine": "~/x.sh"}, "statusLine must be an object"),
    ({"statusLine": {"command": "x"}}, '"type": "command"'),
    ({"apiKeyHelper": ["x"]}, "apiKeyHelper must be a string"),
    ({"cleanupPeriodDays": "30"}, "cleanupPeriodDays must be an integer"),
    ({"includeCoAuthoredBy": "false"}, "write false"),
    ({"model": ["x"]}, "model must be a string"),
    ({"sandbox": True}, "sandbox must be an object"),
]
# Of the types that client-facts reads; those beside which a hook of the same file no longer ran (both clients, 2026-12-01).
DROPPED += [
    ({"disableAllHooks": "true"}, "disableAllHooks must be a boolean, not 'true'"),
    ({"sandbox": {"enabled": "yes"}}, "sandbox.enabled must be a boolean, not 'yes'"),
    ({"sandbox": {"network": {"allowedDomains": "a.example"}}}, "sandbox.network.allowedDomains must be an array"),
    ({"availableModels": "opus"}, "availableModels must be an array"),
    ({"availableModels": ["opus", 7]}, "availableModels.1 must be a string"),
    ({"fileSuggestion": {"command": 7}}, "fileSuggestion.command must be a string"),
    ({"worktree": {"baseRef": "main"}}, "worktree.baseRef must be one of fresh, head"),
    ({"cleanupPeriodDays": 0}, "cleanupPeriodDays must be greater than 0"),
    ({"autoUpdatesChannel": "letest"}, 'did you mean "latest"?'),
    ({"statusLine": {"type": "command", "command": "x", "padding": "0"}}, "statusLine.padding must be a number"),
    ({"verbose": "false"}, "write false"),
    ({"attribution": "none"}, "attribution must be a boolean or an object, not 'none'"),
    ({"permissions": {"disableBypassPermissionsMode": True}}, "permissions.disableBypassPermissionsMode must be"),
]
# settings of which it skips one part
REFUSED = [
    ({"permissions": {"allow": [1]}}, "a rule is a text"),
    ({"extraKnownMarketplaces": {"x": "owner/repo"}}, "a marketplace is"),
]
# a wrong value that costs nothing but itself: the hook beside it ran
REFUSED += [
    ({"effortLevel": "hihg"}, 'did you mean "high"?'),
    ({"remoteControl": "x"}, "remoteControl must be an object, not 'x': the client ignores this value"),
    ({"extraKnownMarketplaces": {"m": {"source": "github:a/b"}}}, "this one is ignored"),
    ({"extraKnownMarketplaces": {"m": {"source": {"source": "github", "url": "a/b"}}}}, "this one is ignored"),
    ({"extraKnownMarketplaces": 5}, "the client ignores this value"),
    ({"enabledMcpjsonServers": "x"}, "enabledMcpjsonServers must be an array, not 'x': the client ignores this value"),
]
# what it says nothing of, and does not read either
UNREAD = [
    ({"permissions": {"allowed": ["Read"]}}, "did you mean 'allow'?"),
    ({"allow": ["Read"]}, 'inside "permissions"'),
    ({"permision": {"allow": ["Read"]}}, "did you mean 'permissions'?"),
    ({"mcpServers": {"a": {"command": "x"}}}, ".mcp.json"),
    ({"permissions": {"read": {"deny": ["**/.env"]}}}, "rules stand in allow, deny and ask"),
    ({"permissions": {"deny": ["Read(/Users/me/Downloads/**)"]}}, "write 'Read(//Users/me/Downloads/**)'"),
    ({"permissions": {"deny": ["Edit(/etc/hosts)"]}}, "write 'Edit(//etc/hosts)'"),
    ({"allowedTools": ["Read"]}, "stand in permissions.allow"),
    ({"enabledMcpJsonServer": ["x"]}, "did you mean 'enabledMcpjsonServers'?"),
    ({"permissions": {"deny": ["Write(src/**)"]}}, "write 'Edit(src/**)'"),
    ({"permissions": {"deny": ["Edit, Write"]}}, "each rule is a text of its own"),
    ({"permissions": {"allow": ["Bahs(ls *)"]}}, "did you mean 'Bash'?"),
    ({"permissions": {"deny": ["Bash(git*push:*)"]}}, "write 'Bash(git*push *)'"),
]
SOUND = [
    {"env": {"A": 1}},
    {"env": {"A": True}},
    {"enabledPlugins": {"a@b": True}},
    {"mcpServers": {}},
    {
        "permissions": {
            "defaultMode": "plan",
            "additionalDirectories": ["../x"],
            "deny": ["Read(./.env)", "Edit(src/**)", "Bash(rm -rf *)", "*"],
        }
    },
    {"extraKnownMarketplaces": {"x": {"source": {"source": "github", "repo": "a/b"}}}},
    {"statusLine": {"type": "command", "command": "x"}},
    {"model": "opus", "cleanupPeriodDays": 30, "someOtherKey": [1]},
    {"permissions": {"deny": ["Read(/src/**)", "Read(//etc/**)", "Edit(/.claude/agents/**)"], "denyInsteadOfPrompting": True}},
    {"disableAllHooks": None, "sandbox": {"enabled": True, "network": {"allowedDomains": []}}, "attribution": False, "verbose": True},
    {"extraKnownMarketplaces": None, "cleanupPeriodDays": 1, "statusLine": {"type": "command", "command": "x", "padding": 0}},
]
PROBLEMS = [("error", "settings-permission"), ("warning", "settings-permission"), ("warning", "settings-field")]


def said(folder, settings):
    """[(severity, rule, message)] about a project with these settings."""
    write(folder, {".claude/agents/helper.md": AGENT, ".claude/settings.json": json.dumps(settings)})
    _, findings = lint(folder)
    return [(finding["severity"], finding["rule"], finding["message"]) for finding in findings]


@pytest.mark.parametrize("key", ["allow", "deny", "ask"])
def test_the_client_skips_the_same_rules(key, tmp_path):
    rules = SKIPPED + NOT_ALLOWED + KEPT
    messages = [message for severity, rule, message in said(tmp_path, {"permissions": {key: rules}}) if severity == "error"]
    named = [rule for rule in rules if any(message.startswith("the client skips %r: " % rule) for message in messages)]
    assert named == SKIPPED + (NOT_ALLOWED if key == "allow" else []) and len(messages) == len(named)


@pytest.mark.parametrize("settings,part", REFUSED + UNREAD, ids=[json.dumps(case[0])[:60] for case in REFUSED + UNREAD])
def test_what_the_client_ignores_is_named(settings, part, tmp_path):
    found = said(tmp_path, settings)
    assert len(found) == 1 and found[0][:2] in PROBLEMS and part in found[0][2], found


@pytest.mark.parametrize("settings,part", DROPPED, ids=[json.dumps(case[0])[:60] for case in DROPPED])
def test_what_costs_the_whole_file_is_an_error(settings, part, tmp_path):
    found = said(tmp_path, settings)
    assert len(found) == 1 and found[0][0] == "error" and part in found[0][2] and "drops the whole file" in found[0][2], found


def test_what_it_takes_is_not_named(tmp_path):
    for settings in SOUND:
        assert not said(tmp_path, settings), settings


def test_every_rule_that_is_to_be_written_is_one():
    """Who writes what a message says has a rule that nothing is said of."""
    from pack.lint.rules import settings_permission

    for rule in SKIPPED:
        wrong = settings_permission._skipped(rule, "deny")
        if "write '" in wrong and rule.strip() and rule not in ("Bash)x(",):
            better = wrong.split("write '")[1].split("'")[0]
            assert settings_permission._skipped(better, "deny") is None and settings_permission._idle(better, load(None)) is None, (
                rule,
                better,
            )
