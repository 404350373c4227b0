"""The page of a run: lanes of agents and tasks on an axis of time, who approved what, the closing proof, the log. One file, no
network, made from the journal alone. Tables are plain HTML; the lanes and the log are drawn by timeline.js from data in the page."""

import html
import os
import time

from pack.base import codec, needed
from pack.base.streams import shown
from pack.protocol import advice, tables, view
from pack.store import history, proof
from pack.store.render import phase_words, stats, summary
from pack.store.telling import quiet
from pack.store.telling import told as told_of

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"refusal": "Refused", "escalation": "Escalated", "handoff": "Hand-off", "drift": "Drift", "commit": "Commit"}
ESCALATIONS = ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "IMPOSSIBLE_WAIT", "ESCALATE_TO_MEDIUM", "OWNER_LOST", "AGENT_LOST")
DRIFT = ("DRIFTED", "HEAD_MOVED", "COMMIT_DIVERGES", "STATE_DIVERGENCE", "CONTENT_DRIFTED", "OUTSIDE_CHANGE")
HANDOFFS = ("STATE_OWNERSHIP_HANDOFF", "STATE_OWNERSHIP_ACK", "SPLIT_BRAIN_DETECTED")
LOG_MOST = 20000  # a page of more is megabytes that a browser reads before it shows anything; `pack log` has every event
ROWS_MOST = 1000  # of a table
STEPS_MOST = 6  # next steps at the top of the page
SHORT = 16  # characters of a cell that stays on one line: a name, a duration
STATE_COLOURS = {
    "PENDING": "pending",
    "IN_PROGRESS": "work",
    "IN_REVIEW": "review",
    "CHANGES_REQUESTED": "changes",
    "APPROVED": "approved",
    "DONE": "done",
    "CANCELLED": "cancelled",
}


def _who(record):
    return record["actor"]["name"] or "gate"


def _kind(record):
    event = record["event"]
    if event in tables.TROUBLE:
        return "refusal"
    for kind, events in (("escalation", ESCALATIONS), ("drift", DRIFT), ("handoff", HANDOFFS)):
        if event in events:
            return kind
    return "commit" if event == "COMMITTED" else None


def _task(record):
    task = record["data"].get("task")
    return int(task) if isinstance(task, (int, str)) and str(task).isdigit() else 0


def _newest(log):
    """The rows of the log that the page holds: the newest, and every refusal before them."""
    return [row for row in log[:-LOG_MOST] if row[6]] + log[-LOG_MOST:]


def _zone(told):
    """Seconds east of UTC where the page is made, when the run began: every time on the page is of this zone, wherever it is read."""
    return time.localtime(told.start).tm_gmtoff


def _dated(told):
    """Whether the run's times need their day, too."""
    return time.gmtime(told.start + _zone(told))[:3] != time.gmtime(told.end + _zone(told))[:3]


def _clock(ts, told):
    return time.strftime("%m-%d %H:%M:%S" if _dated(told) else "%H:%M:%S", time.gmtime(ts + _zone(told)))


def _lanes(state, told):
    """The lanes below the agents: tasks, or the waves and gates of a team of waves (those have no number)."""
    start, till = told.start, lambda ts: told.end if ts is None else ts
    lane = lambda n, subject, spans: {  # noqa: E731
        "n": n,
        "subject": shown(subject),
        "spans": [[s, round(a - start, 1), round(till(b) - start, 1), *rest] for s, a, b, *rest in spans],
    }
    if state["waves"] is not None:
        return [lane(0, name, spans) for name, spans in told.waves.items()]
    listed = [(n, spans) for n, spans in sorted(told.tasks.items()) if str(n) in state["tasks"]]
    return [lane(n, state["tasks"][str(n)]["subject"], [[s, a, b, owner or ""] for s, a, b, owner in spans]) for n, spans in listed]


def data_of(state, records, told):
    """What timeline.js draws: times in seconds after the first record."""
    start = told.start
    at = lambda ts: round(ts - start, 1)
    till = lambda ts: told.end if ts is None else ts
    marks, agents = {}, []
    log = []
    for r in records:
        if quiet(r):
            continue
        bad = int(r["event"] in tables.TROUBLE)
        log.append([r["seq"], at(r["ts"]), _who(r), r["event"], shown(told_of(r, seen=True, report=4000)), _task(r), bad])
        kind = _kind(r)
        if kind:
            marks.setdefault(_who(r), []).append([r["seq"], at(r["ts"]), kind])
    names = [n for n in marks if n not in told.agents] + list(told.agents)
    for name in sorted(names, key=lambda n: (n != tables.LEAD, told.agents[n][0][1] if n in told.agents else 0)):
        spans = told.agents.get(name, [])
        agents.append(
            {
                "name": name,
                "role": state["roster"][name]["role"] if name in state["roster"] else name,
                "busy": round(history.spent(spans, ("ACTIVE",), told.end)),
                "spans": [[s, at(a), at(till(b))] for s, a, b, _inc in spans],
                "marks": marks.get(name, []),
            }
        )
    return {
        "start": start,
        "zone": _zone(told),
        "dated": _dated(told),
        "length": at(told.end),
        "kinds": KINDS,
        "phases": [[p, at(a), at(till(b))] for p, a, b in told.phases if p],
        "agents": agents,
        "tasks": _lanes(state, told),
        "events": len(log),
        "log": _newest(log),
    }


