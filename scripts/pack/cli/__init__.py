"""`pack VERB`: the command line."""
