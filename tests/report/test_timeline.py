"""`pack report html`: the page of a run. Its numbers are read back from the page and held against the journal."""

import html
import json
import os
import re
import shutil
import subprocess
import time


import pytest

from pack.base.paths import PLUGIN_ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def page_of(session, out):
    """The page as the shipped command writes it."""
    env = dict(os.environ, **session.env)
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack"), "report", "html", "--out", str(out)],
        cwd=session.project,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out.read_text(encoding="utf-8")


@pytest.fixture
def run(session):
    """A run with a refusal, a round of changes, an approval and a commit."""
    session.setup("MEDIUM")
    session.now += 60
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    session.now += 90
    assert session.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert session.edit("coder-1", "src/old.py", "x") is not None, "no file of its task"
    assert session.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
    session.now += 30
    assert session.say("logic-reviewer", "coder-1", "CHANGES_REQUESTED: task #1\nMAJOR: </script> & <b>") is None
    assert session.edit("coder-1", "src/a.py", "A = 2\n") is None
    session.review("coder-1", 1)
    assert session.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1'") is None
    session.say("coder-1", "supervisor", "DONE: task #1")
    return session


def numbers(text):
    return dict(re.findall(r"<div><dt>([^<]*)</dt><dd>([^<]*)</dd></div>", text))


def data(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1))


def test_the_numbers_on_the_page_are_the_journals(run, tmp_path):
    text, events = page_of(run, tmp_path / "run.html"), run.events()
    told = numbers(text)
    assert told["Events"] == str(len(events))
    assert told["Approvals"] == str(sum(e["event"] == "APPROVED" for e in events))
    assert told["Changes asked for"] == "1"
    assert told["Refused calls"] == str(sum(e["event"] == "REFUSED" for e in events)) != "0"
    assert told["Tasks done"] == "1 of 2" and told["Commits"] == "1" and told["Mode"] == "MEDIUM"
    shown = data(text)
    spans = next(t for t in shown["tasks"] if t["n"] == 1)["spans"]
    assert [s[0] for s in spans] == ["PENDING", "IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED", "IN_REVIEW", "APPROVED", "DONE"]
    assert 90 <= spans[1][2] - spans[1][1] < 100, "ninety seconds at work, and the calls themselves"
    assert all(a[2] == b[1] for a, b in zip(spans, spans[1:])), "no gap between states"
    rows = re.findall(r'<tr id="task-(\d+)">(.*?)</tr>', text)
    assert [n for n, _ in rows] == ["1", "2"] and "Add greeting" in rows[0][1]
    verdicts = text.partition('id="verdicts"')[2].partition("</table>")[0]
    assert verdicts.count("<td>approved</td>") == int(told["Approvals"]) and verdicts.count("asked for changes") == 1


def now_of(text):
    return re.sub(r"<[^>]+>", " ", text.partition('<section id="now">')[2].partition("</section>")[0])


def test_what_is_needed_stands_at_the_top_while_the_run_is_open(session, tmp_path):
    from hooks.test_word_commands import changed

    session.setup("MEDIUM")
    session.say("coder-1", "supervisor", "CLAIM: task #1")
    session.edit("coder-1", "src/a.py", "A = 1\n")
    session.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    session.say("coder-1", "logic-reviewer", "REVIEW: task #1")
    said = now_of(page_of(session, tmp_path / "run.html"))
    assert "Nothing is asked of you; 1 at work." in said and "logic-reviewer" in said and "review task #1" in said, said
    changed(session)  # which waits for the user's word
    session.send("UserPromptSubmit", prompt="go on")
    assert "You are needed: guard changed" in now_of(page_of(session, tmp_path / "run.html"))


def test_a_run_that_nobody_leads_any_more_says_so_at_the_top(project, tmp_path):
    from hooks.driver import Session

    session = Session(project, tmp_path / "data", pid=1999999)  # no such process
    session.setup("SIMPLE")
    assert "You are needed: the client that led this run is gone" in now_of(page_of(session, tmp_path / "run.html"))


