"""The first prompt of a `-p` session may come from a SessionStart hook's `initialUserMessage`, which arrives exactly like typing: words that
come first do not count where such a hook may be, and count when they are given again."""

import json
import os
import pathlib

import pytest

from pack.base.paths import PLUGIN_ROOT

HOOK = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "say-something"}]}]}}


def settings(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(HOOK))


def plugin(home, name, **files):
    root = home / name
    for file, text in files.items():
        path = root / {"manifest": ".claude-plugin/plugin.json", "hooks": "hooks/hooks.json"}.get(file, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rows = {"plugins": {"%s@market" % name: [{"installPath": str(root)}]}}
    (home / ".claude" / "plugins").mkdir(parents=True, exist_ok=True)
    (home / ".claude" / "plugins" / "installed_plugins.json").write_text(json.dumps(rows))


@pytest.fixture
def resumed(session, tmp_path):
    """A run whose session was just continued; and the home of its user."""
    home = tmp_path / "home"
    session.setup("SIMPLE")
    session.env.update(HOME=str(home), CLAUDE_CONFIG_DIR=str(home / ".claude"))
    session.send("SessionStart", source="resume")
    return session, home


def said(session, prompt="team abort enough"):
    _code, out, _err = session.send("UserPromptSubmit", prompt=prompt)
    return out["reason"]


def aborted(session):
    return any(e["event"] == "RUN_ABORTED" for e in session.events())


def test_without_such_a_hook_the_first_words_count(resumed):
    session, home = resumed
    plugin(home, "quiet", manifest='{"name": "quiet"}', hooks='{"hooks": {"Stop": []}}')
    assert "the run is aborted (enough)" in said(session) and aborted(session)


@pytest.mark.parametrize("where", ["user", "project", "local", "plugin", "named file", "module", "prompt after"])
def test_the_first_words_are_asked_for_again(resumed, where):
    session, home = resumed
    if where == "plugin":
        plugin(home, "chatty", manifest='{"name": "chatty"}', hooks=json.dumps(HOOK))
    elif where == "named file":
        plugin(home, "chatty", manifest='{"name": "chatty", "hooks": "./more.json"}', **{"more.json": json.dumps(HOOK)})
    elif where == "module":
        plugin(home, "chatty", manifest='{"name": "chatty"}', hooks='{"hooks": {}, "modules": ["./mod.ts"]}')
    else:
        project = session.project + "/.claude/"
        path = {"project": project + "settings.json", "local": project + "settings.local.json"}.get(
            where, str(home / ".claude/settings.json")
        )
        settings(pathlib.Path(path))
    if where == "prompt after":
        session.send("UserPromptSubmit", prompt="go on, please")
    else:
        text = said(session)
        assert text.startswith("team: nothing was done") and "`claude -p`: team abort enough" in text and not aborted(session)
    assert "the run is aborted (enough)" in said(session) and aborted(session)


def test_in_a_terminal_the_first_words_are_the_user_s(session, tmp_path):
    session.setup("SIMPLE")
    session.env.update(
        HOME=str(tmp_path), CLAUDE_CONFIG_DIR=str(tmp_path), CLAUDE_CODE_ENTRYPOINT="cli", CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS="0"
    )
    settings(tmp_path / "settings.json")
    session.send("SessionStart", source="resume")
    assert "the run is aborted (enough)" in said(session)


def test_a_command_that_comes_first_is_asked_for_again_too(resumed):
    session, home = resumed
    settings(home / ".claude" / "settings.json")

    def abort():
        session.send("UserPromptSubmit", prompt="/team:abort enough")  # the client sends both, in this order
        command = {"command_name": "team:abort", "command_args": "enough", "command_source": "plugin"}
        _code, out, _err = session.send("UserPromptExpansion", expansion_type="slash_command", prompt="/team:abort enough", **command)
        return out["reason"]

    assert abort().startswith("team: nothing was done") and not aborted(session)
    assert "the run is aborted (enough)" in abort() and aborted(session)


def test_this_plugin_s_own_hooks_bring_no_prompt(resumed):
    session, home = resumed
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json"), encoding="utf-8") as f:
        own = f.read()
    assert "SessionStart" in own
    plugin(home, "team", manifest='{"name": "team"}', hooks=own)  # the copy that the client keeps of a marketplace's folder
    assert "the run is aborted" in said(session)
