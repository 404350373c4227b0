"""A theme of which the client drops a part

An unknown `base` becomes dark; an override of a colour that does not exist, or with a value that is no colour, is left out
without a word.

Bad `themes/night.json`:

    {"name": "Night", "base": "dark", "overrides": {"claude": "crimson"}}

Good `themes/night.json`:

    {"name": "Night", "base": "dark", "overrides": {"claude": "#dc143c"}}

Source: client, read
"""

from ..lazy import lazy
from ..near import nearest

SEVERITY = "warning"
FILES = ("theme",)
_COLOR = lazy(r"(?:rgb\(\s?[0-9]{1,3},\s?[0-9]{1,3},\s?[0-9]{1,3}\s?\)|#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}|ansi256\([0-9]{1,3}\)|ansi:\w+)\Z")


def check(file, context):
    """base, the names and the values of overrides."""
    document, facts = file.json, context.facts.theme
    if document is None:
        return
    theme = document.value
    if not isinstance(theme, dict):
        yield file.hit(file.first_line(), "a theme is an object: this one is not loaded", severity="error")
        return
    base = theme.get("base")
    if base is not None and base not in facts["bases"]:
        text = "base %r is none of %s: it becomes dark%s"
        yield file.hit(file.at(("base",)), text % (base, ", ".join(facts["bases"]), nearest(str(base), facts["bases"])))
    overrides = theme.get("overrides")
    if overrides is not None and not isinstance(overrides, dict):
        yield file.hit(file.at(("overrides",)), "overrides must be an object of colours; it is ignored")
    for name, value in overrides.items() if isinstance(overrides, dict) else ():
        if name not in facts["colors"]:
            hint = nearest(name, facts["colors"])
            yield file.hit(file.at(("overrides", name), key=True), "no colour is called %r; it is ignored%s" % (name, hint))
        elif not (isinstance(value, str) and _COLOR.match(value)):
            text = "%r is no colour (#rrggbb, #rgb, rgb(r,g,b), ansi256(n), ansi:name); it is ignored"
            yield file.hit(file.at(("overrides", name)), text % (value,))
