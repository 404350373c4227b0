"""The looking verbs, as processes on a real run: what they print is read back."""

import json
import os
import subprocess
import sys
from pack.base.paths import PLUGIN_ROOT

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")


def pack(s, *words, code=0, **env):
    done = subprocess.run(
        [PACK] + list(words),
        cwd=s.project,
        env=dict({k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, HOME=s.data, PACK_PYTHON=sys.executable, **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_status_log_and_explain_agree_with_the_run(session):
    s = session
    s.setup("MEDIUM")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "DONE: task #1")
    status = json.loads(pack(s, "status", "--json"))
    assert status["team"] == "feature-add-a-greeting" and status["phase"] == "EXECUTION" and status["mode"] == "MEDIUM"
    assert status["owner"] == {"name": "supervisor", "epoch": 1, "state": "ACTIVE", "next_epoch": 2}
    assert status["enforcement"] in ("full", "partial") and status["enforcement_why"]
    task = status["tasks"][0]
    assert (task["id"], task["state"], task["owner"], task["missing"]) == (1, "IN_PROGRESS", "coder-1", ["logic-reviewer", "tech-lead"])
    assert {r["name"]: r["role"] for r in status["roster"]}["coder-1"] == "coder"
    assert status["teardown"] == dict(status["teardown"], state="NONE", sends=0, missing=[])
    log = [json.loads(line) for line in pack(s, "log", "--json").splitlines()]
    assert [r["seq"] for r in log] == list(range(1, len(log) + 1))
    assert log[-1]["event"] == "REFUSED" and log[-1]["data"]["code"] == "APPROVAL_MISSING" and log[-1]["actor"]["role"] == "coder"
    text = pack(s, "explain", "1")
    assert "APPROVAL_MISSING" in text and "still missing: logic-reviewer, tech-lead" in text and "CLAIM by coder-1" in text
    assert "«Add greeting» (IN_PROGRESS)" in pack(s, "status")
    assert "unknown" not in pack(s, "explain", "9", code=1)
    page = os.path.join(s.data, "run.html")
    pack(s, "report", "html", "--out", page)
    with open(page, encoding="utf-8") as f:
        html = f.read()
    assert "<dt>Refused calls</dt><dd>1</dd>" in html and "APPROVAL_MISSING" in html and "coder-1" in html


def test_state_changing_verbs_need_a_hook_and_a_person_may_abort(session):
    s = session
    s.setup("SIMPLE")
    for words in (("plan",), ("task", "assign", "1", "coder-1"), ("verify", "--build", "x", "--test", "y"), ("teardown",)):
        assert "NO_VOUCHER" in pack(s, *words, code=1)
    # This process is below the one that the run took for its client: it counts as an agent's.
    assert "NO_VOUCHER" in pack(s, "abort", "--reason", "x", code=1)
    assert "names no receipt" in pack(s, "plan", code=2, PACK_VOUCHER="/nowhere")
    assert s.state()["phase"] == "EXECUTION"


def test_a_person_aborts_resumes_and_looks_from_their_own_terminal(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"  # a client that is gone
    s.setup("SIMPLE")
    assert "team resume" in pack(s, "resume")
    assert "doctor" in pack(s, "doctor", "--help")
    assert "is gone" in pack(s, "doctor")
    with open(os.path.join(s.project, "src", "late.py"), "w") as f:
        f.write("L = 1\n")
    assert "is closed" in pack(s, "abort", "--reason", "enough")
    with open(os.path.join(s.project, ".claude", "teams", "feature-add-a-greeting", "summary.md")) as f:
        assert "NOT APPROVED src/late.py" in f.read()
    assert json.loads(pack(s, "status", "--json"))["phase"] == "CLOSED"
    assert not os.path.exists(s.project + "/.claude/teams/.on")
    assert s.edit("lead", "src/old.py", "OLD = 5\n") is None  # nothing is enforced any more
    assert "there is no" not in pack(s, "log")


def test_a_damaged_journal_is_refused_and_a_person_repairs_it(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.setup("SIMPLE")
    good = len(s.events())
    team = s.project + "/.claude/teams/feature-add-a-greeting/"
    from pack.base import paths

    run = paths.active(s.project, s.data)["run"]
    for path in (team + "journal.jsonl", run + "/mirror.jsonl"):
        with open(path, "rb") as f:
            data = f.read()
        cut = data.index(b"AGENT_BOUND")
        with open(path, "wb") as f:
            f.write(data[:cut] + b"X" + data[cut + 1 :])
    answer = s.write_raw("coder-1", "src/a.py")
    assert "cannot be trusted" in answer and "pack resume --repair" in answer
    assert "damaged" in pack(s, "status", code=1)
    assert "Kept" in pack(s, "resume", "--repair")
    assert 0 < len(s.events()) < good + 2
    assert json.loads(pack(s, "status", "--json"))["phase"] in ("DISCOVERY", "PLANNING", "SETUP", "EXECUTION")


def test_records_that_are_cut_from_both_files_are_missed(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.setup("SIMPLE")
    good = len(s.events())
    from pack.base import paths

    run = paths.active(s.project, s.data)["run"]
    for path in (s.project + "/.claude/teams/feature-add-a-greeting/journal.jsonl", run + "/mirror.jsonl"):
        with open(path, "rb") as f:
            lines = f.readlines()
        with open(path, "wb") as f:
            f.writelines(lines[:-1])
    answer = s.write_raw("coder-1", "src/a.py")
    assert "neither in the journal nor in its mirror" in answer and "pack resume --repair" in answer
    assert "neither in the journal" in pack(s, "status", code=1)
    pack(s, "doctor", code=1)
    assert "Kept %d good records" % (good - 1) in pack(s, "resume", "--repair")
    assert "STATE_DIVERGENCE" in [e["event"] for e in s.events()]
    assert "chain intact" in pack(s, "doctor") and "Nothing is damaged" in pack(s, "resume", "--repair")


def test_a_pack_of_somebody_else_earlier_on_the_path_verifies_nothing(session, tmp_path):
    s = session
    s.setup("SIMPLE")
    early = tmp_path / "early"
    early.mkdir()
    (early / "pack").write_text("#!/bin/sh\necho verified\n")
    (early / "pack").chmod(0o755)

    def run(given):
        env = dict(os.environ, PATH="%s%s%s" % (early, os.pathsep, os.environ["PATH"]), CLAUDECODE="1", HOME=s.data)
        done = subprocess.run(
            ["sh", "-c", given["command"]], cwd=s.project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return {"stdout": done.stdout, "stderr": "", "interrupted": False}

    assert s.call("lead", "Bash", command="pack verify --build 'exit 0' --test 'exit 4'", response=run) is None
    assert (s.state()["verify"]["build"]["exit"], s.state()["verify"]["test"]["exit"]) == (0, 4)


def test_a_reader_that_has_seen_enough_is_no_trouble(session):
    """`pack log | head`: neither a traceback nor a word about the journal."""
    session.setup("SIMPLE")
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, HOME=session.data, PACK_PYTHON=sys.executable)
    for verb in ("log --json", "status", "doctor", "--help"):
        for _ in range(3):
            done = subprocess.run(
                "%s %s | true" % (PACK, verb), shell=True, cwd=session.project, env=env, stderr=subprocess.PIPE, text=True
            )
            assert done.stderr == ""


def test_what_researchers_and_testers_report_is_in_the_journal(session):
    """Their final text is the report and goes to the lead past every message: it was in no record."""
    s = session
    s.build("plan.md --coders=1")
    assert s.spawn("researcher", "codebase-researcher") is None
    said = "FINDINGS\nsrc/old.py:1 holds OLD.\npassword: hunter2hunter2\n" + "x" * 9000
    s.send("SubagentStop", "researcher", stop_hook_active=False, last_assistant_message=said)
    s.spawn("supervisor", "supervisor")
    s.send("SubagentStop", "supervisor", stop_hook_active=False, last_assistant_message="I have nothing to do")
    reports = [r["data"]["report"] for r in s.events() if "report" in r["data"]]
    assert len(reports) == 1 and reports[0].startswith("FINDINGS\nsrc/old.py:1 holds OLD.\npassword: [REDACTED_SECRET]\nxxx")
    assert len(reports[0]) <= 4000
    lines = pack(s, "log").splitlines()
    assert len(lines) == len(s.events()) and any("report FINDINGS src/old.py:1" in line for line in lines)
    page = os.path.join(s.data, "run.html")
    pack(s, "report", "html", "--out", page)
    with open(page, encoding="utf-8") as f:
        assert "src/old.py:1 holds OLD." in f.read()
