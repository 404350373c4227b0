"""The language server under what editors and disks do at their worst, driven by pytest-lsp's client: no traceback, and in the end what a
run of `pack lint` says of the same files."""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys

import pytest
from conftest import AGENT, PLUGIN, write

pytest_lsp = pytest.importorskip("pytest_lsp", reason="needs pytest-lsp, which wants Python 3.10")
from lsprotocol import types  # noqa: E402 - comes with pytest-lsp
from test_lsp_client import COMMAND, PACK, changed, conversed, opened, said  # noqa: E402 - needs pytest-lsp, too

WRONG = (AGENT % "reviewer").replace("tools: Read", "tools: read")
SAID = ("Server shutting down. No more requests!", "Cancel notification for unknown message id")  # by pygls, and true
STARTED = 'exec "$0" lint --lsp 2>"$1"'  # by sh, so that what it says on standard error can be read


@pytest.fixture
def talk(tmp_path):
    """Call with a coroutine function, which gets a client; afterwards the server must have ended with 0 and said nothing else."""

    async def whole(scene, rooted):
        environment = dict(os.environ, PACK_PYTHON=sys.executable, PACK_LINT_CACHE=str(tmp_path / "cache"))
        argv = ("/bin/sh", "-c", STARTED, PACK, str(tmp_path / "stderr"))
        code = await conversed(tmp_path / "demo-pack", argv, environment, "visual-studio-code", scene, 120, rooted)
        told = (tmp_path / "stderr").read_text(encoding="utf-8").split("\n")
        assert (code, [line for line in told if line and not line.startswith(SAID)]) == (0, [])

    return lambda scene, rooted=True: asyncio.run(whole(scene, rooted))


def watched(client, *paths):
    events = [types.FileEvent(uri=path.as_uri(), type=types.FileChangeType.Changed) for path in paths]
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=events))


def closed(client, uri):
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri=uri)))


async def hovered(client, uri, line=3, column=8):
    """An answer of the server: all that was sent before has been looked at."""
    asked = types.HoverParams(types.TextDocumentIdentifier(uri=uri), types.Position(line, column))
    return await client.text_document_hover_async(asked)


async def settled(client):
    """Wait until the server has judged what it was going to judge: nothing has come for a second."""
    while True:
        try:
            await asyncio.wait_for(client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS), 1)
        except asyncio.TimeoutError:
            return


def fresh(client, rel):
    """[(rule, line)] of a run on what lies on the disk."""
    command = [PACK, "lint", "--no-cache", "--format", "json", str(client.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, PACK_PYTHON=sys.executable))
    return sorted((one["rule"], one["line"]) for one in json.loads(done.stdout)["findings"] if one["path"] == rel)


def shown(client, uri):
    return sorted((one.code, one.range.start.line + 1) for one in client.diagnostics.get(uri, ()))


def test_a_thousand_edits_in_a_burst(talk):
    async def scene(client):
        agent = opened(client, "agents/reviewer.md", WRONG)
        await said(client, agent, ["tool-unknown"])
        for version in range(2, 1002):
            changed(client, agent, version, WRONG.replace("read", "read%d" % version))
        changed(client, agent, 1002, WRONG + "\nEnd.\n")
        assert "tool-unknown" in (await hovered(client, agent)).contents.value
        changed(client, agent, 1003, AGENT % "reviewer")
        await said(client, agent, [])
        await settled(client)
        assert shown(client, agent) == []

    talk(scene)


def test_odd_documents(talk):
    """What is no file, what is larger than the client reads, what is no UTF-8 on the disk, two roots, a pipe."""

    async def scene(client):
        other = client.home.parent / "other-pack"
        write(other, dict(PLUGIN, **{"agents/bad.md": b"---\nname: \xff\n---\n\xe9\x00"}))
        os.mkfifo(other / "agents" / "pipe.md")
        for uri in ("untitled:Untitled-1", "git:/x.md", "file:///", other.as_uri(), (other / "no" / "such.md").as_uri()):
            item = types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=WRONG)
            client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
            await hovered(client, uri)
        for rel in ("agents/bad.md", "agents/pipe.md"):
            uri = (other / rel).as_uri()
            item = types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=WRONG)
            client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
            assert (await hovered(client, uri)) is not None
        large = opened(client, "agents/reviewer.md", WRONG + "word " * 400000)
        await hovered(client, large)
        changed(client, large, 2, WRONG)
        await said(client, large, ["tool-unknown"])

    talk(scene)


