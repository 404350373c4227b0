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

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("plugin",)
_STEM = ("eference",)
_PAGE = lazy(r"skills/[^/]+/references?/[^/]+\.md\Z")
_FOLDER = lazy(r"\breferences?/(?![\w.-]*\w)|\b[Rr]eferences? (?:folder|directory|files)")


def check(plugin, context):
    """Look for the file's name in every other document of the plugin."""
    if not plugin.is_plugin:
        return
    references = [f for f in plugin.of("prose") if plugin.sub(f.rel).startswith(("references/", "reference/")) and not _is_index(f)]
    yield from _of_skills(plugin)
    if not references:
        return
    texts = None
    for file in references:
        stem = file.name[:-3]
        folder = plugin.sub(file.rel).rsplit("/", 1)[0]
        known = file.once("pointed-to", lambda _: [])  # which text did so when this was asked last
        if known and _points(known[0].text, file.name, folder, stem):
            continue
        texts = texts or _texts(plugin, context.project)
        for other, text in texts:
            if other is not file and _points(text, file.name, folder, stem):
                known[:] = [other] if other is not None else []
                break
        else:
            yield file.hit(file.first_line(), "nothing points to %s" % plugin.sub(file.rel))


def _texts(plugin, project):
    """[(File or None, text)] of all that may point to a reference."""
    others = [file for file in project.files if file.plugin is plugin and not file.is_json and not file.read_error]
    texts = [(file, file.text) for file in others + plugin.of("hooks", "manifest")]
    prefix = plugin.root + "/" if plugin.root else ""
    for rel in project.listing:
        head = rel[len(prefix) :].split("/")[0] if rel.startswith(prefix) else ""
        code = head in ("scripts", "hooks", "bin") and rel.endswith((".py", ".sh", ".js", ".ts"))
        if code or head == "docs" and rel.endswith(".md"):
            script = project.script(rel)
            if script:
                texts.append((None, script))
    return texts


def _points(text, name, folder, stem):
    """Does the text name the page, or send the reader to all of its folder?"""
    if name in text or "%s/%s" % (folder, stem) in text or folder + "/*" in text:
        return True
    if any("%s/%s%s" % (folder, start, mark) in text for start in _starts(stem) for mark in "<{*[$"):
        return True
    return folder + "/`" in text or folder + "/ " in text and "references/ " in text and "every" in text


def _of_skills(plugin):
    """references/x.md of a skill: one look at every text for the names in it, however many pages there are."""
    pages = [file for file in plugin.of("prose") if _PAGE.match(plugin.sub(file.rel)) and not _is_index(file)]
    if not pages:
        return
    named, whole = set(), set()  # file names that some text holds; skills that send the reader to the whole folder
    for file in plugin.of("skill", "prose", "agent", "command", "readme"):
        named.update(file.once("names in it", _names) - {file.name})
        if file.kind == "skill" and file.once("whole folder", _sends_to_the_folder):
            whole.add(file.rel.rsplit("/", 1)[0] + "/")
    code = {}  # skill: the names in its programs and data
    for file in pages:
        skill = file.rel[: file.rel.index("/references/" if "/references/" in file.rel else "/reference/") + 1]
        by_pattern = any("references/" + start in named for start in _starts(file.name[:-3]))  # `references/server-<kind>.md`
        if file.name not in named and "references/" + file.name[:-3] not in named and skill not in whole and not by_pattern:
            if _in_code(file, skill, code) or _folder_in_data(plugin, file) or file.name in _named_at_the_top(plugin):
                continue
            yield file.hit(file.first_line(), "nothing points to %s" % plugin.sub(file.rel))


_CODE = (".py", ".sh", ".bash", ".js", ".mjs", ".cjs", ".ts", ".json", ".yaml", ".yml", ".toml", ".txt")


def _in_code(file, skill, known):
    """Does a script or a data file of the page's skill name it?"""
    if skill not in known:
        project = file.project
        texts = [
            project.script(rel) or "" for rel in project.below(skill.rstrip("/")) if rel.endswith(_CODE) and project.listing[rel] == "f"
        ]
        known[skill] = {name for text in texts for name in _spelled(text)}
    return file.name in known[skill]


def _folder_in_data(plugin, file):
    """Does a program or a table of the plugin (`"reference_root": "skills/x/references"`) name the whole folder?"""
    if "data texts" not in plugin.memo:
        project = plugin.project
        rels = [
            rel for rel in project.below(plugin.root) if rel.endswith(_CODE) and "node_modules/" not in rel and project.listing[rel] == "f"
        ]
        plugin.memo["data texts"] = [text for text in (project.script(rel) or "" for rel in rels[:400]) if "/reference" in text]
    folder = plugin.sub(file.rel).rpartition("/")[0]
    return any(folder + end in text for text in plugin.memo["data texts"] for end in ('"', "'", '/"', "/'"))


def _named_at_the_top(plugin):
    """The pages that other programs' instructions (GEMINI.md, AGENTS.md), docs/ and the plugin's programs name, tests aside."""
    if "top-names" not in plugin.memo:
        project, found = plugin.project, set()
        for rel in project.below(plugin.root):
            parts = plugin.sub(rel).split("/")
            page = rel.endswith(".md") and (len(parts) == 1 or parts[0] == "docs" and len(parts) < 4 or parts[0][0] == ".")
            code = parts[0] in ("hooks", "scripts", "bin") or parts[0][0] == "." and rel.endswith(_CODE)
            changes = parts[-1].lower().startswith(("changelog", "release"))  # what was once there
            if (page or code and len(parts) < 5) and not changes and project.listing[rel] == "f":
                found.update(_spelled(project.script(rel) or ""))
        plugin.memo["top-names"] = found
    return plugin.memo["top-names"]


def _is_index(file):
    """A README is for people who look into the folder."""
    return file.name.lower() == "readme.md"


def _starts(stem):
    """`dev-` and `dev-server-` of dev-server-vite."""
    return [stem[: at + 1] for at, char in enumerate(stem) if char in "-_"]


def _sends_to_the_folder(file):
    return any(_FOLDER.search(file.text, start, end) for start, end in file.lines_with(_STEM, 0))


def _names(file):
    """Every `name.md` in a text, and every `references/name` without the ending."""
    return set(_spelled(file.text))


def _spelled(text):
    at = text.find(".md")
    while at >= 0:
        begin = at
        while begin and (text[begin - 1].isalnum() or text[begin - 1] in "_.-"):
            begin -= 1
        yield text[begin : at + 3]
        at = text.find(".md", at + 1)
    at = text.find("references/")
    while at >= 0:
        end = at + 11
        while end < len(text) and (text[end].isalnum() or text[end] in "_-"):
            end += 1
        yield text[at:end]
        at = text.find("references/", end)
