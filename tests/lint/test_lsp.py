"""`pack lint --lsp`, spoken to as an editor does: a process, its pipes, JSON-RPC."""

import json
import os
import queue
import subprocess
import sys
import threading

import pytest
from conftest import AGENT, ROOT

from pack.lint.facts import versions

BAD = (AGENT % "reviewer").replace("tools: Read, Grep, Glob", "tools: 🦄🦄, read, Grep")


class Editor:
    """Requests are answered in order; notifications of the server wait in `said`."""

    def __init__(self, *options, abilities=None):
        environment = dict(os.environ, PACK_PYTHON=sys.executable)
        self.server = subprocess.Popen(
            [os.path.join(ROOT, "bin", "pack"), "lint", "--lsp", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self.said, self.answers, self.number = queue.Queue(), queue.Queue(), 0
        threading.Thread(target=self._read, daemon=True).start()
        if abilities is None:
            abilities = {"workspace": {"workspaceEdit": {"documentChanges": True}}}
        answer = self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": abilities})
        self.capabilities = answer["result"]["capabilities"]
        self.tell("initialized", {})

    def _read(self):
        stream = self.server.stdout
        while True:
            size = None
            for line in iter(stream.readline, b"\r\n"):
                if not line:
                    return
                name, _, value = line.decode().partition(":")
                size = int(value) if name.lower() == "content-length" else size
            message = json.loads(stream.read(size))
            (self.answers if "id" in message and "method" not in message else self.said).put(message)

    def _send(self, message):
        data = json.dumps(dict(message, jsonrpc="2.0")).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.server.stdin.flush()

    def tell(self, method, params):
        self._send({"method": method, "params": params})

    def ask(self, method, params):
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        answer = self.answers.get(timeout=60)
        assert answer["id"] == self.number
        return answer

    def open(self, path, text):
        item = {"uri": path.as_uri(), "languageId": "markdown", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def change(self, path, version, *changes):
        document = {"uri": path.as_uri(), "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def diagnostics(self, path, version=None):
        """The next diagnostics of a document (of that version)."""
        while True:
            message = self.said.get(timeout=60)
            params = message.get("params", {})
            if message["method"] == "textDocument/publishDiagnostics" and params["uri"] == path.as_uri():
                if version is None or params.get("version") == version:
                    return params["diagnostics"]

    def end(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        code = self.server.wait(60)
        assert self.server.stderr.read() == b""
        for stream in (self.server.stdin, self.server.stdout, self.server.stderr):
            stream.close()
        return code


@pytest.fixture
def editor():
    started = []

    def start(*options, **settings):
        started.append(Editor(*options, **settings))
        return started[-1]

    yield start
    for one in started:
        if one.server.poll() is None:
            one.server.kill()
            one.server.wait()
        for stream in (one.server.stdin, one.server.stdout, one.server.stderr):
            stream.close()


def place(text, word):
    """The protocol's position of a word: UTF-16 units."""
    before = text[: text.index(word)]
    return {"line": before.count("\n"), "character": len(before.rpartition("\n")[2].encode("utf-16-le")) // 2}


def edited(text, edits):
    """The text with LSP edits of lines without surrogates before them, or of the whole."""
    lines = text.splitlines(True)

    def offset(at):
        line = "".join(lines[: at["line"]])
        rest = lines[at["line"]] if at["line"] < len(lines) else ""
        return len(line) + len(rest.encode("utf-16-le")[: 2 * at["character"]].decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: -offset(edit["range"]["start"])):
        begin, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:begin] + edit["newText"] + text[end:]
    return text


def test_a_session(plugin, editor):
    root = plugin()
    path = root / "agents" / "reviewer.md"
    talk = editor()
    talk.open(path, BAD)  # the file on disk is sound: only the text in the editor is not
    wanted = place(BAD, "read,")
    said = {(item["code"], item["range"]["start"]["character"]) for item in talk.diagnostics(path)}
    assert said == {("tool-unknown", place(BAD, "🦄🦄")["character"]), ("tool-unknown", wanted["character"])}
    context = {"diagnostics": []}
    document = {"uri": path.as_uri()}
    here = {"start": wanted, "end": wanted}
    actions = talk.ask("textDocument/codeAction", {"textDocument": document, "range": here, "context": context})["result"]
    fix = next(action for action in actions if action["kind"] == "quickfix")
    assert fix["diagnostics"][0]["range"]["start"] == wanted and "'read'" in fix["title"]
    (change,) = fix["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 1
    text = edited(BAD, change["edits"])
    assert text == BAD.replace("read,", "Read,")
    everything = next(action for action in actions if action["kind"] == "source.fixAll")
    assert edited(BAD, everything["edit"]["documentChanges"][0]["edits"]) == text

    hover = talk.ask("textDocument/hover", {"textDocument": document, "position": wanted})["result"]
    assert "**tool-unknown** (warning)" in hover["contents"]["value"] and "Source: client" in hover["contents"]["value"]
    nothing = talk.ask("textDocument/hover", {"textDocument": document, "position": {"line": 6, "character": 0}})
    assert nothing["result"] is None

    start = place(BAD, "🦄🦄, read")
    end = dict(start, character=start["character"] + len("🦄🦄, read".encode("utf-16-le")) // 2)
    talk.change(path, 2, {"range": {"start": start, "end": end}, "text": "Read"})
    assert talk.diagnostics(path, 2) == []
    talk.tell("textDocument/didClose", {"textDocument": document})
    assert talk.diagnostics(path) == []
    assert talk.end() == 0
    assert path.read_text(encoding="utf-8") == AGENT % "reviewer"


def test_an_editor_that_knows_no_versions_of_documents(plugin, editor):
    path = plugin() / "agents" / "reviewer.md"
    talk = editor(abilities={})
    talk.open(path, BAD)
    talk.diagnostics(path)
    here = {"start": place(BAD, "read,"), "end": place(BAD, "read,")}
    request = {"textDocument": {"uri": path.as_uri()}, "range": here, "context": {"diagnostics": [], "only": ["quickfix"]}}
    (fix,) = talk.ask("textDocument/codeAction", request)["result"]
    assert edited(BAD, fix["edit"]["changes"][path.as_uri()]) == BAD.replace("read,", "Read,")
    assert talk.end() == 0


def test_what_ends_how(plugin, editor):
    talk = editor()
    talk.tell("exit", None)  # without shutdown: the protocol wants 1
    assert talk.server.wait(60) == 1
    talk = editor()
    assert talk.end() == 0


def test_open_files_are_judged_together(plugin, editor):
    root = plugin()
    agent, command = root / "agents" / "reviewer.md", root / "commands" / "build.md"
    call = '---\ndescription: Builds the plan\n---\nUse subagent_type: "demo-pack:reviewer".\n'
    talk = editor("--client", versions()["pinned"])
    talk.open(command, call)
    assert talk.diagnostics(command) == []
    talk.open(agent, AGENT % "reviewer")
    assert talk.diagnostics(agent) == []
    talk.change(agent, 2, {"text": AGENT % "examiner"})
    while True:
        found = talk.diagnostics(command)
        if found:
            break
    assert [item["code"] for item in found] == ["ref-agent"] and found[0]["source"] == "pack lint"
    assert talk.capabilities["codeActionProvider"]["codeActionKinds"] == ["quickfix", "source.fixAll"]
    assert talk.end() == 0


def test_a_configuration_error_is_said_and_survived(plugin, editor):
    root = plugin({".pack-lint.yaml": "ignore: [no-such-rule]\n"})
    talk = editor()
    talk.open(root / "agents" / "reviewer.md", BAD)
    message = talk.said.get(timeout=60)
    while message["method"] != "window/showMessage":
        message = talk.said.get(timeout=60)
    assert "no-such-rule" in message["params"]["message"]
    (root / ".pack-lint.yaml").unlink()
    talk.change(root / "agents" / "reviewer.md", 2, {"text": BAD})
    assert talk.diagnostics(root / "agents" / "reviewer.md", 2)
    assert talk.end() == 0


def test_without_the_extra(capsys, monkeypatch):
    from pack.base import extras
    from pack.lint.cli import main

    monkeypatch.delitem(sys.modules, "pack.lint.lsp", raising=False)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    assert main(["--lsp"]) == 2
    assert capsys.readouterr().err == "pack lint: --lsp needs pygls: %s\n" % extras.install("lsp")
