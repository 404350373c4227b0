"""A hook entry that the client cannot load

On PreToolUse and PermissionRequest one bad entry keeps the *whole plugin* from loading: every other guard is gone too. In a project's
settings.json it costs the whole file: permissions, env and every hook, and `claude -p` says nothing.
On other events only the entry is dropped.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "true", "timeout": "10"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "true", "timeout": 10}]}]}}

Source: client, measured
"""

import posixpath

from .. import hookfile, schema
from ..near import nearest

SEVERITY = "error"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
DROPPED = "the client drops the whole file, its permissions and env too"  # a project's settings; measured in 2.1.329 and 2.1.332
NO_HOOKS = "no hook of the plugin runs"
UNSCANNED = ("hooks", "metadata", "mcpServers", "lspServers", "experimental")


def check(file, context):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """The client's checks of one file, in its order."""
    facts = context.facts
    if file.kind == "hooks" and file.json is not None and isinstance(file.json.value, dict):
        data = file.data
        if "hooks" not in data and not data.get("modules"):
            top = [key for key in data if key in facts.events]
            if top:
                effect = "the plugin does not load" if any(key in facts.gate_events for key in top) else NO_HOOKS
                yield file.hit(file.at((top[0],), key=True), 'events must stand inside a "hooks" object: %s' % effect)
                return
            if _no_plugin(file) and data:
                return
            yield file.hit(file.at(()), 'no "hooks" object in it: %s' % NO_HOOKS)
        elif "hooks" in data and not isinstance(data["hooks"], dict):
            yield file.hit(
                file.at(("hooks",)),
                "hooks must map events to matchers, not be %s: %s"
                % (schema.type_name(data["hooks"]), NO_HOOKS if data["hooks"] is None else "the plugin does not load"),
            )
        for key in data:
            if key != "hooks" and key not in facts.events and holds_guards(data[key], facts):
                yield file.hit(
                    file.at((key,), key=True),
                    '%r holds PreToolUse or PermissionRequest hooks outside "hooks": the plugin does not load' % key,
                )
            if key != "hooks" and key in facts.gate_events:
                yield file.hit(file.at((key,), key=True), '%s is declared outside "hooks": the plugin does not load' % key)
        modules = data.get("modules")
        if modules is not None and not (isinstance(modules, list) and len(modules) <= 1 and all(isinstance(m, str) for m in modules)):
            yield file.hit(file.at(("modules",), key=True), "modules must be a list of one path")
        if "surface" in data:
            yield file.hit(file.at(("surface",), key=True), '"surface" is gone: name the module in the Client element')
        if not isinstance(data.get("description", ""), str):
            yield file.hit(file.at(("description",)), "description must be a string: " + NO_HOOKS)
        for name in modules if isinstance(modules, list) else ():
            if isinstance(name, str) and file.plugin is not None:
                rel = posixpath.normpath(posixpath.join(posixpath.dirname(file.rel), name))
                if not file.project.exists(rel):
                    yield file.hit(file.at(("modules", 0)), "no file %s: the module is not loaded" % name)
    elif file.kind == "manifest":
        for key, value in file.data.items():
            if key in UNSCANNED:
                continue
            if (
                key in facts.gate_events
                and value not in (None, [])
                or key != "hooks"
                and key not in facts.events
                and holds_guards(value, facts)
            ):
                yield file.hit(
                    file.at((key,), key=True),
                    '%s holds PreToolUse or PermissionRequest hooks outside "hooks": the plugin does not load' % key,
                )
    elif file.kind == "settings-hooks" and not isinstance(file.data.get("hooks", {}), dict):
        text = "hooks must map events to matchers, not be %s: no hook of the file runs"
        yield file.hit(file.at(("hooks",)), text % schema.type_name(file.data["hooks"]))
    for path, events, _ in hookfile.event_maps(file):
        if isinstance(events, dict):
            yield from _events(file, path, events, facts)


def _no_plugin(file):
    """A folder without a manifest whose hooks.json has neither `hooks` nor an event: made for an installer of its own."""
    plugin, events = file.plugin, file.data
    return plugin is not None and plugin.scope == "bare" and not plugin.entries and not plugin.manifest and "hooks" not in events


