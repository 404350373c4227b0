"""A component where the client does not look

It reads `agents/`, `commands/`, `skills/NAME/SKILL.md`, `hooks/hooks.json`, `.mcp.json` at the plugin's root (and what the
manifest names): lower case, `.md` files only, nothing but the manifest below `.claude-plugin/`. A guard in `hooks.json` at
the root never runs, and nobody is told. Another spelling of `hooks/hooks.json` or `plugin.json` is refused, since macOS and
Windows would open it.

Bad `.claude-plugin/agents/coder.md`:

    ---
    name: coder
    description: Writes code. Use when a task is ready.
    tools: Read
    ---
    Write.

Good `agents/coder.md`:

    ---
    name: coder
    description: Writes code. Use when a task is ready.
    tools: Read
    ---
    Write.

Source: client, measured (`provides` of `plugin validate --json`)
"""

from .manifest_location import for_several_hosts

SEVERITY = "warning"
FILES = ("plugin",)
_FOLDERS = {
    "agent": "agents",
    "subagent": "agents",
    "subagents": "agents",
    "command": "commands",
    "skill": "skills",
    "hook": "hooks",
    "output-style": "output-styles",
    "output_styles": "output-styles",
    "outputStyles": "output-styles",
    "outputstyles": "output-styles",
}
# Where a plugin is also somebody's working folder, its .claude/ is for those who work on it.
WORKSHOP = (".git", ".github", ".gitignore", "package.json", "pyproject.toml", "Makefile", "tests", "test", "CONTRIBUTING.md", "CLAUDE.md")
_WEAK = (".gitignore", "tests", "test", "CONTRIBUTING.md")  # below a repository's root many a plugin has them
_REAL = ("agents", "commands", "skills", "hooks")
_EVENT_NAMES = (
    "stop",
    "pre-tool-use",
    "post-tool-use",
    "session-start",
    "user-prompt-submit",
    "config",
    "settings",
    "claude-hooks",
    "events",
)
_EXACT = {"hooks/hooks.json": "hooks", ".claude-plugin/plugin.json": "manifest"}


def check(plugin, context):
    """Look at the names of the plugin's files; a file's text only when its name is suspicious."""
    if not plugin.is_plugin:
        return
    project = context.project
    base = plugin.root + "/" if plugin.root else ""
    mine = {file.rel for files in plugin.files.values() for file in files}
    workshop = None
    named = {path for paths in plugin.declared.values() if isinstance(paths, set) for path in paths}
    for file in plugin.of("command"):
        if file.name.endswith((".MD", ".Md", ".mD")):  # only .md is taken off
            yield file.hit(
                (0, 0),
                "the command is called /%s:%s; name it %s.md"
                % (plugin.names[0], plugin.command_name(file) + file.name[-3:], file.name[:-3]),
            )
    for rel in project.below(plugin.root):
        if rel in mine or rel in named:
            continue
        sub = rel[len(base) :]
        found = _judge(sub, plugin)
        if found is None or any(rel.startswith(path.rstrip("/") + "/") for path in named):
            continue
        meant, what, needs = found
        if (
            "/" not in sub
            and meant
            and for_several_hosts(plugin)
            and (project.exists(base + meant) or _named_elsewhere(project, base, sub))
        ):
            continue  # another program's: the right file is there as well, or that program's manifest names this one
        if _meant_otherwise(plugin, rel, sub, what):
            continue
        if needs and not _looks_like(project, rel, needs):
            continue
        if sub.startswith(".claude/"):
            if workshop is None:
                signs = WORKSHOP if not base else [name for name in WORKSHOP if name not in _WEAK]
                workshop = any(project.exists(base + name) for name in signs)
            if workshop:
                continue
            message = "%s is no part of the plugin: the client reads .claude/ in the user's project only" % sub
        elif meant is None:
            message = "the client loads no %s from %s" % (what, sub)
        elif sub.lower() == meant.lower():
            message = "%s must be spelled %s" % (sub, meant)
        else:
            message = "the client does not look at %s; it reads %s" % (sub, meant)
        level = "error" if meant in _EXACT and sub.lower() == meant else None
        yield _file(project, rel, plugin).hit((0, 0), message, None, level)


def _meant_otherwise(plugin, rel, sub, what):
    """Is it a folder of dotfiles that the README describes (it is linked under another name), or hooks that are put elsewhere?"""
    project = plugin.project
    if what == "hooks":
        return _merged_elsewhere(plugin, project.script(rel)) or _manifest_names(project, sub)
    return plugin.is_collection and sub.startswith("output") and _told_of(project, sub.split("/")[0] + "/")


def _told_of(project, folder):
    return any(folder in (project.script(page) or "") for page in ("README.md", "CLAUDE.md") if page in project.listing)


def _merged_elsewhere(plugin, text):
    """Is it no plugin's, but what an installer merges into the user's settings: the plugin has hooks, and this names none of its files?"""
    return bool(plugin.of("hooks")) and text is not None and "CLAUDE_PLUGIN_ROOT" not in text and ("$HOME" in text or "~/" in text)


def _manifest_names(project, sub):
    """Does the manifest of a plugin elsewhere in the tree name a file of that path (a build puts it there)?"""
    return any('"./%s"' % sub in (project.script(other.manifest.rel) or "") for other in project.plugins if other.manifest is not None)


