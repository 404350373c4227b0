"""A command and a skill with one name

`/plugin:name` runs the command, `/name` the skill. In .claude nothing runs the command.

Bad `skills/build/SKILL.md`:

    ---
    name: build
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

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """Compare commands with skills, and the names that the frontmatter gives."""
    if plugin.scope not in ("plugin", "bare", "project"):
        return
    yield from _one_file(plugin)
    yield from _bare(plugin)
    commands = {plugin.command_name(file): file for file in plugin.of("command")}
    for file in plugin.of("skill"):
        name = plugin.command_name(file)
        if name in commands:
            if plugin.scope == "project" or _hands_over(commands[name], name):
                continue  # there /NAME is the skill, and nothing is called by the other's name
            text = "the command %s has the same name: " % plugin.sub(commands[name].rel)
            if plugin.is_collection:
                text += "in .claude /%s is this skill, and the command is out of reach" % name
            else:
                text += "/%s:%s runs the command, /%s this skill" % (plugin.names[0] if plugin.names else "plugin", name, name)
            yield file.hit(file.first_line(), text)
    for kind in ("command", "skill"):
        seen = {}
        for file in plugin.of(kind):
            name = file.front.get("name") if file.front else None
            if not isinstance(name, str) or not name.strip():
                continue
            other = seen.setdefault(name, file)
            plain = commands.get(name)
            if kind == "command" and other is file and plain is not None and plain is not file:
                yield file.hit(file.at(("name",)), "/%s is already %s" % (name, plugin.sub(plain.rel)))
            if other is not file:
                text = "the %s %s has the same name %r: only one of them can be called by it"
                yield file.hit(file.at(("name",)), text % (kind, plugin.sub(other.rel), name))


def _hands_over(command, name):
    """Does the command do no more than to run that skill? Then either of them does the same."""
    text = command.text[command.body_start :]
    return len(text) < 4000 and any(words in text for words in ("`%s` skill" % name, "skills/%s/SKILL.md" % name, "the %s skill" % name))


def _bare(plugin):
    """`name: build` gives the bare /build; of two plugins of a marketplace that both do so the one loaded first has it."""
    if not plugin.entries or not _bare_names(plugin):
        return
    markets = {id(market) for market, _, _ in plugin.entries}
    others = [
        one
        for one in plugin.project.plugins
        if one is not plugin and one.root < plugin.root and markets & {id(m) for m, _, _ in one.entries}
    ]
    taken = {}
    for other in others:
        for name, file in _bare_names(other):
            taken.setdefault(name, (other, file))
    for name, file in _bare_names(plugin):
        if name in taken:
            other, there = taken[name]
            text = "the plugin %r has the bare /%s, too (%s): the one that is loaded first takes it"
            yield file.hit(file.at(("name",)), text % (other.names[0] if other.names else other.root, name, there.rel))


def _bare_names(plugin):
    """[(name, file)] of its commands that give themselves one."""
    if "bare" not in plugin.memo:
        given = [(file.front.get("name"), file) for file in plugin.of("command") if file.front]
        plugin.memo["bare"] = [(name.strip(), file) for name, file in given if isinstance(name, str) and name.strip()]
    return plugin.memo["bare"]


def _one_file(plugin):
    """Paths that differ in nothing but letter case: on macOS and Windows the second one replaces the first."""
    seen = {}
    for kind in ("agent", "command", "skill", "prose", "output-style"):
        for file in plugin.of(kind):
            other = seen.setdefault(file.rel.lower(), file)
            if other is not file and other.rel != file.rel:
                text = "%s differs only in letter case: on macOS and Windows one of the two is lost"
                yield file.hit(file.first_line(), text % plugin.sub(other.rel))
