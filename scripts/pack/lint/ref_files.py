"""The files and the anchors that a text points to.

What teaches is not a reference: a fenced example, a placeholder (`<name>`, `{name}`, `$NAME`, `your-...`), a URL.
"""

import posixpath

from .lazy import lazy
from .near import nearest
from .negation import head_of_list, negated
from .refs import NAMED, Ref, about_skills, is_template, odd_path, skill_folder, within
from .source import line_start, line_stop, paragraph

_ROOT_PATH = lazy(r"\$\{?(CLAUDE_PLUGIN_ROOT|CLAUDE_SKILL_DIR)\}?\"?/([^\s\"'`()<>|;&,\\\]]+)")
_CODE_PATH = lazy(r"`(?:@|\./)?((?:agents|commands|skills|references|reference|hooks)/[A-Za-z0-9_./-]+\.(?:md|json|py|sh|js|ts))`")
_SKILL_PATH = lazy(r"`((?:references|reference|scripts|assets|templates|examples)/[A-Za-z0-9_./-]+\.[a-z]{1,5})`")
_CODE_HEADS = ("agents/", "commands/", "skills/", "reference", "hooks/")
_READ_PATH = lazy(
    r"\b(?:[Rr]ead|[Ss]ee|[Ff]ollow|[Ll]oad|[Oo]pen|[Cc]onsult|[Uu]se|[Aa]pply) (?:[a-z]{1,15} ){0,4}"
    r"((?:agents|commands|skills|references|reference)/[A-Za-z0-9_./-]+\.md)(?![\w`/*])"
)
_OF_A_SKILL = lazy(r"`[a-z0-9-]+:[a-z0-9-]+` skill[^.;\n]*\Z|\bskill's [^.;\n]{0,40}\Z")
_NOT_YET = lazy(
    r"(?i)[^\n]{0,80}\b(?:(?:if|when|where) (?:it )?(?:exists|present|available|absent|missing|any)|coming soon|planned|not yet|optional|would|could|falls? back)\b"
    r"|[^\n]{0,80}(?:\n[^\n]{0,60})?\b(?:later|future) (?:\w+ )?(?:phases?|steps?|milestones?|releases?|ports?)\b"
)
_IF = lazy(r"(?i)\b(?:if|when|whether|unless)\b[^.;]*\Z")
_DETECTED = lazy(r"(?i)\b(?:detect|confirm|look for|check for|search for|scan for|signature)\b[^.;\n]{0,80}\Z")
# `Generate the infrastructure using Write:` before a list: its files are to be made in the user's project.
_TO_BE_MADE = lazy(r"(?i)\b(?:generate|create|produce|scaffold|write|emit)\b[^.]{0,80}:\s*\Z|\A#{1,6} .*\b(?:code|artifact) generation\b")
_EXISTS = lazy(r"(?i)`? (?:exists|is present|is there|is missing|does not exist|doesn't exist|was|were|has been)\b")
_OWNER = lazy(r"([\w.-]+)[`*]{0,2}(?: (?:plugin|skill|repo|repository|project|pack))?['’]s (?:own )?\Z")
# `**Example**: `scripts/rotate.py``, `see `/other:skill` `references/api.md``, ``commands/git/commit.md` -> `/project:git:commit``
_SHOWN_AS = lazy(
    r"(?i)\*\*(?:for )?examples?\b.{0,400}\Z|`/?[\w-]+:[\w-]+`(?:'s)? \Z|\((?:e\.g\.|(?:p\. ?)?ej\.|z\. ?B\.|p\. ?ex\.|bijv\.)[,:]? (?:[^()\n]{0,80} )?`?\Z"
)
_UPSTREAM = lazy(r"(?i)(?:\A|/)(?:(?:upstream|vendor|vendored|third[-_]party)/|(?:NOTICE|ATTRIBUTIONS?|CREDITS|PROVENANCE)(?:\.md)?\Z)")
_NONE = lazy(r"(?i)\b(?:no|lacks|without(?: an?)?) `?\Z")
_AT_ROOT = lazy(r"(?i)\b(?:project|repo|repository|workspace)(?:'s|’s)? (?:root|top)\b")
_EACH_HAS = lazy(
    r"(?i)\b(?:each|every|cada|jede[rs]?|chaque) [^.;\n]{1,40} (?:trae|has|have|carries|ships|brings|contains|includes|gets) (?:un|una|a|an|its own) `?\Z"
)
_RENAMED = lazy(r"`? ?(?:→|->|=>|becomes|was renamed to|is now) ?`")
# `append the run to [history](references/history.md)`, `[history.md](references/history.md)に実行履歴を追記`
_PUT_INTO = lazy(
    r"(?i)\b(?:append|record|log|save|persist|store)(?:s|ed|d|ing)?\b[^.;\n]{0,80}\b(?:to|in|into|at) (?:the )?(?:\[[^\]\n]{0,60}\]\(|[`*]{1,3})?\Z"
    r"|(?:追加|写入|寫入|记录|記錄|保存|写|寫)(?:到|至|入|在)\s?(?:\[[^\]\n]{0,60}\]\(|[`*]{1,3})?\Z"
)
_INTO_CJK = lazy(
    r"[)`*\]]{0,4}(?:（[^）\n]{0,40}）)?\s?(?:に(?!ある|あり|基づ|従|つい|関|よ)[^。\n]{0,30}?(?:追記|記録|保存|書き込|蓄積|追加|記載)"
    r"|[^。\n]{0,60}?参照・(?:蓄積|更新|追記)|[中里裡内]?(?:追加|写入|寫入|记录|記錄|保存))"
)
_NEVER_MADE = lazy(r"(?i)[`*]{0,3} (?:was|were|is|has been) (?:not|never) (?:yet )?(?:created|written|made|added|built|there)\b")
_GONE_THERE = lazy(r"[^。\n]{0,90}(?:存在しない|不存在)")
_EACH = lazy(r"(?i)\b(?:each|every|another|any other) plugin['’]s (?:own )?\Z")
_BECOMES = lazy(r"`? ?(?:→|->|=>|becomes) ?`/")
_OURS = frozenset("the this our your its skill plugin pack agent command each every that".split())
_DOC_HEADS = (" references/", " reference/", " agents/", " commands/", " skills/")
# What stands before a path that is not one of the plugin's own.
_TEACHING = ("my-plugin", "your-plugin", "plugin-name")
_ELSEWHERE = (".claude", "create", "write", "save", "generate", "new ", "output", "user", "e.g", "such as", "example", "project")
_OF_THE_USER = lazy(
    r"(?:\A|/)\.env(?!\.(?:example|sample|template|dist))[\w.]*\Z|\.local\.\w+\Z|(?:\A|/)(?:client[_-]secrets?|credentials|service[_-]account(?:[_-]key)?|token)\.json\Z"
)  # who installs it writes these
_ANY_PATH = frozenset("path file script subpath relative/path some/path".split())  # `${CLAUDE_PLUGIN_ROOT}/path` stands for any
# What deletes it, what is shown as a mistake, what somebody else might write: `rm -f`, `a broken X`, `(e.g. "read X as a format")`.
_NOT_READ = lazy(
    r"(?:[`;&|(]|\s)rm (?:-\w+ )*[^;&|`]{0,200}\Z|\b(?:broken|dangling|stale|wrong|invalid|missing|nonexistent|non-existent) [`\"']*\Z"
    r"|\be\.g\.[,:]? [\"“](?:\w+ ){0,4}[`\"']*\Z"
)
_MODULE = (".js", ".cjs", ".mjs", ".json", ".ts", "/index.js")
_AT_HOME = lazy(r"(?:~|\$\{?HOME\}?)/")
_SKILL_HEADS = ("reference", "scripts/", "assets/", "templates/", "examples/")
_PERMALINK = lazy(r"\[(?:[\u200b\u200c\ufeff#¶§🔗 ]|&#\w+;)*\]\(\Z")
_SKIP_LINK = lazy(r"(?i)\[(?:skip|jump) to [^\]\n]{1,24}\]\(\Z")
_SCRIPTS = ("scripts/",)
_LINK_MARKS = ("](", "]:", "<a ", "<img ")
_RUN_SCRIPT = lazy(
    r"(?<![\w./-])(?:python3?|bash|sh|node|bun|deno run|uv run(?: python3?)?|ruby|perl|npx tsx|tsx) (?:-\S+ )*(?:\./)?(scripts/[A-Za-z0-9_./-]+\.(?:py|sh|js|mjs|cjs|ts|rb|pl))(?![\w/*-])"
)
_SHELLS = ("bash", "sh", "shell", "zsh", "console", "")
_SHOWN = ("text", "txt", "output", "log", "markdown", "md", "json", "yaml", "diff", "console")  # fences that show and do not run
_SCHEME = lazy(r"[A-Za-z][A-Za-z0-9+.-]*:")