def _cells(row):
    out = []
    for cell in row:
        kind = (
            ' class="n"' if isinstance(cell, (int, float)) else "" if len(str(cell)) <= SHORT or isinstance(cell, _Html) else ' class="w"'
        )
        out.append("<td%s>%s</td>" % (kind, cell if isinstance(cell, _Html) else html.escape(shown(str(cell)))))
    return "".join(out)


class _Html(str):
    """Text that is HTML already."""


def table(head, rows, none="", ids=None):
    """An HTML table in a box that scrolls by itself; none: the sentence where there is no row; `ids`: an id for each row."""
    if not rows:
        return '<p class="dim">%s</p>' % html.escape(none)
    body = "".join("<tr%s>%s</tr>" % (' id="%s"' % ids[i] if ids else "", _cells(r)) for i, r in enumerate(rows))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="%s"><table><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>'
        % (
            html.escape(", ".join(head)),
            "".join('<th scope="col">%s</th>' % html.escape(h) for h in head),
            body,
        )
    )


def _state(name):
    return _Html('<span class="state" style="--c:var(--%s)">%s</span>' % (STATE_COLOURS.get(name, "stuck"), html.escape(name)))


def _shown_tasks(state, told):
    """The tasks of the table: all, or where they are very many those that somebody worked on last, then those that are next."""
    every = view.tasks(state)
    last = {n: told.tasks[n][-1][1] if told.tasks.get(n) and task["state"] != "PENDING" else 0 for n, task in every}
    return sorted(sorted(every, key=lambda pair: (-last[pair[0]], pair[0]))[:ROWS_MOST], key=lambda pair: pair[0])


def _left_out(rows, total, what, where):
    """The sentence below a table that does not hold everything."""
    return '<p class="dim">%d of %d %s; %s.</p>' % (rows, total, what, where) if rows < total else ""


def _tasks(state, told):
    rows, ids = [], []
    for n, task in _shown_tasks(state, told):
        spans = told.tasks.get(n, [])
        quorum = view.quorum(state, task) if state["mode"] else None
        ids.append("task-%d" % n)
        rows.append(
            (
                "#%d" % n,
                task["subject"],
                _state(task["state"]),
                task["owner"] or "-",
                history.reviews(task),
                history.duration(history.spent(spans, ("IN_PROGRESS", "CHANGES_REQUESTED"), told.end)),
                history.duration(history.spent(spans, ("IN_REVIEW",), told.end)),
                history.waits(state, n) or "-",
                view.quorum_text(quorum) if quorum and task["state"] != "CANCELLED" else "-",
            )
        )
    none = "No task is registered yet." if state["waves"] is None else "A team of waves has no tasks: its waves and gates are below."
    head = ("Task", "Subject", "State", "Owner", "Rounds", "At work", "In review", "Waits for", "Approvals")
    more = _left_out(
        len(rows), len(state["tasks"]), "tasks: those at work last, then those that are next", "pack status --all lists every one"
    )
    return table(head, rows, none, ids) + more


def _verdicts(state, told):
    listed = {n for n, _task in _shown_tasks(state, told)}
    rows = [
        (
            _Html('<a href="#task-%d">#%d</a>' % (v["task"], v["task"])) if v["task"] in listed else "#%d" % v["task"],
            v["role"],
            v["name"],
            "approved" if v["verdict"] == "APPROVED" else "asked for changes",
            view.short(v["revision"]) if v["revision"] else "-",
            _clock(v["ts"], told),
            _Html('<a href="#e%d">%d</a>' % (v["seq"], v["seq"])),
        )
        for v in told.verdicts[-ROWS_MOST:]
    ]
    none = "No reviewer has judged a task." if state["waves"] is None else "In a team of waves gates judge: they are below."
    more = _left_out(len(rows), len(told.verdicts), "verdicts, the newest", "pack log --event APPROVED lists every one")
    return table(("Task", "Role", "Agent", "Verdict", "Revision", "At", "Event"), rows, none) + more


SIGNS = {proof.HOLDS: "yes", proof.FAILS: "no", proof.WAITS: "not yet"}


