"""The stage: decides, for each request of the client, what the actor who asks says next.

A line is spoken when every line above it is done; until then the actor's request is held open. A tool call is done
when its result came back in the actor's next request (that is also where its outcome is checked); an end of turn is done
when it was said. So the story's order is the order of the run, whatever the client's timing, and nobody needs a
sleep. An actor that is woken too early (a teammate's idle notice, a hook that sends it on) just holds until its turn.
"""

import json
import os
import pathlib
import re
import threading
import time

import story as stories
from model import Reply, say, use


PATIENCE = 400  # seconds: ends a hang, measures nothing; below the client's own limit for a request
AT_ONCE_S = 0.2  # a condition that is looked at between two tool calls
REFUSED = re.compile(r"team: refused \((\w+)\)")
OFFER = re.compile(r"STATE_OWNERSHIP_HANDOFF\((\d+)\)")
REQUEST_ID = re.compile(r'"requestId":\s*"([^"]+)"')
PLACE = re.compile(r"\{(epoch[+-]?\d*|request_id|project|session|to:[^}]+|agent_id:[^}]+|[a-z_][a-z_0-9]*)\}")


def slower():
    """How much longer things take than on a machine that does nothing else: what waits for something that may never come waits so much longer,
    three times at most: in a session without hooks nothing tells that a turn has ended."""
    return min(3.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


class Stage:
    """Holds the story while it is played. `answer` is the Model's callable; `world` reads journal and project (play.py)."""

    def __init__(self, story, world, narrate=None):
        self.story, self.world, self.narrate = story, world, narrate or (lambda kind, **data: None)
        self.changed = threading.Condition(threading.RLock())
        self.done, self.failures, self.trace = set(), [], []
        self.said = set()  # lines that need nothing more but a moment
        self.over = False
        self.calls, self.agents, self.memory = {}, {}, {}
        self.queues = {}
        for line in story.lines:
            self.queues.setdefault(line.actor, []).append(line)
        self.flight = {}  # actor -> (line or None, {tool_use_id: Use}) that has been sent and not come back
        self.prepared = {}  # actor -> preparations that were made for its present line
        self.loaded = {}  # (actor, agent id) -> (length of the conversation, tools that ToolSearch has loaded)
        self.last_error = {}
        self.most = int(story.number("calls", 3 * len(story.lines) + 30))
        self.patience = story.number("patience", PATIENCE)
        self.grace = story.number("grace", 0.1)
        self.typed = None  # the user's last words
        self.replies = {}  # actor -> the last answer to it
        self.sign = time.time()  # when something happened last: a request, a line

    # --- Book-keeping --------------------------------------------------------------------------------------------------
    def note(self, who, what, line=None):
        self.sign = time.time()
        self.trace.append((time.time(), who, what, line.number if line else None))

    def fail(self, why, line=None):
        with self.changed:
            text = ("line %d: %s\n        %s" % (line.number, line.text, why)) if line else why
            if text not in self.failures:
                self.failures.append(text)
            self.over = True
            self.changed.notify_all()

    def finish(self, line):
        self.sign = time.time()
        with self.changed:
            self.done.add(line.index)
            self.changed.notify_all()
        self.narrate("done", line=line)

    def finish_when(self, line, happened):
        """The line is done when `happened()`, or when that has not been seen for some seconds (the client was killed, no hook runs)."""
        self.said.add(line.index)
        patience = (2.0 if self.story["plugin"] else 20.0) * slower()  # another plugin's hooks tell nothing

        def watch():
            end = time.time() + patience
            while not self.over and not happened():
                if time.time() > end:
                    self.note(line.actor, "(what ends this line was not seen in %d s; the story goes on)" % patience, line)
                    break
                time.sleep(0.05)
            time.sleep(self.grace)
            self.finish(line)

        threading.Thread(target=watch, daemon=True).start()

    def next_line(self, actor):
        """The actor's first line that has not been started."""
        queue = self.queues.get(actor) or []
        return queue[0] if queue else None

    def take(self, actor):
        with self.changed:
            self.queues[actor].pop(0)

    def ready(self, line):
        return line.needs <= self.done

    def unfinished(self):
        return [line for line in self.story.lines if line.index not in self.done | self.said]

    # --- One request -----------------------------------------------------------------------------------------------------
    def answer(self, call):
        """The Reply to one request of the client."""
        reply = self._answer(call)
        self.replies[call.actor] = reply
        return reply

    def _answer(self, call):
        actor = call.actor
        with self.changed:
            self.calls[actor] = self.calls.get(actor, 0) + 1
            self.sign = time.time()
            if call.agent_id:
                self.agents[actor] = call.agent_id
            if sum(self.calls.values()) > self.most:
                self.fail("more than %d model calls (%s)" % (self.most, self.counts()))
            repeated = self.last_error.get(actor)
            if repeated and repeated[0] == len(call.messages):
                return repeated[1]
            self.last_error.pop(actor, None)
            self._settle(actor, call)
        while not self.over:
            line = self.next_line(actor)
            if line is None:
                self.note(actor, "woken, has no more lines: " + short(call.news))
                return Reply(say("(nothing more to do)"))
            if self._waits_for_the_user(actor, line, call):
                self.note(actor, "woken, rests until the user speaks")
                return Reply(say("(waits for the user)"))
            if line.kind != "until" and not self._wait_for_turn(line):
                break
            reply = self._speak(actor, line, call)
            if reply is not None:
                return reply
        return Reply(say("(the story is over)"))

    def _waits_for_the_user(self, actor, line, call):
        """An open request would keep the user from being heard: the lead's turn must end first, and in -p everybody's."""
        if actor != "lead" and self.story["mode"] != "headless":
            return False
        with self.changed:
            typed = self.typed
            if typed is not None and (typed in call.news or typed.startswith("/") and "<command-name>" in call.news):
                return False  # this request is what the user's words brought about
            return any(other.kind == "types" for other in self.story.lines if other.index in line.needs - self.done)

    def counts(self):
        return ", ".join("%s %d" % pair for pair in sorted(self.calls.items()))

    def _wait_for_turn(self, line):
        with self.changed:
            self.changed.wait_for(lambda: self.over or self.ready(line), self.patience)
            if self.over:
                return False
            if self.ready(line):
                return True
            missing = [other for other in self.story.lines if other.index in line.needs - self.done]
        self.fail("waited %d s for line %s" % (self.patience, str(missing[0]).strip()), line)
        return False

    def _settle(self, actor, call):
        """What came back from the actor's last tools."""
        line, sent = self.flight.pop(actor, (None, {}))
        results = call.results
        for ident, used in sent.items():
            if ident not in results:
                if line is not None and not line.data.get("last"):
                    self.note(actor, "no result came back", line)
                continue
            text, is_error = results[ident]
            self.note(actor, "  <- " + short(text, 900), line)
            if line is None:
                continue
            why = judge(used.outcome, text, is_error)
            self.narrate("result", line=line, use=used, text=text, refused=bool(REFUSED.search(text)))
            if why:
                self.fail("%s came back: %s\n        %s" % (used.tool, short(text, 600), why), line)
            elif "before" in line.data and len(line.uses) == 1 and self.world.standing() != line.data["before"]:
                self.fail("a refused call changed the state: %s" % differences(line.data["before"], self.world.standing()), line)
        if line is not None:
            self.finish(line)

    # --- Speaking a line ---------------------------------------------------------------------------------------------------
    def _speak(self, actor, line, call):  # noqa: C901 - one branch for each kind of line in a story
        """A Reply, or None when the line needs none and the next is to be looked at."""
        kind = line.kind
        if (
            kind == "use"
            and not REQUEST_ID.search(call.heard.replace('\\"', '"'))
            and '"request_id": "{request_id}"' in json.dumps(line.uses[0].input)
        ):
            self.note(actor, "has not heard the shutdown request yet, rests", line)
            return Reply(say("(waits)"))
        if kind == "use":
            preparation = self._prepare(actor, line, call)
            if preparation is not None:
                return preparation
            blocks = [use(u.tool, **self.fill(u.input, call)) for u in line.uses]
            if any(u.outcome.kind == "refused" for u in line.uses):
                line.data["before"] = self.world.standing()
            self.take(actor)
            self.prepared.pop(actor, None)
            self.narrate("line", line=line)
            reply = Reply(*blocks)
            reply.sent = lambda ids: self._sent(actor, line, ids)
            if line.meanwhile:
                self.finish_when(line, lambda: self.world.taken(reply))
            elif line.data.get("last"):
                self.finish_when(line, self.world.watch_for_the_last_word(actor))
            for block in blocks:
                self.note(actor, "%s %s" % (block["name"], short(json.dumps(block["input"], ensure_ascii=False))), line)
            return reply
        if kind == "rest":
            self.take(actor)
            self.narrate("line", line=line)
            self.note(actor, "rests", line)
            reply = Reply(say(self.fill(line.data["text"], call)))
            self.finish_when(line, self.world.watch_for_the_end(actor, call.agent_id, reply))
            return reply
        if kind == "until":
            if self._holds_soon(line.data["condition"], call) and self._wait_for_turn(line):
                self.take(actor)
                self.finish(line)
                return None
            self.note(actor, "woken too early, rests on", line)
            return Reply(say("(waits)"))
        self.narrate("line", line=line)
        if kind == "wait":
            time.sleep(line.data["seconds"])
        elif kind == "hold":
            self._hold(line, call)
        elif kind == "remember":
            found = re.findall(line.data["pattern"], call.heard)
            if not found:
                self.fail("nothing that %s heard matches" % actor, line)
            else:
                self.memory[line.data["key"]] = found[-1]
        elif kind in ("error", "hang"):
            reply = Reply(error=line.data["code"]) if kind == "error" else Reply(hang=line.data["seconds"])
            self.note(actor, kind, line)
            self.take(actor)
            self.last_error[actor] = (len(call.messages), reply)
            self.finish_when(line, lambda: reply.message)
            return reply
        self.take(actor)
        self.finish(line)
        return None

    def _holds_soon(self, condition, call):
        """Whether it holds, or does in a moment: what wakes an actor may come before what it is woken for is in the journal, and nothing wakes
        it again. Who has just got a tool's result was not woken: it is told at once, for what ends while a lead's request is open wakes it later, past
        every hook."""
        end = time.time() + (AT_ONCE_S if call.results else slower())
        while not self.holds(condition, call):
            if time.time() > end:
                return False
            time.sleep(0.1)
        return True

    def _sent(self, actor, line, ids):
        with self.changed:
            self.flight[actor] = (line, dict(zip(ids, line.uses)) if line else {})

    def _prepare(self, actor, line, call):
        """What the client demands before a call: a deferred tool's schema is loaded, a file that exists was read."""
        key = (actor, call.agent_id)
        length, loaded = self.loaded.get(key, (0, set()))
        if len(call.messages) < length:  # compacted: what was loaded is gone
            loaded = set()
        self.loaded[key] = (len(call.messages), loaded)
        made = self.prepared.setdefault(actor, set())
        missing = sorted({u.tool for u in line.uses} - set(call.tools) - loaded)
        if missing and "ToolSearch" in call.tools:
            loaded.update(missing)
            return self._preparation(actor, use("ToolSearch", query="select:" + ",".join(missing), max_results=10))
        for u in line.uses:
            path = u.input.get("file_path")
            path = self.fill(path, call) if path else None
            if u.tool in ("Edit", "Write") and "Read" in call.tools and path not in made and pathlib.Path(path).is_file():
                made.add(path)
                return self._preparation(actor, use("Read", file_path=path))
        return None

    def _preparation(self, actor, block):
        reply = Reply(block)
        reply.sent = lambda ids: self._sent(actor, None, ids)
        self.note(actor, "(%s %s)" % (block["name"], short(json.dumps(block["input"]))))
        return reply

    def _hold(self, line, call):
        end = time.time() + self.patience
        while not self.over:
            if self.holds(line.data["condition"], call):
                return
            if time.time() > end:
                return self.fail("waited %d s" % self.patience, line)
            time.sleep(0.3)

    def holds(self, cond, call):
        kind, what = cond
        if kind == "hears":
            return what in call.told
        if kind == "knows":
            return what in call.orders
        if kind == "file":
            return (self.world.project / what).exists()
        wanted, before = what
        if before is None:
            return any(matches(wanted, e) for e in self.world.journal(wanted["event"]))
        events = self.world.journal()
        last = max((n for n, e in enumerate(events) if matches(before, e)), default=len(events))
        return any(matches(wanted, e) for e in events[last:])

    # --- {placeholders} ------------------------------------------------------------------------------------------------------
    def fill(self, value, call):
        if isinstance(value, dict):
            return {k: self.fill(v, call) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v, call) for v in value]
        if not isinstance(value, str):
            return value
        return PLACE.sub(lambda m: self._place(m, call), stories.given(value, self.story))

    def _place(self, match, call):
        word = match.group(1)
        if word.startswith("epoch"):
            heard = OFFER.findall(call.heard)
            return str((int(heard[-1]) if heard else 1) + int(word[5:] or 0))
        if word == "request_id":
            found = REQUEST_ID.findall(call.heard.replace('\\"', '"'))
            return found[-1] if found else "none-was-heard"
        if word == "project":
            return str(self.world.project)
        if word == "session":
            return str(self.world.session())
        if word.startswith("to:"):
            return self.world.address(word[3:])
        if word.startswith("agent_id:"):
            return self.agents.get(word[9:], word[9:])
        return self.memory.get(word, match.group(0))


