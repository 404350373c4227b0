"""What a text names: agents, skills, and the `plugin:name` of either.

What teaches is not a reference: a fenced example, a placeholder (`<name>`, `{name}`, `$NAME`, `your-...`), a URL.
"""

from .lazy import lazy
from .negation import head_of_list, negated
from .refs import NAMED, Ref, is_placeholder, within
from .source import line_start

_TYPE = lazy(
    r"subagent_?[tT]ype[\"'`*]{0,3}(?:\s{0,2}[:=]\s{0,2}| (?:of|set to|is) (?=[\"'`*]|[a-z0-9-]{2,60}(?:[.,;]\s|\.?$)))[\"'`*]{0,3}([A-Za-z0-9][A-Za-z0-9_.:-]{0,120})([^\s]?)"
)
_FILE_END = lazy(r"\.[A-Za-z][A-Za-z0-9]{0,4}\Z")
_TAIL = lazy(r"[A-Za-z0-9_.:-]{0,80}")
_MENTION = lazy(r"(?:^|[\s(`\"'])@agent-([A-Za-z0-9][A-Za-z0-9_.:-]{0,120})")
_PROSE = lazy(r"`([A-Za-z][a-z0-9]*(?:-[A-Za-z0-9]+)*)` (?:sub-?)?agents?\b(?![-/]| types?\b)")
_LISTED = lazy(
    r"\b(?:sub-?)?agents?:? ((?:`[a-z][a-z0-9-]*`(?:, (?:and |or )?| and | or )?){2,20})|((?:`[a-z][a-z0-9-]*`(?:, (?:and |or )?| and | or )?){2,20}) agents\b"
)
_VERB = r"\b(?:[Uu]se|[Ll]aunch|[Ii]nvoke|[Ss]pawn|[Dd]elegate to|[Hh]and it to|[Dd]ispatch|[Aa]sk|[Cc]all|[Rr]un) "
_NAME = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)"
_MARKED = lazy(_VERB + r"(?:the |an? )?(?:\*\*(N*)\*\*|\"(N*)\") (?:sub-?)?agents?\b(?![-/])".replace("N", _NAME))
_TOLD = lazy(_VERB + r"\Z")
_PROGRAMS = r"(?:Codex|OpenCode|Cursor|Gemini|Copilot|Windsurf|Antigravity)\b(?: CLI| IDE)?"
_PROGRAM = lazy(r"\b(?:[Oo]n|[Ii]n|[Ff]or|[Uu]nder) (?:the )?N\b[^\n]{0,80}\Z|\bN\*{0,2}:\*{0,2} [^\n;]{0,40}\Z".replace("N", _PROGRAMS))
_ITS_LIST = lazy(r"\s*\*\*N:?\*\*".replace("N", _PROGRAMS))
_KEBAB = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_MARKED_ENDS = ("** agent", '" agent', "** sub", '" sub')
# What stands in each text that the pattern of the same name finds: words of triggers.py.
_TYPE_MARKS, _MENTION_MARKS, _PROSE_MARKS = ("ubagent",), ("@agent-",), ("` agent", "` sub")
_LISTED_MARKS = ("agents `", "agents: `", "agent `", "agent: `", "` agents", "  agents")
_SKILL_MARKS = ("` skill",)
_SKILL = lazy(
    r"\b(?:[Uu]se|[Ii]nvoke|[Ll]oad|[Rr]un|[Aa]pply|[Ff]ollow|[Ss]ee) (?:the )?`([a-z][a-z0-9]*(?:-[a-z0-9]+)+|[a-z]{4,40})` skill\b"
    r"|\b[Tt]he `([a-z][a-z0-9]*(?:-[a-z0-9]+)+)` skill\b"
)
_OTHERS = lazy(
    r"(?i)[^.\n]{0,40}\b(?:from|of|in) (?:the |an? )?[`\w-]+ (?:plugin|marketplace)|[^.\n]{0,30}\b(?:if|when|where) (?:it is |you have it )?(?:available|installed|present)|[^.\n]{0,20}\b(?:has )?moved|[^.\n]{0,60}\b(?:external|not (?:bundled|included|shipped|part of this))\b"
)
_NEXT_ITEM = lazy(r"\n[ \t]*(?:\n|[-*+#|>] |[0-9]{1,3}[.)] )")
_SCOPED = lazy(r"(?<![\w@./:$}{>-])(/?)([A-Za-z0-9][A-Za-z0-9._-]*):([A-Za-z][A-Za-z0-9_-]*(?::[A-Za-z][A-Za-z0-9_-]*)*)")
_COLON = lazy(r":(?=[A-Za-z])")
_NOT_AGENTS = frozenset(
    "main lead default claude sub custom background parent child other same new this each primary secondary agent subagent "
    "user-agent user external single multi one two three four five six both all any no every review reviewer-agent name model tools description team worker opus sonnet haiku".split()
)


