"""A ` #` in an unquoted text starts a comment: the rest of the value is gone

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews issue #12 and more
    tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: 'Reviews issue #12 and more'
    tools: Read
    ---
    Review.

Source: YAML 1.2; client, measured
"""

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "output-style")
KEYS = ("description", "when_to_use", "argument-hint", "initialPrompt")
LISTS = ("tools", "disallowedTools", "allowed-tools")  # here `# and a blank` is a comment that somebody meant


def check(file, context):
    """Look behind the value of every free-text key and tool list."""
    front = file.front
    if front is None or front.lenient or not isinstance(front.value, dict) or " #" not in file.text[front.start : front.end]:
        return
    for key in KEYS + LISTS:
        if (key,) not in front.keys or isinstance(front.value.get(key), (list, dict)):
            continue
        start, end = front.spans[(key,)]
        line_end = file.source.line_end(max(start, end - 1))
        raw = file.text[start:end]
        if raw[:1] in "\"'|>" and raw:
            continue
        rest = file.text[end:line_end]
        at = rest.find("#")
        if at < 0 or rest[:at].strip(" \t") or key in LISTS and (not rest[at + 1 : at + 2].strip() or "," not in rest[at:]):
            continue
        lost = rest[at:].strip()
        seen = (
            "%s %r" % ("the client reads" if key in LISTS else "the model sees", front.value[key])
            if front.value[key] is not None
            else "nothing is left"
        )
        yield file.hit(
            (end + at, line_end),
            "%s is cut here: %r is a comment, %s; put quotes around the value"
            % (key, lost[:60], seen if len(seen) < 90 else "the rest is lost"),
            None if key in LISTS else _quote_fix(file, key, start, line_end),
        )


def _quote_fix(file, key, start, end):
    value = file.text[start:end].rstrip()
    first_line_end = file.source.line_end(start)
    if first_line_end != end or start > end or not value:
        return None
    if file.text[start : start + 1] in " #" and not value.startswith("#"):
        return None
    return [(start, start + len(value), "'%s'" % value.replace("'", "''"))]