def files(file, project):
    """Yield Refs to files: below the plugin's root, in links, in code; not every one whose file is there."""
    text, plugin = file.text, file.plugin
    known = plugin is not None and plugin.is_plugin
    if known and ("CLAUDE_PLUGIN_ROOT" in text or "CLAUDE_SKILL_DIR" in text):
        yield from root_paths(file, project)
    folder = posixpath.dirname(file.rel)
    base = skill_folder(folder, project) if file.kind == "prose" else None
    if _is_example(file) or is_template(file):
        return  # what an example or a template points to is part of the example, or beside what is made from it
    shows = file.kind == "prose" and "\n---\nname: " in text  # a page on how to write skills: its links are those of its example
    inside = _its_folder(file, known)
    for target, start, end in file.prose.links() if file.holds(_LINK_MARKS) else ():
        path = target.split("#")[0].split("?")[0]
        if path.startswith(("{baseDir}/", "${baseDir}/")) and file.kind in ("skill", "prose"):
            home = folder if file.kind == "skill" else base
            path = path[path.index("/") + 1 :]
            if home and not odd_path(path):
                yield Ref(target, (start, end), "link", target=posixpath.normpath(posixpath.join(home, path)))
            continue
        if (
            _is_there(path, folder, inside, project)  # then no more need be known of it
            or not path
            or path.startswith(("/", "#", "~", "@"))
            or _SCHEME.match(path)
            or odd_path(path.replace("%20", "-").replace(" ", "-"))
            or "." not in path
            and "/" not in path
        ):
            continue
        if "%" in path:
            from urllib.parse import unquote

            path = unquote(path)
        if file.kind == "prose" and path.endswith("/") and "#" in target:
            continue  # a page of a site
        if (
            text[start - 1] in "(<"
            and text.count('"', line_start(text, start), start) % 2
            or _NOT_YET.match(text, end, line_stop(text, end))
            or _is_kept(text, start, end)
        ):
            continue  # a sentence that is to be written so; a file that the text itself calls optional
        last = path.rstrip("/").rsplit("/", 1)[-1]
        if "." not in last.strip(".") and not path.endswith("/") and (file.kind == "prose" or not path.startswith(".")):
            continue  # no extension: a page of a site or a wiki, not a file beside this one
        if not _linkable(file, path) or shows and path.startswith(_SKILL_HEADS):
            continue
        meant = posixpath.normpath(posixpath.join(folder, path))
        home = _claude_home(file.rel)
        if home is not None and path.startswith(".claude/") and project.exists(home + path):
            meant = home + path  # a model that works in the project reads it from there
        if base and not project.exists(meant) and project.exists(posixpath.join(base, path)):
            meant = posixpath.normpath(posixpath.join(base, path))  # the model is told the skill's folder, not the page's
        yield Ref(target, (start, end), "link", target=meant)
    if known and file.kind != "readme":
        yield from _code_paths(file, project, folder)


