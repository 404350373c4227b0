"""The page of a run in headless Chromium: axe-core, light and dark, 360 to 2,000 px, by keyboard alone, live."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from hooks.driver import plan
from report.test_past import PACK
from report.test_timeline import page_of, run  # noqa: F401 - a fixture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (scripts/dev/setup)")


@pytest.fixture
def browser():
    """Headless Chromium, driven by Playwright; what a page does wrong (console, errors) fails the test."""
    api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    with api.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def opened(browser, address, width, scheme="light"):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_default_timeout(30000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    page.goto(address)
    return page


def axe(page):
    """What axe-core finds: [(rule, how bad, where)]."""
    import axe_playwright_python
    from importlib.resources import files

    source = next(p for p in files(axe_playwright_python).iterdir() if p.name == "axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found["violations"]]


def test_the_page_is_for_everybody(run, browser, tmp_path):  # noqa: F811
    pytest.importorskip("axe_playwright_python", reason="needs the extra `browser`")
    page_of(run, tmp_path / "run.html")
    address = "file://%s" % (tmp_path / "run.html")
    shots = os.environ.get("PACK_SHOTS")
    for width in (360, 1200, 2000):
        for scheme in ("light", "dark"):
            page = opened(browser, address, width, scheme)
            assert axe(page) == [], (width, scheme)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, "%d px wide in a window of %d" % (wide, width)
            many_rows(page)
            if shots:
                page.screenshot(path=os.path.join(shots, "page-%d-%s.png" % (width, scheme)), full_page=True)
            assert page.problems == []
            page.close()
    by_keyboard(opened(browser, address, 1200), run)
    live(browser, run)


def many_rows(page):
    """The tables of a run of very many tasks scroll in themselves: the page stays a few screens high, and print shows every row."""
    height = page.evaluate(
        """() => { const body = document.querySelector('#task-table tbody') || document.querySelector('#task-table table');
            const row = [...body.querySelectorAll('tr')].pop(); for (let n = 0; n < 400; n++) body.append(row.cloneNode(true));
            return document.getElementById('task-table').getBoundingClientRect().height }"""
    )
    assert height <= 800
    page.emulate_media(media="print")
    assert page.evaluate("document.getElementById('task-table').getBoundingClientRect().height") > 2000
    page.emulate_media(media="screen")


def by_keyboard(page, run):  # noqa: F811
    """Everything that the mouse can do, without one."""
    focused = lambda: page.evaluate("document.activeElement.id || document.activeElement.dataset.agent || ''")  # noqa: E731
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused() in reached and focused():
            break
        reached.append(focused())
    assert [
        x
        for x in ("left", "right", "in", "out", "all", "phase", "show-agents", "show-tasks", "chart", "find", "bad", "log")
        if x not in reached
    ] == []
    assert "coder-1" in reached, "an agent's lane"
    page.focus("#chart")
    whole = page.inner_text("#window")
    page.keyboard.press("+")
    near = page.inner_text("#window")
    page.keyboard.press("ArrowRight")
    assert near != whole and page.inner_text("#window") != near
    page.keyboard.press("0")
    assert page.inner_text("#window") == whole
    page.focus("body")
    page.keyboard.press("/")
    assert focused() == "find"
    page.keyboard.type("event:refused")
    refused = [e for e in run.events() if e["event"] == "REFUSED"]
    assert page.inner_text("#count").startswith("%d of " % len(refused))
    page.focus("#log")
    page.keyboard.press("ArrowDown")
    assert "REFUSED" in page.inner_text("#event") and "#%d " % refused[0]["seq"] in page.inner_text("#event")
    assert page.problems == []
    page.close()


def live(browser, run):  # noqa: F811
    """`pack watch --web`: news come by themselves, and are for who looks with a keyboard or a reader, too."""
    from playwright.sync_api import expect

    env = {**os.environ, **run.env, "PACK_PYTHON": sys.executable}
    server = subprocess.Popen([PACK, "watch", "--web"], cwd=run.project, env=env, stdout=subprocess.PIPE, text=True)
    try:
        page = opened(browser, server.stdout.readline().split()[2], 1200, "dark")
        expect(page.locator("#live")).to_contain_text("Live")  # wait_for_function evaluates text, which the page's own policy forbids
        assert axe(page) == []
        before = page.inner_text("#count")
        run.edit("coder-1", "src/old.py", "x")
        expect(page.locator("#count")).not_to_have_text(before)
        shown = json.loads(page.evaluate("JSON.stringify(document.getElementById('proof-table').innerText)"))
        assert "every task is done" in shown and page.inner_text("#spent").startswith("Cost:") and page.problems == []
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


STRANGE = "\"'></script><img src=x onerror=window.ran=1><svg onload=window.ran=2> \x1b[2J\u202egpj.exe\u202c שלום " + "W" * 400


def test_words_of_others_run_nothing_and_break_nothing(session, browser, tmp_path):
    raw = plan("MEDIUM")
    raw["tasks"][0].update(subject=STRANGE, acceptance=[STRANGE])
    session.setup("MEDIUM", raw=raw)
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/\"><img src=x onerror=window.ran=3>.py", "x") is not None
    assert session.say("coder-1", "lead", "QUESTION: " + STRANGE) is None
    page_of(session, tmp_path / "run.html")
    for width in (360, 1280):
        page = opened(browser, "file://%s" % (tmp_path / "run.html"), width, "dark")
        for places in ("#chart [data-tip]", "#chart [data-agent]", "#rows .row"):  # each is drawn anew when one is chosen
            page.evaluate(
                """places => { for (let n = 0; n < document.querySelectorAll(places).length; n++)
                    for (const what of ['mouseover', 'mousemove', 'click'])
                        document.querySelectorAll(places)[n]?.dispatchEvent(new MouseEvent(what, {bubbles: true, clientX: 9, clientY: 9})) }""",
                places,
            )
        assert page.evaluate("window.ran") is None and page.query_selector_all("img, svg svg, main script") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width and page.problems == []
        assert "\\u001b[2J\\u202e" in page.inner_text("#task-1") and "שלום" in page.inner_text("#task-1")
        page.close()
