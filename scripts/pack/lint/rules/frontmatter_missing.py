"""No frontmatter that the client can see

The first line must be `---` (a byte-order mark and trailing spaces are fine, a blank line before it is not), and
another `---` must follow. Without it a plugin's agent is called by its file name and has ALL tools, and its skill is never
offered; an agent in .claude/agents is not loaded, and of a skill in .claude/skills the model sees the first line.

Bad `agents/README.md`:

    # Agents

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews a change. Use when one is ready.
    tools: Read
    ---
    Review.

Source: client, measured
"""

from .. import tools
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_KEY = lazy(r"(?:name|description):[ \t]*\S")
EFFECT = {
    "plugin": {
        "agent": "it loads as an agent named %r with ALL tools",
        "command": "the first line stands in for the description of the command %r, and the model is not offered it",
        "skill": "the model never sees the skill %r",
    },
    "own": {
        "command": "the first line stands in for the description of the command %r",
        "skill": "the model sees only the first line of the skill %r",
    },
    "either": {
        "agent": "in .claude/agents the client does not load it, in a plugin it is an agent named %r with ALL tools",
        "command": "the first line stands in for the description of the command %r",
        "skill": "in a plugin the model never sees the skill %r",
    },
}


def check(file, context):
    """Report files of a component folder without a block."""
    if file.front is not None or file.read_error or file.plugin is None or file.plugin.scope not in ("plugin", "bare", "project"):
        return
    loads_as = file.plugin.loads_as
    if file.kind == "agent" and (loads_as == "own" or loads_as == "either" and file.project.dirs.get(file.plugin.path(".claude/agents"))):
        yield from _of_project(file)  # or .claude/agents is a link, to this folder
        return
    collection = loads_as == "either"
    if file.kind == "agent" and tools.of_another_program(file.plugin, context.facts):
        return
    if file.kind == "agent" and collection and (file.name.partition(".")[0].isupper() or file.name.startswith("_")):
        return  # README.md, _base.md: not loaded there
    name = file.plugin.agent_name(file) if file.kind == "agent" else file.plugin.command_name(file)
    text = file.text.lstrip("\ufeff")
    why = _why(text)
    if (file.plugin.scope == "project" or collection and file.kind == "command") and not why:
        return  # a user's own command may well do without
    yield file.hit(file.first_line(), "no frontmatter block%s: %s" % (why, EFFECT[loads_as][file.kind] % name))


def _of_project(file):
    """A document beside a project's agents is skipped, and so is an agent whose block lost a line: only what looks like one is meant."""
    text = file.text.lstrip("\ufeff")
    why = _why(text)
    if not why and _KEY.match(text) and "\n---" in text:
        why = " (the opening `---` is missing)"
    if why:
        yield file.hit(file.first_line(), "no frontmatter block%s: the client does not load the agent" % why)


def _why(text):
    if not text.lstrip().startswith("---"):
        return ""
    return " (a blank line before `---`)" if not text.startswith("---") else " (the opening `---` is never closed by another)"