def _is_kept(text, start, end):
    """Does the sentence say that what was done is written into the file, which then comes to be (`append the result to X`)?"""
    begin = max(line_start(text, start), start - 160)
    return _PUT_INTO.search(text, begin, start) is not None or _INTO_CJK.match(text, end, line_stop(text, end)) is not None


def _its_folder(file, known):
    """What the path of each file of an installed plugin begins with; "" where that is the whole tree, or a page is read where it was written."""
    return file.plugin.root + "/" if known and file.plugin.root and file.kind != "readme" else ""


def _is_there(path, folder, inside, project):
    """Does a link's path lead, as it stands, to a file of the same plugin?"""
    if "%" in path or path.startswith((".claude/", "/")):
        return False
    plain = posixpath.normpath(posixpath.join(folder, path))
    return plain in project.listing and plain.startswith(inside)


def root_paths(file, project):
    """Paths below the plugin's root. A document that names several and none of them exists teaches how to write plugins."""
    teaches = file.kind in ("skill", "prose", "readme")
    found = []
    text, plugin = file.text, file.plugin
    # The frontmatter too: allowed-tools names scripts.
    for match in _ROOT_PATH.finditer(text, 0 if file.kind in ("command", "skill") else file.body_start):
        sub = match.group(2).split("#")[0].rstrip(".:!?*_")
        if odd_path(sub) or not sub or _stands_for_another(text, match, sub):
            continue
        if match.group(1) == "CLAUDE_SKILL_DIR":
            if file.kind != "skill":
                continue
            base = posixpath.dirname(file.rel)
        else:
            base = plugin.root
        target = posixpath.normpath(posixpath.join(base, sub))
        if match.group(1) == "CLAUDE_PLUGIN_ROOT" and base and not target.startswith(base + "/") and target != base:
            target = "../" + sub
        if text.startswith(" ", match.end()) and _has_blanks(file, target, match.start(2) + sub.rfind("/") + 1):
            continue  # `templates/Offer (V2).docx`
        if any(part in ("node_modules", "target", "dist", "build", ".venv") for part in sub.split("/")[:-1]) or sub.split("/")[0] in (
            "node_modules",
            "dist",
            "build",
            ".venv",
            "venv",
            "target",
            "data",
            "cache",
            "logs",
            "output",
            "tmp",
            "state",
        ):
            continue
        begin = match.start(2)
        if text.endswith(("require('", 'require("', "import('", 'import("'), 0, match.start()) and any(
            project.exists(target + end) for end in _MODULE
        ):
            continue  # node finds the ending by itself
        said = text[max(0, match.start() - 30) : match.start()].lower()
        if teaches and any(word in said for word in ("built", "build", "generated", "created", "written", "compiled", "output")):
            continue
        fence = file.prose.fence_at(begin)
        if fence and (teaches or fence[2].split(" ")[0].lower() in _SHOWN):
            continue
        if teaches and text.startswith("    ", line_start(text, begin)) and '": "' in text[line_start(text, begin) : begin]:
            continue  # JSON as indented code
        found.append(Ref(sub, (begin, begin + len(sub)), "root", target=target))
    found = [ref for ref in found if project.exists(ref.target) or not _ignored(project, ref.target)]
    missing = [ref for ref in found if not project.exists(ref.target)]
    if missing and about_skills(file):
        found = [ref for ref in found if ref not in missing or file.prose.fence_at(ref.span[0])]
    if file.kind == "prose":  # what a page shows of ${CLAUDE_PLUGIN_ROOT} is not replaced: only where the folder is there
        about = any(word in text for word in _TEACHING + (".claude-plugin/",))  # a page on how to write plugins
        found = [ref for ref in found if ref not in missing or not about and posixpath.dirname(ref.target) in project.dirs]
    if teaches and (_is_example(file) or len(missing) > 2 and len(missing) == len(found)):
        return []
    return found


