"""A real Flink of PyPI's `apache-flink-libraries` on this machine: one job manager, two task managers, a job of Java source.

`python cluster.py kill REST FOLDER` kills the task manager on which a job runs with SIGKILL; the tests give it as `stream.kill`.
The package has neither Flink's scripts nor its configuration, so the processes are started as those scripts start them.
"""

import glob
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = (
    "no Flink: pip install --no-deps apache-flink-libraries (353 MB) and a JDK (Debian: default-jdk-headless); `make test-flink` does it"
)
OPENS = (
    "java.net",
    "java.nio",
    "java.util",
    "java.lang",
    "java.util.concurrent",
    "java.time",
    "java.text",
)  # what Flink looks into on Java 17


def home():
    """The folder with Flink's jars, or None: FLINK_HOME, or the package beside this Python."""
    found = os.environ.get("FLINK_HOME")
    if not found:
        spec = importlib.util.find_spec("pyflink")
        found = spec and spec.submodule_search_locations[0]
    return found if found and glob.glob(os.path.join(found, "lib", "flink-dist-*.jar")) and shutil.which("javac") else None


def ask(rest, what, data=None, kind="application/json"):
    request = urllib.request.Request(rest + what, data, {"Content-Type": kind} if data is not None else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def build(jars, folder):
    """The jar of the job."""
    classes, jar = os.path.join(folder, "classes"), os.path.join(folder, "windows.jar")
    os.makedirs(classes)
    job = os.path.join(HERE, "WindowJob.java")
    done = subprocess.run(["javac", "-nowarn", "-cp", jars, "-d", classes, job], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(["jar", "cfe", jar, "WindowJob", "-C", classes, "."], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return jar


class Cluster:
    """Started in `folder`; `free_port` and `child(command)` are given by the tests, which end what they start."""

    def __init__(self, folder, free_port, child):
        self.folder, self.child, self.killing = str(folder), child, False
        self.jars = os.path.join(home(), "lib", "*")
        self.jar = build(self.jars, self.folder)
        rest, rpc = free_port(), free_port()
        self.rest, self.processes = "http://127.0.0.1:%d" % rest, []
        self.settings = {
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": rpc,
            "jobmanager.bind-host": "127.0.0.1",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": rest,
            "taskmanager.host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "taskmanager.cpu.cores": 1,
            "taskmanager.memory.task.heap.size": "64m",
            "taskmanager.memory.task.off-heap.size": "0m",
            "taskmanager.memory.framework.heap.size": "64m",
            "taskmanager.memory.framework.off-heap.size": "32m",
            "taskmanager.memory.jvm-metaspace.size": "128m",
            "taskmanager.memory.jvm-overhead.min": "64m",
            "taskmanager.memory.jvm-overhead.max": "64m",
            "taskmanager.memory.network.min": "16m",
            "taskmanager.memory.network.max": "16m",
            "taskmanager.memory.managed.size": "0m",
            "taskmanager.numberOfTaskSlots": 1,
            "execution.checkpointing.interval": "200ms",
            "execution.checkpointing.dir": "file://%s/checkpoints" % self.folder,
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 10,
            "restart-strategy.fixed-delay.delay": "100ms",
            "pekko.startup-timeout": "120 s",  # the default of 10 s is not enough where much else runs
            "pekko.ask.timeout": "60 s",
            "heartbeat.interval": "1 s",  # a killed one is missed after two that it does not answer
            "heartbeat.timeout": "60 s",
            "io.tmp.dirs": self.folder + "/tmp",
        }
        os.makedirs(self.folder + "/tmp")
        self.start("jobmanager", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", 256)
        for n in range(2):
            self.start("tm%d" % n, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", 192, {"taskmanager.resource-id": "tm%d" % n})
        self.wait(lambda: ask(self.rest, "/overview")["slots-available"] == 2, "two task managers")
        boundary = uuid.uuid4().hex
        with open(self.jar, "rb") as handle:
            head = '--%s\r\nContent-Disposition: form-data; name="jarfile"; filename="windows.jar"\r\nContent-Type: application/x-java-archive\r\n\r\n'
            body = (head % boundary).encode() + handle.read() + ("\r\n--%s--\r\n" % boundary).encode()
        self.killing = True  # from here on one may be gone
        self.uploaded = os.path.basename(ask(self.rest, "/jars/upload", body, "multipart/form-data; boundary=" + boundary)["filename"])

    def start(self, name, program, heap_mb, more=None):
        conf = os.path.join(self.folder, name)
        os.makedirs(conf)
        with open(conf + "/config.yaml", "w") as handle:
            handle.write("".join("%s: %s\n" % item for item in dict(self.settings, **(more or {})).items()))
        with open(conf + "/log4j.properties", "w") as handle:
            handle.write("rootLogger.level = WARN\nrootLogger.appenderRef.a.ref = A\nappender.a.name = A\nappender.a.type = FILE\n")
            handle.write(
                "appender.a.fileName = %s/log\nappender.a.layout.type = PatternLayout\nappender.a.layout.pattern = %%p %%m%%n%%ex\n" % conf
            )
        command = [
            "java",
            "-Xmx%dm" % heap_mb,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dlog4j.configurationFile=%s/log4j.properties" % conf,
        ]
        for package in OPENS:
            command += ["--add-opens", "java.base/%s=ALL-UNNAMED" % package]
        child = self.child(command + ["-cp", self.jars, program, "--configDir", conf])
        self.processes.append(child)

    def wait(self, ready, what, seconds=120):
        until = time.monotonic() + seconds
        while True:
            try:
                if ready():
                    return
            except OSError:
                pass
            gone = [n for n, process in enumerate(self.processes) if process.poll() is not None and not self.killing]
            assert not gone, "process %d of Flink ended; see the logs in %s" % (gone[0], self.folder)
            assert time.monotonic() < until, "%s did not come within %d s; see the logs in %s" % (what, seconds, self.folder)
            time.sleep(0.1)

    def run(self, *arguments):
        """The id of a job that runs."""
        body = json.dumps({"programArgsList": [str(a) for a in arguments]}).encode()
        job = ask(self.rest, "/jars/%s/run" % self.uploaded, body)["jobid"]
        self.wait(lambda: all(v["status"] == "RUNNING" for v in ask(self.rest, "/jobs/" + job)["vertices"]), "the job")
        return job

    def cancel(self, job):
        request = urllib.request.Request("%s/jobs/%s" % (self.rest, job), method="PATCH")
        urllib.request.urlopen(request, timeout=60).close()
        self.wait(lambda: ask(self.rest, "/jobs/" + job)["state"] == "CANCELED", "the end of the job")

    def more(self, name):
        """One more task manager, in place of a killed one."""
        self.start(name, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", 192, {"taskmanager.resource-id": name})


def kill(rest, folder):
    """SIGKILL to the task manager on which a job runs."""
    job = next(j["jid"] for j in ask(rest, "/jobs/overview")["jobs"] if j["state"] == "RUNNING")
    vertex = ask(rest, "/jobs/" + job)["vertices"][0]["id"]
    name = ask(rest, "/jobs/%s/vertices/%s/taskmanagers" % (job, vertex))["taskmanagers"][0]["taskmanager-id"]
    wanted = os.path.join(folder, name).encode()
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/cmdline" % entry, "rb") as handle:
                words = handle.read().split(b"\0")
        except OSError:
            continue
        if entry.isdigit() and words[0].endswith(b"java") and wanted in words:
            os.kill(int(entry), signal.SIGKILL)
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(kill(sys.argv[2], sys.argv[3]))
