"""Which files there are, which plugin each belongs to, and what the client takes it for.

Roots: a folder with `.claude-plugin/plugin.json`, a marketplace entry's local source, a project's `.claude`, and, where
none of these holds a file, any folder that has agents/, commands/, skills/ or hooks/ in it.
"""

import os
import posixpath

from .model import Plugin, Project
from .walk import walk

# Made from elsewhere, or what a test reads: no folder of components by its place alone.
_NOT_SHIPPED = frozenset(
    "node_modules dist build evals eval tests test fixtures __tests__ testdata snapshots i18n l10n locales translations".split()
)
_READ_BY_TESTS = frozenset("evals eval fixtures __fixtures__ testdata __tests__ snapshots __snapshots__".split())
_HOSTS = ("opencode", "codex cli", "gemini cli", "cursor", "github copilot", "windsurf", "openclaw", "qwen code")
_OTHER_HOSTS = frozenset("opencode codex gemini cursor copilot windsurf antigravity openclaw qwen".split())  # extensions/gemini/hooks
COMPONENTS = ("agents", "commands", "skills", "hooks")


def scan(root, overlay=None, exclude=(), tree=None):
    """A Project with its plugins and files, nothing read yet but manifests; `tree` spares the walk."""
    return arrange(Project(root, overlay, tree or walk(root, exclude)))


def arrange(project):
    """Find the plugins and files of a Project that knows its tree."""
    for rel in project.overlay:
        project.listing.setdefault(rel, "f")
        head = posixpath.dirname(rel)
        while head and head not in project.dirs:
            project.dirs[head] = False
            head = posixpath.dirname(head)
    _find_plugins(project)
    _assign(project)
    return project


def _find_plugins(project):
    roots = {}
    listing = project.listing
    for rel in sorted(listing):
        if rel.endswith(".json") and "/.claude-plugin/" in rel and _of_a_test(rel.split("/")[:-2]):
            continue  # what a test reads; a marketplace that names it makes a plugin of it, below
        if rel.endswith("plugin.json") and posixpath.basename(rel) == "plugin.json":
            folder = posixpath.dirname(rel)
            if posixpath.basename(folder) == ".claude-plugin":
                root = posixpath.dirname(folder)
                roots.setdefault(root, Plugin(project, root, "plugin"))
        elif rel.endswith(".claude-plugin/marketplace.json") and rel.split("/")[-2] == ".claude-plugin":
            project.marketplaces.append(project.file(rel, "marketplace"))
    for file in project.marketplaces:
        _entries(project, file, roots)
    for root, plugin in roots.items():
        if not plugin.entries and _for_another_host(project, root):
            plugin.scope = "foreign"
    for rel, is_link in project.dirs.items():
        if (
            not is_link
            and posixpath.basename(rel) == ".claude"
            and rel not in roots
            and not _inside(rel, roots)
            and not _of_a_test(rel.split("/")[:-1])  # what a test of some program reads
        ):
            roots[rel] = Plugin(project, rel, "project")
    _loose_roots(project, roots)
    # Innermost root first: a file belongs to the nearest one.
    project.plugins = [roots[root] for root in sorted(roots)]


def _entries(project, file, roots):
    base = posixpath.dirname(posixpath.dirname(file.rel))
    metadata = file.data.get("metadata")
    plugin_root = metadata.get("pluginRoot") if isinstance(metadata, dict) else None
    for index, entry in file.entries():
        root = local_source(entry.get("source"), base, plugin_root)
        if root is None or root.startswith("..") or root not in project.dirs or project.dirs[root]:
            continue
        if root not in roots:
            roots[root] = Plugin(project, root, "plugin")
        roots[root].entries.append((file, index, entry))


def local_source(source, base, plugin_root=None):
    """Project-relative folder of an entry's local source, or None for a remote or odd one."""
    if not isinstance(source, str):
        return None
    if source == ".":
        source = "./"
    if not source.startswith("./"):
        if isinstance(plugin_root, str) and source and "/" not in source and ":" not in source:
            source = posixpath.join(plugin_root, source)
        else:
            return None
    joined = posixpath.normpath(posixpath.join(base, source))
    return "" if joined == "." else joined


