"""A tree that stays in memory while an editor changes files in it.

After an edit only the changed file is read and parsed again, and only those rules run again that can see a difference: the
rules of the file's own plugin, those of an open file that has read the changed one, and all of them where a name that
others may use has changed. Only open files are reported, so only theirs are run. tests/lint/test_session.py holds every
step against a run from the beginning.
"""

import os

from . import discover, engine
from .model import File, Project
from .walk import Tree, ask, walk

_STRUCTURE = frozenset(("manifest", "root-manifest", "marketplace"))  # what they say decides which files there are, and of what kind
_NAMING = frozenset(("agent", "command", "skill"))


class Watched(File):
    """A File that tells its project when somebody looks into it."""

    @property
    def source(self):
        self.project.reads.add(self.rel)
        return File.source.fget(self)

    @property
    def text(self):
        return self.source.text

    @property
    def front(self):
        self.project.reads.add(self.rel)
        return File.front.fget(self)

    @property
    def json(self):
        self.project.reads.add(self.rel)
        return File.json.fget(self)

    @property
    def marks(self):
        self.project.reads.add(self.rel)
        return File.marks.fget(self)

    @property
    def prose(self):
        self.project.reads.add(self.rel)
        return File.prose.fget(self)


class WatchedProject(Project):
    """A Project with such files. `reads`: which were looked into; `stamps`: what the disk said of each before it was read;
    `known`: Files whose text is still the same."""

    def __init__(self, root, overlay, tree, stamps, known):
        super().__init__(root, overlay, tree)
        self.reads, self.stamps, self.known = set(), stamps, known

    def file(self, rel, kind, plugin=None):
        made = Watched(self, rel, kind, plugin)
        if rel in self.known:
            made.adopt(self.known[rel])
        return made

    @property
    def agent_ids(self):
        return self._table(Project.agent_ids)

    @property
    def command_ids(self):
        return self._table(Project.command_ids)

    def _table(self, names):
        """Whoever asks first reads every head; what the tables say is compared after each edit (see Session._renew)."""
        reads = set(self.reads)
        found = names.fget(self)
        self.reads = reads
        return found

    def read(self, rel):
        self.reads.add(rel)
        if rel not in self.overlay and rel not in self.stamps:
            self.stamps[rel] = stamp(self.root, rel)
        return super().read(rel)

    def script(self, rel):
        self.reads.add(rel)
        return super().script(rel)


def stamp(root, rel):
    """What changes when a file does, or None."""
    try:
        info = os.stat(os.path.join(root, rel))
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino


class _Part:
    """A plugin or an open file: what its rules found, and into which files they looked."""

    def __init__(self, target, plugin):
        self.target, self.plugin = target, plugin
        self.findings, self.reads = None, frozenset()


