"""What is linted: files, the plugins they belong to, and the project that holds them all."""

import os
import posixpath
from bisect import bisect_left

from . import frontmatter, jsondoc
from .lazy import lazy
from .marks import has, lines_with
from .source import MAX_BYTES, Source
from .walk import Tree, ask


_WORKFLOW = lazy(r"\bmeta\b[^{]{0,60}\{[^{}]{0,400}?\bname[\"']?\s*:\s*[\"'`]([\w:-]{1,80})[\"'`]")


MANY = 1200  # files of a tree; of a smaller one all heads' texts may wait until their rules run


class Hit:
    """One thing that a rule found: where, what, and how to mend it."""

    __slots__ = ("file", "span", "message", "fix", "severity")

    def __init__(self, file, span, message, fix=None, severity=None):
        self.file, self.span, self.message, self.fix, self.severity = file, span, message, fix, severity


class File:
    """One file of a kind (agent, command, skill, manifest, hooks ...). Everything is parsed at most once."""

    def __init__(self, project, rel, kind, plugin=None):
        self.project, self.rel, self.kind, self.plugin = project, rel, kind, plugin
        self.name = posixpath.basename(rel)
        self._source = self._json = self._front = self._prose = self._memo = self._marks = None
        self.read_error = self.json_error = None
        self.too_large = False

    def __repr__(self):
        return "<%s %s>" % (self.kind, self.rel)

    @property
    def source(self):
        """The file's bytes and text; empty when it could not be read (see `read_error`)."""
        if self._source is None:
            try:
                self._source = Source(self.project.read(self.rel))
                if self._marks is not None or len(self.project.listing) > MANY:
                    self._source.drop_bytes()  # it is read once more, for its text; or there are too many
            except OSError as error:
                self.read_error = error.strerror or str(error)
                self._source = Source(b"")
            except TooLarge as error:
                self.read_error, self.too_large = str(error), True
                self._source = Source(b"")
        return self._source

    def forget(self):
        """Let go of the text; whoever asks for it again reads it again. What was parsed of its head stays."""
        self._source = self._prose = self._memo = None

    def forget_parts(self):
        """Let go of what was made of the text, but for its head; the text stays."""
        self._prose = self._memo = None

    @property
    def marks(self):
        """Which of the words that the project's finder looks for are in the text; None where it has no finder."""
        if self._marks is None and self.project.finder is not None:
            source = self.source
            self._marks = self.project.finder(source.data)
            source.drop_bytes()
        return self._marks

    def holds(self, needs):
        """Is one of the strings in the text?"""
        marks = self.marks
        if marks is None:
            return has(self.text, needs)
        if not marks.isdisjoint(needs):
            return True
        known = self.project.finder.known
        return not known.issuperset(needs) and has(self.text, [need for need in needs if need not in known])

    def lines_with(self, needs, start=None):
        """[(start, end)] of the lines of the body (or from `start` on) that hold one of the strings."""
        marks = self.marks
        if marks is not None:
            known = self.project.finder.known
            needs = [need for need in needs if need in marks or need not in known]
        return lines_with(self.text, self.body_start if start is None else start, needs) if needs else ()

    def once(self, key, make):
        """What `make(file)` says of the text; it is asked again only when the text is another one."""
        if self._memo is None:
            self._memo = {}
        if key not in self._memo:
            self._memo[key] = make(self)
        return self._memo[key]

    def matches(self, pattern):
        """All matches of a pattern in the body."""
        return self.once(pattern, lambda file: list(pattern.finditer(file.text, file.body_start)))

    def renew(self):
        """The text is another one now: nothing that was made of the old one stays."""
        self._source = self._json = self._front = self._prose = self._memo = self._marks = None
        self.read_error = self.json_error = None
        self.too_large = False

    def adopt(self, other):
        """Take what a File of the same text has parsed already."""
        self._source, self._json, self._front, self._prose = other._source, other._json, other._front, other._prose
        self._memo, self._marks = other._memo, other._marks
        self.read_error, self.json_error, self.too_large = other.read_error, other.json_error, other.too_large

    def load(self):
        """Read the file now, so that `read_error` speaks."""
        return self if self.source is not None else None

    @property
    def text(self):
        """The decoded text."""
        source = self._source  # the property would be a second call, and this is asked for more often than anything
        return self.source.text if source is None else source.text

    @property
    def json(self):
        """A JsonDocument, or None when the text is not JSON (see `json_error`)."""
        if self._json is None and self.json_error is None:
            source = self.source
            if self.read_error is None:
                try:
                    self._json = jsondoc.parse(source.text)
                except jsondoc.JsonError as error:
                    self.json_error = error
        return self._json

    @property
    def data(self):
        """The JSON value when it is an object, else an empty dict."""
        document = self.json
        return document.value if document is not None and isinstance(document.value, dict) else {}

    def entries(self):
        """[(index, entry)] of a marketplace's plugins, those that are objects."""
        entries = self.data.get("plugins")
        items = enumerate(entries if isinstance(entries, list) else ())
        return [(index, entry) for index, entry in items if isinstance(entry, dict)]

    def at(self, path, key=False):
        """Span of a JSON or frontmatter value (or of its key); the nearest parent's when it is not there."""
        holder = self.json if self.is_json else self.front
        if holder is None:
            return (0, 0)
        path = tuple(path)
        if key and holder.key(path):
            return holder.key(path)
        while path and holder.span(path) is None:
            path = path[:-1]
        start, end = holder.span(path) or (0, 0)
        if self.is_json and end - start > 200 or "\n" in self.text[start:end]:
            # A whole object as offender: point at its key, or at its first character.
            return holder.key(path) or (start, min(end, self.source.line_end(start)))
        return start, end

    def within(self, path, part):
        """Span of a part of a text value as it stands in the file; that of the value when it is written in another way."""
        holder = self.json if self.is_json else self.front
        start, end = holder and holder.span(tuple(path)) or (0, 0)
        at = self.text.find(part, start, end) if part else -1
        return (at, at + len(part)) if at >= 0 else self.at(path)

    @property
    def is_json(self):
        """True for the kinds that the client reads as JSON."""
        return self.kind in JSON_KINDS

    @property
    def front(self):
        """The Frontmatter, or None when the client sees no block."""
        if self._front is None:
            text = self.text
            self._front = frontmatter.read(text) if text.startswith(("---", "\ufeff---")) else False
        return self._front or None

    @property
    def body_start(self):
        """Offset of the text after the frontmatter."""
        front = self.front
        return front.body_start if front else 0

    @property
    def prose(self):
        """The body as Markdown: fences, links, headings, tables (see markdown.py)."""
        if self._prose is None:
            from .markdown import Prose

            self._prose = Prose(self.text, self.body_start)
        return self._prose

    @property
    def document(self):
        """The body as CommonMark has it (see commonmark.py): costs a parser, for what hangs on it."""
        from .commonmark import Document

        return self.once("document", lambda file: Document(file.text, file.body_start))

    def is_link(self, offset, target):
        """Is what markdown.py took for a link one? A parser answers where the file is read as Markdown and there is room for doubt."""
        from . import commonmark

        if self.kind not in commonmark.KINDS or not commonmark.doubtful(self.text, offset):
            return True
        if not commonmark.at_hand():
            return True  # what the marks say stands
        return self.document.is_link(offset, target)

    def hit(self, span, message, fix=None, severity=None):
        """A Hit in this file; `span` is (start, end) in characters."""
        return Hit(self, span, message, fix, severity)

    def first_line(self):
        """Span of the first line: for what is wrong with the file as a whole."""
        return 0, self.source.line_end(0)