def _stands_for_another(text, match, sub):
    """Is a path below the root one of the user's, a placeholder, or named for another reason than to be read?"""
    if text[match.end() : match.end() + 1] in ("<", "(") or _OF_THE_USER.search(sub) or sub in _ANY_PATH:
        return True
    begin = max(0, line_start(text, match.start()) - 1, match.start() - 240)
    return _NOT_READ.search(text, begin, match.start()) is not None


_TRACKED = (".md", ".py", ".sh", ".js", ".ts", ".mjs", ".cjs", ".json", ".yaml", ".yml", ".html", ".txt")


def _ignored(project, target):
    """Does a .gitignore above name the file by itself? Then each user has one of his own."""
    name, folder = posixpath.basename(target), posixpath.dirname(target)
    while True:
        rel = folder + "/.gitignore" if folder else ".gitignore"
        if rel in project.listing:
            lines = {line.strip().lstrip("/") for line in (project.script(rel) or "").split("\n")}
            if name in lines or target[len(folder) :].lstrip("/") in lines:
                return True
            if "*" + posixpath.splitext(name)[1] in lines and not name.endswith(_TRACKED):
                return True  # `*.properties`
        if not folder:
            return False
        folder = posixpath.dirname(folder)


def _has_blanks(file, target, at):
    """Does the text go on with the rest of a file's name, of which the path up to the blank is the beginning?"""
    folder, _, start = target.rpartition("/")
    names = file.project.names_in(folder)
    return any(name.startswith(start + " ") and file.text.startswith(name, at) for name in names)