def holds_guards(value, facts, depth=3):
    """Is there a non-empty PreToolUse or PermissionRequest somewhere inside (the client looks three levels deep)?"""
    if isinstance(value, list):
        return depth > 0 and any(holds_guards(item, facts, depth - 1) for item in value)
    if not isinstance(value, dict):
        return False
    if any(value.get(event) not in (None, []) for event in facts.gate_events):
        return True
    return depth > 0 and any(holds_guards(item, facts, depth - 1) for item in value.values())


def _events(file, base, events, facts):
    if file.kind != "hooks" and "hooks" in events and isinstance(events["hooks"], (dict, list)):
        effect = "the plugin does not load"
        if file.kind == "settings-hooks":
            effect = DROPPED if holds_guards(events["hooks"], facts) else "it is ignored"
        owner = "the manifest's" if file.kind != "settings-hooks" else "the settings'"
        text = 'events stand directly under %s hooks, without another "hooks": %s'
        yield file.hit(file.at(base + ("hooks",), key=True), text % (owner, effect))
        return
    for event, groups in events.items():
        if event not in facts.events:
            if not isinstance(groups, list) and holds_guards(groups, facts):
                effect = DROPPED if file.kind == "settings-hooks" else "the plugin does not load"
                text = "%r is no event but holds PreToolUse or PermissionRequest hooks: %s"
                yield file.hit(file.at(base + (event,), key=True), text % (event, effect))
            continue
        gate = event in facts.gate_events
        lost = DROPPED if file.kind == "settings-hooks" else "the whole plugin does not load"
        effect = lost if gate else "the entry is dropped"
        path = base + (event,)
        if not isinstance(groups, list):
            if gate and groups is None:
                yield file.hit(file.at(path), "%s must be a list of matchers, not null: it is ignored" % event, severity="warning")
            else:
                yield file.hit(
                    file.at(path),
                    "%s must be a list of matchers, not %s: %s" % (event, schema.type_name(groups), effect),
                )
            continue
        for index, group in enumerate(groups):
            yield from _group(file, path + (index,), group, effect, facts)


def _group(file, path, group, effect, facts):
    if not isinstance(group, dict):
        yield file.hit(file.at(path), "a matcher must be an object, not %s: %s" % (schema.type_name(group), effect))
        return
    matcher = group.get("matcher")
    if "matcher" in group and not isinstance(matcher, str):
        yield file.hit(file.at(path + ("matcher",)), "matcher must be a string, not %s: %s" % (schema.type_name(matcher), effect))
    hooks = group.get("hooks")
    if not isinstance(hooks, list):
        found = "is missing" if "hooks" not in group else "must be a list, not %s" % schema.type_name(hooks)
        where = file.at(path + ("hooks",)) if "hooks" in group else _open(file, path)
        yield file.hit(where, '"hooks" %s: %s' % (found, effect))
        return
    for index, handler in enumerate(hooks):
        here = path + ("hooks", index)
        if not isinstance(handler, dict):
            yield file.hit(file.at(here), "a hook must be an object, not %s: %s" % (schema.type_name(handler), effect))
            continue
        kind = handler.get("type")
        schemas = facts.schemas["handlers"]
        if not isinstance(kind, str):
            found = 'has no "type"' if "type" not in handler else '"type" must be a string, not %s' % schema.type_name(kind)
            where = file.at(here + ("type",)) if "type" in handler else _open(file, here)
            yield file.hit(where, "the hook %s: %s" % (found, effect))
        elif kind not in schemas:
            legal = ", ".join(sorted(schemas))
            yield file.hit(
                file.at(here + ("type",)),
                "unknown hook type %r (%s)%s: %s" % (kind, legal, nearest(kind, schemas), effect),
            )
        else:
            for where, message, missing in schema.check(handler, schemas[kind], here):
                span = _open(file, where) if missing else file.at(where)
                name = where[-1] if where != here else "the %s hook" % kind
                fix = None
                value = handler.get("timeout")
                if name == "timeout" and isinstance(value, str) and value.isdigit() and int(value) > 0:
                    fix = [file.json.span(where) + (value,)]
                yield file.hit(span, "%s %s: %s" % (name, message, effect), fix)


def _open(file, path):
    start = file.json.span(path)[0]
    return start, start + 1
