"""One in-toto Statement v1 about a finished run, in a DSSE envelope, signed with the user's own git SSH key.

Subjects are the run's commits and every approved blob; the predicate is attest.schema.json. A blob is attested as it is committed, where it
is the approved bytes or the form of them that git keeps (line ends, an encoding, a pointer of Git LFS): the gate compared the two when the
commit was made, and the journal says so. The envelope is one
line, so that notes which git puts together (`cat_sort_uniq`, squash) stay readable; it is kept in refs/notes/team and in the team's
folder.
"""

import base64
import json
import os
import posixpath
import subprocess
import tempfile

from ..base import enforcement, git_facts, project_facts, whole_file
from ..protocol import view

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:team:approved-run:v1"
PAYLOAD = "application/vnd.in-toto+json"
NAMESPACE = "team-attest"  # of the SSH signature: one made for something else is none for this
NOTES = "refs/notes/team"
FILE = "attestation.jsonl"
QUARANTINE = (
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)  # where a push's objects wait for pre-receive


class CannotAttest(Exception):
    """Why there is nothing to attest; one line."""


def git(folder, *args, data=None, env=None, timeout=60):
    """A git command's output in bytes, None when it fails; blind to replaced objects, grafts, and whatever the environment says."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in QUARANTINE}
    try:
        done = subprocess.run(
            ("git", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", folder)
            + project_facts.AS_ASKED
            + args,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(inherited, GIT_GRAFT_FILE=os.devnull, GIT_NO_REPLACE_OBJECTS="1", GIT_TERMINAL_PROMPT="0", LC_ALL="C", **(env or {})),
            timeout=timeout,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def line(folder, *args):
    """The same as text, "" when it fails."""
    return (git(folder, *args) or b"").decode("utf-8", "surrogateescape").strip()


def roots(folder, rev="HEAD"):
    """Commits without a parent that a revision comes from."""
    return sorted(line(folder, "rev-list", "--max-parents=0", rev).split())


def entries(top, commit, paths):
    """{path: (mode, blob)} of a commit, for paths from the top (a folder stands for what is in it)."""
    out = {}
    listed = git(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths) if paths else b""
    for row in (listed or b"").split(b"\0"):
        if row:
            meta, _tab, name = row.partition(b"\t")
            mode, _kind, blob = meta.decode("ascii").split()
            out[name.decode("utf-8", "surrogateescape")] = (mode, blob)
    return out


def _laid_out(top, prefix, found, folder):
    """Write a commit's files as git holds them, for the digest that an approval names."""
    for path, (mode, blob) in found.items():
        full = os.path.join(folder, os.path.relpath("/" + path, "/" + prefix))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if mode == "160000":
            os.makedirs(full, exist_ok=True)
            continue
        content = git(top, "cat-file", "blob", blob)
        if content is None:
            raise CannotAttest("the repository lacks %s (%s)" % (path, blob[:7]))
        if mode == "120000":
            os.symlink(os.fsdecode(content), full)
            continue
        with open(full, "wb") as f:
            f.write(content)
        os.chmod(full, 0o755 if mode == "100755" else 0o644)


def _approved_files(top, prefix, task, commits, number, records):
    """[{"path", "mode", "blob"}] of a DONE task, from the newest commit that holds what was approved."""
    content = next(
        (r["data"]["content"] for r in records[::-1] if r["event"] == "CONTENT_SEALED" and r["data"]["sum"] == task["sealed"]), None
    )
    found = (
        _sealed_files(top, prefix, content, commits, _judged(top, records, number)) if content else _by_revision(top, prefix, task, commits)
    )
    if found is not None:
        return found
    raise CannotAttest(
        "no commit holds what was approved of task #%d «%s»: nothing is attested that git does not have" % (number, task["subject"])
    )


def _judged(top, records, number):
    """The commits that the gate found to be what was approved of a task, since it was last opened."""
    out = []
    for r in records:
        if r["event"] == "TASK_REOPENED" and r["data"]["task"] == number:
            out = []
        elif r["event"] == "COMMITTED" and number in (r["data"].get("tasks") or ()):
            out.append(r["data"]["sha"])
    return [sha for sha in out if git(top, "cat-file", "-e", sha + "^{commit}") is not None]


def _sealed_files(top, prefix, content, commits, judged):
    """The same from {path: digest} of what was approved; None where no commit holds it. judged: the commits of `_judged`."""
    nested = tuple(p + "/" for p, digest in content.items() if digest.startswith("commit:"))  # what is in one is in its commit
    wanted = {prefix + p: digest for p, digest in content.items() if not (nested and p.startswith(nested))}
    forms = {path: set() for path in wanted}
    for commit in judged:
        for path, entry in entries(top, commit, wanted).items():
            forms.setdefault(path, set()).add(entry)
    modes = git_facts.has_modes(top)
    for commit in commits:
        found = entries(top, commit, wanted)
        there = git_facts.digests(top, ("%s %s" % entry for entry in found.values()))
        if all(
            path not in found
            if digest == git_facts.GONE
            else path in found and (found[path] in forms[path] or git_facts.same(digest, there["%s %s" % found[path]], lambda: modes))
            for path, digest in wanted.items()
        ):
            return [
                {"path": p, "mode": found[p][0], "blob": found[p][1]} if p in found else {"path": p, "mode": "000000", "blob": None}
                for p in sorted(wanted)
            ]
    return None