def _inside(rel, roots):
    head = rel
    while head:
        head = posixpath.dirname(head)
        if head in roots and roots[head].scope != "project":
            return True
    return "" in roots


def _owner(rel, roots):
    head = rel
    while True:
        head = posixpath.dirname(head)
        if head in roots:
            return roots[head]
        if not head:
            return None


def _loose_roots(project, roots):
    """Folders of components that no plugin owns: the root as a plugin without a manifest, others as loose folders."""
    top = os.path.basename(project.root.rstrip(os.sep))
    if top in COMPONENTS and not roots and not any(c in project.dirs for c in COMPONENTS):
        roots[""] = Plugin(project, "", "component:" + top)
        return
    if "" not in roots and not project.marketplaces:
        if any(_component(project, c) for c in COMPONENTS):
            roots[""] = Plugin(project, "", "foreign" if _of_another_host(project) else "bare")
        elif not roots and _of_opencode(project) and _of_another_host(project):
            roots[""] = Plugin(project, "", "foreign")  # assets/commands/ and the like are for that program as well
    if "" in roots:
        return
    for rel, is_link in sorted(project.dirs.items()):
        parts = rel.split("/")
        if is_link or parts[-1] not in ("agents", "commands", "skills", "hooks") or _owner(rel, roots):
            continue
        if _of_another_tool(parts):
            continue
        parent = posixpath.dirname(rel)
        if any("/".join(parts[:n] + ["SKILL.md"]) in project.listing for n in range(1, len(parts))):
            continue  # a prompt file under a skill's agents/ is not an agent
        if parent not in roots:
            roots[parent] = Plugin(project, parent, "loose")
    if not roots:
        roots[""] = Plugin(project, "", "sniff")


def _component(project, name):
    """Is there such a folder? agents/ with skills in it, and no agent, has a folder for each program (agents/claude/NAME/SKILL.md)."""
    if project.dirs.get(name) is not False:
        return False
    if name != "agents":
        return True
    below = [rel for rel in project.listing if rel.startswith("agents/")]
    if not any(rel.endswith("/SKILL.md") for rel in below):
        return True
    return any(rel.count("/") == 1 and rel.endswith(".md") and (project.script(rel) or "").startswith("---") for rel in below)


def _of_another_host(project):
    """Is it another program's, going by its package.json (a plugin for OpenCode) or by the README, which names such a program and never
    Claude, in a tree that has nothing for Claude?"""
    if "CLAUDE.md" in project.listing or any("/.claude" in "/" + rel for rel in project.listing):
        return False
    if _of_opencode(project):
        return True
    pages = [project.script(rel) or "" for rel in project.listing if "/" not in rel and rel.lower().startswith("readme")]
    said = "\n".join(pages).lower()
    return "claude" not in said and any(host in said for host in _HOSTS)


def _of_opencode(project):
    return "package.json" in project.listing and '"@opencode-ai/plugin"' in (project.script("package.json") or "")


def _for_another_host(project, root):
    """Is it the copy for another program (`src/copilot-cli`, whose program reads `.claude-plugin`, too) beside one for Claude (`src/claude`)?"""
    above, _, name = root.rpartition("/")
    if name.removesuffix("-cli").removesuffix("-plugin") not in _OTHER_HOSTS:
        return False
    return any((above + "/" + one if above else one) in project.dirs for one in ("claude", "claude-code", "claude-cli", "claude-plugin"))


def _hooks_of_another(project, root):
    """Has the folder the manifest of another program, and none of this one? Then hooks/hooks.json is that program's."""
    base = root + "/" if root else ""
    if base + ".claude-plugin/plugin.json" in project.listing:
        return False
    return any(base + one in project.listing for one in _MANIFESTS)


_MANIFESTS = (".codex-plugin/plugin.json", ".cursor-plugin/plugin.json", ".kimi-plugin/plugin.json", "gemini-extension.json")


def _of_a_test(parts):
    return not _READ_BY_TESTS.isdisjoint(parts)


def _of_another_tool(parts):
    """Made from elsewhere, a test's data, or another tool's (.gemini/skills, .codex/agents)."""
    return any(part in _NOT_SHIPPED or part in _OTHER_HOSTS or part[0] == "." and not part.startswith(".claude") for part in parts)


