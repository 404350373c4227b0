"""A plugin's settings.json with keys that have no effect

Only `agent` and `subagentStatusLine` are read, and both are deprecated. Permissions, env, hooks and the rest are not:
a plugin cannot set them.

Bad `settings.json`:

    {"permissions": {"deny": ["Bash"]}}

Good `hooks/hooks.json`:

    {"hooks": {}}

Source: client, measured
"""

SEVERITY = "warning"
FILES = ("manifest", "settings")


def check(file, context):
    """Every key, and the agent that it names."""
    if file.plugin is not None and file.plugin.root.rpartition("/")[2] == ".claude" and file.kind == "settings":
        return  # a project's .claude that is a plugin as well: its settings are the project's
    if file.plugin is not None and file.plugin.scope == "bare" and not file.plugin.manifest:
        return  # somebody's ~/.claude has commands/ and settings.json, too
    keys = context.facts.settings_keys
    inline = file.kind == "manifest"
    data = file.data.get("settings") if inline else file.data
    base = ("settings",) if inline else ()
    for key, value in data.items() if isinstance(data, dict) else ():
        span = file.at(base + (key,), key=True)
        if key == "$schema":
            continue
        if key not in keys:
            yield file.hit(span, "%r has no effect in a plugin's settings (only %s are read)" % (key, ", ".join(keys)))
            continue
        yield file.hit(span, "%r is deprecated in a plugin's settings and will stop working" % key)
        if key == "agent" and isinstance(value, str) and file.plugin is not None:
            own = file.plugin.agents()
            plain = value.split(":", 1)[1] if ":" in value and value.split(":")[0] in file.plugin.names else value
            if plain not in own and value not in context.facts.agent["builtin"]:
                yield file.hit(file.at(base + (key,)), "no agent %r in this plugin" % value)