def _linkable(file, path):
    """In a prompt a relative link to source code may be one of the user's project; in a document it is ours."""
    if file.kind in ("agent", "command") and not path.startswith((".", "references/", "agents/", "commands/", "skills/", "scripts/")):
        folder = posixpath.dirname(file.rel)  # `[Setup](02-setup.md)` may be a page that it is to write
        return path.endswith(".md") and "/" not in path and nearest(path, file.project.names_in(folder)) != ""
    return True


def _code_paths(file, project, folder):  # noqa: C901 - each skip is a false alarm that was seen
    text, plugin = file.text, file.plugin
    if file.kind in ("agent", "command", "prose"):
        about = file.kind == "prose" and any(word in file.text for word in _TEACHING)
        for match in _coded(file, _CODE_PATH, _CODE_HEADS) + _told_to_read(file):
            path = match.group(1)
            if odd_path(path) or file.prose.hidden(match.start()) or path.endswith(("/AGENTS.md", "/CLAUDE.md")):
                continue
            head = path.split("/")[0]
            if _UPSTREAM.search(file.rel):
                break  # what was taken from where
            if about and not head.startswith("reference"):
                continue  # a page on how to write plugins: the agents and commands are those of its examples
            if plugin.path(head) not in project.dirs and (head != "references" or file.kind == "prose"):
                continue  # a project has agents/ or hooks/ of its own
            spots = (plugin.path(path), posixpath.normpath(posixpath.join(folder, path)))
            before = text[max(0, match.start() - 40) : match.start()].lower()
            if any(project.exists(spot) for spot in spots) or any(word in before for word in _ELSEWHERE) or _elsewhere(file, match):
                continue
            if _OF_A_SKILL.search(text, max(0, match.start() - 80), match.start()):
                continue  # "load `other:skill` and read `references/x.md`" is a page of that skill
            home = plugin.root + "/" if plugin.root else ""
            own = any(rel.startswith(home) for rel in project.ending(path))  # of one of its skills
            if not own and not _of_another_skill(file, path, match.start(1)):
                yield Ref(path, match.span(1), "code", target=plugin.path(path))
    elif file.kind == "skill":
        found = []
        for match in _coded(file, _SKILL_PATH, _SKILL_HEADS) + _told_to_read(file):
            path = match.group(1)
            if odd_path(path) or file.prose.hidden(match.start()):
                continue
            head = path.split("/")[0]
            if posixpath.join(folder, head) not in project.dirs and plugin.path(head) not in project.dirs:
                continue
            spots = (posixpath.join(folder, path), plugin.path(path))
            before = text[max(0, match.start() - 60) : match.start()]
            spots += tuple(posixpath.join(posixpath.dirname(folder), name, path) for name in NAMED.findall(before))
            if any(project.exists(spot) for spot in spots) or _elsewhere(file, match):
                continue
            if not _of_another_skill(file, path, match.start(1)):
                found.append(Ref(path, match.span(1), "code", target=posixpath.join(folder, path)))
        if "scripts/" in text and posixpath.join(folder, "scripts") in project.dirs:
            found += _run_scripts(file, project, folder, {ref.span for ref in found})
        if len(found) < 4:  # more than that: a skill that teaches how to write skills
            yield from found


