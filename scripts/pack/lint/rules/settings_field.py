"""A setting of a project for which the client drops the whole file, or that it ignores

For one value of another type the client drops the file as a whole, its permissions.deny and env too, and `claude -p` says nothing
(findings/client-one-wrong-value-drops-the-file.sh). A key that belongs elsewhere is not read: permission lists outside
`permissions`, servers outside `.mcp.json`. Which values are taken is read from the client's own program (scripts/dev/client-facts); a few
settings forgive a wrong value, which is then ignored by itself.

Bad: `{"mcpServers": {"db": {"command": "npx"}}, "includeCoAuthoredBy": "false"}`
Good: `{"enabledMcpjsonServers": ["db"], "includeCoAuthoredBy": false}`

Source: client 2.1.329, measured with `claude doctor` and `claude mcp list`, and both clients with `claude -p`, on 2026-11-30; the types read
from 2.1.332 and held against `claude doctor` on 2026-12-01
"""

from ..near import closest, nearest
from ..schema import quick, type_name
from .settings_permission import DROPPED

SEVERITY = "error"
FILES = ("settings-hooks",)
_INSIDE = ("allow", "deny", "ask", "defaultMode", "additionalDirectories")  # of `permissions`
_ELSEWHERE = {
    "allowedTools": "permissions.allow",
    "disallowedTools": "permissions.deny",
    "additionalDirectories": "permissions.additionalDirectories",
}
_MAY_BE_NULL = ("boolean", "string", "array", "integer", "number")  # the client takes null for most of these, and measured others refuse it
_NEVER_NULL = ("model", "apiKeyHelper", "outputStyle", "language", "cleanupPeriodDays", "includeCoAuthoredBy")


def check(file, context):
    """Every key of the file."""
    known = context.facts.settings()
    for key, value in file.data.items():
        if key in known:
            yield from _typed(file, key, value, known[key])
        elif key in _INSIDE and "permissions" not in file.data:
            yield file.hit(file.at((key,), True), "%r is read inside \"permissions\" only: here it has no effect" % key, severity="warning")
        elif key == "mcpServers" and value:
            yield file.hit(
                file.at((key,), True), "servers are read from .mcp.json beside .claude: here they have no effect", severity="warning"
            )
        elif key in _ELSEWHERE:
            text = "no setting is called %r: it has no effect; such rules stand in %s" % (key, _ELSEWHERE[key])
            yield file.hit(file.at((key,), True), text, severity="warning")
        else:
            near = closest(key, tuple(name for name in known if len(name) > 8))
            if near and near not in file.data:
                yield file.hit(
                    file.at((key,), True), "no setting is called %r: it has no effect; did you mean %r?" % (key, near), severity="warning"
                )


def _typed(file, key, value, wanted):
    """What the client refuses of one setting; `wanted` is its JSON Schema."""
    if key == "extraKnownMarketplaces" and isinstance(value, dict):
        for name, one in value.items():
            source = one.get("source") if isinstance(one, dict) else None
            if not isinstance(source, dict) or source.get("source") == "github" and not isinstance(source.get("repo"), str):
                text = 'a marketplace is {"source": {"source": "github", "repo": "owner/name"}} or another source: this one is ignored'
                yield file.hit(file.at((key, name)), text, severity="warning")
    elif key == "enabledPlugins" and isinstance(value, dict):
        for name, one in value.items():
            if not isinstance(one, (bool, list, dict)):
                yield file.hit(file.at((key, name)), "%s takes true or false: %s" % (name, DROPPED))
    elif value is None and "x-forgiven" in wanted:
        return
    elif value is None and wanted.get("type") in _MAY_BE_NULL and key not in _NEVER_NULL:
        return
    elif key == "permissions" and not isinstance(value, dict):
        yield file.hit(file.at((key,)), "permissions must be an object, not %s: %s" % (type_name(value), DROPPED))
    elif key == "statusLine" and isinstance(value, dict) and value.get("type") != "command":
        yield file.hit(file.at((key,), True), 'statusLine needs "type": "command": without it %s' % DROPPED)
    else:
        for path, message, _ in quick(value, wanted, (key,)):
            if path[0] == "permissions" and path[1] in _INSIDE:
                continue  # settings-permission
            yield _refused(file, path, message, value, wanted)


def _refused(file, path, message, value, wanted):
    """The Hit of one value: it costs the file, or itself alone."""
    inner = wanted
    forgiven = "x-forgiven" in wanted
    for step in path[1:]:
        inner = inner.get("items" if isinstance(step, int) else "properties", {}) if isinstance(inner, dict) else {}
        inner = inner.get(step, {}) if isinstance(step, str) else inner
        forgiven = forgiven or "x-forgiven" in inner
        value = value[step]
    hint = "; write %s" % value.lower() if inner.get("type") == "boolean" and str(value).lower() in ("true", "false") else ""
    if isinstance(value, str) and "enum" in inner:
        hint = nearest(value, inner["enum"])
    name = ".".join(map(str, path))
    effect = "the client ignores this value" if forgiven else DROPPED
    return file.hit(file.at(path), "%s %s: %s%s" % (name, message, effect, hint), severity="warning" if forgiven else None)
