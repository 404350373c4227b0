"""Rules that are off unless they are selected."""

from conftest import AGENT, lint

LONG = "---\ndescription: Builds\n---\n" + "Do the next step of the plan.\n" * 900


def rules(findings):
    return {finding["rule"] for finding in findings}


def test_context_budget(plugin):
    root = plugin({"commands/long.md": LONG})
    assert lint(root) == (0, [])
    code, findings = lint(root, "--select", "context-budget")
    assert code == 0 and rules(findings) == {"context-budget"}
    # The place is where the client cuts: 20,000 characters after the frontmatter.
    assert findings[0]["line"] == 4 + 20000 // len("Do the next step of the plan.\n")


def test_orphan_agent(plugin):
    root = plugin({"agents/left-over.md": AGENT % "left-over"})
    assert lint(root) == (0, [])
    _, findings = lint(root, "--select", "orphan-agent")
    assert [finding["path"] for finding in findings] == ["agents/left-over.md"]


def test_publishing(plugin):
    _, findings = lint(plugin(), "--select", "publishing")
    assert sorted(finding["message"] for finding in findings) == ["no README.md", "no icon", "no licence"]
    words = "word " * 50
    root = plugin({"README.md": words, "LICENSE": "MIT", ".claude-plugin/icon.png": "x"})
    assert lint(root, "--select", "publishing") == (0, [])


def test_all_selects_them(plugin):
    _, findings = lint(plugin({"commands/long.md": LONG}), "--select", "ALL")
    assert {"context-budget", "publishing"} <= rules(findings)
