"""What a consumer under audit says to the auditor. Standard library only; copy it, or write the ten lines in any language.

The auditor gives the address in `PACK_RT_POINT`. The first line is `member NAME` (from `PACK_RT_MEMBER`; no answer). A
line `ready`, `point N` or `effect N [partition]` is answered with `go`, unless
the auditor kills the process right there: so the crash is exactly between the line before and the line after.
"""

import os
import socket

_line = None


def _say(text):
    global _line
    address = os.environ.get("PACK_RT_POINT")
    if not address:
        return  # not under audit
    if _line is None:
        host, port = address.rsplit(":", 1)
        _line = socket.create_connection((host, int(port))).makefile("rwb")
        _line.write(b"member %s\n" % os.environ.get("PACK_RT_MEMBER", "w1").encode())
    _line.write(text.encode() + b"\n")
    _line.flush()
    if _line.readline() != b"go\n":
        os._exit(1)


def ready():
    """The consumer is subscribed: the audit may begin to send."""
    _say("ready")


def point(number):
    """A place where the audit may kill this process while it handles message `number`."""
    _say("point %d" % number)


def effect(number, partition=""):
    """The effect of message `number` is done; also a place where the audit may kill."""
    _say(("effect %d %s" % (number, partition)).strip())


def poison(body):
    """Is it one that no consumer can handle? Treat it as what cannot be parsed: reject it, until it is a dead letter."""
    return body.split(None, 3)[2:3] == [b"poison"]


def number(body):
    """The message number in the body of an audited message."""
    return int(body.split()[1])
