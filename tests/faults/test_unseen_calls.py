"""Sessions in which no hook of the pack ran while a run was open: what they did is told at the next event, and the run does not end without the
user's word (gate/unseen_calls.py). The transcripts are written as the client writes them; doors-disabled.story has the real ones."""

import json
import os
import re
import time

import pytest

from tests.faults.test_doors import executing, pack

USE = "toolu_unseen_%d"


@pytest.fixture
def s(session):
    session.now = time.time()  # a transcript has the time of day
    return executing(session)


def line(kind, content, cwd, at):
    return {
        "type": kind,
        "message": {"content": [content]},
        "cwd": cwd,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)),
    }


def transcript(
    s, name="other", calls=(("Edit", {"file_path": "src/x.py"}, "done", False),), cwd=None, at=None, first=1, result=True, folder=None
):
    """A session's transcript with these calls: [(tool, input, result, failed)]."""
    cwd, at = cwd or s.project, at or s.now + 5
    home = os.path.join(s.data, ".claude", "projects", re.sub("[^A-Za-z0-9]", "-", folder or cwd))
    path = os.path.join(home, name + ".jsonl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as f:
        for n, (tool, given, said, failed) in enumerate(calls, first):
            given = {k: os.path.join(cwd, v) if k == "file_path" else v for k, v in given.items()}
            f.write(
                json.dumps(
                    line("assistant", {"type": "tool_use", "id": USE % n, "name": tool, "input": given}, cwd, at), separators=(",", ":")
                )
                + "\n"
            )
            if result:
                answer = {"type": "tool_result", "tool_use_id": USE % n, "content": said, "is_error": failed}
                f.write(json.dumps(line("user", answer, cwd, at), separators=(",", ":")) + "\n")
    return path


def told(s):
    return [e["data"] for e in s.events() if e["event"] == "STATE_DIVERGENCE" and e["data"].get("enforces") == "session"]


def look(s):
    s.now += 10
    s.send("UserPromptSubmit", prompt="go on")
    return told(s)


def test_what_a_session_without_hooks_did_is_recorded_once_and_holds_up_the_end(s):
    transcript(s)
    assert "session other" in pack(s, "status").stdout and "Work that nothing checked" in pack(s, "status").stdout
    (found,) = look(s)
    assert found["was"] == "1 call: Edit src/x.py"
    assert look(s) == [found]  # once
    assert (
        "Work that nothing checked" not in pack(s, "status").stdout and "Changed while the run is live: session" in pack(s, "status").stdout
    )
    assert s.state()["tampered"]  # what keeps a run from being completed: test_tampering.py
    transcript(s, calls=[("Bash", {"command": "make"}, "Exit code 2", True)], first=2)
    assert [d["was"] for d in look(s)] == [found["was"], "1 call: Bash"]


def test_the_closing_proof_looks_where_no_prompt_came(s):
    transcript(s)
    assert "unseen by the run's hooks" in s.call("lead", "Bash", command="pack teardown") and len(told(s)) == 1


def test_an_agents_calls_of_such_a_session_count(s):
    transcript(s, name="other/subagents/agent-1")
    assert [d["file"] for d in look(s)] == ["session other unseen by the run's hooks"]


def test_a_call_whose_result_comes_later_is_found_then(s):
    transcript(s, result=False)
    assert look(s) == []
    path = transcript(s, calls=())
    with open(path, "a") as f:
        f.write(json.dumps(line("user", {"type": "tool_result", "tool_use_id": USE % 1, "content": "ok"}, s.project, s.now + 5)) + "\n")
    assert [d["was"] for d in look(s)] == ["1 call: Edit src/x.py"]


def test_the_users_word_takes_it_as_it_is(s):
    transcript(s)
    look(s)
    s.send("UserPromptSubmit", prompt="team resume")
    assert not s.state()["tampered"] and len(look(s)) == 1


@pytest.mark.parametrize(
    "why",
    [
        "before the run",
        "reads",
        "refused by the client",
        "failed edit",
        "another project",
        "a repository inside",
        "seen by the gate",
        "nonsense",
    ],
)
def test_what_is_no_such_call_is_not_told(s, why):
    calls = [("Edit", {"file_path": "src/x.py"}, "done", False)]
    if why == "before the run":
        transcript(s, at=1000)
    elif why == "reads":
        transcript(s, calls=[("Read", {"file_path": "src/x.py"}, "x", False), ("Grep", {}, "x", False)])
    elif why == "refused by the client":
        transcript(s, calls=[("Bash", {"command": "sleep 900"}, "<tool_use_error>Blocked: sleep</tool_use_error>", True)])
    elif why == "failed edit":
        transcript(s, calls=[(calls[0][0], calls[0][1], "String to replace not found", True)])
    elif why == "another project":
        beside = s.project + "-2"
        os.makedirs(beside)
        transcript(s, calls=calls, cwd=beside)
    elif why == "a repository inside":
        inner = os.path.join(s.project, "vendor", "lib")
        os.makedirs(os.path.join(inner, ".git"))
        transcript(s, calls=calls, cwd=inner)
    elif why == "seen by the gate":
        s.send("PreToolUse", "coder-1", tool_name="Bash", tool_use_id=USE % 1, tool_input={"command": "true"})
        transcript(s, calls=[("Bash", {"command": "true"}, "", False)])
    else:
        path = transcript(s, calls=())
        with open(path, "w") as f:
            f.write('{"tool_use"\n[1, "tool_result"]\n"tool_use"\n{"message": {"content": ["tool_use"]}, "timestamp": 5}\n')
    assert look(s) == []


def test_a_session_in_a_folder_of_the_project_counts(s):
    below = os.path.join(s.project, "src")
    os.makedirs(below, exist_ok=True)
    transcript(s, cwd=below)
    assert len(look(s)) == 1


def test_a_run_of_an_older_release_counts_from_its_first_call_on(s):
    run = os.path.join(s.data, "runs")
    (judged,) = [os.path.join(base, n) for base, _below, names in os.walk(run) for n in names if n == "judged"]
    os.unlink(judged)
    transcript(s, at=s.now - 3)
    assert look(s) == []
    s.now += 10
    s.call("coder-1", "Bash", command="true")
    transcript(s, at=s.now + 5, first=7)
    assert len(look(s)) == 1
