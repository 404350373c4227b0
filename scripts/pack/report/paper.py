"""The PDF report. `invariant=1`: the same data gives the same bytes."""

import functools
import itertools
import os

from reportlab.graphics.charts.barcharts import HorizontalBarChart
from reportlab.graphics.shapes import Drawing, Line
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from pack.report.data import faults, left_out, matrix, ms

COLOURS = {
    "PASS": "#2E7D32",
    "FAIL": "#C62828",
    "FORGED": "#6A1B9A",
    "INVALID": "#EF6C00",
    "STALE": "#8D6E63",
    "MISSING": "#607D8B",
}
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=7.5, leading=9.5)
FOOT = ParagraphStyle("foot", fontName="Helvetica", fontSize=7, leading=9, textColor=colors.HexColor("#5A6775"))
HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=7.5, leading=9.5, textColor=colors.white)
H1 = ParagraphStyle("h1", fontName="Helvetica-Bold", fontSize=17, leading=21, spaceAfter=2 * mm)
H2 = ParagraphStyle("h2", fontName="Helvetica-Bold", fontSize=12, leading=15, spaceBefore=5 * mm, spaceAfter=2 * mm)
LEAD = ParagraphStyle(
    "lead",
    fontName="Helvetica-Bold",
    fontSize=10.5,
    leading=14,
    textColor=colors.HexColor("#3B6EA5"),
    spaceAfter=3 * mm,
)
WIDTH = 180 * mm


FONTS = (  # of the machine, for what the PDF's own fonts do not have; only TrueType can be embedded
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)


@functools.lru_cache(maxsize=None)
def _wide(path):
    """(its name, the code points that it has) of a font of the machine; nothing where it is not there or of another kind."""
    try:
        font = TTFont(os.path.basename(path), path)
    except (OSError, TTFError):
        return None, frozenset()
    pdfmetrics.registerFont(font)
    return font.fontName, frozenset(font.face.charToGlyph)


def _font(letter):
    """The font of a letter: None is the text's own, "" is none at all."""
    try:
        letter.encode("cp1252")
        return None
    except UnicodeEncodeError:
        return next((name for name, has in map(_wide, FONTS) if ord(letter) in has), "")


def _safe(text):
    """Text as markup; letters that the text's font does not have come from another, or as their code, never as a black box."""
    found = []
    for name, letters in itertools.groupby("".join(c if c.isprintable() else " " for c in str(text)), _font):
        run = "".join(letters) if name != "" else "".join("U+%04X" % ord(c) for c in letters)
        run = run.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        found.append('<font name="%s">%s</font>' % (name, run) if name else run)
    return "".join(found)


def _cell(value, style=CELL):
    if value in COLOURS:
        return Paragraph('<font color="%s"><b>%s</b></font>' % (COLOURS[value], value), style)
    return Paragraph(_safe(value), style)


def _table(head, rows, widths):
    table = Table(
        [[_cell(h, HEAD) for h in head]] + [[_cell(c) for c in row] for row in rows],
        [w * mm for w in widths],
        repeatRows=1,
    )
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#1F2933")),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.HexColor("#F2F4F7"), colors.white]),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _bars(rows):
    """P99 as % of budget; the line is 100 %."""
    height = 8 * mm * len(rows) + 14 * mm
    drawing, chart = Drawing(WIDTH, height), HorizontalBarChart()
    chart.x, chart.y, chart.width, chart.height = 55 * mm, 9 * mm, WIDTH - 75 * mm, height - 12 * mm
    values = [v for _, v in reversed(rows)]
    chart.data, chart.categoryAxis.categoryNames = [values], [n for n, _ in reversed(rows)]
    chart.valueAxis.valueMin, chart.valueAxis.valueMax = 0, max(110, max(values) * 1.15)
    chart.valueAxis.labels.fontSize = chart.categoryAxis.labels.fontSize = 7.5
    chart.valueAxis.labelTextFormat = "%d %%"
    chart.bars[0].fillColor, chart.bars[0].strokeColor = colors.HexColor("#3B6EA5"), None
    for index, value in enumerate(values):
        chart.bars[(0, index)].fillColor = colors.HexColor("#C62828" if value > 100 else "#EF6C00" if value > 80 else "#3B6EA5")
    chart.barLabels.fontSize, chart.barLabelFormat, chart.barLabels.boxAnchor, chart.barLabels.dx = 7.5, "%.1f", "w", 3
    drawing.add(chart)
    at = chart.x + chart.width * 100.0 / chart.valueAxis.valueMax
    drawing.add(
        Line(
            at,
            chart.y,
            at,
            chart.y + chart.height,
            strokeColor=colors.HexColor("#C62828"),
            strokeWidth=0.8,
            strokeDashArray=[3, 2],
        )
    )
    return drawing


