"""What the client has done, read from the transcripts that it writes: the events that the stage waits for instead of for seconds.

The client writes a line when it has taken an answer of the model (with the message's id), when the Stop hooks of a session have
answered (`stop_hook_summary`), when something is queued for the lead (a `<task-notification>` names the agent that has ended), and
when a typed prompt was taken or a hook refused it (`informational`). The files are read on from where they were left; lines with
whole system prompts in them are skipped unread.
"""

import json
import os
import re
import threading

MESSAGE = re.compile(rb'"id":"(msg_[^"]+)"')
ENDED = re.compile(rb"<task-id>([^<]+)</task-id>")
TURN = ("assistant", "user")


def files_below(root, ending):
    """The paths of the files with this ending below a folder, in order; `pathlib` would take six times as long."""
    return sorted(os.path.join(folder, name) for folder, _folders, names in os.walk(root) for name in names if name.endswith(ending))


class Transcripts:
    """`poll` reads what is new; the other methods answer from what was read."""

    def __init__(self, home):
        self.root = home / ".claude/projects"
        self.lock = threading.Lock()
        self.places = {}  # file -> offset of its first unread byte
        self.last = {}  # file -> id of the last message in it whose turn may still be open
        self.taken, self.over = set(), set()  # ids of messages that the client has, and whose turn has ended or gone on
        self.ends = {}  # agent id -> how often its end was put before the lead
        self.heard = 0  # lines that tell that something typed has arrived
        self.notices = []  # what the client told its user apart from the model's words

    def poll(self):
        with self.lock:
            for path in files_below(self.root, ".jsonl"):
                try:
                    self._read(path)
                except OSError:
                    pass  # a file that the client has just moved

    def _read(self, path):
        begin = self.places.get(path, 0)
        if os.stat(path).st_size <= begin:
            return
        with open(path, "rb") as handle:
            handle.seek(begin)
            news = handle.read()
        whole = news[: news.rfind(b"\n") + 1]  # the last line may be half written
        self.places[path] = begin + len(whole)
        for line in whole.splitlines():
            self._line(path, line)

    def _line(self, path, line):
        if b'"type":"api-request' in line[:4000] or b'"type":"attachment"' in line:
            return
        if b'"type":"assistant"' in line:
            found = MESSAGE.search(line)
            if found:
                ident = found.group(1).decode()
                if self.last.get(path) not in (None, ident):
                    self.over.add(self.last[path])
                self.last[path] = ident
                self.taken.add(ident)
        elif b'"stop_hook_summary"' in line or b'"type":"user"' in line:
            self.over.add(self.last.get(path))
            self.heard += b'"type":"user"' in line and os.path.basename(os.path.dirname(path)) != "subagents"
        elif b'"type":"queue-operation"' in line and b'"enqueue"' in line:
            for agent in ENDED.findall(line):
                self.ends[agent.decode()] = self.ends.get(agent.decode(), 0) + 1
            self.heard += b"<task-notification>" not in line and b"<agent-message" not in line
        elif b'"subtype":"informational"' in line:
            self.notices.append(json.loads(line).get("content") or "")
            self.heard += 1
        elif b'"subtype":"local_command"' in line:
            self.heard += 1
