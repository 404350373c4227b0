"""Report formats: text, json, sarif, github, junit. Each is `render(findings, summary) -> str`; a finding is a mapping with path, line, column
(both from 1), severity (error, warning or info), rule, message and fixable."""

import sys

FORMATS = ("text", "json", "sarif", "github", "junit")


def render(name, findings, summary):
    """The report as text, with its final line break."""
    module = "pack.lint.report." + name
    __import__(module)
    return sys.modules[module].render(findings, summary)


class Summary:
    """What a report needs besides the findings. files: how many were checked; client: the version judged for; baselined: how many known findings
    are left out."""

    def __init__(self, files, color=False, client="", baselined=0):
        self.files, self.color, self.client, self.baselined = files, color, client, baselined