def _assign(project):
    by_root = {plugin.root: plugin for plugin in project.plugins}
    owners = {}
    replaced = {}
    for plugin in project.plugins:
        _declared(plugin)
        replaced[plugin.root] = {kind for kind in ("agents", "commands") if kind in plugin.declared}
    for rel in sorted(_readable(project)):
        folder = posixpath.dirname(rel)
        if folder not in owners:
            owners[folder] = _owner(rel, by_root)
        plugin = owners[folder]
        if plugin is None:
            continue
        kind = _kind(plugin, plugin.sub(rel))
        if kind == "prose" and (plugin.is_plugin or plugin.scope == "project" and rel.endswith("/SKILL.md")):
            kind = _below_skills(project, plugin, rel)
        if kind:
            file = project.file(rel, kind, plugin)
            if kind == "sniff":
                kind = file.kind = sniff(file)
                if not kind:
                    continue
            if kind == "agent" and "agents" in replaced[plugin.root] and rel not in plugin.declared["agents"]:
                file.kind = kind = "prose"
            if kind == "output-style" and "outputStyles" in plugin.declared:
                continue  # the named ones come instead, below
            plugin.files.setdefault(kind, []).append(file)
            project.files.append(file)
    for plugin in project.plugins:
        _add_declared(project, plugin)
    for file in project.marketplaces:
        project.files.append(file)
        file.plugin = by_root.get(posixpath.dirname(posixpath.dirname(file.rel)))
        readme = posixpath.join(posixpath.dirname(posixpath.dirname(file.rel)), "README.md")
        if project.listing.get(readme) == "f" and file.plugin is None:
            project.files.append(project.file(readme, "prose"))
    project.files.sort(key=lambda file: file.rel)


PRIVATE = frozenset((".env", ".env.local", ".env.production", ".env.development", "id_rsa", "id_ed25519", "credentials.json"))


SCRIPTS = (".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ps1")
_RUN_FROM = ("scripts", "hooks", "bin")


def _is_script(parts):
    """A program that hooks, servers and prompts run; tests hold made-up keys and what a scanner looks for."""
    folders = parts[2:] if parts[0] == "skills" else parts
    if not parts[-1].endswith(SCRIPTS) or not 2 <= len(folders) <= 3 or folders[0] not in _RUN_FROM:
        return False
    return "test" not in parts[-1] and not any(part.startswith(("test", "__test", "fixture", "node_modules", "vendor")) for part in parts)


def _readable(project):
    """The paths of all files, and of folders that are called like one of JSON: the client reads nothing there, and says so to nobody."""
    folders = [rel for rel in project.dirs if rel.endswith(".json")]
    return [*project.listing, *folders] if folders else project.listing


