"""`pack report`: what a run was, on paper. `html` needs the standard library only, the others packages of the extra `report`."""

import sys


def main(argv):
    """The verb's entry. Exit codes: 0 done, 1 not certified (final), 2 usage or setup."""
    if argv[:1] == ["html"]:
        from pack.report import timeline

        return timeline.main(argv[1:])
    import difflib

    if argv and difflib.get_close_matches(argv[0].lower(), ["html"], 1, 0.7):  # click knows the other commands only
        print("pack report: no report %r; did you mean html? (see pack report --help)" % argv[0], file=sys.stderr)
        return 2
    from pack.cli import office

    return office.main(argv)