def test_one_file_without_network_and_without_a_way_out_of_its_data(run, tmp_path):
    text = page_of(run, tmp_path / "run.html")
    assert not re.search(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", text) and "@import" not in text
    assert text.count("</script>") == 2, "what an agent wrote does not end the script"
    assert 'name="viewport"' in text and "prefers-color-scheme:dark" in text and "@media print" in text


def test_a_large_run_stays_small(run, monkeypatch):
    from pack.report import timeline
    from pack.store import history
    from pack.store.open_for_reading import Run

    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", run.env["CLAUDE_PLUGIN_DATA"])
    state, records = Run(run.project).look()
    last = records[-1]
    told = {"task": 1, "path": "src/a.py", "by": "coder-1", "revision": "0123456789abcdef"}
    more = [dict(last, event="FILE_WRITTEN", seq=last["seq"] + n, ts=last["ts"] + n, data=told) for n in range(1, 10000)]
    kept = history.of(records)[0]
    kept.end = more[-1]["ts"]
    size = len(json.dumps(timeline.data_of(state, records + more, kept.closed())))
    assert size < 3_000_000, size


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: scripts/dev/setup installs it")
@pytest.mark.parametrize("width", [360, 1400])
def test_the_lanes_are_drawn_in_a_browser(run, tmp_path, width):
    path = tmp_path / "run.html"
    page_of(run, path)
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=%d,900" % width, "--virtual-time-budget=2000"]
    done = subprocess.run(
        command + ["--user-data-dir=%s" % (tmp_path / "profile"), "--dump-dom", path.as_uri() + "#e%d" % run.events()[-1]["seq"]],
        capture_output=True,
        text=True,
        timeout=120,
    )
    dom = html.unescape(done.stdout)
    for words in ("coder-1", "logic-reviewer", "IN_REVIEW", "Refused", "EXECUTION"):
        assert words in dom.partition('id="chart"')[2].partition('class="legend"')[0], words
    assert "%d of " % len(data(path.read_text(encoding="utf-8"))["log"]) in dom
    assert dom.count('class="row') >= 10 and 'class="row on"' in dom, "the event of the address is chosen"


def test_plans_of_other_kinds_and_runs_without_tasks_have_a_page(session, tmp_path):
    session.build("plan.md")
    text = page_of(session, tmp_path / "run.html")
    assert numbers(text)["Tasks done"] == "0 of 0" and "DISCOVERY" in text


def test_the_closing_proof_says_what_holds_and_what_does_not_yet(run, tmp_path):
    def proof():
        part = page_of(run, tmp_path / "run.html").partition('id="proof-table">')[2].partition("</div></section>")[0]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", part, re.S)]
        return {what: (sign, facts) for sign, what, facts in rows[1:]}

    told = proof()
    assert told["every task is done, each approved by every role that it needs"] == ("not yet", "1 of 2")
    assert told["build and tests passed in a fresh checkout of this very tree"] == ("not yet", "`pack verify` has not run")
    sha = run.bash("lead", "git log --format=%h -1") or run.output.strip()
    sign, facts = told["every commit holds approved content"]
    assert sign == "yes" and sha[:7] in facts and "task #1" in facts
    with open(os.path.join(run.project, "src", "a.py"), "a") as f:
        f.write("B = 2\n")  # past the gate
    run.send("UserPromptSubmit", prompt="go on")
    run.send("UserPromptSubmit", prompt="go on")
    sign, facts = proof()["what the run leaves behind is exactly what was approved"]
    assert sign == "no" and "src/a.py" in facts


def proof_of(text):
    """The closing proof on the page: {what: (sign, facts)}."""
    part = text.partition('id="proof-table">')[2].partition("</div></section>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", part, re.S)]
    return {what: (sign, facts) for sign, what, facts in rows[1:]}


def test_a_run_that_was_aborted_says_so_and_waits_for_nothing(run, tmp_path):
    run.abort("the plan was wrong")
    assert run.state()["phase"] == "CLOSED"
    text = page_of(run, tmp_path / "run.html")
    assert numbers(text)["Phase"] == "CLOSED, aborted" and numbers(text)["Tasks done"] == "1 of 2, 1 cancelled"
    assert "not yet" not in {sign for sign, _facts in proof_of(text).values()}, "nothing comes any more"
    assert now_of(text).strip() == "", "and nobody is needed"
    assert ">the plan was wrong<" in text or '"the plan was wrong"' in text, "why, in the log"


def test_what_is_left_beside_approved_content_is_no_failure(run, tmp_path):
    """New files that only look like caches are named in the report; nothing is unapproved for that."""
    from pack.protocol import machine
    from pack.store import proof, render

    state, counts = run.state(), render.stats(run.events())
    state["phase"] = "TEARDOWN"
    counts["result"]["left"] = ["New, and looked over as caches are: src/__pycache__/"]
    told = {what: (sign, facts) for sign, what, facts in proof.rows(state, counts)}
    what = "what the run leaves behind is exactly what was approved"
    assert machine.VERSION == state["v"] and told[what] == (proof.HOLDS, counts["result"]["left"][0])


