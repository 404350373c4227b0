"""Failover: kill what pack started, and time who comes back. Events, not conclusions, go into the evidence."""

import asyncio
import time

from pack.realtime import adapters, audit, bodies, ledgerlines, managed, probe


class Clock:
    """Events on one clock, relative to the first."""

    def __init__(self):
        self.zero, self.events = time.perf_counter(), []

    def note(self, what, who=""):
        """Note an event now."""
        event = {"at": round(time.perf_counter() - self.zero, 6), "what": what}
        if who:
            event["who"] = who
        self.events.append(event)


async def again(server, clock):
    """Start a killed server again; False if it does not come back, which is a finding and no error of the measurement."""
    try:
        await asyncio.get_running_loop().run_in_executor(None, server.start)
    except managed.ServerError:
        return False
    clock.note("restarted")
    return True


def recovery(path, name, project, server, progress=None):  # noqa: C901 - the course of one trial, in the order in which it happens
    """Kill the broker under load, start it again, wait for the first message that goes all the way."""
    token, state = b"recovery", {"sent": 0, "numbers": set(), "acked": set(), "received": set(), "partial": False}

    async def main(stop):
        try:
            return await trial(stop)
        finally:
            state["adapter"].keep = False
            await probe.let_go(state["adapter"])

    async def trial(stop):  # noqa: C901 - the course of one trial, in the order in which it happens
        clock, loop = Clock(), asyncio.get_running_loop()
        adapter = state["adapter"] = adapters.make(path, name, project)
        adapter.keep = True
        fault = {"number": None}

        def deliver(body, at, receiver=0):
            for number, _, _ in bodies.pieces(body, token):
                state["received"].add(number)
                if fault["number"] is not None and number >= fault["number"] and "back" not in fault:
                    fault["back"] = True
                    clock.note("recovered", "path")

        async def send(number):
            state["sent"] += 1
            state["numbers"].add(number)
            await asyncio.wait_for(adapter.send(bodies.make_body(token, number, 64)), 5)
            state["acked"].add(number)

        await adapter.open(deliver)
        told = await adapter.server()
        gap, number = 1.0 / min(path["rate"], 200.0), 0
        tasks = set()

        def fire():
            task = asyncio.ensure_future(send(number))
            tasks.add(task)
            task.add_done_callback(lambda t: (tasks.discard(t), t.cancelled() or t.exception()))

        until = time.perf_counter() + 1.0
        while time.perf_counter() < until:
            fire()
            number += 1
            await asyncio.sleep(gap)
        clock.note("steady", "path")
        fault["number"] = number
        clock.note("fault")
        await loop.run_in_executor(None, server.kill)
        deadline = time.perf_counter() + (60 if await again(server, clock) else 0)
        connected = False
        while "back" not in fault and time.perf_counter() < deadline and not stop.is_set():
            try:
                if not connected:
                    try:
                        await asyncio.wait_for(adapter.close(), 2)
                    except Exception:
                        pass  # it broke with its server
                    adapter = state["adapter"] = adapters.make(path, name, project)
                    adapter.keep = True
                    await asyncio.wait_for(adapter.open(deliver), 10)
                    connected = True
                await send(number)
                number += 1
                await asyncio.sleep(0.01)
            except Exception:
                connected = False
                await asyncio.sleep(0.05)
            if progress:
                progress.update(0, 1, text="waiting for the first message after the restart")
        state["partial"] = stop.is_set()
        await asyncio.sleep(0.5)
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        logged = set()
        if adapter.persistent:
            try:
                logged = {bodies.number_of(b, token) for b, _ in await adapter.replay()}
            except Exception:
                if "back" in fault:
                    raise
                # interrupted, or it never came back: there is nothing to read the log from
        return clock.events, told, logged

    events, told, logged = probe.run(main)
    lost = len(state["acked"] - state["received"] - logged)
    text = _lines(state["numbers"], state["acked"], state["received"], logged)
    return events, told, {"sent": state["sent"], "lost": lost}, state["partial"], text


