"""Mend what has one right answer: edits of characters, nothing else in the file is touched."""

import os
import tempfile

from .config import UsageError


ROUNDS = 40  # a fix may uncover another one (no chain seen is longer than three); a file may have to be mended step by step
PART_OF = tuple("`\"'@/:=($-_.")


def mend(project, findings, only, again):
    """{path: (source, mended text)} of the files that fixes change, and the findings that are left then.

    `only` is the set of paths that may change (None: all); `again(overlay)` is (project, findings) with {path: bytes} laid
    over the files. Fixes that do not touch each other are made at once; then all is judged anew until nothing changes. A file
    whose fixes do not hold (see _Held) is taken back and mended one fix at a time; a fix that does not hold alone is left out.
    """
    sources, mended = {}, {}
    slowly, refused = set(), set()  # paths; (path, rule, message)
    for _ in range(ROUNDS):
        files = {file.rel: file for file in project.files}
        before, texts, made = {}, {}, {}
        for rel in sorted({finding.path for finding in findings if finding.fix}):
            if rel in files and rel not in sources:
                sources[rel] = files[rel].source
            source = sources.get(rel)
            if source is None or source.decode_error is not None or project.listing.get(rel) != "f":
                continue  # bytes that do not decode would not survive; a link's file belongs to its own path
            if only is not None and rel not in only:
                continue
            able = [
                one for one in findings if one.fix and one.path == rel and _key(one) not in refused and not _is_prose(files[rel], one.fix)
            ]
            able = able[:1] if rel in slowly else able
            old = mended.get(rel, source.text)
            text = apply(old, [finding.fix for finding in able])
            if text != old:
                before[rel], texts[rel], made[rel] = _Held(files[rel], findings), text, able
        if not texts:
            break
        project, findings = again({rel: text.encode("utf-8") for rel, text in dict(mended, **texts).items()})
        files = {file.rel: file for file in project.files}
        wrong = [rel for rel in texts if rel not in files or not before[rel].holds(_Held(files[rel], findings), made[rel])]
        for rel in wrong:
            del texts[rel]
            if len(made[rel]) == 1:
                refused.add(_key(made[rel][0]))
            slowly.add(rel)
        mended.update(texts)
        if wrong:
            project, findings = again({rel: text.encode("utf-8") for rel, text in mended.items()})
    return {rel: (sources[rel], text) for rel, text in mended.items() if text != sources[rel].text}, findings


def _key(finding):
    return finding.path, finding.rule, finding.message


class _Held:
    """What a fix must not break in a file: it parses as before, no key is lost or there twice; and what the rules say of it."""

    def __init__(self, file, findings):
        self.said = {}
        for finding in findings:
            if finding.path == file.rel:
                self.said.setdefault(finding.rule, []).append(finding.message)
        holder = file.json if file.is_json else file.front
        self.parses = holder is not None and not getattr(holder, "error", None)
        self.lenient = getattr(holder, "lenient", False)
        self.doubles = len(holder.duplicates) if holder is not None else 0
        value = holder.value if holder is not None else None
        self.keys = len(value) if isinstance(value, dict) else 0

    def holds(self, after, made):
        """Is the file that came of it sound, and is each message that was mended said so many times less? (The same may be true of a place
        that has no fix.)"""
        if self.parses and (not after.parses or after.lenient and not self.lenient or after.keys < self.keys):
            return False
        if after.doubles > self.doubles:
            return False
        texts = [(finding.rule, finding.message) for finding in made]
        return all(
            after.said.get(rule, []).count(message) <= self.said[rule].count(message) - texts.count((rule, message))
            for rule, message in texts
        ) and all(len(after.said.get(rule, ())) < len(self.said[rule]) for rule, _ in texts)


def _is_prose(file, fix):
    """Does it change words that a reader reads? A name stands in code, in quotes, behind `@`, `:` or `$`, or has a mark in it."""
    text = file.text
    for start, end, _ in fix:
        old = text[start:end]
        if file.is_json or start < file.body_start or start == end or not old.replace(" ", "").isalpha() or file.prose.in_code(start):
            continue
        before = text[max(0, start - 2) : start]
        if before[-1:] in PART_OF or text[end : end + 1] in PART_OF or before in (": ", "= "):
            continue
        return True
    return False


def show(changes):
    """The changes as unified diffs."""
    return "".join(diff(rel, source.text, text) for rel, (source, text) in sorted(changes.items()))


def save(root, changes):
    """Write the changed files; UsageError names the first that cannot be written (those before it are)."""
    for rel, (_, text) in sorted(changes.items()):
        try:
            write(os.path.join(root, rel), text.encode("utf-8"))
        except OSError as error:
            raise UsageError("%s cannot be written: %s; nothing of it has changed (--diff shows what would)" % (rel, error.strerror))


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
