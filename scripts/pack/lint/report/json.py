"""The contract's JSON."""

import json


def render(findings, summary):
    """Version 1."""
    return json.dumps({"version": 1, "files": summary.files, "findings": findings}, indent=1, ensure_ascii=True) + "\n"
