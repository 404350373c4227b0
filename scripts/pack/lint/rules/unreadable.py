"""A file that the client loads cannot be read

No right to read it, a link that leads nowhere, not a regular file, or larger than the client reads (1 MiB): the
component is missing at run time, and nobody is told.

Source: client
"""

SEVERITY = "error"
FILES = ("*",)


def check(file, context):
    """Report what the file system answered."""
    if file.load().read_error:
        if file.kind == "prose" and file.too_large:
            return  # no loader of the client reads it; the Read tool takes it in parts
        loaded = file.kind not in ("prose", "readme", "rootdoc", "script", "private")
        yield file.hit((0, 0), "cannot be read: %s" % file.read_error, severity=None if loaded or file.too_large else "warning")
