"""One measurement: run the probe or the audit for a path, wrap what it saw in an envelope, file it."""

import asyncio
import contextlib
import hashlib
import os
import time

import pack
from pack.realtime import (
    adapters,
    anchors,
    claims,
    clock,
    derive,
    evidence,
    gates,
    gitinfo,
    hdr,
    judge_failover,
    managed,
    probe,
    rtfile,
    selftest,
)
from pack.teams.layout import by_id, project_of


class MeasureError(RuntimeError):
    """Nothing could be measured; the message names the way out."""


class Session:
    """One command's measurements for one team folder."""

    def __init__(self, team_dir, definition, argv, purpose="check", say=print, quiet=False, duration=None, workers=1, cluster=None):
        self.team_dir, self.definition, self.argv, self.purpose = (
            os.path.abspath(team_dir),
            definition,
            list(argv),
            purpose,
        )
        self.project = project_of(self.team_dir, definition)
        self.rt = rtfile.load(self.team_dir, definition)
        rtfile.write_twin(self.team_dir)  # so that a hook without PyYAML judges by the same file
        self.own = gitinfo.own(self.team_dir, definition)
        self.git = gitinfo.state(self.project, exclude=self.own)
        self.loose = gitinfo.Git(self.project, self.own).loose() if self.git["commit"] else []
        self.kinds, self.paths = by_id(definition, "evidence", "kind"), by_id(self.rt, "paths")
        self.store, self.say, self.quiet = evidence.Store(self.team_dir), say, quiet
        self.workers, self.cluster = workers, cluster
        self.at = None  # the path that is being measured, for whoever tells the user what went wrong
        self.selftest, self.interrupted, self.duration, self.unanchored = None, False, duration, False
        self.looked = clock.look()

    def unbound(self):
        """Why nothing that is measured now will count, said before an hour is spent on it: lines."""
        if self.git["commit"] is None:
            return ["no git commit here to bind evidence to: what is measured now is INVALID. `git init`, `git add`, `git commit` first"]
        found = []
        for path in self.rt["paths"]:
            names = [n for n in self.loose if gitinfo.counts(n, path.get("sources"))]
            if names:
                found.append("%s: %s" % (path["id"], ", ".join(names[:3])))
        said = "the work tree is dirty: what is measured now is STALE (%s). Commit first, or let .gitignore name what is no source; then measure"
        return [said % "; ".join(found[:3])] if found else []

    def progress(self, title):
        """A progress bar, unless quiet."""
        return None if self.quiet else probe.Progress(title)

    def run_part(self, start, path, told, partial, run_id=None):
        """The `run` of an envelope."""
        end, told = time.time(), probe.named(told)
        before, self.looked = self.looked, clock.look()
        return {
            "id": run_id or evidence.new_run_id(start),
            "tool": "pack rt",
            "version": pack.__version__,
            "tool_digest": evidence.tool_digest(),
            "argv": ["pack", "rt"] + self.argv,
            "host": evidence.host(),
            "start": start,
            "end": end,
            "git": self.git_since(path),
            "target": {"address": path["address"], "server": says(path, told[0]), "reality": told[1]},
            "spec": rtfile.path_digest(path),
            "purpose": self.purpose,
            "selftest": self.selftest,
            "loaded": evidence.loaded(),
            "clock": clock.between(before, self.looked),
            "partial": bool(partial),
            "exit_code": 130 if partial else 0,
        }

    def git_since(self, path):
        """The `git` part of a run: dirty if the tree was so when the command began, or is at the end, or moved in between."""
        sources = path.get("sources")
        now = gitinfo.state(self.project, rtfile.programs(path), self.own, sources)
        before = [n for n in self.loose if gitinfo.counts(n, sources)]
        moved = now["commit"] != self.git["commit"] or not self.git["commit"]
        return dict(now, dirty=now["dirty"] or bool(before) or moved, changed=now["changed"] or before[:5])

    def file(self, kind, path, run, entry):
        """Put one envelope into the evidence folder; returns the gate's row for it, so that the first figure is seen."""
        protocol = gates.protocol_of(path) if kind is not evidence.SELFTEST else "tcp"
        entry = dict({"message_path": path["id"], "protocol": protocol, "timestamp": evidence.iso(run["end"])}, **entry)
        record = self.store.append(kind, {"kind": kind["kind"], "class": kind["class"], "run": run, "entries": [entry]})
        if not anchors.note(self.project, self.team_dir, record) and not self.unanchored:
            self.unanchored = True
            self.say(
                "the ledger's length is noted nowhere (no git repository to keep a note in): records cut off its end would not be missed"
            )
        self.interrupted = self.interrupted or run["partial"]
        return entry

    def ensure_selftest(self, force=False):
        """Use the newest good self-test of this machine and this pack, or make one (up to three tries)."""
        folder = os.path.join(self.team_dir, "evidence")
        known = {r["digest"] for r in evidence.read_ledger(folder)[0]}
        for envelope in reversed(evidence.read_file(os.path.join(folder, evidence.SELFTEST["file"]))[0]):
            run = envelope["run"]
            fresh = 0 <= time.time() - run["start"] < (gates.SELFTEST_HOURS - 1) * 3600
            same = run["tool_digest"] == evidence.tool_digest() and run["host"]["name"] == evidence.host()["name"]
            if (
                not force
                and fresh
                and same
                and not run["partial"]
                and evidence.digest(envelope) in known
                and not derive.selftest(envelope["entries"][0])
            ):
                self.selftest = run["id"]
                return []
        reasons = []
        for _ in range(3):
            start = time.time()
            entry = selftest.measure(progress=self.progress("self-test (stall formula)"))
            partial = entry.pop("partial")
            spec = {"id": "selftest", "address": "127.0.0.1", "adapter": "tcp"}
            self.selftest = None
            run = self.run_part(start, spec, ("the pack's own stalling server", "real"), partial)
            self.file(evidence.SELFTEST, spec, run, entry)
            reasons = derive.selftest(entry)
            if partial:
                raise KeyboardInterrupt
            if not reasons:
                self.selftest = run["id"]
                shown = ", ".join(
                    "P%g %.1f ms (formula %.1f)" % (100 * float(q), entry["measured_ms"][q], entry["expected_ms"][q])
                    for q in derive.SELFTEST_QUANTILES
                )
                self.say("self-test: %s" % shown)
                return []
        return reasons

    @contextlib.contextmanager
    def server_for(self, path, fault=False):
        """The server that rt.yaml tells how to start, if it does not run already; of a cluster {name: server}; None without."""
        if "cluster" in path:
            with contextlib.ExitStack() as started:
                nodes = {}
                for node in path["cluster"]:
                    nodes[node["name"]] = managed.Server(node["command"], node["address"], self.project)
                    nodes[node["name"]].start()
                    started.callback(nodes[node["name"]].stop)
                yield nodes
            return
        spec = path.get("server")
        if not spec or (not fault and managed.answers(path["address"])):
            if fault:
                raise MeasureError("path %s: a fault needs `server: {command: [...]}` in rt.yaml" % path["id"])
            yield None
            return
        server = managed.Server(spec["command"], path["address"], self.project, spec.get("ready_s", 20.0))
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def name(self, path):
        """The prefix of what an adapter makes on the server."""
        return "pack-%s-%s" % (path["id"].replace("_", "-"), os.urandom(3).hex())

    def wanted(self, measures, only=()):
        """[(kind, path)] of these measures that rt.yaml asks for."""
        unknown = set(only) - set(self.paths)
        if unknown:
            raise MeasureError("unknown path %s; rt.yaml has: %s" % (", ".join(sorted(unknown)), ", ".join(self.paths)))
        pairs = [(self.kinds[k], self.paths[p]) for k, p in rtfile.required(self.rt, self.definition)]
        return [(k, p) for k, p in pairs if k["measure"] in measures and (not only or p["id"] in only)]

    # -- the measures ----------------------------------------------------------------------------------------------

    def latency(self, path, kinds):
        """One probe run; files it under every latency kind that looks at the path."""
        start = time.time()
        with self.server_for(path):
            recording, told, seen = self.probed(path, "latency", path["rate"], path["duration"], path.get("warmup", 1.0))
        duration = recording.sent / path["rate"]
        entry = dict(self.seen(recording, seen), sample_count=recording.received)
        latency, lateness = recording.latency.encode().decode(), recording.lateness.encode().decode()
        entry.update(claims.percentiles(hdr.Histogram(latency)))
        late = hdr.Histogram(lateness)
        entry.update(
            {
                "throughput_msgs_sec": round(recording.received / duration, 3) if duration else 0.0,
                "concurrent_connections": path.get("connections", 1)
                if entry["seen"] is None or ":" in path["adapter"]
                else sum(entry["seen"].values()),
                "sent": recording.sent * recording.fanout,
                "received": recording.received,
                "lost": recording.lost,
                "rate": path["rate"],
                "duration_s": round(duration, 6),
                "payload_bytes": path.get("payload_bytes", 64),
                "budget_ms": path["budget_ms"],
                "lateness_p99_ms": claims.percentiles(late)["p99_ms"],
                "histogram": latency,
                "lateness_histogram": lateness,
                "receiving_histogram": recording.receiving.encode().decode(),
            }
        )
        if claims.own_limit(entry) and not recording.partial:
            entry["good_rate"] = self.still_good(path)
        if recording.spread is not None:
            spread = recording.spread.encode().decode()
            entry.update(
                fanout=recording.fanout, spread_histogram=spread, spread_p99_ms=claims.percentiles(hdr.Histogram(spread))["p99_ms"]
            )
        run = self.run_part(start, path, told, recording.partial)
        for kind in kinds:
            self.file(kind, path, run, entry)
        return entry

    def probed(self, path, what, rate, duration, warmup, per_second=False, beside=None):
        """One run of the probe, by as many processes as were asked for: (recording, what the server says, connections seen)."""
        size, bar = path.get("payload_bytes", 64), self.progress("%s %s" % (what, path["id"]))
        forget = what == "throughput"

        async def alone(stop):
            adapter = adapters.make(path, self.name(path), self.project)
            adapter.forget = forget
            recording, told = await probe.told_run(adapter, rate, duration, warmup, size, bar, stop, per_second=per_second)
            return recording, told, adapter.seen

        async def together(stop):
            from pack.realtime import shares

            told = shares.orders(path, self.name(path), self.project, rate, duration, warmup, size, self.workers, per_second, forget)
            if self.cluster:
                return await asyncio.get_running_loop().run_in_executor(None, shares.on_cluster, self.cluster, told, stop)
            return await shares.on_this_machine(told, stop, bar)

        async def main(stop):
            watching = asyncio.ensure_future(beside()) if beside else None
            try:
                return await (alone if self.workers == 1 and not self.cluster else together)(stop)
            finally:
                if watching:
                    watching.cancel()

        return probe.run(main, path.get("connections", 1) + 50)

    @staticmethod
    def seen(recording, seen):
        """What a probe's run saw beside its latencies: of itself, of its connections, of what went wrong."""
        reasons = {}
        for text in recording.closed:
            reasons[text] = reasons.get(text, 0) + 1
        return {
            "duplicates": recording.duplicates,
            "damaged": recording.damaged,
            "failed": recording.failed,
            "forgotten": recording.forgotten,
            "astray": recording.astray,
            "refusal": recording.refusal,
            "receiver": recording.receiver,
            "closed": sorted(reasons.items(), key=lambda item: -item[1])[:5],
            "usage": thinned(recording.usage),
            "seen": seen,
        }

    def still_good(self, path):
        """The rate at which the probe, on this path and now, is not its own limit: halved until it is good; None if it never was."""
        rate = path["rate"] / 2.0
        for _ in range(6):
            with self.server_for(path):
                made = adapters.make(path, self.name(path), self.project)

                async def main(stop, made=made, rate=rate):
                    return await probe.told_run(made, rate, 2.0, 0.5, path.get("payload_bytes", 64), None, stop)

                recording, _ = probe.run(main, path.get("connections", 1) + 50)
            if not claims.own_limit({"usage": recording.usage, "rate": rate}):
                return rate
            rate /= 2.0
        return None

    def delivery(self, path, kind):
        """A delivery or ordering audit."""
        from pack.realtime import audit

        start = time.time()
        broker = kind.get("fault") == "broker-kill"
        with self.server_for(path, fault=broker) as server:
            bar = self.progress("%s %s" % ("ordering" if kind["measure"] == "ordering" else "audit", path["id"]))
            if kind["measure"] == "ordering":
                ask = audit.causal if path["ordering"] == "causal" else audit.ordering
                text, counts, told, partial = ask(path, self.name(path), self.project, bar)
                counts.update(effects_from="the probe", consumed=None, worker_seen=False, isolates=None)
            else:
                text, counts, told, partial = audit.delivery(path, self.name(path), self.project, kind, server, bar)
        worker = path.get("worker", "the probe") if kind["measure"] != "ordering" else "the probe"
        return self._file_audit(kind, path, start, text, counts, told, partial, worker)

    def _file_audit(self, kind, path, start, text, counts, told, partial, worker):
        run = self.run_part(start, path, told, partial)
        entry = dict(
            counts,
            guarantee=path["guarantee"],
            worker=worker if isinstance(worker, str) else " ".join(worker),
            ledger=self._keep_ledger(run, text),
        )
        return self.file(kind, path, run, entry)

    def _keep_ledger(self, run, text):
        """Write a ledger's lines, below the name of their run; the `ledger` part of the entry."""
        relative = gates.ledger_of(run["id"])
        target = os.path.join(self.store.folder, *relative.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = ("n %s\n%s" % (run["id"], text)).encode("ascii")
        evidence.write(target, data, "wb")
        return {"file": relative, "sha256": hashlib.sha256(data).hexdigest(), "lines": data.count(b"\n")}

    def throughput(self, path, kind):
        """Sustained throughput, second by second, with what memory the probe and the server it started held meanwhile."""
        start, spec = time.time(), dict(path["throughput"], **({"duration": self.duration} if self.duration else {}))
        memory = []
        with self.server_for(path) as server:

            async def watch():
                while True:
                    pids = server.pids if isinstance(server, managed.Server) else []
                    sample = [managed.memory_kb(os.getpid()), managed.summed(managed.memory_kb, pids)]
                    memory.append([round(time.time() - start, 3)] + sample)
                    await asyncio.sleep(max(1.0, spec["duration"] / 60.0))

            recording, told, seen = self.probed(path, "throughput", spec["rate"], spec["duration"], 1.0, True, watch)
        series, departed = recording.arrivals, recording.departures
        if recording.partial:
            cut = max(1, int(recording.sent / spec["rate"]))
            series, departed = series[:cut], departed[:cut]
            departed[-1] += recording.sent - sum(departed)
        entry = {
            "target_rate": spec["rate"],
            "sustained_s": len(series),
            "throughput_msgs_sec": round(sum(series) / len(series), 3),
            "after": recording.received - sum(series),
            "sent": recording.sent * recording.fanout,
            "received": recording.received,
            "lost": recording.lost,
            "per_second": series,
            "sent_per_second": departed,
            "memory_kb": memory,
            "histogram": recording.latency.encode().decode(),
        }
        entry.update(self.seen(recording, seen))
        return self.file(kind, path, self.run_part(start, path, told, recording.partial), entry)

    def plain(self, path, kind):
        """Density, stream and burst: modules that give the entry themselves."""
        from pack.realtime import density, streaming

        start, measure = time.time(), kind["measure"]
        with self.server_for(path) as server:
            bar = self.progress("%s %s" % (measure, path["id"]))
            if measure == "density":
                entry, told, partial = density.density(
                    path, self.name(path), self.project, server.pids if isinstance(server, managed.Server) else self._pid(path), bar
                )
            else:
                take = streaming.stream if measure == "stream" else density.burst
                entry, told, partial = take(path, self.name(path), self.project, bar)
        return self.file(kind, path, self.run_part(start, path, told, partial), entry)

    def _pid(self, path):
        file = path["density"].get("server_pid_file")
        if not file:
            return []
        try:
            with open(os.path.join(self.project, file), encoding="ascii") as handle:
                return managed.family(int(handle.read().strip()))
        except (OSError, ValueError):
            raise MeasureError("path %s: server_pid_file %s holds no process id" % (path["id"], file))

    def failover(self, path, kind):
        """Recovery, rebalance, reconnection, election."""
        from pack.realtime import failover

        start, measure = time.time(), kind["measure"]
        bar = self.progress("%s %s" % (measure, path["id"]))
        name = self.name(path)
        if measure == "rebalance":
            with self.server_for(path):
                events, told, more, partial, text = failover.rebalance(path, name, self.project, bar)
        elif measure == "election":
            with self.server_for(path) as nodes:
                events, told, more, partial, text = failover.election(path, name, self.project, nodes, bar)
        else:
            with self.server_for(path, fault=True) as server:
                events, told, more, partial, text = getattr(failover, "recovery" if measure == "recovery" else "reconnect")(
                    path, name, self.project, server, bar
                )
        value, run = judge_failover.failover_value(events), self.run_part(start, path, told, partial)
        if text is not None:
            more["ledger"] = self._keep_ledger(run, text)
        entry = dict(more, fault=kind["fault"], value_s=round(value, 6) if value is not None else -1.0, events=events)
        return self.file(kind, path, run, entry)


def says(path, server):
    """What a server is called: of an adapter of the project's own, only what that says."""
    return "%s, as %s says" % (server, path["adapter"]) if ":" in path["adapter"] else server


def thinned(usage, most=600):
    """The seconds of a run; of a long one the fullest of each span."""
    step = -(-len(usage) // most)
    return [max(usage[i : i + step], key=max) for i in range(0, len(usage), step)] if step > 1 else usage


def measure_all(session, measures, only=()):
    """Measure everything of these kinds; yields (kinds, path, entry)."""
    pairs = session.wanted(measures, only)
    done = set()
    for kind, path in pairs:
        session.interrupted = session.interrupted or probe.asked.is_set()
        if session.interrupted:
            return
        measure = kind["measure"]
        session.at = path
        if measure in ("latency", "tail"):
            if path["id"] in done:
                continue
            done.add(path["id"])
            kinds = [k for k, p in pairs if p is path and k["measure"] in ("latency", "tail")]
            yield kinds, path, session.latency(path, kinds)
        elif measure in ("delivery", "ordering"):
            yield [kind], path, session.delivery(path, kind)
        elif measure == "throughput":
            yield [kind], path, session.throughput(path, kind)
        elif measure in ("density", "stream", "burst"):
            yield [kind], path, session.plain(path, kind)
        else:
            yield [kind], path, session.failover(path, kind)
