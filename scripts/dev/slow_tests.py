"""Writes tests/slow.txt from the durations that pytest printed (`make slow-tests`)."""

import pathlib
import re
import sys

HEAD = "# Tests that `make test-fast` leaves out: the beginnings of their ids. `make slow-tests` writes the list from a run of all.\n"
ROW = re.compile(r"^\s*([\d.]+)s (?:call|setup)\s+(\S.*)$", re.M)


def main(paths):
    root = pathlib.Path(__file__).resolve().parents[2]
    kept = (root / "tests/slow.txt").read_text(encoding="utf-8").splitlines()
    found = {
        line for line in kept if line and not line.startswith("#") and "::" not in line
    }  # whole files stay until a person says otherwise
    for path in paths:
        for _seconds, name in ROW.findall(pathlib.Path(path).read_text(encoding="utf-8")):
            found |= {name.split("[")[0]} if not name.startswith(tuple(found) or ("-",)) else set()
    (root / "tests/slow.txt").write_text(HEAD + "".join(name + "\n" for name in sorted(found)), encoding="utf-8")
    print("%d slow tests" % len(found))


if __name__ == "__main__":
    main(sys.argv[1:])
