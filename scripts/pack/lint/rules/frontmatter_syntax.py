"""The frontmatter is not YAML for the client

The client tries twice, the second time with quotes around odd values, then drops every field: an agent keeps only its
file name, so it runs with ALL tools; a command loses its description and allowed-tools.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: "Reviews" a change
    tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: '"Reviews" a change'
    tools: Read
    ---
    Review.

Source: client, measured
"""

SEVERITY = "error"
FILES = ("agent", "command", "skill", "output-style")
EFFECT = {
    "agent": "the client drops every field: this agent runs with ALL tools and no description",
    "command": "the client drops every field: description, allowed-tools and model are gone",
    "skill": "the client drops every field: the model never sees this skill",
}
_OF_ONES_OWN = {
    "agent": "the client drops every field, and from .claude/agents it does not load the agent",
    "skill": "the client drops every field: of a skill in .claude/skills the model sees only the first line of the text",
}


def check(file, context):
    """Report the parse error where YAML stopped, or a block that is no mapping."""
    front = file.front
    if front is None:
        return
    effect = EFFECT.get(file.kind, "every field is dropped")
    if file.kind in _OF_ONES_OWN and file.plugin is not None and file.plugin.loads_as != "plugin":
        effect = _OF_ONES_OWN[file.kind]
    if front.error is not None:
        at = front.spans[()][0]
        at = min(at, max(front.start, front.end - 1))
        yield file.hit((at, file.source.line_end(at)), "frontmatter is not YAML: %s; %s" % (front.error, effect))
    elif front.value is not None and not isinstance(front.value, dict):
        what = "a list" if isinstance(front.value, list) else "a single value"
        yield file.hit(
            (front.start, file.source.line_end(front.start)),
            "frontmatter must be `key: value` lines, not %s; %s" % (what, effect),
        )