JSON_KINDS = frozenset(
    ("manifest", "root-manifest", "marketplace", "hooks", "mcp", "lsp", "settings", "monitors", "settings-hooks", "theme")
)


class TooLarge(Exception):
    """A file past the size that the client itself reads."""


class Plugin:
    """One plugin (or a project's .claude, or a loose folder of components): its root and what is in it."""

    def __init__(self, project, root, scope):
        self.project, self.root, self.scope = project, root, scope
        self.files = {}  # kind -> [File]
        self.entries = []  # marketplace entries that name this folder: (File, index, dict)
        self.declared = {}  # component paths from the manifest and the entries
        self._agents = self._commands = self._names = None
        self.memo = {}  # what modules have made of the texts of its files, by their own keys

    def __repr__(self):
        return "<%s %s>" % (self.scope, self.root or ".")

    @property
    def is_plugin(self):
        """Does the client load it as a plugin? (Not a project's .claude, nor a loose folder.)"""
        return self.scope in ("plugin", "bare")

    @property
    def is_collection(self):
        """Is it a folder of components that no manifest or marketplace entry names? Somebody copies it to .claude, maybe."""
        return self.scope == "bare" and not self.manifest and not self.entries

    @property
    def loads_as(self):
        """Whose components are they: a `plugin`'s, a user's or project's `own`, or `either` (a collection)? The client treats them apart."""
        return "either" if self.is_collection else "plugin" if self.is_plugin else "own"

    def of(self, *kinds):
        """All files of the kinds."""
        return [file for kind in kinds for file in self.files.get(kind, ())]

    @property
    def manifest(self):
        """The manifest file, if there is one."""
        files = self.files.get("manifest")
        return files[0] if files else None

    @property
    def names(self):
        """Every name under which the plugin's parts may be addressed, the manifest's first."""
        if self._names is None:
            self._names = self._find_names()
        return self._names

    def _find_names(self):
        found = []
        for file in self.of("manifest", "root-manifest"):
            name = file.data.get("name")
            if isinstance(name, str) and name:
                found.append(name)
        for _, _, entry in self.entries:
            name = entry.get("name")
            if isinstance(name, str) and name and name not in found:
                found.append(name)
        if not found and self.scope != "project":
            found.append(posixpath.basename(self.root) or os.path.basename(self.project.root))
        return found

    def path(self, sub):
        """Project-relative path of a path inside the plugin."""
        return posixpath.normpath(posixpath.join(self.root, sub)) if self.root else posixpath.normpath(sub)

    def sub(self, rel):
        """The path inside the plugin of a project-relative one."""
        return rel[len(self.root) + 1 :] if self.root else rel

    def agent_name(self, file):
        """The name that the client gives an agent (without the plugin); in a plugin with its folder as namespace."""
        front = file.front
        name = front.get("name") if front else None
        name = str(name).strip() if isinstance(name, (str, int, float)) and not isinstance(name, bool) else ""
        name = name or posixpath.splitext(file.name)[0]
        return ":".join((self._namespace(file, "agents") if self.scope != "project" else []) + [name])

    def command_name(self, file):
        """`build` for commands/build.md, `ns:build` for commands/ns/build.md, the folder for a skill."""
        parts = self.sub(file.rel).split("/")
        if file.kind == "skill":
            return parts[-2] if len(parts) > 1 else self.names[0]
        return ":".join(self._namespace(file, "commands") + [posixpath.splitext(parts[-1])[0]])

    def _namespace(self, file, key):
        """The folders that stand in a name: those below agents/ or commands/; of a file or folder that the manifest names, none above it."""
        named = self.declared.get(key, ()) if self.is_plugin else ()
        if file.rel in named:
            return []
        above = [path for path in named if path in ("", ".") or file.rel.startswith(path + "/")]
        if above:
            return file.rel[len(max(above, key=len)) + 1 :].split("/")[:-1] if max(above, key=len) != "." else file.rel.split("/")[:-1]
        return self.sub(file.rel).split("/")[1:-1]

    def agents(self):
        """{name: File} of the agents, first wins."""
        if self._agents is None:
            self._agents = {}
            for file in self.of("agent"):
                self._agents.setdefault(self.agent_name(file), file)
        return self._agents

    def commands(self):
        """{name: File} of commands and skills (and the names of workflows)."""
        if self._commands is None:
            self._commands = self._find_commands()
        return self._commands

    def _find_commands(self):
        found = {}
        for file in self.of("command", "skill"):
            found.setdefault(self.command_name(file), file)
            alias = file.front.get("name") if file.front else None
            if isinstance(alias, str):
                found.setdefault(alias, file)
        prefix = self.path("workflows") + "/"
        for rel in self.project.listing if prefix[:-1] in self.project.dirs else ():
            if rel.startswith(prefix) and rel.endswith((".js", ".ts", ".mjs")):
                found.setdefault(posixpath.splitext(rel[len(prefix) :])[0], None)
                meta = _WORKFLOW.search(self.project.script(rel) or "")  # `export const meta = {name: "audit", ...}`
                if meta:
                    found.setdefault(meta.group(1), None)
        for name, value in self.declared.get("command-map", {}).items():
            found.setdefault(name, value)
        return found

    def mcp_servers(self):
        """Names of the MCP servers that the plugin ships."""
        names = set()
        for file in self.of("mcp"):
            servers = file.data.get("mcpServers") or file.data
            names.update(servers if isinstance(servers, dict) else ())
        for holder in [f.data for f in self.of("manifest")] + [entry for _, _, entry in self.entries]:
            servers = holder.get("mcpServers")
            for item in servers if isinstance(servers, list) else [servers]:
                names.update(item if isinstance(item, dict) else ())
        return names


