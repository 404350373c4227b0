"""A shell command or a file in an example that is live all the same

The client looks for !`...` and @path after white space, not for Markdown: in a fence, in indented code and in an HTML comment the
command runs and the file is attached when the command or skill is called, like any other. An example that is to be read only belongs
in a file of its own.

Bad `commands/build.md`:

    ---
    description: Says how commands are written
    ---
    For instance:

    ```markdown
    Changes: !`git status --short`
    ```

Good `commands/build.md`:

    ---
    description: Says how commands are written
    ---
    For instance an exclamation mark before `git status --short`.

Source: client 2.1.332, measured 2026-11-29
"""

from .. import refs
from ..lazy import lazy
from ..markdown import lines_with

SEVERITY = "warning"
FILES = ("command", "skill")
_FILE = lazy(
    r"(?<!\S)@((?:\$\{CLAUDE_PLUGIN_ROOT\}/|~/|\.{0,2}/)?(?:[\w.-]+/)*[\w-][\w.-]*"
    r"\.(?:md|json|ya?ml|txt|toml|env|ini|cfg|csv|xml|log|sql|html|css|py|sh|[cm]?[jt]sx?|go|rs|rb|java|kt|swift|php|c|h|cpp|cs))(?=\s|\Z)"
)
_NAMED = lazy(r"\b(?:path|dir|folder|example|foo|bar|your|my|some|file)\b")  # `@path/to/file.ts` stands for a file


def check(file, context):
    """The first one in an example or a comment; whoever moves it sees the others."""
    yield from _commands(file)
    if file.kind not in ("command", "skill") or "@" not in file.text:
        return
    for begin, end in lines_with(file.text, file.body_start, "@"):
        for match in _FILE.finditer(file.text, begin, end):
            where = _where(file, match.start() + 1, "@")
            if where is not None and not _NAMED.search(match.group(1)):
                yield file.hit(match.span(), "this stands in %s, and the client attaches the file all the same" % where)
                return


def _commands(file):
    for start, _ in refs.spelled_commands(file):
        where = _where(file, start)
        if where is not None:
            end = file.source.line_end(start)
            yield file.hit((start - 2, min(end, file.text.find("`", start) + 1)), "this stands in %s, and runs all the same" % where)
            return


def _where(file, start, mark="!`"):
    """A fence that shows Markdown is an example; in one of another language the author may want the output, and does where there is
    nothing else in it."""
    fence = file.prose.fence_at(start)
    if fence is None:
        return "an HTML comment" if refs.within(start, file.prose.comments) else None
    shown = fence[2].split(" ")[0].lower() in ("markdown", "md", "text", "txt") + ("",) * (mark == "@")
    if mark == "@":
        return "a fence" if shown else None
    lines = file.text[fence[0] : fence[1]].strip().split("\n")[1:-1]
    return "a fence" if shown and not all(line.strip().startswith(mark) for line in lines if line.strip()) else None
