"""Bytes that are not UTF-8

The client replaces every such byte by U+FFFD: the model reads a broken word, and in a name or a tool list the value is
another one.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("*",)


def check(file, context):
    """Report the first bad byte."""
    error = file.source.decode_error
    if error is None or file.source.data[:2] in (b"\xff\xfe", b"\xfe\xff") and file.is_json:
        return
    at = file.source.byte_to_char(error[0])
    what = "byte 0x%02x is not UTF-8; the client reads U+FFFD instead" % error[1]
    yield file.hit((at, at + 1), what)
