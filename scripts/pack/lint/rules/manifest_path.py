"""A component path in the manifest that leads nowhere

The client reports a load error at the start of the session and goes on without the component.

Bad `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "agents": ["./agents/nobody.md"]}

Good `.claude-plugin/plugin.json`:

    {"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}, "agents": ["./agents/reviewer.md"]}

Source: client, measured
"""

from ..lazy import lazy

SEVERITY = "error"
FILES = ("manifest",)
KEYS = (
    "commands",
    "hooks",
    "agents",
    "skills",
    "outputStyles",
    "themes",
    "monitors",
    "lspServers",
    "workflows",
    "types",
    "mcpServers",
)
_URL = lazy(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


def check(file, context):
    """Existence, kind, and whether the path stays inside."""
    if file.json is None or file.plugin is None:
        return
    yield from paths(file, (), file.data, context)
    if "hooks" in file.data and not getattr(context.facts, "hooks_file_twice_ok", None):
        for path, value, key in declared(file.data):
            if (
                key == "hooks"
                and file.plugin.path(value) == file.plugin.path("hooks/hooks.json")
                and context.project.exists(file.plugin.path(value))
            ):
                text = (
                    "hooks/hooks.json is loaded by itself: this client calls the second mention a duplicate and loads no hook of the plugin"
                )
                yield file.hit(file.at(path), text)


def paths(file, base, data, context, plugin=None):
    """Every path of a manifest or of a marketplace entry."""
    plugin, project = plugin or file.plugin, context.project
    for path, value, key in declared(data):
        span = file.at(base + path)
        if ".." in value.replace("\\", "/").split("/"):
            effect = "the plugin does not load" if key == "types" and not base else "an installed plugin has nothing there"
            yield file.hit(span, "%s leads out of the plugin: %s" % (value, effect))
            continue
        if value.startswith("/") or value[1:2] == ":" or not (value.startswith("./") or value == "."):
            continue
        rel = plugin.path(value)
        rel = "" if rel == "." else rel
        is_dir = rel == "" or rel in project.dirs
        if not is_dir and not project.exists(rel):
            if not plugin.entries and _put_in(project, plugin.root, value):
                continue  # a build puts it there: no marketplace here installs the plugin from where it lies
            other = project.same_but_case(rel)
            hint = "; it is spelled %s" % plugin.sub(other) if other else ""
            yield file.hit(span, "no %s in the plugin%s" % (value, hint))
        elif key == "skills" and not is_dir:
            yield file.hit(span, "%s is a file; skills names folders that hold a SKILL.md" % value)
        elif key == "skills" and value not in (".", "./") and not any(below.endswith("/SKILL.md") for below in project.below(rel)):
            yield file.hit(span, "no SKILL.md in %s: no skill comes from it" % value, severity="warning")
        elif key in ("hooks", "mcpServers", "monitors", "lspServers") and value.endswith(".json") and is_dir:
            yield file.hit(span, "%s is a folder; %s names a JSON file" % (value, key))
        elif key == "agents" and is_dir:
            yield file.hit(span, "%s is a folder; agents names Markdown files" % value)


def _put_in(project, root, value):
    """Lies a file of that path in a folder above the plugin's, beside plugins that several manifests describe?"""
    sub = value.removeprefix("./")
    while root:
        root = root.rpartition("/")[0]
        if project.exists(root + "/" + sub if root else sub):
            return True
    return False


def declared(data):
    """Yield (path, value, key) of every path string."""
    experimental = data.get("experimental")
    for key in KEYS:
        value, here = data.get(key), (key,)
        if isinstance(experimental, dict) and key in ("monitors", "themes") and experimental.get(key) is not None:
            value, here = experimental[key], ("experimental", key)
        if isinstance(value, str):
            items = [(here, value)]
        elif isinstance(value, list):
            items = [(here + (index,), item) for index, item in enumerate(value)]
        elif isinstance(value, dict) and key == "commands":
            items = [(here + (name, "source"), item.get("source")) for name, item in value.items() if isinstance(item, dict)]
        else:
            continue
        for path, item in items:
            if isinstance(item, str) and not (key == "mcpServers" and _URL.match(item)):
                yield path, item, key
