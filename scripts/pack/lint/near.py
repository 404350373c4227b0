"""The nearest legal name, for messages."""


def distance(a, b, limit):
    """Levenshtein distance, or limit + 1 when it is more."""
    if abs(len(a) - len(b)) > limit or len(set(a) ^ set(b)) > 2 * limit:
        return limit + 1  # each edit changes at most two letters of the sets
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
        if min(row) > limit:
            return limit + 1
    return row[-1]


_answers: "dict[object, object]" = {}


def closest(word, names):
    """The one name within a typo's reach, or None."""
    key = word, tuple(names)  # packs repeat their own keys in every file
    if key not in _answers:
        _answers[key] = _closest(*key)
    return _answers[key]


def _closest(word, names):
    word_lower = word.lower()
    limit = 1 if len(word) <= 3 else 2
    best, best_distance = None, limit + 1
    shortest, longest = len(word) - limit, len(word) + limit
    for name in names:
        if not shortest <= len(name) <= longest:
            continue
        name_lower = name.lower()
        if name_lower == word_lower:
            return name
        found = distance(word_lower, name_lower, limit)
        if found < best_distance:
            best, best_distance = name, found
    return best


def loose(name):
    """The name as the client compares frontmatter keys: without hyphens, underscores and letter case."""
    return name.replace("-", "").replace("_", "").lower()


def nearest(word, names):
    """`; did you mean "x"?` or nothing."""
    found = closest(word, names) if len(word) < 80 else None
    return '; did you mean "%s"?' % found if found is not None and found != word else ""