def test_every_time_on_the_page_is_of_the_zone_where_it_was_made(run, tmp_path, monkeypatch):
    """The tables said the writer's time and the lanes the reader's."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    text = page_of(run, tmp_path / "run.html")
    assert data(text)["zone"] == 9 * 3600 and data(text)["dated"] is False and "(UTC+0900)" in text
    first = next(e["ts"] for e in run.events() if e["event"] == "CHANGES_REQUESTED")
    assert "<td>%s</td>" % time.strftime("%H:%M:%S", time.gmtime(first + 9 * 3600)) in text.partition('id="verdicts"')[2]
    if CHROMIUM:
        env = dict(os.environ, TZ="America/New_York")
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
        command += ["--user-data-dir=%s" % (tmp_path / "profile"), "--dump-dom", (tmp_path / "run.html").as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env).stdout
        opened = time.strftime("%H:%M:%S", time.gmtime(run.events()[0]["ts"] + 9 * 3600))
        assert '<span class="at">%s</span>' % opened in dom and "%s to " % opened in dom


def test_a_run_of_days_says_which_day(run):
    from pack.report import timeline
    from pack.store import history

    records = run.events()
    for r in records[20:]:
        r["ts"] += 3 * 86400
    told, state = history.of(records)
    assert timeline.data_of(state, records, told.closed())["dated"] is True
    verdicts = timeline.parts(state, records, told)["verdict-table"]
    assert re.findall(r"<td>(\d\d-\d\d) \d\d:\d\d:\d\d</td>", verdicts), verdicts


def test_a_run_of_very_many_tasks_says_what_its_page_leaves_out(run):
    from pack.report import timeline
    from pack.store import history

    records = run.events()
    told, state = history.of(records)
    task, spans = state["tasks"]["2"], told.tasks[2]
    for n in range(3, 10001):
        state["tasks"][str(n)], told.tasks[n] = dict(task), [list(s) for s in spans]
    later = {"task": 2, "path": "src/a.py", "by": "coder-1", "revision": "0123456789abcdef"}
    records += [dict(records[-1], event="FILE_WRITTEN", seq=records[-1]["seq"] + n, data=later) for n in range(1, 100001)]
    parts = timeline.parts(state, records, told.closed())
    kept = parts["data"]["log"]
    assert [r[0] for r in kept if r[6]] == [e["seq"] for e in run.events() if e["event"] == "REFUSED"], "refusals stay"
    assert len(kept) == timeline.LOG_MOST + 1 < parts["data"]["events"] and kept[-1][0] == records[-1]["seq"]
    assert parts["task-table"].count("<tr id=") == timeline.ROWS_MOST and '<tr id="task-1">' in parts["task-table"]
    assert "1000 of 10000 tasks: those at work last" in parts["task-table"]
    assert sum(len(json.dumps(part)) for part in parts.values()) < 8_000_000


def test_waves_and_gates_have_lanes(session, tmp_path):
    from hooks.test_seeds import waves

    waves(session)
    text = page_of(session, tmp_path / "run.html")
    lanes = {lane["subject"]: [s[0] for s in lane["spans"]] for lane in data(text)["tasks"]}
    assert lanes["wave 1 Plan"] == ["WAITS", "OPEN", "OVER"] and lanes["wave 2 Make"] == ["WAITS", "OPEN"], lanes
    assert lanes["gate Planned"] == ["not judged", "PASS"]
    assert "Waves and gates</button>" in text and "gate failed" in text and "task waits" not in text


def test_a_team_of_waves_is_counted_in_waves_and_gates(session, tmp_path):
    from hooks.test_waves import SMALL

    folder = os.path.join(session.project, ".claude", "team-definitions")
    os.makedirs(folder)
    with open(os.path.join(folder, "twoWaves.json"), "w") as f:
        json.dump(SMALL, f)
    with open(os.path.join(session.project, "strategy.md"), "w") as f:
        f.write("# Strategy\n")
    session.send("UserPromptSubmit", prompt="--team twoWaves --strategy strategy.md")
    text = page_of(session, tmp_path / "run.html")
    told = numbers(text)
    assert told["Waves over"].endswith(" of %d" % sum(w["mode"] != "loop" for w in SMALL["waves"]))
    assert told["Gates passed"] == "0 of %d" % len(SMALL["gates"]) and not {"Mode", "Tasks done", "Approvals"} & set(told)
    assert "A team of waves has no tasks" in text and "wave 1 Plan" in proof_of(text)
