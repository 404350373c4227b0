"""`pack rt doctor`, `compose`, `up`, `down`: what rt.yaml needs on this machine (the seed, section 8)."""

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml

from pack.realtime import local, managed

from .conftest import START, free_port

PACK = [sys.executable, "-I", START]
RT = """rt: 1
project: P
strategy: S.md
paths:
  - {id: a, adapter: websocket, address: "ws://127.0.0.1:%d/", server: {command: [%s, -c, "%s"]}, rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-most-once}
  - {id: k, adapter: kafka, address: "127.0.0.1:%d", rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-least-once}
"""
LISTEN = "import socket,sys,time; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1',{port})); s.listen(); time.sleep(600)"


def project(folder):
    port, other = free_port(), free_port()
    (folder / ".team").mkdir()
    (folder / ".team" / "rt.yaml").write_text(RT % (port, sys.executable, LISTEN, other))
    return port


def run(folder, *words):
    done = subprocess.run(PACK + ["rt", *words], cwd=str(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def test_the_doctor_says_what_starts_and_what_is_missing(tmp_path):
    project(tmp_path)
    code, out = run(tmp_path, "doctor")
    assert (
        code == 1 and "`pack rt up` starts it" in out and "not installed: `pack rt compose` writes zookeeper, kafka, schema-registry" in out
    ), out


def test_the_compose_file_has_the_seeds_images_for_what_is_not_here(tmp_path):
    project(tmp_path)
    code, out = run(tmp_path, "compose")
    assert code == 0 and "docker-compose.rt.yml" in out
    services = yaml.safe_load((tmp_path / "docker-compose.rt.yml").read_text())["services"]
    assert list(services) == ["zookeeper", "kafka", "schema-registry"]
    assert services["kafka"]["image"] == "confluentinc/cp-kafka:7.6.0" and services["kafka"]["depends_on"] == ["zookeeper"]
    assert services["kafka"]["environment"]["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] == "1" and services["zookeeper"]["ports"] == [
        "2181:2181"
    ]
    code, out = run(tmp_path, "compose")
    assert code == 2 and "is there already" in out


def test_every_service_of_an_adapter_is_described_and_its_dependencies_too():
    for _programs, names in local.PARTS.values():
        for name in names:
            assert set(local.SERVICES[name].get("depends_on", ())) <= set(names) and ":" in local.SERVICES[name]["image"]
    assert yaml.safe_load(local.compose(list(local.PARTS)))["services"]["redis"]["image"] == "redis:7-alpine"
    assert local.compose(["websocket"]) == ""
    assert set(local.SERVICES) == {name for _programs, names in local.PARTS.values() for name in names}, "one that nobody can name"
    assert set(local.PAGES) <= set(local.PARTS)


def test_up_waits_until_it_answers_and_down_ends_it(tmp_path):
    port = project(tmp_path)
    address = "127.0.0.1:%d" % port
    assert run(tmp_path, "down") == (0, "nothing is up (`pack rt up` keeps its servers until it ends)\n")
    up = subprocess.Popen(PACK + ["rt", "up"], cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert up.stdout.readline() == "up: ws://%s/\n" % address and managed.answers(address)
        assert run(tmp_path, "down") == (0, "asked to end\n")
        assert up.wait(60) == 0
    finally:
        if up.poll() is None:
            up.send_signal(signal.SIGKILL)
        up.stdout.close()
    until = time.monotonic() + 30
    while managed.answers(address) and time.monotonic() < until:
        time.sleep(0.1)
    assert not managed.answers(address) and not os.path.exists(tmp_path / ".team" / ".up.pid")


INSTALLED = """rt: 1
project: P
paths:
  - {id: r, adapter: redis, address: "redis://127.0.0.1:%d/0", rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-most-once}
services: {postgresql: "127.0.0.1:%d"}
"""
OTHERS = """rt: 1
project: P
paths:
  - {id: n, adapter: nats, address: "nats://127.0.0.1:%d", rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-most-once}
  - {id: m, adapter: mqtt, address: "mqtt://127.0.0.1:%d", rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-most-once}
  - {id: q, adapter: rabbitmq, address: "amqp://guest:guest@127.0.0.1:%d/", rate: 50, duration: 10, budget_ms: {p99: 50}, guarantee: at-most-once}
"""


@pytest.mark.skipif(not (local.program("redis") and local.program("postgresql")), reason="redis-server or PostgreSQL is not installed")
def test_what_is_installed_is_started_and_the_smoke_tests_pass(tmp_path):
    redis, postgres = free_port(), free_port()
    (tmp_path / ".team").mkdir()
    (tmp_path / ".team" / "rt.yaml").write_text(INSTALLED % (redis, postgres))
    os.chmod(tmp_path, 0o755)
    code, out = run(tmp_path, "smoke")
    assert code == 1 and "FAIL r " in out and "nothing answers at 127.0.0.1:%d" % postgres in out
    code, out = run(tmp_path, "doctor")
    assert code == 0 and out.count("`pack rt up` starts it") == 2, out
    up = subprocess.Popen(PACK + ["rt", "up"], cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        told = up.stdout.readline() + up.stdout.readline()
        assert told == "up: redis://127.0.0.1:%d/0\nup: 127.0.0.1:%d\n" % (redis, postgres), told + up.stdout.read()
        until = time.monotonic() + 20  # it listens before it lets anybody in
        while run(tmp_path, "smoke")[0] and time.monotonic() < until:
            time.sleep(0.2)
        code, out = run(tmp_path, "smoke")
        assert code == 0 and "10 of 10 messages came" in out and "ok   postgresql" in out, out
        assert run(tmp_path, "down") == (0, "asked to end\n") and up.wait(60) == 0
    finally:
        if up.poll() is None:
            up.send_signal(signal.SIGKILL)
        up.stdout.close()
        shutil.rmtree(local.data_home("postgresql", "127.0.0.1:%d" % postgres, tmp_path / ".team" / ".up"), ignore_errors=True)
    assert not managed.answers("127.0.0.1:%d" % postgres)


@pytest.mark.broker
@pytest.mark.skipif(not all(map(local.program, ("nats", "mqtt", "rabbitmq"))), reason="NATS, Mosquitto or RabbitMQ is not installed")
def test_the_other_brokers_of_packages_are_started_without_a_command_too(tmp_path):
    (tmp_path / ".team").mkdir()
    (tmp_path / ".team" / "rt.yaml").write_text(OTHERS % (free_port(), free_port(), free_port()))
    up = subprocess.Popen(PACK + ["rt", "up"], cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        told = [up.stdout.readline() for _ in range(3)]
        assert all(line.startswith("up: ") for line in told), "".join(told) + up.stdout.read()
        code, out = run(tmp_path, "smoke")
        assert code == 0 and out.count("10 of 10 messages came") == 3, out
        assert os.listdir(tmp_path) == [".team"], "nothing of theirs lies in the project"
        assert run(tmp_path, "down") == (0, "asked to end\n") and up.wait(60) == 0
    finally:
        if up.poll() is None:
            up.send_signal(signal.SIGKILL)
        up.stdout.close()


def test_what_is_not_installed_is_a_service_of_the_compose_file_and_an_unknown_one_is_told(tmp_path):
    (tmp_path / ".team").mkdir()
    text = INSTALLED % (free_port(), free_port())
    (tmp_path / ".team" / "rt.yaml").write_text(
        text.replace("services: {", 'services: {eventstoredb: "127.0.0.1:2113", flink: "127.0.0.1:%d", ' % free_port())
    )
    code, out = run(tmp_path, "compose")
    assert code == 0, out
    services = yaml.safe_load((tmp_path / "docker-compose.rt.yml").read_text())["services"]
    assert services["flink"] == {"image": "flink:1.18-scala_2.12", "command": ["standalone-job"], "ports": ["8082:8081"]}
    assert services["eventstore"]["image"] == "eventstore/eventstore:latest" and services["eventstore"]["ports"] == [
        "2113:2113",
        "1113:1113",
    ]
    assert services["eventstore"]["environment"] == {"EVENTSTORE_INSECURE": "true", "EVENTSTORE_RUN_PROJECTIONS": "All"}
    (tmp_path / ".team" / "rt.yaml").write_text(text.replace("postgresql:", "postgres:"))
    code, out = run(tmp_path, "doctor")
    assert code == 2 and "unknown service 'postgres'; known: " in out


class Page(http.server.BaseHTTPRequestHandler):
    """A service that has the pages which the seed's smoke tests ask for, and no other."""

    def do_GET(self):
        self.send_response(200 if self.path in ("/stats", "/overview", "/subjects") else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *rest):
        pass


@pytest.mark.parametrize("port, erlang", [(5672, 25672), (45535, 65535), (45536, 25536), (65535, 45535)])
def test_erlangs_own_port_is_one_that_there_is(port, erlang, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "program", lambda adapter: "/usr/sbin/rabbitmq-server")
    assert "RABBITMQ_DIST_PORT=%d" % erlang in local.own_command("rabbitmq", "amqp://127.0.0.1:%d/" % port, str(tmp_path))


@pytest.mark.parametrize("service, page", [("eventstoredb", "/stats"), ("flink", "/overview"), ("schema-registry", "/subjects")])
def test_a_service_is_asked_for_the_page_that_it_has_when_it_works(service, page):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = "127.0.0.1:%d" % server.server_port
        assert local.asks(service, address) is None
        local.PAGES[service], kept = "/nowhere", local.PAGES[service]
        try:
            assert kept == page and local.asks(service, address).endswith("/nowhere answers 404")
        finally:
            local.PAGES[service] = kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
