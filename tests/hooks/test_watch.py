"""Supervision (PROTOCOL 10): silence, loops and missing tools are found by the hooks and told to the one who must act."""

import os

from pack.gate import entry, watcher
from pack.store.disk import Disk
from pack.base import paths
from pack.protocol import advice, tables

MINUTE = 60


def pause(s, minutes):
    s.now += minutes * MINUTE


def tick(s):
    """Some hook event of the team: the supervisor wakes."""
    s.send("SubagentStart", "supervisor")


def watch_steps(s, who):
    return [
        x["step"].split(":")[0]
        for x in advice.for_agent(s.state(), who)
        if x["step"].split(":")[0] in ("ping", "escalate", "replace", "loop", "tool")
    ]


def working(session):
    session.setup("SIMPLE")
    session.stop("unified-reviewer")
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    return session


def breaches(s):
    return [(r["data"]["who"], r["data"]["watched"], r["data"]["level"]) for r in s.events() if r["event"] == "BREACH"]


def test_silence_counts_at_the_second_look_in_a_row_and_goes_up_one_stage_at_a_time(session):
    s = working(session)
    pause(s, 7 + 14.5)
    tick(s)
    assert breaches(s) == [], "the grace after the spawn and 15 minutes are not over"
    pause(s, 1)
    tick(s)
    assert breaches(s) == [("coder-1", "coder coding", 1)] and watch_steps(s, "supervisor") == []
    tick(s)
    assert len(breaches(s)) == 1, "a look in the same minute is no second look"
    pause(s, 1)
    tick(s)
    assert breaches(s) == [("coder-1", "coder coding", 1)] * 2 and watch_steps(s, "supervisor") == ["ping"]
    told = s.stop("supervisor")
    assert "coder-1 has been silent for 16 minutes" in told
    assert s.say("supervisor", "coder-1", "Are you still at it?") is None
    assert watch_steps(s, "supervisor") == [], "the ping was sent"
    pause(s, 90)
    tick(s)
    pause(s, 1)
    tick(s)
    assert breaches(s)[-1] == ("coder-1", "coder coding", 2) and watch_steps(s, "supervisor") == ["escalate"]
    assert s.say("supervisor", "lead", "SUPERVISOR_REPORT\nWARN ESCALATE\ncoder-1 is silent") is None
    assert watch_steps(s, "supervisor") == []
    pause(s, 1)
    tick(s)
    pause(s, 1)
    tick(s)
    assert breaches(s)[-1] == ("coder-1", "coder coding", 3) and watch_steps(s, "lead") == ["replace"]
    s.stop("supervisor")
    s.deliver()
    assert "TaskStop" in s.stop("lead"), "the lead does not rest on an agent that is silent, though it counts as working"
    s.edit("coder-1", "src/a.py")
    assert watch_steps(s, "lead") == [] and watch_steps(s, "supervisor") == [], "a sign of life ends it"


def test_who_owes_nothing_is_not_watched(session):
    s = session
    s.setup("SIMPLE")
    s.stop("coder-1")
    s.stop("unified-reviewer")
    for _ in range(3):
        pause(s, 120)
        tick(s)
    assert breaches(s) == []


def test_a_reviewer_is_watched_from_when_it_was_asked(session):
    s = working(session)
    s.stop("unified-reviewer")
    pause(s, 14)
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    s.stop("coder-1")
    pause(s, 9)
    tick(s)
    assert breaches(s) == []
    for _ in range(2):
        pause(s, 1.1)
        tick(s)
    assert breaches(s) == [("unified-reviewer", "reviewer", 1)] * 2
    assert [x["who"] for x in advice.steps(s.state()) if x["step"].startswith("ping")] == ["supervisor"]


def test_at_most_one_ping_in_twenty_minutes_and_two_an_hour(session):
    s = working(session)
    pinged = 0
    for n in range(6):  # six silences of 16 minutes, each ended by a sign of life
        pause(s, 23 if n == 0 else 16)
        tick(s)
        pause(s, 1)
        tick(s)
        if watch_steps(s, "supervisor"):
            pinged += 1
            s.say("supervisor", "coder-1", "Still there?")
        s.edit("coder-1", "src/a.py", str(n))
    hour = 6 * 17 / 60.0
    assert pinged and pinged <= tables.limit("PINGS_AN_HOUR") * (hour + 1) and pinged < 6


def test_a_suspended_machine_replaces_nobody(session):
    s = working(session)
    pause(s, 60 * 24)
    tick(s)
    pause(s, 1)
    tick(s)
    assert breaches(s)[-1][2] == 1, "a day of silence begins with a ping all the same"


