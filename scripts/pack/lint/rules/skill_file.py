"""A skill that the client does not find

It looks for `skills/NAME/SKILL.md`, in capitals. A `skill.md` (on Linux) or a loose Markdown file in skills/ is never
loaded.

Bad `skills/explain.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    ---
    Explain.

Good `skills/explain/SKILL.md`:

    ---
    name: explain
    description: Explains the build. Use when the user asks how it works.
    ---
    Explain.

Source: client, measured
"""

from .. import tools
from ..discover import one_skill
from .manifest_location import for_several_hosts

SEVERITY = "warning"
FILES = ("stray-skill",)
_PUT_AWAY = frozenset("deprecated archive archived _archive _archived attic disabled retired obsolete legacy".split())


def check(file, context):
    """Wrong case and wrong depth are certain; another name only when the file looks like a skill."""
    plugin = file.plugin
    parts = plugin.sub(file.rel).split("/")
    if file.name == "SKILL.md":
        if plugin.is_collection:
            return  # a collection that somebody copies from: where each one comes to lie is not to be seen
        above = file.rel.rsplit("/", 2)[0]
        if one_skill(plugin) or above in plugin.declared.get("skills", ()) and above + "/SKILL.md" in context.project.listing:
            text = "not loaded: with a SKILL.md in %s/ itself the whole folder is that one skill"
            yield file.hit(file.first_line(), text % plugin.sub(above))
            return
        if not _PUT_AWAY.isdisjoint(parts[1:-1]) or _left_out(file, context.project) or _of_a_command(file):
            return
        text = "not loaded: the client reads skills/NAME/SKILL.md, one level deep"
        if plugin.is_plugin:
            text += " (or name %s in the manifest's skills)" % "/".join(["."] + parts[:-2])
        yield file.hit(file.first_line(), text)
        return
    if file.name.lower() == "skill.md":
        folder = file.rel.rsplit("/", 1)[0]
        if folder + "/SKILL.md" not in context.project.listing:
            text = "the client looks for SKILL.md; %s is not loaded where letter case counts"
            yield file.hit(file.first_line(), text % file.name, severity="error")
        return
    if file.name.startswith("_") or len(parts) == 2 and file.name[:-3].isupper():
        return  # a part of other pages (`_rules.md`), a page on the skills (`RULES.md`)
    front = file.front
    if (
        tools.of_another_program(plugin, context.facts)
        or plugin.is_collection
        and any(name in context.project.listing for name in ("go.mod", "Cargo.toml"))
    ):
        return  # a program with skills of its own
    if front is not None and isinstance(front.value, dict) and "description" in front and "template" not in file.name.lower():
        name = parts[1] if len(parts) == 3 else file.name[:-3]
        yield file.hit(file.first_line(), "not loaded: a skill is skills/%s/SKILL.md" % name)


def _of_a_command(file):
    """Is it a command once more, written out for a program that knows only skills (`skills/generated-from-commands/build/`)?"""
    front = file.front.value if file.front is not None and isinstance(file.front.value, dict) else {}
    names = {file.rel.split("/")[-2], front.get("name")}
    return for_several_hosts(file.plugin) and any(file.plugin.commands().get(name) for name in names if isinstance(name, str))


def _left_out(file, project):
    """Does the manifest name other skills one by one, and none beside this one? `skills/deprecated/` is not to be loaded."""
    folder = file.rel.rsplit("/", 1)[0]
    beside = folder.rsplit("/", 1)[0] + "/"
    named = [path for path in file.plugin.declared.get("skills", ()) if path + "/SKILL.md" in project.listing]
    return len(named) > 1 and not any(path.startswith(beside) for path in named)
