"""Mend what has one right answer: edits of characters, nothing else in the file is touched."""

import os
import tempfile


ROUNDS = 20  # a fix may uncover another one; no chain seen is longer than three


def mend(project, findings, only, again):
    """{path: (source, mended text)} of the files that fixes change, and the findings that are left then.

    `only` is the set of paths that may change (None: all); `again(overlay)` is (project, findings) with {path: bytes} laid
    over the files. Fixes that do not touch each other are made at once; then all is judged anew until nothing changes.
    """
    files = {file.rel: file for file in project.files}
    sources = {}
    mended = {}
    for _ in range(ROUNDS):
        texts = {}
        for rel in sorted({finding.path for finding in findings if finding.fix}):
            if rel in files and rel not in sources:
                sources[rel] = files[rel].source
            source = sources.get(rel)
            if source is None or source.decode_error is not None or project.listing.get(rel) != "f":
                continue  # bytes that do not decode would not survive; a link's file belongs to its own path
            if only is not None and rel not in only:
                continue
            before = mended.get(rel, source.text)
            text = apply(before, [finding.fix for finding in findings if finding.fix and finding.path == rel])
            if text != before:
                texts[rel] = text
        if not texts:
            break
        mended.update(texts)
        project, findings = again({rel: text.encode("utf-8") for rel, text in mended.items()})
    return {rel: (sources[rel], text) for rel, text in mended.items() if text != sources[rel].text}, findings


def show(changes):
    """The changes as unified diffs."""
    return "".join(diff(rel, source.text, text) for rel, (source, text) in sorted(changes.items()))


def save(root, changes):
    """Write the changed files."""
    for rel, (_, text) in sorted(changes.items()):
        write(os.path.join(root, rel), text.encode("utf-8"))


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
