"""Teams as data: `load(path_or_name)` gives a checked definition; see definition.py."""

from pack.teams.definition import TeamError, folders, load, names, unchanged

__all__ = ["TeamError", "folders", "load", "names", "unchanged"]
