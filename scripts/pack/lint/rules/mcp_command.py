"""An MCP or language server whose program is not there

Bad `.mcp.json`:

    {"mcpServers": {"local": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/server/ghost.js"]}}}

Good `.mcp.json`:

    {"mcpServers": {"local": {"command": "python3", "args": ["${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"]}}}

Source: client
"""

from .. import shell
from ..lazy import lazy

SEVERITY = "error"
FILES = ("manifest", "mcp", "lsp")
_HOME = lazy(r"(?:/home/|/Users/|/root/|[A-Za-z]:[\\/]Users[\\/])[\w.-]+[\\/]")
_FOREIGN = lazy(r"[\"']?(?:\$\(|%|\{\{\s*|\$(?!\{))(CLAUDE_(?:PLUGIN_ROOT|PLUGIN_DATA|PROJECT_DIR))\b(?:\)|%|\s*\}\})?")
BUILT = ("dist", "build", "target", "node_modules", "bin", "out", ".venv", "venv")


def check(file, context):  # noqa: C901 - one check for each mistake, in the order in which it is told
    """Paths below the plugin's root, and relative ones, which start in the user's folder."""
    plugin, project = file.plugin, context.project
    if plugin is None or not plugin.is_plugin:
        return
    for path, server in servers(file):
        args = server.get("args")
        command = server.get("command")
        if (
            file.kind != "lsp"
            and path[0] != "lspServers"
            and isinstance(command, str)
            and " " in command.strip()
            and (command.split()[0] in shell.INTERPRETERS or command.split()[0] in _RUNNERS or not any(char in command for char in "/\\$"))
        ):
            words = command.split()
            text = "there is no shell: no program is called %r; command: %r, args: %s"
            yield file.hit(file.at(path + ("command",)), text % (command, words[0], words[1:]), severity="warning")
        if path[0] != "lspServers" and file.kind != "lsp" and "cwd" not in server and isinstance(command, str) and isinstance(args, list):
            yield from _from_here(file, path, args, plugin)
        texts = [(("command",), server.get("command"))]
        texts += [(("args", index), item) for index, item in enumerate(args if isinstance(args, list) else ())]
        for where, text in texts:
            if not isinstance(text, str):
                continue
            foreign = _FOREIGN.match(text)
            if foreign and file.kind != "lsp":
                text = "nothing replaces %s here: write ${%s}"
                yield file.hit(file.at(path + where), text % (foreign.group(), foreign.group(1)))
                continue
            sub = shell.under_root(text)
            if sub is None and _HOME.match(text):
                text = "%s exists on the author's machine only; use ${CLAUDE_PLUGIN_ROOT} or a program on PATH"
                yield file.hit(file.at(path + where), text % server_text(server, where), severity="warning")
                continue
            if sub is None:
                here = text.startswith("./") or "/" not in text and where == ("args", 0)
                here = here and "cwd" not in server and "/dist/" not in text and "/build/" not in text
                if where != ("command",) and here and shell.is_script(text) and server.get("command") in shell.INTERPRETERS:
                    text = "%s is looked for in the user's folder; use ${CLAUDE_PLUGIN_ROOT}" % text
                    yield file.hit(file.at(path + where), text, severity="warning")
                elif text.startswith(("./", "../")) and where == ("command",):
                    yield file.hit(
                        file.at(path + where),
                        "%s is looked for in the user's folder; use ${CLAUDE_PLUGIN_ROOT}" % text,
                        severity="warning",
                    )
                continue
            if "$" in sub or "*" in sub or not sub or _BLANK.search(sub):
                continue
            if ".." in sub.split("/"):
                if plugin.path(sub).startswith("..") or not plugin.path(sub).startswith(plugin.root):
                    yield file.hit(file.at(path + where), "%s leads out of the plugin" % text)
                continue
            if (
                not project.exists(plugin.path(sub))
                and any(part in ("dist", "build", "out", "target") for part in sub.split("/")[:-1])
                and not _from_npm(plugin)
            ):
                text = "%s is not in the tree: an installation from git has no build output, and the server does not start"
                yield file.hit(file.at(path + where), text % sub, severity="warning")
                continue
            if not project.exists(plugin.path(sub)) and sub.split("/")[0] not in BUILT and "/dist/" not in sub and "/build/" not in sub:
                yield file.hit(file.at(path + where), "no file %s in the plugin: the server does not start" % sub)
            elif where == ("command",) and project.listing.get(plugin.path(sub)) == "f":
                if not project.probe("executable", plugin.path(sub)):
                    yield file.hit(file.at(path + where), "%s is not executable: the server does not start" % sub)
        folder = shell.under_root(server["cwd"]) if isinstance(server.get("cwd"), str) else None
        if folder and not any(char in folder for char in "$*") and not project.exists(plugin.path(folder)):
            yield file.hit(file.at(path + ("cwd",)), "no folder %s in the plugin: the server does not start" % folder)
        if file.kind == "manifest" and path[0] == "mcpServers":
            for other in plugin.of("mcp"):
                table = other.data.get("mcpServers", other.data)
                if isinstance(table, dict) and isinstance(table.get(path[-1]), dict) and table[path[-1]] != server:
                    text = "%s defines another server %r: only one of the two runs"
                    yield file.hit(file.at(path, key=True), text % (plugin.sub(other.rel), path[-1]), severity="warning")


