"""An output style that does not do what its frontmatter says

The client reads `name`, `description`, `keep-coding-instructions` and `force-for-plugin` (any spelling of `-`, `_` and letter
case), and nothing else. A switch that is neither true nor false counts as not given: the style then replaces the
instructions for coding.

Bad `output-styles/terse.md`:

    ---
    name: Terse
    description: Short answers
    keep-coding-instruction: true
    ---
    Answer in one line.

Good `output-styles/terse.md`:

    ---
    name: Terse
    description: Short answers
    keep-coding-instructions: true
    ---
    Answer in one line.

Source: client, read
"""

from ..near import closest, loose

SEVERITY = "warning"
FILES = ("output-style",)
KEYS = ("name", "description", "keep-coding-instructions", "force-for-plugin")
YES_NO = ("true", "false", "yes", "no", "on", "off", "1", "0")


def check(file, context):
    """Keys, switches, and two styles of one name."""
    front = file.front
    if front is None or not isinstance(front.value, dict):
        return
    plain = {loose(key): key for key in KEYS}
    for key, value in front.value.items():
        meant = plain.get(loose(str(key)))
        if meant is None:
            near = closest(str(key).lower(), KEYS) if len(str(key)) > 3 else None
            if near:
                yield file.hit(file.at((key,), key=True), "unknown key %r is ignored; did you mean %r?" % (key, near))
        elif meant in KEYS[2:] and str(value).lower() not in YES_NO:
            yield file.hit(file.at((key,)), "%s takes true or false, not %r; it is ignored" % (key, value))
    others = file.plugin.of("output-style") if file.plugin is not None else ()
    for other in others:
        if other is file:
            break
        if _name(other) == _name(file):
            yield file.hit(file.at(("name",)), "%s has the same name %r" % (file.plugin.sub(other.rel), _name(file)))
            break


def _name(file):
    name = file.front.get("name") if file.front is not None else None
    return str(name) if name not in (None, "") else file.name[:-3]
