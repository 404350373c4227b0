"""A tool that the client no longer has

Source: client (changelog: TeamCreate and TeamDelete went with 2.1.178)

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    First call `TeamCreate`, then spawn the coders.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Spawn the coders with the Agent tool and a name each.
"""

from .. import tools
from ..lazy import lazy
from ..negation import negated
from ..source import line_stop
from .tool_unknown import KEYS

SEVERITY = "warning"
FILES = ("agent", "command", "skill")
_LIST_OF = lazy(
    r"(?i)\b(?:not|never|n't|banned|forbidden|disallowed|prohibited|without)\b[^.;!?\n]{0,260}(?:[,/] (?:or |and )?|\bor |\band )[`*]{0,2}\Z"
)
_TOLD = lazy(r"\b(?:[Uu]s(?:e|ing)|[Cc]all|[Ww]ith|[Vv]ia|[Ii]nvoke) (?:the )?[`*]{0,2}([A-Z][A-Za-z]{1,24})[`*]{0,2} tool\b")
_INSTEAD = lazy(r"[^\n]{0,40}(?:->|→|=>|⇒)[ `*]*(?:[Uu]se|[Rr]eplace|[Ii]nvoke|[Cc]all|[Rr]un|no |n/a|not )")
# Others are named in prose for older clients, harmlessly; a protocol that is built on these two cannot work.
_CALLS = lazy(r"\b(TeamCreate|TeamDelete)\b")


def check(file, context):
    """In tool lists, and in prompts where the name can only be the tool."""
    removed = context.facts.removed_tools
    for key in KEYS.get(file.kind, ()):
        for tool in tools.listed(file, key) or ():
            if tool.name in removed and key not in ("disallowedTools", "disallowed-tools"):  # to forbid it is for older clients
                yield file.hit(
                    (tool.span[0], tool.span[0] + len(tool.name)),
                    "%r is %s" % (tool.name, tools.gone(*removed[tool.name])),
                )
    text = file.text
    for start, end in file.lines_with((" tool",)):
        for match in _TOLD.finditer(text, start, end):
            name = match.group(1)
            if (
                name in removed
                and not name.startswith("Team")
                and not file.prose.hidden(match.start())
                and not negated(text, *match.span())
            ):
                yield file.hit(match.span(1), "the prompt uses %s, which is %s" % (name, tools.gone(*removed[name])))
    if "TeamCreate" in text or "TeamDelete" in text:
        seen = set()
        for match in _CALLS.finditer(text, file.body_start):
            name = match.group()
            if _replaced(text, match.end()):
                continue
            if name in removed and name not in seen and not negated(text, *match.span()) and not _forbidden(text, match.start()):
                seen.add(name)
                yield file.hit(match.span(), "the prompt names %s, which is %s" % (name, tools.gone(*removed[name])))


def _replaced(text, end):
    """Does the line say what to do instead (`Task / TeamCreate dispatch -> use X`)?"""
    return _INSTEAD.match(text, end, line_stop(text, end)) is not None


def _forbidden(text, at):
    """Is it one of a list of tools that the sentence takes away (`do not use A, B or C`, `banned: A, B`, `A, B are in disallowedTools`)?"""
    low = max(0, at - 300)
    begin = max(text.rfind("\n", low, at), text.rfind(". ", low, at), at - 300) + 1
    return _LIST_OF.search(text, begin, at) is not None or "isallowed" in text[at : min(line_stop(text, at), at + 120)]
