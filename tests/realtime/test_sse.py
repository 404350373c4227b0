"""Server-Sent Events against a real server of aiohttp."""

import os
import sys

import pytest

from .conftest import PROJECT, Running, free_port, pack

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def events():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "sse_server.py"), str(port)], port)
    yield "http://127.0.0.1:%d" % port
    running.stop()


@pytest.mark.parametrize(
    "channel, words, code, told",
    [
        ("/plain", ("--connections", 3), 0, ["event stream of sse_server (real): sent 300, received 300, lost 0"]),
        ("/named", ("--option", "event=tick"), 0, ["received 100, lost 0"]),
        ("/named", ("--option", "event=other"), 1, ["received 0, lost 100", "nothing came back"]),
        ("/json", ("--option", 'message={"say": "{body}"}'), 0, ["received 100, lost 0"]),
        ("/cut", (), 0, ["received 100, lost 0", "the stream ended; it was asked for again"]),
        ("/held", (), 0, ["what is missing are the last ", "a proxy that buffers"]),
        ("/cr", (), 0, ["received 100, lost 0"]),
        ("/bom", (), 0, ["received 100, lost 0"]),
        ("/halves", (), 0, ["received 100, lost 0"]),
        ("/bare", (), 1, ["lines came that are no fields of an event (`data: ...` and a blank line), the last one:"]),
        ("/open", (), 1, ["data came without the blank line that ends an event"]),
        ("/gone", (), 1, ["asked again, the server answers with HTTP 503 Service Unavailable", "nothing came back"]),
        ("/none", (), 2, ["HTTP 200 OK, no event stream (text/plain; charset=utf-8)"]),
    ],
)
def test_events_come_back(events, channel, words, code, told, capsys):
    assert pack("rt", "probe", "sse", events + channel, "--rate", 100, "--duration", 1, *words) == code
    out = "".join(capsys.readouterr())
    for text in told:
        assert text in out


def test_a_server_without_tls_is_no_matter_of_the_disk(events, capsys):
    """OpenSSL's numbers of errors are not the system's: its 1 was taken for EPERM, and the way out was to make room."""
    assert pack("rt", "probe", "sse", events.replace("http:", "https:") + "/plain", "--duration", 1) == 2
    err = capsys.readouterr().err
    assert "asks for TLS or knows none" in err and "make room" not in err and "Traceback" not in err


def test_what_a_server_forgets_between_two_streams_is_lost_and_why(events, capsys):
    assert pack("rt", "probe", "sse", events + "/forget", "--rate", 200, "--duration", 1) == 0
    out = capsys.readouterr().out
    assert "the stream ended; it was asked for again" in out and ", lost 0" not in out