def agents(file):
    """The Refs to agents in a text (see _agents)."""
    if file.plugin is None:
        return _agents(file)
    known = file.plugin.memo  # what it says depends on the plugin's names, too
    if ("agents", file.rel) not in known:
        known["agents", file.rel] = _agents(file)
    return known["agents", file.rel]


def _agents(file):  # noqa: C901 - one loop for each way in which prose names an agent
    """Names in subagent_type values (kind "type"), @agent- mentions, `name` agent in prose, the agent key."""
    text, found = file.text, []
    start = file.body_start
    if file.holds(_TYPE_MARKS):
        for match in _TYPE.finditer(text, start):
            name = match.group(1).rstrip(".:-")
            if match.group(2) == "/" and file.plugin is not None and name in file.plugin.names:
                tail = _TAIL.match(text, match.end()).group()
                begin = match.start(1)
                if tail and not file.prose.comments:
                    name = "%s/%s" % (name, tail)
                    found.append(Ref(name, (begin, begin + len(name)), "type", file.prose.in_fence(begin)))
                continue
            if match.group(2) in ("<", "{", "$", "[", "|", "/", "…") or match.group(1).endswith("..") or is_placeholder(name):
                continue
            after = text[match.end(1) : match.end(1) + 12]
            quoted = text[match.start(1) - 1] in "\"'`*"
            if not quoted and ":" not in name and after[:1] == " " and after[1:2].isalpha():
                continue  # prose that goes on: `subagent_type: the one that fits`
            if after.startswith((" | ", "` | `", "|")) or name in ("string", "str"):
                continue
            if not file.prose.comments or not within(match.start(), file.prose.comments):
                begin = match.start(1)
                found.append(Ref(name, (begin, begin + len(name)), "type", file.prose.in_fence(begin)))
    if file.holds(_MENTION_MARKS):
        for match in _MENTION.finditer(text, start):
            name = match.group(1).rstrip(".:-")
            if text[match.end() : match.end() + 1] == "/" or _FILE_END.search(name):
                continue  # `@agent-tools/cli` is a package, `@agent-notes.md` a file that the client attaches
            if not is_placeholder(name) and not file.prose.hidden(match.start(1)):
                begin = match.start(1)
                found.append(Ref(name, (begin, begin + len(name)), "mention"))
    if file.holds(_PROSE_MARKS):
        for match in _PROSE.finditer(text, start):
            name = match.group(1)
            if not name.islower() and (file.plugin is None or name.lower() not in file.plugin.agents()):
                continue
            if name not in _NOT_AGENTS and not is_placeholder(name) and not file.prose.hidden(match.start()):
                found.append(Ref(name, match.span(1), "prose"))
    found += _lists(file) if file.plugin is not None and file.holds(_LISTED_MARKS) else []
    spans = []
    if file.holds(_MARKED_ENDS):
        lines = file.lines_with(_MARKED_ENDS)
        spans += [match.span(match.lastindex) for begin, end in lines for match in _MARKED.finditer(text, begin, end)]
    spans += _told(text, start, (" agent", " subagent") if file.holds(_TYPE_MARKS) else (" agent",))
    for begin, end in spans:
        name = text[begin:end]
        if name not in _NOT_AGENTS and not is_placeholder(name) and not file.prose.hidden(begin):
            found.append(Ref(name, (begin, end), "prose"))
    if file.kind in ("command", "skill") and file.front is not None:
        name = file.front.get("agent")
        if isinstance(name, str) and name and not is_placeholder(name):
            found.append(Ref(name, file.at(("agent",)), "key"))
    return found


def _lists(file):
    """The names in `agents: `one`, `two` and `three``, where at least half of them are agents of the plugin."""
    found, own = [], file.plugin.agents()
    for start, end in file.lines_with(("agents",)):
        if file.text.count("`", start, end) < 4:
            continue  # two names at the least
        for match in _LISTED.finditer(file.text, start, end):
            index = match.lastindex
            names = list(NAMED.finditer(file.text, *match.span(index)))
            good = [name for name in names if name.group(1) in own]
            if 2 * len(good) >= len(names) and not file.prose.hidden(match.start()):
                found += [Ref(name.group(1), name.span(1), "prose") for name in names[:-1] if name not in good]
                last = names[-1]
                if last not in good and not _PROSE.match(file.text, last.start()):
                    found.append(Ref(last.group(1), last.span(1), "prose"))
    return found


def _told(text, start, nouns):
    """[(start, end)] of the name in `use the some-name agent`: looked for from the noun backwards, which is rarer than a verb."""
    found = []
    for noun in nouns:
        at = text.find(noun, start)
        while at >= 0:
            begin = text.rfind(" ", start, at) + 1
            if begin > start and "-" in text[begin:at] and text.startswith(" the ", begin - 5) and _KEBAB.issuperset(text[begin:at]):
                end = at + len(noun)
                end += text.startswith("s", end)
                after = text[end : end + 1]
                if (
                    after not in ("-", "/")
                    and not after.isalnum()
                    and text[begin] != "-"
                    and _TOLD.search(text, max(start, begin - 24), begin - 4)
                ):
                    found.append((begin, at))
            at = text.find(noun, at + 1)
    return found


