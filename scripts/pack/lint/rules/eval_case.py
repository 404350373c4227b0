"""An eval case that the client refuses

`claude plugin eval` reads evals/**/case.yaml; `plugin validate` does not look at them. A case needs schema_version (a text), name,
execution.prompt (or a prompt.md beside it) and graders.

Bad `evals/one/case.yaml`:

    name: one
    execution:
      prompt: Say hello.

Good `evals/one/case.yaml`:

    schema_version: "1.1"
    name: one
    execution:
      prompt: Say hello.
    graders:
      - type: regex
        name: greets
        pattern: hello

Source: client 2.1.332, measured 2026-11-29
"""

import posixpath

from .. import frontmatter

SEVERITY = "error"
FILES = ("eval",)
GRADERS = ("regex", "tool_order", "tool_used", "file_exists", "llm", "baseline")
NEEDS = {"regex": ("pattern",), "llm": ("criteria",)}


def check(file, context):
    """One case."""
    try:
        whole = frontmatter.compose(file.text)
    except frontmatter.FrontmatterError as error:
        yield file.hit((min(error.offset, len(file.text)),) * 2, "not YAML: %s; the case is not run" % error)
        return
    case = whole.value
    if not isinstance(case, dict):
        yield file.hit(file.first_line(), "a case must be a mapping: it is not run")
        return
    if not isinstance(case.get("schema_version"), str):
        where = whole.spans.get(("schema_version",)) or file.first_line()
        wrong = "schema_version must be in quotes" if "schema_version" in case else "no schema_version"
        yield file.hit(where, '%s ("1.1"): the case is not run' % wrong)
    elif not case["schema_version"].startswith("1."):
        text = "schema_version %r is of a newer client (1.0 and 1.1 are known): the case is not run"
        yield file.hit(whole.spans[("schema_version",)], text % case["schema_version"])
    if not case.get("name"):
        yield file.hit(file.first_line(), "no name: the case is not run")
    execution = case.get("execution")
    beside = posixpath.join(posixpath.dirname(file.rel), "prompt.md")
    if not (isinstance(execution, dict) and execution.get("prompt")) and beside not in context.project.listing:
        yield file.hit(file.first_line(), "no execution.prompt, and no prompt.md beside it: the case is not run")
    graders = case.get("graders")
    if not isinstance(graders, list):
        where = whole.spans[("graders",)] if "graders" in case else file.first_line()
        yield file.hit(where, "%s: the case is not run" % ("graders must be a list" if "graders" in case else "no graders"))
        return
    for index, grader in enumerate(graders):
        here = ("graders", index)
        kind = grader.get("type") if isinstance(grader, dict) else None
        start, end = whole.spans.get(here + ("type",)) or whole.spans[here]
        span = start, min(end, file.source.line_end(start))
        if kind not in GRADERS:
            yield file.hit(span, "a grader's type is one of %s, not %r: the case is not run" % (", ".join(GRADERS), kind))
            continue
        for key in ("name",) + NEEDS.get(kind, ()):
            if grader.get(key) in (None, ""):
                yield file.hit(span, "the %s grader has no %s: the case is not run" % (kind, key))