def _proof(state, counts):
    """The closing proof; signs are words, too: colour alone says nothing to many."""
    return table(
        ("Holds", "What the end rests on", "Seen"),
        [(SIGNS.get(sign, "note"), what, facts) for sign, what, facts in proof.rows(state, counts)],
        "Nothing yet.",
    )


def _numbers(state, told, counts, records):
    rows = proof.rows(state, counts)
    pairs = [
        ("Phase", phase_words(state)),
        ("Duration", history.duration(told.end - told.start)),
        ("Agents", "%d" % len(told.agents)),
    ]
    if state["waves"] is None:
        states = [task["state"] for _n, task in view.tasks(state)]
        cancelled = ", %d cancelled" % states.count("CANCELLED") if "CANCELLED" in states else ""
        approved = sum(v["verdict"] == "APPROVED" for v in told.verdicts)
        pairs[1:1] = [
            ("Mode", state["mode"] or "not classified"),
            ("Tasks done", "%d of %d%s" % (states.count("DONE"), len(states), cancelled)),
        ]
        pairs += [("Approvals", "%d" % approved), ("Changes asked for", "%d" % (len(told.verdicts) - approved))]
    else:
        for name, word in (("Waves over", "wave "), ("Gates passed", "gate ")):
            held = [sign == proof.HOLDS for sign, what, _facts in rows if what.startswith(word)]
            pairs.append((name, "%d of %d" % (sum(held), len(held))))
    pairs += [
        ("Refused calls", "%d" % counts["refused"]),
        ("Commits", "%d" % len(counts["commits"])),
        ("Events", "%d" % len(records)),
    ]
    return "".join("<div><dt>%s</dt><dd>%s</dd></div>" % (html.escape(a), html.escape(b)) for a, b in pairs)


def _now(state, gone):
    """Who is needed and what is next, while the run is open; "" afterwards. gone: nobody leads it, its client has ended."""
    if state["phase"] == "CLOSED":
        return ""
    you, who, todo = needed.of_the_user(state), needed.words(state), advice.steps(state)
    you = "the client that led this run is gone, and nobody is at work: type /team:resume in a new one" if gone else you
    head = "You are needed: " + you if you else "Nothing is asked of you%s." % ("; " + who if who else "")
    rows = "".join(
        "<li><b>%s</b> %s</li>" % (html.escape(shown(step["who"])), html.escape(shown(advice.for_people(step["text"]))))
        for step in todo[:STEPS_MOST]
    )
    more = "<li>and %d more</li>" % (len(todo) - STEPS_MOST) if len(todo) > STEPS_MOST else ""
    return '<h2 id="nows">Now</h2><p%s>%s</p>%s' % (
        ' class="needs"' if you else "",
        html.escape(shown(head)),
        '<ul class="next" aria-label="Next steps">%s%s</ul>' % (rows, more) if rows else "",
    )


LEGEND = (
    ("--active", "agent at work"),
    ("--idle", "agent idle"),
    ("--spawning", "agent starting"),
    ("--lost", "agent lost"),
    ("--pending", "task waits"),
    ("--work", "task at work"),
    ("--review", "task in review"),
    ("--changes", "changes asked for"),
    ("--approved", "task approved"),
    ("--stuck", "task stuck"),
)
LEGEND_WAVES = LEGEND[:4] + (
    ("--pending", "wave or gate waits"),
    ("--work", "wave open"),
    ("--approved", "gate passed"),
    ("--stuck", "gate failed"),
)
MARKS = (
    ("▲", "bad", "refused"),
    ("◆", "changes", "escalated or lost"),
    ("■", "accent", "hand-off"),
    ("✚", "review", "drift"),
    ("●", "good", "commit"),
)