def _named_elsewhere(project, base, sub):
    """Does the manifest of another program (`.cursor-plugin/plugin.json`) name the file?"""
    homes = (".cursor-plugin", ".codex-plugin", ".agents", ".github/plugin")
    return any('"./%s"' % sub in (project.script(base + home + "/plugin.json") or "") for home in homes)


def _judge(sub, plugin):  # noqa: C901 - one branch for each place where something is put by mistake
    """(where it belongs, what it is, what its text must show) or None."""
    parts = sub.split("/")
    low = sub.lower()
    if low in _EXACT and sub != low:
        return low, "", None
    if len(parts) == 1:
        if sub == "marketplace.json" and ".claude-plugin/marketplace.json" not in plugin.project.listing:
            return ".claude-plugin/marketplace.json", "marketplace", '"plugins"'
        if sub == "hooks.json":
            return "hooks/hooks.json", "hooks", '"hooks"'
        if sub == "mcp.json":
            return ".mcp.json", "servers", '"mcpServers"'
        if sub == "lsp.json":
            return ".lsp.json", "servers", '"extensionToLanguage"'
        if sub == "monitors.json":
            return "monitors/monitors.json", "monitors", '"command"'
        return None
    head, rest, last = parts[0], "/".join(parts[1:]), parts[-1]
    if head == ".claude":
        if rest in ("settings.json", "settings.local.json"):
            return None, "settings", "{"
        return (None, parts[1], "---") if parts[1] in ("agents", "commands", "skills") and last.endswith(".md") else None
    if head in (".claude_plugin", ".claude-plugins", "claude-plugin") and last == "plugin.json" and plugin.manifest is None:
        return ".claude-plugin/plugin.json", "", '"name"'
    if head == ".claude-plugin":
        if parts[1] in ("agents", "commands", "skills") and last.endswith(".md"):
            return rest, "", "---"
        if rest in ("hooks.json", "hooks/hooks.json"):
            return "hooks/hooks.json", "", '"hooks"'
        if rest in (".mcp.json", "mcp.json"):
            return ".mcp.json", "servers", '"command"'
        return None
    cased = head.lower() if head.lower() in _REAL and head != head.lower() else None
    right = cased or _FOLDERS.get(head)
    if right in ("agents", "commands") and not cased and len(parts) > 2:
        return None  # agent/skills/... is another tool's
    if right in ("agents", "commands") and not cased and last.endswith(".md") and plugin.of(right.rstrip("s")):
        twin = plugin.path("%s/%s" % (right, rest)) in plugin.project.listing  # another program reads the copy
        return None if twin or "opencode" in " ".join(plugin.project.dirs) else ("%s/%s" % (right, rest), "", "both")
    if right == "skills" and not cased and len(parts) == 3 and last == "SKILL.md" and plugin.of("skill"):
        return None if plugin.path("skills/" + rest) in plugin.project.listing else ("skills/" + rest, "", "---")
    if right and (cased or not plugin.of(right.rstrip("s"))):
        wanted = '"hooks"' if right == "hooks" and last == "hooks.json" else "---" if last.endswith(".md") else None
        skill = right == "skills" and last != "SKILL.md"
        return ("%s/%s" % (right, rest), "", wanted) if wanted and not skill else None
    if sub in ("monitors/monitor.json", "hooks/settings.json"):
        meant = "monitors/monitors.json" if head == "monitors" else "hooks/hooks.json"
        return (None if meant in _names(plugin) else meant), head, '"command"' if head == "monitors" else '"hooks"'
    if (
        head == "hooks"
        and len(parts) == 2
        and last.endswith(".json")
        and last[:-5] in _EVENT_NAMES
        and "hooks/hooks.json" not in _names(plugin)
    ):
        return "hooks/hooks.json", "hooks", '"hooks"'
    if head == "hooks" and len(parts) == 2 and last in ("hook.json", "hooks.yaml", "hooks.yml", "hooks.jsonc", "hooks.json5"):
        return (None if "hooks/hooks.json" in _names(plugin) else "hooks/hooks.json"), "hooks", "hooks"
    if head == "skills" and len(parts) == 3 and low.endswith(("/skill.json", "/skill.yaml", "/skill.yml")):
        right = "skills/%s/SKILL.md" % parts[1]
        return (right, "", "description") if plugin.path(right) not in plugin.project.listing else None
    if head == "commands" and last.endswith(".toml") and not plugin.of("command"):
        return None, "command", "prompt"  # Gemini's format
    if (
        head in ("agents", "commands")
        and len(parts) == 2
        and ("." not in last or last.lower().endswith((".markdown", ".mdx", ".txt", ".mdc")))
    ):
        return "%s/%s.md" % (head, last.rsplit(".", 1)[0]), "", "---"
    return None


def _names(plugin):
    return {plugin.sub(file.rel) for file in plugin.of("hooks", "monitors")}


def _looks_like(project, rel, needs):
    text = project.script(rel) or ""
    if needs == "both":
        return text.startswith("---") and "\ndescription:" in text and "\nmode:" not in text and ("\nname:" in text or "command" in rel)
    if needs == "---":
        head = text.lstrip("\ufeff")
        return head.startswith("---") and ("\ndescription:" in head or "\nname:" in head)
    return needs in text


def _file(project, rel, plugin):
    return project.file(rel, "prose", plugin)