def _run_scripts(file, project, folder, known):
    """`python3 scripts/check.py FILE`, in a code span or a fence of shell: a script of the skill that is not there."""
    found, seen = [], set()
    for start, end in file.lines_with(_SCRIPTS):
        for match in _RUN_SCRIPT.finditer(file.text, start, end):
            path, span = match.group(1), match.span(1)
            fence = file.prose.fence_at(span[0])
            if fence is None and not file.prose.in_code(span[0]) or fence is not None and fence[2].split(" ")[0] not in _SHELLS:
                continue
            if path in seen or span in known or odd_path(path) or within(span[0], file.prose.comments) or negated(file.text, *span):
                continue
            if _of_the_repository(file, path, start, end):
                continue
            seen.add(path)
            if not any(project.exists(posixpath.join(home, path)) for home in (folder, file.plugin.root)):
                found.append(Ref(path, span, "code", target=posixpath.join(folder, path)))
    return found


def _elsewhere(file, match):
    """Is it a file of another project (its address stands in the line), one that may be there or not, or one that only would help?"""
    text = file.text
    begin, end = line_start(text, match.start()), line_stop(text, match.end())
    before, after = text[begin : match.start()], text[match.end() : end]
    if any(part in ("dist", "build", "out", "node_modules") for part in match.group(1).split("/")):
        return True  # made by a build
    if _of_another(file, match) or _SHOWN_AS.search(before) or _BECOMES.match(after) or "❌" in before or about_skills(file):
        return True
    if file.kind == "skill" and not match.group(1).startswith("scripts/") and _AT_HOME.search(paragraph(text, match.start())):
        return True  # what the user keeps in a folder of his own
    return (
        "://" in before
        or _NONE.search(before) is not None
        or _is_kept(text, match.start(1), match.end(1))
        or _NEVER_MADE.match(after) is not None
        or _EACH_HAS.search(before) is not None
        or _RENAMED.match(after) is not None
        or _of_the_repository(file, match.group(1), max(begin, match.start() - 200), min(end, match.end() + 200))
        or _GONE_THERE.match(after) is not None
        or _TO_BE_MADE.search(head_of_list(text, match.start())) is not None
        or "npm run " in before
        or _NOT_YET.match(text, match.end(), line_stop(text, min(end + 1, len(text)))) is not None
        or _IF.search(before) is not None
        and _EXISTS.match(after) is not None
        or _DETECTED.search(before) is not None
    )


def _of_the_repository(file, path, begin, end):
    """Is it a file of the repository that the plugin lies in: it is there, or the line (or the one above it) speaks of that root?"""
    if file.plugin.root and file.project.exists(path):
        return True
    above = max(line_start(file.text, begin - 1), begin - 200) if begin else begin
    return _AT_ROOT.search(file.text, above, end) is not None


def _of_another_skill(file, path, at):
    """Has a skill whose name stands in the paragraph before (or "that skill's" does) a page of that path?"""
    text, end = file.text, "/" + path
    begin = max(text.rfind("\n\n", max(0, at - 300), at), at - 300, 0)
    near = text[min(begin, max(line_start(text, at), at - 900)) : at]  # a long line is one paragraph
    for rel in file.project.ending(path):
        name = rel[: -len(end)].rpartition("/")[2]
        if name in near or "skill's" in near[-40:]:
            return True
    return False