def _by_revision(top, prefix, task, commits):
    """The same for runs of versions that kept no digest of each file: from a commit whose content gives the very revision."""
    declared = list(task["files"]) + task["touched"]
    for commit in commits:
        found = entries(top, commit, [prefix + d.rstrip("/") for d in declared])
        with tempfile.TemporaryDirectory() as temp:
            _laid_out(top, prefix, found, temp)
            if project_facts.revision(temp, task)[0] != task["revision"]:
                continue
        gone = [
            d
            for d in declared
            if not d.endswith("/") and prefix + d not in found and not any(f.startswith(prefix + d + "/") for f in found)
        ]
        return [{"path": p, "mode": mode, "blob": blob} for p, (mode, blob) in sorted(found.items())] + [
            {"path": prefix + d, "mode": "000000", "blob": None} for d in sorted(gone)
        ]
    return None


def statement(run):
    """The Statement for a run (open_for_reading.Run), as a dict. Raises CannotAttest; Damaged for a journal that cannot be read."""
    state, records = run.look()
    if state["phase"] != "CLOSED":
        raise CannotAttest("the run %s is in phase %s: a run is attested when it is CLOSED" % (state["team"]["name"], state["phase"]))
    if not state["mode"]:
        raise CannotAttest("the run %s ended before it had a plan" % state["team"]["name"])
    top = line(run.project, "rev-parse", "--show-toplevel")
    if not top or not line(run.project, "rev-parse", "-q", "--verify", "HEAD^{commit}"):
        raise CannotAttest("there is no git repository with a commit in %s" % run.project)
    if line(run.project, "rev-parse", "--is-shallow-repository") == "true":
        raise CannotAttest("the history is cut (a shallow clone): git fetch --unshallow")
    prefix = line(run.project, "rev-parse", "--show-prefix")
    commits = [r for r in records if r["event"] == "COMMITTED"]
    known = [r["data"]["sha"] for r in commits if git(top, "cat-file", "-e", r["data"]["sha"] + "^{commit}") is not None]
    newest = [line(top, "rev-parse", "HEAD")] + known[::-1]
    tasks = []
    for number, task in view.tasks(state):
        tasks.append(
            {
                "id": number,
                "subject": task["subject"],
                "state": task["state"],
                "revision": task["revision"],
                "high_risk": bool(task["high_risk"]),
                "owner": task["owner"],
                "required": sorted(view.required(state, task)),
                "approvals": _approvals(records, number, task),
                "files": _approved_files(top, prefix, task, newest, number, records) if task["state"] == "DONE" else [],
            }
        )
    verify = state["verify"]
    level = enforcement.recorded(state)
    predicate = {
        "version": 1,
        "run": {
            "team": state["team"]["name"],
            "mode": state["mode"],
            "phase": state["phase"],
            "aborted": bool(state["teardown"]["aborted"]),
            "opened": records[0]["ts"],
            "closed": records[-1]["ts"],
        },
        "repository": {"roots": roots(top), "prefix": prefix},
        "commits": [
            {"id": r["data"]["sha"], "subject": r["data"]["subject"], "by": r["actor"]["name"] or "-", "gated": bool(r["data"]["gated"])}
            for r in commits
        ],
        "tasks": tasks,
        "verification": verify
        and {
            "passed": bool(verify["ok"]),
            "tree": verify["tree"],
            "build": verify["build"]["command"],
            "test": verify["test"]["command"],
            "where": verify.get("where") or "in place",
            "where_why": verify.get("where_why"),
            "runner": verify.get("runner"),
            "tests": verify.get("tests"),
            "failed": verify.get("failed"),
            "noticed": verify.get("noticed"),
        },
        "waivers": _waivers(top, prefix, records),
        "enforcement": {"level": level["level"], "why": list(level["why"])},
        "journal": {"records": records[-1]["seq"], "head": records[-1]["sum"]},
    }
    return {"_type": STATEMENT, "subject": subjects(predicate), "predicateType": PREDICATE, "predicate": predicate}


def subjects(predicate):
    """The subjects that belong to a predicate: its commits, and every blob that was approved."""
    out = [{"name": "commit " + c["id"], "digest": {"gitCommit": c["id"]}} for c in predicate["commits"]]
    seen = set()
    for f in (f for task in predicate["tasks"] for f in task["files"]):
        if f["blob"] and (f["path"], f["blob"]) not in seen:
            seen.add((f["path"], f["blob"]))
            out.append({"name": f["path"], "digest": {"gitCommit" if f["mode"] == "160000" else "gitBlob": f["blob"]}})
    return out


