"""An MCP server that the client drops

Bad `.mcp.json`:

    {"mcpServers": {"web": {"url": "https://mcp.example.com"}}}

Good `.mcp.json`:

    {"mcpServers": {"web": {"type": "http", "url": "https://mcp.example.com"}}}

Source: client, measured
"""

from ..near import nearest
from ..lazy import IGNORECASE, lazy
from ..schema import is_url, type_name
from .hook_user_config import options
from .manifest_schema import mcp_server
from .mcp_command import servers as inline
from .secret import entropy

SEVERITY = "error"
FILES = ("manifest", "mcp")
_CREDENTIAL = lazy(r"authorization|api[-_]?key|token|secret|password|credential", IGNORECASE)
_SAMPLE = lazy(r"your[-_ ]|replace|example|changeme|placeholder|dummy|redacted|xxx|[<>]|\*\*\*", IGNORECASE)
_SCHEME = lazy(r"(?:Bearer|Basic|Token|Bot)\s+(\S+)$", IGNORECASE)
_BARE = lazy(r"(?<![\\$\w])\$([A-Z][A-Z0-9_]{2,60})\b")
_OPTION = lazy(r"\$\{user_config\.([^}$]{1,80})\}")

_ELSEWHERE = {  # keys that other programs read in a server, and what there is here
    "disabled": "the server starts all the same; users switch it off with disabledMcpjsonServers or /mcp",
    "autoApprove": "it approves nothing; what need not ask stands in permissions.allow of the settings: mcp__%s__TOOL",
    "alwaysAllow": "it approves nothing; what need not ask stands in permissions.allow of the settings: mcp__%s__TOOL",
    "envFile": "nothing is read from it; name the variables in env",
    "serverUrl": "an address stands in url, with a type",
    "httpUrl": 'an address stands in url, with "type": "http"',
}


def check(file, context):
    """`.mcp.json`, JSON files that the manifest names, and inline servers."""
    facts = context.facts
    document = file.json
    if document is None:
        return
    if file.kind == "mcp":
        value = document.value
        base, servers = (), value
        if isinstance(value, dict) and value.get("mcpServers") not in (
            None,
            "",
            0,
            False,
        ):  # what JavaScript calls true
            base, servers = ("mcpServers",), value["mcpServers"]
        if isinstance(servers, list):
            yield file.hit(
                file.at(base, key=True),
                "a list: the servers get the names 0, 1, ...; use an object keyed by name",
                severity="warning",
            )
            servers = dict(enumerate(servers))
        if not isinstance(servers, dict):
            yield file.hit(file.at(base), "must map server names to servers, not be %s: no server is loaded" % type_name(servers))
            return
        checker = mcp_server(facts)
        for name, server in servers.items():
            here = base + (name,)
            if name == "servers" and not base and isinstance(server, dict) and all(isinstance(one, dict) for one in server.values()):
                text = "servers stand under mcpServers: this is read as one server of the name 'servers', and it is dropped"
                yield file.hit(file.at(here, key=True), text)
                continue
            for path, message, missing in checker(server, here):
                where = file.at(path, key=bool(missing) or path == here)
                yield file.hit(where, "server %r: %s%s; it is dropped" % (name, "" if path == here else "%s " % path[-1], message))
            if isinstance(server, dict) and server.get("type") in facts.mcp_host_types:
                yield file.hit(
                    file.at(here + ("type",)),
                    "type %r cannot be declared by a plugin: the server is dropped" % server["type"],
                )
            yield from details(file, here, server, file.plugin)
        return
    for path, server in inline(file) if file.kind == "manifest" else ():
        if path[0] == "mcpServers":
            yield from details(file, path, server, file.plugin)


def details(file, path, server, plugin):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """URLs, options, header secrets."""
    if not isinstance(server, dict):
        return
    remote = server.get("type") in ("http", "streamable-http", "sse", "ws")
    url = server.get("url")
    if remote and isinstance(url, str) and not url.strip():
        yield file.hit(file.at(path + ("url",)), "the url is empty: the server fails at every start")
    elif remote and isinstance(url, str) and "${" not in url:
        if not is_url(url):
            yield file.hit(file.at(path + ("url",)), "%r is not an absolute URL: the server never connects" % url)
        elif url.split(":", 1)[0].lower() not in ("http", "https", "ws", "wss"):
            near = nearest(url.split(":", 1)[0], ("http", "https", "ws", "wss"))
            text = "%r is no address of a server (https, wss)%s: the server never connects"
            yield file.hit(file.at(path + ("url",)), text % (url, near), severity="warning")
        elif url.startswith(("http://", "ws://")) and not url.split("://", 1)[1].startswith(("localhost", "127.", "[::1]", "0.0.0.0")):
            yield file.hit(
                file.at(path + ("url",)),
                "%s sends everything in clear text; use %s" % (url.split(":")[0], "https" if url[0] == "h" else "wss"),
                severity="warning",
            )
    if isinstance(server.get("command"), str) and isinstance(url, str) and server.get("type") in (None, "stdio"):
        text = "with a command it is a local server: url is ignored"
        yield file.hit(file.at(path + ("url",), key=True), text, severity="warning")
    for key, says in _ELSEWHERE.items():
        if key in server and server[key] not in (False, None, [], ""):
            text = "%r is another program's: %s" % (key, says % path[-1] if "%s" in says else says)
            yield file.hit(file.at(path + (key,), key=True), text, severity="warning")
    headers = server.get("headers")
    for name, value in headers.items() if remote and isinstance(headers, dict) else ():
        if isinstance(value, str) and _is_credential(name, value):
            yield file.hit(
                file.at(path + ("headers", name)),
                "%s holds a literal credential; use ${VARIABLE} or a sensitive userConfig option" % name,
                severity="warning",
            )
    known = options(plugin) if plugin is not None and plugin.manifest is not None else None
    texts = [(("command",), server.get("command")), (("url",), url), (("headersHelper",), server.get("headersHelper"))]
    args = server.get("args")
    texts += [(("args", i), item) for i, item in enumerate(args if isinstance(args, list) else ())]
    for key in ("env", "headers"):
        table = server.get(key)
        texts += [((key, name), item) for name, item in (table.items() if isinstance(table, dict) else ())]
    for where, text in texts:
        open_at = text.find("${") if isinstance(text, str) and where[0] in ("url", "headers", "env") else -1
        if open_at >= 0 and "}" not in text[open_at:]:
            yield file.hit(file.at(path + where), "${ without }: the server gets %r as it stands" % text, severity="warning")
            continue
        bare = _BARE.search(text) if isinstance(text, str) and where[0] in ("url", "headers", "env") else None
        if bare:
            text = "%s is not replaced; write ${%s}" % (bare.group(), bare.group(1))
            yield file.hit(file.at(path + where), text, severity="warning")
        if not isinstance(text, str) or "${user_config." not in text:
            continue
        for match in _OPTION.finditer(text):
            if where == ("headersHelper",):
                yield file.hit(file.at(path + where), "options are never substituted in headersHelper")
                break
            if known is not None and match.group(1) not in known:
                yield file.hit(file.at(path + where), "userConfig declares no %r: the server is dropped" % match.group(1))


def _is_credential(name, value):
    """The client's own test: a telling header name and a value of high entropy."""
    if "${" in value or _SAMPLE.search(value) or not _CREDENTIAL.search(name):
        return False
    match = _SCHEME.match(value.strip())
    word = match.group(1) if match else value.strip()
    return len(word) >= 20 and not any(c.isspace() for c in word) and entropy(word) >= 3
