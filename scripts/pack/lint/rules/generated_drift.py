"""A generated block differs from what its source generates

Source: this project (`pack generate --check`)
"""

import os

SEVERITY = "error"


def check(project, context):
    """Only for a project that has its own scripts/pack/generate.py and the running package is that one."""
    rel = "scripts/pack/generate.py"
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if rel not in project.listing or os.path.realpath(os.path.join(project.root, "scripts", "pack")) != os.path.realpath(here):
        return
    from ..drift import stale_blocks

    for path, line, message in stale_blocks(project.root):
        for file in project.files:
            if file.rel == path:
                starts = file.source.line_starts()
                start = starts[min(line, len(starts)) - 1]
                yield file.hit((start, file.source.line_end(start)), message)
                break
