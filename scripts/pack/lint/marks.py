"""Which of some two hundred short strings a text holds, found in one pass over its bytes.

Most rules have something to say only where some word stands, and to look for each of these words in turn takes longer than
the rules. The automaton is that of ahocorasick_rs; a small tree, or an installation without that package, does without.
"""

LEAST = 40  # files; below, to find and load the package costs more than it saves


class Asked:
    """Call with a File: is one of these strings in its text? `known`: those that a Finder looks for; `others`: the rest."""

    __slots__ = ("known", "others")

    def __init__(self, known, others):
        self.known, self.others = known, others

    def __call__(self, file):
        return not self.known.isdisjoint(file.marks) or bool(self.others) and has(file.text, self.others)


class Finder:
    """Call with bytes: the set of the needles in them. `known`: all that it looks for."""

    def __init__(self, automaton, needles):
        self.needles, self.known = needles, frozenset(needles)
        self._find = automaton([needle.encode("utf-8", "surrogateescape") for needle in needles]).find_matches_as_indexes

    def asks(self, needs):
        """A question to a File: is one of these strings in its text?"""
        return Asked(self.known.intersection(needs), tuple(need for need in needs if need not in self.known))

    def __call__(self, data):
        needles = self.needles
        return {needles[found[0]] for found in self._find(data, True)}


def finder(needles, files):
    """A Finder for so many files, or None."""
    if files < LEAST:
        return None
    try:
        from ahocorasick_rs import BytesAhoCorasick, Implementation
    except ImportError:
        return None

    def automaton(patterns):  # the table of all transitions takes 1 ms to make and half of the time to go through
        return BytesAhoCorasick(patterns, implementation=Implementation.DFA)

    return Finder(automaton, sorted(set(needles)))


def has(text, needs):
    """Does the text hold one of the strings?"""
    for need in needs:
        if need in text:
            return True
    return False


def lines_with(text, start, marks):
    """[(start, end)] of the lines from `start` on that hold one of the marks: what a pattern without a fixed beginning
    need look at."""
    begins = {}
    for mark in marks:
        at = text.find(mark, start)
        while at >= 0:
            begin = max(text.rfind("\n", start, at) + 1, start)
            end = text.find("\n", at)
            begins[begin] = end if end >= 0 else len(text)
            at = text.find(mark, begins[begin])
    return sorted(begins.items())
