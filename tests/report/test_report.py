"""The numbers in a report are the numbers in the evidence: read back out of the file."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
from pptx import Presentation

from pack.realtime import evidence, gates
from pack.report import data
from pack.teams import load

from ..realtime.conftest import measured, pack, project  # noqa: F401  (fixtures)
from ..realtime.test_gates import keep_ledger

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def team():
    return load("realtimeSystems")


def charts(path):
    return [[s.chart for s in slide.shapes if s.has_chart] for slide in Presentation(path).slides]


def words(path):
    found = []
    for slide in Presentation(path).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if shape.has_table:
                found += [cell.text.strip() for row in shape.table.rows for cell in row.cells]
    return found


def test_numbers_are_read_back(project, team):  # noqa: F811
    now = time.time()
    assert pack("report", "all", "--dir", project, "--now", now) == 0
    path = os.path.join(project, "reports", "status_002.pptx")  # 001 is the artifact that the project manager wrote
    told = data.collect(project, team, now)
    result = gates.evaluate(project, team, now)
    rows = {(r["kind"], r["path"]): r for g in result["gates"] for r in g["evidence"] if r.get("kind") and r.get("path")}
    drawn = charts(path)
    bars = drawn[1][0].plots[0]
    shown = dict(zip(bars.categories, bars.series[0].values))
    assert shown == {"%s %s" % (r["path"], r["claim"].upper().replace("P999", "P99.9")): r["percent"] for r in told["latency"]}
    echo = rows["websocket_p50_p95_p99", "chat.echo"]
    assert shown["chat.echo P99"] == pytest.approx(100 * echo["value"] / echo["limit"], abs=0.06)
    curves = {s.name: list(s.iter_values()) for s in drawn[3][0].plots[0].series}
    assert curves == {name: [y for _, y in points] for name, points in told["curves"].items()} and len(curves) == 5
    assert "logBase" in drawn[3][0]._chartSpace.xml
    trend = {s.name: list(s.values) for s in drawn[4][0].plots[0].series}
    assert trend["chat.echo"] == [
        json.load(open_(project, "evidence/latency/websocket_p50_p95_p99.json"))["envelopes"][-1]["entries"][0]["p99_ms"]
    ]
    assert drawn[6][0].plots[0].series[0].values == (rows["kafka_sustained_throughput", "chat.echo"]["value"],)
    behind = {s.name: [v for v in s.values if v is not None] for s in drawn[6][1].plots[0].series}
    assert behind and all(behind[path] == [p[1] for p in told["lag"][path]] for path in behind)
    text = words(path)
    for row in told["latency"]:  # the dashboard: P50, P95, P99, P99.9 of every path
        cells = [row["path"], row["protocol"]] + [data.ms(row[k]) for k in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")]
        assert any(text[at : at + 7] == cells for at in range(len(text))), cells
    points = {s.name: sorted(zip(_numbers(s, "xVal"), s.iter_values())) for s in drawn[7][0].plots[0].series}
    assert points == {name: [(r, p) for r, p, _ in sorted(rows)] for name, rows in told["tradeoff"].items()}
    assert [m for _, _, m in told["tradeoff"]["chat.echo"]] in (["latency", "throughput"], ["throughput", "latency"])
    for r in told["delivery"]:  # the guarantee of each path, and what was counted
        cells = [r["path"], r["guarantee"], str(r["sent"]), str(r["acked"]), str(r["lost"]), str(r["duplicates"])]
        assert any(text[at : at + 6] == cells for at in range(len(text))), cells
    for r in told["ordering"]:
        cells = [r["path"], str(r["received"]), str(r["reordered"]), r["verdict"]]
        assert any(text[at : at + 4] == cells for at in range(len(text))), cells
    shown = {c for slide in drawn for chart in slide for c in chart.plots[0].categories}
    assert told["failover"] and all(
        "%s %s (%.2f of %g s)" % (r["path"], r["measure"], r["value_s"], r["limit_s"]) in shown for r in told["failover"]
    )
    assert told["headline"] in text and "10 of 10 gates pass" in told["headline"]
    assert text[-4:] == ["MISSING", "event_store_failover", "", "out of scope: the strategy has no event store"], "what is open comes last"
    assert not [t for t in text if re.search(r"\b(average|mean)\b", t, re.I)]


def _numbers(series, name):
    """The numbers of one axis of a series, as the file has them."""
    found = [e for e in series._element.iter() if e.tag.endswith("}" + name)][0]
    return [float(e.text) for e in found.iter() if e.tag.endswith("}v")]


def open_(folder, relative):
    from io import StringIO

    with open(os.path.join(folder, *relative.split("/"))) as handle:
        return StringIO(handle.read())


def test_pdf_is_the_same_bytes_again_and_holds_the_numbers(project, team):  # noqa: F811
    now = time.time()
    for _ in range(2):
        assert pack("report", "pdf", "--dir", project, "--now", now) == 0
    first, second = (os.path.join(project, "reports", "activity_00%d.pdf" % n) for n in (2, 3))
    with open(first, "rb") as one, open(second, "rb") as two:
        assert one.read() == two.read()
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", first, "-"], capture_output=True, text=True).stdout
        told = data.collect(project, team, now)
        for row in told["latency"]:
            assert ("%.3f" if row["p99_ms"] < 10 else "%.1f") % row["p99_ms"] in text
        assert "3 worker-crash" in text or "3 worker-" in text
        for path, runs in told["trend"].items():
            assert re.search(r"%s +%s +%s\n" % (re.escape(path), data.ms(runs[0][1]), data.ms(runs[0][2])), text), path
        assert re.search(r"chat\.echo +%d\n" % told["lag"]["chat.echo"][0][1], text)
        rate, p99, _ = told["tradeoff"]["orders"][0]
        assert re.search(r"orders +%.1f +%s +latency" % (rate, data.ms(p99)), text)


def test_the_pdf_has_components_infrastructure_and_activity(project, team, tmp_path):  # noqa: F811
    from pack.report import paper

    told = data.collect(project, team, time.time())
    kinds = {k["title"] for k in team["evidence"] if k["measure"] == "latency"}
    assert told["components"] and {c["component"] for c in told["components"]} <= kinds
    for c in told["components"]:  # the worst path of each component, never an average
        mine = [r for r in told["latency"] if r["path"] in c["paths"] and r["claim"] == "p99"]
        assert c["p99_ms"] == max(r["p99_ms"] for r in mine)
    assert {i["address"] for i in told["infrastructure"]} == set(told["servers"]) and all(
        i["verdict"] == "PASS" for i in told["infrastructure"]
    )
    times = [at for at, _what, _of in told["activity"]]  # to the second; two of one second stand in their order
    assert times == sorted(times) and any(what.startswith("measured ") for _at, what, _of in told["activity"])
    paper.write(told, str(tmp_path / "x.pdf"), team)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", str(tmp_path / "x.pdf"), "-"], capture_output=True, text=True).stdout
        for title in (
            *("Latency by component", "Infrastructure measured", "Activity"),
            *("Delivery audit", "Ordering", "Stream processing", "Failover"),
        ):
            assert title in text
        assert told["activity"][-1][1].split()[0] in text
        for often in ("every commit", "every broker change", "per release"):
            assert often in text, "how often each test of the matrix is due"


def test_many_long_names_fit_on_their_slides(project, team, tmp_path):  # noqa: F811
    """Twenty paths with long names, a project in other letters: no table leaves its slide, no number is cut, no letter is lost."""
    from pack.report import paper, slides

    told = data.collect(project, team, time.time())
    names = ["a-very-long-message-path.of.some.service.number-%02d" % n for n in range(20)]
    told["project"] = "Чат für Größe \x07" * 30 + "🚀"
    told["headline"] = told["headline"] * 5
    for part in ("latency", "delivery", "ordering", "throughput", "failover"):
        told[part] = [dict(told[part][0], path=name) for name in names]
    for part in ("trend", "curves", "tradeoff", "lag"):
        one = told[part]["chat.echo"]
        told[part] = {name: one for name in names}
    told["open"] = [dict(told["open"][0], path=name, why="a long reason " * 20) for name in names]
    slides.write(told, str(tmp_path / "x.pptx"), 0)
    deck = Presentation(str(tmp_path / "x.pptx"))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left + shape.width <= deck.slide_width and shape.top + shape.height <= deck.slide_height
            for row in shape.table.rows if shape.has_table else ():
                for column, cell in zip(shape.table.columns, row.cells):
                    size = cell.text_frame.paragraphs[0].runs[0].font.size
                    assert len(cell.text) * size * 0.62 <= column.width, cell.text
        tables = sorted((s.top, s.top + s.height) for s in slide.shapes if s.has_table)
        assert all(one[1] <= two[0] for one, two in zip(tables, tables[1:]))
    paper.write(told, str(tmp_path / "x.pdf"), team)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", str(tmp_path / "x.pdf"), "-"], capture_output=True, text=True).stdout
        assert ("Чат für Größe" in text or "U+0427U+0430U+0442 für Größe" in text) and "U+1F680" in text


def test_a_bar_is_as_long_as_its_share_of_the_limit_and_only_a_verdict_is_red():
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    from pack.report import slides

    slide = slides._slide(Presentation(), "x")
    near, over = (slides._bars(slide, [("a", value)], "s", "%").value_axis.maximum_scale for value in (8.9, 140.0))
    assert near == 110 and over is None, "8.9 % of a limit filled the slide"
    told = CategoryChartData()
    told.categories = ["x"]
    for n in range(len(slides.SERIES)):
        told.add_series("s%d" % n, [n])
    for kind in (XL_CHART_TYPE.COLUMN_CLUSTERED, XL_CHART_TYPE.LINE_MARKERS):
        colours = re.findall(r'<a:srgbClr val="(\w+)"/>', slides._chart(slide, kind, told)._chartSpace.xml)
        assert set(slides.SERIES) <= set(colours) and not {slides.COLOURS["FAIL"], slides.COLOURS["PASS"], "C0504D"} & set(colours)


def test_half_a_report_is_none(tmp_path):
    from pack.base import whole_file

    def die(path):
        with open(path, "w") as handle:
            handle.write("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        whole_file.made_by(str(tmp_path / "status_001.pptx"), die)
    assert os.listdir(tmp_path) == []


def test_due_every_six_hours(project, capsys):  # noqa: F811
    now = 1_800_000_000
    shutil.rmtree(os.path.join(project, "reports"))
    assert pack("report", "--due", "--dir", project, "--now", now) == 0
    assert "wrote" in capsys.readouterr().out
    assert pack("report", "--due", "--dir", project, "--now", now + 3600) == 0
    assert "not due: the next report in 5 h 00 min" in capsys.readouterr().out
    assert pack("report", "--due", "--dir", project, "--now", now + 6 * 3600) == 0
    assert "status_002.pptx" in capsys.readouterr().out
    assert pack("report", "pptx", "--dir", project, "--now", now + 10**8) == 0
    capsys.readouterr()
    assert pack("report", "--due", "--dir", project, "--now", now + 7 * 3600) == 0
    assert "not due: the next report in 5 h 00 min" in capsys.readouterr().out, "one from the future is not the last one"


def test_an_invalid_run_is_in_no_trend(project, team, tmp_path):  # noqa: F811
    """Its figures are of the probe, or of nobody's: charts say how many they leave out, the gates' row says why."""
    from pack.report import paper, slides

    kind = next(k for k in team["evidence"] if k["kind"] == "exactly_once_verification")
    with open_(project, "evidence/" + kind["file"]) as handle:
        envelope = json.load(handle)["envelopes"][-1]
    before = data.collect(project, team, time.time())
    envelope["run"]["id"] = "20260101T000000Z-00000001"
    envelope["entries"][0]["effects_from"] = "reported"
    with open_(project, "evidence/" + envelope["entries"][0]["ledger"]["file"]) as handle:
        keep_ledger(project, envelope, [line for line in handle if not line.startswith("n ")])
    evidence.Store(project).append(kind, envelope)
    after = data.collect(project, team, time.time())
    assert [r["verdict"] for r in after["delivery"] if r["kind"] == kind["kind"]] == ["INVALID"]
    more = dict(before["left_out"], delivery=before["left_out"].get("delivery", 0) + 1)  # on a busy machine there were some before
    assert after["lag"] == before["lag"] and after["left_out"] == more
    assert [r["bound"] for r in after["delivery"] if r["kind"] == kind["kind"]] == [None], "what is INVALID bounds nothing"
    told = data.left_out(after, "throughput", "delivery")
    slides.write(after, str(tmp_path / "a.pptx"), 0)
    assert any("behind in its worst moment; %s" % told in text for text in words(str(tmp_path / "a.pptx")))
    paper.write(after, str(tmp_path / "a.pdf"), team)
    text = subprocess.run(["pdftotext", str(tmp_path / "a.pdf"), "-"], capture_output=True, text=True).stdout
    assert text.count(told + ".") >= 1 and (data.left_out(after, "latency") or text.count("left out.") <= 2)


def test_final_certification(project, capsys):  # noqa: F811
    assert pack("report", "final", "--dir", project) == 0
    with open(os.path.join(project, "reports", "CERTIFICATION.md")) as handle:
        text = handle.read()
    assert (
        "status: CERTIFIED" in text
        and "| orders | exactly-once | exactly_once_verification | 120 | 120 | 0 | 0 | 0 | 3 worker-crash | 0.025 |" in text
        and "`sustained_seconds`: 3 instead of 3600" in text
    )
    shutil.rmtree(os.path.join(project, "evidence"))
    assert pack("report", "final", "--dir", project) == 1
    with open(os.path.join(project, "reports", "CERTIFICATION.md")) as handle:
        assert "status: NOT CERTIFIED" in handle.read()
    assert "0 of 10" not in capsys.readouterr().out.split("NOT CERTIFIED")[0].split("10 of 10")[0]


def test_matrix_claims_only_what_was_shown(project, team):  # noqa: F811
    told = {test: (verdict, note) for _, test, _, verdict, note in data.matrix(team, data.collect(project, team, time.time()))}
    assert len(told) == 26
    for name in (
        "Dead-letter routing",
        "Causal ordering",
        "Kafka E2E P99",
        "Kafka sustained throughput",
        "WebSocket broadcast rate",
        "Event store write rate",
        "EventStoreDB failover",
        "Kafka broker failure",
    ):
        assert told[name][0] == "MISSING", name
    assert told["Exactly-once semantics"] == ("PASS", "") and told["Broker failure mid-produce"] == ("PASS", "")
    assert told["10K concurrent connections"] == ("PASS", "waived: websocket_connections 150")


def test_report_of_a_forged_and_empty_project_says_so(project, team, tmp_path):  # noqa: F811
    with open(os.path.join(project, "evidence", "delivery", "exactly_once_verification.json"), "w") as handle:
        handle.write("{}")
    told = data.collect(project, team, time.time())
    assert told["open"][0]["verdict"] == "FORGED" and not told["certified"]
    empty = tmp_path / "empty" / ".team"
    empty.mkdir(parents=True)
    assert pack("report", "all", "--dir", empty) == 0
    assert "0 of 10 gates pass" in data.collect(empty, team, time.time())["headline"]


def test_unknown_verb_and_folder(tmp_path, capsys):
    assert pack("report", "nonsense") == 2
    assert pack("report", "all", "--dir", tmp_path / "none") == 2
    assert "no folder" in capsys.readouterr().err
