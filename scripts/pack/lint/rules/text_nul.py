"""A NUL byte in a text file

Many tools take the file for binary from here on; git shows no diff of it, and in frontmatter YAML ends with an error.

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("*",)


def check(file, context):
    """Report the first NUL of a UTF-8 file."""
    at = file.text.find("\x00")
    if at >= 0 and not file.source.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield file.hit((at, at + 1), "NUL byte: git and many tools take the file for binary")
