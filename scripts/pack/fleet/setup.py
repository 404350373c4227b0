"""`pack fleet init`, `grant`, `join`: the schema, who may use it, and a clone that becomes part of it."""

import hashlib
import os
import subprocess
import sys

import psycopg

from ..base import codec, project_facts, whole_file
from ..protocol.guards_result import plainly
from . import files, policy
from .engine import VERSION, Engine, FleetError, migrations

ROLES = ("fleet_owner", "fleet_member", "fleet_reader")
LOCK_SECONDS = 20  # that `init` waits for others to be done


def init(where):
    """Bring the schema to this plugin's version, one migration after the other. Answers [numbers] that were applied now."""
    engine = Engine(where, seconds=60, checked=False)
    conn, applied = engine.connected(), []
    try:
        conn.execute("select set_config('lock_timeout', %s, false)", ("%ds" % LOCK_SECONDS,))  # any login can hold one for ever
        version, encoding, icu = conn.execute(
            "select current_setting('server_version_num')::int, current_setting('server_encoding'), "
            "exists (select 1 from pg_collation where collname = 'und-x-icu')"
        ).fetchone()
        if version < 150000 or encoding != "UTF8" or not icu:
            raise FleetError(
                "the fleet needs PostgreSQL 15 or newer with ICU and a UTF8 database; here: %s, %s, ICU %s: `createdb -E UTF8 -T template0 NAME`"
                % (version // 10000, encoding, "yes" if icu else "no")
            )
        with conn.transaction():
            conn.execute("select pg_advisory_xact_lock(hashtext('team fleet init'))")
            for role in ROLES:
                try:
                    with conn.transaction():
                        conn.execute("create role %s nologin" % role)
                except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                    pass  # roles are the server's: another database's fleet has made them, or is just making them
                except psycopg.errors.InsufficientPrivilege:
                    if not conn.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                        raise
            _strange(conn)
            conn.execute("create schema if not exists fleet")
            if not conn.execute("select pg_has_role('fleet_owner', 'member')").fetchone()[0]:
                conn.execute("grant fleet_owner to current_user")
            conn.execute("alter schema fleet owner to fleet_owner; grant usage on schema fleet to fleet_member, fleet_reader")
            conn.execute(
                "create table if not exists fleet.migrations (number integer primary key, name text not null, sha256 text not null, "
                "at timestamptz not null default clock_timestamp())"
            )
            # Row security binds owners, too (FORCE), and who runs this need not be a superuser.
            if not conn.execute("select 1 from pg_policies where schemaname = 'fleet' and policyname = 'applied'").fetchone():
                conn.execute(
                    "create policy applied on fleet.migrations for insert with check (pg_has_role(session_user, 'fleet_owner', 'member'))"
                )
            done = dict(conn.execute("select number, sha256 from fleet.migrations").fetchall())
            if done and max(done) > VERSION:
                raise FleetError("the fleet's schema is number %d and this plugin knows %d: update the plugin" % (max(done), VERSION))
            for number, name, sql in migrations():
                digest = hashlib.sha256(sql.encode()).hexdigest()
                if number in done:
                    if done[number] != digest:
                        raise FleetError(
                            "migration %d was applied with another text than this plugin's: a fleet is changed by new migrations only"
                            % number
                        )
                    continue
                conn.execute(sql)
                conn.execute("insert into fleet.migrations (number, name, sha256) values (%s, %s, %s)", (number, name, digest))
                applied.append(number)
            conn.execute(NUMBERS)
        if conn.execute("select max(number) from fleet.migrations").fetchone()[0] != VERSION:
            raise FleetError("the schema was not stored")
        return applied
    except psycopg.Error as error:
        raise _unmade(engine, error) from None
    finally:
        engine.close()


def _unmade(engine, error):
    """The FleetError for what kept the schema from being made."""
    text = error.diag.message_primary or error
    if error.sqlstate == "42501":
        return FleetError(
            "this login may not make the schema (%s): connect as the database's owner with CREATEROLE, or let an administrator run `pack fleet init`"
            % text
        )
    if error.sqlstate == "55P03":
        return FleetError("somebody's transaction keeps the schema from being changed%s: end it, then again" % engine.keepers())
    return FleetError("the schema could not be made: %s" % text)


# A copy that brought rows and no sequences (logical replication, --data-only) would give numbers twice: they go on behind what is there.
NUMBERS = """
select setval('fleet.fence', greatest((select last_value from fleet.fence), (select max(epoch) from fleet.runs), (select max(fence) from fleet.leases),
    (select max(fence) from fleet.lease_log))),
  (select setval(pg_get_serial_sequence('fleet.messages', 'id'), n) from (select max(id) as n from fleet.messages) x where n is not null),
  (select setval(pg_get_serial_sequence('fleet.notes', 'id'), n) from (select max(id) as n from fleet.notes) x where n is not null),
  (select setval(pg_get_serial_sequence('fleet.lease_log', 'id'), n) from (select max(id) as n from fleet.lease_log) x where n is not null),
  (select setval(pg_get_serial_sequence('fleet.writes', 'id'), n) from (select max(id) as n from fleet.writes) x where n is not null)
"""


def _strange(conn):
    """Raises where a schema of this name is somebody else's: what lies in it would pass for the fleet's own tables and functions."""
    found = conn.execute(
        "select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'fleet' and n.nspowner <> 'fleet_owner'::regrole and "
        "(exists (select 1 from pg_class c where c.relnamespace = n.oid) or exists (select 1 from pg_proc p where p.pronamespace = n.oid))"
    ).fetchone()
    if found:
        raise FleetError(
            "this database has a schema `fleet` already, %s's, with things in it that are not the fleet's: use another database, or have it renamed"
            % found[0]
        )


def grant(where, name, kind):
    """Let a login of the database be a member, a reader or an owner."""
    engine = Engine(where)
    try:
        if not engine.rows("select 1 from pg_roles where rolname = %s", (name,)):
            raise FleetError('the database has no login %r: CREATE ROLE "%s" LOGIN comes first' % (name, name))
        had = {
            role
            for (role,) in engine.rows(
                "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles l on l.oid = m.member where l.rolname = %s",
                (name,),
            )
        }
        login = '"%s"' % name.replace('"', '""')
        for role in ROLES:
            if role == "fleet_" + kind:
                engine.rows("grant %s to %s" % (role, login))
            elif role in had:
                engine.rows("revoke %s from %s" % (role, login))
    except FleetError as error:
        if error.code != "42501":
            raise
        raise FleetError("only whoever made the fleet, or a login with CREATEROLE, lets others use it: connect as that one") from None
    finally:
        engine.close()


def roots(project):
    """The first commits of a clone's history, what tells one project from another."""
    out = git(project, "rev-list", "--max-parents=0", "HEAD")
    if not out:
        raise FleetError("%s is no git repository with a commit: a fleet's clones have a history in common" % project)
    return sorted(out.split())


def join(project, settings, named=None):
    """Make a clone part of a fleet: the project is one of the fleet's, the file is written. Answers the file's path."""
    commits = roots(project)
    if git(project, "rev-parse", "--is-shallow-repository") == "true":
        raise FleetError("this clone is shallow, and its first commits say which project it is: `git fetch --unshallow` comes first")
    engine = Engine(settings["where"])
    try:
        if not engine.call("join_project", settings["project"], commits)[0][0]:
            raise FleetError(
                "this clone has none of the commits that project %s of the fleet began with: it is another project; choose another --project"
                % settings["project"]
            )
        mine = named or squad(project)
        if not engine.call("of_squad", settings["project"], mine)[0][0]:
            raise FleetError(
                "squad %s has other members, and this login is none: one of them runs `pack fleet admit %s LOGIN`, or choose another --squad"
                % (mine, mine)
            )
    finally:
        engine.close()
    path = os.path.join(project, policy.NAME)
    whole_file.put(path, policy.text(settings))
    if named:
        several = (git(project, "worktree", "list", "--porcelain") or "").count("worktree ") > 1
        if several and git(project, "config", "extensions.worktreeConfig", "true") is None:
            raise FleetError("git could not note the squad of this worktree: `git config extensions.worktreeConfig true` fails here")
        where = ["--worktree"] if several else []  # worktrees share one configuration, and may be several squads
        subprocess.run(["git", "-C", project, "config", *where, "team.squad", named], check=True)
    remember_python()
    return path


def home():
    """What this machine's user keeps of the fleet: {"machine", "python"}."""
    return os.path.join(os.environ.get("HOME") or os.path.expanduser("~"), ".config", "team", "fleet.json")


def remember_python():
    """Hooks run with a bare interpreter; the shipper needs the one that has psycopg, which is this one."""
    found = machine_facts()
    found["python"] = sys.executable
    os.makedirs(os.path.dirname(home()), mode=0o700, exist_ok=True)
    whole_file.put(home(), codec.dumps(found))


def machine_facts():
    """{"machine": a name that people know, ...}; the host's name unless the file says otherwise."""
    try:
        with open(home(), encoding="utf-8") as f:
            found = codec.loads(f.read())
        found["machine"] = files.text(plainly(str(found["machine"])))
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return {"machine": os.environ.get("TEAM_MACHINE") or os.uname().nodename}


def squad(project):
    """The squad of a clone: `git config team.squad`, else its user's name."""
    return files.text(plainly(answer(project, "config", "team.squad") or os.environ.get("USER") or "squad"))[:100]


def branch(project):
    """The branch that HEAD is on, "" when it is on none, or on one whose name is no UTF-8 or longer than the engine keeps: who takes the run over goes on without one."""
    name = answer(project, "symbolic-ref", "--short", "-q", "HEAD")
    return name if files.text(name) == name and len(name) <= 1000 else ""


def lineage(project, settings):
    """(lineage, branch): the trunk, or the own branch (`branches: own`) that HEAD is on or branched off last."""
    import fnmatch

    here = branch(project)
    matches = lambda name: any(fnmatch.fnmatchcase(name, p) for p in settings["own"])
    if not settings["own"] or here == settings["trunk"]:
        return settings["trunk"], here
    if matches(here):
        return here, here
    named = {}
    if not answer(project, "rev-parse", "-q", "--verify", "HEAD"):
        return settings["trunk"], here  # nothing is committed yet
    for ref in answer(project, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes").split():
        name = ref.split("/", 2)[2] if ref.startswith("refs/heads/") else ref.split("/", 3)[-1]
        if name == settings["trunk"] or matches(name):
            named.setdefault(name, []).append(ref)
    ahead = []
    for name, refs in named.items():
        for ref in refs:
            ahead.append((int(answer(project, "rev-list", "--count", "%s..HEAD" % ref)), name != settings["trunk"], name))
    return (min(ahead)[2] if ahead else settings["trunk"]), here


def answer(project, *args):
    """What git answers, "" where it says that there is none (1, in silence). A git that was killed, took too long or complains has said nothing:
    taken for "none", a run would begin in a squad, a lineage or on a branch that is not its own. Raises FleetError."""
    words = ("git", "-C", project) + project_facts.AS_ASKED + args
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FleetError("git %s gave no answer in %s: %s" % (args[0], project, error)) from None
    if done.returncode == 0 or done.returncode == 1 and not done.stderr:
        return done.stdout.decode("utf-8", "surrogateescape").strip()
    why = done.stderr.decode("utf-8", "replace").strip() or "it ended with %d" % done.returncode
    raise FleetError("git %s gave no answer in %s: %s" % (args[0], project, why[:200]))


def git(project, *args):
    """What git prints about a clone, None when it fails."""
    said = project_facts.git(project, *args)
    return None if said is None else said.strip()
