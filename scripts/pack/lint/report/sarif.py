"""SARIF 2.1.0 with the rules that were hit."""

import json

from .. import catalogue

LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(findings, summary):
    """One run."""
    from pack import __version__

    names = sorted({item["rule"] for item in findings})
    index = {name: number for number, name in enumerate(names)}
    rules = []
    for name in names:
        entry = catalogue.entry(name)
        rules.append(
            {
                "id": name,
                "shortDescription": {"text": entry.title},
                "fullDescription": {"text": entry.why or entry.title},
                "help": {"text": entry.text},
                "defaultConfiguration": {"level": LEVELS[entry.severity]},
            }
        )
    results = []
    for item in findings:
        region = {
            "startLine": item["line"],
            "startColumn": item["column"],
            "endLine": item["end_line"],
            "endColumn": item["end_column"],
        }
        place = {"artifactLocation": {"uri": _uri(item["path"])}, "region": region}
        results.append(
            {
                "ruleId": item["rule"],
                "ruleIndex": index[item["rule"]],
                "level": LEVELS[item["severity"]],
                "message": {"text": item["message"]},
                "locations": [{"physicalLocation": place}],
            }
        )
    driver = {"name": "pack lint", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1) + "\n"


def _uri(path):
    from urllib.parse import quote

    return quote(path, safe="/")
