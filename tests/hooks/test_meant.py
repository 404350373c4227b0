"""The run that was meant begins, or the user is told why not: plans with words, folders, a second command."""

import os

import pytest

from hooks.driver import Session
from hooks.test_waves import SMALL


def context(answer):
    return answer[1]["hookSpecificOutput"]["additionalContext"]


def test_a_plan_with_words_is_that_plan_with_a_note_and_the_user_is_told(session):
    code, out, _err = session.build("plan.md keep it small")
    assert code == 0 and "Input: plan file plan.md, and with it: keep it small" in context((code, out, ""))
    assert out["systemMessage"] == "team: the plan is the file plan.md, and with it: keep it small"
    team = session.state()["team"]
    assert (team["plan"], team["name"]) == ("plan.md", "feature-add-a-greeting")


def test_a_description_that_begins_with_a_file_that_is_not_there_is_said_to_be_one(session):
    out = session.build("gone.md extra words")[1]
    assert "there is no file gone.md here" in out["systemMessage"]
    assert session.state()["team"]["plan"] is None


def test_in_quotes_it_is_a_description(session):
    out = session.build('"plan.md needs a section"')[1]
    assert session.state()["team"]["plan"] is None and "systemMessage" not in out


@pytest.mark.parametrize("args", ["docs", "docs/", "./docs"])
def test_a_folder_is_no_plan_and_no_description(session, args):
    os.makedirs(session.project + "/docs")
    answer = session.build(args)[1]
    assert answer["decision"] == "block" and "is a folder. Name a file in it" in answer["reason"]
    assert not os.path.exists(session.project + "/.claude/teams")


def after(s, pid=None):
    """Another session of the user's; the first one's client is gone unless it is said to run."""
    other = Session(s.project, s.data, session="00000000-0000-4000-8000-000000000002", pid=pid or os.getpid())
    other.now = s.now
    return other


@pytest.fixture
def orphan(session):
    session.env["CLAUDE_PID"] = "1999999"
    session.build("plan.md")
    with open(session.project + "/plan2.md", "w") as f:
        f.write("# Another thing\n\nDo it.\n")
    return session


@pytest.mark.parametrize("args", ["plan2.md", "something else entirely", "plan2.md and words"])
def test_another_build_says_to_the_user_which_run_is_open(orphan, args):
    s = after(orphan)
    answer = s.build(args)[1]
    assert answer["decision"] == "block"
    for text in ("feature-add-a-greeting", "plan file plan.md", "its client is gone", "`team resume`", "`team abort WHY`"):
        assert text in answer["reason"]
    assert [e["event"] for e in s.events()][-1] == "RUN_OPENED"  # nothing was resumed
    s.send("UserPromptSubmit", prompt="team abort not this one")
    assert "Run opened" in context(s.build(args))
    assert s.state()["team"]["plan"] == ("plan2.md" if "plan2" in args else None)


@pytest.mark.parametrize("args", ["plan.md", "./plan.md", "plan.md --coders=2", "plan.md go on with it"])
def test_the_same_build_takes_the_run_up(orphan, args):
    s = after(orphan)
    assert "is resumed, not overwritten" in context(s.build(args))
    assert s.state()["team"]["session"] == s.session


def test_in_the_session_that_leads_another_plan_is_another_run(session):
    s = session
    s.build("plan.md")
    answer = s.build("something else")[1]
    assert answer["decision"] == "block" and "led by this session" in answer["reason"]
    assert "is resumed, not overwritten" in context(s.build("plan.md"))


def test_a_run_of_waves_and_a_build_are_two_runs(session):
    import json

    s = session
    os.makedirs(s.project + "/.claude/team-definitions")
    with open(s.project + "/.claude/team-definitions/twoWaves.json", "w") as f:
        json.dump(SMALL, f)
    with open(s.project + "/strategy.md", "w") as f:
        f.write("# Strategy\n\nBe quick.\n")
    s.send("UserPromptSubmit", prompt="--team twoWaves --strategy strategy.md")
    answer = s.build("plan.md")[1]
    assert answer["decision"] == "block" and "the team twoWaves" in answer["reason"]
