"""Text that was decoded with the wrong table

`â€™` for an apostrophe, `Ã©` for é: somebody read UTF-8 as Windows-1252 and saved it. The model reads the garbage.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Donâ€™t merge.

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Don't merge.

Source: this project
"""

from ..lazy import lazy

SEVERITY = "warning"
FILES = ("*",)
_SIGNS = lazy("â€[™œ\u009d\u0080-\u00bf“”˜¦¢]|[ÃÂ][\u0080-\u00bf](?![A-Za-zÀ-ÿ]*[ÀÈÌÒÙ])|ï»¿|ðŸ[\u0080-\u00ff\u0152-\u0192\u2018-\u2022]")

MARKS = ("â€", "Ã", "Â", "ï»¿", "ðŸ")  # one of them is in all that the pattern finds


def check(file, context):
    """Report the first sign of it in a file."""
    text = file.text
    if not file.holds(MARKS):
        return
    match = _SIGNS.search(text)
    if match and not (not file.is_json and file.prose.in_code(match.start())):
        yield file.hit(match.span(), "%r looks like UTF-8 that was read as Windows-1252" % match.group())
