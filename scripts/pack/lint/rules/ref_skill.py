"""A prompt names a skill that does not exist

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Use the `plan-ghost` skill first.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Build the plan.

Source: client
"""

from .. import ref_names
from ..lazy import lazy
from ..near import nearest
from ..source import line_start

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "prose")
_OF_A_VERSION = lazy(r"([a-z][a-z0-9-]+)`? v\d")
_MADE = lazy(
    r"(?i)\b(?:bootstrap(?:ping)?|creating|building|writing|generating|scaffold|create|write|generate|propose|add|build|draft|make)s? (?:the |a |an )?`?\Z"
)


def check(file, context):
    """`name` skill in prose, and Skill(...) calls, where the plugin has skills of its own."""
    project, plugin = context.project, file.plugin
    if plugin is None or not plugin.is_plugin or not plugin.of("skill", "command"):
        return
    own = plugin.commands()
    found = list(ref_names.skills(file))
    everywhere = {one.split(":", 1)[1] for one in project.command_ids} if found else ()
    for ref in found:
        if ref.name in own or ref.name in everywhere or ref.name in project.plugin_names or ref.name in context.facts.builtin_skills:
            continue
        near = nearest(ref.name, own)
        if not near and file.kind == "prose" and plugin.sub(file.rel).startswith("skills/"):
            continue  # a page below a skill is often somebody else's, and so are the skills that it names
        if not near and (ref.name in context.facts.official_skills.split() or _of_another(file.text, ref.name)):
            continue
        if not near and _MADE.search(file.text, max(0, ref.span[0] - 40), ref.span[0]):
            continue  # one that is to be made
        if ref_names.of_another_program(file.text, ref.span) or file.kind == "prose" and not near and _quoted(file.text, ref.span[0]):
            continue
        if "-" in ref.name or near:
            yield file.hit(ref.span, "no skill %r in this plugin%s" % (ref.name, near))


def _quoted(text, at):
    """Does it stand in a sentence between quotes: one that a page shows?"""
    return text.count('"', line_start(text, at), at) % 2 == 1


def _of_another(text, name):
    """Does the text itself say that it is of another plugin (`name@marketplace`, `plugin:name`, "the name plugin")?"""
    if any(match.group(1) == name for match in _OF_A_VERSION.finditer(text)):
        return True  # `the-router v0.1.3`: it has a version of its own
    return name + "@" in text or ":" + name in text or "`%s` plugin" % name in text or name + " plugin" in text or name + ":" in text
