"""JUnit XML: each file is a test case, each finding a failure of it; a file without findings is a case that passes."""

from xml.sax.saxutils import escape, quoteattr

from .text import visible


def render(findings, summary):
    """Errors and warnings are failures; info stands in the output."""
    by_path = {}
    for item in findings:
        by_path.setdefault(item["path"], []).append(item)
    failures = sum(item["severity"] != "info" for item in findings)
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines.append('<testsuites><testsuite name="pack lint" tests="%d" failures="%d">' % (max(summary.files, len(by_path)), failures))
    for path, items in by_path.items():
        lines.append("<testcase classname=%s name=%s>" % (quoteattr("pack lint"), quoteattr(visible(path))))
        for item in items:
            text = "%d:%d: %s: %s" % (item["line"], item["column"], item["severity"], visible(item["message"]))
            if item["severity"] == "info":
                lines.append("<system-out>%s</system-out>" % escape(text))
            else:
                lines.append(
                    "<failure type=%s message=%s>%s</failure>"
                    % (quoteattr(item["rule"]), quoteattr(visible(item["message"])), escape(text))
                )
        lines.append("</testcase>")
    for index in range(max(0, summary.files - len(by_path))):
        lines.append('<testcase classname="pack lint" name="clean file %d"/>' % (index + 1))
    lines.append("</testsuite></testsuites>")
    return "\n".join(lines) + "\n"
