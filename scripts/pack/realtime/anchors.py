"""Where the length of the evidence ledger is noted, so that records cut off its end are missed.

A hash chain sees a changed record and not a cut: files, ledger and logs put back to before a FAIL read as if it had never been
measured. Inside a run the journal notes the head after every command. Elsewhere each record is noted in `git notes` (the ref
below, whose own history git keeps), and in a file of the user's choice, if `git config pack.anchor FILE` names one: a place that
whoever measures cannot write to but by appending, such as a file with `chattr +a`, or on another machine.
"""

import os
import subprocess

from pack.realtime import gitinfo

REF, EVIDENCE = "pack-rt", "evidence ledger"
WHO = ("-c", "user.name=pack rt", "-c", "user.email=pack@localhost", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")


def _git(project, *argv, text=None):
    """What git prints, or None where it fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            gitinfo.GIT + WHO + argv, cwd=project, input=text, capture_output=True, text=True, timeout=20, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _subject(project, team_dir, what):
    """What the notes are about: a ledger of this folder of the repository, as the content of an object."""
    prefix = (_git(project, "rev-parse", "--show-prefix") or "").strip()
    inside = os.path.relpath(os.path.realpath(team_dir), os.path.realpath(project)).replace(os.sep, "/")
    return "the %s of %s%s\n" % (what, prefix, inside)


def _files(project):
    """The files of the user's choice: all that git's configuration names, so that a repository's own entry hides none of the user's."""
    named = (_git(project, "config", "--get-all", "pack.anchor") or "").splitlines()
    return list(dict.fromkeys(os.path.expanduser(one.strip()) for one in named if one.strip()))


def note(project, team_dir, record, what=EVIDENCE):
    """Note a ledger record; returns the names of the places where it is noted now."""
    done, subject = [], _subject(project, team_dir, what)
    line = "%d %s" % (record["seq"], record["hash"])
    target = (_git(project, "hash-object", "-w", "--stdin", text=subject) or "").strip()
    if target and _git(project, "notes", "--ref=" + REF, "append", "-m", line, target) is not None:
        done.append("git notes")
    for path in _files(project):
        with open(path, "a", encoding="ascii") as handle:
            handle.write("%s\t%s\n" % (subject.strip(), line))
        done.append(path)
    return done


def noted(project, team_dir, what=EVIDENCE):
    """[{"seq", "hash", "where"}] of everything that was noted of this ledger."""
    subject, lines = _subject(project, team_dir, what), []
    target = (_git(project, "hash-object", "--stdin", text=subject) or "").strip()
    for line in (_git(project, "notes", "--ref=" + REF, "show", target) or "").splitlines() if target else ():
        lines.append((line, "git notes (ref %s)" % REF))
    for path in _files(project):
        try:
            with open(path, encoding="ascii", errors="replace") as handle:
                for text in handle:
                    who, _, line = text.rstrip("\n").partition("\t")
                    if who == subject.strip():
                        lines.append((line, path))
        except OSError:
            pass  # it is not there yet
    found = []
    for line, where in lines:
        parts = line.split()
        if len(parts) == 2 and parts[0].isdigit():
            found.append({"seq": int(parts[0]), "hash": parts[1], "where": where})
    return found
