"""The pictures of README and docs, made anew: the demo's run is played in the real client; its page, its live view and its recording come
from that run's journal. `how.svg` is drawn here.

docs/pictures: page.png (headless Chromium), watch.svg (Textual), run.cast (asciicast v2: `asciinema play docs/pictures/run.cast`), how.svg.
"""

import asyncio
import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "docs", "pictures")
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests", "client")]
BREAK = 1.5  # the longest silence that the recording keeps, seconds


class Recorder:
    """A stream that notes when what was written to it."""

    def __init__(self):
        self.rows, self.at, self.last = [], 0.0, time.monotonic()

    def write(self, text):
        now = time.monotonic()
        self.at, self.last = self.at + min(now - self.last, BREAK), now
        self.rows.append([round(self.at, 2), "o", text.replace("\n", "\r\n")])
        sys.stdout.write(text)

    def flush(self):
        sys.stdout.flush()

    def isatty(self):
        return True


def how():
    """One picture of how it works, as SVG that follows the reader's light or dark."""
    boxes = (  # x, y, width, title, line, line
        (10, 30, 150, "you", "/build plan.md", "/team:status"),
        (210, 30, 190, "lead and agents", "supervisor, tech lead,", "reviewers, coders"),
        (450, 30, 190, "the client's tools", "Agent, SendMessage,", "Edit, Bash, git commit"),
        (210, 170, 190, "hook: the gate", "before each call: who,", "what, in which state?"),
        (450, 170, 190, "protocol", "pure: state + event →", "next state or refusal"),
        (210, 310, 190, "journal", "append-only, chained,", "mirrored: nothing is lost"),
        (450, 310, 190, "pack", "status, watch, explain,", "report, verify, doctor"),
    )
    arrows = (
        (160, 65, 208, 65, ""),
        (400, 65, 448, 65, "call"),
        (400, 205, 448, 205, "asks"),
        (305, 240, 305, 308, "records"),
    )
    arrows += ((400, 345, 448, 345, "reads"),)
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 400" role="img" font-family="system-ui,sans-serif" font-size="13">',
        "<title>You type, agents call tools, a hook asks the protocol before each call, the journal keeps what was decided, pack shows it</title>",
        "<style>rect{fill:#f5f6f8;stroke:#5b6169}text{fill:#1c1e21}.l{fill:#4c525a}path{stroke:#0b57d0;fill:none;stroke-width:1.6}.h{fill:#0b57d0;stroke:none}.r,.rh{stroke:#b3261e}"
        ".rt,.rh{fill:#b3261e}.r{fill:none}.rh{stroke:none}@media(prefers-color-scheme:dark){rect{fill:#1e2126;stroke:#a2a9b3}text{fill:#e6e8eb}.l{fill:#b6bcc5}path{stroke:#8ab4f8}.h{fill:#8ab4f8}.r,.rh{stroke:#ff8a80}.rt,.rh{fill:#ff8a80}}</style>",
        '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path class="h" d="M0 0L8 4L0 8Z"/></marker>'
        '<marker id="b" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path class="rh" d="M0 0L8 4L0 8Z"/></marker></defs>',
    ]
    for x, y, width, title, one, two in boxes:
        out.append(
            '<rect x="%d" y="%d" width="%d" height="70" rx="8"/><text x="%d" y="%d" font-weight="600">%s</text>'
            % (x, y, width, x + 12, y + 22, html.escape(title))
        )
        out += ['<text class="l" x="%d" y="%d">%s</text>' % (x + 12, y + 42 + 17 * n, html.escape(t)) for n, t in enumerate((one, two))]
    for x1, y1, x2, y2, label in arrows:
        out.append(
            '<path marker-end="url(#a)" d="M%d %dL%d %d"/>' % (x1, y1, x2, y2)
            + (
                '<text class="l" x="%d" y="%d" font-size="11">%s</text>'
                % ((x1 + x2) // 2 - (21 if x1 != x2 else -6), (y1 + y2) // 2 - 5, label)
                if label
                else ""
            )
        )
    out.append(
        '<path marker-end="url(#a)" d="M545 100L545 150L305 150L305 168"/><text class="l" x="330" y="145" font-size="11">each call stops at the hook first</text>'
    )
    out.append(
        '<path class="r" marker-end="url(#b)" d="M210 220L170 220L170 120L240 120L240 102" stroke-dasharray="5 3"/><text class="rt" x="22" y="180" font-size="12">refused: why, and</text><text class="rt" x="22" y="196" font-size="12">the next legal step</text>'
    )
    return "\n".join(out + ["</svg>"]) + "\n"


def played():
    """Play the demo; answers (its kept folder, the recording). `pack watch` is pictured while the run is at work."""
    import play

    class Photographer(play.Narrator):
        taken = False

        def tree(self):
            super().tree()
            text = self.world.pack("status")[1] if self.world is not None and not self.taken else ""
            if "1/3 tasks" in text and "reviewing" in text:
                self.taken = True
                env = {k: v for k, v in self.world.home.env.items() if not k.startswith(("ANTHROPIC", "CLAUDE"))}
                subprocess.run([sys.executable, os.path.abspath(__file__), "--watch", str(self.world.project)], env=env, check=True)

    heard = Recorder()
    narrator = Photographer(heard)
    narrator.colour = True
    result = play.play(os.path.join(ROOT, "tests", "client", "scenarios", "demo.story"), narrate=narrator, keep=True)
    if result.failures or not narrator.taken:
        sys.exit("pictures: the demo failed: %s" % result)
    return str(result.kept), heard.rows


def main():
    """Write docs/pictures. Exit 2 where Chromium is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("pictures: needs chromium", file=sys.stderr)
        return 2
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "how.svg"), "w", encoding="utf-8") as f:
        f.write(how())
    kept, rows = played()
    project = os.path.join(kept, "project")
    try:
        with open(os.path.join(OUT, "run.cast"), "w", encoding="utf-8") as f:
            head = {"version": 2, "width": 150, "height": 40, "title": "a scripted /build in the real client"}
            f.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [head] + rows).replace(kept, "/tmp/demo"))
        page = os.path.join(tempfile.mkdtemp(), "run.html")
        env = dict(os.environ, CLAUDE_PROJECT_DIR=project, CLAUDE_CONFIG_DIR=os.path.join(kept, "home", ".claude"))
        subprocess.run([os.path.join(ROOT, "bin", "pack"), "report", "html", "--out", page], env=env, cwd=project, check=True)
        size = ["--window-size=1200,1250", "--hide-scrollbars", "--force-color-profile=srgb"]
        alone = ["--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + os.path.dirname(page)]
        shot = "--screenshot=" + os.path.join(OUT, "page.png")
        subprocess.run(
            [chromium, *alone, *size, shot, "file://" + page], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120
        )
    finally:
        shutil.rmtree(kept)
    print("wrote " + OUT)
    return 0


async def _watch(project):
    from pack.cli.verbs import explain
    from pack.report.watch_app import Watch

    app = Watch(project, None, explain)
    async with app.run_test(size=(110, 34)) as pilot:
        await pilot.pause()
        with open(os.path.join(OUT, "watch.svg"), "w", encoding="utf-8") as f:
            f.write(app.export_screenshot(title="pack watch"))


if __name__ == "__main__":
    sys.exit(asyncio.run(_watch(sys.argv[2])) if sys.argv[1:2] == ["--watch"] else main())
