"""`pack report`: what a run was, on paper. `html` needs the standard library only, the others packages of the extra `report`."""


def main(argv):
    """The verb's entry. Exit codes: 0 done, 1 not certified (final), 2 usage or setup."""
    if argv[:1] == ["html"]:
        from pack.report import timeline

        return timeline.main(argv[1:])
    from pack.cli import office

    return office.main(argv)
