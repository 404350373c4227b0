"""`pack lint --lsp` as it is shipped, driven by pytest-lsp's client: another's idea of the protocol, whose checks are errors here."""

import asyncio
import os
import sys

import pytest
from conftest import AGENT, PLUGIN, ROOT, write

pytest_lsp = pytest.importorskip("pytest_lsp", reason="needs pytest-lsp, which wants Python 3.10")
from lsprotocol import types  # noqa: E402 - comes with pytest-lsp

pytestmark = pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning")
PACK = os.path.join(ROOT, "bin", "pack")
COMMAND = '---\ndescription: Builds the plan\n---\nUse subagent_type: "demo-pack:reviewer".\n'
UNITS = {"utf-8": lambda text: len(text.encode()), "utf-16": lambda text: len(text.encode("utf-16-le")) // 2, "utf-32": len}
EDITORS = ["neovim@v0.7.0", "neovim@v0.11.0", "visual-studio-code", "emacs"]  # whose abilities the client announces


async def conversed(home, argv, environment, editor, talk, seconds, rooted=True):
    """Start a server with the abilities of an editor, beside a plugin that is made in `home`; `talk(client)` speaks with it. Answers its exit code."""
    client = pytest_lsp.make_test_lsp_client()
    client.home = home
    write(home, dict(PLUGIN, **{"commands/build.md": COMMAND}))
    await client.start_io(*argv, env=environment)
    folders = [types.WorkspaceFolder(uri=home.as_uri(), name="demo-pack")] if rooted else None
    abilities = pytest_lsp.client_capabilities(editor)
    try:
        answer = await client.initialize_session(types.InitializeParams(capabilities=abilities, workspace_folders=folders))
        client.units = answer.capabilities.position_encoding or "utf-16"
        await asyncio.wait_for(talk(client), seconds)
        await asyncio.wait_for(client.shutdown_session(), 60)
        return client._server.returncode
    finally:
        if client._server.returncode is None:
            client._server.kill()
        await client.stop()


@pytest.fixture(params=EDITORS)
def session(request, tmp_path):
    """Call with a coroutine function: it gets the client of a running server, whose exit code must be 0 afterwards."""

    async def whole(talk):
        environment = dict(os.environ, PACK_PYTHON=sys.executable)
        assert await conversed(tmp_path / "demo-pack", (PACK, "lint", "--lsp"), environment, request.param, talk, 60) == 0

    return lambda talk: asyncio.run(whole(talk))


def opened(client, rel, text):
    """Open a file; its URI."""
    uri = (client.home / rel).as_uri()
    item = types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    return uri


def changed(client, uri, version, text):
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(version=version, uri=uri),
            content_changes=[types.TextDocumentContentChangeWholeDocument(text=text)],
        )
    )


async def said(client, uri, wanted):
    """Wait for diagnostics of these rules in a document."""
    while uri not in client.diagnostics or [one.code for one in client.diagnostics[uri]] != wanted:
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return client.diagnostics[uri]


def test_a_day(session):
    session(_day)


async def _day(client):
    text = (AGENT % "reviewer").replace("tools: Read", "tools: mcp__🦄é__x, read")
    agent = opened(client, "agents/reviewer.md", text)
    (found,) = await said(client, agent, ["tool-unknown"])
    begin = UNITS[client.units]("tools: mcp__🦄é__x, ")
    assert found.range == types.Range(types.Position(3, begin), types.Position(3, begin + 4)) and found.source == "pack lint"
    document = types.TextDocumentIdentifier(uri=agent)
    hover = await client.text_document_hover_async(types.HoverParams(text_document=document, position=found.range.start))
    assert "**tool-unknown**" in hover.contents.value
    context = types.CodeActionContext(diagnostics=[found], only=[types.CodeActionKind.QuickFix])
    actions = await client.text_document_code_action_async(types.CodeActionParams(document, found.range, context))
    assert [action.kind for action in actions] == [types.CodeActionKind.QuickFix]
    edit = actions[0].edit
    (edit,) = edit.document_changes[0].edits if edit.document_changes else edit.changes[agent]
    assert (edit.range, edit.new_text) == (found.range, "Read")
    changed(client, agent, 2, AGENT % "reviewer")
    await said(client, agent, [])
    build = opened(client, "commands/build.md", COMMAND)
    await said(client, build, [])
    changed(client, agent, 3, AGENT % "examiner")  # only the command can see that
    (found,) = await said(client, build, ["ref-agent"])
    changed(client, agent, 4, AGENT % "reviewer")
    await said(client, build, [])


def test_what_changes_on_the_disk_is_seen_at_the_next_save(session):
    session(_rename)


async def _rename(client):
    build = opened(client, "commands/build.md", COMMAND)
    await said(client, build, [])
    (client.home / "agents" / "reviewer.md").rename(client.home / "agents" / "examiner.md")
    (client.home / "agents" / "examiner.md").write_text(AGENT % "examiner", encoding="utf-8")
    client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri=build)))
    await said(client, build, ["ref-agent"])
