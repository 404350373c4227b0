"""The PPTX report: native charts, so that whoever opens the file (or a test) finds the numbers in it."""

import datetime

from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from pack.report.data import faults, left_out, ms

COLOURS = {
    "PASS": "2E7D32",
    "FAIL": "C62828",
    "FORGED": "6A1B9A",
    "INVALID": "EF6C00",
    "STALE": "8D6E63",
    "MISSING": "607D8B",
}
INK, PALE, LINE = RGBColor(0x1F, 0x29, 0x33), RGBColor(0xF2, 0xF4, 0xF7), RGBColor(0x3B, 0x6E, 0xA5)
ROWS = 14
# Of series that are no verdicts: no red and no green, which say "fails" and "passes" everywhere else here. Told apart by the colour-blind, too.
SERIES = ("0072B2", "E69F00", "56B4E9", "6A51A3", "8C6D31", "444444", "CC79A7", "9ECAE1")


def write(data, path, now):
    """Draw the presentation."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    moment = datetime.datetime.fromtimestamp(int(now), datetime.timezone.utc).replace(tzinfo=None)
    properties = deck.core_properties
    properties.title, properties.author, properties.created, properties.modified = (
        _short(_clean("%s: %s" % (data["title"], data["project"])), 250),  # the format's own limit is 255
        "pack report",
        moment,
        moment,
    )
    _first(deck, data)
    _budget(deck, data)
    _percentiles(deck, data)
    _curve(deck, data)
    _trend(deck, data)
    _delivery(deck, data)
    _throughput(deck, data)
    _tradeoff(deck, data)
    _failover(deck, data)
    _open(deck, data)
    deck.save(path)


def _slide(deck, title, under=""):
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    _text(slide, title, 0.6, 0.35, 12.1, 0.7, 28, True)
    if under:
        _text(slide, under, 0.6, 1.0, 12.1, 0.6, 14, False, RGBColor(0x5A, 0x67, 0x75))
    return slide


def _text(slide, text, x, y, w, h, size, bold=False, colour=INK):
    frame = slide.shapes.add_textbox(Inches(x), Inches(y), Inches(w), Inches(h)).text_frame
    frame.word_wrap = True
    run = frame.paragraphs[0].add_run()
    run.text, run.font.size, run.font.bold = text, Pt(size), bold
    run.font.color.rgb = colour
    return frame


def _fit(text, inches, size):
    """The text cut to what one line of a cell holds: a name in its middle, because its end tells it from others, a sentence at its end."""
    limit = max(4, int((inches - 0.2) * 72 / (size * 0.62)))
    if len(text) <= limit or " " in text:
        return _short(text, limit)
    return text[: limit // 2] + "…" + text[len(text) - (limit - limit // 2 - 1) :]


def _worst(series, most=8):
    """(the paths with the highest last value, in the order of their names; a remark where there are more)."""
    kept = sorted(sorted(series, key=lambda path: -max(p[1] for p in series[path]))[:most])
    return kept, "" if len(kept) == len(series) else "; the %d highest of %d paths" % (most, len(series))


def _left_out(data, *measures):
    """The remark on runs that say nothing, as the end of a sentence."""
    told = left_out(data, *measures)
    return told and "; " + told


def _table(slide, head, rows, widths, y=1.75, size=12, most=ROWS):
    """Draw a table; where its last line ends, in inches."""
    shown = rows[:most]
    table = slide.shapes.add_table(
        len(shown) + 1, len(head), Inches(0.6), Inches(y), Inches(sum(widths)), Inches(0.32 * (len(shown) + 1))
    ).table
    for index, width in enumerate(widths):
        table.columns[index].width = Inches(width)
    for line, cells in enumerate([head] + shown):
        table.rows[line].height = Inches(0.32)
        for column, value in enumerate(cells):
            cell = table.cell(line, column)
            cell.margin_top = cell.margin_bottom = Inches(0.02)
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            cell.fill.solid()
            cell.fill.fore_color.rgb = INK if line == 0 else (PALE if line % 2 else RGBColor(255, 255, 255))
            run = cell.text_frame.paragraphs[0].add_run()
            # An empty cell has a blank: without one its height is that of 18 points.
            run.text, run.font.size = (_fit(value, widths[column], size) or " ") if isinstance(value, str) else str(value), Pt(size)
            run.font.bold = line == 0 or value in COLOURS
            run.font.color.rgb = RGBColor(255, 255, 255) if line == 0 else RGBColor.from_string(COLOURS.get(value, "1F2933"))
    end = y + 0.32 * (len(shown) + 1)
    if len(rows) > most:
        _text(slide, "and %d more: all of them are in the PDF and in `pack gate check --json`" % (len(rows) - most), 0.6, end, 12, 0.4, 12)
    return end + 0.4


def _first(deck, data):
    slide = _slide(
        deck,
        _short(_clean("%s: %s" % (data["title"], data["project"])), 42),
        "%s, commit %s%s" % (data["at"], (data["commit"] or "none")[:12], " (dirty)" if data["dirty"] else ""),
    )
    # Three lines of it have their place above the table.
    _text(slide, _short(data["headline"], 300), 0.6, 1.45, 12.1, 0.9, 18 if len(data["headline"]) < 180 else 14, True, LINE)
    rows = [
        [
            g["title"] + ("  (hard stop)" if g["hard_stop"] else ""),
            g["verdict"],
            g["reasons"][0] if g["reasons"] else "",
        ]
        for g in data["gates"]
    ]
    _table(slide, ["gate", "verdict", "first reason"], rows, [3.6, 1.1, 7.4], 2.55, 11)


def _clean(text):
    """The text without what XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _short(text, limit):
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _axis(axis, title, size=12):
    axis.has_title = True
    axis.axis_title.text_frame.text = title
    axis.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(size)
    axis.axis_title.text_frame.paragraphs[0].runs[0].font.bold = False
    axis.tick_labels.font.size = Pt(size)


