"""The delivery audit: what was sent, what the broker acknowledged, and what the consumer really did with it.

The consumer is a process of its own. At a *crash point* it asks the auditor, who may kill it there with SIGKILL: always
at the same messages, between effect and acknowledgment, where at-least-once repeats and acknowledge-first loses. Random
kills hardly ever hit that gap. A broker fault kills the broker (that the audit started itself) in mid-produce.
`kill -9` is not power loss: the evidence names its fault and claims no more.
"""

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from pack.base import isolate
from pack.realtime import adapters, bodies, ledgerlines, managed, probe, rtfile
from pack.realtime import worker as builtin

IN_FLIGHT_S = 10.0
VAIN = 5
NUMBER = re.compile(r"[0-9]{1,12}$")  # as a command of the project prints it
BEHIND = (
    400  # acknowledged messages that pack's own worker has not handled: more would be its slowness, and a queue's limit (mosquitto: 1,000)
)
LOOK_S = 0.25  # between two looks at the consumer's lag


class AuditError(RuntimeError):
    """The audit could not be made; the message names the way out."""


def unforeseen(count):
    """So many numbers in rising order which nobody knows who has not read the messages: a consumer that only says what it did cannot
    name them."""
    numbers, last = [], random.randrange(100000, 900000)
    for _ in range(count):
        last += random.randint(1, 9)
        numbers.append(last)
    return numbers


def crash_places(messages, crashes):
    """Where the consumer is killed: at even distances, but not all of them at the same place of its batches. One that reads ten at a time and
    acknowledges them first (NOACK of Redis) loses nothing when it always dies at the tenth."""
    step = messages / (crashes + 1.0)
    return [int(step * (i + 1)) + 3 * i % max(1, int(step)) for i in range(crashes)]