def _approvals(records, number, task):
    """Approvals of the revision that the task ended with, from the journal: the last one of each role."""
    out = {}
    for r in records:
        if r["event"] == "APPROVED" and r["data"].get("task") == number and r["actor"]["role"] in task["approvals"]:
            kept = task["approvals"][r["actor"]["role"]]
            if kept.get("revision") == task["revision"]:
                out[r["actor"]["role"]] = {
                    "role": r["actor"]["role"],
                    "name": r["actor"]["name"],
                    "incarnation": r["actor"]["inc"],
                    "at": r["ts"],
                    "revision": task["revision"],
                }
    return [out[role] for role in sorted(out)]


def _waivers(top, prefix, records):
    """What the user accepted by a typed word, as HEAD has it. prefix: the project's folder in the repository, "" or with a `/`."""
    out = []
    for r in records:
        if r["event"] == "CONTENT_ACCEPTED" and not r["data"]["path"].startswith("commit "):
            path = posixpath.normpath(prefix + r["data"]["path"])  # people name it from the project's folder, git from the top
            mode, blob = entries(top, "HEAD", [path]).get(path, ("000000", None))
            out.append({"path": path, "mode": mode, "blob": blob, "at": r["ts"]})
    return out


# --- envelope and signature ---------------------------------------------------------------------------------------------------------
def pae(payload):
    """DSSE's pre-authentication encoding: what is signed."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def envelope(found, signature=None):
    """A Statement as one line of DSSE. signature: (key id, armoured SSH signature) or None."""
    payload = json.dumps(found, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
    signed = [{"keyid": signature[0], "sig": base64.b64encode(signature[1]).decode()}] if signature else []
    return json.dumps({"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD, "signatures": signed}, separators=(",", ":"))


def sign(folder, found, key=None):
    """(envelope line, how it was signed in words). key: path of a key; default: git's user.signingkey where git signs with SSH.

    Nobody is asked for a passphrase: a key that needs one has to be in the agent. Without a usable key it is unsigned, and says so."""
    payload = base64.b64decode(json.loads(envelope(found))["payload"])
    why = "no key: git has no user.signingkey with gpg.format ssh"
    if key is None and line(folder, "config", "gpg.format") == "ssh":
        key = line(folder, "config", "user.signingkey") or None
    if key:
        with tempfile.TemporaryDirectory() as temp:
            path = os.path.expanduser(key)
            if key.startswith(("key::", "ssh-", "ecdsa-", "sk-")):
                path = os.path.join(temp, "key.pub")
                with open(path, "w") as f:
                    f.write(key[5:] if key.startswith("key::") else key)
            name = os.path.join(temp, "payload")
            with open(name, "wb") as f:
                f.write(pae(payload))
            env = {k: v for k, v in os.environ.items() if k not in ("SSH_ASKPASS", "DISPLAY")}
            try:
                done = subprocess.run(
                    ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", path, name],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=dict(env, SSH_ASKPASS_REQUIRE="never"),
                    start_new_session=True,  # no terminal to ask on
                    timeout=20,
                )
                if done.returncode == 0:
                    with open(name + ".sig", "rb") as f:
                        return envelope(found, (_key_id(path), f.read())), "signed with %s" % (
                            key if not key.startswith("key::") else "the key in git's settings"
                        )
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                why = "ssh-keygen could not sign with %s (%s)" % (key, said[-1][:120] if said else "exit %d" % done.returncode)
            except (OSError, subprocess.SubprocessError) as error:
                why = "ssh-keygen did not sign (%s)" % type(error).__name__
    return envelope(found), "UNSIGNED: %s" % why


def _key_id(path):
    """`SHA256:...` of a key file."""
    for name in (path + ".pub", path):
        try:
            done = subprocess.run(
                ["ssh-keygen", "-lf", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace").split()[1]
    return ""


def store(run, text, found):
    """Keep an envelope in the team's folder and as a note on the run's last commit that git still has. Answers (file, commit or None)."""
    path = os.path.join(run.store.folder, FILE)
    whole_file.put(path, text + "\n")
    commits = [c["id"] for c in found["predicate"]["commits"]][::-1] + [line(run.project, "rev-parse", "HEAD")]
    commit = next((c for c in commits if git(run.project, "cat-file", "-e", c + "^{commit}") is not None), None)
    if commit is None:
        return path, None
    mine = found["predicate"]["journal"]["head"]
    kept = [
        row for row in line(run.project, "notes", "--ref", NOTES, "show", commit).splitlines() if row.strip() and _journal_of(row) != mine
    ]
    who = []
    for name, value in (("user.name", "pack"), ("user.email", "pack@localhost")):
        who += [] if line(run.project, "config", name) else ["-c", "%s=%s" % (name, value)]
    done = git(
        run.project, *who, "notes", "--ref", NOTES, "add", "-f", "-F", "-", commit, data=("\n".join(kept + [text]) + "\n").encode("ascii")
    )
    return path, commit if done is not None else None


def _journal_of(row):
    """Which run an envelope is about; None for what is none."""
    try:
        return json.loads(base64.b64decode(json.loads(row)["payload"]))["predicate"]["journal"]["head"]
    except (ValueError, KeyError, TypeError):
        return None
