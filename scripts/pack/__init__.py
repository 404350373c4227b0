"""pack: the protocol core of the `team` plugin, its gate, its linter and its eyes on a running team."""

__version__ = "0.2.0"