class Session:
    """One root with its configuration and facts; `judge` it after every edit, `look_again` when the disk may have changed."""

    def __init__(self, root, config, facts):
        self.root, self.config, self.facts = root, config, facts
        self.overlay, self.project, self.files, self.parts = {}, None, {}, {}
        self.tree, self.stamps, self.stale = walk(root, config.exclude), {}, set()

    def look_again(self):
        """Compare the tree with what is known of it; True when something is different on the disk."""
        tree = walk(self.root, self.config.exclude)
        same = (tree.listing, tree.dirs, tree.problems) == (self.tree.listing, self.tree.dirs, self.tree.problems)
        self.tree = tree
        project = self.project
        if project is None:
            return True
        changed = {rel for rel, known in self.stamps.items() if known != stamp(self.root, rel)}
        asked = project.memo or any(ask(self.root, what, rel) != answer for (what, rel), answer in project.probes.items())
        if not same or asked:
            self.project = None
        self.stale |= changed
        return self.project is None or bool(changed)

    def judge(self, overlay):
        """{rel: [Finding]} of the files in the overlay {rel: bytes}, which the editor has open."""
        self._lay(overlay)
        project, rules = self.project, self.rules
        by_rel = {file.rel: file for file in project.files if file.rel in overlay}
        plugins = {id(file.plugin): file.plugin for file in by_rel.values() if file.plugin is not None}
        wanted = [(("plugin", plugin.root), plugin, plugin) for plugin in plugins.values()]
        wanted += [(("file", rel), file, file.plugin) for rel, file in by_rel.items()]
        parts, found = {}, []
        for key, target, plugin in wanted:
            part = self.parts.get(key)
            if part is None or part.findings is None:
                part = self._run(_Part(target, plugin))
            parts[key] = part
            found += part.findings
        self.parts = parts
        rules.context.findings = [finding for finding in found if finding.path in overlay]
        rules.suppressing = [file for file in by_rel.values() if "pack-lint:" in file.text]
        answer = {rel: [] for rel in overlay}
        for finding in rules.judged():
            answer[finding.path].append(finding)
        held = set(plugins)
        for file in project.files:
            if file._source is not None and id(file.plugin) not in held and file.rel not in overlay:
                file.forget()
        return answer

    def _run(self, part):
        rules, project = self.rules, self.project
        rules.context.findings, rules.suppressing, project.reads = [], [], set()
        if isinstance(part.target, File):
            rules.look(part.target)
        else:
            rules.look_at_plugin(part.target)
        part.findings, part.reads = rules.context.findings, frozenset(project.reads)
        return part

    def _lay(self, overlay):
        """Take the texts of the open files, and what is stale on the disk, into the project."""
        before = self.overlay
        changed = {rel for rel in before.keys() | overlay.keys() if before.get(rel) != overlay.get(rel)} | self.stale
        self.overlay, self.stale = dict(overlay), set()
        for rel in changed:
            self.stamps.pop(rel, None)
        if self.project is None or any(self._is_structure(rel) for rel in changed):
            self._arrange(changed)
        elif changed:
            self._renew(changed)

    def _is_structure(self, rel):
        """Can the present text of the file decide which files there are?"""
        file = self.files.get(rel)
        if file is not None and file.kind in _STRUCTURE or file is None and rel not in self.project.listing:
            return True
        self.project.overlay = self.overlay
        anew = discover.may_be_sniffed(self.project, rel)
        return anew is not None and discover.sniff(anew) != (file and file.kind)

    def _arrange(self, changed):
        """The project from its listing, with all that is parsed already."""
        known = {rel: file for rel, file in self.files.items() if rel not in changed}
        tree = Tree(self.root)
        tree.listing, tree.dirs, tree.problems = dict(self.tree.listing), dict(self.tree.dirs), self.tree.problems
        self.project = discover.arrange(WatchedProject(self.root, self.overlay, tree, self.stamps, known))
        self.project.known = {}
        self.files = {file.rel: file for file in self.project.files}
        self.rules = engine.Rules(self.project, self.facts, self.config)
        self.parts = {}

    def _renew(self, changed):
        """Read the changed files again, and forget what had been made of their texts."""
        project, plugins, renamed = self.project, set(), False
        project.overlay = self.overlay
        for rel in changed:
            project._scripts.pop(rel, None)
            document = project.documents.get(rel)
            file = self.files.get(rel, document)
            if file is None:
                continue
            before = self._names(file)
            file.renew()
            renamed = renamed or self._names(file) != before
            if file.plugin is not None:
                file.plugin.memo.clear()
                plugins.add(id(file.plugin))
        if renamed:
            project._agent_ids = project._command_ids = None
            for plugin in project.plugins:
                if id(plugin) in plugins:
                    plugin._agents = plugin._commands = None
            self.parts = {}
        for part in self.parts.values():
            if id(part.plugin) in plugins or not changed.isdisjoint(part.reads):
                part.findings = None

    @staticmethod
    def _names(file):
        """Under which names others may speak of the file."""
        if file.kind not in _NAMING or file.plugin is None:
            return None
        said = file.front.get("name") if file.front else None
        return said if isinstance(said, str) else None, file.kind == "agent" and file.plugin.agent_name(file)
