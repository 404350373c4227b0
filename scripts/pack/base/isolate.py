"""Verbs whose word counts run isolated (`python -I`): neither PYTHONPATH nor the user's site-packages nor the current folder can put
a module of somebody else's in the place of ours, or change what ours do (sitecustomize)."""

from __future__ import annotations

import os
import sys

VERBS = ("rt", "gate")
START = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli", "start.py")


def child(module: str) -> str:
    """What a process that measures runs with `python -I -c`: `main()` of a module of this package, from its source."""
    return (
        "import sys; start = {'__name__': 'start'}; exec(open(%r, encoding='utf-8').read(), start); sys.meta_path.insert(0, start['_FromSource']); "
        "sys.path.insert(0, %r); from %s import main; sys.exit(main())"
        % (START, os.path.dirname(os.path.dirname(os.path.dirname(START))), module)
    )


def enter(argv: list[str]) -> None:
    """Begin again as an isolated process, if the verb is one of these and this one is not isolated."""
    if argv[:1] and argv[0] in VERBS and not sys.flags.isolated:
        command = [sys.executable, "-I", START] + list(argv)
        if os.name == "posix":
            sys.stdout.flush()
            sys.stderr.flush()
            os.execv(sys.executable, command)
        import subprocess

        sys.exit(subprocess.call(command))
