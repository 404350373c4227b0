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
from ..markdown import clean
from ..near import closest, distance, loose

SEVERITY = "error"
FILES = ("plugin",)
_FIELD = lazy(r'"(?:type|message|event|signal|state|status|phase)"\s?:\s?"([A-Za-z][A-Za-z0-9_-]{5,60})"')
# `Run_Started`, `RUN-STARTED`: written as a name, with another case or joint; all lower case is a field or a file.
_CODED = lazy(r"`([A-Za-z0-9]*[A-Z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+)`")
_PARTS = lazy(r"[_.-]")
_FILE = lazy(r"\.(?:[cm]?[jt]sx?|json|md|py|sh|ya?ml|toml|html?|css|go|rs|txt|lock|cfg|ini)\Z")
_JOINED = lazy(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)+")
_QUOTED = lazy(r"`([a-z][a-z0-9]{0,40}(?:[._-][a-z0-9]{1,40}){1,6})(?=[`(: ])")
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
# Types of JSON Schema, Avro, Protocol Buffers and GraphQL: `{"name": "orderId", "type": "string"}` describes a field.
_OF_A_SCHEMA = frozenset(
    "string number integer boolean object double uint32 uint64 sint32 sint64 fixed32 fixed64 record timestamp datetime decimal".split()
)
SHORTEST = 7  # letters of a single word outside code: shorter ones are often emphasis
_CAPS_BEFORE = lazy(r"(?<![A-Za-z])[A-Z]{2,30} \Z")
_CAPS_AFTER = lazy(r" [A-Z]{2,30}(?![A-Za-z])")
_WORD = lazy(r"(?<![\w`$/{.-])[A-Z]{%d,30}(?![\w`/}-])" % SHORTEST)


def check(plugin, context):
    """Words in capitals that the prompts use, against those that the tables declare."""
    if not plugin.is_plugin:
        return
    yield from _in_json(plugin)
    yield from _lower(plugin)
    declared = vocabulary.names(plugin)
    if not declared:
        return
    spelled = {loose(name): name for name in declared if "_" in name}
    single = any(name.isalpha() and len(name) > 6 for name in declared)
    for file in vocabulary.documents(plugin):
        seen = set()
        for match in file.matches(_CODED) if "`" in file.text and file.kind != "skill" else ():
            meant = spelled.get(loose(match.group(1)))
            if meant and match.group(1) not in declared and not file.prose.hidden(match.start()):
                text = "%r is in no table; did you mean %r?"
                yield file.hit(match.span(1), text % (match.group(1), meant), _fix(file.text, match.span(1), match.group(1), meant))
        for name, span, coded in itertools.chain(_written(file), _plain(file) if single else ()):
            meant = vocabulary.meant(name, declared) if name not in seen else None
            if meant is None or _of_a_shell(file, span) or _in_phrase(file.text, span) or not coded and not _one_slip(name, meant):
                continue
            if _name_of_its_own(plugin, file, name, meant):
                continue
            seen.add(name)
            yield file.hit(span, "%r is in no table; did you mean %r?" % (name, meant), _fix(file.text, span, name, meant))


def _name_of_its_own(plugin, file, name, meant):
    """Is it no slip: written three times or more, in a table of the same page, or with a whole short word (`pk`, `ai`) for another?"""
    if any(clean(row[0][0]) == name for table in file.prose.tables() for row in table.rows if row):
        return True
    ours, theirs = _PARTS.split(name), _PARTS.split(meant)
    if len(ours) == len(theirs):
        for one, other in zip(ours, theirs):
            if one == other or sorted(one) == sorted(other) and len(one) > 3:
                continue
            if len(one) < 4 and len(other) < 4 or distance(one, other, 1) > 1 and max(len(one), len(other)) < 7:
                return True
    return sum(_count(other.text, name) for other in vocabulary.documents(plugin)) > 2


def _count(text, name):
    """How often the text has the name as a word."""
    count, at = 0, text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(name) : at + len(name) + 1]
        count += not (before.isalnum() or before == "_" or after.isalnum() or after == "_")
        at = text.find(name, at + 1)
    return count


