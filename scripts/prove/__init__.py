"""Developer tools that attack and prove the shipped core: `make prove`. Nothing here is imported by a hook."""
