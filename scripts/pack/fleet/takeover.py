"""`pack fleet resume RUN`: a run goes on in this clone. Its copy elsewhere is fenced first; then its journal is restored from the engine,
its branch is checked out here with the commits that the engine keeps, and a record says that everybody of the old client is gone (which
opens a new epoch: the state has to be handed to a new supervisor).

Killed anywhere, the same command again goes on: who leads is decided by one statement of the engine's, and what follows only repeats.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time

from ..base import paths
from ..gate import tamper_check

from ..store.journal import Store, read_chain, replayed
from . import desk, files, policy, setup
from .engine import Diverged, Engine, FleetError

PERSON = {"name": "person", "role": "person", "inc": 0, "agent_id": None}
GONE = "elsewhere"  # stands for the process that led: its number means nothing on this machine
FETCH = 5000  # records at once


def find(engine, project, asked):
    """The run of a fleet's project that is asked for, by its team's name or the beginning of its number: its row as a dict."""
    rows = engine.rows(
        "select run, team, squad, member, machine, branch, head, closed, last_seq, holder from fleet.runs where project = %s and closed is null "
        "order by opened",
        (project,),
    )
    names = ("run", "team", "squad", "member", "machine", "branch", "head", "closed", "last_seq", "holder")
    rows = [dict(zip(names, row)) for row in rows]
    found = [r for r in rows if r["team"] == asked or len(asked) > 3 and r["run"].startswith(asked)]
    if len(found) == 1:
        return _plain(found[0])
    shown = ", ".join("%s (%s, squad %s on %s)" % (r["run"][:8], r["team"], r["squad"], r["machine"]) for r in found or rows)
    if found:
        raise FleetError("several open runs are called %s: give the number: %s" % (asked, shown))
    raise FleetError("project %s has no open run %s; open: %s" % (project, asked, shown or "none"))


def _plain(row):
    """A run's row whose names may become paths and git's arguments here: another member wrote them."""
    team, branch, head = row["team"], row["branch"], row["head"]
    if not team.isprintable() or "/" in team or team.startswith("."):
        raise FleetError("run %s is called %r, which is no team's name: it is not restored" % (row["run"][:8], team))
    if head and (len(head) not in (40, 64) or head.strip("0123456789abcdef")):
        raise FleetError("run %s names %r, which is no commit: it is not restored" % (row["run"][:8], head))
    if branch and (branch.startswith("-") or subprocess.run(["git", "check-ref-format", "refs/heads/" + branch]).returncode):
        raise FleetError("run %s is on %r, which is no branch's name: it is not restored" % (row["run"][:8], branch))
    return row


def resume(project, data, asked, force=False, say=print):
    """Take a run over. Answers its team's name; raises FleetError, and then the run is led by whoever led it before or by nobody else."""
    settings = policy.read(project)
    if settings is None:
        raise FleetError("this clone is in no fleet: `pack fleet join` writes %s" % policy.NAME)
    engine, alone = Engine(settings["where"], seconds=60), None
    try:
        row = find(engine, settings["project"], asked)
        team, run = row["team"], paths.run_folder(data, project, row["team"])
        live = paths.active(project, data)
        if live is not None and (live["team"] != team or (files.read(live["run"], "fleet.json") or {}).get("run") != row["run"]):
            raise FleetError("another run is live in this clone, %s: end it first (`team abort WHY`), or use another clone" % live["team"])
        own = files.read(run, "fleet.json") or {}
        if own and own["run"] != row["run"]:
            raise FleetError("this clone had another run called %s: use another clone" % team)
        begun = files.read(run, "resume.json") or {}
        stands = (files.read(run, "ship.json") or {}).get("state")
        if live is not None and own.get("holder") == row["holder"] and not begun and stands != "diverged":
            raise FleetError("this clone leads %s already: type `team resume` in the client, here" % team)
        own = (begun if begun.get("run") == row["run"] else own) or {
            "run": row["run"],
            "holder": os.urandom(16).hex(),
            "settings": settings,
        }
        os.makedirs(run, mode=0o700, exist_ok=True)
        files.write(run, "resume.json", own)
        alone = _alone(run)
        if not own.get("began"):
            _branch(engine, project, row, dry=True)
        epoch, last, total, team, squad, _project, _lineage, row["branch"], row["head"] = engine.call(
            "take_over", row["run"], own["holder"], setup.machine_facts()["machine"][:200], force
        )[0]
        say("fenced: %s is led from here now (fencing number %d)" % (team, epoch))
        again = own.get("began")
        files.write(run, "resume.json", dict(own, began=True))
        _branch(engine, project, row, again=again)
        journal = _journal(engine, row["run"], last, bytes(total))
        store = Store(paths.team_folder(project, team), run)
        with store.lock():
            _put(store, journal)
            for name in ("done", "fenced.json", "leases.json", "unleased.json", "news.json", "ship.json"):
                files.remove(run, name)
            files.write(run, "fleet.json", {name: own[name] for name in ("run", "holder", "settings")})
            store.disk.remove(os.path.join(project, paths.TEAMS, ".closed", team + ".json"))
            store.load()
            if store.state["team"] is None:
                raise FleetError("the engine has no whole record of %s: nothing can be resumed" % team)
            _resumed(store, project)
            paths.mark(project, data, team, run, sys.executable, store.disk)
        os.close(alone)
        alone = None
        desk.launch(run, project, os.environ)
        files.remove(run, "resume.json")  # last: before it the same command goes on, after it the clone leads
        say("restored: %d records, phase %s, branch %s" % (last, store.state["phase"], row["branch"] or "(none)"))
        return team
    finally:
        engine.close()
        if alone is not None:
            os.close(alone)


