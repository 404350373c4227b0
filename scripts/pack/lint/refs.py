"""What looks for references share: the Ref, what stands for a name and is none, pages that teach, and shell text in a prompt."""

import posixpath

from .lazy import lazy
from .markdown import covered

NAMED = lazy(r"`([a-z0-9][a-z0-9-]*)`")
_MADE_THINGS = frozenset("skill skills plugin plugins command commands".split())
_MAKERS = frozenset(
    "create creator creating creation review reviewer reviewing write writer writing author authoring build builder building init development maker".split()
)
_EMBEDDED = lazy(r"(?<!\S)!`([^`]{1,2000})`")
_PLACEHOLDER = lazy(
    r"[<>{}*$%]|\.\.\.|…|(?<![0-9])20[0-9]{2}-?[01][0-9]-?[0-3][0-9](?![0-9])|(?:\A|/)name(?=[./])|(?<![A-Za-z0-9])(?:[A-Z]+-)?(?:ID|NAME|SLUG|NNN+|XXX+|SCRIPT|FILE|FILENAME|TEMPLATE)(?![A-Za-z0-9])|(?:\A|/)(?:[a-z]+-)?[A-Z](?=/|\Z)|\bfile[0-9]\b|\Ahooks/[xy]\.|\b(?:filename|your|my|some|xxx|foo|bar|example|placeholder|name-of|(?:skill|agent|command|plugin|tool|file)-name|path/to|NNN|YYYY)\b|[\[\]]"
)


class Ref:
    """A name (or path) with its place; `target` is the project-relative file that a path means."""

    __slots__ = ("name", "span", "kind", "fenced", "target")

    def __init__(self, name, span, kind, fenced=False, target=None):
        self.name, self.span, self.kind, self.fenced, self.target = name, span, kind, fenced, target


def within(offset, spans):
    """Does an offset lie in one of the spans, which stand in order?"""
    return covered(offset, spans)


def is_placeholder(name):
    return _PLACEHOLDER.search(name) is not None or name.lower() in (
        "agent-name",
        "agent-type",
        "type",
        "name",
        "string",
        "plugin:agent",
        "plugin-name:agent-name",
        "plugin:name",
        "plugin:agent-name",
        "plugin-name:agent",
        "plugin-name:name",
        "namespace:name",
    )


def about_skills(file):
    """Is it the page of a skill such as skill-creator or writing-skills? What it names stands for the files of its reader's skill."""
    folder = skill_folder(posixpath.dirname(file.rel), file.project) if file.kind in ("skill", "prose") else None
    words = set((folder or "").rpartition("/")[2].lower().replace("_", "-").split("-"))
    if any(word.startswith(("skill", "plugin", "command")) and word.endswith(("builder", "creator", "maker", "smith")) for word in words):
        return True  # skillbuilder
    return not words.isdisjoint(_MADE_THINGS) and not words.isdisjoint(_MAKERS)


def skill_folder(folder, project):
    """The folder of the skill that a page belongs to, or None."""
    while folder:
        if folder + "/SKILL.md" in project.listing:
            return folder
        folder = posixpath.dirname(folder)
    return None


def is_template(file):
    """Is other text made from the page?"""
    return (
        any(part in ("templates", "template", "assets", "boilerplate", "scaffold") for part in file.rel.split("/")[:-1])
        or "template" in file.name.lower()
        or file.name.lower().startswith(("tmpl-", "tmpl_", "tpl-"))
    )


def odd_path(path):
    return _PLACEHOLDER.search(path) is not None or " " in path or "\\" in path or len(path) > 300


def markdown_file(project, rel):
    """The File of a Markdown path, from those already read when possible."""
    cache = project.documents
    if not cache:
        cache.update((file.rel, file) for file in project.files if not file.is_json)
    if rel not in cache:
        cache[rel] = project.file(rel, "prose")
        text = project.script(rel)
        if text is None:
            return None
    return cache[rel]


def spelled_commands(file):
    """[(start, end)] of the shell text in !`...`: the client goes by the white space before it, not by Markdown."""
    text, found = file.text, []
    at = text.find("!`", file.body_start) if file.kind in ("command", "skill") else -1
    while at >= 0:
        match = _EMBEDDED.match(text, at)
        if match:
            found.append(match.span(1))
        at = text.find("!`", match.end() if match else at + 1)
    return found


def embedded(file):
    """[(start, end)] of the shell text in !`...` and in ```! blocks. Those in a fence run, too; what is said of these is that (the rule
    command-live-example), for as a rule they are meant to be read."""
    text = file.text
    if file.kind not in ("command", "skill") or "!" not in text:
        return []
    found = [span for span in spelled_commands(file) if not file.prose.in_fence(span[0] - 2)]
    if "```!" in text:
        for start, end, info in file.prose.fences:
            if info.startswith("!"):
                found.append((text.find("\n", start) + 1, end))
    return found
