"""The process behind `pack verify`: runs build and tests where they can fail, and leaves the sealed result for the hook.

A fresh checkout of the tree (base/checkout.py), bash with pipefail, a known runner's own number of tests (base/runners.py), and, for
MEDIUM and COMPLEX, the tests once more with the run's changes to other files than tests taken back: what is green then does not notice
the change. Where a checkout cannot work, the run is made in place and says why.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from ..base import checkout, codec, project_facts, receipts, runners
from ..protocol import verification

WHOLE_SECONDS = 570  # the client ends the call after 600
SHOWN = 6000  # bytes of output that are printed: the client cuts long output, and the end is what counts
INLINE = re.compile(rb"#\[(cfg\()?test\b|import\.meta\.vitest|^\s*>>> ", re.M)  # tests that stand in the source itself


def main(path):
    """Run what the voucher at `path` says. Exit codes: 0 passed, 1 failed, 2 no such voucher."""
    try:
        with open(path, encoding="utf-8") as f:
            voucher = codec.loads(f.read())
        if voucher["verb"] == "checks":
            from . import checks

            return checks.main(voucher, path)
        project, declared = voucher["project"], voucher["declared"]
    except (OSError, ValueError, KeyError):
        print("pack: PACK_VOUCHER names no verification; run `pack verify` without it", file=sys.stderr)
        return 2
    env = environment()
    until = time.monotonic() + WHOLE_SECONDS
    before, whole = project_facts.tree(project, declared), project_facts.tree_id(project, declared)
    result, why = None, voucher.get("in_place") or None
    if why is None:
        try:
            with checkout.Checkout(project, _or_refuse(whole, project)) as place:
                result = _in_checkout(place, voucher, env, until)
        except checkout.CannotCheckOut as error:
            why = str(error)
    if result is None:
        print("verified in place: %s" % why, flush=True)
        before = project_facts.as_on_disk(project, before)
        result = dict(_run_both(voucher, project, env, until), where="in place", where_why=why)
    after = project_facts.tree(project, declared)
    if result["where"] == "in place":
        after = project_facts.as_on_disk(project, after)
    result["tree"] = before
    if after != before or result["changed"]:
        result["tree"] = "changed while verifying"
        files = ", ".join(result["changed"][:5]) or "the project's own files"
        result["why"] = "the commands changed what they verify: %s" % files
    good = result["build"] == 0 and result["test"] == 0 and not result["why"]
    result.update(noticed=None, noticed_why=None)
    if good and voucher.get("base") is not None:
        result.update(_again_without(voucher, project, whole, env, until, result))
    seconds = result.pop("seconds")
    if result["why"]:
        print("not accepted: %s" % result["why"])
    elif result["test"] == 0:
        print("tests: exit 0, " + verification.tests_text(result))
    elif result["where"] == "checkout":
        print(
            "This ran in a fresh checkout: files that git does not track and no task names are not there. What the tests need beside them: "
            "`setup:` with a `run:` in .conventions/tool-chains/commands.yml, or `pack verify ... --in-place WHY`, which the summary shows."
        )
    if not good and result["where"] == "checkout":
        lost = checkout.lost(project, voucher.get("start"), whole)
        if lost:
            print("%s. %s" % (verification.lost_text(lost), verification.WAY_BACK))
    if result["noticed"] is False:
        print("The tests do not notice this change: they pass without it, too. The summary says so, and the tech lead is told.")
    print("pack verify: %s on tree %s, %s (%.0f s)" % ("PASSED" if good else "FAILED", result["tree"], place_text(result), seconds))
    result["mac"] = receipts.authenticated(voucher["key"], result)
    receipts.leave(path, ".verify", result)
    return 0 if good else 1


def environment():
    """The caller's environment without what is the plugin's own."""
    return {k: v for k, v in os.environ.items() if k != "PACK_VOUCHER" and not k.startswith("CLAUDE_PLUGIN")}


def place_text(result):
    """Where it ran, in words."""
    return "in a fresh checkout" if result["where"] == "checkout" else "in place: %s" % result["where_why"]


def _or_refuse(whole, project):
    if whole is not None:
        return whole
    if project_facts.git(project, "rev-parse", "--git-dir") is None:
        raise checkout.CannotCheckOut("there is no git repository whose tree could be checked out")
    raise checkout.CannotCheckOut("git makes no tree of what lies here (a link in a folder's place? `git status` says more)")


def prepare(place, commands, env, until):
    """Dependencies and environment of a checkout, for these commands. Raises CannotCheckOut when the project's own command fails."""
    own = checkout.setup_command(place.folder)
    linked = [] if own else place.link()
    env = place.environment(env, commands)
    if own:
        print("$ %s    # setup, from .conventions/tool-chains/commands.yml" % own, flush=True)
        code, out = run(own, place.folder, env, until)
        show(out)
        if code:
            raise checkout.CannotCheckOut("the project's own setup failed in a fresh checkout: `%s` ended with exit %d" % (own[:100], code))
    if linked:
        print("linked: " + ", ".join(linked), flush=True)
    return env