def _of_another(file, match):
    """`the navigator's `references/a.md``, or a file that another plugin has whose name stands in the same paragraph?"""
    text = file.text
    owner = _OWNER.search(text, max(0, match.start() - 80), match.start())
    if _EACH.search(text, max(0, match.start() - 40), match.start()) or _said_in_full(file, match.group(1)):
        return True
    if owner and owner.group(1).lower() not in _OURS and owner.group(1) not in file.plugin.names:
        return True
    begin = max(text.rfind("\n\n", max(0, match.start() - 300), match.start()), match.start() - 300)
    near = text[max(0, begin) : line_stop(text, match.end())]
    project, end = file.project, "/" + match.group(1)
    for name in project.plugin_names:
        if name in near and name not in file.plugin.names:
            for other in project.plugins:
                if name in other.names and any(("/" + rel).endswith(end) for rel in project.below(other.root)):
                    return True
    return False


def _said_in_full(file, path):
    """Does the text name the file once more, from the plugin's root on, and it is there?"""
    text, at = file.text, file.text.find("/" + path)
    while at >= 0:
        begin = at
        while begin and (text[begin - 1].isalnum() or text[begin - 1] in "_.-/"):
            begin -= 1
        if file.project.exists(file.plugin.path(text[begin:at].lstrip("/") + "/" + path)):
            return True
        at = text.find("/" + path, at + 1)
    return False


def _coded(file, pattern, heads):
    """The matches of a pattern that begins with a backtick (and @ or ./) before one of the heads, in order."""
    text, start, places = file.text, file.body_start, set()
    for head in heads:
        if not file.holds((head,)):
            continue
        at = text.find(head, start)
        while at >= 0:
            for before in ("`", "`@", "`./"):
                if text.endswith(before, start, at):
                    places.add(at - len(before))
            at = text.find(head, at + 1)
    return [match for match in (pattern.match(text, place) for place in sorted(places)) if match]


def _told_to_read(file):
    """The matches of `read references/flow.md`, without backticks."""
    lines = file.lines_with(_DOC_HEADS)
    return [match for start, end in lines for match in _READ_PATH.finditer(file.text, start, end)]


def _claude_home(rel):
    """The folder (with a slash, or "") that holds the .claude which a file lies in, or None."""
    at = ("/" + rel).find("/.claude/")
    return rel[:at] if at >= 0 else None


def _is_example(file):
    return "/examples/" in file.rel or "example" in file.name.lower()


def anchors(file, project):
    """Yield (span, file, fragment, same file?) of links with a fragment."""
    if "#" not in file.text or "](" not in file.text and "]:" not in file.text:
        return
    if file.name.startswith("_"):
        return  # a part of other pages, which have the headings
    folder = posixpath.dirname(file.rel)
    for target, start, end in file.prose.links():
        path, hash_, fragment = target.partition("#")
        if (
            not hash_
            or not fragment
            or _SCHEME.match(target)
            or odd_path(target)
            or fragment.startswith(("L", "/", "!", ":~"))
            and (fragment[1:2].isdigit() or fragment[0] != "L")
        ):
            continue
        if "%" in fragment:
            from urllib.parse import unquote

            fragment = unquote(fragment)
        if not path:
            if _PERMALINK.search(file.text, max(0, start - 12), start) or _SKIP_LINK.search(file.text, max(0, start - 40), start):
                continue  # `[#](#NAME)` in a table of a mirrored page: the anchor itself; `[Skip to content](#NAME)`: of its site
            yield (start, end), file.rel, fragment, True
        elif path.lower().endswith(".md") and not path.startswith("/"):
            rel = posixpath.normpath(posixpath.join(folder, path))
            if project.listing.get(rel) == "f":
                yield (start, end), rel, fragment, False
