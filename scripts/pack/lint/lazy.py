"""Regular expressions that are compiled when they are first used.

A run on five agents needs a few of the hundred or so that the rules hold; compiling all of them costs more than the
rest of the run. Use module-level `NAME = lazy(r"...")` and call it like a compiled pattern.
"""

METHODS = ("finditer", "match", "search", "sub", "findall", "split", "fullmatch")
used: "list[tuple[str, int]]" = []  # (pattern, flags) of those that were compiled here


def compiled(pattern, flags):
    """A pattern from elsewhere, or None: bundle.py puts its own here."""
    return None


class _Lazy:
    __slots__ = ("pattern", "flags") + METHODS

    def __init__(self, pattern, flags=0):
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name):  # only before the first use: the slots are empty until then
        made = compiled(self.pattern, self.flags)
        if made is None:
            import re  # with what it needs itself a tenth of a small run

            made = re.compile(self.pattern, self.flags)
            used.append((self.pattern, self.flags))
        for method in METHODS:
            setattr(self, method, getattr(made, method))
        return object.__getattribute__(self, name)


def lazy(pattern, flags=0):
    """A pattern that compiles itself on first use."""
    return _Lazy(pattern, flags)


IGNORECASE, MULTILINE, DOTALL, VERBOSE = 2, 8, 16, 64  # those of re; a test compares
