"""Workflow commands: GitHub shows them beside the lines of a pull request."""

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(findings, summary):
    """One command a finding."""
    lines = []
    for item in findings:
        fields = "file=%s,line=%d,col=%d,endLine=%d,endColumn=%d,title=%s" % (
            _property(item["path"]),
            item["line"],
            item["column"],
            item["end_line"],
            item["end_column"],
            _property(item["rule"]),
        )
        lines.append("::%s %s::%s" % (LEVELS[item["severity"]], fields, _data(item["message"])))
    return "".join(line + "\n" for line in lines)


def _data(text):
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text):
    return _data(text).replace(":", "%3A").replace(",", "%2C")
