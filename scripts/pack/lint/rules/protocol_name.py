"""A state, event, message or role that is almost, but not quite, one of the tables

One letter less in a prompt than in the table, and the other side waits for ever.

Bad `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `IN_REVIEW` | waits |
    | `CHANGES_REQUESTED` | is mended |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md). Then send `CHANGES_REQUSTED`.

Good `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `IN_REVIEW` | waits |
    | `CHANGES_REQUESTED` | is mended |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md). Then send `CHANGES_REQUESTED`.

Source: this project
"""

import itertools

from .. import vocabulary
from ..lazy import lazy
from ..near import closest

SEVERITY = "error"
_FIELD = lazy(r'"(?:type|message|event|signal|state|status|phase)"\s?:\s?"([A-Za-z][A-Za-z0-9_-]{5,60})"')
_DECLARED = (
    "message",
    "messages",
    "message type",
    "message name",
    "event",
    "events",
    "signal",
    "signals",
    "state",
    "states",
    "status",
    "phase",
)
SHORTEST = 7  # letters of a single word outside code: shorter ones are often emphasis
_WORD = lazy(r"(?<![\w`$/{.-])[A-Z]{%d,30}(?![\w`/}-])" % SHORTEST)


def check(plugin, context):
    """Words in capitals that the prompts use, against those that the tables declare."""
    if not plugin.is_plugin:
        return
    yield from _in_json(plugin)
    declared = vocabulary.names(plugin)
    if not declared:
        return
    single = any(name.isalpha() and len(name) > 6 for name in declared)
    for file in vocabulary.documents(plugin):
        seen = set()
        for name, span in itertools.chain(vocabulary.capitals(file), _plain(file) if single else ()):
            meant = vocabulary.meant(name, declared) if name not in seen else None
            if meant is None:
                continue
            seen.add(name)
            yield file.hit(span, "%r is in no table; did you mean %r?" % (name, meant), [span + (meant,)])


def _in_json(plugin):
    """`"type": "review_reqest"` in an example that agents copy, against the names that the tables of messages and states have."""
    declared = None
    for file in vocabulary.documents(plugin):
        for match in _FIELD.finditer(file.text, file.body_start) if '": "' in file.text and file.kind != "skill" else ():
            if declared is None:
                declared = vocabulary.column_names(vocabulary.documents(plugin), _DECLARED)
            name = match.group(1)
            meant = None if name in declared else closest(name, sorted(declared))
            if meant is not None and meant.lower() != name.lower() and not vocabulary.other_word(name, meant):
                text = "%r is in no table; did you mean %r?"
                yield file.hit(match.span(1), text % (name, meant), [match.span(1) + (meant,)])


def _plain(file):
    """Single words in capitals outside code: emphasis, unless they are a slip away from a name of the tables."""
    for match in _WORD.finditer(file.text, file.body_start):
        if not file.prose.in_code(match.start()):
            yield match.group(), match.span()