class Auditor:
    """One audit. `run()` gives (facts as text, counts, partial, server)."""

    def __init__(self, path, name, project, server=None, faults=(), progress=None, rate=None, members=1):
        self.path, self.name, self.project, self.server = path, name, project, server
        self.faults, self.progress, self.members = set(faults), progress, members
        self.messages = path.get("messages", 300)
        self.rate = rate or min(path["rate"], 500.0)
        self.token = os.urandom(4).hex()
        self.lines, self.workers, self.pointed, self.last = [], {}, set(), time.monotonic()
        self.ready, self.partial, self.stopping = asyncio.Event(), False, False
        self.numbers = unforeseen(self.messages + self.messages // 2)  # the last third only after a broker's fault
        crashes = path.get("crashes", 3) if "worker-crash" in self.faults else 0
        self.plan = {self.numbers[place] for place in crash_places(self.messages, crashes)}
        count = path.get("dead_letter", {}).get("poison", 0) if "broker-kill" not in self.faults and members == 1 else 0
        self.poison = set()
        for index in range(count):
            place = int(self.messages * (index + 0.5) / count)
            while self.numbers[place] in self.plan | self.poison:
                place += 1
            self.poison.add(self.numbers[place])
        self.folder = tempfile.mkdtemp(prefix="pack-rt-")
        self.effects = os.path.join(self.folder, "effects.db")
        self.starts, self.deaths, self.held, self.on_point = 0, 0, {}, None
        self.builtin = isinstance(path.get("worker"), str) and path["worker"].startswith("builtin:")
        self.start, self.seen_worker, self.consumed, self.isolates = None, False, None, None
        self.vain = 0  # starts of the consumer since it last handled a message
        self.said, self.told = False, []  # whether the worker reported effects; what is known of a loss

    # -- the consumer ----------------------------------------------------------------------------------------------

    def _spawn(self, member):
        worker = self.path["worker"]
        environment = dict(
            os.environ,
            PACK_RT_POINT=self.point,
            PACK_RT_ADDRESS=self.path["address"],
            PACK_RT_NAME=self.name,
            PACK_RT_MEMBER=member,
            PACK_RT_TOKEN=self.token,
            PACK_RT_OPTIONS=json.dumps(self.path.get("options", {})),
        )
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        if self.builtin:
            mode = worker.split(":", 1)[1]
            if mode not in rtfile.WORKERS:
                raise AuditError("unknown built-in worker %r; known: %s" % (worker, ", ".join("builtin:" + m for m in rtfile.WORKERS)))
            orders = {
                "path": self.path,
                "name": self.name,
                "project": self.project,
                "effects": self.effects,
                "mode": mode,
                "member": member,
                "group": "audit",
                "token": self.token,
                "waits": self.path["adapter"] == "mqtt",
            }
            environment["PACK_RT_WORKER"] = json.dumps(orders)
            command = [sys.executable, "-I", "-c", isolate.child("pack.realtime.worker")]
        else:  # a worker of the project may want `pack.realtime.audit_client`
            environment["PYTHONPATH"] = os.pathsep.join([package] + [p for p in [os.environ.get("PYTHONPATH")] if p])
            command = worker if isinstance(worker, list) else [worker]
            command = [sys.executable if part == "{python}" else part for part in command]
        self.starts += 1
        self.vain += 1
        with open(os.path.join(self.folder, "worker.log"), "ab") as log:
            try:
                self.workers[member] = managed.Child(command, self.project, environment, log)
            except managed.ServerError as error:
                raise AuditError("the worker: %s" % error)

    async def _keep_alive(self):
        quick = 0
        while True:
            await asyncio.sleep(0.05)
            for member, process in list(self.workers.items()):
                if process.poll() is not None and not self.stopping and member not in self.held:
                    quick = quick + 1 if not self.ready.is_set() else 0
                    if quick > 5:
                        raise AuditError("the worker ends at once with exit code %d: %s" % (process.returncode, self.worker_log()))
                    process.kill()  # what it left behind
                    self.deaths += 1
                    await asyncio.sleep(0.1)
                    self._spawn(member)

    def worker_log(self):
        """The end of what the worker printed."""
        with open(os.path.join(self.folder, "worker.log"), "rb") as handle:
            return handle.read()[-400:].decode("utf-8", "replace").strip() or "it printed nothing"

    def kill(self, member, number):
        """kill -9 the consumer, now."""
        self.workers[member].kill()
        self.lines.append("c %d" % number)

    async def _point(self, reader, writer):
        member = "w1"
        try:
            while True:
                line = (await reader.readline()).decode("ascii", "replace").split()
                if not line:
                    return
                if line[0] not in ("member", "ready"):
                    self.vain = 0
                if self.vain <= VAIN:  # one that only starts and dies again is no sign of life
                    self.last = time.monotonic()
                if line[0] == "member":
                    member = line[1]
                    continue
                if line[0] == "ready":
                    self.ready.set()
                else:
                    number = int(line[1])
                    self.ready.set()
                    if line[0] == "effect":
                        self.said = True
                        self.lines.append(("e %d %s" % (number, line[2] if len(line) > 2 else "")).strip())
                    self.pointed.add(number)
                    if self.on_point and self.on_point(number, member):
                        return  # that one was killed and gets no answer
                    if number in self.plan:
                        self.plan.discard(number)
                        self.kill(member, number)
                        return
                writer.write(b"go\n")
                await writer.drain()
        except (ConnectionError, ValueError, IndexError):
            return
        finally:
            writer.close()

    # -- the producer ----------------------------------------------------------------------------------------------

    async def _send(self, adapter, number):
        try:
            size = max(self.path.get("payload_bytes", 64), 24)
            body = bodies.make_body(self.token.encode(), number, size)
            if number in self.poison:
                body = b"%s %d poison" % (self.token.encode(), number)
            await asyncio.wait_for(adapter.send(body), IN_FLIGHT_S)
            self.lines.append("a %d" % number)
            self.acked += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # whatever the client library raises: the fate of the message is not known
            self.lines.append("i %d" % number)
            if isinstance(error, asyncio.CancelledError) and self.stopping:
                raise

    def _adapter(self):
        # one connection: an order is a promise of one
        adapter = adapters.make(dict(self.path, connections=1), self.name, self.project)
        adapter.keep = True
        return adapter

    def behind(self):
        """Acknowledged messages that were not handled yet."""
        return max(0, self.acked - len(self.pointed))

    async def _watch(self):
        """The consumer's lag as it goes, and whether the consumer was ever connected to the system at all."""
        addresses = list(adapters.nodes(self.path))
        while True:
            self.lines.append("h %d %d" % (1e3 * (time.perf_counter() - self.start), self.behind()))
            if not self.seen_worker:
                pids = [p for child in list(self.workers.values()) for p in managed.family(child.pid)]
                held = managed.connections(addresses, pids)
                self.seen_worker = held is None or any(held.values())
            await asyncio.sleep(LOOK_S)

    async def _pace(self, stop):
        """Pack's own worker is no faster than it is: it is not left behind further than any broker's queue reaches."""
        until = time.perf_counter() + 5
        while self.builtin and self.behind() > BEHIND and time.perf_counter() < until and not stop.is_set():
            await asyncio.sleep(0.005)
            if self.behind() <= BEHIND // 2:
                return

    async def _broker_fault(self):
        loop = asyncio.get_running_loop()
        old, self.adapter = self.adapter, None
        self.lines.append("b kill")
        try:
            await loop.run_in_executor(None, self.server.kill)
            await asyncio.sleep(0.3)
            await loop.run_in_executor(None, self.server.start)
            self.lines.append("b up")
        finally:
            await probe.let_go(old)  # its server was killed under it
        fresh = self._adapter()
        try:
            for attempt in range(100):
                try:
                    await fresh.prepare()
                    break
                except Exception:
                    if attempt == 99:
                        raise
                    await asyncio.sleep(0.1)
        except BaseException:
            await probe.let_go(fresh)
            raise
        self.adapter = fresh

    async def run(self, stop):  # noqa: C901 - the course of one audit, from the first consumer to the last ledger line
        """Make the audit."""
        self.acked = 0
        tasks, sends = [], set()
        listening = await asyncio.start_server(self._point, "127.0.0.1", 0)
        self.point = "127.0.0.1:%d" % listening.sockets[0].getsockname()[1]
        self.adapter = self._adapter()
        try:
            await self.adapter.prepare()
            told = await self.adapter.server()
            if self.path.get("guarantee") == "exactly-once":
                self.isolates = await self.adapter.isolates()
            for index in range(self.members):
                self._spawn("w%d" % (index + 1))
            keeper = asyncio.ensure_future(self._keep_alive())
            tasks.append(keeper)
            wait = asyncio.ensure_future(self.ready.wait())
            tasks.append(wait)
            await asyncio.wait([wait, keeper], timeout=20, return_when=asyncio.FIRST_COMPLETED)
            if keeper.done():
                keeper.result()
            if not self.ready.is_set():
                raise AuditError("the worker did not report within 20 s (it must say `ready` to PACK_RT_POINT): %s" % self.worker_log())
            start, fault, fault_at = time.perf_counter(), None, self.messages // 2
            self.start = start
            tasks.append(asyncio.ensure_future(self._watch()))
            tasks.append(asyncio.ensure_future(probe.mend(lambda: self.adapter)))
            for place, number in enumerate(self.numbers[: self.messages]):
                wait = start + place / self.rate - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                if fault is None and self.behind() > BEHIND:
                    await self._pace(stop)
                    start = max(start, time.perf_counter() - place / self.rate)
                if stop.is_set():
                    self.partial = True
                    break
                if keeper.done():
                    keeper.result()
                if place == fault_at and "broker-kill" in self.faults:
                    fault = asyncio.ensure_future(self._broker_fault())
                    tasks.append(fault)
                self.lines.append("s %d" % number)
                if number in self.poison:
                    self.lines.append("p %d" % number)
                if self.adapter is None:
                    self.lines.append("i %d" % number)
                    await asyncio.sleep(0.002)
                    continue
                task = asyncio.ensure_future(self._send(self.adapter, number))
                sends.add(task)
                task.add_done_callback(sends.discard)
                if place == self.messages - 1 and fault is not None:
                    await fault  # the second half must meet the new broker
                if self.progress:
                    self.progress.update(place, self.messages, text="acknowledged %d, handled %d" % (self.acked, len(self.pointed)))
            if fault is not None:
                await fault
                await self._after_fault(sends)
            self.lines.append("z %d" % (1e3 * (time.perf_counter() - self.start)))
            if sends:
                await asyncio.wait(sends, timeout=IN_FLIGHT_S + 1)
            await self._settle(stop, keeper)
            self.stopping = True
            self.consumed = await self._handed_out()
            facts = await self._effects() + await self._dead()
            if self.behind():
                for process in self.workers.values():  # what a living one holds, or hands back for ever, RabbitMQ does not count
                    process.kill()
                left = await self._outstanding()
                held = "the server still holds %d for the consumer, handed out without an acknowledgment or not yet: it did not handle them, and they are not gone"
                self.told = [held % left] if left else []
                self.told += list(dict.fromkeys(self.adapter.closed))[:2] + await probe.explained(self.adapter)
            return facts, told
        finally:
            self.stopping = True
            for task in tasks + list(sends):
                task.cancel()
            await asyncio.gather(*tasks, *sends, return_exceptions=True)
            for process in self.workers.values():
                process.kill()
            listening.close()
            if self.adapter is not None:
                self.adapter.keep = False
                try:
                    await asyncio.wait_for(self.adapter.close(), 10)
                except Exception:
                    pass  # nothing more to be done about a server that is gone
            shutil.rmtree(self.folder, ignore_errors=True)
            if self.progress:
                self.progress.close()

    async def _after_fault(self, sends):
        """As many messages again after the broker came back, so that recovery is part of the proof."""
        for number in self.numbers[self.messages :]:
            self.lines.append("s %d" % number)
            task = asyncio.ensure_future(self._send(self.adapter, number))
            sends.add(task)
            task.add_done_callback(sends.discard)
            await asyncio.sleep(1.0 / self.rate)

    async def _settle(self, stop, keeper):
        """Wait until the consumer has nothing left to do. What a dead consumer held comes again only when its session, its claim or its
        acknowledgment has timed out: before that nothing is lost."""
        usual = self.adapter.redelivery_s[0 if self.builtin else 1] if self.adapter else 6.0
        longest = max(6.0, 2.0 * self.path.get("redelivery_s", usual) + 2.0)
        self.last = time.monotonic()
        acked = {int(line[2:]) for line in self.lines if line.startswith("a ")}
        while not stop.is_set():
            if keeper.done():
                keeper.result()
            quiet = time.monotonic() - self.last
            complete = acked <= self.pointed and not self.plan and not self.poison
            if quiet > (2.0 if complete else 6.0 if self.vain > VAIN else longest):
                return
            if quiet > 3.0 and not complete and await self._outstanding() == 0:
                return  # the server has nothing more to hand out
            await asyncio.sleep(0.05)
        self.partial = True

    async def _outstanding(self):
        try:
            return await asyncio.wait_for(self.adapter.outstanding(), 5)
        except Exception:
            return None  # the server is gone, or cannot say

    async def _handed_out(self):
        try:
            return await asyncio.wait_for(self.adapter.consumed(), 10)
        except Exception:
            return None

    async def _dead(self):
        """What is in the dead-letter queue, as ledger lines."""
        if not self.poison:
            return ""
        if "read" in self.path["dead_letter"]:
            return "".join("d %d\n" % int(x[0]) for x in self._told("dead_letter.read", self.path["dead_letter"]["read"]))
        bodies = [b.split() for b in await self.adapter.dead_letters()]
        return "".join("d %d\n" % int(b[1]) for b in bodies if b[:1] == [self.token.encode()])

    async def _read_back(self, where):
        """The effects as ledger lines, from the command of the project or from what the worker wrote to the same system."""
        if isinstance(where, list):
            found = self._told("effects", where)
            return [("e %d %s" % (int(x[0]), x[1] if len(x) > 1 else "")).strip() for x in found]
        try:
            written = await asyncio.wait_for(self.adapter.written(where["from"]), 60)
        except Exception as error:  # whatever the client library raises: nothing was read, so nothing is known
            raise AuditError("the effects in %r cannot be read back: %s" % (where["from"], probe.said(error)))
        numbers = [bodies.number_of(body, self.token.encode()) for body in written]
        return ["e %d" % number for number in numbers if number is not None]

    def _told(self, what, command):
        """The words of each line that a command of the project prints."""
        try:
            done = subprocess.run(command, cwd=self.project, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AuditError("the %s command cannot be run: %s" % (what, error))
        if done.returncode:
            told = done.stderr.strip()[-200:] or done.stdout.strip()[-200:] or "it printed nothing"
            raise AuditError("the %s command ended with exit code %d: %s" % (what, done.returncode, told))
        found = [x.split() for x in done.stdout.splitlines() if x.strip()]
        for words in found:
            if not NUMBER.match(words[0]) or not (words[1:2] or [""])[0].isascii():
                shown = " ".join(words)[:60]
                raise AuditError(
                    "the %s command printed %r: a line is a message's number, and its partition in ASCII or nothing" % (what, shown)
                )
        return found

    async def _effects(self):
        """All facts, with the effects as the consumer's own store has them."""
        worker, lines = self.path["worker"], list(self.lines)
        if "effects" in self.path:
            lines = [x for x in lines if not x.startswith("e ")] + await self._read_back(self.path["effects"])
        elif self.builtin:
            if worker.endswith(":transaction") and self.adapter.transactional:
                found = await self.adapter.transacted()
            else:
                found = builtin.read_effects(self.effects)
            lines += [("e %d %s" % (n, p)).strip() for n, p in found]
        elif not self.said:
            raise AuditError(
                "the worker reported no effect: it must say `effect N` to PACK_RT_POINT, or rt.yaml must give an `effects` command"
            )
        return "".join(line + "\n" for line in lines)


def delivery(path, name, project, kind, server=None, progress=None):
    """Make one delivery audit; returns (ledger text, counts, (server, reality), partial)."""
    if "worker" not in path:
        raise AuditError(
            "path %s has no `worker`: name the command of your consumer, or one of %s"
            % (path["id"], ", ".join("builtin:" + m for m in rtfile.WORKERS))
        )
    faults = [kind["fault"]] if "fault" in kind else []
    holder = {}

    async def main(stop):
        auditor = Auditor(path, name, project, server, faults, progress)
        holder["auditor"] = auditor
        return await auditor.run(stop)

    text, told = probe.run(main)
    auditor = holder["auditor"]
    more = {
        "effects_from": "pack's own worker" if auditor.builtin else "read back" if "effects" in path else "reported",
        "consumed": auditor.consumed,
        "worker_seen": auditor.seen_worker,
        "isolates": auditor.isolates,
        "said": auditor.told[:4],
    }
    return text, dict(ledgerlines.count(ledgerlines.parse(text)), **more), told, auditor.partial


def causal(path, name, project, progress=None):
    """Causal order of a room with several members: every second message is an answer, sent as soon as its sender has seen the one
    before; each carries its sender's vector clock, and every receiver's order is judged against it."""
    size, token = max(path.get("payload_bytes", 64), 24), os.urandom(4).hex()
    state = {"partial": False, "receiver": None}
    lines, messages = [], path.get("messages", 300)

    async def main(stop):
        adapter = adapters.make(path, name, project)
        members = adapter.fanout
        clocks, seen, sends = [[0] * members for _ in range(members)], {}, set()

        async def send(number, sender):
            clocks[sender][sender] += 1
            lines.append("s %d" % number)
            lines.append("v %d %d:%s" % (number, sender, ",".join(map(str, clocks[sender]))))
            await adapter.send(bodies.make_body(token.encode(), number, size), sender)
            lines.append("a %d" % number)

        def start(number, sender):
            task = asyncio.ensure_future(send(number, sender))
            sends.add(task)
            task.add_done_callback(lambda t: (sends.discard(t), t.cancelled() or t.exception()))

        def deliver(body, at, receiver=0):
            for number, _, _ in bodies.pieces(body, token.encode()):
                came(number, receiver)

        def came(number, receiver):
            lines.append("e %d c%d" % (number, receiver))
            sender = number % members
            if receiver != sender:
                clocks[receiver][sender] += 1
            seen[number] = seen.get(number, 0) + 1
            following = number + 1
            if number % 2 == 0 and receiver == following % members and following < messages:
                start(following, receiver)

        try:
            await adapter.open(deliver)
            told = await adapter.server()
            zero = time.perf_counter() + 0.05
            for number in range(0, messages, 2):
                wait = zero + number / path["rate"] - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                if stop.is_set():
                    break
                start(number, number % members)
                if progress:
                    progress.update(number, messages, text="%d seen by all" % sum(n == members for n in seen.values()))
            until = time.perf_counter() + probe.GRACE_S
            while sum(seen.values()) < messages * members and time.perf_counter() < until and not stop.is_set():
                await asyncio.sleep(0.02)
            state.update(partial=stop.is_set(), receiver=adapter.dead)
            return told
        finally:
            for task in list(sends):
                task.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
            await adapter.close()

    told = probe.run(main, path.get("connections", 1) + 50)
    text = "".join(line + "\n" for line in lines)
    return text, dict(ledgerlines.count(ledgerlines.parse(text)), receiver=state["receiver"]), told, state["partial"]


def ordering(path, name, project, progress=None):
    """Order under load, seen by the probe itself, and the same again on replay where the log is kept."""
    size = max(path.get("payload_bytes", 64), 24)
    holder = {}

    async def main(stop):
        # order is a promise of one connection; a broadcast is judged at each of its receivers
        one = path if path.get("options", {}).get("mode") == "broadcast" else dict(path, connections=1)
        adapter = adapters.make(one, name, project)
        messages = path.get("messages", 300)
        # only acknowledged sends are a fact; the wrapper notes them in the order of the answers
        lines, plain = [], adapter.send

        async def send(body, partition=0):
            number = int(body.split()[1])
            lines.append("s %d" % number)
            await plain(body, partition)
            lines.append("a %d" % number)

        adapter.send, told = send, []

        async def opened():
            told.append(await adapter.server())

        try:
            recording = await probe.open_loop(
                adapter, path["rate"], messages / path["rate"], 0, size, progress, stop, order=True, opened=opened
            )
            body = "".join(x + "\n" for x in lines)
            body += "".join("e %d%s\n" % (n, " c%d" % r if adapter.fanout > 1 else "") for n, r in recording.order)
            body += "e %d\n" % (10**9) * recording.damaged
            if adapter.persistent and not recording.partial:
                token = None
                try:
                    log = await adapter.replay()
                except NotImplementedError:
                    raise
                except Exception:
                    log = []  # the server is gone: what was seen is kept, and is INVALID without a replay
                for raw, partition in log:
                    parts = raw.split(b" ", 2)
                    token = token or parts[0]
                    body += ("r %d %s" % (int(parts[1]), partition)).strip() + "\n"
            holder.update(partial=recording.partial, receiver=recording.receiver)
            return body, told[0]
        finally:
            await probe.let_go(adapter)

    text, told = probe.run(main, path.get("connections", 1) + 50)
    if "worker" in path and path.get("ordering") != "causal" and not holder["partial"] and path["adapter"] in rtfile.BROKERS:
        effects, _, _, holder["partial"] = delivery(path, name + "-w", project, {"kind": "order of effects"}, None, progress)
        seen = [line.split(" ", 1)[1] for line in effects.splitlines() if line.startswith("e ")]
        text += "".join("w %s\n" % x for x in seen)
    return text, dict(ledgerlines.count(ledgerlines.parse(text)), receiver=holder["receiver"]), told, holder["partial"]