def _lines(sent, acked, received, logged):
    """A ledger of what became of messages, from sets of their numbers; None (a message of another run) among the logged is left out."""
    facts = [("s", sent), ("a", acked), ("e", received), ("r", logged)]
    return "".join("%s %d\n" % (fact, n) for fact, numbers in facts for n in sorted(numbers - {None}))


def rebalance(path, name, project, progress=None):
    """Two consumers in one group; one is killed while it holds a message; the other must take it over."""
    found = {}

    async def main(stop):
        clock = Clock()
        spec = dict(path, messages=max(100, path.get("messages", 300)))
        spec.setdefault("worker", "builtin:effect-then-ack")
        auditor = audit.Auditor(spec, name, project, None, (), progress, members=2)
        goal = auditor.numbers[spec["messages"] // 2]

        def on_point(number, member):
            if "victim" not in found and number >= goal:
                found.update(number=number, victim=member)
                auditor.held[member] = True  # not started again: the other one must take over
                clock.note("steady", "message %d" % number)
                clock.note("fault")
                auditor.workers[member].kill()
                auditor.lines.append("k %d" % number)
                return True
            if found.get("number") == number and member != found["victim"] and "back" not in found:
                found["back"] = True
                clock.note("recovered", "message %d" % number)
            return False

        auditor.on_point = on_point
        text, told = await auditor.run(stop)
        return text, told, clock, auditor

    text, told, clock, auditor = probe.run(main)
    return clock.events, told, {"lost": ledgerlines.count(ledgerlines.parse(text))["lost"]}, auditor.partial, text


def reconnect(path, name, project, server, progress=None):
    """Kill the WebSocket server under N clients; each must come back with its state (its counter goes on)."""
    if not hasattr(adapters.load(path["adapter"], project), "connect_one"):
        raise audit.AuditError("reconnection is measured on websocket paths; %s has no connect_one()" % path["adapter"])
    wanted = path.get("connections", 10)
    result = {"preserved": 0, "partial": False}

    async def main(stop):
        clock, loop = Clock(), asyncio.get_running_loop()
        adapter = adapters.make(path, name, project)
        steady, back = asyncio.Event(), asyncio.Event()
        counts = {"steady": 0, "back": 0}

        async def client(number):
            last, socket, wait = 0, await adapter.connect_one(), 0.05
            who, state = "client %d" % number, {}
            try:
                while True:
                    try:
                        last += 1
                        text = "%s %s %d" % (name, who, last)
                        await socket.send(text)
                        reply = await asyncio.wait_for(socket.recv(), 5)
                        same = (reply.decode() if isinstance(reply, bytes) else reply) == text
                        if last == 3:
                            clock.note("steady", who)
                            counts["steady"] += 1
                            if counts["steady"] == wanted:
                                steady.set()
                        if state.get("broken") and "back" not in state:
                            state["back"] = True
                            clock.note("recovered", who)
                            result["preserved"] += same
                            counts["back"] += 1
                            if counts["back"] == wanted:
                                back.set()
                            return
                        await asyncio.sleep(0.02)
                    except (OSError, asyncio.TimeoutError, adapter_errors()):
                        last -= 1
                        state["broken"] = True
                        await asyncio.sleep(wait)
                        wait = min(wait * 2, 0.5)
                        try:
                            socket = await adapter.connect_one()
                        except (OSError, asyncio.TimeoutError, adapter_errors()):
                            continue
            finally:
                await socket.close()

        tasks = [asyncio.ensure_future(client(i)) for i in range(wanted)]
        try:
            await asyncio.wait_for(steady.wait(), 30)
            clock.note("fault")
            await loop.run_in_executor(None, server.kill)
            until = time.perf_counter() + (30 if await again(server, clock) else 0)
            while not back.is_set() and time.perf_counter() < until and not stop.is_set():
                await asyncio.sleep(0.01)
                if progress:
                    progress.update(counts["back"], wanted, text="clients back")
            result["partial"] = stop.is_set()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return clock.events

    events = probe.run(main, wanted + 100)
    events.sort(key=lambda e: e["at"])
    return (
        events,
        ("websocket server", "real"),
        {"sent": wanted, "lost": 0, "state_preserved": result["preserved"] == wanted},
        result["partial"],
        None,
    )


def adapter_errors():
    """What the WebSocket library raises for a broken connection."""
    from websockets.exceptions import WebSocketException

    return WebSocketException


def election(path, name, project, nodes, progress=None):  # noqa: C901 - the course of one trial, in the order in which it happens
    """Kill the node that leads; recovered when a message goes all the way through the ones that are left. The log is read
    again at the end: what was acknowledged before or after must be in it."""
    token, state = b"election", {"sent": 0, "numbers": set(), "acked": set(), "partial": False, "adapter": None}

    async def main(stop):
        try:
            return await trial(stop)
        finally:
            if state["adapter"] is not None:
                state["adapter"].keep = False
                await probe.let_go(state["adapter"])

    async def trial(stop):  # noqa: C901 - the course of one trial, in the order in which it happens
        clock, mark, loop = Clock(), {"number": None}, asyncio.get_running_loop()

        def deliver(body, at, receiver=0):
            numbers = [number for number, _, _ in bodies.pieces(body, token)]
            if mark["number"] is not None and "back" not in mark and any(number >= mark["number"] for number in numbers):
                mark["back"] = True
                clock.note("recovered", "path")

        async def connect():
            fresh = adapters.make(path, name, project)
            fresh.keep = True
            try:
                await asyncio.wait_for(fresh.open(deliver), 1.5)
            except BaseException:
                await give_up(fresh)
                raise
            return fresh

        async def give_up(broken):
            try:
                await asyncio.wait_for(broken.close(), 2)
            except Exception:
                pass  # it broke with its node

        async def send(number):
            state["sent"] += 1
            state["numbers"].add(number)
            await asyncio.wait_for(state["adapter"].send(bodies.make_body(token, number, 64)), 2)
            state["acked"].add(number)

        until = time.perf_counter() + 30
        while True:  # a cluster that has just started has no leader yet
            try:
                if state["adapter"] is not None:  # one that knew no leader
                    await give_up(state["adapter"])
                adapter = state["adapter"] = await connect()
                leader = await adapter.leader()
                if leader:
                    break
            except NotImplementedError:
                raise
            except Exception:
                if time.perf_counter() > until or stop.is_set():
                    raise
            await asyncio.sleep(0.2)
        if leader not in nodes:
            raise audit.AuditError(
                "the leader calls itself %r; the nodes of rt.yaml are %s: give them the names that the servers have"
                % (leader, ", ".join(nodes))
            )
        told = await adapter.server()
        number = 0
        for number in range(100):
            await send(number)
        number += 1
        clock.note("steady", "path")
        mark["number"] = number
        clock.note("fault", leader)
        await loop.run_in_executor(None, nodes[leader].kill)
        until = time.perf_counter() + 60
        while "back" not in mark and time.perf_counter() < until and not stop.is_set():
            try:
                if state["adapter"] is None:
                    state["adapter"] = await connect()
                await send(number)
            except Exception:
                broken, state["adapter"] = state["adapter"], None
                if broken is not None:
                    await give_up(broken)
                await asyncio.sleep(0.05)
            number += 1
            await asyncio.sleep(0.02)
            if progress:
                progress.update(0, 1, text="waiting for the first message under another leader")
        state["partial"] = stop.is_set()
        logged, adapter = None, state["adapter"]
        if adapter is not None:
            after = await adapter.leader()
            if after and after != leader:
                clock.note("elected", after)
            if adapter.persistent:
                logged = {bodies.number_of(b, token) for b, _ in await adapter.replay()}
        return clock.events, told, state["acked"] if logged is None else logged

    events, told, logged = probe.run(main)
    more = {"sent": state["sent"], "acked": len(state["acked"]), "lost": len(state["acked"] - logged)}
    return events, told, more, state["partial"], _lines(state["numbers"], state["acked"], set(), logged)
