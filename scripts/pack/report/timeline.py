"""The HTML timeline of a run: one lane an agent, one mark an event, refusals in red, the whole log below. One file, no script
from elsewhere, made from the journal alone."""

import html
import time

from pack.protocol import tables, view
from pack.store.render import stats, summary, tree

WIDTH, LANE, LEFT = 1200, 26, 170
QUIET = ("MAIL", "LEAD_WOKE", "LEAD_STOPPED", "AGENT_ACTIVE", "AGENT_IDLE", "TICK", "WAVES_SEEN", "SHUTDOWN_ID")
COLORS = {
    "APPROVED": "#2e7d32",
    "DONE": "#1b5e20",
    "CHANGES_REQUESTED": "#ef6c00",
    "CLAIM": "#1565c0",
    "FILE_WRITTEN": "#90a4ae",
    "COMMITTED": "#6a1b9a",
    "VERIFIED": "#00838f",
    "PLAN_REGISTERED": "#1565c0",
    "TEAM_DELETED": "#000000",
}
STYLE = """body{font:14px/1.4 system-ui,sans-serif;margin:24px;color:#222;max-width:1240px}h1{font-size:20px}pre{background:#f6f6f4;padding:12px;overflow:auto}
table{border-collapse:collapse;width:100%}td,th{padding:3px 8px;text-align:left;border-bottom:1px solid #e5e5e0;vertical-align:top;font-size:13px}
tr.refused td{background:#fdecea}svg{background:#fcfcfa;border:1px solid #e5e5e0}.dim{color:#888}"""


def _who(record):
    return record["actor"]["name"] or "gate"


def _quiet(record):
    """Whether a record is left out: it says who was awake, and nothing else."""
    return record["event"] in QUIET and not record["data"].get("report")


def _words(record):
    data = record["data"]
    if record["event"] in tables.TROUBLE:
        return "%s: %s Seen: %s Next: %s" % (data["code"], data["what"] + ".", data["seen"] + ".", data["next"])
    if record["event"] == "PLAN_REGISTERED":
        return "%d tasks" % len(data["tasks"])
    keep = [
        (k, v)
        for k, v in sorted(data.items())
        if k not in ("definition", "unmet", "facts", "tasks", "approved") and v not in (None, "", [], {})
    ]
    return ", ".join("%s %s" % (k, v if k == "report" else str(v)[:120]) for k, v in keep)


def svg(records):
    """The lanes as an SVG picture; a mark's tooltip says what it is."""
    shown = [r for r in records if not _quiet(r)]
    lanes = []
    for r in shown:
        if _who(r) not in lanes:
            lanes.append(_who(r))
    start, end = records[0]["ts"], max(records[-1]["ts"], records[0]["ts"] + 1)
    place = lambda ts: LEFT + (ts - start) / (end - start) * (WIDTH - LEFT - 20)
    out = ['<svg viewBox="0 0 %d %d" width="100%%" role="img" aria-label="timeline">' % (WIDTH, LANE * len(lanes) + 30)]
    for n, name in enumerate(lanes):
        y = n * LANE + 18
        out.append(
            '<text x="8" y="%d" font-size="12">%s</text><line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#e0e0dc"/>'
            % (y + 4, html.escape(name), LEFT, WIDTH - 10, y, y)
        )
    for r in shown:
        y = lanes.index(_who(r)) * LANE + 18
        bad = r["event"] in tables.TROUBLE
        mark = (
            '<path d="M%.1f %d l5 9 l-10 0 z" fill="#c62828">' % (place(r["ts"]), y - 5)
            if bad
            else '<circle cx="%.1f" cy="%d" r="4" fill="%s">' % (place(r["ts"]), y, COLORS.get(r["event"], "#607d8b"))
        )
        out.append(
            "%s<title>%s</title></%s>"
            % (mark, html.escape("#%d %s %s: %s" % (r["seq"], _who(r), r["event"], _words(r))), "path" if bad else "circle")
        )
    minutes = (end - start) / 60
    out.append(
        '<text x="%d" y="%d" font-size="11" fill="#888">%s, %.1f minutes</text></svg>'
        % (LEFT, LANE * len(lanes) + 24, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start)), minutes)
    )
    return "".join(out)


def page(state, records, enforcement, spent=""):
    """The whole page as text. records: the journal, not empty; spent: what the run cost, as text."""
    counts = stats(records)
    rows = []
    for r in records:
        if _quiet(r):
            continue
        rows.append(
            '<tr class="%s"><td class="dim">%d</td><td class="dim">%s</td><td>%d</td><td>%s</td><td>%s</td><td>%s</td></tr>'
            % (
                "refused" if r["event"] in tables.TROUBLE else "",
                r["seq"],
                time.strftime("%H:%M:%S", time.localtime(r["ts"])),
                r["epoch"],
                html.escape(_who(r)),
                html.escape(r["event"]),
                html.escape(_words(r)),
            )
        )
    approvals = []
    for number, t in view.tasks(state):
        q = view.quorum(state, t) if state["mode"] else None
        approvals.append(
            "<tr><td>#%d</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>"
            % (
                number,
                html.escape(t["subject"]),
                t["state"],
                html.escape(t["owner"] or "-"),
                t["revision"] or "-",
                html.escape(view.quorum_text(q)) if q else "-",
            )
        )
    return """<!doctype html><html lang="en"><meta charset="utf-8"><title>%s</title><style>%s</style><h1>%s</h1>
<p>%d events, %d refused calls.</p>%s<h2>Now</h2><pre>%s</pre><h2>Tasks</h2><table><tr><th>task<th>subject<th>state<th>owner<th>revision<th>approvals</tr>%s</table>
<h2>Summary</h2><pre>%s</pre><h2>Cost</h2><pre>%s</pre><h2>Log</h2><table><tr><th>seq<th>time<th>epoch<th>who<th>event<th></tr>%s</table></html>
""" % (
        html.escape(state["team"]["name"]),
        STYLE,
        html.escape(state["team"]["name"]),
        len(records),
        counts["refused"],
        svg(records),
        html.escape(tree(state, enforcement)),
        "".join(approvals),
        html.escape(summary(state, counts)),
        html.escape(spent),
        "".join(rows),
    )


def main(argv):
    """`pack report html [--out FILE] [--team NAME]`. Exit 1 when there is no run or its journal is damaged."""
    import argparse
    import os
    import sys

    from pack.base import enforcement
    from pack.gate import entry
    from pack.report import cost
    from pack.protocol.refusal import Refusal
    from pack.store.journal import Damaged
    from pack.store.open_for_reading import Run

    parser = argparse.ArgumentParser(
        prog="pack report html",
        description="The HTML timeline of a run, from its journal.",
        epilog="example: pack report html --out run.html",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", default=None, help="file to write (default: timeline.html in the team's folder)")
    parser.add_argument("--project", default=None)
    parser.add_argument("--team", default=None)
    given = parser.parse_args(argv)
    try:
        run = Run(given.project, given.team)
        state, records = run.look()
    except (Refusal, Damaged) as error:
        print(error.text() if isinstance(error, Refusal) else entry.trouble(error, None)[2], file=sys.stderr)
        return 1
    target = given.out or os.path.join(run.store.folder, "timeline.html")
    with open(target, "w", encoding="utf-8") as f:
        f.write(page(state, records, enforcement.recorded(state)["level"], cost.text(cost.safely(state, records, os.environ))))
    print("wrote %s" % target)
    return 0