_BLANK = lazy(r"[<>]|\bpath/to/|\byour[-_/]")  # to be filled in: a template


def _from_here(file, path, args, plugin):
    """`node server/index.js`, `uv run --directory server`: it is there in the plugin, and the server starts in the user's folder."""
    for index, text in enumerate(args):
        if not isinstance(text, str) or not text or text.startswith(("-", "/", "$", "~", ".", "@")) or "://" in text:
            continue
        rel = plugin.path(text.rstrip("/"))
        told = index > 0 and args[index - 1] in _FOLDER_OPTIONS and plugin.project.dirs.get(rel) is False
        if told or "/" in text and plugin.project.listing.get(rel) in ("f", "l") and shell.is_script(text):
            said = "%s is looked for in the user's folder; write ${CLAUDE_PLUGIN_ROOT}/%s"
            yield file.hit(file.at(path + ("args", index)), said % (text, text), severity="warning")


_RUNNERS = ("npx", "bunx", "uvx", "pnpm", "yarn", "npm", "docker", "podman", "pipx", "go", "cargo", "dotnet", "java")
_FOLDER_OPTIONS = ("--directory", "--project", "--cwd", "--prefix", "-C")


def _from_npm(plugin):
    """Is the plugin listed as a package, or does its package.json build it when it is installed?"""
    if any(not isinstance(entry.get("source"), str) for _, _, entry in plugin.entries):
        return True
    package = plugin.project.script(plugin.path("package.json")) if plugin.path("package.json") in plugin.project.listing else None
    return package is not None and any('"%s"' % name in package for name in ("postinstall", "prepare", "install", "preinstall"))


def server_text(server, where):
    """The command or argument at this place of a server."""
    return server[where[0]] if len(where) == 1 else server[where[0]][where[1]]


def servers(file):
    """Yield (path, server) of every inline server."""
    data = file.data
    if file.kind in ("mcp", "lsp"):
        base = (
            ("mcpServers",)
            if isinstance(data.get("mcpServers"), dict)
            else ("lspServers",)
            if isinstance(data.get("lspServers"), dict)
            else ()
        )
        table = data[base[0]] if base else data
        for name, server in table.items():
            if isinstance(server, dict):
                yield base + (name,), server
        return
    for key in ("mcpServers", "lspServers"):
        value = data.get(key)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            base = (key, index) if isinstance(value, list) else (key,)
            for name, server in item.items() if isinstance(item, dict) else ():
                if isinstance(server, dict):
                    yield base + (name,), server