def test_files_come_go_and_are_renamed_outside(talk):
    async def scene(client):
        chance, home = random.Random(7), client.home
        rels = ["agents/a%d.md" % n for n in range(6)] + ["references/r%d.md" % n for n in range(4)] + ["hooks/hooks.json", ".mcp.json"]
        text = COMMAND + "Ask the `a1` agent and the `a2` agent. See [one](../references/r1.md#top).\n"
        write(home, {"commands/build.md": text})
        build, version = opened(client, "commands/build.md", text), 1
        for turn in range(120):
            path = home / chance.choice(rels)
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            elif path.is_symlink() or path.exists():
                path.unlink()
            path.parent.mkdir(exist_ok=True)
            kind = chance.randrange(8)
            if kind < 4:
                path.write_text(AGENT % path.stem if path.suffix == ".md" else "{}", encoding="utf-8")
            elif kind == 4:
                path.write_bytes(b"---\nname: \xff\xfe\x00\n---\n\xe9")
            elif kind == 5:
                os.mkfifo(path)
            elif kind == 6:
                path.symlink_to(path)
            if chance.random() < 0.5:
                version += 1
                changed(client, build, version, text + "Turn %d.\n" % turn)
            if chance.random() < 0.5:
                watched(client, path)
        changed(client, build, version + 1, text)
        watched(client, path)
        await hovered(client, build)
        await settled(client)
        assert shown(client, build) == fresh(client, "commands/build.md")

    talk(scene)


def test_the_folder_goes_and_comes_back(talk):
    async def scene(client):
        build = opened(client, "commands/build.md", COMMAND)
        await said(client, build, [])
        shutil.rmtree(client.home)
        watched(client, client.home / "agents" / "reviewer.md")
        changed(client, build, 2, COMMAND + "On.\n")
        await hovered(client, build)
        await settled(client)
        write(client.home, dict(PLUGIN, **{"agents/reviewer.md": AGENT % "examiner", "commands/build.md": COMMAND}))
        changed(client, build, 3, COMMAND)
        watched(client, client.home / "agents" / "reviewer.md")
        await said(client, build, ["ref-agent"])
        await settled(client)
        assert shown(client, build) == fresh(client, "commands/build.md")

    talk(scene)


def test_twenty_files_closed_and_opened(talk):
    async def scene(client):
        rels = ["agents/a%d.md" % n for n in range(20)]
        write(client.home, {rel: WRONG.replace("reviewer", rel[7:-3]) for rel in rels})
        for _ in range(3):
            uris = [opened(client, rel, WRONG.replace("reviewer", rel[7:-3])) for rel in rels]
            for uri in uris[:-1]:
                closed(client, uri)
        await said(client, uris[-1], ["tool-unknown"])
        await settled(client)
        assert [shown(client, uri) for uri in uris[:-1]] == [[]] * 19 and shown(client, uris[-1]) == [("tool-unknown", 4)]

    talk(scene)


def test_without_a_root(talk):
    async def scene(client):
        await said(client, opened(client, "agents/reviewer.md", WRONG), ["tool-unknown"])

    talk(scene, rooted=False)


def test_requests_taken_back(talk):
    async def scene(client):
        agent = opened(client, "agents/reviewer.md", WRONG)
        for number in range(100):
            client.cancel_request(types.CancelParams(id=number))
            client.cancel_request(types.CancelParams(id="of nobody"))
            await hovered(client, agent)
        assert "tool-unknown" in (await hovered(client, agent)).contents.value

    talk(scene)


def test_the_end_in_the_middle_of_it(talk):
    async def scene(client):
        write(client.home, {"agents/a%d.md" % n: WRONG.replace("reviewer", "a%d" % n) for n in range(400)})
        for n in range(10):
            uri = opened(client, "agents/a%d.md" % n, WRONG)
            changed(client, uri, 2, AGENT % "x")
        watched(client, client.home / "agents" / "a1.md")

    talk(scene)
