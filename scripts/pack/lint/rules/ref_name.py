"""A `plugin:name` that is no agent, command or skill of the plugin

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Then run /demo-pack:ghost.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Then run /demo-pack:build.

Source: client
"""

from .. import ref_names
from ..lazy import lazy
from ..near import closest, nearest
from ..negation import clause_before, head_of_list, negated
from ..source import line_start, line_stop

SEVERITY = "warning"
FILES = ("agent", "command", "skill", "prose", "readme")
NEAR = 1000
_MOVED = lazy(
    r"(?i)\b(?:(?:was|were) the `|moved|renamed?|collapsed into|removed|replaced by|superseded|deprecated|no longer (?:exists?|works?|available|valid)|merged into|becomes?|became|formerly|coming soon|planned|deferred|future|out of scope)\b"
)
_NOT_THESE = lazy(r"(?i)\b(?:(?:does|do|must|should|will|may|can) ?not|don't|doesn't|never)\W*\Z")
_SPAN = lazy(r"`[^`]*`")
_GONE_HEADS = ("there is no ", "there are no ", "the old ", "the former ", "the legacy ")
_GONE = lazy(r"[`*]{0,3} (?:is|was|has been|were) (?:now )?(?:gone|removed|renamed|retired|dropped|deprecated|replaced|merged|folded)\b")
_CALLED = lazy(
    r"(?i)\b(?:(?:sub-?)?agents?|skills?|commands?|plugins?|invok(?:e|es|ing)|spawn|delegat(?:e|es)|launch|dispatch|run|call|load|slash|workflow|teammates?)\b"
)
_EXAMPLE = lazy(r"(?i)\*\*examples?\b|\be\.g\.|\bfor example\b")
_MIGRATION = lazy(r"(?i)migrat\w*[-_]from")
_OLD = lazy(r"(?i)\b(?:old|deprecated|legacy|before|former(?:ly)?|previous(?:ly)?|removed|was|v[0-9.]+)\b")
_PLANS = lazy(r"(?i)\b(?:future|planned|roadmap|coming|upcoming|ideas?|backlog|not yet)\b")
_ADDED = lazy(r"marketplace add (?:https?://github\.com/)?([\w.-]+/[\w.-]+)")
_INSTALL = lazy(r"(?<![\w-])plugin install ([a-z][a-z0-9-]{2,60})\b(?:@([A-Za-z][\w.-]{2,60}))?")
_CODED_END = lazy(r":[a-z][a-z0-9_-]{2,60}`")
_CODED = lazy(r"`/?([a-z0-9][a-z0-9_-]{2,60}):([a-z][a-z0-9_-]{2,60})`")


def check(file, context):
    """Every scoped name with the prefix of a plugin of this tree."""
    project = context.project
    plugin = file.plugin
    if plugin is not None and plugin.scope in ("loose", "sniff", "project"):
        return
    yield from _slips(file, project)
    if file.kind in ("readme", "prose") and "plugin install" in file.text:
        yield from _installs(file, project)
    answers = {}  # a page may name the same one thousands of times
    for ref in ref_names.scoped(file, project):
        key = ref.name, ref.kind
        if key not in answers:
            answers[key] = _unknown(file, ref, project)
        if answers[key] is not None and not _explained(file, ref, project):
            yield file.hit(ref.span, answers[key])


def _unknown(file, ref, project):
    """What is wrong with the name, wherever it stands in the file; None where it is one, or may well be one from elsewhere."""
    if ref.name in project.agent_ids or ref.name in project.command_ids:
        return None
    prefix, *folders, _last = ref.name.split(":")
    every = [*project.agent_ids, *project.command_ids]
    if folders and not any(one.startswith("%s:%s:" % (prefix, folders[0])) for one in every):
        return None  # `design:content:read` is a scope of some service, unless the plugin has such a folder
    if ref_names.listed_only(project, prefix) or file.kind == "prose" and _MIGRATION.search(file.name) or _from_elsewhere(file, prefix):
        return None
    if any(ref.name in plugin.commands() for plugin in project.plugins if prefix in plugin.names):
        return None  # `name: demo:build` makes /demo:build itself a bare name
    if _of_a_service(ref.name, every) or _a_workflow(ref.name, project):
        return None
    what = "command or skill" if ref.kind == "slash" else "agent, command or skill"
    return "no %s %r%s" % (what, ref.name, nearest(ref.name, list(project.command_ids) if ref.kind == "slash" else every))


def _explained(file, ref, project):
    """Does the text around this place say that nothing is there, or that something else is meant?"""
    if _in_old_column(file, ref.span) or file.kind == "prose" and ref.kind == "scoped" and _EXAMPLE.search(_line(file, ref.span)):
        return True
    if _NOT_THESE.search(head_of_list(file.text, ref.span[0])):
        return True  # below "The lead does NOT:"
    if _listed_as_gone(clause_before(file.text, ref.span[0], 300).replace("> ", "")):
        return True
    if negated(file.text, *ref.span) or _MOVED.search(_line(file, ref.span)) or _to_come(file, ref.span[0]) or _is_gone(file, ref):
        return True
    if ref.kind != "scoped" or _is_called(file, ref):
        return False
    return not nearest(ref.name, list(project.agent_ids) + list(project.command_ids))


def _listed_as_gone(before):
    """`There is no `/a`, `/b` or `, `the old `/a` and the `, `there used to be six (`: is the name the next of such a list?"""
    low = before.lower()
    at = low.rfind("there used to be ")
    if at >= 0 and not any(end in low[at:] for end in (". ", "; ")):
        return True
    at, size = max((low.rfind(head), len(head)) for head in _GONE_HEADS)
    if at < 0:
        return False
    rest = _SPAN.sub(" ", low[at + size :])
    return {"and", "or", "the"}.issuperset("".join(" " if char in ",`/+" else char for char in rest).split())


