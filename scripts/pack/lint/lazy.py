"""Regular expressions that are compiled when they are first used.

A run on five agents needs a few of the hundred or so that the rules hold; compiling all of them costs more than the
rest of the run. Use module-level `NAME = lazy(r"...")` and call it like a compiled pattern.
"""



class _Lazy:
    __slots__ = ("pattern", "flags", "finditer", "match", "search", "sub", "findall", "split", "fullmatch")

    def __init__(self, pattern, flags=0):
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name):  # only before the first use: the slots are empty until then
        import re  # a warm run needs no pattern at all

        compiled = re.compile(self.pattern, self.flags)
        for method in ("finditer", "match", "search", "sub", "findall", "split", "fullmatch"):
            setattr(self, method, getattr(compiled, method))
        return object.__getattribute__(self, name)


def lazy(pattern, flags=0):
    """A pattern that compiles itself on first use."""
    return _Lazy(pattern, flags)


IGNORECASE, MULTILINE, DOTALL, VERBOSE = 2, 8, 16, 64  # those of re; a test compares
