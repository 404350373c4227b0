"""Team definitions: data that the run engine, the hooks, the gates, the board and the reports read (docs/teams.md).

`load(name_or_path)` gives the checked definition as a dict or raises `TeamError` with every problem at once, each with line and column.
"""

from __future__ import annotations

import os

from pack.base import codec
from pack.teams.checker import findings
from pack.teams.files import TeamError, find, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pack.base.protocols import Path
    from pack.base.yamltext import Document
    from typing import Any, Mapping, Sequence


def load(path_or_name: str, folders: Sequence[str] = ()) -> Any:
    """The checked definition. `folders` are searched for names before the pack's own."""
    return load_file(find(path_or_name, folders))


def load_file(path: str) -> Any:
    """The checked definition of a file."""
    data, document = read(path)
    problems = findings(data, document)
    if problems:
        raise TeamError(os.path.basename(path), [line_of(path, document, *p) for p in problems])
    return data


def line_of(path: str, document: Document, where: Path, message: str, key: bool = False) -> str:
    """A problem for people: `file.yaml:7:5: message`."""
    return "%s:%d:%d: %s" % ((os.path.basename(path),) + document.place(document.at(where, key)) + (message,))


def unchanged(definition: Mapping[str, Any], digest: str | None) -> Mapping[str, Any]:
    """The definition, when it has the digest that its run was opened with (None: a run of an older pack); TeamError otherwise."""
    if digest is not None and codec.digest(codec.dumps(definition)) != digest:
        raise TeamError(
            definition["team"], ["the definition is not the one that the run was opened with: undo the change, or the user ends the run"]
        )
    return definition