def _chart(slide, kind, chart_data, legend=False, y=1.7, height=5.4, x=0.6, width=12.1):
    chart = slide.shapes.add_chart(kind, Inches(x), Inches(y), Inches(width), Inches(height), chart_data).chart
    chart.has_title = False
    chart.has_legend = legend
    chart.font.size = Pt(12)
    if legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    lines = kind in (XL_CHART_TYPE.LINE_MARKERS, XL_CHART_TYPE.XY_SCATTER_LINES, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS)
    for n, series in enumerate(chart.plots[0].series):
        colour = RGBColor.from_string(SERIES[n % len(SERIES)])
        if lines:
            series.format.line.color.rgb = colour
            series.marker.format.fill.solid()
            series.marker.format.fill.fore_color.rgb = series.marker.format.line.color.rgb = colour
        else:
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = colour
    return chart


def _none(slide, text):
    _text(slide, text, 0.6, 3.2, 12.1, 0.6, 18, False, RGBColor(0x60, 0x7D, 0x8B))


def _bars(slide, rows, series, title, **place):
    chart_data = CategoryChartData()
    rows = list(reversed(rows))  # a bar chart begins at the bottom
    chart_data.categories = [name for name, _ in rows]
    chart_data.add_series(series, [value for _, value in rows])
    chart = _chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, chart_data, **place)
    plot = chart.plots[0]
    plot.gap_width, plot.has_data_labels = 60, True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked, plot.data_labels.font.size = (
        "0.0",
        False,
        Pt(12),
    )
    _axis(chart.value_axis, title)
    chart.value_axis.minimum_scale = 0
    if all(value <= 100 for _, value in rows):  # a bar as long as the slide is one that is at its limit
        chart.value_axis.maximum_scale, chart.value_axis.major_unit = 110, 10
    chart.value_axis.has_major_gridlines = False
    for index, (_, value) in enumerate(rows):
        point = plot.series[0].points[index].format.fill
        point.solid()
        point.fore_color.rgb = RGBColor.from_string(COLOURS["FAIL"] if value > 100 else ("EF6C00" if value > 80 else "3B6EA5"))
    return chart


