"""A real Flink cluster (PyPI's `apache-flink-libraries`): windows of each kind, late events, the side output, and a task manager killed with
SIGKILL in the middle. `make test-flink` installs it and runs this; elsewhere it is skipped, and says so."""

import os
import sys

import pytest

from pack.realtime import flink, managed

from .conftest import free_port, make_project, need, pack
from .flink import cluster as flinks
from .test_verdicts import row

pytestmark = [pytest.mark.broker, pytest.mark.skipif(not flinks.home(), reason=flinks.MISSING)]
KIND = "stream_processing_rate"
CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flink", "cluster.py")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    need("redis")
    children = []

    def child(command):
        children.append(managed.Child(command, "."))
        return children[-1]

    try:
        yield flinks.Cluster(tmp_path_factory.mktemp("flink"), free_port, child)
    finally:
        for one in children:
            one.kill()


def judged(folder, cluster, redis_url, windows, kill=None, rate=200, **more):
    """The gate's row of a stream through a job of these windows; `more`: of the section `stream`."""
    name = "flink%s" % os.urandom(3).hex()
    spec = dict(
        {"window_s": 0.5, "lateness_s": 2.0, "events": 1200, "keys": 4, "late": 6, "too_late": 5, "rate": rate, "wait_s": 120}, **more
    )
    step = spec.get("gap_s") or spec.get("slide_s") or 0
    host, port = redis_url.split("//")[1].split("/")[0].split(":")
    arguments = [host, port, name + ":in", name + ":out", windows]
    job = cluster.run(*arguments, *(int(1000 * s) for s in (spec["window_s"], step, spec["lateness_s"])))
    if kill:
        spec["kill"] = {"command": kill, "flink": cluster.rest, "within_s": 90 if "kill" in kill else 2}
    options = {"input": name + ":in", "output": name + ":out"}
    path = {"id": "p", "adapter": "rt_adapters:Job", "address": redis_url, "options": options, "rate": rate, "duration": 2, "warmup": 0.2}
    path.update(budget_ms={"p99": 1900}, guarantee="at-most-once", measures=["stream_processing_latency"], stream=spec)
    loose = {"stream_rate": {"value": 50, "reason": "the machine of a test is busy"}}
    team = make_project(folder / "v", {"rt": 1, "project": "V", "waivers": loose, "paths": [path]})
    try:
        pack("rt", "stream", "--quiet", "--dir", team)
        return row(team, KIND)
    finally:
        cluster.cancel(job)


WINDOWS = {"tumbling": {}, "sliding": {"slide_s": 0.25}, "session": {"gap_s": 0.4, "lateness_s": 6.0, "events": 2000}}


@pytest.mark.parametrize("windows", sorted(WINDOWS))
def test_windows_late_events_and_the_side_output_are_the_plan_s(tmp_path, cluster, redis_url, windows):
    found = judged(tmp_path, cluster, redis_url, windows, **WINDOWS[windows])
    assert found["verdict"] == "PASS", found
    assert found["facts"]["windows"] > 20 and found["facts"]["wrong"] == 0 and found["facts"]["late"] == 6


def test_a_job_of_other_windows_fails(tmp_path, cluster, redis_url):
    found = judged(tmp_path, cluster, redis_url, "tumbling", slide_s=0.25, wait_s=20)
    assert found["verdict"] == "FAIL" and "expected 25, observed None" in " ".join(found["reasons"]), found


def test_what_allows_too_little_lateness_sets_aside_what_belongs_into_a_window(tmp_path, cluster, redis_url):
    found = judged(tmp_path, cluster, redis_url, "tumbling", lateness_s=0.1)
    assert found["verdict"] == "FAIL" and "were set aside and belong into a window" in " ".join(found["reasons"]), found


@pytest.mark.parametrize("windows", sorted(WINDOWS))
def test_a_job_goes_on_from_its_checkpoint_when_its_task_manager_is_killed(tmp_path, cluster, redis_url, windows):
    kill = [sys.executable, CLUSTER, "kill", cluster.rest, cluster.folder]
    try:
        found = judged(tmp_path, cluster, redis_url, windows, kill, **WINDOWS[windows])
    finally:
        cluster.more("tm-%s" % os.urandom(2).hex())
        cluster.wait(lambda: flinks.ask(cluster.rest, "/overview")["slots-available"] == 2, "another task manager")
    assert found["verdict"] == "PASS", found
    assert found["facts"]["wrong"] == 0 and found["facts"]["down_s"] > 0


def test_a_kill_that_meets_nothing_shows_nothing(tmp_path, cluster, redis_url):
    found = judged(tmp_path, cluster, redis_url, "tumbling", ["true"], too_late=0, late=0)
    assert found["verdict"] == "INVALID" and "killed nothing that one ran on" in " ".join(found["reasons"]), found


def test_a_cluster_that_does_not_answer_is_named():
    with pytest.raises(RuntimeError, match="does not answer /jobs/overview"):
        flink.jobs("127.0.0.1:%d" % free_port())
