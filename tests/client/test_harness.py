"""The harness itself, against a toy plugin (toy/): stories pass for the right reason and fail for the right reason."""

import os
import pathlib
import shutil
import types

import client
import play
import pytest
import stage
import story as stories
from hooks.driver import Session
from model import Call

TOY = pathlib.Path(__file__).resolve().parent / "toy/stories"


def told(tmp_path, text):
    path = tmp_path / "told.story"
    path.write_text(text, encoding="utf-8")
    return path


# --- The language --------------------------------------------------------------------------------------------------------
def test_lines_wait_for_all_lines_above_them_and_a_crowd_only_for_those_before_it(tmp_path):
    story = stories.read(told(tmp_path, "user types: go\nin any order:\n    a rests\n    b rests\nlead rests\n"))
    assert [sorted(line.needs) for line in story.lines] == [[], [0], [0], [0, 1, 2]]


def test_a_line_that_is_not_understood_names_itself_and_the_legal_ones(tmp_path):
    with pytest.raises(stories.StoryError) as caught:
        stories.read(told(tmp_path, "user types: go\nlead dances wildly\n"))
    assert (
        "told.story:2" in str(caught.value)
        and "lead dances wildly" in str(caught.value)
        and "lead spawns coder-1 as coder" in str(caught.value)
    )


@pytest.mark.parametrize(
    "text",
    [
        "lead rests\n    => maybe\n",
        "expect journal:\n    lower case\n",
        "expect status: phase\n",
        "expect world peace\n",
        "lead waits until monday\n",
        "lead calls Bash: {not json\n",
        'as in nowhere until "x"\n',
    ],
)
def test_wrong_stories_are_refused(tmp_path, text):
    with pytest.raises(stories.StoryError):
        stories.read(told(tmp_path, text))


def test_every_verb_of_the_readme_parses(tmp_path):
    readme = (TOY.parents[1] / "README.md").read_text(encoding="utf-8")
    block = readme.split("```story\n")[1].split("```")[0]
    story = stories.read(told(tmp_path, block))
    patterns = {pattern.pattern for pattern, _, _ in stories.VERBS}
    used = {p.pattern for p, _, _ in stories.VERBS for line in story.lines if p.match(line.text.replace("meanwhile ", ""))}
    assert used == patterns, "README.md shows no line for: %s" % (patterns - used)


def test_judge_tells_refusals_from_failures():
    refused = 'PreToolUse:Edit hook error: team: refused (NO_PLAN): x\nNext: `pack plan`'
    assert stage.judge(stories.Outcome("refused", "NO_PLAN", ["pack plan"]), refused, True) is None
    assert "NO_PLAN" in stage.judge(stories.Outcome("refused", "NO_PLAN"), "team: refused (OTHER): x", True)
    assert stage.judge(stories.Outcome("refused"), "fine", False)
    assert stage.judge(stories.Outcome(), '{"success":false,"message":"No agent"}', False)
    assert stage.judge(stories.Outcome("fails"), '{"success":false,"message":"No agent"}', False) is None
    assert stage.judge(stories.Outcome("any"), refused, True) is None


