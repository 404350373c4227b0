"""Run the rules over a project and make findings of their hits."""

from . import discover, triggers
from .rules import BY_KIND, EVERY_FILE, LOADED, PLUGIN_RULES, PROJECT_RULES, rule_module
from .suppress import apply

ORDER = {"error": 0, "warning": 1, "info": 2}


class Finding:
    """What is reported. `fix` is a list of (start, end, replacement) or None."""

    __slots__ = ("path", "line", "column", "end_line", "end_column", "severity", "rule", "message", "fix", "span")

    def __init__(self, path, place, severity, rule, message, fix=None, span=(0, 0)):
        self.path, self.severity, self.rule, self.message, self.fix, self.span = (
            path,
            severity,
            rule,
            message,
            fix,
            span,
        )
        self.line, self.column, self.end_line, self.end_column = place

    def key(self):
        """Order of the report."""
        return self.path, self.line, self.column, ORDER[self.severity], self.rule, self.message

    def as_dict(self):
        """The JSON form of the contract."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "fixable": bool(self.fix),
        }


class Context:
    """What a rule may ask: the client's facts, the project, the configuration."""

    def __init__(self, project, facts, config):
        self.project, self.facts, self.config = project, facts, config
        self.findings = []

    def severity_of(self, rule, module, hit):
        """The severity after configuration, or None when the rule is off for this file."""
        return self.config.severity(rule, hit.file.rel, hit.severity or module.SEVERITY)

    def add(self, rule, module, hit):
        """Turn a hit into a finding unless the configuration says otherwise."""
        severity = self.severity_of(rule, module, hit)
        if severity is None:
            return
        source = hit.file.source
        start, end = hit.span
        end = max(start, end)
        line, column = source.position(start)
        end_line, end_column = source.position(end)
        self.findings.append(
            Finding(hit.file.rel, (line, column, end_line, end_column), severity, rule, hit.message, hit.fix, (start, end))
        )


def run(project, facts, config):
    """All findings of a project, sorted, suppressions applied."""
    context = Context(project, facts, config)
    wanted = config.wants
    checks, general = {}, dict(triggers.TEXT, **triggers.of_facts(facts))
    by_plugin = {}
    for file in project.files:
        by_plugin.setdefault(id(file.plugin), []).append(file)
    suppressing = []
    for plugin in project.plugins + [None]:
        for name in PLUGIN_RULES if plugin is not None else ():
            if wanted(name) and triggers.PLUGIN.get(name, _always)(plugin):
                _run(context, name, plugin)
        mine = by_plugin.pop(id(plugin), ())
        for file in mine:
            kind = file.kind
            if kind not in checks:
                needs = dict(general, **triggers.OF_KIND.get(kind, {}))
                names = [name for name in BY_KIND.get(kind, ()) + EVERY_FILE if wanted(name)]
                checks[kind] = [(name, needs.get(name)) for name in names]
            _look(context, file, checks[kind])
            if "pack-lint:" in file.text:
                suppressing.append(file)
        for file in mine:
            file.forget()  # ten thousand texts at once would be too much to hold
    for name in PROJECT_RULES:
        if wanted(name) and triggers.PROJECT.get(name, _always)(project):
            _run(context, name, project)
    _walk_problems(context)
    findings = apply(context, _unique(context.findings), suppressing)
    findings.sort(key=Finding.key)
    return findings


def _look(context, file, checks):
    """Run the rules of its kind on a file."""
    text, answers = file.text, {}
    for name, needed in checks:
        if needed is not None:
            answer = answers.get(id(needed))  # rules often ask the same
            if answer is None:
                answer = answers[id(needed)] = bool(triggers.has(file, text, needed))
            if not answer:
                continue
        module = LOADED.get(name) or rule_module(name)
        for hit in module.check(file, context) or ():
            context.add(name, module, hit)


def _always(_):
    return True


def _unique(findings):
    seen, kept = set(), []
    for finding in findings:
        key = (finding.path, finding.span, finding.rule, finding.message)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept


def _run(context, name, target):
    module = rule_module(name)
    for hit in module.check(target, context) or ():
        context.add(name, module, hit)


def _walk_problems(context):
    severity = context.config.severity("unreadable", "", "error")
    for rel, message in context.project.problems if severity else ():
        context.findings.append(Finding(rel, (1, 1, 1, 1), severity, "unreadable", message))


def lint(root, facts, config, overlay=None):
    """Scan and run: (project, findings)."""
    project = discover.scan(root, overlay, config.exclude)
    return project, run(project, facts, config)
