"""The export, read by Prometheus itself: the checker and a server that scrapes it. Debian's package `prometheus` has both."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from .conftest import Running, free_port, pack

pytestmark = pytest.mark.broker
need_prometheus = pytest.mark.skipif(not shutil.which("promtool"), reason="prometheus is not on PATH: scripts/dev/install-brokers")


@need_prometheus
def test_promtool_finds_nothing_wrong(measured, capsys):
    assert pack("rt", "export", "--dir", measured) == 0
    made = capsys.readouterr().out
    plain = "".join(
        line + "\n" for line in made.splitlines() if not line.startswith(("# UNIT", "# EOF"))
    )  # promtool reads the older text format
    done = subprocess.run(["promtool", "check", "metrics"], input=plain, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@need_prometheus
def test_a_prometheus_scrapes_it_and_answers_the_dashboard_s_queries(measured, tmp_path, capsys):
    served = tmp_path / "served"
    served.mkdir()
    assert pack("rt", "export", "--dir", measured, "--to", served / "metrics") == 0

    class Handler(http.server.SimpleHTTPRequestHandler):
        def guess_type(self, path):
            return "application/openmetrics-text; version=1.0.0; charset=utf-8"

        def log_message(self, *words):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(served)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port, target = free_port(), "127.0.0.1:%d" % web.server_address[1]
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: pack, static_configs: [{targets: ['%s']}]}]\n" % target
    )
    command = ["prometheus", "--config.file=%s" % (tmp_path / "prometheus.yml"), "--storage.tsdb.path=%s" % (tmp_path / "data")]
    running = Running(command + ["--web.listen-address=127.0.0.1:%d" % port], port)

    def ask(query):
        with urllib.request.urlopen("http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.parse.quote(query)), timeout=10) as answer:
            return json.load(answer)

    def scraped():
        try:
            return ask("pack_rt_latency_seconds")["data"]["result"]
        except urllib.error.HTTPError as error:
            assert error.code == 503  # its port is open before it has read its own data
            return None

    try:
        until = time.monotonic() + 60
        while not scraped():
            assert time.monotonic() < until, "it was never scraped"
            time.sleep(0.2)
        found = ask('pack_rt_messages{path="orders",kind="exactly_once_verification",fate="sent"}')["data"]["result"]
        assert [r["value"][1] for r in found] == ["120"]
        assert pack("rt", "export", "--dir", measured, "--dashboard") == 0
        for panel in json.loads(capsys.readouterr().out)["panels"]:
            assert ask(panel["targets"][0]["expr"])["status"] == "success", panel["title"]
    finally:
        running.stop()
        web.shutdown()
        web.server_close()


def test_figures_that_do_not_count_are_left_out(project, capsys):
    server = project.parent / "ws_server.py"
    server.write_text(server.read_text() + "# changed\n")
    assert pack("rt", "export", "--dir", project) == 0
    made = capsys.readouterr().out
    assert made.endswith("# EOF\n")
    assert not [line for line in made.splitlines() if line.startswith("pack_rt_latency_seconds")], "all are STALE"
    assert 'kind="kafka_e2e_latency",path="orders",project="Chat",protocol="redis",verdict="STALE"} 1' in made