class Part:
    """A titled table; `empty` stands there without rows, `before` are drawings above it. `widths` in mm."""

    def __init__(self, title, head, rows, widths, empty, before=()):
        self.title, self.head, self.rows, self.widths, self.empty, self.before = title, head, rows, widths, empty, before

    def story(self):
        """Title and table; what is short is kept on one page."""
        body = _table(self.head, self.rows, self.widths) if self.rows else Paragraph(self.empty, BODY)
        flow = [Paragraph(self.title, H2)] + list(self.before) + [body]
        return [KeepTogether(flow)] if len(self.rows) <= 12 else flow


def _left_out(data, *measures):
    """A line above what is drawn of runs, where some of them say nothing."""
    told = left_out(data, *measures)
    return [Paragraph(told + ".", BODY)] if told else []


def _verdicts(data):
    """What the gates say."""
    yield Part(
        "Gates",
        ["gate", "verdict", "reasons"],
        [[g["title"] + (" (hard stop)" if g["hard_stop"] else ""), g["verdict"], "; ".join(g["reasons"][:2])] for g in data["gates"]],
        [46, 20, 114],
        "",
    )


def _latency(data):
    """Percentiles, their trend, and what throughput costs."""
    judged = sorted((r for r in data["latency"] if r["percent"] is not None), key=lambda r: -r["percent"])
    bars = (
        [
            _bars([("%s %s" % (r["path"], r["claim"].upper().replace("P999", "P99.9")), r["percent"]) for r in judged[:12]]),
            Paragraph("95 % upper bound as % of the budget; the broken line is the budget.", BODY),
            Spacer(1, 2 * mm),
        ]
        if judged
        else []
    )
    yield Part(
        "Latency",
        [
            "path",
            "protocol",
            "P50",
            "P95",
            "P99",
            "P99.9",
            "max",
            "bound",
            "budget",
            "samples",
            "probe late",
            "verdict",
        ],
        [
            [
                r["path"],
                r["protocol"],
                ms(r["p50_ms"]),
                ms(r["p95_ms"]),
                ms(r["p99_ms"]),
                ms(r["p999_ms"]),
                ms(r["max_ms"]),
                "none" if r["bound_ms"] is None else ms(r["bound_ms"]),
                "%s %g" % (r["claim"].upper().replace("P999", "P99.9"), r["budget_ms"]),
                r["samples"],
                ms(r["lateness_ms"]),
                r["verdict"],
            ]
            for r in data["latency"]
        ],
        [24, 19, 12, 12, 12, 13, 13, 13, 20, 15, 13, 15],
        "No latency evidence that can be judged.",
        bars,
    )
    yield Part(
        "Latency by component",
        ["component", "paths", "P50", "P95", "P99", "P99.9", "of it the probe's own"],
        [
            [c["component"], ", ".join(c["paths"])] + [ms(c[k]) for k in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "lateness_ms")]
            for c in data["components"]
        ],
        [58, 38, 15, 15, 15, 15, 24],
        "No latency evidence that can be judged.",
        [Paragraph("The worst path of each, ms.", BODY)],
    )
    yield Part(
        "P99 of every run",
        ["path", "P99 ms, oldest run first", "slowest message of each run, ms"],
        [[path] + [", ".join(ms(p[k]) for p in points[-20:]) for k in (1, 2)] for path, points in sorted(data["trend"].items())],
        [40, 70, 70],
        "No latency evidence.",
        _left_out(data, "latency"),
    )
    yield Part(
        "Throughput against latency",
        ["path", "msgs/s kept", "P99 ms", "measured as"],
        [
            [path, "%.1f" % rate, ms(p99), measure]
            for path, points in sorted(data["tradeoff"].items())
            for rate, p99, measure in sorted(points)
        ],
        [70, 40, 40, 30],
        "No latency or throughput evidence.",
        _left_out(data, "latency", "throughput"),
    )


def _delivery(data):
    """What was lost, doubled or out of order."""
    yield Part(
        "Delivery audit",
        [
            "path",
            "kind",
            "guarantee",
            "sent",
            "acked",
            "lost",
            "dup.",
            "phan.",
            "indet.",
            "faults",
            "loss <",
            "verdict",
        ],
        [
            [
                r["path"],
                r["kind"],
                r["guarantee"],
                r["sent"],
                r["acked"],
                r["lost"],
                r["duplicates"],
                r["phantom"],
                r["indeterminate"],
                faults(r["faults"]),
                "%.2g" % r["bound"] if r["bound"] else "-",
                r["verdict"],
            ]
            for r in data["delivery"]
        ],
        [17, 34, 21, 10, 12, 9, 9, 12, 12, 15, 13, 16],
        "No delivery evidence that can be judged.",
    )
    yield Part(
        "Ordering",
        ["path", "received", "out of order", "verdict"],
        [[r["path"], r["received"], r["reordered"], r["verdict"]] for r in data["ordering"]],
        [80, 30, 40, 30],
        "No ordering evidence that can be judged.",
    )


