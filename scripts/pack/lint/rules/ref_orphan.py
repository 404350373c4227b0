"""A reference document that nothing points to

Nobody reads it: neither the model, which is told of files by name, nor a reader who follows links.

Bad `references/unused.md`:

    # Unused

Good `references/used.md`, `commands/build.md`:

    # Used
    ---8<---
    ---
    description: Builds the plan
    ---
    Read @${CLAUDE_PLUGIN_ROOT}/references/used.md.

Source: this project
"""

SEVERITY = "warning"


def check(plugin, context):
    """Look for the file's name in every other document of the plugin."""
    if not plugin.is_plugin:
        return
    references = [file for file in plugin.of("prose") if _is_reference(plugin.sub(file.rel).split("/"))]
    if not references:
        return
    project = context.project
    others = [file for file in project.files if file.plugin is plugin and not file.is_json and not file.read_error]
    texts = [(file, file.text) for file in others]
    for kind in ("hooks", "manifest"):
        texts += [(file, file.text) for file in plugin.of(kind)]
    prefix = plugin.root + "/" if plugin.root else ""
    for rel in project.listing:
        head = rel[len(prefix) :].split("/")[0] if rel.startswith(prefix) else ""
        code = head in ("scripts", "hooks", "bin") and rel.endswith((".py", ".sh", ".js", ".ts"))
        if code or head == "docs" and rel.endswith(".md"):
            script = project.script(rel)
            if script:
                texts.append((None, script))
    for file in references:
        stem = file.name[:-3]
        folder = plugin.sub(file.rel).rsplit("/", 1)[0]
        for other, text in texts:
            if other is file:
                continue
            if file.name in text or "%s/%s" % (folder, stem) in text or folder + "/*" in text:
                break
            if folder + "/`" in text or folder + "/ " in text and "references/ " in text and "every" in text:
                break
        else:
            yield file.hit(file.first_line(), "nothing points to %s" % plugin.sub(file.rel))


def _is_reference(parts):
    """references/x.md of the plugin or of a skill."""
    if parts[0] == "skills" and len(parts) > 3:
        parts = parts[2:]
    return parts[0] in ("references", "reference") and len(parts) > 1
