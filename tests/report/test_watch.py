"""`pack watch`: in a terminal (Textual's own harness), as text and as a page. Each view follows a real run that goes on meanwhile."""

import asyncio
import json
import os
import pty
import re
import select
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from pack.base.paths import PLUGIN_ROOT
from pack.store.telling import quiet

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")


@pytest.fixture
def run(session, monkeypatch):
    session.setup("MEDIUM")
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert session.edit("coder-1", "src/old.py", "x") is not None
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", session.env["CLAUDE_PLUGIN_DATA"])
    return session


def rows(app, name):
    table = app.query_one("#" + name)
    return [" | ".join(re.sub(r"\[/?[a-z_ ]*\]", "", str(c)) for c in table.get_row_at(i)) for i in range(table.row_count)]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
def test_the_screen_shows_the_run_and_follows_it(run, size):
    textual = pytest.importorskip("textual", reason="needs the extra `watch`")
    from pack.cli.verbs import explain
    from pack.report.watch_app import Watch

    assert textual

    async def go():
        app = Watch(run.project, None, explain)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            head = str(app.query_one("#head").render())
            assert "EXECUTION, MEDIUM" in head and "0/2 tasks" in head and "1 refused" in head
            tasks = rows(app, "tasks")
            assert (
                tasks[0].startswith("#1 | IN_PROGRESS | Add greeting | coder-1 | -")
                and tasks[1].startswith("#2 | PENDING")
                and "task #1" in tasks[1]
            )
            assert any("coder-1" in row and "task #1" in row for row in rows(app, "agents"))
            assert len(rows(app, "log")) == sum(not quiet(e) for e in run.events())
            assert run.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
            app.look()
            await pilot.pause()
            assert rows(app, "tasks")[0].startswith("#1 | IN_REVIEW | Add greeting | coder-1 | logic-reviewer, tech-lead")
            await pilot.press("r")
            await pilot.pause()
            assert len(rows(app, "log")) == 1 and "NOT_IN_TASK" in rows(app, "log")[0]
            await pilot.press("r")
            await pilot.pause()
            assert len(rows(app, "log")) == sum(not quiet(e) for e in run.events()), "all again"
            await pilot.press("slash", *"who:coder-1")
            await pilot.pause()
            assert rows(app, "log") and all("coder-1" in row for row in rows(app, "log"))
            await pilot.press("escape", "enter")
            await pilot.pause()
            from textual.widgets import Static

            text = str(app.screen.query_one(Static).render())
            assert "task #1 «Add greeting»" in text and "still missing: logic-reviewer, tech-lead" in text and "diff against" in text
            await pilot.press("escape", "question_mark")
            await pilot.pause()
            assert "only refusals" in str(app.screen.query_one(Static).render())
            await pilot.press("escape", "p")
            await pilot.pause()
            text = str(app.screen.query_one(Static).render())
            assert "… every task is done" in text and "0 of 2" in text and "Cost: not known" in text

    asyncio.run(go())


def test_what_is_cut_is_the_end_and_a_wider_window_shows_it_again(run):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from pack.report.watch_app import Watch

    async def go():
        app = Watch(run.project)
        async with app.run_test(size=(60, 20)) as pilot:
            await pilot.pause()
            heights = {name: app.query_one("#" + name).size.height for name in ("agents", "tasks", "log")}
            assert min(heights.values()) >= 2 and heights["log"] >= heights["agents"], heights
            assert not any(app.query_one("#" + name).show_horizontal_scrollbar for name in heights)
            await pilot.resize_terminal(120, 40)
            await pilot.pause()
            assert app.query_one("#agents").region.y == app.query_one("#tasks").region.y, "side by side"
            assert "state kept by supervisor (epoch 1)" in str(app.query_one("#head").render())

    asyncio.run(go())