def of_another_program(text, span):
    """Is the place in a clause, or in a list below a line, on another program (`On Codex CLI, ...`, `Codex: the `x` skill`, `**Cursor:**`)?"""
    begin = line_start(text, span[0])
    clause = max(begin, *(text.rfind(mark, begin, span[0]) for mark in (". ", "; ", "(")))
    if _PROGRAM.search(text, clause, span[0]):
        return True
    return text[begin : span[0]].lstrip()[:1] in ("-", "*") and _ITS_LIST.match(head_of_list(text, begin)) is not None


def skills(file):
    """Names in `name` skill phrases."""
    text = file.text
    lines = file.lines_with(_SKILL_MARKS)
    for match in (match for start, end in lines for match in _SKILL.finditer(text, start, end)):
        name = match.group(match.lastindex)
        rest = _NEXT_ITEM.split(text[match.end() : match.end() + 80], 1)[0]  # a wrapped sentence is one line
        if _OTHERS.match(" " * rest[:1].isspace() + " ".join(rest.split())) or negated(text, *match.span(match.lastindex)):
            continue  # `the x skill of the y plugin`, `the x skill, if it is installed`
        if not is_placeholder(name) and not file.prose.hidden(match.start()):
            yield Ref(name, match.span(match.lastindex), "skill")


def _ids(file, project):
    """Where a plugin's name, or the slash before it, stands right before a colon and a letter."""
    text, start, names, found = file.text, file.body_start, project.plugin_names, []
    if file.marks is not None:
        names = [scope[:-1] for scope in project.scopes.intersection(file.marks)]
    if len(names) <= 8:
        for name in names:
            at = text.find(name + ":", start)
            while at >= 0:
                found.append(at)
                at = text.find(name + ":", at + 1)
    else:  # look at the word before each colon, not for every name
        for colon in _COLON.finditer(text, start):
            begin = at = colon.start()
            while begin > start and (text[begin - 1].isalnum() or text[begin - 1] in "._-"):
                begin -= 1
            if text[begin:at] in names:
                found.append(begin)
    return sorted(at - 1 if text[at - 1 : at] == "/" and at > start else at for at in found)


def scoped(file, project):
    """Yield every `plugin:name` whose prefix is a plugin of the project, agents' own places aside."""
    text = file.text
    found = [match for match in (_SCOPED.match(text, at) for at in _ids(file, project)) if match]
    if not found:
        return
    taken = {ref.span[0] for ref in agents(file)}
    for match in found:
        if match.start(2) in taken:
            continue
        name = "%s:%s" % (match.group(2), match.group(3).rstrip("-:"))
        begin = match.start(2)
        if text[match.start() - 1 : match.start()] == "<" or text.endswith(("`# ", "`// ", "`<!-- ", "`/* ", "`-- "), 0, match.start()):
            continue  # `<ctx:remember>` and `</ctx:remember>` are elements of XML, `# demo:mark` is a comment of some file
        usage = file.kind == "readme" and match.group(1) == "/"  # a README shows its commands in fences
        if file.prose.hidden(begin) and not usage or is_placeholder(match.group(3)):
            continue
        after = text[match.end() : match.end() + 1]
        if after == "." and text[match.end() + 1 : match.end() + 2].isdigit():
            continue  # `app:v1.3.0` is an image and its tag
        if text.startswith(":", match.end()) and file.prose.in_code(begin):
            continue  # `demo:state:` is the beginning of a key of some store
        if after in ("*", "<", "{", "$", "/", "=", "\\") or match.group(3) in (
            "latest",
            "http",
            "https",
            "name",
            "agent",
            "command",
            "skill",
        ):
            continue
        slash = match.group(1) == "/"
        in_code = file.prose.in_code(begin)
        if not slash and not in_code and text[begin - 1 : begin] not in (" ", "(", '"', "'", "\n", "*", "|", "`"):
            continue
        if not slash and not in_code and ("-" not in match.group(2)):
            continue  # `note: text` without the blank; only code or a slash says that it is an id
        yield Ref(name, (begin, begin + len(name)), "slash" if slash else "scoped")


def listed_only(project, prefix):
    """Is the plugin only listed by a marketplace, its files elsewhere?"""
    return not any(prefix in plugin.names for plugin in project.plugins)


def depends_on(plugin, prefix):
    """Does the plugin (or an entry of it) name the other one as a dependency?"""
    holders = [file.data for file in plugin.of("manifest")] + [entry for _, _, entry in plugin.entries]
    for holder in holders:
        items = [one for key in ("dependencies", "optionalDependencies") if isinstance(holder.get(key), list) for one in holder[key]]
        for item in items:
            name = item if isinstance(item, str) else item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and name.split("@")[0] == prefix:
                return True
    return False
