"""A setting of a project for which the client drops the whole file, or that it ignores

For one value of another type the client drops the file as a whole, its permissions.deny and env too, and `claude -p` says nothing
(findings/client-one-wrong-value-drops-the-file.sh). A key that belongs elsewhere is not read: permission lists outside
`permissions`, servers outside `.mcp.json`.

Bad: `{"mcpServers": {"db": {"command": "npx"}}, "includeCoAuthoredBy": "false"}`
Good: `{"enabledMcpjsonServers": ["db"], "includeCoAuthoredBy": false}`

Source: client 2.1.329, measured with `claude doctor` and `claude mcp list`, and both clients with `claude -p`, on 2026-11-30
"""

from ..near import closest
from ..schema import type_name
from .settings_permission import DROPPED

SEVERITY = "error"
FILES = ("settings-hooks",)
_TYPES = {
    "permissions": "object",
    "env": "object",
    "sandbox": "object",
    "statusLine": "object",
    "enabledPlugins": "object",
    "extraKnownMarketplaces": "object",
    "cleanupPeriodDays": "number",
    "apiKeyHelper": "string",
    "model": "string",
    "outputStyle": "string",
    "language": "string",
    "includeCoAuthoredBy": "boolean",
    "alwaysThinkingEnabled": "boolean",
    "spinnerTipsEnabled": "boolean",
    "enableAllProjectMcpServers": "boolean",
}
_INSIDE = ("allow", "deny", "ask", "defaultMode", "additionalDirectories")  # of `permissions`
_MISSPELT = tuple(name for name in _TYPES if len(name) > 8)


def check(file, context):
    """Every key of the file."""
    for key, value in file.data.items():
        if key in _TYPES:
            yield from _typed(file, key, value)
        elif key in _INSIDE and "permissions" not in file.data:
            yield file.hit(file.at((key,), True), "%r is read inside \"permissions\" only: here it has no effect" % key, severity="warning")
        elif key == "mcpServers" and value:
            yield file.hit(
                file.at((key,), True), "servers are read from .mcp.json beside .claude: here they have no effect", severity="warning"
            )
        else:
            near = closest(key, _MISSPELT)
            if near and near not in file.data:
                yield file.hit(
                    file.at((key,), True), "no setting is called %r: it has no effect; did you mean %r?" % (key, near), severity="warning"
                )


def _typed(file, key, value):
    wanted, found = _TYPES[key], type_name(value)
    if found != wanted:
        article = "an" if wanted == "object" else "a"
        hint = "; write %s" % value.lower() if wanted == "boolean" and str(value).lower() in ("true", "false") else ""
        yield file.hit(file.at((key,)), "%s must be %s %s, not %s: %s%s" % (key, article, wanted, found, DROPPED, hint))
    elif key == "statusLine" and value.get("type") != "command":
        yield file.hit(file.at((key,), True), 'statusLine needs "type": "command": without it %s' % DROPPED)
    elif key == "extraKnownMarketplaces":
        for name, one in value.items():
            if not isinstance(one, dict):
                text = 'a marketplace is {"source": {"source": "github", "repo": "owner/name"}} or another source: this one is ignored'
                yield file.hit(file.at((key, name)), text, severity="warning")
    elif key == "enabledPlugins":
        for name, one in value.items():
            if not isinstance(one, (bool, list, dict)):
                yield file.hit(file.at((key, name)), "%s takes true or false: %s" % (name, DROPPED))
