"""Hooks wherever the client reads them: hooks.json, the manifest, a marketplace entry, a project's settings, and
the frontmatter of skills and commands."""


class Handler:
    """One handler with where it stands."""

    __slots__ = ("file", "event", "group", "group_path", "value", "path", "plugin")

    def __init__(self, file, event, group, group_path, value, path, plugin):
        self.file, self.event, self.group, self.group_path = file, event, group, group_path
        self.value, self.path, self.plugin = value, path, plugin

    def at(self, *keys):
        """Span of a value of the handler."""
        return self.file.at(self.path + keys)

    def within(self, part, *keys):
        """Span of a part of a value of the handler, however long the value is."""
        return self.file.within(self.path + keys, part)

    def key_at(self, *keys):
        """Span of a key of the handler."""
        return self.file.at(self.path + keys, key=True)

    @property
    def type(self):
        """Its type when that is a string."""
        kind = self.value.get("type")
        return kind if isinstance(kind, str) else None

    @property
    def command(self):
        """Its command when it is a command handler."""
        command = self.value.get("command")
        return command if self.type == "command" and isinstance(command, str) else None


def event_maps(file):
    """Yield (path, value, plugin) of every place in a file that should map events to matchers."""
    if not file.is_json:
        if file.front is not None and "hooks" in file.front and file.plugin is not None:
            if not file.plugin.is_plugin:
                return  # what its root variable stands for is only known in a plugin
            yield ("hooks",), file.front.get("hooks"), file.plugin
        return
    data = file.data
    if file.kind in ("hooks", "settings-hooks"):
        if "hooks" in data:
            yield ("hooks",), data["hooks"], file.plugin
        return
    if file.kind == "manifest":
        yield from _inline(data.get("hooks"), ("hooks",), file.plugin)
    elif file.kind == "marketplace":
        owners = {}
        for plugin in file.project.plugins:
            for holder, index, _ in plugin.entries:
                if holder is file:
                    owners[index] = plugin
        for index, entry in file.entries():
            yield from _inline(entry.get("hooks"), ("plugins", index, "hooks"), owners.get(index))


def _inline(value, path, plugin):
    if isinstance(value, dict):
        yield path, value, plugin
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield path + (index,), item, plugin


def groups(file):
    """Yield (event, group, path, plugin) of every well-formed matcher group."""
    for base, events, plugin in event_maps(file):
        if not isinstance(events, dict):
            continue
        for event, items in events.items():
            for index, group in enumerate(items if isinstance(items, list) else ()):
                if isinstance(group, dict):
                    yield event, group, base + (event, index), plugin


def handlers(file):
    """Yield every Handler of a file."""
    for event, group, path, plugin in groups(file):
        items = group.get("hooks")
        for index, value in enumerate(items if isinstance(items, list) else ()):
            if isinstance(value, dict):
                yield Handler(file, event, group, path, value, path + ("hooks", index), plugin)