def _budget(deck, data):
    judged = sorted((r for r in data["latency"] if r["percent"] is not None), key=lambda r: -r["percent"])
    more = "" if len(judged) <= 12 else "; the 12 nearest to their budget of %d" % len(judged)
    slide = _slide(deck, "Latency against budget", "95 % upper bound of the percentile as % of its budget; over 100 fails" + more)
    if not judged:
        return _none(slide, "No latency evidence that can be judged.")
    rows = [("%s %s" % (r["path"], r["claim"].upper().replace("P999", "P99.9")), r["percent"]) for r in judged[:12]]
    _bars(slide, rows, "% of budget", "% of budget")


def _percentiles(deck, data):
    slide = _slide(
        deck, "Latency percentiles", "ms of the newest run of each path; worst is the slowest message, the bound is what is judged"
    )
    rows = [
        [r["path"], r["protocol"]]
        + [ms(r[k]) for k in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")]
        + [
            "none" if r["bound_ms"] is None else ms(r["bound_ms"]),
            "%s %g" % (r["claim"].upper().replace("P999", "P99.9"), r["budget_ms"]),
            r["samples"],
            r["verdict"],
        ]
        for r in data["latency"]
    ]
    if not rows:
        return _none(slide, "No latency evidence that can be judged.")
    head = ["path", "protocol", "P50", "P95", "P99", "P99.9", "worst", "bound", "budget", "samples", "verdict"]
    _table(slide, head, rows, [2.6, 1.15, 0.9, 0.9, 0.9, 0.95, 0.95, 0.95, 1.25, 0.95, 1.0], size=11)


def _curve(deck, data):
    kept, more = _worst(data["curves"])
    about = "each path's newest run as far as its samples carry; the axis is 1 / (1 - p): 10 is P90, 100 is P99" + _left_out(
        data, "latency"
    )
    slide = _slide(deck, "Percentile curves", about + more)
    if not data["curves"]:
        return _none(slide, "No latency evidence.")
    chart_data = XyChartData()
    for path in kept:
        series = chart_data.add_series(path)
        for x, y in data["curves"][path]:
            series.add_data_point(x, y)
    chart = _chart(slide, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, chart_data, True)
    _axis(chart.category_axis, "1 / (1 - p)")
    _axis(chart.value_axis, "ms")
    chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE2, 0xE8)
    chart.category_axis.has_major_gridlines = False
    for axis, low in ((chart.category_axis, 1), (chart.value_axis, None)):
        scaling = axis._element.find(qn("c:scaling"))
        scaling.insert(0, scaling.makeelement(qn("c:logBase"), {"val": "10"}))
        if low:
            axis.minimum_scale = low
    low = min(y for points in data["curves"].values() for _, y in points)
    chart.value_axis.minimum_scale = 10.0 ** (len("%d" % low) - 1) if low >= 1 else 0.1 if low >= 0.1 else 0.01
    for series in chart.plots[0].series:
        series.smooth = False
        series.format.line.width = Pt(2.25)


def _trend(deck, data):
    kept, more = _worst(data["trend"])
    slide = _slide(deck, "P99 of every run", "in the order of the runs; partial runs are left out" + _left_out(data, "latency") + more)
    if not data["trend"]:
        return _none(slide, "No latency evidence.")
    longest = max(len(v) for v in data["trend"].values())
    chart_data = CategoryChartData()
    chart_data.categories = ["run %d" % (i + 1) for i in range(longest)]
    for path, points in ((path, data["trend"][path]) for path in kept):
        chart_data.add_series(path, [p[1] for p in points] + [None] * (longest - len(points)))
    chart = _chart(slide, XL_CHART_TYPE.LINE_MARKERS, chart_data, True)
    _axis(chart.value_axis, "P99 ms")
    chart.value_axis.minimum_scale = 0
    chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE2, 0xE8)


