"""A run that was attested: made once by driving the gate with real git, copied for each test that bends it."""

import base64
import json
import os
import shutil
import subprocess
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACK = os.path.join(ROOT, "bin", "pack")


class Lab:
    """A repository with an attested run (tasks #1 src/a.py and #2 .conventions/), the keys, and `pack attest` as a process."""

    def __init__(self, home):
        self.home = str(home)
        self.repo, self.data = os.path.join(self.home, "proj"), os.path.join(self.home, "data")
        self.key, self.stranger, self.allowed = (os.path.join(self.home, n) for n in ("key", "stranger", "allowed"))

    def env(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CLAUDE"))}
        who = {"GIT_%s_%s" % (a, b): v for a in ("AUTHOR", "COMMITTER") for b, v in (("NAME", "t"), ("EMAIL", "t@example.invalid"))}
        return dict(clean, HOME=self.data, CLAUDE_PLUGIN_DATA=self.data, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", **who)

    def git(self, *args, data=None, cwd=None, fails=False):
        done = subprocess.run(
            ("git", "-C", cwd or self.repo) + args, input=data, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert fails or done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    def pack(self, *args, cwd=None):
        """(exit code, what it printed) of `pack attest ARGS`."""
        done = subprocess.run(
            (PACK, "attest") + args, cwd=cwd or self.repo, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def verify(self, words="BASE..HEAD", *more, allowed=None, cwd=None):
        return self.pack("verify", words.replace("BASE", self.base()), "--allowed-signers", allowed or self.allowed, *more, cwd=cwd)

    def base(self):
        """The commit before the run."""
        return self.read(os.path.join(self.home, "base"))

    def read(self, path):
        with open(os.path.join(self.repo, path), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text, mode=0o644):
        full = os.path.join(self.repo, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as f:
            f.write(text)
        os.chmod(full, mode)

    def commit(self, message="more"):
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    # -- bending what is attested ----------------------------------------------------------------------------------------------
    def envelope(self):
        with open(os.path.join(self.home, "attestation")) as f:
            return json.loads(f.read())

    def statement(self):
        return json.loads(base64.b64decode(self.envelope()["payload"]))

    def sealed(self, statement, key=None, namespace="team-attest", payload=None, kind=None):
        """A statement (or raw payload bytes) in an envelope that `key` signed, as one line."""
        from pack.report import attest

        payload = payload if payload is not None else json.dumps(statement, sort_keys=True).encode()
        with open(os.path.join(self.home, "payload"), "wb") as f:
            f.write(attest.pae(payload))
        if os.path.exists(f.name + ".sig"):
            os.unlink(f.name + ".sig")
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key or self.key, f.name], check=True, stderr=subprocess.DEVNULL
        )
        with open(f.name + ".sig", "rb") as f:
            signature = base64.b64encode(f.read()).decode()
        body = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind or attest.PAYLOAD,
            "signatures": [{"keyid": "", "sig": signature}],
        }
        return json.dumps(body)

    def note(self, *lines, on="HEAD", ref="refs/notes/team"):
        """Replace every note by these lines."""
        self.git("update-ref", "-d", ref, fails=True)
        if lines:
            self.git("notes", "--ref", ref, "add", "-f", "-F", "-", on, data="\n".join(lines) + "\n")

    def bend(self, change, key=None, subjects=True):
        """Sign a changed statement with the trusted key and make it the only note. change(predicate) or change(predicate, statement)."""
        from pack.report import attest

        statement = self.statement()
        change(statement["predicate"])
        if subjects:
            statement["subject"] = attest.subjects(statement["predicate"])
        self.note(self.sealed(statement, key))


def make(home, mode="SIMPLE"):
    """Play a run to CLOSED and attest it."""
    from hooks.driver import Session

    lab = Lab(home)
    os.makedirs(os.path.join(lab.repo, "src"))
    lab.write("src/old.py", "OLD = 1\n")
    lab.write("test_old.py", "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n")
    lab.write("plan.md", "# Add a greeting\n")
    lab.write(".gitignore", "__pycache__/\n.claude/\n")
    lab.git("init", "-q", "-b", "main")
    for name, value in (("user.name", "t"), ("user.email", "t@example.invalid")):
        lab.git("config", name, value)
    lab.commit("start")
    with open(os.path.join(lab.home, "base"), "w") as f:
        f.write(lab.git("rev-parse", "HEAD"))
    s = Session(lab.repo, lab.data, now=time.time() - 60)  # each call is half a second of its own: the run must have ended by now
    s.setup(mode)
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    from hooks.test_honest import finish

    finish(s)
    assert s.state()["phase"] == "CLOSED"
    for name in ("key", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", os.path.join(lab.home, name)], check=True)
    with open(lab.key + ".pub") as f:
        public = f.read()
    with open(lab.allowed, "w") as f:
        f.write('me@example.invalid namespaces="team-attest" ' + public)
    code, out = lab.pack("--key", lab.key)
    assert code == 0 and "signed with" in out, out
    shutil.copy(
        os.path.join(lab.repo, ".claude", "teams", "feature-add-a-greeting", "attestation.jsonl"), os.path.join(lab.home, "attestation")
    )
    return lab


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def made_medium(tmp_path_factory):
    return make(tmp_path_factory.mktemp("medium"), "MEDIUM")


def _copy(made, tmp_path):
    shutil.copytree(made.home, tmp_path / "lab", symlinks=True)
    return Lab(tmp_path / "lab")


@pytest.fixture
def lab(made, tmp_path):
    return _copy(made, tmp_path)


@pytest.fixture
def medium(made_medium, tmp_path):
    return _copy(made_medium, tmp_path)
