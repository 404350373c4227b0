"""Mend what has one right answer: edits of characters, nothing else in the file is touched."""

import os
import sys
import tempfile


def mend(project, findings, only_diff):
    """Apply (or show) the fixes; the number of changed files."""
    by_file = {}
    for finding in findings:
        if finding.fix:
            by_file.setdefault(finding.path, []).append(finding.fix)
    changed = 0
    sources = {file.rel: file.source for file in project.files}
    for rel in sorted(by_file):
        source = sources.get(rel)
        if source is None or source.decode_error is not None or project.listing.get(rel) != "f":
            continue  # bytes that do not decode would not survive; a link's file belongs to its own path
        text = apply(source.text, by_file[rel])
        if text == source.text:
            continue
        changed += 1
        if only_diff:
            sys.stdout.write(diff(rel, source.text, text))
        else:
            write(os.path.join(project.root, rel), text.encode("utf-8"))
    return changed


def apply(text, fixes):
    """The text with every fix that does not overlap an earlier one."""
    edits, taken = [], []
    for fix in fixes:
        if any(
            start < other_end and other_start < end or start == other_start and end == other_end
            for start, end, _ in fix
            for other_start, other_end in taken
        ):
            continue
        taken += [(start, end) for start, end, _ in fix]
        edits += fix
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def diff(rel, before, after):
    """A unified diff."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), "a/" + rel, "b/" + rel)
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def write(path, data):
    """Replace a file's content in one step, keeping its mode."""
    folder = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".pack-lint-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