def _alone(run):
    """The lock of this copy's shipper, to be closed by the caller: nobody sends its records meanwhile, and who ships next asks anew who leads.
    A command that was killed may have started one that has not told anything yet."""
    import fcntl
    import signal

    lock = os.open(os.path.join(run, "ship.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(400):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            pid = os.pread(lock, 20, 0)
        if pid.isdigit() and files.ships(int(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
        time.sleep(0.02)
    os.close(lock)
    raise FleetError("the shipper of this copy does not end: the same command again, in a moment")


def _git(project, *args, check=True):
    done = subprocess.run(["git", "-C", project] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise FleetError("git %s: %s" % (args[0], done.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:200]))
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _branch(engine, project, row, dry=False, again=False):
    """Check the run's branch out at its last commit. dry: only whether that is possible; nothing is changed then. again: a checkout was
    begun, in a clone without changes, and killed: what it left half done is overwritten."""
    head, branch = row["head"], row["branch"]
    if not head:
        return
    here = _git(project, "rev-parse", "-q", "--verify", "HEAD", check=False)
    on = _git(project, "symbolic-ref", "--short", "-q", "HEAD", check=False) or ""
    if here == head and on == branch and not again:
        return
    if again:
        lock = os.path.join(project, _git(project, "rev-parse", "--git-path", "index.lock"))
        if os.path.exists(lock):
            os.unlink(lock)
    elif _git(project, "status", "--porcelain", "--untracked-files=no"):
        raise FleetError("this clone has uncommitted changes, and the run's branch %s has to be checked out: commit or stash them" % branch)
    if _git(project, "cat-file", "-e", head + "^{commit}", check=False) is None:
        kept = engine.rows("select data from fleet.bundles where run = %s and head = %s", (row["run"], head))
        if not kept:
            raise FleetError(
                "the run's last commit %s is neither in this clone nor in the engine: `git fetch` it here, then the same command again"
                % head[:10]
            )
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.bundle")
            with open(path, "wb") as f:
                f.write(kept[0][0])
            try:
                _git(project, "fetch", "-q", path, "HEAD")
            except FleetError as error:
                raise FleetError(
                    "the run's commits do not fit this clone (%s): `git fetch` what it started from, then again" % error
                ) from None
    mine = _git(project, "rev-parse", "-q", "--verify", "refs/heads/" + branch, check=False) if branch else None
    if mine and mine != head and _git(project, "merge-base", "--is-ancestor", mine, head, check=False) is None:
        raise FleetError(
            "branch %s here has commits that the run's has not: rename it (`git branch -m %s OTHER`), then the same command again"
            % (branch, branch)
        )
    if dry:
        _in_the_way(project, here, head)
        return
    try:
        _git(project, "checkout", "-q", *(["-f"] if again else []), *(["-B", branch] if branch else ["--detach"]), head)
    except FleetError:
        # A hook of the clone's own that fails behind the checkout fails the command: what counts is where the clone is now.
        arrived = _git(project, "rev-parse", "HEAD", check=False) == head and not _git(
            project, "status", "--porcelain", "--untracked-files=no"
        )
        if not arrived or (_git(project, "symbolic-ref", "--short", "-q", "HEAD", check=False) or "") != branch:
            raise


def _in_the_way(project, here, head):
    """Raises where files that git does not track would be overwritten: nothing is changed by asking."""
    try:
        _git(project, "read-tree", "-n", "-m", "-u", *([here] if here else []), head)
    except FleetError as error:
        raise FleetError(
            "the run's last commit cannot be checked out here (%s): move what is in its way aside, then the same command again" % error
        ) from None


def _journal(engine, run, last, total):
    """Every record of a run as the journal's bytes, checked: numbers, the engine's chain and the journal's own."""
    out, chain, seq = [], b"\0" * 32, 0
    while seq < last:
        rows = engine.rows(
            "select seq, line from fleet.records where run = %s and seq > %s and seq <= %s order by seq limit %s", (run, seq, last, FETCH)
        )
        if not rows:
            break
        for number, line in rows:
            if number != seq + 1 or not line.isascii():
                break
            chain, seq = hashlib.sha256(chain + line.encode("ascii")).digest(), number
            out.append(line.encode("ascii") + b"\n")
    if seq != last or chain != total:
        raise Diverged("the engine's records of this run are damaged at %d of %d: its backup is needed" % (seq + 1, last))
    journal = b"".join(out)
    records, end, problem = read_chain(journal)
    if problem.startswith("damaged"):
        raise Diverged("the engine's records of this run are %s: its backup is needed" % problem)
    try:
        for _record, _state in replayed(records):
            pass
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Diverged("the engine's records of this run are no run's (%s: %s)" % (type(error).__name__, error)) from None
    return journal[:end]


def _put(store, journal):
    """Make this the journal. What an older copy here has beyond it was never acknowledged by the engine: kept aside, counts no more."""
    store.disk.mkdir(store.folder)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    old = store.disk.read(store.journal)
    if old and not journal.startswith(old):
        store.disk.replace("%s.fenced-%s" % (store.journal, stamp), old)
    records, end, _problem = read_chain(journal)
    store.disk.remove(store.written)
    for path in (store.mirror, store.journal):
        store.disk.replace(path, journal, sync=True)
    store.disk.remove(store.snapshot)
    store.disk.remove(store.state_file)
    store.disk.replace(store.written, b"%d %s\n" % (end, records[-1]["sum"].encode("ascii")) if records else b"0 \n")


def _resumed(store, project):
    """Everybody of the client that led is gone; plugin and settings are this machine's. Once: a second call of the command finds it done."""
    state = store.state
    if state["phase"] == "CLOSED" or state["team"].get("client_pid") == GONE:
        return
    store.found = []  # state.md is another machine's, and its absence here no divergence
    store.append(
        {
            "event": "RUN_RESUMED",
            "actor": PERSON,
            "key": None,
            "data": {
                "sealed": tamper_check.make(store.data, store.disk, os.environ, project),
                "accepts": True,
                "client_pid": GONE,
                "vouched": None,
                "agents_gone": True,
                "how": "taken over by `pack fleet resume` on %s" % setup.machine_facts()["machine"],
            },
        },
        store.clock(time.time()),
    )
