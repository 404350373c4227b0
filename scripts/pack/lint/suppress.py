"""Suppression comments, each with a reason.

Markdown: `<!-- pack-lint: ignore RULE[, RULE] -- reason -->` for its own and the next line, `ignore-file` for the whole
file. Frontmatter: `# pack-lint: ignore RULE -- reason`, on the line or the line before. JSON has no comments: use the
configuration's per-file table.
"""

from .lazy import lazy
from .rules import rule_module

_COMMENT = lazy(
    r"(?:<!--|#)[ \t]*pack-lint:[ \t]*(ignore-file|ignore)[ \t]+([a-z0-9-]+(?:[ \t]*,[ \t]*[a-z0-9-]+)*)"
    r"(?:[ \t]+--(?!>)[ \t]*([^\n]*?))?[ \t]*(?:-->|\r?$|\r?\n)"
)
_ANY = lazy(r"(?:<!--|#)[ \t]*pack-lint:[^\n]{0,80}?(?=[ \t]*(?:-->|\r?$|\r?\n))")


class _Suppression:
    __slots__ = ("lines", "rules", "reason", "span", "used")

    def __init__(self, lines, rules, reason, span):
        self.lines, self.rules, self.reason, self.span, self.used = lines, rules, reason, span, set()


def parse(file):
    """The suppressions of a file."""
    text = file.text
    found = []
    if "pack-lint:" not in text or file.is_json:
        return found
    understood = set()
    for match in _COMMENT.finditer(text):
        start = match.start()
        if start >= file.body_start and file.prose.in_code(start):
            continue
        line = file.source.position(start)[0]
        end_line = file.source.position(match.end(2))[0]
        understood.add(start)
        lines = None if match.group(1) == "ignore-file" else (line, end_line + 1)
        rules = [name.strip() for name in match.group(2).split(",")]
        found.append(_Suppression(lines, rules, (match.group(3) or "").strip(), (start, match.end(2))))
    for match in _ANY.finditer(text):
        start = match.start()
        if text[start] == "#" and start >= file.body_start:
            continue  # a heading
        if start not in understood and not (start >= file.body_start and file.prose.in_code(start)):
            found.append(_Suppression((0, 0), (), "", match.span()))
    return found


def apply(context, findings, files):
    """Drop what is suppressed in `files`, those with a comment; report suppressions without a reason and those that suppress nothing."""
    table = {}
    for file in files:
        suppressions = parse(file) if not file.is_json else None
        if suppressions:
            table[file.rel] = (file, suppressions)
    if not table:
        return findings
    kept = []
    for finding in findings:
        for suppression in table.get(finding.path, (None, ()))[1]:
            on_line = suppression.lines is None or suppression.lines[0] <= finding.line <= suppression.lines[1]
            if on_line and finding.rule in suppression.rules:
                suppression.used.add(finding.rule)
                break
        else:
            kept.append(finding)
    context.findings = kept
    for file, suppressions in table.values():
        for name in ("suppression-unused", "suppression-reason"):
            if context.config.wants(name):
                module = rule_module(name)
                for suppression in suppressions:
                    for hit in module.judge(file, suppression, context):
                        context.add(name, module, hit)
    return context.findings