def _kind(plugin, sub):  # noqa: C901 - one branch for each place where the client looks
    """What the client takes a path inside a plugin for, or None."""
    parts = sub.split("/")
    name, head = parts[-1], parts[0]
    scope = plugin.scope
    if scope == "foreign" or sub == "hooks/hooks.json" and not plugin.entries and _hooks_of_another(plugin.project, plugin.root):
        return None
    markdown = name.lower().endswith(".md")
    if scope.startswith("component:"):
        head, parts = scope.split(":")[1], [scope.split(":")[1]] + parts
    if scope == "sniff" and name.endswith((".yaml", ".yml", ".json")) and (len(parts) == 1 or parts[-2] == "team-definitions"):
        return "team"  # a definition that was named, or its folder; whether it is one its text says
    if scope == "sniff" and _of_another_tool(parts[:-1]):
        return None
    if scope == "sniff":
        return ("skill" if name == "SKILL.md" else "sniff") if markdown else None
    if head == "evals" and name in ("case.yaml", "case.yml") and scope in ("plugin", "bare"):
        return "eval"
    if name in PRIVATE or name.endswith(".pem"):
        return "private" if scope in ("plugin", "bare") else None  # held against nothing but what every file is held against
    if scope == "plugin" and _is_script(parts):
        return "script"  # the same: what it says and hides, not what it is
    if markdown:
        if scope in ("loose", "bare") and head == "agents" and name.endswith(".agent.md") and not plugin.entries:
            return None  # Copilot's; with a manifest of this client, or in its .claude, they are agents
        if head == "agents" and len(parts) > 1:
            return "agent" if scope != "loose" else "sniff"
        if head == "commands" and len(parts) > 1:
            return "command" if scope != "loose" else "sniff"
        if head == "output-styles" and len(parts) > 1 and scope != "loose":
            return "output-style"
        if head == "skills":
            if len(parts) == 3 and name == "SKILL.md" or scope == "loose" and name == "SKILL.md":
                return (
                    "skill"
                    if not one_skill(plugin) or plugin.path("/".join(parts[:2])) in plugin.declared.get("skills", ())
                    else "stray-skill"
                )
            if one_skill(plugin):
                return "skill" if parts[1:] == ["SKILL.md"] else "prose"
            if len(parts) == 2 or len(parts) == 3 and name.lower() == "skill.md":
                return "stray-skill" if scope != "loose" or len(parts) == 3 or _has_skills(plugin) else None
            return "prose" if scope != "loose" and not _of_a_test(parts[2:-1]) else None
        if scope == "loose":
            return None
        if len(parts) == 1:
            if name == "SKILL.md":
                return "skill"
            return "readme" if name.lower() == "readme.md" else "rootdoc" if name.lower().startswith("claude") else None
        return "prose" if head in ("references", "reference") else None
    if sub == ".claude-plugin/plugin.json":
        return "manifest"
    if name.endswith(".json") and len(parts) > 1 and parts[-2] == "team-definitions" and scope != "loose":
        return "team"
    if scope == "project" and sub == "team.yaml" or sub == ".claude/team.yaml":
        return "team-config"
    if name.endswith((".yaml", ".yml")):
        return "team" if len(parts) > 1 and parts[-2] in ("team-definitions", "teams") and scope != "loose" else None
    if scope == "project":
        return "settings-hooks" if sub in ("settings.json", "settings.local.json") else None
    if scope == "loose":
        return "hooks" if sub == "hooks/hooks.json" else None
    if sub == "plugin.json" and len(parts) == 1:
        return "root-manifest"
    if head == "themes" and len(parts) == 2 and name.endswith(".json"):
        return "theme"
    return {
        "hooks/hooks.json": "hooks",
        ".mcp.json": "mcp",
        ".lsp.json": "lsp",
        "settings.json": "settings",
        "monitors/monitors.json": "monitors",
    }.get(sub)


def _has_skills(plugin):
    """Is there a skill in the folder's skills/? Without one they may be the pages of a site on skills."""
    if "skills" not in plugin.memo:
        plugin.memo["skills"] = any(rel.endswith("/SKILL.md") for rel in plugin.project.below(plugin.path("skills")))
    return plugin.memo["skills"]


def one_skill(plugin):
    """Is skills/ itself a skill? With a SKILL.md in it the client loads that one and nothing below (2.1.329 and 2.1.332, measured)."""
    return plugin.is_plugin and plugin.path("skills/SKILL.md") in plugin.project.listing


def _below_skills(project, plugin, rel):
    """A Markdown file below skills/: part of a skill, or one that the client never finds.

    It reads `skills/NAME/SKILL.md`, one level deep, and the folders that the manifest names.
    """
    parts = plugin.sub(rel).split("/")
    if parts[0] != "skills":
        return "prose"
    declared = plugin.declared.get("skills", ())
    folder = posixpath.dirname(rel)
    if parts[-1] == "SKILL.md" and (folder in declared or posixpath.dirname(folder) in declared):
        return "skill"
    if one_skill(plugin):
        return "stray-skill" if parts[-1] == "SKILL.md" and len(parts) == 3 else "prose"
    inside = any(plugin.path("/".join(parts[:depth] + ["SKILL.md"])) in project.listing for depth in range(2, len(parts) - 1))
    if parts[-1] == "SKILL.md":
        return "prose" if inside and not _child(project, plugin, parts) else "stray-skill"
    alone = len(parts) == 3 and not any(plugin.path("/".join(parts[:2] + [n])) in project.listing for n in ("SKILL.md", "skill.md"))
    if alone and parts[-1].lower() == "readme.md":  # of a folder of skills, or what should have been called SKILL.md
        alone = not any(other.startswith(folder + "/") and other.endswith("/SKILL.md") for other in project.listing)
    return "stray-skill" if alone else "prose"


