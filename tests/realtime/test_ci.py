"""The workflow of `pack rt ci`, against the schema of GitHub's workflows."""

import subprocess
import sys

import yaml

from pack.cli import rt as cli

from .conftest import make_project, pack


def test_the_workflow_is_one_and_measures_what_is_asked(tmp_path, capsys):
    data = yaml.safe_load(cli.EXAMPLE)
    common = {"rate": 200, "duration": 2, "budget_ms": {"p99": 50}, "guarantee": "at-most-once"}
    data["paths"] += [
        dict(common, id="bus", adapter="nats", address="nats://127.0.0.1:4333"),
        dict(common, id="log", adapter="kafka", address="127.0.0.1:9092"),
        dict(common, id="jobs", adapter="rabbitmq", address="amqp://admin:admin@127.0.0.1/"),
        dict(common, id="events", adapter="eventstore", address="postgresql://postgres:postgres@127.0.0.1:5432/postgres", ordering="total"),
    ]
    team = make_project(tmp_path / "v", data)
    assert pack("rt", "ci", "--dir", team) == 0
    text = capsys.readouterr().out
    (tmp_path / "realtime.yml").write_text(text)
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(tmp_path / "realtime.yml")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = yaml.safe_load(text)["jobs"]
    assert set(jobs) == {"websocket-tests", "kafka-delivery-tests", "eventsourcing-tests"}, "the seed's jobs"
    runs = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert "pack rt ordering --path chat.echo" in runs["websocket-tests"]
    assert any(r.startswith("pack rt audit --path orders.placed") for r in runs["kafka-delivery-tests"])
    assert any("install -y --no-install-recommends redis-server" in r for r in runs["kafka-delivery-tests"]), "pack starts that one itself"
    assert any("docker run -d -p 4333:4222 nats:" in r and "--jetstream" in r for r in runs["kafka-delivery-tests"])
    assert {"kafka", "zookeeper", "rabbitmq"} <= set(jobs["kafka-delivery-tests"]["services"])
    assert jobs["eventsourcing-tests"]["services"]["postgres"]["ports"] == ["5432:5432"]
    assert any("[realtime,eventstore] @ git+" in r for r in runs["eventsourcing-tests"])
    assert all(job["steps"][-1]["uses"] == "actions/upload-artifact@v4" for job in jobs.values())
    assert "act push --job websocket-tests" in text.splitlines()[1]
