"""Run the rules over a project and make findings of their hits."""

from . import discover, marks, triggers
from .halves import start
from .rules import BY_KIND, EVERY_FILE, LOADED, ONLY, PLUGIN_RULES, rule_module
from .suppress import apply

_SUPPRESSION = ("pack-lint:",)
MANY = 400  # files of one plugin; what was made of all their texts would take more memory than the texts
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

    def values(self):
        """What makes the same one elsewhere."""
        place = (self.line, self.column, self.end_line, self.end_column)
        return self.path, place, self.severity, self.rule, self.message, self.fix, self.span

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


def run(project, facts, config, together=False):
    """All findings of a project, sorted, suppressions applied; `together`: a second process may help with a large one."""
    return Rules(project, facts, config).all(together)


class Rules:
    """The rules that are on, and all plugins and files in a row, each plugin followed by its files."""

    def __init__(self, project, facts, config):
        self.project, self.context = project, Context(project, facts, config)
        self.general = dict(triggers.TEXT, **triggers.of_facts(facts))
        if project.finder is None:
            project.finder = marks.finder(triggers.WORDS.union(project.scopes), len(project.files))
        self.checks = {}  # kind: see _checks_of
        by_plugin = {}
        for file in project.files:
            by_plugin.setdefault(id(file.plugin), []).append(file)
        self.row = []  # (plugin, None or one of its files, all of its files)
        for plugin in project.plugins + [None]:
            files = by_plugin.pop(id(plugin), [])
            self.row += [(plugin, file, files) for file in [None] + files]
        self.suppressing = []

    def all(self, together):
        """The findings."""
        count = len(self.row)
        halves = start(count, self._for_the_other) if together else None
        if halves is None:
            self._work([(0, count)])
        else:
            with halves:
                self._work(halves.front())
                if not self._take_over(halves.join()):
                    self._work([(halves.mine, count)])
        _walk_problems(self.context)
        return self.judged()

    def judged(self):
        """What the context has of findings, sorted: each once, without those that a comment suppresses."""
        findings = apply(self.context, _unique(self.context.findings), self.suppressing)
        findings.sort(key=Finding.key)
        return findings

    def _work(self, spans):
        """The rules of what stands in these (start, end) parts of the row."""
        held = []
        for first, end in spans:
            for plugin, file, files in self.row[first:end]:
                if files is not held:
                    _forget(held)
                    held = files
                if file is not None:
                    self.look(file)
                    if len(files) > MANY:
                        file.forget_parts()
                elif plugin is not None:
                    self.look_at_plugin(plugin)
        _forget(held)

    def look_at_plugin(self, plugin):
        """Run the rules that look at a whole plugin."""
        for name in PLUGIN_RULES:
            if self.context.config.wants(name) and triggers.PLUGIN.get(name, _always)(plugin):
                _run(self.context, name, plugin)

    def look(self, file):
        """Run the rules of its kind on a file."""
        kind = file.kind
        if kind not in self.checks:
            self.checks[kind] = self._checks_of(kind)
        file.load()
        checks, questions, asked, chosen = self.checks[kind]
        if asked:  # most rules go by words alone: those that have nothing to say are the same in all files with the same words
            words = asked.intersection(file.marks)
            known = chosen.get(words)
            if known is None:
                known = chosen[words] = [check for check in checks if _may_speak(check, questions, words)]
            checks = known
        answers = [None] * len(questions)  # rules often ask the same
        for name, number in checks:
            if number is not None:
                answer = answers[number]
                if answer is None:
                    answer = answers[number] = bool(questions[number](file))
                if not answer:
                    continue
            _run(self.context, name, file)
        if file.holds(_SUPPRESSION):
            self.suppressing.append(file)

    def _checks_of(self, kind):
        """([(rule, number of its question or None)], the questions, the words that these ask for, {such words: what is left}) for a kind of file."""
        needs = dict(self.general, **triggers.OF_KIND.get(kind, {}))
        checks, questions, numbers = [], [], {}
        for name in ONLY.get(kind) or BY_KIND.get(kind, ()) + EVERY_FILE:
            if self.context.config.wants(name):
                needed = needs.get(name)
                if needed is not None and id(needed) not in numbers:
                    numbers[id(needed)] = len(questions)
                    questions.append(triggers.question(needed, self.project.finder))
                checks.append((name, None if needed is None else numbers[id(needed)]))
        asked = [question.known for question in questions if isinstance(question, marks.Asked)]
        return checks, questions, frozenset().union(*asked), {}

    def _for_the_other(self, spans):
        """In the second process: its part of the row, and what `_take_over` needs of it."""
        self._work(spans)
        return [finding.values() for finding in self.context.findings], [file.rel for file in self.suppressing], self.project.asked()

    def _take_over(self, result):
        """Make the second process's findings and questions ours; False when it has none."""
        if result is None:
            return False
        findings, suppressing, asked = result
        self.context.findings += [Finding(*values) for values in findings]
        suppressing = set(suppressing)
        self.suppressing += [file for file in self.project.files if file.rel in suppressing]
        self.project.was_asked(asked)
        return True


def _may_speak(check, questions, words):
    """Can the answer to the rule's question be yes in a text that has just these words?"""
    question = questions[check[1]] if check[1] is not None else None
    return not isinstance(question, marks.Asked) or bool(question.others) or not question.known.isdisjoint(words)


def _forget(files):
    for file in files:
        file.forget()  # ten thousand texts at once would be too much to hold


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
    module = LOADED.get(name) or rule_module(name)
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