def _asset(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read()


def parts(state, records, told, gone=False):
    """What changes of the page while a run goes on, by the id of its place; `data` is what timeline.js draws. gone: as `page` has it."""
    counts = stats(records)
    return {
        "data": data_of(state, records, told),
        "numbers": _numbers(state, told, counts, records),
        "now": _now(state, gone),
        "task-table": _tasks(state, told),
        "verdict-table": _verdicts(state, told),
        "proof-table": _proof(state, counts),
        "report": html.escape(shown(summary(state, counts))),
    }


def page(state, records, enforcement, told=None, live=False, spent="Cost: not looked for", gone=False):
    """The whole page as text. records: the journal, not empty; enforcement: the level that was measured; told: their History, when it is
    there already; spent: what the run cost; live: whether the page asks for news (web.py); gone: whether the run is open and nobody leads it."""
    told = history.of(records)[0] if told is None else told
    filled = parts(state, records, told, gone)
    waves = state["waves"] is not None
    lanes = LEGEND_WAVES if waves else LEGEND
    legend = "".join('<li><i style="background:var(%s)"></i>%s</li>' % pair for pair in lanes) + "".join(
        '<li><span style="color:var(--%s)">%s</span> %s</li>' % (c, shape, text) for shape, c, text in MARKS
    )
    return _PAGE.format(
        name=html.escape(state["team"]["name"]),
        css=_asset("timeline.css"),
        js=_asset("timeline.js"),
        when=time.strftime("%Y-%m-%d %H:%M:%S (UTC%z)", time.localtime(told.start)),
        kind="Waves and gates" if waves else "Tasks",
        enforcement=html.escape(enforcement),
        legend=legend,
        live=' data-live="1"' if live else "",
        numbers=filled["numbers"],
        now=filled["now"],
        tasks=filled["task-table"],
        verdicts=filled["verdict-table"],
        proof=filled["proof-table"],
        summary=filled["report"],
        spent=html.escape(spent),
        data=codec.dumps(filled["data"]).replace("<", "\\u003c"),
    )


_PAGE = """<!doctype html>
<html lang="en"{live}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{name}: run</title><style>{css}</style></head><body>
<header><h1>{name}</h1><p class="dim">Opened {when}. Enforcement: {enforcement}.<span id="live" role="status"></span></p></header>
<main>
<dl class="numbers" id="numbers">{numbers}</dl>
<section id="now">{now}</section>
<noscript><p>The lanes and the log need JavaScript; the tables below do not.</p></noscript>
<section data-js hidden aria-labelledby="lanes"><h2 id="lanes">Timeline</h2>
<div class="bar"><button id="left" aria-label="Earlier">◀</button><button id="right" aria-label="Later">▶</button><button id="in" aria-label="Zoom in">+</button>
<button id="out" aria-label="Zoom out">−</button><button id="all">Whole run</button>
<label>Phase <select id="phase"><option value="">all</option></select></label>
<button id="show-agents" aria-pressed="true">Agents</button><button id="show-tasks" aria-pressed="true">{kind}</button>
<span class="dim" id="window" role="status"></span></div>
<div id="chart" tabindex="0" role="application" aria-label="Timeline. Arrow keys move, plus and minus zoom, 0 shows the whole run."></div>
<ul class="legend" aria-label="Legend">{legend}</ul></section>
<section data-js hidden aria-labelledby="logs"><h2 id="logs">Log</h2>
<div class="bar"><label>Find <input id="find" type="search" placeholder="words, who:NAME, task:N, event:NAME" size="34"></label>
<label><input id="bad" type="checkbox"> only refusals</label><span class="dim" id="count" role="status"></span></div>
<div id="log" tabindex="0" role="group" aria-label="Events; arrow keys choose one"><div id="rows"></div></div>
<div id="event" role="status">Choose an event to read it whole.</div></section>
<section aria-labelledby="tasks"><h2 id="tasks">Tasks</h2><div id="task-table">{tasks}</div></section>
<section aria-labelledby="verdicts"><h2 id="verdicts">Who approved what</h2><div id="verdict-table">{verdicts}</div></section>
<section aria-labelledby="proof"><h2 id="proof">Closing proof</h2><div id="proof-table">{proof}</div></section>
<section aria-labelledby="summary"><h2 id="summary">Summary</h2><pre tabindex="0" id="report">{summary}</pre></section>
<section aria-labelledby="cost"><h2 id="cost">Cost</h2><pre tabindex="0" id="spent">{spent}</pre></section>
</main><div id="tip" hidden></div>
<script type="application/json" id="data">{data}</script><script>{js}</script></body></html>
"""


def main(argv):
    """`pack report html [--out FILE] [--team NAME]`. Exit 1 when there is no run or its journal is damaged."""
    import argparse
    import sys

    from pack.base import arguments, enforcement, whole_file
    from pack.gate import entry
    from pack.protocol.refusal import Refusal
    from pack.report import cost
    from pack.store.journal import Damaged
    from pack.store.open_for_reading import Run

    parser = arguments.Parser(
        prog="pack report html",
        description="The page of a run, from its journal.",
        epilog="example: pack report html --out run.html",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", default=None, help="file to write (default: timeline.html in the team's folder)")
    parser.add_argument("--project", default=None)
    parser.add_argument("--team", default=None)
    args = parser.parse_args(argv)
    told = history.History()
    try:
        run = Run(args.project, args.team)
        state, records = run.look(told)
    except (Refusal, Damaged) as error:
        print(error.text() if isinstance(error, Refusal) else entry.trouble(error, None)[2], file=sys.stderr)
        return 1
    target = args.out or os.path.join(run.store.folder, "timeline.html")
    spent = cost.text(cost.safely(state, records, os.environ))
    gone = bool(run.live) and not enforcement.led(state)
    whole_file.put(target, page(state, records, enforcement.recorded(state)["level"], told, spent=spent, gone=gone))
    print("wrote %s" % target)
    return 0
