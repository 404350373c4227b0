"""Whether every blob that a range of commits changes was approved: from notes and a list of trusted keys, with git and Python alone.

Nothing in the range is trusted, nor any note as such. An attestation counts when a key of `allowed_signers` signed it, it is a whole
run of this very repository, and it is consistent in itself. A change counts as approved when an attestation that counts names the same
path, mode and blob in a DONE task with the approvals that are asked for: so a squash merge, rebase or cherry-pick of approved content is
approved, and a rename, another mode or another case is not. Where the note lies does not matter: notes stay behind when history is
rewritten.
"""

import base64
import binascii
import json
import os
import re
import subprocess
import tempfile
import time

from ..base import yamltext
from ..protocol import tables
from ..protocol.plan import sensitive_areas
from ..teams import schema
from . import attest

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_BYTES = 8 << 20  # of one note
MOST_LINES = 16  # of a list of keys, with one key
SKEW = 300  # seconds that two clocks may differ
LEVELS = ("off", "partial", "full")
TWICE = "twice"  # in the place of a mode
RANGE_OPTIONS = ("--not", "--all", "--branches", "--tags", "--remotes")
MATRIX_KEYS = ("default", "paths", "enforcement", "verified", "checkout", "waivers")


class CannotVerify(Exception):
    """A question that cannot be answered (exit 2); the text names the way out."""


# --- what is asked for ------------------------------------------------------------------------------------------------------------
def matrix(path):
    """matrix.yaml as a dict. Raises CannotVerify, with the line, for what it does not know."""
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as f:
            found = yamltext.read(f.read()).value
    except (OSError, UnicodeDecodeError) as error:
        raise CannotVerify("%s cannot be read: %s" % (path, getattr(error, "strerror", None) or "it is not UTF-8")) from None
    except yamltext.YamlError as error:
        raise CannotVerify("%s: %s" % (path, error)) from None
    found = {} if found is None else found
    if not isinstance(found, dict):
        raise CannotVerify("%s: a mapping is expected, with %s" % (path, ", ".join(MATRIX_KEYS)))
    for key in found:
        if key not in MATRIX_KEYS:
            raise CannotVerify("%s: no setting is called %r; there are %s" % (path, key, ", ".join(MATRIX_KEYS)))
    rules = dict(found.get("paths") or {}, **({"default": found["default"]} if "default" in found else {}))
    for where, roles in rules.items():
        if roles != "mode" and (not isinstance(roles, list) or any(r not in tables.APPROVERS for r in roles)):
            raise CannotVerify(
                "%s: %s: a list of roles is expected (%s), or the word `mode`; found %r" % (path, where, ", ".join(tables.APPROVERS), roles)
            )
    if found.get("enforcement") not in (None,) + LEVELS:
        raise CannotVerify("%s: enforcement is one of %s" % (path, ", ".join(LEVELS)))
    for key in ("verified", "checkout", "waivers"):
        if not isinstance(found.get(key, False), bool):
            raise CannotVerify("%s: %s is true or false" % (path, key))
    return found


