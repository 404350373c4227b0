"""`--help` of what needs an extra is read before the extra is there."""

import os
import re
import subprocess
import sys

import pytest

from pack.base.paths import PLUGIN_ROOT

EXTRAS = "hdrh pptx reportlab textual rich psycopg opentelemetry websockets redis hiredis nats aio_pika confluent_kafka aiohttp socketio"
HELP = [
    "rt",
    "rt latency",
    "rt audit",
    "gate",
    "kanban",
    "report",
    "fleet",
    "fleet init",
    "sprint",
    "record",
    "adr",
    "watch",
    "export",
    "team",
]


def test_help_needs_no_package_at_all(tmp_path):
    """bin/pack with a Python that has nothing but its standard library."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    env = dict(os.environ, PACK_PYTHON=str(tmp_path / "bare" / "bin" / "python"))
    for words in HELP:
        argv = [os.path.join(PLUGIN_ROOT, "bin", "pack")] + words.split() + ["--help"]
        done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=tmp_path)
        assert done.returncode == 0 and "pack " + words.split()[0] in done.stdout and not done.stderr, (words, done)
        assert words.split()[0] != "rt" or "pip install '%s[realtime]'" % PLUGIN_ROOT in done.stdout


def test_help_says_which_extra_is_missing(tmp_path):
    extras = {"rt": "realtime", "rt audit": "realtime", "report": "report", "fleet": "fleet", "watch": "watch", "export": "otel"}
    code = "import sys\nfor n in %r.split(): sys.modules[n] = None\nfrom pack.cli.main import main; sys.exit(main(sys.argv[1:]))" % EXTRAS
    for words, extra in extras.items():
        argv = [sys.executable, "-c", code] + words.split() + ["--help"]
        done = subprocess.run(argv, capture_output=True, text=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
        assert done.returncode == 0 and "needs the extra `%s`, which is not installed here: " % extra in done.stdout, (words, done)
        assert "usage" in done.stdout.lower() and not done.stderr


@pytest.mark.parametrize(
    "words, meant",
    [
        ("statu", "status"),
        ("status --sumary", "--summary"),
        ("log --follw", "--follow"),
        ("watch --wbe", "--web"),
        ("stats --jsn", "--json"),
        ("team chek", "check"),
        ("fleet sttus", "status"),
        ("doctor --fxi", "--fix"),
        ("uninstall --teems", "--teams"),
        ("report htlm", "html"),
        ("report html --outt x", "--out"),
        ("lint --formt json", "--format"),
        ("rt probee", "probe"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(words, meant, tmp_path):
    argv = [os.path.join(PLUGIN_ROOT, "bin", "pack")] + words.split()
    done = subprocess.run(argv, capture_output=True, text=True, env=dict(os.environ, PACK_PYTHON=sys.executable), cwd=tmp_path)
    assert done.returncode == 2 and re.search(r"[Dd]id you mean\W+%s\b" % re.escape(meant), done.stderr), done.stderr


def test_what_is_near_nothing_gets_no_guess(tmp_path):
    argv = [os.path.join(PLUGIN_ROOT, "bin", "pack"), "status", "--frobnicate"]
    done = subprocess.run(argv, capture_output=True, text=True, env=dict(os.environ, PACK_PYTHON=sys.executable), cwd=tmp_path)
    assert done.returncode == 2 and "--frobnicate" in done.stderr and "mean" not in done.stderr