def _child(project, plugin, parts):
    """Is it `skills/NAME/skills/OTHER/SKILL.md`, which the skill around it never names?"""
    if len(parts) != 5 or parts[2] != "skills":
        return False
    return "%s/" % parts[3] not in (project.script(plugin.path("/".join(parts[:2] + ["SKILL.md"]))) or "")


def may_be_sniffed(project, rel):
    """A File of a path whose text alone says whether the client takes it for anything; None for any other path."""
    plugin = _owner(rel, {plugin.root: plugin for plugin in project.plugins})
    if plugin is None or plugin.scope not in ("loose", "sniff") or _kind(plugin, plugin.sub(rel)) != "sniff":
        return None
    return project.file(rel, "sniff", plugin)


def sniff(file):
    """The kind of a Markdown file in a folder that nothing declares: only its frontmatter can tell."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return None
    parts = file.rel.split("/")
    if "commands" in parts:
        return None if "docs" in parts and "description" not in front else "command"  # docs/commands/index.md is a page of a site
    if "name" in front and "description" in front and (file.plugin.scope == "sniff" or "agents" in parts):
        return "agent"
    return None


def _declared(plugin):
    """Component paths that the manifest or an entry names: they replace (agents, commands) or add."""
    holders = [file.data for file in _manifests(plugin)] + [entry for _, _, entry in plugin.entries]
    for holder in holders:
        inner = holder.get("experimental")
        for key in ("agents", "commands", "skills", "hooks", "mcpServers", "lspServers", "outputStyles", "themes", "monitors"):
            value = holder.get(key)
            if value is None and key in ("outputStyles", "themes", "monitors") and isinstance(inner, dict):
                value = inner.get(key)
            if value is None:
                continue
            paths = plugin.declared.setdefault(key, set())
            if isinstance(value, dict) and key == "commands":
                plugin.declared.setdefault("command-map", {}).update(value)
                value = [item.get("source") for item in value.values() if isinstance(item, dict)]
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and item.startswith(".") and ".." not in item.split("/"):
                    paths.add(plugin.path(item))


def _manifests(plugin):
    rel = plugin.path(".claude-plugin/plugin.json")
    return [plugin.project.file(rel, "manifest", plugin)] if rel in plugin.project.listing else []


_DECLARED_KINDS = {"agents": "agent", "commands": "command", "hooks": "hooks", "mcpServers": "mcp", "lspServers": "lsp"}
_DECLARED_KINDS.update({"outputStyles": "output-style", "themes": "theme", "monitors": "monitors"})


def _add_declared(project, plugin):
    known = {file.rel for file in project.files}
    for key, paths in plugin.declared.items():
        if key == "command-map":
            continue
        for path in sorted(paths):
            for rel in _under(project, path):
                if rel in known:
                    continue
                name = posixpath.basename(rel)
                if key == "skills":
                    below = path not in ("", ".") and posixpath.dirname(rel) != path and path + "/SKILL.md" in project.listing
                    kind = None if name != "SKILL.md" else "stray-skill" if below else "skill"
                elif key in ("agents", "commands", "outputStyles"):
                    kind = _DECLARED_KINDS[key] if name.lower().endswith(".md") else None
                    if kind == "command" and name == "SKILL.md":
                        kind = "skill"
                else:
                    kind = _DECLARED_KINDS[key] if name.endswith(".json") else None
                if kind:
                    known.add(rel)
                    file = project.file(rel, kind, plugin)
                    plugin.files.setdefault(kind, []).append(file)
                    project.files.append(file)


def _under(project, path):
    if path in project.listing:
        return [path]
    prefix = "" if path in ("", ".") else path + "/"
    if path == ".":
        return [rel for rel in project.listing if rel == "SKILL.md"]
    return sorted(
        rel
        for rel in project.listing
        if rel.startswith(prefix) and (rel.count("/") == prefix.count("/") or rel.endswith("/SKILL.md") or rel.endswith(".md"))
    )
