"""A marketplace entry whose source does not lead to a plugin

Bad `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./nope"}]}

Good `.claude-plugin/marketplace.json`:

    {"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "demo-pack", "source": "./"}]}

Source: client (`plugin validate` says nothing; the installation fails)
"""

import posixpath

from ..discover import local_source
from ..lazy import lazy

SEVERITY = "error"
FILES = ("marketplace",)
_REPO = lazy(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+$")
_MEANT = {"branch": "ref", "tag": "ref", "commit": "sha", "rev": "sha", "subdir": "path", "directory": "path", "folder": "path"}


def check(file, context):  # noqa: C901 - one check for each kind of source
    """Local folders exist; GitHub repositories are owner/repo."""
    project, data = context.project, file.data
    base = posixpath.dirname(posixpath.dirname(file.rel))
    metadata = data.get("metadata")
    plugin_root = metadata.get("pluginRoot") if isinstance(metadata, dict) else None
    for index, entry in file.entries():
        source = entry.get("source")
        path = ("plugins", index, "source")
        if isinstance(source, dict):
            kind = source.get("source")
            repo = source.get("repo")
            if kind == "github" and isinstance(repo, str) and not _REPO.match(repo):
                yield file.hit(file.at(path + ("repo",)), "%r is not owner/repo" % repo)
            url = source.get("url")
            if kind == "url" and isinstance(url, str) and not ("://" in url or "@" in url and ":" in url):
                yield file.hit(file.at(path + ("url",)), "%r is not a git URL (https:// or git@)" % url)
            if isinstance(repo, str) and repo.endswith(".git") and _REPO.match(repo):
                text = "%r: the client adds .git itself, and looks for %s.git" % (repo, repo)
                yield file.hit(file.at(path + ("repo",)), text, [file.at(path + ("repo",)) + ('"%s"' % repo[:-4],)], "warning")
            for key, text in (("url", url), ("registry", source.get("registry"))):
                if isinstance(text, str) and text.lower().startswith(("http://", "file:", "ext::")):
                    what = "is not encrypted" if text.lower().startswith("http:") else "is no place for other machines"
                    yield file.hit(file.at(path + (key,)), "%r %s" % (text, what), severity="warning")
            for key in ("ref", "sha"):
                if isinstance(source.get(key), str) and source[key].startswith("-"):
                    yield file.hit(file.at(path + (key,)), "%r reads like an option of git" % source[key])
            inside = source.get("path")
            if kind == "git-subdir" and isinstance(inside, str) and inside.startswith("/"):
                yield file.hit(file.at(path + ("path",)), "%r: the path starts in the repository" % inside, severity="warning")
            for key in source:
                meant = _MEANT.get(key)
                if meant and meant not in source:
                    yield file.hit(file.at(path + (key,), key=True), "%r is ignored; write %r" % (key, meant), severity="warning")
            if kind == "git-subdir" and isinstance(url, str) and not ("://" in url or "@" in url or _REPO.match(url)):
                yield file.hit(file.at(path + ("url",)), "%r is neither owner/repo nor a git URL" % url)
            continue
        root = local_source(source, base, plugin_root)
        if root is None or root.startswith("..") or ".." in source.split("/"):
            continue  # the schema has said so
        if root not in project.dirs:
            if project.listing.get(root):
                yield file.hit(file.at(path), "%s is a file, not a plugin's folder" % source)
            else:
                other = project.same_but_case(root)
                yield file.hit(file.at(path), "no folder %s%s" % (source, "; it is spelled %s" % other if other else ""))
            continue
        has_manifest = posixpath.join(root, ".claude-plugin/plugin.json") in project.listing
        parts = any(
            project.exists(posixpath.join(root, part))
            for part in (
                "agents",
                "commands",
                "skills",
                "hooks",
                ".mcp.json",
                ".lsp.json",
                "SKILL.md",
                "output-styles",
                "plugin.json",
            )
        )
        listed = any(entry.get(key) for key in ("agents", "commands", "skills", "hooks", "mcpServers", "lspServers", "outputStyles"))
        if not has_manifest and not parts and not listed:
            text = "%s holds no plugin.json and no components: it installs and brings nothing"
            yield file.hit(file.at(path), text % source, severity="warning")
