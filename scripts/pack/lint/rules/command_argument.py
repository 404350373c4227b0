"""`$1` is the second argument

The client counts from 0: `$0` is the first. Most guides, and other tools, count from 1.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    argument-hint: <plan>
    ---
    Build $1.

Good `commands/build.md`:

    ---
    description: Builds the plan
    argument-hint: <plan>
    ---
    Build $0.

Source: client, measured
"""

from .. import refs
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("command", "skill")
_SPELLED = ("$ARG", "{{")  # one of them begins what _ALMOST and _SLIP find
_BRACES = ("${ARGUMENTS}", "$arguments") + tuple("${%d}" % number for number in range(10))
_FIRST = lazy(r"(?<![\\$\w])\$1(?![\w%]|[.,][0-9]|[-–/]\$?[0-9A-Za-z])")
_SECOND = lazy(r"(?<![\\$\w])\$2(?![\w%]|[.,][0-9]|[-–/]\$?[0-9A-Za-z])")
_BRACED = lazy(r"\$\{(ARGUMENTS|[0-9])\}|(?<![\\$\w])\$(arguments)\b")
_NAMED = lazy(r"(?<![\\$\w{])\$([a-z][a-z0-9_-]{1,40})\b(?![(\[]|\.\w)")
# What other tools call it; only a command without any $ARGUMENTS means it so.
_ALMOST = lazy(
    r"(?<![\\$\w])\$(?:ARGUMENT|ARGS|ARGV|ARGUMNETS|ARGUEMENTS|ARGUMENS)\b|\{{2,3} ?\$?(?:ARGUMENTS|args|arguments|input)\ ?\}{2,3}"
)
_SLIP = lazy(r"(?<![\\$\w])\$(?:ARGUMENT|ARGUMNETS|ARGUEMENTS|ARGUMENS)\b")
_SEVERAL = lazy(r"[`\"']?(?:,| and) [`\"']?\$2[`\"']?,? (?:and )?[`\"']?\$(?:3|ARGUMENTS)")  # "arguments with `$1`, `$2`, `$3`"
_RIGHT = lazy(r"[`\"'*]{0,3}(?: /[^.\n]{1,60})? (?:is|=|means|names) (?:the )?[*_]{0,2}(?:second|2nd)\b")  # "`$1` is the *second*"
_LISTED = lazy(r"\$ARGUMENTS[`\"']?(?:,| and| or|/)[ `\"']*\Z")  # "placeholders ($ARGUMENTS, $1, $2)"
_IS = ("` is ", "` are ", "` stands ", " is ", " are ", " stands ")
_ZERO = lazy(r"(?<![\\$\w])\$(?:0(?![0-9.])|ARGUMENTS\[0\])")


def check(file, context):
    """A command that uses $1 and never $0 means the first one."""
    text = file.text
    front = file.front
    yield from _verbatim(file, front)
    takes = front is not None and ("argument-hint" in front or "arguments" in front or "$ARGUMENTS" in text)
    if not (takes or front is not None and file.kind == "command" and file.holds(("$2",)) and any(_at(_SECOND, text, _places(file, "$2")))):
        return  # `$1` may well be an amount of money, or Perl
    if not file.holds(("$1",)) or any(_at(_ZERO, text, _places(file, "$"))):
        return
    for match in _at(_FIRST, text, _places(file, "$1")):
        if (
            file.prose.in_fence(match.start())
            or _embedded(file, match.start())
            or _LISTED.search(text, max(0, match.start() - 24), match.start())
            or _SEVERAL.match(text, match.end())
            or _RIGHT.match(text, match.end())
            or file.kind == "skill"
            and (text.startswith(", $2", match.end()) or refs.about_skills(file))  # what commands are made of, in a skill about them
        ):
            continue
        yield file.hit(match.span(), "$1 is the second argument; the first is $0")
        return


def _verbatim(file, front):
    """`${ARGUMENTS}`, `$arguments`, and names that `arguments` does not declare stay as they are."""
    text, names = file.text, _declared(front) if front else ()
    for match in _at(_BRACED, text, _places(file, "$")) if file.holds(_BRACES) else ():
        if not file.prose.in_code(match.start()) and not (match.group(2) and "arguments" in names):
            right = "$ARGUMENTS" if match.group(1) in ("ARGUMENTS", None) else "$" + match.group(1)
            yield file.hit(match.span(), "%s is not replaced; write %s" % (match.group(), right), [match.span() + (right,)])
            return
    if file.kind == "command" and file.holds(_SPELLED):
        almost = _ALMOST if "$ARGUMENTS" not in text else _SLIP
        for match in _at(almost, text, sorted(_places(file, "$ARG") + (_places(file, "{{") if almost is _ALMOST else []))):
            told = text[max(0, match.start() - 12) : match.start()].lower().endswith(("where `", "where ")) and text.startswith(
                _IS, match.end()
            )
            if not file.prose.in_fence(match.start()) and not told:  # "where `$ARGS` are the words behind the command"
                yield file.hit(match.span(), "%s is not replaced; write $ARGUMENTS" % match.group(), [match.span() + ("$ARGUMENTS",)])
                return
    for match in _at(_NAMED, text, _places(file, "$")) if names else ():
        if match.group(1) not in names and match.group(1) != "arguments" and not file.prose.in_code(match.start()):
            text = "arguments declares no %r (%s): the placeholder stays as it is"
            yield file.hit(match.span(), text % (match.group(1), ", ".join(names)))
            return


def _places(file, mark):
    """Where the mark, with which a pattern begins, stands in the body: to look there is quicker than to search."""
    places, at = [], file.text.find(mark, file.body_start)
    while at >= 0:
        places.append(at)
        at = file.text.find(mark, at + 1)
    return places


def _at(pattern, text, places):
    return filter(None, (pattern.match(text, place) for place in places))


def _declared(front):
    names = front.get("arguments")
    items = names.split() if isinstance(names, str) else names if isinstance(names, list) else ()
    return [item.strip() for item in items if isinstance(item, str)]


def _embedded(file, offset):
    """In !`...` a `$1` is awk's or the shell's more often than an argument; command-injection speaks of it."""
    return any(start <= offset < end for start, end in refs.embedded(file))