def test_of_very_many_tasks_those_that_need_somebody_are_shown_and_the_others_counted(run):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from pack.report.watch_app import TASK_ROWS, Watch

    async def go():
        app = Watch(run.project)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            tasks = app.follower.state["tasks"]
            for n in range(3, 10001):
                tasks[str(n)] = dict(tasks["2"], state="DONE" if n < 9000 else "PENDING")
            tasks["9999"]["state"] = "REVIEW_LOOP"
            app.fill_tasks()
            shown, table = rows(app, "tasks"), app.query_one("#tasks")
            assert [row.split(" | ")[0] for row in shown[:3]] == ["#9999", "#1", "#2"] and len(shown) == TASK_ROWS
            assert str(table.border_title) == "tasks · %d of 10000" % TASK_ROWS

    asyncio.run(go())


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (120, 40), (200, 60)])
def test_what_a_task_is_about_can_be_seen_in_every_window(session, monkeypatch, size):
    """Whom it waits for had pushed its subject out of the window."""
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from hooks.driver import PLAN, plan
    from pack.report.watch_app import Watch

    listed = [
        dict(PLAN["tasks"][0], subject="Parse the configuration file, and say where each of its many values came from"),
        PLAN["tasks"][1],
    ]
    session.setup("COMPLEX", raw=plan("COMPLEX", tasks=listed))
    session.say("coder-1", "supervisor", "CLAIM: task #1")
    session.edit("coder-1", "src/a.py", "A = 1\n")
    session.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", session.env["CLAUDE_PLUGIN_DATA"])

    async def go():
        app = Watch(session.project)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            table = app.query_one("#tasks")
            drawn = [strip.text for strip in app.screen._compositor.render_strips()]
            assert any("Parse the c" in line and "IN_REVIEW" in line for line in drawn), "\n".join(drawn)
            subject, waits = (list(table.columns.values())[i] for i in (2, 4))
            assert str(waits.label) == "waits for" and subject.get_render_width(table) <= table.size.width // 2

    asyncio.run(go())


def test_waves_and_gates_have_columns_of_their_own(session, monkeypatch):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from hooks.test_seeds import waves
    from pack.report.watch_app import Watch

    waves(session)
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", session.env["CLAUDE_PLUGIN_DATA"])

    async def go():
        app = Watch(session.project)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            table = app.query_one("#tasks")
            assert [str(c.label) for c in table.columns.values()] == ["wave", "state", "for", "roles", "what"]
            shown = [[cell.strip() for cell in row.split("|")] for row in rows(app, "tasks")]
            assert [(r[0], r[1], r[3]) for r in shown] == [
                ("wave 0", "OVER", "boss"),
                ("wave 1", "OVER", "✓ planner"),
                ("gate", "PASS", "planner"),
                ("wave 2", "OPEN", "▶ maker"),
            ]
            assert all(r[2] and r[4] for r in shown), "no empty cell: how long, and what"
            assert shown[3][4].startswith("Make: maker is still at work")
            table.focus()
            await pilot.press("down", "down", "down", "enter")
            await pilot.pause()
            assert "roles: ▶ maker" in app.screen.text and "still at work" in app.screen.text

    asyncio.run(go())


def test_n_goes_to_the_next_run_whose_table_is_its_own(session, monkeypatch):
    """A run of tasks that is over, then one of waves: `n` shows each in turn, each with its own columns and log."""
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from hooks.test_seeds import waves
    from pack.report.watch_app import Watch

    session.setup("SIMPLE")
    assert session.edit("coder-1", "src/a.py", "A = 1\n") is None
    session.abort()
    waves(session)
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", session.env["CLAUDE_PLUGIN_DATA"])

    async def go():
        app = Watch(session.project)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            first = [str(c.label) for c in app.query_one("#tasks").columns.values()]
            assert first == ["wave", "state", "for", "roles", "what"], "the live run comes first"
            await pilot.press("n")
            await pilot.pause()
            assert [str(c.label) for c in app.query_one("#tasks").columns.values()] == ["task", "state", "subject", "owner", "waits for"]
            assert rows(app, "tasks")[0].startswith("#1 | ") and "CLOSED" in str(app.query_one("#head").render())
            assert any("src/a.py" in row for row in rows(app, "log"))
            await pilot.press("n")
            await pilot.pause()
            assert [str(c.label) for c in app.query_one("#tasks").columns.values()] == first and rows(app, "tasks")[0].startswith("wave 0")

    asyncio.run(go())


