"""The board: KANBAN.md is the source. A card is a line for people with its data in a comment behind it.

A card moves one column forward at a time, and only if it has what the column needs; back it may go anywhere. Metrics are
computed from the cards' histories and from the evidence, never typed in.
"""

import json
import math
import os
import re
import time

from pack.base import whole_file
from pack.realtime import derive, evidence, gates, grid
from pack.teams.layout import artifact_problem, by_id, unmet

TITLE = "# Kanban"
PREFACE = "Moved with `pack kanban move`; what a column needs is checked there."
METRICS = "## Metrics"
WAY = "`pack kanban`"
FIELDS = ("priority", "estimate", "owner", "artifact", "path", "milestone", "infrastructure", "tested", "issue")
HOW = {
    "label": "`pack kanban set %s --label kafka`",
    "priority": "`pack kanban set %s --priority high`",
    "estimate": "`pack kanban set %s --estimate 3`",
    "infrastructure": "`pack kanban set %s --infrastructure 'redis on staging'`",
    "owner": "`pack kanban set %s --owner message-broker-engineer`",
    "artifact": "`pack kanban set %s --artifact message-broker/TOPIC_DESIGN.md` once it is written",
    "integration": "`pack kanban set %s --tested 'full stack at COMMIT'`",
    "budget": "`pack rt latency`, then `pack gate check --gate p99_latency`",
    "gates": "`pack gate check`",
    "evidence": "`pack rt all`",
}


METRIC_OF = {  # as a definition names it -> as the board shows it
    "cycle time": "Cycle time (In Progress to Done)",
    "delivery guarantee first-pass rate": "Delivery tests passed at the first attempt",
    "latency budget compliance": "Message paths within their latency budget",
    "consumer lag trend": "Consumer lag, worst second of each run (should fall to 0)",
}
METRIC_NAMES = tuple(METRIC_OF.values())


class KanbanError(ValueError):
    """A move or a card that the board refuses; the message names the way out."""