def test_an_agent_is_known_by_its_id_after_its_first_words_are_gone():
    known = {}
    first = {"tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": "You are coder-1\ngo"}]}
    later = {"tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": "a summary"}]}
    headers = {"X-Claude-Code-Agent-Id": "a1"}
    assert Call(first, {}, known).actor == "lead"  # a user may type what he likes
    assert Call(first, headers, known).actor == "coder-1"
    assert Call(later, headers, known).actor == "coder-1"
    assert Call(later, {"X-Claude-Code-Agent-Id": "a2"}, known).actor == "agent a2"
    assert Call(dict(later, tools=[]), headers, known).actor is None


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux: scripts/dev/setup")
def test_a_line_reaches_a_pane_as_it_was_typed(tmp_path):
    """A stand-in for the client: what is typed into it is kept. tmux is the real one."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec cat >'%s/kept'\n" % tmp_path)
    program.chmod(0o755)
    panes = client.Panes(str(program), client.Home(tmp_path, "http://127.0.0.1:1"), "")
    lines = ["select 1;", "one; two", r"a\;", ";"]
    try:
        for line in lines:
            panes.type(line)
        assert client.until(lambda: (tmp_path / "kept").read_text().split("\n") == [*lines, ""], 10), (tmp_path / "kept").read_text()
    finally:
        panes.kill()


# --- In the real client ----------------------------------------------------------------------------------------------------
@pytest.mark.client
@pytest.mark.parametrize("path", sorted(TOY.glob("*.story")), ids=lambda p: p.stem)
def test_toy_story(path, client_binary):
    if "panes" in path.stem and not shutil.which("tmux"):
        pytest.skip("pane teammates need tmux: scripts/dev/setup")
    result = play.play(path, client_binary)
    assert not result.failures, str(result)
    assert result.calls and result.journal and not result.base.exists()


BROKEN = {
    "a refusal that does not come": (
        "user types: /build x\nlead runs: echo hello\n    => refused FORBIDDEN\n",
        "the story says it is refused",
    ),
    "a refusal that is not told": ("user types: /build x\nlead runs: echo FORBIDDEN\n", "the story says nothing of that"),
    "another code": ("user types: /build x\nlead runs: echo FORBIDDEN\n    => refused NO_PLAN\n", "refused with NO_PLAN"),
    "an event that never was": ("user types: /build x\nlead rests\nexpect journal:\n    coder-1: EDIT\n", "no coder-1: EDIT"),
    "an order that never was": (
        "user types: /build x\nlead runs: echo 1\nlead runs: echo 2\nlead rests\n"
        'expect journal:\n    BASH command="echo 2"\n    BASH command="echo 1"\n',
        'command',
    ),
    "a story that stops in the middle": (
        "user types: /build x\nlead rests\nlead runs: echo never\n",
        "the client ended before this line was done",
    ),
    "too many calls": (
        "calls: 3\nuser types: /build x\nlead runs: echo 1\nlead runs: echo 2\nlead runs: echo 3\nlead rests\n",
        "more than 3 model calls",
    ),
    "a wait for ever": ("patience: 2\nuser types: /build x\nlead waits until file nowhere exists\nlead rests\n", "waited 2 s"),
    "a lead whom nobody wakes": (
        "mode: terminal\nquiet: 8\nuser types: /build x\nlead rests\nlead runs: echo 2\n",
        "nothing happened for 8 s",
    ),
    "status": ("user types: /build x\nlead rests\nexpect status: phase=CLOSED\n", 'phase is "TOY", not CLOSED'),
}


@pytest.mark.client
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_false_story_fails_and_says_why(name, tmp_path, client_binary):
    text, why = BROKEN[name]
    result = play.play(told(tmp_path, "plugin: toy\n" + text), client_binary)
    assert len(result.failures) >= 1 and why in "\n".join(result.failures), str(result)
    assert "--- the run" in result.trace and "--- the journal's end ---" in result.trace


def test_the_log_is_asked_again_only_when_what_somebody_waits_for_was_written(tmp_path):
    """Each question is a process; a record counts once its line is whole."""
    lines, asked = [], []
    world = play.World({"mode": "headless"}, types.SimpleNamespace(project=tmp_path, home=tmp_path), tmp_path)
    world.pack = lambda *words: (asked.append(words), (0, "\n".join(lines)))[1]
    journal = tmp_path / ".claude/teams/t/journal.jsonl"
    journal.parent.mkdir(parents=True)

    def write(event, end="\n"):
        with journal.open("a") as f:
            f.write('{"actor":{},"data":{},"event":"%s","seq":1}%s' % (event, end))
        if end:
            lines.append('{"event": "%s"}' % event)

    write("CLAIM")
    assert [e["event"] for e in world.journal("DONE")] == ["CLAIM"] and len(asked) == 1
    write("TICK")
    assert world.journal("DONE") and len(asked) == 1
    write("DONE", end="")
    assert world.journal("DONE") and len(asked) == 1
    write("", end="\n")
    lines.append('{"event": "DONE"}')
    assert any(e["event"] == "DONE" for e in world.journal("DONE")) and len(asked) == 2
    write("TICK")
    assert len(world.journal()) == len(lines) and len(asked) == 3


def test_what_is_read_in_this_process_is_what_pack_prints(project, tmp_path):
    home = tmp_path / "home"
    run = Session(project, home / ".claude/plugins/data/team-inline")
    run.setup("SIMPLE")
    folder = types.SimpleNamespace(project=project, home=home, env={"PATH": os.environ["PATH"], "HOME": str(home)})
    world, another = (play.World({"mode": "headless"}, folder, plugin) for plugin in (client.ROOT, tmp_path))
    assert world.journal() == world.log() and len(world.journal()) == 10
    another.pack = world.pack
    assert another.journal() == world.journal() and another.standing() == world.standing()
    assert world.standing()["tasks"] == world.status()["tasks"]
