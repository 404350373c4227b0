"""What to install for verbs that need more than the standard library.

Named by the folder of this checkout and never as `team-pack`: that name is on no package index, and there it could be anybody's.
"""

from __future__ import annotations

import os
import sys

from .paths import PLUGIN_ROOT


def install(extra: str = "") -> str:
    """The command that installs this very checkout with one of pyproject.toml's extras ("" for what every verb needs)."""
    here = PLUGIN_ROOT if os.path.isfile(os.path.join(PLUGIN_ROOT, "pyproject.toml")) else "THE CHECKOUT OF team"
    return "%s -m pip install '%s%s'" % (os.path.basename(sys.executable) or "python3", here, extra and "[%s]" % extra)
