"""`pack runs`, `pack stats` and the summary as Markdown, as the shipped command prints them; held against the journal."""

import json
import os
import subprocess

from markdown_it import MarkdownIt

from pack.base.paths import PLUGIN_ROOT
from pack.store.history import counted
from report.test_timeline import run  # noqa: F401 - a fixture

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")


def look(session, *words, code=0, **env):
    done = subprocess.run([PACK, *words], cwd=session.project, env={**os.environ, **session.env, **env}, capture_output=True, text=True)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_runs_and_stats_say_what_the_journal_says(run):  # noqa: F811
    refused = [e for e in run.events() if e["event"] == "REFUSED"]
    row = json.loads(look(run, "runs", "--json"))[0]
    assert (row["team"], row["end"], row["done"], row["tasks"]) == ("feature-add-a-greeting", "EXECUTION", 1, 2)
    assert row["rounds"] == {"1": 2} and row["refused"] == len(refused) and row["commits"] == 1
    assert row["seconds"] == round(run.events()[-1]["ts"] - run.events()[0]["ts"], 1)
    head, line = look(run, "runs", PACK_SCREEN="80x24").splitlines()
    assert max(len(head), len(line)) <= 80 and line.startswith("feature-add-a-gre…") and " execution " in line
    assert line.split()[-3:] == ["1/2", "2", str(len(refused))]

    found = json.loads(look(run, "stats", "--json"))
    assert found["runs"] == 1 and found["rounds"] == {"2": 1} and found["verdicts"]["logic-reviewer"] == [1, 1]
    codes = {}
    for e in refused:
        codes[e["data"]["code"]] = codes.get(e["data"]["code"], 0) + 1
    assert {c: r["count"] for c, r in found["refused"].items()} == codes and codes
    text = look(run, "stats")
    assert "1 task took 2" in text and "Caught for you: %s refused:" % counted(len(refused), "call") in text and "NOT_IN_TASK" in text


def test_without_a_run_both_say_how_one_begins(session):
    for verb in ("runs", "stats"):
        assert "/build plan.md" in look(session, verb, code=1)


def test_a_run_that_cannot_be_read_is_a_line_and_no_end(run):  # noqa: F811
    folder = os.path.join(run.project, ".claude", "teams", "feature-broken")
    os.makedirs(folder)
    with open(os.path.join(folder, "journal.jsonl"), "w") as f:
        f.write("nothing that was ever a record\n")
    assert "feature-broken" in look(run, "runs") and "cannot be read" in look(run, "runs") and "1 run: " in look(run, "stats")


def test_the_summary_for_a_pull_request_is_markdown(run):  # noqa: F811
    text = look(run, "status", "--summary", "--format", "md")
    assert text.startswith("## feature-add-a-greeting: not finished, phase EXECUTION\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows = [t.map for t in tokens if t.type == "tr_open"]
    cells = [t.content for t in tokens if t.type == "inline"]
    assert len(rows) == 3 and "#1 Add greeting" in [c.replace("\\", "") for c in cells] and "DONE" in cells
    by = next(c for c in cells if "logic-reviewer" in c)
    revision = run.state()["tasks"]["1"]["approvals"]["logic-reviewer"]["revision"]
    assert " at %s," % revision[:12] in by.replace("\\", "") and "tech-lead" in by
    assert "--format md is for the summary" in look(run, "status", "--format", "md", code=2)


def test_a_subject_cannot_leave_its_cell():
    from pack.report import markdown

    said = markdown._safe("a|b <script> **x** [y](z) `c`\n# d")
    html = MarkdownIt("commonmark").enable("table").render("| a |\n|---|\n| %s |\n" % said)
    assert "a|b &lt;script&gt; **x** [y](z) `c` # d</td>" in html


def test_an_aborted_run_counts_its_tasks_and_has_nothing_open(run):  # noqa: F811
    live = look(run, "stats")
    assert live.startswith("1 run: 1 open in phase EXECUTION; 1 task done, 1 commit\n")
    run.send("UserPromptSubmit", prompt="team abort enough")
    for name in list(run.agents):
        run.send("SubagentStop", name, stop_hook_active=False)
    assert look(run, "stats").startswith("1 run: 1 aborted; 1 task done, 1 commit\n")
    assert " aborted " in look(run, "runs") and " 1/2 " in look(run, "runs")
    text = look(run, "status", "--summary", "--format", "md")
    assert text.startswith("## feature-add-a-greeting: aborted") and "- build: not run\n" in text and "open: nothing" not in text
    assert "phase TEARDOWN, aborted" in look(run, "status")