def test_a_task_and_the_log_are_chosen_with_the_mouse(run):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from pack.cli.verbs import explain
    from pack.report.watch_app import Watch

    async def go():
        app = Watch(run.project, None, explain)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            await pilot.click("#tasks", offset=(6, 3))  # the border, the head, then the rows
            await pilot.pause()
            assert app.focused is app.query_one("#tasks") and app.query_one("#tasks").cursor_row == 1
            await pilot.click("#tasks", offset=(6, 3))
            await pilot.pause()
            from textual.widgets import Static

            assert "task #2" in str(app.screen.query_one(Static).render()), "a second click opens it"
            await pilot.press("escape")
            await pilot.click("#log", offset=(6, 2))
            await pilot.pause()
            assert app.focused is app.query_one("#log")

    asyncio.run(go())


def test_whom_a_task_waits_for_is_counted_where_they_are_many():
    from pack.store import history

    tasks = {str(n): {"state": "PENDING", "blocked_by": []} for n in range(1, 200)}
    tasks["200"] = {"state": "PENDING", "blocked_by": list(range(1, 200))}
    assert history.waits({"tasks": tasks}, 200) == "task #1, #2, #3 and 196 more"
    tasks["200"]["blocked_by"] = [1, 2, 3, 4]
    assert history.waits({"tasks": tasks}, 200) == "task #1, #2, #3, #4"


def test_without_a_terminal_it_is_text_that_goes_on(run):
    process = subprocess.Popen([PACK, "watch"], cwd=run.project, env={**os.environ, **run.env}, stdout=subprocess.PIPE, text=True)
    try:
        assert "TEAM STATUS" in process.stdout.readline()
        run.send("UserPromptSubmit", prompt="team abort enough")
        for row in process.stdout:
            if "RUN_ABORTED" in row:
                break
        else:
            pytest.fail("the event never came")
    finally:
        process.kill()
        process.communicate()


