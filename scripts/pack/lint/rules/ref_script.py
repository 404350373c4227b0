"""A script that the prompt has run, and that cannot run

It has a syntax error, or it is called by its own name without being executable. The model finds out in the middle of its
work, and mends or goes round it as it sees fit.

Bad `skills/measure/SKILL.md`, `skills/measure/scripts/run.py`:

    ---
    name: measure
    description: Measures the build. Use when the user asks how long it takes.
    ---
    Run `python3 ${CLAUDE_SKILL_DIR}/scripts/run.py`.
    ---8<---
    def main(:
        pass

Good `skills/measure/SKILL.md`, `skills/measure/scripts/run.py`:

    ---
    name: measure
    description: Measures the build. Use when the user asks how long it takes.
    ---
    Run `python3 ${CLAUDE_SKILL_DIR}/scripts/run.py`.
    ---8<---
    def main():
        pass

Source: this project
"""

from .. import ref_files
from ..scripts import Script
from ..source import line_start

SEVERITY = "warning"
FILES = ("command", "skill")
_ENDS = (".py", ".sh", ".bash", ".js", ".mjs")


def check(file, context):
    """Paths below the plugin's or the skill's root that are there."""
    plugin, project, seen = file.plugin, context.project, set()
    if plugin is None or not plugin.is_plugin:
        return
    for ref in ref_files.root_paths(file, project):
        if not ref.target.endswith(_ENDS) or ref.target in seen or project.listing.get(ref.target) != "f":
            continue
        text, start = file.text, ref.span[0]
        root = text.rfind("$", 0, start)
        before = text[line_start(text, root) : root].rstrip("\"'")
        direct = before.endswith("`") and not before.endswith("``") and text[ref.span[1] :].lstrip("\"'")[:1] in ("`", " ")
        runs = direct or before.endswith((" ", "(")) and before.split()[-1:] != [] and _program(before.split()[-1])
        if not runs:
            continue
        seen.add(ref.target)
        script = Script("x", None, ref.span)
        wrong = script.problem(project, ref.target, direct)
        told = direct and text[line_start(text, root) : root].lower().rstrip("` ").endswith(("run", "execute", "call", "!"))
        if wrong is None and told and not project.probe("executable", ref.target):
            wrong = "is run directly but is not executable"
        if wrong and "imports from a package" in wrong and direct and not told:
            continue  # a module that is named, not run
        if wrong:
            yield file.hit(ref.span, "%s: %s" % (ref.name, wrong))


def _program(word):
    from ..shell import INTERPRETERS

    return word.strip("`!\"'").rsplit("/", 1)[-1].rstrip("0123456789.") in INTERPRETERS
