"""`path:line:col: severity: message [rule]`, one a line, and one line of totals."""

COLORS = {"error": "\033[31m", "warning": "\033[33m", "info": "\033[36m"}


def render(findings, summary):
    """Plain or coloured text."""
    lines = []
    for item in findings:
        severity, path = item["severity"], visible(item["path"])
        if summary.color:
            severity = "%s%s\033[0m" % (COLORS[severity], severity)
            path = "\033[1m%s\033[0m" % path
        mark = " [%s]%s" % (item["rule"], " (--fix)" if item["fixable"] else "")
        lines.append("%s:%d:%d: %s: %s%s" % (path, item["line"], item["column"], severity, visible(item["message"]), mark))
    counts = {level: sum(item["severity"] == level for item in findings) for level in COLORS}
    total = "%d file%s checked" % (summary.files, "" if summary.files == 1 else "s")
    found = ["%d %s%s" % (n, level, "s" if n != 1 and level != "info" else "") for level, n in counts.items() if n]
    lines.append("%s: %s" % (total, ", ".join(found) if found else "nothing found"))
    if summary.baselined:
        lines[-1] += " (%d known from the baseline)" % summary.baselined
    return "\n".join(lines) + "\n"


def visible(text):
    """No control or direction character reaches a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\\u%04x" % ord(c) for c in text)