def test_the_same_call_five_times_in_a_row_is_a_suspected_loop(session):
    s = working(session)
    for _ in range(tables.limit("SAME_CALLS") - 1):
        assert s.bash("coder-1", "git status --short") is None
    assert not [r for r in s.events() if r["event"] == "LOOP_SUSPECTED"]
    assert s.bash("coder-1", "git status --short") is None
    found = [r["data"] for r in s.events() if r["event"] == "LOOP_SUSPECTED"]
    assert found == [{"who": "coder-1", "tool": "Bash", "times": 5}] and watch_steps(s, "supervisor") == ["loop"]
    s.say("supervisor", "coder-1", "What are you trying?")
    assert watch_steps(s, "supervisor") == []
    for text in ("a", "b") * 5:
        s.edit("coder-1", "src/a.py", text)
    assert len([r for r in s.events() if r["event"] == "LOOP_SUSPECTED"]) == 1, "calls in turn are no loop"


def test_a_tool_that_three_agents_miss_is_systemic(session):
    s = session
    s.setup("SIMPLE", coders=3)
    error = "Exit code 127\n/bin/bash: line 1: %s: command not found"
    for who in ("coder-1", "coder-2", "coder-1"):
        s.call(who, "Bash", command="cargo test", failed=error % "cargo")
    s.call("coder-3", "Bash", command="go test", failed=error % "go")
    assert s.state()["unavailable"] == {"cargo": ["coder-1", "coder-2"], "go": ["coder-3"]} and watch_steps(s, "supervisor") == []
    s.call("coder-3", "Bash", command="cargo test", failed=error % "cargo")
    assert watch_steps(s, "supervisor") == ["tool"] and "cargo" in s.stop("supervisor")
    s.say("supervisor", "lead", "SUPERVISOR_REPORT\nCRITICAL ESCALATE\ncargo is missing")
    assert watch_steps(s, "supervisor") == []


def look(s, live, minutes):
    pause(s, minutes)
    payload = {"session_id": s.session, "hook_event_name": "Stop", "cwd": s.project, "tool_input": {}, "tool_response": {}}
    return watcher.look(payload, s.env, s.project, s.data, live, now=s.now)


def test_the_watcher_wakes_the_lead_of_a_team_in_which_nothing_happens_any_more(session):
    s = working(session)
    live = paths.active(s.project, s.data)
    assert look(s, live, 1) == ""
    assert look(s, live, 23) == "", "the first look only notes"
    told = look(s, live, 1)
    assert told.startswith("supervisor is asked to act (coder-1 has been silent for")
    assert [look(s, live, 0.1) != "" for _ in range(4)] == [True, True, False, False], "the same thing three times at most"
    assert s.bash("lead", "pack abort --reason x") is None
    assert look(s, live, 1) == ""


def test_only_one_watcher_a_run_and_none_without_one(session, tmp_path):
    s = working(session)
    slept = []

    def sleep(_seconds):
        slept.append(1)
        assert watcher.run(payload, s.env) == (0, "", ""), "a second one leaves at once"
        places_gone()

    def places_gone():
        paths.unmark(s.project, s.data, Disk())
        os.remove(os.path.join(paths.team_folder(s.project, s.state()["team"]["name"]), "run.json"))

    payload = entry.normal({"session_id": s.session, "hook_event_name": "Stop", "cwd": s.project})
    assert watcher.run(payload, s.env, sleep=sleep) == (0, "", "") and slept == [1]
    assert watcher.run(payload, s.env, sleep=None) == (0, "", "")


def test_a_secret_in_a_report_reaches_neither_the_lead_nor_the_journal(session):
    s = working(session)
    keys = ("ghp_" + "a1B2" * 9, "hunter2hunter2", "s3cr3tpass", "AKIA" + "A1B2C3D4E5F6G7H8")
    text = "SUPERVISOR_REPORT\nCRITICAL ESCALATE\ntoken %s; password: %s; at postgres://app:%s@db/x; %s; the password is fine" % keys
    assert s.say("supervisor", "lead", text) is None
    sent = s.updated["message"]
    assert (
        sent.startswith("SUPERVISOR_REPORT\nCRITICAL ESCALATE\n")
        and sent.count("[REDACTED_SECRET]") == 4
        and sent.endswith("the password is fine")
    )
    assert s.say("coder-1", "lead", "QUESTION: is API_KEY=%s right?" % keys[1]) is None
    with open(os.path.join(s.project, ".claude", "teams", "feature-add-a-greeting", "journal.jsonl")) as f:
        journal = f.read()
    assert not any(k in journal or k in sent for k in keys) and "is API_KEY=[REDACTED_SECRET] right?" in journal
    assert s.say("supervisor", "lead", "SUPERVISOR_REPORT\nINFO NUDGE\nnothing to hide") is None and s.updated["message"].endswith(
        "nothing to hide"
    )
