"""What every room stands on: paths, JSON and digests, facts of the project, reading shell text, receipts, masking. Knows no run."""