def judge(outcome, text, is_error):
    """None, or why the result is not what the story says."""
    refused = REFUSED.search(text)
    failed = is_error and "team: recorded" not in text or '"success":false' in text.replace('": ', '":')
    if outcome.kind == "ok" and (refused or failed):
        return "the story says nothing of that (write `=> refused CODE` or `=> fails` under the line if it should)"
    if outcome.kind == "refused":
        if not refused:
            return "the story says it is refused"
        if outcome.code and refused.group(1) != outcome.code:
            return "the story says it is refused with %s" % outcome.code
    if outcome.kind == "fails" and not failed and not refused:
        return "the story says it fails"
    for phrase in outcome.says:
        if phrase not in text:
            return "it should say %r" % phrase
    for phrase in outcome.lacks:
        if phrase in text:
            return "it should not say %r" % phrase
    return None


def differences(before, after):
    return "; ".join(
        "%s was %s, is %s" % (k, short(json.dumps(before.get(k))), short(json.dumps(after.get(k))))
        for k in sorted(set(before) | set(after))
        if before.get(k) != after.get(k)
    )


def matches(pattern, event):
    """Whether a journal event is the one that the story names."""
    if event.get("event") != pattern["event"]:
        return False
    actor = event.get("actor") or {}
    if pattern["who"] and pattern["who"] not in (actor.get("name"), actor.get("role")):
        return False
    for key, (sign, value) in pattern["data"].items():
        found = dig(event.get("data") or {}, key)
        found = found if isinstance(found, str) else json.dumps(found)
        if value not in found if sign == "~" else value != found:
            return False
    return True


def dig(value, path):
    """`tasks.1.state` in JSON: keys, positions, or the element of a list whose id or name it is."""
    for key in path.split("."):
        if isinstance(value, list):
            named = [v for v in value if isinstance(v, dict) and key in (str(v.get("id")), str(v.get("name")))]
            value = named[0] if named else value[int(key)] if key.isdigit() and int(key) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


def short(text, width=160):
    text = re.sub(r"\s+", " ", str(text)).strip()
    return text if len(text) <= width else text[: width - 3] + "..."
