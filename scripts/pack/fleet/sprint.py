"""The sprint of several squads, in the engine (migration 0003): backlog, hand-offs, decisions, what integration days found, contracts.

Here are the engine's rows; what they mean for a sprint's lanes and exit criteria is realtime/shared.py.
"""

from ..base import codec
from ..protocol.guards_result import plainly
from . import policy, setup
from .engine import Engine


class Shared:
    """A clone's part in its project's sprint. Raises FleetErrors."""

    def __init__(self, project, settings=None):
        self.folder, self.settings = project, settings or policy.read(project)
        self.engine, self.project = Engine(self.settings["where"]), self.settings["project"]
        self.squad, self.machine = setup.squad(project), setup.machine_facts()["machine"][:200]

    def now(self):
        """The engine's clock, seconds since the epoch: what squads on several machines measure hours by."""
        return float(self.engine.rows("select extract(epoch from clock_timestamp())")[0][0])

    def items(self):
        """{id: (version, data)} of the backlog."""
        rows = self.engine.rows("select id, version, data from fleet.items where project = %s and version > 0", (self.project,))
        return {ident: (version, plain(data)) for ident, version, data in sorted(rows, key=lambda row: int(row[0][1:]))}

    def put(self, ident, version, data):
        """An item as it should stand, where nobody changed it since `version`. Answers (version, since)."""
        return self.engine.call("put_item", self.project, ident, version, self.squad, codec.dumps(data), self.machine)[0]

    def note(self, kind, about, data):
        return self.engine.call("add_note", self.project, kind, self.squad, about, codec.dumps(data), self.machine)[0][0]

    def notes(self, kind):
        """[{"id", "squad", "about", "data", "member", "machine", "at"}], oldest first."""
        rows = self.engine.rows(
            "select id, squad, about, data, member, machine, extract(epoch from at)::float8 from fleet.notes where project = %s and kind = %s order by id",
            (self.project, kind),
        )
        found = [dict(zip(("id", "squad", "about", "data", "member", "machine", "at"), row)) for row in rows]
        whole = kind in ("status", "integration")  # a text of many lines, and what has a digest
        return found if whole else [plain(one) for one in found]

    def contract(self, name):
        """A contract's newest version, None while there is none."""
        found = [c for c in contracts(self.engine, self.project) if c["name"] == name]
        return found[-1] if found else None

    def recording(self, name, version):
        return self.engine.rows(
            "select recording from fleet.contracts where project = %s and name = %s and version = %s", (self.project, name, version)
        )[0][0]

    def publish(self, name, seen, digest, recording, drift):
        """The contract as it is committed at HEAD. Answers its version."""
        return self.engine.call(
            "publish", self.project, self.squad, name, seen, setup.git(self.folder, "rev-parse", "HEAD"), digest, codec.dumps(recording),
            codec.dumps(drift), self.machine,
        )[0][0]  # fmt: skip

    def need(self, name, paths=(), items=(), drop=False):
        self.engine.call("need", self.project, self.squad, name, list(paths), list(items), drop)

    def standing(self, names=None):
        """What this clone has merged of what its squad depends on; or of the contracts that are named."""
        needed = (
            needs(self.engine, self.project)
            if names is None
            else [{"squad": self.squad, "name": n, "paths": [], "items": []} for n in names]
        )
        return standing(self.folder, self.squad, contracts(self.engine, self.project), needed) if needed else []


def plain(value):
    """What another member wrote, without what a terminal would obey."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return plainly(value) if isinstance(value, str) else value


def contracts(engine, project):
    """Every version of every contract, in order: [{"name", "version", "squad", "commit", "digest", "drift", "at"}]."""
    rows = engine.rows(
        "select name, version, squad, commit, digest, drift, extract(epoch from at)::float8 from fleet.contracts where project = %s order by name, version",
        (project,),
    )
    return [plain(dict(zip(("name", "version", "squad", "commit", "digest", "drift", "at"), row))) for row in rows]


def needs(engine, project):
    """Who depends on what: [{"squad", "name", "paths", "items"}]."""
    rows = engine.rows("select squad, name, paths, items from fleet.needs where project = %s order by squad, name", (project,))
    return [dict(zip(("squad", "name", "paths", "items"), row)) for row in rows]


def standing(folder, squad, contracts, needs):
    """What a squad's clone has of the contracts that it depends on: [{"name", "version", "merged", "by", "commit", "why", "paths", "items"}].

    A version is merged when HEAD has its commit: git says so, nobody claims it. why: what keeps dependent work back, "" when nothing does."""
    out = []
    for need in (n for n in needs if n["squad"] == squad):
        versions = [c for c in contracts if c["name"] == need["name"]]
        if not versions:
            continue
        merged = next((c["version"] for c in reversed(versions) if has(folder, c["commit"])), 0)
        drift = [str(line) for c in versions if c["version"] > merged for line in c["drift"]]
        newest, why = versions[-1], ""
        if not merged:
            why = "no version of it is merged here"
        elif drift:
            why = "it drifts from version %d, which is merged here: %s" % (merged, "; ".join(drift))
        out.append(
            dict(need, version=newest["version"], merged=merged, by=newest["squad"], commit=newest["commit"], why=why[:500]),
        )
    return out


def has(folder, commit):
    """Whether HEAD contains a commit."""
    return setup.git(folder, "merge-base", "--is-ancestor", commit, "HEAD") is not None
