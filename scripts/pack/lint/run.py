"""One run: where to look, with which configuration, from the cache or afresh, and what to do with the findings."""

import os
import posixpath

from . import config as configuration
from . import report
from .config import UsageError


class Target:
    """A folder to lint and, when files were named, the files to report."""

    def __init__(self, root, only=None, prefix=""):
        self.root, self.only, self.prefix = root, only, prefix


class Run:
    """The options, resolved once."""

    def __init__(self, options, paths, overlay_path, stdin):
        self.options = options
        self.overlay = None
        if overlay_path is not None:
            stream = getattr(stdin, "buffer", stdin)
            data = stream.read()
            self.overlay = data.encode("utf-8") if isinstance(data, str) else data
        self.targets = targets(paths)
        self.config = self._config(self.targets[0].root)
        self.client = options.value("--client") or self.config.client
        self._facts = None
        self.diffs = []
        if self.client is None:
            from .facts import told_of_a_newer_client

            told_of_a_newer_client(os.environ)

    def facts(self):
        """The client's facts."""
        if self._facts is None:
            from .facts import load

            self._facts = load(self.client)
        return self._facts

    def _config(self, root):
        options = self.options
        found = configuration.load(root, options.value("--config"))
        select, ignore = options.rules("--select"), options.rules("--ignore")
        if select or ignore:
            configuration.known_rules(select + ignore, "command line")
            found.select = tuple(select) or found.select
            found.ignore += tuple(ignore)
        found.client = options.value("--client") or found.client
        if found.client is not None:
            from .facts import parse_version

            parse_version(found.client)
        found.strict = found.strict or options.has("--strict")
        return found

    def _overlay(self, target):
        if self.overlay is None or not target.only:
            return None
        return {rel: self.overlay for rel in target.only}

    def projects(self):
        """The scanned projects of all targets."""
        from .discover import scan

        return [scan(target.root, self._overlay(target), self.config.exclude) for target in self.targets]

    def report(self, out):
        """Lint everything, print, fix; the exit code."""
        options = self.options
        use_cache = not options.has("--no-cache") and self.overlay is None and not options.has("--fix") and not options.has("--diff")
        findings, files = [], 0
        for target in self.targets:
            found, count = self._lint(target, use_cache)
            findings += found
            files += count
        findings.sort(key=lambda f: (f["path"], f["line"], f["column"], f["rule"], f["message"]))
        baseline = options.value("--baseline") or self.config.baseline
        known = 0
        if options.has("--write-baseline"):
            if not baseline:
                raise UsageError("--write-baseline needs --baseline FILE (or the configuration's baseline)")
            from .baseline import write

            out.write("%d findings written to %s\n" % (write(baseline, findings, self.targets[0].root), baseline))
            return 0
        if baseline:
            from .baseline import filter_known

            findings, known = filter_known(baseline, findings, self.targets[0].root)
        name = options.value("--format", "text")
        color = name == "text" and _color(out, options.value("--color"))
        summary = report.Summary(files, color, self.client or "", known)
        text = report.render(name, findings, summary)
        if options.has("--diff") and name == "text" and not options.value("--output"):
            text = "".join(self.diffs)
            if not getattr(out, "isatty", lambda: False)():
                from ..base.streams import driven

                out = driven(out)  # for `git apply`, which wants the carriage returns that are in the file
        _deliver(text, options.value("--output"), out)
        levels = {finding["severity"] for finding in findings}
        return 1 if "error" in levels or self.config.strict and "warning" in levels else 0

    def _lint(self, target, use_cache):
        if use_cache:
            found, count = self._remembered(target)
        else:
            from .discover import scan

            project = scan(target.root, self._overlay(target), self.config.exclude)
            found, count = self._fresh(project, target), len(project.files)
        if target.only is not None:
            found = [finding for finding in found if finding["path"] in target.only]
            found += self._no_files(target, {finding["path"] for finding in found})
            count = len(target.only)
        if target.prefix:
            found = [dict(finding, path=posixpath.join(target.prefix, finding["path"])) for finding in found]
        return found, count

    def _no_files(self, target, named):
        """What was named and is no file (a pipe, a device, a link that leads nowhere), where no rule has said so."""
        if self.overlay is not None:
            return
        from .engine import Finding

        for rel in target.only.difference(named):
            if not os.path.isfile(os.path.join(target.root, rel)):
                yield Finding(rel, (1, 1, 1, 1), "error", "unreadable", "cannot be read: not a regular file").as_dict()

    def _remembered(self, target):
        """(findings, number of files) from the cache: by the names and stat data alone, else by content, else afresh."""
        from . import cache
        from .walk import walk

        tree = walk(target.root, self.config.exclude)
        place = cache.Place(tree, self.config)
        known = cache.load(place.name, tree)
        if known is not None:
            return known
        from .discover import scan

        project = scan(target.root, None, self.config.exclude, tree)
        place.settle(project)
        known = cache.load(place.name, tree)
        if known is None:
            found = self._fresh(project, target)
            cache.store(place.name, project, found)
            known = found, len(project.files)
        return known

    def _fresh(self, project, target):
        from .engine import run

        findings = run(project, self.facts(), self.config, together=True)
        if self.options.has("--fix") or self.options.has("--diff"):
            from . import discover, fix

            def again(overlay):
                project = discover.scan(target.root, overlay, self.config.exclude)
                return project, run(project, self.facts(), self.config)

            changes, left = fix.mend(project, findings, target.only, again)
            if self.options.has("--diff"):
                self.diffs.append(fix.show(changes))
            else:
                fix.save(target.root, changes)
                findings = left
        return [finding.as_dict() for finding in findings]


def _deliver(text, path, out):
    """Write the report; UsageError for a file that cannot be written."""
    if not path:
        out.write(text)
        return
    try:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise UsageError("the report cannot be written to %s: %s" % (path, error.strerror))


def _color(out, wanted):
    if wanted in ("always", "never"):
        return wanted == "always"
    return bool(getattr(out, "isatty", lambda: False)()) and "NO_COLOR" not in os.environ


def targets(paths):
    """[Target] of the named paths: folders as they are, files by the plugin that holds them."""
    found, by_root = [], {}
    several = len(paths) > 1
    for path in paths:
        if os.path.isdir(path):
            root = os.path.abspath(path)
            found.append(Target(root, None, path.rstrip("/") if several else ""))
            continue
        full = os.path.abspath(path)
        root = plugin_root(full)
        target = by_root.get(root)
        if target is None:
            prefix = os.path.relpath(root).replace(os.sep, "/")
            target = by_root[root] = Target(root, set(), "" if prefix == "." else prefix)
            found.append(target)
        target.only.add(os.path.relpath(full, root).replace(os.sep, "/"))
    return found


def plugin_root(path):
    """The folder to scan for one file: the outermost marketplace or plugin above it, else the folder of its component."""
    folder = os.path.dirname(path)
    best = component = None
    while True:
        if os.path.isdir(os.path.join(folder, ".claude-plugin")):
            best = folder
        if component is None and os.path.basename(folder) in ("agents", "commands", "skills", "hooks"):
            component = os.path.dirname(folder)
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            break
        folder = parent
    return best or component or os.path.dirname(path)
