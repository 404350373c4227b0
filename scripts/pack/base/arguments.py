"""The parser of pack's verbs: argparse's own, and where an option or a word is not known it says which one was probably meant."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """`error` with "did you mean"; subparsers are of this class, too."""

    def error(self, message: str) -> NoReturn:
        super().error(message + _meant(self, message))


def _meant(parser: argparse.ArgumentParser, message: str) -> str:
    """` (did you mean --summary?)`, or "" where nothing is near."""
    import difflib
    import re

    wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    if wrong:
        words, known = [wrong.group(1)], re.findall(r"[\w-]+", wrong.group(2))
    elif message.startswith(UNKNOWN):
        words, known = [word for word in message[len(UNKNOWN) :].split() if word.startswith("-")], sorted(_options(parser))
    else:
        return ""
    near = [found for word in words for found in difflib.get_close_matches(word.partition("=")[0].lower(), known, 1, 0.7)]
    return " (did you mean %s?)" % " ".join(near) if near else ""


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Every option of a parser and of those below it."""
    out = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            out |= {option for below in action.choices.values() for option in _options(below)}
    return out
