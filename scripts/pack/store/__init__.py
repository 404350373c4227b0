"""The journal and what is read from it: append, mirror, recovery, the rendered state, runs as they lie on disk."""