class Project:
    """The tree that was named on the command line, listed once."""

    def __init__(self, root, overlay=None, tree=None):
        self.root, self._below = root, os.path.join(root, "")
        self.overlay = overlay or {}  # rel -> bytes, for --stdin-filename
        tree = tree or Tree(root)
        self.listing, self.dirs = tree.listing, tree.dirs
        self.problems = tree.problems  # (rel, message): folders that could not be listed
        self.plugins = []
        self.marketplaces = []
        self.files = []
        self.probes = {}  # what rules asked the file system, for the cache
        self.bytes = {}
        self._lower = self._children = self._sorted = self._links = self._named = None
        self._scripts, self._read_elsewhere = {}, set()
        self._agent_ids = self._command_ids = self._plugin_names = self._scopes = self._bare_agents = None
        self.finder = None  # see marks.py
        self.sound_scripts, self.shell_asked = set(), 0  # see scripts.py
        self.memo = {}  # what the disk answered to questions that cost much
        self.documents = {}  # rel: File, of Markdown that others point into (see refs.markdown_file)

    def file(self, rel, kind, plugin=None):
        """A File of this project."""
        return File(self, rel, kind, plugin)

    def read(self, rel):
        """The file's bytes; kept only until they are decoded."""
        if rel in self.overlay:
            return self.overlay[rel]
        data = self.bytes.pop(rel, None)
        if data is not None:
            if len(data) > MAX_BYTES:
                raise TooLarge(_too_large(len(data)))
            return data
        return read_capped(self._below + rel)

    def exists(self, rel):
        """Is there a file or folder? Answers from the listing; outside of it, from the file system (recorded)."""
        rel = posixpath.normpath(rel)
        if rel == ".":
            return True
        if rel in self.listing or rel in self.dirs or rel in self.overlay:
            return True
        if rel.startswith(("../", "/")) or rel == ".." or self.skipped(rel):
            return self.probe("exists", rel)
        return False

    def script(self, rel):
        """The text of any file of the tree (hook scripts), None when it is large or unreadable."""
        if rel not in self._scripts:
            try:
                self._scripts[rel] = self.read(rel).decode("utf-8", "replace")
            except (OSError, TooLarge):
                self._scripts[rel] = None
        return self._scripts[rel]

    def is_utf8(self, rel):
        """Are the bytes of a file that script() gave UTF-8?"""
        try:
            self.read(rel).decode("utf-8")
        except (OSError, TooLarge, UnicodeDecodeError):
            return False
        return True

    def read_scripts(self):
        """The files that script() was asked for, here or in another process, and that are not linted themselves."""
        return sorted((self._scripts.keys() | self._read_elsewhere).difference(file.rel for file in self.files))

    def asked(self):
        """Plain values: what rules asked the file system and which scripts they read, for `was_asked` in another process."""
        return self.probes, list(self._scripts)

    def was_asked(self, asked):
        """Answer for what a copy of this project was asked in another process."""
        probes, scripts = asked
        self.probes.update(probes)
        self._read_elsewhere.update(scripts)

    def skipped(self, rel):
        """Is the path under a folder that was not listed (.git, a link)?"""
        head = rel
        while head.strip("/"):  # an absolute path ends at "/", whose parent is "/" again
            head = posixpath.dirname(head)
            if head in self.dirs:
                return self.dirs[head]
        return False

    def probe(self, what, rel):
        """One recorded question to the file system: `exists`, `executable` or `outside` (a link that leads out of the tree)."""
        key = (what, rel)
        if key not in self.probes:
            self.probes[key] = ask(self.root, what, rel)
        return self.probes[key]

    def below(self, folder):
        """The paths of all files below a folder, in order."""
        if self._sorted is None:
            self._sorted = sorted(self.listing)
        if not folder:
            return self._sorted
        first = bisect_left(self._sorted, folder + "/")
        return self._sorted[first : bisect_left(self._sorted, folder + "0", first)]  # "0" is what follows "/"

    def has_links(self):
        """Is anything in the tree a link, or neither file nor folder?"""
        if self._links is None:
            self._links = any(kind != "f" for kind in self.listing.values()) or any(self.dirs.values())
        return self._links

    def names_in(self, folder):
        """The names of the files in a folder."""
        if self._children is None:
            self._children = {}
            for rel in self.listing:
                head, _, name = rel.rpartition("/")
                self._children.setdefault(head, []).append(name)
        return self._children.get(folder, [])

    def ending(self, path):
        """The paths of the files below some folder that end with a path."""
        if self._named is None:
            self._named = {}
            for rel in self.below(""):
                self._named.setdefault(rel.rpartition("/")[2], []).append(rel)
        return [rel for rel in self._named.get(path.rpartition("/")[2], ()) if rel.endswith("/" + path)]

    def same_but_case(self, rel):
        """The path as it is spelled on disk when only letter case differs, else None."""
        if self._lower is None:
            self._lower = {}
            for path in list(self.listing) + list(self.dirs):
                self._lower.setdefault(path.lower(), path)
        found = self._lower.get(posixpath.normpath(rel).lower())
        return found if found != posixpath.normpath(rel) else None

    @property
    def agent_ids(self):
        """Every `plugin:agent` in the tree."""
        if self._agent_ids is None:
            self._agent_ids = self._ids(Plugin.agents)
        return self._agent_ids

    def _ids(self, names):
        """{plugin:name: File} of what `names` says of each plugin. A large tree's texts are let go of again: of most only the head was read."""
        unread = [file for file in self.files if file._source is None] if len(self.files) > MANY else ()
        found = {}
        for plugin in self.plugins:
            for name, file in names(plugin).items():
                for prefix in plugin.names:
                    found.setdefault("%s:%s" % (prefix, name), file)
        for file in unread:
            file.forget()
        return found

    @property
    def agents_elsewhere(self):
        """The same without the plugin's name."""
        ids = self.agent_ids
        if self._bare_agents is None or self._bare_agents[0] is not ids:
            self._bare_agents = ids, frozenset(one.split(":", 1)[1] for one in ids)
        return self._bare_agents[1]

    @property
    def command_ids(self):
        """Every `plugin:command` in the tree."""
        if self._command_ids is None:
            self._command_ids = self._ids(Plugin.commands)
        return self._command_ids

    @property
    def scopes(self):
        """The plugins' names, each with its colon."""
        if self._scopes is None:
            self._scopes = frozenset(name + ":" for name in self.plugin_names)
        return self._scopes

    @property
    def plugin_names(self):
        """Every plugin's name, and those that a marketplace lists from elsewhere."""
        if self._plugin_names is None:
            # A folder that only holds a skills/ (docs/skills/) is no plugin: its name is before no colon.
            self._plugin_names = {name for plugin in self.plugins if plugin.scope != "loose" for name in plugin.names}
            for file in self.marketplaces:
                names = (entry.get("name") for _, entry in file.entries())
                self._plugin_names.update(name for name in names if isinstance(name, str))
        return self._plugin_names


_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def read_capped(path):
    """A regular file's bytes, never more than the cap; OSError or TooLarge otherwise."""
    handle = os.open(path, _READ)  # a pipe is not waited for, even one that has just taken the place of a file
    try:
        info = os.fstat(handle)
        if info.st_mode & 0o170000 != 0o100000:
            raise OSError(0, "not a regular file")
        if info.st_size > MAX_BYTES:
            raise TooLarge(_too_large(info.st_size))
        data = os.read(handle, info.st_size + 1)
        while len(data) != info.st_size and len(data) <= MAX_BYTES and (more := os.read(handle, MAX_BYTES + 1 - len(data))):
            data += more
    finally:
        os.close(handle)
    if len(data) > MAX_BYTES:
        raise TooLarge(_too_large(len(data)))
    return data


def _too_large(size):
    return "%d bytes; the client reads at most %d" % (size, MAX_BYTES)