def _of_a_shell(file, span):
    """Is it a variable of a program (`TEST_FILE=""`, `for TEST_FILE in`, `$TEST_FILE`)?"""
    text = file.text
    return text[span[1] : span[1] + 1] == "=" or text.endswith(("$", "${", "for ", "export ", "local ", "read "), 0, span[0])


def _in_phrase(text, span):
    """`ACTION REQUIRED` is a text that is printed: a single word beside others in capitals is no name."""
    name = text[span[0] : span[1]]
    if "_" in name:
        return False
    return _CAPS_BEFORE.search(text, max(0, span[0] - 40), span[0]) is not None or _CAPS_AFTER.match(text, span[1]) is not None


def _fix(text, span, name, meant):
    """Only what is a name and nothing else (a code span of its own), and one letter away, is mended: prose is never rewritten."""
    alone = text[span[0] - 1 : span[0]] == "`" == text[span[1] : span[1] + 1]
    return [span + (meant,)] if alone and (loose(name) == loose(meant) or distance(name, meant, 1) == 1) else None


def _in_json(plugin):
    """`"type": "review_reqest"` in an example that agents copy, against the names that the tables of messages and states have."""
    declared = None
    for file in vocabulary.documents(plugin):
        for match in file.matches(_FIELD) if '": "' in file.text and file.kind != "skill" else ():
            name = match.group(1)
            if name in _OF_A_SCHEMA:
                continue
            if declared is None:
                shared = [one for one in vocabulary.documents(plugin) if one.kind != "agent"]
                declared = vocabulary.column_names(shared, _DECLARED)
            # a table in an agent's prompt is that agent's own
            known = declared | vocabulary.column_names([file], _DECLARED) if file.kind == "agent" else declared
            meant = None if name in known else closest(name, sorted(known))
            if meant is not None and meant.lower().strip("[]()<>*\"'") != name.lower() and not vocabulary.other_word(name, meant):
                text = "%r is in no table; did you mean %r?"
                yield file.hit(match.span(1), text % (name, meant), None if distance(name, meant, 1) > 1 else [match.span(1) + (meant,)])


def _lower(plugin):
    """`plan.aproved`, `plan-aproved`: names in small letters, in code, beside those that the tables of events and messages have."""
    documents = vocabulary.documents(plugin)
    names = {name.strip("`*") for name in vocabulary.column_names(documents, _DECLARED[:8])}
    names = sorted(name for name in names if len(name) > 6 and _JOINED.fullmatch(name))
    others = set(plugin.agents()) | {name.rsplit(":", 1)[-1] for name in plugin.commands()}
    for file in documents if len(names) > 1 else ():
        for match in file.matches(_QUOTED) if file.kind != "skill" else ():
            name = match.group(1)
            meant = closest(name, names) if name not in names and name not in others and len(name) > 6 else None
            if meant is None or vocabulary.other_word(name, meant) or _FILE.search(name) or file.prose.in_fence(match.start()):
                continue
            if _name_of_its_own(plugin, file, name, meant):
                continue
            if [char for char in name if not char.isalnum()] == [char for char in meant if not char.isalnum()]:
                yield file.hit(
                    match.span(1), "%r is in no table; did you mean %r?" % (name, meant), _fix(file.text, match.span(1), name, meant)
                )


def _written(file):
    return ((name, span, True) for name, span in vocabulary.capitals(file))


def _plain(file):
    """Single words in capitals outside code: emphasis, unless they are one slip away from a name of the tables."""
    for match in file.matches(_WORD):
        if not file.prose.in_code(match.start()):
            yield match.group(), match.span(), False


def _one_slip(name, meant):
    """One letter more, less or other, or two neighbours in the other order: `STRIPPED` is no slip of SKIPPED, it is a word."""
    if len(name) == len(meant) and sorted(name) == sorted(meant):
        return True
    return distance(name, meant, 1) == 1
