"""Which of some two hundred short strings a text holds, found in one pass over its bytes.

Most rules have something to say only where some word stands, and to look for each of these words in turn takes longer than
the rules. The automaton is that of ahocorasick_rs; a small tree, or an installation without that package, does without.
"""

LEAST = 40  # files; below, to find and load the package costs more than it saves


class Finder:
    """Call with bytes: the set of the needles in them. `known`: all that it looks for."""

    def __init__(self, automaton, needles):
        self.needles, self.known = needles, frozenset(needles)
        self._find = automaton([needle.encode("utf-8", "surrogateescape") for needle in needles]).find_matches_as_indexes

    def __call__(self, data):
        needles = self.needles
        return {needles[found[0]] for found in self._find(data, True)}


def finder(needles, files):
    """A Finder for so many files, or None."""
    if files < LEAST:
        return None
    try:
        from ahocorasick_rs import BytesAhoCorasick
    except ImportError:
        return None
    return Finder(BytesAhoCorasick, sorted(set(needles)))