def _glob(pattern, flags=0):
    """A path pattern as a regular expression: `*` within a folder, `**` across folders, a folder's name for all below it."""
    out, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out, i = out + "(?:.*/)?", i + 3
        elif pattern.startswith("**", i):
            out, i = out + ".*", i + 2
        elif pattern[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif pattern[i] == "?":
            out, i = out + "[^/]", i + 1
        else:
            out, i = out + re.escape(pattern[i]), i + 1
    return re.compile(out + (".*" if pattern.endswith("/") else "") + r"\Z", re.S | flags)


def asked(rules, path):
    """The roles that a matrix asks for at a path: a list, or "mode". Of several patterns that fit, all count; one with `[]` asks for nothing
    only where no other one fits, and only in the same case: `SRC/x` is what is asked for in `src/`, for on many disks it lies there."""
    fits = [
        roles for pattern, roles in (rules.get("paths") or {}).items() if _glob(str(pattern), re.IGNORECASE if roles else 0).match(path)
    ]
    if not fits:
        return rules.get("default", "mode")
    if "mode" in fits:
        return "mode"
    return sorted({role for roles in fits for role in roles})


# --- attestations -------------------------------------------------------------------------------------------------------------------
def _strict(pairs):
    out = {}
    for key, value in pairs:
        if key in out:
            raise ValueError("the key %r stands there twice" % key)
        out[key] = value
    return out


def _json(text):
    def no(word):
        raise ValueError("%s is no JSON" % word)

    return json.loads(text, object_pairs_hook=_strict, parse_constant=no)


def notes(top, refs):
    """[(where, line)] of every note in the trees of these refs; a ref that does not exist has none."""
    out = []
    for ref in refs:
        listed = attest.git(top, "ls-tree", "-r", "-l", "-z", "--full-tree", ref + "^{tree}")
        for row in (listed or b"").split(b"\0"):
            if not row:
                continue
            meta, _tab, name = row.partition(b"\t")
            _mode, kind, blob, size = meta.decode("ascii").split()
            where = "note on %s" % name.replace(b"/", b"").decode("ascii", "replace")[:12]
            if kind != "blob" or int(size) > MOST_BYTES:
                continue
            text = attest.git(top, "cat-file", "blob", blob) or b""
            out += [(where, part.strip()) for part in text.decode("utf-8", "replace").split("\n") if part.strip().startswith("{")]
    return out


def read(where, text):
    """One line -> {"where", "payload": bytes, "statement", "signatures", "why": None or why it does not count}."""
    out = {"where": where, "payload": b"", "statement": None, "signatures": [], "why": None, "by": None}
    try:
        found = _json(text)
        if found.get("payloadType") != attest.PAYLOAD:
            raise ValueError("its payload is %r" % (found.get("payloadType"),))
        out["payload"] = base64.b64decode(found["payload"], validate=True)
        out["signatures"] = [base64.b64decode(s["sig"], validate=True) for s in found["signatures"]]
        out["statement"] = _json(out["payload"].decode("utf-8"))
        out["why"] = _inconsistent(out["statement"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, UnicodeDecodeError) as error:
        out["why"] = "not readable: %s" % (str(error)[:120] or type(error).__name__)
    return out


def _inconsistent(found):
    """Why a statement contradicts itself or is of another kind; None when it does not."""
    if not isinstance(found, dict) or found.get("_type") != attest.STATEMENT or found.get("predicateType") != attest.PREDICATE:
        return "another kind of statement (%s)" % str((found or {}).get("predicateType"))[:60]
    predicate = found.get("predicate")
    wrong = schema.errors(predicate, schema.load(HERE, "attest.schema.json"))
    if wrong:
        return "not as its schema says: %s" % (wrong[0] if isinstance(wrong[0], str) else ": ".join(map(str, wrong[0])))
    row = lambda s: (s["name"], tuple(sorted(s["digest"].items())))
    if set(found) != {"_type", "subject", "predicateType", "predicate"} or sorted(map(row, found["subject"])) != sorted(
        map(row, attest.subjects(predicate))
    ):
        return "its subjects are not those of its predicate"
    run = predicate["run"]
    if run["aborted"]:
        return "the run was aborted"
    if not run["opened"] <= run["closed"]:
        return "the run was closed before it was opened"
    if run["closed"] > time.time() + SKEW:
        return "the run was closed in the future"
    ids = [task["id"] for task in predicate["tasks"]]
    if len(set(ids)) != len(ids):
        return "a task stands there twice"
    for task in predicate["tasks"]:
        for a in task["approvals"]:
            if a["role"] not in tables.APPROVERS:
                return "task #%d: %s approves nothing" % (task["id"], a["role"])
            if not run["opened"] <= a["at"] <= run["closed"]:
                return "task #%d: %s approved outside the run's time" % (task["id"], a["role"])
        names = [f["path"] for f in task["files"]]
        if len(set(names)) != len(names) or any((f["blob"] is None) != (f["mode"] == "000000") for f in task["files"]):
            return "task #%d: a path stands there twice, or a blob without one" % task["id"]
    return None


def place(found, top, own_roots):
    """Why a consistent statement is not about this repository, or its time cannot be; None otherwise."""
    predicate = found["statement"]["predicate"]
    if not set(predicate["repository"]["roots"]) & set(own_roots):
        return "it is of another repository"
    for commit in predicate["commits"]:
        when = attest.line(top, "log", "-1", "--format=%ct", commit["id"])
        if when.isdigit() and int(when) > predicate["run"]["closed"] + SKEW:
            return "time was turned back: commit %s was made after the run was closed" % commit["id"][:7]
    return None


def _single_lines(allowed, signature, temp):
    """Files with one line of `allowed` each, for every line that names the signature's key where there are several: of these find-principals
    answers the first alone, and looks at its dates only, so a line for another purpose hid the right one
    (findings/git-ssh-signature-first-line-decides.sh). [] where one line or none has the key."""
    try:
        raw = base64.b64decode(b"".join(line for line in signature.splitlines() if not line.startswith(b"-")))
        length = int.from_bytes(raw[10:14], "big")  # "SSHSIG", the version, then the public key with its length before it
        key = base64.b64encode(raw[14 : 14 + length])
        with open(allowed, "rb") as f:
            lines = [line for line in f if key in line.split() and not line.lstrip().startswith(b"#")]
    except (binascii.Error, OSError):
        return []
    files = []
    for n, line in enumerate(lines[:MOST_LINES] if len(lines) > 1 else []):
        files.append(os.path.join(temp, "line-%d" % n))
        with open(files[-1], "wb") as f:
            f.write(line.rstrip(b"\r\n") + b"\n")
    return files


def signer(found, allowed, revoked=None):
    """(principal, None) of the first signature that a key in `allowed` made and that held at the run's end; (None, why)."""
    if not found["signatures"]:
        return None, "unsigned"
    closed = found["statement"]["predicate"]["run"]["closed"]
    try:
        at = "-Overify-time=" + time.strftime("%Y%m%d%H%M%S", time.gmtime(closed))
    except (ValueError, OverflowError, OSError):
        return None, "its time is none"
    env = dict(os.environ, TZ="UTC", LC_ALL="C")
    quiet = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=20)
    why = "signed by no key of %s" % allowed
    with tempfile.TemporaryDirectory() as temp:
        for signature in found["signatures"][:8]:
            name = os.path.join(temp, "sig")
            with open(name, "wb") as f:
                f.write(signature)
            try:
                for keys in [allowed] + _single_lines(allowed, signature, temp):
                    done = subprocess.run(
                        ["ssh-keygen", "-Y", "find-principals", "-s", name, "-f", keys, at], stdin=subprocess.DEVNULL, **quiet
                    )
                    for principal in done.stdout.decode("utf-8", "replace").split("\n") if done.returncode == 0 else []:
                        more = ["-r", revoked] if revoked else []
                        argv = ["ssh-keygen", "-Y", "verify", "-f", keys, "-I", principal, "-n", attest.NAMESPACE, "-s", name, at] + more
                        check = subprocess.run(argv, input=attest.pae(found["payload"]), **quiet) if principal else None
                        if check and check.returncode == 0:
                            return principal, None
                        if check:
                            said = (check.stderr + check.stdout).decode("utf-8", "replace").strip().splitlines()
                            why = "the signature does not hold (%s)" % (said[0][:120] if said else "ssh-keygen says no")
            except FileNotFoundError:
                raise CannotVerify("ssh-keygen is not installed: it checks the signatures") from None
            except subprocess.SubprocessError:
                why = "ssh-keygen did not answer"
    return None, why


# --- the range ------------------------------------------------------------------------------------------------------------------------
def commits(top, words):
    """Commits of a range, oldest first. words: `A..B`, a revision, `B --not --all`. Raises CannotVerify."""
    for word in words:
        if word.startswith("-") and word not in RANGE_OPTIONS or "..." in word:
            raise CannotVerify("%r is no range: A..B, a revision, or \"B --not --all\"" % word)
    if not words:
        raise CannotVerify("name a range: A..B, a revision, or \"B --not --all\"")
    found = attest.git(top, "rev-list", "--reverse", "--topo-order", *words, "--")
    if found is None:
        raise CannotVerify("git knows no range %s here (%s)" % (" ".join(words), top))
    return found.decode("ascii").split()


def tip(top, words):
    """The commit that a range ends at."""
    for word in words:
        if not word.startswith(("-", "^")):
            end = (word.partition("..")[2] or "HEAD") if ".." in word else word
            return attest.line(top, "rev-parse", "--verify", "-q", end + "^{commit}")
    raise CannotVerify("the range %s has no end" % " ".join(words))


def changes(top, commit):
    """{path: (mode, blob)} that a commit itself changes, ("000000", None) for what it deletes; of a merge what differs from every parent."""
    parents = attest.line(top, "rev-list", "--parents", "-n", "1", commit).split()[1:]
    out = None
    for parent in parents or [None]:
        here = _between(top, parent, commit)
        out = here if out is None else {p: v for p, v in out.items() if here.get(p) == v}
    return out


def _between(top, before, commit):
    """{path: (mode, blob)} that differs in a commit from another one, or from nothing; (TWICE, None) for a name that a tree has twice, which no git
    writes: one shows the approved content, and the other one is checked out."""
    argv = ["diff-tree", "-r", "--no-renames", "--no-commit-id", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "-z"]
    rows = attest.git(top, *argv, *([before, commit] if before else ["--root", commit]))
    if rows is None:
        raise CannotVerify("git cannot read commit %s: fetch it whole (no shallow or partial clone)" % commit[:7])
    parts, out = rows.split(b"\0"), {}
    for meta, path in zip(parts[::2], parts[1::2]):
        _old_mode, mode, _old, blob, _status = meta.decode("ascii")[1:].split()
        name = path.decode("utf-8", "surrogateescape")
        out[name] = (TWICE, None) if name in out else ("000000", None) if mode == "000000" else (mode, blob)
    return out


def lost(top, words, end):
    """{path: (mode, blob)} that differs at the end of a range from where it begins, for a range A..B that goes on from A: a merge may take back what A
    had, and differs in nothing from the parent whose side it keeps. Empty for a range of another kind, whose beginning has work of its own."""
    start = [w[1:] if w.startswith("^") else w.partition("..")[0] for w in words if w.startswith("^") or ".." in w]
    before = attest.line(top, "rev-parse", "--verify", "-q", (start[0] or "HEAD") + "^{commit}") if len(start) == 1 else ""
    if not before or attest.git(top, "merge-base", "--is-ancestor", before, end) is None:
        return {}
    return _between(top, before, end)


def _roles_of(task, mode):
    """The roles that the protocol's own matrix asks for in a mode; what the statement says of it is not believed."""
    out = []
    for role in tables.APPROVAL_MATRIX[mode]:
        if role == tables.TASK_REVIEWERS:
            named = [r for r in task.get("required") or [] if r in tables.SPECIALISTS]
            out += list(tables.SPECIALISTS) if task.get("high_risk") else named
        else:
            out.append(role)
    if tables.ENABLING in tables.MODE_ROLES[mode] and task.get("high_risk"):
        paths = [f["path"] for f in task.get("files") or [] if isinstance(f, dict) and isinstance(f.get("path"), str)]
        if tables.ENABLING in (task.get("required") or []) or sensitive_areas(paths):
            out.append(tables.ENABLING)
    return out


def _lacks(predicate, rules):
    """What of a whole run the matrix does not accept, None when nothing."""
    level = predicate["enforcement"]["level"]
    if LEVELS.index(level) < LEVELS.index(rules.get("enforcement") or "off"):
        return "enforcement was %s" % level
    verified = predicate["verification"] or {"passed": False, "where": "nowhere"}
    if rules.get("verified") and not verified["passed"]:
        return "build and tests were not verified"
    if rules.get("checkout") and verified["where"] != "checkout":
        return "it was verified %s" % verified["where"]
    return None


def verify(top, words, rules=None, allowed=None, revoked=None, refs=(attest.NOTES,), files=(), unsigned=False):
    """Check a range. Answers a dict: {"ok", "range", "commits", "changes", "approved", "missing": [{"commit", "path", "mode", "blob", "missing",
    "why"}], "attestations": [{"where", "team", "closed", "by", "counts", "why"}]}. Raises CannotVerify.

    allowed, revoked: paths of SSH's allowed_signers and of a revocation list; refs: where notes are; files: more files with envelopes, a
    line each; unsigned: whether unsigned attestations count, too."""
    rules = rules or {}
    if attest.line(top, "rev-parse", "--is-shallow-repository") == "true":
        raise CannotVerify("the history here is cut (a shallow clone): git fetch --unshallow, in CI fetch-depth: 0")
    if not unsigned and not allowed:
        raise CannotVerify(
            "no trusted keys: --allowed-signers FILE, or git config gpg.ssh.allowedSignersFile FILE (--allow-unsigned takes any)"
        )
    for path in (allowed, revoked):
        if path and not os.path.isfile(path):
            raise CannotVerify("%s does not exist" % path)
    chosen = commits(top, words)
    end = tip(top, words)
    own = attest.roots(top, end) if end else []
    own = sorted(set(own) - set(chosen)) or own  # a root that the range brings along makes no other repository's approvals ours
    known, seen = [], []
    lines = notes(top, refs)
    for path in files:
        try:
            with open(path, encoding="utf-8") as f:
                lines += [(path, part.strip()) for part in f.read(64 << 20).split("\n") if part.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise CannotVerify("%s cannot be read: %s" % (path, getattr(error, "strerror", None) or "it is not UTF-8")) from None
    for where, text in dict.fromkeys(lines):
        found = read(where, text)
        why, by = found["why"] or place(found, top, own), None
        if why is None:
            by, why = (
                signer(found, allowed, revoked) if allowed else (None, "unsigned" if not found["signatures"] else "no list of trusted keys")
            )
            if why and unsigned and why in ("unsigned", "no list of trusted keys"):
                why = None
        why = why or _lacks(found["statement"]["predicate"], rules)
        run = found["statement"]["predicate"]["run"] if not found["why"] else {}
        known.append({"where": where, "team": run.get("team"), "closed": run.get("closed"), "by": by, "counts": why is None, "why": why})
        if why is None:
            seen.append(found["statement"]["predicate"])
    index = _index(seen, rules)
    missing, total, changed = [], 0, set()
    for commit in chosen + [None]:
        found = changes(top, commit) if commit else lost(top, words, end) if chosen else {}
        for path, (mode, blob) in sorted(found.items()):
            if commit is None and (path, mode, blob) in changed:
                continue
            total += 1
            changed.add((path, mode, blob))
            lack = _missing(rules, index, path, mode, blob)
            if lack:
                missing.append({"commit": commit or end, "path": path, "mode": mode, "blob": blob, "missing": lack[0], "why": lack[1]})
    return {
        "ok": not missing,
        "range": " ".join(words),
        "commits": len(chosen),
        "changes": total,
        "approved": total - len(missing),
        "missing": missing,
        "attestations": known,
    }


def _index(predicates, rules):
    """{(path, mode, blob): [(roles that approved, roles that the mode asks for, whether the user waived it)]}, and what is known of paths."""
    exact, paths, blobs = {}, {}, {}
    for predicate in predicates:
        for task in predicate["tasks"]:
            if task["state"] != "DONE" or not task["revision"]:
                continue
            have = {a["role"] for a in task["approvals"] if a["revision"] == task["revision"]}
            for f in task["files"]:
                exact.setdefault((f["path"], f["mode"], f["blob"]), []).append(
                    (have, set(_roles_of(task, predicate["run"]["mode"])), False)
                )
                paths.setdefault(f["path"], set()).add((f["mode"], f["blob"]))
                blobs.setdefault(f["blob"], set()).add((f["path"], f["mode"]))
        for w in predicate["waivers"]:
            if rules.get("waivers"):
                exact.setdefault((w["path"], w["mode"], w["blob"]), []).append((set(), set(), True))
    return exact, paths, blobs


def _missing(rules, index, path, mode, blob):
    """(missing roles, why) of one change, None when it is approved."""
    exact, paths, blobs = index
    roles = asked(rules, path)
    if mode == TWICE:
        return [], "the name stands there twice in its tree"
    if roles == []:
        return None
    found = exact.get((path, mode, blob), [])
    if any(waived for _have, _need, waived in found):
        return None
    have = {role for one, _need, _waived in found for role in one}
    if roles == "mode":
        if any(need and need <= have for _have, need, _waived in found):
            return None
        short = [sorted(need - have) for _have, need, _waived in found]
        return (
            (short[0], "approved only by %s" % (", ".join(sorted(have)) or "nobody"))
            if found
            else ([], _nearest(paths, blobs, path, mode, blob))
        )
    lack = sorted(set(roles) - have)
    if not lack:
        return None
    return lack, "approved only by %s" % (", ".join(sorted(have)) or "nobody") if found else _nearest(paths, blobs, path, mode, blob)


def _nearest(paths, blobs, path, mode, blob):
    """What is known of a change that no attestation covers."""
    if path in paths:
        known = sorted(paths[path], key=str)
        if any(b == blob for _m, b in known):
            return "approved with mode %s, here %s" % (", ".join(m for m, b in known if b == blob), mode)
        return "other content of it was approved"
    others = sorted(p for p, _m in blobs.get(blob, ())) if blob else []
    if others:
        return "this content was approved as %s" % ", ".join(others[:3])
    return "no attestation that counts names it"