def _capacity(data):
    """Throughput, lag, streams, density and failover."""
    yield Part(
        "Throughput",
        ["path", "measure", "value", "limit", "unit", "verdict"],
        [[r["path"], r["measure"], r["value"], "%g" % r["limit"], r["unit"], r["verdict"]] for r in data["throughput"]],
        [50, 30, 25, 25, 30, 20],
        "No throughput evidence that can be judged.",
    )
    yield Part(
        "Consumer lag",
        ["path (audit)", "messages behind in the worst moment of each run, oldest first (should fall to 0)"],
        [[path, ", ".join(str(p[1]) for p in points[-20:])] for path, points in sorted(data["lag"].items())],
        [90, 90],
        "Nothing that a consumer handles was measured yet.",
        _left_out(data, "throughput", "delivery"),
    )
    yield Part(
        "Stream processing",
        ["path", "windows", "wrong", "late events", "events/s", "needed", "verdict"],
        [[r["path"], r["windows"], r["wrong"], r["late"], r["rate"], "%g" % r["needed"], r["verdict"]] for r in data["stream"]],
        [50, 22, 22, 26, 22, 18, 20],
        "No stream evidence that can be judged.",
    )
    yield Part(
        "Density",
        ["path", "connections", "needed", "CPU %", "verdict"],
        [[r["path"], r["connections"], "%g" % r["needed"], r["cpu_percent"], r["verdict"]] for r in data["density"]],
        [70, 30, 30, 25, 25],
        "No density evidence that can be judged.",
    )
    yield Part(
        "Failover",
        ["path", "measure", "seconds", "limit", "verdict"],
        [[r["path"], r["measure"], "%.3f" % r["value_s"], "%g" % r["limit_s"], r["verdict"]] for r in data["failover"]],
        [70, 40, 25, 20, 25],
        "No failover evidence that can be judged.",
    )


def _whole(data, definition):
    """The infrastructure, the matrix of tests, waivers and what is open."""
    often = {(p["section"], t["test"]): t.get("frequency", "-") for p in definition.get("testing_matrix", []) for t in p["tests"]}
    yield Part(
        "Infrastructure measured",
        ["address", "server", "paths", "last measured", "from", "worst verdict"],
        [[i["address"], i["server"], ", ".join(i["paths"]), i["at"], i["host"], i["verdict"]] for i in data["infrastructure"]],
        [44, 33, 31, 37, 16, 19],
        "Nothing was measured yet.",
    )
    yield Part(
        "Activity",
        ["when", "what", "of"],
        data["activity"],
        [40, 70, 70],
        "Nothing was measured and no card has moved.",
    )
    yield Part(
        "Testing matrix",
        ["section", "test", "frequency", "threshold", "evidence", "note"],
        [[section, test, often[section, test], *rest] for section, test, *rest in matrix(definition, data)],
        [14, 40, 30, 40, 18, 38],
        "The team has no testing matrix.",
    )
    if data["waivers"]:
        yield Part(
            "Waived",
            ["threshold", "usual", "here", "reason"],
            [[n, "%g" % definition["thresholds"][n]["value"], "%g" % w["value"], w["reason"]] for n, w in sorted(data["waivers"].items())],
            [45, 20, 20, 95],
            "",
        )
    yield Part(
        "Open",
        ["verdict", "what", "path", "why"],
        [[o["verdict"], o["what"], o["path"], o["why"]] for o in data["open"]],
        [18, 48, 28, 86],
        "Nothing is open.",
    )


def write(data, path, definition):
    """Draw the document."""
    story = [
        Paragraph(_safe("%s: %s" % (data["title"], data["project"])), H1),
        Paragraph(
            _safe(
                "%s, commit %s%s, evidence ledger of %d records"
                % (data["at"], data["commit"] or "none", " (dirty)" if data["dirty"] else "", data["ledger"]["records"])
            ),
            BODY,
        ),
        Spacer(1, 2 * mm),
        Paragraph(_safe(data["headline"]) + ".", LEAD),
    ]
    for parts in (_verdicts(data), _latency(data), _delivery(data), _capacity(data), _whole(data, definition)):
        for part in parts:
            story += part.story()

    def footer(canvas, document):
        canvas.setFont("Helvetica", 7)
        canvas.setFillColor(colors.HexColor("#5A6775"))
        left = Paragraph(_safe("%s, %s" % (data["project"][:80], data["at"])), FOOT)
        left.wrapOn(canvas, WIDTH - 20 * mm, 10 * mm)
        left.drawOn(canvas, 15 * mm, 8.2 * mm)
        canvas.drawRightString(A4[0] - 15 * mm, 9 * mm, "page %d" % document.page)

    document = SimpleDocTemplate(
        path,
        pagesize=A4,
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=14 * mm,
        bottomMargin=16 * mm,
        title="%s: %s" % (data["title"], data["project"]),
        author="pack report",
        invariant=1,
    )
    document.build(story, onFirstPage=footer, onLaterPages=footer)
