"""docs/lint.md: every console example is run and must print what the page says."""

import io
import os
import re
import shlex

import pytest
from conftest import PLUGIN, ROOT, write

from pack.lint import config
from pack.lint.cli import USAGE, main

with open(os.path.join(ROOT, "docs", "lint.md"), encoding="utf-8") as handle:
    PAGE = handle.read()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MISTAKES = {
    "agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews a change. Use when one is ready.\ntools: read\n---\nYou review changes.\n\nReport each finding.\n",
    "commands/build.md": "---\ndescription: Builds the plan\n---\nSee [x](../references/none.md).\n",
    "hooks/hooks.json": '{"hooks": {}}\n',
}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0][2:60] for block in BLOCKS])
def test_example(block, tmp_path, monkeypatch, capsys):
    root = tmp_path / "demo-pack"
    write(root, PLUGIN)
    write(root, MISTAKES)
    monkeypatch.chdir(root)
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        words = shlex.split(command)
        assert words[:2] == ["pack", "lint"]
        out = io.StringIO()
        code = main(words[2:], stdout=out)
        printed = out.getvalue() + capsys.readouterr().out
        assert printed + "exit %d\n" % code == expected


def test_the_configuration_example_is_legal():
    import yaml

    block = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL).group(1)
    built = config.build(yaml.safe_load(block), "docs/lint.md")
    assert built.strict and built.severity("wide-grant", "x", "warning") == "error"


def test_the_usage_names_every_option():
    from pack.lint.cli import SWITCHES, VALUES

    for option in VALUES + SWITCHES:
        if option not in ("-h", "--help", "--color"):
            assert option in USAGE, option


def test_hooks_of_pre_commit_name_a_real_command():
    import yaml

    with open(os.path.join(ROOT, ".pre-commit-hooks.yaml"), encoding="utf-8") as handle:
        for hook in yaml.safe_load(handle):
            words = shlex.split(hook["entry"])
            assert words[:2] == ["pack", "lint"] and main(words[2:] + ["--rules"], stdout=io.StringIO()) == 0
            for path in (
                "agents/a.md",
                "x/.claude-plugin/plugin.json",
                "hooks/hooks.json",
                ".mcp.json",
                "skills/a/SKILL.md",
            ):
                assert re.search(hook["files"], path), path
            assert not re.search(hook["files"], "src/main.json")


def test_the_action_is_yaml_with_steps():
    import yaml

    with open(os.path.join(ROOT, "action.yml"), encoding="utf-8") as handle:
        action = yaml.safe_load(handle)
    steps = action["runs"]["steps"]
    # Inputs reach the shell through the environment, never pasted into the script.
    assert all("${{" not in step.get("run", "") for step in steps) and len(steps) == 5