def _in_checkout(place, voucher, env, until):
    env = prepare(place, "%s %s" % (voucher["build"], voucher["test"]), env, until)
    result = _run_both(voucher, place.folder, env, until, place)
    # Never in place after that: the commands would take the project itself away.
    changed = place.changed() if os.path.isdir(place.folder) else ["the checkout itself, which is gone"]
    return dict(result, where="checkout", where_why=None, changed=changed)


def _run_both(voucher, folder, env, until, place=None, quiet=False):
    """Build, then tests. {"build", "test": exit code or None, "seconds", "changed": [], and what runners.judge says}."""
    found = {"build": None, "test": None, "changed": [], "runner": None, "tests": None, "failed": None, "skipped": None, "unit": "tests"}
    found["why"], began = None, time.monotonic()
    for part in ("build", "test"):
        if not quiet:
            print("$ " + voucher[part], flush=True)
        since = time.time()
        found[part], out = run(place.command(voucher[part]) if place else voucher[part], folder, env, until)
        if not quiet:
            show(out)
            print("%s: exit %d" % (part, found[part]), flush=True)
        if part == "test":
            found.update(runners.judge(voucher[part], found[part], out, folder, since))
        if found[part]:
            break
    found["seconds"] = time.monotonic() - began
    return found


def run(command, folder, env, until):
    """Run one command with errexit and pipefail: of `a; b` the second alone would decide. Answers (exit code, its output as bytes); 124 when
    the time is over: then its whole group is gone; 127 when the folder is: a command before it, or whatever tidies the temporary files, took
    the checkout away."""
    shell = shutil.which("bash")
    argv = [shell, "-e", "-o", "pipefail", "-c", command] if shell else ["sh", "-e", "-c", command]
    with tempfile.TemporaryFile() as out:
        try:
            child = subprocess.Popen(
                argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        except FileNotFoundError:
            return 127, b"not run: somebody removed the folder that it was to run in\n"
        try:
            code = child.wait(max(1.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = 124
        except BaseException:
            _end(child)
            raise
        if code == 124 and child.poll() is None:
            _end(child)
            out.seek(0, os.SEEK_END)
            out.write(b"\nstopped: the time for a verification was over\n")
        size = out.seek(0, os.SEEK_END)
        out.seek(max(0, size - runners.MOST))
        return code if code >= 0 else 128 - code, out.read()


def _end(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except OSError:
        pass
    child.wait()


def show(out):
    """Print the end of what a command said."""
    text = out[-SHOWN:].decode("utf-8", "replace").strip("\n")
    if text:
        print(("... (%d bytes before)\n" % (len(out) - SHOWN) if len(out) > SHOWN else "") + text, flush=True)


def _again_without(voucher, project, whole, env, until, first):
    """The tests once more with the run's changes to other files than tests taken back: {"noticed": bool or None, "noticed_why"}."""
    answer = lambda noticed, why: {"noticed": noticed, "noticed_why": why}
    if whole is None:
        return answer(None, "there is no git repository to take the change back in")
    try:
        tree, paths = checkout.taken_back(project, voucher["base"], whole)
        if tree is None:
            return answer(None, "nothing but tests, conventions and documents changed")
        limit = min(until, time.monotonic() + 3 * first["seconds"] + 30)
        if limit - time.monotonic() < first["seconds"]:
            return answer(None, "no time was left to run the tests once more")
        with checkout.Checkout(project, tree) as place:
            print("once more, without the change to %s:" % ", ".join(paths[:5]) + (" and %d more" % (len(paths) - 5) if paths[5:] else ""))
            own = checkout.setup_command(place.folder)
            if not own:
                place.link()
            found_env = place.environment(env, "%s %s" % (voucher["build"], voucher["test"]))
            if own and run(own, place.folder, found_env, limit)[0]:
                return answer(None, "the project's own setup failed without the change")
            second = _run_both(voucher, place.folder, found_env, limit, place, quiet=True)
    except checkout.CannotCheckOut as error:
        return answer(None, "the change could not be taken back: %s" % error)
    if 124 in (second["build"], second["test"]):
        return answer(None, "without the change the tests did not end in time")
    if second["build"] or second["test"] or second["why"]:
        print("without it: build exit %s, tests exit %s: the tests notice the change" % (second["build"], second["test"]))
        return answer(True, None)
    if any(_has_tests(project, whole, p) for p in paths):
        return answer(None, "the changed files hold tests of their own, which were taken back, too")
    return answer(
        False, "they pass without the change to %s" % ", ".join(paths[:5]) + (" and %d more" % (len(paths) - 5) if paths[5:] else "")
    )


def _has_tests(project, tree, path):
    """Whether a source file holds tests itself (Rust's, doctests, Vitest's in-source ones)."""
    text = project_facts.git(project, "cat-file", "blob", "%s:%s" % (tree, path))
    return bool(text and INLINE.search(text.encode("utf-8", "surrogateescape")))
