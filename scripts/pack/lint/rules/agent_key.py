"""A frontmatter key that the client does not know for an agent

It is ignored without a word. `allowed-tools` is the worst: it belongs to commands, and an agent that has it instead of
`tools` runs with ALL tools.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    allowed-tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client, measured
"""

from ..lazy import lazy
from ..near import closest

SEVERITY = "warning"
FILES = ("agent",)
_GUARD = lazy(r"(?<=\n)[ \t]*((?:tools|disallowedTools):) (?=[\"'\[]?[A-Z][A-Za-z]+\b[\"']?(?:,|\]|[ \t]*\n|[ \t]*\Z|\())")
MEANT = {
    "tool": "tools",
    "skill": "skills",
    "hook": "hooks",
    "desc": "description",
    "allowed-tools": "tools",
    "allowedtools": "tools",
    "allowed_tools": "tools",
    "whentouse": "description",
    "disallowed-tools": "disallowedTools",
}


def check(file, context):
    """Keys that look like a known one are reported; other unknown keys are the author's own metadata."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    facts = context.facts
    known = facts.agent["keys"] + facts.agent["also_read"]
    yield from _swallowed(file)
    for key in front.value:
        if key in known:
            continue
        folded = key.lower().replace("_", "-")
        meant = MEANT.get(key.lower()) or MEANT.get(folded)
        if meant is None:
            same = [name for name in known if name.lower() == folded.replace("-", "") or name.lower() == key.lower()]
            meant = same[0] if same else closest(key, known) if len(key) > 4 else None
        if meant is None:
            continue
        free = meant not in front.value
        guard = meant in ("tools", "disallowedTools") and free
        effect = "; the agent runs with ALL tools" if guard and meant == "tools" else ""
        fix = [file.at((key,), key=True) + (meant,)] if free and meant != "description" else None
        yield file.hit(
            file.at((key,), key=True),
            "unknown key %r is ignored%s; did you mean %r?" % (key, effect, meant),
            fix,
            "error" if guard else None,
        )


def _swallowed(file):
    """`tools: ...` as a line of a block of text or of a quoted one that goes on: the agent has no tools key at all."""
    front = file.front
    if "tools" in front.value or "disallowedTools" in front.value:
        return
    for match in _GUARD.finditer(file.text, front.start, front.close):
        line = file.text[match.start(1) : file.source.line_end(match.start(1))].strip()
        key = next((key for key, text in front.value.items() if isinstance(text, str) and line in text), None)
        if key is not None:
            said = "%r stands inside the text of %s and is no key: the agent runs with ALL tools"
            yield file.hit(match.span(1), said % (match.group(1), key), None, "error")
            return
