"""An embedded command that is spelled so that it does not run

The client looks for !` after white space or at the beginning of a line, and for nothing else. With a blank between the two, or with
a colon, a quote or a bar right before them, the text stays as it is: the model reads the command and not what it prints.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(git status:*)
    ---
    Changes: ! `git status --short`

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(git status:*)
    ---
    Changes: !`git status --short`

Source: client 2.1.329 and 2.1.332, measured 2026-11-30
"""

from .. import shell
from ..lazy import lazy
from ..markdown import lines_with

SEVERITY = "warning"
FILES = ("command", "skill")
_BLANK = lazy(r"(?<!\S)![ \t]{1,3}`([^`\n]{1,500})`")
_GLUED = lazy(r"(?<=[:\"'=(\[{|>])!`([^`\n]{1,500})`")
_MARKS = ("! `", "!  `", "!\t`", "!`")
_WORD = lazy(r"[\w.+-]+(?=\s)")


def check(file, context):
    """Only what begins with a program that is known and goes on: `! `name`` may be anything."""
    text = file.text
    for begin, end in lines_with(text, file.body_start, _MARKS):
        for pattern, wrong in ((_BLANK, "the blank before the backtick"), (_GLUED, "the %r before it")):
            for match in pattern.finditer(text, begin, end):
                word = _WORD.match(match.group(1))
                if (
                    word is None
                    or word.group() not in shell.COMMON
                    or file.prose.in_code(match.start())
                    or file.prose.hidden(match.start())
                ):
                    continue  # a page that shows how commands are written
                said = wrong % text[match.start() - 1] if "%" in wrong else wrong
                yield file.hit(match.span(), "%s keeps this command from running: the model sees its text, not what it prints" % said)