def test_a_project_without_a_run_is_told_how_to_begin_one(tmp_path):
    done = subprocess.run([PACK, "watch", "--plain", "--project", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1 and "/build plan.md" in done.stderr and "Traceback" not in done.stderr


def test_in_a_real_terminal_it_draws_and_q_ends_it(run):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    import sys

    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(run.project)
        env = {**os.environ, **run.env, "TERM": "xterm-256color", "PACK_PYTHON": sys.executable, "COLUMNS": "100", "LINES": "30"}
        os.execve(PACK, [PACK, "watch"], env)
    seen, deadline, pressed = b"", time.time() + 90, False
    try:
        while time.time() < deadline:
            if select.select([fd], [], [], 0.5)[0]:
                try:
                    chunk = os.read(fd, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                seen += chunk
            if b"IN_PROGRESS" in seen and not pressed:
                pressed = bool(os.write(fd, b"q"))
        assert pressed, seen[-500:]
        assert os.waitpid(pid, 0)[1] == 0
        assert seen.index(b"TEAM STATUS") < seen.index(b"waits for"), "the tree, until the view is loaded"
    finally:
        os.close(fd)


@pytest.fixture
def web(run):
    process = subprocess.Popen([PACK, "watch", "--web"], cwd=run.project, env={**os.environ, **run.env}, stdout=subprocess.PIPE, text=True)
    address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline()).group(0)
    yield run, address
    process.terminate()
    process.communicate(timeout=20)


def get(address, **headers):
    """(status, text, headers) of an address."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8"), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8"), error.headers


def test_the_page_is_for_who_has_the_address_and_for_looking_only(web):
    _run, address = web
    base, token = address.split("/?token=")
    code, text, headers = get(address)
    assert code == 200 and "MEDIUM" in text and 'data-live="1"' in text
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store"
    assert get(base + "/")[0] == get(base + "/?token=x")[0] == get(base + "/data?token=")[0] == 403
    assert get(base + "/data?token=%C3%A4")[0] == 403
    assert get(address, Host="evil.example:80")[0] == 403, "another name for this machine (DNS rebinding)"
    assert get(base + "/nothing?token=" + token)[0] == 404
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(address, data=b"x", method=method), timeout=20)
        with refused.value:
            assert refused.value.code == 501


def test_news_come_by_themselves(web):
    run, address = web
    base, token = address.split("/?token=")
    before = json.loads(get(base + "/data?token=" + token)[1])
    assert before["data"]["tasks"][0]["spans"][-1][0] == "IN_PROGRESS"
    with urllib.request.urlopen(base + "/events?token=" + token, timeout=60) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        first = int(stream.readline().decode().partition("data: ")[2])
        assert first == len(run.events()) and stream.readline() == b"\n"
        assert run.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
        assert int(stream.readline().decode().partition("data: ")[2]) > first
    after = json.loads(get(base + "/data?token=" + token)[1])
    assert after["data"]["tasks"][0]["spans"][-1][0] == "IN_REVIEW" and "IN_REVIEW" in after["task-table"]
    assert "every task is done" in after["proof-table"] and after["spent"].startswith("Cost: not known")


def test_a_journal_that_is_cut_or_replaced_is_read_anew_and_half_a_line_waits(run):
    from pack.store.follow import Follower

    follower = Follower(run.project)
    assert follower.look() == len(run.events()) and follower.look() == 0
    path = follower.run.store.journal
    with open(path, "rb") as f:
        whole = f.read()
    lines = whole.split(b"\n")
    with open(path, "wb") as f:
        f.write(b"\n".join(lines[:5]) + b"\n" + lines[5][:40])
    assert follower.look() == 5 and len(follower.records) == 5
    with open(path, "wb") as f:
        f.write(whole)
    follower.look()
    assert [r["seq"] for r in follower.records] == [r["seq"] for r in run.events()]


def test_without_colours_trouble_is_bold_and_nothing_is_a_dark_grey(run, monkeypatch):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from pack.report.watch_app import Watch

    def cells():
        async def go():
            app = Watch(run.project, None, None)
            async with app.run_test(size=(80, 24)) as pilot:
                await pilot.pause()
                table = app.query_one("#log")
                return [str(c) for i in range(table.row_count) for c in table.get_row_at(i) if "REFUSED" in str(c)]

        return asyncio.run(go())

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert cells() == ["[red]REFUSED[/red]"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert cells() == ["[b]REFUSED[/b]"]


def test_a_row_of_the_log_is_read_whole(run):
    pytest.importorskip("textual", reason="needs the extra `watch`")
    from textual.widgets import Static

    from pack.report.watch_app import Watch

    async def go():
        app = Watch(run.project, None, None)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("r", "tab", "enter")
            await pilot.pause()
            text = str(app.screen.query_one(Static).render())
            assert "NOT_IN_TASK" in text and "Seen: " in text and "[red]" not in text

    asyncio.run(go())


def test_the_run_that_the_benchmark_looks_at_can_be_made(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(os.path.join(PLUGIN_ROOT, "bench"))
    import watch

    run = watch.large(str(tmp_path), tasks=3, events=0, finished=1)
    state = run.state()
    assert state["mode"] == "COMPLEX" and [task["state"] for task in state["tasks"].values()] == ["DONE", "IN_PROGRESS", "PENDING"]
