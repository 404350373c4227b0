"""A shell command in an example that runs all the same

The client looks for !`...` after white space, not for Markdown: in a fence, in indented code and in an HTML comment it runs when
the command or skill is called, like any other. An example that is to be read only belongs in a file of its own.

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

SEVERITY = "warning"


def check(file, context):
    """The first one in an example or a comment; whoever moves it sees the others."""
    for start, _ in refs.spelled_commands(file):
        where = _where(file, start)
        if where is not None:
            end = file.source.line_end(start)
            yield file.hit((start - 2, min(end, file.text.find("`", start) + 1)), "this stands in %s, and runs all the same" % where)
            return


def _where(file, start):
    """A fence that shows Markdown is an example; in one of another language the author may want the output, and does where there is
    nothing else in it."""
    fence = file.prose.fence_at(start)
    if fence is None:
        return "an HTML comment" if refs.within(start, file.prose.comments) else None
    lines = file.text[fence[0] : fence[1]].strip().split("\n")[1:-1]
    shown = fence[2].split(" ")[0].lower() in ("markdown", "md", "text", "txt")
    return "a fence" if shown and not all(line.strip().startswith("!`") for line in lines if line.strip()) else None
