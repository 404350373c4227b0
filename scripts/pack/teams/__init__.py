"""Teams as data: `load(path_or_name)` gives a checked definition; see definition.py."""

from pack.teams.definition import load, unchanged
from pack.teams.files import TeamError, folders, names

__all__ = ["TeamError", "folders", "load", "names", "unchanged"]
