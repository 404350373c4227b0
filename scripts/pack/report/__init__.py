"""Reports of a run: numbers come from the gates' own evaluation, a headline is computed, nothing is averaged.

data.py collects (standard library), slides.py and paper.py draw (extras), cli.py is `pack report`.
"""
