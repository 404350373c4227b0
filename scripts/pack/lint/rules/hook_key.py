"""A key that the client does not read in a hooks file

Bad `hooks/hooks.json`:

    {"version": 1, "hooks": {}}

Good `hooks/hooks.json`:

    {"description": "Guards", "hooks": {}}

Source: client, measured
"""

from .. import hookfile
from ..near import closest
from .hook_schema import _no_plugin

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
GROUP = ("matcher", "hooks")
OFF = "unknown key %r is ignored: the hook runs all the same"


def check(file, context):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """At the top every unknown key; in groups and handlers those that look meant for the client."""
    facts = context.facts
    if file.kind == "hooks":
        for key in file.data:
            if key in facts.events and key not in facts.gate_events and "hooks" in file.data:
                yield file.hit(file.at((key,), key=True), "%s stands beside `hooks`, not in it: its hooks never run" % key)
            elif key[:1] == "_" or key in ("comment", "$comment", "//"):
                continue  # a note to who reads the file
            elif key not in facts.hooks_file_keys and key not in facts.events and not _no_plugin(file):
                yield file.hit(
                    file.at((key,), key=True),
                    "unknown key %r is ignored (known: %s)" % (key, ", ".join(facts.hooks_file_keys[:4])),
                )
    schemas = facts.schemas["handlers"]
    everywhere = {key for schema in schemas.values() for key in schema["properties"]}
    for event, group, path, _ in hookfile.groups(file):
        for key in group:
            if _switched_off(key, group[key]):
                yield file.hit(file.at(path + (key,), key=True), OFF % key)
            elif key not in GROUP:
                meant = closest(key, GROUP)
                if meant or key in everywhere:
                    hint = "; did you mean %r?" % meant if meant else "; it belongs into the hook itself"
                    yield file.hit(file.at(path + (key,), key=True), "unknown key %r is ignored%s" % (key, hint))
    for handler in hookfile.handlers(file):
        schema = schemas.get(handler.type)
        if schema is None:
            continue
        for key in handler.value:
            if key in schema["properties"]:
                continue
            if _switched_off(key, handler.value[key]):
                yield file.hit(handler.key_at(key), OFF % key)
                continue
            meant = closest(key, schema["properties"])
            if key in everywhere or key == "matcher":
                yield file.hit(handler.key_at(key), "%r has no effect on a hook of type %s" % (key, handler.type))
            elif meant and len(key) > 2:
                yield file.hit(handler.key_at(key), "unknown key %r is ignored; did you mean %r?" % (key, meant))
            elif key[:1] != "_" and key not in _OTHERS and key not in ("description", "name", "comment", "id", "enabled", "$comment", "//"):
                yield file.hit(handler.key_at(key), "unknown key %r is ignored" % key)


_OTHERS = ("commandWindows", "commandLinux", "commandMacos", "timeoutSec", "powershell", "bash")  # Codex and Copilot read these


def _switched_off(key, value):
    return key == "enabled" and value is False or key == "disabled" and value is True