class Board:
    """The board of a team folder."""

    def __init__(self, team_dir, definition):
        rules = definition.get("kanban")
        if not rules:
            raise KanbanError("team %s has no board" % definition["team"])
        self.team_dir, self.definition, self.rules = os.path.abspath(team_dir), definition, rules
        self.path = os.path.join(self.team_dir, rules["file"])
        self.columns = [c["name"] for c in rules["columns"]]
        self.cards = []
        self._read()

    def _ours(self, line):
        return (
            line.strip() in (TITLE, PREFACE, METRICS)
            or (line.startswith("## ") and line[3:].strip() in self.columns)
            or bool(re.match(r"Entry: .*\. Exit: .*\.$", line.strip()))
            or line.startswith(tuple("- %s: " % name for name in METRIC_NAMES))
        )

    def _read(self):
        try:
            self.grid = grid.Grid(self.path, "card", self._ours, WAY)
            for number, column, card in self.grid.checked(self._problem, self._line):
                if column != card["history"][-1][0]:
                    raise KanbanError(
                        "%s:%d: card %s stands in %s, but its history says %s: put it back; move cards with `pack kanban move`, not by hand"
                        % (self.path, number, card["id"], column, card["history"][-1][0])
                    )
                self.cards.append(card)
        except grid.GridError as error:
            raise KanbanError(str(error))

    def _problem(self, card):
        """What is wrong with a card's data, or None."""
        if not re.match(r"K\d+$", str(card.get("id"))):
            return "the card has no id such as K1"
        if not isinstance(card.get("title"), str) or not isinstance(card.get("labels"), list):
            return "card %s has no title or no labels" % card["id"]
        history = card.get("history")
        if not isinstance(history, list) or not history:
            return "card %s has no history" % card["id"]
        for step in history:
            if not isinstance(step, list) or len(step) != 2 or step[0] not in self.columns or not _number(step[1]):
                return "card %s has a history that is none" % card["id"]
        wrong = [f for f in FIELDS if not isinstance(card.get(f, ""), (int, float) if f in ("estimate", "issue") and card.get(f) else str)]
        return "card %s: its %s cannot be read" % (card["id"], wrong[0]) if wrong else None

    def _line(self, card):
        shown = ["**%s**" % card["id"], card["title"]] + ["`%s`" % x for x in card["labels"]]
        return grid.line(shown + ["%s: %s" % (f, card[f]) for f in FIELDS if card.get(f) not in (None, "")], "card", card)

    def text(self, now):
        """KANBAN.md."""
        lines = [TITLE, "", PREFACE, ""]
        for column in self.rules["columns"]:
            lines += ["## " + column["name"], "", "Entry: %s. Exit: %s." % (column["entry"], column["exit"]), ""]
            lines += [self._line(card) for card in self.cards if card["history"][-1][0] == column["name"]] + [""]
        lines += [METRICS, ""] + ["- %s: %s" % pair for pair in shown_metrics(self.metrics(now), self.rules.get("metrics"))]
        return "\n".join(lines + self.grid.tail()) + "\n"

    def save(self, now):
        """Write the board."""
        whole_file.put(self.path, self.text(now))

    def card(self, ident):
        """A card by its id."""
        for card in self.cards:
            if card["id"] == ident:
                return card
        raise KanbanError("no card %s; the board has: %s" % (ident, ", ".join(c["id"] for c in self.cards) or "none"))

    def add(self, title, labels, path, now):
        """A new card in the first column; `path` is its message path, or None."""
        self._labels(labels)
        if path:
            self._path(path)
        if not title.split():
            raise KanbanError("a card needs a title")
        taken = [int(c["id"][1:]) for c in self.cards]
        card = {
            "id": "K%d" % (max(taken, default=0) + 1),
            "title": grid.plain(title),
            "labels": sorted(set(labels)),
            "history": [],
            **({"path": grid.plain(path)} if path else {}),
        }
        self.cards.append(card)
        missing = self.missing(card, self.rules["columns"][0], now)
        if missing:
            self.cards.pop()
            raise KanbanError("%s needs a label: %s" % (self.columns[0], ", ".join(self.rules.get("labels", []))))
        card["history"].append([self.columns[0], now])
        return card

    def _labels(self, labels):
        known = self.rules.get("labels", [])
        for label in labels:
            if known and label not in known:
                raise KanbanError("unknown label %r; known: %s" % (label, ", ".join(known)))

    def set(self, ident, labels=(), **fields):
        """Change fields of a card."""
        card = self.card(ident)
        self._labels(labels)
        given = {k: grid.plain(v) if isinstance(v, str) else v for k, v in fields.items() if v is not None}
        if "estimate" in given and not 0 < given["estimate"] < math.inf:
            raise KanbanError("an estimate is a number above 0, found %g" % given["estimate"])
        if given.get("issue", 1) < 1:
            raise KanbanError("an issue has a number above 0, found %d" % given["issue"])
        if given.get("path"):
            self._path(given["path"])
        card["labels"] = sorted(set(card["labels"]) | set(labels))
        card.update(given)
        return card

    def _path(self, path):
        """A message path that rt.yaml does not have would never let the card into its last column."""
        paths = gates.Look(self.team_dir, self.definition, time.time()).paths
        if paths and path not in paths:
            raise KanbanError("no path %r in rt.yaml; it has: %s" % (path, ", ".join(paths)))

    def missing(self, card, column, now):
        """What the card lacks for the column: [(need, why)]."""
        found, look = [], None
        for need in column.get("needs", []):
            why = None
            if need == "label":
                why = None if card["labels"] else "it has no label"
            elif need in ("priority", "estimate", "infrastructure", "owner"):
                why = None if card.get(need) not in (None, "") else "it has no %s" % need
            elif need == "artifact":
                why = artifact_problem(self.team_dir, card["artifact"]) if card.get("artifact") else "no artifact is named"
            elif need == "integration":
                why = None if card.get("tested") else "nobody said with what it was tested"
            else:
                look = look or gates.evaluate(self.team_dir, self.definition, now)
                why = getattr(self, "_" + need)(card, look)
            if why:
                found.append((need, why))
        return found

    def _rows(self, card, result, latency_only):
        return [
            r
            for g in result["gates"]
            for r in g["evidence"]
            if r.get("path")
            and r.get("kind")
            and "out_of_scope" not in r
            and (r["class"] == "latency" or not latency_only)
            and (not card.get("path") or r["path"] == card["path"])
            and g["id"] != "deployment_approved"
        ]

    def _budget(self, card, result):
        rows = self._rows(card, result, True)
        bad = [r for r in rows if r["verdict"] != "PASS"]
        if not rows:
            return "no latency evidence%s" % (" of path %s" % card["path"] if card.get("path") else "")
        return "%s on %s is %s" % (bad[0]["kind"], bad[0]["path"], bad[0]["verdict"]) if bad else None

    def _gates(self, card, result):
        bad = [g for g, rule in zip(result["gates"], self.definition["gates"]) if g["verdict"] != "PASS" and not rule.get("needs")]
        return "gate %s is %s" % (bad[0]["id"], bad[0]["verdict"]) if bad else None

    def _evidence(self, card, result):
        return None if any(r["verdict"] == "PASS" for r in self._rows(card, result, False)) else "no evidence of it is filed"

    def move(self, ident, target, now):
        """Move a card; KanbanError says what is missing and how to get it."""
        card = self.card(ident)
        if target not in self.columns:
            raise KanbanError("no column %r; the board has: %s" % (target, ", ".join(self.columns)))
        at, to = self.columns.index(card["history"][-1][0]), self.columns.index(target)
        if at == to:
            raise KanbanError("%s is in %s already" % (ident, target))
        if to > at + 1:
            raise KanbanError("%s is in %s; the next column is %s, none is skipped" % (ident, self.columns[at], self.columns[at + 1]))
        if to > at:
            missing = self.missing(card, self.rules["columns"][to], now)
            if missing:
                card.setdefault("refused", []).append([target, now, missing[0][1]])
                raise KanbanError(
                    "%s cannot enter %s (%s): %s"
                    % (
                        ident,
                        target,
                        self.rules["columns"][to]["entry"],
                        "; ".join("%s, try %s" % (why, HOW[need] % ident if "%s" in HOW[need] else HOW[need]) for need, why in missing),
                    )
                )
        card["history"].append([target, now])
        return card

    def metrics(self, now):
        """Cycle time, first-pass rate, budget compliance, lag trend: None where there is nothing to compute from."""
        done, times = self.columns[-1], []
        start = "In Progress" if "In Progress" in self.columns else self.columns[1]
        for card in self.cards:
            began = next((t for c, t in card["history"] if c == start), None)
            if card["history"][-1][0] == done and began is not None:
                times.append(card["history"][-1][1] - began)
        look = gates.Look(self.team_dir, self.definition, now)
        first, passed, judged, good, lag = 0, 0, 0, 0, {}
        for kind in look.kinds.values():
            by_path = {}
            for envelope in look.files[kind["kind"]][0]:
                entry = envelope["entries"][0]
                if entry["message_path"] in look.paths and look.authentic(kind, envelope) is None and not envelope["run"]["partial"]:
                    by_path.setdefault(entry["message_path"], []).append(envelope)
            for path, envelopes in by_path.items():
                if kind["class"] == "delivery":
                    first += 1
                    passed += look.judged(kind, envelopes[0], look.paths[path]).verdict == "PASS"
                if kind["measure"] == "latency":
                    judged += 1
                    good += look.row(kind, path)["verdict"] == "PASS"
                if kind["measure"] in ("throughput", "delivery"):
                    named = path if kind["measure"] == "throughput" else "%s (%s)" % (path, kind["kind"])
                    lag[named] = [derive.lag(e["entries"][0]) for e in envelopes]
        return {
            "cycle_time_s": sum(times) / len(times) if times else None,
            "longest_s": max(times, default=None),
            "done": len(times),
            "first_pass": (passed, first),
            "budget": (good, judged),
            "lag": lag,
        }


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _span(seconds):
    return "%d h %02d min" % (seconds // 3600, seconds % 3600 // 60)


def shown_metrics(m, chosen=None):
    """[(name, text)] of the metrics. chosen: those that the team's board has, as its definition names them; all where it names none."""
    lag = "; ".join(
        "%s %s (%s)" % (p, " -> ".join(map(str, v)), "steady" if v[-1] == v[0] else "falling" if v[-1] < v[0] else "RISING")
        for p, v in sorted(m["lag"].items())
    )
    texts = (
        "nothing done yet"
        if m["cycle_time_s"] is None
        else "average %s, longest %s, of %d" % (_span(m["cycle_time_s"]), _span(m["longest_s"]), m["done"]),
        "none made yet" if not m["first_pass"][1] else _share(*m["first_pass"]),
        "none measured yet" if not m["budget"][1] else _share(*m["budget"]),
        lag or "none measured yet",
    )
    return [(METRIC_OF[name], text) for name, text in zip(METRIC_OF, texts) if not chosen or name in chosen]


def _share(part, whole):
    return "%d of %d (%.0f %%)" % (part, whole, 100.0 * part / whole)


# GitHub ----------------------------------------------------------------------------------------------------------------


def github(board, milestones=(), repo="{owner}/{repo}", now=None):
    """The `gh` argument lists that bring GitHub up to the board: labels, milestones, issues. now: when figures are judged."""
    found, look = [], gates.Look(board.team_dir, board.definition, time.time() if now is None else now)
    for label in board.rules.get("labels", []):
        found.append(["gh", "label", "create", label, "--description", "real-time: %s" % label, "--color", "3B6EA5", "--force"])
    for column in board.rules["columns"]:
        if column.get("label"):
            found.append(
                [
                    "gh",
                    "label",
                    "create",
                    column["label"],
                    "--description",
                    "board: %s" % column["name"],
                    "--color",
                    "607D8B",
                    "--force",
                ]
            )
    for title in milestones:
        found.append(["gh", "api", "repos/%s/milestones" % repo, "--method", "POST", "-f", "title=%s" % title])
    labels = {c["name"]: c.get("label") for c in board.rules["columns"]}
    for card in board.cards:
        column = card["history"][-1][0]
        if card.get("issue") and card.get("told") == card["history"][-1]:
            continue  # GitHub was told of this move already: no second comment
        if not card.get("issue"):
            argv = ["gh", "issue", "create", "--title", "%s: %s" % (card["id"], card["title"]), "--body", body_of(card, board, look)]
            argv += ["--milestone", card["milestone"]] if card.get("milestone") else []
            for label in card["labels"] + [x for x in [labels[column]] if x]:
                argv += ["--label", label]
            found.append(argv)
            continue
        argv = ["gh", "issue", "edit", str(card["issue"])] + (["--add-label", labels[column]] if labels[column] else [])
        for label in sorted({labels[c] for c, _ in card["history"] if labels.get(c) and c != column}):
            argv += ["--remove-label", label]
        found.append(argv)
        found.append(
            [
                "gh",
                "issue",
                "comment",
                str(card["issue"]),
                "--body",
                "%s: %s since %s%s" % (card["id"], column, evidence.iso(card["history"][-1][1]), figures(card, look)),
            ]
        )
        if column == board.columns[-1]:
            found.append(["gh", "issue", "close", str(card["issue"]), "--reason", "completed"])
    return found


def open_milestones(titles, repo="{owner}/{repo}"):
    """The `gh` argument list that prints the numbers of the open milestones with these titles, one a line."""
    wanted = "IN(%s)" % ", ".join(json.dumps(t) for t in titles)
    return ["gh", "api", "repos/%s/milestones?state=open" % repo, "--paginate", "--jq", ".[] | select(.title | %s) | .number" % wanted]


def close_milestone(number, repo="{owner}/{repo}"):
    """The `gh` argument list that closes a milestone."""
    return ["gh", "api", "repos/%s/milestones/%s" % (repo, number), "--method", "PATCH", "-f", "state=closed"]


def body_of(card, board, look):
    """The text of a card's issue: its fields, and by what it is done: each column's criteria, and what its path promises."""
    lines = ["Card %s." % card["id"]] + ["%s: %s" % (f, card[f]) for f in FIELDS if card.get(f)] + ["", "Criteria:", ""]
    lines += ["- [ ] %s: %s; then %s" % (c["name"], c["entry"], c["exit"]) for c in board.rules["columns"]]
    path = look.paths.get(card.get("path"))
    if path:
        promised = ", ".join("%s %g ms" % (k.upper().replace("P999", "P99.9"), v) for k, v in sorted(path["budget_ms"].items()))
        lines.append("- [ ] path %s: %s; %s; ordering %s" % (path["id"], promised, path["guarantee"], path.get("ordering", "none")))
    return "\n".join(lines)


def figures(card, look):
    """`; orders: at_least_once_ack_log PASS, kafka_e2e_latency PASS P99=7.100 ms, ...`: what was measured on a card's path; "" for a card without one."""
    if card.get("path") not in look.paths:
        return ""
    out = []
    for kind in look.kinds.values():
        if not any(e["entries"][0]["message_path"] == card["path"] for e in look.files[kind["kind"]][0]):
            continue
        row = look.row(kind, card["path"])
        facts = row.get("facts") or {}
        text = "%s %s" % (kind["kind"], row["verdict"])
        if "percentiles" in facts:
            text += " P99=%.3f ms" % facts["percentiles"]["p99_ms"]
        elif "acked" in facts and kind["measure"] == "delivery":
            text += " %d of %d lost, %d duplicates" % (facts["lost"], facts["acked"], facts["duplicates"])
        elif row.get("value") is not None:
            text += " %s" % row["value"] + (" msgs/s" if kind["measure"] == "throughput" else "")
        out.append(text)
    return "; %s: %s" % (card["path"], ", ".join(out) or "nothing measured yet")


def milestones(team_dir):
    """The headings of MILESTONES.md, as milestone titles."""
    return [title for title, _wave in planned(team_dir)]


def planned(team_dir):
    """[(title, wave or None)]: the headings of MILESTONES.md, each with the wave that a line `Wave: 2` below it says it ends with."""
    path, out = os.path.join(team_dir, "MILESTONES.md"), []
    if not os.path.isfile(path):
        return []
    with open(path, encoding="utf-8") as handle:
        for text in handle:
            if text.startswith("## "):
                out.append((text.lstrip("# ").strip(), None))
            found = re.match(r"[-* ]*wave:\s*([\w.]+)", text, re.I)
            if found and out:
                out[-1] = (out[-1][0], found.group(1))
    return out


def reached(board, now):
    """Milestones whose wave is over: its roles' artifacts are there and what its end asks holds."""
    known = by_id(board.definition, "waves")
    named = [(title, wave) for title, wave in planned(board.team_dir) if wave in known]
    if not named:
        return []
    roles = by_id(board.definition, "roles")
    verdicts = {g["id"]: g["verdict"] for g in gates.evaluate(board.team_dir, board.definition, now)["gates"]}
    over = {
        wave
        for _title, wave in named
        if not unmet(board.definition, board.team_dir, wave, "exit", verdicts)
        and not any(
            artifact_problem(board.team_dir, a)
            for r in known[wave]["roles"]
            for a in roles[r].get("artifacts", [])
            if r != board.definition.get("lead")
        )
    }
    return [title for title, wave in named if wave in over]


def finished(team_dir, definition, role, now):
    """A role ended its turn: its cards in progress whose artifact is there go to the next column. The ids of those that moved."""
    board, moved = Board(team_dir, definition), []
    with grid.alone(board.path):
        board = Board(team_dir, definition)
        for card in board.cards:
            at = board.columns.index(card["history"][-1][0])
            needs = board.rules["columns"][at + 1].get("needs", []) if at + 1 < len(board.columns) else []
            if card.get("owner") == role and needs == ["artifact"] and not board.missing(card, board.rules["columns"][at + 1], now):
                board.move(card["id"], board.columns[at + 1], now)
                moved.append(card["id"])
        if moved:
            board.save(now)
    return moved


def now():
    """The time, for the command line."""
    return time.time()