def _delivery(deck, data):
    slide = _slide(
        deck,
        "Delivery guarantees",
        "indeterminate (no answer from the broker) is never lost; a fault is the kill -9 it names, nothing more",
    )
    rows = [
        [
            r["path"],
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
    ]
    if not rows:
        return _none(slide, "No delivery evidence that can be judged.")
    end = _table(
        slide,
        ["path", "guarantee", "sent", "acked", "lost", "dup.", "phan.", "indet.", "faults", "loss <", "verdict"],
        rows,
        [2.1, 1.5, 0.9, 0.9, 0.6, 0.65, 0.95, 0.8, 1.85, 1.0, 1.0],
        size=11,
        most=7 if data["ordering"] else ROWS,
    )
    if data["ordering"]:
        _table(
            slide,
            ["order", "received", "out of order", "verdict"],
            [[r["path"], r["received"], r["reordered"], r["verdict"]] for r in data["ordering"]],
            [4.0, 1.5, 1.7, 1.5],
            end,
            most=5,
        )


def _throughput(deck, data):
    slide = _slide(
        deck,
        "Throughput and consumer lag",
        "the worst ten seconds against the target; lag is how many messages the consumer was behind in its worst moment"
        + _left_out(data, "throughput", "delivery"),
    )
    sustained = [r for r in data["throughput"] if r["measure"] == "throughput"]
    sustained = sorted(sustained, key=lambda r: r["value"] / r["limit"])[:6]  # the nearest to their target; all are in the PDF
    if sustained:
        chart_data = CategoryChartData()
        chart_data.categories = [_fit(r["path"], 2.0, 12) for r in sustained]
        chart_data.add_series("worst 10 s", [r["value"] for r in sustained])
        chart_data.add_series("target", [r["limit"] for r in sustained])
        chart = _chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, chart_data, True, width=6.0)
        chart.plots[0].series[1].format.fill.fore_color.rgb = RGBColor(0xB0, 0xB8, 0xC1)
        _axis(chart.value_axis, "msgs/s")
        chart.value_axis.minimum_scale = 0
        chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE2, 0xE8)
    if data["lag"]:
        longest = max(len(v) for v in data["lag"].values())
        chart_data = CategoryChartData()
        chart_data.categories = ["run %d" % (i + 1) for i in range(longest)]
        for path, points in ((path, data["lag"][path]) for path in _worst(data["lag"], 4)[0]):
            chart_data.add_series(path, [p[1] for p in points] + [None] * (longest - len(points)))
        chart = _chart(slide, XL_CHART_TYPE.LINE_MARKERS, chart_data, True, x=6.9, width=5.8)
        _axis(chart.value_axis, "messages behind")
        chart.value_axis.minimum_scale = 0
        chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE2, 0xE8)
    if not sustained and not data["lag"]:
        _none(slide, "No throughput evidence that can be judged.")


def _tradeoff(deck, data):
    kept, more = _worst(data["tradeoff"])
    slide = _slide(
        deck,
        "Throughput against latency",
        "a point a run: the rate that was kept, and the P99 at it" + _left_out(data, "latency", "throughput") + more,
    )
    if not data["tradeoff"]:
        return _none(slide, "No latency or throughput evidence.")
    chart_data = XyChartData()
    for path in kept:
        series = chart_data.add_series(path)
        for rate, p99, _ in sorted(data["tradeoff"][path]):
            series.add_data_point(rate, p99)
    chart = _chart(slide, XL_CHART_TYPE.XY_SCATTER_LINES, chart_data, True)
    _axis(chart.category_axis, "msgs/s")
    _axis(chart.value_axis, "P99 ms")
    chart.category_axis.minimum_scale = chart.value_axis.minimum_scale = 0
    chart.category_axis.has_major_gridlines = False
    chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xE2, 0xE8)
    for series in chart.plots[0].series:
        series.smooth = False


def _failover(deck, data):
    slide = _slide(deck, "Failover", "time until everybody is back, as % of the limit; over 100 fails")
    if not data["failover"]:
        return _none(slide, "No failover evidence that can be judged.")
    _bars(
        slide,
        [("%s %s (%.2f of %g s)" % (r["path"], r["measure"], r["value_s"], r["limit_s"]), r["percent"]) for r in data["failover"][:12]],
        "% of limit",
        "% of limit",
    )


def _open(deck, data):
    slide = _slide(deck, "Open", "everything that is not a PASS, in full in `pack gate check`")
    rows = [[o["verdict"], o["what"], o["path"], o["why"]] for o in data["open"]]
    if not rows:
        return _none(slide, "Nothing is open.")
    _table(slide, ["verdict", "what", "path", "why"], rows, [1.1, 3.0, 2.2, 5.8], 1.75, 11)