def _foreign(prefix):
    import re

    return lazy(r"plugin install %s@([\w.-]+)" % re.escape(prefix))


def _in_old_column(file, span):
    """A cell below `Old command`, `Before`, `v1`: what was, beside what is."""
    text = file.text
    begin = line_start(text, span[0])
    if not text[begin : span[0]].lstrip().startswith("|"):
        return False
    column, head = text.count("|", begin, span[0]), begin
    while head > 0:
        before = line_start(text, head - 1)
        if not text[before:head].lstrip().startswith("|"):
            break
        head = before
    cells = text[head : file.source.line_end(head)].split("|")
    return column < len(cells) and _OLD.search(cells[column]) is not None


def _from_elsewhere(file, prefix):
    """Does the page have its reader add another marketplace and install a plugin of this name from it?"""
    own = {one.data.get("name") for one in file.project.marketplaces}
    for plugin in file.project.plugins:
        if prefix in plugin.names:
            for other in plugin.of("skill", "readme", "command") + [file]:
                installed = _foreign(prefix).search(other.text) if "plugin install " + prefix in other.text else None
                market = installed.group(1).rstrip(".") if installed else ""
                if market and own and not any(name and (market in name or name in market) for name in own):
                    return True  # `plugin install demo@upstream`: the parts are those of the plugin of that name there
    if "marketplace add" not in file.text or "plugin install " + prefix not in file.text:
        return False
    if any("%s@%s" % (prefix, name) in file.text for name in own):
        return False
    added = _ADDED.search(file.text)
    home = "".join(str(one.data.get("repository") or "") for one in file.plugin.of("manifest")) if file.plugin else ""
    return added is not None and prefix in file.text and file.kind != "readme" and added.group(1).lower() not in home.lower()


def _to_come(file, at):
    """Below a heading `Future commands`, or `e.g.` right before: what may be there one day."""
    begin = file.text.rfind("\n#", 0, at)
    if begin >= 0 and _PLANS.search(file.text, begin, file.source.line_end(begin + 1)):
        return True
    return file.text[max(0, at - 8) : at].rstrip("`/ (").endswith("e.g.")


def _is_called(file, ref):
    """`astro:page-load`, `node:crypto`, `go:embed`: a plugin may be called like what it is about. Its parts are agents, skills, commands."""
    prefix = ref.name.partition(":")[0]
    return "-" in prefix or _CALLED.search(_line(file, ref.span).replace(ref.name, "")) is not None


def _is_gone(file, ref):
    """Does the paragraph say of the name that it is no more (`/x:build` is gone), so that its other lines speak of what was?"""
    text, (start, end) = file.text, ref.span
    begin = max(text.rfind("\n\n", max(0, start - NEAR), start) + 1, start - NEAR, 0)
    after = text.find("\n\n", end, end + NEAR)
    paragraph = text[begin : after if after >= 0 else end + NEAR]
    return any(_GONE.match(paragraph, found + len(ref.name)) for found in _places(paragraph, ref.name))


def _places(text, word):
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _line(file, span):
    """The line around it, no more than NEAR characters to either side: some pages are one line."""
    begin, end = max(line_start(file.text, span[0]), span[0] - NEAR), min(line_stop(file.text, span[1]), span[1] + NEAR)
    return file.text[begin:end]


def _of_a_service(name, every):
    """`buildkite:get_build` is a tool of the MCP server of that name: no component of the tree is spelled so."""
    rest = name.rpartition(":")[2]
    odd = "_" in rest or not rest.islower()
    return odd and not nearest(name, every)


def _a_workflow(name, project):
    """A file of that name in a folder of workflows of the plugin."""
    prefix, _, rest = name.partition(":")
    for plugin in project.plugins:
        if prefix in plugin.names:
            for rel in project.below(plugin.root):
                folder, _, last = rel.rpartition("/")
                if last.partition(".")[0] == rest and "workflow" in folder.rpartition("/")[2]:
                    return True
    return False


def _installs(file, project):
    """`/plugin install demo-pak`: what a reader types, and gets nothing."""
    names = sorted(project.plugin_names)
    markets = sorted({one.data["name"] for one in project.marketplaces if isinstance(one.data.get("name"), str)})
    for match in _INSTALL.finditer(file.text):
        name = match.group(1)
        meant = closest(name, names) if name not in names else None
        if meant:
            yield file.hit(match.span(1), "no plugin %r here; did you mean %r?" % (name, meant), [match.span(1) + (meant,)])
        market = (match.group(2) or "").rstrip(".")
        meant = closest(market, markets) if market and name in names and market not in markets else None
        if meant:
            begin = match.start(2)
            said = "the marketplace is called %r, not %r"
            yield file.hit((begin, begin + len(market)), said % (meant, market), [(begin, begin + len(market), meant)])


def _slips(file, project):
    """`demo-pak:reviewer`: the part is there, and the plugin's name is a letter off."""
    text, plugin = file.text, file.plugin
    if plugin is None or not plugin.names or ":" not in text:
        return
    for end in _CODED_END.finditer(text, file.body_start):
        match = _CODED.match(text, text.rfind("`", file.body_start, end.start()))
        if match is None or match.end() != end.end():
            continue
        prefix, rest = match.groups()
        if prefix in project.plugin_names or file.prose.in_fence(match.start()):
            continue
        name = closest(prefix, plugin.names)
        full = "%s:%s" % (name, rest)
        if name and (full in project.agent_ids or full in project.command_ids):
            yield file.hit(match.span(1), "no plugin %r here; did you mean %r?" % (prefix, full), [match.span(1) + (name,)])
