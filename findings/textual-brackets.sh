#!/bin/sh
# Textual 8.2.8: which text in square brackets a widget takes for markup and drops differs from widget to widget. Static, Button and
# OptionList use Textual's own markup, DataTable and Tree still use Rich's, RichLog and Log none:
#   "[ERROR] late":      Static, Button, OptionList show " late"; DataTable, Tree, RichLog, Log show it whole
#   "[team:coder] late": Static, Button, OptionList, RichLog, Log show it whole; DataTable, Tree show " late"
#   "[x=1] late":        only RichLog and Log show it whole; "[2026-11-29] late", "[1] late": all do
# No error, no warning. A good guess was one rule for all. Escape for the widget, or hand it a Text/Content.
# Installs textual into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" textual==8.2.8 2>/dev/null
PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, sys
from textual.app import App
from textual.widgets import Button, DataTable, Log, OptionList, RichLog, Static, Tree

def table(text):
    widget = DataTable(show_header=False)
    widget.add_column("c")
    widget.add_row(text)
    return widget

MAKE = {"Static": Static, "Button": Button, "OptionList": OptionList, "Tree": Tree, "DataTable": table,
        "RichLog": lambda text: RichLog(), "Log": lambda text: Log()}

async def shown(kind, text):
    class Page(App):
        def compose(self):
            yield MAKE[kind](text)
    page = Page()
    async with page.run_test(size=(60, 8)) as pilot:
        widget = page.screen.children[0]
        if kind in ("RichLog", "Log"):
            widget.write(text)
        await pilot.pause()
        rows = ["".join(part.text for part in widget.render_line(y)) for y in range(widget.size.height)]
        return text in " ".join(rows), "late" in " ".join(rows)

async def main():
    seen = {}
    for text in ("[ERROR] late", "[team:coder] late", "[x=1] late", "[2026-11-29] late", "[1] late"):
        both = {kind: await shown(kind, text) for kind in MAKE}
        assert all(late for _, late in both.values()), both
        seen[text] = [kind for kind, (whole, _) in both.items() if not whole]
        print(text, "is cut by", seen[text])
    return seen

own, rich = ["Static", "Button", "OptionList"], ["Tree", "DataTable"]
wanted = {"[ERROR] late": own, "[team:coder] late": rich, "[x=1] late": ["Static", "Button", "OptionList", "Tree", "DataTable"],
          "[2026-11-29] late": [], "[1] late": []}
sys.exit(0 if asyncio.run(main()) == wanted else "changed")
'
